"""``GET`` and ``POST /api/agent/instructions``: what instructs the agent at a notebook, and what of it the user wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_agent.server import identity
from jupyter_agent.server.api.requests import project_for
from jupyter_agent.server.base_handler import AgentHandler

if TYPE_CHECKING:
    from jupyter_agent.server.wire.settings import InstructionChoice


class InstructionsHandler(AgentHandler):
    """What was found, with its text; a project's counts for a user once they have accepted just that text."""

    async def get(self) -> None:
        self.reply(await self._found(self.query_parameters()["notebook_id"]))

    async def post(self) -> None:
        body: InstructionChoice = await self.json_body()
        found = await self._found(body.notebook_id, (body.digest, body.use))
        content = {"value": {"digest": body.digest, "use": body.use}}
        action = "reset" if body.use is None else "set"
        self.services.audit.emit(
            "setting", content, name="project_instructions", action=action, owner=self.owner, by=self.user_name
        )
        self.reply(found)

    async def _found(self, notebook_id: str | None, chosen: tuple[str, bool | None] | None = None) -> dict[str, Any]:
        project = await project_for(self, notebook_id or "")
        assistant, user = self.services.assistant, identity.settings_owner(self)
        return await assistant.project_instructions(project, chosen, user)
