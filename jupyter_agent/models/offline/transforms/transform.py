"""A change to a table as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from jupyter_agent.models.offline.namespace import Column, Table
from jupyter_agent.models.offline.query import Condition, Function, Period

#: Those that leave out rows, those that change which columns there are, those that change values or add some.
Operation = Literal[
    "drop rows", "drop missing", "drop duplicates", "drop outliers", "sort", "drop columns", "drop sparse columns", "keep columns", "order columns", "rename", "reset index",
    "set index", "fill", "replace", "set", "convert", "text", "clip", "round", "scale", "derive", "select columns", "row", "running", "split", "to library",
]  # fmt: skip
#: What a column may be converted to.
Target = Literal["int", "float", "number", "text", "category", "bool", "time", "codes", "hours", "minutes", "fraction", "fahrenheit", "celsius"]  # fmt: skip
#: They show something and change nothing.
VIEWS = frozenset({"select columns", "row", "running", "to library"})
#: May leave out rows; no other does.
ROWS = frozenset({"drop rows", "drop missing", "drop duplicates", "drop outliers"})


@dataclass(frozen=True, slots=True)
class Computed:
    """What gaps are filled with, where it depends on the column: a statistic, a neighbour, a value in between."""

    how: str


@dataclass(frozen=True, slots=True)
class Transform:
    """One change.

    Attributes:
        table: What is changed.
        operation: How.
        columns: Of which columns; none where it is about the whole table.
        conditions: Of which rows.
        pairs: Values, or names of columns, with what takes their place; None is a missing value.
        value: What is put in: a value, something computed, digits, limits, or the parts of a formula.
        by: Keys of groups of which each is taken by itself.
        period: Groups by time, from one to the next.
        function: What is computed in a window that moves.
        how: The target of a conversion, the methods of a text, which of several stays, where a column goes, the method of a scale.
        name: Of a new column.
        notes: How words were taken that could be taken in another way.
    """

    table: Table
    operation: Operation
    columns: tuple[Column, ...] = ()
    conditions: tuple[Condition, ...] = ()
    pairs: tuple[tuple[Any, Any], ...] = ()
    value: Any = None
    by: tuple[Column, ...] = ()
    period: Period | None = None
    function: Function = "mean"
    how: str = ""
    name: str = ""
    notes: tuple[str, ...] = ()

    def used(self, *, but_groups: bool = False) -> tuple[Column, ...]:
        """All columns that it reads."""
        formula = self.value if isinstance(self.value, tuple) else ()
        inside = [part for part in formula if isinstance(part, Column)]
        return (
            *self.columns,
            *(condition.column for condition in self.conditions),
            *(() if but_groups else self.by),
            *inside,
        )


@dataclass(frozen=True, slots=True)
class Written:
    """A change in code: the new table, or expressions for some of its columns.

    Attributes:
        table: An expression; empty where only columns change.
        columns: Names of columns, as code, with their new values.
    """

    table: str = ""
    columns: tuple[tuple[str, str], ...] = ()
