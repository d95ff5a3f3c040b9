"""One thread in which a store does what blocks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

REST_SECONDS = 1.0
_Result = TypeVar("_Result")
_Call = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class Worker:
    """Runs calls one after the other, off the event loop; begins anew in a forked process.

    An executor would do, but takes as long to hand over a call as a fast disk to sync one.

    Args:
        name: The thread's name.
        forked: Called in the forked process first: what was opened is the parent's.
        rested: Called in the thread once nothing was asked for a while after something was.
    """

    def __init__(self, name: str, forked: Callable[[], None], rested: Callable[[], None] = lambda: None) -> None:
        self._name = name
        self._forked = forked
        self._rested = rested
        self._calls: SimpleQueue[_Call | None] | None = None
        self._process = os.getpid()

    async def run(self, call: Callable[[], _Result]) -> _Result:
        """The call's result. When the caller is cancelled, a call that has begun goes on to its end."""
        if self._process != os.getpid():
            self._process, self._calls = os.getpid(), None
            self._forked()
        if self._calls is None:
            self._calls = SimpleQueue()
            # A daemon, for a program may end without closing its stores; what was acknowledged is durable by then.
            threading.Thread(target=_work, args=(self._calls, self._rested), name=self._name, daemon=True).start()
        loop = asyncio.get_running_loop()
        result: asyncio.Future[_Result] = loop.create_future()
        self._calls.put((loop, result, call))
        return await result

    async def close(self, last: Callable[[], None]) -> None:
        """Run a last call and end the thread; nothing happens where none was started."""
        if self._calls is not None and self._process == os.getpid():
            await self.run(last)
            calls, self._calls = self._calls, None
            calls.put(None)


def _work(calls: SimpleQueue[_Call | None], rested: Callable[[], None]) -> None:
    worked = False
    while True:
        try:
            call = calls.get(timeout=REST_SECONDS if worked else None)
        except Empty:
            worked = False
            rested()
            continue
        if call is None:
            return
        worked = True
        _answer(*call)
        call = None  # nothing is kept while there is nothing to do


def _answer(loop: asyncio.AbstractEventLoop, result: asyncio.Future[Any], call: Callable[[], Any]) -> None:
    if result.cancelled():
        return
    try:
        outcome, error = call(), None
    except BaseException as raised:  # noqa: BLE001 – whatever it is, it is the caller's
        outcome, error = None, raised
    with contextlib.suppress(RuntimeError):  # the loop was closed; nobody waits any more
        loop.call_soon_threadsafe(_set_outcome, result, outcome, error)


def _set_outcome(result: asyncio.Future[Any], outcome: object, error: BaseException | None) -> None:
    if result.cancelled():
        return
    if error is None:
        result.set_result(outcome)
    else:
        result.set_exception(error)
