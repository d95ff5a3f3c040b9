"""What tools tell a model, in the same words everywhere."""

from __future__ import annotations

import json

from jupyter_agent.core.kernel_state import Cell, ExecutionResult
from jupyter_agent.core.protocols import ToolOutput

NO_KERNEL = "No kernel is running for this notebook, so there are no live variables. Start it and run the cells."
NO_NOTEBOOK = "This conversation belongs to no notebook."
_CURES = {
    "timeout": "It took too long and was interrupted.",
    "died": "The kernel died while it ran; the variables are gone. Restart the kernel before anything else.",
    "still_running": "It does not react to the interrupt and still runs. Do not run more code; tell the user.",
    "unavailable": "The kernel cannot run code now. Give the user the code instead.",
}


def told_json(value: object) -> ToolOutput:
    """JSON text, so that a program can answer from it too."""
    return ToolOutput(json.dumps(value, ensure_ascii=False, default=dict))


def told_result(result: ExecutionResult) -> ToolOutput:
    """What the model reads of an execution."""
    if result.status == "ok":
        pictures = f"\n[{result.images} picture(s) shown to the user]" if result.images else ""
        return ToolOutput((result.text or "(no output)") + pictures, pictures=result.pictures)
    cure = _CURES.get(result.status, "")
    text = "\n".join(part for part in (result.text, cure) if part) or "It failed."
    return ToolOutput(text, ok=False, pictures=result.pictures)


def told_cell(cell: Cell) -> dict[str, object]:
    """One cell as the model reads it."""
    return {
        "id": cell.id,
        "kind": cell.kind,
        "source": cell.source,
        "execution_count": cell.execution_count,
        "output": cell.output,
        "error": cell.error,
    }
