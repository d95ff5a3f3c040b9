"""Cells and executions → what depends on what: slices, what a change makes stale, what to run to be fresh again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from jupyter_agent.analysis.cells.names import readable_names
from jupyter_agent.analysis.provenance import DISPLAY_STATE, RANDOM, TIME, AbstractValue, Key, Node, is_shared_name
from jupyter_agent.analysis.top_down_run import Order
from jupyter_agent.analysis.trace import Ran, Trace
from jupyter_agent.core.kernel_state import Cell, Execution, KernelState


@dataclass(frozen=True, slots=True)
class Slice:
    """What makes a variable what it is.

    Attributes:
        name: The variable.
        sources: What ran, in order, that has to run again to make it anew.
        cells: The cells of these executions; those that are in no cell left out.
        complete: Whether all of it is known.
    """

    name: str
    sources: tuple[str, ...]
    cells: tuple[str, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Affected:
    """What a change to a cell makes stale: cells in the notebook's order, and variables."""

    cells: tuple[str, ...]
    variables: tuple[str, ...]


@dataclass(frozen=True)
class Dataflow:
    """A notebook's dependences, as it was executed and as it stands; `after` is the next.

    Attributes:
        cells: All cells, in order.
        trace: What was executed.
        order: The code cells from top to bottom.
        unknown: What is not known of the executions, in words; empty when all is.
        live: Names that the kernel has now; None where it was not asked.
    """

    cells: tuple[Cell, ...] = ()
    trace: Trace = field(default_factory=Trace)
    order: Order = field(default_factory=Order)
    unknown: tuple[str, ...] = ()
    live: frozenset[str] | None = None

    @classmethod
    def of(cls, cells: Sequence[Cell], state: KernelState | None = None) -> Dataflow:
        """Build from a notebook's cells and what is known of its kernel."""
        cells = tuple(cells)
        runs, unknown = executed(cells, state)
        trace = Trace()
        for ran in runs:
            trace = trace.after(ran)
        live = frozenset(state.variables) if state is not None and state.variables else None
        if state is not None and live is not None and state.total > len(live):
            live = None
        return cls(cells, trace, Order().after(_sources(cells), trace.seen), unknown, live)

    def after(self, change: Cell | Execution) -> Dataflow:
        """The dataflow with one cell as it is now (a new one comes last), or with one more execution."""
        if isinstance(change, Cell):
            known = self.cell(change.id) is not None
            cells = tuple(change if one.id == change.id else one for one in self.cells)
            return self.with_cells(cells if known else (*cells, change))
        trace = self.trace.after(_ran(change, {one.id: one for one in self.cells}))
        order = self.order
        if trace.seen is not self.trace.seen:
            order = order.after(order.cells, trace.seen)
        return replace(self, trace=trace, order=order, live=None)

    def with_cells(self, cells: Sequence[Cell]) -> Dataflow:
        """The dataflow with other cells: edited, moved, added, or deleted."""
        return replace(self, cells=tuple(cells), order=self.order.after(_sources(cells), self.trace.seen))

    # --- looking -------------------------------------------------------------------------------------------------

    @property
    def code(self) -> tuple[Cell, ...]:
        """The code cells, in order."""
        return tuple(one for one in self.cells if one.kind == "code")

    def last_run(self, cell_id: str) -> Node | None:
        """What the cell's last execution took and left."""
        index = self.trace.last.get(cell_id)
        return None if index is None else self.trace.nodes[index]

    def is_edited(self, cell_id: str) -> bool:
        """Whether the cell says something else than what ran last in it."""
        ran, stands = self.last_run(cell_id), self.cell(cell_id)
        return ran is not None and stands is not None and ran.digest != readable_names(stands.source).digest

    def cell(self, cell_id: str) -> Cell | None:
        """The cell of that id."""
        return self._by_id.get(cell_id)

    @cached_property
    def runs_of(self) -> Mapping[str, Sequence[int]]:
        """Cell → all its executions, oldest first."""
        runs: dict[str, list[int]] = {}
        for index, ran in enumerate(self.trace.ran):
            if ran.cell_id is not None:
                runs.setdefault(ran.cell_id, []).append(index)
        return runs

    @cached_property
    def files_read(self) -> tuple[str, ...]:
        """Files that cells read, as written, where they are written out; none where the working folder changes."""
        uses = [use for node in self.order.nodes.values() for use in node.external_uses]
        moved = any(use.what == "os.chdir" for use in uses)
        if moved or any("cd" in readable_names(one.source).magics for one in self.code):
            return ()
        return tuple(dict.fromkeys(use.text for use in uses if use.kind == "read" and use.text))

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {one.id: place for place, one in enumerate(self.cells)}

    @cached_property
    def _by_id(self) -> Mapping[str, Cell]:
        return {one.id: one for one in self.cells}

    def slice_of(self, name: str) -> Slice | None:
        """What has to run to make a variable anew; None where there is no such variable.

        What was executed counts; for a name that nothing executed has bound, the cells as they stand.
        """
        value = self.trace.values.get(name)
        if value is not None:
            wanted = _closure(value.node, lambda key: self.trace.nodes[int(key)])
            runs = [self.trace.ran[key] for key in sorted(map(int, wanted))]
            cells = dict.fromkeys(one.cell_id for one in runs if one.cell_id is not None)
            return Slice(name, tuple(one.source for one in runs), tuple(cells), not self.unknown)
        value = self.order.values.get(name)
        if value is None:
            return None
        keys = _closure(value.node, lambda key: self.order.nodes[str(key)])
        cells_wanted = [one for one in self.code if one.id in keys]
        return Slice(name, tuple(one.source for one in cells_wanted), tuple(one.id for one in cells_wanted))

    def affected_by(self, cell_id: str) -> Affected:
        """What has to run anew when this cell changes, itself left out."""
        reached, made = self.order.reached_from(cell_id)
        cells = tuple(one.id for one in self.code if one.id in reached and one.id != cell_id)
        return Affected(cells, tuple(sorted(filter(is_variable, made))))

    def to_refresh(self) -> tuple[str, ...]:
        """The fewest cells that have to run, in order, until everything is as a run from top to bottom leaves it."""
        wanted = {one.id for one in self.code if self._needs_run(one.id)}
        while True:
            more = self._needed_beside(wanted)
            if not more:
                return tuple(one.id for one in self.code if one.id in wanted)
            wanted |= more

    def _needs_run(self, cell_id: str) -> bool:
        """Whether the cell's last execution is not what a run from top to bottom would do."""
        ran, stands = self.last_run(cell_id), self.order.nodes[cell_id]
        if not readable_names(self._by_id[cell_id].source).statements:
            return False
        if ran is None or ran.digest != stands.digest or self.trace.ran[self.trace.last[cell_id]].failed:
            return True
        return any(True for _ in other_inputs(ran, stands))

    def _needed_beside(self, wanted: set[str]) -> set[str]:
        """Cells that must run, too, so that those that run find their inputs, and the end is as it should be."""
        trace, more = self.trace, set[str]()
        written: dict[str, str] = {}
        for cell in self.code:
            node = self.order.nodes[cell.id]
            if cell.id in wanted:
                inputs = {
                    name: value
                    for name, value in node.inputs.items()
                    if name in node.used_names or (value is None and name in written)
                }
                more |= self._makers_of_others(inputs, trace, wanted, written)
                for name, value in inputs.items():
                    others = _other_names(trace.values.get(name), value)
                    more.update(written[one] for one in others if one in written)
                trace = trace.after(Ran(cell.id, cell.source, len(trace.ran) + 1))
            written.update(dict.fromkeys(node.writes, cell.id))
        return (more | self._makers_of_others(self.order.values, trace, wanted, written)) - wanted

    def _makers_of_others(
        self, should: Mapping[str, AbstractValue | None], trace: Trace, wanted: set[str], written: Mapping[str, str]
    ) -> set[str]:
        """Cells that make what is not as it should be, or delete what should not be there."""
        more: set[str] = set()
        for name, value in should.items():
            if not is_variable(name) or same_value(trace.values.get(name), value):
                continue
            if name in written and (value is None or self._is_given_below(name, value, written[name])):
                more.add(written[name])
            while value is not None and str(value.writer) in wanted:
                value = self.order.nodes[str(value.writer)].inputs.get(name)  # noqa: PLW2901 - what it was made from
            if value is not None:
                more.add(str(value.writer))
        return more

    def _is_given_below(self, name: str, value: AbstractValue, cell_id: str) -> bool:
        """Whether a cell gives a name to what a cell above it has made."""
        places = self._places
        made = places.get(str(value.writer), 0)
        return name in self.order.nodes[cell_id].bound and made < places[cell_id]


