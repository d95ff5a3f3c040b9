"""Inspectors of pandas frames, series and indexes; cells of object columns are described by their exact type."""

from __future__ import annotations

import math
from typing import Any

from .. import wire
from ..secrets import is_secret_name
from .columns import MAX_SORTED, ColumnReader, column_facts, first_rows, found_values, number_facts, tally
from .reading import PLAIN_IDS, class_name, instance_dict, is_library_class, loaded, opaque
from .registry import TimeBudget, ValueDescription, one_line, register_when_loaded, text_inspector
from .texts import element_text, type_text

_INDEXES = "Index RangeIndex MultiIndex DatetimeIndex TimedeltaIndex PeriodIndex CategoricalIndex IntervalIndex"
_SCALARS = "Timestamp Timedelta Period Interval"
#: Rows up to which missing values are counted: of typed columns, and of columns of Python objects.
_MAX_COUNTED = 2_000_000
_MAX_OBJECTS = 100_000


def _holds_objects(series: Any) -> bool:
    """Whether the elements are Python objects, on which pandas would call methods of the user's."""
    if type(series.dtype) is loaded("pandas", "StringDtype"):
        return str(getattr(series.dtype, "storage", "python")) == "python"
    return getattr(series.dtype, "kind", "O") == "O" and issubclass(type(series.dtype), loaded("numpy", "dtype"))


def _is_foreign(series: Any) -> bool:
    """Whether the data type is neither numpy's nor pandas' own: its methods may be the user's."""
    return not is_library_class(type(series.dtype), "pandas", "numpy")


def _objects(column: Any) -> list[Any]:
    is_array = type(column) is loaded("numpy", "ndarray")
    found: list[Any] = column.tolist() if is_array else column.to_numpy(dtype=object).tolist()
    return found


def missing(column: Any) -> int | None:
    """How many elements of a series or array are missing; None where counting costs too much or runs foreign code."""
    kind = getattr(column.dtype, "kind", "")
    is_array = type(column) is loaded("numpy", "ndarray")
    if is_array and kind in "iub":
        return 0
    if _is_foreign(column):
        return None
    if kind == "O" and issubclass(type(column.dtype), loaded("numpy", "dtype")):
        if len(column) > _MAX_OBJECTS:
            return None
        objects = _objects(column)
        not_numbers = sum(map(math.isnan, (element for element in objects if type(element) is float)))
        if PLAIN_IDS.issuperset(map(id, map(type, objects))):
            return objects.count(None) + not_numbers
        # Only Python's own plain values are compared.
        missing_ids = {id(None), id(loaded("pandas", "NaT")), id(loaded("pandas", "NA"))}
        return sum(id(element) in missing_ids for element in objects) + not_numbers
    if len(column) > _MAX_COUNTED:
        return None
    if not is_array:
        return int(column.isna().sum())
    numpy: Any = loaded("numpy", "isnat" if kind in "mM" else "isnan")
    return int(numpy(column).sum()) if kind in "fcmM" else 0


def samples(column: Any, number: int = wire.MAX_SAMPLES) -> list[str]:
    """The first elements of a series or array as text."""
    if type(column) is not loaded("numpy", "ndarray") and _is_foreign(column):
        return []
    head = column.iloc[:number] if hasattr(column, "iloc") else column[:number]
    elements = _objects(head) if _holds_objects(column) else head.tolist()
    return [element_text(element, wire.MAX_SAMPLE) for element in elements]


def labels(index: Any, number: int) -> list[str]:
    """The first labels of an index as text; an index of a foreign class is not asked."""
    if not is_library_class(type(index), "pandas"):
        return []
    return [element_text(label) for label in index[:number].tolist()]


