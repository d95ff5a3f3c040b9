"""One running turn: its readers, the calls that wait for them, and how it is stopped."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from jupyter_agent.core.errors import ApprovalStale, Conflict
from jupyter_agent.core.events import (
    ApprovalAsked,
    Cancelled,
    Done,
    EditAsked,
    Event,
    Failed,
    Interrupted,
    RunAsked,
    ToolCalled,
    ToolReturned,
    TurnStarted,
)
from jupyter_agent.core.kernel_state import ExecutionError, ExecutionResult, RunStatus
from jupyter_agent.core.messages import CellChange, CellEdit, ToolCall, Usage
from jupyter_agent.core.protocols import ModelOptions
from jupyter_agent.core.question import Decision
from jupyter_agent.server.turns.event_log import EventLog, HandedOver
from jupyter_agent.server.turns.pending_calls import EDIT_ERRORS, READER_SECONDS, Answer, PendingCalls, posted_cell
from jupyter_agent.server.turns.permissions import Permissions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_agent.core.kernel_state import Cell
    from jupyter_agent.core.protocols import Kernel
    from jupyter_agent.core.session import Session
    from jupyter_agent.server.turns.observation import TurnObservation

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
        upstream_status: As in `Failed`.
        retry_after: Likewise.
        ids: Of its session and turn, for the response.
    """

    def __init__(self, end: Event, started: TurnStarted | None = None) -> None:
        if isinstance(end, Interrupted):
            text = "The server stopped during the turn; what was answered so far is kept. Ask again."
            end = Failed(text, "interrupted", retryable=True, status=503)
        elif not isinstance(end, Failed):
            end = Failed("The turn was cancelled; what was answered so far is kept.", "cancelled", False, 409)
        self.message, self.status, self.code, self.retryable = end.message, end.status, end.code, end.retryable
        self.upstream_status, self.retry_after = end.upstream_status, end.retry_after
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
        observation: What is audited and measured of it.
        log: Its events.
        permissions: What users have allowed for conversations.
        pending_calls: Its calls that wait for a reader.
        model_options: How a client of the OpenAI API wants the answer; each of its requests says it anew.
        client_calls: Of the model's newest message, those for tools that the client has.
        awaits_client_tool: Whether a call is handed over to a tool that its reader has.
        handed_over_at: Number of the event with which that happened last; 0 before.
        reported_usage: Tokens that were reported to the reader then.
        task: What runs it.
        began: When, on the monotonic clock.
    """

    owner: str
    notebook_id: str = ""
    kernel: Kernel | None = None
    warnings: tuple[str, ...] = ()
    published: bool = True
    started: TurnStarted | None = None
    stopped: StopReason | None = None
    observation: TurnObservation | None = None
    log: EventLog = field(default_factory=EventLog)
    permissions: Permissions = field(default_factory=Permissions)
    pending_calls: PendingCalls = field(default_factory=PendingCalls)
    model_options: ModelOptions = ModelOptions()
    client_calls: tuple[ToolCall, ...] = ()
    awaits_client_tool: bool = False
    handed_over_at: int = 0
    reported_usage: Usage = Usage()
    task: asyncio.Task[None] | None = None
    began: float = field(default_factory=time.monotonic)
    _readers: set[object] = field(default_factory=set)
    _no_readers: asyncio.Event = field(default_factory=asyncio.Event)
    _grace: asyncio.TimerHandle | None = None
    _session: Session | None = None
    _call_id: str = ""
    _epochs: dict[str, str] = field(default_factory=dict)
    _edits: int = 0

    async def last_event(self) -> Event:
        """Wait for its end: `done`, `error`, `cancelled` or `interrupted`.

        Raises:
            AgentError: the turn could not begin.
        """
        async with aclosing(self.log.read()) as numbered:
            ends = [event async for _, event in numbered if isinstance(event, (Done, Failed, Cancelled, Interrupted))]
        return ends[-1]

    @property
    def never_began(self) -> bool:
        """Whether it has ended before its question was stored."""
        return self.started is None and self.task is not None and self.task.done()

    def emit(self, event: Event) -> None:
        """Add an event for the readers."""
        if isinstance(event, ToolCalled):
            self._call_id, self._edits = event.call_id, 0
        elif isinstance(event, ApprovalAsked):
            self.pending_calls.expect(event.call_id, event)
        elif isinstance(event, (RunAsked, EditAsked)):
            self.pending_calls.expect(event.call_id)
        elif isinstance(event, ToolReturned):
            self.pending_calls.forget(event.call_id)
        self.log.append(event)

    def subscribe(self) -> object:
        """One more reader; the token that is returned is given to `unsubscribe`."""
        reader = object()
        self._readers.add(reader)
        self._no_readers.clear()
        if self._grace is not None:
            self._grace.cancel()
        return reader

    def unsubscribe(
        self,
        reader: object,
        *,
        may_return: bool,
        seconds: float | None = None,
        reason: StopReason = "interrupted",
    ) -> None:
        """One reader less; after the last one the turn ends, at once or, for that reason, unless a reader returns in time."""
        if self._readers != {reader}:
            self._readers.discard(reader)
            return
        self._readers.clear()
        self._no_readers.set()
        if not may_return:
            self.stop("cancelled")
        elif self.task is None or not self.task.done():
            self._grace = asyncio.get_running_loop().call_later(seconds or GRACE_SECONDS, self.stop, reason)

    async def wait_for_capacity(self) -> None:
        """Wait while too much is unread; when nobody reads it, the turn ends."""
        if not await self.log.wait_for_capacity(SLOW_SECONDS):
            self.stop("interrupted")

    def stop(self, reason: StopReason) -> None:
        """End it; what was answered so far is kept. Again, or after its end: nothing happens."""
        if self.stopped is None and self.task is not None and not self.task.done():
            self.stopped = reason
            self.task.cancel(reason)

    async def ended(self) -> None:
        """Wait until it has ended and is stored."""
        if self.task is not None:
            await asyncio.wait([self.task], timeout=STOP_SECONDS)

    async def drained(self) -> None:
        """Wait until its readers have read its end."""
        if self._readers:
            await asyncio.wait([asyncio.ensure_future(self._no_readers.wait())], timeout=DRAIN_SECONDS)

    async def decide(self, asked: ApprovalAsked) -> Decision:
        """Wait for the user's decision, as long as the approval policy lets it wait."""
        answer = await self.pending_calls.wait_for(asked.call_id, asked, seconds=None)
        assert answer is not None
        return Decision(answer.approved, answer.words)

    def is_allowed(self, session: Session, asked: ApprovalAsked) -> bool:
        """Whether what the user has allowed for the conversation answers an approval."""
        self._session = session
        return self.permissions.allows(session, asked)

    async def remember_epoch(self, asked: ApprovalAsked) -> None:
        """Before the user is shown code: which kernel it is that they see."""
        if asked.effect == "execute":
            self._epochs[asked.call_id] = await self._epoch()

    async def answer(self, call_id: str, digest: str | None, answer: Answer, *, for_conversation: bool = False) -> None:
        """Answer a call that waits; `for_conversation`: what is approved stands, unless there are reasons to ask each time.

        Raises:
            ApprovalStale: nothing waits for this answer, or the kernel was restarted since the user was asked.
            BadRequest: it answers an approval without the digest of what was shown.
        """
        before = self._epochs.get(call_id, "") if answer.approved else ""
        is_restarted = before != "" and before != await self._epoch()
        asked = self.pending_calls.answer(call_id, digest, answer)
        self._epochs.pop(call_id, None)
        if is_restarted:  # the turn finds the same, runs nothing, and goes on
            raise ApprovalStale(
                "The kernel was restarted after you were asked: what the code relied on is gone. It was not run."
            )
        if for_conversation and answer.approved and asked is not None and not asked.reasons and self._session:
            self.permissions.allow(self._session, asked.effect, *asked.effects)

    async def _epoch(self) -> str:
        return (await self.kernel.state()).epoch if self.kernel is not None else ""

    async def run(self, asked: RunAsked) -> ExecutionResult:
        """Wait for the caller to run code and return the result."""
        answer = await self.pending_calls.wait_for(asked.call_id, seconds=None)
        if answer is None or (posted := answer.result) is None:
            return ExecutionResult("unavailable", "The code was not run.")
        status: Any = posted.status
        return ExecutionResult(
            status=status if status in get_args(RunStatus) else "error",
            text=posted.text or "",
            images=posted.images or 0,
            error=ExecutionError(posted.error.name, posted.error.message) if posted.error else None,
        )

    async def edit(self, edit: CellEdit, on_cells: Callable[[Sequence[Cell | str]], None] | None = None) -> CellChange:
        """Have the page that asks edit its notebook.

        Args:
            edit: What to do.
            on_cells: Called with the cells as the page has them where it did not make the edit, if it says so.

        Raises:
            CellChanged, NotFound, Forbidden: the page did not make the edit.
            KernelUnavailable: a cell could not be run.
            Conflict: the page did not answer, or with another cell.
        """
        self._edits += 1
        call_id = f"{self._call_id}.{self._edits}"  # an approval of the same call may have had its plain id
        self.emit(EditAsked(call_id, edit))
        answer = await self.pending_calls.wait_for(call_id, seconds=None if edit.kind == "run" else READER_SECONDS)
        if answer is None or not answer.approved or (posted := answer.result) is None:
            raise Conflict("The page that has the notebook open did not make this edit. Ask the user what they want.")
        if (change := posted.change) is not None and change.cell_id == edit.cell_id:
            return CellChange(change.cell_id, change.before, change.after, change.below_before, change.below_after)
        if posted.cells and on_cells is not None:
            on_cells([cell.id if cell.saved else posted_cell(cell) for cell in posted.cells])
        kind, message = EDIT_ERRORS.get(posted.status, (Conflict, "The page could not make this edit."))
        raise kind(posted.text or message)

    async def hand_over(self) -> Answer | None:
        """Hand the last call to a tool of the reader's, with those that follow it in the message, and wait for its result."""
        if not self.pending_calls.is_answered(self._call_id):
            ids = [call.id for call in self.client_calls]
            if self._call_id not in ids:
                return None
            calls = self.client_calls[ids.index(self._call_id) :]
            for call in calls:
                self.pending_calls.expect(call.id, is_client_tool=True)
            self.log.append(HandedOver(calls))
        self.awaits_client_tool = True
        try:
            return await self.pending_calls.wait_for(self._call_id, is_client_tool=True)
        finally:
            self.awaits_client_tool = False