def _other_names(now: AbstractValue | None, should: AbstractValue | None) -> frozenset[str]:
    """Names under which an object is known and should not be, or should be and is not: who changes it changes those, too."""
    if now is None or should is None or now.aliases == should.aliases:
        return frozenset()
    return now.aliases | should.aliases


def executed(cells: Sequence[Cell], state: KernelState | None) -> tuple[tuple[Ran, ...], tuple[str, ...]]:
    """What ran, oldest first, and what is not known of it, in words.

    Executions that the kernel told come first hand; cells that have an execution count from before them are taken to
    have run in the order of these counts with the source that they have now.
    """
    told = state.executions if state is not None else ()
    by_id = {one.id: one for one in cells}
    runs = [_ran(one, by_id) for one in told if one.status != "running"]
    first = min((one.count for one in runs), default=None)
    known = {(one.cell_id, one.count) for one in runs}
    counted = [
        one
        for one in cells
        if one.kind == "code"
        and one.execution_count
        and (one.id, one.execution_count) not in known
        and (first is None or one.execution_count < first)
        and not (state is not None and state.epoch and first == 1)
    ]
    counted.sort(key=lambda one: one.execution_count or 0)
    assumed = _with_gaps_filled([_assumed(one) for one in counted], runs, cells)
    return (*assumed, *runs), tuple(_unknown(assumed, runs, state))


