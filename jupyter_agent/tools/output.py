"""Outputs of executions: what was displayed, how long it took, what it bound, and what to do where it failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jupyter_agent.core.kernel_state import ExecutionResult
from jupyter_agent.core.protocols import Kernel, ToolOutput
from jupyter_agent.tools.tracebacks import without_library_frames

#: Status of an execution → code of the output, and what to do about it.
_FAILURES = {
    "error": ("exception", ""),
    "timeout": (
        "timeout",
        "Its time was used up, so it was interrupted before its end; what is above was printed until then.",
    ),
    "died": (
        "kernel_died",
        "The kernel died while it ran; the variables are gone. Restart the kernel before anything else.",
    ),
    "still_running": (
        "still_running",
        "It does not react to the interrupt and still runs. Do not run more code; tell the user.",
    ),
    "unavailable": ("kernel_unavailable", "The kernel cannot run code now. Give the user the code instead."),
}
_MAX_NAMES = 20
INTERRUPTED = "The user interrupted it before its end; what is above was printed until then. Do not run it again unless they want it."


def execution_output(result: ExecutionResult) -> ToolOutput:
    """What an execution displayed; where it failed, the error and what to do about it."""
    if result.status == "ok":
        pictures = f"\n[{result.images} picture(s) shown to the user]" if result.images else ""
        return ToolOutput((result.text or "(no output)") + pictures, pictures=result.pictures)
    code, advice = _FAILURES.get(result.status, ("failed", ""))
    if result.status == "error" and result.error is not None and result.error.name == "KeyboardInterrupt":
        code, advice = "interrupted", INTERRUPTED
    text = "\n".join(part for part in (without_library_frames(result.text), advice) if part) or "It failed."
    return ToolOutput(text, ok=False, pictures=result.pictures, code=code)


async def run_output(result: ExecutionResult, kernel: Kernel | None, seconds: float) -> ToolOutput:
    """What a run displayed, how long it took, and which names it bound, changed and deleted, where the kernel knows.

    Args:
        result: Of the run.
        kernel: Where it ran.
        seconds: How long that took, as seen from here.
    """
    output = execution_output(result)
    notes = [f"{seconds:.1f} s"] if seconds >= 1 else []
    left: dict[str, Any] = {}
    if kernel is not None and result.status in ("ok", "error"):
        state = await kernel.state()
        run = state.executions[-1] if state.executions and not state.stale else None
        if run is not None and run.duration is not None and run.count == result.execution_count:
            changes = (("bound", run.bound), ("changed in place", run.mutated), ("deleted", run.deleted))
            notes = [f"{run.duration:.1f} s", *(f"{words}: {_listed(names)}" for words, names in changes if names)]
            found = (state.variables.get(name) for name in (*run.bound, *run.mutated))
            left = {variable.name: (variable.type, variable.summary, variable.facts) for variable in found if variable}
    return replace(output, note=f"[{'; '.join(notes)}]" if notes else "", left_behind=repr(left) if left else "")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more
