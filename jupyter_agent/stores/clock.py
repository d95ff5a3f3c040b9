"""A database server's clock, read every ten seconds and extrapolated in between."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

ASK_AFTER_SECONDS = 10.0


class ServerClock:
    """A server's clock, without a round trip each time.

    Args:
        ask: Reads the server's clock.
    """

    def __init__(self, ask: Callable[[], Awaitable[float]]) -> None:
        self._ask = ask
        self._asked = float("-inf")
        self._ahead = 0.0

    async def now(self) -> float:
        """The server's time, as far as known."""
        if time.monotonic() - self._asked > ASK_AFTER_SECONDS:
            self._ahead = await self._ask() - time.monotonic()
            self._asked = time.monotonic()
        return time.monotonic() + self._ahead
