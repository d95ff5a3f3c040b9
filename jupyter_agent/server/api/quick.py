"""``POST /api/agent/quick``: one turn, in one piece or as a stream."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.core.errors import BadRequest
from jupyter_agent.core.messages import TERMINAL, Done
from jupyter_agent.server.api.requests import interactive_question, parse_request
from jupyter_agent.server.encoding import numbered
from jupyter_agent.server.turns.running_turn import TurnFailed
from jupyter_agent.server.turns.sse import CONTENT_TYPE, StreamingHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_agent.server.wire.turns import QuickRequest


class QuickHandler(StreamingHandler):
    """Ask about a notebook. Cells are posted with the question, hence the larger bodies."""

    max_body = 8 * 1024 * 1024
    _unsubscribe: Callable[[], None] | None = None

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Answer; errors before the turn begins have their own status, in a stream too."""
        body: QuickRequest = await self.json_body()
        stream = body.stream
        if stream is None:
            stream = CONTENT_TYPE in self.request.headers.get("Accept", "")
        if not stream and (name := "run" if body.run else "edit" if body.edit else ""):
            raise BadRequest(f"'{name}' needs the stream, which asks the caller to do it; set 'stream' to true.")
        request = await parse_request(self, body, streaming=bool(stream))
        turn = self.services.turns.start(
            self.services.assistant,
            self.owner,
            lambda running: interactive_question(request, body, running),
            request.warnings,
        )
        # A reader that knows the turn's id can return; one that runs its code is lost with the connection.
        may_return = body.run is None and (stream or request.question.turn_id is not None)
        self._unsubscribe = partial(turn.unsubscribe, turn.subscribe(), may_return=may_return)
        try:
            if stream:
                await self.stream(numbered(turn.log.read()))
            else:
                end = [event async for event in turn.events() if event.event in TERMINAL][-1]
                if not isinstance(end, Done):
                    raise TurnFailed(end, turn.started)
                self.reply(end)
        finally:
            self._unsubscribe()

    def on_connection_close(self) -> None:
        """The client no longer waits for the answer."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        super().on_connection_close()
