"""``POST /api/agent/mcp``: the tools for other agents, by the Model Context Protocol, behind Jupyter's own sign-in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jupyter_agent.core.errors import NotFound
from jupyter_agent.server.base_handler import AgentHandler
from jupyter_agent.server.turns.sse import CONTENT_TYPE

if TYPE_CHECKING:
    from jupyter_agent.server.wire.openai_api import McpMessage


class McpHandler(AgentHandler):
    """Streamable HTTP without sessions: each request, one message, is authenticated, so none can be hijacked."""

    max_body = 8 * 1024 * 1024

    def skip_check_origin(self) -> bool:
        """Never skipped, not even for a token, as the protocol wants it: programs send no origin, and a page may not act through its visitor."""
        return False

    async def post(self) -> None:
        body: McpMessage = await self.json_body()
        if self.request.headers.get("Mcp-Session-Id"):
            raise NotFound("There is no such session. Initialize again: this server keeps none.")
        disconnected = asyncio.Event()
        self.on_disconnect = disconnected.set
        # Only a call may take long; its client then reads how that goes.
        accepts_stream = CONTENT_TYPE in self.request.headers.get("Accept", "")
        stream = accepts_stream and body.method == "tools/call"
        await self.services.mcp.exchange(self, bytes(self._chunks), disconnected, stream=stream)
        if not self._finished:
            self.finish(set_content_type=self._headers.get("Content-Type", "application/json"))
