"""`jupyter agent doctor`: would Restart & Run All reproduce a notebook? From its cells, or proved by doing it."""

from __future__ import annotations

import argparse
import asyncio
import difflib
import json
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from jupyter_agent.cli.context import CELL_SECONDS, first_line, say, started
from jupyter_agent.cli.run import ERROR, OK, USAGE
from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.kernel_state import Cell, ExecutionResult, KernelState, Variable
from jupyter_agent.core.protocols import Kernel
from jupyter_agent.doctor.report import Report
from jupyter_agent.doctor.reproduction import FirstDifference, Reproduction, reproduce, scratch_copy
from jupyter_agent.doctor.service import NotebookAnalyses
from jupyter_agent.notebooks.file import FileNotebook

_DIFF_LINES = 40


async def doctor(arguments: argparse.Namespace) -> int:
    """Examine a notebook, and with ``--execute`` run it in a copy; 0 if it is reproducible, 1 if not."""
    path: Path = arguments.notebook
    try:
        notebook = FileNotebook(path)
        cells = await notebook.cells()
    except NotFound as error:
        print(f"jupyter agent doctor: {error.message}", file=sys.stderr)
        return USAGE
    report = await NotebookAnalyses().report(cells, None, notebook)
    proof = await _proved(path, cells) if arguments.execute else None
    reproducible = proof.reproduces if proof is not None else report.prediction.verdict == "reproduces"
    if arguments.json:
        executed = None if proof is None else proof.to_json()
        told = {"notebook": str(path), "reproducible": reproducible, "executed": executed, **report.to_json()}
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        print(report.to_markdown() if proof is None else _told(proof, report))
    return OK if reproducible else ERROR


async def _proved(path: Path, cells: Sequence[Cell]) -> Reproduction:
    """Run the cells in a fresh kernel in a copy of the notebook's folder; Ctrl-C ends both."""
    async with AsyncExitStack() as stack:
        say(f"copying the folder of {path}, so that nothing in it is changed")
        folder = stack.enter_context(scratch_copy(path.parent))
        await asyncio.sleep(0)  # a Ctrl-C meanwhile counts now
        say("starting a kernel")
        kernel = await started(folder / path.name, stack)
        return await reproduce(cells, _Told(kernel, cells), timeout=CELL_SECONDS, copy_of=(folder, path.parent))


class _Told:
    """A kernel whose executions are announced on stderr."""

    def __init__(self, kernel: Kernel, cells: Sequence[Cell]) -> None:
        self._kernel = kernel
        self._number = 0
        self._total = sum(one.kind == "code" and bool(one.source.strip()) for one in cells)

    @property
    def kernel_id(self) -> str:
        return self._kernel.kernel_id

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        return await self._kernel.state(timeout=timeout)

    async def inspect(self, name: str, column: str | None = None) -> Variable:
        return await self._kernel.inspect(name, column)

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        self._number += 1
        say(f"running cell {self._number} of {self._total}: {first_line(code)}")
        return await self._kernel.execute(code, timeout=timeout)

    async def try_execute(self, code: str, *, timeout: float) -> ExecutionResult:
        return await self._kernel.try_execute(code, timeout=timeout)

    async def signature(self, code: str, cursor: int) -> str:
        return await self._kernel.signature(code, cursor)

    async def interrupt(self) -> None:
        await self._kernel.interrupt()

    async def restart(self) -> None:
        await self._kernel.restart()


def _told(proof: Reproduction, report: Report) -> str:
    """The proof for a reader; where it failed, what the cells alone tell comes after."""
    ran = len(proof.ended)
    if proof.first is None:
        return (
            f"Restart & Run All reproduces this notebook: {ran} {'cell' if ran == 1 else 'cells'} ran, nothing differs."
        )
    return "\n\n".join([*_difference(proof.first, report), "---\n\nWhat the cells alone tell:", report.to_markdown()])


def _difference(first: FirstDifference, report: Report) -> Sequence[str]:
    where = report.labels(first.cell_id) if first.cell_id is not None else "a cell that is not known"
    if first.kind == "failed":
        return [f"Restart & Run All stops at {where}: {first.after}"]
    if first.kind == "variable":
        return [f"Restart & Run All leaves another `{first.name}` ({where}): {first.before} became {first.after}."]
    lines = list(
        difflib.unified_diff(first.before.splitlines(), first.after.splitlines(), "before", "after", lineterm="")
    )
    shown = "\n".join([*lines[:_DIFF_LINES], *(["…"] if len(lines) > _DIFF_LINES else [])])
    return [f"Restart & Run All gives another output first at {where}:", f"```diff\n{shown}\n```"]
