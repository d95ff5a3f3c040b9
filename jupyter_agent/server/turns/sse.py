"""Server-sent events: each flushed as it happens, kept alive by comments, and never more than the client reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from tornado.iostream import StreamClosedError

from jupyter_agent.server.base_handler import AgentHandler
from jupyter_agent.server.encoding import KEEP_ALIVE

KEEP_ALIVE_SECONDS = 15.0
WRITE_SECONDS = 30.0
CONTENT_TYPE = "text/event-stream"


class StreamingHandler(AgentHandler):
    """A handler that can answer with a stream of events."""

    _streaming: asyncio.Task[Any] | None = None
    _wrote = False
    _keep_alive_timer: asyncio.TimerHandle | None = None

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if self._streaming is not None:
            self._streaming.cancel()

    async def stream(self, frames: AsyncGenerator[bytes, None]) -> None:
        """Send frames as they come, with comments while none comes; returns when there are no more, or no client.

        Whatever the first frame raises is an error of its own status; no proxy may buffer what follows.
        """
        async with aclosing(frames):
            first = await anext(frames, b"")  # none is left where a stream is resumed at its end
            self.set_header("Content-Type", CONTENT_TYPE)
            self.set_header("Cache-Control", "no-cache, no-transform")
            self.set_header("X-Accel-Buffering", "no")
            stream = getattr(self.request.connection, "stream", None)
            if stream is not None and not stream.closed():
                stream.set_nodelay(True)  # waiting for the acknowledgement of the last frame may take 40 ms
            self._wrote = True
            self._keep_alive()
            try:
                if complete := await self._send(first):
                    self._streaming = asyncio.current_task()
                    async for frame in frames:
                        if not (complete := await self._send(frame)):
                            break
            except asyncio.CancelledError:
                if not self.disconnected or self._streaming is None:
                    raise
                self._streaming.uncancel()
                complete = False
            finally:
                self._streaming = None
                if self._keep_alive_timer is not None:
                    self._keep_alive_timer.cancel()
        connection: Any = self.request.connection
        if complete:
            self.finish(set_content_type=CONTENT_TYPE)
        elif connection is not None and hasattr(connection, "close"):
            connection.close()

    async def _send(self, frame: bytes) -> bool:
        self._wrote = True
        try:
            self.write(frame)
            flushed = asyncio.ensure_future(self.flush())
            if not flushed.done():  # most are, immediately
                await asyncio.wait_for(flushed, WRITE_SECONDS)
        except (StreamClosedError, TimeoutError):
            return False
        return not self.disconnected

    def _keep_alive(self) -> None:
        if self.disconnected:
            return
        if not self._wrote:
            self.write(KEEP_ALIVE)
            # Should it fail, the next event finds out that the client has disconnected.
            asyncio.ensure_future(self.flush()).add_done_callback(
                lambda flushed: flushed.cancelled() or flushed.exception()
            )
        self._wrote = False
        self._keep_alive_timer = asyncio.get_running_loop().call_later(KEEP_ALIVE_SECONDS, self._keep_alive)
