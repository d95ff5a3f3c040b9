"""What a model may do (plug point)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jupyter_agent.config import entry_points
from jupyter_agent.core.errors import BadRequest

if TYPE_CHECKING:
    from jupyter_agent.core.protocols import Tool


def load(chosen: Sequence[str]) -> dict[str, Tool]:
    """The tools of these names, or all, by name.

    Raises:
        BadRequest: there is none of a name.
    """
    tools: dict[str, Tool] = {}
    for name in chosen or entry_points.names(entry_points.TOOLS):
        factory = entry_points.load(entry_points.TOOLS, name)
        if factory is None:
            raise BadRequest(f"There is no tool '{name}'. Correct c.JupyterAgent.tools.")
        tools[name] = factory()
    return tools
