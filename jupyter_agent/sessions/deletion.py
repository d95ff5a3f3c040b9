"""Deleted sessions: kept for some days under an owner that nobody can be, so that no list shows them and a deletion can be taken back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Session
from jupyter_agent.sessions.owner import deleted_owner

KEPT_SECONDS = 30 * 24 * 3600.0
#: Name in `Session.extra` of what is known of a deletion: the id before, when it was, until when it can be taken back.
DELETED = "deleted"
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Deletion:
    """What came of a deletion.

    Attributes:
        session_id: The conversation's id.
        restorable_until: Until when it can be taken back, in seconds since the epoch; None where it cannot.
    """

    session_id: str
    restorable_until: float | None


def former_id(session: Session) -> str:
    """The id that a deleted session had."""
    return str(_entry(session).get("id", ""))


def restorable_until(session: Session) -> float:
    """Until when a deletion can be taken back, in seconds since the epoch."""
    until = _entry(session).get("until")
    return float(until) if isinstance(until, (int, float)) else 0.0


async def deleted_sessions(store: SessionStore, owner: str) -> AsyncIterator[Session]:
    """All deleted sessions of an owner that are still kept."""
    cursor = None
    while True:
        page = await store.find(deleted_owner(owner), limit=_PAGE, cursor=cursor)
        for session in page.sessions:
            yield session
        cursor = page.cursor
        if cursor is None:
            return


async def purge(store: SessionStore, owner: str, most: int) -> int:
    """Remove for good what was deleted long ago, and the oldest of more than so many; how many there were."""
    kept = [session async for session in deleted_sessions(store, owner)]
    kept.sort(key=restorable_until, reverse=True)
    now = time.time()
    removed = 0
    for number, session in enumerate(kept):
        if number >= most or restorable_until(session) < now:
            removed += await store.delete(session.key)
    return removed


def _entry(session: Session) -> Mapping[str, object]:
    entry = session.extra.get(DELETED)
    return entry if isinstance(entry, Mapping) else {}
