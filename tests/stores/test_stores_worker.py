"""The thread in which stores do what blocks."""

from __future__ import annotations

import asyncio
import threading

import pytest

from jupyter_agent.stores import worker
from jupyter_agent.stores.worker import Worker


async def test_calls_run_in_turn_off_the_loop_and_errors_come_back() -> None:
    started = Worker("test-worker", lambda: None)
    assert await started.run(lambda: threading.current_thread().name) == "test-worker"
    with pytest.raises(ZeroDivisionError):
        await started.run(lambda: 1 // 0)
    found: list[int] = []
    await asyncio.gather(*(started.run(lambda number=number: found.append(number)) for number in range(20)))  # type: ignore[misc]
    assert found == list(range(20))
    await started.close(lambda: None)


async def test_a_call_that_has_begun_goes_on_when_its_caller_is_cancelled() -> None:
    started = Worker("test-worker", lambda: None)
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        go_on.wait(10)
        done.set()

    task = asyncio.create_task(started.run(call))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    go_on.set()
    assert await asyncio.to_thread(done.wait, 10)
    await started.close(lambda: None)


async def test_after_some_work_a_rest_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "REST_SECONDS", 0.01)
    rested = threading.Semaphore(0)
    started = Worker("test-worker", lambda: None, rested.release)
    for _ in range(2):
        await started.run(lambda: None)
        assert await asyncio.to_thread(rested.acquire, timeout=10)
    await started.close(lambda: None)
    assert not rested.acquire(blocking=False)
