"""An answer's bytes, read ahead while nobody looks: what has come meanwhile is taken in one piece."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

#: Bytes that are read ahead before the server has to wait.
MAX_AHEAD = 1 << 20
#: No screen has to change more often.
GATHER_SECONDS = 0.01


class Incoming:
    """What has come of an answer and was not taken yet.

    Servers send each token by itself; to handle each by itself takes more time than a process with a hundred answers has.
    """

    def __init__(self) -> None:
        self._came = bytearray()
        self._failure: Exception | None = None
        self._over = False
        self._last_taken = 0.0
        self._waiter: asyncio.Future[None] | None = None
        self._taken = asyncio.Event()
        self._silent_at = math.inf
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, seconds: float, *, gather: bool = False) -> bytes | None:
        """All that is there, as soon as there is any; None at the end.

        Args:
            seconds: How long anything is waited for.
            gather: Whether what comes within `GATHER_SECONDS` of what was taken last is gathered for as long.

        Raises:
            TimeoutError: nothing came for so long.
            Exception: reading failed, after what had come.
        """
        loop = asyncio.get_running_loop()
        if seconds <= 0:
            raise TimeoutError
        if not self._came and not self._over:
            self._silent_at = loop.time() + seconds
            if self._timer is None or self._timer.when() > self._silent_at:
                self._set_timer(loop)
            self._waiter = loop.create_future()
            await self._waiter
            if not self._came and not self._over:
                raise TimeoutError
            self._silent_at = math.inf
        if gather and not self._over and loop.time() - self._last_taken < GATHER_SECONDS:
            await asyncio.sleep(GATHER_SECONDS)
        if self._came:
            self._last_taken = loop.time()
            piece = bytes(self._came)
            self._came.clear()
            self._taken.set()
            return piece
        if self._failure is not None:
            raise self._failure
        return None

    @property
    def is_full(self) -> bool:
        """Whether the server has to wait."""
        return len(self._came) > MAX_AHEAD

    def add(self, piece: bytes | bytearray) -> None:
        """Take in a piece."""
        self._came += piece
        self._wake()

    async def has_room(self) -> None:
        """Wait until it is not full."""
        while self.is_full:
            self._taken.clear()
            await self._taken.wait()

    async def read(
        self, pieces: AsyncGenerator[bytes, None], deliver: Callable[[Incoming], Awaitable[None]] | None
    ) -> None:
        """Read to the end; failures are raised where the bytes are taken.

        Args:
            pieces: Of the body.
            deliver: Adds the first of them, faster; None where nobody can.
        """
        try:
            async with aclosing(pieces):
                if deliver is not None:
                    await deliver(self)
                async for piece in pieces:
                    if piece:
                        self.add(piece)
                    await self.has_room()
        except Exception as error:  # noqa: BLE001 - the SDK lets its parsers' and libraries' errors through
            self._failure = error
        finally:
            self._over = True
            self._wake()

    def close(self) -> None:
        """Wait for nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        """One timer for all that is waited for: each piece of an answer only moves the time at which it rings for good."""
        self.close()
        self._timer = loop.call_at(self._silent_at, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._silent_at <= loop.time():
            self._wake()
        elif self._silent_at < math.inf:
            self._set_timer(loop)


@asynccontextmanager
async def read_ahead(
    pieces: AsyncGenerator[bytes, None], deliver: Callable[[Incoming], Awaitable[None]] | None = None
) -> AsyncGenerator[Incoming, None]:
    """Read ahead, as `Incoming.read`, as long as this is open."""
    came = Incoming()
    reading = asyncio.create_task(came.read(pieces, deliver))
    try:
        yield came
    finally:
        came.close()
        reading.cancel()
        await asyncio.wait([reading])
