"""A notebook as a file, and its cells as values."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_agent.errors import NotFound
from jupyter_agent.notebooks.beside import read_text
from jupyter_agent.state import Cell

MAX_FILES = 200
MAX_OUTPUT = 4_000
MAX_BYTES = 200 * 1024 * 1024


class FileNotebook:
    """An ``.ipynb`` file on this machine."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    @property
    def path(self) -> str:
        return str(self._path)

    async def cells(self) -> tuple[Cell, ...]:
        return await asyncio.to_thread(self._read)

    async def files(self) -> tuple[str, ...]:
        return await asyncio.to_thread(files_in, self._path.resolve().parent)

    async def read_file(self, name: str, limit: int) -> str:
        return await asyncio.to_thread(read_text, self._path.resolve().parent, name, limit)

    def _read(self) -> tuple[Cell, ...]:
        try:
            if self._path.stat().st_size > MAX_BYTES:
                raise NotFound(f"The notebook {self._path.name} is too large to read ({MAX_BYTES >> 20} MiB at most).")
            text = self._path.read_text(encoding="utf-8")
        except OSError as error:
            raise NotFound(f"The notebook {self._path.name} cannot be read: {error.strerror}.") from error
        return parse_cells(text, self._path.name)


def parse_cells(text: str, name: str) -> tuple[Cell, ...]:
    """Cells of a notebook's JSON text, whichever nbformat it has.

    Raises:
        NotFound: the text is no notebook.
    """
    import nbformat

    try:
        notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # foreign library: raises many kinds on broken files
        raise NotFound(f"{name} is not a notebook that can be read.") from error
    return cells_of(json.loads(json.dumps(notebook))["cells"])


def cells_of(nodes: Sequence[Mapping[str, Any]]) -> tuple[Cell, ...]:
    """Cells from nbformat 4 JSON data; a missing id becomes the position."""
    return tuple(_cell(node, position) for position, node in enumerate(nodes) if isinstance(node, Mapping))


def files_in(folder: Path) -> tuple[str, ...]:
    """Names of the plain, visible files of a folder, sorted, at most 200."""
    try:
        names = (one.name for one in folder.iterdir() if one.is_file() and not one.name.startswith("."))
        return tuple(sorted(names)[:MAX_FILES])
    except OSError:
        return ()


def _cell(node: Mapping[str, Any], position: int) -> Cell:
    kind = node.get("cell_type")
    outputs = [one for one in node.get("outputs") or () if isinstance(one, Mapping)]
    count = node.get("execution_count")
    return Cell(
        id=str(node.get("id") or f"#{position}"),
        kind=kind if kind in ("markdown", "raw") else "code",
        source=_joined(node.get("source")),
        execution_count=count if isinstance(count, int) else None,
        output=shortened("\n".join(filter(None, map(_output_text, outputs)))),
        error=next((_error(one) for one in reversed(outputs) if one.get("output_type") == "error"), ""),
    )


def shortened(text: str, limit: int = MAX_OUTPUT) -> str:
    """Head and tail of a long text, with a note of what is missing."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"


def _output_text(output: Mapping[str, Any]) -> str:
    match output.get("output_type"):
        case "stream":
            return _joined(output.get("text")).rstrip("\n")
        case "execute_result" | "display_data":
            data = output.get("data") or {}
            return _joined(data.get("text/plain")) or f"[{', '.join(sorted(map(str, data)))}]"
        case "error":
            return _error(output)
    return ""


def _error(output: Mapping[str, Any]) -> str:
    return f"{output.get('ename', '')}: {output.get('evalue', '')}"


def _joined(value: object) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")
