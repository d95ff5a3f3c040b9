"""One analysis for each notebook, shared and cancellable; what is stale is said where it bears on the question."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.analysis.provenance import Node
from jupyter_agent.analysis.trace import CellInterpreter
from jupyter_agent.core.errors import TooLarge
from jupyter_agent.core.kernel_state import Cell, Execution, KernelState, Variable
from jupyter_agent.doctor import report as doctor
from jupyter_agent.doctor import service
from jupyter_agent.doctor.service import TOO_LONG, NotebookAnalyses
from jupyter_agent.kernelside.wire import source_hash
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.notebooks.posted import PostedNotebook
from jupyter_agent.tools.check import CheckNotebook
from tests.support.scripted_assistant import ScriptedAssistant
from tests.support.still_kernel import StillKernel

CELLS = (
    Cell("a", "code", "rate = 2", 3),
    Cell("b", "code", "total = rate * 10", 2),
    Cell("c", "code", "print(total)"),
    Cell("d", "code", "other = 5", 4),
)


def ran(count: int, cell_id: str, source: str, *bound: str) -> Execution:
    return Execution(count, cell_id, source_hash(source), source, "ok", 1.0 + count, 0.1, bound)


def number(name: str, cell_id: str, count: int) -> Variable:
    return Variable(name, "int", "number", "int", {"value": "1"}, count, cell_id, count)


RAN = (
    ran(1, "a", "rate = 1", "rate"),
    ran(2, "b", "total = rate * 10", "total"),
    ran(3, "a", "rate = 2", "rate"),
    ran(4, "d", "other = 5", "other"),
)
NAMES = {"rate": number("rate", "a", 3), "total": number("total", "b", 2), "other": number("other", "d", 4)}
STATE = KernelState("k1", "e1", 4, NAMES, executions=RAN, total=3, status="idle", taken_at=5.0)


async def test_what_the_question_names_is_told_when_it_is_stale() -> None:
    (line,) = await NotebookAnalyses().stale_for("what is total?", CELLS, STATE)
    assert line.startswith("total: In [2]: rate was changed by In [3]")
    assert await NotebookAnalyses().stale_for("what are rate and other?", CELLS, STATE) == ()


async def test_what_the_active_cell_reads_is_told_too() -> None:
    assert [line.partition(":")[0] for line in await NotebookAnalyses().stale_for("why?", CELLS, STATE, "c")] == [
        "total"
    ]
    assert await NotebookAnalyses().stale_for("why?", CELLS, STATE, "d") == ()


async def test_a_question_about_staleness_is_told_all_of_it() -> None:
    assert [
        line.partition(":")[0] for line in await NotebookAnalyses().stale_for("is anything stale?", CELLS, STATE)
    ] == ["total"]


class Run(CellInterpreter):
    """Waits at its first cell until it may go on."""

    def __init__(
        self, earlier: CellInterpreter | None, cancelled: threading.Event, reached: queue.Queue[Run] | None
    ) -> None:
        super().__init__(earlier, cancelled)
        self.go = threading.Event()
        self._reached = reached

    def interpret(self, *given: Any, **more: Any) -> Node:
        if self._reached is not None:
            reached, self._reached = self._reached, None
            reached.put(self)
            assert self.go.wait(30)
        return super().interpret(*given, **more)


class Runs(list[Run]):
    """The runs of one test's analyses."""

    def __init__(self) -> None:
        super().__init__()
        self._reached: queue.Queue[Run] = queue.Queue()

    def held(self, earlier: CellInterpreter | None, cancelled: threading.Event) -> Run:
        """A run that waits at its first cell."""
        self.append(Run(earlier, cancelled, self._reached))
        return self[-1]

    def free(self, earlier: CellInterpreter | None, cancelled: threading.Event) -> Run:
        """A run that waits for nobody."""
        self.append(Run(earlier, cancelled, None))
        return self[-1]

    async def at_its_first_cell(self) -> Run:
        """The next run that waits."""
        return await asyncio.to_thread(self._reached.get, timeout=30)


@pytest.fixture
def runs() -> Runs:
    return Runs()


async def test_a_question_does_not_wait_for_an_analysis_that_takes_too_long(runs: Runs) -> None:
    analyses = NotebookAnalyses(question_seconds=0.0, interpreter=runs.held)
    assert await analyses.stale_for("what is total?", CELLS, STATE) == ()
    assert await analyses.stale_for("is anything stale?", CELLS, STATE) == (TOO_LONG,)
    for run in runs:
        run.go.set()