def _with_gaps_filled(assumed: Sequence[Ran], runs: Sequence[Ran], cells: Sequence[Cell]) -> list[Ran]:
    """A cell that ran again since has left a gap among the counts where it stands: it is taken to have run there, too."""
    code = [one for one in cells if one.kind == "code" and one.source.strip()]
    at = {one.count: one for one in assumed}
    told = {one.count for one in runs}
    last = {one.cell_id: one.count for one in (*assumed, *runs)}
    place = {one.id: number for number, one in enumerate(code)}
    for count in range(1, min(told, default=max(at, default=0) + 1)):
        before = at.get(count - 1)
        follows = (
            place.get(str(before.cell_id), len(code)) + 1 if before is not None else 0 if count == 1 else len(code)
        )
        if count not in at and follows < len(code) and last.get(code[follows].id, 0) > count:
            at[count] = replace(_assumed(code[follows]), count=count, failed=False)
    return [at[count] for count in sorted(at)]


def is_variable(name: str) -> bool:
    """Whether a name is one that a user would call a variable."""
    return not is_shared_name(name) and not name.startswith("_")


def same_value(one: AbstractValue | None, other: AbstractValue | None) -> bool:
    """Whether two values were made by the same code from the same inputs."""
    if one is None or other is None:
        return one is other
    return one.number == other.number


def other_inputs(ran: Node, stands: Node) -> Iterator[str]:
    """Variables that a cell would find otherwise than it found them."""
    for name, value in stands.inputs.items():
        if name in stands.used_names and is_variable(name) and not same_value(ran.inputs.get(name), value):
            yield name


def changes_each_time(value: AbstractValue | None) -> bool:
    """Whether a value is another each time it is made."""
    return value is not None and bool(value.taint & (RANDOM | TIME))


def _assumed(cell: Cell) -> Ran:
    return Ran(cell.id, cell.source, cell.execution_count or 0, failed=bool(cell.error), assumed=True)


def _unknown(assumed: Sequence[Ran], runs: Sequence[Ran], state: KernelState | None) -> Iterable[str]:
    if assumed:
        who = "the kernel was met late" if runs or (state is not None and state.epoch) else "there is no kernel to ask"
        yield (
            f"Of {len(assumed)} executions only the counts are known ({who}): these cells are taken to have run as they "
            "stand, in the order of their counts."
        )
    counts = {one.count for one in (*assumed, *runs)}
    gaps = [one for one in range(1, max(counts, default=0)) if one not in counts]
    if gaps:
        shown = ", ".join(map(str, gaps[:8])) + (" …" if len(gaps) > 8 else "")
        yield f"Nothing is known of In [{shown}]: a cell ran again since, was deleted, or ran before the kernel was met."


def _ran(execution: Execution, cells: Mapping[str, Cell]) -> Ran:
    cell = _cell_of(execution, cells)
    source = execution.source
    if (
        cell is not None
        and source != cell.source
        and source.endswith("…")
        and cell.source_hash == execution.source_hash
    ):
        source = cell.source
    return Ran(
        execution.cell_id or (cell.id if cell is not None else None),
        source,
        execution.count,
        execution.status == "error",
        execution.bound,
        execution.mutated,
        execution.deleted,
        execution.started,
    )


def _cell_of(execution: Execution, cells: Mapping[str, Cell]) -> Cell | None:
    """The cell by its id; where the front end sent none, the one of that count or the only one of that source."""
    if execution.cell_id is not None:
        return cells.get(execution.cell_id)
    same = [one for one in cells.values() if one.kind == "code" and one.source_hash == execution.source_hash]
    counted = [one for one in same if one.execution_count == execution.count]
    return counted[0] if counted else same[0] if len(same) == 1 else None


def _sources(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    return [(one.id, one.source) for one in cells if one.kind == "code"]


def _sources_of(node: Node) -> frozenset[Key]:
    """Nodes that a node builds on; how things are shown makes no value what it is."""
    found = {one.node for name, one in node.inputs.items() if one is not None and name not in DISPLAY_STATE}
    return frozenset(found - {node.key})


def _closure(start: Key, node_of: Callable[[Key], Node]) -> set[Key]:
    """A node and all that it builds on."""
    found: set[Key] = set()
    pending = [start]
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            pending.extend(_sources_of(node_of(key)) - found)
    return found
