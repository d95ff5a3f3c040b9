"""A real Restart & Run All in a fresh kernel, and the first place where its results differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jupyter_agent.core.kernel_state import Cell, ExecutionResult, KernelState
from jupyter_agent.core.messages import Json, Picture
from jupyter_agent.core.pictures import described
from jupyter_agent.core.protocols import Kernel, Notebook
from jupyter_agent.kernelside.wire import count
from jupyter_agent.kernelside.write_guard import REFUSED
from jupyter_agent.notebooks.cells import cell_of

_COMPARED = (
    "Compared are texts and pictures (the last four of a cell: PNG, JPEG, WebP and GIF), not HTML, SVG and widgets"
)
_NOR_VALUES = ", nor the values that variables had at the end, which the file does not keep"
_ADDRESS = re.compile(r"0x[0-9a-f]{4,}")
_PROMPT = re.compile(r"^(Out\[)\d+(\]:)", re.MULTILINE)
_TIMES = re.compile(r"^(CPU times:.*|Wall time:.*|.*\bper loop \(.*|memory usage: .*)\n?", re.MULTILINE)
_TEMPORARY = re.compile(r"[^\s\"']*ipykernel_\d+[/\\]\d+\.py")
#: What overlays do not do: what has none is read-only, folders that were there are not renamed, nor others' files changed.
_NOT_IN_OVERLAYS = re.compile(r"^OSError: \[Errno (?:18|30|75)\]")
_VOLATILE = frozenset({"iterator", "function", "class", "module", "connection", "figure"})


@dataclass(frozen=True, slots=True)
class CellOutcome:
    """What one cell gave in the fresh kernel: its status, as in `ExecutionResult`, and its outputs as text."""

    cell_id: str
    status: str
    text: str


@dataclass(frozen=True, slots=True)
class FirstDifference:
    """Where the results of the fresh kernel differ first.

    Attributes:
        kind: ``failed``, ``output``, ``picture`` or ``variable``; ``refused`` where a cell failed only because what it does is
            not done in a copy: then nothing is known of a real run.
        cell_id: The cell; None for a variable whose cell is not known.
        name: The variable.
        before: What was there.
        after: What is there now.
    """

    kind: str
    cell_id: str | None
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """The result of a real Restart & Run All.

    Attributes:
        outcomes: Of each cell that ran, in order; the last one may have failed.
        first: The first difference; None where there is none.
        compared: How many of these cells had run before, so that there was something to compare with.
        not_compared: What was not compared, in sentences.
    """

    outcomes: tuple[CellOutcome, ...]
    first: FirstDifference | None
    compared: int
    not_compared: tuple[str, ...]

    @property
    def reproduces(self) -> bool:
        """Whether there was something to compare with, and all of it was the same."""
        return self.first is None and self.compared > 0

    @property
    def is_known(self) -> bool:
        """Whether the run says anything: there was something to compare with, and no cell was refused what it does."""
        return self.first.kind != "refused" if self.first is not None else self.compared > 0

    def to_json(self) -> dict[str, Json]:
        """The result as JSON data."""
        return {
            "reproduces": self.reproduces,
            "first": None if self.first is None else asdict(self.first),
            "compared": self.compared,
            "not_compared": list(self.not_compared),
            "cells": [asdict(outcome) for outcome in self.outcomes],
        }


async def reproduce(
    cells: Sequence[Cell],
    kernel: Kernel,
    before: KernelState | None = None,
    *,
    notebook: Notebook | None = None,
    timeout: float = 600.0,
    copy_of: tuple[Path, Path] | None = None,
    first_refusal: Callable[[], str] = str,
    on_cell_start: Callable[[int, int, Cell], None] | None = None,
) -> Reproduction:
    """Run a notebook's cells from top to bottom and compare with what they showed and left before.

    Args:
        cells: The notebook's cells with their outputs.
        kernel: A fresh kernel, started as `isolation` says. It is not stopped here.
        before: The variables that the notebook left; None where that is not known.
        notebook: Has the pictures that cells showed before; None where pictures are not compared.
        timeout: Seconds for each cell.
        copy_of: The copy and what was copied: where the one's path is shown, the other's is compared.
        first_refusal: What the notebook was refused first: then a difference proves nothing.
        on_cell_start: Called before each cell runs with its number from 1, how many there are, and the cell.
    """
    outcomes: list[CellOutcome] = []
    first: FirstDifference | None = None
    to_run = [cell for cell in cells if cell.kind == "code" and cell.source.strip()]
    for number, cell in enumerate(to_run, 1):
        if on_cell_start is not None:
            on_cell_start(number, len(to_run), cell)
        result = await kernel.execute(cell.source, timeout=timeout)
        if result.outputs:  # as the notebook would have them
            result = replace(result, text=cell_of({"outputs": list(result.outputs)}, cell.id).output)
        if copy_of is not None:
            copy, folder = copy_of
            for place in (copy.resolve(), copy):
                result = replace(result, text=result.text.replace(str(place), str(folder.resolve())))
        outcomes.append(CellOutcome(cell.id, result.status, result.text))
        if first is None:
            first = _cell_difference(cell, result)
            if first is None and cell.execution_count is not None and notebook is not None:
                first = _picture_difference(cell, (await notebook.output(cell.id)).pictures, result.pictures)
            if first is not None and (refusal := first_refusal()):
                first = replace(first, kind="refused", after=refusal)
        if result.status != "ok":
            break
    if first is None and before is not None:
        first = _variable_difference(before, await kernel.state())
    compared = sum(cell.execution_count is not None for cell in to_run[: len(outcomes)])
    not_compared = [f"{_COMPARED}{_NOR_VALUES if before is None else ''}."]
    if never_ran := len(outcomes) - compared:
        not_compared.append(f"{count(never_ran, 'cell')} never ran before: there is nothing to compare with.")
    return Reproduction(tuple(outcomes), first, compared, tuple(not_compared))


def comparable(text: str) -> str:
    """An output without what differs between any two kernels: addresses, prompts, measured times, memory."""
    text = _TEMPORARY.sub("<cell>", _ADDRESS.sub("0x…", text))
    return _TIMES.sub("", _PROMPT.sub(r"\1\2", text)).strip()


def _cell_difference(cell: Cell, result: ExecutionResult) -> FirstDifference | None:
    if result.status != "ok":
        error = f"{result.error.name}: {result.error.message}" if result.error else result.status
        kind = "refused" if REFUSED in error or _NOT_IN_OVERLAYS.search(error) else "failed"
        return FirstDifference(kind, cell.id, "", cell.error or cell.output, error)
    if cell.execution_count is None:
        return None
    before, after = comparable(cell.output), comparable(result.text)
    if before == after:
        return None
    for text, other in ((before, after), (after, before)):
        # Outputs may have been truncated in the middle when they were read: then heads and tails are compared.
        head, mark, tail = text.partition("\n… ")
        if mark and other.startswith(head) and other.endswith(tail.partition("…\n")[2]):
            return None
    return FirstDifference("output", cell.id, "", before, after)


def _picture_difference(cell: Cell, before: Sequence[Picture], after: Sequence[Picture]) -> FirstDifference | None:
    if [picture.data for picture in before] == [picture.data for picture in after]:
        return None
    shown = (", ".join(map(described, pictures)) or "no picture" for pictures in (before, after))
    return FirstDifference("picture", cell.id, "", *shown)


def _variable_difference(before: KernelState, after: KernelState) -> FirstDifference | None:
    for name, was in before.variables.items():
        now = after.variables.get(name)
        if now is None:
            return FirstDifference("variable", was.cell_id, name, was.summary, "not defined")
        changed = was.type != now.type or _facts(was.facts) != _facts(now.facts)
        if changed and was.kind not in _VOLATILE:
            return FirstDifference("variable", was.cell_id, name, was.summary, now.summary)
    return None


def _facts(facts: Mapping[str, Json]) -> str:
    return comparable(repr(sorted((name, value) for name, value in facts.items() if name != "memory_bytes")))
