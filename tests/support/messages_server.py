"""A server of the Messages API that refuses what the real one refuses, made from its documentation."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.support.fake_model_server import STREAM, Asked, plain
from tests.support.scripted_api import Parts, ScriptedApi, sse

_FIELDS = frozenset(
    [
        "model",
        "messages",
        "max_tokens",
        "system",
        "tools",
        "tool_choice",
        "stream",
        "thinking",
        "output_config",
        "stop_sequences",
        "temperature",
        "top_p",
        "top_k",
        "metadata",
        "service_tier",
    ]
)
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
USAGE = {"input_tokens": 10, "cache_read_input_tokens": 70, "cache_creation_input_tokens": 20, "output_tokens": 1}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def thinking(words: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": words}


def call(tool: str = "list_variables", id_: str = "toolu_1", **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id_, "name": tool, "input": arguments}


def begun() -> str:
    """How each stream begins."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "usage": USAGE}
    return STREAM + sse("message_start", message=message) + sse("ping")


def ended(reason: str, **fields: Any) -> str:
    """How each stream ends."""
    delta = {"stop_reason": reason, "stop_sequence": None, **fields}
    return sse("message_delta", delta=delta, usage={"output_tokens": 7}) + sse("message_stop")


def block_events(index: int, block: dict[str, Any], *, is_cut: bool = False) -> str:
    """A block as it is streamed: text and arguments in pieces."""
    begin, deltas = dict(block), list[dict[str, Any]]()
    match block["type"]:
        case "text":
            begin = text("")
            half = len(block["text"]) // 2
            deltas = [{"type": "text_delta", "text": piece} for piece in (block["text"][:half], block["text"][half:])]
        case "thinking":
            begin = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": block["thinking"]}] if block["thinking"] else []
            deltas.append({"type": "signature_delta", "signature": block.get("signature", "")})
        case "tool_use":
            begin["input"] = {}
            given = json.dumps(block["input"])
            given = given[:-3] if is_cut else given
            pieces = ("", given[:4], given[4:])
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    events = [sse("content_block_start", index=index, content_block=begin)]
    events += [sse("content_block_delta", index=index, delta=delta) for delta in deltas]
    return "".join(events) + ("" if is_cut else sse("content_block_stop", index=index))


def refusal(message: str, status: int = 400, kind: str = "invalid_request_error", headers: str = "") -> str:
    """An error as the API has it."""
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    return plain(status, body, headers=headers)


