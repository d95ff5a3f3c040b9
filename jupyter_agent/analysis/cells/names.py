"""Names that one cell defines, reads, mutates, deletes, imports and calls, from its source alone."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass
from functools import lru_cache

from jupyter_agent.analysis.cells.effects import StatementEffects
from jupyter_agent.analysis.cells.library_calls import USUAL_NAMES
from jupyter_agent.analysis.cells.source import parse
from jupyter_agent.analysis.cells.statements import digest_of, statement_effects

#: Characters of a cell that is analysed: what people write by hand is shorter by far.
MAX_SOURCE = 60_000
#: Names under which IPython keeps what ran before.
HISTORY_NAMES = frozenset({"In", "Out", "_ih", "_oh", "_dh", "_i", "_ii", "_iii", "_", "__", "___"})
_NUMBERED_HISTORY = re.compile(r"_i?\d+$")
#: Names that are bound in every kernel.
PREDEFINED = frozenset(dir(builtins)) | {"get_ipython", "display"}


@dataclass(frozen=True, slots=True)
class CellNames:
    """One cell's effects, and what follows from them for the cell as a whole.

    Attributes:
        statements: The effects of its statements, in order.
        digest: Equal for sources that differ in layout and comments only.
        problem: Why Python cannot parse the source; empty where it can.
        magics: Names of its magics; ``!`` for shell lines.
        defines: Names that are bound after it has run.
        reads: Names that must be bound before it runs, builtins left out.
        mutates: Names whose object it mutates.
        may_mutate: Names whose object it may mutate.
        deletes: Names that it deletes.
        calls: The callees, as written.
    """

    statements: tuple[StatementEffects, ...] = ()
    digest: int = 0
    problem: str = ""
    magics: tuple[str, ...] = ()
    defines: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    mutates: frozenset[str] = frozenset()
    may_mutate: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether running the cell does nothing."""
        return not self.statements and not self.problem

    @property
    def resets_namespace(self) -> bool:
        """Whether it empties the namespace."""
        return any(statement.resets_namespace for statement in self.statements)


@lru_cache(maxsize=8192)
def names_of(source: str) -> CellNames:
    """Analyse a cell's source; never raises for what a user may have typed, takes bounded time, and is cached."""
    statements: tuple[StatementEffects, ...] = ()
    magics: tuple[str, ...] = ()
    problem = ""
    try:
        if len(source) > MAX_SOURCE:
            raise ValueError("too long")
        parsed = parse(source)
        magics, problem = tuple(magic.name for magic in parsed.magics), parsed.problem
        statements = statement_effects(source, parsed)
        digests = "|".join(str(effects.digest) for effects in statements)
        digest = digest_of(digests + (source if problem else ""))
    except RecursionError:
        digest, problem = digest_of(source), "RecursionError: it is nested too deeply"
    except ValueError:  # it is too long, or has a number of more digits than Python writes out: it may bind any name
        digest = digest_of(source)
        statements = (StatementEffects(digest, shows=True, wildcard="a cell that is too long to be read"),)
    modules = set(USUAL_NAMES)
    defined, read, mutated, may_mutate = set[str](), set[str](), set[str](), set[str]()
    bound: set[str] = set()  # on every path
    for statement in statements:
        modules.update(name for name, _ in statement.imports)
        read |= ({use.name for use in statement.reads} | {mutation.name for mutation in statement.mutations}) - bound
        bound = bound.union(statement.binds).difference(statement.deletes)
        defined = defined.union(statement.binds, statement.may_bind).difference(statement.deletes)
    for mutation in (mutation for statement in statements for mutation in statement.mutations):
        if not (mutation.method and mutation.name in modules):
            (may_mutate if mutation.kind == "unknown" else mutated).add(mutation.name)
    read -= PREDEFINED
    return CellNames(
        statements,
        digest,
        problem,
        magics,
        defines=frozenset(defined),
        reads=frozenset(read),
        mutates=frozenset(mutated),
        may_mutate=frozenset(may_mutate - mutated),
        deletes=frozenset(name for statement in statements for name in statement.deletes),
        calls=frozenset(call.path for statement in statements for call in statement.calls),
    )


def readable_names(source: str) -> CellNames:
    """The analysis of a source; of a truncated one, of as many lines as Python can parse."""
    names = names_of(source)
    if not names.problem or not source.endswith("…"):
        return names
    lines = source.split("\n")[:-1]
    for end in range(len(lines), max(0, len(lines) - 40), -1):
        if not (shorter := names_of("\n".join(lines[:end]))).problem:
            return shorter
    return names


def is_history(name: str) -> bool:
    """Whether IPython keeps what ran before under this name."""
    return name[:1] in "_IO" and (name in HISTORY_NAMES or _NUMBERED_HISTORY.match(name) is not None)
