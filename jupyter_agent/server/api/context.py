"""``POST /api/agent/context``: what a question would send to its model."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.server.api.requests import parse_request
from jupyter_agent.server.base_handler import AgentHandler


class ContextHandler(AgentHandler):
    """Preview the request to the model. Cells are posted with the question, hence the larger bodies."""

    max_body = 8 * 1024 * 1024

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Messages and tokens by part; nothing is sent, and nothing is stored."""
        request = await parse_request(self, await self.json_body(), streaming=False)
        preview = await self.services.assistant.preview(request.question)
        self.reply({**preview, "warnings": [*request.warnings, *preview["warnings"]]})
