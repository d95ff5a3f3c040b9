"""SQL in a cell: which statements change a database, and which of them change it anew each time."""

from __future__ import annotations

import ast
import re

from jupyter_agent.analysis.cells.effects import MutationKind

#: Methods that run the SQL that is their first argument.
_RUNNING = frozenset(
    {"execute", "executemany", "executescript", "sql", "exec_driver_sql", "read_sql", "read_sql_query"}
)
_LOOKS_LIKE_SQL = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*(select|with|pragma|explain|show|describe|insert|replace|update|delete|create|drop|alter|copy)\b",
    re.IGNORECASE,
)
_READING = ("select", "with", "pragma", "explain", "show", "describe")
_REPEATABLE_INSERT = re.compile(r"\bor\s+(?:ignore|replace)\b|\bon\s+(?:conflict|duplicate)\b", re.IGNORECASE)
_MADE_OF_ITSELF = re.compile(r"(\b\w+)\s*=[^,;]*\b\1\b", re.IGNORECASE)
#: What makes the rest repeat, whatever the database held before.
_EMPTIED = re.compile(
    r"\b(?:drop\s+table|create\s+or\s+replace|delete\s+from\s+\w+\s*;?\s*$|truncate)\b", re.IGNORECASE
)


def sql_of(call: ast.Call) -> str:
    """The SQL that a call runs, as far as it is written out; empty where it runs none."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in _RUNNING or not call.args:
        return ""
    texts = [
        node.value for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return next((text for text in texts if _LOOKS_LIKE_SQL.match(text)), "")


def mutation_of(sql: str) -> MutationKind | None:
    """How statements change their database; None where they only read."""
    kinds: list[MutationKind] = []
    for statement in sql.split(";"):
        found = _LOOKS_LIKE_SQL.match(statement)
        word = found[1].lower() if found else ""
        if (word in ("insert", "copy") and not _REPEATABLE_INSERT.search(statement)) or (
            word == "update" and _MADE_OF_ITSELF.search(statement.partition("set")[2] or statement)
        ):
            kinds.append("accumulate")
        elif word and word not in _READING:
            kinds.append("overwrite")
    return None if not kinds else "accumulate" if "accumulate" in kinds else "overwrite"


def empties(sql: str) -> bool:
    """Whether statements make a database's tables anew."""
    return _EMPTIED.search(sql) is not None
