"""Tools that change the notebook, one cell at a time, each cell only as the model has seen it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar, Literal

from jupyter_agent.analysis.code_checks import may_try_unasked
from jupyter_agent.core.errors import AgentError, CellChanged, NotFound
from jupyter_agent.core.kernel_state import Cell
from jupyter_agent.core.messages import CellChange, CellEdit, Effect
from jupyter_agent.core.protocols import Notebook, ToolContext, ToolOutput, ToolSpec
from jupyter_agent.tools.output import NO_NOTEBOOK, told_result
from jupyter_agent.tools.syntax import unreadable

_ID = {"type": "string", "description": "The cell's id."}
_BELOW = {"type": "string", "description": "Id of the cell to stand below; empty for the top."}
_SOURCE = {"type": "string", "description": "The whole source of the cell."}
_UNSEEN = "You have not read this cell as it is now. Read it with read_cells, then edit it."
_CHANGED = "cell_changed: the cell is not what you read any more. Read it again with read_cells, then edit it."
_WITHHELD = "[withheld: "
#: Seconds for an edit under way to end when the turn is stopped, so that it can be undone.
_GRACE = 5.0
#: Seconds for the loop's own trial of code before it is written.
_TRIAL = 5.0


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


class _Edit:
    """What all edits have in common."""

    effect: ClassVar[Effect] = "write"

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """Whether the cell still is what the model has read."""
        if context.notebook is None:
            return ToolOutput(NO_NOTEBOOK, ok=False)
        return await _seen(str(arguments["cell_id"]), context.notebook, context)

    def _edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        raise NotImplementedError

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Make the edit and say what the cells are now."""
        if context.notebook is None:
            return ToolOutput(NO_NOTEBOOK, ok=False)
        change = await _made(context.notebook, self._edit(arguments, context), context)
        return ToolOutput(json.dumps({"cell_id": change.cell_id, "below": change.below_after}, ensure_ascii=False))


class InsertCell(_Edit):
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
    )

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """Code that cannot be read, or fails at a trial, is not written."""
        if context.notebook is None:
            return ToolOutput(NO_NOTEBOOK, ok=False)
        if arguments.get("cell_type", "code") != "code":
            return None
        return await _doubtful(str(arguments["source"]), context)

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Insert it where it was said, else below the user's cell, else at the end."""
        if context.notebook is None:
            return ToolOutput(NO_NOTEBOOK, ok=False)
        below = arguments.get("below")
        if below is None:
            ids = [one.id for one in await context.notebook.cells()]
            active = context.active_cell_id
            below = active if active in ids else ids[-1] if ids else ""
        return await super().call({**arguments, "below": below}, context)

    def _edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        kind: Literal["code", "markdown"] = "markdown" if arguments.get("cell_type") == "markdown" else "code"
        # Made from the call's key: the same call made again is the same cell. A caller without keys makes no call again.
        cell_id = hashlib.blake2b((context.key or uuid.uuid4().hex).encode(), digest_size=6).hexdigest()
        below = str(arguments["below"])
        return CellEdit(
            "insert", cell_id, source=str(arguments["source"]), cell_type=kind, below=below, origin=_origin(context)
        )


