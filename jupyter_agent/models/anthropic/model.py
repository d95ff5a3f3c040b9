"""Anthropic's models: asked by the Messages API, over the same HTTP client as all others."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self

from jupyter_agent.core.events import ModelFinished, TextDelta, ThinkingDelta
from jupyter_agent.core.messages import Message, ToolCall, Usage
from jupyter_agent.core.protocols import ModelOptions, ModelTraits
from jupyter_agent.models.anthropic.messages_api import Learned, MessagesRequest
from jupyter_agent.models.openai_compatible.addresses import connect
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.provider import ANTHROPIC
from jupyter_agent.models.openai_compatible.requester import Requester
from jupyter_agent.models.openai_compatible.stream import StreamedAnswer
from jupyter_agent.models.openai_compatible.text_tools import CallReader

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from jupyter_agent.config.endpoints import Endpoint
    from jupyter_agent.config.options import JupyterAgent
    from jupyter_agent.core.events import ModelEvent
    from jupyter_agent.core.protocols import ContextWindow, ToolSpec

_NO_OPTIONS = ModelOptions()
#: How often a model is asked to go on in one answer.
_MAX_PAUSES = 5


class AnthropicModel:
    """Asks one model.

    Args:
        model: Its name; empty for a sensible one.
        connection: The way to the server.
        settings: What `c.JupyterAgent.model_options` says of it, sent where a question does not say otherwise.
        seconds: How long is waited, as `Requester` has it.
    """

    takes_options: Literal[True] = True

    def __init__(
        self,
        model: str,
        connection: Connection,
        *,
        settings: Mapping[str, Any] = MappingProxyType({}),
        **seconds: float,
    ) -> None:
        self._connection = connection
        self._requester = Requester(model, connection, settings=settings, **seconds)
        self._learned = Learned()

    @property
    def name(self) -> str:
        """``provider:model``."""
        return self._requester.name

    @property
    def traits(self) -> ModelTraits:
        """Whether it takes pictures, as far as is known."""
        return ModelTraits(sees=self._requester.sees)

    @property
    def window(self) -> ContextWindow | None:
        """What it takes, as far as its server has said so; else as such models usually do."""
        return self._requester.window

    @classmethod
    def from_config(cls, config: JupyterAgent, model: str, *, endpoint: Endpoint | None = None) -> Self:
        """The model ``anthropic:<model>``; nobody is asked yet.

        Raises:
            Forbidden: the administrator's policy does not allow its address.
        """
        connection = connect(ANTHROPIC, config, endpoint)
        model = model or connection.default_model
        settings = config.options_of_model(f"{connection.provider.name}:{model}")
        return cls(model, connection, first_seconds=config.first_word_seconds, settings=settings)

    async def stream(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec] = (),
        *,
        deadline: float,
        options: ModelOptions = _NO_OPTIONS,
    ) -> AsyncGenerator[ModelEvent, None]:
        """Answer; a pause is no end of it."""
        asked, usage = list(messages), Usage()
        combined = options.over(self._requester.options)
        shows = any(message.pictures for message in messages)
        for pauses in range(_MAX_PAUSES + 1):
            used = frozenset(call.id for message in asked for call in message.tool_calls)
            new_reader = partial(CallReader, tools, is_strict=True, sent=messages) if tools else None
            new_answer = partial(StreamedAnswer, self._connection.server, used, new_reader)
            request = MessagesRequest(asked, tools, combined, new_answer, self._learned, is_continued=pauses > 0)
            text, calls, finished = "", list[ToolCall](), ModelFinished()
            events = self._requester.stream(request, deadline=deadline, options=combined, shows=shows)
            async with aclosing(events):
                async for event in events:
                    match event:
                        case ModelFinished():
                            finished = event
                            continue
                        case TextDelta():
                            text += event.text
                        case ThinkingDelta() if event.replaces_text:
                            text = ""
                        case ToolCall():
                            calls.append(event)
                    yield event
            usage += finished.usage
            if not request.reader.is_paused or calls or pauses == _MAX_PAUSES:
                yield self._requester.named_once(replace(finished, usage=usage), options)
                return
            asked.append(Message("assistant", text, extra=finished.extra))

    async def models(self) -> tuple[str, ...]:
        """Names of the models that there are, the newest first, at most 500.

        Raises:
            UpstreamError: the server does not say within three seconds.
        """
        return await self._requester.models()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._connection.close()
