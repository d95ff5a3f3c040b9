"""Calls of a turn that wait for its reader: approvals, code to run, cells to edit."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from jupyter_agent.core.errors import (
    AgentError,
    ApprovalStale,
    CellChanged,
    Conflict,
    Forbidden,
    KernelUnavailable,
    NotFound,
)
from jupyter_agent.core.kernel_state import ExecutionError, ExecutionResult, RunStatus
from jupyter_agent.core.messages import CellChange, CellEdit

if TYPE_CHECKING:
    from jupyter_agent.server.wire.turns import CallResult

APPROVAL_SECONDS = 900.0
#: Status of an edit that the page did not make → the tool's error.
_EDIT_ERRORS: Mapping[str, tuple[type[AgentError], str]] = {
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


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one pending call.

    Attributes:
        approved: Whether it may be done, or was done.
        result: What the page did, as it posted it.
    """

    approved: bool
    result: CallResult | None = None


@dataclass(frozen=True, slots=True)
class _Pending:
    digest: str
    answer: asyncio.Future[Answer]


@dataclass(eq=False, slots=True)
class PendingCalls:
    """The calls of one turn that wait for an answer, by id."""

    _pending: dict[str, _Pending] = field(default_factory=dict)

    def expect(self, call_id: str, digest: str = "") -> None:
        """Register a call; its answer may come before anybody waits for it."""
        self._pending[call_id] = _Pending(digest, asyncio.get_running_loop().create_future())

    async def wait_for(self, call_id: str, digest: str = "", seconds: float = APPROVAL_SECONDS) -> Answer | None:
        """Wait for an answer; None when none comes in time."""
        if call_id not in self._pending:
            self.expect(call_id, digest)
        pending = self._pending[call_id]
        try:
            return await asyncio.wait_for(pending.answer, seconds)
        except TimeoutError:
            return None
        finally:
            self._pending.pop(call_id, None)

    def answer(self, call_id: str, digest: str | None, answer: Answer) -> None:
        """Resolve a pending call.

        Raises:
            ApprovalStale: no call of that id waits, or the digest is another call's.
        """
        pending = self._pending.get(call_id)
        if pending is None or pending.answer.done():
            raise ApprovalStale("Nothing waits for this answer any more; it was answered, stopped, or took too long.")
        if digest is not None and not hmac.compare_digest(digest.encode(), pending.digest.encode()):
            raise ApprovalStale("This answer is for another call than the one that waits now. Review it again.")
        pending.answer.set_result(answer)


def execution_result(answer: Answer | None) -> ExecutionResult:
    """The result of code that the reader was asked to run."""
    posted = None if answer is None else answer.result
    if posted is None:
        return ExecutionResult("unavailable", "The code was not run.")
    status: Any = posted.status
    return ExecutionResult(
        status=status if status in get_args(RunStatus) else "error",
        text=posted.text or "",
        images=posted.images or 0,
        error=ExecutionError(posted.error.name, posted.error.message) if posted.error else None,
    )


def cell_change(edit: CellEdit, answer: Answer | None) -> CellChange:
    """The change that the page made to a cell.

    Raises:
        CellChanged, NotFound, Forbidden: the page did not make the edit.
        KernelUnavailable: a cell could not be run.
        Conflict: the page did not answer, or with another cell.
    """
    posted = None if answer is None else answer.result
    if answer is None or not answer.approved or posted is None:
        raise Conflict("The page that has the notebook open did not make this edit. Ask the user what they want.")
    if (change := posted.change) is not None and change.cell_id == edit.cell_id:
        return CellChange(change.cell_id, change.before, change.after, change.below_before, change.below_after)
    kind, message = _EDIT_ERRORS.get(posted.status, (Conflict, "The page could not make this edit."))
    raise kind(posted.text or message)
