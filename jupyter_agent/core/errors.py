"""The error tree; each error knows its HTTP status, its code and whether a retry can help.

::

    AgentError
    ├── BadRequest                400 bad_request
    │   ├── UnknownModel          400 unknown_model
    │   └── AmbiguousSession      400 ambiguous_session
    ├── Forbidden                 403 forbidden
    ├── NotFound                  404 not_found          (unknown, or not yours: the same)
    ├── Conflict                  409 conflict
    │   ├── TurnInProgress        409 turn_in_progress
    │   ├── UndoInProgress        409 undo_in_progress
    │   ├── VersionConflict       409 version_conflict
    │   ├── TurnIdReused          409 turn_id_reused
    │   ├── ApprovalStale         409 approval_stale
    │   └── CellChanged           409 cell_changed
    ├── TooLarge                  413 too_large
    ├── UnsupportedMedia          415 unsupported_media
    ├── TooManyRequests           429 too_many_requests
    ├── UpstreamError             502 upstream_error
    │   ├── UpstreamAuth          502 upstream_auth
    │   ├── UpstreamUnreachable   502 upstream_unreachable
    │   ├── UpstreamRateLimit     502 upstream_rate_limit
    │   ├── UpstreamProtocol      502 upstream_protocol
    │   ├── UpstreamRefused       502 upstream_refused
    │   ├── ContextTooLong        502 upstream_context_length
    │   └── UpstreamTimeout       504 upstream_timeout
    ├── StoreUnavailable          503 store_unavailable
    │   └── SchemaNewer           503 schema_newer
    ├── KernelUnavailable         503 kernel_unavailable
    ├── MissingExtra              503 missing_extra
    └── StoreFull                 507 store_full

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

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadRequest(AgentError):
    """The request cannot be understood; the message names the field."""

    status = 400
    code = "bad_request"


class UnknownModel(BadRequest):
    """No provider of that name, or the model cannot chat."""

    code = "unknown_model"


class AmbiguousSession(BadRequest):
    """Several notebooks have a conversation of that id, and the request names none."""

    code = "ambiguous_session"


class Forbidden(AgentError):
    """The user may not do this here."""

    status = 403
    code = "forbidden"


class NotFound(AgentError):
    """There is no such thing, or it belongs to somebody else."""

    status = 404
    code = "not_found"


class Conflict(AgentError):
    """The thing changed under the request."""

    status = 409
    code = "conflict"


class TurnInProgress(Conflict):
    """The conversation is answering another question."""

    code = "turn_in_progress"
    retryable = True


class UndoInProgress(Conflict):
    """An undo or redo of the conversation has begun and is not finished."""

    code = "undo_in_progress"
    retryable = True


class VersionConflict(Conflict):
    """The stored revision is not the one the change was made from."""

    code = "version_conflict"
    retryable = True


class TurnIdReused(Conflict):
    """That turn id was used for another question."""

    code = "turn_id_reused"


class ApprovalStale(Conflict):
    """Nothing waits for this answer any more."""

    code = "approval_stale"


class CellChanged(Conflict):
    """The cell is no longer what the edit was made for."""

    code = "cell_changed"


class TooLarge(AgentError):
    """The request is larger than is accepted."""

    status = 413
    code = "too_large"


class UnsupportedMedia(AgentError):
    """The request is not JSON."""

    status = 415
    code = "unsupported_media"


class TooManyRequests(AgentError):
    """A limit of this server is reached."""

    status = 429
    code = "too_many_requests"
    retryable = True


class UpstreamError(AgentError):
    """The language model's server failed."""

    status = 502
    code = "upstream_error"
    retryable = True


class UpstreamAuth(UpstreamError):
    """The model's server did not accept the key."""

    code = "upstream_auth"
    retryable = False


class UpstreamUnreachable(UpstreamError):
    """The model's server could not be reached."""

    code = "upstream_unreachable"


class UpstreamRateLimit(UpstreamError):
    """The model's server asks for patience, or the quota is used up."""

    code = "upstream_rate_limit"


class UpstreamProtocol(UpstreamError):
    """The model's server answered with something that is not its protocol."""

    code = "upstream_protocol"


class UpstreamRefused(UpstreamError):
    """The model's server refused the request itself."""

    code = "upstream_refused"
    retryable = False


class ContextTooLong(UpstreamError):
    """The conversation does not fit the model."""

    code = "upstream_context_length"
    retryable = False


class UpstreamTimeout(UpstreamError):
    """The model's server did not answer in time."""

    status = 504
    code = "upstream_timeout"


class StoreUnavailable(AgentError):
    """Conversations can be neither read nor written now."""

    code = "store_unavailable"
    retryable = True


class SchemaNewer(StoreUnavailable):
    """The store was written by a newer release."""

    code = "schema_newer"
    retryable = False


class KernelUnavailable(AgentError):
    """There is no kernel, or it is dead or does not answer."""

    code = "kernel_unavailable"
    retryable = True


class MissingExtra(AgentError):
    """An optional package is needed; the message says how to install it."""

    code = "missing_extra"


class StoreFull(AgentError):
    """There is no room to keep the conversation."""

    status = 507
    code = "store_full"
    retryable = True
