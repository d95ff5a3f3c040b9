"""Would Restart & Run All reproduce this notebook? Answered without running it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jupyter_agent.dataflow import Dataflow, is_variable, same_value
from jupyter_agent.provenance import INPUT, RANDOM, TIME, Node, Value
from jupyter_agent.runs import readable_names

Verdict = Literal["reproduces", "differs", "fails"]
_EACH_TIME = {RANDOM: "randomness without a seed", TIME: "the time of day", INPUT: "what somebody types"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where Restart & Run All would not give what is there now.

    Attributes:
        verdict: ``fails``: it stops there; ``differs``: it shows or leaves something else.
        cell_id: The cell.
        names: The variables concerned.
        reason: In words.
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
        lost: Variables that live now and that no cell would make.
    """

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def first(self) -> Difference | None:
        """The first place."""
        return self.differences[0] if self.differences else None


def predict(flow: Dataflow) -> Prediction:
    """Compare what was executed with a run from top to bottom."""
    found: list[Difference] = []
    for cell in flow.code:
        found += _at(flow, cell.id)
        if found and found[-1].verdict == "fails":
            break
    fails = any(one.verdict == "fails" for one in found)
    return Prediction("fails" if fails else "differs" if found else "reproduces", tuple(found), lost_names(flow))


def lost_names(flow: Dataflow) -> tuple[str, ...]:
    """Variables that live now and that no cell would make."""
    if flow.order.values.get("‹*›") is not None:
        return ()
    names = [name for name, value in flow.trace.values.items() if value is not None and is_variable(name)]
    live = [name for name in names if flow.live is None or name in flow.live]
    return tuple(sorted(name for name in live if flow.order.values.get(name) is None))


def _at(flow: Dataflow, cell_id: str) -> Iterator[Difference]:
    stands, ran = flow.order.nodes[cell_id], flow.last_run(cell_id)
    failure = _failure(flow, stands, ran)
    if failure is not None:
        yield failure
        return
    if ran is not None and flow.trace.ran[flow.trace.last[cell_id]].failed:
        yield Difference("differs", cell_id, (), "It failed when it ran last; its inputs or its source are others now.")
    elif ran is not None and ran.output != stands.output:
        yield Difference("differs", cell_id, tuple(_other_inputs(ran, stands)), _why(ran, stands))
    elif stands.output_taint & (RANDOM | TIME | INPUT):
        yield Difference("differs", cell_id, (), f"What it shows depends on {_each_time(stands.output_taint)}.")
    else:
        names = [name for name in stands.writes if _left_otherwise(flow, cell_id, name)]
        if names:
            yield Difference("differs", cell_id, tuple(names), _why_left(flow, ran, stands, names))


def _failure(flow: Dataflow, stands: Node, ran: Node | None) -> Difference | None:
    if stands.missing:
        listed = ", ".join(stands.missing)
        below = [name for name in stands.missing if flow.order.values.get(name) is not None]
        why = "first bound below it" if below else "bound by no cell above it"
        return Difference("fails", str(stands.key), stands.missing, f"It needs {listed}, {why}.")
    if ran is None:
        return None
    last = flow.trace.ran[flow.trace.last[str(stands.key)]]
    if last.failed and ran.digest == stands.digest and not list(_other_inputs(ran, stands)):
        return Difference(
            "fails", str(stands.key), (), "It failed when it ran last, and nothing that it needs has changed."
        )
    problem = readable_names(next(one.source for one in flow.cells if one.id == stands.key)).problem
    return Difference("fails", str(stands.key), (), f"Python cannot read it: {problem}") if problem else None


def _left_otherwise(flow: Dataflow, cell_id: str, name: str) -> bool:
    """Whether the cell is the last to write a variable, and would leave another value than is there now."""
    end, now = flow.order.values.get(name), flow.trace.values.get(name)
    if end is None or now is None or end.writer != cell_id or not is_variable(name):
        return False
    if flow.live is not None and name not in flow.live:
        return False
    return not same_value(end, now) or bool(_taint(end) & (RANDOM | TIME | INPUT))


def _taint(value: Value) -> int:
    return 0 if value.module or (value.definition is not None and not value.maker) else value.taint


def _other_inputs(ran: Node, stands: Node) -> Iterator[str]:
    for name, value in stands.inputs.items():
        if not same_value(ran.inputs.get(name), value) and not name.startswith("‹"):
            yield name


def _why(ran: Node, stands: Node) -> str:
    if ran.digest != stands.digest:
        return "It was edited after it ran."
    names = list(_other_inputs(ran, stands))
    if not names:
        return "How things are shown, or the state of a random generator, is another at this place."
    return f"{', '.join(names[:5])} would be another value there than the one that it used."


def _why_left(flow: Dataflow, ran: Node | None, stands: Node, names: list[str]) -> str:
    listed = ", ".join(names[:5])
    taint = 0
    for name in names:
        value, now = flow.order.values[name], flow.trace.values[name]
        if same_value(value, now) and value is not None:
            taint |= value.taint
    if taint:
        return f"It leaves {listed}, which depends on {_each_time(taint)}."
    if ran is None:
        return f"It has not run; it would make {listed} anew."
    if ran.digest != stands.digest:
        return f"It was edited after it ran; it would leave {listed} otherwise."
    others = list(_other_inputs(ran, stands))
    if others:
        return f"It would leave {listed} otherwise: {', '.join(others[:5])} would be another value there."
    return f"{listed} was changed since by a cell that ran again, or that is not where it ran."


def _each_time(taint: int) -> str:
    return " and ".join(words for bit, words in _EACH_TIME.items() if taint & bit)
