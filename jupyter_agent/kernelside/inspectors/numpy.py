"""Inspectors of numpy arrays and scalars; elements of object arrays are described by their exact type."""

from __future__ import annotations

from typing import Any

from ..wire import MAX_ITEMS, MAX_TEXT, clip
from .columns import number_facts
from .reading import class_name, loaded
from .registry import TimeBudget, ValueDescription, one_line, register_when_loaded, text_inspector
from .texts import shape_text, type_text

_SEARCHED = 20_000_000


def _array(value: Any) -> Any:
    """The array as its base class, past what a derived class overrides."""
    base = loaded("numpy", "ndarray")
    return value if type(value) is base else base.view(value, base)


def array_line(value: Any) -> str:
    """``ndarray 3 × 4 float64``."""
    array = _array(value)
    return f"{class_name(type(value))} {shape_text(array.shape)} {type_text(array.dtype)}"


def describe_array(value: Any, budget: TimeBudget) -> ValueDescription:
    """A numpy array or one of a derived class; a memory-mapped one is not read."""
    array = _array(value)
    facts: dict[str, Any] = {
        "shape": list(array.shape),
        "dtype": type_text(array.dtype),
        "memory_bytes": int(array.nbytes),
    }
    if not issubclass(type(value), loaded("numpy", "memmap") or ()):
        is_flat = array.ndim == 0 or not array.size
        head = array.reshape(-1) if is_flat else array[(0,) * (array.ndim - 1)][:MAX_ITEMS]
        facts["samples"] = [one_line(item) for item in head.tolist()]
        if budget.detail and array.dtype.kind in "iuf" and 0 < array.size <= _SEARCHED:
            facts.update(number_facts(array.reshape(-1), budget))
        elif budget.detail and array.dtype.kind == "b":
            facts["sum"] = int(array.sum())
    return ValueDescription("array", array_line(value), facts)


register_when_loaded("numpy", "ndarray", describe_array, array_line, bases_too=True)
# Numbers, dates and spans of time.
register_when_loaded("numpy", "bool_", text_inspector("bool", lambda value: clip(str(value.item()), MAX_TEXT)))
register_when_loaded(
    "numpy",
    "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 longdouble complex64 complex128",
    text_inspector("number", lambda value: clip(str(value.item()), MAX_TEXT)),
)
register_when_loaded(
    "numpy", "datetime64 timedelta64", text_inspector("number", lambda value: clip(str(value), MAX_TEXT))
)
