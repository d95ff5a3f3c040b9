"""Builds the context of a question from a live kernel, for programs that measure it; no model, no store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from jupyter_agent.core.kernel_state import Cell, KernelState
from jupyter_agent.core.question import Question
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.transport import ZmqTransport
from jupyter_agent.notebooks.posted import PostedNotebook
from jupyter_agent.prompt import context, snapshot
from jupyter_agent.redaction.redactor import Redactor

#: Clients → what was known of their kernels at the last call.
_known: WeakKeyDictionary[Any, KernelState] = WeakKeyDictionary()


async def build_context(kernel_client: Any, cells_before: Sequence[str], query: str, token_budget: int) -> str:
    """The context of a question, as a turn would build it from the live kernel.

    Args:
        kernel_client: A `jupyter_client` client of the kernel; its connection is copied, its channels are not used.
        cells_before: Sources of the code cells above, in their order; an ``output`` attribute, if a cell has one, is
            its text output, and ``markdown`` the text above it.
        query: The question.
        token_budget: Tokens of four characters each.
    """
    from jupyter_client.asynchronous.client import AsyncKernelClient

    client = AsyncKernelClient()
    client.load_connection_info(kernel_client.get_connection_info())
    kernel = RemoteKernel(ZmqTransport(client), "", known=_known.get(kernel_client))
    notebook = PostedNotebook("", _cells(cells_before))
    try:
        view = await snapshot.read_kernel_and_cells(kernel, notebook)
    finally:
        await kernel.close()  # its connection belongs to this event loop, which may be closed next
    if view[0] is not None:
        _known[kernel_client] = view[0]
    turn = await snapshot.build(Question("", "", kernel=kernel, notebook=notebook), view)
    built = context.build(
        query,
        turn.state,
        turn.cells,
        age_seconds=turn.age_seconds,
        budget_tokens=token_budget,
        count=lambda text: -(-len(text) // 4),
    )
    return Redactor(environ=os.environ).text(built.text)


def _cells(sources: Sequence[str]) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for number, source in enumerate(sources, 1):
        if above := str(getattr(source, "markdown", "")):
            cells.append(Cell(f"above-{number}", "markdown", above))
        output = str(getattr(source, "output", ""))
        cells.append(Cell(f"cell-{number}", "code", str(source), number, output))
    return tuple(cells)
