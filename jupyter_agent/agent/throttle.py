"""Heavy work of many turns, a piece at a time, so that nothing else waits for all of it."""

from __future__ import annotations

import asyncio
from collections import deque

#: A round of the event loop that takes longer has enough to do.
BUSY_SECONDS = 0.004
#: Whoever is next does not wait longer for a shorter round.
PATIENCE_SECONDS = 0.05


class Turnstile:
    """Lets one through at a time, in a round of the event loop in which there is little to do.

    What a turn computes at a stretch takes milliseconds. When a hundred questions come within a second, the answers that
    are under way, and all of Jupyter, would wait for all of them. Here the questions wait, each for its turn.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None  # None when nobody has passed lately
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._round = self._passed = 0.0

    async def enter(self) -> None:
        """Return when it is one's turn, first come, first served; at once if nobody has passed in this round."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._waiting = loop, deque()
            self._round = self._passed = loop.time()
            loop.call_soon(self._next, loop)
            return
        waiting = loop.create_future()
        self._waiting.append(waiting)
        await waiting

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """A round is over."""
        began, self._round = self._round, loop.time()
        while self._waiting and self._waiting[0].done():  # whoever was cancelled does not come any more
            self._waiting.popleft()
        if not self._waiting:
            self._loop = None
            return
        if self._round - began <= BUSY_SECONDS or self._round - self._passed >= PATIENCE_SECONDS:
            self._waiting.popleft().set_result(None)
            self._passed = self._round
        loop.call_soon(self._next, loop)
