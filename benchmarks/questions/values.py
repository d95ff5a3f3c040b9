"""Expected values as JSON. This text runs in the kernel too, so it needs the standard library alone."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Any


class Either:
    """Several values of which each is a right answer."""

    def __init__(self, *values: Any) -> None:
        self.values = values


def encode(value: Any) -> Any:
    """A scalar as it is; all else as a pair of its sort (either, set, list, rows, date, seconds) and what it holds."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, Either):
        return ["either", [encode(part) for part in value.values]]
    if isinstance(value, str) or value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, timedelta):
        return ["seconds", value.total_seconds()]
    if isinstance(value, (date, datetime)):
        return ["date", value.isoformat()]
    if isinstance(value, (set, frozenset)):
        return ["set", sorted((encode(part) for part in value), key=repr)]
    if hasattr(value, "columns") or hasattr(value, "to_frame"):
        return ["rows", sorted(([encode(cell) for cell in row] for row in _rows(value)), key=repr)]
    if isinstance(value, dict):
        return ["rows", [[encode(key), encode(part)] for key, part in value.items()]]
    if hasattr(value, "__len__"):
        return ["list", [encode(part) for part in value]]
    number = float(value)
    return None if math.isnan(number) else number


def _rows(table: Any) -> list[list[Any]]:
    """A table's rows, each with its labels first."""
    if hasattr(table, "rows"):
        return [list(row) for row in table.rows()]
    frame = table if hasattr(table, "columns") else table.to_frame()
    labels = [] if type(frame.index).__name__ == "RangeIndex" else frame.index
    names = [list(label) if isinstance(label, tuple) else [label] for label in labels] or [
        [] for _ in range(len(frame))
    ]
    return [name + list(row) for name, row in zip(names, frame.itertuples(index=False, name=None), strict=True)]
