"""The OpenAPI document; handlers validate requests with it, so that it is true."""

from __future__ import annotations

from functools import cache
from typing import Any

from jupyter_agent.server.openapi import program_paths, schemas, session_paths, settings_paths, turn_paths
from jupyter_agent.server.openapi.operations import (
    NOTEBOOK,
    READ,
    SESSION,
    TURN,
    WRITE,
    operation,
    path_parameter,
    query,
)
from jupyter_agent.server.openapi.schemas import COMPONENTS
from jupyter_agent.server.openapi.shapes import Schema

_KERNEL = path_parameter("kernel_id", schemas.KERNEL_ID)
_LIMIT = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
_MAX_TURNS = {"type": "integer", "minimum": 1, "maximum": 10000, "default": 20, "description": "the last N entries"}
_TEXT = {"type": "string", "maxLength": 1000}


def _quick() -> Schema:
    asking = operation("Ask about a notebook: one turn", "QuickReply", body="QuickRequest", errors=TURN)
    asking["responses"]["200"]["content"] |= turn_paths.event_stream(turn_paths.EVENTS)
    return asking


def _context() -> Schema:
    summary = "Exactly what a question would send to the model; nothing is sent or stored"
    return operation(summary, "ContextReply", body="QuickRequest", errors=(*READ, "413", "415"))


def _session_operations() -> Schema:
    where = (SESSION, NOTEBOOK)
    return {
        "get": operation("A conversation in short", "Session", parameters=where),
        "delete": operation("Clear a conversation", "Cleared", parameters=where, errors=WRITE),
    }


def _history_operations() -> Schema:
    parameters = (SESSION, NOTEBOOK, query("max_turns", _MAX_TURNS))
    return {"get": operation("A conversation's last entries, oldest first", "History", parameters=parameters)}


def _doctor_operations() -> Schema:
    summary = "Stale, out-of-order and orphaned state; would Restart & Run All reproduce it"
    where = (NOTEBOOK, query("kernel_id", schemas.KERNEL_ID))
    unsaved = f"{summary}, with cells that need not be saved"
    return {
        "get": operation(summary, "DoctorReport", parameters=where),
        "post": operation(unsaved, "DoctorReport", body="DoctorRequest", errors=(*READ, "413", "415")),
    }


def _paths() -> dict[str, Schema]:
    change = operation(
        "Set title and metadata",
        "Session",
        body="SessionChange",
        parameters=(SESSION, NOTEBOOK),
        errors=WRITE,
    )
    listing = (NOTEBOOK, query("q", _TEXT), query("limit", _LIMIT), query("cursor", _TEXT))
    since = query("since", {"type": "integer", "minimum": 0, "description": "only what changed after this version"})
    return {
        "/api/agent/quick": {"post": _quick()},
        "/api/agent/context": {"post": _context()},
        "/api/sessions/{session_id}": _session_operations(),
        "/api/sessions/{session_id}/history": _history_operations(),
        "/api/agent/sessions": {
            "get": operation("Conversations, newest activity first", "SessionList", parameters=listing)
        },
        "/api/agent/sessions/{session_id}": {**_session_operations(), "patch": change},
        "/api/agent/sessions/{session_id}/history": _history_operations(),
        **session_paths.paths(),
        **turn_paths.paths(),
        **program_paths.paths(),
        **settings_paths.paths(),
        "/api/agent/kernels/{kernel_id}/state": {
            "get": operation("What is known of a kernel", "KernelState", parameters=(_KERNEL, since))
        },
        "/api/agent/kernels/{kernel_id}/variables/{name}": {
            "get": operation(
                "One variable in full",
                "Variable",
                parameters=(_KERNEL, path_parameter("name", _TEXT), query("column", _TEXT)),
            )
        },
        "/api/agent/doctor": _doctor_operations(),
        "/api/agent/commands": {"get": operation("The slash commands", "Commands")},
        "/api/agent/health": {"get": operation("How the assistant is", "Health")},
        "/api/agent/health/live": {"get": operation("Whether it runs", "Health")},
        "/api/agent/health/ready": {"get": operation("Whether it can keep a conversation", "Health")},
        "/api/agent/openapi.json": {"get": operation("This document", "")},
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
        "components": {
            "schemas": {
                **COMPONENTS,
                **session_paths.COMPONENTS,
                **turn_paths.COMPONENTS,
                **program_paths.COMPONENTS,
                **settings_paths.COMPONENTS,
            }
        },
    }
