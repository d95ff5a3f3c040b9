"""What travels through the REST door, as JSON Schema; the same data validates requests and is served as documentation."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

MAX_MESSAGE = 1024 * 1024
SESSION_ID = "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$"
EFFECTS = ["read", "execute", "write"]
RUN_STATUSES = ["ok", "error", "timeout", "died", "still_running", "unavailable"]
EDIT_STATUSES = ["cell_changed", "not_found", "read_only"]


def _object(properties: Schema, required: list[str] | None = None, **more: Any) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    return {**schema, "required": required} if required else schema


def _or_null(schema: Schema) -> Schema:
    kind = schema["type"]
    return {**schema, "type": [kind, "null"]}


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def _whole(description: str, minimum: int, maximum: int) -> Schema:
    return {"type": "integer", "description": description, "minimum": minimum, "maximum": maximum}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


SESSION_ID_TEXT = _text(
    "Chosen by the client, or made here.",
    pattern=SESSION_ID,
    **{"x-form": "1 to 128 letters, digits and _ . : -, the first a letter or a digit"},
)
NOTEBOOK_ID = _text(
    "The notebook's path below the server's root.",
    maxLength=4096,
    pattern="^[^\\u0000-\\u001f\\ufffd]*$",
    **{"x-form": "a path without control characters"},
)
KERNEL_ID = _text(
    "An id of GET /api/kernels.",
    pattern="^[A-Za-z0-9_.:-]{1,200}$",
    **{"x-form": "an id as GET /api/kernels gives them"},
)
FREE_OBJECT: Schema = {"type": "object", "additionalProperties": True}
STRINGS = _list({"type": "string"})

CELL = _object(
    {
        "id": _text("nbformat's cell id", maxLength=1000),
        "kind": {"type": "string", "enum": ["code", "markdown", "raw"]},
        "source": _text("the whole source"),
        "execution_count": _or_null(_whole("the number in In [n]", 0, 10**9)),
        "output": _or_null(_text("its outputs as text")),
        "error": _or_null(_text("Name: message, when the last output is an error")),
    },
    ["id", "kind", "source"],
)
CONTEXT = _object(
    {
        "notebook_id": _or_null(NOTEBOOK_ID),
        "session_id": _or_null({**SESSION_ID_TEXT, "description": "The conversation to continue; made if missing."}),
        "kernel_id": _or_null({**KERNEL_ID, "description": "An id of GET /api/kernels; else the notebook's kernel."}),
        "variables": _or_null(
            {
                "type": "object",
                "description": "name to type, used only where no kernel can be reached",
                "additionalProperties": {"type": "string", "maxLength": 1000},
                "maxProperties": 2000,
            }
        ),
        "cell_count": _or_null(_whole("how many cells the notebook has", 0, 10**6)),
        "active_cell_id": _or_null(_text("the cell the user is at", maxLength=1000)),
        "cells": _or_null(_list(_reference("Cell"), maxItems=5000, description="as the page has them")),
    }
)
BUDGET = _object(
    {
        "deadline_seconds": _or_null(
            {"type": "number", "exclusiveMinimum": 0, "maximum": 3600, "description": "the turn's time"}
        ),
        "max_steps": _or_null(_whole("how often the model is asked", 1, 1000)),
        "max_tool_calls": _or_null(_whole("tool calls in this turn", 0, 1000)),
        "max_write_calls": _or_null(_whole("tool calls that run code or edit", 0, 1000)),
    }
)
QUICK_REQUEST = _object(
    {
        "query": _text("The question.", maxLength=MAX_MESSAGE, pattern="\\S", **{"x-form": "a question, not blank"}),
        "context": {"anyOf": [_reference("Context"), {"type": "null"}]},
        "model": _or_null(_text("Else the server's.", pattern="^\\S{1,200}$", **{"x-form": "provider:model"})),
        "stream": _or_null({"type": "boolean", "description": "whether the answer comes as an event stream"}),
        "turn_id": _or_null({**SESSION_ID_TEXT, "description": "The same id and body again is the same turn."}),
        "approval": {
            "type": ["string", "null"],
            "enum": ["read-only", "ask", "auto-edit", "auto", None],
            "description": "what the agent may do unasked",
        },
        "budget": {"anyOf": [_reference("Budget"), {"type": "null"}]},
        "run": {
            "type": ["string", "null"],
            "enum": ["client", None],
            "description": "client: the caller runs the turn's code itself, asked by `run` events (needs the stream)",
        },
        "edit": {
            "type": ["string", "null"],
            "enum": ["client", None],
            "description": "client: the caller has the notebook open and edits it itself, asked by `edit` events (needs "
            "the stream)",
        },
    },
    ["query"],
)
CODE_BLOCK = _object({"language": {"type": "string"}, "source": {"type": "string"}}, ["language", "source"])
ACTION = _object(
    {
        "call_id": {"type": "string"},
        "tool": {"type": "string"},
        "effect": {"type": "string", "enum": EFFECTS},
        "status": {"type": "string", "enum": ["done", "failed", "denied", "needs_approval", "interrupted"]},
    },
    ["call_id", "tool", "effect", "status"],
)
USAGE = _object({"input_tokens": {"type": "integer"}, "output_tokens": {"type": "integer"}})
QUICK_REPLY = _object(
    {
        "session_id": {"type": "string"},
        "turn_id": {"type": "string"},
        "reply": _text("the answer in Markdown"),
        "messages": _list(FREE_OBJECT),
        "turn_count": _whole("entries of the history; a question and its answer are two", 0, 10**9),
        "code": _list(_reference("CodeBlock")),
        "variables": {**STRINGS, "description": "live names that question or answer speak of"},
        "state": {"type": ["object", "null"], "description": "the kernel's state that the answer saw, in short"},
        "actions": _list(_reference("Action")),
        "warnings": STRINGS,
        "usage": _reference("Usage"),
        "model": {"type": "string"},
        "finish_reason": {"type": "string"},
    },
    ["session_id", "turn_id", "reply", "turn_count", "model", "finish_reason"],
)
MESSAGE = _object(
    {
        "role": {"type": "string", "enum": ["system", "user", "assistant", "tool"]},
        "content": {"type": "string"},
        "tool_calls": _list(FREE_OBJECT),
        "tool_call_id": {"type": "string"},
    },
    ["role", "content"],
)
CONTEXT_REPLY = _object(
    {
        "model": _text("what would be asked"),
        "messages": _list(_reference("Message"), description="as they would be sent, without secrets"),
        "tools": _list(FREE_OBJECT, description="what the model would be offered"),
        "tokens": {
            "type": "object",
            "description": "estimated, by part: system, variables, cells, beside, mentions, history, question, tools, total",
            "additionalProperties": {"type": "integer"},
        },
        "withheld": _whole("values that look secret and were left out", 0, 10**9),
        "warnings": STRINGS,
    },
    ["model", "messages", "tools", "tokens", "withheld", "warnings"],
)
SESSION = _object(
    {
        "session_id": {"type": "string"},
        "notebook_id": {"type": "string"},
        "turn_count": {"type": "integer"},
        "last_activity": {"type": "string", "format": "date-time"},
        "variables": STRINGS,
        "title": {"type": "string"},
        "metadata": FREE_OBJECT,
        "head": {"type": ["string", "null"]},
        "created_at": {"type": "string", "format": "date-time"},
    },
    [
        "session_id",
        "notebook_id",
        "turn_count",
        "last_activity",
        "variables",
        "title",
        "metadata",
        "head",
        "created_at",
    ],
)
SESSION_LIST = _object({"sessions": _list(_reference("Session")), "cursor": {"type": ["string", "null"]}}, ["sessions"])
SESSION_CHANGE = _object(
    {"title": _text("shown in lists", maxLength=1000), "metadata": {**FREE_OBJECT, "description": "replaces the old"}},
    minProperties=1,
)
ENTRY = {
    "type": "object",
    "properties": {
        "role": {"type": "string", "enum": ["user", "assistant"]},
        "content": {"type": "string"},
        "turn_id": {"type": "string"},
    },
    "required": ["role", "content", "turn_id"],
}
HISTORY = _object(
    {
        "session_id": {"type": "string"},
        "turn_count": {"type": "integer"},
        "history": _list(_reference("Entry")),
    },
    ["session_id", "turn_count", "history"],
)
CLEARED = _object({"status": {"const": "cleared"}, "session_id": {"type": "string"}}, ["status", "session_id"])
CELL_CHANGE = _object(
    {
        "cell_id": _text("the cell that was asked for", maxLength=1000),
        "before": _or_null({**FREE_OBJECT, "description": "the cell in nbformat 4; null where there was none"}),
        "after": _or_null({**FREE_OBJECT, "description": "the same afterwards; null where it was deleted"}),
        "below_before": _or_null(_text("id of the cell it stood below; empty for the top", maxLength=1000)),
        "below_after": _or_null(_text("the same afterwards", maxLength=1000)),
    },
    ["cell_id", "before", "after"],
)
ACTION_RESULT = _object(
    {
        "status": {
            "type": "string",
            "enum": [*RUN_STATUSES, *EDIT_STATUSES],
            "description": "ok, or why it was not done; error: the code raised, or another reason, which text tells",
        },
        "text": _or_null(_text("output, results and errors as text")),
        "images": _or_null(_whole("how many pictures it displayed", 0, 10**6)),
        "change": {"anyOf": [_reference("CellChange"), {"type": "null"}]},
        "error": {
            "type": ["object", "null"],
            "properties": {"name": {"type": "string"}, "message": {"type": "string"}},
            "additionalProperties": False,
        },
    },
    ["status"],
)
ACTION_ANSWER = _object(
    {
        "decision": {"type": "string", "enum": ["approve", "deny"]},
        "digest": _or_null(_text("the digest of the approval that is answered", maxLength=200)),
        "result": {"anyOf": [_reference("ActionResult"), {"type": "null"}]},
    },
    minProperties=1,
)
ACCEPTED = _object({"status": {"const": "accepted"}, "call_id": {"type": "string"}}, ["status", "call_id"])
CANCELLED = _object(
    {"status": {"type": "string", "enum": ["cancelled", "ended"]}, "turn_id": {"type": "string"}}, ["status", "turn_id"]
)
VARIABLE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "type": {"type": "string"},
        "kind": {"type": "string"},
        "summary": {"type": "string"},
        "facts": FREE_OBJECT,
        "cell_id": {"type": "string"},
        "execution_count": {"type": "integer"},
    },
    "required": ["name", "type", "kind", "summary", "facts"],
}
KERNEL_STATE = {
    "type": "object",
    "properties": {
        "kernel_id": {"type": "string"},
        "epoch": _text("another epoch is another process: nothing of the old one holds"),
        "version": {"type": "integer"},
        "status": {"type": "string", "enum": ["idle", "busy", "starting", "dead", "unknown"]},
        "age_s": {"type": "number"},
        "stale": _text("why this is older than the question; empty when fresh"),
        "total": {"type": "integer"},
        "variables": _list(_reference("Variable")),
        "deleted": STRINGS,
        "executions": _list(FREE_OBJECT),
    },
    "required": ["kernel_id", "epoch", "version", "status", "variables"],
}
DOCTOR_REQUEST = _object(
    {
        "notebook_id": _or_null(NOTEBOOK_ID),
        "kernel_id": _or_null({**KERNEL_ID, "description": "An id of GET /api/kernels; else the notebook's kernel."}),
        "cells": _or_null(_list(_reference("Cell"), maxItems=5000, description="as the page has them")),
    },
    minProperties=1,
)
FINDING = _object(
    {
        "kind": _text("edited, stale, out_of_order, orphaned, never_run, and others"),
        "reason": _text("in words"),
        "cells": {**STRINGS, "description": "ids; the one that it is about first"},
        "names": STRINGS,
    },
    ["kind", "reason", "cells", "names"],
)
DIFFERENCE = _object(
    {
        "verdict": {"type": "string", "enum": ["fails", "differs"]},
        "cell_id": {"type": "string"},
        "names": STRINGS,
        "reason": {"type": "string"},
    },
    ["verdict", "cell_id", "names", "reason"],
)
DOCTOR_REPORT = _object(
    {
        "restart_and_run_all": _object(
            {
                "verdict": {"type": "string", "enum": ["reproduces", "differs", "fails"]},
                "first": {"anyOf": [_reference("Difference"), {"type": "null"}]},
                "differences": _list(_reference("Difference")),
                "lost": {**STRINGS, "description": "variables that live now and that no cell would make"},
            },
            ["verdict", "first", "differences", "lost"],
        ),
        "findings": _list(_reference("Finding")),
        "run": {**STRINGS, "description": "the fewest cells to run, in order, until everything is fresh"},
        "unknown": {**STRINGS, "description": "what could not be known; not empty where no kernel could be asked"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}, "description": "cell id to its name"},
        "markdown": _text("the same for a reader"),
        "kernel_id": {"type": ["string", "null"], "description": "the kernel that was asked"},
        "warnings": STRINGS,
    },
    ["restart_and_run_all", "findings", "run", "unknown", "labels", "markdown", "kernel_id", "warnings"],
)
MODELS = _object(
    {
        "default": _text("what answers when a request names no model"),
        "models": _list(_object({"id": {"type": "string"}, "default": {"type": "boolean"}}, ["id", "default"])),
    },
    ["default", "models"],
)
COMMAND = _object(
    {
        "name": _text("what is typed after the slash"),
        "arguments": _text("how its arguments are shown; empty when it takes none"),
        "help": _text("one line for a reader"),
        "asks": _text("the question that it stands for; empty when it asks none"),
        "asks_about": _text("what stands before its arguments in that question, where it is given some"),
    },
    ["name", "arguments", "help", "asks", "asks_about"],
)
COMMANDS = _object({"commands": _list(_reference("Command"))}, ["commands"])
HEALTH = {
    "type": "object",
    "properties": {"status": {"type": "string", "enum": ["ok", "degraded"]}, "version": {"type": "string"}},
    "required": ["status"],
}
ERROR = {
    "type": "object",
    "properties": {
        "message": _text("what happened and the cure"),
        "code": {"type": "string"},
        "retryable": {"type": "boolean"},
        "request_id": _text("found in the server's log"),
        "session_id": {"type": "string"},
        "turn_id": {"type": "string"},
    },
    "required": ["message", "code", "retryable", "request_id"],
}

COMPONENTS: dict[str, Schema] = {
    "Accepted": ACCEPTED,
    "Action": ACTION,
    "ActionAnswer": ACTION_ANSWER,
    "ActionResult": ACTION_RESULT,
    "Budget": BUDGET,
    "Cancelled": CANCELLED,
    "Cell": CELL,
    "CellChange": CELL_CHANGE,
    "Cleared": CLEARED,
    "CodeBlock": CODE_BLOCK,
    "Command": COMMAND,
    "Commands": COMMANDS,
    "Context": CONTEXT,
    "ContextReply": CONTEXT_REPLY,
    "Difference": DIFFERENCE,
    "DoctorReport": DOCTOR_REPORT,
    "DoctorRequest": DOCTOR_REQUEST,
    "Entry": ENTRY,
    "Error": ERROR,
    "Finding": FINDING,
    "Health": HEALTH,
    "History": HISTORY,
    "KernelState": KERNEL_STATE,
    "Message": MESSAGE,
    "Models": MODELS,
    "QuickReply": QUICK_REPLY,
    "QuickRequest": QUICK_REQUEST,
    "Session": SESSION,
    "SessionChange": SESSION_CHANGE,
    "SessionList": SESSION_LIST,
    "Usage": USAGE,
    "Variable": VARIABLE,
}
