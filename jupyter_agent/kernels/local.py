"""A kernel in this very process: plain IPython, or a kernel without a server."""

from __future__ import annotations

import _thread
import asyncio
import ctypes
import json
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

from IPython.utils.tokenutil import token_at_cursor

from jupyter_agent import kernelside
from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.core.kernel_state import ExecutionResult, KernelState, StateDelta, Variable
from jupyter_agent.kernels.execution import sandbox_result, signature_text
from jupyter_agent.kernels.iopub import capture_thread_output

_NO_AWAIT = "Code that is tried here cannot await outside of functions: wrap it in asyncio.run(...)."
_STILL_RUNNING = "The code still runs: it did not react to an interrupt."
#: Runs code in the shell on the main thread, visibly.
Runner = Callable[[str], Awaitable[ExecutionResult]]


class LocalKernel:
    """The IPython shell of this process.

    Args:
        shell: The shell; kernelside is installed in it.
        run: Runs code in it on the main thread. The magic, which owns the main thread, passes it; without it
            code cannot be run.
    """

    kernel_id = "local"

    def __init__(self, shell: Any, run: Runner | None = None) -> None:
        self._shell = shell
        self._run = run
        self._state = KernelState(kernel_id=self.kernel_id)
        kernelside.install(shell, {})

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        """What is known now."""
        known = self._state
        try:
            async with asyncio.timeout(timeout):
                wire = await asyncio.to_thread(kernelside.state, self._shell, known.epoch, known.version)
            self._state = known.after(StateDelta.from_wire(wire))
        except TimeoutError:
            self._state = replace(known, stale="Reading the variables takes too long.", status="busy")
        return self._state

    async def inspect(self, name: str, column: str | None = None, values: Sequence[str] = ()) -> Variable:
        """One variable, or one column of a frame, in full."""
        try:
            async with asyncio.timeout(6.0):
                reply = await asyncio.to_thread(kernelside.inspect, self._shell, name, column, values)
        except TimeoutError as error:
            raise KernelUnavailable("Reading the variable takes too long.") from error
        wire = reply.get("variable")
        if not isinstance(wire, dict):
            raise NotFound(f"There is no {name if column is None else f'{name}[{column!r}]'} now.")
        return Variable.from_wire(wire)

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code through the main thread's owner; past `timeout` seconds it is interrupted."""
        if self._run is None:
            return ExecutionResult("unavailable", "Code can only be run from a cell here, with %agent.")
        task = asyncio.ensure_future(self._run(code))
        result = await _bounded(task, timeout, _thread.interrupt_main)
        task.cancel()  # where it still runs
        return result

    async def try_execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code on a copy of the namespace in a thread of its own: the main thread may be waiting for us."""
        result: Future[ExecutionResult] = Future()

        def run() -> None:
            with capture_thread_output(self._shell) as outputs:
                # This thread is ours, so names that the user's functions rebind in it can be restored.
                kernelside.run_in_sandbox(code, restore=True)
                report = json.loads(kernelside.sandbox_result())
            if report["status"] == "awaits":
                result.set_result(ExecutionResult("error", _NO_AWAIT))
            else:
                result.set_result(sandbox_result(outputs.result("ok"), report))

        thread = threading.Thread(target=run, name="jupyter-agent-sandbox", daemon=True)
        thread.start()
        interrupt = partial(
            ctypes.pythonapi.PyThreadState_SetAsyncExc,
            ctypes.c_ulong(thread.ident or 0),
            ctypes.py_object(KeyboardInterrupt),
        )
        return await _bounded(asyncio.wrap_future(result), timeout, interrupt)

    async def signature(self, code: str, cursor: int) -> str:
        """Signature and documentation of the object at a place in code, from IPython."""
        name = token_at_cursor(code, cursor)
        try:
            found = await asyncio.to_thread(self._shell.object_inspect_mime, name, detail_level=0)
        except KeyError as error:
            raise NotFound("The kernel knows no object of that name now.") from error
        return signature_text({"found": True, "data": found})

    async def interrupt(self) -> None:
        """Interrupt the main thread."""
        _thread.interrupt_main()

    async def restart(self) -> None:
        """Always raises: a process cannot restart itself."""
        raise KernelUnavailable(
            "This session cannot restart itself: restart the kernel, or exit and start IPython again."
        )


async def _bounded(
    running: asyncio.Future[ExecutionResult], timeout: float, interrupt: Callable[[], object]
) -> ExecutionResult:
    """The result of code that is interrupted past `timeout` seconds."""
    if (await asyncio.wait([running], timeout=timeout))[0]:
        return running.result()
    interrupt()
    if (await asyncio.wait([running], timeout=5.0))[0]:
        return replace(running.result(), status="timeout")
    return ExecutionResult("still_running", _STILL_RUNNING)
