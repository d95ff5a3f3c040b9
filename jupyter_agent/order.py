"""The cells from top to bottom, run on numbers: worked out when asked for, and after an edit only where it bears."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from jupyter_agent.cell_names import readable_names
from jupyter_agent.evaluation import evaluate
from jupyter_agent.provenance import LOOKS, Node, Value

_NOTHING: Mapping[str, Value | None] = MappingProxyType({})
Same = Callable[[Value | None, Value | None], bool]


@dataclass(frozen=True, slots=True)
class Walked:
    """Cells from top to bottom, having been run on numbers.

    Attributes:
        cells: Each code cell's id and source.
        nodes: Cell → what it takes and leaves, in the notebook's order.
        values: Every name's value at the end.
        evaluated: How many cells had to be looked at anew.
    """

    cells: tuple[tuple[str, str], ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[str, Value | None] = field(default_factory=lambda: _NOTHING)
    evaluated: int = 0


@dataclass(frozen=True)
class Order:
    """A run of the cells from top to bottom, worked out when it is asked for; a node's key is its cell's id.

    Attributes:
        cells: Each code cell's id and source.
        seen: Digest of a source → names that running it was seen to bind though it does not show it.
        known: An earlier run; what finds what it found then is taken over.
    """

    cells: tuple[tuple[str, str], ...] = ()
    seen: Mapping[int, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    known: Walked = field(default_factory=Walked, repr=False, compare=False)

    def after(self, cells: Iterable[tuple[str, str]], seen: Mapping[int, frozenset[str]]) -> Order:
        """The run of other cells (id and source, from top to bottom); costs nothing until it is asked for."""
        known = self._walked if "_walked" in self.__dict__ else self.known
        if seen is not self.seen:
            nodes = {key: one for key, one in known.nodes.items() if seen.get(one.digest) == self.seen.get(one.digest)}
            known = Walked(nodes=nodes)
        return Order(tuple(cells), seen, known)

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Cell → what it would take and leave, in the notebook's order."""
        return self._walked.nodes

    @property
    def values(self) -> Mapping[str, Value | None]:
        """Every name's value at the end."""
        return self._walked.values

    @property
    def evaluated(self) -> int:
        """How many cells had to be looked at anew since the run that this one came from."""
        return self._walked.evaluated

    def reached_from(self, cell_id: str) -> tuple[set[str], set[str]]:
        """Cells that build on a cell, itself among them, and names that they or it make.

        Known soon after a change, because it does not follow what is only another number.
        """
        reached, touched, made = {cell_id}, set[str](), set[str]()
        for key, node in self._sketched.nodes.items():
            if key == cell_id or any(one in touched and one not in LOOKS for one in node.inputs):
                reached.add(key)
                _follow(node, touched, made)
            elif touched:
                _forget(node, touched, made)
        return reached, made

    @cached_property
    def _walked(self) -> Walked:
        return self._walk(_same)

    @cached_property
    def _sketched(self) -> Walked:
        """A run whose numbers may be old ones, and that is right in what builds on what."""
        return self._walked if "_walked" in self.__dict__ else self._walk(_alike)

    def _walk(self, same: Same) -> Walked:
        """Run the cells that are not as they were, and those below that find something else than they found."""
        old = self.known if not self._counts_otherwise() else Walked()
        top, bottom = _in_common(old.cells, self.cells)
        walk = _Walk(self, old.nodes, same, [old.nodes[cell_id] for cell_id, _ in self.cells[:top]])
        for cell_id, _ in old.cells[top : len(old.cells) - bottom]:
            walk.changed.update(old.nodes[cell_id].writes)
        for place in range(top, len(self.cells) - bottom):
            walk.step(place, in_step=False)
        for place in range(len(self.cells) - bottom, len(self.cells)):
            if not walk.changed:
                walk.nodes.update({cell_id: old.nodes[cell_id] for cell_id, _ in self.cells[place:]})
                return Walked(self.cells, walk.nodes, old.values, walk.evaluated)
            walk.step(place, in_step=True)
        return Walked(self.cells, walk.nodes, walk.values, walk.evaluated)

    def _counts_otherwise(self) -> bool:
        """Whether cells have other execution counts than in the earlier run, and one of them reads by these."""
        old, new = self.known.cells, self.cells
        if len(old) == len(new) and all(
            one is other or one[0] == other[0] for one, other in zip(old, new, strict=True)
        ):
            return False
        return any(readable_names(source).counts for _, source in new)


