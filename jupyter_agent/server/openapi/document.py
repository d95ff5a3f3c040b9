"""The OpenAPI document, made from the table of operations and the wire types when it is first needed."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jupyter_agent.core.errors import UpstreamError, kinds
from jupyter_agent.server.openapi.operations import DEFAULTS, OPERATIONS, PARAMETERS, Operation
from jupyter_agent.server.openapi.schemas import TEMPLATE, Schema, schemas_of

_STATUSES = {
    "400": "Bad input; the message names the field.",
    "401": "Not signed in, or the model's server did not accept its key.",
    "403": "Not signed in, or not allowed.",
    "404": "Unknown, or not yours.",
    "405": "Not this method here; the Allow header says which.",
    "406": "The Accept header has no type of the reply.",
    "409": "It does not fit what is there now.",
    "413": "Too large.",
    "415": "Not JSON.",
    "429": "A limit of this server.",
    "502": "The language model's server failed.",
    "500": "A bug of the assistant; the server's log has the request_id.",
    "503": "What the assistant needs is not there now.",
    "504": "The language model's server did not answer in time.",
    "507": "No room to keep the conversation.",
}
#: Codes of errors that have no class.
_FURTHER_CODES = {
    "401": "unauthorized",
    "405": "method_not_allowed",
    "409": "cancelled",
    "500": "internal",
    "503": "interrupted",
}


@cache
def document() -> dict[str, Any]:
    """The whole document, paths below Jupyter's base URL."""
    operations = [operation for methods in OPERATIONS.values() for operation in methods.values()]
    types = {
        kind: None
        for operation in operations
        for kind in (operation.body, operation.reply, *operation.events, *operation.error_replies)
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Jupyter Agent",
            "version": "1",
            "description": "Paths are below Jupyter's base URL and need Jupyter's own authentication.",
        },
        "paths": {
            path: {method: _described(path, operation) for method, operation in methods.items()}
            for path, methods in OPERATIONS.items()
        },
        "components": {"schemas": schemas_of(*filter(None, types))[1]},
    }


def _described(path: str, operation: Operation) -> Schema:
    """One operation, as the document has it."""
    content: Schema = {
        media: {"schema": {"type": "object" if media.endswith("json") else "string"}} for media in operation.media
    }
    if operation.reply is not None or not operation.stream:
        content |= _json(operation.reply)
    if operation.stream:
        content["text/event-stream"] = {"schema": _stream(operation)}
    described: Schema = {
        "summary": operation.summary,
        "parameters": [
            *(_parameter("path", name) for name in re.findall(r"\{(\w+)\}", path)),
            *(_parameter("header", name) for name in filter(None, [operation.header])),
            *(_parameter("query", name) for name in operation.query),
        ],
        "responses": {
            operation.status: {"description": "Done.", "content": content},
            **({"202": {"description": operation.accepted}} if operation.accepted else {}),
            **{
                status: {"description": _failure(status, operation), "content": _json(*operation.error_replies)}
                for status in operation.errors
            },
        },
    }
    if operation.body is not None:
        described["requestBody"] = {"required": operation.body_required, "content": _json(operation.body)}
    return described


def _failure(status: str, operation: Operation) -> str:
    """What a status means, and the codes that its errors may have."""
    codes = {_FURTHER_CODES.get(status, "")}
    for error in kinds():
        if str(error.status) == status or (operation.passes_on and issubclass(error, UpstreamError)):
            codes.add(error.code)
    words = ", ".join(sorted(codes - {""}))
    return f"{_STATUSES[status]} Codes: {words}." if words else _STATUSES[status]


def _parameter(place: str, name: str) -> Schema:
    (schema,), _ = schemas_of(PARAMETERS[name])
    if place == "query" and name in DEFAULTS:
        schema["default"] = DEFAULTS[name]
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _json(*kinds: Any) -> Schema:
    """JSON of one of the types; of None: any object."""
    schemas: list[Schema] = [
        {"type": "object"} if kind is None else {"$ref": TEMPLATE.format(name=kind.__name__)} for kind in kinds
    ]
    return {"application/json": {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}


def _stream(operation: Operation) -> Schema:
    """A body of server-sent events; ``x-events`` has the schemas of their data."""
    if not operation.events:  # of a protocol of others
        schema: Schema = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}
        return {**schema, "description": operation.stream, "x-events": {}}
    return {
        "type": "object",
        "description": operation.stream,
        "properties": {
            "id": {
                "type": "string",
                "description": "1, 2, 3 and so on; text may come in larger pieces to a reader that is behind, and then "
                "skips some.",
            },
            "event": {"type": "string"},
            "data": {"type": "string", "description": "A JSON object on one line."},
        },
        "required": ["id", "event", "data"],
        "x-events": {event.event: {"$ref": TEMPLATE.format(name=event.__name__)} for event in operation.events},
    }
