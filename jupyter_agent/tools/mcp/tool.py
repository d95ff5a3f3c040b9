"""A tool of an MCP server as one of ours: approval is always asked for unless the user trusts it; results are bounded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.messages import Effect, Json
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.text import visible_text

if TYPE_CHECKING:
    import mcp_types as types

    from jupyter_agent.tools.mcp.connection import McpConnection
    from jupyter_agent.tools.mcp.definitions import McpDefinition

RESULT_CHARACTERS = 12_000
MAX_PARTS = 100


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
        self.spec = ToolSpec(name, definition.description, definition.parameters, title=title)
        self.effect: Effect = "read" if is_trusted and definition.is_read_only else "execute"
        self.is_always_asked = not is_trusted
        self._definition = definition
        self._connection = connection
        self._redact = redact

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Call it at its server."""
        return await self._connection.call(self._definition, self._redact(arguments), seconds=context.timeout)


def to_output(result: types.CallToolResult, server: str) -> ToolOutput:
    """The result of a call as a tool's output: text within limits, other media only named, and the server's name."""
    parts = [_part_text(part) for part in result.content[:MAX_PARTS]]
    if len(result.content) > MAX_PARTS:
        parts.append(f"[{len(result.content) - MAX_PARTS} more parts left out]")
    text = "\n".join(part for part in parts if part)
    if not text and result.structured_content is not None:
        text = json.dumps(result.structured_content, ensure_ascii=False, default=str)
    key = "error" if result.is_error else "result"
    output = ToolOutput.from_data(
        {"from_mcp_server": server, key: visible_text(text, RESULT_CHARACTERS) or "(nothing)"}
    )
    return replace(output, ok=False, code="failed") if result.is_error else output


def _part_text(part: Any) -> str:
    kind = getattr(part, "type", "")
    if kind == "text":
        return str(part.text)
    if kind in ("image", "audio"):
        return f"[{kind} {visible_text(part.mime_type, 60)}, {len(part.data) * 3 // 4} bytes, not shown]"
    if kind == "resource_link":
        return f"[link to {visible_text(part.name, 100)}: {visible_text(str(part.uri), 300)}]"
    if kind == "resource":
        text = getattr(part.resource, "text", None)
        return str(text) if text is not None else f"[resource {visible_text(str(part.resource.uri), 300)}, not shown]"
    return f"[{visible_text(str(kind), 40)}, not shown]"
