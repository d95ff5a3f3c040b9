"""A client of the REST API for tests: plain replies, and streams that can be read while they run."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.documented import check_event, check_reply

JSON = {"Content-Type": "application/json"}
Script = Callable[[list[Any]], None]


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Any
    text: str


@dataclass
class Stream:
    """A stream of events that a test reads while the request runs."""

    request: asyncio.Task[Any]
    lines: asyncio.Queue[str | None]
    ids: list[int] = field(default_factory=list)

    async def events(self) -> AsyncIterator[tuple[str, Any]]:
        name = data = ""
        while True:
            line = await asyncio.wait_for(self.lines.get(), 30)
            if line is None:
                return
            if line.startswith("id: "):
                self.ids.append(int(line[4:]))
            elif line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif not line and name:
                value = json.loads(data)
                check_event(name, value)
                yield name, value
                name = ""

    async def all(self) -> list[tuple[str, Any]]:
        return [event async for event in self.events()]

    async def until(self, wanted: str) -> Any:
        async for name, data in self.events():
            if name == wanted:
                return data
        raise AssertionError(f"the stream ended without {wanted}")


class RestClient:
    """Talks to the server under test; errors are replies, and all replies are what the OpenAPI document says."""

    def __init__(self, fetch: Callable[..., Any]) -> None:
        self._fetch = fetch

    async def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **params: str
    ) -> Reply:
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        response = await self._fetch(
            *path.strip("/").split("/"),
            method=method,
            body=data,
            headers={**(JSON if body is not None else {}), **(headers or {})},
            params=params,
            raise_error=False,
            allow_nonstandard_methods=True,
            request_timeout=60,
        )
        text = (response.body or b"").decode()
        kind = response.headers.get("Content-Type", "")
        value = json.loads(text) if "json" in kind and text else None
        if kind.startswith("application/json") and text:
            check_reply(method, path, response.code, value)
        return Reply(response.code, value, response.headers, text)

    async def ask(self, query: str, context: dict[str, Any] | None = None, **fields: Any) -> Reply:
        return await self("POST", "api/agent/quick", {"query": query, "context": context or {}, **fields})

    def stream(self, query: str, context: dict[str, Any] | None = None, **fields: Any) -> Stream:
        return self.read("api/agent/quick", {"query": query, "context": context or {}, "stream": True, **fields})

    def read(self, path: str, body: Any = None, headers: dict[str, str] | None = None, **params: str) -> Stream:
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        left = ""

        def take(chunk: bytes) -> None:
            nonlocal left
            *whole, left = (left + chunk.decode()).split("\n")
            for line in whole:
                lines.put_nowait(line)

        async def request() -> Any:
            try:
                return await self._fetch(
                    *path.split("/"),
                    method="GET" if body is None else "POST",
                    body=None if body is None else json.dumps(body),
                    headers={**(JSON if body is not None else {}), **(headers or {})},
                    params=params,
                    streaming_callback=take,
                    raise_error=False,
                    request_timeout=60,
                )
            finally:
                lines.put_nowait(None)

        return Stream(asyncio.ensure_future(request()), lines)


async def raw_stream(server: Any, body: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A question over a connection that takes in little at a time."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", server.port))
    reader, writer = await asyncio.open_connection(sock=connection)
    head = f"POST {server.base_url}api/agent/quick HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    head += f"Authorization: token {server.identity_provider.token}\r\n\r\n"
    writer.write(head.encode() + body)
    return reader, writer
