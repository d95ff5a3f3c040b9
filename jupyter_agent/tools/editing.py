"""Tools that change the notebook, one cell at a time, and only as the model has read it."""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import time
import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, Self

from jupyter_agent.analysis import risk
from jupyter_agent.analysis.code_checks import may_try_unasked
from jupyter_agent.core.errors import AgentError, CellChanged, NotFound, TextNotFound
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import CallDisplay, CellChange, CellEdit, EditKind, Effect, Reason
from jupyter_agent.core.protocols import Review, ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.text import head
from jupyter_agent.kernelside.secrets import WITHHELD_KIND
from jupyter_agent.tools.output import execution_output, run_output
from jupyter_agent.tools.requirements import live_kernel, object_schema, open_notebook, syntax_error

_ID = {"type": "string"}
_BELOW = {"type": "string", "description": "Id of the cell above; empty: top"}
_SOURCE = {"type": "string"}
_RUN = {"type": "boolean"}
_REPLACE = {
    "type": "array",
    "description": "Texts that stand there exactly once, and new ones",
    "items": object_schema({"old": {"type": "string"}, "new": {"type": "string"}}, "old", "new"),
}
_NOT_READ = "You have not read this cell as it is now. Read it with read_cells, then edit it."
_CHANGED = "The cell is not what you read any more. Read it again with read_cells, then edit it."
_NOT_SAVED = "The user may not change this notebook: the cell was run, and its outputs are not saved in it."
#: Seconds for an edit under way to end when the turn is stopped, so that it can be undone.
_GRACE = 5.0
#: Seconds for code that is tried in the sandbox before it is written.
_SANDBOX_SECONDS = 5.0


class _CellTool:
    """A tool that does one thing to one cell, if the cell still is what the model has read."""

    effect: ClassVar[Effect] = "write"
    kind: ClassVar[EditKind]

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """Nothing speaks against it if the cell still is what the model has read.

        Raises:
            CellChanged: it is not.
            NotFound: there is no such cell.
        """
        await self.unchanged_cell(arguments, context)
        return None

    async def unchanged_cell(self, arguments: Mapping[str, Any], context: ToolContext) -> Cell:
        """The cell, if it still is what the model has read; raises as `check` does."""
        cell = await _find_cell(arguments, context)
        last_read = context.tool_record.shown.get(cell.id)
        if last_read != cell.source_hash:
            raise CellChanged(_NOT_READ if last_read is None else _CHANGED)
        return cell

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Make the edit; the output says which cell and where it stands."""
        change = await self.apply(arguments, context)
        written = {"tried": arguments["source"] in context.tool_record.tried} if "source" in arguments else {}
        return ToolOutput.from_data({"cell_id": change.cell_id, "below": change.below_after, **written})

    async def review(self, arguments: Mapping[str, Any], context: ToolContext) -> Review:
        """The cell as it is to be; as it is now, where it is only moved or deleted."""
        cell = await _find_cell(arguments, context) if "cell_id" in arguments else None
        source = arguments.get("source")
        if source is None:
            return Review(cell.source if cell is not None else "")
        kind = cell.kind if cell is not None else arguments.get("cell_type", "code")
        reasons = () if kind == "code" else risk.markdown_reasons(source)
        if kind == "raw" and not reasons:
            reasons = (Reason("remote_content", "It changes a raw cell, which programs read that convert notebooks."),)
        return Review(source, reasons=reasons)

    async def apply(self, arguments: Mapping[str, Any], context: ToolContext) -> CellChange:
        """Make the edit and record it; one under way when the turn is stopped is recorded too.

        Raises:
            CellChanged: the model has not read the cell.
        """
        notebook, log, cell_id = open_notebook(context), context.tool_record, str(arguments["cell_id"])
        last_read = "" if self.kind == "insert" else log.shown.get(cell_id)
        if last_read is None:
            raise CellChanged(_NOT_READ)
        is_written = self.kind in ("insert", "replace")
        edit = CellEdit(
            self.kind,
            cell_id,
            last_read,
            str(arguments.get("source", "")),
            "markdown" if arguments.get("cell_type") == "markdown" else "code",
            str(arguments.get("below", "")),
            {"session_id": context.session_id, "turn_id": context.turn_id} if is_written else {},
        )

        def record(change: CellChange) -> None:
            log.edits.append(change)
            log.shown.pop(change.cell_id, None)
            if is_written:
                log.show([Cell(change.cell_id, "code", edit.source)])
            elif self.kind != "delete":
                log.shown[change.cell_id] = last_read

        editing = asyncio.ensure_future(notebook.edit(edit, timeout=context.timeout, kernel=context.kernel))
        try:
            change = await asyncio.shield(editing)
        except asyncio.CancelledError:
            if self.kind == "run":
                editing.cancel()
            with suppress(AgentError, TimeoutError, asyncio.CancelledError):
                record(await asyncio.wait_for(editing, _GRACE))
            raise
        record(change)
        return change


class _WrittenCell(_CellTool):
    """A tool that writes a cell's source, and runs the cell where the call says so.

    Args:
        may_run: Whether it is offered to run the cell.
    """

    def __init__(self, *, may_run: bool = True) -> None:
        self.spec = self._spec({"run": _RUN} if may_run else {})

    def _spec(self, run: Mapping[str, Any]) -> ToolSpec:
        raise NotImplementedError

    def effects_of(self, arguments: Mapping[str, Any]) -> tuple[Effect, ...]:
        """It writes; and runs code, where the call says so."""
        runs = arguments.get("run") and arguments.get("cell_type") != "markdown"
        return ("write", "execute") if runs else ("write",)

    def limited_to(self, effects: Collection[str]) -> Self:
        """The same tool; without `run` where no code may be run."""
        return self if "execute" in effects else type(self)(may_run=False)

    async def review(self, arguments: Mapping[str, Any], context: ToolContext) -> Review:
        """The cell as it is to be, and that it is run, where it is."""
        review = await super().review(arguments, context)
        runs = "execute" in self.effects_of(arguments)
        return replace(review, code=review.preview) if runs else review

    async def write(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Make the edit; run the cell then, if that was asked for. What was written stays, however the run ends."""
        written = await super().call(arguments, context)
        if "execute" not in self.effects_of(arguments):
            return written
        try:
            ran = await RunCell().call({"cell_id": arguments["cell_id"]}, context)
        except AgentError as error:
            ran = ToolOutput.failure(error.code, f"The cell was written, but it was not run: {error.message}")
        return replace(ran, content=f"{written.content}\n{ran.content}")


