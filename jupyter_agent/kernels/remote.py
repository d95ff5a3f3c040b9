"""A kernel in another process: its state over the control channel, code over the shell channel."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

from jupyter_agent.errors import KernelUnavailable, NotFound
from jupyter_agent.kernels.exchange import NOTHING, SIGN_OF_LIFE, Exchange, Restarted
from jupyter_agent.kernels.install import EXPRESSION, bootstrap, source_hash
from jupyter_agent.kernels.run import Run
from jupyter_agent.kernels.transport import Transport, ZmqTransport
from jupyter_agent.state import ExecutionResult, KernelState, KernelStatus, StateDelta, Variable

REQUEST = "jupyter_agent_request"
#: Seconds before a silent kernel is asked whether our handler is there at all.
_HEDGE = 0.25
#: Seconds before the installation is sent again, and how often that wait doubles.
_RESEND = 5.0
_RESENDS = 6

_FIRST_MET_BUSY = "The kernel is busy; its variables are known when the running cell ends."
_SILENT = "The kernel does not answer; it may be busy in native code."
_DEAD = "The kernel is dead; restart it."
_UNREACHABLE = "The kernel cannot be reached."
_STARTING = "The kernel is starting."


class _Unreadable(Exception):
    """The kernel's state cannot be read now; the text says why, `status` what the kernel does."""

    def __init__(self, reason: str, status: KernelStatus) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


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
    """

    def __init__(
        self,
        transport: Transport,
        kernel_id: str,
        *,
        options: Mapping[str, Any] | None = None,
        interrupt: Callable[[], Awaitable[None]] | None = None,
        is_alive: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._exchange = Exchange(transport)
        self._options = dict(options or {})
        self._interrupt = interrupt
        self._is_alive = is_alive or _assumed_alive
        self._state = KernelState(kernel_id=kernel_id)
        self._installation: asyncio.Task[None] | None = None
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
        except _Unreadable as reason:
            self._state = replace(self._state, stale=reason.reason, status=reason.status)
        except KernelUnavailable as error:
            self._state = replace(self._state, stale=error.message, status="unknown")
        except (TimeoutError, Restarted):
            await self._explain_silence()
        return self._state

    async def _refresh(self) -> None:
        """Reads the state once, however many ask at the same time."""
        if self._closed:
            raise _Unreadable(_DEAD, "dead")
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(_consume)
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        await self._installed()
        known = self._state
        content = {"op": "state", "epoch": known.epoch, "since": known.version}
        wire = await self._ask(content)
        try:
            self._state = known.after(StateDelta.from_wire(wire))
        except (KeyError, TypeError, ValueError) as error:
            raise _Unreadable("The kernel answered something else than its state.", "unknown") from error

    async def _explain_silence(self) -> None:
        alive = await self._alive()
        status: KernelStatus = "dead"
        reason = _DEAD
        if alive and not self._exchange.is_open:
            status, reason = "unknown", _UNREACHABLE
        elif alive and not self._is_installed:
            never = not self._state.epoch
            status, reason = ("busy", _FIRST_MET_BUSY) if never else ("starting", _STARTING)
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
            _Unreadable: the kernel says that it cannot answer.
        """
        while True:
            identifier, answer = await self._exchange.send("control", REQUEST, content)
            try:
                done, _ = await asyncio.wait([answer], timeout=_HEDGE)
                if done or await self._handler_is_there(answer):
                    reply = await answer
                    if "error" in reply:
                        raise _Unreadable(str(reply["error"]), "unknown")
                    return reply
            finally:
                self._exchange.forget(identifier)
            self._installation = None
            await self._installed()

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
                waiting.add_done_callback(_consume)

    @property
    def _is_installed(self) -> bool:
        task = self._installation
        return task is not None and task.done() and not task.cancelled() and task.exception() is None

    async def _installed(self) -> None:
        """Waits until kernelside is installed; the installation itself goes on when the waiting ends."""
        task = self._installation
        failed = task is not None and task.done() and not self._is_installed
        if task is None or failed:
            task = self._installation = asyncio.create_task(self._install())
            task.add_done_callback(_consume)
        await asyncio.shield(task)

    async def _install(self) -> None:
        """Sends the source until it is known to be there.

        Raises:
            _Unreadable: nothing of ours can run in this kernel.
        """
        wait = _RESEND
        for _ in range(_RESENDS):
            if await self._send_source(wait):
                return
            wait *= 2
        raise _Unreadable(_FIRST_MET_BUSY, "busy")

    async def _send_source(self, wait: float) -> bool:
        content = {
            "code": "",
            "silent": True,
            "store_history": False,
            "user_expressions": {EXPRESSION: bootstrap(self._options)},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        try:
            async with asyncio.timeout(wait):
                reply = await self._exchange.request("shell", "execute_request", content)
        except TimeoutError:
            return await self._somebody_installed()
        if reply.get("status") == "aborted":
            return False
        told = (reply.get("user_expressions") or {}).get(EXPRESSION) or {}
        if told.get("status") != "ok":
            raise _Unreadable(await self._why_not(told), "unknown")
        return True

    async def _why_not(self, told: Mapping[str, Any]) -> str:
        """Why the source could not be installed: another language, or what the kernel says."""
        info = await self._exchange.request("control", "kernel_info_request", {})
        implementation = str(info.get("implementation", ""))
        if implementation != "ipython":
            return _unsupported(info, implementation)
        return f"The kernel refused to be looked into: {str(told.get('evalue', ''))[:200]}"

    async def _somebody_installed(self) -> bool:
        """Whether another client of this kernel installed the same source meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                hello = await self._exchange.request("control", REQUEST, {"op": "hello"})
                return hello.get("source_hash") == source_hash()
        return False

    async def inspect(self, name: str, column: str | None = None) -> Variable:
        """One variable, or one column of a frame, in full."""
        what = name if column is None else f'{name}["{column}"]'
        try:
            async with asyncio.timeout(6.0):
                await self._installed()
                reply = await self._ask({"op": "inspect", "name": name, "column": column})
        except _Unreadable as error:
            raise KernelUnavailable(error.reason) from error
        except (TimeoutError, Restarted) as error:
            raise KernelUnavailable(_SILENT) from error
        wire = reply.get("variable")
        if not isinstance(wire, dict):
            raise NotFound(f"The kernel has no {what} now.")
        return Variable.from_wire(wire)

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code in the user's namespace; past `timeout` seconds it is interrupted."""
        deadline = time.monotonic() + timeout
        try:
            async with asyncio.timeout(timeout):
                await self._executing.acquire()
        except TimeoutError:
            return ExecutionResult("unavailable", "The kernel is busy with earlier code of the assistant.")
        try:
            self._running = Run(self._exchange, interrupt=self.interrupt, is_alive=self._alive)
            return await self._running.of(code, deadline)
        except KernelUnavailable as error:
            return ExecutionResult("unavailable", error.message)
        finally:
            self._running = None
            self._executing.release()

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
        if self._installation is not None:
            self._installation.cancel()
        self._installation = None
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
        for task in (self._installation, self._reading):
            if task is not None and not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, _Unreadable, Restarted, KernelUnavailable):
                    await task
        await self._exchange.close()


