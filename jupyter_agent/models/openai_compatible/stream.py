"""The stream of an answer: bytes to events, events to text and whole tool calls, nothing taken on trust.

The SDK's typed stream takes ten times as long for each piece (107 µs, ours 11 with the server's part), ends at the first event that is
no JSON, and knows neither thoughts nor fields that a server wants back.
"""

from __future__ import annotations

import json
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from jupyter_agent.core.events import ModelFinished, TextDelta, ThinkingDelta
from jupyter_agent.core.messages import Json, ToolCall, Usage
from jupyter_agent.models.openai_compatible import arguments, failures
from jupyter_agent.models.openai_compatible.thoughts import Delta, ThoughtReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jupyter_agent.core.events import ModelEvent
    from jupyter_agent.models.openai_compatible.provider import Provider
    from jupyter_agent.models.openai_compatible.text_tools import CallReader

#: Bytes of text, of tool arguments and of thoughts that one answer may have.
MAX_ANSWER = 1 << 20
#: Bytes of one event of the stream; some servers send a whole answer in one.
MAX_EVENT = 8 << 20
#: Bytes of the whole stream; a few hundred frame each token of the answer.
MAX_STREAM = 256 << 20
MAX_CALLS = 50
#: Characters of the arguments of a call that was cut: it is never made.
_MAX_CUT = 2000
_MAX_TOKENS = 10**9
_LINE_END = re.compile(rb"\r\n|\n|\r")
#: What of a message is understood, or of no use to whoever sent it; all else is what the server wants back.
_KNOWN = frozenset(
    {
        "role",
        "content",
        "tool_calls",
        "function_call",
        "refusal",
        "audio",
        "annotations",
        "name",
        "index",
        "obfuscation",
    }
)
#: Texts of an entry of a list that come in pieces.
_CONTINUED = ("text", "summary", "data")
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REASONS = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "refused",
    "refusal": "refused",
    "safety": "refused",
}


class Pieces(list[str]):
    """A text that comes in pieces, and is put together once: to put each to those before takes the square of the time."""


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
            if self._line_parts:
                line = b"".join((*self._line_parts, line))  # noqa: PLW2901 - the whole of it
                self._line_parts.clear()
            if (event := self._line(line.decode("utf-8", "replace"))) is not None:
                yield event
        if rest:
            self._line_parts.append(rest)

    def _line(self, line: str) -> ServerEvent | None:
        """Take in a line and return the event that it completes."""
        if not line:
            return self._event()
        name, _, value = line.removeprefix("\ufeff").partition(":")
        if name == "data":
            value, event = value.removeprefix(" "), None
            if self._data and self._data[-1].endswith("}") and value.startswith(("{", "[DONE]")):
                event = self._event()  # no empty line stands between them
            self._data.append(value)
            return event
        if line.startswith("{") and not self._data:  # each line is data: so is an answer in one piece
            self._data.append(line)
            return self._event()
        if name == "event":
            self._name = value.removeprefix(" ")
        return None

    def _event(self) -> ServerEvent | None:
        event = ServerEvent(self._name, "\n".join(self._data)) if self._data else None
        self.heard = self.heard or event is not None
        self._name, self._data, self._held = "", [], 0
        return event


