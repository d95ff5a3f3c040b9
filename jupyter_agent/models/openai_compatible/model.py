"""Models behind any OpenAI-compatible server: OpenAI, Ollama, llama.cpp, vLLM, LM Studio, a company's gateway.

Chat completions only, which every server understands: one path, tested once. The Responses API would keep a reasoning model's
thoughts between tool calls, at the price of a second wire format for OpenAI's own server, which keeps what it is sent.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from contextlib import AsyncExitStack, aclosing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_agent.core import errors
from jupyter_agent.core.messages import TextDelta
from jupyter_agent.models.openai_compatible import code_blocks, failures
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.failures import Failure
from jupyter_agent.models.openai_compatible.incoming import read_ahead
from jupyter_agent.models.openai_compatible.network import AsyncioStream
from jupyter_agent.models.openai_compatible.stream import MAX_EVENT, EventDecoder, ServerEvent, StreamedAnswer, TooLong
from jupyter_agent.models.openai_compatible.text_tools import CallReader
from jupyter_agent.models.openai_compatible.ways import ModelWay
from jupyter_agent.models.openai_compatible.wire import request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Iterable, Iterator, Sequence

    import httpx2

    from jupyter_agent.core.messages import Message, ModelEvent
    from jupyter_agent.core.protocols import ToolSpec
    from jupyter_agent.models.openai_compatible.ways import Way

_T = TypeVar("_T")
DEFAULT_MODEL = "gpt-5-mini"
#: Small models write better code when they are not left to chance.
_CODE_TEMPERATURE = 0.2
MAX_TRIES = 3
_MAX_WAIT = 60.0
_MODELS_SECONDS = 3.0
#: Servers send the usage after the answer's end, if at all.
_USAGE_SECONDS = 2.0
_NOT_FOR_CHAT = re.compile(
    r"embed|whisper|tts|dall-e|moderation|rerank|transcri|realtime|image|sora|audio|babbage|davinci|clip|\bbge\b",
    re.IGNORECASE,
)


class OpenAIModel:
    """Asks one model of one server, through the SDK that is imported on first use.

    Args:
        model: The server's name of the model; empty for a sensible one.
        connection: The way to the server.
        idle_seconds: Longest silence within an answer.
        first_seconds: Longest silence before it: a server of one's own may have to load the model first.
        backoff_seconds: Pause before the second try; it doubles.
        way: How the model is spoken to: ``native``, ``text`` or ``code``; empty where that is known or found out.
    """

    def __init__(
        self,
        model: str,
        connection: Connection,
        *,
        idle_seconds: float = 30.0,
        first_seconds: float | None = None,
        backoff_seconds: float = 0.5,
        way: str = "",
    ) -> None:
        self._model = model or connection.provider.default or (DEFAULT_MODEL if connection.is_openai else "")
        self._connection = connection
        self._idle = idle_seconds
        self._first = first_seconds or (4 * idle_seconds if connection.is_ours else idle_seconds)
        self._backoff = backoff_seconds
        self._without: frozenset[str] = frozenset()
        self._way = ModelWay(connection.server_key, way)

    @property
    def name(self) -> str:
        """``provider:model``; the provider alone until a server without a default has been asked what it has."""
        provider = self._connection.provider.name
        return f"{provider}:{self._model}" if self._model else provider

    @property
    def way(self) -> Way:
        """How it is spoken to, as far as is known."""
        return self._way.of(self._model)

    def prepared(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec]
    ) -> tuple[Sequence[Message], Sequence[ToolSpec]]:
        """What it is sent of messages and tools: where it takes no tools, they are put into words."""
        return code_blocks.prepared(self.way, messages, tools)

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        """Answer, spoken to in the way that suits the model."""
        if tools and self._connection.provider.drops_tools:
            self._way.drops_tools = await self._connection.drops_tools()
        if not tools or (self.way == "native" and self._way.is_settled(self._model)):
            events = self._stream(messages, tools, "native", deadline=deadline)
        else:

            def ask(messages: Sequence[Message], way: Way, takes_code: bool) -> AsyncGenerator[ModelEvent, None]:
                return self._stream(messages, tools, way, takes_code=takes_code, deadline=deadline)

            events = code_blocks.answered(ask, messages, tools, self._way, self._model)
        async with aclosing(events):
            async for event in events:
                yield event

    async def _stream(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        way: Way,
        *,
        takes_code: bool = False,
        deadline: float,
    ) -> AsyncGenerator[ModelEvent, None]:
        """One answer; a request that failed before its first word is tried again where that can help."""
        used = frozenset(call.id for message in messages for call in message.tool_calls)
        without, tries = self._without, 0
        code_tool = code_blocks.RUN_CODE if takes_code else ""
        is_strict = way == "native" and self._way.is_known(self._model)
        while True:
            # Offered as they should be, too: not every server reads what its model writes.
            reader = CallReader(tools, code_tool=code_tool, is_strict=is_strict) if tools else None
            answer = StreamedAnswer(self._connection.server, used, reader)
            try:
                name = await self._chosen()
                body = request(name, *code_blocks.prepared(way, messages, tools), without=without)
                if way == "code":
                    body["temperature"] = _CODE_TEMPERATURE
                async with aclosing(self._answer(body, answer, deadline)) as events:
                    async for event in events:
                        yield event
                return
            except Exception as error:  # noqa: BLE001 - the SDK lets its parsers' and libraries' errors through
                failure = failures.from_exception(error, self._connection.server)
            # Raised outside of the handler: the SDK's exceptions hold keys and the server's words, and logs print causes.
            if answer.spoken:
                late = isinstance(failure.error, errors.UpstreamTimeout)
                raise failure.error if late else failures.broken_off(self._connection.server)
            if failure.without and failure.without not in without | {"model"}:
                without |= {failure.without}
                self._without |= without & {"tools", "stream_options", "system", "pictures"}
                continue
            tries += 1
            await self._pause(failure, tries, deadline)

    async def models(self) -> tuple[str, ...]:
        """Names of the server's models that can chat, in its order, at most 500.

        Raises:
            UpstreamError: it does not say within three seconds.
        """
        server = self._connection.server
        try:
            client = await self._connection.client()
            async with asyncio.timeout(_MODELS_SECONDS), client.models.with_streaming_response.list() as response:
                return models_of(json.loads(await _whole(response.http_response)))
        except TimeoutError:
            failure = Failure(failures.silent(server, _MODELS_SECONDS))
        except Exception as error:  # noqa: BLE001 - as above
            failure = failures.from_exception(error, server)
        raise failure.error

    async def close(self) -> None:
        """Let go of the connections."""
        await self._connection.close()

    async def _chosen(self) -> str:
        """The model's name; where none was given, the first that the server offers."""
        if not self._model:
            server = self._connection.server
            if not server.takes_first:
                raise errors.UpstreamRefused(f"Name the model that {server} shall answer with: {server.name}:<model>.")
            names = await self.models()
            if not names:
                raise errors.UpstreamRefused(
                    f"{server} offers no model that can chat. Load one there, or name it: {server.name}:<model>."
                )
            self._model = names[0]
        return self._model

    async def _answer(
        self, body: dict[str, Any], answer: StreamedAnswer, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        """One request and its answer, read to its end or closed."""
        async with AsyncExitStack() as stack:
            opening = self._connection.open_stream(body)
            response = await self._within(stack.enter_async_context(opening), self._first, deadline)
            texts = await stack.enter_async_context(aclosing(self._texts(response, answer, deadline)))
            async for text in texts:
                yield TextDelta(text)
        for event in answer.end():
            yield event

    async def _texts(
        self, response: httpx2.Response, answer: StreamedAnswer, deadline: float
    ) -> AsyncGenerator[str, None]:
        """What the response says, in one text what came together; returns only if the answer is complete."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json":  # the server does not stream
            whole = await self._within(_whole(response), self._first, deadline)
            if whole.lstrip().startswith(b"{"):
                for text in _joined(
                    map(answer.take, (ServerEvent("", whole.decode("utf-8")), ServerEvent("", "[DONE]")))
                ):
                    yield text
                return
            pieces = _once(whole)
        else:
            pieces = _pieces(response)
        decoder = EventDecoder()
        async with read_ahead(pieces) as came:
            while not answer.done and kind != "text/html":
                piece, left = None, deadline - time.monotonic()
                seconds = self._idle if decoder.heard else self._first
                try:
                    if answer.complete:
                        # Only its usage may follow, and how the connection ends does not matter.
                        with suppress(Exception):
                            piece = await came.take(min(_USAGE_SECONDS, left))
                    else:
                        # The first text is not held back.
                        piece = await came.take(min(seconds, left), gather=answer.spoken)
                except TimeoutError:
                    raise self._late(seconds, left) from None
                for text in _joined(_texts(answer, decoder, piece)):
                    yield text
                if piece is None:
                    break
        if not answer.complete:
            server = self._connection.server
            raise Failure(failures.broken_off(server) if decoder.heard else failures.garbled(server))

    async def _within(self, work: Awaitable[_T], seconds: float, deadline: float) -> _T:
        """The result of some waiting, which ends after so many seconds and at the turn's deadline."""
        left = deadline - time.monotonic()
        try:
            async with asyncio.timeout(min(seconds, left)):
                return await work
        except TimeoutError:
            late = self._late(seconds, left)
        raise late

    def _late(self, seconds: float, left: float) -> errors.UpstreamError:
        """Why waiting for so long has ended, by the time that was left of the turn's."""
        if left <= seconds:
            return errors.UpstreamTimeout(
                f"{self._connection.server} did not finish in the time given. Ask again, or ask for less."
            )
        return failures.silent(self._connection.server, seconds)

    async def _pause(self, failure: Failure, tries: int, deadline: float) -> None:
        """Wait before the next try, or raise the failure for good."""
        if failure.without == "model":
            names: tuple[str, ...] = ()
            if self._connection.provider.lists:
                with suppress(errors.UpstreamError):
                    names = await self.models()
            raise failures.no_such_model(self._connection.server, self._model, names)
        usual = self._backoff * 2 ** (tries - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads tries, hides nothing
        seconds = usual if failure.wait is None else failure.wait
        in_time = seconds <= _MAX_WAIT and time.monotonic() + seconds < deadline
        if not failure.passing or tries >= MAX_TRIES or not in_time:
            raise failure.error
        await asyncio.sleep(seconds)


def can_chat(name: str) -> bool:
    """Whether a model of that name is likely to chat, rather than embed, speak or draw."""
    return not _NOT_FOR_CHAT.search(name)


def models_of(listing: object) -> tuple[str, ...]:
    """Names in a server's list of models that can chat, in its order, at most 500.

    Raises:
        TypeError: it is no such list.
    """
    entries = listing.get("data") if isinstance(listing, dict) else listing
    if not isinstance(entries, list):
        raise TypeError("not a list of models")
    names = (entry.get("id") for entry in entries if isinstance(entry, dict))
    fit = (name for name in names if isinstance(name, str) and name.isprintable() and 0 < len(name) <= 200)
    return tuple(name for name in fit if can_chat(name))[:500]


def _texts(answer: StreamedAnswer, decoder: EventDecoder, piece: bytes | None) -> Iterator[str]:
    """The texts that some bytes, or the end, add to an answer."""
    try:
        for event in decoder.feed(
            b"\n\n" if piece is None else piece
        ):  # what a stream cut short has left is whole, too
            yield answer.take(event)
    except TooLong:
        answer.cut()


def _joined(texts: Iterable[str]) -> Iterator[str]:
    """All texts as one, if there are any; those before an error are yielded before it is raised."""
    texts_so_far: list[str] = []
    try:
        texts_so_far.extend(texts)
    finally:
        if text := "".join(texts_so_far):
            yield text


async def _whole(response: httpx2.Response) -> bytes:
    """The body of an answer that is not streamed, as far as an answer may go."""
    body = bytearray()
    async with aclosing(response.aiter_bytes()) as pieces:
        async for piece in pieces:
            body += piece
            if len(body) > MAX_EVENT:
                raise ValueError("too long")
    return bytes(body)


async def _pieces(response: httpx2.Response) -> AsyncGenerator[bytes, None]:
    """The body as it comes; a response with an encoding was refused."""
    stream = response.extensions.get("network_stream")
    if isinstance(stream, AsyncioStream) and response.headers.get("transfer-encoding") == "chunked":
        async for piece in stream.chunks():
            yield piece
    async for piece in response.aiter_raw():  # the end, and what is not as usual, are the library's to understand
        yield piece


async def _once(piece: bytes) -> AsyncGenerator[bytes, None]:
    yield piece
