"""The input history of a shell that serves no notebook, as a notebook: each input is a cell."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_agent.core.errors import Forbidden, NotFound
from jupyter_agent.core.kernel_state import Cell, ExecutionResult
from jupyter_agent.core.messages import CellChange, CellEdit, Picture
from jupyter_agent.core.protocols import Kernel
from jupyter_agent.notebooks.sibling_files import file_names, modification_times, read_picture, read_text

MAX_CELLS = 200


class HistoryNotebook:
    """The newest `MAX_CELLS` inputs of an IPython shell, without those that only ask the assistant.

    Args:
        shell: The shell. Its values are not displayed: the outputs stay unknown.
    """

    path = ""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    async def cells(self) -> tuple[Cell, ...]:
        cells = [
            Cell(id=f"In[{number}]", kind="code", source=source, execution_count=number)
            for number, source in enumerate(self._shell.history_manager.input_hist_raw[1:], 1)
            if source.strip() and not source.lstrip().startswith(("%agent", "%%agent", "%load_ext jupyter_agent"))
        ]
        return tuple(cells[-MAX_CELLS:])

    async def output(self, cell_id: str) -> ExecutionResult:
        raise NotFound("Outputs are not kept here; the variables are known.")

    async def files(self) -> tuple[str, ...]:
        return await asyncio.to_thread(file_names, Path.cwd())

    async def read_file(self, name: str, limit: int) -> str:
        return await asyncio.to_thread(read_text, Path.cwd(), name, limit)

    async def read_picture(self, name: str) -> Picture:
        return await asyncio.to_thread(read_picture, Path.cwd(), name)

    async def changed_at(self, names: Collection[str]) -> Mapping[str, float]:
        return await asyncio.to_thread(modification_times, Path.cwd(), names)

    async def edit(self, edit: CellEdit, *, timeout: float, kernel: Kernel | None = None) -> CellChange:
        raise Forbidden("What was typed cannot be edited; give the code instead.")

    async def apply_changes(self, changes: Sequence[CellChange]) -> tuple[str, ...]:
        raise Forbidden("What was typed cannot be edited.")
