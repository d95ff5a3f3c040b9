"""`jupyter agent doctor`: whether Restart & Run All would reproduce a notebook, or what of this installation cannot be used."""

from __future__ import annotations

import argparse
import asyncio
import difflib
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from jupyter_agent.cli.arguments import ERROR, NOT_KNOWN, OK, USAGE
from jupyter_agent.cli.context import (
    CELL_SECONDS,
    print_json,
    print_note,
    print_progress,
    print_text,
    server_addresses,
    server_roots,
    start_notebook_kernel,
)
from jupyter_agent.config import api_keys, entry_points
from jupyter_agent.config.installation import installation_problem
from jupyter_agent.config.options import JupyterAgent, read_config_files
from jupyter_agent.config.user_settings import UserSettings
from jupyter_agent.core.errors import KernelUnavailable, NotFound, TooLarge
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.doctor.isolation import isolated
from jupyter_agent.doctor.report import Report
from jupyter_agent.doctor.reproduction import Reproduction, reproduce
from jupyter_agent.doctor.service import NotebookAnalyses
from jupyter_agent.kernelside.client import server_info
from jupyter_agent.kernelside.client.http import HttpClient
from jupyter_agent.kernelside.magic.errors import AgentFailed
from jupyter_agent.kernelside.wire import count
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.notebooks.ipython_history import history_file, recorded_state

_DIFF_LINES = 40


async def doctor(arguments: argparse.Namespace) -> int:
    """Examine a notebook, and with ``--execute`` run it in isolation; 0 if it is reproducible, 1 if not, 3 if that is not known.

    Without a notebook examine the installation; 0 if all of it can be used.
    """
    path: Path | None = arguments.notebook
    if path is None:
        return _check_installation(as_json=arguments.json)
    try:
        notebook = FileNotebook(path)
        cells = await notebook.cells()
        live = None if arguments.execute else await asyncio.to_thread(_report_of_server, path)
        if live is not None:
            return _print_report_of_server(path, live, as_json=arguments.json)
        recorded = await asyncio.to_thread(recorded_state, cells, history_file())
        report = await NotebookAnalyses().report(cells, recorded, notebook)
    except (NotFound, TooLarge) as error:
        print_text(f"jupyter agent doctor: {error.message}", error=True)
        return USAGE
    try:
        isolation, proof = await _run_isolated(path, cells, notebook) if arguments.execute else ("", None)
    except TooLarge as error:
        print_text(f"jupyter agent doctor: {error.message}", error=True)
        return NOT_KNOWN
    reproducible = proof.reproduces if proof is not None else report.prediction.verdict == "reproduces"
    if arguments.json:
        executed = None if proof is None else {"isolation": isolation, **proof.to_json()}
        result = {"notebook": str(path), "reproducible": reproducible, "executed": executed, **report.to_json()}
        print_json(result)
    else:
        print_text(report.to_markdown() if proof is None else _to_markdown(proof, report))
    is_known = proof.is_known if proof is not None else report.prediction.verdict != "cannot tell"
    return NOT_KNOWN if not is_known else OK if reproducible else ERROR


def _report_of_server(path: Path) -> dict[str, Any] | None:
    """The report of a server that runs here and has a kernel for the notebook, which knows what ran; None without one."""
    for address in server_addresses():
        if not address.root:
            continue
        name = server_info.notebook_id(str(path.resolve()), (address.root,))
        if not Path(name).is_absolute():
            with suppress(AgentFailed):
                reply = HttpClient(address).request("GET", "api/agent/doctor", query={"notebook_id": name})
                if isinstance(reply, dict) and reply.get("kernel_id"):
                    return reply
    return None


def _print_report_of_server(path: Path, reply: Mapping[str, Any], *, as_json: bool) -> int:
    """Print what the server answered; 0 if the notebook is reproducible, 1 if not, 3 if that is not known."""
    verdict = reply["restart_and_run_all"]["verdict"]
    if as_json:
        print_json({"notebook": str(path), "reproducible": verdict == "reproduces", "executed": None, **reply})
    else:
        print_text(str(reply["markdown"]))
    return {"reproduces": OK, "cannot tell": NOT_KNOWN}.get(verdict, ERROR)


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


async def _run_isolated(path: Path, cells: Sequence[Cell], notebook: FileNotebook) -> tuple[str, Reproduction]:
    """Run the cells in a fresh kernel that changes none of the user's files; Ctrl-C ends it. How it was kept from them, and the result.

    Raises:
        TooLarge: it would have to be copied, and is too large.
        KernelUnavailable: the kernel cannot be started, or not so that it changes nothing.
    """
    async with AsyncExitStack() as stack:
        print_note("Preparing a place where the notebook changes none of your files")
        isolation = stack.enter_context(isolated(path, server_roots()))
        await asyncio.sleep(0)  # a Ctrl-C meanwhile counts now
        for note in isolation.notes:
            print_note(note)
        print_note("Starting a kernel")
        kernel = await start_notebook_kernel(isolation.notebook, stack, isolation)
        if isolation.kind == "copy" and not (state := await kernel.state(timeout=60)).epoch:
            raise KernelUnavailable(
                f"What this kernel changes cannot be kept from your files here, so nothing was run. {state.stale}"
            )
        reproduction = await reproduce(
            cells,
            kernel,
            notebook=notebook,
            timeout=CELL_SECONDS,
            copy_of=isolation.copied,
            first_refusal=isolation.first_refusal,
            on_cell_start=print_progress,
        )
        return isolation.kind, reproduction


def _to_markdown(proof: Reproduction, report: Report) -> str:
    """The result of the run; where it failed, followed by the report from the cells alone."""
    first = proof.first
    not_compared = " ".join(proof.not_compared)
    if first is None:
        ran = count(len(proof.outcomes), "cell")
        if not proof.compared:
            return f"This notebook never ran: there is nothing to compare with. {ran} ran without an error."
        return f"Restart & Run All reproduces this notebook: {ran} ran, nothing differs.\n\n{not_compared}"
    where = report.labels[first.cell_id] if first.cell_id is not None else "an unknown cell"
    if first.kind == "failed":
        difference = f"Restart & Run All stops at {where}: {first.after}"
    elif first.kind == "refused":
        difference = (
            f"Whether Restart & Run All reproduces this notebook is not known: {where} does what is not done in a copy.\n\n"
            f"{first.after}\n\nTo find out, copy the project, and choose Restart & Run All there; or run this on a Linux system that "
            "allows user namespaces, where programs and other files are no hindrance."
        )
    elif first.kind == "picture":
        difference = f"After Restart & Run All the first picture that differs is at {where}: {first.before} became {first.after}."
    elif first.kind == "variable":
        difference = f"After Restart & Run All `{first.name}` differs ({where}): {first.before} became {first.after}."
    else:
        before, after = first.before.splitlines(), first.after.splitlines()
        lines = list(difflib.unified_diff(before, after, "before", "after", lineterm=""))
        shown = "\n".join([*lines[:_DIFF_LINES], *(["…"] if len(lines) > _DIFF_LINES else [])])
        difference = f"After Restart & Run All the first output that differs is at {where}:\n\n```diff\n{shown}\n```"
    if first.kind not in ("failed", "refused"):
        difference += f"\n\n{not_compared}"
    return f"{difference}\n\n---\n\nFrom the cells alone:\n\n{report.to_markdown()}"
