"""What commands list, as Markdown: the variables as the assistant sees them, and the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MAX_FACT = 500
#: Stands for the question where only its surroundings are asked for.
NO_QUESTION = "…"


def variables_list(state: Mapping[str, Any]) -> str:
    """All variables of a kernel's state, a line for each."""
    variables = state.get("changed") or ()
    if not variables:
        return "*There are no variables yet.*"
    lines = [f"- `{item['name']}`: {item['summary']}" for item in variables]
    left_out = int(state.get("total", 0)) - len(lines)
    return "\n".join([*lines, *([f"- … and {left_out} more"] if left_out > 0 else [])])


def variable_facts(inspected: Mapping[str, Any]) -> str:
    """One variable with its facts, a line for each."""
    variable = inspected.get("variable")
    if not isinstance(variable, dict):
        return "*There is no such variable now.* `%agent /vars` shows those that there are."
    facts = variable.get("facts") or {}
    return "\n".join([f"`{variable['name']}`: {variable['summary']}", "", *_facts(facts)])


def models_list(found: Sequence[Mapping[str, Any]], chosen: str) -> str:
    """What may answer, a line for each; what the user chose answers now, else the default."""
    ids = [str(item.get("id", "")) for item in found]
    now = chosen or next((str(item.get("id", "")) for item in found if item.get("default")), "")
    return "\n".join(
        f"- `{name}`" + (" ← answers now" if name == now else "") for name in dict.fromkeys([*ids, now]) if name
    )


def context_report(context: Mapping[str, Any]) -> str:
    """What a question would send to its model: tokens by part, then each message as it is."""
    tokens = context.get("tokens") or {}
    rows = [f"| {part} | {number} |" for part, number in tokens.items()]
    warnings = [f"> {item}" for item in context.get("warnings") or ()]
    messages = [f"**{item.get('role')}**\n\n{_fenced(_message(item))}" for item in context.get("messages") or ()]
    tools = ", ".join(f"`{item.get('name')}`" for item in context.get("tools") or ()) or "none"
    head = f"A question would send this to `{context.get('model')}`; nothing was sent now."
    table = "\n".join(["| part | tokens, about |", "| --- | --: |", *rows])
    return "\n\n".join([head, *warnings, table, f"Tools on offer: {tools}.", *messages])


def _message(message: Mapping[str, Any]) -> str:
    calls = [f"{item.get('name')}({item.get('arguments')})" for item in message.get("tool_calls") or ()]
    return "\n".join([str(message.get("content") or ""), *calls]).strip("\n")


def _fenced(text: str) -> str:
    """A block that no text can end."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"


def _facts(facts: Mapping[str, Any]) -> list[str]:
    columns = [item for item in facts.get("columns") or () if isinstance(item, dict)]
    plain = [f"- {name}: {_short(value)}" for name, value in facts.items() if name not in ("columns", "head")]
    return [*plain, *(f"- column `{item.get('name')}`: {_short(_column_facts(item))}" for item in columns)]


def _column_facts(column: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in column.items() if name != "name")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= MAX_FACT else f"{text[:MAX_FACT]}…"
