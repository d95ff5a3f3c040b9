"""Conversations in which we ask ourselves: a replay of their questions, a summary in the model's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_agent.agent.replay import replay, replay_question
from jupyter_agent.core.errors import BadRequest, Conflict
from jupyter_agent.core.messages import TERMINAL, Done, Event
from jupyter_agent.core.question import Question
from jupyter_agent.server.api.quick import ending
from jupyter_agent.server.api.requests import understand
from jupyter_agent.server.api.session_tree import CREATED, TreeHandler
from jupyter_agent.server.api.sessions import session_json
from jupyter_agent.server.base_handler import envelope

if TYPE_CHECKING:
    from jupyter_agent.core.session import Session
    from jupyter_agent.server.turns.running_turns import RunningTurn

SUMMARIZE = (
    "Summarize our conversation so far for somebody who will go on with it: what was asked, what was found out, what is "
    "still open. Keep names of variables, columns and cells, and numbers. At most 200 words, no preamble."
)


class AskingHandler(TreeHandler):
    """Asks questions for the client, one after the other; when the client leaves, the asking ends."""

    _turn: RunningTurn | None = None
    _left = False

    def on_connection_close(self) -> None:
        """Nobody waits for the answers any more."""
        self._left = True
        if self._turn is not None:
            self._turn.stop("cancelled")
        super().on_connection_close()

    async def answer_to(self, question: Question) -> Event:
        """The last event of a question's turn.

        Raises:
            AgentError: the turn could not begin.
        """
        if self._left:
            raise Conflict("Nobody waits for the answer any more.")
        self._turn = turn = self.services.turns.start(self.services.assistant, self.owner, lambda _: question)
        try:
            return [event async for event in turn.events() if event.event in TERMINAL][-1]
        finally:
            turn.stop("cancelled")


class ReplayHandler(AskingHandler):
    """``POST …/replay``."""

    @web.authenticated
    @authorized
    async def post(self, session_id: str) -> None:
        """Ask the questions again, as long as one request may take; what was answered stays if one fails."""
        body = await self.optional_body()
        self.services.assistant.model(body.get("model"))
        place = self.place(session_id)
        planned = await self.sessions.tree.replay(*place, first=body.get("from"), last=body.get("to"))
        model = body.get("model")

        async def answer(session: Session, question: str, seconds: float) -> Event:
            return await self.answer_to(await self._question(session, question, model, seconds))

        replayed = await replay(self.sessions, planned, answer, self.services.options.deadline_seconds)
        self.reply(
            {
                "session": session_json(replayed.session),
                "turns": replayed.turns,
                "left": replayed.left,
                "stopped": replayed.stopped,
            },
            CREATED,
        )

    async def _question(self, session: Session, text: str, model: str | None, seconds: float) -> Question:
        """As if the user asked it now, of the kernel and the notebook as they are, but nothing is run a second time."""
        body: dict[str, Any] = {"query": text, "model": model}
        body["context"] = {"session_id": session.id, "notebook_id": session.notebook_id}
        return replay_question((await understand(self, body, streaming=False)).question, seconds)


class SummarizeHandler(AskingHandler):
    """``POST …/summarize``."""

    @web.authenticated
    @authorized
    async def post(self, session_id: str) -> None:
        """Keep the summary that was sent, else the model's."""
        body = await self.optional_body()
        owner, session_id, notebook = self.place(session_id)
        text, turn_id = body.get("summary"), body.get("turn_id")
        if text is None:
            if turn_id is not None:
                raise BadRequest("'turn_id' needs a 'summary'; the model summarizes up to the last turn.")
            session = await self.sessions.get(owner, session_id, notebook)
            last = await self._written(session, body.get("model"))
            if not isinstance(last, Done):
                status, message, code, retryable = ending(last)
                self.reply(envelope(message, code, retryable, self.request_id), status)
                return
            text, turn_id, notebook = last.reply, session.head, session.notebook_id
        kept = await self.sessions.summarize(owner, session_id, text, notebook, turn_id=turn_id)
        told: Any = kept.extra["summary"]
        self.reply({"session_id": kept.id, "summary": told["text"], "turn_id": told["turn_id"]})

    async def _written(self, session: Session, model: str | None) -> Event:
        """How it ended when the model was asked in a copy of the conversation, which is then thrown away."""
        if session.head is None:
            raise BadRequest("There is nothing to summarize yet.")
        self.services.assistant.model(model)
        copy = await self.sessions.tree.branch(session.owner, session.id, session.notebook_id)
        question = Question(
            owner=session.owner,
            query=SUMMARIZE,
            session_id=copy.id,
            notebook_id=copy.notebook_id,
            model=model,
            effects=frozenset(),
            deadline_seconds=self.services.options.quick_deadline_seconds,
        )
        try:
            return await self.answer_to(question)
        finally:
            await self.sessions.clear(copy.owner, copy.id, copy.notebook_id)
