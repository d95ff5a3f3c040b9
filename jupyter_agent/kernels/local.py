"""A kernel in this very process: plain IPython, or a kernel without a server."""

from __future__ import annotations

import _thread
import asyncio
import ctypes
import json
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from IPython.utils.tokenutil import token_at_cursor

from jupyter_agent import kernelside
from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.core.kernel_state import ExecutionResult, KernelState, StateDelta, Variable
from jupyter_agent.kernels.iopub import overheard
from jupyter_agent.kernels.requests import signature_text, trial_result

_NO_AWAIT = "There is no await outside of functions in a trial here: wrap it in asyncio.run(...)."
#: Runs code in the shell on the main thread, visibly, and tells what came of it.
Runner = Callable[[str], Awaitable[ExecutionResult]]


class LocalKernel:
    """The IPython shell that we run in.

    Args:
        shell: The shell; kernelside is installed in it.
        run: Runs code in it on the main thread. Whoever owns the main thread (the magic) gives it; without it code
            cannot be run.
    """

    def __init__(self, shell: Any, run: Runner | None = None) -> None:
        self._shell = shell
        self._run = run
        self._state = KernelState(kernel_id="local")
        kernelside.install(shell, {})

    @property
    def kernel_id(self) -> str:
        """``local``: there is only one."""
        return self._state.kernel_id

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        """What is known now."""
        known = self._state
        try:
            async with asyncio.timeout(timeout):
                wire = await asyncio.to_thread(kernelside.state, self._shell, known.epoch, known.version)
            self._state = known.after(StateDelta.from_wire(wire))
        except TimeoutError:
            self._state = replace(known, stale="Looking at the variables takes too long.", status="busy")
        return self._state

    async def inspect(self, name: str, column: str | None = None) -> Variable:
        """One variable, or one column of a frame, in full."""
        try:
            async with asyncio.timeout(6.0):
                reply = await asyncio.to_thread(kernelside.inspect, self._shell, name, column)
        except TimeoutError as error:
            raise KernelUnavailable("Looking at the variable takes too long.") from error
        wire = reply.get("variable")
        if not isinstance(wire, dict):
            raise NotFound(f"There is no {name if column is None else f'{name}[{column!r}]'} now.")
        return Variable.from_wire(wire)

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code through the main thread's owner; past `timeout` seconds it is interrupted."""
        if self._run is None:
            return ExecutionResult("unavailable", "Code can only be run from a cell here, with %agent.")
        task = asyncio.ensure_future(self._run(code))
        done, _ = await asyncio.wait([task], timeout=timeout)
        if done:
            return task.result()
        await self.interrupt()
        done, _ = await asyncio.wait([task], timeout=5.0)
        if not done:
            task.cancel()
            return ExecutionResult("still_running", "The code still runs: it did not react to an interrupt.")
        return replace(task.result(), status="timeout")

    async def try_execute(self, code: str, *, timeout: float) -> ExecutionResult:
        """Run code on a copy of the namespace, beside the main thread, which may be waiting for us."""
        trial = _Trial(self._shell, code)
        trial.start()
        ended = asyncio.ensure_future(asyncio.wrap_future(trial.result))
        done, _ = await asyncio.wait([ended], timeout=timeout)
        if done:
            return ended.result()
        trial.interrupt()
        done, _ = await asyncio.wait([ended], timeout=5.0)
        if not done:
            return ExecutionResult("still_running", "The code still runs: it did not react to an interrupt.")
        return replace(ended.result(), status="timeout")

    async def signature(self, code: str, cursor: int) -> str:
        """What IPython tells of the object at a place in code."""
        name = token_at_cursor(code, cursor)
        try:
            found = await asyncio.to_thread(self._shell.object_inspect_mime, name, detail_level=0)
        except KeyError as error:
            raise NotFound("The kernel knows no object of that name now.") from error
        return signature_text({"found": True, "data": found})

    async def interrupt(self) -> None:
        """Stop what the main thread runs."""
        _thread.interrupt_main()

    async def restart(self) -> None:
        """Nothing restarts the process that it is part of."""
        raise KernelUnavailable(
            "This session cannot restart itself: restart the kernel, or leave and start IPython again."
        )


class _Trial(threading.Thread):
    """One run of code on a copy of the namespace, in a thread of its own."""

    def __init__(self, shell: Any, code: str) -> None:
        super().__init__(name="jupyter-agent-trial", daemon=True)
        self._shell = shell
        self._code = code
        self.result: Future[ExecutionResult] = Future()

    def run(self) -> None:
        with overheard(self._shell) as collected:
            # No thread of the user's is here, only ours.
            kernelside.run_in_sandbox(self._code, restore=True)
            told = json.loads(kernelside.sandbox_result())
        if told["status"] == "awaits":
            self.result.set_result(ExecutionResult("error", _NO_AWAIT))
        else:
            self.result.set_result(trial_result(collected.result("ok"), told))

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in it."""
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident or 0), ctypes.py_object(KeyboardInterrupt))
