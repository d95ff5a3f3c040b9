"""The tool with which a model shows what it means to do, and what of that is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jupyter_agent.core.events import UPDATE_PLAN
from jupyter_agent.core.messages import Effect
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.tools.requirements import object_schema

MAX_ITEMS = 12


class UpdatePlan:
    """A short to-do list that the user sees; the loop emits it as an event."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        UPDATE_PLAN,
        "Show the user your plan, whole each time, together with other calls.",
        object_schema(
            {
                "items": {
                    "type": "array",
                    "items": object_schema({"text": {"type": "string"}, "done": {"type": "boolean"}}, "text"),
                }
            },
            "items",
        ),
        title="Plan",
        icon="ui-components:list",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Nothing is done but what the loop does."""
        if not 1 <= len(arguments["items"]) <= MAX_ITEMS:
            return ToolOutput.failure(
                "invalid_arguments", f"a plan has 1 to {MAX_ITEMS} items. Call again with as many."
            )
        left = sum(item.get("done") is not True for item in arguments["items"])
        return ToolOutput(f"The user sees the plan; {left} of {len(arguments['items'])} are left.")
