"""A conversation's questions asked again in a new one: how far that went, and the answers side by side."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.messages import Done, Event, Failed, Interrupted
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.tree import Replay, compare_turns

OUT_OF_TIME = "The time for one replay was over. Replay the rest with 'from'."
#: Asks one question in a session, as the user would, within seconds; the last event of the turn.
Answer = Callable[[Session, str, float], Awaitable[Event]]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay.

    Attributes:
        session: The new conversation.
        turns: For each question that was asked the answers before and after, by `compare_turns`.
        left: How many questions were not asked.
        stopped: Why not; empty where all were.
    """

    session: Session
    turns: Sequence[dict[str, object]]
    left: int
    stopped: str


async def replay(sessions: SessionManager, planned: Replay, answer: Answer, seconds: float) -> Replayed:
    """Ask the planned questions, one after the other; what was answered stays if one fails.

    Args:
        sessions: Where conversations are kept.
        planned: By `SessionTree.replay`.
        answer: Asks.
        seconds: Time for all of it.

    Raises:
        AgentError: not even the first question could be asked; nothing of the new conversation is kept.
    """
    asked, stopped = await _asked(sessions, planned, answer, time.monotonic() + seconds)
    session = await sessions.get(planned.session.owner, planned.session.id, planned.session.notebook_id)
    after = (await sessions.tree.history(session, asked)) if asked else ()
    return Replayed(session, compare_turns(planned.turns, after), len(planned.turns) - asked, stopped)


def as_replayed(question: Question, seconds: float) -> Question:
    """The question as it is asked again: nothing is run or changed a second time, and nobody is asked."""
    return replace(question, deadline_seconds=seconds, effects=frozenset({"read"}), decide=None, run=None)


async def ending_of(assistant: Assistant, question: Question) -> Event:
    """Ask; the last event of the turn."""
    async with aclosing(assistant.ask(question)) as events:
        return [event async for event in events][-1]


async def _asked(sessions: SessionManager, planned: Replay, answer: Answer, end: float) -> tuple[int, str]:
    """How many questions were asked again, and why not all."""
    session = planned.session
    for number, turn in enumerate(planned.turns):
        left = end - time.monotonic()
        if left <= 0:
            return number, OUT_OF_TIME
        try:
            last = await answer(session, turn.question, left)
        except AgentError as error:
            if number:
                return number, error.message
            await sessions.clear(session.owner, session.id, session.notebook_id)
            raise
        if not isinstance(last, Done):
            return number + 1, _why(last)
    return len(planned.turns), ""


def _why(last: Event) -> str:
    if isinstance(last, Failed):
        return last.message
    return "The server stopped." if isinstance(last, Interrupted) else "The turn was cancelled."
