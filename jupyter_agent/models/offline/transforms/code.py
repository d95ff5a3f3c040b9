"""Changes in code, in pandas and in polars: a new table, or new values for some columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jupyter_agent.models.offline.dialects.dialect import Grouping
from jupyter_agent.models.offline.dialects.pandas import RUNNING as PANDAS_RUNNING
from jupyter_agent.models.offline.dialects.pandas import Pandas, listed
from jupyter_agent.models.offline.dialects.polars import RUNNING as POLARS_RUNNING
from jupyter_agent.models.offline.dialects.polars import Polars
from jupyter_agent.models.offline.grammar.assembly import usual
from jupyter_agent.models.offline.grammar.tables import kind_of
from jupyter_agent.models.offline.namespace import Column
from jupyter_agent.models.offline.transforms.transform import Computed, Transform, Written

_SECONDS = {"hours": 3600, "minutes": 60}
_PANDAS_PARTS = {
    "year": "dt.year", "quarter": "dt.quarter", "month": "dt.month", "week": "dt.isocalendar().week", "day": "dt.day", "hour": "dt.hour", "weekday": "dt.day_name()",
}  # fmt: skip
_POLARS_PARTS = {
    "year": "dt.year()", "quarter": "dt.quarter()", "month": "dt.month()", "week": "dt.week()", "day": "dt.day()", "hour": "dt.hour()", "weekday": "dt.strftime('%A')",
}  # fmt: skip
_NOT_DIGITS = r"r'[^0-9.\-]'"
_POLARS_TEXT = {"lower": "to_lowercase", "upper": "to_uppercase", "title": "to_titlecase", "strip": "strip_chars"}
_DEGREES = {"fahrenheit": "{0} * 9 / 5 + 32", "celsius": "({0} - 32) * 5 / 9"}


def written(transform: Transform, language: Pandas | Polars) -> Written:
    """The change in the dialect of its table."""
    columns, value, at = transform.columns, transform.value, language.expression
    match transform.operation:
        case "text":
            names = {} if isinstance(language, Pandas) else _POLARS_TEXT
            calls = "".join(f".str.{names.get(method, method)}()" for method in transform.how.split())
            return _each(columns, lambda column: at(column) + calls)
        case "select columns":
            return Written(language.selected(columns))
        case "running":
            return Written(_running(transform, language))
        case "round":
            return _each(columns, lambda column: f"{at(column)}.round({value})")
        case "scale" if transform.how == "standard":
            return _each(columns, lambda column: f"({at(column)} - {at(column)}.mean()) / {at(column)}.std()")
        case "scale":
            return _each(
                columns,
                lambda column: f"({at(column)} - {at(column)}.min()) / ({at(column)}.max() - {at(column)}.min())",
            )
        case "derive" if transform.conditions:
            return Written(columns=((repr(transform.name), language.mask(transform.conditions)),))
        case "derive" if not transform.how:
            parts, gap = (value[1:], "") if value[0] == "formula" else (value, " ")
            formula = gap.join(at(part) if isinstance(part, Column) else str(part) for part in parts)
            return Written(columns=((repr(transform.name), formula),))
    return _in_pandas(transform, language) if isinstance(language, Pandas) else _in_polars(transform, language)


def _each(columns: Sequence[Column], expression: Callable[[Column], str]) -> Written:
    return Written(columns=tuple((column.label, expression(column)) for column in columns))


def _cut(transform: Transform, pieces: str) -> Written:
    """A new column for each piece of a text."""
    return Written(columns=tuple((repr(name), f"{pieces}[{place}]") for place, (name, _) in enumerate(transform.pairs)))


def _is_far(column: str) -> str:
    """Values more than one and a half times the interquartile range below the first or above the third quartile."""
    low, high = f"{column}.quantile(0.25)", f"{column}.quantile(0.75)"
    return f"({column} - ({low} + {high}) / 2).abs() > 2 * ({high} - {low})"


def _in_pandas(transform: Transform, language: Pandas) -> Written:
    table, at, columns, value = language.frame.code, language.expression, transform.columns, transform.value
    match transform.operation:
        case "drop rows":
            mask = language.mask(transform.conditions)
            if any(
                condition.column.dtype[:1].isupper() or condition.column.dtype == "boolean"
                for condition in transform.conditions
            ):
                mask = f"({mask}).fillna(False)"
            return Written(f"{table}[~({mask})]")
        case "drop missing":
            how = [f"subset={listed(columns)}"] if columns else []
            return Written(f"{table}.dropna({', '.join([*how, *(['how=' + repr('all')] if transform.how else [])])})")
        case "drop duplicates":
            how = [f"subset={listed(columns)}"] if columns else []
            return Written(
                f"{table}.drop_duplicates({', '.join([*how, *(['keep=' + repr('last')] if transform.how == 'last' else [])])})"
            )
        case "drop outliers":
            return Written(f"{table}[~({_is_far(at(columns[0]))})]")
        case "sort":
            down = ", ascending=False" if transform.how == "down" else ""
            return Written(f"{table}.sort_values({listed(columns) if len(columns) > 1 else columns[0].label}{down})")
        case "drop columns":
            return Written(f"{table}.drop(columns={listed(columns)})")
        case "drop sparse columns":
            kept = {
                "constant": f"{table}.nunique(dropna=False) > 1",
                "share": f"{table}.isna().mean() <= {value}",
                "any": f"{table}.notna().all()",
                "all": f"{table}.notna().any()",
            }
            return Written(f"{table}.loc[:, {kept[transform.how]}]")
        case "keep columns":
            return Written(f"{table}[{listed(columns)}]")
        case "order columns":
            own, rest = ", ".join(column.label for column in columns), f"*{table}.columns.drop({listed(columns)})"
            return Written(f"{table}[[{own}, {rest}]]" if transform.how == "front" else f"{table}[[{rest}, {own}]]")
        case "rename":
            return Written(
                f"{table}.rename(columns={{{', '.join(f'{old.label}: {new!r}' for old, new in transform.pairs)}}})"
            )
        case "row":
            return Written(f"{at(columns[0]) if columns else table}.iloc[{value}]")
        case "reset index":
            index = transform.table.variable.facts.get("index")
            dtype = str(index.get("type", index.get("dtype", ""))) if isinstance(index, dict) else ""
            is_plain = not isinstance(index, dict) or (not index.get("name") and dtype.startswith(("int", "Range")))
            return Written(f"{table}.reset_index({'drop=True' if is_plain else ''})")
        case "set index":
            return Written(f"{table}.set_index({columns[0].label})")
        case "fill":
            return _each(columns, lambda column: _filled_pandas(transform, language, column))
        case "replace":
            return _each(columns, lambda column: _replaced_pandas(transform, at(column), column))
        case "set":
            new = "None" if value is None else repr(value)
            return _each(
                columns,
                lambda column: (
                    f"{at(column)}.mask({language.mask(transform.conditions)}, {new})" if transform.conditions else new
                ),
            )
        case "convert":
            return _each(columns, lambda column: _converted_pandas(transform.how, language, column))
        case "clip":
            limits = ", ".join(
                f"{side}={limit!r}" for side, limit in zip(("lower", "upper"), value, strict=True) if limit is not None
            )
            return _each(columns, lambda column: f"{at(column)}.clip({limits})")
        case "derive":
            time = columns[0]
            moment = at(time) if time.role == "time" else f"{language.pd}.to_datetime({at(time)})"
            return Written(columns=((repr(transform.name), f"{moment}.{_PANDAS_PARTS[transform.how]}"),))
        case "split":
            return _cut(transform, f"{at(columns[0])}.str.split({transform.pairs[0][1]!r}, n=1).str")
        case "to library":
            return Written(f"{transform.name}.from_pandas({table})")
    raise AssertionError(transform.operation)


def _running(transform: Transform, language: Pandas | Polars) -> str:
    """Values that depend on those before them, in the order of time where there is one."""
    column, kind = transform.columns[0], transform.how
    time = transform.table.time
    if transform.period is not None:
        is_counted = transform.function == "count"
        groups = Grouping(
            "count" if is_counted else usual(column), () if is_counted else (column,), (), transform.period, time
        )
        return language.running_groups(groups, kind, transform.value)
    if not transform.by:
        return language.running(column, kind, transform.value, transform.function, time)
    rows = language.rows() if time is None else language.sorted((time,), descending=False)
    keys = ", ".join(key.label for key in transform.by)
    if isinstance(language, Pandas):
        return f"{rows}.groupby([{keys}], observed=True)[{listed(transform.columns)}].{PANDAS_RUNNING[kind]}"
    computed = ", ".join(
        f"{language.expression(each)}.{POLARS_RUNNING[kind]}.over({keys})" for each in transform.columns
    )
    return f"{rows}.with_columns({computed})"


def _filling(transform: Transform, column: Column) -> Any:
    """What a column's gaps are filled with: the value that was named, or what suits its type."""
    if transform.value is not None:
        return transform.value
    return Computed("median" if column.role == "number" else "mode")


