"""What a reader of a notebook cannot see: stale, edited, orphaned and out-of-order state, and other hidden dependences."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from jupyter_agent.analysis.cells import library_calls as library
from jupyter_agent.analysis.cells.names import readable_names
from jupyter_agent.analysis.dataflow import Dataflow, is_variable, same_value, varies_between_runs
from jupyter_agent.analysis.provenance import AbstractValue, Node, is_shared_name, shared_words

_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_AGENT_CELL = re.compile(r"\s*(?:%%agent\b.*|(?:%agent\b[^\n]*\s*)+)", re.DOTALL)
_EXTERNAL = {
    "random": "uses random numbers without a seed",
    "process": "uses what is another in each kernel",
    "time": "reads the current time",
    "network": "accesses the network",
    "input": "asks for input",
    "history": "depends on which cells ran before and how often",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause of what the notebook does not show.

    Attributes:
        kind: ``edited``, ``stale``, ``orphaned``, ``out_of_order``, ``never_run``, ``shadowed``, ``rerun``, ``history``,
            ``random``, ``process``, ``time``, ``network``, ``input``, or ``file_changed``.
        reason: One English sentence, for readers; it is about the first of the cells, which it calls ``it``.
        cells: Ids of the cells that are not what they show, the one that it is about first.
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
        started: When the cell read it last, in seconds since the epoch (a module: first, as it is kept); 0 where the
            execution is known by its count only.
    """

    cell_id: str
    name: str
    started: float


class Labels(dict[object, str]):
    """Cell ids → how a reader finds the cell: by its execution count; by its place where it has none."""

    def __init__(self, flow: Dataflow) -> None:
        self._places = {cell.id: place for place, cell in enumerate(flow.code)}
        for place, cell in enumerate(flow.code, 1):
            execution, _ = flow.last_execution(cell.id)
            count = cell.execution_count or (execution.count if execution is not None else None)
            self[cell.id] = f"In [{count}]" if count else f"code cell {place}"
        for cell_id, indexes in flow.trace.of_cell.items():
            self.setdefault(cell_id, f"In [{flow.trace.executed[indexes[-1]].count}], which was deleted")

    def __missing__(self, cell_id: object) -> str:
        return "code outside the notebook's cells"

    def of(self, cells: Iterable[str]) -> str:
        """Several cells, in the notebook's order: neighbours as a range, such as ``In [2] and In [5] to In [9]``."""
        runs: list[list[str]] = []
        for cell in sorted(cells, key=lambda cell: self._places.get(cell, len(self._places))):
            if runs and self._places.get(cell, -1) == self._places.get(runs[-1][-1], -3) + 1:
                runs[-1].append(cell)
            else:
                runs.append([cell])
        parts = [
            f"{self[run[0]]} to {self[run[-1]]}" if len(run) > 2 else self[cell]
            for run in runs
            for cell in (run[:1] if len(run) > 2 else run)
        ]
        return listed(parts, most=12)


def listed(words: Sequence[str], most: int = 5) -> str:
    """``a, b and c``; of many the first."""
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def asks_agent(source: str) -> bool:
    """Whether a cell only asks the agent: whether it ran does not matter, least of all while it does."""
    return _AGENT_CELL.fullmatch(source) is not None


def findings_of(flow: Dataflow) -> tuple[Finding, ...]:
    """All findings but those of files, one for each cause; raises `AnalysisCancelled`."""
    finder = _Finder(flow)
    for cell in flow.code:
        flow.interpreter.checkpoint()
        if not readable_names(cell.source).empty and not asks_agent(cell.source):
            finder.visit(cell.id)
    return (*finder.found(), *finder.orphaned(), *finder.shadowed(), *finder.external())


def files_read(flow: Dataflow) -> tuple[FileRead, ...]:
    """Files that cells which ran read, where they are written out; none where the working folder changes."""
    reads: list[FileRead] = []
    for cell in flow.code:
        names = readable_names(cell.source)
        uses = flow.top_down.nodes[cell.id].external_uses
        if any(use.what == "os.chdir" for use in uses) or "cd" in names.magics:
            return ()
        execution, _ = flow.last_execution(cell.id)
        written = {use.text for use in uses if use.kind in ("write", "append")}
        if execution is None or "" in written:
            continue
        files = dict.fromkeys(use.text for use in uses if use.kind == "read" and use.text not in written | {""})
        reads += [FileRead(cell.id, file, execution.started) for file in files]
        first = flow.trace.executed[flow.trace.of_cell[cell.id][0]]
        modules = {module.partition(".")[0] for statement in names.statements for _, module in statement.imports}
        reads += [FileRead(cell.id, f"{name}.py", first.started) for name in sorted(modules - library.LIBRARIES - {""})]
    return tuple(reads)


