"""Conversations: list, info, history, title, clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.agent.turn import steps as turn_steps
from jupyter_agent.core.messages import to_json
from jupyter_agent.server.base_handler import AgentHandler
from jupyter_agent.server.encoding import timestamp

if TYPE_CHECKING:
    from jupyter_agent.core.session import Session, Turn
    from jupyter_agent.server.services import Services
    from jupyter_agent.server.wire.sessions import AnswerStep, ClearedReply, HistoryEntry, SessionChange, SessionReply


def session_to_json(session: Session) -> SessionReply:
    """A conversation without its turns."""
    pending = session.pending_undo
    return {
        "session_id": session.id,
        "notebook_id": session.notebook_id,
        "turn_count": session.turn_count,
        "turns": session.turns,
        "last_activity": timestamp(session.last_activity),
        "variables": list(session.variables),
        "title": session.title,
        "metadata": to_json(session.metadata),
        "head": session.head,
        "created_at": timestamp(session.created_at),
        "pending_undo": None if pending is None else {"kind": pending.kind, "turn_id": pending.turn_id},
        "running": None if session.open is None else {"turn_id": session.open.id, "question": session.open.question},
    }


def history_to_json(turns: tuple[Turn, ...], entries: int) -> list[HistoryEntry]:
    """The last entries of a conversation, oldest first; a question and its answer are two."""
    history: list[HistoryEntry] = []
    for turn in turns:
        history.append(
            {
                "role": "user",
                "content": turn.question,
                "turn_id": turn.id,
                "created_at": timestamp(turn.started),
                "parent": turn.parent,
            }
        )
        history.append(
            {
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
                "seconds": turn.seconds,
            }
        )
    return history[-entries:]


def steps_to_json(turn: Turn) -> list[AnswerStep]:
    """Texts and tool calls of a turn before its answer, in order, as in its events; results are shortened."""
    steps: list[AnswerStep] = []
    for step in turn_steps(turn):
        if isinstance(step, str):
            steps.append({"text": step})
            continue
        steps.append(
            {
                "call_id": step.action.call_id,
                "tool": step.action.tool,
                "effect": step.action.effect,
                "status": step.action.status,
                "arguments": step.call.parsed_arguments(),
                "title": step.action.title,
                "icon": step.action.icon,
                "content": step.content,
            }
        )
    return steps


class ConversationsHandler(AgentHandler):
    """All conversations of one user."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """One page, newest activity first."""
        given = self.query_parameters()
        owner, notebook_id, sessions = self.owner, given["notebook_id"], self.services.assistant.sessions
        page = await sessions.find(
            owner, notebook_id=notebook_id, text=given["q"], limit=given["limit"], cursor=given["cursor"]
        )
        default = None
        if notebook_id and not given["q"] and not given["cursor"]:
            default_id = await sessions.default_session_id(owner, notebook_id, interactive=True)
            if default_id is not None:
                default = session_to_json(await sessions.get(owner, default_id, notebook_id))
        listed = [session_to_json(session) for session in page.sessions]
        self.reply({"sessions": listed, "cursor": page.cursor, "default_session": default})


class ConversationHandler(AgentHandler):
    """One conversation."""

    @web.authenticated
    @authorized
    async def get(self, session_id: str) -> None:
        """Its summary."""
        session_id = self.path_parameters(session_id=session_id)["session_id"]
        notebook = self.query_parameters()["notebook_id"]
        self.reply(session_to_json(await self.services.assistant.sessions.get(self.owner, session_id, notebook)))

    @web.authenticated
    @authorized
    async def delete(self, session_id: str) -> None:
        """Clear it; a turn that is being answered is stopped."""
        session_id = self.path_parameters(session_id=session_id)["session_id"]
        notebook = self.query_parameters()["notebook_id"]
        self.reply(await clear(self.services, self.owner, session_id, notebook))


class RenamableConversationHandler(ConversationHandler):
    """One conversation, under our own path."""

    @web.authenticated
    @authorized
    async def patch(self, session_id: str) -> None:
        """Set its title and its metadata."""
        session_id = self.path_parameters(session_id=session_id)["session_id"]
        notebook = self.query_parameters()["notebook_id"]
        body: SessionChange = await self.json_body()
        changed = await self.services.assistant.sessions.rename(
            self.owner, session_id, notebook_id=notebook, **body.given()
        )
        self.reply(session_to_json(changed))


class HistoryHandler(AgentHandler):
    """The history of one conversation."""

    @web.authenticated
    @authorized
    async def get(self, session_id: str) -> None:
        """Its last entries."""
        session_id = self.path_parameters(session_id=session_id)["session_id"]
        given = self.query_parameters()
        sessions = self.services.assistant.sessions
        session = await sessions.get(self.owner, session_id, given["notebook_id"])
        turns = await sessions.tree.history(session, (given["max_turns"] + 1) // 2)
        entries = history_to_json(turns, given["max_turns"])
        self.reply({"session_id": session.id, "turn_count": session.turn_count, "history": entries})


async def clear(services: Services, owner: str, session_id: str, notebook_id: str | None) -> ClearedReply:
    """Stop the turns of a conversation, then clear it.

    Raises:
        NotFound: there is no such conversation.
        AmbiguousSession: several notebooks have one of that id, and none is named.
    """
    await services.turns.stop_session(owner, session_id, notebook_id)
    await services.assistant.sessions.clear(owner, session_id, notebook_id)
    return {"status": "cleared", "session_id": session_id}
