"""Cancel a running turn; answer its pending calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.core.errors import ApprovalStale
from jupyter_agent.server.base_handler import AgentHandler
from jupyter_agent.server.turns.pending_calls import Answer

if TYPE_CHECKING:
    from jupyter_agent.server.wire.turns import CallAnswer


class CancelHandler(AgentHandler):
    """``POST …/turns/{turn_id}/cancel``."""

    @web.authenticated
    @authorized
    async def post(self, turn_id: str) -> None:
        """Stop it and wait until it is stored; once it has ended, nothing happens."""
        turn_id = self.path_parameters(turn_id=turn_id)["turn_id"]
        turn = self.services.turns.get(self.owner, turn_id)
        if turn is not None:
            turn.stop("cancelled")
            await turn.ended()
        self.reply({"status": "ended" if turn is None else "cancelled", "turn_id": turn_id})


class ActionHandler(AgentHandler):
    """``POST …/turns/{turn_id}/actions/{call_id}``."""

    max_body = 8 * 1024 * 1024
    max_entries = 1_000_000  # a cell comes with its outputs, and a plot is long lists of numbers

    @web.authenticated
    @authorized
    async def post(self, turn_id: str, call_id: str) -> None:
        """The user's decision, or the result of code that the caller ran or cells that it edited."""
        ids = self.path_parameters(turn_id=turn_id, call_id=call_id)
        body: CallAnswer = await self.json_body()
        given = body.given()
        turn = self.services.turns.get(self.owner, ids["turn_id"])
        if turn is None:
            raise ApprovalStale("The turn has ended; nothing waits for this answer any more.")
        answer = Answer(given.get("decision") == "approve", given.get("result"))
        stale = answer.approved and answer.result is None and await turn.kernel_restarted_since(ids["call_id"])
        turn.pending_calls.answer(ids["call_id"], given.get("digest"), answer)
        if stale:  # the turn finds the same, runs nothing, and goes on
            raise ApprovalStale(
                "The kernel was restarted after you were asked: what the code relied on is gone. It was not run."
            )
        self.reply({"status": "accepted", "call_id": ids["call_id"]})
