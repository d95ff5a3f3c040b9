"""One turn, end to end; `from_config` wires the house."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

from jupyter_agent.agent import turn as outcome
from jupyter_agent.agent.loop import Agent, Limits, Transcript, offered
from jupyter_agent.agent.throttle import Turnstile
from jupyter_agent.agent.turn_begin import Opening, opening
from jupyter_agent.config import api_keys, entry_points
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.errors import (
    AgentError,
    BadRequest,
    ContextTooLong,
    Forbidden,
    NotFound,
    UnknownModel,
    UpstreamTimeout,
)
from jupyter_agent.core.messages import Event, Failed, TurnStarted
from jupyter_agent.core.protocols import Model, Tool, ToolContext, ToolSpec, TurnLog
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session, Turn, TurnStatus
from jupyter_agent.core.text import TokenCalibration, estimate_tokens
from jupyter_agent.prompt import request, snapshot
from jupyter_agent.prompt.attachments import Attachment, Surroundings, attachments
from jupyter_agent.prompt.request import Preview, Request
from jupyter_agent.prompt.snapshot import Look, Snapshot
from jupyter_agent.redaction.event_stream import withheld_from
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.lease import Lease
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.undo import EditHistory
from jupyter_agent.tools import registry as tools
from jupyter_agent.tools.mcp.servers import McpServers

#: Of the tokens a request may have: at first, and when the model's server says that it was too long.
_SHARES = (1.0, 0.4)


@dataclass(slots=True)
class _Running:
    """One turn while it runs."""

    session: Session
    turn: Turn
    look: Awaitable[Look]
    lease: Lease
    turn_log: TurnLog
    transcript: Transcript = field(default_factory=lambda: Transcript([]))
    seen: Snapshot = field(default_factory=Snapshot)
    request: Request = field(default_factory=Request)
    clock: float = field(default_factory=time.monotonic)


class Assistant:
    """Answers questions about notebooks and keeps the conversations.

    Args:
        options: Limits and defaults.
        sessions: The only writer to the store.
        tools: What models may do, by name.
        redactor: Withholds secrets from models and from the store.
        servers: More tools, of others.

    Attributes:
        edit_history: What turns did to notebooks: undo, redo.
    """

    def __init__(
        self,
        options: JupyterAgent,
        sessions: SessionManager,
        tools: Mapping[str, Tool],
        redactor: Redactor,
        servers: McpServers | None = None,
    ) -> None:
        self.sessions = sessions
        self._options = options
        self.tools = tools
        self.redactor = redactor
        self._servers = servers or McpServers({}, redactor, ())
        self._models: dict[str, Model] = {}
        self._secret = secrets.token_bytes(16)
        self._calibration = TokenCalibration()
        self._turnstile = Turnstile()
        self.edit_history = EditHistory(sessions, redactor)

    @classmethod
    def from_config(cls, options: JupyterAgent) -> Assistant:
        """Wire the house; nothing heavy is imported and nothing is opened before the first question.

        Raises:
            BadRequest: an option names something that is not there.
        """
        scheme = options.store.partition("://")[0]
        store = entry_points.load(entry_points.STORES, scheme)
        if store is None:
            known = ", ".join(f"{name}://" for name in entry_points.names(entry_points.STORES))
            raise BadRequest(f"There is no store '{scheme}://'. Set c.JupyterAgent.store to one of: {known}.")
        hours = options.session_max_age_hours or (24.0 if scheme == "memory" else 0.0)
        redactor = Redactor(api_keys.stored().values(), environ=os.environ).switched(on=options.redact)
        sessions = SessionManager(
            store(options.store),
            max_age_seconds=hours * 3600,
            max_sessions=options.session_max_concurrent,
            scope=options.session_scope,
            redactor=redactor,
        )
        ours = tools.load(options.tools)
        taken = {*entry_points.names(entry_points.TOOLS), *ours}
        way = {"proxy": options.proxy, "ca_file": options.ca_file}
        return cls(options, sessions, ours, redactor, McpServers(options.mcp_servers, redactor, taken, **way))

    @property
    def default_model(self) -> str:
        """``provider:model`` of questions that name none."""
        return self._options.model

    def models(self) -> tuple[str, ...]:
        """What may answer: the configured model first, then the other providers."""
        configured = self._options.model
        known = (
            one
            for one in entry_points.names(entry_points.MODELS)
            if one not in ("scripted", configured.partition(":")[0])
        )
        return (configured, *known)

    async def reconfigure(self) -> None:
        """Heed options and keys that have changed: models are made anew."""
        for secret in api_keys.stored().values():
            self.redactor.learn(secret)
        self.redactor.switched(on=self._options.redact)
        for name in tuple(self._models):
            await self._models.pop(name).close()

    async def close(self) -> None:
        """Let go of models, of tools' servers and of the store."""
        await self._servers.close()
        for model in self._models.values():
            await model.close()
        self._models.clear()
        await self.sessions.close()

    def model(self, name: str | None) -> Model:
        """The model of that name, made once.

        Raises:
            UnknownModel: there is no such provider.
        """
        name = name or self._options.model
        provider, _, rest = name.partition(":")
        # A script is a file of the server's: only its own configuration may name one.
        allowed = provider != "scripted" or name == self._options.model
        factory = entry_points.load(entry_points.MODELS, provider) if allowed else None
        if factory is None:
            known = ", ".join(one for one in entry_points.names(entry_points.MODELS) if one != "scripted")
            raise UnknownModel(f"There is no model '{name[:80]}'. Choose one of these providers: {known}.")
        if name not in self._models:
            self._models[name] = factory(self._options, rest)
        return self._models[name]

    def beside(self, sessions: SessionManager) -> Assistant:
        """The same assistant on other conversations. Its models are shared, so it is not to be closed."""
        other = Assistant(self._options, sessions, self.tools, self.redactor, self._servers)
        other._models, other._secret, other._calibration = self._models, self._secret, self._calibration
        other._turnstile = self._turnstile
        return other

    async def ask(self, question: Question) -> AsyncGenerator[Event, None]:
        """Answer one question: `TurnStarted` once it is durable, what happens, exactly one `Done` or `Failed`.

        A cancelled task or a closed generator ends the turn as ``cancelled``, a task that was cancelled with the message
        ``interrupted`` as that; what was said is kept.

        Raises:
            AgentError: before the turn began (another one is running, no such model, the store is away).
        """
        model = self.model(question.model)
        approval = self._approval(question)
        asked = self.redactor.text(question.query)
        await self._turnstile.enter()
        async with opening(self.sessions, question, asked, model.name) as opened:
            if opened.replayed is not None:
                for event in outcome.replay(opened.session, opened.replayed):
                    yield event
                return
            running = self._running(opened)
            try:
                async with (
                    running.lease.held(),
                    aclosing(self._events(running, question, model, approval)) as events,
                ):
                    async for event in events:
                        yield event
                ended = await self._ended(running)
            except AgentError as error:
                ended = await self._failed(running, error)
            except (asyncio.CancelledError, GeneratorExit) as end:
                stopped: TurnStatus = "interrupted" if "interrupted" in end.args else "cancelled"
                await asyncio.shield(self._finish(running, stopped))
                raise
            except Exception:  # a foreign model or tool: the turn must not stay open
                with suppress(AgentError):
                    await self._finish(running, "failed", "internal")
                raise
            yield ended

    def _running(self, opened: Opening) -> _Running:
        turn_log = TurnLog()
        lease = Lease(self.sessions, opened.session, lambda: self.edit_history.storable(turn_log.edits))
        return _Running(opened.session, opened.turn, opened.look, lease, turn_log)

    def _events(
        self, running: _Running, question: Question, model: Model, approval: str
    ) -> AsyncGenerator[Event, None]:
        answering = self._answer(running, question, model, approval)
        return withheld_from(running.lease.guarded(answering), self.redactor)

    async def preview(self, question: Question) -> Preview:
        """What a question would send to its model; nothing is sent, and nothing is stored.

        Raises:
            AgentError: no such model, the store is away.
        """
        model = self.model(question.model)
        session = await self._known(question)
        limit = self._options.session_history_limit
        turns = await self.sessions.model_history(session, limit) if session is not None else ()
        seen = await self._seen(question, await snapshot.look(question.kernel, question.notebook), turns)
        sent = self._request(question, seen, await _attached(question, seen), session, _SHARES[0])
        warnings = (*seen.warnings, *outcome.withheld(sent))
        return request.preview(
            model.name, sent, self._offered(question), warnings, self._calibration.counter(model.name)
        )

    def _offered(self, question: Question) -> list[ToolSpec]:
        tools = offered(self._tools_of(question), question.effects, through_magic=question.run is not None)
        return [one.spec for one in tools.values()]

    def _tools_of(self, question: Question) -> Mapping[str, Tool]:
        return {**self.tools, **self._servers.tools(), **question.tools}

    async def _known(self, question: Question) -> Session | None:
        """The conversation that the question would go on with, if there is one."""
        session_id = question.session_id or await self.sessions.default_session_id(question.owner, question.notebook_id)
        if session_id is None:
            return None
        try:
            return await self.sessions.get(question.owner, session_id, question.notebook_id or None)
        except NotFound:
            return None

    async def _answer(
        self, running: _Running, question: Question, model: Model, approval: str
    ) -> AsyncGenerator[Event, None]:
        turns = await self.sessions.model_history(running.session, self._options.session_history_limit)
        look = await running.look
        await self._turnstile.enter()
        running.seen = seen = await self._seen(question, look, turns)
        yield TurnStarted(running.session.id, running.turn.id, model.name, seen.told())
        if question.effects:
            await self._servers.ready()
        running.seen = seen = replace(seen, warnings=(*seen.warnings, *self._servers.warnings))
        attached = await _attached(question, seen)
        tools = _tool_context(running, question, seen)
        for share in _SHARES:
            running.request = self._request(question, seen, attached, running.session, share)
            running.transcript.request = list(running.request.messages)
            running.turn_log.show(request.shown(running.request, seen.cells))
            agent = Agent(
                model,
                self._tools_of(question),
                Limits.of(question, self._options, approval=approval, began=running.clock),
                redact=self.redactor.text,
                decide=question.decide,
                run=question.run,
                record=running.lease.record,
            )
            try:
                async with aclosing(agent.run(running.transcript, tools)) as events:
                    async for event in events:
                        yield event
                self._learn(running, self._offered(question))
                return
            except ContextTooLong:
                # Once more with less; never after anything was said or done.
                if share == _SHARES[-1] or running.transcript.messages or running.transcript.reply:
                    raise

    def _learn(self, running: _Running, offered: Sequence[ToolSpec]) -> None:
        """What the model's server counted corrects the estimate; a turn with tools made several requests."""
        if not running.transcript.actions:
            estimated = request.estimate(running.request, offered, estimate_tokens)
            self._calibration.learn(running.turn.model, estimated, running.transcript.usage.input_tokens)

    def _approval(self, question: Question) -> str:
        approval = question.approval or self._options.approval
        if approval == "auto" and not self._options.allow_auto:
            raise Forbidden("Approval 'auto' is switched off here (c.JupyterAgent.allow_auto). Use 'ask'.")
        return approval

    async def _seen(self, question: Question, look: Look, turns: Sequence[Turn]) -> Snapshot:
        seen = await snapshot.take(
            look,
            question.notebook,
            turns,
            question.variables,
            question=question.query,
            active_cell_id=question.active_cell_id,
        )
        # A key may be the name of a variable, and names are told as they are.
        return replace(seen, changed=tuple(map(self.redactor.text, seen.changed)))

    def _request(
        self, question: Question, seen: Snapshot, attached: Sequence[Attachment], session: Session | None, share: float
    ) -> Request:
        """Nothing leaves that is not redacted here."""
        return request.build(
            self.redactor.text(question.query),
            seen,
            attached,
            active_cell_id=question.active_cell_id,
            budget_tokens=int(self._options.context_tokens * share),
            mark=self._mark(session),
            redactor=self.redactor,
            count=self._calibration.counter(self.model(question.model).name),
        )

    def _mark(self, session: Session | None) -> str:
        """The same in all turns of a conversation, and known to nobody outside this process."""
        key = session.key if session is not None else ""
        return "context-" + hashlib.blake2b(key.encode(), key=self._secret, digest_size=4).hexdigest()

    async def _finish(self, running: _Running, status: TurnStatus, error: str | None = None) -> Session:
        edits = self.edit_history.storable(running.turn_log.edits)
        seconds = time.monotonic() - running.clock
        ended = outcome.ended(running.turn, running.transcript, running.seen, self.redactor, status, error)
        ended = replace(ended, seconds=round(seconds, 3), edits=edits)
        self.edit_history.remember(running.session, ended.id, running.turn_log.edits)
        running.turn = ended
        return await self.sessions.log.finish(running.lease.session, ended)

    async def _ended(self, running: _Running) -> Event:
        await self._turnstile.enter()
        session = await self._finish(running, "done")
        return outcome.done(session, running.turn, running.seen, outcome.withheld(running.request))

    async def _failed(self, running: _Running, error: AgentError) -> Event:
        """What was said is kept; a turn whose time ran out ends with it, if there is any."""
        try:
            if isinstance(error, UpstreamTimeout) and running.transcript.reply.strip():
                running.transcript.finish_reason = "deadline"
                return await self._ended(running)
            await self._finish(running, "failed", error.code)
        except AgentError as failure:
            error = failure
        return Failed(error.message, error.code, error.retryable, error.status)


def _tool_context(running: _Running, question: Question, seen: Snapshot) -> ToolContext:
    opened = running.session.open
    return ToolContext(
        question.kernel,
        seen.state,
        question.notebook,
        turn_log=running.turn_log,
        active_cell_id=question.active_cell_id,
        session_id=running.session.id,
        turn_id=running.turn.id,
        key=opened.holder if opened is not None else running.turn.id,
    )


async def _attached(question: Question, seen: Snapshot) -> tuple[Attachment, ...]:
    return await attachments(question.query, Surroundings(seen.state, seen.cells, question.kernel, question.notebook))
