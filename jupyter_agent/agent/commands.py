"""Which conversation a door with one user goes on with, and what was said in it."""

from __future__ import annotations

from typing import Any, Literal
from uuid import uuid4

from jupyter_agent.agent.replay import Answer, Replayed, replay
from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.protocols import Notebook
from jupyter_agent.core.session import Session
from jupyter_agent.kernelside.magic import session_commands
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.undo import EditHistory

REPLAY_SECONDS = 600.0
LOCAL = "local"  # as the server, too, calls its user where it knows only one


class Conversation:
    """A notebook's newest conversation, so that every door goes on where another stopped.

    Without a notebook it is the one that this object has begun itself. What the user chooses with a command goes on until
    a question was asked in it: from then on it is the newest.

    Args:
        sessions: Where conversations are kept.
        edit_history: What turns did to notebooks; without it undo and redo leave notebooks as they are.
    """

    def __init__(self, sessions: SessionManager, edit_history: EditHistory | None = None) -> None:
        self._sessions = sessions
        self._edit_history = edit_history
        self._begun = ""
        self._chosen = ""

    def begun(self, session_id: str) -> None:
        """Remember the session that a question was answered in."""
        self._begun, self._chosen = session_id, ""

    async def session_id(self, notebook_id: str, named: str = "") -> str | None:
        """The session that the next question belongs to; None starts one.

        Args:
            notebook_id: Of the notebook asked about; empty without one.
            named: What the user said; it wins.
        """
        if named or self._chosen or not notebook_id:
            return named or self._chosen or self._begun or None
        return await self._sessions.default_session_id(LOCAL, notebook_id, interactive=True)

    async def history(self, notebook_id: str, named: str = "", *, turns: int) -> list[dict[str, Any]]:
        """The last `turns` questions and answers, oldest first: ``role`` and ``content`` of each."""
        session = await self._session(notebook_id, named)
        said = () if session is None else await self._sessions.tree.history(session, turns)
        return [
            {"role": role, "content": content}
            for turn in said
            for role, content in (("user", turn.question), ("assistant", turn.reply))
        ]

    async def clear(self, notebook_id: str, named: str = "") -> bool:
        """Forget the conversation, so that the next question starts afresh; False if there was none."""
        session = await self._session(notebook_id, named)
        self._chosen = uuid4().hex
        if session is None:
            return False
        await self._sessions.clear(LOCAL, session.id, session.notebook_id)
        return True

    async def operate(
        self,
        name: str,
        rest: str,
        notebook_id: str,
        named: str = "",
        *,
        answer: Answer,
        notebook: Notebook | None = None,
        seconds: float = REPLAY_SECONDS,
    ) -> dict[str, Any]:
        """Do what one of `session_commands.NAMES` says, as the REST door would.

        Args:
            name: The command.
            rest: What stands behind it.
            notebook_id: Of the notebook at hand; empty without one.
            named: The session that the user named.
            answer: Asks a question again, with the model that `rest` names, if it does.
            notebook: The notebook at hand, which undo and redo restore.
            seconds: Time for asking again.

        Raises:
            NotFound: there is no such conversation, or nothing has been said yet.
            Conflict: there is nothing to undo or redo.
        """
        if name == "sessions":
            page = await self._sessions.find(LOCAL, notebook_id=notebook_id or None, text=rest, limit=20)
            return {"sessions": [_in_short(one) for one in page.sessions]}
        if name == "use":
            return await self._use(rest, notebook_id)
        session = await self._session(notebook_id, named)
        if session is None:
            raise NotFound(session_commands.NO_TURNS)
        if name == "replay":
            planned = await self._sessions.tree.replay(LOCAL, session.id, session.notebook_id)
            self._chosen = session.id
            return _compared(session, await replay(self._sessions, planned, answer, seconds))
        if name in ("undo", "redo") and self._edit_history is not None:
            return await self._moved(name, session, self._edit_history, notebook)
        return await self._done(name, rest, session)

    async def _moved(
        self, name: str, session: Session, edit_history: EditHistory, notebook: Notebook | None
    ) -> dict[str, Any]:
        move = edit_history.undo if name == "undo" else edit_history.redo
        undone = await move(LOCAL, session.id, session.notebook_id, notebook=notebook)
        return {**_in_short(undone.session), "edits": undone.to_json()}

    async def _use(self, session_id: str, notebook_id: str) -> dict[str, Any]:
        if not session_id:
            self._chosen = ""
            return {}
        session = await self._sessions.get(LOCAL, session_id, notebook_id or None)
        self._chosen = session.id
        return _in_short(session)

    async def _done(self, name: str, rest: str, session: Session) -> dict[str, Any]:
        sessions, place = self._sessions, (LOCAL, session.id, session.notebook_id)
        if name == "export":
            return {
                "text": await sessions.export(
                    LOCAL, session.id, session_commands.export_format(rest), session.notebook_id
                )
            }
        if name == "share" and rest == "off":
            return {"revoked": await sessions.unshare(*place)}
        if name == "share":
            mode: Literal["read", "copy"] = "copy" if rest == "copy" else "read"
            return {"secret": await sessions.share(*place, mode=mode), "mode": mode}
        change = {"undo": sessions.tree.undo, "redo": sessions.tree.redo, "branch": sessions.tree.branch}[name]
        changed = await change(*place)
        if name == "branch":
            self._chosen = changed.id
        return _in_short(changed)

    async def _session(self, notebook_id: str, named: str) -> Session | None:
        session_id = await self.session_id(notebook_id, named)
        try:
            return None if session_id is None else await self._sessions.get(LOCAL, session_id, notebook_id or None)
        except NotFound:
            return None


def _compared(session: Session, replayed: Replayed) -> dict[str, Any]:
    return {
        "session_id": session.id,
        "session": _in_short(replayed.session),
        "turns": replayed.turns,
        "left": replayed.left,
        "stopped": replayed.stopped,
    }


def _in_short(session: Session) -> dict[str, Any]:
    return {
        "session_id": session.id,
        "notebook_id": session.notebook_id,
        "title": session.title,
        "turn_count": session.turn_count,
    }
