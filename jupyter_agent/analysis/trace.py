"""Runs of cells under abstract interpretation: what was executed, and what a run from top to bottom would do."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from jupyter_agent.analysis.cells.names import CellNames, is_history, readable_names
from jupyter_agent.analysis.interpreter import AbstractInterpreter
from jupyter_agent.analysis.provenance import AbstractValue, Key, Node, Values, is_shared_name, outlives_reset
from jupyter_agent.core.kernel_state import Cell, Execution

_NO_NAMES: frozenset[str] = frozenset()
#: Magics that bind no names but those that the source shows.
_NARROW_MAGICS = frozenset({"matplotlib", "time", "timeit", "?", "autoreload", "config", "load_ext"})


class AnalysisCancelled(Exception):
    """Nobody waits for this analysis any more."""


class CellInterpreter:
    """Interprets the cells of one notebook; a cell that finds what it found before is not interpreted again.

    An interpreter serves one analysis in one thread; the next analysis of the notebook gets it as `earlier`, whether or
    not this one came to its end.

    Args:
        earlier: The interpreter of an earlier analysis of the notebook.
        cancelled: Once it is set, the analysis ends at its next cell.

    Attributes:
        interpreted: How many cells this analysis had to interpret.
    """

    def __init__(self, earlier: CellInterpreter | None = None, cancelled: threading.Event | None = None) -> None:
        self.interpreted = 0
        self._cancelled = cancelled or threading.Event()
        self._earlier: dict[Key, _Interpreted] = {**earlier._earlier, **earlier._nodes} if earlier is not None else {}
        self._nodes: dict[Key, _Interpreted] = {}

    def checkpoint(self) -> None:
        """Let the analysis be cancelled here.

        Raises:
            AnalysisCancelled: it was.
        """
        if self._cancelled.is_set():
            raise AnalysisCancelled

    def finish(self) -> None:
        """Forget what this analysis did not need: cells that were deleted or edited since the earlier one."""
        self._earlier = {}

    def interpret(
        self, names: CellNames, before: Values, *, key: Key, count: int, observed: frozenset[str] = _NO_NAMES
    ) -> Node:
        """What a cell takes and writes.

        Args:
            names: The analysis of its source.
            before: Every name's value before the cell.
            key: The node's key.
            count: Its execution count.
            observed: Names that running this source was observed to bind or change though it does not show it.

        Raises:
            AnalysisCancelled: nobody waits for the result any more.
        """
        self.checkpoint()
        known = self._nodes.get(key) or self._earlier.get(key)
        if known is None or not known.holds(names, before, count, observed):
            self.interpreted += 1
            node = AbstractInterpreter(before, key, count).interpret(names, sorted(observed))
            known = _Interpreted(node, count, observed)
        elif known.count != count:  # the output is kept under another name
            writes = known.node.writes
            if f"_{known.count}" in writes:
                renamed = {f"_{known.count}": f"_{count}"}
                writes = {renamed.get(name, name): value for name, value in writes.items()}
            known = _Interpreted(replace(known.node, writes=writes), count, observed)
        self._nodes[key] = known
        return known.node


@dataclass(frozen=True, slots=True)
class _Interpreted:
    """A cell's node and what else it depends on besides its inputs."""

    node: Node
    count: int
    observed: frozenset[str]

    def holds(self, names: CellNames, before: Values, count: int, observed: frozenset[str]) -> bool:
        """Whether interpreting the cell now would give the same node, but for the name under which its output is kept."""
        node = self.node
        if node.digest != names.digest or self.observed != observed:
            return False
        for name, value in node.inputs.items():
            now = before.get(name)
            if now is not value and now != value:
                return False
        for name, identity in node.unlinked.items():
            now = before.get(name)
            if (now.identity if now is not None else 0) != identity:
                return False
        return self.count == count or not (
            any(map(is_history, (*names.reads, *node.inputs, *names.defines, *names.deletes)))
            or any(use.kind == "history" for use in node.external_uses)
        )