class _Finder:
    """Goes through a notebook's cells from top to bottom and gathers the causes of what is not as it looks."""

    def __init__(self, flow: Dataflow) -> None:
        self._flow = flow
        self._labels = Labels(flow)
        self._causes: list[Finding] = []
        self._cause_of: dict[str, int] = {}  # cell that is outdated → its cause's index
        self._known: dict[tuple[str, str], int] = {}  # sentence of a cause and its cell → that cause's index
        self._again: dict[str, int] = {}  # what a rerun changed again → that cause's index
        self._not_run: list[str] = []

    def visit(self, cell_id: str) -> None:
        """Find what is wrong with a cell; the cells above it have been visited."""
        flow = self._flow
        expected, (_, executed) = flow.top_down.nodes[cell_id], flow.last_execution(cell_id)
        for name in expected.missing:
            end = flow.top_down.values.get(name)
            if end is not None:
                sentence = f"It uses {{0}}, which {{1}} first defined below it, by {self._labels[end.writer]}."
                self._cause("out_of_order", sentence, cell_id, name)
        if executed is None or cell_id in flow.earlier:
            self._not_run.append(cell_id)
        if executed is None:
            return
        again = self._changed_again(cell_id, executed)
        if again:
            runs = len(flow.trace.of_cell[cell_id])
            cause = self._cause("rerun", f"It ran {runs} times and changed {{0}} each time.", cell_id, *again)
            self._again.update(dict.fromkeys(again, cause))
        if executed.digest != expected.digest:
            left = sorted(
                name
                for name, value in flow.trace.values.items()
                if value and value.writer == executed.key and is_variable(name)
            )
            self._cause_of[cell_id] = self._cause("edited", "It was edited after it ran.", cell_id, *left)
            return
        for name, value in expected.inputs.items():
            if name not in expected.used_names:
                continue
            if is_shared_name(name):
                if not same_value(value, executed.inputs.get(name)) and name in self._again:
                    self._join(self._again[name], cell_id)
            elif value is not None and is_variable(name):
                self._check_input(cell_id, name, value, executed)

    def _check_input(self, cell_id: str, name: str, value: AbstractValue, executed: Node) -> None:
        """Whether a cell that ran used another value than it would from top to bottom, and why."""
        flow, labels = self._flow, self._labels
        writer = str(value.writer)
        last = flow.trace.of_cell.get(writer, (-1,))[-1]
        used = executed.inputs.get(name)
        ran_again = last > int(executed.key)
        now = flow.trace.nodes[last].writes.get(name) if ran_again else None
        origin = None if used is None else flow.trace.executed[int(used.writer)].cell_id
        if ran_again and (not same_value(now, used) or varies_between_runs(now)):
            sentence = f"{{0}} {{2}} changed by {labels[writer]} after this cell ran."
            cause = self._cause("stale", sentence, cell_id, name, of_cell=False)
        elif used is None or same_value(used, value):
            return
        elif not ran_again and origin not in (writer, cell_id):
            kind = "out_of_order" if origin in flow.top_down.nodes else "stale"
            sentence = (
                f"It used {{0}} from {labels[origin]}; from top to bottom it would use {{0}} from {labels[writer]}."
            )
            cause = self._cause(kind, sentence, cell_id, name)
        elif (known := self._cause_of.get(writer, self._again.get(name))) is not None:
            cause = known
            self._join(cause, cell_id)
        else:
            return
        self._cause_of.setdefault(cell_id, cause)

    def _cause(self, kind: str, sentence: str, cell_id: str, *names: str, of_cell: bool = True) -> int:
        """Note a cause; returns its index.

        Args:
            kind: As in `Finding`.
            sentence: With ``{0}`` for the names, ``{1}`` for ``is`` or ``are`` and ``{2}`` for ``was`` or ``were``.
            cell_id: The cell.
            names: More names of the same sentence are of the same cause.
            of_cell: Whether the same sentence on another cell is another cause.
        """
        cause = self._known.setdefault((sentence, cell_id if of_cell else ""), len(self._causes))
        if cause == len(self._causes):
            self._causes.append(Finding(kind, sentence, (cell_id,), names))
        else:
            known = self._causes[cause]
            self._causes[cause] = replace(known, names=tuple(dict.fromkeys((*known.names, *names))))
            self._join(cause, cell_id)
        return cause

    def _join(self, cause: int, cell_id: str) -> None:
        """Another cell that is outdated for the same cause."""
        known = self._causes[cause]
        if cell_id not in known.cells:
            self._causes[cause] = replace(known, cells=(*known.cells, cell_id))

    def found(self) -> Iterator[Finding]:
        """The causes, in the notebook's order, with the cells that have become stale; then what has not run."""
        for cause in self._causes:
            words, is_single = listed([shared_words(name) for name in cause.names]), len(cause.names) == 1
            reason = cause.reason.format(words, "is" if is_single else "are", "was" if is_single else "were")
            if stale := self._labels.of(cause.cells[1:]):
                reason = f"{reason} {stale} {'is' if len(cause.cells) == 2 else 'are'} stale, too."
            yield replace(cause, reason=reason)
        earlier = [cell for cell in self._not_run if cell in self._flow.earlier]
        never = [cell for cell in self._not_run if cell not in self._flow.earlier]
        if earlier:
            yield Finding("never_run", "It has not run since the restart.", tuple(earlier))
        if never:
            names = sorted(name for cell in never for name in self._flow.top_down.nodes[cell].bound)
            yield Finding("never_run", "It has not been run.", tuple(never), tuple(names))

    def _changed_again(self, cell_id: str, executed: Node) -> list[str]:
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
        return names

    def orphaned(self) -> Iterator[Finding]:
        """Live variables whose cell was deleted, or does not define them any more."""
        flow, labels = self._flow, self._labels
        by_cell: dict[str, list[str]] = {}
        for name, index in flow.trace.binders.items():
            is_live = flow.trace.values.get(name) is not None and (flow.live is None or name in flow.live)
            cell_id = flow.trace.executed[index].cell_id or ""
            expected, (_, last) = flow.top_down.nodes.get(cell_id), flow.last_execution(cell_id)
            if expected is not None and last is not None and last.digest != expected.digest:
                continue  # that it was edited says it
            if is_live and is_variable(name) and (expected is None or name not in expected.bound):
                by_cell.setdefault(cell_id, []).append(name)
        for cell_id, names in by_cell.items():
            words, be = listed(names), "was" if len(names) == 1 else "were"
            if cell_id in flow.top_down.nodes:
                reason = f"{words} {be} defined by an earlier version of {labels[cell_id]}, which no longer does."
                yield Finding("orphaned", reason, (cell_id,), tuple(names))
            else:
                yield Finding("orphaned", f"{words} {be} defined by {labels[cell_id]}.", (), tuple(names))

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
                        reason = f"From here on, {name} is {value.module}, no longer {module} ({labels[importer]})."
                        yield Finding("shadowed", reason, (cell.id, importer), (name,))
                elif name in imports:
                    module, importer = imports.pop(name)
                    reason = f"It assigns {name}, which {labels[importer]} imports ({module})."
                    yield Finding("shadowed", reason, (cell.id, importer), (name,))
                elif name in _BUILTINS and name in called and value.function is None:
                    reason = f"It assigns {name}, which hides Python's built-in {name}."
                    yield Finding("shadowed", reason, (cell.id,), (name,))

    def external(self) -> Iterator[Finding]:
        """What cells use that is not in the notebook, by kind."""
        for kind, words in _EXTERNAL.items():
            calls: dict[str, None] = {}
            cells = []
            for cell in self._flow.code:
                uses = self._flow.top_down.nodes[cell.id].external_uses
                own = dict.fromkeys(use.what for use in uses if use.kind == kind and not use.seeded)
                if own:
                    calls |= own
                    cells.append(cell.id)
            if cells:
                yield Finding(kind, f"It {words} ({listed(list(calls), 3)}).", tuple(cells))
