"""A notebook that is open in a page: the page edits it and runs its cells, where the user sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.core.messages import CellChange, CellEdit
from jupyter_agent.notebooks.outputs import cell_of, output_of
from jupyter_agent.notebooks.posted import PostedNotebook
from jupyter_agent.core.protocols import Kernel, Notebook
from jupyter_agent.core.kernel_state import Cell, ExecutionResult

Ask = Callable[[CellEdit], Awaitable[CellChange]]


class OpenNotebook(PostedNotebook):
    """Cells posted with a question, kept as the page changes them.

    Args:
        path: Below the server's root.
        cells: As they are in the page.
        ask: Has the page make an edit.
        stored: The stored notebook, for files beside it.
    """

    def __init__(self, path: str, cells: tuple[Cell, ...], ask: Ask, stored: Notebook | None = None) -> None:
        super().__init__(path, cells, stored)
        self._ask = ask
        self._shown: dict[str, ExecutionResult] = {}

    async def edit(self, edit: CellEdit, *, timeout: float, kernel: Kernel | None = None) -> CellChange:
        try:
            async with asyncio.timeout(timeout):
                change = await self._ask(edit)
        except TimeoutError as error:
            raise KernelUnavailable("The page that has the notebook open did not do this in time.") from error
        self._cells = changed(self._cells, change)
        if change.after is not None:
            self._shown[change.cell_id] = output_of(change.after)
        return change

    async def output(self, cell_id: str) -> ExecutionResult:
        return self._shown[cell_id] if cell_id in self._shown else await super().output(cell_id)


def changed(cells: Sequence[Cell], change: CellChange) -> tuple[Cell, ...]:
    """Cells after a change."""
    place = next((at for at, one in enumerate(cells) if one.id == change.cell_id), len(cells))
    others = [one for one in cells if one.id != change.cell_id]
    if change.after is None:
        return tuple(others)
    if change.below_after is not None and (change.before is None or change.below_before != change.below_after):
        above = next((at for at, one in enumerate(others) if one.id == change.below_after), None)
        place = 0 if not change.below_after else len(others) if above is None else above + 1
    return (*others[:place], cell_of(change.after, change.cell_id), *others[place:])
