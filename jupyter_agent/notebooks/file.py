"""A notebook as a file on this machine."""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from jupyter_agent.core.errors import CellChanged, Forbidden, NotFound
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import Picture
from jupyter_agent.notebooks.cells import parse_cells
from jupyter_agent.notebooks.document import MAX_BYTES, Document
from jupyter_agent.notebooks.sibling_files import file_names, modification_times, read_picture, read_text
from jupyter_agent.notebooks.stored import StoredNotebook

_Result = TypeVar("_Result")


class FileNotebook(StoredNotebook):
    """An ``.ipynb`` file on this machine."""

    _writing = threading.Lock()

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self.path = str(self._path)

    async def cells(self) -> tuple[Cell, ...]:
        return await asyncio.to_thread(
            lambda: parse_cells(self._read_bytes().decode("utf-8", "replace"), self._path.name)
        )

    async def files(self) -> tuple[str, ...]:
        return await asyncio.to_thread(file_names, self._path.resolve().parent)

    async def read_file(self, name: str, limit: int) -> str:
        return await asyncio.to_thread(read_text, self._path.resolve().parent, name, limit)

    async def read_picture(self, name: str) -> Picture:
        return await asyncio.to_thread(read_picture, self._path.resolve().parent, name)

    async def changed_at(self, names: Collection[str]) -> Mapping[str, float]:
        return await asyncio.to_thread(modification_times, self._path.resolve().parent, names)

    async def _read(self) -> Document:
        return await asyncio.to_thread(lambda: Document.parse(self._read_bytes(), self._path.name))

    async def _update(self, change: Callable[[Document], _Result]) -> _Result:
        def update() -> _Result:
            with self._writing:
                data = self._read_bytes()
                document = Document.parse(data, self._path.name)
                check_writable(self._path)
                result = change(document)
                if self._read_bytes() != data:
                    raise CellChanged("The notebook was written by another program just now. Read its cells again.")
                replace_file(self._path.resolve(), document.text.encode())
            return result

        return await asyncio.to_thread(update)

    def _read_bytes(self) -> bytes:
        try:
            # A pipe must not keep us waiting.
            with os.fdopen(os.open(self._path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise NotFound(f"{self._path.name} is not a file.")
                if status.st_size > MAX_BYTES:
                    raise NotFound(f"The notebook {self._path.name} is too large ({MAX_BYTES >> 20} MiB at most).")
                return file.read()
        except OSError as error:
            raise NotFound(f"The notebook {self._path.name} cannot be read: {error.strerror}.") from error


def check_writable(path: Path) -> None:
    """Check that a file may be written, even by root.

    Raises:
        Forbidden: it is read-only.
    """
    try:
        writable = path.stat().st_mode & 0o222 and os.access(path, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise Forbidden(f"The notebook {path.name} is read-only. Ask the user to save a copy under another name.")


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file atomically, keeping its permissions.

    Raises:
        Forbidden: the folder cannot be written, or the disk is full.
    """
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".~{path.name}", suffix=".tmp")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(stat.S_IMODE(path.stat().st_mode))
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise Forbidden(f"The notebook {path.name} cannot be written: {error.strerror}.") from error
