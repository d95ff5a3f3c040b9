"""All turns of this server: those that run, by owner and id, and for a moment those that have ended."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections import OrderedDict
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from jupyter_agent.core.errors import AgentError, Conflict, NotFound, TooManyRequests
from jupyter_agent.core.events import TERMINAL, ApprovalAsked, Cancelled, Done, Event, Failed, Interrupted, TurnStarted
from jupyter_agent.core.failure_log import request_id
from jupyter_agent.server.audit import Audit
from jupyter_agent.server.turns.observation import TurnObservation
from jupyter_agent.server.turns.permissions import Permissions
from jupyter_agent.server.turns.running_turn import RunningTurn
from jupyter_agent.server.turns.session_events import SessionEvent, SessionEvents

if TYPE_CHECKING:
    from jupyter_agent.agent.assistant import Assistant
    from jupyter_agent.core.question import Question

REMEMBERED = 1000
#: Ended turns are kept so long for readers that return, and so many characters of them.
KEPT_SECONDS = 30.0
MAX_KEPT = 8 * 1024 * 1024
#: After a turn with which a model's SDK was imported, until its objects are left out of garbage collection.
FREEZE_SECONDS = 1.0
_Key = tuple[str, str]


class RunningTurns:
    """All running turns of this server, by owner and turn id.

    Args:
        log: Gets errors that are not the user's.
        session_events: Where turns that begin and end are published.
        limit: How many may run for one owner.
        audit: Gets what they do.

    Attributes:
        permissions: What users have allowed for conversations.
    """

    def __init__(
        self,
        log: logging.Logger | logging.LoggerAdapter[logging.Logger],
        session_events: SessionEvents,
        limit: int = 20,
        audit: Audit | None = None,
    ) -> None:
        self.limit = limit
        self.permissions = Permissions()
        self._audit = audit or Audit()
        self._log = log
        self._session_events = session_events
        self._all: set[RunningTurn] = set()
        self._by_id: dict[_Key, RunningTurn] = {}
        self._ended: OrderedDict[_Key, RunningTurn] = OrderedDict()
        self._kept = 0
        self._sessions: OrderedDict[_Key, tuple[str, str]] = OrderedDict()

    def start(
        self,
        assistant: Assistant,
        owner: str,
        make_question: Callable[[RunningTurn], Question],
        warnings: tuple[str, ...] = (),
        *,
        published: bool = True,
        by: str | None = None,
    ) -> RunningTurn:
        """Begin to answer.

        Args:
            assistant: Who answers.
            owner: Whose turn it is.
            make_question: Makes the question; its approvals may be the turn's.
            warnings: For its end.
            published: Whether other pages learn of it; not of a conversation that is not stored.
            by: Name of the signed-in user.

        Raises:
            TooManyRequests: the owner has as many turns running as are allowed.
        """
        if sum(turn.owner == owner for turn in self._all) >= self.limit:
            raise TooManyRequests(f"{self.limit} questions are being answered for you now. Wait for one of them.")
        turn = RunningTurn(owner, warnings=warnings, published=published, permissions=self.permissions)
        question = make_question(turn)
        if question.answered_by is None:  # what is allowed for the conversation is for its own model
            question = replace(question, is_allowed=turn.is_allowed)
        turn.notebook_id, turn.kernel = question.notebook_id, question.kernel
        query = assistant.redactor.text(question.query)
        turn.observation = TurnObservation(self._audit, owner, turn.notebook_id, query, by=by)
        self._all.add(turn)
        if question.turn_id is not None:
            self._by_id.setdefault((owner, question.turn_id), turn)
        turn.task = asyncio.create_task(self._run(assistant, turn, question))
        return turn

    def get(self, owner: str, turn_id: str) -> RunningTurn | None:
        """The running turn; None when it has ended.

        Raises:
            NotFound: there is no such turn, or it is somebody else's.
        """
        turn = self._by_id.get((owner, turn_id))
        if turn is None and (owner, turn_id) not in self._sessions:
            raise NotFound("There is no such turn.")
        return turn

    def waiting(self, owner: str) -> list[tuple[RunningTurn, TurnStarted, ApprovalAsked]]:
        """What waits for an owner's approval, and in which turns."""
        begun = [(turn, turn.started) for turn in self._all if turn.owner == owner and turn.started is not None]
        return [(turn, started, asked) for turn, started in begun for asked in turn.pending_calls.approvals()]

    def find(self, owner: str, turn_id: str) -> RunningTurn | None:
        """The turn whose events are in memory: it runs, or has just ended."""
        return self._by_id.get((owner, turn_id)) or self._ended.get((owner, turn_id))

    def session_of(self, owner: str, turn_id: str) -> tuple[str, str] | None:
        """Ids of session and notebook of a turn that has ended here, if it is remembered."""
        return self._sessions.get((owner, turn_id))

    async def stop_session(
        self, owner: str, session_id: str, notebook_id: str | None = None, *, awaiting_client: bool = False
    ) -> None:
        """End the turns of a conversation, or only one that awaits its client's tools; another notebook's of that id go on."""
        for turn in tuple(self._all):
            same = turn.owner == owner and turn.started is not None and turn.started.session_id == session_id
            named = notebook_id is None or turn.notebook_id in ("", notebook_id)
            if same and named and (turn.awaits_client_tool or not awaiting_client):
                turn.stop("cancelled")
                await turn.ended()

    async def close(self) -> None:
        """End all turns, because the server stops; what was answered so far is kept, and the readers learn of it."""
        turns = tuple(self._all)
        for turn in turns:
            turn.stop("interrupted")
        await asyncio.gather(*(turn.ended() for turn in turns))
        await asyncio.gather(*(turn.drained() for turn in turns))

    async def _run(self, assistant: Assistant, turn: RunningTurn, question: Question) -> None:
        end: Event | BaseException | None = None
        try:
            async with aclosing(assistant.ask(question)) as events:
                async for event in events:
                    if event.event in TERMINAL:
                        end = event
                        continue
                    if isinstance(event, TurnStarted):
                        turn.started = event
                        self._by_id[turn.owner, event.turn_id] = turn
                        self._publish(turn, event, "started")
                    try:
                        if isinstance(event, ApprovalAsked):
                            await turn.remember_epoch(event)
                        turn.emit(event)
                        if turn.observation is not None:
                            turn.observation.on_event(event)
                        await turn.wait_for_capacity()
                    except asyncio.CancelledError as stop:
                        await events.athrow(stop)  # closed without it, the turn would be stored without the reason
        except (asyncio.CancelledError, AgentError) as error:
            end = end or _end_of(turn, error)
        except Exception as error:  # noqa: BLE001 - models and tools of others run in there
            self._log.error("jupyter-agent: request %s: a turn failed", request_id.get() or "-", exc_info=error)
            end = end or _end_of(turn, error)
        finally:
            if end is None:
                self._log.error("jupyter-agent: request %s: a turn ended without an end", request_id.get() or "-")
                end = _end_of(turn, RuntimeError("The turn ended without an answer."))
            self._end(turn, question.turn_id, end)

    def _end(self, turn: RunningTurn, asked_id: str | None, end: Event | BaseException) -> None:
        """Give its readers the end, and keep it for a moment for those that return."""
        self._all.discard(turn)
        if turn.observation is not None:
            turn.observation.end(end)
        if isinstance(end, BaseException):
            turn.log.close(end)
        else:
            turn.emit(replace(end, warnings=(*turn.warnings, *end.warnings)) if isinstance(end, Done) else end)
            turn.log.close()
            if turn.started is not None:
                self._publish(turn, turn.started, "ended")
        turn_id = turn.started.turn_id if turn.started is not None else asked_id
        if turn_id is not None and self._by_id.get((turn.owner, turn_id)) is turn:
            key = (turn.owner, turn_id)
            del self._by_id[key]
            self._sessions[key] = (turn.started.session_id if turn.started is not None else "", turn.notebook_id)
            while len(self._sessions) > REMEMBERED:
                self._sessions.popitem(last=False)
            self._forget(key, self._ended.get(key))
            self._ended[key] = turn
            self._kept += turn.log.size
            while self._kept > MAX_KEPT and len(self._ended) > 1:
                self._forget(*next(iter(self._ended.items())))
            asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, key, turn)
        if "openai" in sys.modules:
            asyncio.get_running_loop().call_later(FREEZE_SECONDS, freeze_imports)

    def _forget(self, key: _Key, turn: RunningTurn | None) -> None:
        if turn is not None and self._ended.get(key) is turn:
            del self._ended[key]
            self._kept -= turn.log.size

    def _publish(self, turn: RunningTurn, started: TurnStarted, status: Literal["started", "ended"]) -> None:
        if turn.published:
            event = SessionEvent(started.session_id, turn.notebook_id, started.turn_id, status)
            self._session_events.publish(turn.owner, event)


def _end_of(turn: RunningTurn, error: BaseException) -> Event | BaseException:
    """Before the turn began what ended it is the response; afterwards it is the last event."""
    started, stopped = turn.started, isinstance(error, asyncio.CancelledError)
    if started is None and stopped:
        cancelled = turn.stopped == "cancelled"
        return Conflict("The turn was cancelled.") if cancelled else AgentError("The server stops. Ask again.")
    if started is None:
        return error
    if stopped:
        kind = Interrupted if turn.stopped == "interrupted" else Cancelled
        return kind(started.session_id, started.turn_id, turn.log.text)
    if isinstance(error, AgentError):
        return Failed.from_error(error)
    message = (
        f"Something went wrong in the assistant; the server's log has it as {request_id.get() or 'a turn failed'}."
    )
    return Failed(message, "internal", retryable=False, status=500)


@cache
def freeze_imports() -> None:
    """Leave what lives now out of garbage collection, once for the process.

    The SDK's hundreds of thousands of objects live until the process ends. Each full collection would walk through them and
    hold the event loop for 100 ms or more, and with it all answers that are streamed.
    """
    gc.collect()
    gc.freeze()
