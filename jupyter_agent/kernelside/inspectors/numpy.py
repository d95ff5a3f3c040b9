"""Inspectors of numpy arrays and scalars; elements of object arrays are described by their exact type."""

from __future__ import annotations

from typing import Any

from ..wire import MAX_ITEMS, MAX_TEXT, clip
from .columns import number_facts
from .reading import class_name, loaded
from .registry import TimeBudget, ValueDescription, one_line, register_when_loaded, type_text

_SEARCHED = 20_000_000


def shape_text(shape: tuple[int, ...]) -> str:
    """``3 × 4``."""
    return " × ".join(f"{size:,}" for size in shape) if shape else "scalar"


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
        facts["samples"] = samples(array)
        if budget.detail and array.dtype.kind in "iuf" and 0 < array.size <= _SEARCHED:
            facts.update(number_facts(array.reshape(-1), budget))
        elif budget.detail and array.dtype.kind == "b":
            facts["sum"] = int(array.sum())
    return ValueDescription("array", array_line(value), facts)


def samples(array: Any) -> list[str]:
    """The first elements as text."""
    if array.ndim == 0:
        return [one_line(array.item())]
    head = array[(0,) * (array.ndim - 1)][:MAX_ITEMS] if array.size else array.reshape(-1)
    return [one_line(item) for item in head.tolist()]


def describe_scalar(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A numpy number, date or text."""
    text = clip(str(value.item()) if value.dtype.kind in "iufcb" else str(value), MAX_TEXT)
    return ValueDescription("bool" if value.dtype.kind == "b" else "number", text, {"value": text})


register_when_loaded("numpy", "ndarray", describe_array, array_line, bases_too=True)
register_when_loaded(
    "numpy",
    "bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 longdouble complex64 complex128 "
    "datetime64 timedelta64",
    describe_scalar,
)
