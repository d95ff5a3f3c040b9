"""Would Restart & Run All reproduce this notebook? Answered without running it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jupyter_agent.analysis.cells.names import readable_names
from jupyter_agent.analysis.dataflow import Dataflow, changed_inputs, is_variable, same_value
from jupyter_agent.analysis.provenance import (
    DATABASE,
    ENVIRONMENT,
    INPUT,
    LOGGING,
    MODULE_PATH,
    PROCESS,
    RANDOM,
    TIME,
    TIMED,
    WILDCARD,
    AbstractValue,
    Node,
    is_shared_name,
    shared_words,
)
from jupyter_agent.core.kernel_state import Execution
from jupyter_agent.doctor.findings import Labels, listed

Verdict = Literal["reproduces", "differs", "fails", "cannot tell"]
_CAUSES = {
    RANDOM: "random numbers without a seed",
    PROCESS: "what is another in each kernel: a hash, an id or the order of a set of texts",
    TIME: "the current time",
    INPUT: "user input",
    TIMED: "how long it took to run",
}
_VARYING = RANDOM | PROCESS | TIME | INPUT | TIMED
NEVER_RAN = "No cell has run yet, so there is nothing to compare with."


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where Restart & Run All would not give what is there now.

    Attributes:
        verdict: ``fails``: it stops there; ``differs``: it shows or leaves something else.
        cell_id: The cell.
        names: The variables concerned.
        reason: One English sentence, for readers.
        varies: Whether it would differ after any run, as an unseeded draw does, and not because of what was done.
    """

    verdict: Verdict
    cell_id: str
    names: tuple[str, ...]
    reason: str
    varies: bool = False


@dataclass(frozen=True, slots=True)
class Prediction:
    """What Restart & Run All would do.

    Attributes:
        verdict: ``reproduces``, ``differs`` or ``fails``: the outputs that are there and the variables that cells make;
            ``cannot tell`` where that depends on what the notebook itself leaves outside of the kernel.
        differences: Where, in the notebook's order.
        needs_restart: Whether running cells again cannot bring everything up to date.
        lost: Variables that live now and that no cell would define.
        outside: Why it cannot be told, in sentences.
    """

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    lost: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    needs_restart: bool = False

    @property
    def first(self) -> Difference | None:
        """Where it stops; else the first place that differs because of what was done; else the first of all."""
        stops = [difference for difference in self.differences if difference.verdict == "fails"]
        done = [difference for difference in self.differences if not difference.varies]
        return (*stops, *done, *self.differences)[0] if self.differences else None


def predict(flow: Dataflow) -> Prediction:
    """Compare what was executed with a run from top to bottom; raises `AnalysisCancelled`."""
    labels = Labels(flow)
    live = {
        name: value
        for name, value in flow.trace.values.items()
        if value is not None and is_variable(name) and (flow.live is None or name in flow.live)
    }
    end = flow.top_down.values
    lost = () if end.get(WILDCARD) is not None else tuple(sorted(name for name in live if end.get(name) is None))
    changed = {  # → the cell that has the last word on it; one that has not run since a restart has none yet
        name: str(final.writer)
        for name, value in live.items()
        if (final := end.get(name)) is not None and final.writer not in flow.earlier and _differs(value, final)
    }
    found: list[Difference] = []
    for cell in flow.code:
        flow.interpreter.checkpoint()
        found += _at_cell(flow, labels, cell.id, changed)
        if found and found[-1].verdict == "fails":
            return Prediction("fails", tuple(found), lost, needs_restart=True)
    for name in sorted(changed.keys() - {name for difference in found for name in difference.names}):
        changed_by = flow.trace.executed[int(live[name].writer)].cell_id
        varies = same_value(live[name], end[name])
        reason = f"{name} was changed afterwards, by {labels[changed_by]}."
        found.append(Difference("differs", changed[name], (name,), reason, varies))
    if found:
        return Prediction("differs", tuple(found), lost, needs_restart=_needs_restart(flow, found))
    outside = tuple(outside_state(flow, labels))
    if not outside and not flow.trace.executed and not flow.earlier and flow.code:
        outside = (NEVER_RAN,)
    return Prediction("cannot tell" if outside else "reproduces", (), lost, outside)


def _needs_restart(flow: Dataflow, found: Sequence[Difference]) -> bool:
    """Whether a cell would not find as it did what outlives its making: modules, where they are looked for, handlers."""
    for difference in found:
        expected, (_, executed) = flow.top_down.nodes[difference.cell_id], flow.last_execution(difference.cell_id)
        for name in expected.used_names | executed.used_names if executed is not None else ():
            lasts = name in (MODULE_PATH, ENVIRONMENT, LOGGING, DATABASE) or name.startswith("‹module")
            if lasts and executed and not same_value(executed.inputs.get(name), expected.inputs.get(name)):
                return True
    return False


