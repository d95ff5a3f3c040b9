"""A stored cell as a value, and what it shows: text within a limit, and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.messages import Picture
from jupyter_agent.notebooks.editing import find, joined
from jupyter_agent.core.text import head_and_tail
from jupyter_agent.core.kernel_state import Cell, ExecutionError, ExecutionResult

MAX_OUTPUT = 4_000
MAX_WHOLE = 64_000
MAX_PICTURES = 4
MAX_PICTURE = 1 << 20
_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")


def output_in(nodes: Sequence[Mapping[str, Any]], cell_id: str) -> ExecutionResult:
    """What one of the cells shows.

    Raises:
        NotFound: there is no such cell.
    """
    place = find(nodes, cell_id)
    if place is None:
        raise NotFound("There is no such cell any more. Read the cells again.")
    return output_of(nodes[place])


def output_of(node: Mapping[str, Any]) -> ExecutionResult:
    """What a cell shows, from nbformat 4 JSON data."""
    outputs = [one for one in node.get("outputs") or () if isinstance(one, Mapping)]
    failed = next((one for one in reversed(outputs) if one.get("output_type") == "error"), None)
    pictures = [picture for one in outputs if (picture := _picture(one.get("data"))) is not None]
    return ExecutionResult(
        "ok" if failed is None else "error",
        head_and_tail("\n".join(filter(None, map(_output_text, outputs))), MAX_WHOLE),
        len(pictures),
        None if failed is None else ExecutionError(str(failed.get("ename", "")), str(failed.get("evalue", ""))),
        pictures=tuple(pictures[-MAX_PICTURES:]),
    )


def cell_of(node: Mapping[str, Any], cell_id: str) -> Cell:
    """One cell from nbformat 4 JSON data."""
    kind = node.get("cell_type")
    outputs = [one for one in node.get("outputs") or () if isinstance(one, Mapping)]
    count = node.get("execution_count")
    return Cell(
        id=cell_id,
        kind=kind if kind in ("markdown", "raw") else "code",
        source=joined(node.get("source")),
        execution_count=count if isinstance(count, int) else None,
        output=head_and_tail("\n".join(filter(None, map(_output_text, outputs))), MAX_OUTPUT),
        error=next((_error(one) for one in reversed(outputs) if one.get("output_type") == "error"), ""),
    )


def _output_text(output: Mapping[str, Any]) -> str:
    match output.get("output_type"):
        case "stream":
            return joined(output.get("text")).rstrip("\n")
        case "execute_result" | "display_data":
            data = output.get("data") or {}
            return joined(data.get("text/plain")) or f"[{', '.join(sorted(map(str, data)))}]"
        case "error":
            return _error(output)
    return ""


def _error(output: Mapping[str, Any]) -> str:
    return f"{output.get('ename', '')}: {output.get('evalue', '')}"


def _picture(data: object) -> Picture | None:
    for mime in _PICTURES:
        text = joined(data.get(mime)) if isinstance(data, Mapping) else ""
        if text and len(text) <= MAX_PICTURE * 4 // 3:
            return Picture(mime, "".join(text.split()))
    return None
