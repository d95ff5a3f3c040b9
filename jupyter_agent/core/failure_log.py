"""What the server's log says of a failure: one line with the request's id, the reason, and the words of another server."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from traitlets.log import get_logger

from jupyter_agent.core.text import head, spelled_out

#: Of the request that is being answered; empty where none is.
request_id: ContextVar[str] = ContextVar("request_id", default="")
_MAX_CHARACTERS = 1_000


def log() -> Any:
    """The logger of the Jupyter server, or of whatever application runs."""
    return get_logger()


def log_failure(code: str, message: str, detail: str, redact: Callable[[str], str], *, is_ours: bool) -> None:
    """One record at a level that is shown by default.

    Args:
        code: Of the error.
        message: As the client gets it.
        detail: What only the log says, such as the words of the model's server.
        redact: Withholds secrets.
        is_ours: Whether something failed here or at another server, and not the request.
    """
    reason = f"{message} It said: {detail}" if detail else message
    line = head(spelled_out(" ".join(redact(reason).split())), _MAX_CHARACTERS)
    record = log().warning if is_ours else log().info
    record("jupyter-agent: request %s: %s: %s", request_id.get() or "-", code, line)
