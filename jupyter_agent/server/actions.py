"""A running turn from outside: cancel it, answer what waits."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.errors import ApprovalStale
from jupyter_agent.server.handlers import AgentHandler
from jupyter_agent.server.turns import Answer
from jupyter_agent.state import ExecutionError, ExecutionResult


class CancelHandler(AgentHandler):
    """``POST …/turns/{turn_id}/cancel``."""

    @web.authenticated
    @authorized
    async def post(self, turn_id: str) -> None:
        """Stop it and wait until what was said is kept; once it has ended, nothing happens."""
        turn_id = self.path_parameters(turn_id=turn_id)["turn_id"]
        turn = self.services.turns.get(self.owner, turn_id)
        if turn is not None:
            turn.stop("cancelled")
            await turn.ended()
        self.reply({"status": "ended" if turn is None else "cancelled", "turn_id": turn_id})


class ActionHandler(AgentHandler):
    """``POST …/turns/{turn_id}/actions/{call_id}``."""

    max_body = 8 * 1024 * 1024

    @web.authenticated
    @authorized
    async def post(self, turn_id: str, call_id: str) -> None:
        """Pass on the user's word, or the result of code that the caller ran."""
        given = self.path_parameters(turn_id=turn_id, call_id=call_id)
        body = await self.json_body()
        turn = self.services.turns.get(self.owner, given["turn_id"])
        if turn is None:
            raise ApprovalStale("The turn has ended; nothing waits for this answer any more.")
        answer = Answer(body.get("decision") == "approve", _result(body.get("result")))
        turn.answer(given["call_id"], body.get("digest"), answer)
        self.reply({"status": "accepted", "call_id": given["call_id"]})


def _result(posted: dict[str, Any] | None) -> ExecutionResult | None:
    if posted is None:
        return None
    error = posted.get("error")
    return ExecutionResult(
        status=posted["status"],
        text=posted.get("text", ""),
        images=int(posted.get("images", 0)),
        error=ExecutionError(error.get("name", ""), error.get("message", "")) if error else None,
    )
