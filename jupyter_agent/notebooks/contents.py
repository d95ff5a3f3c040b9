"""A notebook of a Jupyter server, through its contents manager."""

from __future__ import annotations

import inspect
from typing import Any

from jupyter_agent.errors import NotFound
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

    async def _get(self, path: str, *, type: str) -> Any:  # noqa: A002 - the contents manager's own word
        from tornado.web import HTTPError

        try:
            model = self._contents.get(path, content=True, type=type)
            return await model if inspect.isawaitable(model) else model
        except HTTPError:
            return None
