"""The fewest cells that have to run until everything is as a run from top to bottom leaves it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from jupyter_agent.analysis.cells.names import readable_names
from jupyter_agent.analysis.dataflow import Dataflow, changed_inputs, is_variable, same_value
from jupyter_agent.analysis.provenance import AbstractValue, Node, outlives_reset, shared_name
from jupyter_agent.analysis.trace import values_after


def cells_to_refresh(flow: Dataflow) -> tuple[str, ...]:
    """Ids of the cells that have to run, in the notebook's order; raises `AnalysisCancelled`."""
    plan = _Plan(flow)
    while True:
        while plan.extend_backwards():
            pass
        if not plan.extend_by_interpreting():
            return tuple(cell.id for place, cell in enumerate(flow.code) if place in plan.places)


class _Plan:
    """A growing set of cells to run.

    Attributes:
        places: Where the cells stand among the code cells.
    """

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow
        self._nodes = [flow.top_down.nodes[cell.id] for cell in flow.code]
        self._place_of = {cell.id: place for place, cell in enumerate(flow.code)}
        self._writers: dict[str, list[int]] = {}
        for place, node in enumerate(self._nodes):
            for name in node.writes:
                self._writers.setdefault(name, []).append(place)
        self._names = [readable_names(cell.source) for cell in flow.code]
        self._wiping = [place for place, names in enumerate(self._names) if names.resets_namespace]
        self.places: set[int] = set()
        for place, (cell, expected) in enumerate(zip(flow.code, self._nodes, strict=True)):
            execution, executed = flow.last_execution(cell.id)
            if self._names[place].statements and (
                execution is None
                or executed is None
                or cell.id in flow.earlier
                or execution.status == "error"
                or executed.digest != expected.digest
                or (any(True for _ in changed_inputs(executed, expected)) and not _came_to_the_same(executed, expected))
            ):
                self.places.add(place)

    def extend_backwards(self) -> bool:
        """Add what the cells and the end need, if each cell that runs finds what it expects; whether anything was added."""
        before = len(self.places)
        end = len(self._nodes)
        for name, expected in self._flow.top_down.values.items():
            self.places.update(self._makers(name, self._value_at(name, end), expected, end))
        for place in range(end - 1, -1, -1):
            self._flow.interpreter.checkpoint()
            if place in self.places:
                for name, expected in self._inputs(place):
                    self.places.update(self._needed_for(name, self._value_at(name, place), expected, place))
        return len(self.places) > before

    def extend_by_interpreting(self) -> bool:
        """Add what the cells and the end need by what the cells would really find; whether anything was added."""
        flow, more = self._flow, set[int]()
        values = dict(flow.trace.values)
        for place in sorted(self.places):
            for name, expected in self._inputs(place):
                more.update(self._needed_for(name, values.get(name), expected, place))
            cell, names = flow.code[place], self._names[place]
            count = len(flow.trace.executed) + 1 + place
            key = f"‹again {cell.id}›"
            node = flow.interpreter.interpret(names, values, key=key, count=count)
            values = values_after(names, node, values)
        for name, expected in flow.top_down.values.items():
            more.update(self._makers(name, values.get(name), expected, len(self._nodes)))
        more -= self.places
        self.places |= more
        return bool(more)

    def _inputs(self, place: int) -> Iterator[tuple[str, AbstractValue | None]]:
        """What a cell has to find: what it uses, and that what was deleted above it is not there."""
        node = self._nodes[place]
        for name, expected in node.inputs.items():
            if name in node.used_names or (expected is None and self._last_writer(name, place) is not None):
                yield name, expected

    def _needed_for(
        self, name: str, found: AbstractValue | None, expected: AbstractValue | None, place: int
    ) -> Iterator[int]:
        """Cells that give a name its value, and the value its other names."""
        yield from self._makers(name, found, expected, place)
        if found is not None and expected is not None and found.aliases != expected.aliases:
            for other in found.aliases | expected.aliases:
                writer = self._last_writer(other, place)
                if writer is not None:
                    yield writer

    def _makers(
        self, name: str, found: AbstractValue | None, expected: AbstractValue | None, place: int
    ) -> Iterator[int]:
        """Cells that make a value that is not as it should be above a place, or delete what should not be there."""
        if not (is_variable(name) or name.startswith(shared_name("generator")[:-2])) or same_value(found, expected):
            return
        maker = None if expected is None else self._place_of[str(expected.writer)]
        writer = self._last_writer(name, place)
        if maker is not None:  # another name's value may have been given to this one since
            while writer is not None and writer > maker and name not in self._nodes[writer].bound:
                writer = self._last_writer(name, writer)
        if writer is not None and (maker is None or maker < writer):
            yield writer
        while maker is not None and maker in self.places:
            expected = self._nodes[maker].inputs.get(name)
            maker = None if expected is None else self._place_of[str(expected.writer)]
        if maker is not None:
            yield maker

    def _last_writer(self, name: str, place: int) -> int | None:
        """The last cell above a place that writes a name in a run from top to bottom."""
        writers = self._writers.get(name, [])
        at = bisect_left(writers, place)
        return writers[at - 1] if at else None

    def _value_at(self, name: str, place: int) -> AbstractValue | None:
        """What a name has above a place when the planned cells run and find what they expect."""
        writers = self._writers.get(name, [])
        at = bisect_left(writers, place) - 1
        while at >= 0 and writers[at] not in self.places:
            at -= 1
        written = writers[at] if at >= 0 else -1
        wiped = max((wiping for wiping in self._wiping if wiping < place and wiping in self.places), default=-1)
        if wiped > written and not outlives_reset(name):
            return None
        return self._nodes[written].writes[name] if written >= 0 else self._flow.trace.values.get(name)


def _came_to_the_same(executed: Node, expected: Node) -> bool:
    """Whether a cell showed and left what it would, though it found something else."""
    return executed.output == expected.output and all(
        same_value(executed.writes.get(name), value) for name, value in expected.writes.items()
    )
