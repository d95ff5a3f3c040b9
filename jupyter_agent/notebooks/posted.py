"""A notebook as the client that has it open tells it, unsaved changes included."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from jupyter_agent.core.errors import AgentError, Forbidden, NotFound
from jupyter_agent.core.messages import CellChange, CellEdit
from jupyter_agent.core.protocols import Kernel, Notebook
from jupyter_agent.core.kernel_state import Cell, ExecutionError, ExecutionResult

NOT_STORED = "The notebook is not stored on this server, so it cannot be edited here. Give the user the code instead."


class PostedNotebook:
    """Cells posted with a question; files from the stored notebook, if there is one, which is also what is edited.

    A cell that has unsaved changes is then another than the stored one, and is left.
    """

    def __init__(self, path: str, cells: tuple[Cell, ...], stored: Notebook | None = None) -> None:
        self._path = path
        self._cells = cells
        self._stored = stored

    @property
    def path(self) -> str:
        return self._path

    async def cells(self) -> tuple[Cell, ...]:
        return self._cells

    async def output(self, cell_id: str) -> ExecutionResult:
        """The posted text; pictures from the stored notebook, where the cell is stored as it was posted."""
        cell = next((one for one in self._cells if one.id == cell_id), None)
        if cell is None:
            raise NotFound("There is no such cell any more. Read the cells again.")
        stored = await self._stored_output(cell)
        name, _, message = cell.error.partition(":")
        error = ExecutionError(name.strip(), message.strip()) if cell.error else None
        told = ExecutionResult("error" if error else "ok", cell.output, error=error)
        return told if stored is None else replace(told, images=stored.images, pictures=stored.pictures)

    async def _stored_output(self, cell: Cell) -> ExecutionResult | None:
        try:
            cells = await self._stored.cells() if self._stored is not None else ()
            same = any((one.id, one.source, one.output) == (cell.id, cell.source, cell.output) for one in cells)
            return await self._stored.output(cell.id) if self._stored is not None and same else None
        except AgentError:
            return None

    async def files(self) -> tuple[str, ...]:
        return await self._stored.files() if self._stored is not None else ()

    async def read_file(self, name: str, limit: int) -> str:
        if self._stored is None:
            raise NotFound("The notebook is not stored on this server, so there are no files beside it.")
        return await self._stored.read_file(name, limit)

    async def changed_at(self, names: Collection[str]) -> Mapping[str, float]:
        own = self._path.rpartition("/")[2]  # what is stored may be older than the cells
        others = [one for one in names if one != own]
        return await self._stored.changed_at(others) if self._stored is not None else {}

    async def edit(self, edit: CellEdit, *, timeout: float, kernel: Kernel | None = None) -> CellChange:
        if self._stored is None:
            raise Forbidden(NOT_STORED)
        change = await self._stored.edit(edit, timeout=timeout, kernel=kernel)
        self._cells = await self._stored.cells()
        return change

    async def restore(self, changes: Sequence[CellChange]) -> tuple[str, ...]:
        if self._stored is None:
            raise Forbidden(NOT_STORED)
        return await self._stored.restore(changes)
