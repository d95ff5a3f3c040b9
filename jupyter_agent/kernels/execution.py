"""Code executed in a kernel, from the request to its result: outputs, time limit, interrupt, death; and sandbox runs."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.core.kernel_state import ExecutionError, ExecutionResult
from jupyter_agent.core.progress import PROGRESS
from jupyter_agent.core.text import head
from jupyter_agent.kernels.install import BUILTINS, EXPRESSION, PACKAGE
from jupyter_agent.kernels.outputs import OutputCollector, Status
from jupyter_agent.kernels.rpc import PROBE_CONTENT, PROBE_TYPE, KernelRpc, Restarted, execute_request, text_field
from jupyter_agent.kernels.transport import DROPPED, KernelMessage
from jupyter_agent.kernelside.wire import ANSI_ESCAPE

#: Seconds between checks whether the kernel is alive.
_ALIVE_INTERVAL = 1.0
#: Seconds for interrupted code to end, and for what belongs to a reply to arrive after it.
_GRACE = 5.0
_LATE_OUTPUT = 2.0
_LATE_FLOOD = 30.0
#: Seconds for the message that the code began to run.
_LATE_BUSY = 1.0
#: Seconds to wait for the first iopub message, which proves the subscription.
_SUBSCRIBED = 2.0
#: Characters of an object's signature and documentation.
_MAX_SIGNATURE = 8_000

#: Outputs from which on a missing end means that there were too many.
_FLOOD = 500

_INCOMPLETE = "\n[The outputs came faster than they could be read: the last ones are missing.]\n"
_NO_REPLY = "The kernel ran the code but sent no reply: its output streams may have been replaced. Restart the kernel."
_QUEUED = "The kernel is busy with another cell, so the code did not run in time. It may still run after that cell."
_STILL_RUNNING = "\n[The code still runs: it did not react to an interrupt. Restart the kernel to stop it.]\n"

# Our package in the kernel, found without any name that the user can shadow.
_PACKAGE = (
    f"{BUILTINS}['__import__']('sys').modules['IPython.core.getipython'].__dict__['get_ipython']()"
    f".__dict__[{PACKAGE!r}]"
)


class CodeExecution:
    """One ``execute_request``. Not to be used twice.

    Attributes:
        reply: Content of the reply, once it has come.
        dead: Set when the kernel has died or was restarted.
        is_interrupted: Set when somebody has interrupted the kernel meanwhile. A second interrupt ends the code's
            traceback, and with it the reply.
    """

    def __init__(
        self, rpc: KernelRpc, *, interrupt: Callable[[], Awaitable[None]], is_alive: Callable[[], Awaitable[bool]]
    ) -> None:
        self.reply: Mapping[str, Any] = {}
        self.dead = asyncio.Event()
        self.is_interrupted = False
        self._rpc = rpc
        self._interrupt = interrupt
        self._is_alive = is_alive
        self._identifier = ""
        self._outputs = OutputCollector()
        self._probes: list[str] = []
        self._count: int | None = None
        self._received = 0
        self._subscribed = asyncio.Event()
        self._busy = asyncio.Event()
        self._idle = asyncio.Event()

    async def run(self, request: Mapping[str, Any], deadline: float) -> ExecutionResult:
        """Send the request and wait for the end of the code; past `deadline` (`time.monotonic()`) it is interrupted."""
        if (progress := PROGRESS.get()) is not None:
            progress.printed = lambda: self._outputs.result("ok").text
        async with self._rpc.subscribed(self._on_iopub):
            await self._wait_subscribed()
            async with self._rpc.sent("shell", "execute_request", request) as (self._identifier, reply):
                try:
                    return await self._result(reply, deadline)
                except asyncio.CancelledError:
                    await asyncio.shield(self._interrupt_if_busy())
                    raise
                finally:
                    if reply.done() and not reply.cancelled() and reply.exception() is None:
                        self.reply = reply.result()

    async def _wait_subscribed(self) -> None:
        """Wait until iopub messages of a request of ours arrive: what is published before that is lost."""
        end = time.monotonic() + _SUBSCRIBED
        while not self._subscribed.is_set() and time.monotonic() < end:
            with contextlib.suppress(TimeoutError, Restarted):
                async with asyncio.timeout(0.2), self._rpc.sent("control", PROBE_TYPE, PROBE_CONTENT) as (probe, _):
                    self._probes.append(probe)
                    await self._subscribed.wait()

    async def _interrupt_if_busy(self) -> None:
        """Interrupt the code if it runs; the message that it began may still be on its way."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LATE_BUSY):
                await self._busy.wait()
        if self._busy.is_set() and not self._idle.is_set():
            await self._interrupt()

    async def _result(self, reply: asyncio.Future[Mapping[str, Any]], deadline: float) -> ExecutionResult:
        status: Status = "ok"
        note, error = "", None
        end = await self._wait_end(reply, deadline)
        if end == "timeout":
            if not self._busy.is_set():
                return ExecutionResult("unavailable", _QUEUED)
            await self._interrupt()
            status = "timeout"
            end = await self._wait_end(reply, time.monotonic() + _GRACE)
            if end == "timeout":
                status, note = "still_running", _STILL_RUNNING
        elif end == "no_reply" and self.is_interrupted:
            status, error = "error", ExecutionError("KeyboardInterrupt", "")
        elif end == "no_reply":
            status, note = "error", _NO_REPLY
        elif end == "replied" and (content := reply.result()).get("status") != "ok":
            if content.get("status") == "aborted":
                return ExecutionResult("unavailable", "The kernel dropped the code because an earlier cell failed.")
            error = ExecutionError(str(content.get("ename", "")), head(str(content.get("evalue", "")), 2000))
            status = "error"
        elif end == "lost":
            raise KernelUnavailable(str(reply.exception()))
        if end == "died":
            status = "died"
        elif end == "replied" and not self._idle.is_set() and self._received >= _FLOOD:
            note = _INCOMPLETE  # the kernel itself drops what nobody takes
        return replace(self._outputs.result(status, note, error), execution_count=self._count)

    async def _wait_end(self, reply: asyncio.Future[Mapping[str, Any]], deadline: float) -> str:
        """How the execution ended: ``replied``, ``no_reply``, ``died``, ``lost``, or ``timeout`` at the deadline."""
        waits = [asyncio.ensure_future(self._idle.wait()), asyncio.ensure_future(self.dead.wait())]
        try:
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    return "timeout"
                futures: list[asyncio.Future[Any]] = [reply, *waits]
                await asyncio.wait(futures, timeout=min(_ALIVE_INTERVAL, left), return_when=asyncio.FIRST_COMPLETED)
                if self.dead.is_set() or not await self._is_alive():
                    return "died"
                if reply.done() or self._idle.is_set():
                    break
        finally:
            for wait in waits:
                wait.cancel()
        # Either the reply or the idle status is there; the other one follows, or never comes.
        if not reply.done() and not (await asyncio.wait([reply], timeout=_GRACE))[0]:
            return "no_reply"
        if reply.exception() is not None:
            return "lost" if isinstance(reply.exception(), KernelUnavailable) else "died"
        # Of a flood more may still wait to be read than fits into the time for what comes late.
        end, received = time.monotonic() + _LATE_FLOOD, -1
        while not self._idle.is_set() and received < self._received and time.monotonic() < end:
            received = self._received
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LATE_OUTPUT):
                    await self._idle.wait()
        return "replied"

    def _on_iopub(self, message: KernelMessage) -> None:
        parent = text_field(message, "parent_header", "msg_id")
        if parent in self._probes:
            self._subscribed.set()
        message_type = text_field(message, "header", "msg_type")
        content = message.get("content")
        if not isinstance(content, Mapping):
            return
        if message_type == "status" and content.get("execution_state") in ("starting", "dead"):
            # A kernel that has just been started may say so late, but never once our code runs in it.
            if self._busy.is_set():
                self.dead.set()
            return
        if not self._identifier or parent != self._identifier:
            return
        if message_type == "status":
            (self._idle if content.get("execution_state") == "idle" else self._busy).set()
        elif message_type == "execute_input":
            count = content.get("execution_count")
            self._count = count if isinstance(count, int) else None
        elif message_type == DROPPED:
            self._outputs.add_dropped(int(content["count"]))
        elif not self._idle.is_set():
            self._received += 1
            self._outputs.add(message_type, content)


