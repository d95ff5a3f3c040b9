"""All turns of this server: those that run, by whom, and for a moment those that have ended."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from jupyter_agent.core.errors import AgentError, Conflict, NotFound, TooManyRequests
from jupyter_agent.core.messages import TERMINAL, Cancelled, Done, Event, Failed, Interrupted, TurnStarted
from jupyter_agent.server import metrics
from jupyter_agent.server.turns.running_turn import RunningTurn
from jupyter_agent.server.turns.session_events import Feed, SessionEvent

if TYPE_CHECKING:
    from jupyter_agent.agent.assistant import Assistant
    from jupyter_agent.core.question import Question

__all__ = ["RunningTurn", "Turns"]

REMEMBERED = 1000
#: What has ended is kept so long for readers that come back, and so much of it, in characters.
KEPT_SECONDS = 30.0
MAX_KEPT = 8 * 1024 * 1024
_Key = tuple[str, str]


class Turns:
    """All running turns of this server, by owner and turn id.

    Args:
        log: Told of errors that are not the user's.
        feed: Told of turns that begin and end.
        most: How many may run for one owner.
    """

    def __init__(self, log: logging.Logger | logging.LoggerAdapter[logging.Logger], feed: Feed, most: int = 20) -> None:
        self.most = most
        self._log = log
        self._feed = feed
        self._all: set[RunningTurn] = set()
        self._by_id: dict[_Key, RunningTurn] = {}
        self._ended: OrderedDict[_Key, RunningTurn] = OrderedDict()
        self._kept = 0
        self._places: OrderedDict[_Key, tuple[str, str]] = OrderedDict()

    def start(
        self,
        assistant: Assistant,
        owner: str,
        question: Callable[[RunningTurn], Question],
        warnings: tuple[str, ...] = (),
        *,
        told: bool = True,
    ) -> RunningTurn:
        """Begin to answer; the question may lean on the turn for its approvals.

        Args:
            assistant: Who answers.
            owner: Whose turn it is.
            question: Made for the turn.
            warnings: For its end.
            told: Whether other pages are told of it; not of a conversation that nobody keeps.

        Raises:
            TooManyRequests: the owner has as many turns running as are allowed.
        """
        if sum(one.owner == owner for one in self._all) >= self.most:
            raise TooManyRequests(f"{self.most} questions are being answered for you now. Wait for one of them.")
        turn = RunningTurn(owner, warnings=warnings, told_elsewhere=told)
        asked = question(turn)
        turn.notebook_id, turn.kernel = asked.notebook_id, asked.kernel
        self._all.add(turn)
        if asked.turn_id is not None:
            self._by_id.setdefault((owner, asked.turn_id), turn)
        turn.run_as(asyncio.create_task(self._run(assistant, turn, asked)))
        return turn

    def get(self, owner: str, turn_id: str) -> RunningTurn | None:
        """The running turn; None when it has ended.

        Raises:
            NotFound: there is no such turn, or it is somebody else's.
        """
        turn = self._by_id.get((owner, turn_id))
        if turn is None and (owner, turn_id) not in self._places:
            raise NotFound("There is no such turn.")
        return turn

    def readable(self, owner: str, turn_id: str) -> RunningTurn | None:
        """The turn whose events are at hand: it runs, or has just ended."""
        return self._by_id.get((owner, turn_id)) or self._ended.get((owner, turn_id))

    def place(self, owner: str, turn_id: str) -> tuple[str, str] | None:
        """Session and notebook of a turn that has ended here, if it is remembered."""
        return self._places.get((owner, turn_id))

    async def stop_session(self, owner: str, session_id: str, notebook_id: str | None) -> None:
        """End the turns of a conversation that is about to be cleared; another notebook's of that id go on."""
        places = ("", notebook_id)
        for turn in [one for one in self._all if one.owner == owner and one.started is not None]:
            if notebook_id is not None and turn.notebook_id not in places:
                continue
            if turn.started is not None and turn.started.session_id == session_id:
                turn.stop("cancelled")
                await turn.ended()

    async def stop_handed(self, owner: str, session_id: str) -> None:
        """End a conversation's turn that waits for tools of a client that asks something else now."""
        for turn in tuple(self._all):
            mine = turn.owner == owner and turn.started is not None and turn.started.session_id == session_id
            if mine and turn.waits_for_client:
                turn.stop("cancelled")
                await turn.ended()

    async def close(self) -> None:
        """End all turns, because the server stops; what was said is kept, and the readers are told."""
        turns = tuple(self._all)
        for turn in turns:
            turn.stop("interrupted")
        await asyncio.gather(*(one.ended() for one in turns))
        await asyncio.gather(*(one.read() for one in turns))

    async def _run(self, assistant: Assistant, turn: RunningTurn, question: Question) -> None:
        end: Event | BaseException | None = None
        try:
            async with aclosing(assistant.ask(question)) as events:
                async for event in events:
                    if event.event in TERMINAL:
                        end = event
                    else:
                        self._begin(turn, event)
                        turn.emit(event)
                        await _room(turn, events)
        except asyncio.CancelledError:
            end = end or _stopped(turn)
        except AgentError as error:
            end = end or _failure(turn, error)
        except Exception as error:  # noqa: BLE001 - models and tools of others run in there
            self._log.error("jupyter-agent: a turn failed", exc_info=error)
            end = end or _failure(turn, error)
        finally:
            self._end(turn, question.turn_id, end or _failure(turn, AgentError("The turn ended without an answer.")))

    def _begin(self, turn: RunningTurn, event: Event) -> None:
        if isinstance(event, TurnStarted):
            turn.started = event
            self._by_id[turn.owner, event.turn_id] = turn
            self._tell(turn, event, "started")

    def _end(self, turn: RunningTurn, asked_id: str | None, end: Event | BaseException) -> None:
        self._all.discard(turn)
        metrics.turn_ended(end, turn.seconds)
        if isinstance(end, BaseException):
            turn.log.close(end)
        else:
            turn.emit(replace(end, warnings=(*turn.warnings, *end.warnings)) if isinstance(end, Done) else end)
            turn.log.close()
            if turn.started is not None:
                self._tell(turn, turn.started, "ended")
        turn_id = turn.started.turn_id if turn.started is not None else asked_id
        if turn_id is not None and self._by_id.get((turn.owner, turn_id)) is turn:
            del self._by_id[turn.owner, turn_id]
            self._remember(turn, turn_id)

    def _remember(self, turn: RunningTurn, turn_id: str) -> None:
        key = (turn.owner, turn_id)
        self._places[key] = (turn.started.session_id if turn.started is not None else "", turn.notebook_id)
        while len(self._places) > REMEMBERED:
            self._places.popitem(last=False)
        self._forget(key, self._ended.get(key))
        self._ended[key] = turn
        self._kept += turn.log.size
        while self._kept > MAX_KEPT and len(self._ended) > 1:
            self._forget(*next(iter(self._ended.items())))
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, key, turn)

    def _forget(self, key: _Key, turn: RunningTurn | None) -> None:
        if turn is not None and self._ended.get(key) is turn:
            del self._ended[key]
            self._kept -= turn.log.size

    def _tell(self, turn: RunningTurn, started: TurnStarted, status: str) -> None:
        if turn.told_elsewhere:
            self._feed.tell(turn.owner, SessionEvent(started.session_id, turn.notebook_id, started.turn_id, status))


async def _room(turn: RunningTurn, events: AsyncGenerator[Event, None]) -> None:
    try:
        await turn.room()
    except asyncio.CancelledError as stop:
        await events.athrow(stop)  # closed without it, the turn would be stored without the reason


def _stopped(turn: RunningTurn) -> Event | BaseException:
    if turn.started is None:
        cancelled = turn.stopped == "cancelled"
        return Conflict("The turn was cancelled.") if cancelled else AgentError("The server stops. Ask again.")
    kind = Interrupted if turn.stopped == "interrupted" else Cancelled
    return kind(turn.started.session_id, turn.started.turn_id, turn.log.text)


def _failure(turn: RunningTurn, error: Exception) -> Event | BaseException:
    """Before the turn began its error is the response; afterwards it is the last event."""
    if turn.started is None:
        return error
    if isinstance(error, AgentError):
        return Failed(error.message, error.code, error.retryable, error.status)
    return Failed("Something went wrong in the assistant; the server's log says more.", "internal", retryable=False)
