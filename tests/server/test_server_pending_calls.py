"""Answers of a turn's readers: one may be faster than the turn that waits for it."""

from __future__ import annotations

import pytest

from jupyter_agent.core.errors import ApprovalStale
from jupyter_agent.core.events import ApprovalAsked
from jupyter_agent.server.turns.pending_calls import Answer, PendingCalls
from jupyter_agent.server.turns.running_turn import RunningTurn


async def test_an_answer_that_comes_before_it_is_waited_for_counts() -> None:
    pending = PendingCalls()
    asked = ApprovalAsked("c1", "run_code", "execute", {"code": "1"}, "d")
    pending.expect("c1", asked)
    with pytest.raises(ApprovalStale):
        pending.answer("c1", "other", Answer(approved=True))
    pending.answer("c1", "d", Answer(approved=True))
    with pytest.raises(ApprovalStale):
        pending.answer("c1", "d", Answer(approved=False))
    assert await pending.wait_for("c1", asked) == Answer(approved=True)
    with pytest.raises(ApprovalStale):
        pending.answer("c1", "d", Answer(approved=True))


async def test_an_approval_may_be_answered_as_soon_as_it_was_told() -> None:
    turn = RunningTurn("ann")
    asked = ApprovalAsked("c1", "run_code", "execute", {"code": "1"}, "d")
    turn.emit(asked)
    turn.pending_calls.answer("c1", "d", Answer(approved=True))
    assert (await turn.decide(asked)).approved
