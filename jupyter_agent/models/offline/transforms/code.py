"""Changes in code, in pandas and in polars: a new table, or new values for some columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_agent.models.offline.dialects.choice import Dialect
from jupyter_agent.models.offline.dialects.dialect import Grouping
from jupyter_agent.models.offline.dialects.pandas import RUNNING as PANDAS_RUNNING
from jupyter_agent.models.offline.dialects.pandas import Pandas, listed
from jupyter_agent.models.offline.dialects.polars import RUNNING as POLARS_RUNNING
from jupyter_agent.models.offline.grammar.assembly import usual
from jupyter_agent.models.offline.grammar.tables import kind_of
from jupyter_agent.models.offline.namespace import Column
from jupyter_agent.models.offline.transforms.transform import Computed, Transform, Written

#: One thing in pandas and in polars.
Both = tuple[str, str]
_PARTS: Mapping[str, Both] = {
    "year": ("dt.year", "dt.year()"), "quarter": ("dt.quarter", "dt.quarter()"), "month": ("dt.month", "dt.month()"),
    "week": ("dt.isocalendar().week", "dt.week()"), "day": ("dt.day", "dt.day()"), "hour": ("dt.hour", "dt.hour()"),
    "weekday": ("dt.day_name()", "dt.strftime('%A')"),
}  # fmt: skip
_TEXTS: Mapping[str, Both] = {
    "lower": ("lower", "to_lowercase"), "upper": ("upper", "to_uppercase"), "title": ("title", "to_titlecase"), "strip": ("strip", "strip_chars"),
}  # fmt: skip
#: New tables, by the operation and, where there are several ways, by how.
_TABLES: Mapping[str, Both] = {
    "drop missing": ("{table}.dropna({subset})", "{table}.drop_nulls({names})"),
    "drop missing all": (
        "{table}.dropna({subset_more}how='all')",
        "{table}.filter(~{pl}.all_horizontal({pl}.all().is_null()))",
    ),
    "drop duplicates": (
        "{table}.drop_duplicates({subset})",
        "{table}.unique({subset_more}keep='first', maintain_order=True)",
    ),
    "drop duplicates last": (
        "{table}.drop_duplicates({subset_more}keep='last')",
        "{table}.unique({subset_more}keep='last', maintain_order=True)",
    ),
    "drop outliers": ("{table}[~({far})]", "{table}.filter(~(({far}).fill_null(False)))"),
    "sort up": ("{table}.sort_values({labels})", "{table}.sort({names}, nulls_last=True)"),
    "sort down": (
        "{table}.sort_values({labels}, ascending=False)",
        "{table}.sort({names}, descending=True, nulls_last=True)",
    ),
    "drop columns": ("{table}.drop(columns={listed})", "{table}.drop({names})"),
    "keep columns": ("{table}[{listed}]", "{table}.select({names})"),
    "order columns front": (
        "{table}[[{names}, *{table}.columns.drop({listed})]]",
        "{table}.select({names}, {pl}.exclude({names}))",
    ),
    "order columns back": (
        "{table}[[*{table}.columns.drop({listed}), {names}]]",
        "{table}.select({pl}.exclude({names}), {names})",
    ),
    "drop sparse columns constant": (
        "{table}.loc[:, {table}.nunique(dropna=False) > 1]",
        "{table}.select(column.name for column in {table} if column.n_unique() > 1)",
    ),
    "drop sparse columns share": (
        "{table}.loc[:, {table}.isna().mean() <= {value}]",
        "{table}.select(column.name for column in {table} if column.null_count() <= {value} * len(column))",
    ),
    "drop sparse columns repeated": ("{table}.loc[:, ~{table}.columns.duplicated()]", "{table}.clone()"),
    "drop sparse columns any": (
        "{table}.loc[:, {table}.notna().all()]",
        "{table}.select(column.name for column in {table} if not column.null_count())",
    ),
    "drop sparse columns all": (
        "{table}.loc[:, {table}.notna().any()]",
        "{table}.select(column.name for column in {table} if column.null_count() < len(column))",
    ),
    "rename": ("{table}.rename(columns={{{pairs}}})", "{table}.rename({{{pairs}}})"),
    "set index": ("{table}.set_index({names})", ""),
    "row": ("{table}.iloc[{value}]", "{table}.row({value}, named=True)"),
    "to library polars": ("{name}.from_pandas({table})", ""),
    "to library pandas": ("", "{table}.to_pandas()"),
}
#: A column as another type, by the type and, where it matters, by what the column holds.
_CONVERTED: Mapping[str, Both] = {
    "int truth": ("{at}.astype('int64')", "{at}.cast({pl}.Int64, strict=False)"),
    "int text": (
        "{read}.round().astype('Int64')",
        "{at}{digits}.cast({pl}.Float64, strict=False).round().cast({pl}.Int64)",
    ),
    "int number": ("{at}.round().astype('Int64')", "{at}.round().cast({pl}.Int64)"),
    "int": ("{at}.round().astype('Int64')", "{at}.cast({pl}.Int64, strict=False)"),
    "float": ("{read}.astype('float64')", "{at}{digits}.cast({pl}.Float64, strict=False)"),
    "number text": ("{read}", "{at}{digits}.cast({pl}.Float64, strict=False)"),
    "number": ("{at}.astype('float64')", "{at}{digits}.cast({pl}.Float64, strict=False)"),
    "text": ("{at}.astype('string')", "{at}.cast({pl}.String, strict=False)"),
    "category": ("{at}.astype('category')", "{at}.cast({pl}.Categorical, strict=False)"),
    "bool": ("{at}.astype('bool')", "{at}.cast({pl}.Boolean, strict=False)"),
    "codes": ("{at}.cat.codes.where({at}.notna()) + 1", "{at}.to_physical() + 1"),
    "hours": ("{at}.dt.total_seconds() / 3600",) * 2,
    "minutes": ("{at}.dt.total_seconds() / 60",) * 2,
    "fraction": ("{at}.str.rstrip('%').astype('float64') / 100", "{at}.str.strip_suffix('%').cast({pl}.Float64) / 100"),
    "fahrenheit": ("{at} * 9 / 5 + 32",) * 2,
    "celsius": ("({at} - 32) * 5 / 9",) * 2,
}
#: A column without gaps; of groups where `{over}` and `{series}` are.
_FILLED: Mapping[str, Both] = {
    "ffill": ("{series}.ffill()", "{at}.forward_fill(){over}"),
    "bfill": ("{series}.bfill()", "{at}.backward_fill(){over}"),
    "interpolate": ("{at}.interpolate()", "{at}.interpolate(){over}"),
    "interpolate by": ("{series}.transform('interpolate')", "{at}.interpolate(){over}"),
    "mode": ("{at}.fillna({at}.mode().iat[0])", "{at}.fill_null({at}.drop_nulls().mode().first(){over})"),
    "mode by": (
        "{at}.fillna({series}.transform('mode'))",
        "{at}.fill_null({at}.drop_nulls().mode().first(){over})",
    ),
    "": ("{at}.fillna({at}.{how}())", "{at}.fill_null({at}.{how}(){over})"),
    " by": ("{at}.fillna({series}.transform('{how}'))", "{at}.fill_null({at}.{how}(){over})"),
}
_NOT_DIGITS = r"r'[^0-9.\-]'"


def written(transform: Transform, language: Dialect) -> Written:
    """The change in the dialect of its table."""
    columns, value, at = transform.columns, transform.value, language.expression
    match transform.operation:
        case "select columns":
            return Written(language.selected(columns))
        case "running":
            return Written(_running(transform, language))
        case "drop rows":
            return Written(_without_rows(transform, language))
        case "row" if columns:
            return Written(f"{language.column(columns[0])}{'.iloc' if language.is_pandas else ''}[{value}]")
        case "reset index":
            index = transform.table.variable.facts.get("index")
            dtype = str(index.get("type", index.get("dtype", ""))) if isinstance(index, dict) else ""
            is_plain = not isinstance(index, dict) or (not index.get("name") and dtype.startswith(("int", "Range")))
            return Written(f"{language.frame.code}.reset_index({'drop=True' if is_plain else ''})")
        case "derive" | "split":
            return Written(columns=tuple((repr(name), code) for name, code in _new(transform, language)))
        case "text" | "round" | "scale" | "fill" | "replace" | "set" | "convert" | "clip":
            return Written(columns=tuple((column.label, _changed(transform, language, column)) for column in columns))
    labels = ", ".join(column.label for column in columns)
    subset = f"subset={listed(columns)}" if columns else ""
    key = f"{transform.operation} {transform.how}"
    template = _TABLES[key if key in _TABLES else transform.operation][not language.is_pandas]
    return Written(
        template.format(
            table=language.frame.code,
            names=labels,
            listed=listed(columns),
            labels=labels if len(columns) == 1 else listed(columns),
            subset=subset,
            subset_more=f"{subset}, " if subset else "",
            far=_far(at(columns[0])) if transform.operation == "drop outliers" else "",
            pairs=", ".join(f"{old.label}: {new!r}" for old, new in transform.pairs),
            pl=getattr(language, "pl", ""),
            value=value,
            name=transform.name,
        )
    )


def _without_rows(transform: Transform, language: Dialect) -> str:
    mask, table = language.mask(transform.conditions), language.frame.code
    if not isinstance(language, Pandas):
        return f"{table}.filter(~({mask}).fill_null(False))"
    dtypes = [condition.column.dtype for condition in transform.conditions]
    if any(dtype[:1].isupper() or dtype == "boolean" for dtype in dtypes):  # of these a comparison with a gap is one
        mask = f"({mask}).fillna(False)"
    return f"{table}[~({mask})]"


def _far(column: str) -> str:
    """Values more than one and a half times the interquartile range below the first or above the third quartile."""
    low, high = f"{column}.quantile(0.25)", f"{column}.quantile(0.75)"
    return f"({column} - ({low} + {high}) / 2).abs() > 2 * ({high} - {low})"


def _new(transform: Transform, language: Dialect) -> list[tuple[str, str]]:
    """The names and the code of new columns."""
    value, at, is_pandas = transform.value, language.expression, isinstance(language, Pandas)
    if transform.operation == "split":
        whole, separator = at(transform.columns[0]), transform.pairs[0][1]
        pieces = f"str.split({separator!r}, n=1).str" if is_pandas else f"str.splitn({separator!r}, 2).struct"
        return [(name, f"{whole}.{pieces}[{place}]") for place, (name, _) in enumerate(transform.pairs)]
    if transform.conditions:
        code = language.mask(transform.conditions)
    elif transform.how:
        code = f"{language.moment(transform.columns[0])}.{_PARTS[transform.how][not is_pandas]}"
    else:
        parts, gap = (value[1:], "") if value[0] == "formula" else (value, " ")
        code = gap.join(at(part) if isinstance(part, Column) else str(part) for part in parts)
    return [(transform.name, code)]


def _running(transform: Transform, language: Dialect) -> str:
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


def _changed(transform: Transform, language: Dialect, column: Column) -> str:
    """New values of a column."""
    at, value, is_pandas = language.expression(column), transform.value, isinstance(language, Pandas)
    match transform.operation:
        case "text":
            return at + "".join(f".str.{_TEXTS[method][not is_pandas]}()" for method in transform.how.split())
        case "round":
            return f"{at}.round({value})"
        case "scale" if transform.how == "standard":
            return f"({at} - {at}.mean()) / {at}.std()"
        case "scale":
            return f"({at} - {at}.min()) / ({at}.max() - {at}.min())"
        case "clip":
            sides = ("lower", "upper") if is_pandas else ("lower_bound", "upper_bound")
            limits = zip(sides, value, strict=True)
            return f"{at}.clip({', '.join(f'{side}={limit!r}' for side, limit in limits if limit is not None)})"
        case "convert":
            return _converted(transform.how, language, column)
        case "fill":
            return _filled(transform, language, column)
        case "set":
            return _set(transform, language, at)
    return _replaced(transform, at, column) if is_pandas else f"{at}.replace({dict(transform.pairs)!r})"


def _set(transform: Transform, language: Dialect, at: str) -> str:
    conditions, value = transform.conditions, transform.value
    if isinstance(language, Pandas):
        return f"{at}.mask({language.mask(conditions)}, {value!r})" if conditions else repr(value)
    new = f"{language.pl}.lit({value!r})"
    return f"{language.pl}.when({language.mask(conditions)}).then({new}).otherwise({at})" if conditions else new


def _filled(transform: Transform, language: Dialect, column: Column) -> str:
    at, value, is_pandas = language.expression(column), transform.value, isinstance(language, Pandas)
    if value is None:  # what suits its type
        value = Computed("median" if column.role == "number" else "mode")
    if not isinstance(value, Computed):
        if column.dtype.startswith("categor") and str(value) not in column.values and is_pandas:
            return f"{at}.cat.add_categories([{value!r}]).fillna({value!r})"
        return f"{at}.{'fillna' if is_pandas else 'fill_null'}({value!r})"
    keys, by = ", ".join(key.label for key in transform.by), " by" if transform.by else ""
    grouped = f"{language.frame.code}.groupby({listed(transform.by)}, observed=True)[{column.label}]"
    template = next(_FILLED[key] for key in (f"{value.how}{by}", value.how, by) if key in _FILLED)[not is_pandas]
    return template.format(at=at, series=grouped if by else at, over=f".over({keys})" if by else "", how=value.how)


def _replaced(transform: Transform, at: str, column: Column) -> str:
    pairs: dict[Any, Any] = dict(transform.pairs)
    gone = [old for old, new in transform.pairs if new is None]
    if gone:
        return f"{at}.mask({at} == {gone[0]!r})" if len(gone) == 1 else f"{at}.mask({at}.isin({gone!r}))"
    if column.dtype.startswith("categor"):
        return f"{at}.cat.rename_categories({pairs!r})"
    return f"{at}.replace({', '.join(map(repr, *pairs.items())) if len(pairs) == 1 else repr(pairs)})"


def _converted(target: str, language: Dialect, column: Column) -> str:
    at, is_text, is_numeral = language.expression(column), column.role == "text", kind_of(column) == "numeral"
    if target == "time":
        return language.moment(column, is_strict=False)
    key = f"{target} {column.role}"
    template = _CONVERTED[key if key in _CONVERTED else target][not isinstance(language, Pandas)]
    pandas_digits = f".str.replace({_NOT_DIGITS}, '', regex=True)" if is_numeral else ""
    read = f"{getattr(language, 'pd', '')}.to_numeric({at}{pandas_digits}, errors='coerce')" if is_text else at
    digits = f".str.replace_all({_NOT_DIGITS}, '')" if is_numeral else ""
    return template.format(at=at, read=read, digits=digits, pl=getattr(language, "pl", ""))
