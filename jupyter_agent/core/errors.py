"""The error tree; each error knows its HTTP status, its code and whether a retry can help.

Parts raise these, ``from`` the cause; entry points translate them. The text of an error is written for a notebook user
and says what to do. It never carries a path, a key, SQL, or the body of another server's answer.
"""

from __future__ import annotations

from typing import ClassVar


class AgentError(Exception):
    """Base of all errors that this package raises on purpose."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "unavailable"
    retryable: ClassVar[bool] = False
    #: Words of another server, for the log alone: they may repeat the question.
    detail: str = ""
    #: The status that the model's server gave; 0 where it gave none.
    upstream_status: int = 0
    #: Seconds after which it may be asked again, where it says so.
    retry_after: float | None = None

    def __init_subclass__(cls, *, status: int = 0, code: str = "", retryable: bool | None = None) -> None:
        cls.status = status or cls.status
        cls.code = code or cls.code
        cls.retryable = cls.retryable if retryable is None else retryable

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def kinds() -> list[type[AgentError]]:
    """The tree, its root first."""
    known = [AgentError]
    for error in known:
        known += error.__subclasses__()
    return known


def status_of(code: str | None) -> int:
    """The HTTP status of an error that is only known by its code, as of a stored turn; 500 for what is none of these."""
    return next((error.status for error in kinds() if error.code == code), 500)


class BadRequest(AgentError, status=400, code="bad_request"):
    """The request cannot be understood; the message names the field."""


class UnknownModel(BadRequest, code="unknown_model"):
    """No provider of that name, or the model cannot chat."""


class AmbiguousSession(BadRequest, code="ambiguous_session"):
    """Several notebooks have a conversation of that id, and the request names none."""


class Forbidden(AgentError, status=403, code="forbidden"):
    """The user may not do this here."""


class NotFound(AgentError, status=404, code="not_found"):
    """There is no such thing, or it belongs to somebody else."""


class NoFile(NotFound):
    """There is no file of that name."""


class NoNotebook(NotFound, code="no_notebook"):
    """The conversation belongs to no notebook."""


class Conflict(AgentError, status=409, code="conflict"):
    """The thing changed under the request."""


class TurnInProgress(Conflict, code="turn_in_progress", retryable=True):
    """The conversation is answering another question."""


class UndoInProgress(Conflict, code="undo_in_progress", retryable=True):
    """An undo or redo of the conversation has begun and is not finished."""


class VersionConflict(Conflict, code="version_conflict", retryable=True):
    """The stored revision is not the one the change was made from."""


class TurnIdReused(Conflict, code="turn_id_reused"):
    """That turn id was used for another question."""


class ApprovalStale(Conflict, code="approval_stale"):
    """Nothing waits for this answer any more."""


class CellChanged(Conflict, code="cell_changed"):
    """The cell is no longer what the edit was made for."""


class TextNotFound(Conflict, code="text_not_found"):
    """What is to be replaced does not stand in the cell exactly once."""


class TooLarge(AgentError, status=413, code="too_large"):
    """The request is larger than is accepted."""


class UnsupportedMedia(AgentError, status=415, code="unsupported_media"):
    """The request is not JSON."""


class TooManyRequests(AgentError, status=429, code="too_many_requests", retryable=True):
    """A limit of this server is reached."""


class UpstreamError(AgentError, status=502, code="upstream_error", retryable=True):
    """The language model's server failed."""


class UpstreamAuth(UpstreamError, code="upstream_auth", retryable=False):
    """The model's server did not accept the key."""


class UpstreamUnreachable(UpstreamError, code="upstream_unreachable"):
    """The model's server could not be reached."""


class UpstreamRateLimit(UpstreamError, code="upstream_rate_limit"):
    """The model's server asks for patience, or the quota is used up."""


class UpstreamProtocol(UpstreamError, code="upstream_protocol"):
    """The model's server answered with something that is not its protocol."""


class UpstreamRefused(UpstreamError, code="upstream_refused", retryable=False):
    """The model's server refused the request itself."""


class ContextTooLong(UpstreamError, code="upstream_context_length", retryable=False):
    """The conversation does not fit the model."""


class UpstreamTimeout(UpstreamError, status=504, code="upstream_timeout"):
    """The model's server did not answer in time."""


class StoreUnavailable(AgentError, code="store_unavailable", retryable=True):
    """Conversations can be neither read nor written now."""


class SchemaNewer(StoreUnavailable, code="schema_newer", retryable=False):
    """The store was written by a newer release."""


class KernelUnavailable(AgentError, code="kernel_unavailable", retryable=True):
    """There is no kernel, or it is dead or does not answer."""


class NoKernel(KernelUnavailable, code="no_kernel"):
    """No kernel is running for the notebook."""


class MissingExtra(AgentError, code="missing_extra"):
    """An optional package is needed; the message says how to install it."""


class StoreFull(AgentError, status=507, code="store_full", retryable=True):
    """There is no room to keep the conversation."""
