"""Statistics of numbers within a budget, in pieces, so that no copy of a large array is made."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any

from ..wire import MAX_ITEMS, MAX_TEXT
from .registry import TimeBudget, one_line, plain_text

#: Elements of one piece.
_PIECE = 1 << 18
#: Elements up to which a median, or the number of distinct values, is worth the copy it takes.
MAX_SORTED = 1_000_000


def plain_number(value: Any) -> Any:
    """A number as JSON can carry it: not finite ones as text, whole ones as int."""
    if type(value) is bool or type(value) is int:
        return value
    number = float(value)
    return number if math.isfinite(number) else str(number)


class Moments:
    """Count, smallest, largest, sum and spread of pieces of numbers as they are added."""

    def __init__(self) -> None:
        self.count = 0
        self.missing = 0
        self.smallest: Any = None
        self.largest: Any = None
        self.sum: Any = 0
        self._mean = 0.0
        self._squares = 0.0

    def add(self, piece: Any) -> None:
        """Counts one numpy array of numbers in; NaN counts as missing."""
        numpy: Any = sys.modules["numpy"]
        if piece.dtype.kind == "f":
            is_nan = numpy.isnan(piece)
            if is_nan.any():
                self.missing += int(is_nan.sum())
                piece = piece[~is_nan]
        if piece.size == 0:
            return
        with numpy.errstate(all="ignore"):
            smallest, largest = piece.min().item(), piece.max().item()
            wide = piece.astype(numpy.float64)
            count, mean = piece.size, float(wide.mean())
            squares = float(((wide - mean) ** 2).sum())
            if piece.dtype.kind not in "iu":
                self.sum += float(wide.sum())
            elif max(abs(smallest), abs(largest)) * piece.size < 2**62:
                self.sum += int(piece.sum())  # exact, for it cannot overflow
            else:
                self.sum += sum(piece.tolist())
        self.smallest = smallest if self.smallest is None else min(self.smallest, smallest)
        self.largest = largest if self.largest is None else max(self.largest, largest)
        both = self.count + count
        self._squares += squares + (mean - self._mean) ** 2 * self.count * count / both
        self._mean += (mean - self._mean) * count / both
        self.count = both

    def facts(self) -> dict[str, Any]:
        """min, max, mean, std and sum; empty without numbers."""
        if not self.count:
            return {}
        numbers = {"min": self.smallest, "max": self.largest, "mean": self._mean, "sum": self.sum}
        if self.count > 1:
            numbers["std"] = math.sqrt(self._squares / (self.count - 1))  # of a sample
        return {name: plain_number(value) for name, value in numbers.items()}


def number_facts(values: Any, budget: TimeBudget) -> dict[str, Any]:
    """Statistics of a one-dimensional numpy array of integers or floats, NaN left out.

    Args:
        values: The array, of kind ``i``, ``u`` or ``f``.
        budget: Where it ends, only the elements so far were counted, and ``unevaluated`` is set.
    """
    moments = Moments()
    for start in range(0, len(values), _PIECE):
        if budget.spent:
            return {"unevaluated": f"statistics of {len(values):,} elements take too long"}
        moments.add(values[start : start + _PIECE])
    facts = moments.facts()
    if facts and len(values) <= MAX_SORTED and not budget.spent:
        numpy: Any = sys.modules["numpy"]
        kept = values[~numpy.isnan(values)] if values.dtype.kind == "f" else values
        facts["median"] = plain_number(float(numpy.median(kept)))
    facts["missing"] = moments.missing
    return facts


def tally(values: Iterable[Any]) -> dict[str, Any]:
    """Distinct values and the most frequent ones among Python objects, by exact plain types; others by their class."""
    counts: dict[Any, int] = {}
    missing = longest = 0
    for value in values:
        if value is None or (type(value) is float and math.isnan(value)):
            missing += 1
            continue
        key = (type(value), value) if type(value) in (str, int, float, bool) else one_line(value)
        counts[key] = counts.get(key, 0) + 1
        if type(value) is str and len(value) > longest:
            longest = len(value)
    top = sorted(counts.items(), key=lambda entry: -entry[1])[:MAX_ITEMS]
    facts: dict[str, Any] = {
        "missing": missing,
        "unique": len(counts),
        "top": [[_shown(key), number] for key, number in top],
    }
    if longest:
        facts["max_length"] = longest
    return facts


def _shown(key: Any) -> str:
    if type(key) is tuple:
        value = key[1]
        return plain_text(value, MAX_TEXT) if type(value) is str else one_line(value)
    return str(key)
