"""What is asked, and what has been said and found so far, read from the messages alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from jupyter_agent.core.kernel_state import CHANGED
from jupyter_agent.core.messages import Message, code_blocks
from jupyter_agent.core.protocols import ToolSpec
from jupyter_agent.core.text import omitted_questions

_CONTEXT = re.compile(r"^[ \t]*<(context[\w-]*)>$.*?(?:^</\1>[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_CHANGED = re.compile(rf"^{CHANGED}(.+)$", re.MULTILINE)
#: The number of a question in a list, ``1. What is …``.
_NUMBERED = re.compile(r"\A(?:question\s+)?\d{1,2}\s*[.):]\s+(?=\S)", re.IGNORECASE)
_IF_SO = re.compile(r"(?<=[?.])\s+if (?:yes|so),?\s+", re.IGNORECASE)
#: How far back questions are read again for what "it" means.
MEMORY = 12

Signature = tuple[str, str]


def signature(tool: str, arguments: Mapping[str, Any]) -> Signature:
    """What makes two calls the same call."""
    return tool, json.dumps(arguments, sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages, sorted out.

    Attributes:
        question: The newest question, without the context around it.
        earlier: Questions before it, oldest first.
        answer: The assistant's newest answer before the question.
        results: Contents of this turn's tool results by call.
        codes: Codes of this turn's tool results that are failures, by call.
        before: Newest contents of earlier turns' tool results by call.
        offered: Names of the tools that may be called.
        changed: Names that are new, changed or gone since the last question, as far as the context tells.
    """

    question: str
    earlier: tuple[str, ...]
    answer: str
    results: Mapping[Signature, str]
    before: Mapping[Signature, str]
    offered: frozenset[str]
    changed: tuple[str, ...] = ()
    codes: Mapping[Signature, str] = field(default_factory=dict)

    @classmethod
    def of(cls, messages: Sequence[Message], tools: Iterable[ToolSpec]) -> Conversation:
        """Read messages in the order of the provider's protocol."""
        asked = [place for place, message in enumerate(messages) if message.role == "user"]
        last = asked[-1] if asked else len(messages)
        # A question is what stands outside the context blocks of a user message.
        texts = [_CONTEXT.sub("", messages[place].content) for place in asked]
        if texts:
            omitted, rest = omitted_questions(texts[0])
            texts = [*omitted, *filter(None, [rest]), *texts[1:]]
        typed = [_plain(text) for text in texts]
        # ``Are there gaps? If so, in which columns?`` asks the second after the first.
        questions = tuple(part for question in typed for part in _IF_SO.split(question, maxsplit=1))
        context = "\n".join(block[0] for block in _CONTEXT.finditer(messages[last].content)) if asked else ""
        changed = _CHANGED.search(context)
        answers = [
            message.content for message in messages[:last] if message.role == "assistant" and message.content.strip()
        ]
        return cls(
            question=questions[-1] if questions else "",
            earlier=questions[:-1][-MEMORY:],
            answer=answers[-1] if answers else "",
            results=_by_call(messages[last:], lambda message: message.result),
            before=_by_call(messages[:last], lambda message: message.result),
            offered=frozenset(tool.name for tool in tools),
            changed=tuple(changed[1].split(", ")) if changed else (),
            codes=_by_call(messages[last:], lambda message: message.code),
        )

    @property
    def code(self) -> str:
        """The first block of code in the newest answer."""
        return next(
            (code_block.source for code_block in code_blocks(self.answer) if code_block.language in ("python", "py")),
            "",
        )


def _plain(question: str) -> str:
    """Without its number in a list, and with ``column(s)`` as ``columns``."""
    return re.sub(r"\b([a-z]{4,})\(s\)", r"\1s", _NUMBERED.sub("", question.strip()))


def _by_call(messages: Iterable[Message], value: Callable[[Message], str]) -> Mapping[Signature, str]:
    calls: dict[str, Signature] = {}
    found: dict[Signature, str] = {}
    for message in messages:
        for call in message.tool_calls:
            arguments: object = None
            with suppress(ValueError, RecursionError):
                arguments = json.loads(call.arguments or "{}")
            calls[call.id] = signature(call.name, arguments if isinstance(arguments, dict) else {})
        if message.role == "tool" and message.tool_call_id in calls:
            found[calls[message.tool_call_id]] = value(message)
    return MappingProxyType(found)
