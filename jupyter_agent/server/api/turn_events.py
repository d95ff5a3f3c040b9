"""Event streams: a turn's events from any number on, and the changes of a user's conversations."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.agent.turn import stored_events
from jupyter_agent.core.errors import BadRequest, NotFound
from jupyter_agent.server.encoding import KEEP_ALIVE, frame, numbered
from jupyter_agent.server.turns.sse import StreamingHandler

if TYPE_CHECKING:
    from jupyter_agent.core.messages import Event
    from jupyter_agent.core.session import Session, Turn
    from jupyter_agent.server.turns.session_events import SessionEvent


class TurnEventsHandler(StreamingHandler):
    """``GET …/turns/{turn_id}/events``."""

    @web.authenticated
    @authorized
    async def get(self, turn_id: str) -> None:
        """Its events after the last one that the client has; a stream that begins with `turn` is complete."""
        turn_id = self.path_parameters(turn_id=turn_id)["turn_id"]
        text = self.request.headers.get("Last-Event-ID", "").strip() or "0"
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise BadRequest("Last-Event-ID must be the id of an event of this turn: a whole number.")
        turn = self.services.turns.find(self.owner, turn_id)
        if turn is None:
            await self.stream(numbered(_stored(*await self._stored_turn(turn_id))))
            return
        reader = turn.subscribe()
        try:
            await self.stream(numbered(turn.log.read(int(text))))
        finally:
            turn.unsubscribe(reader, may_return=True)

    async def _stored_turn(self, turn_id: str) -> tuple[Session, Turn]:
        given, sessions = self.query_parameters(), self.services.assistant.sessions
        known = self.services.turns.session_of(self.owner, turn_id)
        session_id, notebook_id = known or (given["session_id"], given["notebook_id"])
        if session_id:
            session = await sessions.get(self.owner, session_id, notebook_id)
            turn = await sessions.store.turn(session.key, turn_id)
            if turn is not None:
                return session, turn
        raise NotFound("There is no such turn. If it ended long ago, say which conversation with session_id.")


class SessionEventsHandler(StreamingHandler):
    """``GET …/events``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The changes from now on, of one notebook's conversations or of all."""
        notebook_id = self.query_parameters()["notebook_id"]
        with self.services.session_events.subscribe(self.owner) as events:
            await self.stream(_frames(events, notebook_id))


async def _stored(session: Session, turn: Turn) -> AsyncGenerator[tuple[int, Event], None]:
    for number, event in enumerate(stored_events(session, turn), 1):
        yield number, event


async def _frames(events: AsyncGenerator[SessionEvent, None], notebook_id: str | None) -> AsyncGenerator[bytes, None]:
    number = 0
    yield KEEP_ALIVE  # from here on the client misses nothing
    async with aclosing(events):
        async for event in events:
            if notebook_id is None or event.notebook_id in ("", notebook_id):
                number += 1
                yield frame(number, event)
