"""One turn: how it begins, what it holds while it is answered, how it ended, and its events once more from the store."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_agent.agent.grounding import ground
from jupyter_agent.agent.limits import EXPLANATIONS
from jupyter_agent.agent.loop import SHOWN_CHARACTERS, Transcript
from jupyter_agent.core.errors import UndoInProgress, status_of
from jupyter_agent.core.events import (
    Cancelled,
    Done,
    Event,
    Failed,
    Grounding,
    Interrupted,
    Plan,
    TextDelta,
    ToolCalled,
    ToolReturned,
    TurnStarted,
)
from jupyter_agent.core.messages import Action, ActionStatus, Message, ToolCall, code_blocks
from jupyter_agent.core.pictures import to_kept
from jupyter_agent.core.protocols import Tool, ToolRecord
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session, Turn, TurnStatus
from jupyter_agent.core.text import truncate
from jupyter_agent.prompt.instructions import Instructions
from jupyter_agent.prompt.request import Prompt
from jupyter_agent.prompt.snapshot import KernelView, TurnContext, read_kernel_and_cells
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.lease import Lease
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.undo import EditHistory


@dataclass(slots=True)
class TurnState:
    """A turn while it is answered.

    Attributes:
        session: As it was stored when the turn began.
        turn: As far as it is known.
        lease: Keeps the turn open in the store.
        kernel_view: The kernel and the notebook, which may still be read.
        instructions: What people have written for the model, likewise.
        stored: The stored turn that a retry asks for again; nothing is to be done then.
        tool_record: What its tools have shown and changed.
        context: What it knows, once that has been read.
        prompt: What the model was sent first.
        transcript: What was answered and done so far.
        started: On `time.monotonic()`.
    """

    session: Session
    turn: Turn
    lease: Lease
    kernel_view: Awaitable[KernelView]
    instructions: Awaitable[Instructions]
    stored: Turn | None
    tool_record: ToolRecord
    context: TurnContext = field(default_factory=TurnContext)
    prompt: Prompt = field(default_factory=Prompt)
    transcript: Transcript = field(default_factory=lambda: Transcript([]))
    started: float = field(default_factory=time.monotonic)


@asynccontextmanager
async def begin(
    sessions: SessionManager,
    question: Question,
    query: str,
    model: str,
    edit_history: EditHistory,
    *,
    instructions: Coroutine[Any, Any, Instructions],
) -> AsyncGenerator[TurnState, None]:
    """Store the question, and read the kernel and the notebook meanwhile: neither waits for the other.

    Args:
        sessions: Where it is stored.
        question: As it was asked.
        query: Its text as it may be stored.
        model: Who will answer.
        edit_history: Says what of the turn's edits may be stored.
        instructions: Finds what instructs the model.

    Raises:
        AgentError: the turn cannot begin (another one is running, the store is unavailable).
    """
    view = read_kernel_and_cells(question.kernel, question.notebook, question.kernel_state)
    reading = asyncio.create_task(view)
    gathering = asyncio.create_task(instructions)
    try:
        owner, notebook_id = question.owner, question.notebook_id
        session_id = question.session_id or await sessions.default_session_id(owner, notebook_id)
        asked: list[object] = [question.query, question.session_id, notebook_id, question.model]
        asked += [picture.data for picture in question.pictures]
        digest = question.digest or hashlib.sha256(json.dumps(asked).encode()).hexdigest()
        try:
            begun = await sessions.log.begin(owner, notebook_id, session_id, question.turn_id, query, digest)
        except UndoInProgress:
            # Nobody may be left to finish it; where somebody is, `recover` raises the same.
            session = await sessions.get(owner, str(session_id), notebook_id or None)
            await edit_history.recover(session, question.notebook)
            begun = await sessions.log.begin(owner, notebook_id, session_id, question.turn_id, query, digest)
        session, tool_record = begun.session, question.tool_record or ToolRecord()
        turn = Turn(
            id=begun.turn_id,
            parent=session.head,
            depth=session.depth + 1,
            question=query,
            digest=digest,
            model=model,
            started=time.time(),
            extra=to_kept(question.pictures),
        )
        lease = Lease(sessions, session, lambda: edit_history.storable(tool_record.edits))
        yield TurnState(session, turn, lease, reading, gathering, begun.stored, tool_record)
    finally:
        for task in (reading, gathering):
            task.cancel()
        await asyncio.wait([reading, gathering])
        for task in (reading, gathering):
            _ = task.cancelled() or task.exception()  # raised where it was awaited, if it was


def finished(state: TurnState, redactor: Redactor, status: TurnStatus, error: str | None) -> Turn:
    """The turn with all that was answered and done in it, as it may be stored; closes the transcript.

    Args:
        state: Of the turn, without its edits.
        redactor: Withholds secrets.
        status: How it ended.
        error: The error's code, if it failed.
    """
    transcript, context = state.transcript, state.context
    transcript.close()
    messages = tuple(redactor.message(message.without_unkept()) for message in transcript.messages)
    reply = redactor.text(transcript.reply)
    grounding = Grounding()
    if status == "done":
        grounding = ground(reply, transcript.request, messages, context)
        # A key may be the name of a variable.
        missing = (replace(text, near=tuple(map(redactor.text, text.near))) for text in grounding.missing)
        grounding = replace(grounding, missing=tuple(missing))
    return replace(
        state.turn,
        messages=messages,
        reply=reply,
        status=status,
        error=error,
        finish_reason=transcript.finish_reason,
        usage=transcript.usage,
        actions=tuple(transcript.actions),
        variables=tuple(map(redactor.text, context.names_in(f"{state.turn.question}\n{transcript.reply}"))),
        kernel=context.state_version(),
        seconds=round(time.monotonic() - state.started, 3),
        extra={**state.turn.extra, **grounding.to_kept()},
    )


def done(session: Session, turn: Turn, context: TurnContext, prompt: Prompt) -> Done:
    """The last event of a turn that was answered.

    Args:
        session: With the turn in it.
        turn: As it is stored.
        context: What was known at its beginning.
        prompt: What the model was sent.
    """
    reason = turn.finish_reason or "stop"
    calls = [call for message in turn.messages for call in message.tool_calls]
    early = () if reason in ("stop", "refused") else (f"The answer ended early: {EXPLANATIONS.get(reason, reason)}.",)
    return Done(
        session_id=session.id,
        turn_id=turn.id,
        reply=turn.reply,
        turn_count=session.turn_count,
        model=turn.model,
        finish_reason=reason,
        messages=({"role": "user", "content": turn.question}, {"role": "assistant", "content": turn.reply}),
        code=tuple(code_blocks(turn.reply)),
        variables=turn.variables,
        state=context.state_json(),
        actions=turn.actions,
        warnings=(*context.warnings, *prompt.warnings, *early),
        usage=turn.usage,
        plan=next(filter(None, map(Plan.of_call, reversed(calls))), None),
        grounding=Grounding.of_kept(turn.extra),
    )


# A stored turn once more -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A tool call of a stored turn, with its output, shortened for display, and why that failed, if it did."""

    call: ToolCall
    action: Action
    content: str
    code: str