class InsertCell(_WrittenCell):
    """A new cell."""

    kind: ClassVar[EditKind] = "insert"

    def _spec(self, run: Mapping[str, Any]) -> ToolSpec:
        return ToolSpec(
            "insert_cell",
            "Insert a cell into the notebook.",
            object_schema(
                {
                    "source": _SOURCE,
                    "cell_type": {"type": "string", "enum": ["code", "markdown"]},
                    "below": {**_BELOW, "description": _BELOW["description"] + "; missing: the user's"},
                    **run,
                },
                "source",
            ),
            title="Insert cell",
            icon="ui-components:add",
            display=CallDisplay("insert", {"below": "below", "source": "source", "run": "previewed"}),
        )

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """Code that cannot be parsed, or fails in the sandbox, is not written."""
        open_notebook(context)
        is_code = arguments.get("cell_type", "code") == "code"
        runs = "execute" in self.effects_of(arguments)
        return await _check_source(str(arguments["source"]), context, runs=runs) if is_code else None

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Insert it below the given cell, else below the user's cell, else at the end."""
        below = arguments.get("below")
        if below is None:
            ids = [cell.id for cell in await open_notebook(context).cells()]
            active = context.active_cell_id
            below = active if active in ids else ids[-1] if ids else ""
        # Made from the call's key: the same call made again is the same cell. A caller without keys makes no call again.
        cell_id = hashlib.blake2b((context.key or uuid.uuid4().hex).encode(), digest_size=6).hexdigest()
        return await self.write({**arguments, "below": below, "cell_id": cell_id}, context)


