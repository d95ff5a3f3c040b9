"""Turns that run in this server: their events as they happen, their end, and the actions that wait for somebody."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from jupyter_agent.errors import AgentError, Conflict, NotFound, TooManyRequests
from jupyter_agent.messages import (
    TERMINAL,
    ApprovalAsked,
    Cancelled,
    CellChange,
    CellEdit,
    EditAsked,
    Event,
    Failed,
    Interrupted,
    RunAsked,
    TextDelta,
    ToolCalled,
    TurnStarted,
)
from jupyter_agent.server import metrics
from jupyter_agent.server.waiting import Waiting, edited, executed

if TYPE_CHECKING:
    from jupyter_agent.assistant import Assistant
    from jupyter_agent.question import Question
    from jupyter_agent.state import ExecutionResult

MAX_RUNNING = 20
MAX_UNREAD = 1024 * 1024
REMEMBERED = 1000
STOP_SECONDS = 5.0
READ_SECONDS = 1.0
#: A reader that takes nothing for so long has gone.
SLOW_SECONDS = 30.0
Stop = Literal["cancelled", "interrupted"]


@dataclass(eq=False, slots=True)
class RunningTurn:
    """One turn, from the request to its end.

    Attributes:
        owner: Whose it is.
        notebook_id: Of the notebook that the question named; empty without one.
        started: Its first event, once the question is durable.
        reply: The answer so far.
        stopped: Why it was stopped, if it was.
        waiting: Its calls that wait for the reader.
    """

    owner: str
    notebook_id: str = ""
    started: TurnStarted | None = None
    reply: str = ""
    stopped: Stop | None = None
    _events: asyncio.Queue[Event | BaseException | None] = field(default_factory=asyncio.Queue)
    _room: asyncio.Event = field(default_factory=asyncio.Event)
    _read: asyncio.Event = field(default_factory=asyncio.Event)
    _unread: int = 0
    waiting: Waiting = field(default_factory=Waiting)
    _call_id: str = ""
    _edits: int = 0
    _task: asyncio.Task[None] | None = None
    _began: float = field(default_factory=time.monotonic)

    async def events(self) -> AsyncGenerator[Event, None]:
        """What happens; the last one is the only one of its kind.

        Raises:
            AgentError: the turn could not begin.
        """
        try:
            while (item := await self._events.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                self._unread -= _size(item)
                self._room.set()
                yield item
        finally:
            self._read.set()

    def emit(self, item: Event | BaseException | None) -> None:
        """Pass something on to the reader."""
        if isinstance(item, TextDelta):
            self.reply += item.text
        elif isinstance(item, ToolCalled):
            self._call_id, self._edits = item.call_id, 0
        if item is not None and not isinstance(item, BaseException):
            self._unread += _size(item)
        self._events.put_nowait(item)

    async def room(self) -> None:
        """Wait while much is unread; a reader that does not read ends the turn."""
        while self._unread > MAX_UNREAD:
            self._room.clear()
            try:
                await asyncio.wait_for(self._room.wait(), SLOW_SECONDS)
            except TimeoutError:
                self.stop("cancelled")

    def run_as(self, task: asyncio.Task[None]) -> None:
        """Remember what runs it."""
        self._task = task

    def stop(self, why: Stop) -> None:
        """End it; what was said is kept. Again, or after its end: nothing happens."""
        if self.stopped is None and self._task is not None and not self._task.done():
            self.stopped = why
            self._task.cancel(why)

    async def ended(self) -> None:
        """Wait until it has ended and is stored."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=STOP_SECONDS)

    async def read(self) -> None:
        """Wait until somebody has read its end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._read.wait(), READ_SECONDS)

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self._began

    async def decide(self, asked: ApprovalAsked) -> bool:
        """Wait for the user's word; without one in time it is no."""
        answer = await self.waiting.answer_to(asked.call_id, asked.digest)
        return answer is not None and answer.approved

    async def run(self, asked: RunAsked) -> ExecutionResult:
        """Wait for the caller to run code and return what came of it."""
        return executed(await self.waiting.answer_to(asked.call_id))

    async def edit(self, edit: CellEdit) -> CellChange:
        """Have the page that asks edit its notebook.

        Raises:
            CellChanged, NotFound, Forbidden, KernelUnavailable, Conflict: why it did not.
        """
        self._edits += 1
        call_id = f"{self._call_id}.{self._edits}"  # an approval of the same call may have had its plain id
        answer = asyncio.ensure_future(self.waiting.answer_to(call_id))
        self.emit(EditAsked(call_id, edit))
        return edited(edit, await answer)


