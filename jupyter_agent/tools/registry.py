"""What a model may do (plug point)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import get_args

from jupyter_agent.config import entry_points
from jupyter_agent.core.messages import Effect
from jupyter_agent.core.protocols import Tool, ToolSpec


def load(chosen: Sequence[str]) -> tuple[dict[str, Tool], list[str]]:
    """The tools of these names, or all, by name; and why others are left out."""
    tools: dict[str, Tool] = {}
    problems = entry_points.overruled(entry_points.TOOLS)
    for name in chosen or entry_points.names(entry_points.TOOLS):
        try:
            factory = entry_points.load(entry_points.TOOLS, name)
            if factory is None:
                problems.append(f"There is no tool '{name[:60]}'. Correct c.JupyterAgent.tools.")
            else:
                tool = factory()
                _check(name, tool)
                tools[name] = tool
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a tool of others may fail in any way when it is imported
            problems.append(entry_points.problem(entry_points.TOOLS, name, error))
    return tools, problems


def _check(name: str, tool: object) -> None:
    """Raises for what is no tool: offered to a model, it would make every question fail."""
    if not isinstance(tool, Tool) or not isinstance(tool.spec, ToolSpec):
        raise TypeError("it is no tool: spec, effect or call is missing")
    if tool.spec.name != name or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ValueError(f"its spec is named '{tool.spec.name}'")
    if tool.effect not in get_args(Effect):
        raise ValueError(f"its effect is none of {', '.join(get_args(Effect))}")
    if not type(tool).__module__.startswith("jupyter_agent."):
        from jsonschema import Draft202012Validator

        if tool.spec.parameters.get("type") != "object":
            raise ValueError("its parameters are no JSON Schema of an object")
        Draft202012Validator.check_schema(tool.spec.parameters)
