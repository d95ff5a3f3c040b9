"""Tools that look at the files beside the notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from jupyter_agent.messages import Effect
from jupyter_agent.protocols import ToolContext, ToolOutput, ToolSpec


class ListFiles:
    """Names of the files beside the notebook."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "list_files",
        "List the names of the files in the notebook's folder.",
        {"type": "object", "properties": {}, "additionalProperties": False},
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Names only; nothing is opened."""
        if context.notebook is None:
            return ToolOutput("This conversation belongs to no notebook, so there is no folder to look at.", ok=False)
        return ToolOutput(json.dumps({"files": list(await context.notebook.files())}, ensure_ascii=False))
