"""Tools that read the notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from jupyter_agent.errors import NotFound
from jupyter_agent.messages import Effect
from jupyter_agent.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.state import Cell

MAX_CHARACTERS = 48_000


class ReadCells:
    """The notebook's cells, all or some."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "read_cells",
        "Read the notebook's cells in order: id, kind, source, execution count, output and error. "
        "Users who say 'cell 12' mean the execution count.",
        {
            "type": "object",
            "properties": {
                "ids": {"type": "array", "items": {"type": "string"}, "description": "Only these cell ids."},
            },
            "additionalProperties": False,
        },
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Cells within a budget of characters; what did not fit is said."""
        if context.notebook is None:
            return ToolOutput("This conversation belongs to no notebook.", ok=False)
        try:
            cells = await context.notebook.cells()
        except NotFound as error:
            return ToolOutput(error.message, ok=False)
        wanted = arguments.get("ids")
        chosen = [one for one in cells if wanted is None or one.id in wanted]
        told, left_out = _within(chosen, MAX_CHARACTERS)
        answer = {"path": context.notebook.path, "cells": told}
        if left_out:
            answer["left_out"] = left_out
        return ToolOutput(json.dumps(answer, ensure_ascii=False))


def _within(cells: list[Cell], budget: int) -> tuple[list[dict[str, Any]], list[str]]:
    told: list[dict[str, Any]] = []
    left_out: list[str] = []
    for cell in cells:
        budget -= len(cell.source) + len(cell.output) + len(cell.error)
        if budget < 0:
            left_out.append(cell.id)
            continue
        told.append(
            {
                "id": cell.id,
                "kind": cell.kind,
                "source": cell.source,
                "execution_count": cell.execution_count,
                "output": cell.output,
                "error": cell.error,
            }
        )
    return told, left_out
