"""One at a time, in a round of the event loop that has little to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from jupyter_agent.agent.throttle import BUSY_SECONDS, PATIENCE_SECONDS, LoopThrottle

ROUND = BUSY_SECONDS / 4


class Rounds:
    """Counts the rounds of the event loop; each takes as long as it is said to, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: Callable[[int], float]) -> None:
        self.number = 0
        self.now = 0.0
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        monkeypatch.setattr(self._loop, "time", lambda: self.now)
        self._loop.call_soon(self._over)

    def _over(self) -> None:
        self.now += self._seconds(self.number)
        self.number += 1
        if self.number < 1000:
            self._loop.call_soon(self._over)


async def entered(throttle: LoopThrottle, rounds: Rounds, passed: list[tuple[int, float]]) -> None:
    await throttle.wait()
    passed.append((rounds.number, rounds.now))


async def test_whoever_comes_alone_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = Rounds(monkeypatch, lambda _: ROUND)
    passed: list[tuple[int, float]] = []
    await entered(LoopThrottle(), rounds, passed)
    assert passed == [(0, 0.0)]


async def test_of_many_one_passes_in_each_round_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, throttle = Rounds(monkeypatch, lambda _: ROUND), LoopThrottle()
    order: list[tuple[int, int]] = []

    async def come(number: int) -> None:
        await throttle.wait()
        order.append((number, rounds.number))

    await asyncio.gather(*(come(number) for number in range(50)))
    assert [number for number, _ in order] == list(range(50))
    assert len({at for _, at in order}) == 50
    assert order[-1][1] < 150  # and none waits for longer than it must


async def test_while_rounds_are_long_the_next_waits_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, throttle = Rounds(monkeypatch, lambda _: 2 * BUSY_SECONDS), LoopThrottle()
    passed: list[tuple[int, float]] = []
    await asyncio.gather(*(entered(throttle, rounds, passed) for _ in range(4)))
    times = [at for _, at in passed]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(PATIENCE_SECONDS - 4 * BUSY_SECONDS <= gap <= PATIENCE_SECONDS + 8 * BUSY_SECONDS for gap in gaps), gaps


async def test_the_next_passes_as_soon_as_a_round_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, throttle = Rounds(monkeypatch, lambda number: ROUND if number == 3 else 2 * BUSY_SECONDS), LoopThrottle()
    passed: list[tuple[int, float]] = []
    await asyncio.gather(*(entered(throttle, rounds, passed) for _ in range(2)))
    assert passed[1][0] <= 6
    assert passed[1][1] < 2.5 * PATIENCE_SECONDS


async def test_whoever_is_cancelled_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, throttle = Rounds(monkeypatch, lambda _: ROUND), LoopThrottle()
    passed: list[tuple[int, float]] = []
    waiting = [asyncio.create_task(entered(throttle, rounds, passed)) for _ in range(4)]
    await asyncio.sleep(0)
    for item in waiting[1:3]:
        item.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert len(passed) == 2


def test_each_event_loop_has_a_turn_of_its_own() -> None:
    throttle = LoopThrottle()

    async def left_at_once() -> None:
        await throttle.wait()
        asyncio.get_running_loop().stop()

    loop = asyncio.new_event_loop()
    leaving = loop.create_task(left_at_once())
    loop.run_forever()
    assert leaving.done()
    asyncio.run(asyncio.wait_for(throttle.wait(), 5))
    loop.close()
