"""Models behind any OpenAI-compatible server: OpenAI, Ollama, llama.cpp, vLLM, LM Studio, a company's gateway.

Chat completions only, which every server understands: one path, tested once. The Responses API would keep a reasoning model's
thoughts between tool calls, at the price of a second wire format for OpenAI's own server, which keeps what it is sent.

Of the `openai` SDK the client, its headers, its error classes and its list of models are used. Tries are our own: the SDK's do
not wait for what a server says in words, nor for a model that is loaded, cannot say that they wait, and repeat a request as it is.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import fields, replace
from functools import partial
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from jupyter_agent.core import errors
from jupyter_agent.core.messages import ModelFinished, ThinkingDelta, Waiting
from jupyter_agent.core.protocols import RUN_CODE, ModelOptions
from jupyter_agent.models.openai_compatible import code_blocks, failures, sight
from jupyter_agent.models.openai_compatible.connection import Connection, whole
from jupyter_agent.models.openai_compatible.failures import Failure
from jupyter_agent.models.openai_compatible.incoming import read_ahead
from jupyter_agent.models.openai_compatible.network import AsyncioStream
from jupyter_agent.models.openai_compatible.stream import EventDecoder, ServerEvent, StreamedAnswer, TooLong
from jupyter_agent.models.openai_compatible.text_tools import CallReader
from jupyter_agent.models.openai_compatible.thoughts import ThoughtReader
from jupyter_agent.models.openai_compatible.ways import ModelWay
from jupyter_agent.models.openai_compatible.wire import NAMES, request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Iterable, Iterator, Mapping, Sequence

    import httpx2

    from jupyter_agent.core.messages import Message, ModelEvent
    from jupyter_agent.core.protocols import ToolSpec
    from jupyter_agent.models.openai_compatible.provider import Provider
    from jupyter_agent.models.openai_compatible.thoughts import Delta
    from jupyter_agent.models.openai_compatible.ways import Way

_T = TypeVar("_T")
#: Small models write better code when they are not left to chance.
_CODE_TEMPERATURE = 0.2
#: They may go on for ever, too.
_CODE_TOKENS = 1024
MAX_TRIES = 3
#: Reasoning models are silent for minutes.
FIRST_SECONDS = 300.0
_MAX_WAIT = 60.0
_MAX_BACKOFF = 5.0
#: How often it is said that nothing comes.
_NOTE_SECONDS = 10.0
#: By so much a timer may be early.
_TICK = 0.005
#: Parts that a server does not take are left out from then on, but for these.
_ASKED_ANEW = frozenset({"calls", "response_format", "these_pictures"})
_NO_OPTIONS = ModelOptions()
_OPTIONS = frozenset(item.name for item in fields(ModelOptions)) | {"max_completion_tokens", "random_seed"}
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
        idle_seconds: Longest silence within an answer, from its first word on.
        first_seconds: Longest silence before it: models think, and servers load them first.
        backoff_seconds: Pause before the second try; it doubles.
        settings: What `c.JupyterAgent.model_options` says of it: ``tools`` is how it is spoken to, ``native``, ``text`` or
            ``code``; ``pictures`` whether it sees; without them that is known or found out. The others are sent where a question does not say otherwise.
    """

    takes_options: Literal[True] = True

    def __init__(
        self,
        model: str,
        connection: Connection,
        *,
        idle_seconds: float = 30.0,
        first_seconds: float = FIRST_SECONDS,
        backoff_seconds: float = 0.5,
        settings: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._model = model or connection.default_model
        self._connection = connection
        self._idle = idle_seconds
        self._first = first_seconds
        self._backoff = backoff_seconds
        self._without: frozenset[str] = frozenset()
        self._way = ModelWay(connection.server_key, settings.get("tools", ""))
        self._options = ModelOptions.from_settings(settings)
        self._ignored: set[str] = set()
        self._thinks_first = False
        self._chosen_sight: bool | None = settings.get("pictures")
        self._server_says: bool | None = None
        self._was_server_asked = False

    @property
    def name(self) -> str:
        """``provider:model``; the provider alone until a server without a default has been asked what it has."""
        provider = self._connection.provider.name
        return f"{provider}:{self._model}" if self._model else provider

    @property
    def way(self) -> Way:
        """How it is spoken to, as far as is known."""
        return self._way.of(self._model)

    @property
    def sees(self) -> bool | None:
        """Whether it takes pictures, as far as is known; None: that is tried."""
        if self._chosen_sight is not None:
            return self._chosen_sight
        if "pictures" in self._without:
            return False
        return sight.known(self._model) if self._server_says is None else self._server_says

    def prepared(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec]
    ) -> tuple[Sequence[Message], Sequence[ToolSpec]]:
        """What it is sent of messages and tools: where it takes no tools, they are put into words."""
        return code_blocks.prepared(self.way, messages, tools)

    async def stream(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec] = (),
        *,
        deadline: float,
        options: ModelOptions = _NO_OPTIONS,
    ) -> AsyncGenerator[ModelEvent, None]:
        """Answer, spoken to in the way that suits the model."""
        own = {*self._options.given(), *self._options.extra_body} - {*options.given(), *options.extra_body}
        options = options.over(self._options)
        if self._chosen_sight is None and not self._was_server_asked and any(message.pictures for message in messages):
            self._was_server_asked = True
            with suppress(errors.UpstreamError):  # the question itself tells what is wrong with the server
                self._server_says = await sight.ask_server(self._connection, await self._chosen())
        if tools and self._connection.provider.drops_tools:
            self._way.drops_tools = await self._connection.drops_tools()
        if not tools or options.is_for_program or (self.way == "native" and self._way.is_settled(self._model)):
            way: Way = "native" if not tools or self.way == "native" else "text"
            events = self._stream(messages, tools, way, deadline=deadline, options=options)
        else:
            forms: set[str] = set()

            def ask(messages: Sequence[Message], way: Way, takes_code: bool) -> AsyncGenerator[ModelEvent, None]:
                return self._stream(
                    messages, tools, way, takes_code=takes_code, forms=forms, deadline=deadline, options=options
                )

            events = code_blocks.answered(ask, messages, tools, self._way, self._model, forms=forms)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, ModelFinished):  # those of the configuration are named once
                    new = tuple(name for name in event.ignored if name not in own & self._ignored)
                    self._ignored |= own & {*event.ignored}
                    yield replace(event, ignored=new)
                else:
                    yield event

    async def _stream(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        way: Way,
        *,
        takes_code: bool = False,
        forms: set[str] | None = None,
        deadline: float,
        options: ModelOptions,
    ) -> AsyncGenerator[ModelEvent, None]:
        """One answer; a request that failed before its first word is tried again where that can help."""
        seed = self._connection.provider.seed
        used = frozenset(call.id for message in messages for call in message.tool_calls)
        code_tool = RUN_CODE if takes_code else ""
        is_strict = way == "native" and self._way.is_known(self._model)
        # Offered as they should be, too: not every server reads what its model writes.
        new_reader = (
            partial(CallReader, tools, code_tool=code_tool, forms=forms, is_strict=is_strict) if tools else None
        )
        asked, offered = code_blocks.prepared(way, messages, tools)
        shows = any(message.pictures for message in messages)
        refused = frozenset({"pictures"}) if (shows or options.must_see) and self.sees is False else frozenset[str]()
        tries, began = 0, time.monotonic()
        body: dict[str, Any] = {}
        failure: Failure | None = None
        settings = {"temperature": _CODE_TEMPERATURE, "max_tokens": _CODE_TOKENS} if way == "code" else {}

        def new_body(name: str, without: frozenset[str]) -> dict[str, Any]:
            made = request(name, asked, offered, without=without, options=options, seed=seed)
            return {**{key: value for key, value in settings.items() if key not in without}, **made}

        while True:
            if options.must_see and "pictures" in self._without | refused:
                self._without |= {"pictures"}
                raise failures.blind(self._connection.server, self._model)
            if options.must_see and "these_pictures" in refused and failure is not None:
                raise failure.error
            thoughts = ThoughtReader(thinks_first=self._thinks_first)
            answer = StreamedAnswer(self._connection.server, used, new_reader, thoughts)
            try:
                body = new_body(await self._chosen(), self._without | refused)
                async with aclosing(self._answer(body, answer, deadline)) as events:
                    async for event in events:
                        yield event
                *ending, finished = answer.end()
                assert isinstance(finished, ModelFinished)
                is_empty = not answer.spoken and finished.reason == "stop"
                if is_empty and answer.garbled:
                    raise Failure(failures.garbled(self._connection.server))
                left_out = self._without | refused
                self._without |= refused - _ASKED_ANEW
                if self._chosen_sight is not None:  # what the options say holds
                    self._without -= {"pictures"}
                names = {**NAMES, "seed": (seed,)}
                ignored = [name for name in options.given() if not body.keys() & {*names.get(name, (name,))}]
                ignored += [name for name in options.extra_body if name not in body]
                ignored += ["pictures"] if shows and left_out & {"pictures", "these_pictures"} else []
                finished = replace(finished, ignored=tuple(ignored))
                if answer.spoken or thoughts.thinks_first:
                    self._thinks_first = thoughts.thinks_first
                for event in (*ending, finished):
                    yield event
                return
            except Exception as error:  # noqa: BLE001 - the SDK lets its parsers' and libraries' errors through
                failure = failures.from_exception(error, self._connection.server)
            # Raised outside of the handler: the SDK's exceptions hold keys and the server's words, and logs print causes.
            if answer.spoken:
                late = isinstance(failure.error, errors.UpstreamTimeout)
                raise failure.error if late else failures.broken_off(self._connection.server, failure.error)
            options_refused = failures.refused_options(failure, body.keys() & (_OPTIONS | options.extra_body.keys()))
            others = (refused | {part} for part in (*options_refused, *failure.without) if part not in refused)
            if other := next((less for less in others if new_body(self._model, self._without | less) != body), None):
                refused = other
                continue
            tries += 1
            async with aclosing(self._pause(failure, tries, began, deadline)) as waiting:
                async for event in waiting:
                    yield event

    async def models(self) -> tuple[str, ...]:
        """Names of the server's models that can chat, in its order, at most 500; none where it has no list.

        Raises:
            UpstreamError: it does not say within three seconds, or there is no key for it.
        """
        server = self._connection.server
        try:
            await self._connection.client()
            if not server.listing:
                return ()
            async with asyncio.timeout(_MODELS_SECONDS):
                return models_of(json.loads(await whole(await self._connection.get(server.listing))))
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
                where = " `jupyter agent models` says which it has." if server.listing else ""
                text = f"Name the model that {server} shall answer with: {server.name}:<model>.{where}"
                raise errors.UpstreamRefused(text)
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
        """One request and its answer, read to its end or closed; what came together is one event."""
        silence = _Silence(self._connection.server, self._first, deadline)
        async with AsyncExitStack() as stack:
            opening = await stack.enter_async_context(_under_way(self._connection.post(body)))
            async for note in silence.notes(opening):
                yield note
            response = opening.result()
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            pieces = _pieces(response)
            if kind == "application/json":  # the server does not stream
                reading = await stack.enter_async_context(_under_way(whole(response)))
                async for note in silence.notes(reading):
                    yield note
                text = reading.result()
                if text.lstrip().startswith((b"{", b"[")):
                    events = (ServerEvent("", text.decode("utf-8", "replace")), ServerEvent("", "[DONE]"))
                    for delta in _joined(delta for event in events for delta in answer.take(event)):
                        yield delta
                    return
                pieces = _once(text)
            decoder = EventDecoder()
            came = await stack.enter_async_context(read_ahead(pieces))
            gather = False
            while not answer.done and kind != "text/html":
                piece = None
                try:
                    if answer.complete:
                        # Only its usage may follow, and how the connection ends does not matter.
                        with suppress(Exception):
                            piece = await came.take(min(_USAGE_SECONDS, deadline - time.monotonic()))
                    else:
                        piece = await came.take(silence.left(), gather=gather)
                except TimeoutError:
                    yield silence.note()
                    continue
                has_spoken = False
                for delta in _joined(_deltas(answer, decoder, piece)):
                    gather = has_spoken = True  # the first is not held back
                    yield delta
                if piece is None:
                    break
                silence.end(self._idle if answer.begun else self._first, is_word=has_spoken)
                if silence.is_long:
                    yield silence.note()
        if not answer.complete:
            server = self._connection.server
            raise Failure(failures.broken_off(server) if decoder.heard else failures.garbled(server))

    async def _pause(
        self, failure: Failure, tries: int, began: float, deadline: float
    ) -> AsyncGenerator[Waiting, None]:
        """Wait before the next try, or raise the failure for good."""
        server = self._connection.server
        if failure.is_other_model:
            names: tuple[str, ...] = ()
            with suppress(errors.UpstreamError):
                names = await self.models()
            raise failures.no_such_model(server, self._model, names)
        spread = random.uniform(0.5, 1.0)  # noqa: S311 - spreads tries, hides nothing
        seconds = min(self._backoff * 2 ** (tries - 1), _MAX_BACKOFF) * spread
        if failure.wait is not None:
            seconds = failure.wait + self._backoff * spread
        now = time.monotonic()
        in_time = seconds <= _MAX_WAIT and now + seconds < deadline
        may_try = tries < MAX_TRIES or (failure.is_loading and now + seconds < began + self._first)
        if not (failure.passing and may_try and in_time):
            raise failure.error
        if failure.is_loading:
            yield Waiting(f"{server} is loading the model: for {now - began:.0f} seconds …", round(now - began))
        elif seconds >= 1:
            why = "has too many requests" if isinstance(failure.error, errors.UpstreamRateLimit) else "has failed"
            yield Waiting(f"{server} {why}. It is asked again in {failures.duration(seconds)} …", round(seconds))
        await asyncio.sleep(seconds)