def _filled_pandas(transform: Transform, language: Pandas, column: Column) -> str:
    at, value = language.expression(column), _filling(transform, column)
    if not isinstance(value, Computed):
        if column.dtype.startswith("categor") and str(value) not in column.values:
            return f"{at}.cat.add_categories([{value!r}]).fillna({value!r})"
        return f"{at}.fillna({value!r})"
    if value.how in ("ffill", "bfill", "interpolate"):
        grouped = (
            f"{language.frame.code}.groupby({listed(transform.by)}, observed=True)[{column.label}]"
            if transform.by
            else at
        )
        return (
            f"{grouped}.{value.how}()"
            if value.how != "interpolate" or not transform.by
            else f"{grouped}.transform('interpolate')"
        )
    if transform.by:
        return f"{at}.fillna({language.frame.code}.groupby({listed(transform.by)}, observed=True)[{column.label}].transform({value.how!r}))"
    return f"{at}.fillna({at}.mode().iat[0])" if value.how == "mode" else f"{at}.fillna({at}.{value.how}())"


def _replaced_pandas(transform: Transform, at: str, column: Column) -> str:
    gone = [old for old, new in transform.pairs if new is None]
    if gone:
        return f"{at}.mask({at} == {gone[0]!r})" if len(gone) == 1 else f"{at}.mask({at}.isin({gone!r}))"
    if column.dtype.startswith("categor"):
        return f"{at}.cat.rename_categories({dict(transform.pairs)!r})"
    if len(transform.pairs) == 1:
        return f"{at}.replace({transform.pairs[0][0]!r}, {transform.pairs[0][1]!r})"
    return f"{at}.replace({dict(transform.pairs)!r})"


