"""Answers questions on the kernel's control channel: a message type of our own, worked on in a thread of our own.

The control thread only takes the question and sends the answer, so that interrupts and debugging are never held up.
The worker is started below `threading`, so that the user's tracing and profiling hooks, and the list of the user's
threads, do not know it.
"""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import json
import queue
import sys
from collections.abc import Callable
from typing import Any

from .wire import REPLY, REPLY_SECONDS, REQUEST

Answer = Callable[[dict[str, Any]], dict[str, Any]]
#: Workers that may hang in a value before questions are refused.
_MAX_STUCK = 3


class ControlHandler:
    """Answers requests of our message type from now on.

    Args:
        kernel: ipykernel's.
        immediate: Answers what takes no time; empty where it does not.
        answer: Answers the rest, in the worker.
        after_reply: Called in the worker when a reply is on its way.
    """

    def __init__(self, kernel: Any, immediate: Answer, answer: Answer, after_reply: Callable[[], None]) -> None:
        self._kernel = kernel
        self._immediate = immediate
        self._answer = answer
        self._after_reply = after_reply
        self._jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stuck = 0
        self._tasks: set[asyncio.Task[None]] = set()
        _thread.start_new_thread(self._work, (self._jobs,))
        self._kernel.control_handlers[REQUEST] = self.handle

    def unregister(self) -> None:
        """Stops answering."""
        if self._kernel.control_handlers.get(REQUEST) == self.handle:
            del self._kernel.control_handlers[REQUEST]
        self._jobs.put(None)

    async def handle(self, stream: Any, ident: Any, parent: Any) -> None:
        """Takes a request; the reply follows, so that the next control message need not wait for it."""
        content = parent.get("content") or {}
        reply = _answer_or_error(self._immediate, content)
        if reply:
            self._reply(stream, reply, parent, ident)
            return
        task = asyncio.get_running_loop().create_task(self._serve(stream, content, parent, ident))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, stream: Any, content: dict[str, Any], parent: Any, ident: Any) -> None:
        """Has the worker answer; a worker that is stuck is left to its value, and the next requests get a new one."""
        if self._stuck >= _MAX_STUCK:
            self._reply(stream, {"error": "Reading the variables hangs; restart the kernel."}, parent, ident)
            return
        loop = asyncio.get_running_loop()
        done: asyncio.Future[dict[str, Any]] = loop.create_future()
        self._jobs.put((content, loop, done))
        try:
            reply = await asyncio.wait_for(done, REPLY_SECONDS)
        except asyncio.TimeoutError:  # noqa: UP041 - another class than TimeoutError before Python 3.11
            reply = {"error": "Reading the variables takes too long."}
            self._stuck += 1
            self._jobs = queue.SimpleQueue()
            _thread.start_new_thread(self._work, (self._jobs,))
        self._reply(stream, reply, parent, ident)

    def _reply(self, stream: Any, reply: dict[str, Any], parent: Any, ident: Any) -> None:
        session = self._kernel.session
        usual = session.copy_threshold
        # Sent without a copy, a large answer would make ZeroMQ load a module and start a thread in the user's process.
        session.copy_threshold = sys.maxsize
        try:
            try:
                session.send(stream, REPLY, reply, parent, ident)
            except UnicodeError:  # a name may hold what no text in UTF-8 can
                text = json.dumps(reply, ensure_ascii=False).encode("utf-8", "replace")
                session.send(stream, REPLY, json.loads(text), parent, ident)
        finally:
            session.copy_threshold = usual

    def _work(self, jobs: queue.SimpleQueue[Any]) -> None:
        """The worker: answers the queue's requests until None comes."""

        def give(done: asyncio.Future[dict[str, Any]], reply: dict[str, Any]) -> None:
            if not done.done():
                done.set_result(reply)

        while (job := jobs.get()) is not None:
            content, loop, done = job
            reply = _answer_or_error(self._answer, content)
            try:
                loop.call_soon_threadsafe(give, done, reply)
            except RuntimeError:
                return  # the kernel shuts down
            with contextlib.suppress(Exception):  # it is to save time; what failed fails when it is needed
                self._after_reply()


def _answer_or_error(answer: Answer, content: dict[str, Any]) -> dict[str, Any]:
    try:
        return answer(content)
    except Exception as error:
        return {"error": f"The kernel could not be read: {type(error).__name__}"}
