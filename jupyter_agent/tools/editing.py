"""Tools that change the notebook, one cell at a time, and only as the model has read it."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar, Literal

from jupyter_agent.analysis.code_checks import may_try_unasked
from jupyter_agent.core.errors import AgentError, CellChanged, NotFound
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import CellChange, CellEdit, Effect
from jupyter_agent.core.protocols import Notebook, ToolContext, ToolOutput, ToolSpec
from jupyter_agent.tools.output import NO_NOTEBOOK, execution_output, syntax_error

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


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


class _CellTool:
    """A tool that does one thing to one cell, if the cell still is what the model has read."""

    effect: ClassVar[Effect] = "write"

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """Whether the cell still is what the model has read."""
        if context.notebook is None:
            return NO_NOTEBOOK
        cell_id = str(arguments["cell_id"])
        try:
            cell = await _find_cell(context.notebook, cell_id)
        except NotFound as error:
            return ToolOutput.failure(error.code, error.message)
        last_read = context.turn_log.shown.get(cell_id)
        if last_read == cell.source_hash:
            return None
        return ToolOutput.failure(CellChanged.code, _NOT_READ if last_read is None else _CHANGED)

    def edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        """The edit of the notebook for these arguments."""
        raise NotImplementedError

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Make the edit; the output says which cell and where it stands."""
        if context.notebook is None:
            return NO_NOTEBOOK
        change = await _apply(context.notebook, self.edit(arguments, context), context)
        return ToolOutput.from_data({"cell_id": change.cell_id, "below": change.below_after})


