"""A variable as text, from one line to everything its facts hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def _describe(variable: Variable) -> VariableText:
    facts, signature = variable.facts, variable.facts.get("signature")
    keyword = {"function": "def", "class": "class"}.get(variable.kind)
    has_signature = keyword is not None and isinstance(signature, str)
    is_own = facts.get("module") == "__main__" or bool(facts.get("local"))
    details = {name: _column(column) for name, column in _columns(variable).items()}
    for label in ("items", "fields"):
        if isinstance(given := facts.get(label), Mapping):
            details.update({str(key): f"{key}: {value}" for key, value in given.items()})
    return VariableText(
        is_import=not facts.get("local") if variable.kind == "module" else keyword is not None and not is_own,
        line=f"{keyword} {signature}" if has_signature else f"{variable.name}: {variable.summary}",
        members=_members(facts),
        details=details,
        remarks=_remarks(variable),
    )


#: All parts of a variable's description, cached because most questions need them again.
describe = lru_cache(maxsize=4096)(_describe)


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


def wrapped(items: Iterable[str], indent: str = "  ", separator: str = ", ") -> list[str]:
    """Items in indented lines of at most `WIDTH` characters, where an item allows it."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(separator) + len(item) <= WIDTH:
            lines[-1] += separator + item
        else:
            lines.append(indent + item)
    return lines


def full_lines(variable: Variable) -> list[str]:
    """Everything that its facts hold, in lines, the most important first."""
    facts, columns, text = variable.facts, _columns(variable), _describe(variable)
    lines: list[str] = []
    for column in columns.values():
        statistics = [(name, column[name]) for name in column if name in _STATISTICS]
        values = [f"{name} {_on_one_line(value)}" for name, value in statistics if value is not None]
        lines.append(", ".join([_column(column), *values]))
    names = [text.details.get(name, name) for name in text.members if name not in columns]
    labels = [label for label in (*_STATISTICS, *_SINGLE) if facts.get(label) not in (None, "", [], {})]
    rows = ["; ".join(map(str, row)) for row in _sequence(facts.get("head")) if isinstance(row, (list, tuple))]
    more = [f"{label}: {_on_one_line(facts[label])}" for label in labels]
    more += ["first rows:", *(f"  {row}" for row in rows)] if rows else []
    more += text.remarks
    return [text.line, *(f"  {line}" for line in lines), *wrapped(names), *(f"  {line}" for line in more)]


def _members(facts: Mapping[str, Any]) -> tuple[str, ...]:
    names: list[str] = []
    for label in _MEMBERS:
        given = facts.get(label)
        if isinstance(given, (Mapping, Sequence)) and not isinstance(given, str):
            names += (str(member.get("name") if isinstance(member, Mapping) else member) for member in given)
    index = facts.get("index")
    if isinstance(index, Mapping) and index.get("name"):
        names.append(str(index["name"]))
    return tuple(dict.fromkeys(names))


def _remarks(variable: Variable) -> tuple[str, ...]:
    facts = variable.facts
    remarks = [str(facts["doc"])] if facts.get("doc") else []
    index = facts.get("index")
    if isinstance(index, Mapping) and index.get("first") is not None:
        remarks.append(
            f"index {index.get('name') or ''} {index.get('dtype', '')}: {index['first']} … {index.get('last')}"
        )
    if (samples := _sequence(facts.get("samples"))) and variable.kind in ("series", "array", "index"):
        remarks.append("values: " + ", ".join(map(str, samples[:5])))
    items = facts.get("items")
    if isinstance(items, Sequence) and not isinstance(items, str):
        remarks.append("items: " + ", ".join(map(str, items[:5])))
    return tuple(remarks)


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
