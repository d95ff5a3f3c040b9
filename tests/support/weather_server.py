"""An MCP server as people write them with the official SDK; run, it serves over standard streams."""

from __future__ import annotations

from typing import Any

import mcp_types as types
from mcp.server import MCPServer
from mcp.server.mcpserver import Context


def weather_server() -> MCPServer:
    server = MCPServer("weather")

    @server.tool()
    def forecast(city: str, days: int = 1) -> dict[str, Any]:
        """How the weather will be."""
        return {"city": city, "days": days, "sky": "blue"}

    @server.tool()
    async def sure(context: Context) -> types.CallToolResult | types.InputRequiredResult:
        """Asks first."""
        if not context.input_responses:
            form = types.ElicitRequestFormParams(message="Sure?", requested_schema={"type": "object", "properties": {}})
            return types.InputRequiredResult(
                input_requests={"sure": types.ElicitRequest(params=form)}, request_state="s"
            )
        answer = context.input_responses["sure"]
        assert isinstance(answer, types.ElicitResult)
        assert context.request_state == "s"
        return types.CallToolResult(content=[types.TextContent(type="text", text=answer.action)])

    return server


if __name__ == "__main__":
    weather_server().run("stdio")
