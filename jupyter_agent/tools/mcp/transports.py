"""Transports to MCP servers: a child process's standard streams, or HTTP; both bounded in size and rate."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jupyter_agent.tools.mcp.settings import LOCAL_HOSTS

if TYPE_CHECKING:
    import ssl

    import httpx2
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.client._transport import TransportStreams
    from mcp.shared.message import SessionMessage

    from jupyter_agent.tools.mcp.settings import ServerSettings

MAX_MESSAGE = 4 << 20
MAX_STREAM = 16 * MAX_MESSAGE
BURST = 2 * MAX_MESSAGE
BYTES_PER_SECOND = 1 << 20
#: Bytes that are counted for a message in addition to its own.
BYTES_PER_MESSAGE = 512
CONNECT_SECONDS = 10.0
STOP_SECONDS = 1.0
STDERR_BYTES = 2_000
MAX_INVALID_LINES = 100
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
#: The variables of our environment that a server gets; keys and tokens are not among them.
_INHERITED = (
    *("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"),
    *("APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATHEXT", "PROGRAMFILES", "SYSTEMDRIVE"),
    *("SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE"),
)


@dataclass(slots=True)
class RateLimit:
    """A token bucket: lets `BURST` bytes through, then `BYTES_PER_SECOND`, so that a flood does not take the loop."""

    _tokens: float = BURST
    _updated: float = field(default_factory=time.monotonic)

    async def spend(self, size: int, messages: int = 1) -> None:
        """Wait until this many bytes in this many messages may pass."""
        now = time.monotonic()
        self._tokens = min(BURST, self._tokens + (now - self._updated) * BYTES_PER_SECOND)
        self._tokens -= size + messages * BYTES_PER_MESSAGE
        self._updated = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / BYTES_PER_SECOND)


class ServerProcess:
    """A server in a child process, over its standard streams, one message per line; it ends with us.

    Attributes:
        problem: How it broke the protocol, for users; empty so far.
        stderr: The end of what it wrote to its standard error.
        ended: Set once it sends nothing more.
        has_exited: Whether it ended without having been stopped.
    """

    def __init__(self) -> None:
        self.problem = ""
        self.stderr = b""
        self.ended = asyncio.Event()
        self.has_exited = False
        self._is_stopping = False
        self._rate = RateLimit()

    @asynccontextmanager
    async def run(self, server: ServerSettings) -> AsyncGenerator[TransportStreams, None]:
        """Start it; its streams for the SDK, while the block runs.

        Raises:
            OSError: it cannot be started.
        """
        import anyio

        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | dict(server.environment)
        self.process = await asyncio.create_subprocess_exec(
            *server.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            limit=MAX_MESSAGE,
            start_new_session=True,
        )
        received, from_server = anyio.create_memory_object_stream["SessionMessage | Exception"](0)
        to_server, outgoing = anyio.create_memory_object_stream["SessionMessage"](0)
        stderr = asyncio.create_task(self._read_stderr())
        tasks = [
            asyncio.create_task(self._read_until_end(received, stderr)),
            asyncio.create_task(self._write(outgoing)),
            stderr,
        ]
        try:
            yield from_server, to_server
        finally:
            stopping = asyncio.ensure_future(self._stop(tasks))
            try:
                await asyncio.shield(stopping)
            except asyncio.CancelledError:
                await stopping
                raise
            finally:
                for stream in (received, from_server, to_server, outgoing):
                    stream.close()

    async def _read_until_end(
        self, received: MemoryObjectSendStream[SessionMessage | Exception], stderr: asyncio.Task[None]
    ) -> None:
        import anyio

        try:
            async with received:
                with suppress(anyio.BrokenResourceError):  # the SDK has closed its end
                    await self._read(received)
            self.has_exited = not self._is_stopping
            with suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
            await asyncio.wait([stderr], timeout=STOP_SECONDS)
        finally:
            self.ended.set()

    async def _read(self, received: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
        """Pass its messages to the SDK until it ends or breaks the protocol."""
        from mcp.shared.message import SessionMessage
        from mcp_types import jsonrpc_message_adapter

        assert self.process.stdout is not None
        invalid = 0
        while True:
            try:
                line = await self.process.stdout.readuntil(b"\n")
            except asyncio.IncompleteReadError as end:
                line = end.partial
            except asyncio.LimitOverrunError:
                self.problem = f"it sent a message of more than {MAX_MESSAGE >> 20} MB"
                return
            if not line:
                return
            await self._rate.spend(len(line))
            try:
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                invalid += bool(line.strip())
                if invalid > MAX_INVALID_LINES:
                    self.problem = "it writes lines to its standard output that are no messages of the protocol"
                    return
                continue
            await received.send(SessionMessage(message))

    async def _write(self, outgoing: MemoryObjectReceiveStream[SessionMessage]) -> None:
        stdin = self.process.stdin
        assert stdin is not None
        async with outgoing:
            async for message in outgoing:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                with suppress(ConnectionError):
                    stdin.write(text.encode() + b"\n")
                    await stdin.drain()

    async def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        while chunk := await self.process.stderr.read(4096):
            self.stderr = (self.stderr + chunk)[-STDERR_BYTES:]
            await self._rate.spend(len(chunk), messages=0)

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        """Close its input, then terminate it, then kill it with all that it has started."""
        assert self.process.stdin is not None
        self._is_stopping = True
        self.process.stdin.close()
        for number in (0, signal.SIGTERM, _KILL):
            if number:
                self._signal(number)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
                break
        self._signal(_KILL)  # its own children
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A process that has left the group may still hold the pipes; only the transport can close them.
        transport = getattr(self.process, "_transport", None)
        if transport is not None:
            with suppress(ProcessLookupError, PermissionError):
                transport.close()

    def _signal(self, number: int) -> None:
        """Signal its process group, which it leads."""
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, number)
            elif self.process.returncode is None:
                self.process.send_signal(number)


@asynccontextmanager
async def connect_http(
    server: ServerSettings, *, proxy: str = "", ca_file: str = ""
) -> AsyncGenerator[TransportStreams, None]:
    """The streams of a server behind HTTP for the SDK; nothing is taken from the environment, redirects are refused.

    Args:
        server: Which.
        proxy: Address of a web proxy; not used for this machine.
        ca_file: PEM file of certificates to trust in addition to the usual ones.

    Raises:
        OSError: the file cannot be read.
    """
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    via = httpx2.Proxy(proxy) if proxy and urlsplit(server.url).hostname not in LOCAL_HOSTS else None
    client = httpx2.AsyncClient(
        transport=_bounded(httpx2.AsyncHTTPTransport(verify=_certificates(ca_file), trust_env=False, proxy=via)),
        headers={**server.headers, "Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(server.timeout, connect=CONNECT_SECONDS, read=None),
        trust_env=False,
    )
    async with (
        client,
        streamable_http_client(server.url, http_client=client, max_sse_event_size=MAX_MESSAGE) as streams,
    ):
        yield streams


def _certificates(ca_file: str) -> ssl.SSLContext:
    import httpx2

    context = httpx2.create_ssl_context(trust_env=False)
    if ca_file:
        context.load_verify_locations(cafile=Path(ca_file).expanduser())
    return context


def _bounded(inner: httpx2.AsyncHTTPTransport) -> httpx2.AsyncBaseTransport:
    """A transport whose responses are limited in size and rate."""
    import httpx2

    rate = RateLimit()

    class BoundedBody(httpx2.AsyncByteStream):
        def __init__(self, body: httpx2.AsyncByteStream, limit: int) -> None:
            self._body = body
            self._left = limit

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for chunk in self._body:
                self._left -= len(chunk)
                if self._left < 0:
                    raise httpx2.ReadError("The response is too long.")
                await rate.spend(len(chunk), chunk.count(b"data:"))
                yield chunk

        async def aclose(self) -> None:
            await self._body.aclose()

    class BoundedTransport(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await inner.handle_async_request(request)
            if response.headers.get("content-encoding", "identity") != "identity":
                await response.aclose()
                raise httpx2.ReadError("The response is compressed: a few bytes may become gigabytes.")
            is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = BoundedBody(response.stream, MAX_STREAM if is_stream else MAX_MESSAGE)
            return response

        async def aclose(self) -> None:
            await inner.aclose()

    return BoundedTransport()
