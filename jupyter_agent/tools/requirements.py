"""What a call needs before it is made: arguments of a schema, the turn's kernel or notebook, code that Python can parse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_agent.analysis.cells.names import names_of
from jupyter_agent.core.errors import NoKernel, NoNotebook
from jupyter_agent.core.protocols import Kernel, Notebook, ToolContext, ToolOutput


class ObjectSchema(dict[str, Any]):
    """JSON Schema of arguments that are all there may be: that is checked, and models need not be told in each request."""


def object_schema(properties: Mapping[str, Any], *required: str) -> ObjectSchema:
    """JSON Schema of arguments."""
    return ObjectSchema(
        {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})
    )


def live_kernel(context: ToolContext) -> Kernel:
    """The turn's kernel.

    Raises:
        NoKernel: there is none.
    """
    if context.kernel is None:
        raise NoKernel(
            "No kernel is running for this notebook, so there are no live variables. Start it and run the cells."
        )
    return context.kernel


def open_notebook(context: ToolContext) -> Notebook:
    """The turn's notebook.

    Raises:
        NoNotebook: there is none.
    """
    if context.notebook is None:
        raise NoNotebook("This conversation belongs to no notebook.")
    return context.notebook


def syntax_error(source: str, context: ToolContext) -> ToolOutput | None:
    """A failure for code that Python cannot parse, which the model corrects before a user is asked about it.

    None where the code can be parsed, where the kernel speaks another language, or where the model insists: the server's
    Python may be older than the kernel's, so the same call made again is let through.
    """
    is_python = context.state is not None and bool(context.state.epoch)
    problem = names_of(source).problem if is_python else ""
    if not problem or source in context.tool_record.insisted:
        return None
    context.tool_record.insisted.add(source)
    return ToolOutput.failure(
        "invalid_code",
        f"{problem}. Nothing was run or changed, and the user was not asked. Correct the code. "
        "If it is right for a newer Python, make the same call again.",
    )
