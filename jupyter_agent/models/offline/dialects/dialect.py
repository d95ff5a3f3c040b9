"""Code for one library's tables behind one protocol: pandas, polars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from jupyter_agent.models.offline.namespace import Column, Frame, Namespace
from jupyter_agent.models.offline.query import Condition, Function, Period


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


class Dialect(Protocol):
    """Expressions over one frame. Every one is a single expression that binds no name."""

    @property
    def frame(self) -> Frame:
        """The table."""

    @property
    def imports(self) -> tuple[str, ...]:
        """Import statements that shown code needs before it."""

    def rows(self, conditions: Sequence[Condition] = ()) -> str:
        """The frame, or its rows that meet the conditions."""

    def column(self, column: Column, conditions: Sequence[Condition] = ()) -> str:
        """One column of those rows."""

    def statistic(self, function: Function, column: Column, conditions: Sequence[Condition] = ()) -> str:
        """One number from a column."""

    def count(self, conditions: Sequence[Condition]) -> str:
        """How many rows."""

    def grouped(self, grouping: Grouping) -> str:
        """One value for each group."""

    def counted(self, column: Column, conditions: Sequence[Condition] = (), limit: int | None = None) -> str:
        """How often each value occurs."""

    def sorted(self, order: Sequence[Column], descending: bool, conditions: Sequence[Condition] = ()) -> str:
        """The rows in another order."""

    def top(self, order: Sequence[Column], descending: bool, limit: int, conditions: Sequence[Condition] = ()) -> str:
        """The first rows in another order."""

    def selected(self, columns: Sequence[Column], conditions: Sequence[Condition] = ()) -> str:
        """Some columns."""

    def correlated(self, columns: Sequence[Column], conditions: Sequence[Condition] = ()) -> str:
        """One number for two columns, else the matrix."""

    def duplicates(self, columns: Sequence[Column]) -> str:
        """How many rows repeat an earlier one."""

    def joined(self, other: Frame, left: Column, right: Column) -> str:
        """Two tables side by side on a column of each."""

    def pivoted(self, rows: Column, across: Column, value: Column | None, function: Function) -> str:
        """A table with one row and one column for each value of two keys."""

    def renamed(self, column: Column, name: str) -> str:
        """A column under another name."""

    def dropped(self, columns: Sequence[Column]) -> str:
        """The table without some columns."""

    def without_missing(self, columns: Sequence[Column]) -> str:
        """Rows that have a value (in some columns, or in all)."""

    def filled(self, column: Column) -> str:
        """A column with the gaps filled: median for numbers, most frequent for the rest."""

    def as_time(self, column: Column) -> str:
        """A text column read as dates."""

    def as_type(self, column: Column, wanted: str) -> str:
        """A column as ``int``, ``float``, ``str``, ``category`` or ``bool``; what cannot be read becomes missing."""

    def replaced(self, column: Column, expression: str) -> str:
        """A statement that puts an expression in a column's place."""

    def derived(self, name: str, first: Column, sign: str, second: Column | float | int | None) -> str:
        """A statement that adds a column computed from another and a column or number."""

    def running(self, column: Column, kind: str, window: int, function: Function, time: Column | None) -> str:
        """``cumulative``, ``moving``, ``change``, ``difference``, ``shift`` or ``rank`` of a column, row by row."""

    def running_groups(self, grouping: Grouping, kind: str, window: int) -> str:
        """The same of one value for each group, group by group."""

    def pivoted_groups(self, grouping: Grouping) -> str:
        """A table with one row for each value of the key and one column for each period."""

    def quantiles(self, column: Column, shares: Sequence[float], conditions: Sequence[Condition] = ()) -> str:
        """Values below which these shares of a column lie."""

    def filled_with(self, column: Column, value: object) -> str:
        """A column with the gaps filled: with a function's result (``mean``, …) or a plain value."""

    def deduplicated(self, columns: Sequence[Column]) -> str:
        """The table without repeated rows."""

    def saved(self, path: str) -> str:
        """A call that writes the table to a file of that name."""

    def row(self, place: int, columns: Sequence[Column]) -> str:
        """One row, or some of its values; places count from 0."""

    def head(self, limit: int) -> str:
        """The first rows."""


def alias(namespace: Namespace, module: str, usual: str, runs: bool) -> tuple[str, tuple[str, ...]]:
    """How to write a library, and the import that this needs."""
    known = namespace.alias(module)
    if known is not None:
        return known, ()
    return (f"__import__({module!r})", ()) if runs else (usual, (f"import {module} as {usual}",))
