"""The result of a call as a tool's output: text within limits, other media only named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.protocols import ToolOutput
from jupyter_agent.core.text import visible_text

if TYPE_CHECKING:
    import mcp_types as types

RESULT_CHARACTERS = 12_000
MAX_PARTS = 100


def to_output(result: types.CallToolResult, server: str) -> ToolOutput:
    """The result as a tool's output, with the server's name."""
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
