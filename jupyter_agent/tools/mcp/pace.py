"""How fast a server may talk: a flood waits at its source instead of taking the event loop."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

MAX_MESSAGE = 4 << 20
BURST = 2 * MAX_MESSAGE
PER_SECOND = 1 << 20
#: What a message costs beside its bytes.
PER_MESSAGE = 512


@dataclass(slots=True)
class Pace:
    """Lets much through at once, and then no more than `PER_SECOND`."""

    _left: float = BURST
    _seen: float = field(default_factory=time.monotonic)

    async def spend(self, size: int, messages: int = 1) -> None:
        """Wait until this many bytes may pass."""
        now = time.monotonic()
        self._left = min(BURST, self._left + (now - self._seen) * PER_SECOND) - size - messages * PER_MESSAGE
        self._seen = now
        if self._left < 0:
            await asyncio.sleep(-self._left / PER_SECOND)