async def test_an_analysis_that_nobody_waits_for_ends_at_its_next_cell(runs: Runs) -> None:
    analyses = NotebookAnalyses(interpreter=runs.held)
    asking = asyncio.create_task(analyses.report(CELLS, STATE))
    abandoned = await runs.at_its_first_cell()
    asking.cancel()
    await asyncio.wait([asking])
    abandoned.go.set()
    again = asyncio.create_task(analyses.report(CELLS, STATE))
    (await runs.at_its_first_cell()).go.set()
    assert (await again).findings
    assert (abandoned.interpreted, runs[1].interpreted) == (0, len(RAN) + len(CELLS) + 2)


async def test_ten_requests_at_once_are_one_analysis(runs: Runs) -> None:
    analyses = NotebookAnalyses(interpreter=runs.held)
    asking = [asyncio.create_task(analyses.report(CELLS, STATE)) for _ in range(10)]
    run = await runs.at_its_first_cell()
    asking.pop().cancel()
    run.go.set()
    first, *others = await asyncio.gather(*asking)
    assert all(report == first for report in others)
    assert len(runs) == 1


async def test_requests_for_two_notebooks_are_analysed_one_after_the_other(runs: Runs) -> None:
    analyses = NotebookAnalyses(interpreter=runs.held)
    first = asyncio.create_task(analyses.report(CELLS, STATE, PostedNotebook("a.ipynb", CELLS)))
    run = await runs.at_its_first_cell()
    second = asyncio.create_task(analyses.report(CELLS, None, PostedNotebook("b.ipynb", CELLS)))
    await asyncio.sleep(0)
    assert len(runs) == 1
    run.go.set()
    await first
    (await runs.at_its_first_cell()).go.set()
    await second


async def test_the_same_notebook_is_not_analysed_twice_and_an_edited_one_only_where_it_differs(
    runs: Runs,
) -> None:
    analyses = NotebookAnalyses(interpreter=runs.free)
    report = await analyses.report(CELLS, STATE)
    assert await analyses.report(CELLS, replace(STATE, taken_at=9.0)) == report
    assert len(runs) == 1
    edited = (*CELLS[:3], Cell("d", "code", "other = 6", 4))
    assert await analyses.report(edited, STATE) == await NotebookAnalyses().report(edited, STATE)
    assert runs[1].interpreted == 2  # as it stands, and as it would have run again
    again = replace(STATE, executions=(*RAN, ran(5, "d", "other = 6", "other")))
    assert await analyses.report(edited, again) == await NotebookAnalyses().report(edited, again)
    assert runs[2].interpreted == 1
    restarted = replace(again, epoch="e2", executions=RAN[:1])
    assert await analyses.report(edited, restarted) == await NotebookAnalyses().report(edited, restarted)


async def test_the_analyses_used_last_are_kept(runs: Runs) -> None:
    analyses = NotebookAnalyses(interpreter=runs.free, max_notebooks=3, max_cells=3 * len(CELLS))
    for name in "abcad":
        await analyses.report(CELLS, STATE, PostedNotebook(name, CELLS))
    assert len(runs) == 4
    for name in "acd":
        await analyses.report(CELLS, STATE, PostedNotebook(name, CELLS))
    assert len(runs) == 4
    many = CELLS + tuple(Cell(f"m{number}", "code", "") for number in range(4))
    await analyses.report(many, STATE, PostedNotebook("e", many))  # as many cells as two of the others
    await analyses.report(CELLS, STATE, PostedNotebook("d", CELLS))
    assert len(runs) == 5
    await analyses.report(CELLS, STATE, PostedNotebook("c", CELLS))
    assert len(runs) == 6


async def test_an_analysis_that_takes_too_long_makes_room_for_others(runs: Runs) -> None:
    analyses = NotebookAnalyses(max_seconds=0.0, interpreter=runs.held)
    with pytest.raises(TooLarge):
        await analyses.report(CELLS, STATE)
    for run in runs:
        run.go.set()


