"""A turn's beginning, with a real store: what waits for what, and what is left behind when it cannot begin."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.core.errors import KernelUnavailable, TurnInProgress
from jupyter_agent.core.events import Done, Failed, TurnStarted
from jupyter_agent.core.kernel_state import KernelState
from jupyter_agent.core.question import Question
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.stores.memory import MemoryStore
from tests.support.scripted_assistant import assistant_with, done, events_of
from tests.support.still_kernel import StillKernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_agent.core.session import Session, Turn


class WatchedKernel(StillKernel):
    """Tells when it is read, and when nobody waits for that any more."""

    def __init__(self, *, answers: bool = True, failure: Exception | None = None) -> None:
        super().__init__()
        self.asked, self.left = asyncio.Event(), asyncio.Event()
        self._answers, self._failure = answers, failure

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        self.asked.set()
        if self._failure is not None:
            raise self._failure
        try:
            if not self._answers:
                await asyncio.Event().wait()
        finally:
            self.left.set()
        return self.now


class SlowStore(MemoryStore):
    """Stores a new conversation only when the kernel has been asked."""

    def __init__(self, kernel: WatchedKernel) -> None:
        super().__init__()
        self._kernel = kernel

    async def create(self, session: Session, turns: Sequence[Turn] = ()) -> None:
        await asyncio.wait_for(self._kernel.asked.wait(), 5)
        await super().create(session, turns)


def assistant_on(store: MemoryStore) -> Assistant:
    return assistant_with(ScriptedModel(["ok"] * 3), store=store)


async def test_the_kernel_is_read_while_the_question_is_stored() -> None:
    kernel = WatchedKernel()
    emitted = await events_of(assistant_on(SlowStore(kernel)), Question("local", "?", kernel=kernel))
    assert isinstance(emitted[0], TurnStarted)
    assert isinstance(emitted[-1], Done)
    assert emitted[-1].state is not None


async def test_a_question_that_cannot_begin_says_so_without_waiting_for_the_kernel() -> None:
    assistant = assistant_on(MemoryStore())
    await assistant.sessions.log.begin("local", "", "s1")
    kernel = WatchedKernel(answers=False)
    async with aclosing(assistant.ask(Question("local", "?", session_id="s1", kernel=kernel))) as events:
        with pytest.raises(TurnInProgress):
            await asyncio.wait_for(anext(events), 5)
    assert kernel.left.is_set() or not kernel.asked.is_set()


async def test_a_retry_is_answered_without_the_kernel() -> None:
    assistant = assistant_on(MemoryStore())
    for kernel in (None, WatchedKernel(answers=False)):
        question = Question("local", "?", session_id="s1", turn_id="t1", digest="d", kernel=kernel)
        assert (await done(assistant, question)).reply == "ok"


async def test_a_kernel_that_fails_ends_the_turn_in_words_once_it_is_stored() -> None:
    assistant = assistant_on(MemoryStore())
    kernel = WatchedKernel(failure=KernelUnavailable("It is gone."))
    emitted = await events_of(assistant, Question("local", "?", session_id="s1", kernel=kernel))
    assert isinstance(emitted[-1], Failed)
    session = await assistant.sessions.get("local", "s1")
    (turn,) = await assistant.sessions.tree.history(session, 10)
    assert (turn.question, turn.status) == ("?", "failed")