@dataclass(slots=True)
class _PartialCall:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The arguments; of pieces that each repeat what came before, the last."""
        pieces = [piece for piece in self.arguments if piece]
        is_repeated = len(pieces) > 2 and all(
            len(piece) > len(before) and piece.startswith(before) for before, piece in pairwise(pieces)
        )
        return pieces[-1] if is_repeated else "".join(pieces) or "{}"


class StreamedAnswer:
    """What has been understood of an answer so far.

    Args:
        server: Who answers.
        used: Ids that tool calls of the conversation have already.
        new_reader: Makes what finds the calls that the model writes into its text.
        thoughts: Finds the thoughts that it writes into its text.
        read: Takes in the events of another API than that of chat completions: what an event says is given to the answer, and
            what it adds is returned.

    Attributes:
        server: Who answers.
        done: Nothing more comes.
        spoken: Whether there was a word of the answer.
        begun: Whether there was one, or a call, that the server goes on with: a silence is none of thoughts.
        garbled: Whether there was an event that is not the protocol; each is passed over.
        usage: What the server counted.
        cached: Tokens that it had in its cache, where it says so apart from that.
        extra: What it wants back with the message.
    """

    def __init__(
        self,
        server: Provider,
        used: frozenset[str] = frozenset(),
        new_reader: Callable[[], CallReader] | None = None,
        thoughts: ThoughtReader | None = None,
        read: Callable[[dict[str, Any], StreamedAnswer], Iterable[Delta]] | None = None,
    ) -> None:
        self.done = self.spoken = self.begun = self.garbled = False
        self.usage = Usage()
        self.cached = 0
        self.extra: dict[str, Any] = {}
        self._read = read or _read_chunk
        self._finish = ""
        self._refused = False
        self.server = server
        self._used = set(used)
        self._room = {"text": MAX_ANSWER, "arguments": MAX_ANSWER, "thoughts": MAX_ANSWER}
        self._calls: dict[int, _PartialCall] = {}
        self._new_reader = new_reader
        self._reader = new_reader() if new_reader is not None else None
        self._thoughts = thoughts or ThoughtReader()

    @property
    def complete(self) -> bool:
        """Whether the server has said that the answer is over."""
        return self.done or bool(self._finish)

    def take(self, event: ServerEvent) -> list[Delta]:
        """Take in one event and return what it adds: text of the answer, and thoughts.

        Raises:
            Failure: the server reports an error.
        """
        if event.data.strip().startswith("[DONE]"):
            self.done = True
            return []
        try:
            chunk = json.loads(event.data)
            if not isinstance(chunk, dict):
                raise TypeError("not an object")
            is_error = (
                event.name == "error" or "error" in (chunk.get("object"), chunk.get("type")) or chunk.get("error")
            )
            if is_error and not self.complete:  # the end of an answer is its end
                raise failures.from_event(chunk, self.server)
            deltas = list(self._read(chunk, self))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.garbled = True
            return []
        return self._without_calls(deltas)

    def cut(self) -> None:
        """End the answer here, because it has grown too long."""
        self._finish = "length"
        self.done = True

    def end(self) -> Iterator[ModelEvent]:
        """The events that end a complete answer: text that might have become a call, tool calls, and how it ended.

        Each call has an id of its own. The last one of an answer that was cut short may not be whole.
        """
        is_cut = self._finish == "length"
        yield from self._without_calls(self._thoughts.finish(is_cut=is_cut))
        if self._reader is not None and (text := self._reader.end(is_cut=is_cut)):
            self.spoken = True
            yield TextDelta(text)
        refused = self._refused or self._finish == "refused"
        calls: list[ToolCall] = []
        if not refused:
            calls += [
                self._whole(call, is_cut=is_cut) for call in self._calls.values() if call.name or any(call.arguments)
            ]
            # Some servers pass a call on both ways.
            spoken = self._reader.calls if self._reader is not None and not calls else []
            calls += [ToolCall(self._own_id(""), call.name, call.arguments) for call in spoken]
            yield from calls[:MAX_CALLS]
        usual: Literal["tool_calls", "stop"] = "tool_calls" if calls else "stop"
        reason: Literal["refused", "length", "tool_calls", "stop"] = (
            "refused" if refused else "length" if is_cut else usual
        )
        cached = min(self.usage.cached_tokens or self.cached, self.usage.input_tokens)
        yield ModelFinished(reason, replace(self.usage, cached_tokens=cached), joined(self.extra))

    def _whole(self, call: _PartialCall, *, is_cut: bool) -> ToolCall:
        text = arguments.repaired(call.text(), is_cut=is_cut)
        return ToolCall(
            self._own_id(call.id),
            call.name,
            text[:_MAX_CUT] if is_cut and text == call.text() else text,
            joined(call.extra),
        )

    def _without_calls(self, deltas: list[Delta]) -> list[Delta]:
        """The same without the calls that the model has written into its text."""
        passed: list[Delta] = []
        for delta in deltas:
            if isinstance(delta, ThinkingDelta):
                if delta.replaces_text and self._new_reader is not None:
                    self._reader = self._new_reader()  # a call that is only thought of is none
                self.spoken = self.spoken and not delta.replaces_text
                passed.append(delta)
            elif text := self._reader.feed(delta.text) if self._reader is not None else delta.text:
                self.spoken = self.begun = True
                passed.append(delta if text is delta.text else TextDelta(text))
        if self._reader is not None:
            self.done = self.done or self._reader.over  # what it makes up of the result is not waited for
        return passed

    def think(self, text: str) -> list[Delta]:
        """Take in some thoughts."""
        return [ThinkingDelta(text)] if (text := self._fit("thoughts", text)) else []

    def speak(self, text: str) -> list[Delta]:
        """Take in some text of the answer."""
        return self._thoughts.feed(text) if (text := self._fit("text", text)) else []

    def add_call(
        self,
        index: object,
        id_: object = "",
        name: object = "",
        arguments: object = "",
        extra: Mapping[str, Json] = MappingProxyType({}),
    ) -> None:
        """Take in a piece of a call, or a whole one.

        Args:
            index: The call's number, where its server gives it one.
            id_: Its id, with the first piece.
            name: Likewise.
            arguments: JSON text, to be continued; or data.
            extra: What the server wants back with it.
        """
        id_, name = _string(id_), _string(name)
        text = json.dumps(arguments) if isinstance(arguments, dict) else _string(arguments)
        key = self._key(index, id_, name, text)
        if key not in self._calls and len(self._calls) >= MAX_CALLS:
            return
        call = self._calls.setdefault(key, _PartialCall())
        call.id = call.id or id_
        call.name = call.name or name
        call.arguments.append(self._fit("arguments", text))
        self.begun = True
        merge(call.extra, extra)

    def finish(self, reason: str, *, refused: bool = False) -> None:
        """The server says that the answer is over, or refused."""
        self._refused = self._refused or refused
        if reason and not self._finish:
            self._finish = _REASONS.get(reason.lower(), "stop")

    def _key(self, index: object, id_: str, name: str, text: str) -> int:
        """The number of the call that a delta belongs to; an unused one where it begins a call."""
        last = max(self._calls, default=-1)
        if isinstance(index, int) and not isinstance(index, bool):
            known = self._calls.get(index)
            # Some servers send every call whole, and all as number 0.
            is_same = known is None or not name or (id_ == known.id if id_ and known.id else name == known.name)
            if known is None or (is_same and not (name and not id_ and _are_two(known.arguments, text))):
                return index
        same = next((number for number, call in self._calls.items() if id_ and call.id == id_), None)
        if same is not None:
            return same
        return last + 1 if id_ or name or last < 0 else last

    def _fit(self, kind: str, text: str) -> str:
        """The text if there is room for it, else as much as there is room for, and the answer ends."""
        if text == "":
            return ""
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


def _read_chunk(chunk: dict[str, Any], answer: StreamedAnswer) -> Iterator[Delta]:
    """Take in a chunk of a chat completion, or a whole one: what it adds."""
    if not chunk.keys() & {"choices", "usage"} and chunk.keys() & {"detail", "message"}:
        raise failures.from_event(chunk, answer.server)
    answer.usage = _usage(chunk.get("usage")) or answer.usage
    if isinstance(groq := chunk.get("x_groq"), dict):
        answer.usage = _usage(groq.get("usage")) or answer.usage
    if isinstance(timings := chunk.get("timings"), dict):  # llama.cpp's, with each piece or the last one
        answer.cached = count(timings.get("cache_n"))
    for choice in _list(chunk.get("choices")):
        if not isinstance(choice, dict):
            raise TypeError("not a choice")
        answer.usage = _usage(choice.get("usage")) or answer.usage  # Moonshot's, Kimi's
        if choice.get("index") not in (0, "0", None):
            continue
        # Some repeat the whole message with the last piece.
        delta = choice.get("delta" if "delta" in choice else "message") or {}
        thought, text = _parts(delta.get("content"))
        thought, refusal = _thought(delta) or thought, _string(delta.get("refusal"))
        if "delta" not in choice and answer.spoken:  # all of it once more
            thought = text = refusal = ""
        yield from answer.think(thought)
        answer.finish("", refused=bool(refusal))
        yield from answer.speak(text + refusal)
        calls, older = _list(delta.get("tool_calls")), delta.get("function_call")
        for call in calls:
            _read_call(call, answer)
        if isinstance(older, dict) and not calls:
            _read_call({"index": 0, "function": older}, answer)
        merge(answer.extra, {name: value for name, value in delta.items() if name not in _KNOWN})
        reason = _string(choice.get("finish_reason"))
        if reason == "error" and not answer.complete:
            raise failures.Failure(failures.broken_off(answer.server), passing=True)
        answer.finish(reason)


def _read_call(delta: Any, answer: StreamedAnswer) -> None:
    if not isinstance(delta, dict):
        raise TypeError("not a tool call")
    function = delta.get("function") or {}
    extra = {name: value for name, value in delta.items() if name not in ("index", "id", "type", "function")}
    inner = {name: value for name, value in function.items() if name not in ("name", "arguments")}
    answer.add_call(
        delta.get("index"),
        delta.get("id"),
        function.get("name"),
        function.get("arguments"),
        {**extra, "function": inner} if any(inner.values()) else extra,
    )


def _are_two(pieces: list[str], text: str) -> bool:
    """Whether the one piece of a call's arguments, and a text, are those of two calls, each whole: neither goes on with the other."""
    with suppress(ValueError, RecursionError):
        [piece] = pieces
        one, other = json.loads(piece), json.loads(text)
        if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
            changed = [name for name in one if one[name] != other[name]]
            return bool(changed) and not any(str(other[name]).startswith(str(one[name])) for name in changed)
    return False


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _thought(delta: dict[str, Any]) -> str:
    """What a message's own field says of the model's thoughts; several say the same."""
    for name in _THOUGHTS:
        if isinstance(thought := delta.get(name), str) and thought:
            return thought
    details = delta.get("reasoning_details")
    return "".join(_inner_text(part) for part in details if isinstance(part, dict)) if isinstance(details, list) else ""


