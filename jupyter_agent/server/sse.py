"""Server-sent events: each flushed as it happens, kept alive, and never more than the reader reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TYPE_CHECKING

from tornado.iostream import StreamClosedError

from jupyter_agent.server.encoding import KEEP_ALIVE, frame

if TYPE_CHECKING:
    from tornado.web import RequestHandler

    from jupyter_agent.messages import Event

KEEP_ALIVE_SECONDS = 15.0
WRITE_SECONDS = 30.0
CONTENT_TYPE = "text/event-stream"


class EventStream:
    """One response of events.

    Args:
        handler: Whose response it is; nothing has been written to it.
    """

    def __init__(self, handler: RequestHandler) -> None:
        self._handler = handler
        self._number = 0

    def open(self) -> None:
        """Send nothing yet, but say what comes; no proxy may hold it back."""
        self._handler.set_header("Content-Type", CONTENT_TYPE)
        self._handler.set_header("Cache-Control", "no-cache, no-transform")
        self._handler.set_header("X-Accel-Buffering", "no")

    async def send(self, event: Event) -> bool:
        """Write one event; False when nobody reads any more."""
        self._number += 1
        return await self._write(frame(self._number, event))

    async def send_all(self, events: AsyncGenerator[Event, None]) -> bool:
        """Write events as they come, with comments while none comes; False when nobody reads any more."""
        upcoming = asyncio.ensure_future(anext(events, None))
        try:
            while True:
                done, _ = await asyncio.wait([upcoming], timeout=KEEP_ALIVE_SECONDS)
                if not done:
                    if not await self._write(KEEP_ALIVE):
                        return False
                    continue
                event = upcoming.result()
                if event is None:
                    return True
                if not await self.send(event):
                    return False
                upcoming = asyncio.ensure_future(anext(events, None))
        finally:
            upcoming.cancel()
            with suppress(asyncio.CancelledError):
                await upcoming

    async def _write(self, data: bytes) -> bool:
        try:
            self._handler.write(data)
            await asyncio.wait_for(self._handler.flush(), WRITE_SECONDS)
        except (StreamClosedError, TimeoutError):
            return False
        return True