def steps(turn: Turn) -> Iterator[str | StoredCall]:
    """Texts and tool calls of a stored turn, in order; a call without a result was interrupted."""
    results = {message.tool_call_id: message for message in turn.messages if message.role == "tool"}
    actions = {action.call_id: action for action in turn.actions}
    for message in turn.messages:
        if message.role == "assistant" and message.content:
            yield message.content
        for call in message.tool_calls:
            result = results.get(call.id, Message("tool", ""))
            missing: ActionStatus = "interrupted" if result.code in ("", "interrupted") else "failed"
            action = actions.get(call.id, Action(call.id, call.name[:100], "execute", missing))
            yield StoredCall(call, action, truncate(result.content, SHOWN_CHARACTERS, is_redacted=True), result.code)


def stored_events(session: Session, turn: Turn, tools: Mapping[str, Tool]) -> Iterator[Event]:
    """The events of a stored turn; nothing is asked or run again.

    Args:
        session: The turn's.
        turn: Stored.
        tools: By name; how their calls are shown is not kept.
    """
    yield TurnStarted(session.id, turn.id, turn.model)
    text = ""
    for step in steps(turn):
        if isinstance(step, str):
            delta = f"\n\n{step}" if text else step
            text += delta
            yield TextDelta(delta)
        else:
            action, tool = step.action, tools.get(step.action.tool)
            yield ToolCalled(
                action.call_id,
                action.tool,
                action.effect,
                step.call.parsed_arguments(),
                action.title,
                action.icon,
                action.effects,
                None if tool is None else tool.spec.display,
            )
            yield ToolReturned(action.call_id, action.tool, action.status, step.content, step.code)
            if (plan := Plan.of_call(step.call)) is not None:
                yield plan
    if turn.reply.startswith(text) and turn.reply != text:
        yield TextDelta(turn.reply[len(text) :])
    match turn.status:
        case "failed":
            yield Failed("This turn failed before; ask again.", turn.error or "failed", True, status_of(turn.error))
        case "cancelled":
            yield Cancelled(session.id, turn.id, turn.reply)
        case "interrupted":
            yield Interrupted(session.id, turn.id, turn.reply)
        case "done":
            yield done(session, turn, TurnContext(), Prompt())
