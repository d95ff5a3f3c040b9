"""Anthropic's Messages API: our messages and tools as its request, its events as an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.messages import ToolCall, Usage
from jupyter_agent.core.pictures import MAX_SHOWN
from jupyter_agent.models.openai_compatible.stream import count
from jupyter_agent.models.openai_compatible.wire import arguments_of, clean, conversation, parts_of, tool_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from jupyter_agent.core.messages import Message, Picture
    from jupyter_agent.core.protocols import ModelOptions, ToolSpec
    from jupyter_agent.models.openai_compatible.failures import Failure
    from jupyter_agent.models.openai_compatible.stream import StreamedAnswer
    from jupyter_agent.models.openai_compatible.thoughts import Delta

_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2})(?!\d))?(?!\d)")
#: The API wants to be told; what is not used costs nothing.
_MAX_TOKENS = 32_000
_MAX_TOKENS_BEFORE_4 = 4096
#: How OpenAI calls it, and how it is called here.
_EFFORTS = {
    "none": "low",
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}
#: Tokens of thoughts, of models that are given a number.
_BUDGETS = {"low": 2048, "medium": 8192, "high": 16_384, "xhigh": 24_576, "max": 24_576}
_LEAST_BUDGET = 1024
_MAX_REFUSED = 10_000
_CACHED = {"type": "ephemeral"}
_GO_ON = {"type": "text", "text": "Go on."}
_TOP_LEVEL = frozenset({"oneOf", "anyOf", "allOf"})
_TOO_MANY = re.compile(r"max_tokens: (\d+) > (\d+)|exceed context limit: (\d+) \+ (\d+) > (\d+)")
#: It does not take back its thoughts: something before them has changed, or they are not as they were.
_BAD_THOUGHTS = re.compile(r"thinking\W{1,3} ?block|signature|expected \W?thinking|thinking\W{0,2} or", re.IGNORECASE)
_BAD_THINKING = re.compile(
    r"\bthinking\b.{0,80}(not|n't|unsupported|extra|permitted)|adaptive|budget_tokens", re.IGNORECASE
)


@dataclass(slots=True)
class Learned:
    """What a model's server has said.

    Attributes:
        max_tokens: An answer's most.
        refused: Signatures of thoughts that it has not taken back, and never will: something before them has changed.
    """

    max_tokens: int | None = None
    refused: set[str] = field(default_factory=set)


@dataclass
class MessagesRequest:
    """A question by this API.

    Attributes:
        messages: The conversation.
        tools: What may be called.
        options: How the answer is to be made.
        new_answer: Makes what reads an answer.
        learned: What is known of the model.
        is_continued: Whether the last message is the model's own, which it goes on with.
        reader: Of the answer that came last.
    """

    messages: Sequence[Message]
    tools: Sequence[ToolSpec]
    options: ModelOptions
    new_answer: Callable[..., StreamedAnswer]
    learned: Learned
    is_continued: bool = False
    path: str = "messages"
    reader: BlockReader = field(init=False)
    _room: int | None = field(default=None, init=False)

    def body(self, model: str, without: frozenset[str]) -> dict[str, Any]:
        messages = [message for message in self.messages if message.role != "system"]
        messages = conversation(messages, self.tools, without, self._may_return)
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": self._max_tokens(model, without),
            "messages": _turns(messages, is_continued=self.is_continued),
            "stream": True,
        }
        texts = [message.content for message in self.messages if message.role == "system" and message.content.strip()]
        if texts:
            body["system"] = [{"type": "text", "text": clean(text)} for text in texts]
        if self.tools:
            body["tools"] = [
                {
                    "name": tool_name(tool.name),
                    "description": tool.description,
                    # Of an object, without alternatives at its top.
                    "input_schema": {
                        "type": "object",
                        **{name: value for name, value in tool.parameters.items() if name not in _TOP_LEVEL},
                    },
                }
                for tool in self.tools
            ]
        body |= self._wire_options(model, without, body["max_tokens"])
        if "cache" not in without:
            _mark_cached(body)
        return body | {name: value for name, value in self.options.extra_body.items() if name not in without}

    def _max_tokens(self, model: str, without: frozenset[str]) -> int:
        usual = _MAX_TOKENS_BEFORE_4 if (1, 0) <= _version(model) < (4, 0) else _MAX_TOKENS
        asked = self.options.max_tokens if "max_tokens" not in without else None
        return min(most for most in (asked or usual, self.learned.max_tokens, self._room) if most)

    def _wire_options(self, model: str, without: frozenset[str], max_tokens: int) -> dict[str, Any]:
        given = {name: value for name, value in self.options.given().items() if name not in without}
        wired: dict[str, Any] = {name: min(1.0, given[name]) for name in ("temperature", "top_p") if name in given}
        if stop := [text for text in given.get("stop", ()) if text.strip()]:
            wired["stop_sequences"] = stop
        choice = given.get("tool_choice") if self.tools else None
        if choice:
            wired["tool_choice"] = (
                {"type": "any"} if choice == "required" else {"type": "tool", "name": tool_name(choice)}
            )
        if self.tools and given.get("parallel_tool_calls") is False:
            wired["tool_choice"] = {**wired.get("tool_choice", {"type": "auto"}), "disable_parallel_tool_use": True}
        output: dict[str, Any] = {}
        form = given.get("response_format") or {}
        if isinstance(schema := form.get("json_schema"), dict) and isinstance(schema.get("schema"), dict):
            output["format"] = {"type": "json_schema", "schema": schema["schema"]}
        version = _version(model)
        effort = _EFFORTS.get(given.get("reasoning_effort", ""), "")
        is_adaptive = version >= (4, 6) or "mythos" in model
        if effort and (is_adaptive or (version == (4, 5) and "opus" in model)):
            output["effort"] = effort
        if output:
            wired["output_config"] = output
        # It neither thinks where a tool has to be called, nor leaves anything to chance where it thinks.
        if "thinking" not in without and not choice and not wired.keys() & {"temperature", "top_p"}:
            budget = min(_BUDGETS.get(effort, 0), max_tokens // 2)
            if is_adaptive:
                wired["thinking"] = {"type": "adaptive", "display": "summarized"}
            elif version >= (3, 7) and budget >= _LEAST_BUDGET and self._may_think():
                wired["thinking"] = {"type": "enabled", "budget_tokens": budget}
        return wired

    def _may_think(self) -> bool:
        """Whether each call of this turn has the thoughts before it, which models want that are given a number of tokens."""
        last = max((number for number, message in enumerate(self.messages) if message.role == "user"), default=0)
        calling = [message for message in self.messages[last:] if message.tool_calls]
        return all(message.extra and self._may_return(message) for message in calling)

    def _may_return(self, message: Message) -> bool:
        """Whether its thoughts, if there are any, were not refused."""
        return not _signatures(message) & self.learned.refused

    def options_in(self, body: dict[str, Any]) -> Collection[str]:
        output, choice = body.get("output_config", {}), body.get("tool_choice", {})
        carried = {
            "max_tokens": self.options.max_tokens is not None,
            "temperature": "temperature" in body,
            "top_p": "top_p" in body,
            "stop": "stop_sequences" in body,
            "tool_choice": choice.get("type") in ("any", "tool"),
            # Several at once are what it does anyway.
            "parallel_tool_calls": bool(choice.get("disable_parallel_tool_use") or self.options.parallel_tool_calls),
            "response_format": "format" in output,
            "reasoning_effort": "effort" in output or "budget_tokens" in body.get("thinking", {}),
        }
        return {
            *(name for name, is_carried in carried.items() if is_carried),
            *(self.options.extra_body.keys() & body.keys()),
        }

    def answer(self) -> StreamedAnswer:
        self.reader = BlockReader()
        return self.new_answer(read=self.reader.read)

    def mended(self, failure: Failure) -> MessagesRequest | None:
        detail = failure.error.detail
        if failure.error.upstream_status != 400:
            return None
        if (found := _TOO_MANY.search(detail)) is not None:
            if found[1]:
                self.learned.max_tokens = int(found[2])
                return self
            room = int(found[5]) - int(found[3])
            is_new, self._room = self._room is None, room
            return self if is_new and room >= _LEAST_BUDGET else None
        sent = set[str]().union(*map(_signatures, self.messages)) - self.learned.refused
        if sent and _BAD_THOUGHTS.search(detail):
            if len(self.learned.refused) > _MAX_REFUSED:
                self.learned.refused.clear()
            self.learned.refused |= sent
            return self
        parts = {"thinking": _BAD_THINKING.search(detail), "cache": "cache_control" in detail}
        failure.without += tuple(part for part, is_named in parts.items() if is_named)
        return None

    def succeeded(self, answer: StreamedAnswer) -> None:
        pass


def _signatures(message: Message) -> set[str]:
    """Those of its thoughts."""
    parts = message.extra.get("parts")
    found = [part for part in parts if isinstance(part, Mapping)] if isinstance(parts, (list, tuple)) else []
    return {str(part.get("signature") or part.get("data")) for part in found if part.keys() & {"signature", "data"}}


def _version(model: str) -> tuple[int, int]:
    """A model's version; that of one whose name tells nothing is before all."""
    found = _VERSION.search(model.lower())
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)