def statistics(series: Any, budget: TimeBudget) -> dict[str, Any]:
    """Distinct values, and what the data type allows: numbers, most frequent values, or first and last moment."""
    if budget.spent or _is_foreign(series):
        return {"unevaluated": "time" if budget.spent else "foreign data type"}
    if _holds_objects(series):
        return tally(_objects(series), budget) if len(series) <= MAX_SORTED else {"unevaluated": "too long"}
    kind = getattr(series.dtype, "kind", "")
    facts: dict[str, Any] = {}
    if len(series) <= MAX_SORTED:
        facts["unique"] = int(series.nunique())
    if kind in "iuf":
        if issubclass(type(series.dtype), loaded("numpy", "dtype")):
            numbers = series.to_numpy()
        elif series.isna().any():
            numbers = series.to_numpy(dtype="f8", na_value=float("nan"))
        else:
            numbers = series.to_numpy(dtype=f"{kind}8")
        return {**facts, **number_facts(numbers, budget)}
    if kind in "mM":
        first, last = series.min(), series.max()
        is_empty = first is loaded("pandas", "NaT")
        return facts if is_empty else {**facts, "min": one_line(first), "max": one_line(last)}
    if len(series) > MAX_SORTED:
        return facts
    counts = series.value_counts()
    values, numbers = counts.index.tolist(), counts.iloc[: wire.MAX_ITEMS].tolist()
    facts["top"] = [[element_text(value, wire.MAX_TEXT), int(number)] for value, number in zip(values, numbers)]  # noqa: B905
    facts.update(found_values(values[wire.MAX_ITEMS :], budget))
    if type(series.dtype) is loaded("pandas", "StringDtype"):
        # `series.str.len()` would load a module of pandas' own.
        facts["max_length"] = max(map(len, values), default=0)
    return facts


_READER = ColumnReader(missing, samples, statistics)


def _level_facts(level: Any) -> dict[str, Any]:
    """Data type and values of one level of a row index."""
    listed = [[text, 1] for text in labels(level, wire.MAX_MAPPING_ITEMS)]
    return {"dtype": type_text(level.dtype), "top": listed, "unique": len(level)}


def index_facts(index: Any, *, with_levels: bool = False) -> dict[str, Any]:
    """Name, data type, first and last label of a row index; and the labels of a short table, where they are texts."""
    if not is_library_class(type(index), "pandas"):
        return {"index": {"dtype": opaque(index)}}
    facts: dict[str, Any] = {
        "name": element_text(index.name) if index.name is not None else None,
        "dtype": type_text(index.dtype),
    }
    if type(index) is loaded("pandas", "MultiIndex"):
        facts = {"name": ", ".join(element_text(name) for name in index.names), "dtype": "MultiIndex"}
        if with_levels:
            facts["levels"] = [_level_facts(level) for level in index.levels]
    if len(index):
        facts["first"], facts["last"] = labels(index, 1)[0], labels(index[-1:], 1)[0]
    is_short = 0 < len(index) <= wire.MAX_LABELLED_ROWS
    texts = [label for label in index[: wire.MAX_LABELS].tolist() if type(label) is str] if is_short else []
    return {"index": facts, **({"labels": [element_text(text) for text in texts]} if texts else {})}


def as_base(value: Any, name: str) -> Any:
    """The frame or series itself, or its data in one of pandas' own class where a derived class overrides methods.

    Raises:
        TypeError: a derived class keeps its data in another way, or pandas is of another release.
    """
    base = loaded("pandas", name)
    if type(value) is base:
        return value
    manager = (instance_dict(value) or {}).get("_mgr")
    if manager is None or not is_library_class(type(manager), "pandas"):
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


def frame_line(value: Any) -> str:
    """``DataFrame 891 × 12``."""
    rows, columns = as_base(value, "DataFrame").shape
    return f"{class_name(type(value))} {rows:,} × {columns:,}"