class RemoteKernel(MessagingKernel):
    """A kernel behind ZeroMQ sockets, through a `jupyter_client` client whose channels were never started.

    The client's session gets an identity of its own; sockets are opened with the first question, on the running loop.

    Args:
        client: From ``kernel_manager.client()``, not started.
        kernel_id: Jupyter's id.
        options: JSON data for the magic in the kernel.
        interrupt: The kernel manager's way to interrupt.
        is_alive: The kernel manager's way to know whether the process lives.
    """

    def __init__(
        self,
        client: AsyncKernelClient,
        kernel_id: str,
        *,
        options: Mapping[str, Any] | None = None,
        interrupt: Callable[[], Awaitable[None]] | None = None,
        is_alive: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        super().__init__(ZmqTransport(client), kernel_id, options=options, interrupt=interrupt, is_alive=is_alive)


def _unsupported(info: Mapping[str, Any], implementation: str) -> str:
    language = str((info.get("language_info") or {}).get("name", "")) or "unknown"
    return (
        f"Variables cannot be read in this kernel (language {language[:40]}, implementation {implementation[:40]}): "
        "only its cells and outputs are known."
    )


def _consume(task: asyncio.Future[Any]) -> None:
    """Takes notice of a result that nobody may be left to wait for."""
    if not task.cancelled():
        task.exception()
