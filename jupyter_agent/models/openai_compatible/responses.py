"""OpenAI's Responses API: a reasoning model goes on with its thoughts between tool calls, and nothing is kept of what it is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.messages import Message, ToolCall, Usage
from jupyter_agent.core.pictures import MAX_SHOWN
from jupyter_agent.models.openai_compatible import failures
from jupyter_agent.models.openai_compatible.stream import count
from jupyter_agent.models.openai_compatible.wire import arguments_of, clean, conversation, parts_of, tool_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from jupyter_agent.core.messages import Picture
    from jupyter_agent.core.protocols import ModelOptions, ToolSpec
    from jupyter_agent.models.openai_compatible.failures import Failure
    from jupyter_agent.models.openai_compatible.stream import StreamedAnswer
    from jupyter_agent.models.openai_compatible.thoughts import Delta

#: Families that think, and those that are there alone.
_FAMILIES = re.compile(
    r"(ft:)?(o1(?!-(mini|preview))|o[2-9]|gpt-([5-9]|\d\d)(?!.*(chat|search))|computer-use|.*(codex|-deep-research))",
    re.IGNORECASE,
)
_NAMED = re.compile(r"v1/responses|responses?[ -](api|endpoint)|only .{0,30}\bresponses\b", re.IGNORECASE)
#: What it says of thoughts that it cannot read any more, or that it misses.
_BAD_THOUGHTS = re.compile(
    r"encrypted.?content|items are not persisted|reasoning.{0,80}(required|without)|(required|without).{0,80}reasoning",
    re.IGNORECASE,
)
#: What it says of a model that has none.
_NO_THOUGHTS = re.compile(r"encrypted content is not supported", re.IGNORECASE)
#: Fewer are refused.
_LEAST_TOKENS = 16
#: Models that were found to be asked by this API alone, by server, as long as this process lives.
_found: set[tuple[str, str]] = set()


def is_asked(model: str, server: str, chosen: str, *, is_openai: bool) -> bool:
    """Whether a model is asked by this API.

    Args:
        model: Its name.
        server: What names its server.
        chosen: What the options say: ``chat``, ``responses``, or nothing.
        is_openai: Whether the server is OpenAI's own.
    """
    if chosen:
        return chosen == "responses"
    return (server, model) in _found or (is_openai and _FAMILIES.match(model) is not None)


def is_named(failure: Failure) -> bool:
    """Whether a server says that the model is asked by this API."""
    return failure.error.upstream_status in (400, 404, 405, 422) and bool(_NAMED.search(failure.error.detail))


@dataclass
class ResponsesRequest:
    """A question by this API.

    Attributes:
        messages: The conversation.
        tools: What may be called.
        options: How the answer is to be made.
        new_answer: Makes what reads an answer.
        learned: The server and the model that are remembered where an answer comes.
        instead_of: The failure of the other API that has led here.
    """

    messages: Sequence[Message]
    tools: Sequence[ToolSpec]
    options: ModelOptions
    new_answer: Callable[..., StreamedAnswer]
    learned: tuple[str, str] = ("", "")
    instead_of: Failure | None = None
    path: str = "responses"
    _has_thoughts: bool = field(default=True, init=False)

    def body(self, model: str, without: frozenset[str]) -> dict[str, Any]:
        messages = conversation(self.messages, self.tools, without, lambda _: self._has_thoughts)
        system = [message.content for message in messages if message.role == "system"]
        others = [message for message in messages if message.role != "system"]
        body: dict[str, Any] = {
            "model": model,
            "input": [item for message in others for item in _items(message)],
            "store": False,
            "stream": "stream" not in without,
        }
        if "include" not in without:
            body["include"] = ["reasoning.encrypted_content"]
        if system:
            body["instructions"] = clean(system[0])
        if self.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "name": tool_name(tool.name),
                    "description": tool.description,
                    "parameters": dict(tool.parameters),
                    "strict": False,
                }
                for tool in self.tools
            ]
        extra = {name: value for name, value in self.options.extra_body.items() if name not in without}
        return body | self._wire_options(model, without) | extra

    def _wire_options(self, model: str, without: frozenset[str]) -> dict[str, Any]:
        given = {name: value for name, value in self.options.given().items() if name not in without}
        wired: dict[str, Any] = {name: given[name] for name in ("temperature", "top_p") if name in given}
        reasoning = {"effort": given["reasoning_effort"]} if "reasoning_effort" in given else {}
        if _FAMILIES.match(model) and "summary" not in without:
            reasoning["summary"] = "auto"
        if reasoning:
            wired["reasoning"] = reasoning
        if "max_tokens" in given:
            wired["max_output_tokens"] = max(_LEAST_TOKENS, given["max_tokens"])
        if self.tools and "parallel_tool_calls" in given:
            wired["parallel_tool_calls"] = given["parallel_tool_calls"]
        if self.tools and (choice := given.get("tool_choice")):
            wired["tool_choice"] = choice if choice == "required" else {"type": "function", "name": tool_name(choice)}
        if form := given.get("response_format"):
            schema = form.get("json_schema")
            wired["text"] = {"format": {**schema, "type": "json_schema"} if isinstance(schema, dict) else dict(form)}
        return wired

    def options_in(self, body: dict[str, Any]) -> Collection[str]:
        named = {"max_output_tokens": "max_tokens", "text": "response_format"}
        options = {named.get(name, name) for name in body}
        return options | ({"reasoning_effort"} if "effort" in body.get("reasoning", {}) else set())

    def answer(self) -> StreamedAnswer:
        return self.new_answer(read=ItemReader().read)

    def mended(self, failure: Failure) -> ResponsesRequest | None:
        error = failure.error
        if self.instead_of is not None and error.upstream_status in (404, 405):
            failure.error = self.instead_of.error  # there is no such API, and what led here is what there is to say
        elif error.upstream_status == 400 and _NO_THOUGHTS.search(error.detail):
            failure.without += ("include",)
        elif self._has_thoughts and error.upstream_status in (400, 404) and _BAD_THOUGHTS.search(error.detail):
            self._has_thoughts = False
            return self
        elif error.upstream_status in (400, 403) and re.search(r"summar(y|ies)", error.detail):
            failure.without += ("summary",)  # an organisation has to be verified for them
        return None

    def succeeded(self, answer: StreamedAnswer) -> None:
        if self.instead_of is not None:
            _found.add(self.learned)


def _items(message: Message) -> Iterator[dict[str, Any]]:
    """A message as items of the request's input."""
    if message.role == "tool":
        output = _content(message.content, message.pictures[-MAX_SHOWN:])
        yield {"type": "function_call_output", "call_id": message.tool_call_id, "output": output}
        return
    if message.role != "assistant":
        yield {"role": message.role, "content": _content(message.content, message.pictures)}
        return
    for value, part in parts_of(message):
        match value:
            case str():
                phase = {"phase": part["phase"]} if part.get("phase") else {}
                yield {"role": "assistant", "content": clean(value), **phase}
            case ToolCall():
                call = {"call_id": value.id, "name": tool_name(value.name), "arguments": arguments_of(value)}
                yield {"type": "function_call", **call}
            case None:
                yield dict(part)


