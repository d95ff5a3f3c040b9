"""Conversations from before servers had owners of their own go to the first owner who claims them."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, replace
from types import MappingProxyType

from jupyter_agent.core.errors import Forbidden, VersionConflict
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Session
from jupyter_agent.core.text import sha256_hex
from jupyter_agent.sessions.deletion import deleted_sessions
from jupyter_agent.sessions.manager import SessionManager, shares_of
from jupyter_agent.sessions.owner import EVERYBODY, LOCAL, deleted_owner, everybody_owner
from jupyter_agent.sessions.turns import ATTEMPTS, PAGE

CLAIM = (
    "{} from before servers had owners can be claimed with `jupyter agent sessions --claim`, by the first who does so."
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What has changed hands.

    Attributes:
        moved: How many conversations.
        left: How many have not: they are damaged, or being answered.
        deleted: How many deleted ones, which their new owner can restore.
    """

    moved: int
    left: int
    deleted: int = 0


async def unclaimed(store: SessionStore, owner: str) -> int:
    """How many conversations this owner could claim."""
    number = 0
    for former, heir in _heirs(owner):
        if await _claimant(store, former) in (None, heir):
            number += await store.count(former)
    return number


async def claim(sessions: SessionManager, owner: str) -> Claimed:
    """Give an owner the conversations from before servers had owners; where it was interrupted, it goes on.

    Raises:
        Forbidden: another owner has claimed them.
    """
    store, moved, deleted, number = sessions.store, 0, 0, 0
    for former, heir in _heirs(owner):
        found = await _all_of(store, former)
        hidden = [session async for session in deleted_sessions(store, former)]
        if not found and not hidden:
            continue
        key, now = _claim_key(former), time.time()
        extra = MappingProxyType({"owner": heir})
        try:
            await store.create(Session(key, key, "", "", created_at=now, last_activity=now, extra=extra))
        except VersionConflict:
            if await _claimant(store, former) != heir:
                raise Forbidden("Another server, or another account, has claimed these conversations.") from None
        number += len(found) + len(hidden)
        for session in found:
            moved += await _move(sessions, session, heir, heir)
        for session in hidden:
            deleted += await _move(sessions, session, heir, deleted_owner(heir))
    return Claimed(moved, number - moved - deleted, deleted)


async def _all_of(store: SessionStore, owner: str) -> list[Session]:
    page = await store.find(owner, limit=PAGE)
    found = list(page.sessions)
    while page.cursor is not None:
        page = await store.find(owner, limit=PAGE, cursor=page.cursor)
        found += page.sessions
    return found


def _heirs(owner: str) -> tuple[tuple[str, str], ...]:
    """Who had conversations before servers had owners, and who gets them."""
    pairs = ((LOCAL, owner), (EVERYBODY, everybody_owner(owner)))
    return tuple((former, heir) for former, heir in pairs if former != heir)


def _claim_key(former: str) -> str:
    return f"claim-{sha256_hex(former)[:40]}"


async def _claimant(store: SessionStore, former: str) -> str | None:
    record = await store.read(_claim_key(former))
    return None if record is None else str(record.extra.get("owner"))


async def _move(sessions: SessionManager, listed: Session, heir: str, owner: str) -> bool:
    """Store a conversation anew under its heir's key, with all branches and shares, and delete the former one.

    The heir is its owner, or the one whose deleted conversations its owner has.
    """
    store, session_id = sessions.store, listed.id
    for _ in range(ATTEMPTS):
        if listed.metadata.get("unreadable") is True:
            return False
        session = await store.read(listed.key)
        if session is None or session.open is not None or session.pending_undo is not None:
            return False
        new = await sessions.log.new_session(heir, session.notebook_id, session_id)
        new = replace(session, key=new.key, id=session_id, owner=owner, revision=1)
        try:
            await store.create(new, await sessions.tree.all_turns(session))
        except VersionConflict:
            page = await store.find(owner, session_id=session_id, notebook_id=session.notebook_id, limit=1)
            same = [other for other in page.sessions if _state(other) == _state(session)]
            if not same:
                session_id = f"{session.id[:100]}.{uuid.uuid4().hex[:8]}"  # the owner has another one of that id
                continue
            new = same[0]  # an earlier claim was interrupted here
        now = await store.read(session.key)
        if now is None:  # another process of this owner is at it, too
            return True
        if now.revision != session.revision:
            continue  # a turn was added meanwhile: that is stored anew; a copy too many loses nothing
        for share in shares_of(session):
            record = await store.read(share)
            if record is not None:
                extra = MappingProxyType({**record.extra, "key": new.key})
                await store.commit(replace(record, revision=record.revision + 1, extra=extra))
        await store.delete(session.key)
        return True
    return False


def _state(session: Session) -> tuple[float, float, str | None]:
    return session.created_at, session.last_activity, session.head
