"""A variable as text, from one line to everything its facts hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jupyter_agent.core.kernel_state import Variable

WIDTH = 110
#: Facts that list names inside a variable, by kind: what somebody may write after its name.
_MEMBERS = ("columns", "more_columns", "keys", "labels", "fields", "members", "methods")

#: Statistics of a column and of a variable, and facts that only variables have; `full_lines` has both.
_STATISTICS = ("unique", "min", "max", "mean", "std", "median", "sum", "top", "max_length")
_SINGLE = ("dtype", "missing", "shape", "length", "value", "message", "bases", "version", "withheld")


@dataclass(frozen=True, slots=True)
class VariableText:
    """A variable as text, in parts.

    Attributes:
        is_import: Whether it is named among the imports.
        line: Name, type and size.
        members: Names inside it.
        details: What is known of its members, by their names.
        remarks: What else is known: documentation, index, samples.
    """

    is_import: bool
    line: str
    members: tuple[str, ...]
    details: Mapping[str, str]
    remarks: tuple[str, ...]


@lru_cache(maxsize=4096)
def describe(variable: Variable) -> VariableText:
    """All parts of a variable's description, cached because most questions need them again."""
    return VariableText(
        is_import(variable), line(variable), members(variable), details(variable), tuple(_remarks(variable))
    )


def is_import(variable: Variable) -> bool:
    """Whether the name stands for somebody else's module, function or class."""
    if variable.kind == "module":
        return not variable.facts.get("local")
    is_own = variable.facts.get("module") == "__main__" or bool(variable.facts.get("local"))
    return variable.kind in ("function", "class") and not is_own


def import_lines(variables: Iterable[Variable]) -> list[str]:
    """Imports, a line for each module: ``pandas as pd``, ``math: sqrt, pi``."""
    lines: dict[str, list[str]] = {}
    aliases: list[str] = []
    for variable in variables:
        module, name = str(variable.facts.get("module", "")), variable.name
        if variable.kind != "module":
            lines.setdefault(module.partition("._")[0], []).append(name)
        else:
            aliases.append(name if module in (name, "") else f"{module} as {name}")
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
        for member in given if isinstance(given, (Mapping, Sequence)) and not isinstance(given, str) else ():
            yield str(member.get("name")) if isinstance(member, Mapping) else str(member)
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
    found = {name: _column(column) for name, column in _columns(variable).items()}
    for label in ("items", "fields"):
        given = variable.facts.get(label)
        if isinstance(given, Mapping):
            found.update({str(key): f"{key}: {value}" for key, value in given.items()})
    return found


def _remarks(variable: Variable) -> list[str]:
    """What is known apart from its members: first lines of documentation, index, samples."""
    facts = variable.facts
    lines = []
    if facts.get("doc"):
        lines.append(str(facts["doc"]))
    index = facts.get("index")
    if isinstance(index, Mapping) and index.get("first") is not None:
        lines.append(
            f"index {index.get('name') or ''} {index.get('dtype', '')}: {index['first']} … {index.get('last')}"
        )
    samples = [str(sample) for sample in _sequence(facts.get("samples"))]
    if samples and variable.kind in ("series", "array", "index"):
        lines.append("values: " + ", ".join(samples[:5]))
    items = facts.get("items")
    if isinstance(items, Sequence) and not isinstance(items, str):
        lines.append("items: " + ", ".join(map(str, items[:5])))
    return lines


def full_lines(variable: Variable) -> list[str]:
    """Everything that its facts hold, in lines, the most important first."""
    facts, columns, texts = variable.facts, _columns(variable), details(variable)
    lines: list[str] = []
    for column in columns.values():
        statistics = [(name, column[name]) for name in column if name in _STATISTICS]
        values = [f"{name} {_on_one_line(value)}" for name, value in statistics if value is not None]
        lines.append(", ".join([_column(column), *values]))
    names = [texts.get(name, name) for name in members(variable) if name not in columns]
    labels = [label for label in (*_STATISTICS, *_SINGLE) if facts.get(label) not in (None, "", [], {})]
    rows = ["; ".join(map(str, row)) for row in _sequence(facts.get("head")) if isinstance(row, (list, tuple))]
    more = [f"{label}: {_on_one_line(facts[label])}" for label in labels]
    more += ["first rows:", *(f"  {row}" for row in rows)] if rows else []
    more += _remarks(variable)
    return [line(variable), *(f"  {text}" for text in lines), *wrapped(names), *(f"  {text}" for text in more)]


def _columns(variable: Variable) -> dict[str, Mapping[str, Any]]:
    columns = _sequence(variable.facts.get("columns"))
    return {str(column.get("name")): column for column in columns if isinstance(column, Mapping)}


def _on_one_line(value: object) -> str:
    """A fact on one line; of pairs of value and count, each pair."""
    if not isinstance(value, (list, tuple)):
        return str(value)
    return ", ".join(": ".join(map(str, part)) if isinstance(part, (list, tuple)) else str(part) for part in value)


def _column(column: Mapping[str, Any]) -> str:
    notes = [f"{column['missing']} missing"] if column.get("missing") else []
    if samples := _sequence(column.get("samples")):
        notes.append(", ".join(map(str, samples[:2])))
    return f"{column.get('name')} {column.get('dtype', '')}" + (f" ({'; '.join(notes)})" if notes else "")


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
