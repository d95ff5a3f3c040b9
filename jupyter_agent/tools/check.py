"""The tool that tells what is stale, and whether the notebook would come out the same from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.messages import Effect
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.text import head
from jupyter_agent.doctor.service import examine_state, stale_variables
from jupyter_agent.tools.output import NO_NOTEBOOK

MAX_CHARACTERS = 12_000


class CheckNotebook:
    """Hidden state: what the notebook shows and the kernel does not hold any more, and the other way round."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "check_notebook",
        "Check the notebook for hidden state: cells that are stale, edited since they ran, out of order or never run, "
        "variables that no cell makes any more, whether Restart & Run All would reproduce it and where it would fail or "
        "differ first, and the fewest cells to run until everything is fresh. Nothing is run.",
        {"type": "object", "properties": {}, "additionalProperties": False},
        title="Check notebook",
        icon="ui-components:code-check",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """The report in words, and what a program needs of it."""
        if context.notebook is None:
            return NO_NOTEBOOK
        try:
            cells = await context.notebook.cells()
        except NotFound as error:
            return ToolOutput.failure(error.code, error.message)
        state = await context.kernel.state() if context.kernel is not None else None
        report = await examine_state(cells, state, context.notebook)
        words = report.to_markdown()
        answer = {
            "verdict": report.prediction.verdict,
            "report": words if len(words) <= MAX_CHARACTERS else f"{head(words, MAX_CHARACTERS)}\n…",
            "stale": stale_variables(report, state),
            "run": list(report.run),
        }
        return ToolOutput.from_data(answer)
