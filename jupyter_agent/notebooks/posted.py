"""A notebook as a client posted it with a question, unsaved changes included."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from jupyter_agent.core.errors import AgentError, CellChanged, Forbidden, NotFound
from jupyter_agent.core.kernel_state import Cell, ExecutionError, ExecutionResult
from jupyter_agent.core.messages import CellChange, CellEdit, Picture
from jupyter_agent.core.protocols import Kernel, Notebook
from jupyter_agent.notebooks.cells import NO_CELL
from jupyter_agent.notebooks.stored import StoredNotebook

NOT_STORED = "The notebook is not stored on this server, so it cannot be edited here. Give the user the code instead."
NOT_SAVED = (
    "The cell as it was sent with the question is not the saved one, so it cannot be edited here, however often it is read. Give the "
    "user the code, or ask them to save the notebook and to ask again."
)


class PostedNotebook:
    """Cells posted with a question; files come from the stored notebook, if there is one, and edits go to it.

    A cell with unsaved changes differs from the stored one, so an edit of it is refused.

    Args:
        path: Below the server's root.
        cells: As they were posted.
        stored: The stored notebook.
        pictures: Of the outputs of some cells, by id.
    """

    def __init__(
        self,
        path: str,
        cells: tuple[Cell, ...],
        stored: Notebook | None = None,
        pictures: Mapping[str, tuple[Picture, ...]] | None = None,
    ) -> None:
        self.path = path
        self._cells = cells
        self._stored = stored
        self._pictures = dict(pictures or {})

    async def cells(self) -> tuple[Cell, ...]:
        return self._cells

    async def language(self) -> str:
        """The language of the stored notebook's code cells, in lower case; empty where it does not say."""
        return await self._stored.language() if isinstance(self._stored, StoredNotebook) else ""

    async def output(self, cell_id: str) -> ExecutionResult:
        """The posted text and pictures; without these those of the stored notebook, where the cell is stored as it was posted."""
        cell = next((cell for cell in self._cells if cell.id == cell_id), None)
        if cell is None:
            raise NotFound(NO_CELL)
        name, _, message = cell.error.partition(":")
        error = ExecutionError(name.strip(), message.strip()) if cell.error else None
        posted = ExecutionResult("error" if error else "ok", cell.output, error=error)
        if pictures := self._pictures.get(cell_id):
            return replace(posted, images=len(pictures), pictures=pictures)
        if self._stored is not None:
            with suppress(AgentError):
                cells = await self._stored.cells()
                if any((kept.id, kept.source, kept.output) == (cell.id, cell.source, cell.output) for kept in cells):
                    stored = await self._stored.output(cell_id)
                    return replace(posted, images=stored.images, pictures=stored.pictures)
        return posted

    async def files(self) -> tuple[str, ...]:
        return await self._stored.files() if self._stored is not None else ()

    async def read_file(self, name: str, limit: int) -> str:
        if self._stored is None:
            raise NotFound("The notebook is not stored on this server, so its folder has no files.")
        return await self._stored.read_file(name, limit)

    async def read_picture(self, name: str) -> Picture:
        if self._stored is None:
            raise NotFound("The notebook is not stored on this server, so its folder has no files.")
        return await self._stored.read_picture(name)

    async def changed_at(self, names: Collection[str]) -> Mapping[str, float]:
        own = self.path.rpartition("/")[2]  # the stored notebook may be older than the cells
        others = [name for name in names if name != own]
        return await self._stored.changed_at(others) if self._stored is not None else {}

    async def edit(self, edit: CellEdit, *, timeout: float, kernel: Kernel | None = None) -> CellChange:
        if self._stored is None:
            raise Forbidden(NOT_STORED)
        try:
            change = await self._stored.edit(edit, timeout=timeout, kernel=kernel)
        except CellChanged as error:
            saved = {cell.id: cell.source_hash for cell in await self._stored.cells()}
            if saved.get(edit.cell_id, edit.source_hash) == edit.source_hash:
                raise
            raise CellChanged(NOT_SAVED) from error
        self._cells = await self._stored.cells()
        self._pictures.pop(edit.cell_id, None)
        return change

    async def apply_changes(self, changes: Sequence[CellChange]) -> tuple[str, ...]:
        if self._stored is None:
            raise Forbidden(NOT_STORED)
        return await self._stored.apply_changes(changes)
