"""A turn's beginning: its question is stored, and meanwhile the kernel and the notebook are looked at."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.prompt import snapshot
from jupyter_agent.prompt.snapshot import Look
from jupyter_agent.sessions.manager import SessionManager


@dataclass(frozen=True, slots=True)
class Opening:
    """A turn that is open in the store, or one that a retry asked for again.

    Attributes:
        session: As it was stored.
        turn: As far as it is known.
        look: At the kernel and the notebook; it may still be going on.
        replayed: The stored turn of that id; nothing is to be done again.
    """

    session: Session
    turn: Turn
    look: Awaitable[Look]
    replayed: Turn | None = None


@asynccontextmanager
async def opening(
    sessions: SessionManager, question: Question, asked: str, model: str
) -> AsyncGenerator[Opening, None]:
    """Store the question and look around, at the same time: neither needs what the other finds.

    Args:
        sessions: Where it is stored.
        question: As it was asked.
        asked: Its words as they may be stored.
        model: Who will answer.

    Raises:
        AgentError: the turn cannot begin (another one is running, the store is away).
    """
    look = asyncio.create_task(snapshot.look(question.kernel, question.notebook))
    try:
        yield await _opened(sessions, question, asked, model, look)
    finally:
        look.cancel()
        await asyncio.wait([look])
        _ = look.cancelled() or look.exception()  # told to whoever waited for it, if anybody did


async def _opened(
    sessions: SessionManager, question: Question, asked: str, model: str, look: Awaitable[Look]
) -> Opening:
    digest = question.digest or _digest(question)
    session_id = question.session_id or await sessions.default_session_id(question.owner, question.notebook_id)
    begun = await sessions.log.begin(question.owner, question.notebook_id, session_id, question.turn_id, asked, digest)
    session = begun.session
    turn = Turn(
        id=begun.turn_id,
        parent=session.head,
        depth=session.depth + 1,
        question=asked,
        digest=digest,
        model=model,
        started=time.time(),
    )
    return Opening(session, turn, look, begun.replayed)


def _digest(question: Question) -> str:
    asked = [question.query, question.session_id, question.notebook_id, question.model]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()
