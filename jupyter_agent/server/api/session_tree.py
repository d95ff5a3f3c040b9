"""Conversations as trees: undo, redo, branch; which of them others may see; what is too old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.server import identity
from jupyter_agent.server.api.requests import notebook_of
from jupyter_agent.server.api.sessions import history_json, session_json
from jupyter_agent.server.base_handler import AgentHandler
from jupyter_agent.server.encoding import timestamp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jupyter_agent.core.protocols import Notebook
    from jupyter_agent.sessions.manager import SessionManager
    from jupyter_agent.sessions.undo import Undone

CREATED = 201
SHARED_TURNS = 1000
SHOWN_CHARACTERS = 300


class TreeHandler(AgentHandler):
    """The base of what is done with one conversation as a whole."""

    @property
    def sessions(self) -> SessionManager:
        """Where conversations are kept."""
        return self.services.assistant.sessions

    def place(self, session_id: str) -> tuple[str, str, str | None]:
        """Owner, id and notebook of the conversation that the address names.

        Raises:
            BadRequest: no conversation can have that id.
        """
        session_id = self.path_parameters(session_id=session_id)["session_id"]
        return self.owner, session_id, self.query_parameters()["notebook_id"]

    async def optional_body(self) -> dict[str, Any]:
        """The checked body; empty where none was sent.

        Raises:
            BadRequest, UnsupportedMedia, TooLarge: it is not what the document says.
        """
        return await self.json_body() if self._received else {}


class UndoHandler(TreeHandler):
    """``POST …/undo``."""

    @web.authenticated
    @authorized
    async def post(self, session_id: str) -> None:
        """Take the newest turn back, and what it did to the notebook."""
        await self.walk(session_id, self.services.assistant.edit_history.undo)

    async def walk(self, session_id: str, way: Callable[..., Awaitable[Undone]]) -> None:
        """Move the head; the notebook is restored here, by the page, or not at all."""
        edits = (await self.optional_body()).get("edits") or "server"
        owner, session_id, notebook_id = self.place(session_id)
        session = await self.sessions.get(owner, session_id, notebook_id)
        notebook = await self._notebook(session.notebook_id) if edits == "server" else None
        undone = await way(owner, session_id, session.notebook_id, notebook=notebook, dry_run=edits != "server")
        told = undone.to_json() if edits != "none" else {"changes": [], "left": [], "problem": ""}
        self.reply({**session_json(undone.session), "edits": told})

    async def _notebook(self, path: str) -> Notebook | None:
        """The stored notebook, if the user may write it."""
        if not path or not await identity.allowed(self, "write", "contents"):
            return None
        return await notebook_of(self, path, None, [])


class RedoHandler(UndoHandler):
    """``POST …/redo``."""

    @web.authenticated
    @authorized
    async def post(self, session_id: str) -> None:
        """Bring it again, and what it did to the notebook."""
        await self.walk(session_id, self.services.assistant.edit_history.redo)


class GoHandler(TreeHandler):
    """``POST …/go``."""

    @web.authenticated
    @authorized
    async def post(self, session_id: str) -> None:
        """Go on from another turn; every branch stays."""
        body = await self.json_body()
        owner, session_id, notebook = self.place(session_id)
        self.reply(session_json(await self.sessions.tree.set_head(owner, session_id, body["turn_id"], notebook)))


class TurnsHandler(TreeHandler):
    """``GET …/turns``."""

    @web.authenticated
    @authorized
    async def get(self, session_id: str) -> None:
        """The whole tree in short."""
        session = await self.sessions.get(*self.place(session_id))
        turns = [
            {
                "turn_id": one.id,
                "parent": one.parent,
                "question": one.question[:SHOWN_CHARACTERS],
                "status": one.status,
                "model": one.model,
                "created_at": timestamp(one.started),
            }
            for one in await self.sessions.tree.all_turns(session)
        ]
        self.reply({"session_id": session.id, "head": session.head, "can_redo": bool(session.redo), "turns": turns})


class BranchHandler(TreeHandler):
    """``POST …/branch``."""

    @web.authenticated
    @authorized
    async def post(self, session_id: str) -> None:
        """A new conversation up to a turn."""
        body = await self.optional_body()
        made = await self.sessions.tree.branch(*self.place(session_id), turn_id=body.get("turn_id"))
        self.reply(session_json(made), CREATED)


class ShareHandler(TreeHandler):
    """``POST`` and ``DELETE …/share``."""

    @web.authenticated
    @authorized
    async def post(self, session_id: str) -> None:
        """A secret for others; it is shown this once and kept nowhere."""
        body = await self.optional_body()
        owner, session_id, notebook = self.place(session_id)
        mode: Literal["read", "copy"] = "copy" if body.get("mode") == "copy" else "read"
        secret = await self.sessions.share(owner, session_id, notebook, mode=mode)
        self.reply({"session_id": session_id, "secret": secret, "mode": mode}, CREATED)

    @web.authenticated
    @authorized
    async def delete(self, session_id: str) -> None:
        """Revoke one secret, or all."""
        owner, session_id, notebook = self.place(session_id)
        revoked = await self.sessions.unshare(owner, session_id, notebook, token=self.query_parameters()["secret"])
        self.reply({"session_id": session_id, "revoked": revoked})


class SharedConversationHandler(TreeHandler):
    """``GET /api/agent/shared/{secret}``."""

    @web.authenticated
    @authorized
    async def get(self, secret: str) -> None:
        """What was said in it; not whose it is, nor where."""
        session = await self.sessions.shared(self.path_parameters(secret=secret)["secret"])
        turns = await self.sessions.tree.history(session, SHARED_TURNS)
        self.reply(
            {
                "title": session.title,
                "turn_count": session.turn_count,
                "created_at": timestamp(session.created_at),
                "history": history_json(turns, 2 * SHARED_TURNS),
            }
        )


class CopySharedHandler(TreeHandler):
    """``POST /api/agent/shared/{secret}/copy``."""

    @web.authenticated
    @authorized
    async def post(self, secret: str) -> None:
        """A conversation of one's own that begins as the shared one is now."""
        secret = self.path_parameters(secret=secret)["secret"]
        self.reply(session_json(await self.sessions.copy_shared(self.owner, secret)), CREATED)


class CleanupHandler(TreeHandler):
    """``POST /api/agent/sessions/cleanup``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Forget one's conversations that are older than is kept."""
        self.reply({"removed": await self.sessions.log.cleanup(self.owner)})
