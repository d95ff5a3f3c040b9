"""Cells of a notebook as values: ids, sources, and outputs as text within a limit with the last pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_agent.core.errors import Forbidden
from jupyter_agent.core.kernel_state import Cell, ExecutionError, ExecutionResult
from jupyter_agent.core.pictures import MAX_SHOWN, MIMES, of_output
from jupyter_agent.core.text import cleaned, head_and_tail
from jupyter_agent.kernelside.wire import ANSI_ESCAPE
from jupyter_agent.notebooks.document import Document, unreadable

#: Characters of a cell's output in its value, and of an output that is read as a whole.
MAX_OUTPUT = 4_000
MAX_WHOLE = 64_000
NO_CELL = "This cell is not in the notebook any more. Read the cells again."


def cell_ids(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """An id for every cell: its own, else ``#`` and its position; where it is not the first of its id, both."""
    known: set[str] = set()
    ids: list[str] = []
    for position, node in enumerate(nodes):
        own = node.get("id")
        name = own if isinstance(own, str) and own else ""
        ids.append(name if name and name not in known else f"{name}#{position}")
        known.add(name)
    return ids


def find_cell(nodes: Sequence[Mapping[str, Any]], cell_id: str) -> int | None:
    """Position of the cell of that id, as `cell_ids` has it."""
    ids = cell_ids(nodes)
    return ids.index(cell_id) if cell_id in ids else None


def source_of(node: Mapping[str, Any]) -> str:
    """A cell's source in one piece."""
    return join_lines(node.get("source"))


def join_lines(value: object) -> str:
    """Text that nbformat stores in one piece or in lines, in one piece."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


def parse_cells(text: str, name: str) -> tuple[Cell, ...]:
    """Cells of a notebook's JSON text, whichever nbformat it has.

    Raises:
        NotFound: the text is no notebook.
    """
    try:
        return cells_of(Document.parse(text, name).cells)
    except Forbidden:  # of another format than 4
        import nbformat

        try:
            notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        except Exception as error:  # nbformat lets through whatever old formats make it raise
            raise unreadable(name) from error
        return cells_of(json.loads(json.dumps(notebook))["cells"])


def cells_of(nodes: Sequence[Mapping[str, Any]]) -> tuple[Cell, ...]:
    """Cells from nbformat 4 JSON data, with the ids of `cell_ids`."""
    cells = [node for node in nodes if isinstance(node, Mapping)]
    return tuple(cell_of(node, cell_id) for node, cell_id in zip(cells, cell_ids(cells), strict=True))


def cell_of(node: Mapping[str, Any], cell_id: str) -> Cell:
    """One cell from nbformat 4 JSON data."""
    kind, count = node.get("cell_type"), node.get("execution_count")
    _, text, failed = _outputs(node)
    return Cell(
        id=cell_id,
        kind=kind if kind in ("markdown", "raw") else "code",
        source=source_of(node),
        execution_count=count if isinstance(count, int) else None,
        output=head_and_tail(text, MAX_OUTPUT),
        error="" if failed is None else _error_text(failed),
    )


def output_of(node: Mapping[str, Any]) -> ExecutionResult:
    """A cell's output, from nbformat 4 JSON data."""
    outputs, text, failed = _outputs(node, with_traceback=True)
    count = node.get("execution_count")
    pictures = [picture for output in outputs if (picture := of_output(output)) is not None]
    return ExecutionResult(
        "ok" if failed is None else "error",
        head_and_tail(text, MAX_WHOLE),
        sum(any(mime in MIMES for mime in output.get("data") or ()) for output in outputs),
        None if failed is None else ExecutionError(str(failed.get("ename", "")), str(failed.get("evalue", ""))),
        pictures=tuple(pictures[-MAX_SHOWN:]),
        execution_count=count if isinstance(count, int) else None,
    )


def _outputs(
    node: Mapping[str, Any], *, with_traceback: bool = False
) -> tuple[list[Mapping[str, Any]], str, Mapping[str, Any] | None]:
    """A cell's outputs, their text, and the last error."""
    outputs = [output for output in node.get("outputs") or () if isinstance(output, Mapping)]
    texts: list[str] = []
    failed: Mapping[str, Any] | None = None
    stream = ""  # of one name; some front ends store it in pieces
    for output, following in zip(outputs, [*outputs[1:], {}], strict=False):
        match output.get("output_type"):
            case "stream":
                stream += join_lines(output.get("text"))
                if (following.get("output_type"), following.get("name")) != ("stream", output.get("name")):
                    texts.append(cleaned(stream).rstrip("\n"))
                    stream = ""
            case "execute_result" | "display_data":
                data = output.get("data") or {}
                texts.append(join_lines(data.get("text/plain")) or f"[{', '.join(sorted(map(str, data)))}]")
            case "error":
                failed = output
                lines = output.get("traceback") if with_traceback else None
                traceback = "\n".join(map(str, lines)) if isinstance(lines, list) else ""
                texts.append(ANSI_ESCAPE.sub("", traceback) or _error_text(output))
    return outputs, "\n".join(filter(None, texts)), failed


def _error_text(output: Mapping[str, Any]) -> str:
    return f"{output.get('ename', '')}: {output.get('evalue', '')}"
