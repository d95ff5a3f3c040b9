"""A server of the Responses API that refuses what the real one refuses, made from its documentation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.fake_model_server import STREAM, Asked, plain
from tests.support.scripted_api import Parts, ScriptedApi, sse

_FIELDS = frozenset(
    [
        "model",
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "stream",
        "store",
        "include",
        "reasoning",
        "text",
        "max_output_tokens",
        "temperature",
        "top_p",
        "prompt_cache_key",
        "service_tier",
        "truncation",
    ]
)
USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 70},
    "output_tokens": 8,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 108,
}


def message(words: str, **fields: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": words, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content, **fields}


def reasoning(words: str = "", secret: str = "gAAA") -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": words}] if words else []
    return {"type": "reasoning", "id": f"rs_{secret}", "summary": summary, "encrypted_content": secret, "status": None}


def call(tool: str = "list_variables", id_: str = "call_1", **arguments: Any) -> dict[str, Any]:
    given = json.dumps(arguments)
    return {"type": "function_call", "id": f"fc_{id_}", "call_id": id_, "name": tool, "arguments": given}


def item_events(index: int, item: dict[str, Any]) -> str:
    """An item as it is streamed: text and arguments in pieces."""
    deltas: list[str] = []
    begin = dict(item)
    match item["type"]:
        case "message":
            begin["content"] = []
            for number, part in enumerate(item["content"]):
                kind, words = ("output_text", part["text"]) if "text" in part else ("refusal", part["refusal"])
                half = len(words) // 2
                deltas += [
                    sse(f"response.{kind}.delta", output_index=index, content_index=number, delta=piece)
                    for piece in (words[:half], words[half:])
                ]
        case "reasoning":
            begin["encrypted_content"] = ""
            for part in item["summary"]:
                deltas.append(sse("response.reasoning_summary_part.added", output_index=index))
                deltas.append(sse("response.reasoning_summary_text.delta", output_index=index, delta=part["text"]))
        case "function_call":
            begin["arguments"] = ""
            pieces = (item["arguments"][:3], item["arguments"][3:])
            deltas += [
                sse("response.function_call_arguments.delta", output_index=index, delta=piece) for piece in pieces
            ]
            deltas.append(sse("response.function_call_arguments.done", output_index=index, arguments=item["arguments"]))
    added = sse("response.output_item.added", output_index=index, item=begin)
    return added + "".join(deltas) + sse("response.output_item.done", output_index=index, item=item)


def response(status: str = "completed", **fields: Any) -> dict[str, Any]:
    return {"object": "response", "id": "resp_1", "status": status, "error": None, "usage": USAGE, **fields}


def streamed(items: Parts, status: str = "completed", **fields: Any) -> str:
    """A whole streamed answer."""
    began = sse("response.created", response=response("in_progress", usage=None))
    events = "".join(item_events(index, item) for index, item in enumerate(items))
    end = sse(f"response.{status}", response=response(status, output=items, **fields))
    return STREAM + began + sse("response.in_progress", response=response("in_progress", usage=None)) + events + end


def refusal(text: str, status: int = 400, **fields: Any) -> str:
    return plain(status, {"error": {"message": text, "type": "invalid_request_error", "param": None, **fields}})


@dataclass
class ResponsesApi(ScriptedApi):
    """The API.

    Attributes:
        thinks: Whether the model does, so that it takes no temperature.
    """

    thinks: bool = True
    _issued: dict[str, dict[str, Any]] = field(default_factory=dict)

    def request_problem(self, asked: Asked) -> str:
        is_here = asked.line.startswith("POST /v1/responses HTTP")
        return self._problem(asked.body) if is_here else "only in v1/responses"

    def refusal(self, problem: str) -> str:
        return refusal(problem)

    def streamed(self, parts: Parts, body: dict[str, Any]) -> str:
        self._issued |= {item["id"]: item for item in parts if item["type"] == "reasoning"}
        return streamed(parts)

    def _problem(self, body: dict[str, Any]) -> str:
        """Why a request is refused; empty where it is not."""
        if unknown := body.keys() - _FIELDS:
            return f"Unknown parameter: '{min(unknown)}'."
        if body.get("store") is not False:
            return "Items are kept"
        if body.get("include", []) != (["reasoning.encrypted_content"] if self.thinks else []):
            return "Encrypted content is not supported with this model."
        if self.thinks and (named := body.keys() & {"temperature", "top_p"}):
            return f"Unsupported parameter: '{min(named)}' is not supported with this model."
        if not self.thinks and "reasoning" in body:
            return "Unsupported parameter: 'reasoning.effort' is not supported with this model."
        if body.get("max_output_tokens", 16) < 16:
            return "Invalid 'max_output_tokens': integer below minimum value."
        for tool in body.get("tools", []):
            if tool.keys() != {"type", "name", "description", "parameters", "strict"}:
                return f"Missing required parameter: 'tools[0].name': {sorted(tool)}"
        return self._input_problem(body["input"])

    def _input_problem(self, items: Parts) -> str:
        waiting: set[str] = set()
        for number, item in enumerate(items):
            kind = item.get("type", "message")
            if kind == "function_call_output":
                if item["call_id"] not in waiting:
                    return f"No tool call found for function call output with call_id {item['call_id']}."
                waiting.discard(item["call_id"])
            elif kind == "function_call":
                waiting.add(item["call_id"])
            elif kind == "reasoning":
                known = self._issued.get(item["id"])
                if known is None:
                    return (
                        f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to false."
                    )
                if (known["encrypted_content"], known["summary"]) != (item["encrypted_content"], item["summary"]):
                    return "The encrypted content for item could not be verified. (invalid_encrypted_content)"
                if number + 1 == len(items) or items[number + 1].get("type", "message") not in (
                    "function_call",
                    "message",
                ):
                    return f"Item '{item['id']}' of type 'reasoning' was provided without its required following item."
            elif item["role"] not in ("user", "assistant") or not item["content"]:
                return f"Invalid value: 'input[{number}]'"
            elif waiting:
                return f"No tool output found for function call {min(waiting)}."
        return f"No tool output found for function call {min(waiting)}." if waiting else ""
