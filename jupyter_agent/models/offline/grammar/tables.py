"""Tables as questions see them: kinds of columns, index levels as columns, tables joined by the key that fits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from jupyter_agent.models.offline.namespace import Column, Table, texts, whole
from jupyter_agent.models.offline.words import parts

#: What a column of numbers is called that says when.
PERIODS = frozenset({"year", "quarter", "month", "week", "day", "hour"})
Kind = Literal["number", "truth", "time", "duration", "decimal", "numeral", "text", "other"]
_NUMERAL = re.compile(r"[-+]?[\d.,\s]*\d\s?(?:%|€|\$|eur|usd|g|kg|km|m|kn)?", re.IGNORECASE)
#: Names of columns that hold counts: ``No. of deaths``, ``num_baths``.
_COUNTED = re.compile(
    r"(?:number|num|no|nr|n|count|#)[. _]*of[ _]+(\w.*)|(?:number|num|no\.|nr)[. _]*([^\W_].*s)", re.IGNORECASE
)
_DECIMAL = re.compile(r"Decimal\('(.*)'\)")


def kind_of(column: Column) -> Kind:
    """What can be done with what a column holds."""
    dtype = column.dtype.lower()
    if dtype.startswith(("timedelta", "duration")):
        return "duration"
    if column.role == "number":
        return "number"
    if column.role in ("time", "truth"):
        return "time" if column.role == "time" else "truth"
    if column.date_like:
        return "time"
    if column.role == "text" and _holds_containers(column):
        return "other"
    if column.role == "text":
        values = [value for value in column.values if value.strip()]
        if values and all(_DECIMAL.fullmatch(value) for value in values):
            return "decimal"
        numerals = [
            value for value in values if _NUMERAL.fullmatch(value.strip()) and not re.match(r"0\d", value.strip())
        ]
        if values and 2 * len(numerals) > len(values):
            return "numeral"
        return "text"
    return "other"


def is_number(column: Column) -> bool:
    """Whether there is more or less of what a column holds."""
    return kind_of(column) in ("number", "numeral", "decimal")


def numbers_of(table: Table) -> tuple[Column, ...]:
    """The columns of numbers, but for those that number rows."""
    return tuple(column for column in table.columns if kind_of(column) == "number" and "id" not in parts(column.name))


def is_list(column: Column) -> bool:
    """Whether each value is a list, which nothing can be grouped by."""
    return kind_of(column) == "other" and all(sample.startswith("[") for sample in column.samples)


def _holds_containers(column: Column) -> bool:
    """Whether each value is a list, a tuple, a set or a dict; a text that looks like one stands in quotes."""
    samples = [sample for sample in texts(column.facts.get("samples")) if sample not in ("None", "nan")]
    return bool(samples) and all(sample.startswith(("[", "(", "{")) for sample in samples)


def values_are_unique(column: Column, table: Table) -> bool:
    """Whether each row has a value of its own, as far as is known."""
    unique = whole(column.facts.get("unique"))
    return unique is not None and unique == table.rows


def values_repeat(column: Column, table: Table) -> bool:
    """Whether a value may be in several rows."""
    missing = whole(column.facts.get("missing")) or 0
    return whole(column.facts.get("unique")) != (table.rows or 0) - missing


def with_levels(table: Table) -> Table:
    """The table with its index levels as further columns."""
    index = table.variable.facts.get("index")
    if not isinstance(index, Mapping) or table.library != "pandas":
        return table
    named = str(index.get("name") or "")
    dtype = str(index.get("dtype", ""))
    levels = [name for name in named.split(", ") if name] or (["index"] if dtype.startswith("datetime") else [])
    taken = {column.name for column in table.columns}
    if not levels or taken & {*levels}:
        return table
    found = []
    for place, name in enumerate(levels):
        facts = _level_facts(index, place, dtype, table)
        found.append(Column(table.name, name, -1 - place, facts))
    return Table(table.variable, (*found, *table.columns))


def _level_facts(index: Mapping[str, object], place: int, dtype: str, table: Table) -> Mapping[str, object]:
    if dtype != "MultiIndex":
        return {
            "dtype": dtype,
            "level": True,
            "min": index.get("first"),
            "max": index.get("last"),
            "samples": [str(index.get("first"))],
            "top": [[label, 1] for label in _labels(table)],
        }
    levels = index.get("levels")
    own = levels[place] if isinstance(levels, list) and place < len(levels) else {}
    return {**own, "level": True} if isinstance(own, Mapping) else {"dtype": "object", "level": True}


def _labels(table: Table) -> list[str]:
    labels = table.variable.facts.get("labels")
    return list(dict.fromkeys(str(label) for label in labels)) if isinstance(labels, (list, tuple)) else []


def counted_by(column: Column) -> str:
    """What a column of counts counts, by its name: ``deaths`` of ``No. of deaths``; empty for others."""
    counted = _COUNTED.fullmatch(column.name)
    return (counted[1] or counted[2]) if counted is not None else ""
