"""What commands list, as Markdown: the variables as the assistant sees them, the models, and a question's prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..fences import fenced
from ..wire import clip

MAX_FACT = 500
#: Stands for the question where only its context is asked for.
NO_QUESTION = "…"


def variables_list(state: Mapping[str, Any]) -> str:
    """All variables of a kernel's state, a line for each."""
    variables = state.get("changed") or ()
    if not variables:
        return "*There are no variables yet.*"
    lines = [f"- `{variable['name']}`: {variable['summary']}" for variable in variables]
    left_out = int(state.get("total", 0)) - len(lines)
    return "\n".join([*lines, *([f"- … and {left_out} more"] if left_out > 0 else [])])


def variable_facts(inspected: Mapping[str, Any]) -> str:
    """One variable with its facts, a line for each."""
    variable = inspected.get("variable")
    if not isinstance(variable, dict):
        return "*There is no such variable now.* `%agent /vars` lists the variables."
    facts = variable.get("facts") or {}
    lines = [f"`{variable['name']}`: {variable['summary']}", ""]
    lines += [
        f"- {name}: {clip(str(value), MAX_FACT)}" for name, value in facts.items() if name not in ("columns", "head")
    ]
    for column in facts.get("columns") or ():
        if isinstance(column, dict):
            described = ", ".join(f"{name} {value}" for name, value in column.items() if name != "name")
            lines.append(f"- column `{column.get('name')}`: {clip(described, MAX_FACT)}")
    return "\n".join(lines)


def models_list(models: Sequence[Mapping[str, Any]], chosen: str) -> str:
    """The models, a line for each; the one that the user chose answers now, else the default."""
    ids = [str(model.get("id", "")) for model in models]
    current = chosen or next((str(model.get("id", "")) for model in models if model.get("default")), "")
    notes = {
        str(model.get("id", "")): f" (needs the key `{model['missing_key']}`)"
        for model in models
        if "missing_key" in model
    }
    return "\n".join(
        f"- `{name}`" + (" ← answers now" if name == current else notes.get(name, ""))
        for name in dict.fromkeys([*ids, current])
        if name
    )


def context_report(context: Mapping[str, Any]) -> str:
    """What a question would send to its model: tokens by part, then each message as it is."""
    tokens = context.get("tokens") or {}
    parts = [f"A question would send this to `{context.get('model')}`; nothing was sent now."]
    parts += [f"> {warning}" for warning in context.get("warnings") or ()]
    rows = [f"| {part} | {number} |" for part, number in tokens.items()]
    parts.append("\n".join(["| part | tokens, about |", "| --- | --: |", *rows]))
    sources = [
        f"`{str(source.get('path') or 'the configuration').replace('`', chr(39))}` ({source.get('tokens')})"
        for source in context.get("instructions") or ()
    ]
    parts += [f"Instructions: {', '.join(sources)}."] if sources else []
    if budget := context.get("budget_tokens"):
        window = context.get("window_tokens")
        taken = f" The model takes {window}, its answer included." if window else ""
        parts.append(f"A request may have {budget} tokens.{taken}")
    tools = ", ".join(f"`{tool.get('name')}`" for tool in context.get("tools") or ()) or "none"
    parts.append(f"Tools available: {tools}.")
    for message in context.get("messages") or ():
        calls = [f"{call.get('name')}({call.get('arguments')})" for call in message.get("tool_calls") or ()]
        text = "\n".join([str(message.get("content") or ""), *calls]).strip("\n")
        parts.append(f"**{message.get('role')}**\n\n{fenced(text)}")
    return "\n\n".join(parts)
