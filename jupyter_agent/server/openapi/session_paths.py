"""What may be done with a conversation as a whole, for the OpenAPI document: undo to export, their bodies and replies."""

from __future__ import annotations

from jupyter_agent.server.openapi import schemas
from jupyter_agent.server.openapi.operations import (
    NOTEBOOK,
    SESSION,
    TURN,
    WRITE,
    content,
    operation,
    path_parameter,
    query,
)
from jupyter_agent.server.openapi.shapes import Schema
from jupyter_agent.sessions.export import FORMATS

MEDIA_TYPES = {"json": "application/json", "md": "text/markdown", "ipynb": "application/x-ipynb+json"}
_WHERE = (SESSION, NOTEBOOK)
_TURN: Schema = {**schemas.SESSION_ID_TEXT, "type": ["string", "null"], "description": "a turn of the conversation"}
_MODEL: Schema = schemas.QUICK_REQUEST["properties"]["model"]
_SECRET: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,200}$", "x-form": "a secret as sharing gives it"}
_FORMAT: Schema = {"type": "string", "enum": list(FORMATS), "default": "json"}
_MODE: Schema = {"type": ["string", "null"], "enum": ["read", "copy", None], "description": "read: it may be read only"}


def _object(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": list(required)}


def _every(properties: Schema) -> Schema:
    return _object(properties, tuple(properties))


_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_HISTORY: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/Entry"}}
_CHANGES: Schema = {
    "type": "array",
    "items": schemas.FREE_OBJECT,
    "description": "for each question that was asked again: the answers before and after, and whether they are the same",
}
_CELL: Schema = {"type": ["object", "null"], "description": "nbformat 4, outputs and metadata included"}
_PLACE: Schema = {"type": ["string", "null"], "description": "id of the cell it stands below; empty for the top"}
_EDITS: Schema = _every(
    {
        "changes": {
            "type": "array",
            "description": "what leads the notebook there, in the order to apply",
            "items": _every(
                {
                    "cell_id": _TEXT,
                    "before": _CELL,
                    "after": _CELL,
                    "below_before": _PLACE,
                    "below_after": _PLACE,
                }
            ),
        },
        "left": {
            "type": "array",
            "items": _TEXT,
            "description": "ids of cells that were left, because somebody changed them since",
        },
        "problem": {**_TEXT, "description": "why the notebook was not touched at all; empty where it was"},
    }
)
COMPONENTS: dict[str, Schema] = {
    "Move": _object(
        {
            "edits": {
                "type": ["string", "null"],
                "enum": ["server", "client", "none", None],
                "description": "who restores the notebook: this server (if missing), the page itself, or nobody",
            }
        }
    ),
    "Moved": _object({**schemas.SESSION["properties"], "edits": _EDITS}, (*schemas.SESSION["required"], "edits")),
    "Branch": _object({"turn_id": _TURN}),
    "Cleaned": _every({"removed": _COUNT}),
    "ExportedSession": {
        "type": "object",
        "description": "what GET …/export?format=json gives",
        "properties": {"format": _TEXT, "schema": {"type": "integer"}, "session": {"type": "object"}},
        "required": ["format", "schema", "session", "turns"],
    },
    "Go": _object({"turn_id": {**_TURN, "description": "a turn on any branch; null: before the first"}}, ("turn_id",)),
    "Turns": _every(
        {
            "session_id": _TEXT,
            "head": {"type": ["string", "null"]},
            "can_redo": {"type": "boolean"},
            "turns": {
                "type": "array",
                "description": "all branches, parents first; questions are cut",
                "items": _every(
                    {
                        "turn_id": _TEXT,
                        "parent": {"type": ["string", "null"]},
                        "question": _TEXT,
                        "status": _TEXT,
                        "model": _TEXT,
                        "created_at": _TEXT,
                    }
                ),
            },
        }
    ),
    "Replay": _object({"model": _MODEL, "from": _TURN, "to": _TURN}),
    "Replayed": _every(
        {
            "session": {"$ref": "#/components/schemas/Session"},
            "turns": _CHANGES,
            "left": {**_COUNT, "description": "questions that were not asked again"},
            "stopped": {"type": "string", "description": "why some are left; empty when none is"},
        }
    ),
    "Share": _object({"mode": _MODE}),
    "Shared": _every({"session_id": _TEXT, "secret": _TEXT, "mode": {"type": "string", "enum": ["read", "copy"]}}),
    "SharedSession": _every({"title": _TEXT, "turn_count": _COUNT, "created_at": _TEXT, "history": _HISTORY}),
    "Summary": _every({"session_id": _TEXT, "summary": _TEXT, "turn_id": {"type": ["string", "null"]}}),
    "Summarize": _object(
        {
            "summary": {
                "type": ["string", "null"],
                "description": "to be kept; without one the model writes it",
                "maxLength": 100_000,
                "pattern": "\\S",
                "x-form": "a text, not blank",
            },
            "model": _MODEL,
            "turn_id": {**_TURN, "description": "the last turn it covers; with a summary only"},
        }
    ),
    "Unshared": _every({"session_id": _TEXT, "revoked": _COUNT}),
}


def _changed(summary: str, reply: str = "Session", body: str = "", status: str = "200") -> Schema:
    return operation(summary, reply, body=body, needs_body=False, parameters=_WHERE, errors=WRITE, status=status)


def _asking(summary: str, reply: str, body: str, status: str = "200") -> Schema:
    return operation(summary, reply, body=body, needs_body=False, parameters=_WHERE, errors=TURN, status=status)


def _export() -> Schema:
    described = operation(
        "A conversation up to its head, as a file", "", parameters=(*_WHERE, query("format", _FORMAT))
    )
    exported = content("Done.", {"$ref": "#/components/schemas/ExportedSession"})
    exported["content"] |= {kind: {"schema": _TEXT} for kind in MEDIA_TYPES.values() if kind not in exported["content"]}
    described["responses"]["200"] = exported
    return described


def paths() -> dict[str, Schema]:
    """Path → method → operation."""
    session = "/api/agent/sessions/{session_id}"
    opened = (path_parameter("secret", _SECRET),)
    # Not `token`: in a query that is Jupyter's own.
    revoking = operation(
        "Revoke one secret, or all",
        "Unshared",
        parameters=(*_WHERE, query("secret", _SECRET)),
        errors=WRITE,
    )
    importing = operation(
        "A conversation from its JSON export", "Session", body="ExportedSession", errors=(*WRITE, "429"), status="201"
    )
    return {
        "/api/agent/sessions/import": {"post": importing},
        "/api/agent/sessions/cleanup": {
            "post": operation("Forget the conversations that are too old now", "Cleaned", errors=WRITE)
        },
        f"{session}/undo": {
            "post": _changed("Take the newest turn back, and what it did to the notebook", "Moved", "Move")
        },
        f"{session}/redo": {
            "post": _changed("Bring back what undo took last, and what it did to the notebook", "Moved", "Move")
        },
        f"{session}/go": {
            "post": operation("Go on from another turn", "Session", body="Go", parameters=_WHERE, errors=WRITE)
        },
        f"{session}/turns": {"get": operation("All turns of all branches, in short", "Turns", parameters=_WHERE)},
        f"{session}/branch": {
            "post": _changed("A new conversation with everything up to a turn", body="Branch", status="201")
        },
        f"{session}/replay": {
            "post": _asking("Ask the questions again, in a new conversation", "Replayed", "Replay", "201")
        },
        f"{session}/summarize": {"post": _asking("Keep a summary", "Summary", "Summarize")},
        f"{session}/share": {
            "post": _changed("A secret with which others may read it, or copy it", "Shared", "Share", "201"),
            "delete": revoking,
        },
        f"{session}/export": {"get": _export()},
        "/api/agent/shared/{secret}": {
            "get": operation("What a secret opens, to be read", "SharedSession", parameters=opened),
        },
        "/api/agent/shared/{secret}/copy": {
            "post": operation(
                "A conversation of one's own that begins as the shared one",
                "Session",
                parameters=opened,
                errors=(*WRITE, "429"),
                status="201",
            )
        },
    }
