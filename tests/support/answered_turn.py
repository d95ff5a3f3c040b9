"""A turn of ann's that was asked and answered."""

from __future__ import annotations

from dataclasses import replace

from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions.manager import SessionManager


async def ask(
    manager: SessionManager, question: str, session_id: str = "s", notebook_id: str = "a.ipynb", **fields: object
) -> Session:
    turn_id = question if question.isalnum() else None
    begun = await manager.log.begin("ann", notebook_id, session_id, turn_id, question, "digest")
    turn = Turn(begun.turn_id, None, 0, question, reply=f"answer to {question}")
    return await manager.log.finish(begun.session, replace(turn, **fields))  # type: ignore[arg-type]
