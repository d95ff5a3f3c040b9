"""A notebook that is executed, edited and rearranged: its cells and what its kernel would tell."""

from __future__ import annotations

from dataclasses import replace

from jupyter_agent.analysis.dataflow import Dataflow
from jupyter_agent.core.kernel_state import Cell, Execution, ExecutionError, KernelState
from jupyter_agent.doctor.findings import Finding
from jupyter_agent.doctor.report import Report, report


class NotebookSession:
    """Cells a, b, c, … of these sources."""

    def __init__(self, *sources: str) -> None:
        self.cells = [Cell(chr(97 + at), "code", source) for at, source in enumerate(sources)]
        self.executions: list[Execution] = []

    def run(self, *ids: str, fails: str = "", mutated: tuple[str, ...] = ()) -> NotebookSession:
        """Execute cells, each by its letter; without letters all, in order."""
        for cell_id in ids or [one.id for one in self.cells]:
            at = next(at for at, one in enumerate(self.cells) if one.id == cell_id)
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
        self.cells = [replace(one, source=source) if one.id == cell_id else one for one in self.cells]
        return self

    def delete(self, cell_id: str) -> NotebookSession:
        self.cells = [one for one in self.cells if one.id != cell_id]
        return self

    def order(self, ids: str) -> NotebookSession:
        self.cells = [next(one for one in self.cells if one.id == cell_id) for cell_id in ids]
        return self

    @property
    def state(self) -> KernelState:
        return KernelState("k", epoch="e", executions=tuple(self.executions))

    @property
    def flow(self) -> Dataflow:
        return Dataflow.of(self.cells, self.state)

    @property
    def report(self) -> Report:
        return report(self.cells, self.state)

    def cells_of(self, name: str) -> str:
        """The cells of a variable's slice, as one text."""
        part = self.flow.slice_of(name)
        return "".join(part.cells) if part is not None else ""

    def findings(self, kind: str) -> list[Finding]:
        return [one for one in self.report.findings if one.kind == kind]

    def about(self, kind: str) -> list[tuple[str, str]]:
        """Findings of a kind, short: cells and names as texts."""
        return [("".join(one.cells), " ".join(one.names)) for one in self.findings(kind)]

    @property
    def verdict(self) -> str:
        first = self.report.prediction.first
        return f"{first.verdict} at {first.cell_id}" if first else "reproduces"
