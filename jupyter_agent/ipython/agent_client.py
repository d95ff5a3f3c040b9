"""The client of an assistant in this very process, on the same store as the Jupyter server's."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.agent.commands import LocalConversation
from jupyter_agent.agent.replay import last_event, replay_question
from jupyter_agent.config.options import JupyterAgent, read_config_files
from jupyter_agent.config.user_settings import ONE_USER, UserSettings
from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.events import ApprovalAsked, RunAsked, TurnStarted
from jupyter_agent.core.events import Event as AnyEvent
from jupyter_agent.core.kernel_state import ExecutionResult
from jupyter_agent.core.messages import to_json
from jupyter_agent.core.question import Decision, Question
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.ipython.background_loop import BackgroundLoop
from jupyter_agent.ipython.history_notebook import HistoryNotebook
from jupyter_agent.kernels.local import LocalKernel
from jupyter_agent.kernelside.client import server_info
from jupyter_agent.kernelside.client.agent_client import NO_NOTEBOOK
from jupyter_agent.kernelside.magic import session_commands
from jupyter_agent.kernelside.magic.errors import AgentFailed
from jupyter_agent.kernelside.magic.turn import AgentRequest, Event
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.notebooks.instruction_files import LocalProject, local_project

T = TypeVar("T")


class InProcessAgentClient:
    """Asks an assistant of its own about the shell that it lives in.

    Args:
        ip: The IPython shell; its configuration may set ``c.JupyterAgent``.

    Raises:
        AgentFailed: an option names something that does not exist.
    """

    def __init__(self, ip: Any) -> None:
        self._ip = ip
        config = read_config_files()
        config.merge(ip.config)
        settings = UserSettings(JupyterAgent(config=config))
        try:
            self._assistant = assistant = Assistant.from_config(settings.options, user_settings=settings)
            self._conversation = LocalConversation(assistant.sessions, assistant.owner, assistant.edit_history)
        except AgentError as error:
            raise AgentFailed(error.message) from None
        self._kernel = LocalKernel(ip)
        self._loop = BackgroundLoop()
        #: By call and digest of what was shown, what the main thread answers; made by whoever is first, since it can be
        #: faster than our waiting. A call that is asked anew has another digest.
        self._answers: dict[tuple[str, str], asyncio.Queue[Mapping[str, Any]]] = {}
        atexit.register(self.close)

    def ask(self, request: AgentRequest) -> Generator[Event, None, None]:
        yield from self._loop.iterate(self._events(request, *self._notebook()))

    def act(self, turn_id: str, call_id: str, answer: Mapping[str, Any]) -> None:
        answers = self._answers.get((call_id, str(answer.get("digest", ""))))
        if answers is not None:
            self._loop.run(answers.put(answer))

    def history(self, session: str, turns: int) -> list[dict[str, Any]]:
        _, notebook_id = self._notebook()
        return self._result(self._conversation.history(notebook_id, session, turns=turns))

    def doctor(self) -> str:
        path, _ = self._notebook()
        if not path:
            raise AgentFailed(NO_NOTEBOOK)
        return self._result(self._assistant.resources.analyses.examine(FileNotebook(path), self._kernel)).to_markdown()

    def context(self, request: AgentRequest) -> dict[str, Any]:
        question = self._result(self._question(request, *self._notebook()))
        return self._result(self._assistant.preview(question))

    def instructions(self, chosen: tuple[str, bool] | None = None) -> dict[str, Any]:
        path, _ = self._notebook()
        return self._result(self._assistant.project_instructions(self._project(path), chosen))

    def models(self) -> list[dict[str, Any]]:
        return self._assistant.models_json()

    def session_command(self, session: str, name: str, rest: str) -> dict[str, Any]:
        path, notebook_id = self._notebook()
        if name == session_commands.CURRENT:
            return self._result(self._conversation.current(notebook_id, session))

        async def answer(replayed: Session, turn: Turn, seconds: float) -> AnyEvent:
            """A question of a replay, by the chosen model; nothing is run."""
            question = await self._question(AgentRequest(turn.question, replayed.id, rest), path, notebook_id)
            return await last_event(self._assistant, replay_question(question, turn, seconds))

        notebook = FileNotebook(path) if path else None
        return self._result(
            self._conversation.execute(name, rest, notebook_id, session, answer=answer, notebook=notebook)
        )

    def close(self) -> None:
        """Close the store and end the thread; this client is of no use afterwards."""
        atexit.unregister(self.close)
        self._loop.run(self._assistant.close())
        self._loop.close()

    def _result(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result; errors of the assistant as those of the magic, which are shown in one line."""
        try:
            return self._loop.run(coroutine)
        except AgentError as error:
            raise AgentFailed(error.message) from None

    def _notebook(self) -> tuple[str, str]:
        """Path and id of the notebook that this shell serves; both empty without one."""
        path = server_info.notebook_path(self._ip)
        server = server_info.server({}, self._ip)
        return path, server_info.notebook_id(path, (server.root,) if server is not None else ())

    async def _events(self, request: AgentRequest, path: str, notebook_id: str) -> AsyncGenerator[Event, None]:
        try:
            question = await self._question(request, path, notebook_id)
            async with aclosing(self._assistant.ask(question)) as events:
                async for event in events:
                    if isinstance(event, TurnStarted) and not request.session:
                        self._conversation.set_last_session(event.session_id)
                    if isinstance(event, (ApprovalAsked, RunAsked)):
                        self._answers.setdefault((event.call_id, getattr(event, "digest", "")), asyncio.Queue())
                    yield event.event, to_json(event)
        except AgentError as error:
            yield "error", {"message": error.message, "code": error.code, "retryable": error.retryable}
        except Exception as error:  # noqa: BLE001 - models and tools of others run in there; no traceback of ours in a cell
            yield "error", {"message": f"the turn failed: {type(error).__name__}: {error}", "code": "internal"}
        finally:
            self._answers.clear()

    async def _question(self, request: AgentRequest, path: str, notebook_id: str) -> Question:
        async def decide(asked: ApprovalAsked) -> Decision:
            answer = await self._answer(asked.call_id, asked.digest)
            return Decision(answer.get("decision") == "approve", str(answer.get("words", "")))

        async def run(asked: RunAsked) -> ExecutionResult:
            result = (await self._answer(asked.call_id))["result"]
            return ExecutionResult(result["status"], result["text"])

        return Question(
            owner=self._assistant.owner,
            user=ONE_USER,
            query=request.query,
            session_id=await self._conversation.session_id(notebook_id, request.session),
            notebook_id=notebook_id,
            kernel=self._kernel,
            notebook=FileNotebook(path) if path else HistoryNotebook(self._ip),
            project=self._project(path),
            model=request.model or None,
            approval=request.approval or None,
            decide=decide,
            run=run,
            run_answer=request.run,
        )

    def _project(self, path: str) -> LocalProject:
        """Of the notebook, else of the working folder."""
        server = server_info.server({}, self._ip)
        return local_project(Path(path).parent if path else Path.cwd(), (server.root,) if server is not None else ())

    async def _answer(self, call_id: str, digest: str = "") -> Mapping[str, Any]:
        """The main thread's answer to a call, of which it learns by the stream of events."""
        try:
            return await self._answers.setdefault((call_id, digest), asyncio.Queue()).get()
        finally:
            self._answers.pop((call_id, digest), None)
