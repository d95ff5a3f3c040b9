"""What is stale is told where it bears on the question, and a notebook without a kernel is examined honestly."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.kernel_state import Cell, Execution, KernelState, Variable
from jupyter_agent.core.text import source_hash
from jupyter_agent.doctor import report as doctor
from jupyter_agent.doctor import service
from jupyter_agent.doctor.service import TOO_LONG, bearing, examine_state
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.notebooks.posted import PostedNotebook
from tests.agent.test_assistant import House, StillKernel

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
    (line,) = await bearing("what is total?", CELLS, STATE)
    assert line.startswith("total: In [2]: rate was made anew by In [3]")
    assert await bearing("what are rate and other?", CELLS, STATE) == ()


async def test_what_the_active_cell_reads_is_told_too() -> None:
    assert [one.partition(":")[0] for one in await bearing("why?", CELLS, STATE, "c")] == ["total"]
    assert await bearing("why?", CELLS, STATE, "d") == ()


async def test_a_question_about_staleness_is_told_all_of_it() -> None:
    assert [one.partition(":")[0] for one in await bearing("is anything stale?", CELLS, STATE)] == ["total"]


async def test_an_analysis_that_takes_too_long_does_not_hold_up_the_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SECONDS", 0.05)
    examined = doctor.report_of

    def slow(*given: Any) -> doctor.Report:
        time.sleep(0.4)
        return examined(*given)

    monkeypatch.setattr(doctor, "report_of", slow)
    began = time.monotonic()
    assert await bearing("what is total?", CELLS, STATE) == ()
    assert await bearing("is anything stale?", CELLS, STATE) == (TOO_LONG,)
    assert time.monotonic() - began < 0.4


async def test_the_model_is_told_beside_the_question() -> None:
    house, kernel = House(["ok"]), StillKernel()
    kernel.now = STATE
    await house.done("what is total?", session_id="s1", kernel=kernel, notebook=PostedNotebook("a.ipynb", CELLS))
    await house.done("what is other?", session_id="s1", kernel=kernel, notebook=PostedNotebook("a.ipynb", CELLS))
    first, second = (request.messages[-1].content for request in house.model.requests)
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
    beside = FileNotebook(tmp_path / "a.ipynb")
    assert await bearing("what are rows and kept?", cells, state, None, beside) == ()
    (tmp_path / "rows.csv").write_text("newer than the cell's run", encoding="utf-8")
    (line,) = await bearing("what are rows and kept?", cells, state, None, beside)
    assert line == "rows: In [1]: The file rows.csv was changed after it was read."
    house, kernel = House(["ok"]), StillKernel()
    kernel.now = state
    (tmp_path / "a.ipynb").write_text(json.dumps(saved(cells)), encoding="utf-8")
    await house.done("what is rows?", session_id="s1", kernel=kernel, notebook=beside)
    assert line in str(house.model.requests[-1].messages[-1].content)


def saved(cells: Sequence[Cell]) -> dict[str, object]:
    nodes = [
        {"cell_type": "code", "id": one.id, "source": one.source, "metadata": {}, "outputs": [], "execution_count": 1}
        for one in cells
    ]
    return {"cells": nodes, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


async def test_a_kernel_that_cannot_be_asked_is_said() -> None:
    away = KernelState("k1", stale="It was never reached.")
    report = await examine_state(CELLS, away)
    assert report.unknown[0] == f"{service.NO_KERNEL} It was never reached."
    assert report == await examine_state(CELLS, away)
    assert (await examine_state(CELLS, None)).unknown[0] == service.NO_KERNEL


async def test_cells_that_only_ask_the_agent_need_not_run() -> None:
    asking = ("%agent /doctor", "%%agent -m offline\nwhat is\nrate?", "%agent one\n\n%agent two\n")
    cells = [*CELLS[:1], *(Cell(f"t{n}", "code", source) for n, source in enumerate(asking))]
    report = await examine_state([*cells, Cell("z", "code", "%agent one\nlast = 1")], None)
    assert [one.cells for one in report.findings if one.kind == "never_run"] == [("z",)]
    assert report.run == ("z",)