def outside_state(flow: Dataflow, labels: Labels) -> Iterator[str]:
    """What the notebook itself changes outside of the kernel, and depends on: each run finds what the last one left."""
    used: dict[str, str] = {}  # file → the cell that used what an earlier run may have left in it
    made: set[str] = set()
    of_kind: dict[str, list[tuple[str, str]]] = {}  # → cells, each with the file or database
    for cell in flow.code:
        for use in flow.top_down.nodes[cell.id].external_uses:
            of_kind.setdefault(use.kind, []).append((cell.id, use.text))
    read = {file for _, file in of_kind.get("read", ())}
    for cell in flow.code:
        uses = flow.top_down.nodes[cell.id].external_uses
        for use in uses:
            if not use.text or use.text in made:
                continue
            if use.kind == "write":
                if use.sure or use.what.endswith(("remove", "unlink")):
                    made.add(use.text)
                if use.text in used and (use.sure or used[use.text] != cell.id):
                    yield f"{labels[used[use.text]]} reads the file {use.text}, which {labels[cell.id]} then writes anew."
            elif use.kind == "append" and use.text in read:
                made.add(use.text)
                yield f"{labels[cell.id]} appends to the file {use.text}, which keeps what each run adds."
            elif use.kind == "read":
                used[use.text] = cell.id
    opened = [cell for cell, database in of_kind.get("connect", ()) if database]
    if opened and "database" in of_kind and "query" in of_kind and "emptied" not in of_kind:
        changes = of_kind["database"][-1][0]
        yield f"{labels[changes]} changes the database that {labels[opened[-1]]} opens, which keeps what each run changes."


def _at_cell(flow: Dataflow, labels: Labels, cell_id: str, changed: Container[str]) -> Iterator[Difference]:
    """Where a cell would fail, show something else, or leave other values in variables that end up changed."""
    expected, (execution, executed) = flow.top_down.nodes[cell_id], flow.last_execution(cell_id)
    failure = _failure(flow, labels, expected, execution, executed)
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
        yield Difference("differs", cell_id, names, reason, varies=True)
    elif names:
        varies = executed is not None and all(
            same_value(executed.writes.get(name), expected.writes[name]) for name in names
        )
        yield Difference("differs", cell_id, names, _why_values(executed, expected, names), varies)


def _failure(
    flow: Dataflow, labels: Labels, expected: Node, execution: Execution | None, executed: Node | None
) -> Difference | None:
    cell_id = str(expected.key)
    ran_as_it_stands = (
        execution is not None
        and executed is not None
        and execution.status == "ok"
        and executed.digest == expected.digest
    )
    missing = expected.missing
    if ran_as_it_stands and executed is not None and flow.is_complete:
        missing = tuple(
            name for name in missing if name not in executed.missing
        )  # it ran without them, whatever they are
    if missing:
        return Difference("fails", cell_id, missing, f"It uses {_why_missing(flow, labels, missing)}.")
    if ran_as_it_stands:
        return None
    cell = flow.by_id[cell_id]
    if cell_id in flow.earlier:  # with what it failed is all that is known
        fails_again = bool(cell.error) and not cell.error.startswith("NameError")
    else:
        fails_again = (
            executed is not None
            and execution is not None
            and execution.status == "error"
            and executed.digest == expected.digest
            and not list(changed_inputs(executed, expected))
        )
    if fails_again:
        reason = "It failed when it ran last, and nothing that it depends on has changed."
        return Difference("fails", cell_id, (), reason)
    problem = readable_names(cell.source).problem if cell_id not in flow.earlier else ""
    return Difference("fails", cell_id, (), f"Python cannot parse it: {problem}") if problem else None


def _why_missing(flow: Dataflow, labels: Labels, missing: Sequence[str]) -> str:
    be = "is" if len(missing) == 1 else "are"
    below = flow.top_down.values.get(missing[0])
    if below is not None:
        return f"{listed(missing)}, which {be} first defined below it, by {labels[below.writer]}"
    index = flow.trace.binders.get(missing[0])
    if index is None:
        return f"{listed(missing)}, which {be} not defined by any cell above it"
    binder = flow.trace.executed[index].cell_id
    old = "an earlier version of " if binder in flow.top_down.nodes else ""
    was = "was" if len(missing) == 1 else "were"
    return f"{listed(missing)}, which {was} defined by {old}{labels[binder]}"


def _differs(value: AbstractValue | None, expected: AbstractValue) -> bool:
    """Whether a value would be another; functions, classes and modules are judged by what comes of calling them."""
    function = expected.function
    if expected.module or (function is not None and (function.instance is not None or not function.methods)):
        return value is None
    return not same_value(value, expected) or bool(expected.taint & _VARYING)


def _inputs(executed: Node, expected: Node) -> str:
    """What a cell would not find as it did, in words."""
    names = list(changed_inputs(executed, expected)) or [
        shared_words(name)
        for name in sorted(executed.used_names | expected.used_names)
        if is_shared_name(name) and not same_value(executed.inputs.get(name), expected.inputs.get(name))
    ]
    if names and all(expected.inputs.get(name, executed) is None for name in names):
        return f"it found {listed(names)}, which no cell above it defines"
    return f"it would not find {listed(names)} as it did" if names else ""


def _why_output(executed: Node, expected: Node) -> str:
    if executed.digest != expected.digest:
        return "It was edited after it ran."
    inputs = _inputs(executed, expected) or "it would not find everything as it did"
    return f"{inputs[:1].upper()}{inputs[1:]}."


def _why_values(executed: Node | None, expected: Node, names: Sequence[str]) -> str:
    words = listed(names)
    if executed is None:
        return f"It has not been run; it would set {words}."
    if executed.digest != expected.digest:
        return f"It was edited after it ran; it would set {words} to another value."
    if inputs := _inputs(executed, expected):
        return f"It would set {words} to another value, because {inputs}."
    taint = 0
    for value in (expected.writes[name] for name in names):
        taint |= value.taint if value is not None else 0
    return f"It sets {words}, which depend{'s' if len(names) == 1 else ''} on {_causes(taint)}."


def _causes(taint: int) -> str:
    return " and ".join(cause for bit, cause in _CAUSES.items() if taint & bit)
