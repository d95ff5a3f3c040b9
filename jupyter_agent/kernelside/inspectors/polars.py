"""Inspectors of polars frames and series; a lazy frame is never run."""

from __future__ import annotations

from typing import Any

from ..secrets import is_secret_name
from ..wire import MAX_COLUMNS, MAX_COLUMNS_INSPECTED, MAX_ITEMS, MAX_SAMPLES, MAX_TEXT
from .builtins import key_text
from .columns import MAX_SORTED, plain_number
from .reading import loaded
from .registry import TimeBudget, ValueDescription, element_text, one_line, register_when_loaded, type_text


def samples(series: Any, number: int = MAX_SAMPLES) -> list[str]:
    """The first elements as text."""
    head = series.head(number).to_list()
    return [element_text(element) for element in head]


def column_facts(series: Any, budget: TimeBudget) -> dict[str, Any]:
    """One column: data type, missing, samples; inspected also its statistics."""
    name = key_text(series.name)
    facts: dict[str, Any] = {"name": name, "dtype": type_text(series.dtype)}
    if is_secret_name(name):
        return {**facts, "missing": None, "samples": [], "withheld": True}
    if budget.spent:
        return {**facts, "missing": None, "samples": [], "unevaluated": "time"}
    facts["missing"] = int(series.null_count())
    facts["samples"] = samples(series)
    if budget.detail and type(series.dtype) is not loaded("polars", "Object"):
        facts.update(statistics(series, budget))
    return facts


def statistics(series: Any, budget: TimeBudget) -> dict[str, Any]:
    """Distinct values, and what the data type allows."""
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
        counts = series.drop_nulls().value_counts(sort=True).head(MAX_ITEMS).rows()
        facts["top"] = [[element_text(value, MAX_TEXT), number] for value, number in counts]
        if type(dtype) is loaded("polars", "String"):
            facts["max_length"] = int(series.str.len_chars().max() or 0)
    return facts


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
        "columns": [column_facts(series, budget) for series in columns],
        "memory_bytes": int(value.estimated_size()) if value.width <= 1000 else None,
    }
    if budget.detail:
        heads = [
            ["[withheld]"] * min(5, len(series)) if is_secret_name(series.name) else samples(series, 5)
            for series in columns[:MAX_COLUMNS]
        ]
        facts["head"] = [list(row) for row in zip(*heads)]  # noqa: B905
        facts["truncated"] = value.width > len(names)
    return ValueDescription("frame", frame_line(value), facts)


def describe_series(value: Any, budget: TimeBudget) -> ValueDescription:
    """A Series."""
    facts = column_facts(value, budget)
    facts["length"] = len(value)
    return ValueDescription("series", f"Series {len(value):,} {facts['dtype']} (polars)", facts)


def describe_column(frame: Any, column: str, budget: TimeBudget) -> ValueDescription | None:
    """One column of a frame; None if there is none."""
    return describe_series(frame.get_column(column), budget) if column in frame.columns else None


def is_frame(value: object) -> bool:
    """Whether it is exactly polars' DataFrame."""
    return type(value) is loaded("polars", "DataFrame")


register_when_loaded("polars", "DataFrame", describe_frame, frame_line)
register_when_loaded("polars", "Series", describe_series)
# Even the schema of a LazyFrame can need work, so it is described by its class alone.
register_when_loaded(
    "polars", "LazyFrame", lambda _value, _budget: ValueDescription("object", "LazyFrame (polars, not run)", {})
)
