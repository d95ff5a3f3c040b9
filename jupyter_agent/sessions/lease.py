"""The lease of a turn: renewed while the turn runs, with its actions recorded before they run; when lost, the turn stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from jupyter_agent.core.errors import AgentError, NotFound, StoreUnavailable, VersionConflict
from jupyter_agent.core.messages import Action, CellChange
from jupyter_agent.core.session import Session
from jupyter_agent.sessions.manager import SessionManager

RENEW_SECONDS = 3.0
_LOST = "Another process went on with this conversation, so this answer was stopped. Reload the conversation."
_Event = TypeVar("_Event")


@dataclass(slots=True)
class Lease:
    """One open turn.

    Attributes:
        sessions: Where it is open.
        session: As it was renewed last.
        edits: Returns what was changed in the notebook so far, as it may be stored.
        seconds: Between renewals.
    """

    sessions: SessionManager
    session: Session
    edits: Callable[[], Sequence[CellChange]] = tuple
    seconds: float = RENEW_SECONDS
    _lost: bool = False
    _waiting: asyncio.Task[Any] | None = None

    async def record(self, actions: tuple[Action, ...]) -> None:
        """Store the turn's actions, before they run and after.

        Raises:
            VersionConflict: the lease is lost; nothing may be done.
            StoreUnavailable: they cannot be stored; nothing may be done.
        """
        under_way = tuple(action.call_id for action in actions if action.status == "interrupted")
        self.session = await self.sessions.log.renew(
            self.session, under_way, actions=actions, edits=tuple(self.edits())
        )

    @asynccontextmanager
    async def held(self) -> AsyncGenerator[None, None]:
        """Renew it while the context is open."""
        task = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, AgentError):
                await task

    async def guarded(self, events: AsyncGenerator[_Event, None]) -> AsyncGenerator[_Event, None]:
        """The same events, until the lease is lost.

        Raises:
            VersionConflict: it was.
        """
        async with aclosing(events):
            while not self._lost:
                self._waiting = task = asyncio.current_task()
                try:
                    event = await anext(events)
                except StopAsyncIteration:
                    return
                except asyncio.CancelledError:
                    # Not `asyncio.timeout`, which takes as long for each piece of an answer as all else here.
                    if not self._lost or task is None or task.uncancel() > 0:
                        raise
                    break
                finally:
                    self._waiting = None
                yield event
        raise VersionConflict(_LOST)

    async def _renew(self) -> None:
        try:
            while True:
                await asyncio.sleep(self.seconds)
                with suppress(StoreUnavailable):
                    self.session = await self.sessions.log.renew(self.session)
        except (VersionConflict, NotFound):
            self._lost = True
            if self._waiting is not None:
                self._waiting.cancel()
