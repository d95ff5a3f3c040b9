"""A notebook that is executed, edited and rearranged: its cells and what its kernel would tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_agent.analysis.dataflow import Dataflow
from jupyter_agent.analysis.provenance import PICTURES, SETTINGS, Key, Node
from jupyter_agent.analysis.refresh import cells_to_refresh
from jupyter_agent.core.kernel_state import Cell, Execution, ExecutionError, KernelState
from jupyter_agent.doctor.findings import Finding
from jupyter_agent.doctor.report import Report, report_of


def report_on(cells: Sequence[Cell], state: KernelState | None = None) -> Report:
    """The doctor's report on these cells, files left out."""
    return report_of(Dataflow.of(cells, state))


@dataclass(frozen=True)
class Slice:
    """What has to run to make a variable what it is: sources in order, and the cells that they are in."""

    sources: tuple[str, ...]
    cells: tuple[str, ...]


def slice_of(flow: Dataflow, name: str) -> Slice | None:
    """The backward slice of a variable along the nodes' edges: of the executions; where none bound it, of the cells."""
    value = flow.trace.values.get(name)
    if value is not None:
        nodes: Mapping[Key, Node] = dict(enumerate(flow.trace.nodes))
        indexes = sorted(int(key) for key in _reached(value.node, nodes))
        executed = [flow.trace.executed[index] for index in indexes]
        ids = dict.fromkeys(execution.cell_id for execution in executed if execution.cell_id is not None)
        return Slice(tuple(execution.source for execution in executed), tuple(ids))
    value = flow.top_down.values.get(name)
    if value is None:
        return None
    keys = _reached(value.node, dict(flow.top_down.nodes.items()))
    cells = [cell for cell in flow.code if cell.id in keys]
    return Slice(tuple(cell.source for cell in cells), tuple(cell.id for cell in cells))


def _reached(start: Key, nodes: Mapping[Key, Node]) -> set[Key]:
    """A node and all that it builds on; how things are shown makes no value what it is."""
    found: set[Key] = set()
    pending = [start]
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            pending += [
                value.node
                for name, value in nodes[key].inputs.items()
                if value is not None and name not in (SETTINGS, PICTURES)
            ]
    return found


class NotebookSession:
    """Cells a, b, c, … of these sources."""

    def __init__(self, *sources: str) -> None:
        self.cells = [Cell(chr(97 + at), "code", source) for at, source in enumerate(sources)]
        self.executions: list[Execution] = []

    def run(self, *ids: str, fails: str = "", mutated: tuple[str, ...] = ()) -> NotebookSession:
        """Execute cells, each by its letter; without letters all, in order."""
        for cell_id in ids or [cell.id for cell in self.cells]:
            at = next(at for at, cell in enumerate(self.cells) if cell.id == cell_id)
            count = len(self.executions) + 1
            self.cells[at] = replace(self.cells[at], execution_count=count)
            self.executions.append(self._execution(self.cells[at], count, fails, mutated))
        return self

    @staticmethod
    def _execution(cell: Cell, count: int, fails: str, mutated: tuple[str, ...]) -> Execution:
        error = ExecutionError(fails, "") if fails else None
        return Execution(
            count,
            cell.id,
            cell.source_hash,
            cell.source,
            "error" if fails else "ok",
            1000.0 + count,
            mutated=mutated,
            error=error,
        )

    def edit(self, cell_id: str, source: str) -> NotebookSession:
        self.cells = [replace(cell, source=source) if cell.id == cell_id else cell for cell in self.cells]
        return self

    def delete(self, cell_id: str) -> NotebookSession:
        self.cells = [cell for cell in self.cells if cell.id != cell_id]
        return self

    def order(self, ids: str) -> NotebookSession:
        self.cells = [next(cell for cell in self.cells if cell.id == cell_id) for cell_id in ids]
        return self

    @property
    def state(self) -> KernelState:
        return KernelState("k", epoch="e", executions=tuple(self.executions))

    @property
    def flow(self) -> Dataflow:
        return Dataflow.of(self.cells, self.state)

    @property
    def report(self) -> Report:
        return report_of(self.flow)

    @property
    def to_refresh(self) -> tuple[str, ...]:
        return cells_to_refresh(self.flow)

    def cells_of(self, name: str) -> str:
        """The cells of a variable's slice, as one text."""
        part = slice_of(self.flow, name)
        return "".join(part.cells) if part is not None else ""

    def findings(self, kind: str) -> list[Finding]:
        return [finding for finding in self.report.findings if finding.kind == kind]

    def about(self, kind: str) -> list[tuple[str, str]]:
        """Findings of a kind, short: cells and names as texts."""
        return [("".join(finding.cells), " ".join(finding.names)) for finding in self.findings(kind)]

    @property
    def verdict(self) -> str:
        first = self.report.prediction.first
        return f"{first.verdict} at {first.cell_id}" if first else "reproduces"
