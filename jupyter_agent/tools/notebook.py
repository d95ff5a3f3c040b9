"""Tools that read the notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.messages import Effect, Picture
from jupyter_agent.core.pictures import MAX_SHOWN
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.text import head_and_tail
from jupyter_agent.tools.requirements import object_schema, open_notebook
from jupyter_agent.tools.tracebacks import without_library_frames

#: Characters of an answer; cells that do not fit are named, and can be read by their ids.
MAX_CHARACTERS = 14_000
MAX_FOUND = 40
MAX_LINE = 200


class ReadCells:
    """The notebook's cells, all or some."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "read_cells",
        "Read all cells, or these: id, source, output, execution count.",
        object_schema({"ids": {"type": "array", "items": {"type": "string"}}}),
        title="Read cells",
        icon="ui-components:notebook",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Cells within the limit, and the ids of those that did not fit; of a few that are named what they show, newest first."""
        notebook = open_notebook(context)
        cells = await notebook.cells()
        wanted = arguments.get("ids")
        chosen = [cell for cell in cells if wanted is None or cell.id in wanted]
        left, left_out = MAX_CHARACTERS, []
        shown: list[dict[str, Any]] = []
        fields = ("id", "kind", "source", "execution_count", "output", "error")
        for cell in chosen:
            entry: dict[str, Any] = {name: getattr(cell, name) for name in fields}
            if cell.error:
                entry["output"] = without_library_frames(cell.output)
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
                context.tool_record.show([cell])
                shown.append(entry)
        answer: dict[str, Any] = {"path": notebook.path, "cells": shown}
        if left_out:
            answer["left_out"] = left_out
        known = {cell.id for cell in cells}
        if unknown := [cell_id for cell_id in wanted or () if cell_id not in known]:
            answer["unknown"] = unknown
        pictures: list[Picture] = []
        named = [cell for cell in chosen if cell.kind == "code"] if wanted and len(wanted) <= MAX_SHOWN else ()
        for cell in sorted(named, key=lambda cell: cell.execution_count or 0, reverse=True):
            with suppress(AgentError):
                pictures += (await notebook.output(cell.id)).pictures[::-1]
        return replace(ToolOutput.from_data(answer), pictures=tuple(pictures[:MAX_SHOWN]))


class SearchNotebook:
    """Cells that contain a text."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "search_notebook",
        "Find the cells whose source or output contains a text.",
        object_schema({"text": {"type": "string", "minLength": 1}}, "text"),
        title="Search notebook",
        icon="ui-components:search",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Ids and lines; the text is looked for literally."""
        text = str(arguments["text"]).casefold()
        found = [
            {"id": cell.id, "kind": cell.kind, "execution_count": cell.execution_count, "in": place, "line": line}
            for cell in await open_notebook(context).cells()
            for place in ("source", "output", "error")
            for line in getattr(cell, place).splitlines()
            if text in line.casefold()
        ]
        shown = [{**match, "line": str(match["line"]).strip()[:MAX_LINE]} for match in found[:MAX_FOUND]]
        return ToolOutput.from_data({"found": shown, "total": len(found)})


class ReadOutput:
    """A cell's whole output."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "read_output",
        "Read a cell's whole output, with its pictures.",
        object_schema({"cell_id": {"type": "string"}}, "cell_id"),
        title="Read cell output",
        icon="ui-components:notebook",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Text within the limit, and the last pictures."""
        cell_id = str(arguments["cell_id"])
        shown = await open_notebook(context).output(cell_id)
        error = f"{shown.error.name}: {shown.error.message}" if shown.error is not None else ""
        answer = {
            "id": cell_id,
            "text": head_and_tail(without_library_frames(shown.text), MAX_CHARACTERS),
            "error": error,
            "pictures": shown.images,
        }
        return replace(ToolOutput.from_data(answer), pictures=shown.pictures)
