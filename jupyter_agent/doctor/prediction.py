"""Would Restart & Run All reproduce this notebook? Answered without running it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jupyter_agent.analysis.cells.names import readable_names
from jupyter_agent.analysis.dataflow import Dataflow, changed_inputs, is_variable, same_value
from jupyter_agent.analysis.provenance import INPUT, RANDOM, TIME, TIMED, AbstractValue, Node

Verdict = Literal["reproduces", "differs", "fails"]
EACH_TIME = RANDOM | TIME | INPUT | TIMED
_WORDS = {
    RANDOM: "randomness without a seed",
    TIME: "the time of day",
    INPUT: "what somebody types",
    TIMED: "how long it took",
}


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
    otherwise = frozenset(name for name in flow.top_down.values if _ends_otherwise(flow, name))
    found: list[Difference] = []
    for cell in flow.code:
        flow.interpreter.checkpoint()
        found += _at(flow, cell.id, otherwise)
        if found and found[-1].verdict == "fails":
            return Prediction("fails", tuple(found), lost_names(flow))
    placed = {name for one in found for name in one.names}
    found += _at_the_end(flow, sorted(otherwise - placed))
    return Prediction("differs" if found else "reproduces", tuple(found), lost_names(flow))


def lost_names(flow: Dataflow) -> tuple[str, ...]:
    """Variables that live now and that no cell would make."""
    if flow.top_down.values.get("‹*›") is not None:
        return ()
    names = [name for name, value in flow.trace.values.items() if value is not None and is_variable(name)]
    live = [name for name in names if flow.live is None or name in flow.live]
    return tuple(sorted(name for name in live if flow.top_down.values.get(name) is None))


def _at(flow: Dataflow, cell_id: str, otherwise: frozenset[str]) -> Iterator[Difference]:
    stands, ran = flow.top_down.nodes[cell_id], flow.last_node(cell_id)
    failure = _failure(flow, stands, ran)
    if failure is not None:
        yield failure
        return
    left = tuple(name for name in stands.own_writes if name in otherwise and _left_otherwise(ran, stands, name))
    if ran is not None and flow.trace.executed[flow.trace.last[cell_id]].failed:
        yield Difference("differs", cell_id, (), "It failed when it ran last; its inputs or its source are others now.")
    elif ran is not None and ran.output != stands.output:
        yield Difference("differs", cell_id, left, _why(ran, stands))
    elif stands.output_taint & EACH_TIME:
        yield Difference("differs", cell_id, left, f"What it shows depends on {_each_time(stands.output_taint)}.")
    elif left:
        yield Difference("differs", cell_id, left, _why_left(ran, stands, left))


def _at_the_end(flow: Dataflow, names: Sequence[str]) -> Iterator[Difference]:
    """Variables that differ at the end though the cell that makes them would leave what it left."""
    for name in names:
        value = flow.top_down.values[name]
        assert value is not None
        reason = f"{name} was changed since by a cell that ran again, that was deleted, or that ran elsewhere."
        yield Difference("differs", str(value.writer), (name,), reason)


def _failure(flow: Dataflow, stands: Node, ran: Node | None) -> Difference | None:
    if stands.missing:
        listed = ", ".join(stands.missing)
        below = [name for name in stands.missing if flow.top_down.values.get(name) is not None]
        why = "first bound below it" if below else "bound by no cell above it"
        return Difference("fails", str(stands.key), stands.missing, f"It needs {listed}, {why}.")
    if ran is None:
        return None
    last = flow.trace.executed[flow.trace.last[str(stands.key)]]
    if last.failed and ran.digest == stands.digest and not list(changed_inputs(ran, stands)):
        return Difference(
            "fails", str(stands.key), (), "It failed when it ran last, and nothing that it needs has changed."
        )
    cell = flow.by_id.get(str(stands.key))
    problem = readable_names(cell.source).problem if cell is not None else ""
    return Difference("fails", str(stands.key), (), f"Python cannot read it: {problem}") if problem else None


def _ends_otherwise(flow: Dataflow, name: str) -> bool:
    """Whether a variable that is there now would have another value at the end."""
    end, now = flow.top_down.values.get(name), flow.trace.values.get(name)
    if end is None or now is None or not is_variable(name) or (flow.live is not None and name not in flow.live):
        return False
    return _differs(now, end)


def _differs(one: AbstractValue | None, other: AbstractValue) -> bool:
    """Whether a value would be another; functions, classes and modules are judged by what comes of calling them."""
    if other.module or (other.function is not None and not other.created_by):
        return one is None
    return not same_value(one, other) or bool(other.taint & EACH_TIME)


def _left_otherwise(ran: Node | None, stands: Node, name: str) -> bool:
    """Whether a cell would leave a variable another than it left it."""
    value = stands.writes[name]
    if value is None:
        return False
    return ran is None or _differs(ran.writes.get(name), value)


def _why(ran: Node, stands: Node) -> str:
    if ran.digest != stands.digest:
        return "It was edited after it ran."
    names = list(changed_inputs(ran, stands))
    if not names:
        return "How things are shown, or the state of a random generator, is another at this place."
    return f"{', '.join(names[:5])} would be another value there than the one that it used."


def _why_left(ran: Node | None, stands: Node, names: Sequence[str]) -> str:
    listed = ", ".join(names[:5])
    if ran is None:
        return f"It has not run; it would make {listed} anew."
    if ran.digest != stands.digest:
        return f"It was edited after it ran; it would leave {listed} otherwise."
    others = list(changed_inputs(ran, stands))
    if others:
        return f"It would leave {listed} otherwise: {', '.join(others[:5])} would be another value there."
    taint = 0
    for value in (stands.writes[name] for name in names):
        taint |= value.taint if value is not None else 0
    return f"It leaves {listed}, which depends on {_each_time(taint)}."


def _each_time(taint: int) -> str:
    return " and ".join(words for bit, words in _WORDS.items() if taint & bit)
