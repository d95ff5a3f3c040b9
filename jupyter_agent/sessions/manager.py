"""Keyed by notebook and session id; the only writer to a store."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

from jupyter_agent.core.errors import (
    AmbiguousSession,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    StoreUnavailable,
    VersionConflict,
)
from jupyter_agent.core.messages import Json
from jupyter_agent.core.pictures import without_data
from jupyter_agent.core.protocols import Page, SessionStore
from jupyter_agent.core.session import Session, Turn, is_within
from jupyter_agent.core.text import sha256_hex
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.deletion import (
    DELETED,
    KEPT_SECONDS,
    Deletion,
    deleted_sessions,
    former_id,
    purge,
    restorable_until,
)
from jupyter_agent.sessions.export import export
from jupyter_agent.sessions.ids import belongs_to, check_id, check_notebook, check_owner, session_key
from jupyter_agent.sessions.import_ import read_json
from jupyter_agent.sessions.owner import deleted_owner
from jupyter_agent.sessions.summary import SUMMARY, summary_of
from jupyter_agent.sessions.tree import ALL_TURNS, SessionTree
from jupyter_agent.sessions.turns import (
    ATTEMPTS,
    CONTENDED,
    LEASE_SECONDS,
    NOT_FOUND,
    PAGE,
    SessionLog,
    interrupted,
    with_turn,
)

#: Turns after a summary, up to which it is checked whether it belongs to this branch.
MAX_TURNS_AFTER_SUMMARY = 1000
_NOT_SHARED = "Conversations cannot be shared on this server, by its administrator's policy."


class SessionManager:
    """What may be done with conversations; each belongs to one owner, and is unknown to all others.

    What names a session raises `NotFound` where there is none, it has expired, or it is somebody else's.

    Args:
        store: Where sessions are kept.
        max_age_seconds: Sessions idle for longer are forgotten; 0 keeps them.
        max_sessions: How many sessions one owner may have.
        lease_seconds: How long a turn stays open without `renew`.
        scope: Where a question belongs that names no session: ``explicit``, in a new one; else in the newest of its notebook.
        redactor: Withholds secrets in what clients send to be kept: titles, metadata, summaries, imports.
        may_share: Whether the administrator lets conversations be shared, and what is shared be read.
        may_export: Whether the administrator lets them be exported.

    Attributes:
        log: The turns of sessions: begin, renew, finish.
        tree: Their branches: history, undo, redo, replay.
    """

    def __init__(
        self,
        store: SessionStore,
        *,
        max_age_seconds: float = 0,
        max_sessions: int = 1000,
        lease_seconds: float = LEASE_SECONDS,
        scope: str = "explicit",
        redactor: Redactor | None = None,
        may_share: bool = True,
        may_export: bool = True,
    ) -> None:
        self.store = store
        self.log = SessionLog(
            store, max_age_seconds=max_age_seconds, max_sessions=max_sessions, lease_seconds=lease_seconds
        )
        self.tree = SessionTree(self.log)
        self._scope = scope
        self._redactor = redactor
        self._may_share = may_share
        self._may_export = may_export

    async def get(self, owner: str, session_id: str, notebook_id: str | None = None) -> Session:
        """The session of that id about that notebook; without a notebook, the most recently active of that id."""
        return await self.log.get(owner, session_id, notebook_id)

    async def default_session_id(self, owner: str, notebook_id: str, *, interactive: bool = False) -> str | None:
        """Id of the session that a question continues which names none; None where it starts a new one.

        This is the one rule for all clients: the owner's most recently active readable session of that notebook.

        Args:
            owner: Who asks.
            notebook_id: The notebook's path; a question without one starts a new session.
            interactive: Asked in the sidebar, by a magic or in a terminal, which continue whatever `scope` says; a plain
                REST request continues only where `scope` is not ``explicit``.
        """
        if not notebook_id or (self._scope == "explicit" and not interactive):
            return None
        page = await self.find(owner, notebook_id=notebook_id, limit=PAGE)
        return next((session.id for session in page.sessions if session.metadata.get("unreadable") is not True), None)

    async def find(
        self,
        owner: str,
        *,
        notebook_id: str | None = None,
        text: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """One owner's sessions, newest activity first; `text` is searched in titles, questions and answers.

        A damaged one is listed with ``metadata["unreadable"]`` and nothing else.

        Raises:
            BadRequest: a limit outside 1 to 200, or a cursor of another list.
        """
        check_owner(owner)
        if not 1 <= limit <= PAGE:
            raise BadRequest(f"limit must be between 1 and {PAGE}.")
        page = await self.store.find(owner, notebook_id=notebook_id, text=text or None, limit=limit, cursor=cursor)
        sessions = (
            session for session in page.sessions if belongs_to(session, owner) and not self.log.is_expired(session)
        )
        return replace(page, sessions=tuple(sessions))

    async def rename(
        self,
        owner: str,
        session_id: str,
        *,
        notebook_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, Json] | None = None,
    ) -> Session:
        """Set the title, or replace the clients' metadata; works during a turn."""
        given = {"title": title, "metadata": None if metadata is None else dict(metadata)}
        new: dict[str, Any] = {name: self._redact(value) for name, value in given.items() if value is not None}
        session = await self.get(owner, session_id, notebook_id)
        return await self.log.change(session, lambda current: replace(current, **new))

    async def summarize(
        self, owner: str, session_id: str, summary: str, notebook_id: str | None = None, *, turn_id: str | None = None
    ) -> Session:
        """Keep a summary of everything up to a turn, in ``extra["summary"]``; without one, up to the head.

        Raises:
            NotFound: there is no such turn.
        """
        session = await self.get(owner, session_id, notebook_id)
        last = session.head if turn_id is None else turn_id
        covered = None if last is None else await self.tree.turn(session, last)
        kept = {
            "text": self._redact(summary),
            "turn_id": None if covered is None else covered.id,
            "depth": 0 if covered is None else covered.depth,
            "created_at": time.time(),
        }
        return await self.log.change(session, lambda current: _with_extra(current, SUMMARY, kept))

    async def model_history(self, session: Session, limit: int) -> tuple[Turn, ...]:
        """The history for a model: a summary in place of the turns it covers, then at most `limit` turns.

        A longer one loses a quarter of that at once, so that it begins in the same way from turn to turn.
        """

        def steady(turns: int) -> int:
            step = max(1, limit // 4)
            return limit if turns <= limit else turns - -(-(turns - limit) // step) * step

        summary = summary_of(session)
        after = 0 if summary is None else session.depth - summary.depth
        if summary is None or session.head is None or not 0 <= after <= MAX_TURNS_AFTER_SUMMARY:
            return await self.tree.history(session, steady(session.depth))
        path = await self.store.path(session.key, session.head, after + 1)
        if not path or path[0].id != summary.id:  # of another branch
            return await self.tree.history(session, steady(session.depth))
        return (summary, *path[1:][-steady(after) :])

    async def clear(self, owner: str, session_id: str, notebook_id: str | None = None) -> None:
        """Remove a session and its turns for good; a turn being answered is lost to it.

        Raises:
            AmbiguousSession: several notebooks have one of that id, and none is named.
        """
        check_id(session_id, "session_id")
        check_owner(owner)
        page = await self.store.find(owner, session_id=session_id, notebook_id=notebook_id, limit=2)
        if len(page.sessions) > 1:
            raise AmbiguousSession("Several notebooks have a conversation of that id. Say which with notebook_id.")
        key = page.sessions[0].key if page.sessions else session_key(owner, notebook_id or "", session_id)
        if not page.sessions:
            # A record that is so damaged that no list shows it can still be named; one that can be read has another name now.
            with suppress(StoreUnavailable):
                await self.store.read(key)
                raise NotFound(NOT_FOUND)
        for share in (share for session in page.sessions for share in shares_of(session)):
            await self.store.delete(share)
        if not await self.store.delete(key):
            raise NotFound(NOT_FOUND)

    async def delete(self, owner: str, session_id: str, notebook_id: str | None = None) -> Deletion:
        """Delete a session so that `restore` can bring it back for some days; a turn being answered is interrupted, and shares end.

        One whose record is damaged, so that it could not be used anyway, is removed for good.

        Raises:
            AmbiguousSession: several notebooks have one of that id, and none is named.
        """
        check_id(session_id, "session_id")
        check_owner(owner)
        page = await self.store.find(owner, session_id=session_id, notebook_id=notebook_id, limit=2)
        if len(page.sessions) != 1 or page.sessions[0].metadata.get("unreadable") is True:
            await self.clear(owner, session_id, notebook_id)
            return Deletion(session_id, None)
        session = await self.get(owner, session_id, page.sessions[0].notebook_id)
        until = time.time() + KEPT_SECONDS
        if self.log.max_age_seconds > 0:
            until = min(until, session.last_activity + self.log.max_age_seconds)
        entry: dict[str, Json] = {"id": session_id, "until": until}
        for _ in range(ATTEMPTS):
            open_turn = None if session.open is None else interrupted(session)
            closed = session if open_turn is None else with_turn(session, open_turn)
            extra: dict[str, Json] = {name: value for name, value in closed.extra.items() if name != "shares"}
            extra[DELETED] = entry
            hidden = replace(closed, owner=deleted_owner(owner), id=uuid.uuid4().hex, extra=MappingProxyType(extra))
            try:
                await self.log.commit(hidden, open_turn)
            except VersionConflict:
                session = await self.log.reread(session)
            else:
                for share in shares_of(session):
                    await self.store.delete(share)
                await purge(self.store, owner, self.log.max_sessions)
                return Deletion(session_id, until)
        raise VersionConflict(CONTENDED)

    async def restore(self, owner: str, session_id: str, notebook_id: str | None = None) -> Session:
        """Take a deletion back: of several that had that id, the newest. Where the id is another session's now, it gets a new one.

        Raises:
            NotFound: there is none, or it was deleted too long ago.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        check_id(session_id, "session_id")
        check_owner(owner)
        found = [
            session
            async for session in deleted_sessions(self.store, owner)
            if former_id(session) == session_id
            and notebook_id in (None, session.notebook_id)
            and belongs_to(replace(session, owner=owner), owner)
            and restorable_until(session) > time.time()
        ]
        if not found:
            raise NotFound("There is no deleted conversation of that id, or it was deleted too long ago.")
        await self.log.check_capacity(owner)
        deleted = max(found, key=restorable_until)
        extra = MappingProxyType({name: value for name, value in deleted.extra.items() if name != DELETED})
        for new_id in (session_id, f"{session_id[:100]}.{uuid.uuid4().hex[:8]}"):
            try:
                return await self.log.commit(replace(deleted, owner=owner, id=new_id, extra=extra))
            except VersionConflict:
                deleted = await self.log.reread(deleted)
        raise VersionConflict(CONTENDED)

    async def rename_notebook(self, owner: str, old_path: str, new_path: str) -> int:
        """Follow a notebook, or a folder of notebooks, that was renamed or moved; how many sessions, deleted ones included, went along.

        Where a session of the new path has the same id, it was about a notebook that is gone: it gets another id.

        Raises:
            Conflict: some sessions were changed by others all the time and are as before; the rest went along. Try again.
        """
        check_notebook(new_path)
        moving: list[Session] = []
        cursor = None
        while True:
            page = await self.store.find(owner, limit=PAGE, cursor=cursor)
            moving += [session for session in page.sessions if is_within(session.notebook_id, old_path)]
            cursor = page.cursor
            if cursor is None:
                break
        deleted = deleted_sessions(self.store, owner)
        moving += [session async for session in deleted if is_within(session.notebook_id, old_path)]
        lost: Conflict | None = None
        for session in moving:
            try:
                await self._set_notebook(session, new_path + session.notebook_id[len(old_path) :])
            except Conflict as error:
                lost = error
        if lost is not None:
            raise lost
        return len(moving)

    async def export(self, owner: str, session_id: str, kind: str, notebook_id: str | None = None) -> str:
        """The conversation up to its head as ``json``, ``md`` or ``ipynb`` text.

        Raises:
            BadRequest: no such format.
            Forbidden: the administrator's policy does not allow it.
        """
        if not self._may_export:
            raise Forbidden("Conversations cannot be exported on this server, by its administrator's policy.")
        session = await self.get(owner, session_id, notebook_id)
        turns = await self.tree.history(session, ALL_TURNS)
        return await asyncio.to_thread(export, session, turns, kind)

    async def import_json(
        self, owner: str, text: str, *, notebook_id: str | None = None, session_id: str | None = None
    ) -> Session:
        """A new conversation from a JSON export; its notebook and id are the exported ones unless others are given.

        Raises:
            BadRequest: it is no export; the message says where.
            TooLarge: there is more of it than is kept.
            VersionConflict: there is a session of that id already.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        check_owner(owner)
        read, turns = read_json(text, self._redactor)
        name = check_id(session_id or read.id or uuid.uuid4().hex, "session_id")
        for turn in turns:
            check_id(turn.id, "turn_id")
        source = replace(read, id=name, notebook_id=read.notebook_id if notebook_id is None else notebook_id)
        check_notebook(source.notebook_id)
        return await self.tree.copy(source, turns, owner, name)

    async def share(
        self,
        owner: str,
        session_id: str,
        notebook_id: str | None = None,
        *,
        mode: Literal["read", "copy"] = "read",
    ) -> str:
        """A secret with which others may read the conversation, or also copy it, until `unshare`.

        Raises:
            Forbidden: the administrator's policy does not allow it.
        """
        if not self._may_share:
            raise Forbidden(_NOT_SHARED)
        token = secrets.token_urlsafe(24)
        share = _share_key(token)
        session = await self.get(owner, session_id, notebook_id)
        granted = {"mode": mode, "created_at": time.time()}
        session = await self.log.change(
            session, lambda current: _with_extra(current, "shares", {**shares_of(current), share: granted})
        )
        now = time.time()
        extra: Mapping[str, Json] = MappingProxyType({"key": session.key, "created_at": session.created_at})
        await self.store.create(Session(share, share, "", "", created_at=now, last_activity=now, extra=extra))
        return token

    async def unshare(
        self, owner: str, session_id: str, notebook_id: str | None = None, *, token: str | None = None
    ) -> int:
        """Revoke one secret, or all; how many there were."""
        session = await self.get(owner, session_id, notebook_id)
        revoked = [share for share in shares_of(session) if not token or share == _share_key(token)]

        def without(current: Session) -> Session:
            left = {share: granted for share, granted in shares_of(current).items() if share not in revoked}
            return _with_extra(current, "shares", left)

        await self.log.change(session, without)
        for share in revoked:
            await self.store.delete(share)
        return len(revoked)

    async def shared(self, token: str) -> tuple[Session, str]:
        """The conversation that a secret opens, and the mode in which it is shared: ``read`` or ``copy``.

        Raises:
            NotFound: no such secret, revoked, or the conversation is gone.
            Forbidden: the administrator's policy does not allow it.
        """
        if not self._may_share:
            raise Forbidden(_NOT_SHARED)
        share = _share_key(token)
        record = await self.store.read(share)
        session = None if record is None else await self.store.read(str(record.extra.get("key", "")))
        granted = None if session is None else shares_of(session).get(share)
        if session is None or record is None or granted is None or self.log.is_expired(session):
            raise NotFound(NOT_FOUND)
        if record.extra.get("created_at") != session.created_at:  # another session, created under the same key
            raise NotFound(NOT_FOUND)
        return session, str(granted["mode"])

    async def copy_shared(self, owner: str, token: str) -> Session:
        """A conversation of one's own that begins as the shared one is now.

        Raises:
            NotFound: no such secret, revoked, or the conversation is gone.
            Forbidden: it may be read only.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        check_owner(owner)
        session, mode = await self.shared(token)
        if mode != "copy":
            raise Forbidden("This conversation is shared for reading only.")
        turns = await self.tree.history(session, ALL_TURNS)
        # Nobody can look for secrets in pictures: others learn that there were some.
        turns = tuple(replace(turn, extra=without_data(turn.extra)) for turn in turns)
        return await self.tree.copy(session, turns, owner)

    async def _set_notebook(self, session: Session, path: str) -> None:
        for _ in range(ATTEMPTS):
            current = await self.store.read(session.key)
            if current is None:
                return
            try:
                await self.log.commit(replace(current, notebook_id=path))
            except VersionConflict:
                page = await self.store.find(session.owner, session_id=session.id, notebook_id=path, limit=1)
                for occupant in page.sessions:
                    new_id = f"{occupant.id[:100]}.{uuid.uuid4().hex[:8]}"
                    await self.log.change(occupant, lambda other, new_id=new_id: replace(other, id=new_id))  # type: ignore[misc]
            else:
                return
        raise VersionConflict(
            "A conversation is changed by others all the time, so it does not follow its notebook. Try again in a moment."
        )

    def _redact(self, given: Any) -> Any:
        return given if self._redactor is None else self._redactor.json(given)


def _with_extra(session: Session, name: str, value: Json) -> Session:
    return replace(session, extra=MappingProxyType({**session.extra, name: value}))


def shares_of(session: Session) -> dict[str, Any]:
    """What each share allows, by its key."""
    shares = session.extra.get("shares")
    return dict(shares) if isinstance(shares, Mapping) else {}


def _share_key(token: str) -> str:
    """The key of a secret's record; the secret itself is kept nowhere."""
    return f"share-{sha256_hex(token)[:40]}"
