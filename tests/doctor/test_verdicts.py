"""What a notebook was done to, and what a real Restart & Run All then gives: the doctor says the same without running it.

The truth of each case in ``cases.json`` was found by running it, where ``by_hand`` does not say otherwise: the cells ``run``,
a restart if ``restart``, the edits, the cells ``then``, and without those that were dropped all cells in a fresh shell.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.doctor.sessions import Run, Worker
from tests.support.notebook_session import NotebookSession

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))
IDS = [case["id"] for case in CASES]


def session_of(case: dict[str, Any]) -> NotebookSession:
    """The notebook as its user left it."""
    notebook = NotebookSession(*case["cells"])
    letters = [cell.id for cell in notebook.cells]
    if case["run"]:
        notebook.run(*(letters[at] for at in case["run"]))
    if case.get("restart"):
        notebook.executions = []
    for at, source in case.get("edit", {}).items():
        notebook.edit(letters[int(at)], source)
    if case.get("then"):
        notebook.run(*(letters[at] for at in case["then"]))
    for at in case.get("drop", ()):
        notebook.delete(letters[at])
    return notebook


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_verdict_is_that_of_a_real_run(case: dict[str, Any]) -> None:
    report = session_of(case).report
    verdict = report.prediction.verdict
    assert {"fails": "stops"}.get(verdict, verdict) == case["truth"], report.to_markdown()
    assert len(report.findings) <= case.get("max_findings", len(report.findings)), report.to_markdown()


def test_most_reports_have_three_lines_at_most() -> None:
    lines = sorted(len(session_of(case).report.to_markdown().splitlines()) for case in CASES)
    assert lines[len(lines) // 2] <= 3


def truth_of(case: dict[str, Any], live: Worker, fresh: Worker, folder: Path) -> str:
    """What a real run gives."""
    cells: list[Run] = [(f"c{at}", source) for at, source in enumerate(case["cells"])]
    runs = [cells[at] for at in case["run"]]
    outputs: dict[str, Any] = {}
    if case.get("restart"):
        outputs, runs = dict(live.run(runs, folder)["outputs"]), []
    for at, source in case.get("edit", {}).items():
        cells[int(at)] = (cells[int(at)][0], source)
    left = live.run([*runs, *(cells[at] for at in case.get("then", ()))], folder)
    outputs.update(left["outputs"])
    again = fresh.run([cell for at, cell in enumerate(cells) if at not in case.get("drop", ())], folder)
    if any(failed for _, failed in again["outputs"].values()):
        return "stops"
    same = all(outputs[cell] == output for cell, output in again["outputs"].items() if cell in outputs)
    if not case.get("restart"):
        same &= all(again["values"].get(name, value) == value for name, value in left["values"].items())
    return "reproduces" if same else "differs"


@pytest.mark.slow
def test_the_truth_of_the_cases_is_what_fresh_shells_give(tmp_path: Path) -> None:
    live, fresh = Worker(1), Worker(2)
    wrong = {}
    for case in CASES:
        folder = tmp_path / case["id"]
        folder.mkdir()
        if not case.get("by_hand") and (truth := truth_of(case, live, fresh, folder)) != case["truth"]:
            wrong[case["id"]] = truth
    live.close()
    fresh.close()
    assert wrong == {}
