"""Inspectors of polars frames and series; a lazy frame is never run."""

from __future__ import annotations

from typing import Any

from ..secrets import is_secret_name
from ..wire import MAX_COLUMNS, MAX_COLUMNS_INSPECTED, MAX_ITEMS, MAX_SAMPLE, MAX_SAMPLES, MAX_TEXT
from .columns import MAX_SORTED, ColumnReader, column_facts, first_rows, found_values, plain_number
from .reading import loaded
from .registry import TimeBudget, ValueDescription, one_line, register_when_loaded
from .texts import element_text


def samples(series: Any, number: int = MAX_SAMPLES) -> list[str]:
    """The first elements as text."""
    return [element_text(element, MAX_SAMPLE) for element in series.head(number).to_list()]


def statistics(series: Any, budget: TimeBudget) -> dict[str, Any]:
    """Distinct values, and what the data type allows."""
    if type(series.dtype) is loaded("polars", "Object"):
        return {}
    if len(series) > 50 * MAX_SORTED or budget.spent:
        return {"unevaluated": "time"}
    facts: dict[str, Any] = {}
    dtype = series.dtype
    if dtype.is_numeric():
        names = ("min", "max", "mean", "std", "sum", "median")
        found = {name: getattr(series, name)() for name in names}
        facts.update({name: plain_number(value) for name, value in found.items() if value is not None})
    elif dtype.is_temporal():
        facts.update({"min": one_line(series.min()), "max": one_line(series.max())})
    if dtype.is_nested() or len(series) > MAX_SORTED:
        return facts
    facts["unique"] = int(series.drop_nulls().n_unique())
    if not dtype.is_numeric() and not dtype.is_temporal():
        counts = series.drop_nulls().value_counts(sort=True)
        facts["top"] = [[element_text(value, MAX_TEXT), number] for value, number in counts.head(MAX_ITEMS).rows()]
        facts.update(found_values(counts.to_series(0).slice(MAX_ITEMS).to_list() if budget.values else (), budget))
        if type(dtype) is loaded("polars", "String"):
            facts["max_length"] = int(series.str.len_chars().max() or 0)
    return facts


_READER = ColumnReader(lambda series: int(series.null_count()), samples, statistics)


def _column_facts(series: Any, budget: TimeBudget) -> dict[str, Any]:
    return column_facts(series, element_text(series.name), budget, _READER, withheld=is_secret_name(series.name))


def frame_line(value: Any) -> str:
    """``DataFrame 891 × 12 (polars)``."""
    return f"DataFrame {value.height:,} × {value.width:,} (polars)"


def describe_frame(value: Any, budget: TimeBudget) -> ValueDescription:
    """An eager DataFrame."""
    names = value.columns[: MAX_COLUMNS_INSPECTED if budget.detail else MAX_COLUMNS]
    columns = [value.to_series(at) for at in range(len(names))]
    facts: dict[str, Any] = {
        "rows": value.height,
        "columns_total": value.width,
        "columns": [_column_facts(series, budget) for series in columns],
        "memory_bytes": int(value.estimated_size()) if value.width <= 1000 else None,
    }
    if budget.detail:
        facts["head"] = first_rows(columns, names, samples)
        facts["truncated"] = value.width > len(names)
    return ValueDescription("frame", frame_line(value), facts)


def describe_series(value: Any, budget: TimeBudget) -> ValueDescription:
    """A Series."""
    facts = _column_facts(value, budget)
    facts["length"] = len(value)
    return ValueDescription("series", f"Series {len(value):,} {facts['dtype']} (polars)", facts)


def describe_column(value: Any, column: str, budget: TimeBudget) -> ValueDescription | None:
    """One column of an eager frame; None if it is none, or has no such column."""
    if type(value) is not loaded("polars", "DataFrame") or column not in value.columns:
        return None
    return describe_series(value.get_column(column), budget)


register_when_loaded("polars", "DataFrame", describe_frame, frame_line)
register_when_loaded("polars", "Series", describe_series)
# Even the schema of a LazyFrame can need work, so it is described by its class alone.
register_when_loaded(
    "polars", "LazyFrame", lambda _value, _budget: ValueDescription("object", "LazyFrame (polars, not run)", {})
)
