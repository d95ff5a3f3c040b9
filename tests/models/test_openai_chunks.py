"""The body of an answer without the HTTP library's parser: the same bytes, the same errors, the same end, wherever it is cut."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from jupyter_agent.models.openai_compatible.incoming import read_ahead
from jupyter_agent.models.openai_compatible.network import AsyncioStream
from jupyter_agent.models.openai_compatible.requester import body_of

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LONG = b"x" * 10_000
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # made once, because that takes longer than all else here


class Sending(asyncio.Transport):
    """A connection whose other end answers a request with these pieces, and closes it in the end if it shall."""

    def __init__(self, stream: AsyncioStream, pieces: Sequence[bytes], *, closes: bool) -> None:
        super().__init__()
        self._stream, self._pieces, self._closes = stream, pieces, closes
        self.sending: asyncio.Task[None] | None = None

    def write(self, data: Any) -> None:
        self.sending = self.sending or asyncio.ensure_future(self._send())

    def abort(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    async def _send(self) -> None:
        for piece in self._pieces:
            self._stream.data_received(piece)
            for _ in range(4):  # whoever reads has its turn
                await asyncio.sleep(0)
        if self._closes:
            self._stream.connection_lost(None)


async def received(pieces: Sequence[bytes], *, closes: bool, ours: bool) -> tuple[bytes, str, bool]:
    """The body, the error that ended it, and whether the connection can be used again."""
    stream = AsyncioStream()
    stream.connection_made(Sending(stream, pieces, closes=closes))

    class Backend:
        async def connect_tcp(self, *_: Any, **__: Any) -> AsyncioStream:
            return stream

    transport = httpx2.AsyncHTTPTransport(verify=CONTEXT)
    pool: Any = vars(transport)["_pool"]
    pool._network_backend = Backend()
    body, error = b"", ""
    response = await transport.handle_async_request(httpx2.Request("GET", "http://a.example/"))
    try:
        async with body_of(response) if ours else read_ahead(response.aiter_raw()) as came:
            while piece := await came.take(5.0):
                body += piece
    except httpx2.HTTPError as failure:
        error = type(failure).__name__
    await response.aclose()
    return body, error, any(connection.is_idle() for connection in pool.connections)


@pytest.mark.parametrize(
    ("body", "closes"),
    [
        (b"5\r\nhello\r\n1\r\n \r\n4\r\n\r\n\r\n\r\n0\r\n\r\n", False),
        (b"00a\r\n0123456789\r\nB;name=value\r\n0123456789a\r\n2\r\nab\r\n0\r\nTrailer: 1\r\n\r\n", False),
        (b"2710\r\n" + LONG + b"\r\n0\r\n\r\n", False),
        (b"100000\r\n" + b"y" * 0x100000 + b"\r\n1\r\na\r\n0\r\n\r\n", False),
        (b"5\r\nhello\r\n5\r\nhel", True),
        (b"5\r\nhello\r\n", True),
        (b"", True),
        (b"1;\r\na\r\n00000001\r\nb\r\n0\r\n\r\n", False),
        (b"5\r\nhelloXX0\r\n\r\n", True),
        (b"2\r\nab\r\n-5\r\nhello\r\n0\r\n\r\n", True),
        (b"2\r\nab\r\n0x5\r\nhello\r\n0\r\n\r\n", True),
        (b"2\r\nab\r\n\r\n0\r\n\r\n", True),
        (b"2\r\nab\r\n+2\r\nab\r\n0\r\n\r\n", True),
        (b"2\nab\n0\n\n", True),
    ],
)
async def test_a_body_is_what_the_library_makes_of_it_wherever_it_is_cut(body: bytes, closes: bool) -> None:
    whole = HEAD + body
    expected = await received([whole], closes=closes, ours=False)
    assert closes or expected[1:] == ("", True)
    for cut in range(1, len(whole), max(1, len(whole) // 100)):
        for pieces in ([whole[:cut], whole[cut:]], [HEAD, body[:cut], body[cut:]]):
            assert await received([piece for piece in pieces if piece], closes=closes, ours=True) == expected, pieces


async def test_heads_before_the_head_and_bodies_of_other_kinds_are_the_librarys() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    assert await received([hints + HEAD + b"2\r\nab\r\n0\r\n\r\n"], closes=False, ours=True) == (b"ab", "", True)
    assert await received([hints, HEAD, b"2\r\nab\r\n", b"0\r\n\r\n"], closes=False, ours=True) == (b"ab", "", True)
    sized = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n2\r\nab\r\n"
    assert await received([sized], closes=False, ours=True) == (b"2\r\nab\r\n", "", True)
    assert await received([b"HTTP/1.1 200 OK\r\n\r\n2\r\nab\r\n"], closes=True, ours=True) == (
        b"2\r\nab\r\n",
        "",
        False,
    )
