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
    CellChanged,
    Forbidden,
    KernelUnavailable,
    NotFound,
)

if TYPE_CHECKING:
    from jupyter_agent.server.wire.turns import CallResult

APPROVAL_SECONDS = 900.0
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


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one pending call.

    Attributes:
        approved: Whether it may be done, or was done.
        result: What the page did, as it posted it.
    """

    approved: bool
    result: CallResult | None = None


@dataclass(eq=False, slots=True)
class PendingCalls:
    """The calls of one turn that wait for an answer: by id the digest and the answer to come."""

    _pending: dict[str, tuple[str, asyncio.Future[Answer]]] = field(default_factory=dict)

    def expect(self, call_id: str, digest: str = "") -> None:
        """Register a call; its answer may come before anybody waits for it."""
        self._pending[call_id] = (digest, asyncio.get_running_loop().create_future())

    async def wait_for(self, call_id: str, digest: str = "", seconds: float = APPROVAL_SECONDS) -> Answer | None:
        """Wait for an answer; None when none comes in time."""
        if call_id not in self._pending:
            self.expect(call_id, digest)
        try:
            return await asyncio.wait_for(self._pending[call_id][1], seconds)
        except TimeoutError:
            return None
        finally:
            self._pending.pop(call_id, None)

    def answer(self, call_id: str, digest: str | None, answer: Answer) -> None:
        """Resolve a pending call.

        Raises:
            ApprovalStale: no call of that id waits, or the digest is another call's.
        """
        expected, pending = self._pending.get(call_id, ("", None))
        if pending is None or pending.done():
            raise ApprovalStale("Nothing waits for this answer any more; it was answered, stopped, or took too long.")
        if digest is not None and not hmac.compare_digest(digest.encode(), expected.encode()):
            raise ApprovalStale("This answer is for another call than the one that waits now. Review it again.")
        pending.set_result(answer)
