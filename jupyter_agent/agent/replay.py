"""A conversation's questions asked again in a new one, and the answers of both side by side."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.events import Done, Event, Failed, Interrupted
from jupyter_agent.core.pictures import from_kept
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.tree import Replay, compare_turns

OUT_OF_TIME = "The time for one replay was over. Replay the rest with 'from'."
#: Asks a turn's question in a session, as the user would, within seconds; the last event of the new turn.
Answer = Callable[[Session, Turn, float], Awaitable[Event]]


@dataclass(frozen=True, slots=True)
class Replayed:
    """The result of a replay.

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
    session, deadline = planned.session, time.monotonic() + seconds
    asked, stopped = 0, ""
    while asked < len(planned.turns) and not stopped:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            stopped = OUT_OF_TIME
            break
        try:
            last = await answer(session, planned.turns[asked], remaining)
        except AgentError as error:
            if not asked:
                await sessions.clear(session.owner, session.id, session.notebook_id)
                raise
            stopped = error.message
            break
        asked += 1
        match last:
            case Done():
                pass
            case Failed():
                stopped = last.message
            case Interrupted():
                stopped = "The server stopped."
            case _:
                stopped = "The turn was cancelled."
    session = await sessions.get(session.owner, session.id, session.notebook_id)
    after = (await sessions.tree.history(session, asked)) if asked else ()
    return Replayed(session, compare_turns(planned.turns, after), len(planned.turns) - asked, stopped)


def replay_question(question: Question, turn: Turn, seconds: float) -> Question:
    """The question of a turn as it is asked again, with its pictures: nothing is run or changed a second time, and nobody is asked."""
    pictures = tuple(picture for picture in from_kept(turn.extra) if picture.data)
    return replace(
        question, pictures=pictures, deadline_seconds=seconds, effects=frozenset({"read"}), decide=None, run=None
    )


async def last_event(assistant: Assistant, question: Question) -> Event:
    """Ask, and return the last event of the turn."""
    async with aclosing(assistant.ask(question)) as events:
        return [event async for event in events][-1]
