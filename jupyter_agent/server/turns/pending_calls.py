"""Calls of a turn that wait for its reader: approvals, code to run, cells to edit."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jupyter_agent.core.errors import (
    AgentError,
    ApprovalStale,
    BadRequest,
    CellChanged,
    Forbidden,
    KernelUnavailable,
    NotFound,
)
from jupyter_agent.core.kernel_state import Cell

if TYPE_CHECKING:
    from jupyter_agent.core.events import ApprovalAsked
    from jupyter_agent.server.wire.turns import CallResult, PostedCell

#: How long a cell to edit may take its reader. Code runs as long as its turn lets it; how long an approval may wait is the approval policy's.
READER_SECONDS = 900.0
#: Status of an edit that the page did not make → the tool's error.
EDIT_ERRORS: Mapping[str, tuple[type[AgentError], str]] = {
    "cell_changed": (
        CellChanged,
        "The cell has changed since it was read. Read it again, then edit what is there now.",
    ),
    "not_found": (NotFound, "The notebook has no such cell any more. Read the notebook's cells again."),
    "read_only": (Forbidden, "The notebook cannot be changed: it is read-only, or the cell is locked."),
    "timeout": (KernelUnavailable, "The cell did not finish in time."),
    "died": (KernelUnavailable, "The kernel died while the cell ran."),
    "still_running": (KernelUnavailable, "The cell still runs."),
    "unavailable": (KernelUnavailable, "The cell could not be run: the notebook has no kernel."),
}


def posted_cell(posted: PostedCell) -> Cell:
    """A cell as a page has it."""
    return Cell(
        id=posted.id,
        kind=posted.kind,
        source=posted.source or "",
        execution_count=posted.execution_count,
        output=posted.output or "",
        error=posted.error or "",
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one pending call.

    Attributes:
        approved: Whether it may be done, or was done.
        result: What the page did, as it posted it.
        words: What the model is to know of a denial.
    """

    approved: bool
    result: CallResult | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A call that waits.

    Attributes:
        answer: What it waits for.
        approval: What is to be approved; None for code to run or a cell to edit.
        is_client_tool: Whether it was handed over to a tool of a client of the OpenAI API, which alone may answer it.
    """

    answer: asyncio.Future[Answer]
    approval: ApprovalAsked | None = None
    is_client_tool: bool = False


@dataclass(eq=False, slots=True)
class PendingCalls:
    """The calls of one turn that wait for an answer, by id."""

    _pending: dict[str, PendingCall] = field(default_factory=dict)

    def expect(
        self, call_id: str, approval: ApprovalAsked | None = None, *, is_client_tool: bool = False
    ) -> PendingCall:
        """Register a call, unless it waits already; its answer may come before anybody waits for it."""
        pending = self._pending.get(call_id)
        if pending is None or pending.approval != approval or pending.is_client_tool != is_client_tool:
            pending = PendingCall(asyncio.get_running_loop().create_future(), approval, is_client_tool)
            self._pending[call_id] = pending
        return pending

    async def wait_for(
        self,
        call_id: str,
        approval: ApprovalAsked | None = None,
        *,
        is_client_tool: bool = False,
        seconds: float | None = READER_SECONDS,
    ) -> Answer | None:
        """Wait for an answer; None when none comes in time."""
        pending = self.expect(call_id, approval, is_client_tool=is_client_tool)
        try:
            return await asyncio.wait_for(pending.answer, seconds)
        except TimeoutError:
            return None
        finally:
            self._pending.pop(call_id, None)

    def forget(self, call_id: str) -> None:
        """Nobody waits for this answer any more; one that was asked about with others may never have been waited for."""
        self._pending.pop(call_id, None)

    def is_answered(self, call_id: str) -> bool:
        """Whether the answer to a call has come before anybody waited for it."""
        return (pending := self._pending.get(call_id)) is not None and pending.answer.done()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._pending

    def approvals(self) -> tuple[ApprovalAsked, ...]:
        """What somebody has to approve."""
        return tuple(call.approval for call in self._pending.values() if call.approval and not call.answer.done())

    def answer(
        self, call_id: str, digest: str | None, answer: Answer, *, from_client_tool: bool = False
    ) -> ApprovalAsked | None:
        """Resolve a pending call; what was approved or denied by that, if it was an approval.

        Raises:
            ApprovalStale: no call of that id waits for an answer from there, or the digest is another call's.
            BadRequest: it answers an approval without the digest of what was shown.
        """
        pending = self._pending.get(call_id)
        if pending is None or pending.answer.done() or pending.is_client_tool != from_client_tool:
            raise ApprovalStale("Nothing waits for this answer any more; it was answered, stopped, or took too long.")
        expected = pending.approval.digest if pending.approval is not None else ""
        if pending.approval is not None and digest is None:
            raise BadRequest(
                "Who approves or denies names what was shown: send the 'digest' that came with the approval."
            )
        if digest is not None and not hmac.compare_digest(digest.encode(), expected.encode()):
            raise ApprovalStale("This answer is for another call than the one that waits now. Review it again.")
        pending.answer.set_result(answer)
        return pending.approval
