"""How a turn ended: as it is stored, and as events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from jupyter_agent.agent.loop import SHOWN_CHARACTERS, Transcript
from jupyter_agent.core.messages import (
    Action,
    Cancelled,
    Done,
    Event,
    Failed,
    Interrupted,
    TextDelta,
    ToolCalled,
    ToolReturned,
    TurnStarted,
    code_blocks,
)
from jupyter_agent.core.session import Session, Turn, TurnStatus
from jupyter_agent.core.text import truncate
from jupyter_agent.prompt.request import Request
from jupyter_agent.prompt.snapshot import Snapshot
from jupyter_agent.redaction.redactor import Redactor


def withheld(sent: Request) -> tuple[str, ...]:
    """What is said of values that were left out of a request."""
    number = sent.withheld
    return (f"{number} values that look secret were withheld from the model.",) if number else ()


def ended(  # noqa: PLR0917 - a turn, what is known of it, how it ended
    turn: Turn, transcript: Transcript, seen: Snapshot, redactor: Redactor, status: TurnStatus, error: str | None
) -> Turn:
    """A turn with all that was said and done in it, as it may be stored; closes the transcript.

    Args:
        turn: As it began.
        transcript: Of the agent.
        seen: What was known at its beginning.
        redactor: Withholds secrets.
        status: How it ended.
        error: The error's code, if it failed.
    """
    transcript.close()
    return replace(
        turn,
        messages=tuple(redactor.message(replace(one, pictures=())) for one in transcript.messages),
        reply=redactor.text(transcript.reply),
        status=status,
        error=error,
        finish_reason=transcript.finish_reason,
        usage=transcript.usage,
        actions=tuple(transcript.actions),
        variables=tuple(map(redactor.text, seen.spoken_of(f"{turn.question}\n{transcript.reply}"))),
        kernel=seen.stamp(),
    )


def done(session: Session, turn: Turn, seen: Snapshot, more: tuple[str, ...] = ()) -> Done:
    """The end of a turn that was answered; `more` is warned of beside what the snapshot warns of.

    Args:
        session: With the turn in it.
        turn: As it is stored.
        seen: What was known at its beginning.
        more: Warnings.
    """
    reason = turn.finish_reason or "stop"
    early = () if reason in ("stop", "refused") else (f"The answer ended early: {reason}.",)
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
        state=seen.told(),
        actions=turn.actions,
        warnings=(*seen.warnings, *more, *early),
        usage=turn.usage,
    )


def replay(session: Session, turn: Turn) -> Sequence[Event]:
    """The events of a turn that has ended already: nothing is asked or run again."""
    return TurnStarted(session.id, turn.id, turn.model), *_said(turn), _end(session, turn)


def _said(turn: Turn) -> Iterator[Event]:
    """Text, calls and their results, in order."""
    results = {one.tool_call_id: one.content for one in turn.messages if one.role == "tool"}
    actions = {one.call_id: one for one in turn.actions}
    told = ""
    for message in turn.messages:
        if message.role == "assistant" and message.content:
            text = message.content if not told else f"\n\n{message.content}"
            told += text
            yield TextDelta(text)
        for call in message.tool_calls:
            action = actions.get(call.id, Action(call.id, call.name, "execute", "interrupted"))
            yield ToolCalled(call.id, action.tool, action.effect, call.parsed_arguments(), action.title, action.icon)
            yield ToolReturned(
                call.id, action.tool, action.status, truncate(results.get(call.id, ""), SHOWN_CHARACTERS)
            )
    if turn.reply.startswith(told) and turn.reply != told:
        yield TextDelta(turn.reply[len(told) :])


def _end(session: Session, turn: Turn) -> Event:
    if turn.status == "failed":
        return Failed("This turn failed before; ask again.", turn.error or "failed", retryable=True)
    if turn.status == "cancelled":
        return Cancelled(session.id, turn.id, turn.reply)
    if turn.status == "interrupted":
        return Interrupted(session.id, turn.id, turn.reply)
    return done(session, turn, Snapshot())
