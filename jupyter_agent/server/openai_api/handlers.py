"""The endpoint for clients of the OpenAI API: ``POST /api/agent/v1/chat/completions`` and ``GET /api/agent/v1/models``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.core.errors import ApprovalStale, BadRequest, NotFound
from jupyter_agent.server.api.requests import understand
from jupyter_agent.server.openai_api.replies import ChatReply, Ended, error_body
from jupyter_agent.server.openai_api.requests import DEFAULT, Chat, apart, model_of, tools_of, understood
from jupyter_agent.server.openapi import validation
from jupyter_agent.server.turns.pending_calls import Answer
from jupyter_agent.server.turns.sse import StreamingHandler

if TYPE_CHECKING:
    from jupyter_agent.agent.assistant import Assistant
    from jupyter_agent.core.question import Question
    from jupyter_agent.server.api.requests import Asked
    from jupyter_agent.server.turns.running_turn import RunningTurn

SESSION_HEADER = "X-Jupyter-Agent-Session"
#: A turn waits so long for what the client's tools find.
HANDED_SECONDS = 900.0


class OpenAIHandler(StreamingHandler):
    """Tells errors in the shape that clients of the OpenAI API know."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Their shape, and ours beside it."""
        if status_code == 405:
            self.set_header("Allow", ", ".join(self._allowed_methods()))
        info = kwargs.get("exc_info")
        error = info[1] if info else None
        if isinstance(error, Ended):
            message, code, retryable = error.message, error.code, error.retryable
        else:
            message, code, retryable = self._words(status_code, error)
        more = {"retryable": retryable, "request_id": self.request_id}
        self.reply(error_body(status_code, message, code, **more), status_code)


class ChatCompletionsHandler(OpenAIHandler):
    """A turn for any client of the OpenAI API; with a session the server keeps the conversation."""

    max_body = 8 * 1024 * 1024
    _turn: RunningTurn | None = None
    _reader: object = None
    _answer: ChatReply | None = None

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Answer, or hand a call to the client's tools."""
        body = await self.json_body()
        _check_supported(body)
        session_id = self._session_id(body)
        chat = understood(body["messages"], kept_here=session_id is not None)
        turn = self._handed(chat) or await self._begun(body, chat, session_id)
        self._turn, self._reader = turn, turn.come()
        self._answer = ChatReply(turn, session_id is not None, _with_usage(body))
        try:
            await self._tell(self._answer, body)
        finally:
            self._leave()

    def on_connection_close(self) -> None:
        """Nobody waits for the answer any more."""
        self._leave()
        super().on_connection_close()

    def _leave(self) -> None:
        if self._turn is not None and self._answer is not None:
            self._turn.leave(self._reader, comes_back=self._answer.handed_over, seconds=HANDED_SECONDS)

    async def _tell(self, reply: ChatReply, body: Mapping[str, Any]) -> None:
        if body.get("stream"):
            await self.stream(reply.chunks())
            return
        try:
            self.reply(await reply.whole())
        except Ended as end:
            more = {"retryable": end.retryable, "request_id": self.request_id}
            self.reply(error_body(end.status, end.message, end.code, **more), end.status)

    def _session_id(self, body: Mapping[str, Any]) -> str | None:
        header = self.request.headers.get(SESSION_HEADER, "").strip()
        if header:
            given = {SESSION_HEADER: header}
            validation.check_parameters(self.document_path, self._method, "header", given)
        named = {one for one in (header, body.get("session_id"), body.get("sessionId")) if one}
        if len(named) > 1:
            raise BadRequest(f"'session_id', 'sessionId' and the header {SESSION_HEADER} name different sessions.")
        return named.pop() if named else None

    def _handed(self, chat: Chat) -> RunningTurn | None:
        """The turn that waits for these results; None where no turn does."""
        found: RunningTurn | None = None
        for call, text in (chat.results or {}).items():
            turn_id, _, call_id = call.partition(".")
            try:
                turn = self.services.turns.get(self.owner, turn_id)
                if turn is not None:
                    turn.waiting.answer(call_id, None, Answer(approved=True, result={"text": text}))
                    found = turn
            except (NotFound, ApprovalStale):
                continue
        return found

    async def _begun(self, body: Mapping[str, Any], chat: Chat, session_id: str | None) -> RunningTurn:
        if session_id is not None and chat.results:
            raise BadRequest("No call of a tool waits for these results here any more. Ask the question again.")
        asked = await self._asked(body, chat, session_id)
        assistant, question = self.services.assistant, asked.question
        if session_id is None:
            assistant, made = await apart(assistant, question.owner, question.notebook_id, chat.earlier)
            question = replace(question, session_id=made)
        else:
            await self.services.turns.stop_handed(self.owner, session_id)
        return self._start(assistant, question, body, asked)

    def _start(self, assistant: Assistant, question: Question, body: Mapping[str, Any], asked: Asked) -> RunningTurn:
        def with_tools(turn: RunningTurn) -> Question:
            tools = tools_of(body, turn)
            effects = frozenset({"read"}) if tools else question.effects
            return replace(question, tools=tools, effects=effects)

        told = assistant is self.services.assistant
        return self.services.turns.start(assistant, self.owner, with_tools, asked.warnings, told=told)

    async def _asked(self, body: Mapping[str, Any], chat: Chat, session_id: str | None) -> Asked:
        place = {"notebook_id": body.get("notebook_id"), "session_id": session_id}
        model = model_of(body.get("model"), self.services.assistant)
        asking = {"query": chat.query, "context": place, "model": model, "approval": body.get("approval")}
        # A client of that API waits for whole answers as long as for streamed ones.
        return await understand(self, asking, streaming=True)


class ChatModelsHandler(OpenAIHandler):
    """``GET …/v1/models``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """What may be named as the model; the first one is whichever this server is set to."""
        models = (DEFAULT, *self.services.assistant.models())
        self.reply({"object": "list", "data": [_model(one) for one in dict.fromkeys(models)]})


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": name.partition(":")[0]}


def _with_usage(body: Mapping[str, Any]) -> bool:
    return bool((body.get("stream_options") or {}).get("include_usage"))


def _check_supported(body: Mapping[str, Any]) -> None:
    """Refuse what would otherwise quietly not be done."""
    choice = body.get("tool_choice")
    for name, wrong, cure in (
        ("n", (body.get("n") or 1) > 1, "one answer is given"),
        ("tool_choice", choice not in (None, "auto", "none"), "the model chooses: use auto or none"),
        ("response_format", (body.get("response_format") or {}).get("type", "text") != "text", "answers are text"),
        ("logprobs", bool(body.get("logprobs")), "they are not known"),
        ("functions", bool(body.get("functions")), "use tools"),
        ("audio", bool(body.get("audio")), "answers are text"),
    ):
        if wrong:
            raise BadRequest(f"'{name}' is not supported in this way; {cure}.")
