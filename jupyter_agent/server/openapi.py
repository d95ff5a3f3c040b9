"""The OpenAPI document; handlers validate requests with it, so that it is true."""

from __future__ import annotations

from functools import cache
from typing import Any

from jupyter_agent.server import schemas
from jupyter_agent.server.schemas import COMPONENTS, Schema

_STATUSES = {
    "400": "Bad input; the message names the field.",
    "403": "Not signed in, or not allowed.",
    "404": "Unknown, or not yours.",
    "405": "Not this method here; the Allow header says which.",
    "409": "turn_in_progress, version_conflict, turn_id_reused, approval_stale.",
    "413": "Too large.",
    "415": "Not JSON.",
    "429": "A limit of this server.",
    "502": "The language model's server failed: upstream_*.",
    "503": "store_unavailable, kernel_unavailable, or an error of this server.",
    "504": "The language model's server did not answer in time.",
    "507": "No room to keep the conversation.",
}
_READ = ("400", "403", "404", "405", "503")
_WRITE = (*_READ, "409", "413", "415", "507")
_TURN = (*_WRITE, "429", "502", "504")


def _path_parameter(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _operation(
    summary: str, reply: str, *, body: str = "", parameters: tuple[Schema, ...] = (), errors: tuple[str, ...] = _READ
) -> Schema:
    operation: Schema = {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {
            "200": _content("Done.", {"$ref": f"#/components/schemas/{reply}"} if reply else {"type": "object"}),
            **{one: _content(_STATUSES[one], {"$ref": "#/components/schemas/Error"}) for one in errors},
        },
    }
    if body:
        operation["requestBody"] = {"required": True, **_content("", {"$ref": f"#/components/schemas/{body}"})}
        del operation["requestBody"]["description"]
    return operation


def _content(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_SESSION = _path_parameter("session_id", schemas.SESSION_ID_TEXT)
_NOTEBOOK = _query("notebook_id", schemas.NOTEBOOK_ID)
_TURN_ID = _path_parameter("turn_id", schemas.SESSION_ID_TEXT)
_KERNEL = _path_parameter("kernel_id", schemas.KERNEL_ID)
_LIMIT = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
_MAX_TURNS = {"type": "integer", "minimum": 1, "maximum": 10000, "default": 20, "description": "the last N entries"}
_TEXT = {"type": "string", "maxLength": 1000}


def _quick() -> Schema:
    operation = _operation("Ask about a notebook: one turn", "QuickReply", body="QuickRequest", errors=_TURN)
    operation["responses"]["200"]["content"]["text/event-stream"] = {
        "schema": {
            "type": "object",
            "description": "Events turn, text, tool_call, approval, run, tool_result, usage, "
            "then exactly one of done, error, cancelled, interrupted.",
            "properties": {
                "id": {"type": "string", "description": "1, 2, 3 and so on."},
                "event": {"type": "string"},
                "data": {"type": "string", "description": "A JSON object on one line."},
            },
            "required": ["id", "event", "data"],
        }
    }
    return operation


def _session_operations() -> Schema:
    where = (_SESSION, _NOTEBOOK)
    return {
        "get": _operation("A conversation in short", "Session", parameters=where),
        "delete": _operation("Clear a conversation", "Cleared", parameters=where, errors=_WRITE),
    }


def _history_operations() -> Schema:
    parameters = (_SESSION, _NOTEBOOK, _query("max_turns", _MAX_TURNS))
    return {"get": _operation("A conversation's last entries, oldest first", "History", parameters=parameters)}


def _paths() -> dict[str, Schema]:
    change = _operation(
        "Set title and metadata",
        "Session",
        body="SessionChange",
        parameters=(_SESSION, _NOTEBOOK),
        errors=_WRITE,
    )
    listing = (_NOTEBOOK, _query("q", _TEXT), _query("limit", _LIMIT), _query("cursor", _TEXT))
    since = _query("since", {"type": "integer", "minimum": 0, "description": "only what changed after this version"})
    return {
        "/api/agent/quick": {"post": _quick()},
        "/api/sessions/{session_id}": _session_operations(),
        "/api/sessions/{session_id}/history": _history_operations(),
        "/api/agent/sessions": {
            "get": _operation("Conversations, newest activity first", "SessionList", parameters=listing)
        },
        "/api/agent/sessions/{session_id}": {**_session_operations(), "patch": change},
        "/api/agent/sessions/{session_id}/history": _history_operations(),
        "/api/agent/turns/{turn_id}/cancel": {
            "post": _operation("Stop a turn; what was said is kept", "Cancelled", parameters=(_TURN_ID,))
        },
        "/api/agent/turns/{turn_id}/actions/{call_id}": {
            "post": _operation(
                "Answer an approval, or return what the caller ran",
                "Accepted",
                body="ActionAnswer",
                parameters=(_TURN_ID, _path_parameter("call_id", _TEXT)),
                errors=_WRITE,
            )
        },
        "/api/agent/kernels/{kernel_id}/state": {
            "get": _operation("What is known of a kernel", "KernelState", parameters=(_KERNEL, since))
        },
        "/api/agent/kernels/{kernel_id}/variables/{name}": {
            "get": _operation(
                "One variable in full",
                "Variable",
                parameters=(_KERNEL, _path_parameter("name", _TEXT), _query("column", _TEXT)),
            )
        },
        "/api/agent/models": {"get": _operation("Which models can answer", "Models")},
        "/api/agent/health": {"get": _operation("How the assistant is", "Health")},
        "/api/agent/health/live": {"get": _operation("Whether it runs", "Health")},
        "/api/agent/health/ready": {"get": _operation("Whether it can keep a conversation", "Health")},
        "/api/agent/openapi.json": {"get": _operation("This document", "")},
    }


@cache
def document() -> dict[str, Any]:
    """The whole document, paths below Jupyter's base URL."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Jupyter Agent",
            "version": "1",
            "description": "Paths are below Jupyter's base URL and need Jupyter's own authentication.",
        },
        "paths": _paths(),
        "components": {"schemas": COMPONENTS},
    }
