"""Tools that read the kernel's state."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.core.kernel_state import Execution
from jupyter_agent.core.messages import Effect
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.tools.output import NO_KERNEL

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


class ListVariables:
    """All live variables."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "list_variables",
        "List the live variables of the kernel with type, size and, for dataframes, columns and dtypes.",
        {"type": "object", "properties": {}, "additionalProperties": False},
        title="List variables",
        icon="ui-components:variable",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """The kernel's state as it is now; without a kernel, the state at the turn's beginning."""
        state = await context.kernel.state() if context.kernel is not None else context.state
        if state is None:
            return NO_KERNEL
        files = await context.notebook.files() if context.notebook is not None else ()
        return ToolOutput.from_data(
            {
                "kernel": {
                    "status": state.status,
                    "age_s": round(max(0.0, time.time() - state.taken_at), 1) if state.taken_at else 0.0,
                    "stale": state.stale,
                    "source": state.source,
                },
                "variables": [variable.to_json() for variable in state.variables.values()],
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
        title="Inspect variable",
        icon="ui-components:inspector",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Read from the live kernel; where that fails, from the state at the turn's beginning."""
        name = str(arguments["name"])
        known = context.state.variables if context.state is not None else {}
        if context.kernel is None:
            return ToolOutput.from_data(known[name].to_json()) if name in known else NO_KERNEL
        try:
            variable = await context.kernel.inspect(name, arguments.get("column"))
        except NotFound as error:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f" Names like it: {', '.join(near)}." if near and name not in known else ""
            return ToolOutput.failure(error.code, error.message + hint)
        except KernelUnavailable as error:
            if name not in known:
                return ToolOutput.failure(error.code, error.message)
            variable = known[name]
        return ToolOutput.from_data(variable.to_json())


class ReadError:
    """The newest error of the notebook."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "read_error",
        "Read the newest error: its message, the failing cell, and the local variables of each frame.",
        {"type": "object", "properties": {}, "additionalProperties": False},
        title="Read last error",
        icon="ui-components:bug",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """From the kernel's executions as they are now; where there is no error, from the cells' outputs."""
        state = await context.kernel.state() if context.kernel is not None else context.state
        failed = state.last_error if state is not None else None
        if failed is not None and failed.error is not None:
            return ToolOutput.from_data({"error": _error_json(failed)})
        return ToolOutput.from_data({"error": await _error_in_cells(context)})


class GetSignature:
    """The signature of a function, class or method."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "get_signature",
        "Read signature and documentation of a function, class, method or module as the live kernel knows it, such as "
        "'df.groupby' or 'pd.read_csv'. Look before you call what you do not know exactly.",
        {
            "type": "object",
            "properties": {"name": {"type": "string", "description": "A name, dotted where needed."}},
            "required": ["name"],
            "additionalProperties": False,
        },
        title="Read signature",
        icon="ui-components:code",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """From the kernel's own introspection; nothing is run."""
        name = str(arguments["name"]).strip().rstrip("(?)")
        if context.kernel is None:
            return NO_KERNEL
        if not _DOTTED.fullmatch(name):
            return ToolOutput.failure(
                "invalid_arguments", "name must be a name such as df.groupby. Call again with one."
            )
        return ToolOutput.from_data({"name": name, "text": await context.kernel.signature(name, len(name))})


def _error_json(execution: Execution) -> dict[str, Any]:
    assert execution.error is not None
    return {
        "name": execution.error.name,
        "message": execution.error.message,
        "execution_count": execution.count,
        "cell_id": execution.cell_id,
        "source": execution.source,
        "frames": [
            {"function": frame.function, "line": frame.line, "source": frame.source, "variables": dict(frame.variables)}
            for frame in execution.error.frames
        ],
    }


async def _error_in_cells(context: ToolContext) -> dict[str, Any] | None:
    cells = await context.notebook.cells() if context.notebook is not None else ()
    failed = [cell for cell in cells if cell.error]
    if not failed:
        return None
    cell = max(failed, key=lambda cell: cell.execution_count or 0)
    name, _, message = cell.error.partition(":")
    return {
        "name": name.strip(),
        "message": message.strip(),
        "execution_count": cell.execution_count,
        "cell_id": cell.id,
        "source": cell.source,
        "frames": [],
    }
