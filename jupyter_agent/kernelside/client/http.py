"""A small client of the Jupyter server this kernel belongs to: JSON requests and the event stream of a turn."""

from __future__ import annotations

import http.client
import io
import json
import socket
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ..magic.errors import AgentFailed
from .server_info import Address

CONNECT_SECONDS = 5.0
REPLY_SECONDS = 30.0
SILENCE_SECONDS = 60.0  # the server sends a comment every 15 s
MAX_REDIRECTS = 4
POLL_SECONDS = 0.5  # between checks for Ctrl-C, on systems where it does not interrupt a blocked read

Event = tuple[str, dict[str, Any]]


class ResponseError(AgentFailed):
    """The server answered with an error.

    Attributes:
        status: HTTP status.
        code: The error's code as in the API, empty where the answer was not ours.
    """

    def __init__(self, message: str, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class HttpClient:
    """Talks to one server; each request has a connection of its own."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._xsrf = ""

    def has_extension(self) -> bool:
        """Whether that server has ours.

        Raises:
            AgentFailed: it has, but does not let us in.
        """
        try:
            self.request("GET", "api/agent/health", seconds=CONNECT_SECONDS)
        except ResponseError as error:
            if error.status in (401, 403):
                raise
            return error.status != 404 or bool(error.code)
        except AgentFailed:
            return False
        return True

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        seconds: float = REPLY_SECONDS,
        missing_ok: bool = False,
        as_text: bool = False,
    ) -> Any:
        """Send JSON, get JSON; with `as_text` a file's text, with `missing_ok` None where there is no such thing (404).

        Raises:
            AgentFailed: the server cannot be reached.
            ResponseError: it answered with an error.
        """
        try:
            with self._response(method, path, body, query or {}, seconds) as response:
                answer = response.read()
        except ResponseError as error:
            if missing_ok and error.status == 404:
                return None
            raise
        return answer.decode("utf-8", "replace") if as_text else _parsed(answer)

    def events(self, path: str, body: object) -> Generator[Event, None, None]:
        """Send JSON, get server-sent events until the stream ends; closing the iterator closes the connection.

        Raises:
            AgentFailed, ResponseError: as `request`; also when the stream breaks off.
        """
        with self._response("POST", path, body, {}, SILENCE_SECONDS) as response:
            yield from parse_events(iter(response.readline, b""))

    @contextmanager
    def _response(
        self, method: str, path: str, body: object, query: Mapping[str, str], seconds: float
    ) -> Iterator[http.client.HTTPResponse]:
        """The response to a request, its head read.

        Raises:
            AgentFailed, ResponseError: as `request`; also when it breaks off while it is read.
        """
        address = self._address
        if not address.token and method != "GET" and not self._xsrf:
            self._fetch_xsrf()
        target = urlsplit(address.url).path + quote(path) + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json, text/event-stream"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if address.token:
            headers["Authorization"] = f"token {address.token}"
        elif self._xsrf:
            headers.update({"Cookie": f"_xsrf={self._xsrf}", "X-XSRFToken": self._xsrf})
        failure = "the Jupyter server does not answer ({}). Is it still running?"
        try:
            with _connected(address) as connection:
                connection.sock.settimeout(seconds)
                connection.request(method, target, None if body is None else json.dumps(body).encode("utf-8"), headers)
                connection.sock.settimeout(POLL_SECONDS)
                with http.client.HTTPResponse(connection.sock, method=method) as response, response.fp:
                    response.fp = io.BufferedReader(_InterruptibleReader(connection.sock, seconds))
                    response.begin()
                    if response.status >= 400:
                        raise self._error(response)
                    failure = "the connection to the Jupyter server broke off ({})."
                    yield response
        except (OSError, http.client.HTTPException) as error:
            is_late = isinstance(error, (TimeoutError, socket.timeout))  # two classes before Python 3.10
            reason = "no reply in time" if is_late else str(error) or type(error).__name__
            raise AgentFailed(failure.format(reason)) from None

    def _fetch_xsrf(self) -> None:
        """A server without a token takes a POST only with the cookie that it gives to who opens its first page."""
        target = urlsplit(self._address.url).path
        for _ in range(MAX_REDIRECTS):
            try:
                with _connected(self._address) as connection:
                    connection.request("GET", target)
                    response = connection.getresponse()
                    response.read()
            except (OSError, http.client.HTTPException):
                return
            for cookie in response.headers.get_all("Set-Cookie") or ():
                name, _, value = cookie.partition(";")[0].partition("=")
                if name.strip() == "_xsrf":
                    self._xsrf = value.strip()
            target = urlsplit(response.headers.get("Location") or "")._replace(scheme="", netloc="").geturl()
            if self._xsrf or not target.startswith("/"):
                return

    def _error(self, response: http.client.HTTPResponse) -> ResponseError:
        answer = None
        with suppress(OSError, http.client.HTTPException):
            answer = _parsed(response.read())
        answer = answer if isinstance(answer, dict) else {}
        code = str(answer.get("code") or "")
        message = str(answer.get("message") or f"the Jupyter server answered {response.status}")
        if response.status in (401, 403) and not code:
            message = (
                "this Jupyter server is opened by a password, which its kernels do not know. Give the server a token as "
                "well, and set its address and the token in the notebook: os.environ['JUPYTER_AGENT_URL'] and "
                "os.environ['JUPYTER_AGENT_TOKEN']."
                if self._address.password
                else "the Jupyter server does not accept this kernel's token. Restart the kernel if the server was restarted."
            )
        return ResponseError(message, response.status, code)


def parse_events(lines: Iterator[bytes]) -> Iterator[Event]:
    """Server-sent events from their lines; comments and events whose data is not a JSON object are left out."""
    name, data = "message", []
    for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not line:
            parsed = _parsed("\n".join(data).encode("utf-8")) if data else None
            if isinstance(parsed, dict):
                yield name, parsed
            name, data = "message", []


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


@contextmanager
def _connected(address: Address) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server, over TCP or, of one that was started with ``--sock``, a UNIX socket."""
    parts = urlsplit(address.url)
    host, port = parts.hostname or "localhost", parts.port
    connection = http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
    if parts.scheme == "https" and not address.sock:
        import ssl

        context = ssl.create_default_context()
        if host in ("localhost", "127.0.0.1", "::1"):
            # A server on this machine mostly has a certificate of its own making, and nobody stands between us and it.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=context)
    with closing(connection):
        if address.sock:
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.settimeout(CONNECT_SECONDS)
            connection.sock.connect(address.sock)
        else:
            connection.connect()
        yield connection


class _InterruptibleReader(io.RawIOBase):
    """Reads from a socket with a short timeout, again and again, so that Ctrl-C is noticed on every system."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        super().__init__()
        self._sock = sock
        self._seconds = seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        end = time.monotonic() + self._seconds
        while True:
            try:
                return self._sock.recv_into(buffer)
            except (TimeoutError, socket.timeout):  # noqa: UP041 - two classes before Python 3.10
                if time.monotonic() >= end:
                    raise
