"""Tools for models that know none: offered in words, and their calls read from what the model says."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from jupyter_agent.core.messages import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jupyter_agent.core.protocols import ToolSpec

_OFFER = """# Tools

You can use tools. To use one, end your answer with a block like this one and write nothing after it:

```tool_call
{"name": "<tool>", "arguments": {}}
```

You get the result in the next message. Use only these tools, with arguments that fit their JSON schema:
"""
#: Characters of a block that may be a call; longer ones are none.
MAX_CALL = 1 << 16
_TAG, _END_TAG = "<tool_call>", "</tool_call>"
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[\w+-]*)")
_CERTAIN = frozenset({"tool_call", "tool_calls", "tool"})
_PERHAPS = frozenset({"", "json"})
_NAME = re.compile(r"""["'](?:name|tool)["']\s*:\s*["']([^"']{1,100})["']""")
_NAMES = ("name", "tool", "tool_name", "function")
_ARGUMENTS = ("arguments", "parameters", "args", "input")


def offer(tools: Sequence[ToolSpec]) -> Message:
    """What the model is told of the tools."""
    lines = (f"- {tool.name}: {tool.description} Schema: {json.dumps(dict(tool.parameters))}" for tool in tools)
    return Message("system", _OFFER + "\n".join(lines))


def without_calls(messages: Iterable[Message]) -> list[Message]:
    """The same history with its calls as the model is told to write them, and their results as messages of the user."""
    converted: list[Message] = []
    names: dict[str | None, str] = {}
    for message in messages:
        if message.role == "tool":
            name = names.get(message.tool_call_id, "the tool")
            result = f"Result of {name}:\n{_fenced('', message.content)}"
            converted.append(Message("user", result, pictures=message.pictures))
        elif message.tool_calls:
            names.update({call.id: call.name for call in message.tool_calls})
            calls = (
                f'{{"name": {json.dumps(call.name)}, "arguments": {call.arguments}}}' for call in message.tool_calls
            )
            blocks = "\n".join(_fenced("tool_call", call) for call in calls)
            converted.append(Message("assistant", f"{message.content}\n\n{blocks}".strip()))
        else:
            converted.append(message)
    return converted


def _fenced(language: str, text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call as the model wrote it: the name may be empty and the arguments broken, so that it is told what is wrong."""

    name: str
    arguments: str


@dataclass(slots=True)
class _Block:
    """Something fenced or tagged: a call, perhaps a call, or code, which is text like any other."""

    kind: Literal["call", "perhaps", "code"]
    end: str
    opening: str
    body: str = ""


class CallReader:
    """Passes text on as it comes, but for blocks that are calls.

    Args:
        names: Of the tools that are offered; JSON that is not said to be a call is one only if it names one of them.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.calls: list[WrittenCall] = []
        self.over = False
        self._names = frozenset(names)
        self._line = ""
        self._within = False
        self._begun = False
        self._block: _Block | None = None

    def feed(self, text: str) -> str:
        """Take in some text and return what is not a call; `over` once the model goes on talking after a call."""
        passed: list[str] = []
        first, *others = text.split("\n")
        self._line += first
        for other in others:
            self._line += "\n"
            passed.extend(self._whole_line())
            self._line, self._within = other, False
        passed.extend(self._part_of_line())
        if len(self._block.body if self._block else "") + len(self._line) > MAX_CALL:
            # Too much is held back: it is text, unless it was said to be a call.
            block = self._block or _Block("call" if _TAG in self._line else "perhaps", "", "")
            if block.kind == "call":
                self.calls.append(_broken(""))
                self.over, self._line, self._block = True, "", None
            else:
                passed.append(block.opening + block.body + self._line)
                self._block, self._line, self._within, self._begun = _Block("code", block.end, ""), "", True, True
        return self._text_outside_calls("".join(passed))

    def end(self) -> str:
        """The answer is complete: what was held back and is no call after all."""
        passed = list(self._whole_line())
        self._line = ""
        block, self._block = self._block, None
        if block is not None and block.kind != "code":
            passed.append(self._closed(block))
        return self._text_outside_calls("".join(passed))

    def _text_outside_calls(self, text: str) -> str:
        if not self.calls:
            return text
        self.over = self.over or bool(text.strip())
        return ""

    def _whole_line(self) -> Iterator[str]:
        """What of the line, or of the rest of it, may be passed on; it is over now."""
        line = self._line
        if self._block is None:
            before, tag, after = line.partition(_TAG)
            opened = _FENCE.match(line)
            if tag:
                yield before
                self._block = _Block("call", _END_TAG, "")
                line = after
            elif opened and not self._within:
                self._begun = True
                language = opened["language"].lower()
                kind: Literal["call", "perhaps", "code"] = "perhaps" if language in _PERHAPS else "code"
                self._block = block = _Block("call" if language in _CERTAIN else kind, opened["fence"], line)
                if block.kind == "code":
                    yield line
                elif rest := line[opened.end() :].strip():
                    yield from self._inside(rest)  # all of it in one line
                return
            elif not self._begun and line.lstrip().startswith("{"):
                self._block = _Block("perhaps", "", "")
            else:
                self._begun = self._begun or bool(line.strip())
                yield line
                return
        yield from self._inside(line)

    def _inside(self, line: str) -> Iterator[str]:
        block = self._block
        assert block is not None
        if block.end == _END_TAG:
            body, end, after = line.partition(_END_TAG)
            block.body += body
        else:
            stripped = line.strip()
            # A fence ends a block on a line of its own; a call's may stand right behind the call.
            ends = block.kind != "code" or not (self._within or (block.end and stripped.strip(block.end[0])))
            end = block.end if ends and stripped.endswith(block.end) else ""
            body, after = (stripped.removesuffix(end) if end else line), ""
            block.body += body if block.kind != "code" else ""
        if block.kind == "code":
            yield line
        if end:
            self._block = None
            if block.kind != "code":
                yield self._closed(block, line)
            if after.strip():
                yield after

    def _closed(self, block: _Block, end: str = "") -> str:
        """A block is complete: its calls are noted, or it is given back as text."""
        found = _calls(block.body)
        if block.kind == "call":
            self.calls.extend(found or [_broken(block.body)])
            return ""
        if found and all(call.name in self._names for call in found):
            self.calls.extend(found)
            return ""
        return block.opening + block.body + (end if block.end and end.strip() == block.end else "")

    def _part_of_line(self) -> Iterator[str]:
        """What of a line that goes on may be passed on: not what may become the beginning of a call."""
        line, block = self._line, self._block
        if block is not None and block.kind != "code":
            return
        if not self._within and line.lstrip()[:1] in ("", "`", "~"):
            return
        if block is None and not self._begun and line.lstrip().startswith("{"):
            return
        safe = len(line)
        if block is None:  # a tag may begin, or be whole
            tag = next((tag for tag in (_TAG[:size] for size in range(len(_TAG), 0, -1)) if line.endswith(tag)), "")
            safe = line.find(_TAG) if _TAG in line else len(line) - len(tag)
        if safe:
            yield line[:safe]
            self._line, self._within, self._begun = line[safe:], True, True


def _calls(body: str) -> list[WrittenCall]:
    """The calls of a block: one object, a list of them, or one after the other; empty where anything else is in it."""
    values: list[Any] = []
    text, decoder = body.strip(), json.JSONDecoder()
    try:
        try:
            while text:
                value, end = decoder.raw_decode(text)
                values.append(value)
                text = text[end:].lstrip(" \t\r\n,;")
        except ValueError:
            # Single quotes and a comma too many are what models write who have read much Python.
            values.append(ast.literal_eval(text))
        return [_call(entry) for value in values for entry in (value if isinstance(value, list) else [value])]
    except (ValueError, RecursionError, MemoryError, SyntaxError):
        return []


def _call(value: Any) -> WrittenCall:
    """One object as a call.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, dict):
        raise ValueError("not an object")
    inner = value.get("function")
    fields = inner if isinstance(inner, dict) else value
    name = next((fields[key] for key in _NAMES if isinstance(fields.get(key), str)), "")
    if not name:
        raise ValueError("no name")
    arguments: Any = next((fields[key] for key in _ARGUMENTS if key in fields), {})
    return WrittenCall(name, arguments if isinstance(arguments, str) else json.dumps(arguments))


def _broken(body: str) -> WrittenCall:
    """A call that cannot be read: it is never made, and the model learns why."""
    named = _NAME.search(body)
    return WrittenCall(named[1] if named else "", body.strip() or "{")
