"""One running turn: its readers, the calls that wait for them, and how it is stopped."""

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
    Failed,
    Interrupted,
    RunAsked,
    ToolCalled,
    TurnStarted,
    Usage,
)
from jupyter_agent.server.turns.event_log import EventLog, HandedOver
from jupyter_agent.server.turns.pending_calls import Answer, PendingCalls, cell_change, execution_result

if TYPE_CHECKING:
    from jupyter_agent.core.kernel_state import ExecutionResult
    from jupyter_agent.core.protocols import Kernel

STOP_SECONDS = 5.0
DRAIN_SECONDS = 1.0
#: A turn without readers waits so long for one to return.
GRACE_SECONDS = 30.0
#: Readers that read nothing for so long count as disconnected.
SLOW_SECONDS = 30.0
StopReason = Literal["cancelled", "interrupted"]


class TurnFailed(Exception):
    """A turn ended without an answer, for a client that waits for one.

    Attributes:
        message: Why.
        status: Of the response.
        code: Of the error.
        retryable: Whether asking again can help.
        ids: Of its session and turn, for the response.
    """

    def __init__(self, end: Event, started: TurnStarted | None = None) -> None:
        self.status, self.code, self.retryable = 409, "cancelled", False
        self.message = "The turn was cancelled; what was answered so far is kept."
        if isinstance(end, Interrupted):
            self.status, self.code, self.retryable = 503, "interrupted", True
            self.message = "The server stopped during the turn; what was answered so far is kept. Ask again."
        elif isinstance(end, Failed):
            self.message, self.status, self.code, self.retryable = end.message, end.status, end.code, end.retryable
        self.ids = {"session_id": started.session_id, "turn_id": started.turn_id} if started is not None else {}
        super().__init__(self.message)


@dataclass(eq=False, slots=True)
class RunningTurn:
    """One turn, from the request to its end and a little longer, for readers that return.

    Attributes:
        owner: Whose it is.
        notebook_id: Of the notebook that the question named; empty without one.
        kernel: The one that the question is about.
        warnings: Of the request; they go before the assistant's.
        published: Whether other pages learn of it.
        started: Its first event, once the question is durable.
        stopped: Why it was stopped, if it was.
        log: Its events.
        pending_calls: Its calls that wait for a reader.
        awaits_client_tool: Whether a call is handed over to a tool that its reader has.
        handed_over_at: Number of the event with which that happened last; 0 before.
        reported_usage: Tokens that were reported to the reader then.
        task: What runs it.
    """

    owner: str
    notebook_id: str = ""
    kernel: Kernel | None = None
    warnings: tuple[str, ...] = ()
    published: bool = True
    started: TurnStarted | None = None
    stopped: StopReason | None = None
    log: EventLog = field(default_factory=EventLog)
    pending_calls: PendingCalls = field(default_factory=PendingCalls)
    awaits_client_tool: bool = False
    handed_over_at: int = 0
    reported_usage: Usage = Usage()
    task: asyncio.Task[None] | None = None
    _readers: set[object] = field(default_factory=set)
    _no_readers: asyncio.Event = field(default_factory=asyncio.Event)
    _grace: asyncio.TimerHandle | None = None
    _call_id: str = ""
    _epochs: dict[str, str] = field(default_factory=dict)
    _edits: int = 0
    _began: float = field(default_factory=time.monotonic)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Its events; the last one is `done`, `error`, `cancelled` or `interrupted`.

        Raises:
            AgentError: the turn could not begin.
        """
        async with aclosing(self.log.read()) as numbered:
            async for _, event in numbered:
                if not isinstance(event, HandedOver):
                    yield event

    def emit(self, event: Event) -> None:
        """Add an event for the readers."""
        if isinstance(event, ToolCalled):
            self._call_id, self._edits = event.call_id, 0
        elif isinstance(event, ApprovalAsked):
            self.pending_calls.expect(event.call_id, event.digest)
        elif isinstance(event, (RunAsked, EditAsked)):
            self.pending_calls.expect(event.call_id)
        self.log.append(event)

    # Readers --------------------------------------------------------------------------------------

    def subscribe(self) -> object:
        """One more reader; the token that is returned is given to `unsubscribe`."""
        reader = object()
        self._readers.add(reader)
        self._no_readers.clear()
        if self._grace is not None:
            self._grace.cancel()
        return reader

    def unsubscribe(self, reader: object, *, may_return: bool, seconds: float | None = None) -> None:
        """One reader less; after the last one the turn ends, at once or unless a reader returns in time."""
        if reader not in self._readers:
            return
        self._readers.discard(reader)
        if self._readers:
            return
        self._no_readers.set()
        if not may_return:
            self.stop("cancelled")
        elif self.task is None or not self.task.done():
            self._grace = asyncio.get_running_loop().call_later(seconds or GRACE_SECONDS, self.stop, "interrupted")

    async def wait_for_capacity(self) -> None:
        """Wait while too much is unread; when nobody reads it, the turn ends."""
        if not await self.log.wait_for_capacity(SLOW_SECONDS):
            self.stop("interrupted")

    async def drained(self) -> None:
        """Wait until its readers have read its end."""
        if self._readers:
            await asyncio.wait([asyncio.ensure_future(self._no_readers.wait())], timeout=DRAIN_SECONDS)

    # Its end --------------------------------------------------------------------------------------

    def stop(self, reason: StopReason) -> None:
        """End it; what was answered so far is kept. Again, or after its end: nothing happens."""
        if self.stopped is None and self.task is not None and not self.task.done():
            self.stopped = reason
            self.task.cancel(reason)

    async def ended(self) -> None:
        """Wait until it has ended and is stored."""
        if self.task is not None:
            await asyncio.wait([self.task], timeout=STOP_SECONDS)

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self._began

    # Requests to its reader -----------------------------------------------------------------------

    async def decide(self, asked: ApprovalAsked) -> bool:
        """Wait for the user's decision; without one in time it is no."""
        if asked.effect == "execute":
            self._epochs[asked.call_id] = await self._epoch()
        answer = await self.pending_calls.wait_for(asked.call_id, asked.digest)
        return answer is not None and answer.approved

    async def kernel_restarted_since(self, call_id: str) -> bool:
        """Whether the kernel was restarted since the user was asked to approve a call's code."""
        before = self._epochs.get(call_id, "")
        return before != "" and before != await self._epoch()

    async def _epoch(self) -> str:
        return (await self.kernel.state()).epoch if self.kernel is not None else ""

    async def run(self, asked: RunAsked) -> ExecutionResult:
        """Wait for the caller to run code and return the result."""
        return execution_result(await self.pending_calls.wait_for(asked.call_id))

    async def edit(self, edit: CellEdit) -> CellChange:
        """Have the page that asks edit its notebook.

        Raises:
            CellChanged, NotFound, Forbidden, KernelUnavailable, Conflict: why it did not.
        """
        self._edits += 1
        call_id = f"{self._call_id}.{self._edits}"  # an approval of the same call may have had its plain id
        self.emit(EditAsked(call_id, edit))
        return cell_change(edit, await self.pending_calls.wait_for(call_id))

    async def hand_over(self) -> Answer | None:
        """Hand the last call to a tool of the reader's, and wait for its result."""
        self.awaits_client_tool = True
        self.pending_calls.expect(self._call_id)
        self.log.append(HandedOver(self._call_id))
        try:
            return await self.pending_calls.wait_for(self._call_id)
        finally:
            self.awaits_client_tool = False
