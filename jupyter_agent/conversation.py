"""Which conversation a door with one user goes on with, and what was said in it."""

from __future__ import annotations

from typing import Any

from jupyter_agent.errors import NotFound
from jupyter_agent.session import Session
from jupyter_agent.session_manager import SessionManager

LOCAL = "local"  # as the server, too, calls its user where it knows only one


class Conversation:
    """A notebook's newest conversation, so that every door goes on where another stopped.

    Without a notebook it is the one that this object has begun itself.

    Args:
        sessions: Where conversations are kept.
    """

    def __init__(self, sessions: SessionManager) -> None:
        self._sessions = sessions
        self._begun = ""

    def begun(self, session_id: str) -> None:
        """Remember the session that a question was answered in."""
        self._begun = session_id

    async def session_id(self, notebook_id: str, named: str = "") -> str | None:
        """The session that the next question belongs to; None starts one.

        Args:
            notebook_id: Of the notebook asked about; empty without one.
            named: What the user said; it wins.
        """
        if named or not notebook_id:
            return named or self._begun or None
        newest = (await self._sessions.find(LOCAL, notebook_id=notebook_id, limit=1)).sessions
        return newest[0].id if newest else None

    async def history(self, notebook_id: str, named: str = "", *, turns: int) -> list[dict[str, Any]]:
        """The last `turns` questions and answers, oldest first: ``role`` and ``content`` of each."""
        session = await self._session(notebook_id, named)
        said = () if session is None else await self._sessions.history(session, turns)
        return [
            {"role": role, "content": content}
            for turn in said
            for role, content in (("user", turn.question), ("assistant", turn.reply))
        ]

    async def clear(self, notebook_id: str, named: str = "") -> bool:
        """Forget the conversation; False if there was none."""
        session = await self._session(notebook_id, named)
        self._begun = "" if not named else self._begun
        if session is None:
            return False
        await self._sessions.clear(LOCAL, session.id, session.notebook_id)
        return True

    async def _session(self, notebook_id: str, named: str) -> Session | None:
        session_id = await self.session_id(notebook_id, named)
        try:
            return None if session_id is None else await self._sessions.get(LOCAL, session_id, notebook_id or None)
        except NotFound:
            return None