def _parts(content: object) -> tuple[str, str]:
    """Thoughts and text of a content, which some servers send as a list of parts."""
    if content is None:
        return "", ""
    if isinstance(content, str):
        return "", content
    if not isinstance(content, list):
        raise TypeError("not text")
    parts = [(str(part.get("type")), _inner_text(part)) for part in content if isinstance(part, dict)]
    thoughts = "".join(text for kind, text in parts if kind.startswith(("thinking", "reasoning")))
    return thoughts, "".join(text for kind, text in parts if kind in ("text", "output_text"))


def _inner_text(part: dict[str, Any]) -> str:
    """The text of a part, which may have parts of its own."""
    for name in ("text", "thinking", "summary", "content"):
        if isinstance(value := part.get(name), str):
            return value
        if isinstance(value, list):
            return "".join(_string(inner.get("text")) for inner in value if isinstance(inner, dict))
    return ""


def merge(known: dict[str, Any], more: Mapping[str, Json]) -> None:
    """Put the fields of one more piece to those before: texts are continued, entries of lists by their index."""
    for name, value in more.items():
        before = known.get(name)
        if isinstance(value, str) and isinstance(before, (str, Pieces)):
            known[name] = _continued(before, value)
        elif isinstance(value, dict) and isinstance(before, dict):
            known[name] = {**before, **{key: inner for key, inner in value.items() if inner is not None}}
        elif isinstance(value, list) and isinstance(before, list) and not isinstance(before, Pieces):
            for entry in value:
                last = before[-1] if before else None
                if (
                    isinstance(entry, dict)
                    and isinstance(last, dict)
                    and "index" in entry
                    and (entry["index"], entry.get("type")) == (last.get("index"), last.get("type"))
                ):
                    texts = {
                        key: _continued(last.get(key) or "", str(entry[key])) for key in _CONTINUED if entry.get(key)
                    }
                    before[-1] = last | {key: inner for key, inner in entry.items() if inner is not None} | texts
                else:
                    before.append(entry)
        elif value not in (None, "", [], {}):
            known[name] = list(value) if isinstance(value, list) else value


