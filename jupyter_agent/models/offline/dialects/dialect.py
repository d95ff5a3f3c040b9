"""What both dialects are asked for, and the names that they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jupyter_agent.models.offline.namespace import Column, Namespace, Table
from jupyter_agent.models.offline.query import Condition, Function, Operator, Period


@dataclass(frozen=True, slots=True)
class Grouping:
    """What to compute over which groups.

    Attributes:
        function: How values are brought together.
        values: Of these columns; none counts rows.
        by: Keys.
        period: Groups by time.
        time: The column that says when; None means the index.
        conditions: Which rows.
        descending: The order of the result by value; None is the order of the keys.
        limit: How many groups.
        shared: Whether each group's part of the whole is asked for.
        each: A function for each of the columns, where they differ.
        part: Of each group the part of its rows that meets this.
        having: Which groups, by how many rows they have.
    """

    function: Function
    values: tuple[Column, ...] = ()
    by: tuple[Column, ...] = ()
    period: Period | None = None
    time: Column | None = None
    conditions: tuple[Condition, ...] = ()
    descending: bool | None = None
    limit: int | None = None
    shared: bool = False
    each: tuple[Function, ...] = ()
    part: Condition | None = None
    having: tuple[Operator, int] | None = None

    @property
    def is_of_one_column(self) -> bool:
        """Whether the functions are several of one column."""
        return len(self.values) > 1 and len(set(self.values)) == 1


def alias(namespace: Namespace, module: str, usual: str, runs: bool) -> tuple[str, tuple[str, ...]]:
    """How to write a library, and the import that this needs."""
    known = namespace.alias(module)
    if known is not None:
        return known, ()
    return (f"__import__({module!r})", ()) if runs else (usual, (f"import {module} as {usual}",))


def with_imports(code: str, imports: Iterable[str]) -> str:
    """Code behind those import statements that it needs."""
    needed = [statement for statement in imports if f"{statement.rsplit(' ', 1)[-1]}." in code]
    return "\n".join([*needed, *([""] if needed else []), code])


def free_name(frame: Table, wanted: str) -> str:
    """A name that no column has."""
    taken = {column.name for column in frame.columns}
    return next((name for name in (wanted, f"by_{wanted}", f"the_{wanted}") if name not in taken), f"{wanted}_")


def tuple_of(expressions: Sequence[str]) -> str:
    """One expression for all: the only one, or a tuple, whose display `results.members` reads."""
    return expressions[0] if len(expressions) == 1 else f"({', '.join(expressions)})"
