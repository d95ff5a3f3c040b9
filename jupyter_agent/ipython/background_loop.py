"""The one sync adapter: an event loop in a thread of its own, so that the main thread stays the user's."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Coroutine, Generator
from concurrent.futures import wait
from typing import Any, TypeVar

T = TypeVar("T")
END_SECONDS = 5.0
POLL_SECONDS = 0.5  # on Windows a waiting main thread does not notice Ctrl-C before its wait ends


class BackgroundLoop:
    """Runs coroutines for a thread that waits; Ctrl-C in the waiting thread cancels them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="jupyter-agent", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            while not wait([future], POLL_SECONDS).done:
                continue
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def iterate(self, source: AsyncIterator[T]) -> Generator[T, None, None]:
        """What an asynchronous iterator yields, as it comes; closing this one cancels it and waits till it has ended."""
        items: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        ended = threading.Event()

        async def pump() -> None:
            try:
                async for item in source:
                    items.put(item)
            finally:
                items.put(None)
                ended.set()

        future = asyncio.run_coroutine_threadsafe(pump(), self._loop)
        try:
            while True:
                try:
                    item = items.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    continue
                if item is None:
                    break
                yield item
            future.result()
        finally:
            if not future.done():
                future.cancel()
                ended.wait(END_SECONDS)

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()
