"""Models behind any OpenAI-compatible server: OpenAI, Ollama, llama.cpp, vLLM, LM Studio, a company's gateway.

Chat completions, which every server understands; OpenAI's own reasoning models by its Responses API, which lets them go on with
their thoughts between tool calls, and keeps nothing of what it is sent where it is asked not to.

Of the `openai` SDK its client is used, for the address and the headers that it sends.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field, fields
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from jupyter_agent.core.events import ModelFinished
from jupyter_agent.core.protocols import RUN_CODE, ModelOptions, ModelTraits
from jupyter_agent.models.openai_compatible import code_blocks, responses
from jupyter_agent.models.openai_compatible.requester import Requester
from jupyter_agent.models.openai_compatible.responses import ResponsesRequest
from jupyter_agent.models.openai_compatible.stream import StreamedAnswer
from jupyter_agent.models.openai_compatible.text_tools import CallReader
from jupyter_agent.models.openai_compatible.thoughts import ThoughtReader
from jupyter_agent.models.openai_compatible.tool_mode import ToolModeMemory
from jupyter_agent.models.openai_compatible.wire import NAMES
from jupyter_agent.models.openai_compatible.wire import request as chat_body

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence

    from jupyter_agent.core.events import ModelEvent
    from jupyter_agent.core.messages import Message
    from jupyter_agent.core.protocols import ContextWindow, ToolMode, ToolSpec
    from jupyter_agent.models.openai_compatible.connection import Connection
    from jupyter_agent.models.openai_compatible.failures import Failure
    from jupyter_agent.models.openai_compatible.requester import ApiRequest

#: Small models write better code when they are not left to chance.
_CODE_TEMPERATURE = 0.2
#: They may go on for ever, too.
_CODE_TOKENS = 1024
_NO_OPTIONS = ModelOptions()
_OPTIONS = frozenset(item.name for item in fields(ModelOptions)) | {"max_completion_tokens", "random_seed"}


class OpenAIModel:
    """Asks one model of one server, through the SDK that is imported on first use.

    Args:
        model: The server's name of the model; empty for a sensible one.
        connection: The way to the server.
        settings: What `c.JupyterAgent.model_options` says of it: ``tools`` is how it is spoken to, ``native``, ``text`` or
            ``code``, ``api`` by which API, ``chat`` or ``responses``, and ``pictures`` whether it sees; without them that is known or
            found out. The others are sent where a question does not say otherwise.
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
        self._modes = ToolModeMemory(connection.server_key, settings.get("tools", ""))
        self._api = settings.get("api", "")
        self._beginning = _Beginning()
        self._tools: Sequence[ToolSpec] = ()

    @property
    def name(self) -> str:
        """``provider:model``; the provider alone until a server without a default has been asked what it has."""
        return self._requester.name

    @property
    def traits(self) -> ModelTraits:
        """How it is given tools, and whether it takes pictures, as far as is known."""
        return ModelTraits(self._modes.of(self._requester.model), self._requester.sees)

    @property
    def window(self) -> ContextWindow | None:
        """What it takes, as far as its server has said so; else as such models usually do."""
        return self._requester.window

    def prepared(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec]
    ) -> tuple[Sequence[Message], Sequence[ToolSpec]]:
        """What it is sent of messages and tools: where it takes no tools, they are put into words."""
        return code_blocks.prepared(self.traits.tool_mode, messages, tools)

    async def stream(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec] = (),
        *,
        deadline: float,
        options: ModelOptions = _NO_OPTIONS,
    ) -> AsyncGenerator[ModelEvent, None]:
        """Answer, in the tool mode that suits the model."""
        asked, options = options, options.over(self._requester.options)
        if any(message.pictures for message in messages):
            await self._requester.ask_sight()
        if tools and self._connection.provider.drops_tools:
            self._modes.drops_tools = await self._connection.drops_tools()
        # The last words after a limit have no tools, and what they say is still to be what the code printed.
        known = self.traits.tool_mode
        has_run = not tools and known == "code" and bool(code_blocks.AskedTurn.of(messages, ()).programs)
        if (
            (not tools and not has_run)
            or options.is_for_program
            or (known == "native" and self._modes.is_settled(self._requester.model))
        ):
            mode: ToolMode = "native" if not tools or known == "native" else "text"
            events = self._stream(messages, tools, mode, deadline=deadline, options=options)
        else:
            forms: set[str] = set()

            def ask(messages: Sequence[Message], mode: ToolMode, takes_code: bool) -> AsyncGenerator[ModelEvent, None]:
                return self._stream(
                    messages, tools, mode, takes_code=takes_code, forms=forms, deadline=deadline, options=options
                )

            events = code_blocks.answered(ask, messages, tools, self._modes, self._requester.model, forms=forms)
        async with aclosing(events):
            async for event in events:
                yield self._requester.named_once(event, asked) if isinstance(event, ModelFinished) else event

    async def _stream(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        mode: ToolMode,
        *,
        takes_code: bool = False,
        forms: set[str] | None = None,
        deadline: float,
        options: ModelOptions,
    ) -> AsyncGenerator[ModelEvent, None]:
        """One answer, by the API that the model is asked by."""
        model, server = self._requester.model, self._connection.server_key
        used = frozenset(call.id for message in messages for call in message.tool_calls)
        code_tool = RUN_CODE if takes_code else ""
        is_strict = mode == "native" and self._modes.is_known(model)
        self._tools = tools or self._tools
        # Offered as they should be, too: not every server reads what its model writes. Asked for its last words it may call all the same.
        read = tools or (self._tools if _has_called(messages) else ())
        new_reader = (
            partial(CallReader, read, code_tool=code_tool, forms=forms, is_strict=is_strict, sent=messages)
            if read
            else None
        )
        new_answer = partial(StreamedAnswer, self._connection.server, used, new_reader)
        asked, offered = code_blocks.prepared(mode, messages, tools)
        by_responses = partial(ResponsesRequest, asked, offered, options, new_answer, learned=(server, model))
        request: ApiRequest
        if responses.is_asked(model, server, self._api, is_openai=self._connection.is_openai):
            request = by_responses()
        else:
            settings = {"temperature": _CODE_TEMPERATURE, "max_tokens": _CODE_TOKENS} if mode == "code" else {}
            other = None if self._api == "chat" else by_responses
            seed = self._connection.provider.seed
            request = _ChatRequest(asked, offered, options, new_answer, settings, seed, self._beginning, other)
        shows = any(message.pictures for message in messages)
        events = self._requester.stream(request, deadline=deadline, options=options, shows=shows)
        async with aclosing(events):
            async for event in events:
                yield event

    async def models(self) -> tuple[str, ...]:
        """Names of the server's models that can chat, in its order, at most 500.

        Raises:
            UpstreamError: it does not say within three seconds.
        """
        return await self._requester.models()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._connection.close()


