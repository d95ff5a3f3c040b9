"""A tool of an MCP server as one of ours: approval is always asked for unless the user trusts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.messages import Effect, Json, Reason
from jupyter_agent.core.protocols import Review, ToolContext, ToolOutput, ToolSpec

if TYPE_CHECKING:
    from jupyter_agent.tools.mcp.connection import McpConnection
    from jupyter_agent.tools.mcp.definitions import McpDefinition


class McpTool:
    """Calls one tool of one server.

    Args:
        name: As models call it.
        definition: As the server described it when it was offered.
        connection: To its server.
        redact: Applied to the arguments.
        is_trusted: Whether the user's approval mode decides, as for our tools; else approval is asked for in every mode.
    """

    def __init__(
        self,
        name: str,
        definition: McpDefinition,
        connection: McpConnection,
        redact: Callable[[Mapping[str, Json]], dict[str, Json]],
        *,
        is_trusted: bool,
    ) -> None:
        title = definition.title or definition.tool
        self.spec = ToolSpec(name, definition.description, definition.parameters, title=title, is_foreign=True)
        self.effect: Effect = "read" if is_trusted and definition.is_read_only else "execute"
        self._is_trusted = is_trusted
        self._definition = definition
        self._connection = connection
        self._redact = redact

    async def review(self, arguments: Mapping[str, Any], context: ToolContext) -> Review:
        """A tool that the user does not trust may do anything, whatever its description says."""
        if self._is_trusted:
            return Review()
        text = (
            f"It calls a tool of the MCP server {self._connection.server.name}, of which it is not known what it does"
        )
        return Review(reasons=(Reason("unknown_call", text),))

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Call it at its server."""
        return await self._connection.call(self._definition, self._redact(arguments), seconds=context.timeout)