def _turns(messages: Iterable[Message], *, is_continued: bool) -> list[dict[str, Any]]:
    """Messages as turns of the user and the model, one after the other, the first and the last the user's."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        if not turns and role == "assistant":
            turns.append({"role": "user", "content": [dict(_GO_ON)]})
        if not turns or turns[-1]["role"] != role:
            turns.append({"role": role, "content": []})
        turns[-1]["content"] += _blocks(message)
    turns = [turn for turn in turns if turn["content"]]
    if not turns or (turns[-1]["role"] == "assistant" and not is_continued):
        turns.append({"role": "user", "content": [dict(_GO_ON)]})
    last = turns[-1]["content"][-1]
    if turns[-1]["role"] == "assistant" and last["type"] == "text":
        last["text"] = last["text"].rstrip()
    return turns


def _blocks(message: Message) -> Iterator[dict[str, Any]]:
    pictures = [_picture(picture) for picture in message.pictures]
    if message.role == "tool":
        text = clean(message.content) if message.content.strip() else "(nothing)"
        content = [{"type": "text", "text": text}, *pictures[-MAX_SHOWN:]] if pictures else text
        result = {"type": "tool_result", "tool_use_id": tool_name(message.tool_call_id or ""), "content": content}
        yield result | ({"is_error": True} if message.code and not pictures else {})  # an error has words alone
        return
    yield from pictures
    for value, part in parts_of(message):
        match value:
            case str() if value.strip():
                yield {"type": "text", "text": clean(value)}
            case ToolCall():
                name = tool_name(value.name)
                yield {
                    "type": "tool_use",
                    "id": tool_name(value.id),
                    "name": name,
                    "input": json.loads(arguments_of(value)),
                }
            case None:
                yield dict(part)


def _picture(picture: Picture) -> dict[str, Any]:
    source = {"type": "base64", "media_type": picture.mime, "data": picture.data}
    return {"type": "image", "source": source if picture.mime else {"type": "url", "url": picture.url}}


def _mark_cached(body: dict[str, Any]) -> None:
    """Mark where what is sent again ends: of every question, of the next one, and of the next step of this one."""
    turns, system = body["messages"], body.get("system") or []
    asked = next(
        number
        for number in reversed(range(len(turns)))
        if turns[number]["role"] == "user" and any(block["type"] != "tool_result" for block in turns[number]["content"])
    )
    ends = [system[:1], system[1:][-1:]] if system else [body.get("tools", [])[-1:]]
    ends += [turn["content"][-1:] for turn in (*turns[:asked][-1:], turns[-1])]
    for block in (block for end in ends for block in end):
        if block.get("type") not in ("thinking", "redacted_thinking"):
            block["cache_control"] = _CACHED


class BlockReader:
    """Reads the events of an answer: blocks that begin, grow and end.

    Attributes:
        is_paused: Whether the model wants to be asked to go on.
    """

    def __init__(self) -> None:
        self.is_paused = False
        self._blocks: dict[object, dict[str, Any]] = {}
        #: What has come of a block's texts, which are put together at the end.
        self._pieces: dict[object, dict[str, list[str]]] = {}
        self._has_thought = False
        self._between = ""
        self._counted: dict[str, int] = {}

    def read(self, event: dict[str, Any], answer: StreamedAnswer) -> Iterator[Delta]:
        match event.get("type"):
            case "message_start":
                self._count(event["message"].get("usage"), answer)
            case "content_block_start":
                yield from self._begin(event.get("index"), event["content_block"], answer)
            case "content_block_delta":
                yield from self._grow(event.get("index"), event["delta"], answer)
            case "content_block_stop":
                answer.begun = False  # it may think before the next one
            case "message_delta":
                yield from self._end(event["delta"], event.get("usage"), answer)
            case "message_stop":
                answer.done = True
            case "message":  # not streamed
                for index, block in enumerate(event["content"]):
                    yield from self._begin(index, block, answer)
                yield from self._end(event, event.get("usage"), answer)

    def _begin(self, index: object, block: dict[str, Any], answer: StreamedAnswer) -> Iterator[Delta]:
        self._blocks[index] = block = dict(block)
        pieces: dict[str, list[str]] = {"text": [], "thinking": [], "signature": []}
        self._pieces[index] = pieces
        for name in pieces.keys() & block.keys():
            pieces[name] += [block[name]] if isinstance(block[name], str) else []
        match block["type"]:
            case "text":
                yield from answer.speak(block["text"])
            case "thinking":
                self._between = "\n\n" if self._has_thought else ""
                yield from self._think(block["thinking"], answer)
            case "tool_use":
                answer.add_call(index, block["id"], block["name"], block.get("input") or "")

    def _grow(self, index: object, delta: dict[str, Any], answer: StreamedAnswer) -> Iterator[Delta]:
        block, pieces = self._blocks[index], self._pieces[index]
        match delta["type"]:
            case "text_delta":
                yield from answer.speak(delta["text"])
                pieces["text"].append(delta["text"])
            case "thinking_delta":
                yield from self._think(delta["thinking"], answer)
                pieces["thinking"].append(delta["thinking"])
            case "signature_delta" if isinstance(delta["signature"], str):
                pieces["signature"].append(delta["signature"])
            case "input_json_delta" if block["type"] == "tool_use":
                answer.add_call(index, arguments=delta["partial_json"])
                answer.begun = False  # each argument comes when it is whole

    def _think(self, text: str, answer: StreamedAnswer) -> Iterator[Delta]:
        """Take in some thoughts; those of two blocks are two paragraphs."""
        if text:
            yield from answer.think(self._between + text)
            self._between = ""
            self._has_thought = True

    def _end(self, delta: dict[str, Any], usage: object, answer: StreamedAnswer) -> Iterator[Delta]:
        self._count(usage, answer)
        reason, details = delta.get("stop_reason") or "", delta.get("stop_details")
        self.is_paused = reason == "pause_turn"
        if reason == "refusal" and not answer.spoken and isinstance(details, dict):
            yield from answer.speak(details.get("explanation") or "")
        for index, pieces in self._pieces.items():
            self._blocks[index] |= {name: "".join(texts) for name, texts in pieces.items() if texts}
        parts = [part for block in self._blocks.values() if (part := _part(block)) is not None]
        if any(part.keys() - {"size", "call"} for part in parts):
            answer.extra["parts"] = parts
        answer.finish(reason)

    def _count(self, usage: object, answer: StreamedAnswer) -> None:
        """Take in what was counted so far: of what is said again, the last number counts."""
        if isinstance(usage, dict):
            self._counted |= {name: count(value) for name, value in usage.items() if value is not None}
        read, written = (self._counted.get(f"cache_{name}_input_tokens", 0) for name in ("read", "creation"))
        sent = self._counted.get("input_tokens", 0) + read + written
        answer.usage = Usage(sent, self._counted.get("output_tokens", 0), cached_tokens=read)


def _part(block: dict[str, Any]) -> dict[str, Any] | None:
    """What is kept of a block, see `parts_of`; None where it did not come whole."""
    match block["type"]:
        case "text":
            return {"size": len(block.get("text", ""))}
        case "tool_use":
            return {"call": True}
        case "thinking":
            return block if block.get("signature") else None
    return block
