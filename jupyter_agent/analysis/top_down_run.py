"""The cells from top to bottom, run on numbers: worked out when asked for, and after an edit only where it bears."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import dropwhile
from types import MappingProxyType
from typing import NamedTuple

from jupyter_agent.analysis.cells.names import CellNames, readable_names
from jupyter_agent.analysis.interpreter import interpret
from jupyter_agent.analysis.provenance import DISPLAY_STATE, AbstractValue, Node, outlives_reset

_NOTHING: Mapping[str, AbstractValue | None] = MappingProxyType({})
Same = Callable[[AbstractValue | None, AbstractValue | None], bool]


@dataclass(frozen=True)
class Walked:
    """Cells from top to bottom, having been run on numbers.

    Attributes:
        cells: Each code cell's id and source.
        nodes: Cell → what it takes and leaves, in the notebook's order.
        values: Every name's value at the end.
        evaluated: How many cells had to be looked at anew.
        counted: Whether each node has its output under the number of its cell's place.
    """

    cells: tuple[tuple[str, str], ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[str, AbstractValue | None] = field(default_factory=lambda: _NOTHING)
    evaluated: int = 0
    counted: bool = True

    @cached_property
    def writing(self) -> Mapping[str, int]:
        """Name → the places of the cells that write it, as bits."""
        return self._places(lambda node: node.writes)

    @cached_property
    def concerned(self) -> Mapping[str, int]:
        """Name → the places of the cells that take or write it, as bits."""
        taking = self._places(lambda node: node.inputs)
        return {**taking, **{name: places | taking.get(name, 0) for name, places in self.writing.items()}}

    def _places(self, names_of: Callable[[Node], Iterable[str]]) -> dict[str, int]:
        places: dict[str, int] = {}
        for place, (cell_id, _) in enumerate(self.cells):
            for name in names_of(self.nodes[cell_id]):
                places[name] = places.get(name, 0) | 1 << place
        return places


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
    def values(self) -> Mapping[str, AbstractValue | None]:
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
        nodes = self._sketched.nodes
        below = dropwhile(lambda key: key != cell_id, nodes)
        for key in below:
            node = nodes[key]
            reaches = key == cell_id or not touched.isdisjoint(node.inputs)
            if key in self._wiping:
                touched = set(filter(outlives_reset, touched))
                made = set(filter(outlives_reset, made))
            if reaches:
                reached.add(key)
                _follow(node, touched, made)
            else:
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
        counted = self._counts_as_before()
        afresh = not counted and any(readable_names(source).reads_history for _, source in self.cells)
        old = Walked() if afresh else self.known
        walk = _Walk(self, old, same)
        for stretch in _kept(old.cells, self.cells):
            walk.up_to(stretch)
        return replace(walk.end(), counted=counted or not old.nodes)

    def _counts_as_before(self) -> bool:
        """Whether cells have the execution counts that they had in the earlier run."""
        old, new = self.known.cells, self.cells
        return (
            self.known.counted
            and len(old) == len(new)
            and all(one is other or one[0] == other[0] for one, other in zip(old, new, strict=True))
        )

    @cached_property
    def _wiping(self) -> frozenset[str]:
        """Cells that empty the namespace."""
        return frozenset(
            one for one, source in self.cells if "reset" in source and readable_names(source).resets_namespace
        )


class _Stretch(NamedTuple):
    """Cells that follow each other in an earlier run as in this one; places are counted from the top."""

    place: int
    before: int
    cells: int


class _Walk:
    """Cells being run on numbers, one after the other; what cannot be otherwise than in the earlier run is passed over.

    Attributes:
        changed: Names whose value here is another than it was here in the earlier run.
        ever: Names of which that was so anywhere.
        fresh: Cells that were looked at anew, or that stand elsewhere.
        evaluated: How many were looked at anew.
    """

    def __init__(self, order: Order, old: Walked, same: Same) -> None:
        self._order = order
        self._old = old
        self._same = same
        self._writing = old.writing
        self._place = self._before = 0  # how many cells of this run, and of the earlier one, are above
        self._kept = 0  # those of the earlier run that were taken over, as bits
        self._written: dict[
            str, tuple[int, AbstractValue | None]
        ] = {}  # by fresh cells, and how far the earlier run was then
        self.changed: set[str] = set()
        self.ever: set[str] = set()
        self.fresh: dict[str, Node] = {}
        self.evaluated = 0

    def up_to(self, stretch: _Stretch) -> None:
        """Drop the cells that were above a stretch, run those that are, and go through it."""
        for cell_id, _ in self._old.cells[self._before : stretch.before]:
            self.changed.update(self._old.nodes[cell_id].writes)
        self._before = stretch.before
        for cell_id, source in self._order.cells[self._place : stretch.place]:
            self._run(cell_id, source)
        self._settle(self.changed)
        self._through(stretch.before + stretch.cells)

    def end(self) -> Walked:
        """All of it."""
        old, cells = self._old, self._order.cells
        if not self._kept:
            return Walked(cells, self.fresh, {name: one for name, (_, one) in self._written.items()}, self.evaluated)
        nodes = {cell_id: self.fresh.get(cell_id) or old.nodes[cell_id] for cell_id, _ in cells}
        values = (
            {name: value for name, value in old.values.items() if name not in self.ever} if self.ever else old.values
        )
        known = {one for one in self.ever if one in self._written or self._writing.get(one, 0) & self._kept}
        return Walked(cells, nodes, {**values, **{one: self.value(one) for one in known}}, self.evaluated)

    def _through(self, end: int) -> None:
        """Go on to a place of the earlier run, looking at cells only that what changed concerns."""
        while self._before < end:
            concerned = 0
            for name in self.changed:
                concerned |= self._old.concerned.get(name, 0)
            concerned >>= self._before
            steps = min((concerned & -concerned).bit_length() - 1 if concerned else end, end - self._before)
            self._take_over(steps)
            if self._before < end:
                self._look(*self._order.cells[self._place])

    def _take_over(self, cells: int) -> None:
        self._kept |= ((1 << cells) - 1) << self._before
        self._before += cells
        self._place += cells

    def _look(self, cell_id: str, source: str) -> None:
        """Run a cell anew if it finds something else than it found."""
        node = self._old.nodes[cell_id]
        if self._finds_the_same(node, self.changed.intersection(node.inputs)):
            self.changed.difference_update(node.writes)
            self._take_over(1)
            return
        self._before += 1
        fresh = self._evaluated(cell_id, readable_names(source))
        self._take(fresh)
        for name in {**node.writes, **fresh.writes}:
            self._compare(
                name,
                fresh.writes[name] if name in fresh.writes else self.value(name),
                node.writes[name] if name in node.writes else self._was(name),
            )

    def _run(self, cell_id: str, source: str) -> None:
        """Run a cell that is not where it was, or not what it was, or finds something else."""
        old, names = self._old.nodes.get(cell_id), readable_names(source)
        kept = old if old is not None and old.digest == names.digest and self._finds_the_same(old, old.inputs) else None
        node = kept or self._evaluated(cell_id, names)
        if names.resets_namespace:
            self._written = {name: one for name, one in self._written.items() if outlives_reset(name)}
        self._take(node)
        self.changed.update(node.writes)

    def _evaluated(self, cell_id: str, names: CellNames) -> Node:
        self.evaluated += 1
        seen = sorted(self._order.seen.get(names.digest, ()))
        return interpret(names, self.value, key=cell_id, cell_id=cell_id, count=self._place + 1, observed=seen)

    def _take(self, node: Node) -> None:
        before = self._before
        for name, value in node.writes.items():
            self._written[name] = (before, value)
        self.fresh[str(node.key)] = node
        self._place += 1

    def _settle(self, names: Iterable[str]) -> None:
        """See which names have here what they had here in the earlier run."""
        if self._old.cells:
            for name in tuple(names):
                self._compare(name, self.value(name), self._was(name))

    def _compare(self, name: str, now: AbstractValue | None, then: AbstractValue | None) -> None:
        self.ever.add(name)
        if now is then or self._same(now, then):
            self.changed.discard(name)
        else:
            self.changed.add(name)

    def _finds_the_same(self, node: Node, names: Iterable[str]) -> bool:
        for name in names:
            now, then = self.value(name), node.inputs[name]
            if now is not then and not self._same(now, then):
                return False
        return True

    def value(self, name: str) -> AbstractValue | None:
        """What a name has here: what a fresh cell left it, or one that was taken over, whichever came later."""
        written = self._written.get(name)
        kept = self._writing.get(name, 0) & self._kept
        if written is not None and not kept >> written[0]:
            return written[1]
        return self._old.nodes[self._old.cells[kept.bit_length() - 1][0]].writes[name] if kept else None

    def _was(self, name: str) -> AbstractValue | None:
        """What a name had here in the earlier run."""
        last = (self._writing.get(name, 0) & ((1 << self._before) - 1)).bit_length() - 1
        return None if last < 0 else self._old.nodes[self._old.cells[last][0]].writes[name]


def _kept(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> list[_Stretch]:
    """What was taken over, from top to bottom; the last ends both runs. Nothing where a cell wipes what is there."""
    if any("reset" in source and readable_names(source).resets_namespace for _, source in (*old, *new)):
        return [_Stretch(len(new), len(old), 0)]
    top = _same_at_the_start(old, new)
    bottom = min(_same_at_the_start(old[::-1], new[::-1]), len(old) - top, len(new) - top)
    below = _Stretch(len(new) - bottom, len(old) - bottom, bottom)
    return [_Stretch(0, 0, top), *_moved(old[top : below.before], new[top : below.place], top), below]


def _moved(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]], top: int) -> list[_Stretch]:
    """The cells that one cell was moved over, down or up."""
    if len(old) == len(new) and old[1:] == new[:-1]:
        return [_Stretch(top, top + 1, len(new) - 1)]
    if len(old) == len(new) and old[:-1] == new[1:]:
        return [_Stretch(top + 1, top, len(new) - 1)]
    return []


def _same_at_the_start(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> int:
    shorter = min(len(old), len(new))
    return next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), shorter)


def _follow(node: Node, touched: set[str], made: set[str]) -> None:
    """A cell that builds on what changed: what it writes is touched, and made anew where it makes it itself."""
    key = node.key
    if node.changed_aliases:
        carried = {name for name, before in node.changed_aliases.items() if before in made}
        made.difference_update(node.changed_aliases)
        made |= carried
    for name, value in node.writes.items():
        if value is None:
            touched.discard(name)
            made.discard(name)
            continue
        if value.node == key and name not in DISPLAY_STATE:
            touched.add(name)
        if value.writer == key:
            made.add(name)


def _forget(node: Node, touched: set[str], made: set[str]) -> None:
    """A cell that does not build on what changed: it found nothing that is touched, so what it writes is not, either."""
    touched.difference_update(node.writes)
    made.difference_update(node.writes)


def _same(one: AbstractValue | None, other: AbstractValue | None) -> bool:
    return one == other


def _alike(one: AbstractValue | None, other: AbstractValue | None) -> bool:
    """Whether two values are the same sort of thing, whatever their numbers and whoever made them."""
    if one is None or other is None:
        return one is other
    return (
        one.module == other.module
        and one.created_by == other.created_by
        and one.function == other.function
        and one.taint == other.taint
        and one.exhaustible == other.exhaustible
        and one.identity == other.identity
        and one.aliases == other.aliases
        and one.shares == other.shares
    )
