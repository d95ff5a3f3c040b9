"""The base of our handlers: authentication, strict bodies, and one shape for every error."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from http.client import responses
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_server.base.handlers import APIHandler
from tornado import web

from jupyter_agent.core.errors import AgentError, Forbidden, NotFound, TooLarge
from jupyter_agent.server import bodies, identity
from jupyter_agent.server.encoding import json_text
from jupyter_agent.server.turns.running_turn import TurnFailed
from jupyter_agent.server.turns.session_events import SessionEvent

if TYPE_CHECKING:
    from jupyter_agent.server.services import Services

BODY_SECONDS = 30.0
#: Bodies up to this size are checked on the event loop; larger ones in a thread, so that no other request waits.
SMALL_BODY = 16 * 1024
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media",
    429: "too_many_requests",
}
_MESSAGES = {
    401: "Sign in to Jupyter, or send its token as 'Authorization: token …'.",
    403: "Not allowed: sign in to Jupyter, or send its token as 'Authorization: token …'; requests with a cookie also "
    "need the header X-XSRFToken.",
    404: "There is nothing at this address.",
}


@web.stream_request_body
class AgentHandler(APIHandler):
    """A JSON handler of ours.

    Bodies are received in pieces: a client that is not signed in, or sends too much, cannot fill the memory.
    """

    auth_resource = identity.AUTH_RESOURCE
    max_body: ClassVar[int] = 256 * 1024
    max_entries: ClassVar[int] = bodies.MAX_ENTRIES

    def initialize(self, services: Services, path: str) -> None:
        """Take what all handlers share, and the path this one serves."""
        self.services = services
        self.document_path = path
        self.request_id = uuid.uuid4().hex[:12]
        self._chunks = bytearray()
        self._received = 0

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse requests without a user before anything else, and large bodies before they are read."""
        connection: Any = self.request.connection
        if hasattr(connection, "set_max_body_size"):
            connection.set_max_body_size(2 * self.max_body)
            connection.set_body_timeout(BODY_SECONDS)
        await super().prepare()
        if self.current_user is None and self.request.method != "OPTIONS":
            raise web.HTTPError(403)
        declared = self.request.headers.get("Content-Length", "0")
        self._check_size(int(declared) if declared.isdigit() else 0)

    def _check_size(self, size: int) -> None:
        if size > self.max_body:
            raise TooLarge(f"The body is larger than {self.max_body // 1024} KiB.")

    def data_received(self, chunk: bytes) -> None:
        """Keep a piece of the body, up to the limit."""
        self._received += len(chunk)
        if self._received <= self.max_body:
            self._chunks += chunk

    @property
    def owner(self) -> str:
        """Whose conversations these are."""
        owner = identity.owner(self, self.services.options.session_scope)
        self.services.notebook_renames.add_owner(owner)
        return owner

    async def json_body(self, *, optional: bool = False) -> Any:
        """The request's body, as the type that the table of operations has for it.

        Args:
            optional: No body is the same as an empty object.

        Raises:
            BadRequest, UnsupportedMedia, TooLarge: it is not what the document says.
        """
        if optional and not self._received:
            return self._checked(b"{}")
        headers = self.request.headers
        bodies.check_headers(headers.get("Content-Type", ""), headers.get("Content-Encoding", ""))
        self._check_size(self._received)
        body = bytes(self._chunks)
        if len(body) <= SMALL_BODY:
            return self._checked(body)
        return await asyncio.to_thread(self._checked, body)

    def _checked(self, body: bytes) -> Any:
        from jupyter_agent.server.openapi import validation

        return validation.check_body(self.document_path, self._method, bodies.parse(body, self.max_entries))

    def path_parameters(self, **given: str) -> dict[str, Any]:
        """Parameters of the path, checked.

        Raises:
            BadRequest: one is not what the document says.
        """
        return self.check_parameters("path", given)

    def query_parameters(self) -> dict[str, Any]:
        """Parameters of the query, checked; None or the default where missing.

        Raises:
            BadRequest: one is not what the document says.
        """
        # Not `get_query_argument`, which quietly changes control characters.
        arguments = self.request.query_arguments
        given = {name: self.decode_argument(values[-1], name) for name, values in arguments.items()}
        return self.check_parameters("query", given)

    def check_parameters(self, place: str, given: Mapping[str, str]) -> dict[str, Any]:
        """Parameters of the path, the query or the header, checked.

        Raises:
            BadRequest: one is not what the document says.
        """
        from jupyter_agent.server.openapi import validation  # the wire types are loaded by the first request

        return validation.check_parameters(self.document_path, self._method, place, given)

    def on_finish(self) -> None:
        """Publish changes of a conversation to other pages."""
        session_id = self.path_kwargs.get("session_id")
        changed = self._method in ("post", "patch", "delete") and self.get_status() < 400
        if changed and session_id is not None and self.current_user is not None:
            notebook_id = self.query_parameters().get("notebook_id") or ""
            self.services.session_events.publish(self.owner, SessionEvent(session_id, notebook_id, "", "changed"))
        super().on_finish()

    @property
    def _method(self) -> str:
        return (self.request.method or "get").lower()

    async def need(self, action: str, resource: str) -> None:
        """Ask Jupyter's authorizer.

        Raises:
            Forbidden: it says no.
        """
        if not await identity.allowed(self, action, resource):
            raise Forbidden(f"You may not {action} {resource} on this server; its administrator can allow it.")

    def reply(self, value: Any, status: int = 200) -> None:
        """Finish with a JSON value."""
        self.set_status(status)
        self.finish(json_text(value))

    # Errors ---------------------------------------------------------------------------------------

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """End with an error; what is neither ours nor HTTP's is a bug of ours, reported without details."""
        error = _error_of(kwargs)
        if isinstance(error, (AgentError, TurnFailed)):
            status_code = error.status
        elif status_code == 500:
            status_code = 503
        super().send_error(status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """The body of an error, with the methods there are where this one is not allowed."""
        if status_code == 405:
            from jupyter_agent.server.openapi.operations import OPERATIONS

            methods = OPERATIONS.get(self.document_path, {})
            self.set_header("Allow", ", ".join([*(method.upper() for method in methods), "OPTIONS"]))
        error, code, retryable, ids = _error_of(kwargs), _CODES.get(status_code, "error"), False, {}
        message = _MESSAGES.get(status_code, f"{responses.get(status_code, 'This request failed')}.")
        if isinstance(error, (AgentError, TurnFailed)):
            message, code, retryable = error.message, error.code, error.retryable
            ids = error.ids if isinstance(error, TurnFailed) else {}
        elif status_code == 503:
            message = f"Something went wrong in the assistant; the server's log has it as {self.request_id}."
            code = "internal"
        body = {"message": message, "code": code, "retryable": retryable, "request_id": self.request_id, **ids}
        self.reply(self.error_body(status_code, body), status_code)

    def error_body(self, status: int, body: dict[str, Any]) -> dict[str, Any]:
        """The error as the clients of this handler know it."""
        return body

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """One record with the request's id; never its address, which may carry the token."""
        if isinstance(value, (AgentError, TurnFailed, web.HTTPError)):
            self.log.debug("jupyter-agent: request %s: %s", self.request_id, type(value).__name__)
        else:
            self.log.error("jupyter-agent: request %s failed", self.request_id, exc_info=value)


def _error_of(kwargs: dict[str, Any]) -> BaseException | None:
    info = kwargs.get("exc_info")
    return info[1] if info else None


class UnknownPathHandler(AgentHandler):
    """Every other path below ours."""

    async def prepare(self) -> None:  # type: ignore[override]
        """Answer that there is nothing."""
        await super().prepare()
        raise NotFound("There is nothing at this address; see /api/agent/openapi.json.")
