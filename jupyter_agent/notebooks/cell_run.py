"""A cell run in a kernel where no page runs it: what it displayed, as its notebook keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.core.protocols import Kernel
from jupyter_agent.core.kernel_state import ExecutionResult

Outputs = Sequence[Mapping[str, Any]]
#: What a cell that did not come to its end shows, beside what it displayed.
_ENDS = {
    "timeout": ("TimeoutError", "The cell took too long and was interrupted."),
    "died": ("KernelDied", "The kernel died while the cell ran; the variables are gone. Restart it and run the cells."),
    "still_running": ("TimeoutError", "The cell does not react to the interrupt and still runs."),
}
NO_KERNEL = "No kernel is running for this notebook. Ask the user to start one and to run the cells."


async def execute(source: str, kernel: Kernel | None, timeout: float) -> tuple[Outputs, int | None]:
    """Run a cell's source; its outputs, and the number in ``In [n]``.

    Raises:
        KernelUnavailable: nothing was run.
    """
    if kernel is None:
        raise KernelUnavailable(NO_KERNEL)
    result = await kernel.execute(source, timeout=timeout)
    if result.status == "unavailable":
        raise KernelUnavailable(result.text or NO_KERNEL)
    return [*(result.outputs or _as_text(result)), *_end(result)], result.execution_count


def _as_text(result: ExecutionResult) -> Outputs:
    """What a kernel displayed that tells text only."""
    return [{"output_type": "stream", "name": "stdout", "text": result.text}] if result.text else []


def _end(result: ExecutionResult) -> Outputs:
    if any(one.get("output_type") == "error" for one in result.outputs):
        return ()
    name, words = _ENDS.get(result.status, ("", ""))
    if result.status == "error":
        error = result.error
        name, words = (error.name, error.message) if error is not None else ("Error", "The cell failed.")
    if not name:
        return ()
    return [{"output_type": "error", "ename": name, "evalue": words, "traceback": [f"{name}: {words}"]}]
