"""Tools that read the kernel's state."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from jupyter_agent.core.errors import KernelUnavailable, NotFound
from jupyter_agent.core.messages import Effect
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.tools.requirements import live_kernel, object_schema

_WORDS = {"type": "array", "items": {"type": "string"}, "description": "Words to look for in columns of text"}
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


class ListVariables:
    """All live variables."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "list_variables",
        "List the live variables: type, size, columns with dtypes.",
        object_schema({}),
        title="List variables",
        icon="ui-components:variable",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """The kernel's state as it is now; without a kernel, the state at the turn's beginning."""
        state = context.state if context.kernel is None else None
        state = state or await live_kernel(context).state()
        files = await context.notebook.files() if context.notebook is not None else ()
        return ToolOutput.from_data(
            {
                "kernel": {
                    "status": state.status,
                    "age_s": state.age_seconds,
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
        "Describe a variable, or a column of it, in full: missing values, ranges, items.",
        object_schema({"name": {"type": "string"}, "column": {"type": "string"}, "values": _WORDS}, "name"),
        title="Inspect variable",
        icon="ui-components:inspector",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Read from the live kernel; where that fails, from the state at the turn's beginning."""
        name = str(arguments["name"])
        known = context.state.variables if context.state is not None else {}
        try:
            variable = await live_kernel(context).inspect(name, arguments.get("column"), arguments.get("values") or ())
        except NotFound as error:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f" Names like it: {', '.join(near)}." if near and name not in known else ""
            return ToolOutput.failure(error.code, error.message + hint)
        except KernelUnavailable:
            if name not in known:
                raise
            variable = known[name]
        return ToolOutput.from_data(variable.to_json())


class ReadError:
    """The newest error of the notebook."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "read_error",
        "Read the newest error, its cell, and each frame's local variables.",
        object_schema({}),
        title="Read last error",
        icon="ui-components:bug",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """From the kernel's executions as they are now; where there is no error, from the cells' outputs."""
        state = await context.kernel.state() if context.kernel is not None else context.state
        run = state.last_error if state is not None else None
        error: dict[str, Any] | None = None
        if run is not None and run.error is not None:
            frames = [
                {"function": at.function, "line": at.line, "source": at.source, "variables": dict(at.variables)}
                for at in run.error.frames
            ]
            error = {"name": run.error.name, "message": run.error.message, "execution_count": run.count}
            error |= {"cell_id": run.cell_id, "source": run.source, "frames": frames}
        elif context.notebook is not None:
            failed = [cell for cell in await context.notebook.cells() if cell.error]
            if failed:
                cell = max(failed, key=lambda cell: cell.execution_count or 0)
                name, _, message = map(str.strip, cell.error.partition(":"))
                error = {"name": name, "message": message, "execution_count": cell.execution_count}
                error |= {"cell_id": cell.id, "source": cell.source, "frames": []}
        return ToolOutput.from_data({"error": error})


class GetSignature:
    """The signature of a function, class or method."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "get_signature",
        "Read signature and documentation of a name such as 'df.groupby'.",
        object_schema({"name": {"type": "string"}}, "name"),
        title="Read signature",
        icon="ui-components:code",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """From the kernel's own introspection; nothing is run."""
        name = str(arguments["name"]).strip().rstrip("(?)")
        kernel = live_kernel(context)
        if not _DOTTED.fullmatch(name):
            return ToolOutput.failure(
                "invalid_arguments", "name must be a name such as df.groupby. Call again with one."
            )
        return ToolOutput.from_data({"name": name, "text": await kernel.signature(name, len(name))})
