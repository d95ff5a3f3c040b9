"""The cells that a page posts; of a very large notebook it leaves out sources, which are taken as they were saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.kernel_state import Cell

if TYPE_CHECKING:
    from jupyter_agent.core.protocols import Notebook

_LEFT_OUT = (
    "Of this large notebook {number} cells are not known: save it, so that the agent can read them from the file."
)


async def posted_cells(
    posted: Sequence[Mapping[str, Any]] | None, stored: Notebook | None, warnings: list[str]
) -> tuple[Cell, ...] | None:
    """Cells as the page has them, or as they are stored where it did not send them; None where it sent none.

    Args:
        posted: As the page sent them.
        stored: The notebook as it is saved, if it is.
        warnings: Gets what the user should know.
    """
    if posted is None:
        return None
    if not any(one.get("saved") for one in posted):
        return tuple(_cell(one) for one in posted)
    saved = await _by_id(stored)
    cells = [saved.get(one["id"]) if one.get("saved") else _cell(one) for one in posted]
    if missing := cells.count(None):
        warnings.append(_LEFT_OUT.format(number=missing))
    return tuple(one for one in cells if one is not None)


async def _by_id(stored: Notebook | None) -> dict[str, Cell]:
    try:
        return {} if stored is None else {one.id: one for one in await stored.cells()}
    except NotFound:
        return {}


def _cell(posted: Mapping[str, Any]) -> Cell:
    count = posted.get("execution_count")
    return Cell(
        id=posted["id"],
        kind=posted["kind"],
        source=posted.get("source") or "",
        execution_count=None if count is None else int(count),  # JSON's 5.0 is a whole number too
        output=posted.get("output") or "",
        error=posted.get("error") or "",
    )
