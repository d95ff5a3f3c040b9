"""Answers from the live kernel and the notebook alone: no network, no key, no guessing."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Sequence

from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.errors import UnknownModel, UpstreamTimeout
from jupyter_agent.core.events import ModelEvent, ModelFinished, TextDelta
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import ContextWindow, ToolSpec
from jupyter_agent.models.offline.answering import answered
from jupyter_agent.models.offline.conversation import Conversation
from jupyter_agent.models.offline.facts import Need

_BLIND = "I cannot see pictures: I answer from your words, the notebook and the kernel alone."


class OfflineModel:
    """Understands common questions about variables, data, errors and cells; looks the answers up through tools.

    It keeps nothing: every call reads the question, the facts and what was said before from the messages.
    """

    @classmethod
    def from_config(cls, config: JupyterAgent, model: str) -> OfflineModel:  # noqa: ARG003 - it has no variants
        """Build as configured; there is nothing to configure."""
        return cls()

    @staticmethod
    def check_model(model: str) -> None:
        """Refuse what stands behind the provider's name.

        Raises:
            UnknownModel: something does.
        """
        if model:
            raise UnknownModel(f"There is no model 'offline:{model[:80]}'. Choose 'offline', without a name behind it.")

    @property
    def name(self) -> str:
        """The provider's name: it has one model."""
        return "offline"

    @property
    def window(self) -> ContextWindow:
        """No request is too long: it looks for what it needs."""
        return ContextWindow(0, is_reported=True)

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        """Answer, or ask for the facts that the answer needs."""
        if time.monotonic() >= deadline:
            raise UpstreamTimeout("The turn's time is used up. Ask again.")
        try:
            reply = answered(Conversation.of(messages, tools))
        except Need as need:
            for tool, arguments in need.calls:
                yield ToolCall(f"call_{uuid.uuid4().hex[:16]}", tool, arguments)
            yield ModelFinished("tool_calls")
            return
        newest = next((message for message in reversed(messages) if message.role == "user"), Message("user", ""))
        blocks = [*([_BLIND] if newest.pictures else []), *reply.blocks]
        for place, block in enumerate(blocks):  # each paragraph by itself
            yield TextDelta(block if place == 0 else f"\n\n{block}")
        yield ModelFinished(declined=reply.declined, suggestions=reply.suggestions)

    async def close(self) -> None:
        """There is nothing to let go of."""
