"""The hidden-state report: findings, the answer to "would Restart & Run All reproduce it?", and what to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from jupyter_agent.analysis.dataflow import Dataflow, is_variable
from jupyter_agent.analysis.refresh import cells_to_refresh
from jupyter_agent.core.messages import Json
from jupyter_agent.doctor.findings import FileRead, Finding, Labels, files_read, findings_of
from jupyter_agent.doctor.prediction import Prediction, predict

#: Heading of a kind of finding, and what can be done; what is stale or edited is mended by running the cells listed below.
_SECTIONS = {
    "edited": ("Edited after they ran", ""),
    "stale": ("Stale", ""),
    "out_of_order": ("Out of order", "Move the cell below the one that defines what it uses."),
    "orphaned": ("Variables that no cell defines", "Delete them with `del`, or restore the cell that defines them."),
    "never_run": ("Never run", "Run them, or delete them."),
    "rerun": ("Changed by every rerun", "Run the cell that creates the value, then this one once."),
    "shadowed": ("Shadowed names", "Rename one of the two."),
    "history": (
        "Depends on In, Out or _",
        "Assign the value to a variable in the cell that computes it, and use that variable.",
    ),
    "random": (
        "Random numbers without a seed",
        "Set a seed first, such as `np.random.seed(0)`, or pass one, such as `random_state=0`.",
    ),
    "time": ("Depends on the time", "If the result has to stay the same, write the time as a constant."),
    "input": ("Asks for input", "Write the answer as a constant."),
    "network": ("Depends on the network", "Save the response to a file in the notebook's folder, and read that file."),
    "file_changed": (
        "Files changed after they were read",
        "Run the cells again, and those that depend on them, to use the current files.",
    ),
}


@dataclass(frozen=True, slots=True)
class Report:
    """What the notebook does not show.

    Attributes:
        findings: Problems, see `Finding`.
        prediction: What Restart & Run All would do.
        run: The fewest cells to run, in order, to bring everything up to date.
        unknown: What could not be found out, in sentences.
        labels: Cell → how a reader finds it.
        files_read: Files that cells read, of which some may have been changed since.
        names: Code cell → the names that it uses, and those that it makes or changes, in a run from top to bottom.
    """

    findings: tuple[Finding, ...]
    prediction: Prediction
    run: tuple[str, ...]
    unknown: tuple[str, ...]
    labels: Labels
    files_read: tuple[FileRead, ...] = ()
    names: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)

    def with_files(self, changed: Mapping[str, float], saved: float = 0.0) -> Report:
        """The report with the files that were changed after they were read.

        Args:
            changed: Names of files as cells write them → when they were changed last, in seconds since the epoch.
            saved: When the notebook was saved, for cells whose time of execution is not known; 0 where that is not known.
        """
        newer = tuple(
            Finding("file_changed", f"The file {read.name} was changed after it was read.", (read.cell_id,))
            for read in self.files_read
            if (ran := read.started or saved) and changed.get(read.name, 0.0) > ran
        )
        return replace(self, findings=(*self.findings, *newer))

    def to_json(self) -> dict[str, Json]:
        """The report as JSON data."""
        first = self.prediction.first
        return {
            "restart_and_run_all": {
                "verdict": self.prediction.verdict,
                "first": None if first is None else asdict(first),
                "differences": [asdict(difference) for difference in self.prediction.differences],
                "lost": list(self.prediction.lost),
            },
            "findings": [asdict(finding) for finding in self.findings],
            "run": list(self.run),
            "unknown": list(self.unknown),
            "labels": {str(cell_id): label for cell_id, label in self.labels.items()},
        }

    def to_markdown(self) -> str:
        """The report as Markdown."""
        parts = [self._verdict()]
        for kind, (heading, advice) in _SECTIONS.items():
            lines = [
                "- " + (f"{self.labels[finding.cells[0]]}: " if finding.cells else "") + finding.reason
                for finding in self.findings
                if finding.kind == kind
            ]
            if lines:
                parts.append("\n".join([f"**{heading}.** {advice}".rstrip(), *lines]))
        if self.run:
            cells = ", ".join(self.labels[cell_id] for cell_id in self.run)
            parts.append(f"**To bring everything up to date, run:** {cells}")
        if self.unknown:
            parts.append("**Not known**\n" + "\n".join(f"- {sentence}" for sentence in self.unknown))
        return "\n\n".join(parts)

    def _verdict(self) -> str:
        first = self.prediction.first
        if first is None:
            kinds = {finding.kind for finding in self.findings}
            if "file_changed" in kinds:
                return "Restart & Run All would reproduce this notebook, except for the files that have changed since."
            if "never_run" in kinds:
                return (
                    "Restart & Run All would reproduce the cells that ran. What the other cells would do is not known;"
                    " `jupyter agent doctor FILE --execute` runs them."
                )
            return "Restart & Run All would reproduce this notebook."
        last = self.prediction.differences[-1]
        stops = f"stop at {self.labels[last.cell_id]}: {last.reason}"
        if first.verdict == "fails":
            return f"Restart & Run All would {stops}"
        differs = f"Restart & Run All would differ first at {self.labels[first.cell_id]}: {first.reason}"
        return f"{differs}\n\nIt would {stops}" if last.verdict == "fails" else differs


def report_of(flow: Dataflow) -> Report:
    """Report on a notebook, without looking at files.

    Raises:
        AnalysisCancelled: nobody waits for the report any more.
    """
    names = {
        str(cell): (
            tuple(sorted(filter(is_variable, node.used_names))),
            tuple(sorted(filter(is_variable, node.writes))),
        )
        for cell, node in flow.top_down.nodes.items()
    }
    return Report(
        findings_of(flow), predict(flow), cells_to_refresh(flow), flow.unknown, Labels(flow), files_read(flow), names
    )