def sandbox_request(code: str, *, awaits: bool) -> dict[str, Any]:
    """Content of the request that runs code on a copy of the namespace, without history and execution count.

    With `awaits` as a cell that may ``await``: such a cell cannot be interrupted while it computes.
    """
    call = f"await {_PACKAGE}.run_in_sandbox_async({code!r})" if awaits else f"{_PACKAGE}.run_in_sandbox({code!r})"
    return execute_request(call, {EXPRESSION: f"{_PACKAGE}.sandbox_result()"})


def sandbox_report(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """The kernel's report on the sandbox run that a reply belongs to; empty where the code never began."""
    expression = (reply.get("user_expressions") or {}).get(EXPRESSION) or {}
    try:
        report = json.loads(ast.literal_eval(expression["data"]["text/plain"]))
    except (KeyError, TypeError, ValueError, SyntaxError):
        return {}
    return report if isinstance(report, dict) else {}


def sandbox_result(result: ExecutionResult, report: Mapping[str, Any]) -> ExecutionResult:
    """The result of a sandbox run, from the result of its request and the kernel's report."""
    changed = report.get("changed")
    names = tuple(str(name) for name in changed) if isinstance(changed, list) else ()
    result = replace(result, changed=names, execution_count=None)
    if report.get("status") == "error" and result.status == "ok":
        error = ExecutionError(str(report.get("name", ""))[:200], head(str(report.get("message", "")), 2000))
        return replace(result, status="error", error=result.error or error)
    return result


def signature_text(reply: Mapping[str, Any]) -> str:
    """The text of an ``inspect_reply``; empty where the kernel found nothing."""
    data = reply.get("data")
    text = data.get("text/plain") if isinstance(data, Mapping) and reply.get("found") else None
    return ANSI_ESCAPE.sub("", text)[:_MAX_SIGNATURE].strip() if isinstance(text, str) else ""
