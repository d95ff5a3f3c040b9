"""A real Restart & Run All in a fresh kernel, and the first place where its results differ."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jupyter_agent.core.kernel_state import Cell, ExecutionResult, KernelState
from jupyter_agent.core.messages import Json
from jupyter_agent.core.protocols import Kernel

#: A copy of a notebook's folder leaves out what is larger, in bytes.
MAX_COPY = 500 * 1024 * 1024
_ADDRESS = re.compile(r"0x[0-9a-f]{4,}")
_PROMPT = re.compile(r"^(Out\[)\d+(\]:)", re.MULTILINE)
_TIMES = re.compile(r"^(CPU times:.*|Wall time:.*|.*\bper loop \(.*|memory usage: .*)\n?", re.MULTILINE)
_TEMPORARY = re.compile(r"[^\s\"']*ipykernel_\d+[/\\]\d+\.py")
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
        kind: ``failed``, ``output`` or ``variable``.
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
    """

    outcomes: tuple[CellOutcome, ...]
    first: FirstDifference | None

    @property
    def reproduces(self) -> bool:
        """Whether everything that could be compared was the same."""
        return self.first is None

    def to_json(self) -> dict[str, Json]:
        """The result as JSON data."""
        return {
            "reproduces": self.reproduces,
            "first": None if self.first is None else asdict(self.first),
            "cells": [asdict(outcome) for outcome in self.outcomes],
        }


async def reproduce(
    cells: Sequence[Cell],
    kernel: Kernel,
    before: KernelState | None = None,
    *,
    timeout: float = 600.0,
    copy_of: tuple[Path, Path] | None = None,
    on_cell_start: Callable[[int, int, Cell], None] | None = None,
) -> Reproduction:
    """Run a notebook's cells from top to bottom and compare with what they showed and left before.

    Args:
        cells: The notebook's cells with their outputs.
        kernel: A fresh kernel in a copy of the notebook's folder (`scratch_copy`). It is not stopped here.
        before: The variables that the notebook left; None where that is not known.
        timeout: Seconds for each cell.
        copy_of: The copy and the folder that was copied: where the one's path is shown, the other's is compared.
        on_cell_start: Called before each cell runs with its number from 1, how many there are, and the cell.
    """
    outcomes: list[CellOutcome] = []
    first: FirstDifference | None = None
    to_run = [cell for cell in cells if cell.kind == "code" and cell.source.strip()]
    for number, cell in enumerate(to_run, 1):
        if on_cell_start is not None:
            on_cell_start(number, len(to_run), cell)
        result = await kernel.execute(cell.source, timeout=timeout)
        if copy_of is not None:
            copy, folder = copy_of
            for place in (copy.resolve(), copy):
                result = replace(result, text=result.text.replace(str(place), str(folder.resolve())))
        outcomes.append(CellOutcome(cell.id, result.status, result.text))
        first = first or _cell_difference(cell, result)
        if result.status != "ok":
            break
    if first is None and before is not None:
        first = _variable_difference(before, await kernel.state())
    return Reproduction(tuple(outcomes), first)


@contextmanager
def scratch_copy(folder: Path) -> Iterator[Path]:
    """A temporary copy of a notebook's folder to run in, so that none of the user's files is changed.

    Hidden files are left out, and all files once the copy has 500 MiB: what needs them fails, and says so.
    """
    with tempfile.TemporaryDirectory(prefix="jupyter-agent-", ignore_cleanup_errors=True) as scratch:
        target = Path(scratch) / folder.resolve().name
        left = MAX_COPY

        def ignored(parent: str, names: list[str]) -> set[str]:
            nonlocal left
            skipped = {name for name in names if name.startswith(".")}
            for name in sorted(set(names) - skipped):
                path = Path(parent, name)
                size = path.stat().st_size if path.is_file() else 0
                left -= size
                if left < 0 or not (path.is_file() or path.is_dir()):
                    skipped.add(name)
            return skipped

        shutil.copytree(folder, target, ignore=ignored, symlinks=True)
        yield target


def comparable(text: str) -> str:
    """An output without what differs between any two kernels: addresses, prompts, measured times, memory."""
    text = _TEMPORARY.sub("<cell>", _ADDRESS.sub("0x…", text))
    return _TIMES.sub("", _PROMPT.sub(r"\1\2", text)).strip()


def _cell_difference(cell: Cell, result: ExecutionResult) -> FirstDifference | None:
    if result.status != "ok":
        error = f"{result.error.name}: {result.error.message}" if result.error else result.status
        return FirstDifference("failed", cell.id, "", cell.error or cell.output, error)
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
