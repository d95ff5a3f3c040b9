"""A kernel in this very process: plain IPython, or a kernel without a server."""

from __future__ import annotations

import _thread
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from jupyter_agent import kernelside
from jupyter_agent.errors import KernelUnavailable, NotFound
from jupyter_agent.state import ExecutionResult, KernelState, StateDelta, Variable

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

    async def interrupt(self) -> None:
        """Stop what the main thread runs."""
        _thread.interrupt_main()
