"""The OpenAPI document."""

from __future__ import annotations

from jupyter_agent.server.base_handler import AgentHandler


class OpenApiHandler(AgentHandler):
    """``GET …/openapi.json``: the document that requests are checked against."""

    async def get(self) -> None:
        from jupyter_agent.server.openapi.document import document

        self.reply(document())
