"""Inspectors of pandas frames, series and indexes; cells of object columns are described by their exact type."""

from __future__ import annotations

import math
from typing import Any

from ..secrets import is_secret_name
from ..tracker.fingerprints import PLAIN_IDS
from ..wire import (
    MAX_COLUMNS,
    MAX_COLUMNS_INSPECTED,
    MAX_ITEMS,
    MAX_LABELLED_ROWS,
    MAX_LABELS,
    MAX_LINE,
    MAX_MORE_COLUMNS,
    MAX_SAMPLES,
    MAX_TEXT,
    line,
)
from .builtins import key_text
from .columns import MAX_SORTED, number_facts, tally
from .reading import class_name, instance_dict, is_library_class, loaded, opaque
from .registry import TimeBudget, ValueDescription, element_text, one_line, register_when_loaded, type_text

_INDEXES = "Index RangeIndex MultiIndex DatetimeIndex TimedeltaIndex PeriodIndex CategoricalIndex IntervalIndex"
_SCALARS = "Timestamp Timedelta Period Interval"
#: Rows up to which missing values are counted: of typed columns, and of columns of Python objects.
_MAX_COUNTED = 2_000_000
_MAX_OBJECTS = 100_000


def describe_scalar(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A timestamp, timedelta, period or interval, ``NA`` or ``NaT``."""
    text = line(str(value))
    is_missing = value is loaded("pandas", "NA") or value is loaded("pandas", "NaT")
    return ValueDescription("none" if is_missing else "datetime", text, {"value": text})


def _holds_objects(series: Any) -> bool:
    """Whether the elements are Python objects, on which pandas would call methods of the user's."""
    if type(series.dtype) is loaded("pandas", "StringDtype"):
        return str(getattr(series.dtype, "storage", "python")) == "python"
    return getattr(series.dtype, "kind", "O") == "O" and issubclass(type(series.dtype), loaded("numpy", "dtype"))


def _is_foreign(series: Any) -> bool:
    """Whether the data type is neither numpy's nor pandas' own: its methods may be the user's."""
    return not is_library_class(type(series.dtype), "pandas", "numpy")


def _is_numpy(column: Any) -> bool:
    return type(column) is loaded("numpy", "ndarray")


def _objects(column: Any) -> list[Any]:
    found: list[Any] = column.tolist() if _is_numpy(column) else column.to_numpy(dtype=object).tolist()
    return found


def missing(column: Any) -> int | None:
    """How many elements of a series or array are missing; None where counting costs too much or runs foreign code."""
    kind = getattr(column.dtype, "kind", "")
    if _is_numpy(column) and kind in "iub":
        return 0
    if _is_foreign(column):
        return None
    if kind == "O" and issubclass(type(column.dtype), loaded("numpy", "dtype")):
        return _missing_objects(_objects(column)) if len(column) <= _MAX_OBJECTS else None
    if len(column) > _MAX_COUNTED:
        return None
    if not _is_numpy(column):
        return int(column.isna().sum())
    numpy: Any = loaded("numpy", "isnat" if kind in "mM" else "isnan")
    return int(numpy(column).sum()) if kind in "fcmM" else 0


def _missing_objects(objects: list[Any]) -> int:
    """How many are None, NaT, NA or NaN; only Python's own plain values are compared."""
    if PLAIN_IDS.issuperset(map(id, map(type, objects))):
        return objects.count(None) + sum(map(math.isnan, (element for element in objects if type(element) is float)))
    missing_values = (None, loaded("pandas", "NaT"), loaded("pandas", "NA"))
    return sum(
        any(element is missing_value for missing_value in missing_values)
        or (type(element) is float and math.isnan(element))
        for element in objects
    )


def samples(column: Any, number: int = MAX_SAMPLES) -> list[str]:
    """The first elements of a series or array as text."""
    if not _is_numpy(column) and _is_foreign(column):
        return []
    head = column.iloc[:number] if hasattr(column, "iloc") else column[:number]
    return [element_text(value) for value in (_objects(head) if _holds_objects(column) else head.tolist())]


def _is_pandas(value: Any) -> bool:
    """Whether its class is pandas' own and overrides nothing."""
    return is_library_class(type(value), "pandas")


def labels(index: Any, number: int) -> list[str]:
    """The first labels of an index as text; an index of a foreign class is not asked."""
    if not _is_pandas(index):
        return []
    return [key_text(label) for label in index[:number].tolist()]


def column_facts(series: Any, label: str, budget: TimeBudget) -> dict[str, Any]:
    """One column, a series or an array: data type, missing, samples; inspected, then a series, also its statistics."""
    facts: dict[str, Any] = {"name": label, "dtype": type_text(series.dtype)}
    if is_secret_name(label):
        return {**facts, "missing": None, "samples": [], "withheld": True}
    if budget.spent:
        return {**facts, "missing": None, "samples": [], "unevaluated": "time"}
    try:
        facts["missing"] = missing(series)
        facts["samples"] = samples(series)
        if budget.detail:
            facts.update(statistics(series, budget))
    except ImportError:  # see `import_guard`; the other columns are described all the same
        facts = {"missing": None, "samples": [], **facts, "unevaluated": "it needs a module that is not loaded"}
    return facts


def statistics(series: Any, budget: TimeBudget) -> dict[str, Any]:
    """Distinct values, and what the data type allows: numbers, most frequent values, or first and last moment."""
    if budget.spent or _is_foreign(series):
        return {"unevaluated": "time" if budget.spent else "foreign data type"}
    if _holds_objects(series):
        return tally(_objects(series)) if len(series) <= MAX_SORTED else {"unevaluated": "too long"}
    kind = getattr(series.dtype, "kind", "")
    facts: dict[str, Any] = {}
    if len(series) <= MAX_SORTED:
        facts["unique"] = int(series.nunique())
    if kind in "iuf":
        return {**facts, **number_facts(_numbers(series), budget)}
    if kind in "mM":
        first, last = series.min(), series.max()
        return (
            {**facts, "min": one_line(first), "max": one_line(last)} if first is not loaded("pandas", "NaT") else facts
        )
    if len(series) > MAX_SORTED:
        return facts
    counts = series.value_counts()
    values, numbers = counts.index.tolist(), counts.iloc[:MAX_ITEMS].tolist()
    facts["top"] = [[element_text(value, MAX_TEXT), int(number)] for value, number in zip(values, numbers)]  # noqa: B905
    if type(series.dtype) is loaded("pandas", "StringDtype"):
        # `series.str.len()` would load a module of pandas' own.
        facts["max_length"] = max(map(len, values), default=0)
    return facts


def _numbers(series: Any) -> Any:
    if issubclass(type(series.dtype), loaded("numpy", "dtype")):
        return series.to_numpy()
    if not series.isna().any():
        return series.to_numpy(dtype=f"{series.dtype.kind}8")
    return series.to_numpy(dtype="f8", na_value=float("nan"))


def index_facts(index: Any) -> dict[str, Any]:
    """Name, data type, first and last label of a row index."""
    if not _is_pandas(index):
        return {"dtype": opaque(index)}
    facts = {"name": key_text(index.name) if index.name is not None else None, "dtype": type_text(index.dtype)}
    if type(index) is loaded("pandas", "MultiIndex"):
        facts = {"name": ", ".join(key_text(name) for name in index.names), "dtype": "MultiIndex"}
    if len(index):
        facts["first"], facts["last"] = labels(index, 1)[0], labels(index[-1:], 1)[0]
    return facts


def as_base(value: Any, name: str) -> Any:
    """The frame or series itself, or its data in one of pandas' own class where a derived class overrides methods.

    Raises:
        TypeError: a derived class keeps its data in another way, or pandas is of another release.
    """
    base = loaded("pandas", name)
    if type(value) is base:
        return value
    manager = (instance_dict(value) or {}).get("_mgr")
    if manager is None or not _is_pandas(manager):
        raise TypeError(name)
    made = base._from_mgr(manager, axes=manager.axes)
    if name == "Series":
        made._name = (instance_dict(value) or {}).get("_name")
    return made


def _by_position(frame: Any) -> Any:
    """The same columns labelled 0, 1, …: taking one by position would hash its own label, which may be anything."""
    shallow = frame.copy(deep=False)
    shallow.columns = range(frame.shape[1])
    return shallow


def row_names(index: Any) -> dict[str, Any]:
    """Labels of the rows of a short table, where they are texts."""
    if not _is_pandas(index) or not 0 < len(index) <= MAX_LABELLED_ROWS:
        return {}
    names = [element for element in index[:MAX_LABELS].tolist() if type(element) is str]
    return {"labels": [key_text(element) for element in names]} if names else {}


def frame_line(value: Any) -> str:
    """``DataFrame 891 × 12``."""
    rows, columns = as_base(value, "DataFrame").shape
    return f"{class_name(type(value))} {rows:,} × {columns:,}"


def describe_frame(value: Any, budget: TimeBudget) -> ValueDescription:
    """A DataFrame, columns by position, so that names may repeat."""
    summary = frame_line(value)
    value = as_base(value, "DataFrame")
    rows, total = value.shape
    names = labels(value.columns, MAX_COLUMNS_INSPECTED if budget.detail else MAX_COLUMNS)
    # The arrays that the frame keeps its columns in, or where those are not to be had, series.
    array_at = None if budget.detail else getattr((instance_dict(value) or {}).get("_mgr"), "iget_values", None)
    if array_at is None:
        by_position = _by_position(value)
        columns = [by_position.iloc[:, at] for at in range(len(names))]
    else:
        columns = [array_at(at) for at in range(len(names))]
    facts: dict[str, Any] = {
        "rows": rows,
        "columns_total": total,
        "columns": [
            column_facts(column, name, budget)
            for column, name in zip(columns, names)  # noqa: B905
        ],
        "index": index_facts(value.index),
        **row_names(value.index),
        "memory_bytes": _memory(value) if total <= 1000 else None,
    }
    if total > len(names):
        facts["more_columns"] = labels(value.columns[len(names) :], MAX_MORE_COLUMNS)
    if budget.detail:
        facts["head"] = head(_by_position(value), names)
        facts["truncated"] = total > len(names)
    return ValueDescription("frame", summary, facts)


def _memory(frame: Any) -> int:
    """Bytes of the columns, without what Python objects in them refer to."""
    blocks = getattr((instance_dict(frame) or {}).get("_mgr"), "blocks", None)
    if blocks is None:
        return int(frame.memory_usage(index=False).sum())
    return sum(int(block.values.nbytes) for block in blocks)


def head(frame: Any, names: list[str]) -> list[list[str]]:
    """The first five rows as text, secret columns left blank."""
    columns = [
        ["[withheld]"] * min(5, len(frame)) if is_secret_name(name) else samples(frame.iloc[:, at], 5)
        for at, name in enumerate(names[:MAX_COLUMNS])
    ]
    return [list(row) for row in zip(*columns)]  # noqa: B905


def series_line(value: Any) -> str:
    """``Series 891 int64``."""
    value = as_base(value, "Series")
    return f"Series {len(value):,} {type_text(value.dtype)}"


def describe_series(value: Any, budget: TimeBudget) -> ValueDescription:
    """A Series."""
    value = as_base(value, "Series")
    name = key_text(value.name) if value.name is not None else ""
    value = value.copy(deep=False)
    value.name = None  # slices would hash it, and it may be anything
    facts = column_facts(value, name, budget)
    facts["length"] = len(value)
    if not name:
        facts.pop("name")
    facts["index"] = index_facts(value.index)
    facts.update(row_names(value.index))
    return ValueDescription("series", series_line(value), facts)


def describe_index(value: Any, _budget: TimeBudget) -> ValueDescription:
    """An Index of any of pandas' own classes."""
    facts = {"length": len(value), "dtype": type_text(value.dtype), "samples": labels(value, MAX_ITEMS)}
    return ValueDescription("index", f"{type(value).__name__} {len(value):,} {facts['dtype']}", facts)


def describe_column(frame: Any, column: str, budget: TimeBudget) -> ValueDescription | None:
    """One column of a frame, by the text of its label; None if there is none."""
    frame = as_base(frame, "DataFrame")
    names = labels(frame.columns, len(frame.columns))
    if column not in names:
        return None
    description = describe_series(_by_position(frame).iloc[:, names.index(column)], budget)
    return description._replace(facts={**description.facts, "name": column})


def describe_grouped(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A groupby: what is grouped and by what; nothing is computed."""
    keys = value.__dict__.get("keys")
    whole = value.__dict__.get("obj")
    facts: dict[str, Any] = {"fields": {"by": one_line(keys, MAX_LINE), "of": one_line(whole)}}
    if is_frame(whole):
        facts["members"] = labels(whole.columns, MAX_COLUMNS)
    return ValueDescription("object", f"{type(value).__name__} by {facts['fields']['by']}", facts)


def is_frame(value: object) -> bool:
    """Whether it is pandas' DataFrame or of a derived class."""
    return issubclass(type(value), loaded("pandas", "DataFrame") or ())


register_when_loaded("pandas", "DataFrame", describe_frame, frame_line, bases_too=True)
register_when_loaded("pandas", "Series", describe_series, series_line, bases_too=True)
register_when_loaded("pandas", _INDEXES, describe_index)
register_when_loaded("pandas", _SCALARS, describe_scalar)
register_when_loaded("pandas._libs.missing", "NAType", describe_scalar)
register_when_loaded("pandas._libs.tslibs.nattype", "NaTType", describe_scalar)
register_when_loaded("pandas.core.groupby", "DataFrameGroupBy SeriesGroupBy", describe_grouped)
