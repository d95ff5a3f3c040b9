"""What stored notebooks have in common: each edit is compared before it is swapped, and cells run without a page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar

from jupyter_agent.core.errors import AgentError, NotFound
from jupyter_agent.core.kernel_state import ExecutionResult
from jupyter_agent.core.messages import CellChange, CellEdit
from jupyter_agent.core.protocols import Kernel
from jupyter_agent.notebooks import editing
from jupyter_agent.notebooks.cells import NO_CELL, find_cell, output_of
from jupyter_agent.notebooks.document import Document

_Result = TypeVar("_Result")


class StoredNotebook(ABC):
    """A notebook whose JSON text is read and written as a whole."""

    @abstractmethod
    async def _read(self) -> Document:
        """The notebook as it is stored now."""

    @abstractmethod
    async def _update(self, change: Callable[[Document], _Result]) -> _Result:
        """Read, change, and write, unless another program wrote the notebook in between."""

    async def language(self) -> str:
        """The language of its code cells, in lower case; empty where it does not say, or cannot be read."""
        try:
            return (await self._read()).language
        except AgentError:
            return ""

    async def output(self, cell_id: str) -> ExecutionResult:
        nodes = (await self._read()).cells
        index = find_cell(nodes, cell_id)
        if index is None:
            raise NotFound(NO_CELL)
        return output_of(nodes[index])

    async def edit(self, edit: CellEdit, *, timeout: float, kernel: Kernel | None = None) -> CellChange:
        run: tuple[editing.Outputs, int | None] = ((), None)
        if edit.kind == "run":
            run = await editing.run_cell((await self._read()).cells, edit, kernel, timeout)
        return await self._update(
            lambda document: editing.apply_edit(document.cells, edit, has_ids=document.has_ids, run=run)
        )

    async def apply_changes(self, changes: Sequence[CellChange]) -> tuple[str, ...]:
        return await self._update(lambda document: editing.apply_changes(document.cells, changes))
