"""How fast a notebook's dataflow is built and kept up, and how true it is: compared with marimo's and ipyflow's on the same cells.

Truth is found by trying: a cell depends on another if running the notebook without that other gives it an error or other
values. Each tool's edges are closed over (what a cell depends on through others) and compared with that: `missed` are
dependences that it does not know, `invented` are those that make no difference. ipyflow runs the cells under its tracer,
so that its times hold the running; marimo refuses notebooks in which two cells bind one name, as most notebooks do.

Run: ``python benchmarks/dataflow.py [folder of notebooks]``, or ``python benchmarks/dataflow.py requests`` for requests to
the doctor alone. The peers are installed into a separate environment next to the package (``.venv-dataflow-peers``), or
wherever ``DATAFLOW_PEERS`` says an environment with them is.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
import venv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_agent.analysis.cells.names import names_of
from jupyter_agent.analysis.dataflow import Dataflow
from jupyter_agent.analysis.trace import CellInterpreter
from jupyter_agent.core.kernel_state import Cell, Execution, KernelState
from jupyter_agent.doctor.report import report_of
from jupyter_agent.doctor.service import NotebookAnalyses

HERE = Path(__file__).parent
WHOLE_MS = 1000.0
Edges = set[tuple[int, int]]


def generated(size: int, seed: int, *, names: int, once: bool = False) -> list[str]:
    """A straight-line notebook with functions, aliases, and changes in place; `once`: no name is bound twice."""
    draw = random.Random(seed)
    known = [f"v{number}" for number in range(names)]
    sources = [
        "\n".join(f"{name} = [{number}]" for number, name in enumerate(known)),
        "def f(x):\n    x.append(len(v0))\n    return x",
    ]
    while len(sources) < size:
        a, b = draw.choice(known), draw.choice(known)
        target = f"w{len(sources)}" if once else draw.choice(known)
        forms = [
            f"{target} = {a}[:2] + {b}[:2]",
            f"{target} = [one + 1 for one in {a}[:3]]",
            f"{a}.append({draw.randrange(9)})",
            f"{a}[0] = len({b})",
            f"{target} = {a}",
            f"{target} = list(f({a}))",
            f"print(len({a}), {b}[:1])",
            f"{target} = sorted({a})[:3]\n{target} += [{draw.randrange(9)}]",
        ]
        sources.append(draw.choice(forms))
        if once and sources[-1].startswith(target):
            known.append(target)
    return sources


def cells_of(sources: Iterable[str]) -> list[Cell]:
    return [Cell(f"c{at}", "code", source, at + 1) for at, source in enumerate(sources)]


def execution(cell: Cell, count: int) -> Execution:
    return Execution(count, cell.id, cell.source_hash, cell.source, "ok", float(count))


def state_of(cells: Iterable[Cell]) -> KernelState:
    return KernelState("k", epoch="e", executions=tuple(execution(cell, at) for at, cell in enumerate(cells, 1)))


def milliseconds(work: Any) -> tuple[float, Any]:
    """Of this thread's own time: what else the machine does is not counted, nor are full collections.

    These look through all that the process ever made (here thousands of edits' analyses), whoever happens to set one off.
    """
    full = [0.0]

    def collected(phase: str, info: dict[str, int]) -> None:
        if info["generation"] == 2:  # the last of three
            full[0] += time.thread_time() * (-1 if phase == "start" else 1)

    gc.callbacks.append(collected)
    started = time.thread_time()
    result = work()
    spent = time.thread_time() - started - full[0]
    gc.callbacks.remove(collected)
    return spent * 1e3, result


def timed(label: str, times: list[float], limit: float) -> None:
    ordered = sorted(times)
    p99 = ordered[int(len(ordered) * 0.99)]
    verdict = "ok" if ordered[-1] <= limit else "ABOVE"
    print(
        f"  {label:<46} median {statistics.median(times):7.2f}  p99 {p99:7.2f}  worst {ordered[-1]:7.2f} ms"
        f"  ({verdict} {limit:g})"
    )


#: Kinds of edits: cells, the place of one, a number → the cells after it.
EDITS: dict[str, Callable[[list[Cell], int, int], list[Cell]]] = {
    "layout": lambda cells, at, n: edited(cells, at, f"{cells[at].source}  # {n}"),
    "binds something new": lambda cells, at, n: edited(cells, at, f"{cells[at].source}\nextra{n} = 1"),
    "rebinds what many cells build on": lambda cells, at, n: edited(cells, at, f"{cells[at].source}\nv1 = [{n}]"),
    "renames what it binds": lambda cells, at, _: edited(cells, at, renamed(cells[at].source)),
    "redefines what many cells call": lambda cells, at, n: edited(
        cells, 1, f"def f(x):\n    x.append(len(v{n % 60}))\n    v{at % 60}.append(1)\n    return x"
    ),
    "corrects what many cells call": lambda cells, _, n: edited(
        cells, 1, f"def f(x):\n    x.append(len(v0) * {n} + 1)\n    return x"
    ),
    "changes the first cell": lambda cells, _, n: edited(cells, 0, f"{cells[0].source}\nv{n % 60} = [{n}]"),
    "deletes the cell": lambda cells, at, _: cells[:at] + cells[at + 1 :],
    "inserts a cell": lambda cells, at, n: inserted(cells, at, Cell(f"new{n}", "code", f"v{n % 60} = v{at % 60}[:1]")),
    "moves the cell": lambda cells, at, n: inserted(cells[:at] + cells[at + 1 :], n * 37 % len(cells), cells[at]),
}


def edited(cells: list[Cell], at: int, source: str) -> list[Cell]:
    return [*cells[:at], replace(cells[at], source=source), *cells[at + 1 :]]


def inserted(cells: list[Cell], at: int, cell: Cell) -> list[Cell]:
    return [*cells[:at], cell, *cells[at:]]


def renamed(source: str) -> str:
    name, equals, rest = source.partition(" = ")
    return f"{name}_renamed{equals}{rest}" if equals and name.isidentifier() else f"{source}\nrenamed = 1"


def speed() -> None:
    print("Speed, 1,000 cells:")
    cells = cells_of(generated(1000, 1, names=60))
    names_of.cache_clear()
    state = state_of(cells)
    first = CellInterpreter()
    cold, flow = milliseconds(lambda: Dataflow.of(cells, state, first))
    timed("whole, nothing remembered", [cold], WHOLE_MS)
    timed("whole, sources parsed before", [milliseconds(lambda: Dataflow.of(cells, state))[0]], WHOLE_MS)
    timed("the whole report", [milliseconds(lambda: report_of(flow))[0] for _ in range(5)], WHOLE_MS)
    print("After an edit of each tenth of the cells: the whole report, brought up to date")
    for kind, edit in EDITS.items():
        times = []
        for at in range(1, len(cells), 10):
            after = edit(cells, at, at)
            times.append(
                milliseconds(lambda after=after: report_of(Dataflow.of(after, state, CellInterpreter(first))))[0]
            )
        timed(kind, times, WHOLE_MS)


#: What a request may cost as a share of the notebook's first one in the same run: unchanged, and after one edit.
UNCHANGED, EDITED = 0.1, 0.75


async def requests(size: int) -> None:
    """Requests to the doctor's service: the first for a notebook, one for the same, one after an edit."""
    cells = cells_of(generated(size, 1, names=60))
    state = state_of(cells)
    after = edited(cells, size // 2, f"{cells[size // 2].source}\nv1 = [7]")
    names_of.cache_clear()
    analyses = NotebookAnalyses()
    spent: list[tuple[float, float]] = []
    for asked in (cells, cells, after, after):
        wall, cpu = time.perf_counter(), time.process_time()
        await analyses.report(asked, state)
        spent.append(((time.process_time() - cpu) * 1e3, (time.perf_counter() - wall) * 1e3))
    analyses.close()
    base = spent[0][0]
    for label, (cpu, wall), limit in zip(
        ("the first request", "the same again", "after one edit", "the same again"),
        spent,
        (1.0, UNCHANGED, EDITED, UNCHANGED),
        strict=True,
    ):
        share = cpu / base
        print(
            f"  {size:>5} cells, {label:<20} {cpu:8.1f} ms of CPU {wall:8.1f} ms; {share:5.2f} of the first"
            f"  ({'ok' if share <= limit else 'ABOVE'} {limit:g})"
        )


def ours(sources: list[str]) -> Edges:
    cells = cells_of(sources)
    nodes = Dataflow.of(cells, state_of(cells)).trace.nodes
    return {
        (int(value.node), int(node.key))
        for node in nodes
        for value in node.inputs.values()
        if value is not None and value.node != node.key
    }


def closed(edges: Edges, size: int) -> Edges:
    above: list[set[int]] = []
    for cell in range(size):
        direct = {parent for parent, child in edges if child == cell and parent < cell}
        above.append(direct.union(*(above[parent] for parent in direct)))
    return {(parent, cell) for cell, parents in enumerate(above) for parent in parents}


def outcome(sources: list[str], without: int | None = None) -> list[str]:
    """What each cell shows and leaves of the names that it mentions, or its error."""
    namespace: dict[str, Any] = {}
    results: list[str] = []
    for number, source in enumerate(sources):
        if number == without:
            results.append("")
            continue
        shown = io.StringIO()
        try:
            with contextlib.redirect_stdout(shown):
                exec(compile(source, "<cell>", "exec"), namespace)
            names = names_of(source)
            left = sorted((names.defines | names.mutates) & set(namespace))
            results.append(
                shown.getvalue() + repr([(name, repr(namespace[name]).partition(" at 0x")[0]) for name in left])
            )
        except Exception as error:  # noqa: BLE001 - the generated cell's own: a name that is not there
            results.append(type(error).__name__)
    return results


def truth(sources: list[str]) -> Edges:
    whole = outcome(sources)
    found = set()
    for parent in range(len(sources)):
        without = outcome(sources, parent)
        found |= {(parent, cell) for cell in range(parent + 1, len(sources)) if without[cell] != whole[cell]}
    return found


def peers_python() -> Path:
    folder = Path(os.environ.get("DATAFLOW_PEERS", HERE.parent / ".venv-dataflow-peers"))
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "marimo", "ipyflow"], check=True)
    return python


