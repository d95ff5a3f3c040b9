"""``POST /api/agent/mcp``: the tools for other agents, by the Model Context Protocol, behind Jupyter's own sign-in."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.core.errors import NotFound
from jupyter_agent.server.base_handler import AgentHandler


class McpHandler(AgentHandler):
    """Streamable HTTP without sessions: each request is authenticated, so none can be hijacked."""

    max_body = 8 * 1024 * 1024
    _on_disconnect: Callable[[], None] | None = None

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """One message and its answer."""
        await self.json_body()
        if self.request.headers.get("Mcp-Session-Id"):
            raise NotFound("There is no such session. Initialize again: this server keeps none.")
        await self.services.mcp.exchange(self, bytes(self._chunks))
        if not self._finished:
            self.finish(set_content_type=self._headers.get("Content-Type", "application/json"))

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call this when the client disconnects."""
        self._on_disconnect = callback

    def on_connection_close(self) -> None:
        """End what runs for this client."""
        if self._on_disconnect is not None:
            self._on_disconnect()
        super().on_connection_close()