class EditCell(_WrittenCell):
    """A cell's new source, whole or in parts."""

    kind: ClassVar[EditKind] = "replace"

    def _spec(self, run: Mapping[str, Any]) -> ToolSpec:
        return ToolSpec(
            "edit_cell",
            "Change a cell that you have read: parts of it with replace, or all of it with source.",
            object_schema({"cell_id": _ID, "source": _SOURCE, "replace": _REPLACE, **run}, "cell_id"),
            title="Edit cell",
            icon="ui-components:edit",
            display=CallDisplay(
                "replace", {"cell_id": "cell_id", "source": "source", "replace": "previewed", "run": "previewed"}
            ),
        )

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """As for any edit; and code that cannot be parsed, or fails in the sandbox, is not written."""
        cell = await self.unchanged_cell(arguments, context)
        if ("source" in arguments) == bool(arguments.get("replace")):
            return ToolOutput.failure("invalid_arguments", "Give either source or replace.")
        source = _new_source(cell, arguments)
        if WITHHELD_KIND in source and WITHHELD_KIND not in cell.source:
            return ToolOutput.failure(
                "withheld",
                "This cell holds a secret that was withheld from you; what you wrote would put a placeholder in its "
                "place. Change other parts of it with replace, or tell the user what to change.",
            )
        runs = "execute" in self.effects_of(arguments)
        return await _check_source(source, context, runs=runs) if cell.kind == "code" else None

    async def review(self, arguments: Mapping[str, Any], context: ToolContext) -> Review:
        """The cell as it is to be; only code is run."""
        cell = await _find_cell(arguments, context)
        review = await super().review({**arguments, "source": _new_source(cell, arguments)}, context)
        return review if cell.kind == "code" else replace(review, code="")

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Make the edit, and run the cell where the call says so and it is code."""
        cell = await self.unchanged_cell(arguments, context)
        more = {} if cell.kind == "code" else {"run": False}
        return await self.write({**arguments, "source": _new_source(cell, arguments), **more}, context)


class DeleteCell(_CellTool):
    """Deletion of a cell."""

    kind: ClassVar[EditKind] = "delete"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "delete_cell",
        "Delete a cell.",
        object_schema({"cell_id": _ID}, "cell_id"),
        title="Delete cell",
        icon="ui-components:delete",
        display=CallDisplay("delete", {"cell_id": "cell_id"}),
    )


class MoveCell(_CellTool):
    """Move of a cell."""

    kind: ClassVar[EditKind] = "move"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "move_cell",
        "Move a cell.",
        object_schema({"cell_id": _ID, "below": _BELOW}, "cell_id", "below"),
        title="Move cell",
        icon="ui-components:move-down",
        display=CallDisplay("move", {"cell_id": "cell_id", "below": "below"}),
    )


class RunCell(_CellTool):
    """A cell run, as the user would run it."""

    effect: ClassVar[Effect] = "execute"
    kind: ClassVar[EditKind] = "run"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "run_cell",
        "Run a cell and read its output.",
        object_schema({"cell_id": _ID}, "cell_id"),
        title="Run cell",
        icon="ui-components:run",
        display=CallDisplay("run", {"cell_id": "cell_id"}),
    )

    async def review(self, arguments: Mapping[str, Any], context: ToolContext) -> Review:
        """The cell's source as it is now."""
        source = (await _find_cell(arguments, context)).source
        return Review(source, source)

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Run it and return what it displays, which the cell keeps where the user may change the notebook."""
        began = time.monotonic()
        if "execute" in context.effects and "write" not in context.effects:
            cell = await self.unchanged_cell(arguments, context)
            if cell.kind != "code":
                return ToolOutput.failure("invalid_arguments", "only a code cell can be run.")
            kernel = live_kernel(context)
            output = await run_output(
                await kernel.execute(cell.source, timeout=context.timeout), kernel, time.monotonic() - began
            )
            return replace(output, content=f"{_NOT_SAVED}\n{output.content}")
        change = await self.apply(arguments, context)
        seconds = time.monotonic() - began
        result = await open_notebook(context).output(change.cell_id)
        is_late = seconds >= context.timeout
        if is_late and result.error is not None and result.error.name in ("KeyboardInterrupt", "TimeoutError"):
            result = replace(result, status="timeout")
        return await run_output(result, context.kernel, seconds)


async def _find_cell(arguments: Mapping[str, Any], context: ToolContext) -> Cell:
    cells = await open_notebook(context).cells()
    cell = next((cell for cell in cells if cell.id == arguments["cell_id"]), None)
    if cell is None:
        ids = ", ".join(cell.id for cell in cells[:40])
        raise NotFound(f"There is no cell with the id '{str(arguments['cell_id'])[:80]}'. The ids are: {ids}.")
    return cell


def _new_source(cell: Cell, arguments: Mapping[str, Any]) -> str:
    """The source that a cell is to have.

    Raises:
        TextNotFound: what is to be replaced does not stand there exactly once.
    """
    source = cell.source if "replace" in arguments else str(arguments["source"])
    for change in arguments.get("replace", ()):
        old = str(change["old"])
        first = source.find(old) if old else -1
        if first < 0 or source.find(old, first + 1) >= 0:
            shown = head(old, 200)
            if first >= 0:
                count = sum(source.startswith(old, at) for at in range(len(source)))
                raise TextNotFound(
                    f"This text stands in the cell {count} times, so nothing was changed: give it with more of what stands "
                    f"around it.\n{shown}"
                )
            lines = difflib.get_close_matches(
                old.strip().splitlines()[0] if old.strip() else "", source.splitlines(), n=1
            )
            near = f"\nThe line most like it is:\n{head(lines[0], 200)}" if lines else ""
            raise TextNotFound(
                f"The cell does not hold this text, so nothing was changed: copy it exactly as read_cells returns it, spaces "
                f"included, or give the whole source.\n{shown}{near}"
            )
        source = source.replace(old, str(change["new"]))
    return source


async def _check_source(source: str, context: ToolContext, *, runs: bool) -> ToolOutput | None:
    """A failure for code that cannot be parsed, or that fails in the sandbox; None for any other.

    It is tried only in the mode ``auto``, where the user may run code, and only if it is known to change nothing and is not
    run anyway.
    """
    problem = syntax_error(source, context)
    if (
        problem is not None
        or runs
        or context.approval != "auto"
        or "execute" not in context.effects
        or context.kernel is None
        or context.notebook is None
        or source in context.tool_record.insisted
    ):
        return problem
    state = await context.kernel.state()
    cells = [cell.source for cell in await context.notebook.cells() if cell.kind == "code"]
    sources = [*context.tool_record.executed, *(run.source for run in state.executions), *cells]
    if state.status != "idle" or state.stale or not may_try_unasked(source, state, sources):
        return None
    context.tool_record.tried.add(source)
    result = await context.kernel.try_execute(source, timeout=_SANDBOX_SECONDS)
    if result.status != "error":
        return None
    context.tool_record.insisted.add(source)
    return ToolOutput.failure(
        "exception",
        f"It was tried out first, failed, and was not written:\n{execution_output(result).content}\n"
        "Correct it. If it fails only because other cells have to run first, make the same call again.",
    )
