"""A notebook of a Jupyter server, through its contents manager."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from jupyter_agent.core.errors import CellChanged, Forbidden, NotFound
from jupyter_agent.core.messages import CellChange, CellEdit
from jupyter_agent.notebooks import editing
from jupyter_agent.notebooks.sibling_files import MAX_READ, checked, read_text, times_of
from jupyter_agent.notebooks.document import MAX_BYTES, Document, Style
from jupyter_agent.notebooks.document import checked as checked_data
from jupyter_agent.notebooks.file import MAX_FILES, cells_of, check_writable
from jupyter_agent.notebooks.outputs import output_in
from jupyter_agent.notebooks.cell_run import execute
from jupyter_agent.notebooks.trust import Trust
from jupyter_agent.core.protocols import Kernel
from jupyter_agent.core.kernel_state import Cell, ExecutionResult

_GONE = "The notebook is not there any more. Was it renamed, moved or deleted?"
_Made = TypeVar("_Made")
_locks: WeakValueDictionary[tuple[int, int, str], asyncio.Lock] = WeakValueDictionary()


class ContentsNotebook:
    """A stored notebook, by its path below the server's root.

    Notebook files are read and written as text, so that an edit changes nothing but its cell, and its undo leaves the file
    as it was, byte for byte. What is no ``.ipynb`` file goes through the contents manager as a notebook.

    Args:
        contents: A `jupyter_server` contents manager, synchronous or not.
        path: As in Jupyter's own REST API.
    """

    def __init__(self, contents: Any, path: str) -> None:
        self._contents = contents
        self._path = path.strip("/")

    @property
    def path(self) -> str:
        return self._path

    @property
    def _name(self) -> str:
        return self._path.rpartition("/")[2]

    async def cells(self) -> tuple[Cell, ...]:
        try:
            return cells_of((await self._document()).cells)
        except Forbidden:  # of an older format, which Jupyter converts
            model = await self._get(self._path, type="notebook")
        if model is None:
            raise NotFound(_GONE)
        return cells_of(model["content"].get("cells", ()))

    async def output(self, cell_id: str) -> ExecutionResult:
        return output_in((await self._document()).cells, cell_id)

    async def files(self) -> tuple[str, ...]:
        model = await self._get(self._path.rpartition("/")[0], type="directory")
        listed = model["content"] if model is not None else ()
        return tuple(sorted(one["name"] for one in listed if one["type"] != "directory")[:MAX_FILES])

    async def read_file(self, name: str, limit: int) -> str:
        folder = self._path.rpartition("/")[0]
        path = f"{folder}/{checked(name)}".strip("/")
        root = getattr(self._contents, "root_dir", None)
        if root:
            # Where the contents are files, links are followed, and may lead out of the folder.
            return await asyncio.to_thread(read_text, Path(root, folder), name, limit)
        described = await self._get(path, type="file", content=False)
        if described is None or (described.get("size") or 0) > MAX_READ:
            raise NotFound("There is no such file." if described is None else "This file is too large to read.")
        model = await self._get(path, type="file")
        if model is None or model.get("format") != "text":
            raise NotFound("This is not a text file.")
        return str(model["content"])[:limit]

    async def changed_at(self, names: Collection[str]) -> Mapping[str, float]:
        root = getattr(self._contents, "root_dir", None)
        if not root:
            return {}
        folder = Path(root, self._path).parent
        return await asyncio.to_thread(times_of, folder, names, Path(root))

    async def edit(self, edit: CellEdit, *, timeout: float, kernel: Kernel | None = None) -> CellChange:
        if edit.kind != "run":
            return await self._changed(lambda one: editing.apply(one.cells, edit, has_ids=one.has_ids))
        nodes = (await self._document()).cells
        source = editing.source_of(nodes[editing.compared(nodes, edit)])
        outputs, count = await execute(source, kernel, timeout)
        return await self._changed(lambda one: editing.ran(one.cells, edit, outputs, count))

    async def restore(self, changes: Sequence[CellChange]) -> tuple[str, ...]:
        return await self._changed(lambda one: editing.restore(one.cells, changes))

    async def _changed(self, change: Callable[[Document], _Made]) -> _Made:
        """Read, change, and write what is still as it was read."""
        async with self._lock():
            described = await self._described()
            await asyncio.to_thread(self._check_place)
            if described.get("writable") is False:
                raise Forbidden(f"The notebook {self._name} is read-only. Ask the user to save a copy of it.")
            document = await self._document()
            trust = await Trust.of(self._contents, document.data)
            made = await asyncio.to_thread(change, document)
            if (await self._described()).get("last_modified") != described.get("last_modified"):
                raise CellChanged("The notebook was written by another program just now. Read its cells again.")
            await self._save(document)
            await trust.keep(document.data)
        return made

    def _lock(self) -> asyncio.Lock:
        key = (id(asyncio.get_running_loop()), id(self._contents), self._path)
        return _locks.setdefault(key, asyncio.Lock())

    def _check_place(self) -> None:
        """Refuse to write what lies elsewhere, or is read-only for everybody.

        Raises:
            Forbidden: it is so.
        """
        root = getattr(self._contents, "root_dir", None)
        if not root:
            return
        place = Path(root, self._path)
        if not place.resolve().is_relative_to(Path(root).resolve()):
            raise Forbidden(f"The notebook {self._name} is a link out of the server's folder; it is not edited here.")
        check_writable(place)

    async def _described(self) -> Any:
        described = await self._get(self._path, type="file" if self._is_text else "notebook", content=False)
        if described is None:
            raise NotFound(_GONE)
        if (described.get("size") or 0) > MAX_BYTES:
            raise Forbidden(f"The notebook {self._name} is too large ({MAX_BYTES >> 20} MiB at most).")
        return described

    @property
    def _is_text(self) -> bool:
        return self._path.endswith(".ipynb")

    async def _document(self) -> Document:
        await self._described()
        if self._is_text:
            model = await self._get(self._path, type="file")
            if model is not None and model.get("format") == "text":
                return await asyncio.to_thread(Document.parse, model["content"], self._name)
        model = await self._get(self._path, type="notebook")
        if model is None:
            raise NotFound(f"{self._name} is not a notebook that can be read.")
        return Document(checked_data(model["content"], self._name), Style(), is_text=False)

    async def _save(self, document: Document) -> None:
        from tornado.web import HTTPError

        model: dict[str, Any] = {"type": "notebook", "format": "json", "content": document.data}
        if document.is_text:
            model = {"type": "file", "format": "text", "content": await asyncio.to_thread(lambda: document.text)}
        try:
            saved = self._contents.save(model, self._path)
            if inspect.isawaitable(saved):
                await saved
        except (HTTPError, OSError) as error:
            raise Forbidden(f"The notebook {self._name} cannot be written; the server's log says why.") from error

    async def _get(self, path: str, *, type: str, content: bool = True) -> Any:  # noqa: A002 - the contents manager's own word
        from tornado.web import HTTPError

        try:
            model = self._contents.get(path, content=content, type=type)
            return await model if inspect.isawaitable(model) else model
        except (HTTPError, OSError, ValueError):
            return None
