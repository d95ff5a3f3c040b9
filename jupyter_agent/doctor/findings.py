"""What a reader of a notebook cannot see: stale, edited, orphaned and out-of-order state, and other hidden dependences."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass

from jupyter_agent.analysis.cells.names import readable_names
from jupyter_agent.analysis.dataflow import Dataflow, is_variable, same_value, varies_between_runs
from jupyter_agent.analysis.provenance import Node

_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_EXTERNAL = {
    "random": "It uses random numbers without a seed ({}).",
    "time": "It reads the current time ({}).",
    "network": "It accesses the network ({}).",
    "input": "It asks for input ({}).",
    "history": "It uses {}, which depends on which cells ran before and how often.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem that the notebook does not show.

    Attributes:
        kind: ``edited``, ``stale``, ``orphaned``, ``out_of_order``, ``never_run``, ``shadowed``, ``rerun``, ``history``,
            ``random``, ``time``, ``network``, ``input``, or ``file_changed``.
        reason: One English sentence, for readers.
        cells: Ids of the cells concerned, the one that it is about first.
        names: The variables concerned.
    """

    kind: str
    reason: str
    cells: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file that a cell reads and does not write.

    Attributes:
        cell_id: The cell.
        name: The file, as the cell writes it.
        started: When the cell ran last, in seconds since the epoch; 0 where the execution is known by its count only.
    """

    cell_id: str
    name: str
    started: float


class Labels(dict[object, str]):
    """Cell ids → how a reader finds the cell: by its execution count; by its place where it has none."""

    def __init__(self, flow: Dataflow) -> None:
        for place, cell in enumerate(flow.code, 1):
            execution, _ = flow.last_execution(cell.id)
            count = cell.execution_count or (execution.count if execution is not None else None)
            self[cell.id] = f"In [{count}]" if count else f"code cell {place} (not run)"
        for cell_id, indexes in flow.trace.of_cell.items():
            self.setdefault(cell_id, f"In [{flow.trace.executed[indexes[-1]].count}], which was deleted")

    def __missing__(self, cell_id: object) -> str:
        return "code outside the notebook's cells"


def findings_of(flow: Dataflow) -> tuple[Finding, ...]:
    """All findings but those of files: cell by cell, then those that concern variables only; raises `AnalysisCancelled`."""
    finder = _Finder(flow)
    found: list[Finding] = []
    for cell in flow.code:
        flow.interpreter.checkpoint()
        if not readable_names(cell.source).empty:
            found += finder.of_cell(cell.id)
    return (*found, *finder.orphaned(), *finder.shadowed())


def files_read(flow: Dataflow) -> tuple[FileRead, ...]:
    """Files that cells which ran read, where they are written out; none where the working folder changes."""
    reads: list[FileRead] = []
    for cell in flow.code:
        uses = flow.top_down.nodes[cell.id].external_uses
        if any(use.what == "os.chdir" for use in uses) or "cd" in readable_names(cell.source).magics:
            return ()
        execution, _ = flow.last_execution(cell.id)
        written = {use.text for use in uses if use.kind == "write"}
        if execution is None or "" in written:
            continue
        names = dict.fromkeys(use.text for use in uses if use.kind == "read" and use.text not in written | {""})
        reads += [FileRead(cell.id, name, execution.started) for name in names]
    return tuple(reads)


class _Finder:
    """Goes through a notebook's cells from top to bottom and remembers which of them are outdated."""

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow
        self._labels = Labels(flow)
        self._outdated: set[str] = set()

    def of_cell(self, cell_id: str) -> list[Finding]:
        """The findings of one cell; those of the cells above it have been asked for before."""
        findings = list(self._state_of(cell_id))
        if any(finding.kind in ("stale", "edited", "never_run") for finding in findings):
            self._outdated.add(cell_id)
        for kind, sentence in _EXTERNAL.items():
            uses = self._flow.top_down.nodes[cell_id].external_uses
            calls = dict.fromkeys(use.what for use in uses if use.kind == kind and not use.seeded)
            if calls:
                findings.append(Finding(kind, sentence.format(", ".join(calls)), (cell_id,)))
        return findings

    def _state_of(self, cell_id: str) -> Iterator[Finding]:
        """What the cell's last execution, or its not having run, does not show."""
        flow = self._flow
        expected, (_, executed) = flow.top_down.nodes[cell_id], flow.last_execution(cell_id)
        for name in expected.missing:
            end = flow.top_down.values.get(name)
            if end is not None:
                reason = f"It uses {name}, which is first defined below it, by {self._labels[end.writer]}."
                yield Finding("out_of_order", reason, (cell_id, str(end.writer)), (name,))
        if executed is None:
            counted = flow.by_id[cell_id].execution_count
            reason = "It has not been run in this kernel." if counted else "It has not been run."
            yield Finding("never_run", reason, (cell_id,), tuple(sorted(expected.bound)))
            return
        yield from self._rerun(cell_id, executed)
        if executed.digest != expected.digest:
            values = flow.trace.values.items()
            names = sorted(
                name for name, value in values if value and value.writer == executed.key and is_variable(name)
            )
            reason = "It was edited after it ran, so its variables come from the old code."
            yield Finding("edited", reason, (cell_id,), tuple(names))
            return
        yield from self._inputs(cell_id, expected, executed)

    def _inputs(self, cell_id: str, expected: Node, executed: Node) -> Iterator[Finding]:
        """What is wrong with the inputs of a cell that ran."""
        flow, labels = self._flow, self._labels
        for name, value in expected.inputs.items():
            if value is None or not is_variable(name) or name not in expected.used_names:
                continue
            writer = str(value.writer)
            last = flow.trace.of_cell.get(writer, (-1,))[-1]
            used = executed.inputs.get(name)
            ran_again = last > int(executed.key)
            now = flow.trace.nodes[last].writes.get(name) if ran_again else None
            origin = None if used is None else flow.trace.executed[int(used.writer)].cell_id
            if ran_again and (not same_value(now, used) or varies_between_runs(now)):
                reason = f"{name} was changed by {labels[writer]} after this cell ran."
                yield Finding("stale", reason, (cell_id, writer), (name,))
            elif not (ran_again or used is None or same_value(used, value) or origin in (writer, cell_id)):
                reason = f"It used {name} from {labels[origin]}; from top to bottom it would use {name} from {labels[writer]}."
                cells = (cell_id, writer, *([origin] if origin and origin in flow.top_down.nodes else []))
                yield Finding("out_of_order", reason, cells, (name,))
            elif writer in self._outdated:
                reason = f"It uses {name} from {labels[writer]}, which has to be run first."
                yield Finding("stale", reason, (cell_id, writer), (name,))

    def _rerun(self, cell_id: str, executed: Node) -> Iterator[Finding]:
        """Names that each run of a cell changed again, on top of what its earlier runs had done to them."""
        nodes = self._flow.trace.nodes
        indexes = self._flow.trace.of_cell[cell_id]
        earlier = {index for index in indexes if index != executed.key and nodes[index].digest == executed.digest}
        names = []
        for name in sorted(executed.accumulated) if earlier else ():
            visited: set[int] = set()
            value = executed.inputs.get(name)
            while value is not None and not visited & earlier and int(value.writer) not in visited:
                visited.add(int(value.writer))
                value = nodes[int(value.writer)].inputs.get(name)
            if visited & earlier:
                names.append(name)
        if names:
            reason = f"It ran {len(earlier) + 1} times and changed {', '.join(names)} each time."
            yield Finding("rerun", reason, (cell_id,), tuple(names))

    def orphaned(self) -> Iterator[Finding]:
        """Live variables whose cell was deleted, or does not define them any more."""
        flow, labels = self._flow, self._labels
        for name, index in flow.trace.binders.items():
            is_live = flow.trace.values.get(name) is not None and (flow.live is None or name in flow.live)
            if not is_live or not is_variable(name):
                continue
            cell_id = flow.trace.executed[index].cell_id or ""
            expected = flow.top_down.nodes.get(cell_id)
            if expected is None:
                yield Finding("orphaned", f"{name} was defined by {labels[cell_id]}.", (), (name,))
            elif name not in expected.bound:
                reason = f"{name} was defined by an earlier version of {labels[cell_id]}, which no longer defines it."
                yield Finding("orphaned", reason, (cell_id,), (name,))

    def shadowed(self) -> Iterator[Finding]:
        """Imports and built-in names that a cell binds to something else."""
        flow, labels = self._flow, self._labels
        imports: dict[str, tuple[str, str]] = {}
        called = {path for cell in flow.code for path in readable_names(cell.source).calls}
        for cell in flow.code:
            node = flow.top_down.nodes[cell.id]
            for name in sorted(node.bound):
                value = node.writes.get(name)
                if value is None:
                    continue
                if value.module:
                    module, importer = imports.get(name, (value.module, cell.id))
                    imports[name] = (value.module, cell.id)
                    if module != value.module:
                        reason = f"From {labels[cell.id]} on, {name} is {value.module}, no longer {module} ({labels[importer]})."
                        yield Finding("shadowed", reason, (cell.id, importer), (name,))
                elif name in imports:
                    module, importer = imports.pop(name)
                    reason = f"{labels[cell.id]} assigns {name}, which {labels[importer]} imports ({module})."
                    yield Finding("shadowed", reason, (cell.id, importer), (name,))
                elif name in _BUILTINS and name in called and value.function is None:
                    reason = f"{labels[cell.id]} assigns {name}, which hides Python's built-in {name}."
                    yield Finding("shadowed", reason, (cell.id,), (name,))
