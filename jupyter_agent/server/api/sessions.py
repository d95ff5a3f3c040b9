"""Conversations: list, info, history, title, delete and restore; export to JSON, Markdown or a notebook, import of the JSON."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING

from jupyter_agent.agent.turn import steps as turn_steps
from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.events import Grounding
from jupyter_agent.core.messages import to_json
from jupyter_agent.core.pictures import PICTURES, newest_kept
from jupyter_agent.server.base_handler import AgentHandler
from jupyter_agent.server.encoding import timestamp
from jupyter_agent.sessions.export import MEDIA_TYPES

if TYPE_CHECKING:
    from jupyter_agent.core.session import Session, Turn
    from jupyter_agent.server.services import Services
    from jupyter_agent.server.wire.sessions import (
        AnswerStep,
        ClearedReply,
        ExportedSession,
        HistoryEntry,
        PermissionsReply,
        SessionChange,
        SessionReply,
    )

#: Base64 characters of a history's pictures.
MAX_HISTORY_PICTURES = 16 << 20


def session_to_json(session: Session) -> SessionReply:
    """A conversation without its turns."""
    pending = session.pending_undo
    return {
        "session_id": session.id,
        "notebook_id": session.notebook_id,
        "turn_count": session.turn_count,
        "turns": session.depth,
        "last_activity": timestamp(session.last_activity),
        "variables": list(session.variables),
        "title": session.title,
        "metadata": to_json(session.metadata),
        "head": session.head,
        "created_at": timestamp(session.created_at),
        "pending_undo": None if pending is None else {"kind": pending.kind, "turn_id": pending.turn_id},
        "running": None if session.open is None else {"turn_id": session.open.id, "question": session.open.question},
    }


def history_to_json(turns: tuple[Turn, ...], entries: int, *, picture_bytes: int = -1) -> list[HistoryEntry]:
    """The last entries of a conversation, oldest first; a question and its answer are two.

    Args:
        turns: Oldest first.
        entries: How many.
        picture_bytes: Characters of its pictures, of the newest questions first; of the others it is said what they were.
    """
    history: list[HistoryEntry] = []
    for turn, extra in zip(turns, newest_kept([turn.extra for turn in turns], picture_bytes), strict=True):
        question: HistoryEntry = {
            "role": "user",
            "content": turn.question,
            "turn_id": turn.id,
            "created_at": timestamp(turn.started),
            "parent": turn.parent,
        }
        if pictures := to_json(extra.get(PICTURES)):
            question["pictures"] = pictures
        answer: HistoryEntry = {
            "role": "assistant",
            "content": turn.reply,
            "turn_id": turn.id,
            "created_at": timestamp(turn.started + turn.seconds),
            "status": turn.status,
            "error": turn.error,
            "model": turn.model,
            "finish_reason": turn.finish_reason,
            "actions": to_json(turn.actions),
            "steps": steps_to_json(turn),
            "usage": to_json(turn.usage),
            "grounding": to_json(Grounding.of_kept(turn.extra)),
            "seconds": turn.seconds,
        }
        history += question, answer
    return history[-entries:]


def steps_to_json(turn: Turn) -> list[AnswerStep]:
    """Texts and tool calls of a turn before its answer, in order, as in its events; results are shortened."""
    return [
        {"text": step}
        if isinstance(step, str)
        else {
            "call_id": step.action.call_id,
            "tool": step.action.tool,
            "effect": step.action.effect,
            "status": step.action.status,
            "arguments": step.call.parsed_arguments(),
            "title": step.action.title,
            "icon": step.action.icon,
            "content": step.content,
        }
        for step in turn_steps(turn)
    ]


class ConversationsHandler(AgentHandler):
    """One page of a user's conversations, newest activity first."""

    async def get(self) -> None:
        given = self.query_parameters()
        notebook_id, text, limit, cursor = (given[name] for name in ("notebook_id", "q", "limit", "cursor"))
        page = await self.sessions.find(self.owner, notebook_id=notebook_id, text=text, limit=limit, cursor=cursor)
        default = None
        if notebook_id and not text and not cursor:
            default_id = await self.sessions.default_session_id(self.owner, notebook_id, interactive=True)
            if default_id is not None:
                default = session_to_json(await self.sessions.get(self.owner, default_id, notebook_id))
        listed = [session_to_json(session) for session in page.sessions]
        self.reply({"sessions": listed, "cursor": page.cursor, "default_session": default})


class ConversationHandler(AgentHandler):
    """One conversation: its summary; or delete it, and stop a turn that is being answered."""

    async def get(self, session_id: str) -> None:
        self.reply(session_to_json(await self.sessions.get(*self.locate(session_id))))

    async def delete(self, session_id: str) -> None:
        self.reply(await delete(self.services, *self.locate(session_id), self.user_name))


