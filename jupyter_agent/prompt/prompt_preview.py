"""What a model would be told, for programs that measure it: the path of a turn, without a model and without a store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.notebooks.posted import PostedNotebook
from jupyter_agent.prompt import context, snapshot
from jupyter_agent.redaction.redactor import Redactor

_kernels: WeakKeyDictionary[Any, RemoteKernel] = WeakKeyDictionary()


async def build_context(kernel_client: Any, cells_before: Sequence[str], query: str, token_budget: int) -> str:
    """The context of a question, as a turn would build it from the live kernel.

    Args:
        kernel_client: A `jupyter_client` client of the kernel; its connection is copied, its channels are not used.
        cells_before: Sources of the code cells above, in their order; an ``output`` attribute, if a cell has one, is
            its text output, and ``markdown`` the text above it.
        query: The question.
        token_budget: Tokens of four characters each.
    """
    kernel = _kernel(kernel_client)
    notebook = PostedNotebook("", _cells(cells_before))
    seen = await snapshot.take(await snapshot.look(kernel, notebook), notebook)
    told = context.build(
        query,
        seen.state,
        seen.cells,
        age_seconds=seen.age_seconds,
        budget_tokens=token_budget,
        count=_quarters,
    )
    return Redactor(environ=os.environ).text(told.text)


def _quarters(text: str) -> int:
    return -(-len(text) // 4)


def _kernel(kernel_client: Any) -> RemoteKernel:
    """One kernel for each client, so that a second question gets only what changed."""
    from jupyter_client.asynchronous.client import AsyncKernelClient

    if kernel_client not in _kernels:
        copy = AsyncKernelClient()
        copy.load_connection_info(kernel_client.get_connection_info())
        _kernels[kernel_client] = RemoteKernel(copy, "")
    return _kernels[kernel_client]


def _cells(sources: Sequence[str]) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for number, source in enumerate(sources, 1):
        above = str(getattr(source, "markdown", ""))
        if above:
            cells.append(Cell(f"above-{number}", "markdown", above))
        output = str(getattr(source, "output", ""))
        cells.append(Cell(f"cell-{number}", "code", str(source), number, output))
    return tuple(cells)
