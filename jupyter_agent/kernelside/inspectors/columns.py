"""Columns of tables: facts, and statistics within a budget, in pieces, so that no copy of a large array is made."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..secrets import WITHHELD, is_secret_name
from ..wire import MAX_COLUMNS, MAX_ITEMS, MAX_TEXT, plain_text
from .reading import PLAIN_IDS
from .registry import TimeBudget, one_line
from .texts import element_text, type_text

_WORD = re.compile(r"\w+")
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


def number_facts(values: Any, budget: TimeBudget) -> dict[str, Any]:
    """Statistics of a one-dimensional numpy array of integers or floats, NaN left out.

    Args:
        values: The array, of kind ``i``, ``u`` or ``f``.
        budget: Where it ends, only ``unevaluated`` is set.
    """
    numpy: Any = sys.modules["numpy"]
    kind = values.dtype.kind
    count = missing = 0
    mean = squares = 0.0
    smallest: Any = math.inf
    largest: Any = -math.inf
    total: Any = 0
    for start in range(0, len(values), _PIECE):
        if budget.spent:
            return {"unevaluated": f"statistics of {len(values):,} elements take too long"}
        piece = values[start : start + _PIECE]
        if kind == "f" and (is_nan := numpy.isnan(piece)).any():
            missing += int(is_nan.sum())
            piece = piece[~is_nan]
        size = piece.size
        if size == 0:
            continue
        with numpy.errstate(all="ignore"):
            low, high = piece.min().item(), piece.max().item()
            wide = piece.astype(numpy.float64)
            piece_mean = float(wide.mean())
            piece_squares = float(((wide - piece_mean) ** 2).sum())
            if kind == "f":
                total += float(wide.sum())
            elif max(abs(low), abs(high)) * size < 2**62:
                total += int(piece.sum())  # exact, for it cannot overflow
            else:
                total += sum(piece.tolist())
        smallest, largest = min(low, smallest), max(high, largest)
        squares += piece_squares + (piece_mean - mean) ** 2 * count * size / (count + size)
        count += size
        mean += (piece_mean - mean) * size / count
    if not count:
        return {"missing": missing}
    numbers = {"min": smallest, "max": largest, "mean": mean, "sum": total}
    if count > 1:
        numbers["std"] = math.sqrt(squares / (count - 1))  # of a sample
    if len(values) <= MAX_SORTED and not budget.spent:
        numbers["median"] = float(numpy.median(values[~numpy.isnan(values)] if kind == "f" else values))
    return {**{name: plain_number(number) for name, number in numbers.items()}, "missing": missing}


def found_values(values: Iterable[Any], budget: TimeBudget) -> dict[str, Any]:
    """The texts that have one of the words that are looked for, as ``{"found": [text, ...]}``; nothing where none has."""
    found: list[str] = []
    for value in values if budget.values else ():
        if len(found) == MAX_ITEMS or budget.spent:
            break
        if (
            type(value) is str
            and len(value) <= MAX_TEXT
            and not budget.values.isdisjoint(_WORD.findall(plain_text(value)))
        ):
            found.append(element_text(value, MAX_TEXT))
    return {"found": found} if found else {}


def tally(values: Iterable[Any], budget: TimeBudget) -> dict[str, Any]:
    """Distinct values and the most frequent ones among Python objects, by exact plain types; others by their class."""
    counts: dict[Any, int] = {}
    missing = longest = 0
    for value in values:
        if value is None or (type(value) is float and math.isnan(value)):
            missing += 1
            continue
        key = (type(value), value) if id(type(value)) in PLAIN_IDS else (None, one_line(value))
        counts[key] = counts.get(key, 0) + 1
        if type(value) is str and len(value) > longest:
            longest = len(value)
    ordered = sorted(counts.items(), key=lambda entry: -entry[1])
    top = [[element_text(element, MAX_TEXT), number] for (_, element), number in ordered[:MAX_ITEMS]]
    found = found_values((element for (cls, element), _ in ordered[MAX_ITEMS:] if cls is str), budget)
    facts = {"missing": missing, "unique": len(counts), "top": top, **found}
    return {**facts, "max_length": longest} if longest else facts


class ColumnReader(NamedTuple):
    """How the columns of one library are read: how many are missing, the first as text, and further facts."""

    missing: Callable[[Any], int | None]
    samples: Callable[[Any], list[str]]
    statistics: Callable[[Any, TimeBudget], dict[str, Any]]


def column_facts(column: Any, name: str, budget: TimeBudget, reader: ColumnReader, *, withheld: bool) -> dict[str, Any]:
    """One column as its library has it: data type, missing, samples; inspected also its statistics.

    Nothing of it is read where it is withheld, for its name looks secret, or where the time is over.
    """
    data_type = column.dtype if hasattr(column, "dtype") else column.type
    facts: dict[str, Any] = {"name": name, "dtype": type_text(data_type)}
    if withheld:
        return {**facts, "missing": None, "samples": [], "withheld": True}
    if budget.spent:
        return {**facts, "missing": None, "samples": [], "unevaluated": "time"}
    try:
        facts["missing"] = reader.missing(column)
        facts["samples"] = reader.samples(column)
        if budget.detail:
            facts.update(reader.statistics(column, budget))
    except ImportError:  # see `import_guard`; the other columns are described all the same
        facts = {"missing": None, "samples": [], **facts, "unevaluated": "it needs a module that is not loaded"}
    return facts


def first_rows(columns: list[Any], names: list[str], samples: Callable[[Any, int], list[str]]) -> list[list[str]]:
    """The first five rows as text, secret columns left blank."""
    texts = [
        [WITHHELD] * min(5, len(column)) if is_secret_name(name) else samples(column, 5)
        for column, name in zip(columns[:MAX_COLUMNS], names)  # noqa: B905
    ]
    return [list(row) for row in zip(*texts)]  # noqa: B905
