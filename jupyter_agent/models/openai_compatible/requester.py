"""Requests to one server of models, whatever its API: tried again where that can help, waited for, their failures mended.

Tries are our own: the SDK's do not wait for what a server says in words, nor for a model that is loaded, cannot say that they
wait, and repeat a request as it is.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from jupyter_agent.core import errors
from jupyter_agent.core.events import ModelFinished, ThinkingDelta, Waiting
from jupyter_agent.core.protocols import ContextWindow, ModelOptions
from jupyter_agent.models.openai_compatible import failures, sight, windows
from jupyter_agent.models.openai_compatible.connection import whole
from jupyter_agent.models.openai_compatible.failures import Failure
from jupyter_agent.models.openai_compatible.incoming import Incoming, read_ahead
from jupyter_agent.models.openai_compatible.network import AsyncioStream
from jupyter_agent.models.openai_compatible.stream import EventDecoder, ServerEvent, StreamedAnswer, TooLong

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Coroutine, Iterable, Iterator, Mapping

    import httpx2

    from jupyter_agent.core.events import ModelEvent
    from jupyter_agent.models.openai_compatible.connection import Connection
    from jupyter_agent.models.openai_compatible.provider import Provider
    from jupyter_agent.models.openai_compatible.thoughts import Delta

_T = TypeVar("_T")
MAX_TRIES = 3
#: How often a request may be mended, where each time something else is wrong with it.
_MAX_REPAIRS = 4
#: Reasoning models are silent for minutes.
FIRST_SECONDS = 300.0
#: Some send the arguments of a call only when they are whole, which takes as long as the cell that it writes.
IDLE_SECONDS = 40.0
_MAX_WAIT = 60.0
_MAX_BACKOFF = 5.0
#: How often it is said that nothing comes.
_NOTE_SECONDS = 10.0
#: By so much a timer may be early.
_TICK = 0.005
#: Parts that a server does not take are left out from then on, but for these.
_ASKED_ANEW = frozenset({"calls", "response_format", "these_pictures"})
_MODELS_SECONDS = 3.0
#: How long after its first word a server is asked how much the model takes, and how long an answer that has ended waits for that.
WINDOW_AFTER_SECONDS = 2.0
_WINDOW_SECONDS = 0.5
#: Servers send the usage after the answer's end, if at all.
_USAGE_SECONDS = 2.0
_NOT_FOR_CHAT = re.compile(
    r"embed|whisper|tts|dall-e|moderation|rerank|transcri|realtime|image|sora|audio|babbage|davinci|clip|\bbge\b",
    re.IGNORECASE,
)


class ApiRequest(Protocol):
    """One question as a server's API has it.

    Attributes:
        path: From the server's address.
    """

    path: str

    def body(self, model: str, without: frozenset[str]) -> dict[str, Any]:
        """What is sent, as JSON data; the same for the same arguments, unless a failure was mended.

        Args:
            model: The server's name of the model.
            without: Parts that the server does not take, by the names that `failures` has for them, and options by their own.
        """

    def options_in(self, body: dict[str, Any]) -> Collection[str]:
        """The options that stand in a body."""

    def answer(self) -> StreamedAnswer:
        """What reads the answer; a new one for each try."""

    def mended(self, failure: Failure) -> ApiRequest | None:
        """What to ask at once after a failure; None where nothing is known that would help."""

    def succeeded(self, answer: StreamedAnswer) -> None:
        """A whole answer has come."""


class Requester:
    """Asks one model of one server.

    Args:
        model: The server's name of the model; empty for a sensible one, else for the first that it has.
        connection: The way to the server.
        settings: What `c.JupyterAgent.model_options` says of it: ``pictures`` is whether it sees; without it that is known or found
            out.
        idle_seconds: Longest silence within an answer, from its first word on.
        first_seconds: Longest silence before it: models think, and servers load them first.
        backoff_seconds: Pause before the second try; it doubles.

    Attributes:
        model: As above, once it is known.
        options: Of the configuration.
    """

    def __init__(
        self,
        model: str,
        connection: Connection,
        *,
        settings: Mapping[str, Any] = MappingProxyType({}),
        idle_seconds: float = IDLE_SECONDS,
        first_seconds: float = FIRST_SECONDS,
        backoff_seconds: float = 0.5,
    ) -> None:
        self.model = model or connection.default_model
        self.options = ModelOptions.from_settings(settings)
        self._ignored: set[str] = set()
        self._connection = connection
        self._idle = idle_seconds
        self._first = first_seconds
        self._backoff = backoff_seconds
        self._without: frozenset[str] = frozenset()
        self._chosen_sight: bool | None = settings.get("pictures")
        self._server_says: bool | None = None
        self._was_server_asked = False
        self._has_asked_window = not connection.provider.listing or connection.is_openai

    @property
    def name(self) -> str:
        """``provider:model``; the provider alone until a server without a default has been asked what it has."""
        provider = self._connection.provider.name
        return f"{provider}:{self.model}" if self.model else provider

    @property
    def sees(self) -> bool | None:
        """Whether it takes pictures, as far as is known; None: that is tried."""
        if self._chosen_sight is not None:
            return self._chosen_sight
        if "pictures" in self._without:
            return False
        return sight.sight_of_family(self.model) if self._server_says is None else self._server_says

    @property
    def window(self) -> ContextWindow | None:
        """What the model takes, as far as the server has said so; else as such models usually do."""
        usual = self._connection.provider.window
        reported = windows.reported(self._connection.base_url, self.model)
        if reported is None and self._connection.is_ours:
            return ContextWindow(usual) if usual else None
        return reported or windows.window_of_family(self.model)

    async def _learn_window(self) -> None:
        """Ask the server once what the model takes, unless that is known."""
        known = self.window
        if known is None or (not known.is_reported and self._connection.is_ours):
            await self._connection.learn_windows()
        self._has_asked_window = True

    async def ask_sight(self) -> None:
        """Ask the server once whether the model sees, where nobody says so."""
        if self._chosen_sight is None and not self._was_server_asked:
            self._was_server_asked = True
            with suppress(errors.UpstreamError):  # the question itself tells what is wrong with the server
                self._server_says = await sight.ask_server(self._connection, await self.chosen())

    async def stream(
        self, request: ApiRequest, *, deadline: float, options: ModelOptions, shows: bool = False
    ) -> AsyncGenerator[ModelEvent, None]:
        """One answer; a request that failed before its first word is tried again where that can help.

        Args:
            request: What is asked.
            deadline: On `time.monotonic()`.
            options: How the answer is to be made.
            shows: Whether there are pictures.
        """
        server = self._connection.server
        refused = frozenset({"pictures"}) if (shows or options.must_see) and self.sees is False else frozenset[str]()
        failure: Failure | None = None
        tries, repairs, began = 0, 0, time.monotonic()
        body: dict[str, Any] = {}
        while True:
            if options.must_see and "pictures" in self._without | refused:
                self._without |= {"pictures"}
                raise failures.blind(server, self.model)
            if options.must_see and "these_pictures" in refused and failure is not None:
                raise failure.error
            answer = request.answer()
            try:
                body = request.body(await self.chosen(), self._without | refused)
                async with aclosing(self._answer(request.path, body, answer, deadline)) as events:
                    async for event in events:
                        yield event
                *ending, finished = answer.end()
                assert isinstance(finished, ModelFinished)
                is_empty = not answer.spoken and finished.reason == "stop"
                if is_empty and answer.garbled:
                    raise Failure(failures.garbled(server))
                left_out = self._without | refused
                self._without |= refused - _ASKED_ANEW
                if self._chosen_sight is not None:  # what the options say holds
                    self._without -= {"pictures"}
                request.succeeded(answer)
                sent = request.options_in(body)
                ignored = [name for name in (*options.given(), *options.extra_body) if name not in sent]
                ignored += ["pictures"] if shows and left_out & {"pictures", "these_pictures"} else []
                for event in (*ending, replace(finished, ignored=tuple(ignored))):
                    yield event
                return
            except Exception as error:  # noqa: BLE001 - libraries and parsers raise anything
                failure = failures.from_exception(error, self._connection.server)
            # Raised outside of the handler: exceptions hold keys and the server's words, and logs print causes.
            if isinstance(failure.error, errors.ContextTooLong):
                windows.learn_refusal(self._connection.base_url, self.model, failure.error.detail)
            if answer.spoken:
                late = isinstance(failure.error, errors.UpstreamTimeout)
                raise failure.error if late else failures.broken_off(server, failure.error)
            if repairs < _MAX_REPAIRS and (mended := request.mended(failure)) is not None:
                request, repairs = mended, repairs + 1
                continue
            options_refused = failures.refused_options(failure, request.options_in(body))
            others = (refused | {part} for part in (*options_refused, *failure.without) if part not in refused)
            if other := next((less for less in others if request.body(self.model, self._without | less) != body), None):
                refused = other
                continue
            tries += 1
            async with aclosing(self._pause(failure, tries, began, deadline)) as waiting:
                async for event in waiting:
                    yield event

    def named_once(self, end: ModelFinished, asked: ModelOptions) -> ModelFinished:
        """The end of an answer, which names the configuration's options that are ignored only when that is new.

        Args:
            end: Which names all.
            asked: The options of the question.
        """
        own = {*self.options.given(), *self.options.extra_body} - {*asked.given(), *asked.extra_body}
        new = tuple(name for name in end.ignored if name not in own & self._ignored)
        self._ignored |= own & {*end.ignored}
        return replace(end, ignored=new)

    async def models(self) -> tuple[str, ...]:
        """Names of the server's models that can chat, in its order, at most 500; none where it has no list.

        Raises:
            UpstreamError: it does not say within three seconds, or there is no key for it.
        """
        server = self._connection.server
        try:
            await self._connection.open()
            if not server.listing:
                return ()
            async with asyncio.timeout(_MODELS_SECONDS):
                listing = json.loads(await whole(await self._connection.get(server.listing)))
            windows.learn_page(self._connection.base_url, listing)
            return models_of(listing)
        except TimeoutError:
            failure = Failure(failures.silent(server, _MODELS_SECONDS))
        except Exception as error:  # noqa: BLE001 - as above
            failure = failures.from_exception(error, server)
        raise failure.error

    async def chosen(self) -> str:
        """The model's name; where none was given, the first that the server offers."""
        if not self.model:
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
            self.model = names[0]
        return self.model

    async def _answer(
        self, path: str, body: dict[str, Any], answer: StreamedAnswer, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        """One request and its answer, read to its end or closed; what came together is one event."""
        silence = _Silence(self._connection.server, self._first, deadline)
        async with AsyncExitStack() as stack:
            opening = await stack.enter_async_context(_under_way(self._connection.post(path, body)))
            async for note in silence.notes(opening):
                yield note
            response = opening.result()
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            ahead = body_of(response)
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
                ahead = read_ahead(_once(text))
            decoder = EventDecoder()
            came = await stack.enter_async_context(ahead)
            gather, began = False, 0.0
            asking: asyncio.Task[None] | None = None
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
                if has_spoken and not self._has_asked_window and asking is None:
                    # While it answers, so that the first word does not wait for this, and the model has been loaded.
                    began = began or time.monotonic()
                    if time.monotonic() >= began + WINDOW_AFTER_SECONDS:
                        asking = await stack.enter_async_context(_under_way(self._learn_window()))
                silence.end(self._idle if answer.begun else self._first, is_word=has_spoken)
                if silence.is_long:
                    yield silence.note()
            if asking is not None:
                await asyncio.wait([asking], timeout=_WINDOW_SECONDS)
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
            raise failures.no_such_model(server, self.model, names)
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
        if len(so_far) == 1:
            yield so_far.pop()
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


def body_of(response: httpx2.Response) -> AbstractAsyncContextManager[Incoming]:
    """The body as it comes, read ahead; a response with an encoding was refused."""
    stream = response.extensions.get("network_stream")
    is_chunked = response.headers.get("transfer-encoding") == "chunked"
    # The end, and what is not as usual, are the library's to understand.
    return read_ahead(
        response.aiter_raw(), stream.deliver if isinstance(stream, AsyncioStream) and is_chunked else None
    )


async def _once(piece: bytes) -> AsyncGenerator[bytes, None]:
    yield piece
