"""A server of models made of bytes: each test says what it sends."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.messages import Message
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Sequence

    from jupyter_agent.core.events import ModelEvent
    from jupyter_agent.core.protocols import Model, ToolSpec

KEY = "sk-canary-0123456789abcdef"

STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@dataclass
class Asked:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: Any


@dataclass
class ModelServer:
    """What was asked of the server, and how to make it answer."""

    answers: list[Any] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    serving: set[asyncio.Task[None]] = field(default_factory=set)
    base_url: str = ""

    def queue(self, *answers: Any) -> None:
        """Answers of the next requests, each bytes, text or a coroutine function of the writer; the last is repeated."""
        self.answers.extend(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        task = asyncio.current_task()
        assert task
        self.serving.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *rest = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.asked.append(Asked(line, headers, json.loads(body) if body else None))
            answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
            if callable(answer):
                await self._watched(answer(writer), reader)
            else:
                writer.write(answer if isinstance(answer, bytes) else answer.encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left.set()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _watched(self, answering: Awaitable[None], reader: asyncio.StreamReader) -> None:
        """Let it answer until the client goes away."""
        task = asyncio.ensure_future(answering)
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                self.left.set()
        finally:  # the server may end first
            for waiting in (task, gone):
                waiting.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)


def event(data: Any) -> str:
    """One server-sent event."""
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"


def chunk(finish: str | None = None, index: int = 0, **delta: Any) -> str:
    """One chunk of a chat completion."""
    return event({"choices": [{"index": index, "delta": delta, "finish_reason": finish}]})


def answered(*texts: str, finish: str = "stop", end: str = "data: [DONE]\n\n") -> str:
    """A whole streamed answer."""
    return STREAM + "".join(chunk(content=text) for text in texts) + chunk(finish) + end


def plain(status: int, body: Any = "", kind: str = "application/json", headers: str = "") -> str:
    """A whole answer in one piece."""
    text = body if isinstance(body, str) else json.dumps(body)
    return (
        f"HTTP/1.1 {status} Because\r\nContent-Type: {kind}\r\n{headers}"
        f"Content-Length: {len(text.encode())}\r\nConnection: close\r\n\r\n{text}"
    )


def refused(status: int, message: Any, **fields: Any) -> str:
    """An error in the words of a server."""
    return plain(status, {"error": {"message": message, **fields}})


async def answer(
    model: Model, *messages: Message, tools: Sequence[ToolSpec] = (), seconds: float = 20
) -> list[ModelEvent]:
    """All that a model answers."""
    asked = messages or (Message("user", "hi"),)
    async with aclosing(model.stream(asked, tools, deadline=time.monotonic() + seconds)) as events:
        return [event async for event in events]


@asynccontextmanager
async def running(tls: ssl.SSLContext | None = None) -> AsyncIterator[ModelServer]:
    """A server on a port of its own."""
    server = ModelServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.base_url = f"http{'s' if tls else ''}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listening.close()
        for task in server.serving:
            task.cancel()
        await asyncio.gather(*server.serving, return_exceptions=True)


@asynccontextmanager
async def asking(server: ModelServer, model: str = "m", **options: Any) -> AsyncIterator[OpenAIModel]:
    """A model of that server, closed in the end."""
    client = OpenAIModel(model, Connection(server.base_url), **{"backoff_seconds": 0.001, **options})
    try:
        yield client
    finally:
        await client.close()