class InsertCell(_CellTool):
    """A new cell."""

    spec: ClassVar[ToolSpec] = ToolSpec(
        "insert_cell",
        "Insert a new cell into the user's notebook. It is not run; use run_cell then. Try code with try_code first.",
        _object(
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
        if context.notebook is None:
            return NO_NOTEBOOK
        if arguments.get("cell_type", "code") != "code":
            return None
        return await _check_source(str(arguments["source"]), context)

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Insert it below the given cell, else below the user's cell, else at the end."""
        if context.notebook is None:
            return NO_NOTEBOOK
        below = arguments.get("below")
        if below is None:
            ids = [cell.id for cell in await context.notebook.cells()]
            active = context.active_cell_id
            below = active if active in ids else ids[-1] if ids else ""
        return await super().call({**arguments, "below": below}, context)

    def edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        kind: Literal["code", "markdown"] = "markdown" if arguments.get("cell_type") == "markdown" else "code"
        # Made from the call's key: the same call made again is the same cell. A caller without keys makes no call again.
        cell_id = hashlib.blake2b((context.key or uuid.uuid4().hex).encode(), digest_size=6).hexdigest()
        origin = {"session_id": context.session_id, "turn_id": context.turn_id}
        return CellEdit(
            "insert",
            cell_id,
            source=str(arguments["source"]),
            cell_type=kind,
            below=str(arguments["below"]),
            origin=origin,
        )


class EditCell(_CellTool):
    """A cell's new source."""

    spec: ClassVar[ToolSpec] = ToolSpec(
        "edit_cell",
        "Replace the whole source of one cell of the user's notebook. It is not run; use run_cell then. Try code with "
        "try_code first. A cell that changed since you read it is left alone.",
        _object({"cell_id": _ID, "source": _SOURCE}, "cell_id", "source"),
        title="Edit cell",
        icon="ui-components:edit",
    )

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """As for any edit; and code that cannot be parsed, or fails in the sandbox, is not written."""
        changed = await super().check(arguments, context)
        if changed is not None or context.notebook is None:
            return changed
        source = str(arguments["source"])
        cell = await _find_cell(context.notebook, str(arguments["cell_id"]))
        if _WITHHELD in source and _WITHHELD not in cell.source:
            return ToolOutput.failure(
                "withheld",
                "This cell holds a secret that was withheld from you; what you wrote would put a placeholder in its "
                "place. Leave this cell alone: put your code into another cell, or tell the user what to change.",
            )
        return await _check_source(source, context) if cell.kind == "code" else None

    def edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        cell_id = str(arguments["cell_id"])
        origin = {"session_id": context.session_id, "turn_id": context.turn_id}
        return CellEdit("replace", cell_id, _last_read(cell_id, context), str(arguments["source"]), origin=origin)


class DeleteCell(_CellTool):
    """Deletion of a cell."""

    spec: ClassVar[ToolSpec] = ToolSpec(
        "delete_cell",
        "Delete one cell of the user's notebook. A cell that changed since you read it is left alone.",
        _object({"cell_id": _ID}, "cell_id"),
        title="Delete cell",
        icon="ui-components:delete",
    )

    def edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        cell_id = str(arguments["cell_id"])
        return CellEdit("delete", cell_id, _last_read(cell_id, context))


class MoveCell(_CellTool):
    """Move of a cell."""

    spec: ClassVar[ToolSpec] = ToolSpec(
        "move_cell",
        "Move one cell of the user's notebook below another one.",
        _object({"cell_id": _ID, "below": _BELOW}, "cell_id", "below"),
        title="Move cell",
        icon="ui-components:move-down",
    )

    def edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        cell_id = str(arguments["cell_id"])
        return CellEdit("move", cell_id, _last_read(cell_id, context), below=str(arguments["below"]))


class RunCell(_CellTool):
    """A cell run, as the user would run it."""

    effect: ClassVar[Effect] = "execute"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "run_cell",
        "Run one cell of the user's notebook, visibly, and read its output.",
        _object({"cell_id": _ID}, "cell_id"),
        title="Run cell",
        icon="ui-components:run",
    )

    async def source(self, arguments: Mapping[str, Any], context: ToolContext) -> str:
        """The cell's."""
        assert context.notebook is not None
        return (await _find_cell(context.notebook, str(arguments["cell_id"]))).source

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Run it and return what it displays."""
        if context.notebook is None:
            return NO_NOTEBOOK
        change = await _apply(context.notebook, self.edit(arguments, context), context)
        return execution_output(await context.notebook.output(change.cell_id))

    def edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        cell_id = str(arguments["cell_id"])
        return CellEdit("run", cell_id, _last_read(cell_id, context))


async def _apply(notebook: Notebook, edit: CellEdit, context: ToolContext) -> CellChange:
    """Make an edit and record it; one under way when the turn is stopped is recorded too."""

    def record(change: CellChange) -> None:
        log = context.turn_log
        log.edits.append(change)
        log.shown.pop(change.cell_id, None)
        if edit.kind in ("insert", "replace"):
            log.show([Cell(change.cell_id, "code", edit.source)])
        elif edit.kind != "delete":
            log.shown[change.cell_id] = edit.source_hash

    editing = asyncio.ensure_future(notebook.edit(edit, timeout=context.timeout, kernel=context.kernel))
    try:
        change = await asyncio.shield(editing)
    except asyncio.CancelledError:
        if edit.kind == "run":
            editing.cancel()
        with suppress(AgentError, TimeoutError, asyncio.CancelledError):
            record(await asyncio.wait_for(editing, _GRACE))
        raise
    record(change)
    return change


def _last_read(cell_id: str, context: ToolContext) -> str:
    """SHA-256 (hex) of a cell's source as the model last read it.

    Raises:
        CellChanged: it has not read the cell.
    """
    last_read = context.turn_log.shown.get(cell_id)
    if last_read is None:
        raise CellChanged(_NOT_READ)
    return last_read


async def _find_cell(notebook: Notebook, cell_id: str) -> Cell:
    cells = await notebook.cells()
    cell = next((cell for cell in cells if cell.id == cell_id), None)
    if cell is None:
        ids = ", ".join(cell.id for cell in cells[:40])
        raise NotFound(f"There is no cell with the id '{cell_id[:80]}'. The ids are: {ids}.")
    return cell


async def _check_source(source: str, context: ToolContext) -> ToolOutput | None:
    """A failure for code that cannot be parsed, or that fails in the sandbox; None for any other.

    It is tried only in the mode ``auto``, and only if running it twice does the same.
    """
    problem = syntax_error(source, context)
    if (
        problem is not None
        or context.approval != "auto"
        or context.kernel is None
        or source in context.turn_log.insisted
    ):
        return problem
    state = await context.kernel.state()
    if state.status != "idle" or state.stale or not may_try_unasked(source, state.variables):
        return None
    result = await context.kernel.try_execute(source, timeout=_SANDBOX_SECONDS)
    if result.status != "error":
        return None
    context.turn_log.insisted.add(source)
    return ToolOutput.failure(
        "exception",
        f"It was tried out first, failed, and was not written:\n{execution_output(result).content}\n"
        "Correct it. If it fails only because other cells have to run first, make the same call again.",
    )
