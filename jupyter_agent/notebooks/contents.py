"""A notebook of a Jupyter server, through its contents manager."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import Any

from jupyter_agent.errors import NotFound
from jupyter_agent.notebooks.beside import MAX_READ, checked, read_text
from jupyter_agent.notebooks.file import MAX_FILES, cells_of
from jupyter_agent.state import Cell


class ContentsNotebook:
    """A stored notebook, by its path below the server's root.

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

    async def cells(self) -> tuple[Cell, ...]:
        model = await self._get(self._path, type="notebook")
        if model is None:
            raise NotFound("The notebook is not there any more. Was it renamed, moved or deleted?")
        return cells_of(model["content"].get("cells", ()))

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

    async def _get(self, path: str, *, type: str, content: bool = True) -> Any:  # noqa: A002 - the contents manager's own word
        from tornado.web import HTTPError

        try:
            model = self._contents.get(path, content=content, type=type)
            return await model if inspect.isawaitable(model) else model
        except HTTPError:
            return None