@dataclass
class MessagesApi(ScriptedApi):
    """The API.

    Attributes:
        is_adaptive: Whether the model thinks as much as it likes, so that it takes neither a budget nor a temperature.
        max_tokens: An answer's most.
    """

    is_adaptive: bool = True
    max_tokens: int = 128_000
    #: By signature: the thoughts, and what stood before them.
    _issued: dict[str, tuple[str, str]] = field(default_factory=dict)

    def request_problem(self, asked: Asked) -> str:
        if not asked.headers.get("x-api-key") or asked.headers.get("anthropic-version") != "2023-06-01":
            return "anthropic-version: header is required"
        return self._problem(asked.body) if asked.line.startswith("POST /v1/messages HTTP") else "no such path"

    def refusal(self, problem: str) -> str:
        return refusal(problem)

    def streamed(self, parts: Parts, body: dict[str, Any]) -> str:
        events = begun()
        for index, block in enumerate(parts):
            if block["type"] == "thinking":
                signature = f"sig{len(self._issued)}"
                block = {**block, "signature": signature}  # noqa: PLW2901
                self._issued[signature] = (block["thinking"], _prefix(body, len(body["messages"])))
            events += block_events(index, block)
        return events + ended("tool_use" if parts[-1]["type"] == "tool_use" else "end_turn")

    def _problem(self, body: dict[str, Any]) -> str:
        """Why a request is refused; empty where it is not."""
        if unknown := body.keys() - _FIELDS:
            return f"{min(unknown)}: Extra inputs are not permitted"
        if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
            return "max_tokens: Field required"
        if body["max_tokens"] > self.max_tokens:
            words = "which is the maximum allowed number of output tokens for this model"
            return f"max_tokens: {body['max_tokens']} > {self.max_tokens}, {words}"
        blocks = [*body.get("system", []), *body.get("tools", [])]
        blocks += [block for message in body["messages"] for block in message["content"]]
        marked = [block for block in blocks if "cache_control" in block]
        if len(marked) > 4:
            return f"A maximum of 4 blocks with cache_control may be provided. Found {len(marked)}."
        if any(block.get("type") in ("thinking", "redacted_thinking") for block in marked):
            return "cache_control cannot be set for thinking blocks"
        if any(block.get("type") == "text" and not block["text"].strip() for block in blocks):
            return "messages: text content blocks must contain non-whitespace text"
        return self._options_problem(body) or _order_problem(body["messages"]) or self._thinking_problem(body)

    def _options_problem(self, body: dict[str, Any]) -> str:
        kind, choice = body.get("thinking", {}).get("type"), body.get("tool_choice", {}).get("type")
        if self.is_adaptive and kind == "enabled":
            return '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive".'
        if not self.is_adaptive and kind == "adaptive":
            return "adaptive thinking is not supported on this model"
        if kind and choice in ("any", "tool"):
            return "Thinking may not be enabled when tool_choice forces tool use."
        if self.is_adaptive and choice in ("any", "tool"):
            return 'tool_choice: forced tool use is not supported for this model. Use "auto".'
        if "temperature" in body and (self.is_adaptive or kind):
            return "`temperature` is deprecated for this model."
        if kind == "enabled" and not 1024 <= body["thinking"]["budget_tokens"] < body["max_tokens"]:
            return "`max_tokens` must be greater than `thinking.budget_tokens`."
        for number, tool in enumerate(body.get("tools", [])):
            schema = tool["input_schema"]
            if (
                not _NAME.fullmatch(tool["name"])
                or schema.get("type") != "object"
                or {"oneOf", "anyOf"} & schema.keys()
            ):
                return f"tools.{number}.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level"
        return ""

    def _thinking_problem(self, body: dict[str, Any]) -> str:
        for number, message in enumerate(body["messages"]):
            for place, block in enumerate(message["content"]):
                if block["type"] != "thinking":
                    continue
                where = f"messages.{number}.content.{place}"
                known = self._issued.get(block.get("signature", ""))
                if known is None or known[0] != block["thinking"]:
                    return f"{where}: `thinking` blocks in the latest assistant message cannot be modified."
                if known[1] != _prefix(body, number):
                    return f"{where}: Invalid `signature` in `thinking` block. The block is bound to a different conversation."
        if body.get("thinking", {}).get("type") == "enabled":
            turns = [message["content"] for message in body["messages"]]
            began = max(number for number, blocks in enumerate(turns) if any(b["type"] == "text" for b in blocks))
            if any(blocks[0]["type"] == "tool_use" for blocks in turns[began:]):
                return "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`."
        return ""


def _prefix(body: dict[str, Any], number: int) -> str:
    """All that stands before a message, as far as it counts."""
    before = {"system": body.get("system"), "tools": body.get("tools"), "messages": body["messages"][:number]}
    return re.sub(r', "cache_control": \{"type": "ephemeral"\}', "", json.dumps(before))


def _order_problem(messages: list[dict[str, Any]]) -> str:
    waiting: list[str] = []
    seen: set[str] = set()
    for number, message in enumerate(messages):
        role, blocks = message["role"], message["content"]
        if role != ("assistant" if number % 2 else "user"):
            return 'messages: roles must alternate between "user" and "assistant"'
        if not blocks:
            return f"messages.{number}: all messages must have non-empty content"
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if sorted(results) != sorted(waiting):
            return f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately after: {waiting}"
        if any(block["type"] != "tool_result" for block in blocks[: len(results)]):
            return f"messages.{number}: `tool_result` blocks must come first"
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if len({*waiting}) < len(waiting) or seen & {*waiting}:
            return "messages: `tool_use` ids must be unique"
        if not all(_ID.fullmatch(id_) for id_ in waiting):
            return "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
        seen |= {*waiting}
        if any(block.get("is_error") and not isinstance(block["content"], str) for block in blocks):
            return 'messages: all content must be type "text" if "is_error" is true'
        inner = [part for block in blocks if isinstance(block.get("content"), list) for part in block["content"]]
        for picture in (part for part in (*blocks, *inner) if part["type"] == "image"):
            if picture["source"]["type"] == "base64":
                base64.b64decode(picture["source"]["data"], validate=True)
    if messages[-1]["role"] != "user":
        return "This model does not support assistant message prefill. The conversation must end with a user message."
    return ""
