"""One turn that runs in this server: who reads it, what waits for them, and how it is stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from jupyter_agent.core.messages import (
    ApprovalAsked,
    CellChange,
    CellEdit,
    EditAsked,
    Event,
    RunAsked,
    ToolCalled,
    TurnStarted,
    Usage,
)
from jupyter_agent.server.turns.event_log import EventLog, HandedOver
from jupyter_agent.server.turns.pending_calls import Answer, Waiting, edited, executed

if TYPE_CHECKING:
    from jupyter_agent.core.kernel_state import ExecutionResult
    from jupyter_agent.core.protocols import Kernel

STOP_SECONDS = 5.0
READ_SECONDS = 1.0
#: A turn whose readers have all gone waits so long for one to come back.
GRACE_SECONDS = 30.0
#: Readers that take nothing for so long have gone.
SLOW_SECONDS = 30.0
Stop = Literal["cancelled", "interrupted"]


@dataclass(eq=False, slots=True)
class RunningTurn:
    """One turn, from the request to its end and a little longer, for readers that come back.

    Attributes:
        owner: Whose it is.
        notebook_id: Of the notebook that the question named; empty without one.
        kernel: The one that the question is about.
        warnings: What the door warns of, beside what the assistant does.
        told_elsewhere: Whether other pages are told of it.
        started: Its first event, once the question is durable.
        stopped: Why it was stopped, if it was.
        log: What has happened.
        waiting: Its calls that wait for a reader.
        waits_for_client: Whether a call is handed over to a tool that its reader has.
        left_at: Number of the event with which that happened last; 0 before.
        told: Tokens that the reader was told of then.
    """

    owner: str
    notebook_id: str = ""
    kernel: Kernel | None = None
    warnings: tuple[str, ...] = ()
    told_elsewhere: bool = True
    started: TurnStarted | None = None
    stopped: Stop | None = None
    log: EventLog = field(default_factory=EventLog)
    waiting: Waiting = field(default_factory=Waiting)
    waits_for_client: bool = False
    left_at: int = 0
    told: Usage = Usage()
    _readers: set[object] = field(default_factory=set)
    _alone: asyncio.Event = field(default_factory=asyncio.Event)
    _grace: asyncio.TimerHandle | None = None
    _call_id: str = ""
    _asked_in: dict[str, str] = field(default_factory=dict)
    _edits: int = 0
    _task: asyncio.Task[None] | None = None
    _began: float = field(default_factory=time.monotonic)

    async def events(self) -> AsyncGenerator[Event, None]:
        """What happens; the last one is the only one of its kind.

        Raises:
            AgentError: the turn could not begin.
        """
        async with aclosing(self.log.read()) as numbered:
            async for _, event in numbered:
                if not isinstance(event, HandedOver):
                    yield event

    def emit(self, event: Event) -> None:
        """Tell the readers."""
        if isinstance(event, ToolCalled):
            self._call_id, self._edits = event.call_id, 0
        elif isinstance(event, ApprovalAsked):
            self.waiting.expect(event.call_id, event.digest)
        elif isinstance(event, (RunAsked, EditAsked)):
            self.waiting.expect(event.call_id)
        self.log.append(event)

    async def room(self) -> None:
        """Wait while much is unread; when nobody reads it, the turn ends."""
        if not await self.log.room(SLOW_SECONDS):
            self.stop("interrupted")

    # Readers --------------------------------------------------------------------------------------

    def come(self) -> object:
        """One more reader; what is returned is given to `leave`."""
        reader = object()
        self._readers.add(reader)
        self._alone.clear()
        if self._grace is not None:
            self._grace.cancel()
        return reader

    def leave(self, reader: object, *, comes_back: bool, seconds: float | None = None) -> None:
        """A reader has gone; the last one ends the turn, at once or unless somebody comes back in time."""
        if reader not in self._readers:
            return
        self._readers.discard(reader)
        if self._readers:
            return
        self._alone.set()
        if not comes_back:
            self.stop("cancelled")
        elif not self.over:
            self._grace = asyncio.get_running_loop().call_later(seconds or GRACE_SECONDS, self.stop, "interrupted")

    async def read(self) -> None:
        """Wait until its readers have read its end."""
        if self._readers:
            await asyncio.wait([asyncio.ensure_future(self._alone.wait())], timeout=READ_SECONDS)

    # Its end --------------------------------------------------------------------------------------

    def run_as(self, task: asyncio.Task[None]) -> None:
        """Remember what runs it."""
        self._task = task

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._task is not None and self._task.done()

    def stop(self, why: Stop) -> None:
        """End it; what was said is kept. Again, or after its end: nothing happens."""
        if self.stopped is None and self._task is not None and not self._task.done():
            self.stopped = why
            self._task.cancel(why)

    async def ended(self) -> None:
        """Wait until it has ended and is stored."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=STOP_SECONDS)

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self._began

    # What it asks of its reader -------------------------------------------------------------------

    async def decide(self, asked: ApprovalAsked) -> bool:
        """Wait for the user's word; without one in time it is no."""
        if asked.effect == "execute":
            self._asked_in[asked.call_id] = await self._epoch()
        answer = await self.waiting.answer_to(asked.call_id, asked.digest)
        return answer is not None and answer.approved

    async def is_outlived(self, call_id: str) -> bool:
        """Whether the kernel was restarted since the user was asked about code for it."""
        before = self._asked_in.get(call_id, "")
        return before != "" and before != await self._epoch()

    async def _epoch(self) -> str:
        return (await self.kernel.state()).epoch if self.kernel is not None else ""

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
        self.emit(EditAsked(call_id, edit))
        return edited(edit, await self.waiting.answer_to(call_id))

    async def handed_over(self) -> Answer | None:
        """Wait for what a tool of the reader finds."""
        self.waits_for_client = True
        self.waiting.expect(self._call_id)
        self.log.append(HandedOver(self._call_id))
        try:
            return await self.waiting.answer_to(self._call_id)
        finally:
            self.waits_for_client = False
