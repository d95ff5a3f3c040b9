"""What happens to a user's conversations, told to every page: a turn made in one place appears in the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from jupyter_agent.core.errors import TooManyRequests

MAX_READERS = 20
MAX_WAITING = 200


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """Something happened to a conversation.

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
    status: str


class Feed:
    """Tells every reader of an owner what happens to that owner's conversations."""

    def __init__(self) -> None:
        self._readers: dict[str, set[asyncio.Queue[SessionEvent | None]]] = {}

    def tell(self, owner: str, event: SessionEvent) -> None:
        """Tell it to all readers of an owner; one that does not read is let go, and comes back to look anew."""
        for reader in tuple(self._readers.get(owner, ())):
            if reader.qsize() >= MAX_WAITING:
                self._let_go(owner, reader)
            else:
                reader.put_nowait(event)

    @contextmanager
    def opened(self, owner: str) -> Iterator[AsyncGenerator[SessionEvent, None]]:
        """What happens from now on.

        Raises:
            TooManyRequests: the owner has as many readers as are allowed.
        """
        readers = self._readers.setdefault(owner, set())
        if len(readers) >= MAX_READERS:
            raise TooManyRequests(f"{MAX_READERS} pages follow your conversations already. Close some.")
        queue: asyncio.Queue[SessionEvent | None] = asyncio.Queue()
        readers.add(queue)
        try:
            yield _events(queue)
        finally:
            readers.discard(queue)
            if not readers:
                self._readers.pop(owner, None)

    def close(self) -> None:
        """Let go of all readers."""
        for owner, readers in tuple(self._readers.items()):
            for reader in tuple(readers):
                self._let_go(owner, reader)

    def _let_go(self, owner: str, reader: asyncio.Queue[SessionEvent | None]) -> None:
        self._readers[owner].discard(reader)
        reader.put_nowait(None)


async def _events(queue: asyncio.Queue[SessionEvent | None]) -> AsyncGenerator[SessionEvent, None]:
    while (event := await queue.get()) is not None:
        yield event
