"""Tool calls of other agents, made as our own agent makes them: validated, authorized, approved, limited and redacted."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async

from jupyter_agent.agent.approval import DENIED, STALE
from jupyter_agent.agent.limits import Limits, highest_of
from jupyter_agent.agent.loop import WITHHELD, Agent, Transcript, offered_tools
from jupyter_agent.core.errors import ApprovalStale
from jupyter_agent.core.events import (
    ApprovalAsked,
    Done,
    ModelEvent,
    ModelFinished,
    TextDelta,
    ToolCalled,
    ToolReturned,
)
from jupyter_agent.core.messages import Message, ToolCall, to_json
from jupyter_agent.core.protocols import Tool, ToolContext, ToolOutput, ToolRecord, ToolSpec
from jupyter_agent.core.question import Decision, Question
from jupyter_agent.core.text import spelled_out
from jupyter_agent.server import identity
from jupyter_agent.server.api.requests import kernel_of, notebook_of
from jupyter_agent.server.turns.observation import TurnObservation
from jupyter_agent.server.turns.running_turn import TurnFailed

if TYPE_CHECKING:
    from jupyter_agent.server.base_handler import AgentHandler
    from jupyter_agent.server.turns.running_turn import RunningTurn

CALL_SECONDS = 120.0
#: How often a client that waits is told so, which keeps it from giving up.
PROGRESS_SECONDS = 10.0
MAX_TURN_LOGS = 200
MAX_APPROVALS = 200
NOTEBOOK = "notebook"
_NOTEBOOK_SCHEMA = {
    "type": "string",
    "description": "Path of the notebook below the server's root, as list_notebooks returns it.",
}
LIST_NOTEBOOKS = ToolSpec(
    "list_notebooks",
    "The notebooks that are open with a running kernel: their paths, kernels and states.",
    {"type": "object", "properties": {}, "additionalProperties": False},
)
_DENIED = ToolOutput.failure("denied", DENIED)


@dataclass(slots=True)
class SingleCallModel:
    """A model that makes one tool call, and takes what comes of it for another agent.

    Attributes:
        call: The call.
        name: Who asked.
        result: What came of it.
    """

    call: ToolCall
    name: str = "client"
    result: Message | None = None

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        if messages and messages[-1].role == "tool":
            self.result = messages[-1]
            yield TextDelta("The agent that asked for this has the result.")
            yield ModelFinished("stop")
        else:
            yield self.call
            yield ModelFinished("tool_calls")

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who makes a call.

    Attributes:
        can_ask: Whether it asks its user what we want to know.
        disconnected: Set when it has left.
        report: Tells it, after so many seconds, what is waited for.
        answered: Key of the approval that this call answers; empty where it answers none.
        is_approved: The answer.
    """

    can_ask: bool
    disconnected: asyncio.Event
    report: Callable[[float, str], Awaitable[None]]
    answered: str = ""
    is_approved: bool = False


@dataclass(frozen=True, slots=True)
class ApprovalRequired:
    """What the client's user is to be asked before the call can be made again.

    Attributes:
        key: Comes back with the answer; good for one.
        text: What the user has to know.
    """

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class _NotebookCall:
    """One call with all that it may see and use."""

    call: ToolCall
    path: str
    context: ToolContext
    effects: frozenset[Any]


