"""Settings, models and completions, for the OpenAPI document."""

from __future__ import annotations

from jupyter_agent.server.openapi.operations import READ, TURN, WRITE, operation, query
from jupyter_agent.server.openapi.schemas import APPROVAL, CHAT_MODEL
from jupyter_agent.server.openapi.shapes import Schema, a_list, a_text, an_object, or_null, reference

_KEY = or_null(
    a_text("null forgets it", maxLength=1000, pattern="^[!-~]{1,1000}$", **{"x-form": "a key, without spaces"})
)
SETTINGS_CHANGE = an_object(
    {
        "settings": an_object(
            {
                "model": CHAT_MODEL,
                "base_url": or_null(a_text("of the model's server", maxLength=2000)),
                "approval": APPROVAL,
                "redact": or_null({"type": "boolean"}),
                "context_tokens": or_null({"type": "integer", "minimum": 500, "maximum": 10_000_000}),
            },
            description="null goes back to what holds without it",
        ),
        "keys": {
            "type": "object",
            "description": "provider to key; keys are never told again",
            "additionalProperties": _KEY,
            "maxProperties": 20,
        },
    },
    minProperties=1,
)
SETTING = {
    "type": "object",
    "properties": {
        "value": {},
        "source": {"type": "string", "enum": ["user", "configuration", "environment", "default"]},
        "locked": {"type": "boolean", "description": "fixed by the administrator"},
        "help": {"type": "string"},
        "variable": a_text("the environment variable that sets it"),
        "choices": a_list({"type": "string"}),
    },
    "required": ["value", "source", "locked", "help", "variable"],
}
KEY = an_object(
    {
        "set": {"type": "boolean"},
        "source": {"type": "string", "enum": ["environment", "user", ""]},
        "variable": {"type": "string"},
    },
    ["set", "source", "variable"],
)
SETTINGS = an_object(
    {
        "settings": {"type": "object", "additionalProperties": reference("Setting")},
        "keys": {"type": "object", "additionalProperties": reference("Key")},
    },
    ["settings", "keys"],
)
COMPLETION_REQUEST = an_object(
    {
        "prefix": a_text("the cell before the cursor", maxLength=200_000),
        "suffix": or_null(a_text("the cell after it", maxLength=200_000)),
        "language": or_null(a_text("of the cell; python if missing", maxLength=40)),
        "context": {"anyOf": [reference("Context"), {"type": "null"}]},
        "model": CHAT_MODEL,
    },
    ["prefix"],
)
COMPLETION = an_object(
    {"completion": a_text("to insert; may be empty"), "model": {"type": "string"}}, ["completion", "model"]
)
COMPONENTS: dict[str, Schema] = {
    "Completion": COMPLETION,
    "CompletionRequest": COMPLETION_REQUEST,
    "Key": KEY,
    "Setting": SETTING,
    "Settings": SETTINGS,
    "SettingsChange": SETTINGS_CHANGE,
}
_PROBE: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": 1,
    "description": "1: look for servers of models here too",
}


def paths() -> dict[str, Schema]:
    """Path → method → operation."""
    completing = operation("Text to go on with at the cursor", "Completion", body="CompletionRequest", errors=(*TURN,))
    changing = operation("Change settings and keys", "Settings", body="SettingsChange", errors=WRITE)
    models = operation("Which models can answer", "Models", parameters=(query("probe", _PROBE),))
    return {
        "/api/agent/complete": {"post": completing},
        "/api/agent/models": {"get": models},
        "/api/agent/settings": {
            "get": operation("Settings, and where each is from", "Settings", errors=READ),
            "put": changing,
        },
    }
