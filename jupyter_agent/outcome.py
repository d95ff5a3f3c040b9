"""How a turn ended, as events."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_agent.messages import Done, Event, Failed, TextDelta, TurnStarted, code_blocks
from jupyter_agent.request import Request
from jupyter_agent.session import Session, Turn
from jupyter_agent.snapshot import Snapshot


def withheld(sent: Request) -> tuple[str, ...]:
    """What is said of values that were left out of a request."""
    number = sent.withheld
    return (f"{number} values that look secret were withheld from the model.",) if number else ()


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
    started = TurnStarted(session.id, turn.id, turn.model)
    if turn.status == "failed":
        return started, Failed("This turn failed before; ask again.", turn.error or "failed", retryable=True)
    return started, TextDelta(turn.reply), done(session, turn, Snapshot())
