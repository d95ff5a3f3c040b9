"""A kernel in another process, over ZeroMQ or a gateway: state over the control channel, code over the shell channel."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.core.kernel_state import ExecutionResult, KernelState, KernelStatus, StateDelta, Variable
from jupyter_agent.kernels.execution import (
    CodeExecution,
    sandbox_report,
    sandbox_request,
    sandbox_result,
    signature_text,
)
from jupyter_agent.kernels.install import BUSY_BEFORE_INSTALL, Unreadable, install
from jupyter_agent.kernels.rpc import PROBE_CONTENT, PROBE_TYPE, KernelRpc, Restarted, execute_request
from jupyter_agent.kernels.shared_task import SharedTask
from jupyter_agent.kernels.transport import Transport
from jupyter_agent.kernelside.wire import REQUEST

#: Seconds before a silent kernel is asked whether our handler is installed at all.
_HEDGE = 0.25
#: So long a kernel in which nothing has run is not asked again; then it is, and Jupyter's culler sees that it is in use.
_REST_SECONDS = 30.0

_SILENT = "The kernel does not answer; it may be busy in native code."
_DEAD = "The kernel is dead; restart it."
_BUSY = "The kernel is busy; ask again when the running cell has ended."
_UNREACHABLE = "The kernel cannot be reached."
_STARTING = "The kernel is starting."
_NOT_YET = "The kernel does not answer yet; it is starting, or busy in native code. Ask again in a moment."
#: So long a kernel that has never answered is waited for, once: it is most likely starting.
_START_SECONDS = 4.0
#: Errors of a sandbox run that never began, because the kernel was restarted or reset unnoticed, and has lost kernelside.
_LOST = ("KeyError", "AttributeError", "NameError")


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
        known: What is known of it from an earlier connection: only what has changed since is asked for.
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
        known: KernelState | None = None,
    ) -> None:
        self.kernel_id = kernel_id
        self._rpc = KernelRpc(transport)
        self._interrupt = interrupt
        self._restart = restart
        self._is_alive = is_alive
        self._state = known or KernelState(kernel_id=kernel_id)
        self._installation = SharedTask(partial(install, self._rpc, options or {}), once=True)
        self._reading = SharedTask(self._read_state)
        self._asked_at = 0.0
        self._execution: CodeExecution | None = None
        self._execution_lock = asyncio.Lock()
        self._closed = False
        self._has_answered = False

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        """What is known now; the last known state with `stale` where the kernel cannot be read in time."""
        status: KernelStatus
        try:
            try:
                async with asyncio.timeout(timeout):
                    if self._closed:
                        raise Unreadable(_DEAD, "dead")
                    await self._reading.wait()
            except TimeoutError:
                if self._has_answered or timeout < 1.0 or not await self._alive() or await self._answers():
                    raise
                async with asyncio.timeout(_START_SECONDS):
                    await self._reading.wait()
            self._has_answered = True
            return self._state
        except Unreadable as error:
            status, reason = error.status, error.reason
        except KernelUnavailable as error:
            status, reason = "unknown", error.message
        except (TimeoutError, Restarted):
            if not await self._alive():
                status, reason = "dead", _DEAD
            elif not self._rpc.is_open:
                status, reason = "unknown", _UNREACHABLE
            elif self._installation.is_done:
                status, reason = "busy", _SILENT
            elif self._state.epoch:
                status, reason = "starting", _STARTING
            elif self._has_answered or await self._answers():
                status, reason = "busy", BUSY_BEFORE_INSTALL
            else:
                status, reason = "starting", _NOT_YET
        self._state = replace(self._state, stale=reason, status=status)
        return self._state

    async def _answers(self) -> bool:
        """Whether a kernel that could not be read answers at all; one that starts, or is busy in native code, does not."""
        with contextlib.suppress(TimeoutError, Restarted, KernelUnavailable):
            async with asyncio.timeout(0.5):
                await self._rpc.request("control", PROBE_TYPE, PROBE_CONTENT)
                self._has_answered = True
        return self._has_answered

    async def _read_state(self) -> None:
        await self._installation.wait()
        known = self._state
        is_recent = not known.stale and time.monotonic() - self._asked_at < _REST_SECONDS
        if is_recent and _is_at_rest(known.process):
            self._state = replace(known, taken_at=time.time())
            return
        self._asked_at = time.monotonic()
        wire = await self._request({"op": "state", "epoch": known.epoch, "since": known.version})
        try:
            self._state = known.after(StateDelta.from_wire(wire))
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable("The kernel answered something else than its state.", "unknown") from error

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
            async with self._rpc.sent("control", REQUEST, content) as (_, reply):
                if (await asyncio.wait([reply], timeout=_HEDGE))[0] or await self._has_handler(reply):
                    reply_content = await reply
                    if "error" in reply_content:
                        raise Unreadable(str(reply_content["error"]), "unknown")
                    return reply_content
            self._installation.cancel()
            await self._installation.wait()

    async def _has_handler(self, reply: asyncio.Future[Mapping[str, Any]]) -> bool:
        """Whether the handler answers a hello before the kernel answers a probe; the control channel keeps the order."""
        async with (
            self._rpc.sent("control", REQUEST, {"op": "hello"}) as (_, hello),
            self._rpc.sent("control", PROBE_TYPE, PROBE_CONTENT) as (_, probe),
        ):
            await asyncio.wait([hello, probe, reply], return_when=asyncio.FIRST_COMPLETED)
            return reply.done() or hello.done()

    async def inspect(self, name: str, column: str | None = None, values: Sequence[str] = ()) -> Variable:
        """One variable, or one column of a frame, in full."""
        what = name if column is None else f'{name}["{column}"]'
        try:
            async with asyncio.timeout(6.0):
                await self._installation.wait()
                reply = await self._request({"op": "inspect", "name": name, "column": column, "values": [*values]})
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
            if not report and result.status == "error" and result.error is not None and result.error.name in _LOST:
                self._installation.cancel()
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
                await self._installation.wait()
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
        if self._execution is not None:
            self._execution.is_interrupted = True
        if self._interrupt is not None:
            await self._interrupt()
            return
        with contextlib.suppress(TimeoutError, Restarted, KernelUnavailable):
            async with asyncio.timeout(2.0):
                await self._rpc.request("control", "interrupt_request", {})

    def notify_restarted(self) -> None:
        """Drop what is known, because the kernel was restarted. Call it on the loop's thread."""
        self._installation.cancel()
        self._reading.cancel()
        self._rpc.fail_pending()
        if self._execution is not None:
            self._execution.dead.set()
        self._state = KernelState(kernel_id=self.kernel_id, status="starting", stale=_STARTING)

    async def close(self) -> None:
        """Disconnect; the kernel lives on."""
        self._closed = True
        await self._installation.close()
        await self._reading.close()
        await self._rpc.close()


def _is_at_rest(process: tuple[int, ...]) -> bool:
    """Whether a kernel is found as `KernelState.process` says; never where its process is none of this machine's."""
    links, *threads = process or (0,)
    try:
        folder = f"/proc/{threads[0]}/task"
        for thread_id, nanoseconds in zip(threads[::2], threads[1::2], strict=True):
            # Looked at first: the time is only right of what sleeps.
            is_asleep = _contents(f"{folder}/{thread_id}/stat").rpartition(b") ")[2].startswith(b"S")
            if not is_asleep or int(_contents(f"{folder}/{thread_id}/schedstat").split()[0]) != nanoseconds:
                return False
        return Path(folder).stat().st_nlink == links
    except (OSError, ValueError, IndexError):
        return False


def _contents(path: str) -> bytes:
    """A short file's; a kernel has a dozen threads, and `Path` takes four times as long for each."""
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 4096)
    finally:
        os.close(file)
