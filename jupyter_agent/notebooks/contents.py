"""A notebook of a Jupyter server, through its contents manager."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from jupyter_agent.core.errors import CellChanged, Forbidden, NoFile, NotFound
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import Picture
from jupyter_agent.core.pictures import MAX_BYTES as MAX_BYTES_OF_PICTURE
from jupyter_agent.core.pictures import checked, decoded
from jupyter_agent.notebooks.cells import cells_of
from jupyter_agent.notebooks.document import MAX_BYTES, Document, check_format, unreadable
from jupyter_agent.notebooks.file import check_writable
from jupyter_agent.notebooks.sibling_files import (
    MAX_FILES,
    MAX_READ,
    checked_path,
    modification_times,
    read_picture,
    read_text,
)
from jupyter_agent.notebooks.stored import StoredNotebook
from jupyter_agent.notebooks.trust import trust_kept

_NO_NOTEBOOK = "The notebook is not there any more. Was it renamed, moved or deleted?"
_Result = TypeVar("_Result")
_locks: WeakValueDictionary[tuple[int, int, str], asyncio.Lock] = WeakValueDictionary()


class ContentsNotebook(StoredNotebook):
    """A stored notebook, by its path below the server's root.

    Notebook files are read and written as text, so that an edit changes nothing but its cell, and its undo leaves the file
    as it was, byte for byte. Other files go through the contents manager as notebooks.

    Args:
        contents: A `jupyter_server` contents manager, synchronous or not.
        path: As in Jupyter's own REST API.
    """

    def __init__(self, contents: Any, path: str) -> None:
        self._contents = contents
        self.path = path.strip("/")
        self._folder, _, self._name = self.path.rpartition("/")
        self._is_text = self.path.endswith(".ipynb")

    async def cells(self) -> tuple[Cell, ...]:
        try:
            return cells_of((await self._read()).cells)
        except Forbidden:  # of an older format, which Jupyter converts
            model = await get_model(self._contents, self.path, type="notebook")
        if model is None:
            raise NotFound(_NO_NOTEBOOK)
        return cells_of(model["content"].get("cells", ()))

    async def files(self) -> tuple[str, ...]:
        model = await get_model(self._contents, self._folder, type="directory")
        listed = model["content"] if model is not None else ()
        return tuple(sorted(entry["name"] for entry in listed if entry["type"] != "directory")[:MAX_FILES])

    async def read_file(self, name: str, limit: int) -> str:
        path = f"{self._folder}/{checked_path(name)}".strip("/")
        if root := getattr(self._contents, "root_dir", None):
            # Where the contents are files, links may lead out of the folder: `read_text` checks.
            return await asyncio.to_thread(read_text, Path(root, self._folder), name, limit)
        described = await get_model(self._contents, path, type="file", content=False)
        if described is None or (described.get("size") or 0) > MAX_READ:
            raise NoFile("There is no such file.") if described is None else NotFound("This file is too large to read.")
        model = await get_model(self._contents, path, type="file")
        if model is None or model.get("format") != "text":
            raise NotFound("This is not a text file.")
        return str(model["content"])[:limit]

    async def read_picture(self, name: str) -> Picture:
        path = f"{self._folder}/{checked_path(name)}".strip("/")
        if root := getattr(self._contents, "root_dir", None):
            return await asyncio.to_thread(read_picture, Path(root, self._folder), name)
        described = await get_model(self._contents, path, type="file", content=False)
        if described is None or (described.get("size") or 0) > MAX_BYTES_OF_PICTURE:
            raise NoFile("There is no such file.") if described is None else NotFound("This file is too large to read.")
        model = await get_model(self._contents, path, type="file")
        if model is None or model.get("format") != "base64":
            raise NotFound("This is not a picture file.")
        return checked(decoded(str(model["content"])), name, is_users=True)

    async def changed_at(self, names: Collection[str]) -> Mapping[str, float]:
        if root := getattr(self._contents, "root_dir", None):
            return await asyncio.to_thread(modification_times, Path(root, self.path).parent, names, Path(root))
        return {}

    async def _update(self, change: Callable[[Document], _Result]) -> _Result:
        from tornado.web import HTTPError

        key = (id(asyncio.get_running_loop()), id(self._contents), self.path)
        async with _locks.setdefault(key, asyncio.Lock()):
            described = await self._describe()
            await asyncio.to_thread(self._check_location)
            if described.get("writable") is False:
                raise Forbidden(f"The notebook {self._name} is read-only. Ask the user to save a copy of it.")
            document = await self._read()
            async with trust_kept(self._contents, document.data):
                result = await asyncio.to_thread(change, document)
                if (await self._describe()).get("last_modified") != described.get("last_modified"):
                    raise CellChanged("The notebook was written by another program just now. Read its cells again.")
                model: dict[str, Any] = {"type": "notebook", "format": "json", "content": document.data}
                if document.original is not None:
                    text = await asyncio.to_thread(lambda: document.text)
                    model = {"type": "file", "format": "text", "content": text}
                try:
                    saved = self._contents.save(model, self.path)
                    if inspect.isawaitable(saved):
                        await saved
                except (HTTPError, OSError) as error:
                    message = f"The notebook {self._name} cannot be written; the server's log says why."
                    raise Forbidden(message) from error
            return result

    def _check_location(self) -> None:
        if root := getattr(self._contents, "root_dir", None):
            path = Path(root, self.path)
            if not path.resolve().is_relative_to(Path(root).resolve()):
                message = f"The notebook {self._name} is a link out of the server's folder; it is not edited here."
                raise Forbidden(message)
            check_writable(path)

    async def _describe(self) -> Any:
        described = await get_model(
            self._contents, self.path, type="file" if self._is_text else "notebook", content=False
        )
        if described is None:
            raise NotFound(_NO_NOTEBOOK)
        if (described.get("size") or 0) > MAX_BYTES:
            raise Forbidden(f"The notebook {self._name} is too large ({MAX_BYTES >> 20} MiB at most).")
        return described

    async def _read(self) -> Document:
        await self._describe()
        if self._is_text:
            model = await get_model(self._contents, self.path, type="file")
            if model is not None and model.get("format") == "text":
                return await asyncio.to_thread(Document.parse, model["content"], self._name)
        model = await get_model(self._contents, self.path, type="notebook")
        if model is None:
            raise unreadable(self._name)
        return Document(check_format(model["content"], self._name))


async def get_model(contents: Any, path: str, *, type: str, content: bool = True) -> Any:  # noqa: A002 - its own name
    """What a contents manager has at a path; None where there is nothing that may be read."""
    from tornado.web import HTTPError

    try:
        model = contents.get(path, content=content, type=type)
        return await model if inspect.isawaitable(model) else model
    except (HTTPError, OSError, ValueError):
        return None
