"""Tools that read the notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import Effect
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.text import head_and_tail
from jupyter_agent.tools.output import NO_NOTEBOOK, cell_json

#: Characters of an answer; cells that do not fit are named, and can be read by their ids.
MAX_CHARACTERS = 14_000
MAX_FOUND = 40
MAX_LINE = 200


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
        title="Read cells",
        icon="ui-components:notebook",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Cells within the limit, and the ids of those that did not fit."""
        if context.notebook is None:
            return NO_NOTEBOOK
        cells = await context.notebook.cells()
        wanted = arguments.get("ids")
        chosen = [cell for cell in cells if wanted is None or cell.id in wanted]
        whole, shown, left_out = _within_limit(chosen)
        context.turn_log.show(whole)
        answer: dict[str, Any] = {"path": context.notebook.path, "cells": shown}
        if left_out:
            answer["left_out"] = left_out
        known = {cell.id for cell in cells}
        if unknown := [cell_id for cell_id in wanted or () if cell_id not in known]:
            answer["unknown"] = unknown
        return ToolOutput.from_data(answer)


class SearchNotebook:
    """Cells that contain a text."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "search_notebook",
        "Find the cells whose source, output or error contains a text; capitals do not matter. Read them with read_cells.",
        {
            "type": "object",
            "properties": {"text": {"type": "string", "minLength": 1}},
            "required": ["text"],
            "additionalProperties": False,
        },
        title="Search notebook",
        icon="ui-components:search",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Ids and lines; the text is looked for literally."""
        if context.notebook is None:
            return NO_NOTEBOOK
        text = str(arguments["text"]).casefold()
        found = [
            {"id": cell.id, "kind": cell.kind, "execution_count": cell.execution_count, "in": place, "line": line}
            for cell in await context.notebook.cells()
            for place, line in _lines(cell)
            if text in line.casefold()
        ]
        shown = [{**match, "line": str(match["line"]).strip()[:MAX_LINE]} for match in found[:MAX_FOUND]]
        return ToolOutput.from_data({"found": shown, "total": len(found)})


class ReadOutput:
    """A cell's whole output."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "read_output",
        "Read the whole output of one cell: its text and, for models that see, its pictures.",
        {
            "type": "object",
            "properties": {"cell_id": {"type": "string", "description": "The cell's id."}},
            "required": ["cell_id"],
            "additionalProperties": False,
        },
        title="Read cell output",
        icon="ui-components:notebook",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Text within the limit, and the last pictures."""
        if context.notebook is None:
            return NO_NOTEBOOK
        cell_id = str(arguments["cell_id"])
        shown = await context.notebook.output(cell_id)
        error = f"{shown.error.name}: {shown.error.message}" if shown.error is not None else ""
        answer = {
            "id": cell_id,
            "text": head_and_tail(shown.text, MAX_CHARACTERS),
            "error": error,
            "pictures": shown.images,
        }
        return replace(ToolOutput.from_data(answer), pictures=shown.pictures)


def _within_limit(cells: Sequence[Cell]) -> tuple[list[Cell], list[dict[str, Any]], list[str]]:
    """Cells that are shown in full, all that are shown as JSON data, and ids of those that did not fit."""
    left = MAX_CHARACTERS
    whole: list[Cell] = []
    shown: list[dict[str, Any]] = []
    left_out: list[str] = []
    for cell in cells:
        entry = cell_json(cell)
        cost = len(json.dumps(entry, ensure_ascii=False))
        if cost > MAX_CHARACTERS and not shown:
            # Too long for any answer: it can be read, but not replaced as a whole.
            source, output = head_and_tail(cell.source, 4_000), head_and_tail(cell.output, 2_000)
            shown.append({**entry, "source": source, "output": output, "cut": True})
            left = 0
        elif cost > left:
            left_out.append(cell.id)
        else:
            left -= cost
            whole.append(cell)
            shown.append(entry)
    return whole, shown, left_out


def _lines(cell: Cell) -> list[tuple[str, str]]:
    parts = {"source": cell.source, "output": cell.output, "error": cell.error}
    return [(place, line) for place, text in parts.items() for line in text.splitlines()]
