"""Connections of the HTTP library on asyncio's own transports: its usual ones cost two system calls more for each piece of an answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

    from jupyter_agent.models.openai_compatible.incoming import Incoming

#: Bytes that have come and were not read, after which the server has to wait.
_MAX_UNREAD = 1 << 20
#: The line before a chunk that is short enough to be kept until it is whole, or the beginning of such a line.
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,5})\r\n|[0-9A-Fa-f]{0,5}\r?\Z")


class AsyncioBackend:
    """Opens connections; an `AsyncNetworkBackend` of httpcore2 for the loop that runs."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: object = None,
    ) -> AsyncioStream:
        """A connection to a host."""
        local = None if local_address is None else (local_address, 0)
        loop = asyncio.get_running_loop()
        # A race between a name's addresses loses the socket of a question that is stopped as it connects (seen with Python 3.11).
        delay = None if re.fullmatch(r"[\d.]+|[\da-fA-F:.]*:[\da-fA-F:.]*", host) else 0.25
        with _translated("Connect"):
            async with asyncio.timeout(timeout):
                connecting = loop.create_connection(
                    AsyncioStream, host, port, local_addr=local, happy_eyeballs_delay=delay
                )
                return (await connecting)[1]

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts to connect."""
        await asyncio.sleep(seconds)


class AsyncioStream(asyncio.Protocol):
    """One connection; an `AsyncNetworkStream` of httpcore2."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._unread = bytearray()
        self._unsent: list[bytes] = []
        self._is_over = self._is_full = self._is_asked = self._is_at_body = False
        self._failure: Exception | None = None
        self._receiver: Incoming | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come, as soon as there is any; empty at the end."""
        self._send()  # what is asked does not wait for what else runs in this round of the loop
        if not self._unread and not self._is_over:
            with _translated("Read"):
                async with asyncio.timeout(timeout):
                    await self._more()
        if not self._unread and self._failure is not None:
            with _translated("Read"):
                raise self._failure
        # The head of a response is given by itself: its body can then be taken by `deliver`.
        head = self._unread.find(b"\r\n\r\n") + 4 if self._is_asked else 0
        self._is_asked, self._is_at_body = False, 4 <= head <= max_bytes
        piece = bytes(self._unread[: head if self._is_at_body else max_bytes])
        self._took(len(piece))
        return piece

    async def deliver(self, came: Incoming) -> None:
        """Give the chunks of a body, as long as they are whole and as usual, to who takes them; from there on it is `read`.

        The library's parser takes as long for each of them as all else that is done with a piece of an answer, and so does
        whoever is woken only to hand it over.
        """
        self._receiver = came
        try:
            while self._is_at_body:
                if self._pass_on(came):
                    await self._more()
                else:
                    await came.has_room()
        finally:
            self._receiver = None

    def _pass_on(self, came: Incoming) -> bool:
        """Give the chunks that have come; whether more has to come for the next."""
        while self._is_at_body and not came.is_full:
            line = _CHUNK.match(self._unread)
            end = line.end() + int(line[1] or b"0", 16) if line is not None else 0
            is_whole = line is not None and line[1] is not None and len(self._unread) >= end + 2
            if line is not None and not is_whole and not self._is_over:
                return True
            if line is None or end == line.end() or self._unread[end : end + 2] != b"\r\n":
                self._is_at_body = False
                break
            came.add(self._unread[line.end() : end])
            self._took(end + 2)
        return False

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send with what else is written in this round of the loop: a request's head and its body are one packet."""
        with _translated("Write"):
            if self._writer is not None:
                async with asyncio.timeout(timeout):
                    await asyncio.shield(self._writer)
            if self._is_over:
                raise self._failure or ConnectionResetError("closed")
        self._is_asked = True
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent.append(buffer)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncioStream:
        """The same connection, encrypted from now on."""
        self._send()
        try:
            with _translated("Connect"):
                async with asyncio.timeout(timeout):
                    self._transport = await self._loop.start_tls(
                        self._transport, self, ssl_context, server_hostname=server_hostname
                    )
        except BaseException:  # a cancellation too; it is raised again
            await self.aclose()
            raise
        return self

    async def aclose(self) -> None:
        """Close it at once."""
        self._transport.abort()
        await asyncio.sleep(0)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore2 asks for; an idle connection is readable where the server has closed it."""
        if info == "is_readable":
            return bool(self._unread) or self._is_over
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if len(self._unread) > _MAX_UNREAD and not self._is_full:
            self._is_full = True
            self._transport.pause_reading()
        if self._receiver is None or not self._pass_on(self._receiver):
            _wake(self._reader)

    def eof_received(self) -> None:
        self._is_over = True
        _wake(self._reader)

    def connection_lost(self, error: Exception | None) -> None:
        self._is_over, self._failure = True, error
        _wake(self._reader)
        self.resume_writing()

    def pause_writing(self) -> None:
        self._writer = self._loop.create_future()

    def resume_writing(self) -> None:
        _wake(self._writer)
        self._writer = None

    async def _more(self) -> None:
        self._reader = self._loop.create_future()
        await self._reader

    def _took(self, count: int) -> None:
        del self._unread[:count]
        if self._is_full and len(self._unread) <= _MAX_UNREAD:
            self._is_full = False
            self._transport.resume_reading()

    def _send(self) -> None:
        if self._unsent:
            self._transport.write(b"".join(self._unsent))
            self._unsent.clear()


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Raise httpcore2's errors of connecting, reading or writing in the place of asyncio's."""
    try:
        yield
    except (OSError, TimeoutError) as error:  # `ssl.SSLError` is an OSError
        import httpcore2

        kind = "Timeout" if isinstance(error, TimeoutError) else "Error"
        raise getattr(httpcore2, f"{doing}{kind}")(str(error)) from error
