"""One thread in which a store does what blocks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Result = TypeVar("_Result")


class Worker:
    """Runs calls one after the other, off the event loop; begins anew in a forked process.

    Args:
        name: The thread's name.
        forked: Called in the forked process first: what was opened is the parent's.
    """

    def __init__(self, name: str, forked: Callable[[], None]) -> None:
        self._name = name
        self._forked = forked
        self._thread: ThreadPoolExecutor | None = None
        self._process = os.getpid()

    async def run(self, call: Callable[[], _Result]) -> _Result:
        """The call's result. When the caller is cancelled, a call that has begun goes on to its end."""
        if self._process != os.getpid():
            self._process, self._thread = os.getpid(), None
            self._forked()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix=self._name)
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def close(self, last: Callable[[], None]) -> None:
        """Run a last call and end the thread; nothing happens where none was started."""
        if self._thread is not None and self._process == os.getpid():
            await self.run(last)
            thread, self._thread = self._thread, None
            thread.shutdown(wait=False)