class _Walk:
    """Cells being run on numbers, one after the other.

    Attributes:
        values: Every name's value so far.
        changed: Names whose value may be another than the cells below found in the earlier run.
    """

    def __init__(self, order: Order, known: Mapping[str, Node], same: Same, above: Iterable[Node]) -> None:
        self._order = order
        self._known = known
        self._same = same
        self.nodes: dict[str, Node] = {}
        self.values: dict[str, Value | None] = {}
        self.changed: set[str] = set()
        self.evaluated = 0
        for node in above:
            self.nodes[str(node.key)] = node
            self.values.update(node.writes)

    def step(self, place: int, *, in_step: bool) -> None:
        """Run one cell; `in_step`: it and all below it stand as they stood in the earlier run."""
        cell_id, source = self._order.cells[place]
        old, names = self._known.get(cell_id), readable_names(source)
        node = old if old is not None and old.digest == names.digest and self._finds_the_same(old, in_step) else None
        if node is None:
            self.changed.update(old.writes if old is not None else ())
            seen = sorted(self._order.seen.get(names.digest, ()))
            node = evaluate(names, self.values.get, key=cell_id, cell_id=cell_id, count=place + 1, seen=seen)
            self.evaluated += 1
        if node is old and in_step:
            self.changed.difference_update(node.writes)
        else:
            self.changed.update(node.writes)
        if names.wipes:
            self.values.clear()
        self.values.update(node.writes)
        self.nodes[cell_id] = node

    def _finds_the_same(self, node: Node, in_step: bool) -> bool:
        if in_step and self.changed.isdisjoint(node.inputs):
            return True
        for name, value in node.inputs.items():
            now = self.values.get(name)
            if now is not value and not self._same(now, value):
                return False
        return True


def _in_common(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """How many cells at the top and at the bottom are the same; none where a cell wipes what is there."""
    if any("reset" in source and readable_names(source).wipes for _, source in (*old, *new)):
        return 0, 0
    top = next(
        (at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new))
    )
    pairs = zip(reversed(old[top:]), reversed(new[top:]), strict=False)
    bottom = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(old), len(new)) - top)
    return top, bottom


def _follow(node: Node, touched: set[str], made: set[str]) -> None:
    """A cell that builds on what changed: what it writes is touched, and made anew where it makes it itself."""
    made_before = set(made)
    for name, value in node.writes.items():
        if value is None:
            touched.discard(name)
            made.discard(name)
            continue
        if value.node == node.key:
            touched.add(name)
        if value.writer == node.key or _origin(node, name, value) in made_before:
            made.add(name)
        else:
            made.discard(name)


def _forget(node: Node, touched: set[str], made: set[str]) -> None:
    """A cell that does not build on what changed: what it writes is not touched any more."""
    if touched.isdisjoint(node.writes) and made.isdisjoint(node.writes):
        return
    made_before = set(made)
    for name, value in node.writes.items():
        if value is None or value.node == node.key:
            touched.discard(name)
        if value is None or value.writer == node.key or _origin(node, name, value) not in made_before:
            made.discard(name)


def _origin(node: Node, name: str, value: Value) -> str:
    """The name that had, before a cell, the object that a name has after it."""
    before = node.inputs.get(name)
    if before is not None and before.writer == value.writer:
        return name
    same = (one for one, found in node.inputs.items() if found is not None and found.writer == value.writer)
    return next((one for one in same if one in value.aliases), name)


def _same(one: Value | None, other: Value | None) -> bool:
    return one == other


def _alike(one: Value | None, other: Value | None) -> bool:
    """Whether two values are the same sort of thing, whatever their numbers and whoever made them."""
    if one is None or other is None:
        return one is other
    return (
        one.module == other.module
        and one.maker == other.maker
        and one.definition == other.definition
        and one.taint == other.taint
        and one.used_up == other.used_up
        and one.aliases == other.aliases
        and one.shares == other.shares
        and bool(one.done) == bool(other.done)
    )
