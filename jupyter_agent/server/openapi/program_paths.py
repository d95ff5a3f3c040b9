"""The endpoints for programs that speak a protocol of others, OpenAI's API and MCP, for the OpenAPI document."""

from __future__ import annotations

from jupyter_agent.server.openapi.operations import NOTEBOOK, READ, TURN, operation
from jupyter_agent.server.openapi.schemas import APPROVAL, FREE_OBJECT, MAX_MESSAGE, NOTEBOOK_ID, SESSION_ID_TEXT
from jupyter_agent.server.openapi.shapes import Schema, a_list, a_text, or_null, reference
from jupyter_agent.server.openapi.turn_paths import event_stream

_FREE: Schema = {"type": ["object", "null"], "additionalProperties": True}
_NAME = a_text("of the function", pattern="^[A-Za-z0-9_-]{1,64}$", **{"x-form": "1 to 64 letters, digits, _ and -"})
_CALL: Schema = {
    "type": "object",
    "properties": {
        "id": a_text("as the response had it", maxLength=1000),
        "function": {
            "type": "object",
            "properties": {"name": {"type": "string", "maxLength": 1000}, "arguments": or_null(a_text("JSON"))},
            "required": ["name"],
        },
    },
    "required": ["id", "function"],
}
_CONTENT: Schema = {
    "anyOf": [
        {"type": "string", "maxLength": MAX_MESSAGE},
        {"type": "array", "items": {"type": "object"}, "maxItems": 1000},
        {"type": "null"},
    ]
}
CHAT_MESSAGE: Schema = {
    "type": "object",
    "properties": {
        "role": {"type": "string", "enum": ["system", "developer", "user", "assistant", "tool"]},
        "content": _CONTENT,
        "tool_calls": or_null(a_list(_CALL, maxItems=128)),
        "tool_call_id": or_null(a_text("of the call that this answers", maxLength=1000)),
    },
    "required": ["role"],
}
CHAT_TOOL: Schema = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["function"]},
        "function": {
            "type": "object",
            "properties": {
                "name": _NAME,
                "description": or_null(a_text("for the model", maxLength=10_000)),
                "parameters": _FREE,
            },
            "required": ["name"],
        },
    },
    "required": ["type", "function"],
}
CHAT_REQUEST: Schema = {
    "type": "object",
    "description": "As the OpenAI API has it; what is not listed here, such as temperature, is accepted and not used.",
    "properties": {
        "model": or_null(a_text("one of GET …/v1/models, or a model of the configured provider", maxLength=200)),
        "messages": a_list(reference("ChatMessage"), minItems=1, maxItems=5000, **{"x-form": "at least one message"}),
        "stream": {"type": ["boolean", "null"]},
        "stream_options": _FREE,
        "tools": or_null(a_list(reference("ChatTool"), maxItems=128, description="the client's own")),
        "tool_choice": {"description": "auto or none"},
        "n": {"type": ["integer", "null"]},
        "response_format": _FREE,
        "session_id": or_null({**SESSION_ID_TEXT, "description": "The conversation that the server keeps."}),
        "sessionId": or_null(SESSION_ID_TEXT),
        "notebook_id": or_null(NOTEBOOK_ID),
        "approval": APPROVAL,
    },
    "required": ["messages"],
}
CHAT_REPLY: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "object": {"const": "chat.completion"},
        "created": {"type": "integer"},
        "model": {"type": "string"},
        "choices": a_list(FREE_OBJECT),
        "usage": FREE_OBJECT,
        "sessionId": a_text("in a conversation that the server keeps; likewise the two below"),
        "messages": a_list(FREE_OBJECT),
        "reply": {"type": "string"},
    },
    "required": ["id", "object", "created", "model", "choices", "usage"],
}
CHAT_MODELS: Schema = {
    "type": "object",
    "properties": {"object": {"const": "list"}, "data": a_list(FREE_OBJECT)},
    "required": ["object", "data"],
}
MCP_MESSAGE: Schema = {
    "type": "object",
    "properties": {"jsonrpc": {"const": "2.0"}, "method": {"type": "string"}},
    "description": "a request or notification of the Model Context Protocol",
}
COMPONENTS: dict[str, Schema] = {
    "ChatMessage": CHAT_MESSAGE,
    "ChatModels": CHAT_MODELS,
    "ChatReply": CHAT_REPLY,
    "ChatRequest": CHAT_REQUEST,
    "ChatTool": CHAT_TOOL,
    "McpMessage": MCP_MESSAGE,
}
_SESSION: Schema = {
    "name": "X-Jupyter-Agent-Session",
    "in": "header",
    "required": False,
    "schema": {**SESSION_ID_TEXT, "description": "The same as session_id in the body."},
}


def paths() -> dict[str, Schema]:
    """Path → method → operation."""
    asking = operation(
        "Ask as the OpenAI API does: any of its clients talks to the assistant that knows the notebook",
        "ChatReply",
        body="ChatRequest",
        parameters=(_SESSION,),
        errors=TURN,
    )
    asking["responses"]["200"]["content"] |= event_stream("Chunks as the OpenAI API has them, then [DONE].")
    speaking = operation(
        "The tools for other agents, by the Model Context Protocol (streamable HTTP, without sessions)",
        "",
        body="McpMessage",
        parameters=(NOTEBOOK,),
        errors=(*READ, "413", "415"),
    )
    speaking["responses"]["202"] = {"description": "Taken in; it needs no answer."}
    return {
        "/api/agent/mcp": {"post": speaking},
        "/api/agent/v1/chat/completions": {"post": asking},
        "/api/agent/v1/models": {"get": operation("What may be named as the model", "ChatModels", errors=READ)},
    }
