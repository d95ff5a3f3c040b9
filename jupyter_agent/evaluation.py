"""Runs one cell on numbers instead of values: what it would read, leave behind and show."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_agent.cell_names import CellNames
from jupyter_agent.provenance import Key, Node
from jupyter_agent.step_inputs import CellRun, Lookup
from jupyter_agent.step_outputs import StepRun


def evaluate(
    names: CellNames,
    lookup: Lookup,
    *,
    key: Key,
    cell_id: str | None,
    count: int,
    seen: Iterable[str] = (),
) -> Node:
    """Run a cell on numbers.

    Args:
        names: The cell's analysis.
        lookup: The value of a name before the cell.
        key: The node's key.
        cell_id: The cell.
        count: Its execution count, for ``_3`` and ``Out[3]``.
        seen: Names that running this source was seen to bind or change, whether or not the source shows it.
    """
    run = CellRun(lookup, key, count)
    for step in names.steps:
        StepRun(run, step).run()
    run.take_seen(names, seen)
    return Node(
        key,
        cell_id,
        names.digest,
        run.inputs,
        run.values,
        tuple(dict.fromkeys(run.missing)),
        hash(tuple(run.shown)) if run.shown else None,
        run.shown_taint,
        tuple(dict.fromkeys(run.uses)),
        frozenset(run.used),
        frozenset(run.grown),
        frozenset(run.bound),
    )
