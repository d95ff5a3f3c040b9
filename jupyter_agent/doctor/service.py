"""Examines a notebook with its kernel: reads both, and asks the doctor in a thread, so that nobody else waits."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from jupyter_agent.analysis.dataflow import Dataflow
from jupyter_agent.core.kernel_state import Cell, KernelState
from jupyter_agent.core.protocols import Kernel, Notebook
from jupyter_agent.doctor import report as doctor
from jupyter_agent.doctor.findings import Files
from jupyter_agent.doctor.report import Report

SECONDS = 1.0
#: Lines that a prompt is told.
MOST = 8
TOO_LONG = "The notebook is too long to tell within a second what is stale; the doctor command takes the time."
_TALK = re.compile(r"\s*(?:%%agent\b.*|(?:%agent\b[^\n]*\s*)+)", re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*")
_ASKS = re.compile(r"\b(?:stale|out ?dated|out of (?:date|order)|up to date|re-?run|restart)\b", re.IGNORECASE)
_STALE = ("edited", "stale", "out_of_order", "orphaned", "rerun", "file_changed")
#: Findings that name what a cell took; stale is what it made.
_OF_WHAT_IT_TOOK = ("stale", "out_of_order", "file_changed")
NO_KERNEL = "No kernel was asked: what ran is taken from the cells and their execution counts."


async def examine(notebook: Notebook, kernel: Kernel | None) -> Report:
    """Read a notebook and its kernel, and examine them.

    Args:
        notebook: Where the cells are read.
        kernel: Its kernel; None where there is none, then the cells alone are examined and the report says so.

    Raises:
        NotFound: the notebook is gone.
    """
    cells = await notebook.cells()
    state = await kernel.state() if kernel is not None else None
    return await examine_state(cells, state, notebook)


async def examine_state(cells: Sequence[Cell], state: KernelState | None, notebook: Notebook | None = None) -> Report:
    """Examine cells and a kernel's state that have been read already; what could not be asked is said.

    Args:
        cells: All cells, in order.
        state: Of the kernel; None where there is none.
        notebook: Is asked when the files that cells read were changed; None where there is none to ask.
    """
    asked = state if state is not None and state.epoch and state.source == "kernel" else None
    flow, names = await asyncio.to_thread(_flow, tuple(cells), asked)
    files = await _files(notebook, names) if notebook is not None and names else None
    report = _without_talk(await asyncio.to_thread(doctor.report_of, flow, files), cells)
    note = _note(state, asked)
    return replace(report, unknown=(note, *report.unknown)) if note else report


def _flow(cells: Sequence[Cell], state: KernelState | None) -> tuple[Dataflow, Sequence[str]]:
    flow = Dataflow.of(cells, state)
    return flow, flow.files_read


async def _files(notebook: Notebook, names: Sequence[str]) -> Files:
    own = re.split(r"[/\\]", notebook.path)[-1]
    changed = dict(await notebook.changed_at([*names, own]))
    return Files(changed, changed.get(own, 0.0))


async def known_stale(
    cells: Sequence[Cell], state: KernelState | None, seconds: float, notebook: Notebook | None = None
) -> Mapping[str, str] | None:
    """Variables that are not what the notebook says → why; None where `seconds` did not suffice to find out."""
    if state is None or not state.epoch or not cells:
        return {}
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return stale_variables(await examine_state(cells, state, notebook), state)
    return None


async def bearing(
    question: str,
    cells: Sequence[Cell],
    state: KernelState | None,
    active_cell_id: str | None = None,
    notebook: Notebook | None = None,
) -> tuple[str, ...]:
    """What is stale of the variables that a question, or the cell where the user is, speaks of; nothing after 1 s."""
    if state is None or not state.epoch or not cells:
        return ()
    active = next((one.source for one in cells if one.id == active_cell_id and one.kind == "code"), "")
    asked = _ASKS.search(question) is not None
    names = set(_WORD.findall(f"{question}\n{active}")) & set(state.variables)
    if not names and not asked:
        return ()
    found = await known_stale(cells, state, SECONDS, notebook)
    if found is None:
        return (TOO_LONG,) if asked else ()
    return tuple(f"{name}: {why}" for name, why in found.items() if asked or name in names)[:MOST]


def stale_variables(report: Report, state: KernelState | None) -> dict[str, str]:
    """Variables that are not what the notebook says → why, in a few words."""
    made: dict[str, list[str]] = {}
    for variable in state.variables.values() if state is not None else ():
        made.setdefault(variable.cell_id or "", []).append(variable.name)
    told: dict[str, str] = {}
    for finding in report.findings:
        if finding.kind not in _STALE:
            continue
        where = report.labels(finding.cells[0]) if finding.cells else ""
        names = finding.names if finding.kind not in _OF_WHAT_IT_TOOK else made.get(finding.cells[0], ())
        for name in names:
            told.setdefault(name, f"{where}: {finding.reason}" if where else finding.reason)
    return told


def _without_talk(report: Report, cells: Sequence[Cell]) -> Report:
    """The report without cells that only ask the agent: whether they ran is nothing to tell, least of all while they do."""
    talk = {one.id for one in cells if _TALK.fullmatch(one.source)}
    findings = tuple(one for one in report.findings if not (one.kind == "never_run" and talk.issuperset(one.cells)))
    return replace(report, findings=findings, run=tuple(one for one in report.run if one not in talk))


def _note(state: KernelState | None, asked: KernelState | None) -> str:
    if asked is None:
        return f"{NO_KERNEL} {state.stale}".strip() if state is not None else NO_KERNEL
    if asked.stale:
        return f"The kernel's state is {max(0.0, time.time() - asked.taken_at):.0f} s old: {asked.stale}"
    return ""