class EditCell(_Edit):
    """A cell with another source."""

    spec: ClassVar[ToolSpec] = ToolSpec(
        "edit_cell",
        "Replace the whole source of one cell of the user's notebook. It is not run; use run_cell then. Try code with "
        "try_code first. A cell that changed since you read it is left alone.",
        _object({"cell_id": _ID, "source": _SOURCE}, "cell_id", "source"),
    )

    async def check(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput | None:
        """As for any edit; and code that cannot be read, or fails at a trial, is not written."""
        changed = await super().check(arguments, context)
        if changed is not None or context.notebook is None:
            return changed
        source = str(arguments["source"])
        cell = await _cell(context.notebook, str(arguments["cell_id"]))
        if _WITHHELD in source and _WITHHELD not in cell.source:
            return ToolOutput(
                "This cell holds a secret that was withheld from you; what you wrote would put a placeholder in its "
                "place. Leave this cell alone: put your code into another cell, or tell the user what to change.",
                ok=False,
            )
        return await _doubtful(source, context) if cell.kind == "code" else None

    def _edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        cell_id = str(arguments["cell_id"])
        return CellEdit("replace", cell_id, _shown(cell_id, context), str(arguments["source"]), origin=_origin(context))


class DeleteCell(_Edit):
    """A cell less."""

    spec: ClassVar[ToolSpec] = ToolSpec(
        "delete_cell",
        "Delete one cell of the user's notebook. A cell that changed since you read it is left alone.",
        _object({"cell_id": _ID}, "cell_id"),
    )

    def _edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        cell_id = str(arguments["cell_id"])
        return CellEdit("delete", cell_id, _shown(cell_id, context))


class MoveCell(_Edit):
    """A cell in another place."""

    spec: ClassVar[ToolSpec] = ToolSpec(
        "move_cell",
        "Move one cell of the user's notebook below another one.",
        _object({"cell_id": _ID, "below": _BELOW}, "cell_id", "below"),
    )

    def _edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        cell_id = str(arguments["cell_id"])
        return CellEdit("move", cell_id, _shown(cell_id, context), below=str(arguments["below"]))


class RunCell(_Edit):
    """A cell run, as the user would run it."""

    effect: ClassVar[Effect] = "execute"
    spec: ClassVar[ToolSpec] = ToolSpec(
        "run_cell",
        "Run one cell of the user's notebook, visibly, and read its output.",
        _object({"cell_id": _ID}, "cell_id"),
    )

    async def source(self, arguments: Mapping[str, Any], context: ToolContext) -> str:
        """The cell's."""
        assert context.notebook is not None
        return (await _cell(context.notebook, str(arguments["cell_id"]))).source

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Run it and return what it displays."""
        if context.notebook is None:
            return ToolOutput(NO_NOTEBOOK, ok=False)
        change = await _made(context.notebook, self._edit(arguments, context), context)
        return told_result(await context.notebook.output(change.cell_id))

    def _edit(self, arguments: Mapping[str, Any], context: ToolContext) -> CellEdit:
        cell_id = str(arguments["cell_id"])
        return CellEdit("run", cell_id, _shown(cell_id, context))


async def _made(notebook: Notebook, edit: CellEdit, context: ToolContext) -> CellChange:
    """Make an edit and remember it; one under way when the turn is stopped is remembered too."""
    making = asyncio.ensure_future(notebook.edit(edit, timeout=context.timeout, kernel=context.kernel))
    try:
        change = await asyncio.shield(making)
    except asyncio.CancelledError:
        if edit.kind == "run":
            making.cancel()
        with suppress(AgentError, TimeoutError, asyncio.CancelledError):
            _remember(await asyncio.wait_for(making, _GRACE), edit, context)
        raise
    _remember(change, edit, context)
    return change


def _remember(change: CellChange, edit: CellEdit, context: ToolContext) -> None:
    context.turn_log.edits.append(change)
    context.turn_log.shown.pop(change.cell_id, None)
    if edit.kind in ("insert", "replace"):
        context.turn_log.show([Cell(change.cell_id, "code", edit.source)])
    elif edit.kind != "delete":
        context.turn_log.shown[change.cell_id] = edit.source_hash


async def _seen(cell_id: str, notebook: Notebook, context: ToolContext) -> ToolOutput | None:
    try:
        cell = await _cell(notebook, cell_id)
    except NotFound as error:
        return ToolOutput(error.message, ok=False)
    known = context.turn_log.shown.get(cell_id)
    if known is None:
        return ToolOutput(_UNSEEN, ok=False)
    return None if known == cell.source_hash else ToolOutput(_CHANGED, ok=False)


def _shown(cell_id: str, context: ToolContext) -> str:
    known = context.turn_log.shown.get(cell_id)
    if known is None:
        raise CellChanged(_UNSEEN)
    return known


async def _cell(notebook: Notebook, cell_id: str) -> Cell:
    cells = await notebook.cells()
    found = next((one for one in cells if one.id == cell_id), None)
    if found is None:
        ids = ", ".join(one.id for one in cells[:40])
        raise NotFound(f"There is no cell with the id '{cell_id[:80]}'. The ids are: {ids}.")
    return found


async def _doubtful(source: str, context: ToolContext) -> ToolOutput | None:
    """What speaks against code before it is written: Python cannot read it, or it fails at a trial.

    The trial is made only where everything is allowed unasked, and only of code that does the same when it runs twice.
    """
    problem = unreadable(source, context)
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
    result = await context.kernel.try_execute(source, timeout=_TRIAL)
    if result.status != "error":
        return None
    context.turn_log.insisted.add(source)
    return ToolOutput(
        f"It was tried out first, failed, and was not written:\n{told_result(result).content}\n"
        "Correct it. If it fails only because other cells have to run first, make the same call again.",
        ok=False,
    )


def _origin(context: ToolContext) -> dict[str, str]:
    return {"session_id": context.session_id, "turn_id": context.turn_id}
