"""An OpenAI-compatible server that records what it is asked and says the last message back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

KEY = "sk-right-0123456789abcdef"


class RecordingModel:
    """What was asked, and where."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.requests: list[dict[str, Any]] = []

    @property
    def last_texts(self) -> list[str]:
        """The contents of the last request's messages."""
        return [str(message["content"]) for message in self.requests[-1]["messages"]]


class _Completions(RequestHandler):
    def initialize(self, model: RecordingModel) -> None:
        self.model = model

    async def post(self) -> None:
        if self.request.headers.get("Authorization") != f"Bearer {KEY}":
            self.set_status(401)
            self.finish({"error": {"message": "Incorrect API key provided: sk-wrong", "type": "invalid_request_error"}})
            return
        asked = json.loads(self.request.body)
        self.model.requests.append(asked)
        self.set_header("Content-Type", "text/event-stream")
        for delta in ({"role": "assistant", "content": "You said: "}, {"content": asked["messages"][-1]["content"]}):
            await self._chunk([{"index": 0, "delta": delta, "finish_reason": None}])
        await self._chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        await self._chunk([], usage={"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18})
        self.finish("data: [DONE]\n\n")

    async def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> None:
        chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 0, "model": "test", "choices": choices}
        self.write(f"data: {json.dumps({**chunk, **more})}\n\n")
        await self.flush()


@asynccontextmanager
async def recording_model() -> AsyncIterator[RecordingModel]:
    """A server on a free port of this machine."""
    socket, port = bind_unused_port()
    model = RecordingModel(port)
    server = HTTPServer(Application([(r"/v1/chat/completions", _Completions, {"model": model})]))
    server.add_socket(socket)
    try:
        yield model
    finally:
        server.stop()
        await server.close_all_connections()
