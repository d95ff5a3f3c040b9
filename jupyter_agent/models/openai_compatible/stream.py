"""The stream of a chat completion: bytes to events, events to text and whole tool calls, nothing taken on trust."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from jupyter_agent.core.messages import ModelFinished, TextDelta, ToolCall, Usage
from jupyter_agent.models.openai_compatible import failures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_agent.core.messages import ModelEvent
    from jupyter_agent.models.openai_compatible.provider import Provider
    from jupyter_agent.models.openai_compatible.text_tools import CallReader

#: Bytes of text, and of tool arguments, that one answer may have.
MAX_ANSWER = 1 << 20
#: Bytes of one event of the stream; some servers send a whole answer in one.
MAX_EVENT = 8 << 20
#: Bytes of the whole stream; a few hundred frame each token of the answer.
MAX_STREAM = 256 << 20
MAX_CALLS = 50
_MAX_TOKENS = 10**9
_LINE_END = re.compile(rb"\r\n|\n|\r")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REASONS = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "refused",
    "refusal": "refused",
    "safety": "refused",
}


class TooLong(Exception):
    """More came than one answer may have."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One server-sent event: the name is empty for most."""

    name: str
    data: str


class EventDecoder:
    """Puts server-sent events together from pieces of bytes, cut anywhere.

    Attributes:
        heard: Whether there was any event.
    """

    def __init__(self) -> None:
        self.heard = False
        self._line_parts: list[bytes] = []
        self._name = ""
        self._data: list[str] = []
        self._held = 0
        self._total = 0
        self._after_return = False

    def feed(self, piece: bytes) -> Iterator[ServerEvent]:
        """Take in some bytes and yield the events that they complete.

        Raises:
            TooLong: an event, or the stream, is longer than any answer may be.
            UnicodeDecodeError: a line is not UTF-8.
        """
        if not piece:
            return
        self._total += len(piece)
        self._held += len(piece)
        if self._held > MAX_EVENT or self._total > MAX_STREAM:
            raise TooLong
        if self._after_return and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_return = piece.endswith(b"\r")
        *lines, rest = _LINE_END.split(piece)
        for line in lines:
            whole = b"".join((*self._line_parts, line))
            self._line_parts.clear()
            yield from self._line(whole.decode("utf-8"))
        self._line_parts.append(rest)

    def _line(self, line: str) -> Iterator[ServerEvent]:
        name, _, value = line.removeprefix("\ufeff").partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
        elif name == "event":
            self._name = value.removeprefix(" ")
        elif not line:
            if self._data:
                self.heard = True
                yield ServerEvent(self._name, "\n".join(self._data))
            self._name, self._data, self._held = "", [], 0


