"""The endpoint for clients of the OpenAI API: ``POST /api/agent/v1/chat/completions`` and ``GET /api/agent/v1/models``."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import allow_unauthenticated

from jupyter_agent.core.errors import AgentError, ApprovalStale, BadRequest, NotFound, UnknownModel, UpstreamError
from jupyter_agent.server import identity
from jupyter_agent.server.api.requests import parse_request
from jupyter_agent.server.openai_api.client_model import ClientModel
from jupyter_agent.server.openai_api.errors import error_body, status_of
from jupyter_agent.server.openai_api.replies import ChatReply
from jupyter_agent.server.openai_api.requests import (
    DEFAULT,
    ChatRequest,
    client_tools,
    model_name,
    model_options,
    parse_messages,
    unstored,
)
from jupyter_agent.server.openai_api.retries import RETRY_SECONDS
from jupyter_agent.server.turns.pending_calls import Answer
from jupyter_agent.server.turns.sse import StreamingHandler

if TYPE_CHECKING:
    from jupyter_agent.core.protocols import ModelOptions
    from jupyter_agent.core.question import Question
    from jupyter_agent.server.turns.running_turn import RunningTurn, TurnFailed
    from jupyter_agent.server.wire.openai_api import ChatCompletionRequest, ChatModel

_SDK_HEADER = re.compile(r"(x-stainless|openai|x-jupyter-agent)-[a-z-]{1,40}|idempotency-key|user-agent")
SESSION_HEADER = "X-Jupyter-Agent-Session"
#: Options that no model gets.
_IGNORED = ("logit_bias", "prediction", "verbosity", "web_search_options")
#: A turn waits so long for results of the client's tools.
CLIENT_TOOL_SECONDS = 900.0


class OpenAIHandler(StreamingHandler):
    """Answers errors in the shape that OpenAI clients know, and pages of the origins that Jupyter allows."""

    def set_cors_headers(self) -> None:
        """Those of Jupyter's own setting; what the SDKs read is readable."""
        super().set_cors_headers()
        self.set_header("Access-Control-Expose-Headers", "retry-after, x-should-retry")

    @allow_unauthenticated
    def options(self, *args: Any, **kwargs: Any) -> None:
        """As Jupyter's; the SDKs send headers of their own."""
        super().options(*args, **kwargs)
        asked = self.request.headers.get("Access-Control-Request-Headers", "").lower().split(",")
        known = [name for name in map(str.strip, asked) if _SDK_HEADER.fullmatch(name)]
        if "Access-Control-Allow-Headers" not in self.settings.get("headers", {}):
            usual = self._headers.get("Access-Control-Allow-Headers", "")
            self.set_header("Access-Control-Allow-Headers", ", ".join([usual, *known]))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A wrong key is a 401; what was asked upstream is not to be sent again: that was done here, as often as it helps."""
        error = kwargs.get("exc_info", (None, None))[1]
        is_passing = isinstance(error, AgentError) and error.retryable and not isinstance(error, UpstreamError)
        if not is_passing:
            self.set_header("x-should-retry", "false")
        # With a cookie of an earlier answer, a wrong key is first found to lack the token of pages.
        is_unknown = self.current_user is None or ("Authorization" in self.request.headers and "xsrf" in f"{error}")
        super().write_error(401 if status_code == 403 and is_unknown and self.check_host() else status_code, **kwargs)

    def failure_status(self, error: AgentError | TurnFailed) -> int:
        """That of the model's server, where it gave one."""
        return status_of(error)

    def error_body(self, status: int, body: dict[str, Any]) -> dict[str, Any]:
        """Their shape, with the fields of ours."""
        return error_body(status, **body)


class UnknownOpenAIPathHandler(OpenAIHandler):
    """Every other path below ``/v1``."""

    async def prepare(self) -> None:  # type: ignore[override]
        await super().prepare()
        raise NotFound("There is nothing at this address. Here are: chat/completions, models, models/{model}.")


