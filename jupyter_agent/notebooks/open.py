"""A notebook that is open in a page: the page edits it and runs its cells, where the user sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.core.kernel_state import Cell, ExecutionResult
from jupyter_agent.core.messages import CellChange, CellEdit, Picture
from jupyter_agent.core.protocols import Kernel, Notebook
from jupyter_agent.notebooks.cells import cell_of, output_of
from jupyter_agent.notebooks.posted import PostedNotebook

#: Seconds for an interrupted cell to end, and for its page to say so.
_INTERRUPT_SECONDS = 10.0


class EditInPage(Protocol):
    """Has the page make an edit; where it refuses, it may say which cells it has: each, or the id of one that is not sent."""

    async def __call__(self, edit: CellEdit, on_cells: Callable[[Sequence[Cell | str]], None]) -> CellChange: ...


class OpenNotebook(PostedNotebook):
    """Cells posted with a question, updated with each change that the page makes and with what it has when it refuses one.

    Args:
        path: Below the server's root.
        cells: The cells in the page.
        edit_in_page: Has the page make an edit.
        stored: The stored notebook, for the files in its folder.
        pictures: As those of a `PostedNotebook`.
    """

    def __init__(
        self,
        path: str,
        cells: tuple[Cell, ...],
        edit_in_page: EditInPage,
        stored: Notebook | None = None,
        pictures: Mapping[str, tuple[Picture, ...]] | None = None,
    ) -> None:
        super().__init__(path, cells, stored, pictures)
        self._edit_in_page = edit_in_page
        self._outputs: dict[str, ExecutionResult] = {}

    async def edit(self, edit: CellEdit, *, timeout: float, kernel: Kernel | None = None) -> CellChange:
        interrupt = kernel.interrupt if kernel is not None and edit.kind == "run" else None
        editing = asyncio.ensure_future(self._edit_in_page(edit, self._replace_cells))
        try:
            await asyncio.wait([editing], timeout=timeout)
            if not editing.done() and interrupt is not None:
                await interrupt()
                await asyncio.wait([editing], timeout=_INTERRUPT_SECONDS)  # for what it printed until then
            if not editing.done():
                raise KernelUnavailable("The page that has the notebook open did not do this in time.")
            change = editing.result()
        except asyncio.CancelledError:
            if interrupt is not None and not editing.done():
                await asyncio.shield(interrupt())
            raise
        finally:
            editing.cancel()
        ids = [cell.id for cell in self._cells]
        index = ids.index(change.cell_id) if change.cell_id in ids else len(ids)
        others = [cell for cell in self._cells if cell.id != change.cell_id]
        if change.after is None:
            self._cells = tuple(others)
            return change
        if change.below_after is not None and (change.before is None or change.below_before != change.below_after):
            above = next((position for position, cell in enumerate(others) if cell.id == change.below_after), None)
            index = 0 if not change.below_after else len(others) if above is None else above + 1
        self._cells = (*others[:index], cell_of(change.after, change.cell_id), *others[index:])
        self._outputs[change.cell_id] = output_of(change.after)
        return change

    def _replace_cells(self, cells: Sequence[Cell | str]) -> None:
        known = {cell.id: cell for cell in self._cells}
        found = [known.get(cell) if isinstance(cell, str) else cell for cell in cells]
        self._cells = tuple(cell for cell in found if cell is not None)
        self._outputs.clear()

    async def output(self, cell_id: str) -> ExecutionResult:
        return self._outputs[cell_id] if cell_id in self._outputs else await super().output(cell_id)
