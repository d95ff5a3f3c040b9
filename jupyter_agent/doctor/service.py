"""The doctor's service: one analysis for each notebook, brought up to date by whoever asks, shared, and cancellable."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jupyter_agent.core.errors import TooLarge
from jupyter_agent.core.kernel_state import Cell, KernelState
from jupyter_agent.core.messages import Json
from jupyter_agent.core.protocols import Kernel, Notebook
from jupyter_agent.notebooks.posted import PostedNotebook
from jupyter_agent.notebooks.stored import StoredNotebook

if TYPE_CHECKING:
    from jupyter_agent.analysis.trace import CellInterpreter
    from jupyter_agent.doctor.report import Report

    InterpreterFactory = Callable[[CellInterpreter | None, threading.Event], CellInterpreter]

#: Lines about stale variables in a prompt.
MAX_LINES = 8
TOO_LONG = "Finding what is stale in this notebook takes more than a second; the doctor command waits for it."
TOO_LARGE = "Analysing this notebook takes too long. Split it into smaller ones."
NO_KERNEL = "No kernel is connected: the cells are taken to have run as they stand, in the order of their counts."
FROM_HISTORY = "No kernel is connected: what ran is read from IPython's history."
_WORD = re.compile(r"[^\W\d]\w*")
_ASKS = re.compile(r"\b(?:stale|out ?dated|out of (?:date|order)|up to date|re-?run|restart)\b", re.IGNORECASE)
_STALE = ("edited", "stale", "out_of_order", "orphaned", "rerun", "file_changed")
#: Findings that name what a cell read; stale is what it made.
_OF_INPUTS = ("stale", "out_of_order", "file_changed")


class NotebookAnalyses:
    """Analyses notebooks in one thread, one after the other.

    An analysis is kept with its notebook: a request for the same cells and executions gets its report, others have only
    those cells interpreted that are not what they were. Requests that come while the same is analysed share it; when
    nobody waits any more, it ends at its next cell. Used from one event loop at a time.

    Args:
        max_notebooks: How many analyses are kept; those not used for longest go first.
        max_cells: How many cells they may have in all.
        max_seconds: How long one may take, since others wait for it.
        question_seconds: How long a question waits for its notebook's analysis.
        interpreter: Makes what interprets the cells, given the last one of the notebook and an event that cancels it.
    """

    def __init__(
        self,
        *,
        max_notebooks: int = 16,
        max_cells: int = 10_000,
        max_seconds: float = 120.0,
        question_seconds: float = 1.0,
        interpreter: InterpreterFactory | None = None,
    ) -> None:
        self._max_seconds = max_seconds
        self._question_seconds = question_seconds
        self._interpreter = interpreter
        self._max_notebooks = max_notebooks
        self._max_cells = max_cells
        self._analyses: OrderedDict[str, _Analysis] = OrderedDict()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jupyter-agent-doctor")

    async def examine(self, notebook: Notebook, kernel: Kernel | None) -> Report:
        """Read a notebook and its kernel, and report its hidden state.

        Args:
            notebook: Where the cells are read.
            kernel: Its kernel; None where there is none, then the cells alone are examined and the report says so.

        Raises:
            NotFound: the notebook is gone.
            TooLarge: the analysis takes too long.
        """
        cells = await notebook.cells()
        state = await kernel.state() if kernel is not None else None
        return await self.report(cells, state, notebook)

    async def report(
        self, cells: Sequence[Cell], state: KernelState | None, notebook: Notebook | None = None
    ) -> Report:
        """Report on cells and a kernel's state that have been read already.

        Args:
            cells: All cells, in order.
            state: Of the kernel; None where there is none.
            notebook: Is asked when the files that cells read were changed; None where there is none to ask.

        Raises:
            TooLarge: the analysis takes too long.
        """
        known = state if state is not None and state.epoch and state.source != "client" else None
        if known is None and isinstance(notebook, (StoredNotebook, PostedNotebook)):
            language = await notebook.language()
            if language not in ("", "python", "ipython"):
                return _of_other_language(language)
        report = await self._analysed(notebook.path if notebook is not None else "", tuple(cells), known)
        if notebook is not None and report.files_read:
            own = re.split(r"[/\\]", notebook.path)[-1]
            changed = await notebook.changed_at([*dict.fromkeys(read.name for read in report.files_read), own])
            report = report.with_files(changed, changed.get(own, 0.0))
        note = ""
        if known is None:
            note = f"{NO_KERNEL} {state.stale}".strip() if state is not None else NO_KERNEL
        elif known.source == "history":
            note = FROM_HISTORY
        elif known.stale:
            note = known.stale_text
        return replace(report, unknown=(note, *report.unknown)) if note else report

    async def check(
        self, cells: Sequence[Cell], state: KernelState | None, notebook: Notebook | None = None
    ) -> dict[str, Json]:
        """The report as JSON for a tool: ``verdict``, ``report`` (Markdown), ``stale`` (name → reason), ``run`` (cell ids), ``cells``."""
        report = await self.report(cells, state, notebook)
        return {
            "verdict": report.prediction.verdict,
            "report": report.to_markdown(),
            "stale": {**_stale_variables(report, state)},
            "run": list(report.run),
            "cells": [
                {"id": cell, "label": report.labels[cell], "uses": list(uses), "makes": list(makes)}
                for cell, (uses, makes) in report.names.items()
            ],
        }

    async def stale_for(
        self,
        question: str,
        cells: Sequence[Cell],
        state: KernelState | None,
        active_cell_id: str | None = None,
        notebook: Notebook | None = None,
    ) -> tuple[str, ...]:
        """Lines for a prompt: which variables of a question, or of the user's cell, are stale; none after a second."""
        if state is None or not state.epoch or not cells:
            return ()
        active = next((cell.source for cell in cells if cell.id == active_cell_id and cell.kind == "code"), "")
        asks = _ASKS.search(question) is not None
        names = set(_WORD.findall(f"{question}\n{active}")) & set(state.variables)
        if not names and not asks:
            return ()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._question_seconds):
                stale = _stale_variables(await self.report(cells, state, notebook), state)
            return tuple(f"{name}: {why}" for name, why in stale.items() if asks or name in names)[:MAX_LINES]
        return (TOO_LONG,) if asks else ()

    def close(self) -> None:
        """Cancel what is being analysed."""
        for analysis in self._analyses.values():
            if analysis.job is not None:
                analysis.job.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _analysed(self, path: str, cells: tuple[Cell, ...], state: KernelState | None) -> Report:
        """The report without what may be another each time: files, the state's age."""
        analysis = self._analyses.setdefault(path, _Analysis(self._interpreter))
        self._analyses.move_to_end(path)
        job = analysis.job_for(cells, state, self._thread)
        while len(self._analyses) > 1 and (
            len(self._analyses) > self._max_notebooks
            or sum(kept.job.cell_count for kept in self._analyses.values() if kept.job is not None) > self._max_cells
        ):
            self._analyses.popitem(last=False)
        job.waiting += 1
        try:
            async with asyncio.timeout(self._max_seconds):
                report = await asyncio.shield(asyncio.wrap_future(job.future))
        except TimeoutError as error:
            raise TooLarge(TOO_LARGE) from error
        finally:
            job.waiting -= 1
            if not job.waiting:
                job.cancel()
        if report is None:  # `close` came first
            raise asyncio.CancelledError
        return report


