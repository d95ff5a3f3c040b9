"""What a server says of its tools, as data: bounded, and known again when it changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_agent.tools.mcp.schemas import bounded
from jupyter_agent.tools.mcp.texts import plain

if TYPE_CHECKING:
    import mcp_types as types

DESCRIPTION_CHARACTERS = 1_000
NAME_CHARACTERS = 128
SCHEMA_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class Definition:
    """One tool of a server.

    Attributes:
        tool: Its name there.
        description: For the model.
        parameters: JSON Schema of its arguments.
        is_reading: Whether the server says that it changes nothing.
        title: For people; empty where the server gives none.
        digest: SHA-256 (hex) of all that the server says of it.
    """

    tool: str
    description: str
    parameters: Mapping[str, Any]
    is_reading: bool
    digest: str
    title: str = ""


def definition(tool: types.Tool, server: str) -> Definition | None:
    """What is offered of a tool; None where it has no name that could be told."""
    if not tool.name or tool.name != plain(tool.name, NAME_CHARACTERS):
        return None
    parameters = bounded(tool.input_schema)
    if len(json.dumps(parameters)) > SCHEMA_CHARACTERS:
        parameters = {"type": "object", "properties": {}}
    said = plain(tool.description or tool.title or "", DESCRIPTION_CHARACTERS).strip()
    return Definition(
        tool.name,
        f"Tool '{tool.name}' of the MCP server '{server}', which describes it so: {json.dumps(said, ensure_ascii=False)}",
        parameters,
        is_reading=tool.annotations is not None and tool.annotations.read_only_hint is True,
        digest=_digest(tool),
        title=plain(tool.title or "", NAME_CHARACTERS).replace("\n", " "),
    )


def _digest(tool: types.Tool) -> str:
    said = tool.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"icons", "meta"})
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
