"""Def-use analysis of a notebook: of what was executed, and of a run from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice, pairwise

from jupyter_agent.analysis.cells.source import PYTHON_BODIES
from jupyter_agent.analysis.provenance import RANDOM, TIME, AbstractValue, Node, is_shared_name
from jupyter_agent.analysis.trace import CellInterpreter, ExecutionTrace, TopDownRun
from jupyter_agent.core.kernel_state import Cell, Execution, KernelState


@dataclass(frozen=True)
class Dataflow:
    """What the cells of a notebook read and write, as they were executed and as they stand.

    Attributes:
        code: The code cells, in order.
        trace: What was executed.
        top_down: What a run of the code cells from top to bottom would do.
        unknown: What is not known of the executions, in sentences; empty when all is known.
        live: Names that the kernel has now; None where it was not asked.
        earlier: Cells whose outputs are of an earlier kernel: they have not run since it was restarted.
        interpreter: What interpreted the cells, for questions that need more of them interpreted.
    """

    code: tuple[Cell, ...]
    trace: ExecutionTrace
    top_down: TopDownRun
    unknown: tuple[str, ...]
    live: frozenset[str] | None
    earlier: frozenset[str]
    interpreter: CellInterpreter = field(repr=False, compare=False)

    @classmethod
    def of(
        cls, cells: Sequence[Cell], state: KernelState | None = None, interpreter: CellInterpreter | None = None
    ) -> Dataflow:
        """Build from a notebook's cells and what is known of its kernel.

        Args:
            cells: All cells, in order.
            state: What is known of the kernel; None where there is none.
            interpreter: Knows what cells did in an earlier analysis; what they still do is not interpreted again.

        Raises:
            AnalysisCancelled: it was cancelled, because nobody waits for it any more.
        """
        interpreter = interpreter or CellInterpreter()
        code = tuple(cell for cell in cells if cell.kind == "code")
        executed, unknown = _executions_of(cells, code, state)
        trace = ExecutionTrace.of(executed, interpreter)
        top_down = TopDownRun.of(code, trace.observed, interpreter)
        # a kernel that knows of no run and has no variable was just restarted
        is_new = state is not None and bool(state.epoch) and not state.executions and not state.total
        is_complete = state is not None and state.variables and state.total <= len(state.variables)
        live = frozenset(state.variables) if state is not None and (is_complete or is_new) else None
        earlier = frozenset(
            cell.id for cell in code if cell.execution_count and (is_new or cell.id not in trace.of_cell)
        )
        return cls(code, trace, top_down, unknown, live, earlier, interpreter)

    @property
    def is_complete(self) -> bool:
        """Whether all executions since the kernel's start are known."""
        executed = self.trace.executed
        return not self.unknown and bool(executed) and all(execution.source_hash for execution in executed)

    @cached_property
    def by_id(self) -> Mapping[str, Cell]:
        """Code cells by their ids."""
        return {cell.id: cell for cell in self.code}

    def last_execution(self, cell_id: str) -> tuple[Execution, Node] | tuple[None, None]:
        """The cell's last execution, and what it took and wrote; None and None where it did not run."""
        indexes = self.trace.of_cell.get(cell_id)
        return (self.trace.executed[indexes[-1]], self.trace.nodes[indexes[-1]]) if indexes else (None, None)


def _executions_of(
    cells: Sequence[Cell], code: Sequence[Cell], state: KernelState | None
) -> tuple[tuple[Execution, ...], tuple[str, ...]]:
    """What was executed, oldest first, and what is not known of it, in sentences.

    Executions that the kernel reports are certain; cells that have an execution count from before them are taken to
    have run in the order of these counts with the source that they have now.
    """
    reported = _outermost(state.executions) if state else []
    executed = _with_cells(reported, cells, code)
    first = min((execution.count for execution in executed), default=None)
    known = {(execution.cell_id, execution.count) for execution in executed}
    counted = [
        cell
        for cell in code
        if cell.execution_count
        and (cell.id, cell.execution_count) not in known
        and (first is None or cell.execution_count < first)
        and not (state is not None and state.epoch and first == 1)
    ]
    assumed = _assumed_executions(counted, executed, code)
    unknown: list[str] = []
    if assumed and executed:
        unknown.append(
            f"Of {len(assumed)} executions only the counts are known (the kernel ran them before it was observed): the cells "
            "are taken to have run as they stand."
        )
    counts = sorted({0, *(execution.count for execution in (*assumed, *executed))})
    gaps = chain.from_iterable(range(before + 1, after) for before, after in pairwise(counts))
    listed = list(islice(gaps, 9))
    if listed:
        shown = ", ".join(map(str, listed[:8])) + (" …" if len(listed) > 8 else "")
        unknown.append(
            f"Nothing is known of In [{shown}]: the cell was rerun, was deleted, or ran before the kernel was observed."
        )
    return (*assumed, *executed), tuple(unknown)


