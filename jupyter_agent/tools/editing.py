"""Tools that change the notebook, one cell at a time, and only as the model has read it."""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from jupyter_agent.analysis import risk
from jupyter_agent.analysis.code_checks import may_try_unasked
from jupyter_agent.core.errors import AgentError, CellChanged, NotFound
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import CellChange, CellEdit, EditKind, Effect, Reason
from jupyter_agent.core.protocols import Review, ToolContext, ToolOutput, ToolSpec
from jupyter_agent.tools.output import execution_output, object_schema, open_notebook, syntax_error

_ID = {"type": "string", "description": "The cell's id."}
_BELOW = {"type": "string", "description": "Id of the cell to stand below; empty for the top."}
_SOURCE = {"type": "string", "description": "The whole source of the cell."}
_NOT_READ = "You have not read this cell as it is now. Read it with read_cells, then edit it."
_CHANGED = "The cell is not what you read any more. Read it again with read_cells, then edit it."
_WITHHELD = "[withheld: "
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
        last_read = context.turn_log.shown.get(cell.id)
        if last_read != cell.source_hash:
            raise CellChanged(_NOT_READ if last_read is None else _CHANGED)
        return cell

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Make the edit; the output says which cell and where it stands."""
        change = await self.apply(arguments, context)
        written = {"tried": arguments["source"] in context.turn_log.tried} if "source" in arguments else {}
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
        notebook, log, cell_id = open_notebook(context), context.turn_log, str(arguments["cell_id"])
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


class InsertCell(_CellTool):
    """A new cell."""

    kind: ClassVar[EditKind] = "insert"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "insert_cell",
        "Insert a new cell into the user's notebook. The notebook does not run it; use run_cell then. Try code with "
        "try_code first.",
        object_schema(
            {
                "source": _SOURCE,
                "cell_type": {"type": "string", "enum": ["code", "markdown"]},
                "below": {**_BELOW, "description": _BELOW["description"] + " Missing: below the user's cell."},
            },
            "source",
        ),
        title="Insert cell",
        icon="ui-components:add",
    )

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """Code that cannot be parsed, or fails in the sandbox, is not written."""
        open_notebook(context)
        is_code = arguments.get("cell_type", "code") == "code"
        return await _check_source(str(arguments["source"]), context) if is_code else None

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Insert it below the given cell, else below the user's cell, else at the end."""
        below = arguments.get("below")
        if below is None:
            ids = [cell.id for cell in await open_notebook(context).cells()]
            active = context.active_cell_id
            below = active if active in ids else ids[-1] if ids else ""
        # Made from the call's key: the same call made again is the same cell. A caller without keys makes no call again.
        cell_id = hashlib.blake2b((context.key or uuid.uuid4().hex).encode(), digest_size=6).hexdigest()
        return await super().call({**arguments, "below": below, "cell_id": cell_id}, context)


class EditCell(_CellTool):
    """A cell's new source."""

    kind: ClassVar[EditKind] = "replace"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "edit_cell",
        "Replace the whole source of one cell of the user's notebook. The notebook does not run it; use run_cell then. "
        "Try code with try_code first. A cell that changed since you read it is left alone.",
        object_schema({"cell_id": _ID, "source": _SOURCE}, "cell_id", "source"),
        title="Edit cell",
        icon="ui-components:edit",
    )

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """As for any edit; and code that cannot be parsed, or fails in the sandbox, is not written."""
        cell = await self.unchanged_cell(arguments, context)
        source = str(arguments["source"])
        if _WITHHELD in source and _WITHHELD not in cell.source:
            return ToolOutput.failure(
                "withheld",
                "This cell holds a secret that was withheld from you; what you wrote would put a placeholder in its "
                "place. Leave this cell alone: put your code into another cell, or tell the user what to change.",
            )
        return await _check_source(source, context) if cell.kind == "code" else None


class DeleteCell(_CellTool):
    """Deletion of a cell."""

    kind: ClassVar[EditKind] = "delete"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "delete_cell",
        "Delete one cell of the user's notebook. A cell that changed since you read it is left alone.",
        object_schema({"cell_id": _ID}, "cell_id"),
        title="Delete cell",
        icon="ui-components:delete",
    )


class MoveCell(_CellTool):
    """Move of a cell."""

    kind: ClassVar[EditKind] = "move"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "move_cell",
        "Move one cell of the user's notebook below another one.",
        object_schema({"cell_id": _ID, "below": _BELOW}, "cell_id", "below"),
        title="Move cell",
        icon="ui-components:move-down",
    )


class RunCell(_CellTool):
    """A cell run, as the user would run it."""

    effect: ClassVar[Effect] = "execute"
    kind: ClassVar[EditKind] = "run"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "run_cell",
        "Run one cell of the user's notebook, visibly, and read its output.",
        object_schema({"cell_id": _ID}, "cell_id"),
        title="Run cell",
        icon="ui-components:run",
    )

    async def review(self, arguments: Mapping[str, Any], context: ToolContext) -> Review:
        """The cell's source as it is now."""
        source = (await _find_cell(arguments, context)).source
        return Review(source, source)

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Run it and return what it displays."""
        began = time.monotonic()
        change = await self.apply(arguments, context)
        result = await open_notebook(context).output(change.cell_id)
        is_late = time.monotonic() - began >= context.timeout
        if is_late and result.error is not None and result.error.name in ("KeyboardInterrupt", "TimeoutError"):
            result = replace(result, status="timeout")
        return execution_output(result)


async def _find_cell(arguments: Mapping[str, Any], context: ToolContext) -> Cell:
    cells = await open_notebook(context).cells()
    cell = next((cell for cell in cells if cell.id == arguments["cell_id"]), None)
    if cell is None:
        ids = ", ".join(cell.id for cell in cells[:40])
        raise NotFound(f"There is no cell with the id '{str(arguments['cell_id'])[:80]}'. The ids are: {ids}.")
    return cell


async def _check_source(source: str, context: ToolContext) -> ToolOutput | None:
    """A failure for code that cannot be parsed, or that fails in the sandbox; None for any other.

    It is tried only in the mode ``auto``, where the user may run code, and only if it is known to change nothing.
    """
    problem = syntax_error(source, context)
    if (
        problem is not None
        or context.approval != "auto"
        or "execute" not in context.effects
        or context.kernel is None
        or context.notebook is None
        or source in context.turn_log.insisted
    ):
        return problem
    state = await context.kernel.state()
    cells = [cell.source for cell in await context.notebook.cells() if cell.kind == "code"]
    sources = [*context.turn_log.executed, *(run.source for run in state.executions), *cells]
    if state.status != "idle" or state.stale or not may_try_unasked(source, state, sources):
        return None
    context.turn_log.tried.add(source)
    result = await context.kernel.try_execute(source, timeout=_SANDBOX_SECONDS)
    if result.status != "error":
        return None
    context.turn_log.insisted.add(source)
    return ToolOutput.failure(
        "exception",
        f"It was tried out first, failed, and was not written:\n{execution_output(result).content}\n"
        "Correct it. If it fails only because other cells have to run first, make the same call again.",
    )
