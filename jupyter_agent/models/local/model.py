"""Models that run on this machine, for people with neither key nor server: a GGUF file, or a repository of Hugging Face."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self

from jupyter_agent.core import errors
from jupyter_agent.core.events import Waiting
from jupyter_agent.core.protocols import ContextWindow, ModelOptions, ModelTraits
from jupyter_agent.core.text import format_bytes
from jupyter_agent.models.local import failures
from jupyter_agent.models.local.hub import Hub
from jupyter_agent.models.local.process import EngineProcess
from jupyter_agent.models.openai_compatible import code_blocks
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.openai_compatible.provider import Provider
from jupyter_agent.models.openai_compatible.tool_mode import ToolModeMemory

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from jupyter_agent.config.options import JupyterAgent
    from jupyter_agent.core.events import ModelEvent
    from jupyter_agent.core.messages import Message
    from jupyter_agent.core.protocols import ToolSpec

_MAGIC = b"GGUF"
#: Tokens of a request where the options say nothing: a machine without a graphics card reads long ones slowly.
_CONTEXT_TOKENS = 8_000
#: Room for the answer, besides the request.
_ANSWER_TOKENS = 4096
#: A machine without a graphics card reads long requests slowly; the turn's deadline ends the waiting.
_FIRST_SECONDS = 600.0
_REPORT_SECONDS = 3.0
#: Left of the turn's time when it ends with how far a file has been fetched.
_SPARE_SECONDS = 1.0
_LOCAL = Provider("local", "The local model", drops_tools=True)
_NO_OPTIONS = ModelOptions()


class LocalModel:
    """One model in a process of its own, which starts with the first question and is spoken to as any server is.

    Args:
        wanted: Path of a GGUF file, or ``owner/repository`` of the hub, with ``:<weights>`` or ``/<file>`` if need be.
        hub: Where files are fetched from.
        context_tokens: Tokens that a request may have.
        settings: What `c.JupyterAgent.model_options` says of it.
    """

    takes_options: Literal[True] = True

    def __init__(
        self,
        wanted: str,
        hub: Hub,
        *,
        context_tokens: int = _CONTEXT_TOKENS,
        settings: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._wanted = wanted
        self._hub = hub
        self._settings = settings
        self._context = context_tokens + _ANSWER_TOKENS
        self._process: EngineProcess | None = None
        self._model: OpenAIModel | None = None
        self._fetching: asyncio.Task[Path] | None = None
        self._progress = ""
        self._answering = 0

    @classmethod
    def from_config(cls, config: JupyterAgent, model: str) -> Self:
        """Build for ``local:<path or id>``; nothing is read, fetched or started yet."""
        from platformdirs import user_cache_path

        folder = user_cache_path("jupyter-agent") / "models"  # files that can be fetched again
        hub = Hub(folder, proxy=config.proxy, ca_file=config.ca_file)
        return cls(
            model,
            hub,
            context_tokens=config.context_tokens or _CONTEXT_TOKENS,
            settings=config.options_of_model(f"local:{model}"),
        )

    @property
    def name(self) -> str:
        """``local:<path or id>``."""
        return f"local:{self._wanted}" if self._wanted else "local"

    @property
    def traits(self) -> ModelTraits:
        """How it is given tools, as far as is known; its engine reads words alone."""
        mode = (
            self._model.traits.tool_mode
            if self._model is not None
            else ToolModeMemory("", self._settings.get("tools", "")).of(self._wanted)
        )
        return ModelTraits(mode, sees=False)

    @property
    def window(self) -> ContextWindow:
        """What the engine has room for."""
        reported = self._model.window if self._model is not None else None
        return reported or ContextWindow(self._context, is_reported=True)

    def prepared(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec]
    ) -> tuple[Sequence[Message], Sequence[ToolSpec]]:
        """What it is sent of messages and tools: where it takes no tools, they are put into words."""
        return code_blocks.prepared(self.traits.tool_mode, messages, tools)

    @property
    def pid(self) -> int | None:
        """Process id of the running engine."""
        return self._process.pid if self._process is not None else None

    async def stream(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec] = (),
        *,
        deadline: float,
        options: ModelOptions = _NO_OPTIONS,
    ) -> AsyncGenerator[ModelEvent, None]:
        """Answer, once the file is here and read; meanwhile tell how far that is.

        Raises:
            MissingExtra: the engine is not installed.
            UpstreamError: one of its kinds, with what to do about it.
        """
        async with aclosing(self._fetched(deadline)) as waiting:
            async for event in waiting:
                yield event
        for is_last in (False, True):
            process = await self._running()
            has_answered = False
            try:
                async with aclosing(self._answer(process, messages, tools, deadline, options)) as events:
                    async for event in events:
                        has_answered = has_answered or not isinstance(event, Waiting)
                        yield event
                return
            except (errors.UpstreamUnreachable, errors.UpstreamProtocol) as error:
                failure = error
            # Raised outside of the handler: what the client says of an address that is no more is no help.
            if not await asyncio.to_thread(process.ends):
                raise failure
            if has_answered or is_last:
                raise process.ending()

    async def _answer(
        self,
        process: EngineProcess,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        deadline: float,
        options: ModelOptions,
    ) -> AsyncGenerator[ModelEvent, None]:
        if not process.ready:
            yield Waiting("Loading the model …")
        address = await process.address(deadline)
        if self._model is None:
            connection = Connection(f"{address}/v1", _LOCAL, own_key=process.key)
            self._model = OpenAIModel(self._wanted, connection, first_seconds=_FIRST_SECONDS, settings=self._settings)
        if self._answering:
            yield Waiting("The model answers another question first …")
        self._answering += 1
        try:
            async with aclosing(self._model.stream(messages, tools, deadline=deadline, options=options)) as events:
                async for event in events:
                    yield event
        finally:
            self._answering -= 1

    async def models(self) -> tuple[str, ...]:
        """What can be asked without fetching anything.

        Raises:
            MissingExtra: nothing can, for the engine is not installed.
        """
        if await asyncio.to_thread(find_spec, "xllamacpp") is None:
            raise failures.missing_extra()
        known = await asyncio.to_thread(self._hub.all_fetched)
        return tuple(dict.fromkeys((*([self._wanted] if self._wanted else []), *known)))

    async def close(self) -> None:
        """End the process, and stop fetching; what is here of the file is kept."""
        fetching, self._fetching = self._fetching, None
        if fetching is not None and fetching.get_loop() is asyncio.get_running_loop():
            fetching.cancel()
            await asyncio.wait([fetching])
        model, self._model = self._model, None
        if model is not None:
            await model.close()
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(process.stop)

    async def _fetched(self, deadline: float) -> AsyncGenerator[ModelEvent, None]:
        """Wait until the file is here; fetching goes on when nobody waits any more."""
        if await asyncio.to_thread(self._file) is not None:
            return
        while True:
            loop = asyncio.get_running_loop()
            if self._fetching is None or self._fetching.get_loop() is not loop:  # one for all who ask
                self._fetching = loop.create_task(self._hub.fetch(self._wanted, self._note))
            fetching = self._fetching
            left = deadline - _SPARE_SECONDS - time.monotonic()
            done, _ = await asyncio.wait([fetching], timeout=max(0.0, min(_REPORT_SECONDS, left)))
            if done:
                break
            if left <= 0:
                raise errors.UpstreamError(
                    f"{self._wanted} is still being fetched{self._progress}, and goes on. Ask again in some minutes."
                )
            yield Waiting(f"Fetching {self._wanted}{self._progress} …")
        if fetching.cancelled():  # the server stops
            raise failures.stopped()
        self._fetching = None
        if (error := fetching.exception()) is not None:
            raise error

    def _note(self, here: int, whole: int) -> None:
        self._progress = f": {format_bytes(here)} of {format_bytes(whole)} ({100 * here // max(1, whole)} %)"

    def _file(self) -> Path | None:
        """The file that is meant; None where it has to be fetched.

        Raises:
            UpstreamRefused: there is none, or it is no model.
        """
        if not self._wanted:
            fetched = ", ".join(self._hub.all_fetched()[:10])
            raise errors.UpstreamRefused(
                "Name a local model: local:<path of a GGUF file>, or local:<owner>/<repository> of Hugging Face, such as "
                "local:Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF (1.1 GB, fetched once)."
                + (f" There are: {fetched}." if fetched else "")
            )
        path = Path(self._wanted).expanduser()
        if not (path.is_absolute() or path.is_file()):
            return self._hub.fetched(self._wanted)
        try:
            with path.open("rb") as file:
                is_model = file.read(len(_MAGIC)) == _MAGIC
        except (OSError, ValueError):  # a NUL is no part of a path
            is_model = False
        if not is_model:
            raise failures.no_file()
        return path

    async def _running(self) -> EngineProcess:
        """The process; a new one where the last has ended."""
        if self._process is not None and not self._process.has_ended():
            return self._process
        path = await asyncio.to_thread(self._file)
        assert path is not None
        last, model = self._process, self._model
        if last is not None and not last.has_ended():  # another question was faster
            return last
        self._process, self._model = process, _ = EngineProcess(path, self._wanted, self._context), None
        if last is not None:
            await asyncio.to_thread(last.stop)
        if model is not None:
            await model.close()
        return process