def is_variable(name: str) -> bool:
    """Whether a name is one that a user would call a variable."""
    return not is_shared_name(name) and not name.startswith("_")


def same_value(value: AbstractValue | None, other: AbstractValue | None) -> bool:
    """Whether two values were made by the same code from the same inputs."""
    if value is None or other is None:
        return value is other
    return value.number == other.number


def changed_inputs(executed: Node, expected: Node) -> Iterator[str]:
    """Variables that a cell would find with other values in a run from top to bottom than it found when it ran."""
    for name, value in expected.inputs.items():
        if name in expected.used_names and is_variable(name) and not same_value(executed.inputs.get(name), value):
            yield name


def varies_between_runs(value: AbstractValue | None) -> bool:
    """Whether a value is another each time it is computed."""
    return value is not None and bool(value.taint & (RANDOM | TIME))


def _outermost(executions: Iterable[Execution]) -> list[Execution]:
    """Executions that have ended, without those that only ran the body of a cell magic such as ``%%capture``."""
    outermost: list[Execution] = []
    end = 0.0  # of the last cell with such a magic
    for execution in executions:
        if execution.status == "running" or (execution.cell_id is None and execution.started <= end):
            continue
        outermost.append(execution)
        magic, *_ = execution.source.split(None, 1) or [""]
        if magic.startswith("%%") and magic[2:] in PYTHON_BODIES:
            end = execution.started + (execution.duration or 0.0)
    return outermost


def _with_cells(executions: Iterable[Execution], cells: Sequence[Cell], code: Sequence[Cell]) -> list[Execution]:
    """Executions with their cells: by id; where the front end sent none, by source and count, else by count alone."""
    executions = list(executions)
    sends_ids = any(execution.cell_id is not None for execution in executions)
    by_id = {cell.id: cell for cell in cells}
    by_hash: dict[str, list[Cell]] = {}
    executed = []
    for execution in executions:
        if execution.cell_id is not None:
            cell = by_id.get(execution.cell_id)
        else:
            if not by_hash:
                for cell in code:
                    by_hash.setdefault(cell.source_hash, []).append(cell)
            same = by_hash.get(execution.source_hash, [])
            counted = [cell for cell in same if cell.execution_count == execution.count]
            cell = counted[0] if counted else same[0] if len(same) == 1 else None
            if not (same or sends_ids):  # it was edited since
                cell = next((cell for cell in code if cell.execution_count == execution.count), None)
        source = execution.source
        if cell is not None and source.endswith("…") and cell.source_hash == execution.source_hash:
            source = cell.source
        cell_id = execution.cell_id or (cell.id if cell is not None else None)
        executed.append(replace(execution, cell_id=cell_id, source=source))
    return executed


def _assumed_executions(
    counted: Sequence[Cell], executed: Sequence[Execution], code: Sequence[Cell]
) -> list[Execution]:
    """Executions of which only the count is known, oldest first.

    A cell that ran again since has left a gap among the counts where it stands: it is taken to have run there, too.
    """
    code = [cell for cell in code if cell.source.strip()]
    last: dict[str | None, int] = {cell.id: cell.execution_count or 0 for cell in counted}
    by_count = {
        last[cell.id]: Execution(last[cell.id], cell.id, "", cell.source, "error" if cell.error else "ok", 0.0)
        for cell in counted
    }
    last.update((execution.cell_id, execution.count) for execution in executed)
    places = {cell.id: place for place, cell in enumerate(code)}
    end = min((execution.count for execution in executed), default=max(by_count, default=0) + 1)
    for start in sorted({1, *(count + 1 for count in by_count)}):
        for count in range(start, end):
            before = by_count.get(count - 1)
            place = places.get(str(before.cell_id), len(code)) + 1 if before is not None else 0
            if count in by_count or place >= len(code) or last.get(code[place].id, 0) <= count:
                break
            by_count[count] = Execution(count, code[place].id, "", code[place].source, "ok", 0.0)
    return [by_count[count] for count in sorted(by_count)]