class RenamableConversationHandler(ConversationHandler):
    """One conversation, under our own path; its title and metadata can be set."""

    async def patch(self, session_id: str) -> None:
        body: SessionChange = await self.json_body()
        owner, session_id, notebook_id = self.locate(session_id)
        session = await self.sessions.rename(owner, session_id, notebook_id=notebook_id, **body.given())
        self.reply(session_to_json(session))


class HistoryHandler(AgentHandler):
    """The last entries of one conversation's history."""

    async def get(self, session_id: str) -> None:
        session = await self.sessions.get(*self.locate(session_id))
        given = self.query_parameters()
        limit, room = given["max_turns"], MAX_HISTORY_PICTURES if given["pictures"] else -1
        turns = await self.sessions.tree.history(session, (limit + 1) // 2)
        known = {"session_id": session.id, "turn_count": session.turn_count}
        await self.reply_made(lambda: {**known, "history": history_to_json(turns, limit, picture_bytes=room)})


class PermissionsHandler(AgentHandler):
    """``…/permissions``: what the user has allowed for the conversation, and taking it back."""

    async def get(self, session_id: str) -> None:
        session = await self.sessions.get(*self.locate(session_id))
        self._reply(session)

    async def delete(self, session_id: str) -> None:
        session = await self.sessions.get(*self.locate(session_id))
        self.services.turns.permissions.revoke(session, self.query_parameters()["effect"])
        self._reply(session)

    def _reply(self, session: Session) -> None:
        effects = list(self.services.turns.permissions.standing(session))
        permissions: PermissionsReply = {"session_id": session.id, "effects": effects}
        self.reply(permissions)


class ExportHandler(AgentHandler):
    """``GET …/export``: the conversation up to its head, to be saved."""

    async def get(self, session_id: str) -> None:
        owner, session_id, notebook = self.locate(session_id)
        kind = self.query_parameters()["format"]
        text = await self.sessions.export(owner, session_id, kind, notebook)
        name = f"conversation-{session_id.replace(':', '_')}.{kind}"
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        data = await asyncio.to_thread(text.encode, errors="replace")
        self.audit_session("exported", session_id, notebook, format=kind, size=len(data))
        self.finish(data, set_content_type=f"{MEDIA_TYPES[kind]}; charset=UTF-8")


class ImportHandler(AgentHandler):
    """``POST /api/agent/sessions/import``. Whole conversations are posted, hence the larger bodies."""

    max_body = 16 * 1024 * 1024

    async def post(self) -> None:
        """A new conversation with the notebook and the id of the exported one."""
        from msgspec import structs

        exported: ExportedSession = await self.json_body()
        text = await asyncio.to_thread(json.dumps, structs.asdict(exported))
        session = await self.sessions.import_json(self.owner, text)
        self.audit_session("imported", session.id, session.notebook_id, size=len(text))
        self.reply(session_to_json(session))


class RestoreHandler(AgentHandler):
    """``POST …/restore``: take a deletion back."""

    async def post(self, session_id: str) -> None:
        """The conversation as it was; its id is another where that id was used again since."""
        session = await self.sessions.restore(*self.locate(session_id))
        self.audit_session("restored", session.id, session.notebook_id)
        self.reply(session_to_json(session))


async def delete(services: Services, owner: str, session_id: str, notebook_id: str | None, by: str) -> ClearedReply:
    """Stop the turns of a conversation, then delete it.

    Raises:
        NotFound: there is no such conversation.
        AmbiguousSession: several notebooks have one of that id, and none is named.
    """
    await services.turns.stop_session(owner, session_id, notebook_id)
    sessions = services.assistant.sessions
    with suppress(AgentError):  # one that cannot be read has no permissions, and is deleted too
        services.turns.permissions.revoke(await sessions.get(owner, session_id, notebook_id))
    deletion = await sessions.delete(owner, session_id, notebook_id)
    services.audit.emit("session", action="deleted", owner=owner, by=by, session_id=session_id, notebook_id=notebook_id)
    until = deletion.restorable_until
    return {
        "status": "cleared",
        "session_id": session_id,
        "restorable_until": None if until is None else timestamp(until),
    }


class CleanupHandler(AgentHandler):
    """``POST /api/agent/sessions/cleanup``: delete one's expired conversations."""

    async def post(self) -> None:
        removed = await self.sessions.log.cleanup(self.owner)
        self.audit_session("cleaned_up", None, size=removed)
        self.reply({"removed": removed})
