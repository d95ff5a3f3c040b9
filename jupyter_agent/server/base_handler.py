"""The base of our handlers: authentication, strict bodies, and one shape for every error."""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import partial, wraps
from http.client import responses
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.core.errors import (
    AgentError,
    BadRequest,
    Forbidden,
    NotFound,
    TooLarge,
    TooManyRequests,
    UnsupportedMedia,
)
from jupyter_agent.core.failure_log import detail_of, log_failure, request_id
from jupyter_agent.server import bodies, identity
from jupyter_agent.server.encoding import json_text
from jupyter_agent.server.streamed_body import BODY_SECONDS, MAX_DISCARDED, StreamedBodyHandler
from jupyter_agent.server.turns.running_turn import TurnFailed
from jupyter_agent.server.turns.session_events import SessionEvent

if TYPE_CHECKING:
    from jupyter_agent.config.options import JupyterAgent
    from jupyter_agent.server.openapi.operations import Operation
    from jupyter_agent.server.services import Services
    from jupyter_agent.sessions.manager import SessionManager

#: Bodies up to this size are checked on the event loop; larger ones in a thread, so that no other request waits.
SMALL_BODY = 16 * 1024
_ERRORS = (BadRequest, Forbidden, NotFound, TooLarge, UnsupportedMedia, TooManyRequests)
_CODES = {error.status: error.code for error in _ERRORS} | {401: "unauthorized", 405: "method_not_allowed"}
_FOREIGN_HOST = (
    "This server does not answer to that host name. Use its own address, or have its administrator add the name to "
    "c.ServerApp.local_hostnames or set c.ServerApp.allow_remote_access."
)
_MESSAGES = {
    401: "Sign in to Jupyter, or send its token as 'Authorization: token …'.",
    403: "Not allowed: sign in to Jupyter, or send its token as 'Authorization: token …'; requests with a cookie also "
    "need the header X-XSRFToken.",
    404: "There is nothing at this address.",
}


