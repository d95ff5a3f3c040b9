"""A kernel in another process: its state over the control channel, code over the shell channel."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.core.kernel_state import ExecutionResult, KernelState, KernelStatus, StateDelta, Variable
from jupyter_agent.kernels.execution import Run
from jupyter_agent.kernels.installation import FIRST_MET_BUSY, REQUEST, Installation, Unreadable, consume, shared
from jupyter_agent.kernels.requests import is_lost, run_request, signature_text, told_by, trial_request, trial_result
from jupyter_agent.kernels.rpc import NOTHING, SIGN_OF_LIFE, Exchange, Restarted
from jupyter_agent.kernels.transport import Transport

#: Seconds before a silent kernel is asked whether our handler is there at all.
_HEDGE = 0.25

_SILENT = "The kernel does not answer; it may be busy in native code."
_DEAD = "The kernel is dead; restart it."
_BUSY = "The kernel is busy; ask again when the running cell has ended."
_UNREACHABLE = "The kernel cannot be reached."
_STARTING = "The kernel is starting."


Act = Callable[[], Awaitable[None]]
IsAlive = Callable[[], Awaitable[bool]]


async def _assumed_alive() -> bool:
    return True


class MessagingKernel:
    """A kernel at the other end of a transport.

    Args:
        transport: The way to it.
        kernel_id: Jupyter's id.
        options: JSON data for the magic in the kernel.
        interrupt: Interrupts the kernel; None sends an interrupt request over the control channel, which kernels
            with signals ignore.
        is_alive: Whether the kernel's process lives.
        restart: Restarts the kernel.
    """

    def __init__(
        self,
        transport: Transport,
        kernel_id: str,
        *,
        options: Mapping[str, Any] | None = None,
        interrupt: Act | None = None,
        is_alive: IsAlive | None = None,
        restart: Act | None = None,
    ) -> None:
        self._exchange = Exchange(transport)
        self._interrupt = interrupt
        self._restart = restart
        self._is_alive = is_alive or _assumed_alive
        self._state = KernelState(kernel_id=kernel_id)
        self._installation = Installation(self._exchange, options or {})
        self._reading: asyncio.Task[None] | None = None
        self._running: Run | None = None
        self._executing = asyncio.Lock()
        self._closed = False

    @property
    def kernel_id(self) -> str:
        """Jupyter's id of the kernel."""
        return self._state.kernel_id

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        """What is known now; the last known state with `stale` where the kernel cannot be read in time."""
        try:
            async with asyncio.timeout(timeout):
                await self._refresh()
        except Unreadable as reason:
            self._state = replace(self._state, stale=reason.reason, status=reason.status)
        except KernelUnavailable as error:
            self._state = replace(self._state, stale=error.message, status="unknown")
        except (TimeoutError, Restarted):
            await self._explain_silence()
        return self._state

    async def _refresh(self) -> None:
        """Reads the state once, however many ask at the same time."""
        if self._closed:
            raise Unreadable(_DEAD, "dead")
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(consume)
        await shared(self._reading)

    async def _read(self) -> None:
        await self._installation.ensured()
        known = self._state
        content = {"op": "state", "epoch": known.epoch, "since": known.version}
        wire = await self._ask(content)
        try:
            self._state = known.after(StateDelta.from_wire(wire))
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable("The kernel answered something else than its state.", "unknown") from error

    async def _explain_silence(self) -> None:
        alive = await self._alive()
        status: KernelStatus = "dead"
        reason = _DEAD
        if alive and not self._exchange.is_open:
            status, reason = "unknown", _UNREACHABLE
        elif alive and not self._installation.is_done:
            never = not self._state.epoch
            status, reason = ("busy", FIRST_MET_BUSY) if never else ("starting", _STARTING)
        elif alive:
            status, reason = "busy", _SILENT
        self._state = replace(self._state, stale=reason, status=status)

    async def _alive(self) -> bool:
        try:
            async with asyncio.timeout(1.0):
                return await self._is_alive()
        except TimeoutError:
            return True

    async def _ask(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """Our question's answer; where our handler is gone, it is installed again.

        Raises:
            Unreadable: the kernel says that it cannot answer.
        """
        while True:
            identifier, answer = await self._exchange.send("control", REQUEST, content)
            try:
                done, _ = await asyncio.wait([answer], timeout=_HEDGE)
                if done or await self._handler_is_there(answer):
                    reply = await answer
                    if "error" in reply:
                        raise Unreadable(str(reply["error"]), "unknown")
                    return reply
            finally:
                self._exchange.forget(identifier)
            self._installation.forget()
            await self._installation.ensured()

    async def _handler_is_there(self, answer: asyncio.Future[Mapping[str, Any]]) -> bool:
        """Asks for a sign of life that is given at once; the control channel answers in order."""
        hello = asyncio.ensure_future(self._exchange.request("control", REQUEST, {"op": "hello"}))
        info = asyncio.ensure_future(self._exchange.request("control", SIGN_OF_LIFE, NOTHING))
        try:
            await asyncio.wait([hello, info, answer], return_when=asyncio.FIRST_COMPLETED)
            return answer.done() or hello.done()
        finally:
            for waiting in (hello, info):
                waiting.cancel()
                waiting.add_done_callback(consume)

    async def inspect(self, name: str, column: str | None = None) -> Variable:
        """One variable, or one column of a frame, in full."""
        what = name if column is None else f'{name}["{column}"]'
        try:
            async with asyncio.timeout(6.0):
                await self._installation.ensured()
                reply = await self._ask({"op": "inspect", "name": name, "column": column})
        except Unreadable as error:
            raise KernelUnavailable(error.reason) from error
        except (TimeoutError, Restarted) as error:
            raise KernelUnavailable(_SILENT) from error
        wire = reply.get("variable")
        if not isinstance(wire, dict):
            raise NotFound(f"The kernel has no {what} now.")
        return Variable.from_wire(wire)

    async def signature(self, code: str, cursor: int) -> str:
        """What the kernel tells of the object at a place in code: signature, documentation."""
        content = {"code": code, "cursor_pos": cursor, "detail_level": 0}
        try:
            async with asyncio.timeout(6.0):
                reply = await self._exchange.request("shell", "inspect_request", content)
        except (TimeoutError, Restarted) as error:
            raise KernelUnavailable(_BUSY) from error
        text = signature_text(reply)
        if not text:
            raise NotFound("The kernel knows no object of that name now.")
        return text

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code in the user's namespace; past `timeout` seconds it is interrupted."""
        return (await self._run(run_request(code), time.monotonic() + timeout))[0]

    async def try_execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code on a copy of the namespace, for what it displays."""
        deadline = time.monotonic() + timeout
        try:
            result, told = await self._try(code, deadline)
            if is_lost(result, told):
                self._installation.forget()
                result, told = await self._try(code, deadline)
            if told.get("status") == "awaits":
                result, told = await self._try(code, deadline, awaits=True)
        except Unreadable as error:
            return ExecutionResult("unavailable", error.reason)
        return trial_result(result, told)

    async def _try(
        self, code: str, deadline: float, *, awaits: bool = False
    ) -> tuple[ExecutionResult, Mapping[str, Any]]:
        try:
            async with asyncio.timeout_at(deadline - time.monotonic() + asyncio.get_running_loop().time()):
                await self._installation.ensured()
        except (TimeoutError, Restarted, KernelUnavailable) as error:
            raise Unreadable(_BUSY, "busy") from error
        result, reply = await self._run(trial_request(code, awaits=awaits), deadline)
        return result, told_by(reply)

    async def _run(self, request: Mapping[str, Any], deadline: float) -> tuple[ExecutionResult, Mapping[str, Any]]:
        """The result of a request to run something, and the content of its reply."""
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                await self._executing.acquire()
        except TimeoutError:
            return ExecutionResult("unavailable", "The kernel is busy with earlier code of the assistant."), {}
        try:
            self._running = run = Run(self._exchange, interrupt=self.interrupt, is_alive=self._alive)
            return await run.of(request, deadline), run.reply
        except KernelUnavailable as error:
            return ExecutionResult("unavailable", error.message), {}
        finally:
            self._running = None
            self._executing.release()

    async def restart(self) -> None:
        """Begin anew, in a fresh process."""
        if self._restart is None:
            raise KernelUnavailable("This kernel cannot be restarted from here: restart it from the Kernel menu.")
        await self._restart()
        self.notify_restarted()

    async def interrupt(self) -> None:
        """Stop what the kernel runs."""
        if self._interrupt is not None:
            await self._interrupt()
            return
        with contextlib.suppress(TimeoutError, Restarted, KernelUnavailable):
            async with asyncio.timeout(2.0):
                await self._exchange.request("control", "interrupt_request", {})

    def notify_restarted(self) -> None:
        """The kernel was restarted: nothing of what is known holds any more. Call it on the loop's thread."""
        self._installation.forget()
        if self._reading is not None:
            self._reading.cancel()
        self._reading = None
        self._exchange.restarted()
        if self._running is not None:
            self._running.died()
        kept = KernelState(kernel_id=self.kernel_id, status="starting", stale=_STARTING)
        self._state = kept

    async def close(self) -> None:
        """Disconnects; the kernel lives on."""
        self._closed = True
        await self._installation.close()
        if self._reading is not None and not self._reading.done():
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, Unreadable, Restarted, KernelUnavailable):
                await self._reading
        await self._exchange.close()
