"""polars expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from jupyter_agent.models.offline.dialects.dialect import Grouping, alias, free_name
from jupyter_agent.models.offline.namespace import Column, Namespace, Table, is_lazy
from jupyter_agent.models.offline.query import Condition, Function, Measure, Period

_CALLS: dict[Function, str] = {
    "mean": "mean()", "median": "median()", "sum": "sum()", "max": "max()", "min": "min()", "std": "std()",
    "var": "var()", "count": "count()", "nunique": "n_unique()", "mode": "mode().first()", "skew": "skew(bias=False)",
    "kurt": "kurtosis(bias=False)",
}  # fmt: skip
_PERIODS: dict[Period, str] = {
    "year": ".dt.year()", "quarter": ".dt.truncate('1q')", "month": ".dt.truncate('1mo')",
    "week": ".dt.truncate('1w')", "day": ".dt.date()", "hour": ".dt.hour()", "weekday": ".dt.strftime('%A')",
}  # fmt: skip
#: Values that depend on those before them.
RUNNING = {
    "cumulative": "cum_sum()", "change": "pct_change()", "difference": "diff()", "shift": "shift(1)",
    "rank": "rank(descending=True)",
}  # fmt: skip
_WRITERS = {
    "csv": "write_csv", "tsv": "write_csv", "parquet": "write_parquet", "json": "write_json",
    "xlsx": "write_excel",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Polars:
    """Expressions over a polars DataFrame; a lazy one is collected first. What each means, `Pandas` says."""

    frame: Table
    pl: str
    imports: tuple[str, ...]
    is_pandas: ClassVar[bool] = False

    @classmethod
    def of(cls, frame: Table, namespace: Namespace, runs: bool) -> Polars:
        """With polars as the user imported it."""
        return cls(frame, *alias(namespace, "polars", "pl", runs))

    @property
    def _table(self) -> str:
        lazy = is_lazy(self.frame.variable) and not self.frame.expression
        return f"{self.frame.code}.collect()" if lazy else self.frame.code

    def expression(self, column: Column) -> str:
        return f"{self.pl}.col({column.label})"

    def _condition(self, condition: Condition) -> str:
        at, values = (
            self.expression(condition.column),
            [self._literal(condition.column, value) for value in condition.values],
        )
        match condition.operator:
            case "notin":
                return f"~{at}.is_in([{', '.join(values)}])"
            case "unmatched":
                table, key = condition.values
                return f"~{at}.is_in({table.code}[{key.label}].implode())"
            case "month":
                return f"{self.moment(condition.column)}.dt.month().is_in({list(condition.values)})"
            case "weekday":
                days = [day + 1 for day in condition.values]
                return f"{self.moment(condition.column)}.dt.weekday().is_in({days})"
            case "missing":
                return f"{at}.is_null()"
            case "present":
                return f"{at}.is_not_null()"
            case "isin":
                return f"{at}.is_in([{', '.join(values)}])"
            case "between":
                return f"{at}.is_between({values[0]}, {values[1]})"
            case "during":
                return f"{at}.is_between({values[0]}, {values[1]}, closed='left')"
            case "contains":
                return f"{at}.str.to_lowercase().str.contains({str(condition.values[0]).lower()!r}, literal=True)"
            case "startswith" | "endswith":
                call = "starts_with" if condition.operator == "startswith" else "ends_with"
                return f"{at}.str.to_lowercase().str.{call}({str(condition.values[0]).lower()!r})"
        if isinstance(condition.values[0], bool):
            return at if condition.values[0] is (condition.operator == "==") else f"~{at}"
        if isinstance(condition.values[0], Measure):
            return f"{at} {condition.operator} {at}.{_CALLS[condition.values[0].function]}"
        return f"{at} {condition.operator} {values[0]}"

    def _literal(self, column: Column, value: object) -> str:
        if column.role == "time" and isinstance(value, str) and value.count("-") == 2:
            year, month, day = (int(part) for part in value.split("-"))
            return f"{self.pl}.{'datetime' if column.dtype.startswith('Datetime') else 'date'}({year}, {month}, {day})"
        if column.dtype.startswith("Duration") and isinstance(value, str):
            number, _, unit = value.partition(" ")
            return f"{self.pl}.duration({unit}={number})"
        return repr(value)

    def mask(self, conditions: Sequence[Condition]) -> str:
        masks = [self._condition(condition) for condition in conditions]
        return masks[0] if len(masks) == 1 else " & ".join(f"({mask})" for mask in masks)

    def rows(self, conditions: Sequence[Condition] = ()) -> str:
        if not conditions:
            return self._table
        return f"{self._table}.filter({', '.join(self._condition(condition) for condition in conditions)})"

    def column(self, column: Column, conditions: Sequence[Condition] = ()) -> str:
        return f"{self.rows(conditions)}[{column.label}]"

    def statistic(self, function: Function, column: Column, conditions: Sequence[Condition] = ()) -> str:
        return f"{self.column(column, conditions)}.{_CALLS[function]}"

    def count(self, conditions: Sequence[Condition]) -> str:
        return f"{self.rows(conditions)}.height"

    def grouped(self, grouping: Grouping) -> str:
        keys = [key.label for key in grouping.by]
        name = free_name(self.frame, grouping.period) if grouping.period else ""
        if grouping.period is not None and grouping.time is not None:
            keys.append(f"{self.moment(grouping.time)}{_PERIODS[grouping.period]}.alias({name!r})")
        calls = grouping.each or (grouping.function,) * len(grouping.values)
        values = ", ".join(
            f"{self.expression(value)}.{_CALLS[how]}" + (f".alias({how!r})" if grouping.is_of_one_column else "")
            for value, how in zip(grouping.values, calls, strict=True)
        )
        counted = f"{self.pl}.len()"
        if grouping.part is not None:
            values = f"({self._condition(grouping.part)}).mean().alias('share')"
        code = f"{self.rows(grouping.conditions)}.group_by({', '.join(keys)}).agg({values or counted})"
        if grouping.shared:
            code += f".with_columns({', '.join(f'{result} / {result}.sum()' for result in self._results(grouping))})"
        if grouping.having is not None:
            code += f".filter({self.pl}.col('len') {grouping.having[0]} {grouping.having[1]})"
        code += self._ordered(grouping, name)
        return code + (f".head({grouping.limit})" if grouping.limit else "")

    def _results(self, grouping: Grouping) -> list[str]:
        """The columns that hold one value for each group."""
        return [self.expression(value) for value in grouping.values] or [f"{self.pl}.col('len')"]

    def _ordered(self, grouping: Grouping, name: str) -> str:
        if grouping.descending is None:
            keys = [*(key.label for key in grouping.by), *([repr(name)] if name else [])]
            return f".sort({', '.join(keys)})"
        last = ", nulls_last=True" if grouping.limit else ""  # what is missing is neither the most nor the least
        return f".sort({_value(grouping)}, descending={grouping.descending}{last})"

    def moment(self, time: Column, *, is_strict: bool = True) -> str:
        if time.role == "time":
            return self.expression(time)
        return f"{self.expression(time)}.str.{_reader(time)}({'' if is_strict else 'strict=False'})"

    def sorted(
        self, order: Sequence[Column], descending: bool | Sequence[bool], conditions: Sequence[Condition] = ()
    ) -> str:
        keys = ", ".join(column.label for column in order)
        if len(order) > 1:
            keys = f"[{keys}]"
        down = ", descending=True" if descending else ""
        if not isinstance(descending, bool):
            down = f", descending={list(descending)}"
        return f"{self.rows(conditions)}.sort({keys}{down}, nulls_last=True)"

    def first_of_each(self, code: str, by: Sequence[Column], limit: int) -> str:
        return f"{code}.group_by({', '.join(column.label for column in by)}, maintain_order=True).head({limit})"

    def selected(self, columns: Sequence[Column], conditions: Sequence[Condition] = ()) -> str:
        return f"{self.rows(conditions)}.select({', '.join(column.label for column in columns)})"

    def picked(self, column: Column, descending: bool, conditions: Sequence[Condition], shown: Sequence[Column]) -> str:
        how = "max" if descending else "min"
        labels = ", ".join(other.label for other in shown)
        return f"{self.rows(conditions)}.filter({self.expression(column)} == {self.expression(column)}.{how}()).select({labels})"

    def different(self, column: Column, conditions: Sequence[Condition]) -> str:
        return f"{self.column(column, conditions)}.drop_nulls().unique().sort().to_list()"

    def share(self, conditions: Sequence[Condition], column: Column | None) -> str:
        if column is not None:
            return f"{self.column(column, conditions)}.sum() / {self.column(column)}.sum()"
        return f"{self.count(conditions)} / {self.count(())}"

    def levelled(self) -> str:
        return self._table

    def as_numbers(self, column: Column, name: str, is_text: bool) -> str:
        digits = ".str.replace_all(r'[^0-9.\\-]', '')" if is_text else ""
        read = f"{self.expression(column)}{digits}.cast({self.pl}.Float64, strict=False)"
        return f"{self._table}.with_columns({name}={read})"

    def multiplied(self, name: str, first: Column, second: Column) -> str:
        return f"{self._table}.with_columns({name}={self.expression(first)} * {self.expression(second)})"

    def elapsed(self, name: str, column: Column, seconds: int) -> str:
        return f"{self._table}.with_columns({name}={self.expression(column)}.dt.total_seconds() / {seconds})"

    def correlated(self, columns: Sequence[Column], conditions: Sequence[Condition] = ()) -> str:
        if len(columns) == 2:
            pair = f"{self.pl}.corr({columns[0].label}, {columns[1].label})"
            return f"{self.rows(conditions)}.select({pair}).item()"
        if len(columns) == 1:
            others = [other.label for other in self.frame.of_role("number") if other != columns[0]]
            pairs = ", ".join(f"{self.pl}.corr({other}, {columns[0].label}).alias({other})" for other in others)
            table = f"{self.rows(conditions)}.select({pairs}).unpivot()"
            return f"{table}.sort({self.pl}.col('value').abs(), descending=True)"
        numeric = columns or self.frame.of_role("number")
        return f"{self.selected(numeric, conditions)}.drop_nulls().corr()"

    def duplicates(self, columns: Sequence[Column]) -> str:
        table = f"{self.selected(columns)}.drop_nulls()" if columns else self._table
        return f"{table}.height - {table}.unique().height"

    def joined(self, other: Table, left: Column, right: Column) -> str:
        on = f"on={left.label}" if left.name == right.name else f"left_on={left.label}, right_on={right.label}"
        return f"{self._table}.join({other.code}, {on}, how='left')"

    def pivoted(
        self,
        rows: Column,
        across: Column,
        value: Column | None,
        function: Function,
        conditions: Sequence[Condition] = (),
    ) -> str:
        chosen = (value or rows).label
        how = "'len'" if value is None else f"{self.pl}.element().{_CALLS[function]}"
        return f"{self.rows(conditions)}.pivot({across.label}, index={rows.label}, values={chosen}, aggregate_function={how})"

    def running(self, column: Column, kind: str, window: int | str, function: Function, time: Column | None) -> str:
        call = RUNNING.get(
            kind, f"rolling_{'mean' if function in ('count', 'nunique', 'mode') else function}({window})"
        )
        if time is None or kind == "rank":
            return f"{self._table}.select({self.expression(column)}.{call})"
        return f"{self._table}.sort({time.label}).select({time.label}, {self.expression(column)}.{call})"

    def running_groups(self, grouping: Grouping, kind: str, window: int | str) -> str:
        call = RUNNING.get(kind, f"rolling_mean({window})")
        return f"{self.grouped(grouping)}.with_columns({', '.join(f'{result}.{call}' for result in self._results(grouping))})"

    def pivoted_groups(self, grouping: Grouping) -> str:
        name = free_name(self.frame, grouping.period) if grouping.period else ""
        return f"{self.grouped(grouping)}.pivot({name!r}, index={grouping.by[0].label}, values={_value(grouping)})"

    def quantile(self, column: Column, part: float, conditions: Sequence[Condition] = ()) -> str:
        return f"{self.column(column, conditions)}.quantile({part!r}, 'linear')"

    def saved(self, path: str) -> str:
        ending = path.rsplit(".", 1)[-1].lower()
        separator = f", separator={chr(9)!r}" if ending == "tsv" else ""
        return f"{self._table}.{_WRITERS.get(ending, 'write_csv')}({path!r}{separator})"


def _reader(column: Column) -> str:
    return "to_datetime" if any(":" in value for value in column.values) else "to_date"


def _value(grouping: Grouping) -> str:
    """The name of the first column that holds one value for each group."""
    if grouping.part is not None:
        return repr("share")
    if grouping.is_of_one_column:
        return repr(grouping.each[0])
    return grouping.values[0].label if grouping.values else repr("len")
