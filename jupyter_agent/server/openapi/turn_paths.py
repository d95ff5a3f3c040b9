"""What may be done with a turn while it runs and afterwards, for the OpenAPI document: follow, cancel, answer."""

from __future__ import annotations

from jupyter_agent.server.openapi.operations import NOTEBOOK, READ, TURN_ID, WRITE, operation, path_parameter, query
from jupyter_agent.server.openapi.schemas import FREE_OBJECT, SESSION_ID_TEXT
from jupyter_agent.server.openapi.shapes import Schema, a_text, a_whole, an_object, or_null, reference

RUN_STATUSES = ["ok", "error", "timeout", "died", "still_running", "unavailable"]
EDIT_STATUSES = ["cell_changed", "not_found", "read_only"]
EVENTS = (
    "Events turn, waiting, text, tool_call, approval, edit, run, tool_result, usage, "
    "then exactly one of done, error, cancelled, interrupted."
)
_CALL_ID = path_parameter("call_id", {"type": "string", "maxLength": 1000})
_LAST_EVENT_ID: Schema = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "schema": a_text("the id of the last event that was read; the stream goes on after it"),
}

CELL_CHANGE = an_object(
    {
        "cell_id": a_text("the cell that was asked for", maxLength=1000),
        "before": or_null({**FREE_OBJECT, "description": "the cell in nbformat 4; null where there was none"}),
        "after": or_null({**FREE_OBJECT, "description": "the same afterwards; null where it was deleted"}),
        "below_before": or_null(a_text("id of the cell it stood below; empty for the top", maxLength=1000)),
        "below_after": or_null(a_text("the same afterwards", maxLength=1000)),
    },
    ["cell_id", "before", "after"],
)
ACTION_RESULT = an_object(
    {
        "status": {
            "type": "string",
            "enum": [*RUN_STATUSES, *EDIT_STATUSES],
            "description": "ok, or why it was not done; error: the code raised, or another reason, which text tells",
        },
        "text": or_null(a_text("output, results and errors as text")),
        "images": or_null(a_whole("how many pictures it displayed", 0, 10**6)),
        "change": {"anyOf": [reference("CellChange"), {"type": "null"}]},
        "error": {
            "type": ["object", "null"],
            "properties": {"name": {"type": "string"}, "message": {"type": "string"}},
            "additionalProperties": False,
        },
    },
    ["status"],
)
ACTION_ANSWER = an_object(
    {
        "decision": {"type": "string", "enum": ["approve", "deny"]},
        "digest": or_null(a_text("the digest of the approval that is answered", maxLength=200)),
        "result": {"anyOf": [reference("ActionResult"), {"type": "null"}]},
    },
    minProperties=1,
)
ACCEPTED = an_object({"status": {"const": "accepted"}, "call_id": {"type": "string"}}, ["status", "call_id"])
CANCELLED = an_object(
    {"status": {"type": "string", "enum": ["cancelled", "ended"]}, "turn_id": {"type": "string"}}, ["status", "turn_id"]
)
COMPONENTS: dict[str, Schema] = {
    "Accepted": ACCEPTED,
    "ActionAnswer": ACTION_ANSWER,
    "ActionResult": ACTION_RESULT,
    "Cancelled": CANCELLED,
    "CellChange": CELL_CHANGE,
}


def event_stream(description: str) -> Schema:
    """A body of server-sent events."""
    properties = {
        "id": a_text(
            "1, 2, 3 and so on; text may come in larger pieces to a reader that is behind, and then skips some."
        ),
        "event": {"type": "string"},
        "data": a_text("A JSON object on one line."),
    }
    schema = {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": ["id", "event", "data"],
    }
    return {"text/event-stream": {"schema": schema}}


def _events() -> Schema:
    parameters = (TURN_ID, _LAST_EVENT_ID, query("session_id", SESSION_ID_TEXT), NOTEBOOK)
    described = operation(
        "A turn's events, from the beginning or from where they were left off", "", parameters=parameters
    )
    begins = (
        "A stream that begins with `turn` tells all anew. A turn that ended long ago is told from its conversation, "
    )
    described["responses"]["200"]["content"] = event_stream(f"{EVENTS} {begins}which session_id then names.")
    return described


def _feed() -> Schema:
    described = operation(
        "What happens to one's conversations from now on", "", parameters=(NOTEBOOK,), errors=(*READ, "429")
    )
    described["responses"]["200"]["content"] = event_stream(
        "Events session: {session_id, notebook_id, turn_id, status}; status started and ended tell of turns, whose events "
        "can be followed, changed tells to read the conversation anew. With notebook_id, of that notebook's only."
    )
    return described


def paths() -> dict[str, Schema]:
    """Path → method → operation."""
    turn = "/api/agent/turns/{turn_id}"
    answering = operation(
        "Answer an approval, or return what the caller ran or edited",
        "Accepted",
        body="ActionAnswer",
        parameters=(TURN_ID, _CALL_ID),
        errors=WRITE,
    )
    cancelling = operation("Stop a turn; what was said is kept", "Cancelled", parameters=(TURN_ID,))
    return {
        "/api/agent/events": {"get": _feed()},
        f"{turn}/events": {"get": _events()},
        f"{turn}/cancel": {"post": cancelling},
        f"{turn}/actions/{{call_id}}": {"post": answering},
    }