class Turns:
    """All running turns of this server, by owner and turn id.

    Args:
        log: Told of errors that are not the user's.
    """

    def __init__(self, log: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        self._log = log
        self._all: set[RunningTurn] = set()
        self._by_id: dict[tuple[str, str], RunningTurn] = {}
        self._over: OrderedDict[tuple[str, str], None] = OrderedDict()

    def start(self, assistant: Assistant, owner: str, question: Callable[[RunningTurn], Question]) -> RunningTurn:
        """Begin to answer; the question may lean on the turn for its approvals.

        Raises:
            TooManyRequests: the owner has as many turns running as are allowed.
        """
        if sum(one.owner == owner for one in self._all) >= MAX_RUNNING:
            raise TooManyRequests(f"{MAX_RUNNING} questions are being answered for you now. Wait for one of them.")
        turn = RunningTurn(owner)
        asked = question(turn)
        turn.notebook_id = asked.notebook_id
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
        if turn is None and (owner, turn_id) not in self._over:
            raise NotFound("There is no such turn.")
        return turn

    async def stop_session(self, owner: str, session_id: str, notebook_id: str | None) -> None:
        """End the turns of a conversation that is about to be cleared; another notebook's of that id go on."""
        places = ("", notebook_id)
        for turn in [one for one in self._all if one.owner == owner and one.started is not None]:
            if notebook_id is not None and turn.notebook_id not in places:
                continue
            if turn.started is not None and turn.started.session_id == session_id:
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
                        await turn.room()
        except asyncio.CancelledError:
            end = end or _stopped(turn)
        except AgentError as error:
            end = end or _failure(turn, error)
        except Exception as error:  # noqa: BLE001 - models and tools of others run in there
            self._log.error("jupyter-agent: a turn failed", exc_info=error)
            end = end or _failure(turn, error)
        finally:
            self._end(turn, question.turn_id, end)

    def _begin(self, turn: RunningTurn, event: Event) -> None:
        if isinstance(event, TurnStarted):
            turn.started = event
            self._by_id[turn.owner, event.turn_id] = turn

    def _end(self, turn: RunningTurn, asked_id: str | None, end: Event | BaseException | None) -> None:
        self._all.discard(turn)
        turn_id = turn.started.turn_id if turn.started is not None else asked_id
        if turn_id is not None and self._by_id.get((turn.owner, turn_id)) is turn:
            del self._by_id[turn.owner, turn_id]
            self._over[turn.owner, turn_id] = None
            while len(self._over) > REMEMBERED:
                self._over.popitem(last=False)
        metrics.turn_ended(end, turn.seconds)
        turn.emit(end if end is not None else _failure(turn, AgentError("The turn ended without an answer.")))
        turn.emit(None)


def _stopped(turn: RunningTurn) -> Event | BaseException:
    if turn.started is None:
        cancelled = turn.stopped == "cancelled"
        return Conflict("The turn was cancelled.") if cancelled else AgentError("The server stops. Ask again.")
    kind = Interrupted if turn.stopped == "interrupted" else Cancelled
    return kind(turn.started.session_id, turn.started.turn_id, turn.reply)


def _failure(turn: RunningTurn, error: Exception) -> Event | BaseException:
    """Before the turn began its error is the response; afterwards it is the last event."""
    if turn.started is None:
        return error
    if isinstance(error, AgentError):
        return Failed(error.message, error.code, error.retryable, error.status)
    return Failed("Something went wrong in the assistant; the server's log says more.", "internal", retryable=False)


def _size(event: Event) -> int:
    return len(event.text) if isinstance(event, TextDelta) else 500
