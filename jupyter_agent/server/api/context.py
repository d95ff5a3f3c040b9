"""``POST /api/agent/context``: what a question would send to its model."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.server.api.requests import understand
from jupyter_agent.server.base_handler import AgentHandler


class ContextHandler(AgentHandler):
    """Show it. Cells are posted with the question, hence the larger bodies."""

    max_body = 8 * 1024 * 1024

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Messages and tokens by part; nothing is sent, and nothing is stored."""
        asked = await understand(self, await self.json_body(), streaming=False)
        preview = await self.services.assistant.preview(asked.question)
        self.reply({**preview, "warnings": [*asked.warnings, *preview["warnings"]]})
