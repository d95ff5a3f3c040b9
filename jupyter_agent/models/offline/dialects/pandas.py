"""pandas expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from jupyter_agent.models.offline.dialects.dialect import Grouping, alias, free_name
from jupyter_agent.models.offline.namespace import Column, Namespace, Table
from jupyter_agent.models.offline.query import Condition, Function, Measure, Period

#: What groups have no method of their own for.
_LAMBDAS: dict[Function, str] = {
    "mode": "lambda values: values.mode().iat[0]", "skew": "lambda values: values.skew()", "kurt": "lambda values: values.kurt()",
}  # fmt: skip
_CALLS: dict[Function, str] = {
    "mean": "mean()", "median": "median()", "sum": "sum()", "max": "max()", "min": "min()", "std": "std()",
    "var": "var()", "count": "count()", "nunique": "nunique()", **{function: f"agg({code})" for function, code in _LAMBDAS.items()},
}  # fmt: skip
#: Values that depend on those before them.
RUNNING = {
    "cumulative": "cumsum()", "change": "pct_change()", "difference": "diff()", "shift": "shift(1)",
    "rank": "rank(ascending=False)",
}  # fmt: skip
_OFFSETS: dict[Period, str] = {"quarter": "QS", "month": "MS", "week": "W", "day": "D"}
_PERIODS: dict[Period, str] = {
    "year": ".dt.year", "quarter": ".dt.to_period('Q')", "month": ".dt.to_period('M')",
    "week": ".dt.to_period('W')", "day": ".dt.date", "hour": ".dt.hour", "weekday": ".dt.day_name()",
}  # fmt: skip
_WRITERS = {
    "csv": "to_csv", "tsv": "to_csv", "parquet": "to_parquet", "json": "to_json", "xlsx": "to_excel",
    "xls": "to_excel",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pandas:
    """Expressions over a pandas DataFrame. Every one is a single expression that binds no name.

    `Polars` has the same methods.

    Attributes:
        frame: The table.
        pd: How pandas is written.
        imports: Import statements that shown code needs before it.
        is_pandas: Whether the table can draw itself.
    """

    frame: Table
    pd: str
    imports: tuple[str, ...]
    is_pandas: ClassVar[bool] = True

    @classmethod
    def of(cls, frame: Table, namespace: Namespace, runs: bool) -> Pandas:
        """With pandas as the user imported it."""
        return cls(frame, *alias(namespace, "pandas", "pd", runs))

    def expression(self, column: Column) -> str:
        """One column, of all rows."""
        return self._of(self.frame.code, column)

    def moment(self, time: Column, *, is_strict: bool = True) -> str:
        """A column as moments; of texts that are none, gaps where it is not strict."""
        if time.role == "time":
            return self.expression(time)
        how = "" if is_strict else ", errors='coerce'" + ("" if time.date_like else ", format='mixed'")
        return f"{self.pd}.to_datetime({self.expression(time)}{how})"

    def _of(self, table: str, column: Column) -> str:
        if not column.plain and self._twice(column):
            return f"{table}.iloc[:, {column.position}]"
        return f"{table}[{column.label}]"

    def _twice(self, column: Column) -> bool:
        return sum(other.name == column.name for other in self.frame.columns) > 1

    def mask(self, conditions: Sequence[Condition]) -> str:
        """Which rows meet the conditions."""
        rows = "rows" if self.frame.expression else self.frame.code
        masks = [self._condition(condition, rows) for condition in conditions]
        mask = masks[0] if len(masks) == 1 else " & ".join(f"({mask})" for mask in masks)
        return f"lambda rows: {mask}" if self.frame.expression else mask

    def _condition(self, condition: Condition, rows: str) -> str:
        at, values = self._of(rows, condition.column), condition.values
        match condition.operator:
            case "notin":
                return f"~{at}.isin({list(values)!r})"
            case "unmatched":
                return f"~{at}.isin({self._there(values)})"
            case "month" | "weekday":
                moment = at if condition.column.role == "time" else f"{self.pd}.to_datetime({at})"
                of_moment = f"{moment}.dt.{'month' if condition.operator == 'month' else 'day_of_week'}"
                return f"{of_moment} == {values[0]}" if len(values) == 1 else f"{of_moment}.isin({list(values)})"
            case "missing":
                return f"{at}.isna()"
            case "present":
                return f"{at}.notna()"
            case "isin":
                return f"{at}.isin({list(values)!r})"
            case "between":
                return f"{at}.between({values[0]!r}, {values[1]!r})"
            case "during":
                return f"({at} >= {values[0]!r}) & ({at} < {values[1]!r})"
            case "contains":
                return f"{at}.str.contains({values[0]!r}, case=False, regex=False, na=False)"
            case "startswith" | "endswith":
                return f"{at}.str.lower().str.{condition.operator}({str(values[0]).lower()!r}, na=False)"
        if isinstance(values[0], bool):
            return at if values[0] is (condition.operator == "==") else f"~{at}"
        if isinstance(values[0], Measure):
            return f"{at} {condition.operator} {at}.{_CALLS[values[0].function]}"
        return f"{at} {condition.operator} {values[0]!r}"

    @staticmethod
    def _there(values: Sequence[object]) -> str:
        """A column of another table."""
        table, column = values
        assert isinstance(table, Table)
        assert isinstance(column, Column)
        return f"{table.code}[{column.label}]"

    def rows(self, conditions: Sequence[Condition] = ()) -> str:
        """The frame, or its rows that meet the conditions."""
        if not conditions:
            return self.frame.code
        at = ".loc" if self.frame.expression else ""
        return f"{self.frame.code}{at}[{self.mask(conditions)}]"

    def column(self, column: Column, conditions: Sequence[Condition] = ()) -> str:
        """One column of those rows."""
        if not conditions:
            return self.expression(column)
        if self._twice(column):
            return f"{self.expression(column)}[{self.mask(conditions)}]"
        return f"{self.frame.code}.loc[{self.mask(conditions)}, {column.label}]"

    def statistic(self, function: Function, column: Column, conditions: Sequence[Condition] = ()) -> str:
        """One number from a column."""
        call = _LAMBDAS[function].partition("values.")[2] if function in _LAMBDAS else _CALLS[function]
        return f"{self.column(column, conditions)}.{call}"

    def count(self, conditions: Sequence[Condition]) -> str:
        """How many rows."""
        if not conditions:
            return f"len({self.frame.code})"
        if self.frame.expression:
            return f"len({self.rows(conditions)})"
        return f"int(({self.mask(conditions)}).sum())"

    def grouped(self, grouping: Grouping) -> str:
        """One value for each group."""
        rows, keys = self._keyed(grouping)
        value = "" if not grouping.values else f"[{_labels(grouping.values)}]"
        call = "size()" if not grouping.values else _CALLS[grouping.function]
        if keys.startswith("resample") and call == "sum()" and grouping.descending is False:
            call = "sum(min_count=1)"  # a day without rows has no sum, so it is not the lowest
        if grouping.is_of_one_column:
            value = f"[{grouping.values[0].label}]"
            call = f"agg([{', '.join(_LAMBDAS.get(how, repr(how)) for how in grouping.each)}])"
        elif grouping.each:
            calls = (
                f"{value.label}: {_LAMBDAS.get(how, repr(how))}"
                for value, how in zip(grouping.values, grouping.each, strict=True)
            )
            value, call = "", f"agg({{{', '.join(calls)}}})"
        if grouping.part is not None:
            name = free_name(self.frame, "share")
            rows += f".assign({name}=lambda rows: {self._condition(grouping.part, 'rows')})"
            value, call = f"[{name!r}]", "mean()"
        code = f"{rows}.{keys}{value}.{call}"
        if grouping.having is not None:
            code += f".loc[lambda sizes: sizes {grouping.having[0]} {grouping.having[1]}]"
        if grouping.shared:
            code += ".pipe(lambda values: values / values.sum())"
        if grouping.descending is not None:
            by = f"{grouping.values[0].label}, " if len(grouping.values) > 1 else ""
            by = f"{grouping.each[0]!r}, " if grouping.is_of_one_column else by
            code += f".sort_values({by}ascending={not grouping.descending})"
        return code + (f".head({grouping.limit})" if grouping.limit else "")

    def _keyed(self, grouping: Grouping) -> tuple[str, str]:
        """The rows, and the call that groups them."""
        rows = self.rows(grouping.conditions)
        if grouping.period is None:
            return rows, f"groupby({_labels(grouping.by)}{self._observed(grouping.by)})"
        time = grouping.time
        real_time = time is None or time.role == "time"
        if not grouping.by and real_time and grouping.period in _OFFSETS:
            on = "" if time is None else f", on={time.label}"
            return rows, f"resample({_OFFSETS[grouping.period]!r}{on})"
        name = free_name(self.frame, grouping.period)
        rows += f".assign({name}=lambda rows: {self._moment(time)}{_PERIODS[grouping.period]})"
        keys = ", ".join([*(key.label for key in grouping.by), repr(name)])
        return rows, f"groupby([{keys}]{self._observed(grouping.by)})" if grouping.by else f"groupby({keys})"

    def _moment(self, time: Column | None) -> str:
        if time is None:
            return "rows.index.to_series()"
        if time.role != "time":
            return f"{self.pd}.to_datetime(rows[{time.label}])"
        zone = ".dt.tz_localize(None)" if "," in time.dtype else ""
        return f"rows[{time.label}]{zone}"

    def _observed(self, keys: Sequence[Column]) -> str:
        return ", observed=True" if any(key.dtype.startswith("categor") for key in keys) else ""

    def sorted(
        self, order: Sequence[Column], descending: bool | Sequence[bool], conditions: Sequence[Condition] = ()
    ) -> str:
        """The rows in another order, each column in its direction where they differ."""
        down = ", ascending=False" if descending else ""
        if not isinstance(descending, bool):
            down = f", ascending={[not is_down for is_down in descending]}"
        return f"{self.rows(conditions)}.sort_values({_labels(order)}{down})"

    def first_of_each(self, code: str, by: Sequence[Column], limit: int) -> str:
        """The first rows of each group, in the order that they have."""
        return f"{code}.groupby({_labels(by)}{self._observed(by)}).head({limit})"

    def selected(self, columns: Sequence[Column], conditions: Sequence[Condition] = ()) -> str:
        """Some columns."""
        if conditions:
            return f"{self.frame.code}.loc[{self.mask(conditions)}, {listed(columns)}]"
        return f"{self.frame.code}[{listed(columns)}]"

    def picked(self, column: Column, descending: bool, conditions: Sequence[Condition], shown: Sequence[Column]) -> str:
        """The rows that have the most, or the least, of a column."""
        how = "max" if descending else "min"
        at = self._of("rows", column)
        return f"{self.rows(conditions)}.loc[lambda rows: {at} == {at}.{how}(), {listed(shown)}]"

    def different(self, column: Column, conditions: Sequence[Condition]) -> str:
        """Each value once."""
        return f"sorted({self.column(column, conditions)}.dropna().unique().tolist())"

    def share(self, conditions: Sequence[Condition], column: Column | None) -> str:
        """The part of the rows that meets the conditions, or of the sum of a column."""
        if column is not None:
            return f"{self.column(column, conditions)}.sum() / {self.expression(column)}.sum()"
        return f"{self.count(conditions)} / {self.count(())}"

    def levelled(self) -> str:
        """The table with its index as columns."""
        return f"{self.frame.code}.reset_index()"

    def as_numbers(self, column: Column, name: str, is_text: bool) -> str:
        """The table with a further column: one of texts or decimals read as numbers."""
        at = f"rows[{column.label}]"
        read = (
            f"{self.pd}.to_numeric({at}.astype(str).str.replace(r'[^0-9.\\-]', '', regex=True), errors='coerce')"
            if is_text
            else f"{at}.astype(float)"
        )
        return f"{self.frame.code}.assign({name}=lambda rows: {read})"

    def multiplied(self, name: str, first: Column, second: Column) -> str:
        """The table with a further column, two others multiplied."""
        return f"{self.frame.code}.assign({name}=lambda rows: rows[{first.label}] * rows[{second.label}])"

    def elapsed(self, name: str, column: Column, seconds: int) -> str:
        """The table with a further column, a duration counted in units of some seconds."""
        return f"{self.frame.code}.assign({name}=lambda rows: rows[{column.label}].dt.total_seconds() / {seconds})"

    def correlated(self, columns: Sequence[Column], conditions: Sequence[Condition] = ()) -> str:
        """One number for two columns; of one column its correlations with the others, the strongest first; else the matrix."""
        if len(columns) == 1:
            others = f"{self.rows(conditions)}.corr(numeric_only=True)[{columns[0].label}].drop({columns[0].label})"
            return f"{others}.sort_values(key=abs, ascending=False)"
        if len(columns) == 2:
            return f"{self.column(columns[0], conditions)}.corr({self.column(columns[1], conditions)})"
        return f"{self.rows(conditions)}.corr(numeric_only=True)"

    def duplicates(self, columns: Sequence[Column]) -> str:
        """How many rows repeat an earlier one."""
        rows = f"[{_labels(columns)}].dropna()" if columns else ""
        return f"int({self.frame.code}{rows}.duplicated().sum())"

    def joined(self, other: Table, left: Column, right: Column) -> str:
        """Two tables side by side on a column of each."""
        on = f"on={left.label}" if left.name == right.name else f"left_on={left.label}, right_on={right.label}"
        return f"{self.frame.code}.merge({other.code}, {on}, how='left')"

    def pivoted(
        self,
        rows: Column,
        across: Column,
        value: Column | None,
        function: Function,
        conditions: Sequence[Condition] = (),
    ) -> str:
        """A table with one row and one column for each value of two keys."""
        if value is None:
            return f"{self.pd}.crosstab({self.column(rows, conditions)}, {self.column(across, conditions)})"
        observed = self._observed((rows, across))
        return (
            f"{self.rows(conditions)}.pivot_table(index={rows.label}, columns={across.label}, values={value.label}, "
            f"aggfunc={_LAMBDAS.get(function, repr(function))}{observed})"
        )

    def running(self, column: Column, kind: str, window: int | str, function: Function, time: Column | None) -> str:
        """``cumulative``, ``moving``, ``change``, ``difference``, ``shift`` or ``rank`` of a column, row by row."""
        at = self.expression(column)
        if time is not None and kind != "rank":
            at = f"{self.frame.code}.set_index({time.label})[{column.label}].sort_index()"
        return f"{at}.{RUNNING.get(kind, f'rolling({window!r}).{_CALLS[function]}')}"

    def running_groups(self, grouping: Grouping, kind: str, window: int | str) -> str:
        """The same of one value for each group, group by group."""
        return f"{self.grouped(grouping)}.{RUNNING.get(kind, f'rolling({window!r}).mean()')}"

    def pivoted_groups(self, grouping: Grouping) -> str:
        """A table with one row for each value of the key and one column for each period."""
        return f"{self.grouped(grouping)}.unstack()"

    def quantile(self, column: Column, part: float, conditions: Sequence[Condition] = ()) -> str:
        """The value below which this part of a column lies."""
        return f"{self.column(column, conditions)}.quantile({part!r})"

    def saved(self, path: str) -> str:
        """A call that writes the table to a file of that name."""
        ending = path.rsplit(".", 1)[-1].lower()
        writer = _WRITERS.get(ending, "to_csv")
        extra = {"to_json": ", orient='records', date_format='iso'", "to_parquet": ""}.get(writer, ", index=False")
        return f"{self.frame.code}.{writer}({path!r}{', sep=' + repr(chr(9)) if ending == 'tsv' else ''}{extra})"


def listed(columns: Sequence[Column]) -> str:
    """Their labels as a list in code."""
    return f"[{', '.join(column.label for column in columns)}]"


def _labels(columns: Sequence[Column]) -> str:
    return columns[0].label if len(columns) == 1 else listed(columns)
