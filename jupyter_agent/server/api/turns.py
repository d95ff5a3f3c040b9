"""Turns: ask, follow, cancel, answer what waits; and the stream of what changes in a user's conversations."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from jupyter_agent.agent.turn import stored_events
from jupyter_agent.core.errors import ApprovalStale, BadRequest, NotFound
from jupyter_agent.core.events import Done
from jupyter_agent.core.messages import to_json
from jupyter_agent.server.api.requests import parse_request
from jupyter_agent.server.base_handler import AgentHandler
from jupyter_agent.server.encoding import KEEP_ALIVE, frame, numbered
from jupyter_agent.server.turns.pending_calls import Answer
from jupyter_agent.server.turns.running_turn import TurnFailed
from jupyter_agent.server.turns.sse import CONTENT_TYPE, StreamingHandler

if TYPE_CHECKING:
    from jupyter_agent.core.events import Event
    from jupyter_agent.core.question import Question
    from jupyter_agent.server.turns.running_turn import RunningTurn
    from jupyter_agent.server.turns.session_events import SessionEvent
    from jupyter_agent.server.wire.turns import ApprovalsReply, CallAnswer, PendingApproval, QuickRequest


#: Of a question with its cells and pictures.
QUESTION_BYTES = 16 * 1024 * 1024
QUESTION_TOO_LARGE = "Send fewer or smaller pictures, and cells without large outputs."


class QuickHandler(StreamingHandler):
    """``POST …/quick``: one turn, in one piece or as a stream.

    Errors before the turn begins have their own status, in a stream too. Cells and pictures are posted, hence the larger bodies.
    """

    max_body = QUESTION_BYTES
    too_large = QUESTION_TOO_LARGE

    async def post(self) -> None:
        body: QuickRequest = await self.json_body()
        accepts_stream = CONTENT_TYPE in self.request.headers.get("Accept", "")
        stream = accepts_stream if body.stream is None else body.stream
        if not stream and (name := "run" if body.run else "edit" if body.edit else ""):
            raise BadRequest(f"'{name}' needs the stream, which asks the caller to do it; set 'stream' to true.")
        request = await parse_request(self, body, streaming=stream)

        def question(turn: RunningTurn) -> Question:
            if not stream:
                return request.question
            # The stream's reader can approve and, if it says so, run the turn's code and edit its notebook.
            run = turn.run if body.run == "client" else None
            notebook = request.open_notebook(turn.edit) if request.open_notebook else request.question.notebook
            return replace(request.question, decide=turn.decide, run=run, notebook=notebook)

        turn = self.services.turns.start(
            self.services.assistant, self.owner, question, request.warnings, by=self.user_name
        )
        # A reader that knows the turn's id can return; one that runs its code is lost with the connection.
        may_return = body.run is None and (stream or request.question.turn_id is not None)
        self.on_disconnect = unsubscribe = partial(turn.unsubscribe, turn.subscribe(), may_return=may_return)
        try:
            if stream:
                await self.stream(numbered(turn.log.read()))
            else:
                end = await turn.last_event()
                if not isinstance(end, Done):
                    raise TurnFailed(end, turn.started)
                self.reply(end)
        finally:
            unsubscribe()


class ContextHandler(AgentHandler):
    """``POST …/context``: what a question would send to its model, and its tokens by part; nothing is sent or stored."""

    max_body = QUESTION_BYTES
    too_large = QUESTION_TOO_LARGE

    async def post(self) -> None:
        request = await parse_request(self, await self.json_body(), streaming=False)
        preview = await self.services.assistant.preview(request.question)
        self.reply({**preview, "warnings": [*request.warnings, *preview["warnings"]]})


class TurnEventsHandler(StreamingHandler):
    """``GET …/turns/{turn_id}/events``: those after the last one that the client has; with `turn` first, all of them."""

    async def get(self, turn_id: str) -> None:
        text = self.request.headers.get("Last-Event-ID", "").strip() or "0"
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise BadRequest("Last-Event-ID must be the id of an event of this turn: a whole number.")
        turn = self.services.turns.find(self.owner, turn_id)
        if turn is None:
            await self.stream(numbered(self._stored_events(turn_id)))
            return
        reader = turn.subscribe()
        try:
            await self.stream(numbered(turn.log.read(int(text))))
        finally:
            turn.unsubscribe(reader, may_return=True)

    async def _stored_events(self, turn_id: str) -> AsyncGenerator[tuple[int, Event], None]:
        given = self.query_parameters()
        known = self.services.turns.session_of(self.owner, turn_id)
        session_id, notebook_id = known or (given["session_id"], given["notebook_id"])
        if session_id:
            session = await self.sessions.get(self.owner, session_id, notebook_id)
            turn = await self.sessions.store.turn(session.key, turn_id)
            if turn is not None:
                for number, event in enumerate(stored_events(session, turn, self.services.assistant.tools), 1):
                    yield number, event
                return
        raise NotFound("There is no such turn. If it ended long ago, say which conversation with session_id.")


class CancelHandler(AgentHandler):
    """``POST …/turns/{turn_id}/cancel``: stop it and wait until it is stored; once it has ended, nothing happens."""

    async def post(self, turn_id: str) -> None:
        turn = self.services.turns.get(self.owner, turn_id)
        if turn is not None:
            turn.stop("cancelled")
            await turn.ended()
        self.reply({"status": "ended" if turn is None else "cancelled", "turn_id": turn_id})


class ActionHandler(AgentHandler):
    """``POST …/turns/{turn_id}/actions/{call_id}``: the user's decision, or what came of code or edits of the caller's."""

    max_body = 8 * 1024 * 1024
    max_entries = 1_000_000  # a cell comes with its outputs, and a plot is long lists of numbers

    async def post(self, turn_id: str, call_id: str) -> None:
        body: CallAnswer = await self.json_body()
        given = body.given()
        turn = self.services.turns.get(self.owner, turn_id)
        if turn is None:
            raise ApprovalStale("The turn has ended; nothing waits for this answer any more.")
        answer = Answer(given.get("decision") == "approve", given.get("result"), given.get("words") or "")
        stands = given.get("scope") == "conversation"
        await turn.answer(call_id, given.get("digest"), answer, for_conversation=stands)
        if turn.observation is not None and answer.result is None:
            turn.observation.answered(call_id, "approve" if answer.approved else "deny", self.user_name)
        self.reply({"status": "accepted", "call_id": call_id})


class ApprovalsHandler(AgentHandler):
    """``GET …/approvals``: what waits for the user's approval, of one notebook or of all; ``…/actions/{call_id}`` answers it."""

    async def get(self) -> None:
        notebook_id = self.query_parameters()["notebook_id"]
        approvals: list[PendingApproval] = [
            {
                "session_id": started.session_id,
                "notebook_id": turn.notebook_id,
                "turn_id": started.turn_id,
                "call_id": asked.call_id,
                "tool": asked.tool,
                "effect": asked.effect,
                "effects": list(asked.effects),
                "arguments": to_json(
                    asked.arguments
                ),  # nothing is withheld from who is to allow it, as in the turn's stream
                "digest": asked.digest,
                "preview": asked.preview,
                "reasons": list(asked.reasons),
                "may_stand": asked.may_stand,
                "title": asked.title,
                "icon": asked.icon,
                "display": asked.display,
            }
            for turn, started, asked in self.services.turns.waiting(self.owner)
            if notebook_id in (None, turn.notebook_id)
        ]
        reply: ApprovalsReply = {"approvals": approvals}
        self.reply(reply)


class SessionEventsHandler(StreamingHandler):
    """``GET …/events``: the changes from now on, of one notebook's conversations or of all."""

    async def get(self) -> None:
        notebook_id = self.query_parameters()["notebook_id"]
        with self.services.session_events.subscribe(self.owner) as events:
            await self.stream(_frames(events, notebook_id))


async def _frames(events: AsyncGenerator[SessionEvent, None], notebook_id: str | None) -> AsyncGenerator[bytes, None]:
    number = 0
    yield KEEP_ALIVE  # from here on the client misses nothing
    async with aclosing(events):
        async for event in events:
            if notebook_id is None or event.notebook_id in ("", notebook_id):
                number += 1
                yield frame(number, event)
