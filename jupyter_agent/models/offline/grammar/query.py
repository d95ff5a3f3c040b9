"""What a question asks of a table, as one value; a follow-up edits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from jupyter_agent.models.offline.namespace import Column, Table
from jupyter_agent.models.offline.query import Condition, Measure, Period

#: What is shown: how many rows, the rows, the rows with the most, values, numbers, numbers for groups, a part of the whole,
#: one column drawn against another.
Shape = Literal["count", "rows", "pick", "values", "measures", "groups", "share", "correlation", "pivot", "pair"]


#: Of a text that holds numbers these are about the numbers: what is none is missing.
_NUMERIC = (">", ">=", "<", "<=", "between", "missing", "present")


@dataclass(frozen=True, slots=True)
class TableQuery:
    """A question about one table, or about several that are joined.

    Attributes:
        table: Where the rows come from.
        shape: What is shown of them.
        conditions: Which rows.
        measures: What is computed of them.
        by: Keys of groups; of a pivot, its rows and columns.
        period: Groups by time.
        time: The column that says when.
        columns: What is shown of each row.
        order: What rows are ordered by.
        descending: The direction of the order; None is the order of the keys.
        limit: How many rows or groups.
        nth: Which of the ordered rows, counted from 1.
        chart: The kind of picture; empty for none, ``any`` where it is not said.
        shared: Whether each group's part of the whole is asked for.
        wants_code: Whether code is asked for, not its result.
        notes: How words were taken that could be taken in another way.
    """

    table: Table
    shape: Shape
    conditions: tuple[Condition, ...] = ()
    measures: tuple[Measure, ...] = ()
    by: tuple[Column, ...] = ()
    period: Period | None = None
    time: Column | None = None
    columns: tuple[Column, ...] = ()
    order: tuple[Column, ...] = ()
    descending: bool | None = None
    limit: int | None = None
    nth: int | None = None
    chart: str = ""
    shared: bool = False
    wants_code: bool = False
    notes: tuple[str, ...] = ()

    def used(self) -> tuple[Column, ...]:
        """All columns that the code names."""
        measured = [measure.column for measure in self.measures if measure.column is not None]
        time = [self.time] if self.period is not None and self.time is not None else []
        conditioned = [condition.column for condition in self.conditions]
        return tuple(dict.fromkeys([*conditioned, *self.by, *measured, *self.columns, *self.order, *time]))

    def computed(self) -> tuple[Column, ...]:
        """The columns of which there is more or less."""
        measured = [
            measure.column
            for measure in self.measures
            if measure.column is not None and measure.function not in ("count", "nunique", "mode")
        ]
        compared = [condition.column for condition in self.conditions if condition.operator in _NUMERIC]
        return (*measured, *self.order, *compared)

    def renamed(self, names: Mapping[Column, Column]) -> TableQuery:
        """The query with other columns in the place of some, where they are computed with."""
        if not names:
            return self
        measures = tuple(
            replace(measure, column=names.get(measure.column, measure.column))
            if measure.column is not None and measure.function not in ("count", "nunique", "mode")
            else measure
            for measure in self.measures
        )
        conditions = tuple(
            replace(condition, column=names.get(condition.column, condition.column))
            if condition.operator in _NUMERIC
            else condition
            for condition in self.conditions
        )
        order = tuple(names.get(column, column) for column in self.order)
        return replace(self, measures=measures, conditions=conditions, order=order)

    def notes_in_words(self) -> tuple[str, ...]:
        """The notes as a block."""
        return (f"*{'; '.join(self.notes)}.*",) if self.notes else ()
