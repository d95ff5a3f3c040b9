"""The hidden-state report: findings, the answer to "would Restart & Run All reproduce it?", and what to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from jupyter_agent.analysis.dataflow import Dataflow, is_variable
from jupyter_agent.analysis.refresh import cells_to_refresh
from jupyter_agent.core.messages import Json
from jupyter_agent.doctor.findings import FileRead, Finding, Labels, asks_agent, files_read, findings_of
from jupyter_agent.doctor.prediction import Difference, Prediction, predict

#: What can be done about a kind of finding, besides running cells.
_ADVICE = {
    "history": "Give the value a name in the cell that computes it.",
    "random": "Set a seed first, or pass one, such as `random_state=0`.",
    "process": "Sort what has to have an order.",
    "time": "If it has to stay the same, write the time as a constant.",
    "input": "Write the answer as a constant.",
    "network": "Save the response to a file, and read that.",
    "file_changed": "Run it again to use the current file.",
}
#: Kinds that were always there, in whatever order cells are run: they come after what was done.
_ALWAYS = frozenset({"shadowed", "history", "random", "process", "time", "input", "network"})


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
        newer: dict[str, list[str]] = {}
        for read in self.files_read:
            ran = read.started or saved
            if ran and changed.get(read.name, 0.0) > ran:
                newer.setdefault(read.name, []).append(read.cell_id)
        found = tuple(
            Finding("file_changed", f"The file {name} was changed after it was read.", tuple(cells))
            for name, cells in newer.items()
        )
        return replace(self, findings=(*self.findings, *found))

    def to_json(self) -> dict[str, Json]:
        """The report as JSON data."""
        first = self.prediction.first
        return {
            "restart_and_run_all": {
                "verdict": self.prediction.verdict,
                "first": None if first is None else asdict(first),
                "differences": [asdict(difference) for difference in self.prediction.differences],
                "lost": list(self.prediction.lost),
                "outside": list(self.prediction.outside),
            },
            "findings": [asdict(finding) for finding in self.findings],
            "run": list(self.run),
            "unknown": list(self.unknown),
            "labels": {str(cell_id): label for cell_id, label in self.labels.items()},
        }

    def to_markdown(self) -> str:
        """The report as Markdown: the verdict with its cause, what to run, and one line for each other cause."""
        first = self.prediction.first
        heading = self._cause(first) if first is not None else None
        lines = [self._verdict(first, heading)]
        if self.prediction.verdict == "differs" and self.prediction.needs_restart:
            lines.append("**To be fresh again,** restart the kernel and run all cells.")
        elif self.run and self.prediction.verdict != "fails":
            lines.append(f"**To be fresh again, run** {self.labels.of(self.run)}.")
        lines += [
            f"{self._sentence(finding)} {_ADVICE.get(finding.kind, '')}".rstrip()
            for finding in sorted(self.findings, key=lambda finding: finding.kind in _ALWAYS)
            if finding is not heading and not (first is not None and _repeats(finding, first, heading))
        ]
        if self.unknown:
            lines.append(f"Not known: {' '.join(self.unknown)}")
        return "\n".join([lines[0], *(f"- {line}" for line in lines[1:])])

    def _cause(self, first: Difference) -> Finding | None:
        """The finding that is the cause of a difference."""
        for finding in self.findings:
            always = finding.kind in _ALWAYS and finding.kind != "shadowed"
            if (
                first.cell_id in finding.cells
                and finding.kind not in ("never_run", "shadowed")
                and always == first.varies
            ):
                return finding
        return None

    def _sentence(self, finding: Finding) -> str:
        """What was found, with its cells named: those that have not run, or all, instead of `it`."""
        reason = finding.reason
        if not finding.cells or not reason.startswith("It "):
            return f"{self.labels[finding.cells[0]]}: {reason}" if finding.cells else reason
        cells = finding.cells if finding.kind in (*_ALWAYS, "never_run") else finding.cells[:1]
        words, (verb, _, rest) = self.labels.of(cells), reason.removeprefix("It ").partition(" ")
        if len(cells) > 1:
            verb = {"has": "have", "was": "were", "depends": "depend", "accesses": "access"}.get(
                verb, verb.removesuffix("s")
            )
        return f"{words[:1].upper()}{words[1:]} {verb} {rest}"

    def _verdict(self, first: Difference | None, cause: Finding | None) -> str:
        if self.prediction.outside:
            why = " ".join(self.prediction.outside)
            return f"Whether Restart & Run All would reproduce this notebook, I cannot tell. {why}"
        if first is None:
            kinds = {finding.kind for finding in self.findings}
            if "file_changed" in kinds:
                return "Restart & Run All would reproduce this notebook, except for the files that have changed since."
            return "Restart & Run All would reproduce this notebook."
        if first.verdict == "fails":
            return f"Restart & Run All would stop at {self.labels[first.cell_id]}: {first.reason}"
        if cause is None or first.varies:
            advice = _ADVICE.get(cause.kind, "") if cause is not None else ""
            return f"Restart & Run All would differ at {self.labels[first.cell_id]}: {first.reason} {advice}".rstrip()
        return f"Restart & Run All would differ at {self.labels[cause.cells[0]]}: {cause.reason}"


def _repeats(finding: Finding, first: Difference, heading: Finding | None) -> bool:
    """Whether the first line says what a finding says, or names the deleted cell that it is about."""
    if finding.kind == "orphaned" and not finding.cells and heading is not None:
        return finding.reason.rpartition(" by ")[2].rstrip(".") in heading.reason
    if first.verdict != "fails":
        return False
    return finding.kind in ("orphaned", "out_of_order") and set(finding.names) <= set(first.names)


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
    run = tuple(cell for cell in cells_to_refresh(flow) if not asks_agent(flow.by_id[cell].source))
    return Report(findings_of(flow), predict(flow), run, flow.unknown, Labels(flow), files_read(flow), names)
