"""Would Restart & Run All reproduce this notebook? Answered without running it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from jupyter_agent.analysis.cells.names import readable_names
from jupyter_agent.analysis.dataflow import Dataflow, changed_inputs, is_variable, same_value
from jupyter_agent.analysis.provenance import INPUT, RANDOM, TIME, TIMED, WILDCARD, AbstractValue, Node
from jupyter_agent.core.kernel_state import Execution

Verdict = Literal["reproduces", "differs", "fails"]
_CAUSES = {
    RANDOM: "random numbers without a seed",
    TIME: "the current time",
    INPUT: "user input",
    TIMED: "how long it took to run",
}
_VARYING = RANDOM | TIME | INPUT | TIMED


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where Restart & Run All would not give what is there now.

    Attributes:
        verdict: ``fails``: it stops there; ``differs``: it shows or leaves something else.
        cell_id: The cell.
        names: The variables concerned.
        reason: One English sentence, for readers.
    """

    verdict: Verdict
    cell_id: str
    names: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """What Restart & Run All would do.

    Attributes:
        verdict: ``reproduces``, ``differs`` or ``fails``: the outputs that are there and the variables that cells make.
        differences: Where, the first first.
        lost: Variables that live now and that no cell would define.
    """

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def first(self) -> Difference | None:
        """The first place."""
        return self.differences[0] if self.differences else None


def predict(flow: Dataflow) -> Prediction:
    """Compare what was executed with a run from top to bottom; raises `AnalysisCancelled`."""
    live = {
        name: value
        for name, value in flow.trace.values.items()
        if value is not None and is_variable(name) and (flow.live is None or name in flow.live)
    }
    end = flow.top_down.values
    lost = () if end.get(WILDCARD) is not None else tuple(sorted(name for name in live if end.get(name) is None))
    changed = {  # → the cell that has the last word on it
        name: str(final.writer)
        for name, value in live.items()
        if (final := end.get(name)) is not None and _differs(value, final)
    }
    found: list[Difference] = []
    for cell in flow.code:
        flow.interpreter.checkpoint()
        found += _at_cell(flow, cell.id, changed)
        if found and found[-1].verdict == "fails":
            return Prediction("fails", tuple(found), lost)
    for name in sorted(changed.keys() - {name for difference in found for name in difference.names}):
        reason = f"{name} was changed afterwards by a cell that was rerun, deleted or run in another order."
        found.append(Difference("differs", changed[name], (name,), reason))
    return Prediction("differs" if found else "reproduces", tuple(found), lost)


def _at_cell(flow: Dataflow, cell_id: str, changed: Container[str]) -> Iterator[Difference]:
    """Where a cell would fail, show something else, or leave other values in variables that end up changed."""
    expected, (execution, executed) = flow.top_down.nodes[cell_id], flow.last_execution(cell_id)
    failure = _failure(flow, expected, execution, executed)
    if failure is not None:
        yield failure
        return
    names = tuple(
        name
        for name, value in expected.writes.items()
        if name in changed
        and value is not None
        and value.writer == cell_id  # what only may share data with that is another's
        and (executed is None or _differs(executed.writes.get(name), value))
    )
    if execution is not None and execution.status == "error":
        reason = "It failed when it ran last; its code or its inputs have changed since."
        yield Difference("differs", cell_id, (), reason)
    elif executed is not None and executed.output != expected.output:
        yield Difference("differs", cell_id, names, _why_output(executed, expected))
    elif expected.output_taint & _VARYING:
        reason = f"Its output depends on {_causes(expected.output_taint)}."
        yield Difference("differs", cell_id, names, reason)
    elif names:
        yield Difference("differs", cell_id, names, _why_values(executed, expected, names))


def _failure(flow: Dataflow, expected: Node, execution: Execution | None, executed: Node | None) -> Difference | None:
    cell_id = str(expected.key)
    if expected.missing:
        below = any(flow.top_down.values.get(name) is not None for name in expected.missing)
        where = "first defined below it" if below else "not defined by any cell above it"
        be = "is" if len(expected.missing) == 1 else "are"
        reason = f"It uses {', '.join(expected.missing)}, which {be} {where}."
        return Difference("fails", cell_id, expected.missing, reason)
    if executed is None or execution is None:
        return None
    if (
        execution.status == "error"
        and executed.digest == expected.digest
        and not list(changed_inputs(executed, expected))
    ):
        reason = "It failed when it ran last, and nothing that it depends on has changed."
        return Difference("fails", cell_id, (), reason)
    problem = readable_names(flow.by_id[cell_id].source).problem
    return Difference("fails", cell_id, (), f"Python cannot parse it: {problem}") if problem else None


def _differs(value: AbstractValue | None, expected: AbstractValue) -> bool:
    """Whether a value would be another; functions, classes and modules are judged by what comes of calling them."""
    if expected.module or (expected.function is not None and not expected.created_by):
        return value is None
    return not same_value(value, expected) or bool(expected.taint & _VARYING)


def _why_output(executed: Node, expected: Node) -> str:
    if executed.digest != expected.digest:
        return "It was edited after it ran."
    inputs = ", ".join(islice(changed_inputs(executed, expected), 5))
    if inputs:
        return f"{inputs} would have another value there."
    return "The display settings or the state of a random generator would be different there."


def _why_values(executed: Node | None, expected: Node, names: Sequence[str]) -> str:
    listed = ", ".join(names[:5])
    if executed is None:
        return f"It has not been run; it would set {listed}."
    if executed.digest != expected.digest:
        return f"It was edited after it ran; it would set {listed} to another value."
    inputs = ", ".join(islice(changed_inputs(executed, expected), 5))
    if inputs:
        return f"It would set {listed} to another value, because {inputs} would have another value there."
    taint = 0
    for value in (expected.writes[name] for name in names):
        taint |= value.taint if value is not None else 0
    return f"It sets {listed}, which depends on {_causes(taint)}."


def _causes(taint: int) -> str:
    return " and ".join(cause for bit, cause in _CAUSES.items() if taint & bit)