class _Silence:
    """How long nothing has come from a server, and when that is said.

    Args:
        server: Who is silent.
        limit: Seconds after which nothing more is waited for.
        deadline: The turn's.
    """

    def __init__(self, server: Provider, limit: float, deadline: float) -> None:
        self._server = server
        self._deadline = deadline
        self._last_word = self._noted = time.monotonic()
        self.end(limit)

    def end(self, limit: float, *, is_word: bool = False) -> None:
        """Something has come, though it may be no word; the next silence may last so long."""
        self._limit = limit
        self._since = time.monotonic()
        if is_word:
            self._last_word = self._noted = self._since

    @property
    def is_long(self) -> bool:
        """Whether it is time to say that no word has come."""
        return time.monotonic() >= self._next_note

    @property
    def _next_note(self) -> float:
        """The longer it has been, the more seldom it is said: a terminal keeps every line."""
        return self._noted + max(_NOTE_SECONDS, (self._noted - self._last_word) / 3)

    def left(self) -> float:
        """Seconds until there is something to say."""
        return min(self._since + self._limit, self._deadline, self._next_note) - time.monotonic()

    def note(self) -> Waiting:
        """What there is to say.

        Raises:
            UpstreamTimeout: nothing more is waited for.
        """
        self._noted = time.monotonic()
        if self._noted >= self._deadline - _TICK:
            raise errors.UpstreamTimeout(
                f"{self._server} did not finish in the time given. Ask again, or ask for less."
            )
        if self._noted >= self._since + self._limit - _TICK:
            raise failures.silent(self._server, self._limit)
        seconds = round(self._noted - self._last_word)
        return Waiting(f"Waiting for {self._server}: nothing has come for {failures.duration(seconds)} …", seconds)

    async def notes(self, work: asyncio.Future[Any]) -> AsyncGenerator[Waiting, None]:
        """What there is to say until some work is done.

        Raises:
            UpstreamTimeout: nothing more is waited for.
        """
        while not work.done():
            await asyncio.wait([work], timeout=self.left())
            if not work.done():
                yield self.note()


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
    return tuple(name.removeprefix("models/") for name in fit if can_chat(name))[:500]  # Gemini's are named so


def _deltas(answer: StreamedAnswer, decoder: EventDecoder, piece: bytes | None) -> Iterator[Delta]:
    """What some bytes, or the end, add to an answer."""
    try:
        for event in decoder.feed(
            b"\n\n" if piece is None else piece
        ):  # what a stream cut short has left is whole, too
            yield from answer.take(event)
    except TooLong:
        answer.cut()


def _joined(deltas: Iterable[Delta]) -> Iterator[Delta]:
    """The same, in one what is of one kind; those before an error are yielded before it is raised."""
    so_far: list[Delta] = []
    try:
        so_far.extend(deltas)
    finally:
        for (kind, replaces_text), group in groupby(
            so_far, lambda delta: (type(delta), getattr(delta, "replaces_text", False))
        ):
            joined = kind("".join(delta.text for delta in group))
            yield replace(joined, replaces_text=True) if replaces_text and isinstance(joined, ThinkingDelta) else joined


@asynccontextmanager
async def _under_way(work: Coroutine[Any, Any, _T]) -> AsyncGenerator[asyncio.Task[_T], None]:
    """Some work that ends with this; a response that nobody has taken is closed."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is None and (close := getattr(task.result(), "aclose", None)):
            await close()


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
