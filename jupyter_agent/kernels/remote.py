"""A kernel in another process, over ZeroMQ or a gateway: state over the control channel, code over the shell channel."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.core.kernel_state import ExecutionResult, KernelState, KernelStatus, StateDelta, Variable
from jupyter_agent.kernels.execution import (
    CodeExecution,
    execute_request,
    is_kernelside_lost,
    sandbox_report,
    sandbox_request,
    sandbox_result,
    signature_text,
)
from jupyter_agent.kernels.install import (
    BUSY_BEFORE_INSTALL,
    REQUEST,
    Installer,
    Unreadable,
    cancel_and_wait,
    retrieve_exception,
    wait_for_shared,
)
from jupyter_agent.kernels.rpc import PROBE_CONTENT, PROBE_TYPE, KernelRpc, Restarted
from jupyter_agent.kernels.transport import Transport

#: Seconds before a silent kernel is asked whether our handler is installed at all.
_HEDGE = 0.25

_SILENT = "The kernel does not answer; it may be busy in native code."
_DEAD = "The kernel is dead; restart it."
_BUSY = "The kernel is busy; ask again when the running cell has ended."
_UNREACHABLE = "The kernel cannot be reached."
_STARTING = "The kernel is starting."


class RemoteKernel:
    """A kernel at the other end of a transport.

    Args:
        transport: Carries its messages.
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
        interrupt: Callable[[], Awaitable[None]] | None = None,
        is_alive: Callable[[], Awaitable[bool]] | None = None,
        restart: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.kernel_id = kernel_id
        self._rpc = KernelRpc(transport)
        self._interrupt = interrupt
        self._restart = restart
        self._is_alive = is_alive
        self._state = KernelState(kernel_id=kernel_id)
        self._installer = Installer(self._rpc, options or {})
        self._reading: asyncio.Task[None] | None = None
        self._execution: CodeExecution | None = None
        self._execution_lock = asyncio.Lock()
        self._closed = False

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        """What is known now; the last known state with `stale` where the kernel cannot be read in time."""
        try:
            async with asyncio.timeout(timeout):
                if self._closed:
                    raise Unreadable(_DEAD, "dead")
                if self._reading is None or self._reading.done():  # one request, however many ask at the same time
                    self._reading = asyncio.create_task(self._read_state())
                    self._reading.add_done_callback(retrieve_exception)
                await wait_for_shared(self._reading)
        except Unreadable as error:
            self._state = replace(self._state, stale=error.reason, status=error.status)
        except KernelUnavailable as error:
            self._state = replace(self._state, stale=error.message, status="unknown")
        except (TimeoutError, Restarted):
            status, reason = await self._explain_silence()
            self._state = replace(self._state, stale=reason, status=status)
        return self._state

    async def _read_state(self) -> None:
        await self._installer.ensure_installed()
        known = self._state
        wire = await self._request({"op": "state", "epoch": known.epoch, "since": known.version})
        try:
            self._state = known.after(StateDelta.from_wire(wire))
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable("The kernel answered something else than its state.", "unknown") from error

    async def _explain_silence(self) -> tuple[KernelStatus, str]:
        """What a kernel that did not answer does, and the reason why its state is stale."""
        if not await self._alive():
            return "dead", _DEAD
        if not self._rpc.is_open:
            return "unknown", _UNREACHABLE
        if self._installer.is_done:
            return "busy", _SILENT
        return ("starting", _STARTING) if self._state.epoch else ("busy", BUSY_BEFORE_INSTALL)

    async def _alive(self) -> bool:
        """Whether the process lives, as far as is known within a second."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                return self._is_alive is None or await self._is_alive()
        return True

    async def _request(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """The reply of kernelside's control handler; where the handler is gone, it is installed again.

        Raises:
            Unreadable: the kernel replies that it cannot answer.
        """
        while True:
            identifier, reply = await self._rpc.send("control", REQUEST, content)
            try:
                done, _ = await asyncio.wait([reply], timeout=_HEDGE)
                if done or await self._has_handler(reply):
                    reply_content = await reply
                    if "error" in reply_content:
                        raise Unreadable(str(reply_content["error"]), "unknown")
                    return reply_content
            finally:
                self._rpc.forget(identifier)
            self._installer.reset()
            await self._installer.ensure_installed()

    async def _has_handler(self, reply: asyncio.Future[Mapping[str, Any]]) -> bool:
        """Whether the handler answers a hello before the kernel answers a probe; the control channel keeps the order."""
        hello = asyncio.ensure_future(self._rpc.request("control", REQUEST, {"op": "hello"}))
        probe = asyncio.ensure_future(self._rpc.request("control", PROBE_TYPE, PROBE_CONTENT))
        try:
            await asyncio.wait([hello, probe, reply], return_when=asyncio.FIRST_COMPLETED)
            return reply.done() or hello.done()
        finally:
            for waiting in (hello, probe):
                waiting.cancel()
                waiting.add_done_callback(retrieve_exception)

    async def inspect(self, name: str, column: str | None = None) -> Variable:
        """One variable, or one column of a frame, in full."""
        what = name if column is None else f'{name}["{column}"]'
        try:
            async with asyncio.timeout(6.0):
                await self._installer.ensure_installed()
                reply = await self._request({"op": "inspect", "name": name, "column": column})
        except Unreadable as error:
            raise KernelUnavailable(error.reason) from error
        except (TimeoutError, Restarted) as error:
            raise KernelUnavailable(_SILENT) from error
        wire = reply.get("variable")
        if not isinstance(wire, dict):
            raise NotFound(f"The kernel has no {what} now.")
        return Variable.from_wire(wire)

    async def signature(self, code: str, cursor: int) -> str:
        """Signature and documentation of the object at a place in code."""
        content = {"code": code, "cursor_pos": cursor, "detail_level": 0}
        try:
            async with asyncio.timeout(6.0):
                reply = await self._rpc.request("shell", "inspect_request", content)
        except (TimeoutError, Restarted) as error:
            raise KernelUnavailable(_BUSY) from error
        text = signature_text(reply)
        if not text:
            raise NotFound("The kernel knows no object of that name now.")
        return text

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code in the user's namespace; past `timeout` seconds it is interrupted."""
        return (await self._run(execute_request(code), time.monotonic() + timeout))[0]

    async def try_execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code on a copy of the namespace, for what it displays."""
        deadline = time.monotonic() + timeout
        try:
            result, report = await self._run_in_sandbox(code, deadline)
            if is_kernelside_lost(result, report):
                self._installer.reset()
                result, report = await self._run_in_sandbox(code, deadline)
            if report.get("status") == "awaits":
                result, report = await self._run_in_sandbox(code, deadline, awaits=True)
        except Unreadable as error:
            return ExecutionResult("unavailable", error.reason)
        return sandbox_result(result, report)

    async def _run_in_sandbox(
        self, code: str, deadline: float, *, awaits: bool = False
    ) -> tuple[ExecutionResult, Mapping[str, Any]]:
        """The result of the request, and the kernel's report on the run."""
        try:
            async with asyncio.timeout_at(deadline - time.monotonic() + asyncio.get_running_loop().time()):
                await self._installer.ensure_installed()
        except (TimeoutError, Restarted, KernelUnavailable) as error:
            raise Unreadable(_BUSY, "busy") from error
        result, reply = await self._run(sandbox_request(code, awaits=awaits), deadline)
        return result, sandbox_report(reply)

    async def _run(self, request: Mapping[str, Any], deadline: float) -> tuple[ExecutionResult, Mapping[str, Any]]:
        """The result of an ``execute_request``, and the content of its reply."""
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                await self._execution_lock.acquire()
        except TimeoutError:
            return ExecutionResult("unavailable", "The kernel is busy with earlier code of the assistant."), {}
        try:
            self._execution = execution = CodeExecution(self._rpc, interrupt=self.interrupt, is_alive=self._alive)
            return await execution.run(request, deadline), execution.reply
        except KernelUnavailable as error:
            return ExecutionResult("unavailable", error.message), {}
        finally:
            self._execution = None
            self._execution_lock.release()

    async def restart(self) -> None:
        """Start a new process; all variables are lost."""
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
                await self._rpc.request("control", "interrupt_request", {})

    def notify_restarted(self) -> None:
        """Drop what is known, because the kernel was restarted. Call it on the loop's thread."""
        self._installer.reset()
        if self._reading is not None:
            self._reading.cancel()
        self._reading = None
        self._rpc.fail_pending()
        if self._execution is not None:
            self._execution.set_dead()
        self._state = KernelState(kernel_id=self.kernel_id, status="starting", stale=_STARTING)

    async def close(self) -> None:
        """Disconnect; the kernel lives on."""
        self._closed = True
        await self._installer.close()
        if self._reading is not None:
            await cancel_and_wait(self._reading)
        await self._rpc.close()