def _content(text: str, pictures: Sequence[Picture]) -> str | list[dict[str, Any]]:
    if not pictures:
        return clean(text)
    shown = [{"type": "input_image", "image_url": picture.url, "detail": "auto"} for picture in pictures]
    return [{"type": "input_text", "text": clean(text)}, *shown]


class ItemReader:
    """Reads the events of an answer: items that are added and done, with pieces of their texts between."""

    def __init__(self) -> None:
        #: Items of which texts or arguments came in pieces, and those that came whole.
        self._began: set[tuple[str, object]] = set()
        self._done: set[object] = set()
        self._has_summary = False

    def read(self, event: dict[str, Any], answer: StreamedAnswer) -> Iterator[Delta]:
        kind = str(event.get("type", "")).removeprefix("response.")
        index = event.get("output_index")
        match kind:
            case "output_text.delta" | "refusal.delta":
                self._began.add(("message", index))
                answer.finish("", refused=kind == "refusal.delta")
                yield from answer.speak(event["delta"])
            case "reasoning_summary_text.delta" | "reasoning_text.delta":
                self._has_summary = True
                yield from answer.think(event["delta"])
            case "reasoning_summary_part.added" if self._has_summary:
                yield from answer.think("\n\n")
            case "output_item.added" if event["item"].get("type") == "function_call":
                answer.add_call(index, event["item"].get("call_id", ""), event["item"].get("name", ""))
            case "function_call_arguments.delta":
                self._began.add(("function_call", index))
                answer.add_call(index, arguments=event["delta"])
            case "output_item.done":
                self._done.add(index)
                yield from self._item(event["item"], index, answer)
                answer.begun = False  # it may think before the next one
            case "completed" | "incomplete" | "failed" | "cancelled":
                yield from self._end(event["response"], answer)
            case _ if event.get("object") == "response" and event.get("status") != "in_progress":  # not streamed
                yield from self._end(event, answer)

    def _item(self, item: dict[str, Any], index: object, answer: StreamedAnswer) -> Iterator[Delta]:
        """Take in a whole item, of which nothing or all may have come in pieces."""
        parts, kind = answer.extra.setdefault("parts", []), item.get("type")
        if kind == "reasoning":
            if item.get("encrypted_content"):
                parts.append({name: value for name, value in item.items() if name != "status" and value is not None})
        elif kind == "message":
            contents = [content for content in item.get("content") or [] if isinstance(content, dict)]
            texts = [str(content.get("text") or content.get("refusal") or "") for content in contents]
            parts.append({"size": len("".join(texts)), **({"phase": item["phase"]} if item.get("phase") else {})})
            if (kind, index) not in self._began:
                answer.finish("", refused=any(content.get("type") == "refusal" for content in contents))
                yield from answer.speak("".join(texts))
        elif kind == "function_call":
            parts.append({"call": True})
            text = "" if (kind, index) in self._began else item.get("arguments")
            answer.add_call(index, item.get("call_id", ""), item.get("name", ""), text)

    def _end(self, response: dict[str, Any], answer: StreamedAnswer) -> Iterator[Delta]:
        status = response.get("status")
        if (error := response.get("error")) or status in ("failed", "cancelled"):
            raise failures.from_event({"error": error or {"code": status}}, answer.server)
        for index, item in enumerate(response.get("output") or []):
            if not self._done & {index, None}:
                yield from self._item(item, index, answer)
        usage, details = response.get("usage"), response.get("incomplete_details")
        if isinstance(usage, dict):
            inputs = usage.get("input_tokens_details")
            cached = count(inputs.get("cached_tokens")) if isinstance(inputs, dict) else 0
            answer.usage = Usage(
                count(usage.get("input_tokens")), count(usage.get("output_tokens")), cached_tokens=cached
            )
        if not any(part.keys() - {"size", "call"} for part in answer.extra.get("parts", ())):
            answer.extra.clear()
        answer.finish(str(details.get("reason")) if isinstance(details, dict) else "stop")
        answer.done = True
