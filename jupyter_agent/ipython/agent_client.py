"""The way to an assistant in this very process, on the same store as the Jupyter server's."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from traitlets.config import Config

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.agent.commands import LOCAL, LocalConversation
from jupyter_agent.agent.replay import Answer, last_event, replay_question
from jupyter_agent.config.options import JupyterAgent, read_config_files
from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.kernel_state import ExecutionResult
from jupyter_agent.core.messages import ApprovalAsked, RunAsked, TurnStarted, to_json
from jupyter_agent.core.messages import Event as AnyEvent
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session
from jupyter_agent.ipython.background_loop import BackgroundLoop
from jupyter_agent.ipython.typed_cells import TypedCells
from jupyter_agent.kernels.local import LocalKernel
from jupyter_agent.kernelside.client import server_info
from jupyter_agent.kernelside.client.agent_client import NO_NOTEBOOK
from jupyter_agent.kernelside.magic.errors import AgentFailed
from jupyter_agent.kernelside.magic.turn import AgentRequest, Event
from jupyter_agent.notebooks.file import FileNotebook

T = TypeVar("T")


class InProcessAgentClient:
    """Asks an assistant of its own about the shell it lives in.

    Args:
        ip: The IPython shell; its configuration may set ``c.JupyterAgent``.

    Raises:
        AgentFailed: an option names something that is not there.
    """

    def __init__(self, ip: Any) -> None:
        self._ip = ip
        self._assistant = _or_failed(lambda: Assistant.from_config(JupyterAgent(config=_config(ip))))
        self._conversation = LocalConversation(self._assistant.sessions, self._assistant.edit_history)
        self._kernel = LocalKernel(ip)
        self._loop = BackgroundLoop()
        self._waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        atexit.register(self.close)

    def ask(self, ask: AgentRequest) -> Generator[Event, None, None]:
        yield from self._loop.iterate(self._events(ask, *self._notebook()))

    def act(self, turn_id: str, call_id: str, answer: Mapping[str, Any]) -> None:
        waiting = self._waiting.get(call_id)
        if waiting is not None:
            self._loop.call_soon(_set_result, waiting, answer)

    def history(self, session: str, turns: int) -> list[dict[str, Any]]:
        notebook_id = self._notebook()[1]
        return _or_failed(lambda: self._loop.run(self._conversation.history(notebook_id, session, turns=turns)))

    def clear(self, session: str) -> bool:
        notebook_id = self._notebook()[1]
        return _or_failed(lambda: self._loop.run(self._conversation.clear(notebook_id, session)))

    def doctor(self) -> str:
        path = self._notebook()[0]
        if not path:
            raise AgentFailed(NO_NOTEBOOK)
        return _or_failed(
            lambda: self._loop.run(self._assistant.resources.analyses.examine(FileNotebook(path), self._kernel))
        ).to_markdown()

    def context(self, ask: AgentRequest) -> dict[str, Any]:
        return _or_failed(lambda: self._loop.run(self._preview(ask)))

    def models(self) -> list[dict[str, Any]]:
        return [{"id": model, "default": model == self._assistant.default_model} for model in self._assistant.models()]

    def session_command(self, session: str, name: str, rest: str) -> dict[str, Any]:
        path, notebook_id = self._notebook()
        operate = self._conversation.execute
        answer, notebook = self._answer_with(rest), FileNotebook(path) if path else None
        return _or_failed(
            lambda: self._loop.run(operate(name, rest, notebook_id, session, answer=answer, notebook=notebook))
        )

    def close(self) -> None:
        """Let go of the store and of the thread; the door is of no use afterwards."""
        atexit.unregister(self.close)
        self._loop.run(self._assistant.close())
        self._loop.close()

    def _notebook(self) -> tuple[str, str]:
        """Path and id of the notebook that this shell serves; both empty without one."""
        path = server_info.notebook_path(self._ip)
        server = server_info.server({}, self._ip)
        return path, server_info.notebook_id(path, (server.root,) if server is not None else ())

    async def _events(self, ask: AgentRequest, path: str, notebook_id: str) -> AsyncGenerator[Event, None]:
        try:
            question = await self._question(ask, path, notebook_id)
            async with aclosing(self._assistant.ask(question)) as events:
                async for event in events:
                    if isinstance(event, TurnStarted) and not ask.session:
                        self._conversation.set_last_session(event.session_id)
                    if isinstance(event, (ApprovalAsked, RunAsked)):
                        self._pending_answer(event.call_id)
                    yield event.event, to_json(event)
        except AgentError as error:
            yield "error", {"message": error.message, "code": error.code, "retryable": error.retryable}
        except Exception as error:  # noqa: BLE001 - models and tools of others run in there; no traceback of ours in a cell
            yield "error", {"message": f"the turn failed: {type(error).__name__}: {error}", "code": "internal"}
        finally:
            self._waiting.clear()

    async def _question(self, ask: AgentRequest, path: str, notebook_id: str) -> Question:
        return Question(
            owner=LOCAL,
            query=ask.query,
            session_id=await self._conversation.session_id(notebook_id, ask.session),
            notebook_id=notebook_id,
            kernel=self._kernel,
            notebook=FileNotebook(path) if path else TypedCells(self._ip),
            model=ask.model or None,
            approval=ask.approval or None,
            decide=self._decide,
            run=self._run,
        )

    def _answer_with(self, model: str) -> Answer:
        """Asks a question of a replay: by the chosen model, and nothing is run."""

        async def answer(session: Session, query: str, seconds: float) -> AnyEvent:
            question = await self._question(AgentRequest(query, session.id, model), *self._notebook())
            return await last_event(self._assistant, replay_question(question, seconds))

        return answer

    async def _preview(self, ask: AgentRequest) -> dict[str, Any]:
        question = await self._question(ask, *self._notebook())
        return await self._assistant.preview(question)

    async def _decide(self, asked: ApprovalAsked) -> bool:
        return (await self._answer_to(asked.call_id)).get("decision") == "approve"

    async def _run(self, asked: RunAsked) -> ExecutionResult:
        result = (await self._answer_to(asked.call_id))["result"]
        return ExecutionResult(result["status"], result["text"])

    async def _answer_to(self, call_id: str) -> Mapping[str, Any]:
        """What the main thread says to a call; it hears of the call through the stream of events."""
        try:
            return await self._pending_answer(call_id)
        finally:
            self._waiting.pop(call_id, None)

    def _pending_answer(self, call_id: str) -> asyncio.Future[Mapping[str, Any]]:
        """The answer to a call; made by whoever is first, since the main thread can be faster than our own waiting."""
        if call_id not in self._waiting:
            self._waiting[call_id] = asyncio.get_running_loop().create_future()
        return self._waiting[call_id]


def _config(ip: Any) -> Config:
    """Jupyter's configuration files, and above them IPython's own."""
    config = read_config_files()
    config.merge(ip.config)
    return config


def _or_failed(do: Callable[[], T]) -> T:
    try:
        return do()
    except AgentError as error:
        raise AgentFailed(error.message) from None


def _set_result(waiting: asyncio.Future[Mapping[str, Any]], answer: Mapping[str, Any]) -> None:
    if not waiting.done():
        waiting.set_result(answer)
