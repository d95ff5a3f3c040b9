"""Changes of a user's conversations, published to every open page: a turn made in one page appears in the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal

from jupyter_agent.core.errors import TooManyRequests

MAX_SUBSCRIBERS = 20
MAX_QUEUED = 200


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """A change of a conversation.

    Attributes:
        session_id: Which.
        notebook_id: Of its notebook; empty where it has none, or where that is not known.
        turn_id: Of the turn that began or ended; empty for other changes.
        status: ``started``, ``ended`` or ``changed`` (renamed, cleared, undone and so on: read it anew).
    """

    event: ClassVar[str] = "session"
    session_id: str
    notebook_id: str
    turn_id: str
    status: Literal["started", "ended", "changed"]


class SessionEvents:
    """Publishes the changes of an owner's conversations to that owner's subscribers."""

    def __init__(self) -> None:
        self._queues: dict[str, set[asyncio.Queue[SessionEvent | None]]] = {}

    def publish(self, owner: str, event: SessionEvent) -> None:
        """Tell all subscribers of an owner; one whose queue is full is disconnected, and reads anew when it returns."""
        for queue in tuple(self._queues.get(owner, ())):
            if queue.qsize() >= MAX_QUEUED:
                self._disconnect(owner, queue)
            else:
                queue.put_nowait(event)

    @contextmanager
    def subscribe(self, owner: str) -> Iterator[AsyncGenerator[SessionEvent, None]]:
        """The events from now on.

        Raises:
            TooManyRequests: the owner has as many subscribers as are allowed.
        """
        queues = self._queues.setdefault(owner, set())
        if len(queues) >= MAX_SUBSCRIBERS:
            raise TooManyRequests(f"{MAX_SUBSCRIBERS} pages follow your conversations already. Close some.")
        queue: asyncio.Queue[SessionEvent | None] = asyncio.Queue()
        queues.add(queue)

        async def events() -> AsyncGenerator[SessionEvent, None]:
            while (event := await queue.get()) is not None:
                yield event

        try:
            yield events()
        finally:
            queues.discard(queue)
            if not queues:
                self._queues.pop(owner, None)

    def close(self) -> None:
        """Disconnect all subscribers."""
        for owner, queues in tuple(self._queues.items()):
            for queue in tuple(queues):
                self._disconnect(owner, queue)

    def _disconnect(self, owner: str, queue: asyncio.Queue[SessionEvent | None]) -> None:
        self._queues[owner].discard(queue)
        queue.put_nowait(None)
