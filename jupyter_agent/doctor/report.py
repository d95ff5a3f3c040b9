"""The hidden-state report: findings, the answer to "would Restart & Run All reproduce it?", and what to run."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import asdict, dataclass, replace

from jupyter_agent.analysis.dataflow import Dataflow
from jupyter_agent.analysis.refresh import cells_to_refresh
from jupyter_agent.core.messages import Json
from jupyter_agent.doctor.findings import FileRead, FileTimes, Finding, Labels, changed_files, files_read, findings_of
from jupyter_agent.doctor.prediction import Prediction, predict

#: What can be done about findings of a kind; what is stale or edited is cured by running the cells that are named.
_CURES = {
    "out_of_order": "Move the cell below the one that makes what it needs.",
    "orphaned": "Delete them with `del`, or bring back the cell that makes them.",
    "never_run": "Run them, or delete them.",
    "rerun": "Run the cell that makes the value first, then this one once.",
    "shadowed": "Give one of the two another name.",
    "history": "Give the value a name in the cell that makes it, and use that name.",
    "random": "Set a seed before, such as `np.random.seed(0)`, or pass one, such as `random_state=0`.",
    "time": "Where the result must stay the same, write the time down as a constant.",
    "input": "Write the answer down as a constant.",
    "network": "Save what was fetched into a file beside the notebook, and read that.",
    "file_changed": "Run them again, and what builds on them, to use the files as they are now.",
}
_HEADINGS = {
    "edited": "Edited since they ran",
    "stale": "Stale",
    "out_of_order": "Out of order",
    "orphaned": "Variables that no cell makes any more",
    "never_run": "Never run",
    "rerun": "Changed again by running again",
    "shadowed": "Shadowed names",
    "history": "Depends on In, Out or _",
    "random": "Random without a seed",
    "time": "Depends on the time",
    "input": "Asks somebody to type",
    "network": "Depends on the network",
    "file_changed": "Files that changed since",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What is true of a notebook and cannot be seen in it.

    Attributes:
        findings: What is not as it looks.
        prediction: What Restart & Run All would do.
        run: The fewest cells to run, in order, until everything is fresh.
        unknown: What could not be known, in words.
        labels: Cell → how users call it.
        files_read: Files that cells read, of which some may have been changed since.
    """

    findings: tuple[Finding, ...]
    prediction: Prediction
    run: tuple[str, ...]
    unknown: tuple[str, ...]
    labels: Labels
    files_read: tuple[FileRead, ...] = ()

    def with_files(self, times: FileTimes) -> Report:
        """The report with the files that were changed after they were read."""
        return replace(self, findings=(*self.findings, *changed_files(self.files_read, times)))

    def to_json(self) -> dict[str, Json]:
        """The report as JSON data."""
        first = self.prediction.first
        return {
            "restart_and_run_all": {
                "verdict": self.prediction.verdict,
                "first": None if first is None else asdict(first),
                "differences": [asdict(one) for one in self.prediction.differences],
                "lost": list(self.prediction.lost),
            },
            "findings": [asdict(one) for one in self.findings],
            "run": list(self.run),
            "unknown": list(self.unknown),
            "labels": {str(key): words for key, words in self.labels.words.items()},
        }

    def to_markdown(self) -> str:
        """The report for a reader."""
        parts = [self._verdict()]
        for kind, heading in _HEADINGS.items():
            lines = [self._line(one) for one in self.findings if one.kind == kind]
            if lines:
                cure = f" {_CURES[kind]}" if kind in _CURES else ""
                parts.append(f"**{heading}.**{cure}\n" + "\n".join(lines))
        if self.run:
            parts.append("**To be fresh again, run:** " + ", ".join(map(self.labels, self.run)))
        if self.unknown:
            parts.append("**Not known**\n" + "\n".join(f"- {one}" for one in self.unknown))
        return "\n\n".join(parts)

    def _verdict(self) -> str:
        first = self.prediction.first
        if first is None:
            return self._reproduced({one.kind for one in self.findings})
        last = self.prediction.differences[-1]
        stops = f"stop at {self.labels(last.cell_id)}: {last.reason}"
        if first.verdict == "fails":
            return f"Restart & Run All would {stops}"
        differs = f"Restart & Run All would differ first at {self.labels(first.cell_id)}: {first.reason}"
        return f"{differs}\n\nIt would {stops}" if last.verdict == "fails" else differs

    @staticmethod
    def _reproduced(kinds: Set[str]) -> str:
        if "file_changed" in kinds:
            return "Restart & Run All would reproduce this notebook, but for the files that have changed since."
        if "never_run" in kinds:
            return (
                "Restart & Run All would reproduce what has run. What the cells that never ran would do is not known;"
                " `jupyter agent doctor FILE --execute` tries it."
            )
        return "Restart & Run All would reproduce this notebook."

    def _line(self, finding: Finding) -> str:
        return f"- {self.labels(finding.cells[0])}: {finding.reason}" if finding.cells else f"- {finding.reason}"


def report_of(flow: Dataflow) -> Report:
    """Report on a notebook, without looking at files.

    Raises:
        AnalysisCancelled: nobody waits for the report any more.
    """
    return Report(
        findings_of(flow), predict(flow), cells_to_refresh(flow), flow.unknown, Labels.of(flow), files_read(flow)
    )
