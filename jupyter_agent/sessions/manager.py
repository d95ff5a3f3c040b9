"""Keyed by notebook and session id; the only writer to a store."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

from jupyter_agent.core.errors import AmbiguousSession, BadRequest, Forbidden, NotFound, VersionConflict
from jupyter_agent.core.messages import Json
from jupyter_agent.core.protocols import Page, SessionStore
from jupyter_agent.core.session import Session, Turn, is_within
from jupyter_agent.sessions import export as exports
from jupyter_agent.sessions.ids import belongs_to, check_id, check_notebook, check_owner, hashed, session_key
from jupyter_agent.sessions.import_ import Withholding, read_json
from jupyter_agent.sessions.summary import summary_of, with_summary
from jupyter_agent.sessions.tree import WHOLE, Replay, SessionTree, comparison
from jupyter_agent.sessions.turns import ATTEMPTS, LEASE_SECONDS, PAGE, Begun

__all__ = ["Begun", "Replay", "SessionManager", "comparison"]

#: Turns after a summary, up to which it is looked whether it is of this branch.
FARTHEST = 1000
_NO_CONVERSATION = "There is no such conversation."


class SessionManager(SessionTree):
    """What may be done with conversations; each belongs to one owner, and others' are as unknown ones.

    Args:
        store: Where sessions are kept.
        max_age_seconds: Sessions idle for longer are forgotten; 0 keeps them.
        max_sessions: How many sessions one owner may have.
        lease_seconds: How long a turn stays open without `renew`.
        scope: Where a question belongs that names no session: ``explicit``, in a new one; else in the newest of its notebook.
        withholding: Takes secrets out of what clients give to be kept: titles, metadata, summaries, imports.
    """

    def __init__(
        self,
        store: SessionStore,
        *,
        max_age_seconds: float = 0,
        max_sessions: int = 1000,
        lease_seconds: float = LEASE_SECONDS,
        scope: str = "explicit",
        withholding: Withholding | None = None,
    ) -> None:
        super().__init__(store, max_age_seconds=max_age_seconds, max_sessions=max_sessions, lease_seconds=lease_seconds)
        self._scope = scope
        self._withholding = withholding

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
        return next((one.id for one in page.sessions if one.metadata.get("unreadable") is not True), None)

    async def find(
        self,
        owner: str,
        *,
        notebook_id: str | None = None,
        text: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """One owner's sessions, newest activity first; `text` is looked for in titles, questions and answers.

        A damaged one is listed with ``metadata["unreadable"]`` and nothing else.

        Raises:
            BadRequest: a limit outside 1 to 200, or a cursor of another list.
        """
        check_owner(owner)
        if not 1 <= limit <= PAGE:
            raise BadRequest(f"limit must be between 1 and {PAGE}.")
        page = await self.store.find(owner, notebook_id=notebook_id, text=text or None, limit=limit, cursor=cursor)
        sessions = (one for one in page.sessions if belongs_to(one, owner) and not self._too_old(one))
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
        """Set the title, or replace the clients' metadata; works during a turn.

        Raises:
            NotFound: there is no such session.
        """

        def renamed(session: Session) -> Session:
            return replace(
                session,
                title=session.title if title is None else self._without_secrets(title),
                metadata=session.metadata if metadata is None else self._without_secrets(dict(metadata)),
            )

        return await self._update(await self.get(owner, session_id, notebook_id), renamed)

    async def summarize(
        self, owner: str, session_id: str, summary: str, notebook_id: str | None = None, *, turn_id: str | None = None
    ) -> Session:
        """Keep a summary of everything up to a turn, in ``extra["summary"]``; without one, up to the head.

        Raises:
            NotFound: there is no such session, or no such turn.
        """
        session = await self.get(owner, session_id, notebook_id)
        last = session.head if turn_id is None else turn_id
        covered = None if last is None else await self._turn(session, last)
        return await self._update(session, lambda one: with_summary(one, self._without_secrets(summary), covered))

    async def considered(self, session: Session, limit: int) -> tuple[Turn, ...]:
        """The history as a model is told it: a summary in place of the turns it covers, then at most `limit` turns."""
        summary = summary_of(session)
        after = 0 if summary is None else session.depth - summary.depth
        if summary is None or session.head is None or not 0 <= after <= FARTHEST:
            return await self.history(session, limit)
        path = await self.store.path(session.key, session.head, after + 1)
        if not path or path[0].id != summary.turn_id:  # of another branch
            return await self.history(session, limit)
        return (summary.standing_in(), *path[1:][-limit:])

    async def clear(self, owner: str, session_id: str, notebook_id: str | None = None) -> None:
        """Forget a session and its turns; a turn being answered is lost to it.

        Raises:
            NotFound: there is no such session.
            AmbiguousSession: several notebooks have one of that id, and none is named.
        """
        check_id(session_id, "session_id")
        check_owner(owner)
        page = await self.store.find(owner, session_id=session_id, notebook_id=notebook_id, limit=2)
        if len(page.sessions) > 1:
            raise AmbiguousSession("Several notebooks have a conversation of that id. Say which with notebook_id.")
        # What is so damaged that no list shows it can still be named, and goes too.
        key = page.sessions[0].key if page.sessions else session_key(owner, notebook_id or "", session_id)
        if page.sessions:
            for share in _shares(page.sessions[0]):
                await self.store.delete(share)
        if not await self.store.delete(key):
            raise NotFound(_NO_CONVERSATION)

    async def move(self, owner: str, old_path: str, new_path: str) -> int:
        """Follow a notebook, or a folder of notebooks, that was renamed or moved; how many sessions went along.

        Where a session of the new path has the same id, it was about a notebook that is gone: it gets another id.
        """
        check_notebook(new_path)
        moving: list[Session] = []
        cursor = None
        while True:
            page = await self.store.find(owner, limit=PAGE, cursor=cursor)
            moving += [one for one in page.sessions if is_within(one.notebook_id, old_path)]
            cursor = page.cursor
            if cursor is None:
                break
        for session in moving:
            await self._move(session, new_path + session.notebook_id[len(old_path) :])
        return len(moving)

    async def owners(self, path: str) -> tuple[str, ...]:
        """Whose conversations follow a notebook, or a folder, of that path; for the server's own use, never told."""
        return await self.store.owners(path)

    async def export(self, owner: str, session_id: str, kind: str, notebook_id: str | None = None) -> str:
        """The conversation up to its head as ``json``, ``md`` or ``ipynb`` text.

        Raises:
            NotFound: there is no such session.
            BadRequest: no such format.
        """
        session = await self.get(owner, session_id, notebook_id)
        return exports.export(session, await self.history(session, WHOLE), kind)

    async def import_json(
        self, owner: str, text: str, *, notebook_id: str | None = None, session_id: str | None = None
    ) -> Session:
        """A new conversation from a JSON export; its notebook and id are the exported ones unless said otherwise.

        Raises:
            BadRequest: it is no export; the message says where.
            TooLarge: there is more of it than is kept.
            VersionConflict: there is a session of that id already.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        check_owner(owner)
        read, turns = read_json(text, self._withholding)
        name = check_id(session_id or read.id or uuid.uuid4().hex, "session_id")
        for turn in turns:
            check_id(turn.id, "turn_id")
        source = replace(read, id=name, notebook_id=read.notebook_id if notebook_id is None else notebook_id)
        check_notebook(source.notebook_id)
        return await self._copy(source, turns, owner, name)

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
            NotFound: there is no such session.
        """
        token = secrets.token_urlsafe(24)
        share = _share_key(token)
        session = await self.get(owner, session_id, notebook_id)
        granted = {"mode": mode, "created_at": time.time()}
        session = await self._update(session, lambda one: _with_extra(one, "shares", {**_shares(one), share: granted}))
        now = time.time()
        extra: Mapping[str, Json] = MappingProxyType({"key": session.key, "created_at": session.created_at})
        await self.store.create(Session(share, share, "", "", created_at=now, last_activity=now, extra=extra))
        return token

    async def unshare(
        self, owner: str, session_id: str, notebook_id: str | None = None, *, token: str | None = None
    ) -> int:
        """Revoke one secret, or all; how many there were.

        Raises:
            NotFound: there is no such session.
        """
        session = await self.get(owner, session_id, notebook_id)
        revoked = [one for one in _shares(session) if token in (None, "") or one == _share_key(token or "")]

        def without(one: Session) -> Session:
            return _with_extra(one, "shares", {key: how for key, how in _shares(one).items() if key not in revoked})

        await self._update(session, without)
        for share in revoked:
            await self.store.delete(share)
        return len(revoked)

    async def shared(self, token: str) -> Session:
        """The conversation that a secret opens, to be read only.

        Raises:
            NotFound: no such secret, revoked, or the conversation is gone.
        """
        return (await self._shared(token))[0]

    async def copy_shared(self, owner: str, token: str, *, session_id: str | None = None) -> Session:
        """A conversation of one's own that begins as the shared one is now.

        Raises:
            NotFound: no such secret, revoked, or the conversation is gone.
            Forbidden: it may be read only.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        check_owner(owner)
        session, mode = await self._shared(token)
        if mode != "copy":
            raise Forbidden("This conversation is shared for reading only.")
        return await self._copy(session, await self.history(session, WHOLE), owner, session_id)

    async def close(self) -> None:
        """Let go of the store."""
        await self.store.close()

    async def _shared(self, token: str) -> tuple[Session, str]:
        share = _share_key(token)
        record = await self.store.read(share)
        session = None if record is None else await self.store.read(str(record.extra.get("key", "")))
        granted = None if session is None else _shares(session).get(share)
        if session is None or record is None or granted is None or self._too_old(session):
            raise NotFound(_NO_CONVERSATION)
        if record.extra.get("created_at") != session.created_at:
            raise NotFound(_NO_CONVERSATION)
        return session, str(granted["mode"])

    async def _move(self, session: Session, path: str) -> None:
        for _ in range(ATTEMPTS):
            try:
                await self._update_once(session.key, lambda one: replace(one, notebook_id=path))
            except VersionConflict:
                page = await self.store.find(session.owner, session_id=session.id, notebook_id=path, limit=1)
                for occupant in page.sessions:
                    other = f"{occupant.id[:100]}.{uuid.uuid4().hex[:8]}"
                    await self._update(occupant, lambda one, other=other: replace(one, id=other))  # type: ignore[misc]
            else:
                return

    def _without_secrets(self, given: Any) -> Any:
        return given if self._withholding is None else self._withholding.json(given)

    async def _update_once(self, key: str, change: Callable[[Session], Session]) -> None:
        current = await self.store.read(key)
        if current is not None:
            await self._commit(change(current))

    async def _update(self, session: Session, change: Callable[[Session], Session]) -> Session:
        async def changed(current: Session) -> Session:
            return change(current)

        return await self._change(session, changed)


def _with_extra(session: Session, name: str, value: Json) -> Session:
    return replace(session, extra=MappingProxyType({**session.extra, name: value}))


def _shares(session: Session) -> dict[str, Any]:
    """Secrets by their keys, with what each allows."""
    shares = session.extra.get("shares")
    return dict(shares) if isinstance(shares, Mapping) else {}


def _share_key(token: str) -> str:
    """The key of a secret's record; the secret itself is kept nowhere."""
    return f"share-{hashed(token)[:40]}"
