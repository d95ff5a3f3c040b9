"""A small client of the Jupyter server this kernel belongs to: JSON requests and the event stream of a turn."""

from __future__ import annotations

import http.client
import io
import json
import socket
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
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
            if error.status == 404 and not error.code:
                return False
            if error.status in (401, 403):
                raise
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
    ) -> Any:
        """Send JSON, get JSON.

        Raises:
            AgentFailed: the server cannot be reached.
            ResponseError: it answered with an error.
        """
        return _parsed(self._body(method, path, body, query or {}, seconds))

    def text(self, path: str, query: Mapping[str, str]) -> str:
        """Get a file's text.

        Raises:
            AgentFailed, ResponseError: as `request`.
        """
        return self._body("GET", path, None, query, REPLY_SECONDS).decode("utf-8", "replace")

    def events(self, path: str, body: object) -> Generator[Event, None, None]:
        """Send JSON, get server-sent events until the stream ends; closing the iterator closes the connection.

        Raises:
            AgentFailed, ResponseError: as `request`; also when the stream breaks off.
        """
        connection, response = self._send("POST", path, body, {}, SILENCE_SECONDS)
        try:
            with _interruptions():
                yield from parse_events(iter(response.readline, b""))
        finally:
            response.close()
            connection.close()

    def _body(self, method: str, path: str, body: object, query: Mapping[str, str], seconds: float) -> bytes:
        connection, response = self._send(method, path, body, query, seconds)
        try:
            with _interruptions():
                return response.read()
        finally:
            connection.close()

    def _send(
        self, method: str, path: str, body: object, query: Mapping[str, str], seconds: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Sends a request; the connection and the response's head.

        Raises:
            AgentFailed, ResponseError: as `request`; the connection is closed then.
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
        connection = _connection(address)
        try:
            connection.connect()
            connection.sock.settimeout(seconds)
            connection.request(method, target, None if body is None else json.dumps(body).encode("utf-8"), headers)
            connection.response_class = partial(_Response, seconds=seconds)  # type: ignore[assignment]
            connection.sock.settimeout(POLL_SECONDS)
            response = connection.getresponse()
            if response.status >= 400:
                raise self._error(response)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise AgentFailed(f"the Jupyter server does not answer ({_reason(error)}). Is it still running?") from None
        except BaseException:
            connection.close()
            raise
        return connection, response

    def _fetch_xsrf(self) -> None:
        """A server without a token takes a POST only with the cookie that it gives to who opens its first page."""
        target = urlsplit(self._address.url).path
        for _ in range(MAX_REDIRECTS):
            connection = _connection(self._address)
            try:
                connection.request("GET", target)
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):
                return
            finally:
                connection.close()
            for cookie in response.headers.get_all("Set-Cookie") or ():
                name, _, value = cookie.partition(";")[0].partition("=")
                if name.strip() == "_xsrf":
                    self._xsrf = value.strip()
            target = urlsplit(response.headers.get("Location") or "")._replace(scheme="", netloc="").geturl()
            if self._xsrf or not target.startswith("/"):
                return

    def _error(self, response: http.client.HTTPResponse) -> ResponseError:
        try:
            answer = _parsed(response.read())
        except (OSError, http.client.HTTPException):
            answer = None
        answer = answer if isinstance(answer, dict) else {}
        code = str(answer.get("code") or "")
        message = str(answer.get("message") or f"the Jupyter server answered {response.status}")
        if response.status in (401, 403) and not code:
            message = (
                "this Jupyter server is opened by a password, which its kernels do not know. Give the server a token as "
                "well, and the kernel the same in JUPYTER_AGENT_URL and JUPYTER_AGENT_TOKEN."
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


@contextmanager
def _interruptions() -> Iterator[None]:
    """A connection that breaks off, as an `AgentFailed`."""
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise AgentFailed(f"the connection to the Jupyter server broke off ({_reason(error)}).") from None


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _reason(error: Exception) -> str:
    if isinstance(error, (TimeoutError, socket.timeout)):  # two classes before Python 3.10
        return "no reply in time"
    return str(error) or type(error).__name__


def _connection(address: Address) -> http.client.HTTPConnection:
    parts = urlsplit(address.url)
    host, port = parts.hostname or "localhost", parts.port
    if address.sock:
        return _SocketConnection(address.sock)
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
    import ssl

    context = ssl.create_default_context()
    if host in ("localhost", "127.0.0.1", "::1"):
        # A server on this machine mostly has a certificate of its own making, and nobody stands between us and it.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=context)


class _Response(http.client.HTTPResponse):
    """A response whose reader notices Ctrl-C while it waits, on every system."""

    def __init__(self, sock: socket.socket, *args: Any, seconds: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_InterruptibleReader(sock, self.fp, seconds))


class _InterruptibleReader(io.RawIOBase):
    """Reads from a socket with a short timeout, again and again until patience ends.

    Args:
        sock: The socket.
        keeper: The file that keeps the socket open until it is closed itself.
        seconds: How long one read may take.
    """

    def __init__(self, sock: socket.socket, file: Any, seconds: float) -> None:
        super().__init__()
        self._sock = sock
        self._file = file
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

    def close(self) -> None:
        self._file.close()
        super().close()


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a UNIX socket, for a server that was started with ``--sock``."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=CONNECT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
