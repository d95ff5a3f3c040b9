"""Work on a kernel that runs once at a time, however many wait for it: an installation, a reading of the state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from jupyter_agent.kernels.rpc import Restarted


class SharedTask:
    """One task that everybody who needs its work waits for.

    Args:
        work: Starts the work.
        once: Whether it need not be done again when it has ended well.
    """

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]], *, once: bool = False) -> None:
        self._work = work
        self._once = once
        self._task: asyncio.Task[None] | None = None

    @property
    def is_done(self) -> bool:
        """Whether it has ended well, as far as we know."""
        task = self._task
        return task is not None and task.done() and not task.cancelled() and task.exception() is None

    async def wait(self) -> None:
        """Wait until the work is done, and start it where needed; cancelling the wait does not cancel the work.

        Raises:
            Restarted: the work was cancelled, because the kernel was restarted.
        """
        task = self._task
        if task is None or (task.done() and not (self._once and self.is_done)):
            task = self._task = asyncio.create_task(self._work())
            # Nobody may be left to await the task and its exception.
            task.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if task.cancelled() and not (own is not None and own.cancelling()):
                raise Restarted from None
            raise

    def cancel(self) -> None:
        """Drop what was done; it is done anew for whoever waits next."""
        if self._task is not None:
            self._task.cancel()
        self._task = None

    async def close(self) -> None:
        """Cancel the work, and wait until it has ended."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
