"""The pieces that the OpenAPI document is made of: operations, parameters, errors."""

from __future__ import annotations

from jupyter_agent.server.openapi import schemas
from jupyter_agent.server.openapi.shapes import Schema

STATUSES = {
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
READ = ("400", "403", "404", "405", "503")
WRITE = (*READ, "409", "413", "415", "507")
TURN = (*WRITE, "429", "502", "504")


def path_parameter(name: str, schema: Schema) -> Schema:
    """A part of the path."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def query(name: str, schema: Schema) -> Schema:
    """A parameter of the query, which may be missing."""
    return {"name": name, "in": "query", "required": False, "schema": schema}


def operation(
    summary: str,
    reply: str,
    *,
    body: str = "",
    needs_body: bool = True,
    parameters: tuple[Schema, ...] = (),
    errors: tuple[str, ...] = READ,
    status: str = "200",
) -> Schema:
    """One method of one path; `reply` and `body` are names of component schemas, an empty `reply` any object."""
    described: Schema = {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {
            status: content("Done.", {"$ref": f"#/components/schemas/{reply}"} if reply else {"type": "object"}),
            **{one: content(STATUSES[one], {"$ref": "#/components/schemas/Error"}) for one in errors},
        },
    }
    if body:
        described["requestBody"] = {"required": needs_body, **content("", {"$ref": f"#/components/schemas/{body}"})}
        del described["requestBody"]["description"]
    return described


def content(description: str, schema: Schema) -> Schema:
    """A JSON body."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


SESSION = path_parameter("session_id", schemas.SESSION_ID_TEXT)
NOTEBOOK = query("notebook_id", schemas.NOTEBOOK_ID)
TURN_ID = path_parameter("turn_id", schemas.SESSION_ID_TEXT)
