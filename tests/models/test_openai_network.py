"""The connections to models' servers: the HTTP library uses ours, and they end, wait and fail as it expects."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpcore2
import pytest

from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.network import AsyncioBackend, AsyncioStream
from tests.support.fake_model_server import answered, running

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable


@asynccontextmanager
async def connected(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncGenerator[AsyncioStream, None]:
    """A connection to a server that does this with it."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    stream = await AsyncioBackend().connect_tcp("127.0.0.1", server.sockets[0].getsockname()[1], timeout=5.0)
    try:
        yield stream
    finally:
        await stream.aclose()
        server.close()


async def test_an_answer_comes_over_a_connection_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    async with running() as server:
        server.queue(answered("ok"))
        connection = Connection(server.base_url)
        response = await connection.post("chat/completions", {"model": "m"})
        assert isinstance(response.extensions["network_stream"], AsyncioStream)
        await response.aclose()
        await connection.close()


async def test_what_is_written_together_is_sent_together_and_the_end_is_empty() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(100))
        writer.close()

    async with connected(serve) as stream:
        await stream.write(b"head ")
        await stream.write(b"body")
        assert [await stream.read(3), await stream.read(100), await stream.read(100)] == [b"hea", b"d body", b""]
        assert stream.get_extra_info("is_readable")  # so that it is not used again
        with pytest.raises(httpcore2.WriteError):
            await stream.write(b"more")


async def test_a_reader_that_is_slow_makes_the_server_wait_and_gets_everything() -> None:
    size, sent = 30_000_000, asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * size)
        await writer.drain()
        sent.set()
        writer.close()

    async with connected(serve) as stream:
        got = len(await stream.read(1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sent.wait(), 0.2)
        while piece := await stream.read(1 << 16):
            got += len(piece)
        assert (got, sent.is_set()) == (size, True)


async def test_a_silence_a_reset_and_a_refusal_are_errors_of_the_library() -> None:
    reset = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reset.wait()
        transport: Any = writer.transport
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )  # closed with a reset
        transport.abort()

    async with connected(serve) as stream:
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(1, timeout=0.01)
        reset.set()
        with pytest.raises(httpcore2.ReadError):
            await stream.read(1)
    with pytest.raises(httpcore2.ConnectError):
        await AsyncioBackend().connect_tcp("127.0.0.1", 1, timeout=5.0)


async def test_a_question_that_is_stopped_as_it_connects_leaves_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, opened = asyncio.get_running_loop(), []
    connect = loop.sock_connect

    async def stopped(sock: socket.socket, address: Any) -> None:
        opened.append(sock)
        await connect(sock, address)
        question.cancel()

    monkeypatch.setattr(loop, "sock_connect", stopped)
    async with running() as server:
        host, port = server.base_url.split("/")[2].split(":")
        question = asyncio.create_task(AsyncioBackend().connect_tcp(host, int(port), timeout=5.0))
        with pytest.raises(asyncio.CancelledError):
            await question
        await asyncio.sleep(0)
    assert [sock.fileno() for sock in opened] == [-1]
