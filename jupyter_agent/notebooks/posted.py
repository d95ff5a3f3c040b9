"""A notebook as the client that has it open tells it, unsaved changes included."""

from __future__ import annotations

from jupyter_agent.errors import NotFound
from jupyter_agent.protocols import Notebook
from jupyter_agent.state import Cell


class PostedNotebook:
    """Cells posted with a question; files from the stored notebook, if there is one."""

    def __init__(self, path: str, cells: tuple[Cell, ...], stored: Notebook | None = None) -> None:
        self._path = path
        self._cells = cells
        self._stored = stored

    @property
    def path(self) -> str:
        return self._path

    async def cells(self) -> tuple[Cell, ...]:
        return self._cells

    async def files(self) -> tuple[str, ...]:
        return await self._stored.files() if self._stored is not None else ()

    async def read_file(self, name: str, limit: int) -> str:
        if self._stored is None:
            raise NotFound("The notebook is not stored on this server, so there are no files beside it.")
        return await self._stored.read_file(name, limit)
