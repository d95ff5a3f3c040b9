"""The way to a server on the web: nothing from the environment, no redirects elsewhere, no answer without end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jupyter_agent.tools.mcp.pace import MAX_MESSAGE, Pace
from jupyter_agent.tools.mcp.settings import HERE

if TYPE_CHECKING:
    import ssl

    import httpx2
    from mcp.client._transport import TransportStreams

    from jupyter_agent.tools.mcp.settings import Server

CONNECT_SECONDS = 10.0
MAX_STREAM = 16 * MAX_MESSAGE


@asynccontextmanager
async def reached(server: Server, *, proxy: str = "", ca_file: str = "") -> AsyncGenerator[TransportStreams, None]:
    """The streams of one server as the SDK takes them.

    Args:
        server: Which.
        proxy: Address of a web proxy; it does not lead to this machine.
        ca_file: PEM file of certificates to trust besides the usual ones.

    Raises:
        OSError: the file cannot be read.
    """
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    way = httpx2.Proxy(proxy) if proxy and urlsplit(server.url).hostname not in HERE else None
    inner = httpx2.AsyncHTTPTransport(verify=_trusted(ca_file), trust_env=False, proxy=way)
    client = httpx2.AsyncClient(
        transport=_bounded(inner),
        headers={**server.headers, "Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(server.timeout, connect=CONNECT_SECONDS, read=None),
        trust_env=False,
    )
    async with (
        client,
        streamable_http_client(server.url, http_client=client, max_sse_event_size=MAX_MESSAGE) as streams,
    ):
        yield streams


def _trusted(ca_file: str) -> ssl.SSLContext:
    import httpx2

    context = httpx2.create_ssl_context(trust_env=False)
    if ca_file:
        context.load_verify_locations(cafile=Path(ca_file).expanduser())
    return context


def _bounded(inner: httpx2.AsyncHTTPTransport) -> httpx2.AsyncBaseTransport:
    """A transport whose answers have an end."""
    import httpx2

    class Body(httpx2.AsyncByteStream):
        def __init__(self, body: httpx2.AsyncByteStream, limit: int) -> None:
            self._body = body
            self._left = limit

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for chunk in self._body:
                self._left -= len(chunk)
                if self._left < 0:
                    raise httpx2.ReadError("The answer is too long.")
                await pace.spend(len(chunk), chunk.count(b"data:"))
                yield chunk

        async def aclose(self) -> None:
            await self._body.aclose()

    class Bounded(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await inner.handle_async_request(request)
            if response.headers.get("content-encoding", "identity") != "identity":
                await response.aclose()
                raise httpx2.ReadError("Not asked for: a few bytes may become gigabytes.")
            is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = Body(response.stream, MAX_STREAM if is_stream else MAX_MESSAGE)
            return response

        async def aclose(self) -> None:
            await inner.aclose()

    pace = Pace()
    return Bounded()
