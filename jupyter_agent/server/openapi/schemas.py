"""What travels through the REST door, as JSON Schema; the same data validates requests and is served as documentation."""

from __future__ import annotations

from jupyter_agent.server.openapi.shapes import Schema, a_list, a_text, a_whole, an_object, or_null, reference

MAX_MESSAGE = 1024 * 1024
SESSION_ID = "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$"
EFFECTS = ["read", "execute", "write"]

SESSION_ID_TEXT = a_text(
    "Chosen by the client, or made here.",
    pattern=SESSION_ID,
    **{"x-form": "1 to 128 letters, digits and _ . : -, the first a letter or a digit"},
)
NOTEBOOK_ID = a_text(
    "The notebook's path below the server's root.",
    maxLength=4096,
    pattern="^[^\\u0000-\\u001f\\ufffd]*$",
    **{"x-form": "a path without control characters"},
)
KERNEL_ID = a_text(
    "An id of GET /api/kernels.",
    pattern="^[A-Za-z0-9_.:-]{1,200}$",
    **{"x-form": "an id as GET /api/kernels gives them"},
)
FREE_OBJECT: Schema = {"type": "object", "additionalProperties": True}
STRINGS = a_list({"type": "string"})

CELL = an_object(
    {
        "id": a_text("nbformat's cell id", maxLength=1000),
        "kind": {"type": "string", "enum": ["code", "markdown", "raw"]},
        "source": a_text("the whole source"),
        "execution_count": or_null(a_whole("the number in In [n]", 0, 10**9)),
        "output": or_null(a_text("its outputs as text")),
        "error": or_null(a_text("Name: message, when the last output is an error")),
        "saved": or_null({"type": "boolean", "description": "too large to send: take it as it is saved"}),
    },
    ["id", "kind"],
    anyOf=[{"required": ["source"]}, {"required": ["saved"]}],
)
CONTEXT = an_object(
    {
        "notebook_id": or_null(NOTEBOOK_ID),
        "session_id": or_null({**SESSION_ID_TEXT, "description": "The conversation to continue; made if missing."}),
        "kernel_id": or_null({**KERNEL_ID, "description": "An id of GET /api/kernels; else the notebook's kernel."}),
        "variables": or_null(
            {
                "type": "object",
                "description": "name to type, used only where no kernel can be reached",
                "additionalProperties": {"type": "string", "maxLength": 1000},
                "maxProperties": 2000,
            }
        ),
        "cell_count": or_null(a_whole("how many cells the notebook has", 0, 10**6)),
        "active_cell_id": or_null(a_text("the cell the user is at", maxLength=1000)),
        "cells": or_null(a_list(reference("Cell"), maxItems=5000, description="as the page has them")),
    }
)
BUDGET = an_object(
    {
        "deadline_seconds": or_null(
            {"type": "number", "exclusiveMinimum": 0, "maximum": 3600, "description": "the turn's time"}
        ),
        "max_steps": or_null(a_whole("how often the model is asked", 1, 1000)),
        "max_tool_calls": or_null(a_whole("tool calls in this turn", 0, 1000)),
        "max_write_calls": or_null(a_whole("tool calls that run code or edit", 0, 1000)),
    }
)
CHAT_MODEL = or_null(a_text("Else the server's.", pattern="^\\S{1,200}$", **{"x-form": "provider:model"}))
APPROVAL: Schema = {
    "type": ["string", "null"],
    "enum": ["read-only", "ask", "auto-edit", "auto", None],
    "description": "what the agent may do unasked",
}
QUICK_REQUEST = an_object(
    {
        "query": a_text("The question.", maxLength=MAX_MESSAGE, pattern="\\S", **{"x-form": "a question, not blank"}),
        "context": {"anyOf": [reference("Context"), {"type": "null"}]},
        "model": CHAT_MODEL,
        "stream": or_null({"type": "boolean", "description": "whether the answer comes as an event stream"}),
        "turn_id": or_null({**SESSION_ID_TEXT, "description": "The same id and body again is the same turn."}),
        "approval": APPROVAL,
        "budget": {"anyOf": [reference("Budget"), {"type": "null"}]},
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
CODE_BLOCK = an_object({"language": {"type": "string"}, "source": {"type": "string"}}, ["language", "source"])
ACTION = an_object(
    {
        "call_id": {"type": "string"},
        "tool": {"type": "string"},
        "effect": {"type": "string", "enum": EFFECTS},
        "status": {"type": "string", "enum": ["done", "failed", "denied", "needs_approval", "interrupted"]},
    },
    ["call_id", "tool", "effect", "status"],
)
USAGE = an_object(
    {
        "input_tokens": {"type": "integer"},
        "output_tokens": {"type": "integer"},
        "cost": {"type": "number", "description": "in US dollars, where the model's server says so"},
    }
)
QUICK_REPLY = an_object(
    {
        "session_id": {"type": "string"},
        "turn_id": {"type": "string"},
        "reply": a_text("the answer in Markdown"),
        "messages": a_list(FREE_OBJECT),
        "turn_count": a_whole("entries of the history; a question and its answer are two", 0, 10**9),
        "code": a_list(reference("CodeBlock")),
        "variables": {**STRINGS, "description": "live names that question or answer speak of"},
        "state": {"type": ["object", "null"], "description": "the kernel's state that the answer saw, in short"},
        "actions": a_list(reference("Action")),
        "warnings": STRINGS,
        "usage": reference("Usage"),
        "model": {"type": "string"},
        "finish_reason": {"type": "string"},
    },
    ["session_id", "turn_id", "reply", "turn_count", "model", "finish_reason"],
)
MESSAGE = an_object(
    {
        "role": {"type": "string", "enum": ["system", "user", "assistant", "tool"]},
        "content": {"type": "string"},
        "tool_calls": a_list(FREE_OBJECT),
        "tool_call_id": {"type": "string"},
    },
    ["role", "content"],
)
CONTEXT_REPLY = an_object(
    {
        "model": a_text("what would be asked"),
        "messages": a_list(reference("Message"), description="as they would be sent, without secrets"),
        "tools": a_list(FREE_OBJECT, description="what the model would be offered"),
        "tokens": {
            "type": "object",
            "description": "estimated, by part: system, variables, cells, beside, mentions, history, question, tools, total",
            "additionalProperties": {"type": "integer"},
        },
        "withheld": a_whole("values that look secret and were left out", 0, 10**9),
        "warnings": STRINGS,
    },
    ["model", "messages", "tools", "tokens", "withheld", "warnings"],
)
SESSION = an_object(
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
        "running": {
            "type": ["object", "null"],
            "description": "the turn that is being answered",
            "properties": {"turn_id": {"type": "string"}, "question": {"type": "string"}},
            "required": ["turn_id", "question"],
            "additionalProperties": False,
        },
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
        "running",
    ],
)
SESSION_LIST = an_object(
    {"sessions": a_list(reference("Session")), "cursor": {"type": ["string", "null"]}}, ["sessions"]
)
SESSION_CHANGE = an_object(
    {"title": a_text("shown in lists", maxLength=1000), "metadata": {**FREE_OBJECT, "description": "replaces the old"}},
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
HISTORY = an_object(
    {
        "session_id": {"type": "string"},
        "turn_count": {"type": "integer"},
        "history": a_list(reference("Entry")),
    },
    ["session_id", "turn_count", "history"],
)
CLEARED = an_object({"status": {"const": "cleared"}, "session_id": {"type": "string"}}, ["status", "session_id"])
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
        "epoch": a_text("another epoch is another process: nothing of the old one holds"),
        "version": {"type": "integer"},
        "status": {"type": "string", "enum": ["idle", "busy", "starting", "dead", "unknown"]},
        "age_s": {"type": "number"},
        "stale": a_text("why this is older than the question; empty when fresh"),
        "total": {"type": "integer"},
        "variables": a_list(reference("Variable")),
        "deleted": STRINGS,
        "executions": a_list(FREE_OBJECT),
    },
    "required": ["kernel_id", "epoch", "version", "status", "variables"],
}
DOCTOR_REQUEST = an_object(
    {
        "notebook_id": or_null(NOTEBOOK_ID),
        "kernel_id": or_null({**KERNEL_ID, "description": "An id of GET /api/kernels; else the notebook's kernel."}),
        "cells": or_null(a_list(reference("Cell"), maxItems=5000, description="as the page has them")),
    },
    minProperties=1,
)
FINDING = an_object(
    {
        "kind": a_text("edited, stale, out_of_order, orphaned, never_run, and others"),
        "reason": a_text("in words"),
        "cells": {**STRINGS, "description": "ids; the one that it is about first"},
        "names": STRINGS,
    },
    ["kind", "reason", "cells", "names"],
)
DIFFERENCE = an_object(
    {
        "verdict": {"type": "string", "enum": ["fails", "differs"]},
        "cell_id": {"type": "string"},
        "names": STRINGS,
        "reason": {"type": "string"},
    },
    ["verdict", "cell_id", "names", "reason"],
)
DOCTOR_REPORT = an_object(
    {
        "restart_and_run_all": an_object(
            {
                "verdict": {"type": "string", "enum": ["reproduces", "differs", "fails"]},
                "first": {"anyOf": [reference("Difference"), {"type": "null"}]},
                "differences": a_list(reference("Difference")),
                "lost": {**STRINGS, "description": "variables that live now and that no cell would make"},
            },
            ["verdict", "first", "differences", "lost"],
        ),
        "findings": a_list(reference("Finding")),
        "run": {**STRINGS, "description": "the fewest cells to run, in order, until everything is fresh"},
        "unknown": {**STRINGS, "description": "what could not be known; not empty where no kernel could be asked"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}, "description": "cell id to its name"},
        "markdown": a_text("the same for a reader"),
        "kernel_id": {"type": ["string", "null"], "description": "the kernel that was asked"},
        "warnings": STRINGS,
    },
    ["restart_and_run_all", "findings", "run", "unknown", "labels", "markdown", "kernel_id", "warnings"],
)
MODEL = an_object({"id": {"type": "string"}, "default": {"type": "boolean"}}, ["id", "default"])
FOUND = an_object(
    {
        "provider": a_text("what stands before the colon"),
        "title": a_text("its name for people"),
        "base_url": a_text("where it listens"),
        "models": {**STRINGS, "description": "provider:model"},
    },
    ["provider", "title", "base_url", "models"],
)
MODELS = an_object(
    {
        "default": a_text("what answers when a request names no model"),
        "models": a_list(MODEL),
        "found": a_list(FOUND, description="servers of models on this machine, where they were looked for"),
    },
    ["default", "models"],
)
COMMAND = an_object(
    {
        "name": a_text("what is typed after the slash"),
        "arguments": a_text("how its arguments are shown; empty when it takes none"),
        "help": a_text("one line for a reader"),
        "asks": a_text("the question that it stands for; empty when it asks none"),
        "asks_about": a_text("what stands before its arguments in that question, where it is given some"),
    },
    ["name", "arguments", "help", "asks", "asks_about"],
)
COMMANDS = an_object({"commands": a_list(reference("Command"))}, ["commands"])
HEALTH = {
    "type": "object",
    "properties": {"status": {"type": "string", "enum": ["ok", "degraded"]}, "version": {"type": "string"}},
    "required": ["status"],
}
ERROR = {
    "type": "object",
    "properties": {
        "message": a_text("what happened and the cure"),
        "code": {"type": "string"},
        "retryable": {"type": "boolean"},
        "request_id": a_text("found in the server's log"),
        "session_id": {"type": "string"},
        "turn_id": {"type": "string"},
    },
    "required": ["message", "code", "retryable", "request_id"],
}

COMPONENTS: dict[str, Schema] = {
    "Action": ACTION,
    "Budget": BUDGET,
    "Cell": CELL,
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
