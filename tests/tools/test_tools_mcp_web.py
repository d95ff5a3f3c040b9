"""Tools of MCP servers that the official SDK serves, over standard streams and over HTTP, and of web servers that are none."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from jupyter_agent.core.protocols import ToolContext
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.tools.mcp.servers import McpServers
from tests.support.weather_server import weather_server

CONTEXT = ToolContext(None, None, None)
KEY = "Bearer key-of-this-test-only"
SECONDS = 60.0


class RequireKey:
    """Lets in who has the key, and remembers what else was asked."""

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner
        self.refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and dict(scope["headers"]).get(b"authorization") != KEY.encode():
            self.refused += 1
            await Response("no", 401)(scope, receive, send)
            return
        await self.inner(scope, receive, send)


@pytest.fixture
def serve() -> Iterator[Any]:
    """Serve an application in a thread; its address."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(application: ASGIApp) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(application, log_level="critical", timeout_graceful_shutdown=1, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(20)


@asynccontextmanager
async def connected(entry: dict[str, Any]) -> AsyncIterator[McpServers]:
    mcp_servers = McpServers({"s": entry}, Redactor(), ())
    try:
        await mcp_servers.wait_ready(SECONDS)
        yield mcp_servers
    finally:
        await mcp_servers.close()


async def check_tools(mcp_servers: McpServers) -> None:
    """What works with every server works with this one."""
    tools = mcp_servers.tools()
    assert set(tools) == {"s_forecast", "s_sure"}, mcp_servers.warnings
    output = await tools["s_forecast"].call({"city": "Bern", "days": 2}, CONTEXT)
    assert (output.ok, json.loads(json.loads(output.content)["result"])) == (
        True,
        {"city": "Bern", "days": 2, "sky": "blue"},
    )
    assert json.loads((await tools["s_sure"].call({}, CONTEXT)).content)["result"] == "decline"
    wrong = await tools["s_forecast"].call({"city": "Bern", "days": "many"}, CONTEXT)
    assert (wrong.ok, "days" in json.loads(wrong.content)["error"]) == (False, True)


async def test_a_server_of_the_sdk_is_used_over_standard_streams() -> None:
    async with connected(
        {"command": [sys.executable, "-m", "tests.support.weather_server"], "env": {"PYTHONPATH": ":".join(sys.path)}}
    ) as mcp_servers:
        await check_tools(mcp_servers)


@pytest.mark.parametrize("is_stateless", [True, False])
async def test_a_server_of_the_sdk_is_used_over_http_with_its_key(serve: Any, is_stateless: bool) -> None:
    guarded = RequireKey(weather_server().streamable_http_app(stateless_http=is_stateless))
    address = serve(guarded) + "/mcp"
    async with connected({"url": address, "headers": {"Authorization": KEY}}) as mcp_servers:
        await check_tools(mcp_servers)
    assert guarded.refused == 0
    async with connected({"url": address}) as mcp_servers:
        assert mcp_servers.tools() == {}
        assert mcp_servers.warnings[0].startswith("The MCP server 's' cannot be used: it answered with an error: ")


async def test_a_server_of_the_sdk_that_was_restarted_is_met_again(serve: Any) -> None:
    first, second = weather_server().streamable_http_app(), weather_server().streamable_http_app()
    now = [first]

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await first(scope, receive, send)
        else:
            await now[0](scope, receive, send)

    async with connected({"url": serve(either) + "/mcp"}) as mcp_servers:
        tool = mcp_servers.tools()["s_forecast"]
        assert (await tool.call({"city": "Bern"}, CONTEXT)).ok
        now[0] = second  # it knows nothing, and does not even run
        assert not (await tool.call({"city": "Bern"}, CONTEXT)).ok
        now[0] = first
        await mcp_servers.wait_ready(SECONDS)
        assert (await tool.call({"city": "Bern"}, CONTEXT)).ok


async def _endless() -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(0.001)
        yield b"x" * 65536


async def _megabytes(request: Request) -> Response:
    return StreamingResponse(_endless(), media_type="application/json")


async def _events(request: Request) -> Response:
    return StreamingResponse(_endless(), media_type="text/event-stream")


async def _elsewhere(request: Request) -> Response:
    return RedirectResponse("http://127.0.0.1:9/mcp", 307)


async def _failing(request: Request) -> Response:
    return Response("<html>Traceback", 500, media_type="text/html")


async def _garbage(request: Request) -> Response:
    return JSONResponse([{"jsonrpc": "1.0", "what": None}])


async def _packed(request: Request) -> Response:
    return Response(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}, media_type="application/json")


@pytest.mark.parametrize("answer", [_megabytes, _events, _elsewhere, _failing, _garbage, _packed])
async def test_M1_a_web_server_that_is_none_costs_a_word(serve: Any, answer: Any) -> None:
    address = serve(Starlette(routes=[Route("/mcp", answer, methods=["GET", "POST", "DELETE"])])) + "/mcp"
    async with connected({"url": address}) as mcp_servers:
        assert mcp_servers.tools() == {}
        (warning,) = mcp_servers.warnings
        assert warning.startswith("The MCP server 's' cannot be used: ")
        assert "Traceback" not in warning
        assert len(warning) < 500


async def test_a_call_over_http_that_is_stopped_ends_at_the_server(serve: Any) -> None:
    begun, ended = threading.Event(), threading.Event()
    server = weather_server()

    @server.tool()
    async def wait() -> str:
        """Takes its time."""
        begun.set()
        try:
            await asyncio.sleep(600)
        finally:
            ended.set()
        return "done"

    async with connected({"url": serve(server.streamable_http_app()) + "/mcp"}) as mcp_servers:
        waiting = asyncio.ensure_future(mcp_servers.tools()["s_wait"].call({}, CONTEXT))
        assert await asyncio.to_thread(begun.wait, 30)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await asyncio.to_thread(ended.wait, 30)