@dataclass(frozen=True, slots=True)
class ExecutionTrace:
    """What was executed, in the order of time.

    Attributes:
        executed: The executions; `started` is 0 where nothing but the count is known.
        nodes: What each took and wrote; a node's key is its index.
        values: Every name's value now.
        binders: Name → index of the execution that bound it last.
        of_cell: Cell → indexes of all its executions, oldest first.
        observed: Digest of a source → names that running it was observed to bind though it does not show it.
    """

    executed: tuple[Execution, ...]
    nodes: tuple[Node, ...]
    values: Values
    binders: Mapping[str, int]
    of_cell: Mapping[str, Sequence[int]]
    observed: Mapping[int, frozenset[str]]

    @classmethod
    def of(cls, executed: Iterable[Execution], interpreter: CellInterpreter) -> ExecutionTrace:
        """Interpret executions, oldest first; raises `AnalysisCancelled`."""
        executed = tuple(executed)
        nodes: list[Node] = []
        values: dict[str, AbstractValue | None] = {}
        binders: dict[str, int] = {}
        of_cell: dict[str, list[int]] = {}
        observed: dict[int, frozenset[str]] = {}
        for index, execution in enumerate(executed):
            names = readable_names(execution.source)
            unexplained = _unexplained_names(names, execution)
            if unexplained:
                observed[names.digest] = observed.get(names.digest, _NO_NAMES) | unexplained
            node = interpreter.interpret(
                names, values, key=index, count=execution.count, observed=observed.get(names.digest, _NO_NAMES)
            )
            if execution.status == "error":
                node = _up_to_failure(node, {*execution.bound, *execution.mutated})
            nodes.append(node)
            values = values_after(names, node, values)
            binders.update(dict.fromkeys(node.bound, index))
            if execution.cell_id is not None:
                of_cell.setdefault(execution.cell_id, []).append(index)
        return cls(executed, tuple(nodes), values, binders, of_cell, observed)


@dataclass(frozen=True, slots=True)
class TopDownRun:
    """What a run of all code cells from top to bottom would do.

    Attributes:
        nodes: Cell → what it would take and write, in the notebook's order; a node's key is its cell's id.
        values: Every name's value at the end.
    """

    nodes: Mapping[str, Node]
    values: Values

    @classmethod
    def of(
        cls, code_cells: Iterable[Cell], observed: Mapping[int, frozenset[str]], interpreter: CellInterpreter
    ) -> TopDownRun:
        """Interpret code cells from top to bottom; `observed` as in `ExecutionTrace`; raises `AnalysisCancelled`."""
        nodes: dict[str, Node] = {}
        values: dict[str, AbstractValue | None] = {}
        for count, cell in enumerate(code_cells, 1):
            names = readable_names(cell.source)
            nodes[cell.id] = interpreter.interpret(
                names, values, key=cell.id, count=count, observed=observed.get(names.digest, _NO_NAMES)
            )
            values = values_after(names, nodes[cell.id], values)
        return cls(nodes, values)


def values_after(
    names: CellNames, node: Node, values: dict[str, AbstractValue | None]
) -> dict[str, AbstractValue | None]:
    """Every name's value after a cell; `values`, those before it, may be changed in place."""
    if names.resets_namespace:
        values = {name: value for name, value in values.items() if outlives_reset(name)}
    values.update(node.writes)
    return values


def _unexplained_names(names: CellNames, execution: Execution) -> frozenset[str]:
    """Names that the execution was observed to bind or change, and that its source does not show.

    Only sources that may do such a thing are taken to have done it: a tracker that was asked late can be wrong about
    which of several executions it was.
    """
    if not execution.bound and not execution.mutated:
        return _NO_NAMES
    magics = set(names.magics) - _NARROW_MAGICS
    wild = bool(names.problem or magics) or any(statement.wildcard for statement in names.statements)
    found = {name for name in execution.bound if wild and name not in names.reads}
    found |= {name for name in execution.mutated if name in names.may_mutate or (wild and name not in names.reads)}
    return frozenset(found - names.defines - names.mutates)


def _up_to_failure(node: Node, reached: Set[str]) -> Node:
    """The node of a failed execution without the names that it was not observed to reach."""
    writes = {
        name: value
        for name, value in node.writes.items()
        if name in reached or is_shared_name(name) or (value is not None and name not in node.bound)
    }
    return replace(node, writes=writes, bound=node.bound & reached, output=None)
