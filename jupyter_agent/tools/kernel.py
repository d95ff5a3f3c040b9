"""Tools that look into the kernel and run code in it."""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from jupyter_agent.errors import KernelUnavailable, NotFound
from jupyter_agent.messages import Effect
from jupyter_agent.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.state import Execution, ExecutionResult, KernelState

NO_KERNEL = "No kernel is running for this notebook, so there are no live variables. Start it and run the cells."
_CURES = {
    "timeout": "It took too long and was interrupted.",
    "died": "The kernel died while it ran; the variables are gone. Restart the kernel before anything else.",
    "still_running": "It does not react to the interrupt and still runs. Do not run more code; tell the user.",
    "unavailable": "The kernel cannot run code now. Give the user the code instead.",
}


class ListVariables:
    """All live variables, each in one entry."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "list_variables",
        "List the live variables of the kernel with type, size and, for dataframes, columns and dtypes.",
        {"type": "object", "properties": {}, "additionalProperties": False},
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """The state at the turn's beginning, or a fresh one after code has run."""
        state = context.state
        if context.kernel is not None:
            state = await context.kernel.state()
        if state is None:
            return ToolOutput(NO_KERNEL, ok=False)
        files = await context.notebook.files() if context.notebook is not None else ()
        return _json(
            {
                "kernel": {
                    "status": state.status,
                    "age_s": _age(state),
                    "stale": state.stale,
                    "source": state.source,
                },
                "variables": [one.to_json() for one in state.variables.values()],
                "total": max(state.total, len(state.variables)),
                "files": list(files),
            }
        )


class InspectVariable:
    """One variable in full."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "inspect_variable",
        "Describe one live variable in full: for dataframes and columns missing values, unique values, ranges and "
        "frequent values; for containers keys and items; for functions the signature.",
        {
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "The variable's name."},
                "column": {"type": "string", "description": "A column of it, if it is a dataframe."},
            },
            "required": ["name"],
            "additionalProperties": False,
        },
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Read from the live kernel; where that fails, what the state knows."""
        name = str(arguments["name"])
        known = context.state.variables if context.state is not None else {}
        if context.kernel is None:
            return _json(known[name].to_json()) if name in known else ToolOutput(NO_KERNEL, ok=False)
        try:
            variable = await context.kernel.inspect(name, arguments.get("column"))
        except NotFound as error:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f" Names like it: {', '.join(near)}." if near and name not in known else ""
            return ToolOutput(error.message + hint, ok=False)
        except KernelUnavailable as error:
            return _json(known[name].to_json()) if name in known else ToolOutput(error.message, ok=False)
        return _json(variable.to_json())


class ReadError:
    """The newest error of the notebook."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "read_error",
        "Read the newest error: its message, the failing cell, and the local variables of each frame.",
        {"type": "object", "properties": {}, "additionalProperties": False},
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """From the kernel's executions; where the kernel tells none, from the cells' outputs."""
        failed = context.state.last_error if context.state is not None else None
        if failed is not None and failed.error is not None:
            return _json({"error": _told(failed)})
        return _json({"error": await _error_in_cells(context)})


class RunCode:
    """Code in the user's kernel, visibly."""

    effect: ClassVar[Effect] = "execute"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "run_code",
        "Run Python code in the user's kernel and read its output. It sees and may change the live variables, so "
        "prefer expressions that leave nothing behind. The user is asked first unless they allowed it.",
        {
            "type": "object",
            "properties": {"code": {"type": "string", "description": "Python source."}},
            "required": ["code"],
            "additionalProperties": False,
        },
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Run it and return the output's text."""
        if context.kernel is None:
            return ToolOutput(NO_KERNEL, ok=False)
        return told_result(await context.kernel.execute(str(arguments["code"]), timeout=context.timeout))


def told_result(result: ExecutionResult) -> ToolOutput:
    """What the model reads of an execution."""
    if result.status == "ok":
        pictures = f"\n[{result.images} picture(s) shown to the user]" if result.images else ""
        return ToolOutput((result.text or "(no output)") + pictures)
    cure = _CURES.get(result.status, "")
    return ToolOutput("\n".join(part for part in (result.text, cure) if part) or "It failed.", ok=False)


def _age(state: KernelState) -> float:
    return round(max(0.0, time.time() - state.taken_at), 1) if state.taken_at else 0.0


def _told(execution: Execution) -> dict[str, Any]:
    assert execution.error is not None
    return {
        "name": execution.error.name,
        "message": execution.error.message,
        "execution_count": execution.count,
        "cell_id": execution.cell_id,
        "source": execution.source,
        "frames": [
            {"function": one.function, "line": one.line, "source": one.source, "variables": dict(one.variables)}
            for one in execution.error.frames
        ],
    }


async def _error_in_cells(context: ToolContext) -> dict[str, Any] | None:
    cells = await context.notebook.cells() if context.notebook is not None else ()
    failed = [cell for cell in cells if cell.error]
    if not failed:
        return None
    cell = max(failed, key=lambda one: one.execution_count or 0)
    name, _, message = cell.error.partition(":")
    return {
        "name": name.strip(),
        "message": message.strip(),
        "execution_count": cell.execution_count,
        "cell_id": cell.id,
        "source": cell.source,
        "frames": [],
    }


def _json(value: object) -> ToolOutput:
    return ToolOutput(json.dumps(value, ensure_ascii=False, default=dict))
