"""What a reader of a notebook cannot see: stale, edited, orphaned, out of order, and what else may not be as it looks."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from jupyter_agent.analysis.cells.names import readable_names
from jupyter_agent.analysis.dataflow import Dataflow, changes_each_time, is_variable, same_value
from jupyter_agent.analysis.provenance import Node

_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it looks.

    Attributes:
        kind: ``edited``, ``stale``, ``orphaned``, ``out_of_order``, ``never_run``, ``shadowed``, ``rerun``, ``history``,
            ``random``, ``time``, ``network``, ``input``, or ``file_changed``.
        reason: In words.
        cells: The cells concerned, the one that it is about first.
        names: The variables concerned.
    """

    kind: str
    reason: str
    cells: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileTimes:
    """When files beside a notebook were changed last; none of them was read.

    Attributes:
        changed: Names of files as cells write them → seconds since the epoch.
        saved: When the notebook was saved, for cells of which nobody knows when they ran; 0 where that is not known.
    """

    changed: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    saved: float = 0.0


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file that a cell reads and does not write.

    Attributes:
        cell_id: The cell.
        name: The file, as the cell writes it.
        started: When the cell ran last, in seconds since the epoch; 0 where that is not known.
        assumed: Whether the run is known by its execution count only.
    """

    cell_id: str
    name: str
    started: float
    assumed: bool


@dataclass(frozen=True, slots=True)
class Labels:
    """How cells are called in words: by execution count, as users do; by place where they have none."""

    words: Mapping[object, str]

    @classmethod
    def of(cls, flow: Dataflow) -> Labels:
        words: dict[object, str] = {}
        for place, cell in enumerate(flow.code, 1):
            count = cell.execution_count
            words[cell.id] = f"In [{count}]" if count else f"code cell {place} (not run)"
        for cell_id, index in flow.trace.last.items():
            if cell_id not in words:
                words[cell_id] = f"In [{flow.trace.executed[index].count}], which was deleted"
            elif "not run" in words[cell_id]:
                words[cell_id] = f"In [{flow.trace.executed[index].count}]"
        return cls(words)

    def __call__(self, cell_id: object) -> str:
        return self.words.get(cell_id, "code that is in no cell")


def findings_of(flow: Dataflow) -> tuple[Finding, ...]:
    """Everything that is not as it looks, cell by cell, then what concerns variables only; files are left out.

    Raises:
        AnalysisCancelled: nobody waits for the result any more.
    """
    labels = Labels.of(flow)
    found: list[Finding] = []
    stale: set[str] = set()
    for cell in flow.code:
        flow.interpreter.checkpoint()
        if not readable_names(cell.source).empty:
            own = list(_of_cell(flow, cell.id, labels, stale))
            if any(finding.kind in ("stale", "edited", "never_run") for finding in own):
                stale.add(cell.id)
            found += own
            found += _outside(flow, cell.id)
    return (*found, *_orphans(flow, labels), *_shadowed(flow, labels))


def files_read(flow: Dataflow) -> tuple[FileRead, ...]:
    """Files that cells which ran read, where they are written out; none where the working folder changes."""
    reads: list[FileRead] = []
    for cell in flow.code:
        uses = flow.top_down.nodes[cell.id].external_uses
        if any(use.what == "os.chdir" for use in uses) or "cd" in readable_names(cell.source).magics:
            return ()
        execution = flow.last_execution(cell.id)
        written = {use.text for use in uses if use.kind == "write"}
        if execution is None or "" in written:
            continue
        names = dict.fromkeys(use.text for use in uses if use.kind == "read" and use.text not in written | {""})
        reads += [FileRead(cell.id, name, execution.started, execution.assumed) for name in names]
    return tuple(reads)


def changed_files(reads: Iterable[FileRead], times: FileTimes) -> tuple[Finding, ...]:
    """Files that are newer than the run of the cell that read them."""
    return tuple(
        Finding("file_changed", f"The file {read.name} was changed after it was read.", (read.cell_id,))
        for read in reads
        if (ran := read.started or (times.saved if read.assumed else 0.0)) and times.changed.get(read.name, 0.0) > ran
    )


def _of_cell(flow: Dataflow, cell_id: str, labels: Labels, stale: set[str]) -> Iterator[Finding]:
    stands, ran = flow.top_down.nodes[cell_id], flow.last_node(cell_id)
    yield from _needs_what_is_below(flow, stands, labels)
    if ran is None:
        cell = flow.by_id.get(cell_id)
        reason = "It has not run in this kernel." if cell is not None and cell.execution_count else "It has not run."
        yield Finding("never_run", reason, (cell_id,), tuple(sorted(stands.bound)))
        return
    yield from _rerun(flow, ran)
    if ran.digest != stands.digest:
        yield Finding(
            "edited",
            "It was edited since it ran: what it made is from its old source.",
            (cell_id,),
            _left_by(flow, ran),
        )
        return
    for name in stands.inputs:
        finding = _input(flow, ran, name, labels, stale)
        if finding is not None:
            yield finding


def _needs_what_is_below(flow: Dataflow, stands: Node, labels: Labels) -> Iterator[Finding]:
    for name in stands.missing:
        end = flow.top_down.values.get(name)
        if end is not None:
            cells = (str(stands.key), str(end.writer))
            yield Finding(
                "out_of_order", f"It needs {name}, which {labels(end.writer)} below it binds first.", cells, (name,)
            )


def _input(flow: Dataflow, ran: Node, name: str, labels: Labels, stale: set[str]) -> Finding | None:
    """What is wrong with one input of a cell that ran."""
    stands = flow.top_down.nodes[str(ran.cell_id)]
    value = stands.inputs[name]
    if value is None or not is_variable(name) or name not in stands.used_names:
        return None
    maker = str(value.writer)
    made = flow.trace.last.get(maker)
    used = ran.inputs.get(name)
    me = str(ran.cell_id)
    if made is not None and made > int(ran.key):
        now = flow.trace.nodes[made].writes.get(name)
        if not same_value(now, used) or changes_each_time(now):
            return Finding("stale", f"{name} was made anew by {labels(maker)} after it ran.", (me, maker), (name,))
    elif used is not None and not same_value(used, value):
        origin = flow.trace.nodes[int(used.writer)].cell_id
        if origin not in (maker, me):
            reason = (
                f"It used {name} as {labels(origin)} left it; from top to bottom it would be that of {labels(maker)}."
            )
            cells = (me, maker, *([origin] if origin in flow.top_down.nodes and origin else []))
            return Finding("out_of_order", reason, cells, (name,))
    if maker in stale:
        return Finding("stale", f"{name} comes from {labels(maker)}, which has to run first.", (me, maker), (name,))
    return None


def _rerun(flow: Dataflow, ran: Node) -> Iterator[Finding]:
    """Names that a cell changed again when it ran again, on top of what it had done to them before."""
    runs = flow.executions_of_cell.get(str(ran.cell_id), ())
    earlier = {one for one in runs if one != ran.key and flow.trace.nodes[one].digest == ran.digest}
    if not earlier:
        return
    names = [name for name in sorted(ran.accumulated) if _built_on(flow, name, ran, earlier)]
    if names:
        reason = f"It ran {len(earlier) + 1} times, and each time it changed {', '.join(names)} again."
        yield Finding("rerun", reason, (str(ran.cell_id),), tuple(names))


def _built_on(flow: Dataflow, name: str, node: Node, earlier: set[int]) -> bool:
    """Whether the value that a node found under a name goes back to one of these nodes."""
    seen: set[int] = set()
    value = node.inputs.get(name)
    while value is not None and int(value.writer) not in seen:
        seen.add(int(value.writer))
        if int(value.writer) in earlier:
            return True
        value = flow.trace.nodes[int(value.writer)].inputs.get(name)
    return False


def _outside(flow: Dataflow, cell_id: str) -> Iterator[Finding]:
    """What a cell uses that is not in the notebook."""
    uses = flow.top_down.nodes[cell_id].external_uses
    for kind, words in _OUTSIDE.items():
        calls = [use.what for use in uses if use.kind == kind and not use.seeded]
        if calls:
            yield Finding(kind, words.format(", ".join(dict.fromkeys(calls))), (cell_id,))


_OUTSIDE = {
    "random": "It draws at random without a seed ({}).",
    "time": "It looks at the clock ({}).",
    "network": "It asks the network ({}).",
    "input": "It asks somebody to type ({}).",
    "history": "It uses {}, which depends on what ran before and how often.",
}


def _orphans(flow: Dataflow, labels: Labels) -> Iterator[Finding]:
    """Live variables whose cell is gone, or does not make them any more."""
    for name, index in flow.trace.binders.items():
        if (
            flow.trace.values.get(name) is None
            or not is_variable(name)
            or (flow.live is not None and name not in flow.live)
        ):
            continue
        ran = flow.trace.executed[index]
        stands = flow.top_down.nodes.get(ran.cell_id or "")
        if stands is None:
            reason = (
                f"{name} was made by {labels(ran.cell_id)}."
                if ran.cell_id
                else f"{name} was made by code that is in no cell."
            )
            yield Finding("orphaned", reason, (), (name,))
        elif name not in stands.bound:
            reason = f"{name} was made by {labels(stands.key)} as it was; it does not make it any more."
            yield Finding("orphaned", reason, (str(stands.key),), (name,))


def _left_by(flow: Dataflow, ran: Node) -> tuple[str, ...]:
    """Variables that are still as this execution left them."""
    now = flow.trace.values
    return tuple(
        sorted(
            one
            for one in ran.writes
            if is_variable(one) and (kept := now.get(one)) is not None and kept.writer == ran.key
        )
    )


def _shadowed(flow: Dataflow, labels: Labels) -> Iterator[Finding]:
    """Imports, and names that Python brings, that a cell binds to something else."""
    imported: dict[str, tuple[str, str]] = {}
    called = {path for cell in flow.code for path in readable_names(cell.source).calls}
    for cell in flow.code:
        node = flow.top_down.nodes[cell.id]
        for name in sorted(node.bound):
            value = node.writes.get(name)
            if value is None:
                continue
            if value.module:
                before = imported.get(name)
                imported[name] = (value.module, cell.id)
                if before is None or before[0] == value.module:
                    continue
                reason = (
                    f"{name} is {value.module} from {labels(cell.id)} on, no longer {before[0]} of {labels(before[1])}."
                )
                yield Finding("shadowed", reason, (cell.id, before[1]), (name,))
            elif name in imported:
                module, where = imported.pop(name)
                reason = (
                    f"{labels(cell.id)} binds {name} to something else than {module}, which {labels(where)} imports."
                )
                yield Finding("shadowed", reason, (cell.id, where), (name,))
            elif name in _BUILTINS and name in called and value.function is None:
                yield Finding(
                    "shadowed", f"{labels(cell.id)} binds {name}, which is Python's own.", (cell.id,), (name,)
                )