def describe_frame(value: Any, budget: TimeBudget) -> ValueDescription:
    """A DataFrame, columns by position, so that names may repeat."""
    summary = frame_line(value)
    value = as_base(value, "DataFrame")
    rows, total = value.shape
    names = labels(value.columns, wire.MAX_COLUMNS_INSPECTED if budget.detail else wire.MAX_COLUMNS)
    # The arrays that the frame keeps its columns in, or where those are not to be had, series.
    manager = (instance_dict(value) or {}).get("_mgr")
    array_at = None if budget.detail else getattr(manager, "iget_values", None)
    if array_at is None:
        by_position = _by_position(value)
        columns = [by_position.iloc[:, at] for at in range(len(names))]
    else:
        columns = [array_at(at) for at in range(len(names))]
    # Without what Python objects in the columns refer to.
    memory = None
    if total <= 1000:
        blocks = getattr(manager, "blocks", None)
        sizes = value.memory_usage(index=False) if blocks is None else [block.values.nbytes for block in blocks]
        memory = int(sum(sizes))
    facts: dict[str, Any] = {
        "rows": rows,
        "columns_total": total,
        "columns": [
            column_facts(column, name, budget, _READER, withheld=is_secret_name(name))
            for column, name in zip(columns, names)  # noqa: B905
        ],
        **index_facts(value.index, with_levels=budget.detail),
        "memory_bytes": memory,
    }
    if total > len(names):
        facts["more_columns"] = labels(value.columns[len(names) :], wire.MAX_MORE_COLUMNS)
    if budget.detail:
        facts["head"] = first_rows(columns, names, samples)
        facts["truncated"] = total > len(names)
    return ValueDescription("frame", summary, facts)


def series_line(value: Any) -> str:
    """``Series 891 int64``."""
    value = as_base(value, "Series")
    return f"Series {len(value):,} {type_text(value.dtype)}"


def describe_series(value: Any, budget: TimeBudget) -> ValueDescription:
    """A Series."""
    value = as_base(value, "Series")
    name = element_text(value.name) if value.name is not None else ""
    value = value.copy(deep=False)
    value.name = None  # slices would hash it, and it may be anything
    facts = column_facts(value, name, budget, _READER, withheld=is_secret_name(name))
    facts["length"] = len(value)
    if not name:
        facts.pop("name")
    facts.update(index_facts(value.index))
    return ValueDescription("series", series_line(value), facts)


def describe_index(value: Any, _budget: TimeBudget) -> ValueDescription:
    """An Index of any of pandas' own classes."""
    facts = {"length": len(value), "dtype": type_text(value.dtype), "samples": labels(value, wire.MAX_ITEMS)}
    return ValueDescription("index", f"{type(value).__name__} {len(value):,} {facts['dtype']}", facts)


def describe_column(value: Any, column: str, budget: TimeBudget) -> ValueDescription | None:
    """One column of a frame, by the text of its label; None if it is no frame, or has no such column."""
    if not issubclass(type(value), loaded("pandas", "DataFrame") or ()):
        return None
    frame = as_base(value, "DataFrame")
    names = labels(frame.columns, len(frame.columns))
    if column not in names:
        return None
    description = describe_series(_by_position(frame).iloc[:, names.index(column)], budget)
    return description._replace(facts={**description.facts, "name": column})


def describe_grouped(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A groupby: what is grouped and by what; nothing is computed."""
    keys = value.__dict__.get("keys")
    whole = value.__dict__.get("obj")
    facts: dict[str, Any] = {"fields": {"by": one_line(keys), "of": one_line(whole)}}
    if issubclass(type(whole), loaded("pandas", "DataFrame")):
        facts["members"] = labels(whole.columns, wire.MAX_COLUMNS)
    return ValueDescription("object", f"{type(value).__name__} by {facts['fields']['by']}", facts)


register_when_loaded("pandas", "DataFrame", describe_frame, frame_line, bases_too=True)
register_when_loaded("pandas", "Series", describe_series, series_line, bases_too=True)
register_when_loaded("pandas", _INDEXES, describe_index)
register_when_loaded("pandas", _SCALARS, text_inspector("datetime", lambda value: wire.line(str(value))))
register_when_loaded("pandas._libs.missing", "NAType", text_inspector("none", str))
register_when_loaded("pandas._libs.tslibs.nattype", "NaTType", text_inspector("none", str))
register_when_loaded("pandas.core.groupby", "DataFrameGroupBy SeriesGroupBy", describe_grouped)
