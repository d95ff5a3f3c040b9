"""Damages clean notebooks at random, and compares what the doctor says with a real run of all cells in a fresh shell.

``python -m benchmarks.doctor.run [--states 120] [--seed 1] [--notebooks FILE] [--show]``: precision and recall of "it does not
reproduce", with the kernel's state and from the file alone; how often the first line names the cell that was damaged; lines a report.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sqlite3
import statistics
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.doctor.sessions import Worker
from jupyter_agent.analysis.dataflow import Dataflow
from jupyter_agent.core.kernel_state import Cell, KernelState, StateDelta
from jupyter_agent.doctor.report import Report, report_of
from jupyter_agent.notebooks.ipython_history import recorded_state

FOLDER = Path(__file__).parent
DAMAGES = ("none", "run twice", "edited", "out of order", "deleted", "half run", "two at once")
_NUMBER = re.compile(r"(?<![\w.\"'])\d+(?:\.\d+)?(?![\w.\"'])")


@dataclass
class State:
    """One notebook as a user left it.

    Attributes:
        cells: As they stand, with counts and whether they failed.
        state: What the tracker says.
        damaged: Ids of the cells that a first line may name.
        outputs: Cell → what it shows.
        values: Name → digest; None where only outputs count, as after a restart.
        runs: Session, count and source of all that ran.
    """

    name: str
    damage: str
    cells: list[Cell]
    state: KernelState
    damaged: set[str]
    outputs: dict[str, tuple[str, bool]]
    values: dict[str, str] | None
    runs: list[tuple[int, int, str]]


def edit_of(source: str, draw: random.Random) -> str | None:
    """The source with one number changed; None where there is none."""
    found = list(_NUMBER.finditer(source))
    if not found:
        return None
    number = draw.choice(found)
    return f"{source[: number.start()]}{2 * float(number[0]) + 1:g}{source[number.end() :]}"


def damaged_state(
    notebook: Mapping[str, Any], damage: str, draw: random.Random, live: Worker, folder: Path
) -> State | None:
    """A notebook that was run and then damaged; None where the damage made a cell fail."""
    sources: list[str] = notebook["cells"]
    cells = {f"c{at}": source for at, source in enumerate(sources)}
    runs = list(cells.items())
    damaged: set[str] = set()
    stored = dict(cells)
    dropped: set[str] = set()
    before: dict[str, tuple[str, bool]] = {}
    earlier: list[tuple[int, int, str]] = []
    kinds = draw.sample(DAMAGES[1:5], 2) if damage == "two at once" else [damage]
    for kind in kinds:
        at = draw.randrange(1, len(sources))
        cell = f"c{at}"
        if kind == "run twice":
            place = [index for index, run in enumerate(runs) if run[0] == cell][-1]
            runs.insert(place + 1, (cell, stored[cell]))
            damaged.add(cell)
        elif kind == "edited":
            edited = edit_of(stored[cell], draw)
            if edited is None or edited == stored[cell]:
                return None
            stored[cell] = edited
            damaged.add(cell)
        elif kind == "out of order":
            runs.append((cell, stored[cell]))
            damaged.add(cell)
        elif kind == "deleted":
            dropped.add(cell)
            damaged.add(cell)
        elif kind == "half run":
            before = live.run(runs, folder)["outputs"]
            earlier = [(1, number, source) for number, (_, source) in enumerate(runs, 1)]
            runs = runs[: draw.randrange(1, len(runs))]
    ran = live.run(runs, folder)
    if any(failed for _, failed in ran["outputs"].values()):
        return None
    counts = {cell: number for number, (cell, _) in enumerate(runs, 1)}
    if before:
        counts = {**{cell: number for number, cell in enumerate(cells, 1)}, **counts}
    shown = {**before, **{cell: (text, bool(failed)) for cell, (text, failed) in ran["outputs"].items()}}
    return State(
        notebook["name"],
        damage,
        [
            Cell(cell, "code", source, counts[cell], shown[cell][0])
            for cell, source in stored.items()
            if cell not in dropped
        ],
        KernelState("k").after(StateDelta.from_wire(ran["state"])),
        damaged,
        shown,
        None if before else ran["values"],
        [*earlier, *((2, number, source) for number, (_, source) in enumerate(runs, 1))],
    )


def history_of(state: State, folder: Path) -> Path:
    """What IPython's history would have of it."""
    file = folder / "history.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.execute("create table history (session integer, line integer, source text, source_raw text)")
        rows = [(session, line, source, source) for session, line, source in state.runs]
        database.executemany("insert into history values (?, ?, ?, ?)", rows)
        database.commit()
    return file


