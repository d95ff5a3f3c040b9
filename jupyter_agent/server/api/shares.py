"""Conversations that are shared by a secret: given, read, copied, revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_agent.server.api.sessions import history_to_json, session_to_json
from jupyter_agent.server.base_handler import AgentHandler
from jupyter_agent.server.encoding import timestamp

if TYPE_CHECKING:
    from jupyter_agent.server.wire.sessions import ShareRequest

SHARED_TURNS = 1000


class ShareHandler(AgentHandler):
    """``POST`` and ``DELETE …/share``."""

    async def post(self, session_id: str) -> None:
        """A secret for others; it is shown this once and not stored."""
        body: ShareRequest = await self.json_body()
        owner, session_id, notebook = self.locate(session_id)
        mode = body.mode or "read"
        secret = await self.sessions.share(owner, session_id, notebook, mode=mode)
        self.audit_session("shared", session_id, notebook, mode=mode)
        self.reply({"session_id": session_id, "secret": secret, "mode": mode})

    async def delete(self, session_id: str) -> None:
        """Revoke one secret, or all."""
        owner, session_id, notebook = self.locate(session_id)
        revoked = await self.sessions.unshare(owner, session_id, notebook, token=self.query_parameters()["secret"])
        self.audit_session("unshared", session_id, notebook, size=revoked)
        self.reply({"session_id": session_id, "revoked": revoked})


class SharedConversationHandler(AgentHandler):
    """``GET /api/agent/shared/{secret}``: its history; neither its owner nor its notebook."""

    async def get(self, secret: str) -> None:
        session, mode = await self.sessions.shared(secret)
        self.audit_session("read_shared", session.id, mode=mode)
        turns = await self.sessions.tree.history(session, SHARED_TURNS)
        shared = {
            "title": session.title,
            "turn_count": session.turn_count,
            "created_at": timestamp(session.created_at),
        }
        # Nobody can look for secrets in pictures: others learn that there were some.
        await self.reply_made(lambda: {**shared, "history": history_to_json(turns, 2 * SHARED_TURNS)})


class CopySharedHandler(AgentHandler):
    """``POST /api/agent/shared/{secret}/copy``: a conversation of one's own that begins as a copy of the shared one."""

    async def post(self, secret: str) -> None:
        session = await self.sessions.copy_shared(self.owner, secret)
        self.audit_session("copied", session.id, session.notebook_id)
        self.reply(session_to_json(session))