async def test_an_analysis_that_failed_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    analyses = NotebookAnalyses()
    monkeypatch.setattr(doctor, "report_of", lambda flow: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await analyses.report(CELLS, STATE)
    monkeypatch.undo()
    assert (await analyses.report(CELLS, STATE)).findings


async def test_nobody_waits_for_a_service_that_is_closed(runs: Runs) -> None:
    analyses = NotebookAnalyses(interpreter=runs.held)
    asking = asyncio.create_task(analyses.report(CELLS, STATE))
    run = await runs.at_its_first_cell()
    analyses.close()
    run.go.set()
    await asyncio.wait([asking])
    assert asking.cancelled()


async def test_questions_the_tool_and_the_doctor_share_one_analysis(runs: Runs) -> None:
    kernel = StillKernel(state=STATE)
    scripted = ScriptedAssistant([{"calls": [{"name": "check_notebook", "arguments": {}}]}, "ok"])
    scripted.assistant.resources.tools = {"check_notebook": CheckNotebook()}
    analyses = scripted.assistant.resources.analyses = NotebookAnalyses(interpreter=runs.free)
    notebook = PostedNotebook("a.ipynb", CELLS)
    await scripted.done("what is total?", kernel=kernel, notebook=notebook, notebook_id="a.ipynb")
    await scripted.done("is anything stale?", kernel=kernel, notebook=notebook, notebook_id="a.ipynb")
    checked = next(message for message in scripted.model.requests[1].messages if message.role == "tool")
    report = await analyses.report(CELLS, STATE, notebook)
    assert json.loads(checked.content)["run"] == list(report.run)
    assert len(runs) == 1


async def test_what_is_stale_is_sent_with_the_question() -> None:
    scripted, kernel = ScriptedAssistant(["ok"]), StillKernel(state=STATE)
    await scripted.done("what is total?", session_id="s1", kernel=kernel, notebook=PostedNotebook("a.ipynb", CELLS))
    await scripted.done("what is other?", session_id="s1", kernel=kernel, notebook=PostedNotebook("a.ipynb", CELLS))
    first, second = (request.messages[-1].content for request in scripted.model.requests)
    assert "Not as the notebook says:\n- total: In [2]" in first
    assert "Not as the notebook says" not in second


async def test_a_variable_that_was_made_from_a_file_that_changed_since_is_stale(tmp_path: Path) -> None:
    source = "rows = open('rows.csv').read()"
    cells = (Cell("a", "code", source, 1), Cell("b", "code", "kept = 1", 2))
    state = replace(
        STATE,
        variables={"rows": number("rows", "a", 1), "kept": number("kept", "b", 2)},
        executions=(ran(1, "a", source, "rows"), ran(2, "b", "kept = 1", "kept")),
        total=2,
    )
    notebook = FileNotebook(tmp_path / "a.ipynb")
    assert await NotebookAnalyses().stale_for("what are rows and kept?", cells, state, None, notebook) == ()
    (tmp_path / "rows.csv").write_text("newer than the cell's run", encoding="utf-8")
    (line,) = await NotebookAnalyses().stale_for("what are rows and kept?", cells, state, None, notebook)
    assert line == "rows: In [1]: The file rows.csv was changed after it was read."
    scripted, kernel = ScriptedAssistant(["ok"]), StillKernel(state=state)
    (tmp_path / "a.ipynb").write_text(json.dumps(saved(cells)), encoding="utf-8")
    await scripted.done("what is rows?", session_id="s1", kernel=kernel, notebook=notebook)
    assert line in str(scripted.model.requests[-1].messages[-1].content)


def saved(cells: Sequence[Cell]) -> dict[str, object]:
    nodes = [
        {"cell_type": "code", "id": cell.id, "source": cell.source, "metadata": {}, "outputs": [], "execution_count": 1}
        for cell in cells
    ]
    return {"cells": nodes, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


async def test_a_kernel_that_cannot_be_asked_is_said() -> None:
    away = KernelState("k1", stale="It was never reached.")
    report = await NotebookAnalyses().report(CELLS, away)
    assert report.unknown[0] == f"{service.NO_KERNEL} It was never reached."
    assert report == await NotebookAnalyses().report(CELLS, away)
    assert (await NotebookAnalyses().report(CELLS, None)).unknown[0] == service.NO_KERNEL


async def test_cells_that_only_ask_the_agent_need_not_run() -> None:
    asking = ("%agent /doctor", "%%agent -m offline\nwhat is\nrate?", "%agent one\n\n%agent two\n")
    cells = [*CELLS[:1], *(Cell(f"t{n}", "code", source) for n, source in enumerate(asking))]
    report = await NotebookAnalyses().report([*cells, Cell("z", "code", "%agent one\nlast = 1")], None)
    assert [finding.cells for finding in report.findings if finding.kind == "never_run"] == [("z",)]
    assert report.run == ("z",)
