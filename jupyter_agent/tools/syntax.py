"""Code that Python cannot read goes back to the model before a user is asked about it."""

from __future__ import annotations

from jupyter_agent.analysis.code_checks import syntax_problem
from jupyter_agent.core.protocols import ToolContext, ToolOutput


def unreadable(source: str, context: ToolContext) -> ToolOutput | None:
    """What is wrong with a source; None where nothing is, where the kernel speaks another language, or the second time.

    The server's Python may be older than the kernel's, so a model that is sure has its way by asking again.
    """
    speaks_python = context.state is not None and bool(context.state.epoch)
    found = syntax_problem(source) if speaks_python else ""
    if not found or source in context.turn_log.insisted:
        return None
    context.turn_log.insisted.add(source)
    return ToolOutput(
        f"invalid_code: {found}. Nothing was run or changed, and the user was not asked. Correct the code. "
        "If it is right for a newer Python, make the same call again.",
        ok=False,
    )
