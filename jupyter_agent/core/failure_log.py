"""What the server's log says of a failure: one line with the request's id, the reason, and the words of another server."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from traitlets.log import get_logger

from jupyter_agent.core.errors import StoreFull, StoreUnavailable
from jupyter_agent.core.text import head, spelled_out

#: Of the request that is being answered; empty where none is.
request_id: ContextVar[str] = ContextVar("request_id", default="")
_MAX_CHARACTERS = 1_000
#: Request and code of the newest records: a turn and the handler that waits for it end with the same error.
_logged: deque[tuple[str, str]] = deque(maxlen=100)


def log() -> Any:
    """The logger of the Jupyter server, or of whatever application runs."""
    return get_logger()


def detail_of(error: Exception) -> str:
    """What only the log says of a failure: the words of the model's server, or of the store's driver."""
    if isinstance(error, (StoreUnavailable, StoreFull)) and error.__cause__ is not None:
        return f"{type(error.__cause__).__name__}: {error.__cause__}"
    return getattr(error, "detail", "")


def log_failure(code: str, message: str, detail: str, redact: Callable[[str], str], *, is_ours: bool) -> None:
    """One record at a level that is shown by default; none where this error of the request has one.

    Args:
        code: Of the error.
        message: As the client gets it.
        detail: What only the log says, such as the words of the model's server.
        redact: Withholds secrets.
        is_ours: Whether something failed here or at another server, and not the request.
    """
    failure = (request_id.get(), code)
    if failure[0] and failure in _logged:
        return
    _logged.append(failure)
    reason = f"{message} It said: {detail}" if detail else message
    line = head(spelled_out(" ".join(redact(reason).split())), _MAX_CHARACTERS)
    record = log().warning if is_ours else log().info
    record("jupyter-agent: request %s: %s: %s", failure[0] or "-", code, line)