class ChatCompletionsHandler(OpenAIHandler):
    """A turn for any client of the OpenAI API; with a session the server keeps the conversation."""

    max_body = 8 * 1024 * 1024

    async def post(self) -> None:
        """Answer, or hand a call over to the client's tools."""
        body: ChatCompletionRequest = await self.json_body()
        _check_supported(body)
        session_id = self._session_id(body)
        sent_requests = self.services.sent_requests
        sent, is_retry = sent_requests.find(self.owner, session_id, bytes(self._chunks), self.request.headers)
        turn = self.services.turns.find(self.owner, sent.turn_id) if is_retry else None
        if turn is None or turn.never_began:
            chat = parse_messages(body.messages, stored=session_id is not None)
            options = model_options(body, must_see=bool(chat.pictures))
            turn = self._resumed(chat, options) or await self._started(body, chat, options, session_id, sent.turn_id)
            started = turn.started
            turn_id = sent.turn_id if started is None else started.turn_id
            sent = sent_requests.remember(sent, turn_id, turn.handed_over_at)
        reader = turn.subscribe()
        with_usage = bool((body.stream_options or {}).get("include_usage"))
        answer = ChatReply(turn, session_id is not None, with_usage, sent.after)

        def unsubscribe() -> None:
            if answer.handed_over:
                turn.unsubscribe(reader, may_return=True, seconds=CLIENT_TOOL_SECONDS)
            else:  # nobody sends a request again once its stream has begun
                may_return = sent.may_return and not body.stream
                turn.unsubscribe(reader, may_return=may_return, seconds=RETRY_SECONDS, reason="cancelled")

        self.on_disconnect = unsubscribe
        try:
            if body.stream:
                await self.stream(answer.chunks())
            else:
                self.reply(await answer.whole())
        finally:
            unsubscribe()

    def _session_id(self, body: ChatCompletionRequest) -> str | None:
        header = self.request.headers.get(SESSION_HEADER, "").strip()
        if header:
            self.check_parameters("header", {SESSION_HEADER: header})
        named = {name for name in (header, body.session_id, body.camel_session_id) if name}
        if len(named) > 1:
            raise BadRequest(f"'session_id', 'sessionId' and the header {SESSION_HEADER} name different sessions.")
        return named.pop() if named else None

    def _resumed(self, chat: ChatRequest, options: ModelOptions) -> RunningTurn | None:
        """The turn that waits for these results; None where no turn does."""
        from jupyter_agent.server.wire.turns import CallResult

        resumed: RunningTurn | None = None
        for call, text in (chat.results or {}).items():
            turn_id, _, call_id = call.partition(".")
            with suppress(NotFound, ApprovalStale):
                turn = self.services.turns.get(self.owner, turn_id)
                if turn is not None:
                    turn.model_options = options
                    result = Answer(approved=True, result=CallResult("ok", text))
                    turn.pending_calls.answer(call_id, None, result, from_client_tool=True)
                    resumed = turn
        return resumed

    async def _started(
        self,
        body: ChatCompletionRequest,
        chat: ChatRequest,
        options: ModelOptions,
        session_id: str | None,
        turn_id: str,
    ) -> RunningTurn:
        if session_id is not None and chat.results:
            raise BadRequest("No call of a tool waits for these results here any more. Ask the question again.")
        from jupyter_agent.server.wire.turns import QuestionContext, QuickRequest

        context = QuestionContext(notebook_id=body.notebook_id, session_id=session_id)
        model = model_name(body.model, self.services.assistant)
        asked = QuickRequest(query=chat.query, context=context, model=model, approval=body.approval, turn_id=turn_id)
        # A client of that API waits for whole answers as long as for streamed ones.
        request = await parse_request(self, asked, streaming=True)
        ignored = [name for name in _IGNORED if getattr(body, name)]
        warnings = (*request.warnings, *([f"{', '.join(ignored)} is not taken here."] if ignored else []))
        assistant, question = self.services.assistant, request.question
        if session_id is None:
            assistant, session_id = await unstored(assistant, question.owner, question.notebook_id, chat.earlier)
            question = replace(question, session_id=session_id)
        else:
            await self.services.turns.stop_session(self.owner, session_id, awaiting_client=True)

        def with_tools(turn: RunningTurn) -> Question:
            tools = client_tools(body, turn)
            turn.model_options = options
            client = ClientModel(turn, assistant.redactor, chat.instructions, bool(chat.pictures), tools)
            effects = frozenset({"read"}) if tools and not body.notebook_tools else question.effects
            return replace(question, pictures=chat.pictures, tools=tools, effects=effects, wrap_model=client.wrap)

        published = assistant is self.services.assistant
        return self.services.turns.start(
            assistant, self.owner, with_tools, warnings, published=published, by=self.user_name
        )


class ChatModelsHandler(OpenAIHandler):
    """``GET …/v1/models``."""

    async def get(self) -> None:
        """Names for `model`; the first one is this server's default."""
        names = dict.fromkeys((DEFAULT, *self.services.assistant.models(identity.settings_owner(self))))
        self.reply({"object": "list", "data": [_model_json(name) for name in names]})


class ChatModelHandler(OpenAIHandler):
    """``GET …/v1/models/{model}``."""

    async def get(self, model: str) -> None:
        """One that may be named, whether or not it is listed."""
        assistant = self.services.assistant
        try:
            assistant.check_model(model_name(model, assistant) or assistant.default_model)
        except UnknownModel as error:
            raise NotFound(error.message) from error
        self.reply(_model_json(model))


def _model_json(name: str) -> ChatModel:
    return {"id": name, "object": "model", "created": 0, "owned_by": name.partition(":")[0]}


def _check_supported(body: ChatCompletionRequest) -> None:
    """Refuse fields that would otherwise be ignored silently."""
    for name, unsupported, reason in (
        ("n", (body.n or 1) > 1, "one answer is given"),
        ("logprobs", bool(body.logprobs), "they are not known"),
        ("functions", bool(body.functions), "use tools"),
        ("audio", bool(body.audio), "answers are text"),
    ):
        if unsupported:
            raise BadRequest(f"'{name}' is not supported in this way; {reason}.")