@dataclass(slots=True)
class _PartialCall:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class StreamedAnswer:
    """What has been understood of an answer so far.

    Args:
        server: Who answers.
        used: Ids that tool calls of the conversation have already.
        reader: Finds the calls that the model writes into its text.
    """

    def __init__(self, server: Provider, used: frozenset[str] = frozenset(), reader: CallReader | None = None) -> None:
        self.done = False
        self.spoken = False
        self._finish = ""
        self._refused = False
        self._server = server
        self._used = set(used)
        self._room = {"text": MAX_ANSWER, "arguments": MAX_ANSWER}
        self._calls: dict[int, _PartialCall] = {}
        self._usage = Usage()
        self._reader = reader

    @property
    def complete(self) -> bool:
        """Whether the server has said that the answer is over."""
        return self.done or bool(self._finish)

    def take(self, event: ServerEvent) -> str:
        """Take in one event and return the text that it adds.

        Raises:
            Failure: the server reports an error.
            ValueError, TypeError, AttributeError, RecursionError: not the protocol.
        """
        if event.data.strip().startswith("[DONE]"):
            self.done = True
            return ""
        chunk = json.loads(event.data)
        if not isinstance(chunk, dict):
            raise TypeError("not an object")
        if chunk.get("error") or event.name == "error":
            error = chunk.get("error")
            code = error.get("code") if isinstance(error, dict) else None
            status = code if isinstance(code, int) and 400 <= code < 600 else 500
            words = failures.words(chunk)
            if status == 500 and re.search(r"rate.?limit", words, re.IGNORECASE):
                status = 429
            if status == 500 and re.search(r"context|invalid.request|not.found", words, re.IGNORECASE):
                status = 400
            raise failures.from_status(status, words, self._server)
        self._usage = _usage(chunk.get("usage")) or self._usage
        text = "".join(self._choice(choice) for choice in _list(chunk.get("choices")))
        if self._reader is None:
            return text
        text = self._reader.feed(text)
        self.done = self.done or self._reader.over  # what it makes up of the result is not waited for
        return text

    def cut(self) -> None:
        """End the answer here, because it has grown too long."""
        self._finish = "length"
        self.done = True

    def end(self) -> Iterator[ModelEvent]:
        """The events that end a complete answer: text that might have become a call, tool calls, and how it ended.

        Each call has an id of its own; there are none where they may be cut short.
        """
        if self._reader is not None and (text := self._reader.end()):
            yield TextDelta(text)
        refused = self._refused or self._finish == "refused"
        calls: list[ToolCall] = []
        if not refused and self._finish != "length":
            calls += [
                ToolCall(self._own_id(call.id), call.name, "".join(call.arguments) or "{}")
                for call in self._calls.values()
                if call.name or any(call.arguments)
            ]
            # Some servers pass a call on both ways.
            spoken = self._reader.calls if self._reader is not None and not calls else []
            calls += [ToolCall(self._own_id(""), call.name, call.arguments) for call in spoken]
            yield from calls[:MAX_CALLS]
        usual: Literal["tool_calls", "stop"] = "tool_calls" if calls else "stop"
        yield ModelFinished("refused" if refused else "length" if self._finish == "length" else usual, self._usage)

    def _choice(self, choice: Any) -> str:
        """Take in one choice and return the text that it adds."""
        if not isinstance(choice, dict):
            raise TypeError("not a choice")
        if choice.get("index") not in (0, None):
            return ""
        delta = choice.get("delta") or choice.get("message") or {}
        text = _plain(delta.get("content"))
        refusal = delta.get("refusal")
        if isinstance(refusal, str) and refusal:
            self._refused = True
            text += refusal
        self.spoken = self.spoken or bool(text)
        text = self._fit("text", text)
        for call in _list(delta.get("tool_calls")):
            self._call(call)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason and not self._finish:
            if reason == "error":
                raise failures.Failure(failures.broken_off(self._server), passing=True)
            self._finish = _REASONS.get(reason.lower(), "stop")
        return text

    def _call(self, delta: Any) -> None:
        if not isinstance(delta, dict):
            raise TypeError("not a tool call")
        function = delta.get("function") or {}
        id_, name = _string(delta.get("id")), _string(function.get("name"))
        key = self._key(delta.get("index"), id_, name)
        if key not in self._calls and len(self._calls) >= MAX_CALLS:
            return
        call = self._calls.setdefault(key, _PartialCall())
        call.id = call.id or id_
        call.name = call.name or name
        arguments = function.get("arguments")
        text = json.dumps(arguments) if isinstance(arguments, dict) else _string(arguments)
        call.arguments.append(self._fit("arguments", text))

    def _key(self, index: object, id_: str, name: str) -> int:
        """The number of the call that a delta belongs to; an unused one where it begins a call."""
        last = max(self._calls, default=-1)
        if isinstance(index, int) and not isinstance(index, bool):
            known = self._calls.get(index)
            # Some servers send every call whole, and all as number 0.
            if known is None or not name or (id_ == known.id if id_ and known.id else name == known.name):
                return index
        same = next((number for number, call in self._calls.items() if id_ and call.id == id_), None)
        if same is not None:
            return same
        return last + 1 if id_ or name or last < 0 else last

    def _fit(self, kind: str, text: str) -> str:
        """The text if there is room for it, else as much as there is room for, and the answer ends."""
        encoded = text.encode("utf-8", "surrogatepass")
        room = self._room[kind]
        self._room[kind] -= len(encoded)
        if len(encoded) <= room:
            return text
        self.cut()
        return encoded[: max(0, room)].decode("utf-8", "ignore")

    def _own_id(self, id_: str) -> str:
        if not _ID.fullmatch(id_) or id_ in self._used:
            id_ = f"call_{uuid.uuid4().hex[:24]}"
        self._used.add(id_)
        return id_


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _plain(content: object) -> str:
    """Text of a content, which some servers send as a list of parts; what the model thinks aloud is left out."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise TypeError("not text")
    return "".join(
        _string(part.get("text")) for part in content if isinstance(part, dict) and part.get("type") == "text"
    )


def _usage(value: object) -> Usage | None:
    """What the server counted; what cannot be true counts nothing."""
    if not isinstance(value, dict):
        return None
    cost = value.get("cost")
    dollars = float(cost) if isinstance(cost, (int, float)) and 0 <= cost < _MAX_TOKENS else 0.0
    sent, received = (
        count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < _MAX_TOKENS else 0
        for count in (value.get("prompt_tokens"), value.get("completion_tokens"))
    )
    return Usage(sent, received, dollars)
