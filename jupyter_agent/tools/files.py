"""Tools that read files in the notebook's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from jupyter_agent.core.messages import Effect
from jupyter_agent.core.pictures import FILE_NAME, described
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.text import counted_head
from jupyter_agent.tools.requirements import object_schema, open_notebook

#: Characters of a file that are read, and of an answer.
MAX_READ = 4_000_000
MAX_CHARACTERS = 12_000
MAX_LINE = 2_000
_MAX_LINES = 1_000


class ListFiles:
    """Names of the files in the notebook's folder."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "list_files",
        "List the files in the notebook's folder.",
        object_schema({}),
        title="List files",
        icon="ui-components:folder",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Names only; nothing is opened."""
        return ToolOutput.from_data({"files": list(await open_notebook(context).files())})


class ReadFile:
    """Some lines of a text file; of a picture file the picture."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "read_file",
        "Read lines of a text file, or a picture, in the notebook's folder or below.",
        object_schema(
            {
                "path": {"type": "string"},
                "start": {"type": "integer"},
                "lines": {"type": "integer", "default": 100},
            },
            "path",
        ),
        title="Read file",
        icon="ui-components:file",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Lines within a limit; ``next`` is the line to continue at."""
        path = str(arguments["path"])
        if FILE_NAME.match(path):
            picture = replace(await open_notebook(context).read_picture(path), is_users=False)
            return ToolOutput(described(picture), pictures=(picture,))
        start, number = max(1, arguments.get("start", 1)), max(1, min(_MAX_LINES, arguments.get("lines", 100)))
        lines = (await open_notebook(context).read_file(path, MAX_READ)).splitlines()
        chosen, left = [], MAX_CHARACTERS
        for line in (counted_head(line, MAX_LINE) for line in lines[start - 1 : start - 1 + number]):
            left -= len(line) + 4
            if left < 0:
                break
            chosen.append(line)
        answer = {"path": path, "start": start, "text": "\n".join(chosen), "lines": len(chosen)}
        if start - 1 + len(chosen) < len(lines):
            answer["next"] = start + len(chosen)
        return ToolOutput.from_data(answer)