class AgentHandler(StreamedBodyHandler):
    """A JSON handler of ours.

    Bodies are received in pieces: a client that is not signed in, or sends too much, cannot fill the memory. Each method of
    HTTP that a subclass has is only run for an authenticated and authorized user, with the parameters of path and query checked.

    Attributes:
        disconnected: Whether the client no longer waits.
        on_disconnect: Called when it disconnects.
    """

    auth_resource = identity.AUTH_RESOURCE
    max_body: ClassVar[int] = 256 * 1024
    max_entries: ClassVar[int] = bodies.MAX_ENTRIES
    too_large: ClassVar[str] = ""
    disconnected = False
    on_disconnect: Callable[[], object] | None = None

    def __init_subclass__(cls) -> None:
        for method in ("get", "post", "put", "patch", "delete"):
            if method in vars(cls):
                setattr(cls, method, web.authenticated(authorized(_with_checked_parameters(vars(cls)[method]))))

    def initialize(self, services: Services, path: str) -> None:
        """Take what all handlers share, and the path this one serves."""
        self.services = services
        self.document_path = path
        self.method = (self.request.method or "get").lower()
        self.request_id = uuid.uuid4().hex[:12]
        request_id.set(self.request_id)
        self._chunks = bytearray()
        self._received = 0

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse requests without a user before anything else, and large bodies before they are read."""
        connection: Any = self.request.connection
        if hasattr(connection, "set_max_body_size"):
            connection.set_max_body_size(MAX_DISCARDED)
            connection.set_body_timeout(BODY_SECONDS)
        await super().prepare()
        if self.current_user is None and self.request.method != "OPTIONS":
            raise web.HTTPError(403)
        if self.request.method not in web.RequestHandler.SUPPORTED_METHODS:
            raise web.HTTPError(405)
        self._check_size(self.declared_size())

    def _check_size(self, size: int) -> None:
        if size > self.max_body:
            raise TooLarge(f"The body is larger than {self.max_body // 1024} KiB. {self.too_large}".rstrip())

    def data_received(self, chunk: bytes) -> None:
        """Keep a piece of the body, up to the limit."""
        self._received += len(chunk)
        if self._received <= self.max_body:
            self._chunks += chunk

    @property
    def owner(self) -> str:
        """Whose conversations these are."""
        owner = identity.owner(self, self.services.assistant)
        self.services.notebook_renames.add_owner(owner)
        return owner

    @property
    def user_options(self) -> JupyterAgent:
        """The options that hold for the signed-in user."""
        return self.services.assistant.options_of(identity.settings_owner(self))

    @property
    def sessions(self) -> SessionManager:
        """Where conversations are kept."""
        return self.services.assistant.sessions

    @property
    def operation(self) -> Operation | None:
        """What the document says of this request; None where it has nothing."""
        from jupyter_agent.server.openapi.operations import OPERATIONS  # with the wire types, by the first request

        return OPERATIONS.get(self.document_path, {}).get(self.method)

    async def json_body(self) -> Any:
        """The request's body, as the type that the document has for it; none is an empty object where there need be none.

        Raises:
            BadRequest, UnsupportedMedia, TooLarge: it is not what the document says.
        """
        from jupyter_agent.server.openapi import validation

        body = bytes(self._chunks)
        if self._received or self.operation is None or self.operation.body_required:
            self._check_size(self._received)
            headers = self.request.headers
            bodies.check_headers(headers.get("Content-Type", ""), headers.get("Content-Encoding", ""))
        else:
            body = b"{}"
        if len(body) <= SMALL_BODY:
            return validation.check_body(self.document_path, self.method, bodies.parse(body, self.max_entries))
        parsed = await asyncio.to_thread(bodies.parse, body, self.max_entries)
        return await asyncio.to_thread(validation.check_body, self.document_path, self.method, parsed)

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

        return validation.check_parameters(self.document_path, self.method, place, given)

    @property
    def user_name(self) -> str:
        """Of the signed-in user; where only a token is known, the owner: Jupyter makes up a name for each request."""
        return identity.user_name(self, self.services.assistant)

    def audit_refused(self, code: str, what: str, session_id: str | None = None) -> None:
        """An audit event about something in this request that does not hold."""
        what = self.services.assistant.redactor.text(what, always=True)
        by, ids = self.user_name, {"session_id": session_id, "method": self.method, "route": self.document_path}
        self.services.audit.refused(code, owner=self.owner, by=by, what=what, **ids)

    def audit_session(self, action: str, session_id: str | None, notebook_id: str | None = None, **fields: Any) -> None:
        """Something was done with a conversation as a whole."""
        ids: dict[str, Any] = {
            "session_id": session_id,
            "notebook_id": notebook_id,
            "owner": self.owner,
            "by": self.user_name,
        }
        self.services.audit.emit("session", action=action, **ids, **fields)

    def locate(self, session_id: str) -> tuple[str, str, str | None]:
        """Owner, id and notebook of the conversation that the address names."""
        return self.owner, session_id, self.query_parameters()["notebook_id"]

    def on_connection_close(self) -> None:
        """End what runs for this client."""
        self.disconnected = True
        if self.on_disconnect is not None:
            self.on_disconnect()
        super().on_connection_close()

    def on_finish(self) -> None:
        """Publish changes of a conversation to other pages."""
        session_id = self.path_kwargs.get("session_id")
        changed = self.method in ("post", "patch", "delete") and self.get_status() < 400
        if changed and session_id is not None and self.current_user is not None:
            notebook_id = self.query_parameters().get("notebook_id") or ""
            self.services.session_events.publish(self.owner, SessionEvent(session_id, notebook_id, "", "changed"))
        super().on_finish()

    async def need(self, action: str, resource: str) -> None:
        """Ask Jupyter's authorizer.

        Raises:
            Forbidden: it says no.
        """
        if not await identity.allowed(self, action, resource):
            raise Forbidden(f"You may not {action} {resource} on this server; its administrator can allow it.")

    def reply(self, value: Any, status: int | None = None) -> None:
        """Finish with a JSON value, and with the document's status where none is given."""
        if status is None:  # only what is posted creates something: the rest needs no table, and no wire types
            status = int(self.operation.status) if self.method == "post" and self.operation is not None else 200
        self.set_status(status)
        self.finish(json_text(value))

    async def reply_made(self, make: Callable[[], Any]) -> None:
        """Finish with a JSON value that may be large: it is made and written in a thread, so that no other request waits."""
        text = await asyncio.to_thread(lambda: json_text(make()))
        self.set_status(200)
        self.finish(text)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What is neither ours nor HTTP's is a bug of ours, reported without details."""
        status, error = status_code, kwargs.get("exc_info", (None, None))[1]
        code, message = _CODES.get(status, "error"), f"{responses.get(status, 'This request failed')}."
        body: dict[str, Any] = {
            "message": _MESSAGES.get(status, message),
            "code": code,
            "retryable": False,
            "request_id": self.request_id,
        }
        if isinstance(error, (AgentError, TurnFailed)):
            status = self.failure_status(error)
            # The words of a model's server may repeat the key.
            message = self.services.assistant.redactor.text(error.message, always=True)
            body |= {"message": message, "code": error.code, "retryable": error.retryable}
            body |= error.ids if isinstance(error, TurnFailed) else {}
        elif status >= 500:
            status = 500
            message = f"Something went wrong in the assistant; the server's log has it as {self.request_id}."
            body |= {"message": message, "code": "internal"}
        elif status == 403 and not self.check_host():
            body["message"] = _FOREIGN_HOST
        elif status == 405:
            from jupyter_agent.server.openapi.operations import OPERATIONS

            methods = OPERATIONS.get(self.document_path, {})
            self.set_header("Allow", ", ".join([*(method.upper() for method in methods), "OPTIONS"]))
        retry_after = getattr(error, "retry_after", None)
        if retry_after is not None:
            self.set_header("Retry-After", str(math.ceil(retry_after)))
        elif status in (429, 503) and body["retryable"] and not body["code"].startswith("upstream_"):
            self.set_header("Retry-After", "5")  # what failed is ours
        self.reply(self.error_body(status, body), status)

    def failure_status(self, error: AgentError | TurnFailed) -> int:
        """The status of a failure for the clients of this handler."""
        return error.status

    def error_body(self, status: int, body: dict[str, Any]) -> dict[str, Any]:
        """The error as the clients of this handler know it."""
        return body

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """One record with the request's id; never its address, which may carry the token."""
        redact = partial(self.services.assistant.redactor.text, always=True)
        if isinstance(value, (AgentError, TurnFailed)):
            log_failure(value.code, value.message, detail_of(value), redact, is_ours=value.status >= 500)
            if value.status == 403 and self.current_user is not None:
                self.audit_refused(value.code, value.message)
        elif isinstance(value, web.HTTPError) and value.status_code < 500:
            log_failure(
                str(value.status_code),
                value.log_message or responses.get(value.status_code, ""),
                "",
                redact,
                is_ours=False,
            )
            if (
                value.status_code == 403 and self.current_user is not None
            ):  # Jupyter's authorizer, or a page without its token
                self.audit_refused(Forbidden.code, value.log_message or "")
        else:
            self.log.error("jupyter-agent: request %s failed", self.request_id, exc_info=value)


def _with_checked_parameters(method: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @wraps(method)
    async def checked(self: AgentHandler, **given: str) -> None:
        parameters = self.check_parameters("path", given) if given else {}
        self.query_parameters()
        await method(self, **parameters)

    return checked


class UnknownPathHandler(AgentHandler):
    """Every other path below ours."""

    async def prepare(self) -> None:  # type: ignore[override]
        await super().prepare()
        raise NotFound("There is nothing at this address; see /api/agent/openapi.json.")