def _converted_pandas(target: str, language: Pandas, column: Column) -> str:
    at, is_text = language.expression(column), column.role == "text"
    read = at
    if is_text and target in ("int", "float", "number"):
        digits = f"{at}.str.replace({_NOT_DIGITS}, '', regex=True)" if kind_of(column) == "numeral" else at
        read = f"{language.pd}.to_numeric({digits}, errors='coerce')"
    match target:
        case "time":
            mixed = "" if column.date_like else ", format='mixed'"
            return f"{language.pd}.to_datetime({at}, errors='coerce'{mixed})"
        case "int" if column.role == "truth":
            return f"{at}.astype('int64')"
        case "int":
            return f"{read}.round().astype('Int64')"
        case "float":
            return f"{read}.astype('float64')"
        case "number":
            return read if is_text else f"{at}.astype('float64')"
        case "codes":
            return f"{at}.cat.codes.where({at}.notna()) + 1"
        case "text":
            return f"{at}.astype('string')"
        case "hours" | "minutes":
            return f"{at}.dt.total_seconds() / {_SECONDS[target]}"
        case "fraction":
            return f"{at}.str.rstrip('%').astype('float64') / 100"
        case "fahrenheit" | "celsius":
            return _DEGREES[target].format(at)
    return f"{at}.astype({target!r})"


