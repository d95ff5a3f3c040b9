"""The tool that finds what is stale in a notebook, and whether a run from top to bottom would reproduce it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jupyter_agent.core.messages import Effect
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.text import counted_head
from jupyter_agent.doctor.service import NotebookAnalyses
from jupyter_agent.tools.requirements import object_schema, open_notebook

MAX_CHARACTERS = 12_000


class CheckNotebook:
    """Finds hidden state: where the notebook and its kernel disagree."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "check_notebook",
        "Find hidden state: stale cells, and where Restart & Run All would fail or differ.",
        object_schema({}),
        title="Check notebook",
        icon="ui-components:code-check",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """The report as Markdown, with what a program needs of it."""
        notebook = open_notebook(context)
        check = context.check_notebook or NotebookAnalyses().check
        cells = await notebook.cells()
        state = await context.kernel.state() if context.kernel is not None else None
        answer = await check(cells, state, notebook)
        report = str(answer["report"])
        return ToolOutput.from_data({**answer, "report": counted_head(report, MAX_CHARACTERS)})
