"""What is known of one kernel, and one of its variables in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_agent.core.messages import to_json
from jupyter_agent.server.base_handler import AgentHandler

if TYPE_CHECKING:
    from jupyter_agent.core.kernel_state import KernelState


def state_to_json(state: KernelState, since: int = 0) -> dict[str, Any]:
    """A kernel's state, or what changed in it after a version of the same epoch."""
    return {
        "kernel_id": state.kernel_id,
        "epoch": state.epoch,
        "version": state.version,
        "status": state.status,
        "age_s": state.age_seconds,
        "stale": state.stale,
        "total": state.total,
        "variables": [
            variable.to_json() for variable in state.variables.values() if variable.version > since or not since
        ],
        "deleted": [name for name, version in state.deleted.items() if version > since],
        "executions": list(state.executions),
    }


class KernelStateHandler(AgentHandler):
    """``GET …/kernels/{kernel_id}/state``: all variables in short, without secrets."""

    async def get(self, kernel_id: str) -> None:
        since = self.query_parameters()["since"] or 0
        await self.need("read", "kernels")
        state = state_to_json(await self.services.kernels.get(kernel_id).state(), since)
        self.reply(self.services.assistant.redactor.json(to_json(state)))


class VariableHandler(AgentHandler):
    """``GET …/kernels/{kernel_id}/variables/{name}``: one variable, or one column of a frame, in full, without secrets."""

    async def get(self, kernel_id: str, name: str) -> None:
        column = self.query_parameters()["column"]
        await self.need("read", "kernels")
        variable = await self.services.kernels.get(kernel_id).inspect(name, column)
        self.reply(self.services.assistant.redactor.json(to_json(variable.to_json())))
