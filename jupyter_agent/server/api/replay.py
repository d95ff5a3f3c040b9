"""Conversations in which the server asks: a replay of their questions, a summary in the model's words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_agent.agent.replay import replay, replay_question
from jupyter_agent.core.errors import BadRequest, Conflict
from jupyter_agent.core.events import Done, Event
from jupyter_agent.core.question import Question
from jupyter_agent.server import identity
from jupyter_agent.server.api.requests import parse_request
from jupyter_agent.server.api.sessions import session_to_json
from jupyter_agent.server.base_handler import AgentHandler
from jupyter_agent.server.turns.running_turn import TurnFailed

if TYPE_CHECKING:
    from jupyter_agent.core.session import Session, Turn
    from jupyter_agent.server.wire.sessions import ReplayRequest, SummaryRequest

SUMMARIZE = (
    "Summarize our conversation so far for somebody who will go on with it: what was asked, what was found out, what is "
    "still open. Keep names of variables, columns and cells, and numbers. At most 200 words, no preamble."
)


class AskingHandler(AgentHandler):
    """Asks questions for the client, one after the other, until the client disconnects."""

    async def answer_to(self, question: Question) -> Event:
        """The last event of a question's turn.

        Raises:
            AgentError: the turn could not begin.
        """
        if self.disconnected:
            raise Conflict("Nobody waits for the answer any more.")
        turn = self.services.turns.start(self.services.assistant, self.owner, lambda _: question, by=self.user_name)
        self.on_disconnect = partial(turn.stop, "cancelled")
        try:
            return await turn.last_event()
        finally:
            turn.stop("cancelled")


class ReplayHandler(AskingHandler):
    """``POST …/replay``: ask the questions again, as long as one request may take; earlier answers stay if one fails."""

    async def post(self, session_id: str) -> None:
        from jupyter_agent.server.wire.turns import QuestionContext, QuickRequest

        body: ReplayRequest = await self.json_body()
        self.services.assistant.model(body.model)
        planned = await self.sessions.tree.replay(*self.locate(session_id), first=body.first, last=body.last)

        async def answer(session: Session, turn: Turn, seconds: float) -> Event:
            # As if the user asked it now, of the kernel and the notebook as they are, but no code runs a second time.
            context = QuestionContext(session_id=session.id, notebook_id=session.notebook_id)
            request = QuickRequest(query=turn.question, model=body.model, context=context)
            question = (await parse_request(self, request, streaming=False)).question
            return await self.answer_to(replay_question(question, turn, seconds))

        replayed = await replay(self.sessions, planned, answer, self.services.options.deadline_seconds)
        result = {"turns": replayed.turns, "left": replayed.left, "stopped": replayed.stopped}
        self.reply({"session": session_to_json(replayed.session), **result})


class SummarizeHandler(AskingHandler):
    """``POST …/summarize``: keep the summary that was sent, else the model's."""

    async def post(self, session_id: str) -> None:
        body: SummaryRequest = await self.json_body()
        owner, session_id, notebook = self.locate(session_id)
        text, turn_id = body.summary, body.turn_id
        if text is None:
            if turn_id is not None:
                raise BadRequest("'turn_id' needs a 'summary'; the model summarizes up to the last turn.")
            session = await self.sessions.get(owner, session_id, notebook)
            text = await self._ask_for_summary(session, body.model)
            turn_id, notebook = session.head, session.notebook_id
        stored = await self.sessions.summarize(owner, session_id, text, notebook, turn_id=turn_id)
        summary: Any = stored.extra["summary"]
        self.reply({"session_id": stored.id, "summary": summary["text"], "turn_id": summary["turn_id"]})

    async def _ask_for_summary(self, session: Session, model: str | None) -> str:
        """The model's summary, asked for in a copy of the conversation, which is then deleted."""
        if session.head is None:
            raise BadRequest("There is nothing to summarize yet.")
        self.services.assistant.model(model)
        copy = await self.sessions.tree.branch(session.owner, session.id, session.notebook_id)
        question = Question(
            owner=session.owner,
            user=identity.settings_owner(self),
            query=SUMMARIZE,
            session_id=copy.id,
            notebook_id=copy.notebook_id,
            model=model,
            effects=frozenset(),
            is_streamed=False,
            deadline_seconds=min(self.user_options.deadline_seconds, self.user_options.quick_deadline_seconds),
        )
        try:
            end = await self.answer_to(question)
            if not isinstance(end, Done):
                raise TurnFailed(end)
            return end.reply
        finally:
            await self.sessions.clear(copy.owner, copy.id, copy.notebook_id)
