"""Slash commands on the conversations of one local user: of the command line, and of IPython without a server."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from jupyter_agent.agent.replay import Answer, replay
from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.protocols import Notebook
from jupyter_agent.core.session import Session
from jupyter_agent.kernelside.magic import session_commands
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.undo import EditHistory

REPLAY_SECONDS = 600.0


class LocalConversation:
    """The newest conversation of a notebook, so that one front end continues where another stopped.

    Without a notebook it is the one that this object has begun itself. A conversation that the user chooses with a command
    stays the current one until a question was asked in it: from then on it is the newest.

    Args:
        sessions: Where conversations are kept.
        owner: Whose they are.
        edit_history: What turns did to notebooks; without it undo and redo leave notebooks as they are.
    """

    def __init__(self, sessions: SessionManager, owner: str, edit_history: EditHistory | None = None) -> None:
        self._sessions = sessions
        self.owner = owner
        self._edit_history = edit_history
        self._last = ""
        self._chosen = ""
        self._deleted = ""

    def set_last_session(self, session_id: str) -> None:
        """Remember the session that a question was answered in."""
        self._last, self._chosen = session_id, ""

    async def session_id(self, notebook_id: str, named: str = "") -> str | None:
        """The session that the next question belongs to; None starts one.

        Args:
            notebook_id: Of the notebook asked about; empty without one.
            named: The session that the user named; it wins.
        """
        if named or self._chosen or not notebook_id:
            return named or self._chosen or self._last or None
        return await self._sessions.default_session_id(self.owner, notebook_id, interactive=True)

    async def history(self, notebook_id: str, named: str = "", *, turns: int) -> list[dict[str, Any]]:
        """The last `turns` questions and answers, oldest first: ``role`` and ``content`` of each."""
        session = await self._session(notebook_id, named)
        found = () if session is None else await self._sessions.tree.history(session, turns)
        return [
            {"role": role, "content": content}
            for turn in found
            for role, content in (("user", turn.question), ("assistant", turn.reply))
        ]

    async def current(self, notebook_id: str, named: str = "") -> dict[str, Any]:
        """The current conversation in short; empty where there is none."""
        session = await self._session(notebook_id, named)
        return {} if session is None else summary(session)

    async def execute(
        self,
        name: str,
        argument: str,
        notebook_id: str,
        named: str = "",
        *,
        answer: Answer,
        notebook: Notebook | None = None,
        seconds: float = REPLAY_SECONDS,
    ) -> dict[str, Any]:
        """Execute one of `session_commands.NAMES`; the answer is that of the REST route.

        Args:
            name: The command.
            argument: What follows it.
            notebook_id: Of the current notebook; empty without one.
            named: The session that the user named.
            answer: Asks a question again, with the model that `argument` names, if it does.
            notebook: The current notebook, which undo and redo restore.
            seconds: Time for asking again.

        Raises:
            NotFound: there is no such conversation, or it has no turn yet.
            Conflict: there is nothing to undo or redo.
        """
        sessions = self._sessions
        if name == "sessions":
            page = await sessions.find(self.owner, notebook_id=notebook_id or None, text=argument, limit=20)
            return {"sessions": [summary(session) for session in page.sessions]}
        if name == "use":
            self._chosen = ""
            if not argument:
                return {}
            session = await sessions.get(self.owner, argument, notebook_id or None)
            self._chosen = session.id
            return summary(session)
        if name == "restore":
            if not (argument or self._deleted):
                raise NotFound(session_commands.NOTHING_TO_RESTORE)
            restored = await sessions.restore(self.owner, argument or self._deleted)
            self._chosen = restored.id
            return summary(restored)
        current = await self._session(notebook_id, named)
        if name == "clear":
            self._chosen = uuid4().hex
            return {"session_id": "" if current is None else current.id}
        if current is None:
            raise NotFound(session_commands.NO_TURNS)
        key = (self.owner, current.id, current.notebook_id)
        match name:
            case "replay":
                planned = await sessions.tree.replay(*key)
                self._chosen = current.id
                replayed = await replay(sessions, planned, answer, seconds)
                return {
                    "session_id": current.id,
                    "session": summary(replayed.session),
                    "turns": replayed.turns,
                    "left": replayed.left,
                    "stopped": replayed.stopped,
                }
            case "delete":
                deletion = await sessions.delete(*key)
                self._deleted, self._chosen = current.id, uuid4().hex
                until = deletion.restorable_until
                day = None if until is None else datetime.fromtimestamp(until).astimezone().isoformat()
                return {"session_id": current.id, "restorable_until": day}
            case "undo" | "redo" if self._edit_history is not None:
                undone = await self._edit_history.apply(name, *key, notebook=notebook)
                return {**summary(undone.session), "edits": undone.to_json()}
            case "export":
                kind = session_commands.export_format(argument)
                return {"text": await sessions.export(self.owner, current.id, kind, current.notebook_id)}
            case "share" if argument == "off":
                return {"revoked": await sessions.unshare(*key)}
            case "share":
                mode: Literal["read", "copy"] = "copy" if argument == "copy" else "read"
                return {"secret": await sessions.share(*key, mode=mode), "mode": mode}
            case "undo" | "redo":
                return summary(await sessions.tree.move_head(name, *key))
        branch = await sessions.tree.branch(*key)
        self._chosen = branch.id
        return summary(branch)

    async def _session(self, notebook_id: str, named: str) -> Session | None:
        session_id = await self.session_id(notebook_id, named)
        try:
            return None if session_id is None else await self._sessions.get(self.owner, session_id, notebook_id or None)
        except NotFound:
            return None


def summary(session: Session) -> dict[str, Any]:
    """A conversation without its turns, as JSON data."""
    return {
        "session_id": session.id,
        "notebook_id": session.notebook_id,
        "title": session.title,
        "turn_count": session.turn_count,
        "turns": session.depth,
    }