def asked(peer: str, sources: list[str]) -> dict[str, Any]:
    """A peer's edges and times; an empty answer with its reason where it cannot."""
    question = json.dumps({"peer": peer, "sources": sources})
    run = subprocess.run(
        [peers_python(), HERE / "peers" / "dataflow.py"],
        input=question,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if run.returncode:
        return {"edges": [], "failed": run.stderr.strip().rpartition("\n")[2][:120]}
    answer: dict[str, Any] = json.loads(run.stdout.strip().rpartition("\n")[2])
    return answer


#: What the cell does that depends on another: its first line that fits.
KINDS = {
    "calls a function that changes its argument": r"list\(f\(",
    "appends in place": r"\.append\(",
    "sets an item": r"\w+\[0\] = ",
    "adds in place": r"\+= ",
    "gives another name to an object": r"\w+ = \w+$",
    "makes a new value": r"\w+ = ",
    "shows": r"print\(",
}


def kind_of(source: str) -> str:
    return next((kind for kind, pattern in KINDS.items() if re.search(pattern, source, re.MULTILINE)), "else")


def errors_by_kind(wrong: Mapping[str, Counter[tuple[str, str]]]) -> None:
    """Where the tools disagree, and which of them the execution proves right."""
    for kind in [*KINDS, "else"]:
        errors = {tool: (count[kind, "missed"], count[kind, "invented"]) for tool, count in wrong.items()}
        if not any(map(any, errors.values())):
            continue
        missed = min(count for count, _ in errors.values())
        least = min(invented for count, invented in errors.values() if count == missed)
        nearest = [tool for tool, found in errors.items() if found == (missed, least)]
        words = "; ".join(f"{tool} missed {count}, invented {other}" for tool, (count, other) in errors.items())
        print(f"    a cell that {kind:<43} {words}; nearest: {', '.join(nearest)}")


def compared(title: str, notebooks: list[list[str]]) -> None:
    print(f"\n{title}: {len(notebooks)} notebooks, {sum(map(len, notebooks))} cells")
    totals = {"ours": [0, 0, 0, 0.0], "ipyflow": [0, 0, 0, 0.0], "marimo": [0, 0, 0, 0.0]}
    refused = 0
    wrong: dict[str, Counter[tuple[str, str]]] = {tool: Counter() for tool in totals}
    for sources in notebooks:
        real = truth(sources)
        spent, edges = milliseconds(lambda sources=sources: ours(sources))
        found = {"ours": (edges, spent)}
        for peer in ("ipyflow", "marimo"):
            answer = asked(peer, sources)
            found[peer] = ({(a, b) for a, b in answer["edges"]}, answer.get("build_ms", 0.0))
            refused += bool(answer.get("refused"))
        for tool, (edges, spent) in found.items():
            known = closed(edges, len(sources))
            total = totals[tool]
            total[0] += len(real)
            total[1] += len(real - known)
            total[2] += len(known - real)
            total[3] += spent
            wrong[tool].update((kind_of(sources[child]), "missed") for _, child in real - known)
            wrong[tool].update((kind_of(sources[child]), "invented") for _, child in known - real)
    for tool, (real_count, missed, invented, spent) in totals.items():
        share = 100 * missed / max(1, real_count)
        print(
            f"  {tool:<8} of {real_count} dependences missed {missed} ({share:.1f}%), invented {invented}; {spent:.0f} ms in all"
        )
    errors_by_kind(wrong)
    if refused:
        print(f"  marimo refuses {refused} of {len(notebooks)} of them: a name is bound by more than one cell")


def agreed(folder: Path) -> None:
    """On real notebooks, which are not run here: where our order's edges and marimo's are the same."""
    print(f"\nNotebooks of {folder.name}, not run: direct edges by names")
    for path in sorted(folder.rglob("*.ipynb")):
        nodes = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in nodes if cell["cell_type"] == "code"]
        plain = [
            "\n".join("pass" if line.lstrip()[:1] in "%!" and line.strip() else line for line in source.split("\n"))
            for source in sources
        ]
        spent, flow = milliseconds(lambda sources=sources: Dataflow.of(cells_of(sources)))
        mine = {
            (int(str(value.node)[1:]), int(str(node.key)[1:]))
            for node in flow.top_down.nodes.values()
            for value in node.inputs.values()
            if value is not None and value.node != node.key
        }
        answer = asked("marimo", plain)
        other = {(a, b) for a, b in answer["edges"]}
        both = len(mine & other)
        print(
            f"  {path.stem[:44]:<44} {len(sources):>4} cells {spent:6.1f} ms; both {both}, ours only {len(mine - other)}, "
            f"marimo only {len(other - mine)} ({len([1 for a, b in other - mine if a > b])} of them from below)"
            + (f"; marimo: {answer['failed']}" if "failed" in answer else "")
        )


def main() -> None:
    print("Requests to the doctor:")
    for size in (10, 1000, 5000):
        asyncio.run(requests(size))
    if sys.argv[1:] == ["requests"]:
        return
    speed()
    compared("Generated, names bound again", [generated(40, seed, names=5) for seed in range(10)])
    compared("Generated, every name bound once", [generated(40, seed, names=5, once=True) for seed in range(10)])
    if len(sys.argv) > 1:
        agreed(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
