"""A server's description of a tool as data: bounded, and with a digest that tells when it changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.text import visible_text
from jupyter_agent.tools.mcp.schemas import bounded_schema

if TYPE_CHECKING:
    import mcp_types as types

DESCRIPTION_CHARACTERS = 1_000
NAME_CHARACTERS = 128
SCHEMA_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class McpDefinition:
    """One tool of a server.

    Attributes:
        tool: Its name there.
        description: For the model.
        parameters: JSON Schema of its arguments.
        is_read_only: Whether the server declares that it changes nothing.
        digest: SHA-256 (hex) of the whole description.
        title: For people; empty where the server gives none.
    """

    tool: str
    description: str
    parameters: Mapping[str, Any]
    is_read_only: bool
    digest: str
    title: str = ""

    @classmethod
    def from_sdk(cls, tool: types.Tool, server: str) -> McpDefinition | None:
        """The definition that is offered of a tool; None where its name has invisible characters or is too long."""
        if not tool.name or tool.name != visible_text(tool.name, NAME_CHARACTERS):
            return None
        parameters = bounded_schema(tool.input_schema)
        if len(json.dumps(parameters)) > SCHEMA_CHARACTERS:
            parameters = {"type": "object", "properties": {}}
        text = visible_text(tool.description or tool.title or "", DESCRIPTION_CHARACTERS).strip()
        quoted = json.dumps(text, ensure_ascii=False)
        whole = tool.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"icons", "meta"})
        return cls(
            tool.name,
            f"Tool '{tool.name}' of the MCP server '{server}', which describes it so: {quoted}",
            parameters,
            is_read_only=tool.annotations is not None and tool.annotations.read_only_hint is True,
            digest=hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest(),
            title=visible_text(tool.title or "", NAME_CHARACTERS).replace("\n", " "),
        )