def reproduces(state: State, fresh: Worker, folder: Path) -> bool:
    """Whether a fresh run shows and leaves the same."""
    again = fresh.run([(cell.id, cell.source) for cell in state.cells], folder)
    for cell in state.cells:
        text, failed = again["outputs"].get(cell.id, ("", True))
        if failed or text != state.outputs[cell.id][0]:
            return False
    values = again["values"]
    return state.values is None or all(values[name] == value for name, value in state.values.items() if name in values)


def names_damage(report: Report, state: State) -> bool:
    """Whether the first line names the damaged cell, or the first that depends on a deleted one."""
    first = report.to_markdown().splitlines()[0]
    labels = {report.labels[cell] for cell in state.damaged}
    return any(label.split(",")[0] in first for label in labels) or state.damage == "half run"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--notebooks", type=Path, default=FOLDER / "notebooks.json")
    parser.add_argument("--show", action="store_true", help="print the states that are judged wrongly")
    arguments = parser.parse_args()
    notebooks: list[dict[str, Any]] = json.loads(arguments.notebooks.read_text(encoding="utf-8"))
    draw = random.Random(arguments.seed)
    live, fresh = Worker(1), Worker(2)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    lines: dict[str, list[int]] = defaultdict(list)
    named: Counter[str] = Counter()
    done = 0
    while done < arguments.states:
        notebook, damage = notebooks[done % len(notebooks)], DAMAGES[done % len(DAMAGES)]
        with tempfile.TemporaryDirectory() as folder:
            state = damaged_state(notebook, damage, draw, live, Path(folder))
            if state is None:
                continue
            done += 1
            same = reproduces(state, fresh, Path(folder))
            recorded = recorded_state(state.cells, history_of(state, Path(folder)))
        for way, known in (("kernel", state.state), ("history", recorded), ("file", None)):
            report = report_of(Dataflow.of(state.cells, known))
            verdict = report.prediction.verdict
            outcome = ("true" if (verdict == "reproduces") == same else "false") + (
                " clean" if verdict == "reproduces" else " alarm"
            )
            counts[way][outcome] += 1
            counts[f"{way}, {damage}"][outcome] += 1
            lines[way].append(len(report.to_markdown().splitlines()))
            if way == "kernel" and verdict != "reproduces" and not same:
                named["right" if names_damage(report, state) else "wrong"] += 1
            wrong = outcome.startswith("false") or (way == "kernel" and not same and not names_damage(report, state))
            if arguments.show and wrong:
                print(f"--- {way}: {outcome}: {state.name}, {damage} {sorted(state.damaged)}")
                print("\n".join(f"    [{cell.execution_count}] {cell.source!r}" for cell in state.cells))
                print("    " + report.to_markdown().replace("\n", "\n    "))
    live.close()
    fresh.close()
    for way in sorted(counts, key=lambda way: (", " in way, way)):
        found = counts[way]
        alarms, damages = found["true alarm"] + found["false alarm"], found["true alarm"] + found["false clean"]
        print(
            f"{way:24} states {sum(found.values()):4}  precision {found['true alarm'] / max(1, alarms):.3f}"
            f"  recall {found['true alarm'] / max(1, damages):.3f}  false alarms {found['false alarm']}  missed {found['false clean']}"
        )
    print(f"first line names the damaged cell: {named['right']} of {named.total()}")
    print(
        f"lines a report: median {statistics.median(lines['kernel'])} (kernel), {statistics.median(lines['file'])} (file)"
    )


if __name__ == "__main__":
    main()
