"""Code looked at before anybody is asked about it: whether Python can read it, whether it may be tried out unasked."""

from __future__ import annotations

from collections.abc import Container

from jupyter_agent.analysis.cells.names import names_of
from jupyter_agent.analysis.risk import reasons

#: Characters of code that is tried unasked.
MAX_TRIED = 4_000
_EFFECTS = (
    "to_",
    "save",
    "write",
    "dump",
    "open",
    "fit",
    "train",
    "sleep",
    "input",
    "read_sql",
    "execute",
    "commit",
    "run",
)


def problem(source: str) -> str:
    """Why Python cannot read a cell's source, magics and shell lines apart; empty where it can.

    This Python may be older than the kernel's, so what it says is a hint and no verdict.
    """
    return names_of(source).problem


def may_be_tried(source: str, live: Container[str]) -> bool:
    """Whether running code twice does the same as once, as far as its text tells: then a trial costs nothing.

    That is code that changes nothing in place, deletes nothing, writes no file, starts no program, trains no model. What it
    reads must be there: code that waits for another cell fails at a trial, and is right.

    Args:
        source: Of a cell.
        live: Names that the kernel has.
    """
    names = names_of(source)
    if any(name not in live for name in names.reads):
        return False
    if names.empty or names.problem or names.magics or len(source) > MAX_TRIED:
        return False
    if names.mutates or names.may_mutate or names.deletes or reasons(source):
        return False
    called = (one.rpartition(".")[2] for one in names.calls)
    return not any(name.startswith(_EFFECTS) for name in called)
