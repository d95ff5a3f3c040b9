"""Reading along: the events of a turn from anywhere, and what happens to a user's conversations."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.agent.turn import replay
from jupyter_agent.core.errors import BadRequest, NotFound
from jupyter_agent.server.encoding import KEEP_ALIVE, frame, numbered
from jupyter_agent.server.turns.sse import StreamingHandler

if TYPE_CHECKING:
    from jupyter_agent.core.messages import Event
    from jupyter_agent.server.turns.session_events import SessionEvent


class TurnEventsHandler(StreamingHandler):
    """``GET …/turns/{turn_id}/events``."""

    @web.authenticated
    @authorized
    async def get(self, turn_id: str) -> None:
        """Its events from where the reader left off; a stream that begins with `turn` tells all anew."""
        turn_id = self.path_parameters(turn_id=turn_id)["turn_id"]
        after = self._last_event_id()
        turn = self.services.turns.readable(self.owner, turn_id)
        if turn is None:
            await self.stream(numbered(_one_by_one(await self._stored(turn_id))))
            return
        reader = turn.come()
        try:
            await self.stream(numbered(turn.log.read(after)))
        finally:
            turn.leave(reader, comes_back=True)

    def _last_event_id(self) -> int:
        text = self.request.headers.get("Last-Event-ID", "").strip()
        if not text:
            return 0
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise BadRequest("Last-Event-ID must be the id of an event of this turn: a whole number.")
        return int(text)

    async def _stored(self, turn_id: str) -> tuple[Event, ...]:
        where = self.query_parameters()
        place = self.services.turns.place(self.owner, turn_id) or (where["session_id"], where["notebook_id"])
        sessions = self.services.assistant.sessions
        if not place[0]:
            raise NotFound("There is no such turn. If it ended long ago, say which conversation with session_id.")
        session = await sessions.get(self.owner, place[0], place[1])
        turn = await sessions.store.turn(session.key, turn_id)
        if turn is None:
            raise NotFound("There is no such turn. If it ended long ago, say which conversation with session_id.")
        return tuple(replay(session, turn))


class FeedHandler(StreamingHandler):
    """``GET …/events``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """What happens from now on, to one notebook's conversations or to all."""
        notebook_id = self.query_parameters()["notebook_id"]
        with self.services.feed.opened(self.owner) as events:
            await self.stream(_told(events, notebook_id))


async def _one_by_one(events: tuple[Event, ...]) -> AsyncGenerator[tuple[int, Event], None]:
    for number, event in enumerate(events, 1):
        yield number, event


async def _told(events: AsyncGenerator[SessionEvent, None], notebook_id: str | None) -> AsyncGenerator[bytes, None]:
    number = 0
    yield KEEP_ALIVE  # the reader knows that from here on nothing is missed
    async with aclosing(events):
        async for event in events:
            if notebook_id is None or event.notebook_id in ("", notebook_id):
                number += 1
                yield frame(number, event)
