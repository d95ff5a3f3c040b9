"""Heavy work of many turns, one piece in each round of the event loop, so that nothing else waits for all of it."""

from __future__ import annotations

import asyncio
from collections import deque

#: A round of the event loop that takes longer has enough to do.
BUSY_SECONDS = 0.0005
#: The next in the queue does not wait longer than this for a shorter round.
PATIENCE_SECONDS = 0.05


class LoopThrottle:
    """A first-in, first-out queue that lets one through in each round of the event loop that has little to do.

    What a turn computes at a stretch takes milliseconds. When a hundred questions come within a second, the answers that
    are under way, and all of Jupyter, would wait for all of them; here the questions wait, each for its turn.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None  # None while nobody has passed in this round
        self._queue: deque[asyncio.Future[None]] = deque()
        self._round_started = self._last_passed = 0.0

    async def wait(self) -> None:
        """Return when it is the caller's turn; immediately if nobody has passed in this round."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._queue = loop, deque()
            self._round_started = self._last_passed = loop.time()
            loop.call_soon(self._end_round, loop)
            return
        waiter = loop.create_future()
        self._queue.append(waiter)
        await waiter

    def _end_round(self, loop: asyncio.AbstractEventLoop) -> None:
        started, self._round_started = self._round_started, loop.time()
        while self._queue and self._queue[0].done():  # cancelled
            self._queue.popleft()
        if not self._queue:
            self._loop = None
            return
        if self._round_started - started <= BUSY_SECONDS or self._round_started - self._last_passed >= PATIENCE_SECONDS:
            self._queue.popleft().set_result(None)
            self._last_passed = self._round_started
        loop.call_soon(self._end_round, loop)
