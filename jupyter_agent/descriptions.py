"""A variable in words, from one line to all that its facts hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jupyter_agent.state import Variable

WIDTH = 110
#: Facts that list names inside a variable, by kind: what somebody may write after its name.
_MEMBERS = ("columns", "more_columns", "keys", "labels", "fields", "members", "methods")


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


def _column(column: Mapping[str, Any]) -> str:
    notes = [f"{column['missing']} missing"] if column.get("missing") else []
    samples = [str(one) for one in _sequence(column.get("samples"))]
    if samples:
        notes.append(", ".join(samples[:2]))
    return f"{column.get('name')} {column.get('dtype', '')}" + (f" ({'; '.join(notes)})" if notes else "")


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
