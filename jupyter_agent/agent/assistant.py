"""One turn, end to end; `Assistant.from_config` wires stores, models and tools by their entry points."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import os
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from jupyter_agent.agent import turn as turns
from jupyter_agent.agent.compaction import Compaction
from jupyter_agent.agent.grounding import read_ahead
from jupyter_agent.agent.limits import Limits, within_ceilings
from jupyter_agent.agent.loop import Agent, offered_specs, offered_tools
from jupyter_agent.agent.throttle import LoopThrottle
from jupyter_agent.agent.turn import TurnState
from jupyter_agent.config import api_keys, entry_points
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.config.policy import OFFLINE
from jupyter_agent.config.user_settings import ONE_USER, SettingsError, UserSettings, choose_instructions
from jupyter_agent.core.errors import (
    AgentError,
    Conflict,
    ContextTooLong,
    Forbidden,
    NotFound,
    StoreUnavailable,
    UnknownModel,
)
from jupyter_agent.core.events import Declined, Event, Failed, Suggestion, ToolReturned, TurnStarted
from jupyter_agent.core.failure_log import detail_of, log_failure
from jupyter_agent.core.instructions import READ_SKILL, ProjectFolder
from jupyter_agent.core.messages import Picture
from jupyter_agent.core.pictures import MAX_PICTURES, PICTURE_TOKENS
from jupyter_agent.core.protocols import (
    Model,
    PreparingModel,
    SessionStore,
    Tool,
    ToolContext,
    ToolSpec,
    traits_of,
    window_of,
)
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session, Turn, TurnStatus
from jupyter_agent.core.tokens import TokenCalibration, estimate_tokens
from jupyter_agent.doctor.service import NotebookAnalyses
from jupyter_agent.notebooks.instruction_files import shown_path, user_path
from jupyter_agent.prompt import instructions, request, snapshot
from jupyter_agent.prompt.attachments import Attachment, attachments
from jupyter_agent.prompt.context import RecentSelections
from jupyter_agent.prompt.instructions import Instructions
from jupyter_agent.prompt.request import Prompt
from jupyter_agent.prompt.snapshot import TurnContext
from jupyter_agent.prompt.title import write_title
from jupyter_agent.redaction.event_stream import redact_events
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.ids import title_of
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.owner import process_owner
from jupyter_agent.sessions.undo import EditHistory
from jupyter_agent.tools import registry
from jupyter_agent.tools.mcp.servers import McpServers

#: Shares of the token budget: the first request's, and that of the second where the model's server finds it too long.
_SHARES = (1.0, 0.4)
_BLIND = (
    "The model '{}' does not see pictures: it knows that there are some, and not what is on them. Choose a model that sees; if this one "
    "does, say so with c.JupyterAgent.model_options = {{'pictures': True}}."
)
_CUT = "The question is longer than the model '{}' takes: it was sent without its middle. Ask for less at once."
_NO_ROOM = (
    "There was no room for the pictures in a request of {} tokens, so the answer was made without them. Raise "
    "c.JupyterAgent.context_tokens, or send fewer."
)
_NOT_TAKEN = "The server of the model '{}' did not take the pictures, so the answer was made without them."


@dataclass(slots=True)
class Resources:
    """What the conversations of one process share.

    Attributes:
        options: Limits and defaults of the process.
        tools: What models may do, by name.
        redactor: Withholds secrets from models and from the store.
        mcp_servers: More tools, of others.
        models: By name, each made when it is first asked for.
        owner: Whose conversations they are where no users are known; empty before it is first asked for.
        calibration: How the models' servers count tokens.
        throttle: Keeps the heavy work of many turns apart.
        block_key: Names the blocks of data in prompts; known to nobody outside this process.
        selections: What the last questions' prompts were selected from.
        analyses: Find what is stale in notebooks; one for each notebook, whoever asks.
        user_settings: Of the users, where there are several.
        tasks: What goes on after answers.
    """

    options: JupyterAgent
    tools: Mapping[str, Tool]
    redactor: Redactor
    mcp_servers: McpServers = field(default_factory=lambda: McpServers({}, Redactor(enabled=False), ()))
    models: dict[str, Model] = field(default_factory=dict)
    owner: str = ""
    calibration: TokenCalibration = field(default_factory=TokenCalibration)
    throttle: LoopThrottle = field(default_factory=LoopThrottle)
    block_key: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    selections: RecentSelections = field(default_factory=dict)
    analyses: NotebookAnalyses = field(default_factory=NotebookAnalyses)
    user_settings: UserSettings | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Assistant:
    """Answers questions about notebooks and keeps the conversations.

    Args:
        resources: What the conversations share.
        sessions: The only writer to the store.

    Attributes:
        resources: What the conversations share.
        sessions: Where they are kept.
        redactor: Withholds secrets.
        edit_history: What turns did to notebooks: undo, redo.
        makes_titles: Whether the small model, where there is one, names new conversations.
        on_title: Gets the conversations that were named.
    """

    def __init__(self, resources: Resources, sessions: SessionManager) -> None:
        self.resources = resources
        self.sessions = sessions
        self.makes_titles = True
        self.on_title: Callable[[Session], None] = lambda _: None
        self.redactor = resources.redactor
        self.edit_history = EditHistory(sessions, resources.redactor)

    @classmethod
    def from_config(
        cls,
        options: JupyterAgent,
        wrap_store: Callable[[SessionStore], SessionStore] | None = None,
        user_settings: UserSettings | None = None,
    ) -> Assistant:
        """Wire what the options name; nothing heavy is imported and nothing is opened before the first question.

        What cannot be loaded is left out, and named in the options' problems.

        Args:
            options: Of the process.
            wrap_store: Given the store, what is used in its place.
            user_settings: Of its users; without them the options hold for everybody.
        """
        store, scheme = _open_store(options)
        hours = options.session_max_age_hours or (24.0 if scheme == "memory" else 0.0)
        endpoints = [endpoint for name in options.endpoints if (endpoint := options.endpoint(name)) is not None]
        keys = [os.environ.get(endpoint.key_env, "") for endpoint in endpoints]
        redactor = Redactor([*api_keys.secrets(), *filter(None, keys)], environ=os.environ, enabled=options.redact)
        policy = options.policy
        sessions = SessionManager(
            store if wrap_store is None else wrap_store(store),
            max_age_seconds=hours * 3600,
            max_sessions=options.session_max_concurrent,
            scope=options.session_scope,
            redactor=redactor,
            may_share=policy.share,
            may_export=policy.export,
        )
        loaded, problems = registry.load(options.tools)
        options.problems += problems
        tools = {name: tool for name, tool in loaded.items() if policy.allows("tools", name)}
        taken = {*entry_points.names(entry_points.TOOLS), *tools}
        servers = McpServers(
            options.mcp_servers, redactor, taken, proxy=options.proxy, ca_file=options.ca_file, policy=policy
        )
        return cls(Resources(options, tools, redactor, servers, user_settings=user_settings), sessions)

    def with_sessions(self, sessions: SessionManager) -> Assistant:
        """An assistant on other conversations with the same resources, which are not to be closed with it.

        They are given no titles.
        """
        assistant = Assistant(self.resources, sessions)
        assistant.makes_titles = False
        return assistant

    @property
    def owner(self) -> str:
        """Whose conversations they are where no users are known.

        Raises:
            StoreUnavailable: that cannot be read.
        """
        resources = self.resources
        resources.owner = resources.owner or process_owner(resources.options.owner, resources.options.store)
        return resources.owner

    @property
    def tools(self) -> Mapping[str, Tool]:
        """What models may do, by name, without the tools of MCP servers, and without that which needs skills."""
        return {name: tool for name, tool in self.resources.tools.items() if name != READ_SKILL}

    @property
    def default_model(self) -> str:
        """``provider:model`` of questions that name none, where the user has chosen none."""
        return self.resources.options.model

    def options_of(self, user: str) -> JupyterAgent:
        """The options that hold for a user; those of the process for nobody in particular."""
        settings = self.resources.user_settings
        return settings.options_of(user) if settings is not None else self.resources.options

    def models(self, user: str = "") -> tuple[str, ...]:
        """The user's configured model first, then endpoints and the other providers, and where the policy names models, these."""
        options = self.options_of(user)
        configured = options.model
        if options.lock("model"):
            return (configured,)
        hidden = ("scripted", configured.partition(":")[0])
        policy = self.resources.options.policy
        registered = (*options.endpoints, *entry_points.names(entry_points.MODELS))
        others = (name for name in registered if name not in hidden)
        names = (configured, *(name for name in others if policy.allows("models", name)), *policy.named_models())
        return tuple(dict.fromkeys(names))

    def models_json(self, user: str = "") -> list[dict[str, Any]]:
        """The same as JSON data, last those that need a key and have none, with its variable; a keyring may have to be asked."""
        from jupyter_agent.models.openai.providers import missing_key

        names = self.models(user)
        models: list[dict[str, Any]] = [{"id": name, "default": name == names[0]} for name in names]
        for model in models:
            if variable := missing_key(model["id"], self.resources.options):
                model["missing_key"] = variable
        return sorted(models, key=lambda model: not model["default"] and "missing_key" in model)

    def model(self, name: str | None) -> Model:
        """The model of that name, made once; None names the configured one.

        Raises:
            UnknownModel, Forbidden: as `check_model`; or the policy does not allow its address.
        """
        name = name or self.default_model
        factory, models = self.check_model(name), self.resources.models
        if name not in models:
            models[name] = factory(self.resources.options, name.partition(":")[2])
        return models[name]

    def check_model(self, name: str, *, may_be_script: bool = False) -> Callable[..., Model]:
        """The factory of a model that may be asked.

        Args:
            name: ``provider:model``.
            may_be_script: Whether it may be a script, which is a file of the server's: only whose server it is may name one.

        Raises:
            UnknownModel: there is no such provider, or it cannot be loaded, or it has no model of that name.
            Forbidden: the administrator's policy does not allow it.
        """
        options, (provider, _, model) = self.resources.options, name.partition(":")
        policy, endpoint = options.policy, options.endpoint(provider)
        if not policy.allows("models", name):
            allowed = " ".join(policy.restrictions("models"))
            raise Forbidden(f"The policy of this server does not allow the model '{name[:80]}'. {allowed}")
        is_known = provider != "scripted" or may_be_script or name in (self.default_model, options.small_model)
        try:
            kind = provider if endpoint is None else endpoint.provider
            factory = entry_points.load(entry_points.MODELS, kind) if is_known else None
        except (Exception, SystemExit) as error:  # a provider of others may fail in any way when it is imported
            raise UnknownModel(entry_points.problem(entry_points.MODELS, provider, error)) from error
        if factory is None and provider in options.endpoint_problems:
            raise UnknownModel(options.endpoint_problems[provider])
        if factory is None:
            known = (
                *options.endpoints,
                *(name for name in entry_points.names(entry_points.MODELS) if name != "scripted"),
            )
            raise UnknownModel(f"There is no model '{name[:80]}'. Choose one of these providers: {', '.join(known)}.")
        if check := getattr(getattr(factory, "__self__", None), "check_model", None):
            check(model)
        if endpoint is None:
            return factory
        if "endpoint" not in inspect.signature(factory).parameters:
            raise UnknownModel(
                f"The provider '{endpoint.provider}' takes no endpoints. Correct c.JupyterAgent.endpoints."
            )
        return partial(factory, endpoint=endpoint)

    async def reconfigure(self) -> None:
        """Apply options and keys that have changed: models are made anew."""
        for secret in await asyncio.to_thread(api_keys.secrets):
            self.redactor.add_secret(secret)
        self.redactor.enabled = self.resources.options.redact
        models = self.resources.models
        for name in tuple(models):
            await models.pop(name).close()

    async def close(self) -> None:
        """Close models, MCP servers and the store."""
        self.resources.analyses.close()
        for task in self.resources.tasks:
            task.cancel()
        if self.resources.tasks:
            await asyncio.wait(self.resources.tasks)
        await self.resources.mcp_servers.close()
        for model in self.resources.models.values():
            await model.close()
        self.resources.models.clear()
        await self.sessions.log.close()
        await self.sessions.store.close()

    async def ask(self, question: Question) -> AsyncGenerator[Event, None]:
        """Answer one question: `TurnStarted` once it is durable, what happens, exactly one `Done` or `Failed`.

        A cancelled task or a closed generator ends the turn as ``cancelled``, a task that was cancelled with the message
        ``interrupted`` as that; what was answered so far is kept.

        Raises:
            AgentError: before the turn began (another one is running, no such model, the store is unavailable).
        """
        options = self._options(question)
        question, lowered = within_ceilings(replace(question, pictures=self._named(question.pictures)), options)
        model = question.answered_by or self.model(question.model or options.model)
        model = question.wrap_model(model) if question.wrap_model is not None else model
        query = self.redactor.text(question.query)
        await self.resources.throttle.wait()
        gathering = self._instructions(question)
        async with turns.begin(
            self.sessions, question, query, model.name, self.edit_history, instructions=gathering
        ) as state:
            if state.stored is not None:
                for event in turns.stored_events(state.session, state.stored, self.resources.tools):
                    yield event
                return
            try:
                answer = redact_events(
                    state.lease.guarded(self._answer(state, question, model, lowered)), self.redactor
                )
                async with state.lease.held(), aclosing(answer) as events:
                    async for event in events:
                        yield event
                end = await self._commit_answer(state)
                if self.makes_titles and options.small_model and state.turn.parent is None:
                    task = asyncio.create_task(self._make_title(state.session, state.turn, options.small_model))
                    self.resources.tasks.add(task)
                    task.add_done_callback(self.resources.tasks.discard)
            except AgentError as error:
                end = await self._commit_failure(state, error)
            except (asyncio.CancelledError, GeneratorExit) as stop:
                status: TurnStatus = "interrupted" if "interrupted" in stop.args else "cancelled"
                await asyncio.shield(self._commit(state, status))
                raise
            except Exception:  # a foreign model or tool: the turn must not stay open
                with suppress(AgentError):
                    await self._commit(state, "failed", "internal")
                raise
            yield end

    async def preview(self, question: Question) -> dict[str, Any]:
        """What a question would send to its model, as JSON data; nothing is sent, and nothing is stored.

        Raises:
            AgentError: no such model, the store is unavailable.
        """
        options = self._options(question)
        question, lowered = within_ceilings(question, options)
        model, session = self.model(question.model or options.model), None
        session_id = question.session_id
        session_id = session_id or await self.sessions.default_session_id(question.owner, question.notebook_id)
        if session_id is not None:
            with suppress(NotFound):
                session = await self.sessions.get(question.owner, session_id, question.notebook_id or None)
        limit = self.resources.options.session_history_limit
        earlier = await self.sessions.model_history(session, limit) if session is not None else ()
        view = await snapshot.read_kernel_and_cells(question.kernel, question.notebook, question.kernel_state)
        found = await self._instructions(question)
        context = self._without_secrets(
            await snapshot.build(question, view, session, earlier, self.resources.analyses, instructions=found)
        )
        attached = await attachments(question.query, context, question.active_cell_id)
        budget = request.budget_for(window_of(model), options.context_tokens)
        prompt = self._prompt(question, context, attached, model, budget)
        warnings = (*context.warnings, *lowered, *prompt.warnings)
        count = self.resources.calibration.counter(model.name)
        offered: Sequence[ToolSpec] = request.affordable(self._offered(question, context), budget, count)
        if isinstance(model, PreparingModel):
            messages, offered = model.prepared(prompt.messages, offered)
            added = sum(count(message.content) for message in messages) - sum(
                count(message.content) for message in prompt.messages
            )
            tokens = {**prompt.tokens, "system": prompt.tokens["system"] + max(0, added)}
            prompt = replace(prompt, messages=tuple(messages), tokens=tokens)
        return request.preview_json(
            model.name, prompt, offered, warnings, count, budget_tokens=budget, window=window_of(model)
        )

    async def project_instructions(
        self, project: ProjectFolder | None, chosen: tuple[str, bool | None] | None = None, user: str = ONE_USER
    ) -> dict[str, Any]:
        """What instructs the model there, as JSON data for people; first the user's answer to a text is stored.

        Args:
            project: Where a notebook lies.
            chosen: The digest of the project's text, and whether it is to count; None for that: the user is asked again.
            user: Whose settings hold.

        Raises:
            Conflict: there is no such text any more.
            StoreUnavailable: the answer cannot be stored.
        """
        text = self.resources.options.instructions
        found = await instructions.gather(text, user, project, is_fresh=True)
        if chosen is not None:
            if all(file.digest != chosen[0] or file.scope != "project" for file, _ in found.found):
                raise Conflict(
                    "This text is not there any more: it was changed or removed since it was shown. Read it again."
                )
            try:
                await asyncio.to_thread(choose_instructions, user, *chosen)
            except SettingsError as error:
                raise StoreUnavailable(str(error)) from error
            found = await instructions.gather(text, user, project)
        path = shown_path(user_path()) if user == ONE_USER else ""
        listed = await asyncio.to_thread(found.to_json, self.redactor.text)
        return {"instructions": listed, "warnings": list(found.warnings), "user_path": path}

    # The steps of a turn --------------------------------------------------------------------------

    async def _answer(
        self, state: TurnState, question: Question, model: Model, lowered: tuple[str, ...]
    ) -> AsyncGenerator[Event, None]:
        """Context, prompt and loop; once more with a shorter prompt where the model's server finds it too long."""
        shared = self.resources
        earlier = await self.sessions.model_history(state.session, shared.options.session_history_limit)
        view = await state.kernel_view
        await shared.throttle.wait()
        context = state.context = self._without_secrets(
            await snapshot.build(
                question, view, state.session, earlier, shared.analyses, instructions=await state.instructions
            )
        )
        yield TurnStarted(state.session.id, state.turn.id, model.name, context.state_json())
        if question.effects:
            await shared.mcp_servers.wait_ready()
        warnings = (*context.warnings, *lowered, *shared.mcp_servers.warnings)
        context = state.context = replace(context, warnings=warnings)
        attached = await attachments(question.query, context, question.active_cell_id)
        # Who wants the answer's code run has approved it, as far as somebody may approve what they have not seen.
        options, approval = self._options(question), question.approval or ""
        is_approved = options.allowed("approval", "auto") == "auto" and approval != "read-only"
        run_answer = ("auto" if is_approved else approval) if question.run_answer else ""
        asked = question.answered_by or self.model(question.model or options.model)
        whole = request.budget_for(window_of(asked), options.context_tokens)
        for share in _SHARES:
            budget = min(int(whole * share), request.budget_for(window_of(asked), options.context_tokens))
            state.prompt = self._prompt(question, context, attached, asked, budget, preface=traits_of(model).preface)
            state.transcript.request = list(state.prompt.messages)
            read_ahead(state.prompt.messages)
            if question.answered_by is None:
                state.tool_record.show(state.prompt.full_sources(context.cells))
            compaction = Compaction(0 if _takes_all(asked) else budget, shared.calibration.counter(model.name))
            agent = Agent(
                model,
                self._all_tools(question, context),
                Limits.for_question(question, shared.options, started=state.started),
                redact=self.redactor.text,
                decide=question.decide,
                is_allowed=partial(question.is_allowed, state.session) if question.is_allowed is not None else None,
                run=question.run,
                run_answer=run_answer,
                record=state.lease.record,
                compaction=compaction,
                may_shrink=share == _SHARES[-1],
            )
            try:
                async with aclosing(agent.run(state.transcript, self._tool_context(state, question))) as events:
                    async for event in events:
                        if isinstance(event, ToolReturned):
                            read_ahead(state.transcript.messages[-1:])
                        yield event
                break
            except ContextTooLong:
                # Never after anything was answered or done.
                if share == _SHARES[-1] or state.transcript.messages or state.transcript.reply:
                    raise
        if compaction.is_question_cut:
            context = state.context = replace(context, warnings=(*context.warnings, _CUT.format(model.name[:100])))
        ignored, blind = list(dict.fromkeys(state.transcript.ignored)), traits_of(model).sees is False
        if "pictures" in state.prompt.tokens and (blind or "pictures" in ignored):
            words = (_BLIND if blind else _NOT_TAKEN).format(model.name[:100])
            context = state.context = replace(context, warnings=(*context.warnings, words))
        elif compaction.has_pictures_left_out:
            context = state.context = replace(context, warnings=(*context.warnings, _NO_ROOM.format(compaction.budget)))
        if options_ignored := ", ".join(name for name in ignored if name != "pictures"):
            words = f"The server of {model.name} does not take {options_ignored} of c.JupyterAgent.model_options: it is left out."
            context = state.context = replace(context, warnings=(*context.warnings, words))
        # A turn with tools made several requests.
        if (
            state.transcript.is_usage_reported
            and not state.transcript.actions
            and "pictures" not in state.prompt.tokens
        ):
            offered = request.affordable(self._offered(question, context), budget, estimate_tokens)
            estimated = request.estimate(state.prompt, offered, estimate_tokens)
            shared.calibration.learn(model.name, estimated, state.transcript.usage.input_tokens)

    def _prompt(
        self,
        question: Question,
        context: TurnContext,
        attached: tuple[Attachment, ...],
        model: Model,
        budget: int,
        *,
        preface: str = "",
    ) -> Prompt:
        """The prompt within a budget of tokens, of which a preface of another program has some; nothing leaves that is not redacted here."""
        shared = self.resources
        # The same in all turns of a conversation.
        key = context.session.key if context.session is not None else ""
        count = shared.calibration.counter(model.name)
        traits = traits_of(model)
        offered = () if traits.tool_mode == "code" else self._offered(question, context)
        tools = request.affordable(offered, budget, count)
        found = (picture for attachment in attached for picture in attachment.pictures)
        pictures = list(dict.fromkeys((*question.pictures, *found)))[: max(MAX_PICTURES, len(question.pictures))]
        taken = request.tool_tokens(tools, count) + count(preface)
        mark = hashlib.blake2b(key.encode(), key=shared.block_key, digest_size=4).hexdigest()
        prompt = request.build(
            self.redactor.text(question.query),
            context,
            attached,
            active_cell_id=question.active_cell_id,
            # What cannot be chosen comes first; the notebook and the conversation have a right to half all the same.
            budget_tokens=max(budget // 2, budget - taken),
            mark=f"context-{mark}",
            redactor=self.redactor,
            count=count,
            recent=shared.selections,
            is_brief=traits.tool_mode == "code" or budget < request.SMALL_REQUEST,
            picture_tokens=PICTURE_TOKENS * len(pictures) * (traits.sees is not False),
        )
        prompt = replace(prompt, left_out=request.too_many_tools(offered, tools, budget))
        return request.with_pictures(prompt, self._named(pictures), sees=traits.sees is not False)

    def _named(self, pictures: Iterable[Picture]) -> tuple[Picture, ...]:
        """Pictures with names in which nothing looks like a secret."""
        return tuple(replace(picture, name=self.redactor.text(picture.name)) for picture in pictures)

    async def _commit(self, state: TurnState, status: TurnStatus, error: str | None = None) -> Session:
        """Store the turn as it ended."""
        edits = state.tool_record.edits
        ended = turns.finished(state, self.redactor, status, error)
        state.turn = replace(ended, edits=self.edit_history.storable(edits))
        self.edit_history.remember(state.session, ended.id, edits)
        return await self.sessions.log.finish(state.lease.session, state.turn)

    async def _commit_answer(self, state: TurnState) -> Event:
        await self.resources.throttle.wait()
        session = await self._commit(state, "done")
        declined, hide = state.transcript.declined, self.redactor.text
        return replace(
            turns.done(session, state.turn, state.context, state.prompt),
            declined=None if declined is None else Declined(tuple(map(hide, declined.words))),
            suggestions=tuple(Suggestion(hide(item.label), hide(item.query)) for item in state.transcript.suggestions),
        )

    async def _make_title(self, session: Session, turn: Turn, small_model: str) -> None:
        """Name a conversation by its first question and answer, unless its user does or it is gone."""
        usual = title_of(turn.question)
        with suppress(Exception):  # it has a title, and a foreign model may fail in any way
            model = self.model(small_model)
            if model.name == OFFLINE or session.title not in ("", usual):
                return
            await self.resources.throttle.wait()
            title = await write_title(turn.question, turn.reply, model, self.redactor)
            if title:
                named = await self.sessions.log.change(
                    session, lambda current: replace(current, title=title) if current.title == usual else current
                )
                self.on_title(named)

    async def _commit_failure(self, state: TurnState, error: AgentError) -> Event:
        """What was answered is kept."""
        redact = partial(self.redactor.text, always=True)
        try:
            await self._commit(state, "failed", error.code)
        except AgentError as failure:
            error = failure
        log_failure(error.code, error.message, detail_of(error), redact, is_ours=error.status >= 500)
        return replace(Failed.from_error(error), message=redact(error.message))

    async def _instructions(self, question: Question) -> Instructions:
        """What people have written for the model; nothing for another agent that makes one call, no skills where none can be read."""
        if question.answered_by is not None:
            return instructions.NONE
        user = question.owner if question.user is None else question.user
        found = await instructions.gather(self.resources.options.instructions, user, question.project)
        if READ_SKILL in self.resources.tools:
            return found
        return replace(found, found=tuple((file, state) for file, state in found.found if not file.skill))

    # What a question is answered with -------------------------------------------------------------

    def _options(self, question: Question) -> JupyterAgent:
        return self.options_of(question.owner if question.user is None else question.user)

    def _all_tools(self, question: Question, context: TurnContext) -> Mapping[str, Tool]:
        policy, others = self.resources.options.policy, self.resources.mcp_servers.tools()
        allowed = {name: tool for name, tool in others.items() if policy.allows("tools", name)}
        own = self.resources.tools if context.instructions.skills else self.tools
        return {**own, **allowed, **question.tools}

    def _offered(self, question: Question, context: TurnContext) -> list[ToolSpec]:
        tools = offered_tools(
            self._all_tools(question, context), question.effects, through_magic=question.run is not None
        )
        return offered_specs(tools, question.approval or "")

    def _without_secrets(self, context: TurnContext) -> TurnContext:
        # A key may be the name of a variable, and the names of those that changed are sent as they are.
        return replace(context, changed=tuple(map(self.redactor.text, context.changed)))

    def _tool_context(self, state: TurnState, question: Question) -> ToolContext:
        open_turn = state.session.open
        return ToolContext(
            question.kernel,
            state.context.state,
            question.notebook,
            tool_record=state.tool_record,
            active_cell_id=question.active_cell_id,
            session_id=state.session.id,
            turn_id=state.turn.id,
            key=open_turn.holder if open_turn is not None else state.turn.id,
            check_notebook=self.resources.analyses.check,
            skills=state.context.instructions.skills,
        )


def _takes_all(model: Model) -> bool:
    """Whether no request is too long for it."""
    window = window_of(model)
    return window is not None and window.tokens == 0


def _open_store(options: JupyterAgent) -> tuple[SessionStore, str]:
    """The store that the options name, and its scheme; where there is none, one in memory, and the problem is noted."""
    scheme = options.store.partition("://")[0]
    problem = entry_points.store_problem(options.store)
    try:
        store = None if problem else entry_points.load(entry_points.STORES, scheme)
        if store is not None:
            return store(options.store), scheme
    except AgentError as error:
        problem = error.message
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a store of others may fail in any way when it is imported
        problem = entry_points.problem(entry_points.STORES, scheme, error)
    options.store_problem = f"{problem} Until then conversations are only kept in memory."
    options.problems.append(options.store_problem)
    memory = entry_points.load(entry_points.STORES, "memory")
    assert memory is not None
    return memory("memory://"), "memory"
