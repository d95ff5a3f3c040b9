"""Conversations: list, info, history, title, clear; under our own path and under Jupyter's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.services.sessions.handlers import SessionHandler
from tornado import web

from jupyter_agent.agent.turn import steps as stored_steps
from jupyter_agent.core.errors import AgentError, NotFound
from jupyter_agent.core.messages import to_json
from jupyter_agent.server import identity
from jupyter_agent.server.base_handler import AUTH_RESOURCE, AgentHandler
from jupyter_agent.server.encoding import json_text, timestamp

if TYPE_CHECKING:
    from jupyter_agent.core.session import Session, Turn
    from jupyter_agent.server.services import Services


def session_json(session: Session) -> dict[str, Any]:
    """A conversation in short."""
    return {
        "session_id": session.id,
        "notebook_id": session.notebook_id,
        "turn_count": session.turn_count,
        "last_activity": timestamp(session.last_activity),
        "variables": list(session.variables),
        "title": session.title,
        "metadata": to_json(session.metadata),
        "head": session.head,
        "created_at": timestamp(session.created_at),
        "running": None if session.open is None else {"turn_id": session.open.id, "question": session.open.question},
    }


def history_json(turns: tuple[Turn, ...], entries: int) -> list[dict[str, Any]]:
    """The last entries of a conversation, oldest first; a question and its answer are two."""
    found: list[dict[str, Any]] = []
    for turn in turns:
        asked = timestamp(turn.started)
        question = {"role": "user", "content": turn.question, "turn_id": turn.id, "created_at": asked}
        found.append({**question, "parent": turn.parent})
        found.append(_answer_json(turn))
    return found[-entries:]


def steps_json(turn: Turn) -> list[dict[str, Any]]:
    """What was answered and done, in order, as in the turn's events; results are shortened."""
    found: list[dict[str, Any]] = []
    for step in stored_steps(turn):
        if isinstance(step, str):
            found.append({"text": step})
            continue
        found.append(
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
    return found


def _answer_json(turn: Turn) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": turn.reply,
        "turn_id": turn.id,
        "created_at": timestamp(turn.started + turn.seconds),
        "status": turn.status,
        "error": turn.error,
        "model": turn.model,
        "finish_reason": turn.finish_reason,
        "actions": to_json(turn.actions),
        "steps": steps_json(turn),
        "usage": to_json(turn.usage),
        "seconds": turn.seconds,
    }


class ConversationsHandler(AgentHandler):
    """All conversations of one user."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """One page, newest activity first."""
        asked = self.query_parameters()
        page = await self.services.assistant.sessions.find(
            self.owner,
            notebook_id=asked["notebook_id"],
            text=asked["q"],
            limit=asked["limit"],
            cursor=asked["cursor"],
        )
        self.reply({"sessions": [session_json(one) for one in page.sessions], "cursor": page.cursor})


class ConversationHandler(AgentHandler):
    """One conversation."""

    @web.authenticated
    @authorized
    async def get(self, session_id: str) -> None:
        """It in short."""
        session_id = self.path_parameters(session_id=session_id)["session_id"]
        notebook = self.query_parameters()["notebook_id"]
        self.reply(session_json(await self.services.assistant.sessions.get(self.owner, session_id, notebook)))

    @web.authenticated
    @authorized
    async def delete(self, session_id: str) -> None:
        """Forget it; a turn that is being answered is stopped."""
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
        body = await self.json_body()
        changed = await self.services.assistant.sessions.rename(
            self.owner, session_id, notebook_id=notebook, title=body.get("title"), metadata=body.get("metadata")
        )
        self.reply(session_json(changed))


class HistoryHandler(AgentHandler):
    """What was said in one conversation."""

    @web.authenticated
    @authorized
    async def get(self, session_id: str) -> None:
        """Its last entries."""
        session_id = self.path_parameters(session_id=session_id)["session_id"]
        asked = self.query_parameters()
        sessions = self.services.assistant.sessions
        session = await sessions.get(self.owner, session_id, asked["notebook_id"])
        turns = await sessions.tree.history(session, (asked["max_turns"] + 1) // 2)
        entries = history_json(turns, asked["max_turns"])
        self.reply({"session_id": session.id, "turn_count": session.turn_count, "history": entries})


class SharedSessionHandler(SessionHandler):
    """``/api/sessions/{id}`` where the id could be one of Jupyter's: Jupyter answers for every id that it knows.

    For an id that neither knows, Jupyter's own error goes out as it is.
    """

    def initialize(self, services: Services) -> None:
        """Take what all handlers share."""
        self.services = services

    @web.authenticated
    @authorized
    async def get(self, session_id: str) -> None:
        """Jupyter's kernel session, else our conversation of that id."""
        try:
            await _done(super().get(session_id))
        except web.HTTPError as error:
            ours = await self._ours(session_id, error)
            self.finish(json_text(session_json(ours)))

    @web.authenticated
    @authorized
    async def delete(self, session_id: str) -> None:
        """Jupyter's kernel session, else our conversation of that id."""
        try:
            sessions: Any = self.session_manager
            await sessions.get_session(session_id=session_id)
        except web.HTTPError as error:
            ours = await self._ours(session_id, error)
            owner = self._owner()
            self.finish(json_text(await clear(self.services, owner, session_id, ours.notebook_id)))
        else:
            await _done(super().delete(session_id))

    def _owner(self) -> str:
        return identity.owner(self, self.services.options.session_scope)

    async def _ours(self, session_id: str, jupyters: web.HTTPError) -> Session:
        """Our conversation of that id; whatever goes wrong on the way, Jupyter's own answer stands."""
        action = "read" if self.request.method == "GET" else "write"
        if jupyters.status_code != 404 or not await identity.allowed(self, action, AUTH_RESOURCE):
            raise jupyters
        try:
            notebook = self.get_query_argument("notebook_id", None)
            return await self.services.assistant.sessions.get(self._owner(), session_id, notebook)
        except AgentError as error:
            if not isinstance(error, NotFound):
                self.log.warning("jupyter-agent: conversations cannot be read: %s", error.code)
            raise jupyters from error


async def _done(work: Any) -> None:
    """Jupyter's own methods, whose types allow for None."""
    await work


async def clear(services: Services, owner: str, session_id: str, notebook_id: str | None) -> dict[str, str]:
    """Stop what a conversation is answering, then forget it.

    Raises:
        NotFound: there is no such conversation.
        AmbiguousSession: several notebooks have one of that id, and none is named.
    """
    await services.turns.stop_session(owner, session_id, notebook_id)
    await services.assistant.sessions.clear(owner, session_id, notebook_id)
    return {"status": "cleared", "session_id": session_id}
