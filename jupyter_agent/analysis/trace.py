"""What was really executed, one run after the other: what each took and left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from jupyter_agent.analysis.cells.names import CellNames, readable_names
from jupyter_agent.analysis.interpreter import interpret
from jupyter_agent.analysis.provenance import AbstractValue, Node, is_shared_name, outlives_reset

_NOTHING: Mapping[str, AbstractValue | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Ran:
    """One execution, as far as it matters here.

    Attributes:
        cell_id: The cell; None for code that is in no cell of the notebook.
        source: What ran.
        count: The number in ``In [n]``.
        failed: Whether it raised.
        bound: Names that it was seen to bind.
        mutated: Names whose value it was seen to change in place.
        deleted: Names that it was seen to delete.
        started: Seconds since the epoch; 0 where that is not known.
        assumed: Whether it is known from the execution count only, with the source that the cell has now.
    """

    cell_id: str | None
    source: str
    count: int
    failed: bool = False
    bound: tuple[str, ...] = ()
    mutated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    started: float = 0.0
    assumed: bool = False

    @property
    def names(self) -> CellNames:
        """The analysis of what ran."""
        return readable_names(self.source)


@dataclass(frozen=True, slots=True)
class Trace:
    """What was executed, in the order of time; `after` is the next.

    Attributes:
        ran: The executions.
        nodes: What each took and left; a node's key is its index.
        values: Every name's value now.
        binders: Name → index of the execution that bound it last.
        last: Cell → index of its last execution.
        seen: Digest of a source → names that running it was seen to bind though it does not show it.
    """

    ran: tuple[Ran, ...] = ()
    nodes: tuple[Node, ...] = ()
    values: Mapping[str, AbstractValue | None] = field(default_factory=lambda: _NOTHING)
    binders: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    last: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    seen: Mapping[int, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))

    def after(self, ran: Ran) -> Trace:
        """The trace with one more execution."""
        index, names = len(self.nodes), ran.names
        seen = _unexplained(names, ran)
        all_seen = {**self.seen, names.digest: self.seen.get(names.digest, frozenset()) | seen} if seen else self.seen
        node = interpret(
            names,
            self.values.get,
            key=index,
            cell_id=ran.cell_id,
            count=ran.count,
            observed=sorted(all_seen.get(names.digest, ())),
        )
        node = _as_it_ended(node, ran)
        return replace(
            self,
            ran=(*self.ran, ran),
            nodes=(*self.nodes, node),
            values={**self._before(names), **node.writes},
            binders={**self.binders, **dict.fromkeys(node.bound, index)},
            last=self.last if ran.cell_id is None else {**self.last, ran.cell_id: index},
            seen=all_seen,
        )

    def _before(self, names: CellNames) -> Mapping[str, AbstractValue | None]:
        """The values that are left when a cell begins to leave its own."""
        if not names.resets_namespace:
            return self.values
        return {name: value for name, value in self.values.items() if outlives_reset(name)}


def _unexplained(names: CellNames, ran: Ran) -> frozenset[str]:
    """Names that the execution was seen to bind or change, and that its source does not show.

    Only sources that may do such a thing are believed to have: a tracker that was asked late can be wrong about which
    of several executions it was.
    """
    if not ran.bound and not ran.mutated:
        return frozenset()
    wild = bool(names.problem) or any(step.wildcard for step in names.statements) or names.has_magics
    seen = {name for name in ran.bound if wild and name not in names.reads}
    seen |= {name for name in ran.mutated if name in names.may_mutate or (wild and name not in names.reads)}
    return frozenset(seen - names.defines - names.mutates)


def _as_it_ended(node: Node, ran: Ran) -> Node:
    """The node of a failed execution without what it did not come to, of any without what was seen to be deleted."""
    if not ran.failed:
        return node
    reached = {*ran.bound, *ran.mutated}
    writes = {
        name: value
        for name, value in node.writes.items()
        if name in reached or is_shared_name(name) or (value is not None and name not in node.bound)
    }
    return replace(node, writes=writes, bound=node.bound & reached, output=None)
