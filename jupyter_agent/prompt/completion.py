"""Inline completion: the rest of a name from the kernel's state, or code from a model."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from jupyter_agent.core.events import ModelFinished, TextDelta, ThinkingDelta
from jupyter_agent.core.kernel_state import KernelState, Variable
from jupyter_agent.core.messages import Message, Usage
from jupyter_agent.core.protocols import Model
from jupyter_agent.core.text import FENCED_CODE
from jupyter_agent.redaction.redactor import Redactor

SECONDS = 10.0
MAX_CHARACTERS = 600
_BEFORE = 4000
_AFTER = 1000
_MAX_VARIABLES = 12
_MAX_COLUMNS = 40
_SYSTEM = (
    "You complete {language} code in a notebook at the cursor, which stands between <before> and <after>. Reply with the "
    "text to insert there and nothing else: no fences, no explanation, nothing that stands there already. At most a few "
    "lines. Reply with nothing if nothing is missing."
)
_COLUMN = re.compile(r"""(?P<frame>[^\W\d]\w*)\[(?P<quote>["'])(?P<typed>[^"'\]\n]*)$""")
_ATTRIBUTE = re.compile(r"(?<![\w.)\]])(?P<name>[^\W\d]\w*)\.(?P<typed>\w+)$")
_NAME = re.compile(r"(?<![\w.\"'])(?P<typed>[^\W\d]\w+)$")
#: A sentence, rather than code.
_PROSE = re.compile(
    r"(?i:sure|certainly|of course|okay|here(?:'s| is| are)|i (?:can|will|would|am|think)|i'm|you (?:can|could)|nothing|(?:the|this|that)"
    r" [a-z]+|there (?:is|are)|it (?:seems|looks))\b(?!\s*[=.(\[])|[A-Z][\w'’]*(?:,? [\w'’`()-]+){2,}[.!](?:\s|\Z)"
)
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the text goes.

    Attributes:
        prefix: What stands before it, in its cell.
        suffix: What stands after it.
        language: Of the cell.
    """

    prefix: str
    suffix: str = ""
    language: str = "python"


def complete_name(cursor: Cursor, state: KernelState | None) -> str:
    """The rest of a name in the kernel's state: a column, a field, a variable; empty where none fits.

    Always the same for the same cursor and state. Of several that fit it is the first column or field, or the shortest
    variable.
    """
    line = cursor.prefix.rpartition("\n")[2]
    if state is None or cursor.language != "python" or line.lstrip().startswith(("#", "%", "!")):
        return ""
    if column := _COLUMN.search(line):
        typed, quote = column["typed"], column["quote"]
        names = _fields(state.variables.get(column["frame"]))
        plain = (name for name in names if quote not in name and "\\" not in name)
        rest = next((name[len(typed) :] for name in plain if name.startswith(typed)), None)
        # Editors close quotes and brackets by themselves.
        return "" if rest is None else rest if cursor.suffix.startswith(quote) else f"{rest}{quote}]"
    if line.count('"') % 2 or line.count("'") % 2 or cursor.suffix[:1].isidentifier():
        return ""
    if attribute := _ATTRIBUTE.search(line):
        fields = _fields(state.variables.get(attribute["name"]))
        return _rest((field for field in fields if field.isidentifier()), attribute["typed"])
    match = _NAME.search(line)
    return _rest(sorted(state.variables, key=lambda name: (len(name), name)), match["typed"]) if match else ""


def messages(cursor: Cursor, state: KernelState | None, redactor: Redactor) -> tuple[Message, ...]:
    """What a model is sent: the code around the cursor, and the live variables in it; no secrets."""
    before, after = cursor.prefix[-_BEFORE:], cursor.suffix[:_AFTER]
    lines: list[str] = []
    # The names nearest to the cursor first.
    for name in dict.fromkeys(reversed(_WORD.findall(before))):
        if state is not None and name in state.variables and len(lines) < _MAX_VARIABLES:
            variable = state.variables[name]
            columns = ", ".join(_fields(variable)[:_MAX_COLUMNS])
            line = f"{name}: {variable.type}, {variable.summary}"[:300]
            lines.append(f"{line}; {columns}" if columns else line)
    variables = "\n".join(["<variables>", *lines, "</variables>\n"]) if lines else ""
    text = redactor.text(f"{variables}<before>{before}</before><after>{after}</after>")
    system = _SYSTEM.format(language=redactor.text(cursor.language[:40]))
    return Message("system", system), Message("user", text)


async def complete_code(
    cursor: Cursor,
    state: KernelState | None,
    model: Model,
    redactor: Redactor,
    on_usage: Callable[[Usage], None] = lambda _: None,
) -> str:
    """What a model inserts at the cursor, in one short request: no fences, nothing that stands there already, no secrets.

    Args:
        cursor: Where it is inserted.
        state: Of the kernel; None where there is none.
        model: Who is asked.
        redactor: Withholds secrets.
        on_usage: Gets the tokens, once they are known.

    Raises:
        UpstreamError: the model's server failed, or took too long.
    """
    text = ""
    stream = model.stream(messages(cursor, state, redactor), (), deadline=time.monotonic() + SECONDS)
    async with aclosing(stream) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, ThinkingDelta) and event.replaces_text:
                text = ""
            elif isinstance(event, ModelFinished):
                on_usage(event.usage)
            if len(text) > 2 * MAX_CHARACTERS:
                break
    # Models talk around the code all the same; text that is to be inserted into text may have fences of its own.
    line = cursor.prefix.rpartition("\n")[2]
    in_words = "#" in line or cursor.prefix.count('"""') % 2 == 1 or cursor.prefix.count("'''") % 2 == 1
    is_code = cursor.language != "markdown" and not in_words
    fenced = FENCED_CODE.search(text) if is_code else FENCED_CODE.match(text.lstrip())
    text = fenced["source"].removesuffix("\n") if fenced else text.rstrip()
    if is_code and not fenced and _PROSE.match(text.lstrip()):
        return ""
    if line.strip() and text.startswith(line):
        text = text[len(line) :]
    # As much as stands before anything that looks secret: a note of what was withheld is no code.
    line = cursor.prefix[-_BEFORE:].rpartition("\n")[2]
    line = line if redactor.text(line) == line else ""
    whole = line + text[:MAX_CHARACTERS]
    same = takewhile(lambda pair: pair[0] == pair[1], zip(whole, redactor.text(whole), strict=False))
    return whole[len(line) : sum(1 for _ in same)]


def _rest(names: Iterable[str], typed: str) -> str:
    return next((name[len(typed) :] for name in names if name.startswith(typed) and name != typed), "")


def _fields(variable: Variable | None) -> list[str]:
    """Columns, keys or fields, in their order."""
    facts: Any = variable.facts if variable is not None else {}
    columns = [str(column.get("name", "")) for column in facts.get("columns") or () if isinstance(column, dict)]
    return columns or [str(name) for name in (facts.get("keys") or facts.get("fields") or facts.get("methods") or ())]
