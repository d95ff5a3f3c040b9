"""Errors as clients of the OpenAI API know them: their shape, their codes, and the status of the model's server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_agent.core.errors import AgentError
    from jupyter_agent.server.turns.running_turn import TurnFailed

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
#: Our codes → the statuses of servers that gave none, and the codes by which those clients know the failure.
_STATUSES = {"upstream_auth": 401, "upstream_rate_limit": 429}
_CODES = {
    "unauthorized": "invalid_api_key",
    "upstream_auth": "invalid_api_key",
    "upstream_context_length": "context_length_exceeded",
    "upstream_rate_limit": "rate_limit_exceeded",
}


def status_of(error: AgentError | TurnFailed) -> int:
    """The status that the model's server gave, where it was that which failed."""
    if error.code == "upstream_context_length":
        return 400  # some servers say 413, which no client takes for it
    if 400 <= error.upstream_status < 600:
        return error.upstream_status
    return _STATUSES.get(error.code, error.status)


def error_body(status: int, message: str, code: str, **more: Any) -> dict[str, Any]:
    """An error in the shape of the OpenAI API, with the fields of our own shape."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    known = "model_not_found" if (status, code) == (404, "upstream_refused") else _CODES.get(code, code)
    error = {"message": message, "type": kind, "param": None, "code": known}
    return {"error": error, "message": message, "code": code, **more}
