"""What a question asks of a table, as one value; a follow-up edits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from jupyter_agent.models.offline.dialects.dialect import Grouping
from jupyter_agent.models.offline.markdown import name as shown
from jupyter_agent.models.offline.namespace import Column, Table
from jupyter_agent.models.offline.query import Condition, Function, Measure, Operator, Period

#: What is shown: how many rows, the rows, the rows with the most, values, numbers, numbers for groups, a part of the whole, one group's
#: number less another's, values far from the others; what is drawn besides groups: columns against the first one, how values are distributed, a value for each row, all correlations. A topic was
#: only spoken of.
Shape = Literal[
    "count", "rows", "pick", "values", "measures", "groups", "share", "correlation", "pivot", "pair", "distribution", "each", "matrix",
    "topic", "difference", "outliers",
]  # fmt: skip
ChartKind = Literal["any", "bar", "barh", "line", "area", "pie", "scatter", "hist", "box", "heatmap"]


@dataclass(frozen=True, slots=True)
class Chart:
    """How a picture looks.

    Attributes:
        kind: What is drawn; ``any`` where it is not said.
        stacked: Whether bars stand on each other.
        bins: How many bars a histogram has.
        title: What stands above it; empty for what it shows.
        is_log: Whether the upright axis is logarithmic.
    """

    kind: ChartKind = "any"
    stacked: bool = False
    bins: int | None = None
    title: str = ""
    is_log: bool = False


#: Of a text that holds numbers these are about the numbers: what is none is missing.
_NUMERIC = (">", ">=", "<", "<=", "between", "missing", "present")
#: Shapes of which the columns are drawn.
_DRAWN = ("pair", "distribution", "each")


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
        directions: Whether each column of the order descends, where they differ.
        limit: How many rows or groups.
        deviations: From how many standard deviations on a value is an outlier; None: by the middle half.
        nth: Which of the ordered rows, counted from 1.
        chart: The picture that is asked for.
        shared: Whether each group's part of the whole is asked for.
        part: Of the rows, or those of each group, the part that meets this.
        having: Which groups, by how many rows they have.
        outer: A function of the groups' values.
        within: The rows or groups with the most are looked for within each of these.
        pair: The two conditions of which each gives a number, where these are set against each other.
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
    directions: tuple[bool, ...] = ()
    limit: int | None = None
    deviations: float | None = None
    nth: int | None = None
    chart: Chart | None = None
    shared: bool = False
    part: Condition | None = None
    having: tuple[Operator, int] | None = None
    outer: Function | None = None
    within: tuple[Column, ...] = ()
    pair: tuple[Condition, ...] = ()
    wants_code: bool = False
    notes: tuple[str, ...] = ()

    @property
    def all_conditions(self) -> tuple[Condition, ...]:
        """Of the rows, and at last of the part of them that is asked for."""
        return (*self.conditions, *([self.part] if self.part else []))

    def of_part(self) -> TableQuery:
        """The query of the rows of which the share was asked for."""
        return replace(self, shape="count", conditions=self.all_conditions, part=None)

    def keys(self) -> list[str]:
        """What groups are made by, in Markdown."""
        return [*(shown(key.name) for key in self.by), *([self.period] if self.period else [])]

    def used(self) -> tuple[Column, ...]:
        """All columns that the code names."""
        measured = [measure.column for measure in self.measures if measure.column is not None]
        time = [self.time] if self.period is not None and self.time is not None else []
        conditioned = [condition.column for condition in (*self.all_conditions, *self.pair)]
        return tuple(
            dict.fromkeys([*conditioned, *self.by, *self.within, *measured, *self.columns, *self.order, *time])
        )

    def computed(self) -> tuple[Column, ...]:
        """The columns of which there is more or less."""
        measured = [each.column for each in self.measures if each.column is not None and each.is_of_numbers]
        compared = [condition.column for condition in self.all_conditions if condition.operator in _NUMERIC]
        return (*measured, *self.order, *compared, *(self.columns if self.shape in _DRAWN else ()))

    def renamed(self, names: Mapping[Column | None, Column]) -> TableQuery:
        """The query with other columns in the place of some, where they are computed with."""
        if not names:
            return self
        measures = tuple(
            replace(each, column=names[each.column]) if each.column in names and each.is_of_numbers else each
            for each in self.measures
        )
        conditions = tuple(
            replace(each, column=names[each.column]) if each.column in names and each.operator in _NUMERIC else each
            for each in self.all_conditions
        )
        part = conditions[-1] if self.part else None
        conditions = conditions[: len(self.conditions)]
        order = tuple(names.get(column, column) for column in self.order)
        columns = tuple(names.get(column, column) for column in self.columns) if self.shape in _DRAWN else self.columns
        return replace(self, measures=measures, conditions=conditions, part=part, order=order, columns=columns)

    def grouping(self) -> Grouping:
        """The groups as the dialects take them."""
        values = tuple(measure.column for measure in self.measures if measure.column is not None)
        functions = tuple(measure.function for measure in self.measures)
        time = self.time if self.period else None
        return Grouping(
            functions[0], values, self.by, self.period, time, self.conditions, self.descending, None if self.within else self.nth or self.limit, self.shared,
            functions if len(set(functions)) > 1 else (), self.part, self.having,
        )  # fmt: skip

    def notes_in_words(self) -> tuple[str, ...]:
        """The notes as a block."""
        return (f"*{'; '.join(self.notes)}.*",) if self.notes else ()