def joined(value: Any) -> Any:
    """Fields with the texts in them put together."""
    if isinstance(value, Pieces):
        return "".join(value)
    if isinstance(value, dict):
        return {name: joined(inner) for name, inner in value.items()}
    return [joined(inner) for inner in value] if isinstance(value, list) else value


def _continued(before: object, more: str) -> Pieces:
    pieces = before if isinstance(before, Pieces) else Pieces([before if isinstance(before, str) else str(before)])
    pieces.append(more)
    return pieces


def _usage(value: object) -> Usage | None:
    """What the server counted; what cannot be true counts nothing."""
    if not isinstance(value, dict):
        return None
    cost = value.get("cost")
    dollars = float(cost) if isinstance(cost, (int, float)) and 0 <= cost < _MAX_TOKENS else 0.0
    details = value.get("prompt_tokens_details")
    cached = count(details.get("cached_tokens")) if isinstance(details, dict) else 0
    cached = (
        cached or count(value.get("prompt_cache_hit_tokens")) or count(value.get("cached_tokens"))
    )  # DeepSeek's, Kimi's
    return Usage(count(value.get("prompt_tokens")), count(value.get("completion_tokens")), dollars, cached)


def count(value: object) -> int:
    """A number of tokens; 0 for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_TOKENS else 0
