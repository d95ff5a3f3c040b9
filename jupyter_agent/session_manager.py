"""Keyed by notebook and session id; the only writer to a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from jupyter_agent.errors import AmbiguousSession, BadRequest, NotFound, TurnInProgress, VersionConflict
from jupyter_agent.messages import Json
from jupyter_agent.protocols import Page
from jupyter_agent.session import Session, Turn
from jupyter_agent.session_turns import ATTEMPTS, Begun, SessionTurns, belongs_to, check_id, interrupted

__all__ = ["Begun", "SessionManager"]

MAX_LISTED = 200


class SessionManager(SessionTurns):
    """What may be done with conversations; each belongs to one owner, and others' are as unknown ones."""

    async def history(self, session: Session, limit: int = 100) -> tuple[Turn, ...]:
        """At most `limit` of the newest turns on the way to the head, oldest first; an abandoned one is shown as such."""
        left = () if session.open is None or await self._live(session) else (interrupted(session),)
        if session.head is None or limit <= len(left):
            return left[:limit]
        return (*await self.store.path(session.key, session.head, limit - len(left)), *left)

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

        Raises:
            BadRequest: a limit outside 1 to 200, or a cursor of another list.
        """
        if not 1 <= limit <= MAX_LISTED:
            raise BadRequest(f"limit must be between 1 and {MAX_LISTED}.")
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
                title=session.title if title is None else title,
                metadata=session.metadata if metadata is None else metadata,
            )

        return await self._change(await self.get(owner, session_id, notebook_id), renamed)

    async def clear(self, owner: str, session_id: str, notebook_id: str | None = None) -> None:
        """Forget a session and its turns; a turn being answered is lost to it.

        Raises:
            NotFound: there is no such session.
            AmbiguousSession: several notebooks have one of that id, and none is named.
        """
        check_id(session_id, "session_id")
        page = await self.store.find(owner, session_id=session_id, notebook_id=notebook_id, limit=2)
        if len(page.sessions) > 1:
            raise AmbiguousSession("Several notebooks have a conversation of that id. Say which with notebook_id.")
        if not page.sessions or not await self.store.delete(page.sessions[0].key):
            raise NotFound("There is no such conversation.")

    async def close(self) -> None:
        """Let go of the store."""
        await self.store.close()

    async def _change(self, session: Session, change: Callable[[Session], Session]) -> Session:
        """Commit a change of the head, made anew from the stored head while others change it too."""
        for _ in range(ATTEMPTS):
            try:
                return await self._commit(change(session))
            except VersionConflict:
                current = await self.store.read(session.key)
                if current is None:
                    raise NotFound("There is no such conversation.") from None
                session = current
        raise TurnInProgress("The conversation changes too fast. Try again in a moment.")
