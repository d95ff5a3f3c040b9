"""The cells that a page posts; sources that it leaves out of a very large notebook are read from the file."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.kernel_state import Cell

if TYPE_CHECKING:
    from jupyter_agent.core.protocols import Notebook
    from jupyter_agent.server.wire.turns import PostedCell

_LEFT_OUT = (
    "Of this large notebook {number} cells are not known: save it, so that the agent can read them from the file."
)


async def posted_cells(
    posted: Sequence[PostedCell] | None, stored: Notebook | None, warnings: list[str]
) -> tuple[Cell, ...] | None:
    """Cells as the page has them, or as they are stored where it did not send them; None where it sent none.

    Args:
        posted: As the page sent them.
        stored: The notebook as it is saved, if it is.
        warnings: Gets a text for the user if cells are missing.
    """
    if posted is None:
        return None
    saved: dict[str, Cell] = {}
    if stored is not None and any(cell.saved for cell in posted):
        with suppress(NotFound):
            saved = {cell.id: cell for cell in await stored.cells()}
    cells = [saved.get(cell.id) if cell.saved else _cell(cell) for cell in posted]
    if missing := cells.count(None):
        warnings.append(_LEFT_OUT.format(number=missing))
    return tuple(cell for cell in cells if cell is not None)


def _cell(posted: PostedCell) -> Cell:
    return Cell(
        id=posted.id,
        kind=posted.kind,
        source=posted.source or "",
        execution_count=posted.execution_count,
        output=posted.output or "",
        error=posted.error or "",
    )