@dataclass(slots=True)
class Calls:
    """Calls of one server, each on a notebook; what a client has read of its cells is kept for the checks of its edits."""

    _turn_logs: OrderedDict[tuple[str, str], ToolRecord] = field(default_factory=OrderedDict)
    _approvals: OrderedDict[str, tuple[str, str, ApprovalAsked, TurnObservation]] = field(default_factory=OrderedDict)

    async def tools_for(self, handler: AgentHandler) -> list[tuple[Tool | None, ToolSpec]]:
        """The tools that the user may use, each with the notebook as one more argument."""
        effects, options = await identity.effects(handler), handler.user_options
        if options.allowed("approval", options.approval) == "read-only":
            effects &= {"read"}
        offered: list[tuple[Tool | None, ToolSpec]] = [(None, LIST_NOTEBOOKS)]
        for tool in offered_tools(handler.services.assistant.tools, effects).values():
            properties = {**tool.spec.parameters.get("properties", {}), NOTEBOOK: _NOTEBOOK_SCHEMA}
            schema = {**tool.spec.parameters, "type": "object", "properties": properties}
            offered.append((tool, ToolSpec(tool.spec.name, tool.spec.description, schema)))
        return offered

    async def call(
        self, handler: AgentHandler, name: str, arguments: Mapping[str, Any], client: Client
    ) -> ToolOutput | ApprovalRequired:
        """Make a call; what has to be approved is asked of the client's user, else in the panel of the notebook.

        Raises:
            ApprovalStale: it answers an approval that does not wait.
        """
        if name == LIST_NOTEBOOKS.name:
            return ToolOutput.from_data({"notebooks": await _notebooks(handler)})
        given = dict(arguments)
        path = str(given.pop(NOTEBOOK, "") or handler.query_parameters()["notebook_id"] or "").strip("/")
        warnings: list[str] = []
        kernel = await kernel_of(handler, None, path, warnings)
        notebook = await notebook_of(handler, path, None, warnings)
        state = await kernel.state() if kernel is not None else None
        tool_record = self._turn_log(handler.owner, path)
        check = handler.services.assistant.resources.analyses.check
        context = ToolContext(
            kernel, state, notebook, timeout=CALL_SECONDS, tool_record=tool_record, check_notebook=check
        )
        made = _NotebookCall(
            ToolCall("call_1", name, json.dumps(given)), path, context, await identity.effects(handler)
        )
        approval = self._answered(handler, client, path)
        if approval is not None and not client.is_approved:
            return _DENIED
        output, asked, observation = await self._make(handler, made, approval)
        if asked is None:
            return output
        if approval is not None:
            raise ApprovalStale(STALE)
        if client.can_ask and asked.digest:
            observation.on_event(asked)
            key = secrets.token_urlsafe(16)
            self._approvals[key] = (handler.owner, path, asked, observation)
            if len(self._approvals) > MAX_APPROVALS:
                self._approvals.popitem(last=False)
            return ApprovalRequired(key, _approval_text(asked, path))
        if path and handler.user_options.mcp_approval_seconds:
            return await self._ask_in_panel(handler, made, client)
        return output if asked.digest else ToolOutput.failure("needs_approval", WITHHELD)

    def _answered(self, handler: AgentHandler, client: Client, path: str) -> ApprovalAsked | None:
        """The approval that is answered with this call, on the notebook that was named; nobody can answer it again."""
        if not client.answered:
            return None
        owner, shown, asked, observation = self._approvals.pop(client.answered, ("", "", None, None))
        if asked is None or observation is None or (owner, shown) != (handler.owner, path):
            raise ApprovalStale(STALE)
        observation.answered(asked.call_id, "approve" if client.is_approved else "deny", handler.user_name)
        return asked

    async def _make(
        self, handler: AgentHandler, made: _NotebookCall, approved: ApprovalAsked | None
    ) -> tuple[ToolOutput, ApprovalAsked | None, TurnObservation]:
        """Make the call if it may be made, with what would have to be approved otherwise."""
        options, assistant = handler.user_options, handler.services.assistant
        limits = Limits(
            deadline=time.monotonic() + min(CALL_SECONDS, options.deadline_seconds),
            max_steps=1,
            max_tool_calls=highest_of(options, "max_tool_calls", is_streamed=False),
            max_write_calls=options.max_write_calls,
            approval=options.allowed("approval", options.approval),
            effects=made.effects,
        )

        def is_approved(asked: ApprovalAsked) -> bool:
            return approved is not None and asked.digest == approved.digest

        async def decide(asked: ApprovalAsked) -> Decision:
            return Decision(is_approved(asked))

        model = SingleCallModel(made.call)
        redact = assistant.redactor
        agent = Agent(model, assistant.tools, limits, redact=redact.text, decide=None if approved is None else decide)
        transcript = Transcript([])
        audit, by = handler.services.audit, handler.user_name
        observation = TurnObservation(audit, handler.owner, made.path, model=model.name, by=by)
        refused: ApprovalAsked | None = None
        async with aclosing(agent.run(transcript, made.context)) as events:
            async for event in events:
                if isinstance(event, ToolCalled):
                    event = replace(event, arguments=redact.mapping(event.arguments))  # noqa: PLW2901
                if isinstance(event, ApprovalAsked) and not is_approved(event):
                    refused = event
                if isinstance(event, (ToolCalled, ToolReturned)):
                    observation.on_event(event)
        result = next(message for message in transcript.messages if message.role == "tool")
        action = next(iter(transcript.actions), None)  # there is none where a limit was reached
        if action is not None and action.status == "needs_approval":
            given = made.call.parsed_arguments()
            shown = redact.mapping(given)
            # The panel shows its user what is withheld from the client, and asks.
            digest = action.digest if action.preview or shown == given else ""
            refused = ApprovalAsked(
                action.call_id,
                action.tool,
                action.effect,
                shown,
                digest,
                action.preview,
                action.reasons,
                action.effects,
            )
        is_done = action is not None and action.status == "done"
        return _output(result, is_done=is_done), refused, observation

    async def _ask_in_panel(self, handler: AgentHandler, made: _NotebookCall, client: Client) -> ToolOutput:
        """Make the call as a turn of the notebook's conversation, whose approval every page of it shows."""
        services, options = handler.services, handler.user_options
        session_id = await services.assistant.sessions.default_session_id(handler.owner, made.path, interactive=True)
        model = SingleCallModel(made.call, "mcp")

        def question(turn: RunningTurn) -> Question:
            return Question(
                handler.owner,
                f"Another agent (MCP) calls `{made.call.name}`.",
                user=identity.settings_owner(handler),
                session_id=session_id,
                notebook_id=made.path,
                kernel=made.context.kernel,
                notebook=made.context.notebook,
                deadline_seconds=CALL_SECONDS,
                effects=made.effects,
                decide=turn.decide,
                answered_by=model,
                tool_record=replace(made.context.tool_record, edits=[]),
            )

        turn = services.turns.start(services.assistant, handler.owner, question, by=handler.user_name)
        reader = turn.subscribe()
        end = asyncio.ensure_future(turn.last_event())
        left = asyncio.ensure_future(client.disconnected.wait())
        began = time.monotonic()
        try:
            while not end.done() and not left.done():
                waited = time.monotonic() - began
                if waited >= options.mcp_approval_seconds and not turn.pending_calls.is_empty:
                    return ToolOutput.failure(
                        "needs_approval",
                        f"the user has not answered within {options.mcp_approval_seconds:g} seconds, and it was not done. Ask them to "
                        f"open {made.path} in JupyterLab with the agent's panel, then call again: the panel asks them. What may be "
                        "done unasked is their approval mode, in the panel's settings.",
                    )
                await client.report(waited, f"Waits to be allowed in Jupyter: the agent's panel of {made.path} asks.")
                seconds = max(0.01, min(PROGRESS_SECONDS, options.mcp_approval_seconds - waited))
                await asyncio.wait({end, left}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if end.done() and isinstance(done := end.result(), Done) and model.result is not None:
                return _output(model.result, is_done=done.actions[-1].status == "done")
            if end.done():
                failed = TurnFailed(end.result())
                return ToolOutput.failure(failed.code, failed.message)
            return _DENIED
        finally:
            end.cancel()
            left.cancel()
            turn.unsubscribe(reader, may_return=False)
            turn.stop("cancelled")

    def _turn_log(self, owner: str, path: str) -> ToolRecord:
        tool_record = self._turn_logs.setdefault((owner, path), ToolRecord())
        self._turn_logs.move_to_end((owner, path))
        tool_record.edits.clear()
        if len(self._turn_logs) > MAX_TURN_LOGS:
            self._turn_logs.popitem(last=False)
        return tool_record


def _output(result: Message, *, is_done: bool) -> ToolOutput:
    return ToolOutput(result.content, is_done, result.pictures, result.code)


def _approval_text(asked: ApprovalAsked, path: str) -> str:
    """What the user of a client has to know before they say yes."""
    shown = asked.preview or spelled_out(json.dumps(to_json(asked.arguments), ensure_ascii=False))
    because = "".join(f"\n- {text}" for reason in asked.reasons for text in (reason.text, *reason.more))
    reasons = f"\n\nNeeds approval every time:{because}" if because else ""
    run = " and run the cell" if "execute" in asked.effects else ""
    return f"Allow {asked.tool}{run} in {spelled_out(path) or 'Jupyter'}?\n\n{shown}{reasons}"


async def _notebooks(handler: AgentHandler) -> list[dict[str, Any]]:
    if not await identity.allowed(handler, "read", "sessions"):
        return []
    listed: Any = handler.settings["session_manager"].list_sessions()
    return [
        {"notebook": session["path"], "kernel_id": kernel["id"], "status": kernel.get("execution_state", "")}
        for session in await ensure_async(listed)
        if (kernel := session.get("kernel"))
    ]
