"""``POST /api/agent/complete``: inline completion at the cursor."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from jupyter_agent.agent.limits import within_ceilings
from jupyter_agent.core.errors import TooManyRequests
from jupyter_agent.core.question import Question
from jupyter_agent.prompt import completion
from jupyter_agent.server import metrics
from jupyter_agent.server.api.requests import LOWERED, check_chats, kernel_of
from jupyter_agent.server.base_handler import AgentHandler

if TYPE_CHECKING:
    from jupyter_agent.server.wire.turns import CompletionReply, CompletionRequest

MAX_CONCURRENT = 8
STATE_SECONDS = 0.5


class CompleteHandler(AgentHandler):
    """From the kernel's names with the offline model, else by one short request to the model.

    A client that disconnects, as the editor does when the user types on, cancels the request.
    """

    _running: ClassVar[Counter[str]] = Counter()

    async def post(self) -> None:
        body: CompletionRequest = await self.json_body()
        check_chats(body.model or "")
        owner = self.owner
        if self._running[owner] >= MAX_CONCURRENT:
            raise TooManyRequests(f"{MAX_CONCURRENT} completions are being made for you now.")
        self._running[owner] += 1
        completing = asyncio.ensure_future(self._complete(body))
        self.on_disconnect = completing.cancel
        try:
            self.reply(await completing)
        except asyncio.CancelledError:
            if not completing.cancelled():
                raise
        finally:
            self._running[owner] -= 1
            completing.cancel()

    async def _complete(self, body: CompletionRequest) -> CompletionReply:
        assistant, context = self.services.assistant, body.context
        path = (context.notebook_id if context else None) or ""
        kernel = await kernel_of(self, context.kernel_id if context else None, path.strip("/"), [])
        state = await kernel.state(timeout=STATE_SECONDS) if kernel is not None else None
        cursor = completion.Cursor(body.prefix, body.suffix or "", body.language or "python")
        options = self.user_options
        question, lowered = within_ceilings(Question(self.owner, "", model=body.model), options)
        for words in lowered:
            self.audit_refused(LOWERED, words)
        model = assistant.model(question.model or options.small_model or options.model)
        if model.name == "offline":
            text = completion.complete_name(cursor, state)
        else:
            text = await completion.complete_code(
                cursor, state, model, assistant.redactor, partial(metrics.count_tokens, model.name)
            )
        return {"completion": text, "model": model.name, "warnings": list(lowered)}