def _in_polars(transform: Transform, language: Polars) -> Written:
    table, columns, value, pl = language.frame.code, transform.columns, transform.value, language.pl
    at = language.expression
    names = ", ".join(column.label for column in columns)
    match transform.operation:
        case "drop rows":
            return Written(f"{table}.filter(~({language.mask(transform.conditions)}).fill_null(False))")
        case "drop missing":
            return Written(
                f"{table}.drop_nulls({names})"
                if not transform.how
                else f"{table}.filter(~{pl}.all_horizontal({pl}.all().is_null()))"
            )
        case "drop duplicates":
            subset = f"subset={listed(columns)}, " if columns else ""
            return Written(f"{table}.unique({subset}keep={transform.how or 'first'!r}, maintain_order=True)")
        case "drop outliers":
            return Written(f"{table}.filter(~(({_is_far(at(columns[0]))}).fill_null(False)))")
        case "sort":
            return Written(
                f"{table}.sort({names}{', descending=True' if transform.how == 'down' else ''}, nulls_last=True)"
            )
        case "drop columns":
            return Written(f"{table}.drop({names})")
        case "drop sparse columns":
            kept = {
                "constant": "column.n_unique() > 1",
                "share": f"column.null_count() <= {value} * len(column)",
                "any": "not column.null_count()",
                "all": "column.null_count() < len(column)",
            }
            return Written(f"{table}.select(column.name for column in {table} if {kept[transform.how]})")
        case "keep columns":
            return Written(f"{table}.select({names})")
        case "order columns":
            rest = f"{pl}.exclude({names})"
            return Written(
                f"{table}.select({names}, {rest})" if transform.how == "front" else f"{table}.select({rest}, {names})"
            )
        case "rename":
            return Written(f"{table}.rename({{{', '.join(f'{old.label}: {new!r}' for old, new in transform.pairs)}}})")
        case "fill":
            return _each(columns, lambda column: _filled_polars(transform, language, column))
        case "replace":
            return _each(columns, lambda column: f"{at(column)}.replace({dict(transform.pairs)!r})")
        case "set":
            new = f"{pl}.lit({value!r})"
            return _each(
                columns,
                lambda column: (
                    f"{pl}.when({language.mask(transform.conditions)}).then({new}).otherwise({at(column)})"
                    if transform.conditions
                    else new
                ),
            )
        case "convert":
            return _each(columns, lambda column: _converted_polars(transform.how, language, column))
        case "clip":
            limits = ", ".join(
                f"{side}={limit!r}"
                for side, limit in zip(("lower_bound", "upper_bound"), value, strict=True)
                if limit is not None
            )
            return _each(columns, lambda column: f"{at(column)}.clip({limits})")
        case "derive":
            moment = f"{language.moment(columns[0])}.{_POLARS_PARTS[transform.how]}"
            return Written(columns=((repr(transform.name), moment),))
        case "row":
            return Written(f"{table}[{columns[0].label}][{value}]" if columns else f"{table}.row({value}, named=True)")
        case "split":
            return _cut(transform, f"{at(columns[0])}.str.splitn({transform.pairs[0][1]!r}, 2).struct")
        case "to library":
            return Written(f"{table}.to_pandas()")
    raise AssertionError(transform.operation)


def _filled_polars(transform: Transform, language: Polars, column: Column) -> str:
    at, value = language.expression(column), _filling(transform, column)
    if not isinstance(value, Computed):
        return f"{at}.fill_null({value!r})"
    by = f".over({', '.join(key.label for key in transform.by)})" if transform.by else ""
    match value.how:
        case "ffill":
            return f"{at}.forward_fill(){by}"
        case "bfill":
            return f"{at}.backward_fill(){by}"
        case "interpolate":
            return f"{at}.interpolate(){by}"
        case "mode":
            return f"{at}.fill_null({at}.drop_nulls().mode().first(){by})"
    return f"{at}.fill_null({at}.{value.how}(){by})"


def _converted_polars(target: str, language: Polars, column: Column) -> str:
    at, pl = language.expression(column), language.pl
    digits = (
        f".str.replace_all({_NOT_DIGITS}, '')"
        if kind_of(column) == "numeral" and target in ("int", "float", "number")
        else ""
    )
    match target:
        case "time":
            return f"{language.moment(column, is_strict=False)}"
        case "codes":
            return f"{at}.to_physical() + 1"
        case "hours" | "minutes":
            return f"{at}.dt.total_seconds() / {_SECONDS[target]}"
        case "fraction":
            return f"{at}.str.strip_suffix('%').cast({pl}.Float64) / 100"
        case "fahrenheit" | "celsius":
            return _DEGREES[target].format(at)
        case "int" if column.role == "text":
            return f"{at}{digits}.cast({pl}.Float64, strict=False).round().cast({pl}.Int64)"
        case "int" if column.role == "number":
            return f"{at}.round().cast({pl}.Int64)"
    types = {
        "int": "Int64",
        "float": "Float64",
        "number": "Float64",
        "text": "String",
        "category": "Categorical",
        "bool": "Boolean",
    }
    return f"{at}{digits}.cast({pl}.{types[target]}, strict=False)"
