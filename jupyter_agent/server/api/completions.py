"""``POST /api/agent/complete``: inline completion at the cursor."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.core.errors import TooManyRequests
from jupyter_agent.prompt import completion
from jupyter_agent.server.api.requests import check_chats, kernel_of
from jupyter_agent.server.base_handler import AgentHandler

if TYPE_CHECKING:
    from jupyter_agent.server.wire.turns import CompletionReply, CompletionRequest

MAX_CONCURRENT = 8
STATE_SECONDS = 0.5


class CompleteHandler(AgentHandler):
    """Complete code; a client that disconnects, as the editor does when the user types on, cancels the request."""

    _running: ClassVar[Counter[str]] = Counter()
    _task: asyncio.Task[Any] | None = None

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """From the kernel's names with the offline model, else by one short request to the model."""
        body: CompletionRequest = await self.json_body()
        check_chats(body.model or "")
        owner = self.owner
        if self._running[owner] >= MAX_CONCURRENT:
            raise TooManyRequests(f"{MAX_CONCURRENT} completions are being made for you now.")
        self._running[owner] += 1
        self._task = asyncio.ensure_future(self._complete(body))
        try:
            self.reply(await self._task)
        except asyncio.CancelledError:
            if not self._task.cancelled():
                raise
        finally:
            self._running[owner] -= 1
            self._task.cancel()

    def on_connection_close(self) -> None:
        """The client no longer waits for it."""
        if self._task is not None:
            self._task.cancel()
        super().on_connection_close()

    async def _complete(self, body: CompletionRequest) -> CompletionReply:
        assistant, context = self.services.assistant, body.context
        path = (context.notebook_id if context else None) or ""
        kernel = await kernel_of(self, context.kernel_id if context else None, path.strip("/"), [])
        state = await kernel.state(timeout=STATE_SECONDS) if kernel is not None else None
        language = body.language or "python"
        cursor = completion.Cursor(body.prefix, body.suffix or "", language)
        model = assistant.model(body.model)
        if model.name == "offline":
            return {"completion": completion.complete_name(cursor, state), "model": model.name}
        text = await completion.complete_code(cursor, state, model, assistant.redactor)
        return {"completion": text, "model": model.name}
