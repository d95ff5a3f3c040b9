"""``POST /api/agent/quick``: one turn, in one piece or as a stream."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.core.errors import BadRequest
from jupyter_agent.core.messages import TERMINAL, Cancelled, Done, Event, Failed, Interrupted
from jupyter_agent.server.api.requests import Asked, understand, with_answers
from jupyter_agent.server.base_handler import envelope
from jupyter_agent.server.encoding import numbered
from jupyter_agent.server.turns.sse import CONTENT_TYPE, StreamingHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_agent.server.turns.running_turns import RunningTurn


class QuickHandler(StreamingHandler):
    """Ask about a notebook. Cells are posted with the question, hence the larger bodies."""

    max_body = 8 * 1024 * 1024
    _leave: Callable[[], None] | None = None

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Answer; errors before the turn begins have their own status, in a stream too."""
        body = await self.json_body()
        asked = await understand(self, body, self._wants_stream(body))
        turn = self.services.turns.start(
            self.services.assistant, self.owner, lambda running: with_answers(asked, body, running), asked.warnings
        )
        self._leave = partial(turn.leave, turn.come(), comes_back=_comes_back(asked, body))
        try:
            if asked.streaming:
                await self.stream(numbered(turn.log.read()))
            else:
                await self._collect(turn)
        finally:
            self._leave()

    def on_connection_close(self) -> None:
        """Nobody waits for the answer here any more."""
        if self._leave is not None:
            self._leave()
        super().on_connection_close()

    def _wants_stream(self, body: Mapping[str, Any]) -> bool:
        stream = body.get("stream")
        if stream is None:
            stream = CONTENT_TYPE in self.request.headers.get("Accept", "")
        if not stream and (asking := next((one for one in ("run", "edit") if body.get(one) == "client"), "")):
            raise BadRequest(f"'{asking}' needs the stream, which asks the caller to do it; set 'stream' to true.")
        return bool(stream)

    async def _collect(self, turn: RunningTurn) -> None:
        async for event in turn.events():
            if event.event in TERMINAL:
                self._end(event, turn)

    def _end(self, end: Event, turn: RunningTurn) -> None:
        if isinstance(end, Done):
            self.reply(end)
            return
        status, message, code, retryable = ending(end)
        assert turn.started is not None
        ids = {"session_id": turn.started.session_id, "turn_id": turn.started.turn_id}
        self.reply(envelope(message, code, retryable, self.request_id, **ids), status)


def _comes_back(asked: Asked, body: Mapping[str, Any]) -> bool:
    """Whether the reader knows the turn's id and can come back; who runs its code is gone with the connection."""
    return body.get("run") != "client" and (asked.streaming or asked.question.turn_id is not None)


def ending(end: Event) -> tuple[int, str, str, bool]:
    """Status, message, code of a turn that ended without its answer, and whether a retry can help."""
    if isinstance(end, Failed):
        return end.status, end.message, end.code, end.retryable
    if isinstance(end, Interrupted):
        return 503, "The server stopped during the turn; what was said is kept. Ask again.", "interrupted", True
    assert isinstance(end, Cancelled)
    return 409, "The turn was cancelled; what was said is kept.", "cancelled", False
