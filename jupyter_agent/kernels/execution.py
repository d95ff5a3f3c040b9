"""One run of code in a kernel from request to result: outputs, time limit, interrupt, death."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from jupyter_agent.core.kernel_state import ExecutionError, ExecutionResult
from jupyter_agent.core.text import head
from jupyter_agent.kernels.outputs import Collected, Status
from jupyter_agent.kernels.rpc import NOTHING, SIGN_OF_LIFE, Exchange, Restarted, text_of
from jupyter_agent.kernels.transport import KernelMessage

#: Seconds between looks whether the kernel lives.
_LOOK = 1.0
#: Seconds for an interrupted run to end, and for what belongs to a reply to come after it.
_GRACE = 5.0
_LATE_OUTPUT = 2.0
#: Seconds for the news that a cell has begun, at most.
_LATE_NEWS = 1.0
#: Seconds to wait for the first published message, which shows that the subscription holds.
_SUBSCRIBED = 2.0

_NO_REPLY = "The kernel ran the code but sent no reply: its output streams may have been replaced. Restart the kernel."
_QUEUED = "The kernel is busy with another cell, so the code did not run in time. It may still run after that cell."
_STILL = "\n[The code still runs: it did not react to an interrupt. Restart the kernel to stop it.]\n"


class Run:
    """One run. Not to be used twice."""

    def __init__(
        self, exchange: Exchange, *, interrupt: Callable[[], Awaitable[None]], is_alive: Callable[[], Awaitable[bool]]
    ) -> None:
        self._exchange = exchange
        self._interrupt = interrupt
        self._is_alive = is_alive
        self._identifier = ""
        self._collected = Collected()
        self._probes: list[str] = []
        self._count: int | None = None
        #: Content of the reply, once it has come.
        self.reply: Mapping[str, Any] = {}
        self._published = asyncio.Event()
        self._began = asyncio.Event()
        self._idle = asyncio.Event()
        self._dead = asyncio.Event()

    async def of(self, request: Mapping[str, Any], deadline: float) -> ExecutionResult:
        """Sends an ``execute_request`` and waits for its end, or for the deadline on `time.monotonic()` and the grace."""
        try:
            await self._exchange.listen(self._listen)
            await self._subscribed()
            return await self._run(request, deadline)
        finally:
            await self._exchange.stop_listening()

    def died(self) -> None:
        """The kernel is no more."""
        self._dead.set()

    async def _subscribed(self) -> None:
        """Waits until the kernel's publications arrive: what is published before that is lost.

        The publication waited for belongs to a request of ours, so that it is not one of the kernel's start.
        """
        end = time.monotonic() + _SUBSCRIBED
        while not self._published.is_set() and time.monotonic() < end:
            with contextlib.suppress(TimeoutError, Restarted):
                async with asyncio.timeout(0.2):
                    probe, _ = await self._exchange.send("control", SIGN_OF_LIFE, NOTHING)
                    self._probes.append(probe)
                    await self._published.wait()
        for probe in self._probes:
            self._exchange.forget(probe)

    async def _run(self, request: Mapping[str, Any], deadline: float) -> ExecutionResult:
        self._identifier, reply = await self._exchange.send("shell", "execute_request", request)
        try:
            ended = await self._ended(reply, deadline)
            if ended == "timeout":
                return await self._stop(reply)
            return self._result(ended, reply)
        except asyncio.CancelledError:
            await asyncio.shield(self._abandon())
            raise
        finally:
            self._exchange.forget(self._identifier)
            if reply.done() and not reply.cancelled() and reply.exception() is None:
                self.reply = reply.result()

    async def _abandon(self) -> None:
        """Interrupts the code, if it is running; that it began may not have been heard yet."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LATE_NEWS):
                await self._began.wait()
        if self._began.is_set() and not self._idle.is_set():
            await self._interrupt()

    async def _ended(self, reply: asyncio.Future[Mapping[str, Any]], deadline: float) -> str:
        """How the run ended: ``replied``, ``no_reply``, ``died``, or ``timeout`` at the deadline."""
        waits = [asyncio.ensure_future(self._idle.wait()), asyncio.ensure_future(self._dead.wait())]
        try:
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    return "timeout"
                every: list[asyncio.Future[Any]] = [reply, *waits]
                await asyncio.wait(every, timeout=min(_LOOK, left), return_when=asyncio.FIRST_COMPLETED)
                if self._dead.is_set() or not await self._is_alive():
                    return "died"
                if reply.done() or self._idle.is_set():
                    return await self._both(reply)
        finally:
            for wait in waits:
                wait.cancel()

    async def _both(self, reply: asyncio.Future[Mapping[str, Any]]) -> str:
        """One of reply and idle is there; the other one follows, or never comes."""
        if reply.done():
            if reply.exception() is not None:
                return "died"
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LATE_OUTPUT):
                    await self._idle.wait()
            return "replied"
        done, _ = await asyncio.wait([reply], timeout=_GRACE)
        if not done:
            return "no_reply"
        return "died" if reply.exception() is not None else "replied"

    async def _stop(self, reply: asyncio.Future[Mapping[str, Any]]) -> ExecutionResult:
        if not self._began.is_set():
            return ExecutionResult("unavailable", _QUEUED)
        await self._interrupt()
        ended = await self._ended(reply, time.monotonic() + _GRACE)
        if ended == "died":
            return self._result("died", reply)
        if ended == "timeout":
            return self._told("still_running", _STILL)
        return self._told("timeout")

    def _result(self, ended: str, reply: asyncio.Future[Mapping[str, Any]]) -> ExecutionResult:
        if ended == "died":
            return self._told("died")
        if ended == "no_reply":
            return self._told("error", _NO_REPLY)
        content = reply.result()
        if content.get("status") == "ok":
            return self._told("ok")
        if content.get("status") == "aborted":
            return ExecutionResult("unavailable", "The kernel dropped the code because an earlier cell failed.")
        error = ExecutionError(str(content.get("ename", "")), head(str(content.get("evalue", "")), 2000))
        return self._told("error", error=error)

    def _told(self, status: Status, note: str = "", error: ExecutionError | None = None) -> ExecutionResult:
        return replace(self._collected.result(status, note, error), execution_count=self._count)

    def _listen(self, message: KernelMessage) -> None:
        parent = text_of(message, "parent_header", "msg_id")
        if parent in self._probes:
            self._published.set()
        message_type = text_of(message, "header", "msg_type")
        content = message.get("content")
        if not isinstance(content, Mapping):
            return
        if message_type == "status" and content.get("execution_state") in ("starting", "dead"):
            # A kernel that has just been started may say so late, but never once our code runs in it.
            if self._began.is_set():
                self._dead.set()
            return
        if not self._identifier or parent != self._identifier:
            return
        if message_type == "status":
            (self._idle if content.get("execution_state") == "idle" else self._began).set()
        elif message_type == "execute_input":
            count = content.get("execution_count")
            self._count = count if isinstance(count, int) else None
        elif not self._idle.is_set():
            self._collected.take(message_type, content)