def _has_called(messages: Sequence[Message]) -> bool:
    """Whether the model has called tools since the last question."""
    last = max((number for number, message in enumerate(messages) if message.role == "user"), default=0)
    return any(message.tool_calls for message in messages[last:])


@dataclass(slots=True)
class _Beginning:
    """Whether a model is known to begin its answers with a thought that nothing opens."""

    thinks_first: bool = False


@dataclass
class _ChatRequest:
    """A question by the API of chat completions.

    Attributes:
        messages: The conversation.
        tools: What may be called.
        options: How the answer is to be made.
        new_answer: Makes what reads an answer.
        settings: Options where the question says nothing of them.
        seed: What the server calls that option.
        beginning: How the model begins; learned from its answers.
        by_responses: The same question by the Responses API, where a server says that the model is only there; None where that
            is not wanted.
    """

    messages: Sequence[Message]
    tools: Sequence[ToolSpec]
    options: ModelOptions
    new_answer: Callable[..., StreamedAnswer]
    settings: Mapping[str, Any]
    seed: str
    beginning: _Beginning
    by_responses: Callable[..., ResponsesRequest] | None
    path: str = "chat/completions"
    _thoughts: ThoughtReader = field(default_factory=ThoughtReader)

    def body(self, model: str, without: frozenset[str]) -> dict[str, Any]:
        settings = {name: value for name, value in self.settings.items() if name not in without}
        return settings | chat_body(
            model, self.messages, self.tools, without=without, options=self.options, seed=self.seed
        )

    def options_in(self, body: dict[str, Any]) -> Collection[str]:
        named = {name for name, names in {**NAMES, "seed": (self.seed,)}.items() if body.keys() & {*names}}
        return named | (body.keys() & (_OPTIONS | self.options.extra_body.keys()))

    def answer(self) -> StreamedAnswer:
        self._thoughts = ThoughtReader(thinks_first=self.beginning.thinks_first)
        return self.new_answer(self._thoughts)

    def mended(self, failure: Failure) -> ApiRequest | None:
        if self.by_responses is not None and responses.is_named(failure):
            return self.by_responses(instead_of=failure)
        return None

    def succeeded(self, answer: StreamedAnswer) -> None:
        if answer.spoken or self._thoughts.thinks_first:
            self.beginning.thinks_first = self._thoughts.thinks_first
