"""`jupyter agent doctor`: whether Restart & Run All would reproduce a notebook, or what of this installation cannot be used."""

from __future__ import annotations

import argparse
import asyncio
import difflib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from jupyter_agent.cli.arguments import ERROR, OK, USAGE
from jupyter_agent.cli.context import (
    CELL_SECONDS,
    print_json,
    print_note,
    print_progress,
    print_text,
    start_notebook_kernel,
)
from jupyter_agent.config import api_keys, entry_points
from jupyter_agent.config.installation import installation_problem
from jupyter_agent.config.options import JupyterAgent, read_config_files
from jupyter_agent.config.user_settings import UserSettings
from jupyter_agent.core.errors import NotFound, TooLarge
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.doctor.report import Report
from jupyter_agent.doctor.reproduction import Reproduction, reproduce, scratch_copy
from jupyter_agent.doctor.service import NotebookAnalyses
from jupyter_agent.kernelside.wire import count
from jupyter_agent.notebooks.file import FileNotebook

_DIFF_LINES = 40


async def doctor(arguments: argparse.Namespace) -> int:
    """Examine a notebook, and with ``--execute`` run a copy of it; 0 if it is reproducible, 1 if not.

    Without a notebook examine the installation; 0 if all of it can be used.
    """
    path: Path | None = arguments.notebook
    if path is None:
        return _check_installation(as_json=arguments.json)
    try:
        notebook = FileNotebook(path)
        cells = await notebook.cells()
        report = await NotebookAnalyses().report(cells, None, notebook)
    except (NotFound, TooLarge) as error:
        print_text(f"jupyter agent doctor: {error.message}", error=True)
        return USAGE
    proof = await _run_copy(path, cells) if arguments.execute else None
    reproducible = proof.reproduces if proof is not None else report.prediction.verdict == "reproduces"
    if arguments.json:
        executed = None if proof is None else proof.to_json()
        result = {"notebook": str(path), "reproducible": reproducible, "executed": executed, **report.to_json()}
        print_json(result)
    else:
        print_text(report.to_markdown() if proof is None else _to_markdown(proof, report))
    return OK if reproducible else ERROR


def _check_installation(*, as_json: bool) -> int:
    """Options, the administrator's policy, and all that is installed as a store, model provider, tool or inspector."""
    options = UserSettings(JupyterAgent(config=read_config_files())).options
    problems = [*filter(None, [installation_problem()]), *options.problems]
    if problem := entry_points.store_problem(options.store):
        problems.append(problem)
    problems += [
        f"There is no tool '{name}'." for name in options.tools if name not in entry_points.names(entry_points.TOOLS)
    ]
    problems += [*entry_points.broken(), *api_keys.check()]
    fixed = {name: options.lock(name) for name in options.traits(config=True) if options.lock(name)}
    restrictions = [*options.policy.restrictions(), *(f"{name}: {reason}." for name, reason in fixed.items())]
    restrictions += [f"{name}: at most {highest}." for name, highest in options.policy.at_most.items()]
    if as_json:
        print_json({"problems": problems, "restrictions": restrictions})
    else:
        print_text("\n".join(problems) or "Options, policy, stores, models, tools and inspectors can all be used.")
        if restrictions:
            print_text("\n".join(["", "The administrator has set:", *restrictions]))
    return ERROR if problems else OK


async def _run_copy(path: Path, cells: Sequence[Cell]) -> Reproduction:
    """Run the cells in a fresh kernel in a copy of the notebook's folder; Ctrl-C ends both."""
    async with AsyncExitStack() as stack:
        print_note(f"Copying the folder of {path}, so that nothing in it is changed")
        folder = stack.enter_context(scratch_copy(path.parent))
        await asyncio.sleep(0)  # a Ctrl-C meanwhile counts now
        print_note("Starting a kernel")
        kernel = await start_notebook_kernel(folder / path.name, stack)
        return await reproduce(
            cells, kernel, timeout=CELL_SECONDS, copy_of=(folder, path.parent), on_cell_start=print_progress
        )


def _to_markdown(proof: Reproduction, report: Report) -> str:
    """The result of the run; where it failed, followed by the report from the cells alone."""
    first = proof.first
    if first is None:
        return f"Restart & Run All reproduces this notebook: {count(len(proof.outcomes), 'cell')} ran, nothing differs."
    where = report.labels[first.cell_id] if first.cell_id is not None else "an unknown cell"
    if first.kind == "failed":
        difference = f"Restart & Run All stops at {where}: {first.after}"
    elif first.kind == "variable":
        difference = f"After Restart & Run All `{first.name}` differs ({where}): {first.before} became {first.after}."
    else:
        before, after = first.before.splitlines(), first.after.splitlines()
        lines = list(difflib.unified_diff(before, after, "before", "after", lineterm=""))
        shown = "\n".join([*lines[:_DIFF_LINES], *(["…"] if len(lines) > _DIFF_LINES else [])])
        difference = f"After Restart & Run All the first output that differs is at {where}:\n\n```diff\n{shown}\n```"
    return f"{difference}\n\n---\n\nFrom the cells alone:\n\n{report.to_markdown()}"
