"""A variable in words, from one line to all that its facts hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jupyter_agent.core.kernel_state import Variable

WIDTH = 110
#: Facts that list names inside a variable, by kind: what somebody may write after its name.
_MEMBERS = ("columns", "more_columns", "keys", "labels", "fields", "members", "methods")

#: Facts that `in_full` tells of a column and of a variable, and those that only variables have.
_COUNTED = ("unique", "min", "max", "mean", "std", "median", "sum", "top", "max_length")
_SINGLE = ("dtype", "missing", "shape", "length", "value", "message", "bases", "version", "withheld")


@dataclass(frozen=True, slots=True)
class Description:
    """A variable in words, in parts.

    Attributes:
        is_import: Whether it is named among the imports.
        line: Name, type and size.
        members: Names inside it.
        details: What is known of its members, by their names.
        remarks: What is known beside them.
    """

    is_import: bool
    line: str
    members: tuple[str, ...]
    details: Mapping[str, str]
    remarks: tuple[str, ...]


@lru_cache(maxsize=4096)
def described(variable: Variable) -> Description:
    """All parts of a variable's description, which most questions need again as they were."""
    return Description(
        is_import(variable), line(variable), members(variable), details(variable), tuple(remarks(variable))
    )


def is_import(variable: Variable) -> bool:
    """Whether the name stands for somebody else's module, function or class."""
    if variable.kind == "module":
        return not variable.facts.get("local")
    return variable.kind in ("function", "class") and not is_own(variable)


def is_own(variable: Variable) -> bool:
    """Whether a function or class was written in this notebook, or beside it."""
    return variable.facts.get("module") == "__main__" or bool(variable.facts.get("local"))


def imported(variables: Iterable[Variable]) -> list[str]:
    """Imports, a line for each module: ``pandas as pd``, ``math: sqrt, pi``."""
    lines: dict[str, list[str]] = {}
    aliases: list[str] = []
    for one in variables:
        module = str(one.facts.get("module", ""))
        if one.kind != "module":
            lines.setdefault(module.partition("._")[0], []).append(one.name)
        else:
            aliases.append(one.name if module in (one.name, "") else f"{module} as {one.name}")
    named = [f"{module}: {', '.join(names)}" if module else ", ".join(names) for module, names in lines.items()]
    return [*([", ".join(aliases)] if aliases else []), *named]


def line(variable: Variable) -> str:
    """Name, type and size: ``df: DataFrame 891 × 12``; functions and classes with their signature."""
    signature = variable.facts.get("signature")
    if variable.kind == "function" and isinstance(signature, str):
        return f"def {signature}"
    if variable.kind == "class" and isinstance(signature, str):
        return f"class {signature}"
    return f"{variable.name}: {variable.summary}"


def members(variable: Variable) -> tuple[str, ...]:
    """Names inside the variable: columns, keys, labels of rows, fields, methods."""
    return tuple(dict.fromkeys(_member_names(variable.facts)))


def _member_names(facts: Mapping[str, Any]) -> Iterator[str]:
    for label in _MEMBERS:
        given = facts.get(label)
        for one in given if isinstance(given, (Mapping, Sequence)) and not isinstance(given, str) else ():
            yield str(one.get("name")) if isinstance(one, Mapping) else str(one)
    index = facts.get("index")
    if isinstance(index, Mapping) and index.get("name"):
        yield str(index["name"])


def wrapped(items: Iterable[str], indent: str = "  ", separator: str = ", ") -> list[str]:
    """Items in indented lines of at most `WIDTH` characters, where an item allows it."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(separator) + len(item) <= WIDTH:
            lines[-1] += separator + item
        else:
            lines.append(indent + item)
    return lines


def details(variable: Variable) -> dict[str, str]:
    """What is known of each member: dtype, missing values, samples; a value's text."""
    told: dict[str, str] = {}
    facts = variable.facts
    for one in _sequence(facts.get("columns")):
        if isinstance(one, Mapping):
            told[str(one.get("name"))] = _column(one)
    for label in ("items", "fields"):
        given = facts.get(label)
        if isinstance(given, Mapping):
            told.update({str(key): f"{key}: {value}" for key, value in given.items()})
    return told


def remarks(variable: Variable) -> list[str]:
    """What is known beside its members: dtype, index, first lines of documentation, samples."""
    facts = variable.facts
    lines = []
    if facts.get("doc"):
        lines.append(str(facts["doc"]))
    index = facts.get("index")
    if isinstance(index, Mapping) and index.get("first") is not None:
        lines.append(
            f"index {index.get('name') or ''} {index.get('dtype', '')}: {index['first']} … {index.get('last')}"
        )
    samples = [str(one) for one in _sequence(facts.get("samples"))]
    if samples and variable.kind in ("series", "array", "index"):
        lines.append("values: " + ", ".join(samples[:5]))
    items = facts.get("items")
    if isinstance(items, Sequence) and not isinstance(items, str):
        lines.append("items: " + ", ".join(str(one) for one in items[:5]))
    return lines


def in_full(variable: Variable) -> list[str]:
    """All that its facts hold, in lines, the most telling first."""
    told = details(variable)
    names = [told.get(one, one) for one in members(variable) if one not in _columns(variable)]
    columns = [f"  {_statistics(one)}" for one in _columns(variable).values()]
    return [line(variable), *columns, *wrapped(names), *_values(variable), *(f"  {one}" for one in remarks(variable))]


def _columns(variable: Variable) -> dict[str, Mapping[str, Any]]:
    given = _sequence(variable.facts.get("columns"))
    return {str(one.get("name")): one for one in given if isinstance(one, Mapping)}


def _statistics(column: Mapping[str, Any]) -> str:
    """A column with everything that was counted."""
    counted = [f"{name} {_plain(value)}" for name, value in column.items() if name in _COUNTED and value is not None]
    return ", ".join([_column(column), *counted])


def _values(variable: Variable) -> list[str]:
    """Single facts, and the first rows of a table."""
    facts = variable.facts
    told = (*_COUNTED, *_SINGLE)
    single = [f"{name}: {_plain(facts[name])}" for name in told if facts.get(name) not in (None, "", [], {})]
    rows = ["; ".join(map(str, row)) for row in _sequence(facts.get("head")) if isinstance(row, (list, tuple))]
    return [f"  {one}" for one in (*single, *(["first rows:"] if rows else []), *(f"  {one}" for one in rows))]


def _plain(value: object) -> str:
    """A fact on one line; of pairs of value and number, each pair."""
    if isinstance(value, (list, tuple)):
        return ", ".join(": ".join(map(str, one)) if isinstance(one, (list, tuple)) else str(one) for one in value)
    return str(value)


def _column(column: Mapping[str, Any]) -> str:
    notes = [f"{column['missing']} missing"] if column.get("missing") else []
    samples = [str(one) for one in _sequence(column.get("samples"))]
    if samples:
        notes.append(", ".join(samples[:2]))
    return f"{column.get('name')} {column.get('dtype', '')}" + (f" ({'; '.join(notes)})" if notes else "")


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
