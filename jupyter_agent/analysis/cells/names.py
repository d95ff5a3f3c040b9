"""What one cell defines, reads, changes, deletes, imports and calls, by its source alone."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass
from functools import lru_cache

from jupyter_agent.analysis.cells.effects import Step
from jupyter_agent.analysis.cells.expressions import HISTORY
from jupyter_agent.analysis.cells.library_calls import USUAL_NAMES
from jupyter_agent.analysis.cells.walk import walk

_BUILTINS = frozenset(dir(builtins)) | {"get_ipython", "display"}
_COUNTED = re.compile(r"_i?\d+$")


@dataclass(frozen=True, slots=True)
class CellNames:
    """One cell's steps, and what follows from them for the cell as a whole.

    Attributes:
        statements: The effects of its statements, in order.
        digest: Equal for sources that differ in layout and comments only.
        problem: Why Python cannot read the source; empty where it can.
        magics: Names of its magics; ``!`` for shell lines.
        defines: Names that are there after it has run.
        reads: Names that must be there before, those that Python brings left out.
        mutates: Names whose value it changes in place.
        may_mutate: Names whose value it may change in place.
        deletes: Names that it deletes.
        imports: Modules, and things out of modules, that it imports.
        calls: What it calls, as written.
        reads_history: Whether it reads what IPython keeps by execution count, or in an order: ``Out[3]``, ``In``, ``_``.
    """

    statements: tuple[Step, ...] = ()
    digest: int = 0
    problem: str = ""
    magics: tuple[str, ...] = ()
    defines: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    mutates: frozenset[str] = frozenset()
    may_mutate: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    reads_history: bool = False

    @property
    def empty(self) -> bool:
        """Whether running the cell does nothing."""
        return not self.statements and not self.problem

    @property
    def has_magics(self) -> bool:
        """Whether it has magics or shell lines that may bind what no source shows."""
        return bool(set(self.magics) - {"matplotlib", "time", "timeit", "?", "autoreload", "config", "load_ext"})

    @property
    def resets_namespace(self) -> bool:
        """Whether it empties the namespace."""
        return any(step.wipes for step in self.statements)


@lru_cache(maxsize=8192)
def names_of(source: str) -> CellNames:
    """Analyse a cell's source; what was analysed before is remembered."""
    walked = walk(source)
    steps = walked.steps
    modules = {one.name for step in steps for one in step.imports} | set(USUAL_NAMES)
    changes = [one for step in steps for one in step.changes if not (one.method and one.name in modules)]
    sure = {one.name for one in changes if one.how != "may"}
    perhaps = {one.name for one in changes} - sure
    reads = _reads(steps)
    return CellNames(
        steps,
        walked.digest,
        walked.problem,
        walked.magics,
        defines=_defined(steps),
        reads=reads,
        mutates=frozenset(sure),
        may_mutate=frozenset(perhaps),
        deletes=frozenset(name for step in steps for name in step.deletes),
        imports=frozenset(one.module for step in steps for one in step.imports),
        calls=frozenset(call.path for step in steps for call in step.calls),
        reads_history=any(is_history(name) for name in reads),
    )


def readable_names(source: str) -> CellNames:
    """The analysis of a source; of one that was cut short for the wire, of as many lines as can be read."""
    names = names_of(source)
    if not names.problem or not source.endswith("…"):
        return names
    lines = source.split("\n")[:-1]
    for end in range(len(lines), max(0, len(lines) - 40), -1):
        shorter = names_of("\n".join(lines[:end]))
        if not shorter.problem:
            return shorter
    return names


def is_history(name: str) -> bool:
    """Whether IPython keeps what ran before under this name."""
    return name[:1] in "_IO" and (name in HISTORY or _COUNTED.match(name) is not None)


def _reads(steps: tuple[Step, ...]) -> frozenset[str]:
    """Names that must be there before the cell runs."""
    bound: set[str] = set()
    reads: set[str] = set()
    for step in steps:
        reads |= ({one.name for one in step.reads} | {one.name for one in step.changes}) - bound
        bound |= set(step.binds)
        bound -= set(step.deletes)
    return frozenset(reads - _BUILTINS)


def _defined(steps: tuple[Step, ...]) -> frozenset[str]:
    """Names that are there after the cell has run."""
    defined: set[str] = set()
    for step in steps:
        defined |= {*step.binds, *step.perhaps}
        defined -= set(step.deletes)
    return frozenset(defined)
