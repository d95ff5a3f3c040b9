"""Text to go on with at the cursor: from what lives in the kernel, or by a model that is told a little of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from jupyter_agent.core.kernel_state import KernelState, Variable
from jupyter_agent.core.messages import Message, TextDelta
from jupyter_agent.core.protocols import Model
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
_WORD = re.compile(r"[^\W\d]\w*")
_FENCE = re.compile(r"\A\s*```[^\n]*\n(.*?)(?:\n```.*)?\Z", re.DOTALL)


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


def known(cursor: Cursor, state: KernelState | None) -> str:
    """The rest of a name that lives in the kernel: a column, a field, a variable; empty where none fits.

    Always the same for the same cursor and state. Of several that fit it is the first column or field, or the shortest
    variable.
    """
    line = cursor.prefix.rpartition("\n")[2]
    if state is None or cursor.language != "python" or line.lstrip().startswith(("#", "%", "!")):
        return ""
    if column := _COLUMN.search(line):
        return _rest_of_column(column, cursor.suffix, state)
    if line.count('"') % 2 or line.count("'") % 2 or cursor.suffix[:1].isidentifier():
        return ""
    if attribute := _ATTRIBUTE.search(line):
        fields = _fields(state.variables.get(attribute["name"]))
        return _rest((one for one in fields if one.isidentifier()), attribute["typed"])
    name = _NAME.search(line)
    return _rest(sorted(state.variables, key=lambda one: (len(one), one)), name["typed"]) if name else ""


def messages(cursor: Cursor, state: KernelState | None, redactor: Redactor) -> tuple[Message, ...]:
    """What a model is told: the code around the cursor, and the live variables that it speaks of; no secrets."""
    before, after = cursor.prefix[-_BEFORE:], cursor.suffix[:_AFTER]
    told = "\n".join(_told(one) for one in _mentioned(before, state))
    about = f"<variables>\n{told}\n</variables>\n" if told else ""
    text = redactor.text(f"{about}<before>{before}</before><after>{after}</after>")
    system = _SYSTEM.format(language=redactor.text(cursor.language[:40]))
    return Message("system", system), Message("user", text)


async def asked(cursor: Cursor, state: KernelState | None, model: Model, redactor: Redactor) -> str:
    """What a model would go on with, in one short request.

    Raises:
        UpstreamError: the model's server failed, or took too long.
    """
    text = ""
    stream = model.stream(messages(cursor, state, redactor), (), deadline=time.monotonic() + SECONDS)
    async with aclosing(stream) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                text += event.text
            if len(text) > 2 * MAX_CHARACTERS:
                break
    return _before_secrets(_cleaned(text, cursor), cursor, redactor)


def _cleaned(text: str, cursor: Cursor) -> str:
    """Without fences, and without what stands before the cursor already."""
    fenced = _FENCE.match(text)
    text = fenced[1] if fenced else text.rstrip()
    line = cursor.prefix.rpartition("\n")[2]
    if line.strip() and text.startswith(line):
        text = text[len(line) :]
    return text[:MAX_CHARACTERS]


def _before_secrets(text: str, cursor: Cursor, redactor: Redactor) -> str:
    """As much as stands before anything that looks secret: a note of what was withheld is no code."""
    line = cursor.prefix[-_BEFORE:].rpartition("\n")[2]
    line = line if redactor.text(line) == line else ""
    whole = line + text
    told = redactor.text(whole)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(whole, told, strict=False)))
    return whole[len(line) : same]


def _rest_of_column(found: re.Match[str], suffix: str, state: KernelState) -> str:
    typed, quote = found["typed"], found["quote"]
    columns = [one for one in _fields(state.variables.get(found["frame"])) if quote not in one and "\\" not in one]
    column = next((one for one in columns if one.startswith(typed)), None)
    if column is None:
        return ""
    closing = "" if suffix.startswith(quote) else f"{quote}]"  # editors close quotes and brackets by themselves
    return column[len(typed) :] + closing


def _rest(names: Any, typed: str) -> str:
    return next((one[len(typed) :] for one in names if one.startswith(typed) and one != typed), "")


def _fields(variable: Variable | None) -> list[str]:
    """Columns, keys or fields, in their order."""
    facts: Any = variable.facts if variable is not None else {}
    columns = [str(one.get("name", "")) for one in facts.get("columns") or () if isinstance(one, dict)]
    return columns or [str(one) for one in (facts.get("keys") or facts.get("fields") or facts.get("methods") or ())]


def _mentioned(text: str, state: KernelState | None) -> Iterator[Variable]:
    """The variables that the code speaks of, the last first."""
    names = list(dict.fromkeys(reversed(_WORD.findall(text))))
    live = [] if state is None else [state.variables[one] for one in names if one in state.variables]
    return iter(live[:_MAX_VARIABLES])


def _told(variable: Variable) -> str:
    columns = ", ".join(_fields(variable)[:_MAX_COLUMNS])
    return f"{variable.name}: {variable.type}, {variable.summary}"[:300] + (f"; {columns}" if columns else "")
