"""``POST /api/agent/complete``: text to go on with at the cursor, shown in grey until it is taken."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, ClassVar

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.core.errors import TooManyRequests
from jupyter_agent.prompt import completion
from jupyter_agent.server.api.requests import check_chats, kernel_of
from jupyter_agent.server.base_handler import AgentHandler

MAX_AT_ONCE = 8
STATE_SECONDS = 0.5


class CompleteHandler(AgentHandler):
    """Complete code; whoever types on goes away, and the model is not asked any further."""

    _at_once: ClassVar[Counter[str]] = Counter()
    _task: asyncio.Task[Any] | None = None

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """From what lives in the kernel where the offline model is set, else by one short request to the model."""
        body = await self.json_body()
        check_chats(body.get("model") or "")
        owner = self.owner
        if self._at_once[owner] >= MAX_AT_ONCE:
            raise TooManyRequests(f"{MAX_AT_ONCE} completions are being made for you now.")
        self._at_once[owner] += 1
        self._task = asyncio.ensure_future(self._completed(body))
        try:
            self.reply(await self._task)
        except asyncio.CancelledError:
            if not self._task.cancelled():
                raise
        finally:
            self._at_once[owner] -= 1
            self._task.cancel()

    def on_connection_close(self) -> None:
        """Nobody waits for it any more."""
        if self._task is not None:
            self._task.cancel()
        super().on_connection_close()

    async def _completed(self, body: dict[str, Any]) -> dict[str, str]:
        assistant, context = self.services.assistant, body.get("context") or {}
        path = (context.get("notebook_id") or "").strip("/")
        kernel = await kernel_of(self, context.get("kernel_id"), path, [])
        state = await kernel.state(timeout=STATE_SECONDS) if kernel is not None else None
        language = body.get("language") or "python"
        cursor = completion.Cursor(body["prefix"], body.get("suffix") or "", language)
        model = assistant.model(body.get("model"))
        if model.name == "offline":
            return {"completion": completion.complete_name(cursor, state), "model": model.name}
        text = await completion.complete_code(cursor, state, model, assistant.redactor)
        return {"completion": text, "model": model.name}
