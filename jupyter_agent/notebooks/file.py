"""A notebook as a file, and its cells as values."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from jupyter_agent.core.errors import CellChanged, Forbidden, NotFound
from jupyter_agent.core.messages import CellChange, CellEdit
from jupyter_agent.notebooks import editing
from jupyter_agent.notebooks.sibling_files import read_text, times_of
from jupyter_agent.notebooks.document import MAX_BYTES, Document
from jupyter_agent.notebooks.editing import cell_ids
from jupyter_agent.notebooks.outputs import cell_of, output_in
from jupyter_agent.notebooks.cell_run import execute
from jupyter_agent.core.protocols import Kernel
from jupyter_agent.core.kernel_state import Cell, ExecutionResult

MAX_FILES = 200
_Made = TypeVar("_Made")


class FileNotebook:
    """An ``.ipynb`` file on this machine."""

    _writing = threading.Lock()

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    @property
    def path(self) -> str:
        return str(self._path)

    async def cells(self) -> tuple[Cell, ...]:
        return await asyncio.to_thread(self._read)

    async def output(self, cell_id: str) -> ExecutionResult:
        return await asyncio.to_thread(lambda: output_in(self._document()[1].cells, cell_id))

    async def files(self) -> tuple[str, ...]:
        return await asyncio.to_thread(files_in, self._path.resolve().parent)

    async def read_file(self, name: str, limit: int) -> str:
        return await asyncio.to_thread(read_text, self._path.resolve().parent, name, limit)

    async def changed_at(self, names: Collection[str]) -> Mapping[str, float]:
        return await asyncio.to_thread(times_of, self._path.resolve().parent, names)

    async def edit(self, edit: CellEdit, *, timeout: float, kernel: Kernel | None = None) -> CellChange:
        if edit.kind != "run":
            return await self._changed(lambda one: editing.apply(one.cells, edit, has_ids=one.has_ids))
        nodes = await asyncio.to_thread(lambda: self._document()[1].cells)
        source = editing.source_of(nodes[editing.compared(nodes, edit)])
        outputs, count = await execute(source, kernel, timeout)
        return await self._changed(lambda one: editing.ran(one.cells, edit, outputs, count))

    async def restore(self, changes: Sequence[CellChange]) -> tuple[str, ...]:
        return await self._changed(lambda one: editing.restore(one.cells, changes))

    async def _changed(self, change: Callable[[Document], _Made]) -> _Made:
        return await asyncio.to_thread(self._write, change)

    def _write(self, change: Callable[[Document], _Made]) -> _Made:
        with self._writing:
            data, document = self._document()
            check_writable(self._path)
            made = change(document)
            if self._bytes() != data:
                raise CellChanged("The notebook was written by another program just now. Read its cells again.")
            replace_file(self._path.resolve(), document.text.encode())
        return made

    def _document(self) -> tuple[bytes, Document]:
        data = self._bytes()
        try:
            return data, Document.parse(data.decode("utf-8"), self._path.name)
        except UnicodeDecodeError as error:
            raise NotFound(f"{self._path.name} is not a notebook that can be read.") from error

    def _read(self) -> tuple[Cell, ...]:
        return parse_cells(self._bytes().decode("utf-8", "replace"), self._path.name)

    def _bytes(self) -> bytes:
        try:
            # A pipe must not keep us waiting.
            with os.fdopen(os.open(self._path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise NotFound(f"{self._path.name} is not a file.")
                if found.st_size > MAX_BYTES:
                    raise NotFound(f"The notebook {self._path.name} is too large ({MAX_BYTES >> 20} MiB at most).")
                return file.read()
        except OSError as error:
            raise NotFound(f"The notebook {self._path.name} cannot be read: {error.strerror}.") from error


def check_writable(path: Path) -> None:
    """Refuse a file that is meant to be read only, whoever asks.

    Raises:
        Forbidden: it is.
    """
    try:
        writable = path.stat().st_mode & 0o222 and os.access(path, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise Forbidden(f"The notebook {path.name} is read-only. Ask the user to save a copy under another name.")


def replace_file(path: Path, data: bytes) -> None:
    """Put a whole new file in the place of an old one, with its permissions.

    Raises:
        Forbidden: the folder cannot be written, or the disk is full.
    """
    place = ""
    try:
        descriptor, place = tempfile.mkstemp(dir=path.parent, prefix=f".~{path.name}", suffix=".tmp")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(place).chmod(stat.S_IMODE(path.stat().st_mode))
        Path(place).replace(path)
    except OSError as error:
        if place:
            Path(place).unlink(missing_ok=True)
        raise Forbidden(f"The notebook {path.name} cannot be written: {error.strerror}.") from error


def parse_cells(text: str, name: str) -> tuple[Cell, ...]:
    """Cells of a notebook's JSON text, whichever nbformat it has.

    Raises:
        NotFound: the text is no notebook.
    """
    try:
        return cells_of(Document.parse(text, name).cells)
    except Forbidden:
        return _converted(text, name)


def _converted(text: str, name: str) -> tuple[Cell, ...]:
    import nbformat

    try:
        notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # foreign library: raises many kinds on broken files
        raise NotFound(f"{name} is not a notebook that can be read.") from error
    return cells_of(json.loads(json.dumps(notebook))["cells"])


def cells_of(nodes: Sequence[Mapping[str, Any]]) -> tuple[Cell, ...]:
    """Cells from nbformat 4 JSON data; where an id is missing or not the first of its kind, its position is in it."""
    cells = [node for node in nodes if isinstance(node, Mapping)]
    return tuple(cell_of(node, name) for node, name in zip(cells, cell_ids(cells), strict=True))


def files_in(folder: Path) -> tuple[str, ...]:
    """Names of the plain, visible files of a folder, sorted, at most 200."""
    try:
        names = (one.name for one in folder.iterdir() if one.is_file() and not one.name.startswith("."))
        return tuple(sorted(names)[:MAX_FILES])
    except OSError:
        return ()
