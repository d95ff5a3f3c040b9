"""A kernel that a third party wrote, for tests: its state is what it is given, and it displays what it is told to."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.kernel_state import ExecutionResult, KernelState, Variable


class StillKernel:
    """Runs nothing.

    Args:
        result: What comes of every run.
        state: Of the kernel.
    """

    kernel_id = "k1"

    def __init__(self, result: ExecutionResult | None = None, state: KernelState | None = None) -> None:
        self.result = result or ExecutionResult("ok", "ran")
        self.now = state or KernelState("k1", "e1", 1)
        self.ran: list[str] = []
        self.tried: list[str] = []
        self.interrupted = self.restarted = 0

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        return self.now

    async def inspect(self, name: str, column: str | None = None, values: Sequence[str] = ()) -> Variable:
        if name not in self.now.variables:
            raise NotFound(f"There is no variable '{name}'.")
        return self.now.variables[name]

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        self.ran.append(code)
        return self.result

    async def try_execute(self, code: str, *, timeout: float) -> ExecutionResult:
        self.tried.append(code)
        return self.result

    async def signature(self, code: str, cursor: int) -> str:
        raise NotFound("The kernel knows no such object.")

    async def interrupt(self) -> None:
        self.interrupted += 1

    async def restart(self) -> None:
        self.restarted += 1
