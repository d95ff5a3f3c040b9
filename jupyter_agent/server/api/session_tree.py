"""Conversations as trees: undo, redo, branch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from jupyter_agent.core.errors import BadRequest
from jupyter_agent.server import identity
from jupyter_agent.server.api.requests import notebook_of
from jupyter_agent.server.api.sessions import session_to_json
from jupyter_agent.server.base_handler import AgentHandler
from jupyter_agent.server.encoding import timestamp
from jupyter_agent.sessions.undo import Undone

if TYPE_CHECKING:
    from jupyter_agent.core.protocols import Notebook
    from jupyter_agent.core.session import UndoKind
    from jupyter_agent.server.wire.sessions import (
        BranchRequest,
        GoRequest,
        TurnInfo,
        TurnsReply,
        UndoRequest,
    )

SHOWN_CHARACTERS = 300


class UndoHandler(AgentHandler):
    """``POST …/undo``: undo the newest turn and its edits of the notebook."""

    kind: ClassVar[UndoKind] = "undo"

    async def post(self, session_id: str) -> None:
        """Restore the notebook here, have the page do it, or leave it; then move the head.

        What the page restores takes two requests: the head moves with the second one, which names the operation.
        """
        body: UndoRequest = await self.json_body()
        edits, operation = body.edits or "server", body.operation
        if body.cancel and operation is None:
            raise BadRequest("'cancel' needs the 'operation' that is not to be done.")
        history, end = self.services.assistant.edit_history, self.sessions.tree.end_undo
        owner, session_id, notebook_id = self.locate(session_id)
        if operation is not None:
            undone = Undone(await end(owner, session_id, notebook_id, operation, is_applied=not body.cancel))
        elif edits == "client":
            undone = await history.begin(self.kind, owner, session_id, notebook_id)
            if not undone.changes:
                path = undone.session.notebook_id
                session = await end(owner, session_id, path, undone.operation, is_applied=True)
                undone = replace(undone, session=session, operation="")
        else:
            session = await self.sessions.get(owner, session_id, notebook_id)
            notebook: Notebook | None = None
            if edits == "server" and session.notebook_id and await identity.allowed(self, "write", "contents"):
                notebook = await notebook_of(self, session.notebook_id, None, [])
            undone = await history.apply(
                self.kind, owner, session_id, session.notebook_id, notebook=notebook, dry_run=edits == "none"
            )
        if (operation is not None and not body.cancel) or (edits == "server" and undone.changes and not undone.problem):
            self.services.audit.emit(
                "edit",
                owner=owner,
                by=self.user_name,
                tool=self.kind,
                session_id=undone.session.id,
                notebook_id=undone.session.notebook_id,
            )
        changes = undone.to_json() if edits != "none" else Undone(undone.session).to_json()
        self.reply({**session_to_json(undone.session), "edits": changes})


class RedoHandler(UndoHandler):
    """``POST …/redo``: redo the turn that was undone last, and its edits of the notebook."""

    kind = "redo"


class GoHandler(AgentHandler):
    """``POST …/go``: make another turn the head; every branch stays."""

    async def post(self, session_id: str) -> None:
        body: GoRequest = await self.json_body()
        owner, session_id, notebook = self.locate(session_id)
        self.reply(session_to_json(await self.sessions.tree.set_head(owner, session_id, body.turn_id, notebook)))


class TurnsHandler(AgentHandler):
    """``GET …/turns``: the whole tree in short."""

    async def get(self, session_id: str) -> None:
        session = await self.sessions.get(*self.locate(session_id))
        turns = await self.sessions.tree.all_turns(session)

        def tree() -> TurnsReply:
            shown: list[TurnInfo] = [
                {
                    "turn_id": turn.id,
                    "parent": turn.parent,
                    "question": turn.question[:SHOWN_CHARACTERS],
                    "status": turn.status,
                    "model": turn.model,
                    "created_at": timestamp(turn.started),
                }
                for turn in turns
            ]
            return {"session_id": session.id, "head": session.head, "can_redo": bool(session.redo), "turns": shown}

        await self.reply_made(tree)


class BranchHandler(AgentHandler):
    """``POST …/branch``: a new conversation up to a turn."""

    async def post(self, session_id: str) -> None:
        body: BranchRequest = await self.json_body()
        branch = await self.sessions.tree.branch(*self.locate(session_id), turn_id=body.turn_id)
        self.reply(session_to_json(branch))
