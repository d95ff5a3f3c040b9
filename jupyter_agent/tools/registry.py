"""What a model may do (plug point)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jupyter_agent.config import entry_points

if TYPE_CHECKING:
    from jupyter_agent.core.protocols import Tool


def load(chosen: Sequence[str]) -> tuple[dict[str, Tool], list[str]]:
    """The tools of these names, or all, by name; and why others are left out."""
    tools: dict[str, Tool] = {}
    problems: list[str] = []
    for name in chosen or entry_points.names(entry_points.TOOLS):
        try:
            factory = entry_points.load(entry_points.TOOLS, name)
            if factory is None:
                problems.append(f"There is no tool '{name[:60]}'. Correct c.JupyterAgent.tools.")
            else:
                tools[name] = factory()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a tool of others may fail in any way when it is imported
            problems.append(entry_points.problem(entry_points.TOOLS, name, error))
    return tools, problems