@dataclass(slots=True)
class _Job:
    """One run of the analysis.

    Attributes:
        inputs: All that its report depends on, but for files; what is equal has one report.
        cell_count: How many cells the notebook has.
        waiting: How many requests want its report.
    """

    inputs: tuple[object, ...]
    cell_count: int
    cancelled: threading.Event = field(default_factory=threading.Event)
    future: Future[Report | None] = field(default_factory=Future)
    waiting: int = 0

    def cancel(self) -> None:
        """End a run that nobody waits for; one that has ended keeps its report."""
        if not self.future.done():
            self.cancelled.set()


class _Analysis:
    """What is known of one notebook: the latest run, and what its cells did, for the next."""

    def __init__(self, factory: InterpreterFactory | None) -> None:
        self.job: _Job | None = None
        self._factory = factory
        self._interpreter: CellInterpreter | None = None  # used in the thread only

    def job_for(self, cells: tuple[Cell, ...], state: KernelState | None, thread: ThreadPoolExecutor) -> _Job:
        """The run for these cells and this state: the latest one if it is the same, else a new one."""
        keys = tuple((cell.id, cell.kind, cell.source, cell.execution_count, bool(cell.error)) for cell in cells)
        inputs: tuple[object, ...] = (keys,)
        if state is not None:
            live = frozenset(state.variables) if state.total <= len(state.variables) else None
            inputs = (keys, state.executions, state.epoch, live)
        job = self.job
        has_failed = job is not None and (
            job.cancelled.is_set()
            or (job.future.done() and (job.future.cancelled() or job.future.exception() is not None))
        )
        if job is None or job.inputs != inputs or has_failed:
            job = self.job = _Job(inputs, len(cells))
            job.future = thread.submit(self._run, cells, state, job.cancelled)
        return job

    def _run(self, cells: tuple[Cell, ...], state: KernelState | None, cancelled: threading.Event) -> Report | None:
        """Analyse, in the thread; None where that was cancelled."""
        from jupyter_agent.analysis.dataflow import Dataflow
        from jupyter_agent.analysis.trace import AnalysisCancelled, CellInterpreter
        from jupyter_agent.doctor.report import report_of

        self._interpreter = (self._factory or CellInterpreter)(self._interpreter, cancelled)
        try:
            self._interpreter.checkpoint()
            report = report_of(Dataflow.of(cells, state, self._interpreter))
        except AnalysisCancelled:
            return None
        self._interpreter.finish()
        return report


def _of_other_language(language: str) -> Report:
    """What can be said of a notebook whose cells are not Python."""
    from jupyter_agent.analysis.dataflow import Dataflow
    from jupyter_agent.doctor.prediction import Prediction
    from jupyter_agent.doctor.report import report_of

    why = f"Its cells are written in {language}, and only Python is understood here."
    return replace(report_of(Dataflow.of(())), prediction=Prediction("cannot tell", outside=(why,)))


def _stale_variables(report: Report, state: KernelState | None) -> dict[str, str]:
    """Variables that are not what the notebook shows → why, in a few words."""
    made: dict[str, list[str]] = {}
    for variable in state.variables.values() if state is not None else ():
        made.setdefault(variable.cell_id or "", []).append(variable.name)
    stale: dict[str, str] = {}
    for finding in report.findings:
        if finding.kind not in _STALE:
            continue
        where = f"{report.labels[finding.cells[0]]}: " if finding.cells else ""
        own = finding.names if finding.kind not in _OF_INPUTS else made.get(finding.cells[0], ())
        for name in (*own, *(name for cell in finding.cells[1:] for name in made.get(cell, ()))):
            stale.setdefault(name, f"{where}{finding.reason}")
    return stale
