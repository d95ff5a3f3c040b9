"""Edits of a notebook's cells by compare-and-swap, the changes that undo them, and cells run without a page."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jupyter_agent.core.errors import CellChanged, KernelUnavailable, NotFound
from jupyter_agent.core.messages import CellChange, CellEdit
from jupyter_agent.core.protocols import Kernel
from jupyter_agent.kernelside.wire import source_hash
from jupyter_agent.notebooks.cells import NO_CELL, cell_ids, find_cell, join_lines, source_of

Node = dict[str, Any]
Outputs = Sequence[Mapping[str, Any]]
NO_KERNEL = "No kernel is running for this notebook. Ask the user to start one and to run the cells."
_CHANGED = "This cell has been changed since it was read. Read it again, then edit what is there now."
_NO_ID = "This cell has no id of its own. Ask the user to save the notebook in Jupyter, which gives it one."
_JSON = re.compile(r"application/(?:json|.*\+json)", re.DOTALL)
#: Status of an execution → the error that is added to the cell's outputs.
_ERRORS = {
    "timeout": ("TimeoutError", "The cell took too long and was interrupted."),
    "died": ("KernelDied", "The kernel died while the cell ran; the variables are gone. Restart it and run the cells."),
    "still_running": ("TimeoutError", "The cell does not react to the interrupt and still runs."),
}


def apply_edit(
    cells: list[Node], edit: CellEdit, *, has_ids: bool = True, run: tuple[Outputs, int | None] = ((), None)
) -> CellChange:
    """Make one edit.

    Args:
        cells: nbformat 4 data, changed in place.
        edit: What to do.
        has_ids: Whether the notebook's format gives a new cell an id.
        run: Of a ``run``: what `run_cell` returned, to be stored in the cell.

    Raises:
        CellChanged: the cell was changed since the edit was made for it.
        NotFound: the cell is not there any more.
    """
    if edit.kind == "insert":
        return _insert(cells, edit, has_ids)
    index = find_unchanged(cells, edit)
    before, above = copy.deepcopy(cells[index]), _id_above(cells, index)
    # A cell whose id is not unique could not be found again to undo this.
    if edit.kind in ("delete", "move") and sum(cell.get("id") == edit.cell_id for cell in cells) != 1:
        raise CellChanged(_NO_ID)
    if edit.kind == "delete":
        del cells[index]
        return CellChange(edit.cell_id, before, None, above, None)
    if edit.kind == "move":
        if edit.below == edit.cell_id:
            raise CellChanged("A cell cannot be moved below itself. Name another cell.")
        target = _index_below(cells, edit.below)
        target -= target > index
        cells.insert(target, cells.pop(index))
        return CellChange(edit.cell_id, before, copy.deepcopy(before), above, _id_above(cells, target))
    cells[index] = node = copy.deepcopy(before)
    if edit.kind == "run":
        outputs, count = run
        node["outputs"] = [
            _with_texts(output, lambda text: text.splitlines(keepends=True) if isinstance(text, str) else text)
            for output in outputs
        ]
        node["execution_count"] = count
    else:
        node["source"] = edit.source.splitlines(keepends=True)
        _set_origin(node, edit)
    return CellChange(edit.cell_id, before, copy.deepcopy(node), above, above)


async def run_cell(
    cells: Sequence[Node], edit: CellEdit, kernel: Kernel | None, timeout: float
) -> tuple[Outputs, int | None]:
    """Run a cell in a kernel; its outputs, the error of a failure that displayed none included, and the number in ``In [n]``.

    Raises:
        CellChanged, NotFound: as `apply_edit`.
        KernelUnavailable: nothing was run.
    """
    source = source_of(cells[find_unchanged(cells, edit)])
    if kernel is None:
        raise KernelUnavailable(NO_KERNEL)
    result = await kernel.execute(source, timeout=timeout)
    if result.status == "unavailable":
        raise KernelUnavailable(result.text or NO_KERNEL)
    outputs: list[Mapping[str, Any]] = list(result.outputs)
    if not outputs and result.text:
        outputs = [{"output_type": "stream", "name": "stdout", "text": result.text}]
    name, message = _ERRORS.get(result.status, ("", ""))
    if result.status == "error":
        error = result.error
        name, message = (error.name, error.message) if error is not None else ("Error", "The cell failed.")
    if name and not any(output.get("output_type") == "error" for output in result.outputs):
        traceback = [f"{name}: {message}"]
        outputs.append({"output_type": "error", "ename": name, "evalue": message, "traceback": traceback})
    return outputs, result.execution_count


def find_unchanged(cells: Sequence[Node], edit: CellEdit) -> int:
    """Position of the cell, if its source still is the one that the edit was made for.

    Raises:
        CellChanged: it was changed since.
        NotFound: it is not there any more.
    """
    index = find_cell(cells, edit.cell_id)
    if index is None:
        raise NotFound(NO_CELL)
    if source_hash(source_of(cells[index])) != edit.source_hash:
        raise CellChanged(_CHANGED)
    return index


def apply_changes(cells: list[Node], changes: Iterable[CellChange]) -> tuple[str, ...]:
    """Make each change where the cell still is what the change says is `before`; ids of the others, the conflicts."""
    conflicts = [change.cell_id for change in changes if not _apply_change(cells, change)]
    return tuple(dict.fromkeys(conflicts))


def same_cell(cell: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two cells are equal, however their texts are cut into lines, and whether trusted or not."""
    first, second = (
        {
            "type": node.get("cell_type"),
            "source": source_of(node),
            "metadata": {name: value for name, value in (node.get("metadata") or {}).items() if name != "trusted"},
            "attachments": node.get("attachments") or {},
            "outputs": [
                _with_texts(output, join_lines) if isinstance(output, Mapping) else output
                for output in node.get("outputs") or ()
            ],
            "execution_count": node.get("execution_count"),
        }
        for node in (cell, other)
    )
    return first == second


def _insert(cells: list[Node], edit: CellEdit, has_ids: bool) -> CellChange:
    index = _index_below(cells, edit.below)
    existing = find_cell(cells, edit.cell_id) if has_ids else None
    if existing is not None:
        if source_of(cells[existing]) != edit.source:
            raise CellChanged("Another cell has this id already.")
        return CellChange(edit.cell_id, None, copy.deepcopy(cells[existing]), None, _id_above(cells, existing))
    node: Node = {"cell_type": edit.cell_type, "metadata": {}}
    if has_ids:
        node["id"] = edit.cell_id
    if edit.cell_type == "code":
        node |= {"execution_count": None, "outputs": []}
    node["source"] = edit.source.splitlines(keepends=True)
    _set_origin(node, edit)
    node = dict(sorted(node.items()))
    cells.insert(index, node)
    return CellChange(cell_ids(cells)[index], None, copy.deepcopy(node), None, _id_above(cells, index))


def _index_below(cells: Sequence[Node], cell_id: str) -> int:
    """Position below a cell; the top where no cell is named."""
    index = find_cell(cells, cell_id) if cell_id else -1
    if index is None:
        raise NotFound("The cell to place it below is not in the notebook any more. Read the cells again.")
    return index + 1


def _id_above(cells: Sequence[Node], index: int) -> str:
    """Id of the cell above a position; empty at the top."""
    return cell_ids(cells)[index - 1] if index else ""


def _set_origin(node: Node, edit: CellEdit) -> None:
    """Note who wrote the cell; the mark of trust is dropped."""
    if edit.origin:
        metadata = {name: value for name, value in (node.get("metadata") or {}).items() if name != "trusted"}
        node["metadata"] = dict(sorted({**metadata, "jupyter_agent": dict(edit.origin)}.items()))


def _apply_change(cells: list[Node], change: CellChange) -> bool:
    """Whether the change was made, or had been made already."""
    index = find_cell(cells, change.cell_id)
    above = find_cell(cells, change.below_after) if change.below_after else -1
    if change.before is None:
        assert change.after is not None
        if index is not None and change.after.get("id") is not None:
            return same_cell(cells[index], change.after)
        # Where the cell above is gone, the new one goes to the end: better than nowhere.
        cells.insert(len(cells) if above is None else above + 1, copy.deepcopy(dict(change.after)))
        return True
    if index is None:
        return change.after is None
    is_before = same_cell(cells[index], change.before)
    if change.after is None:
        if is_before:
            del cells[index]
        return is_before
    if same_cell(change.before, change.after) and change.below_before != change.below_after:  # it was moved
        if _id_above(cells, index) != (change.below_before or ""):
            return _id_above(cells, index) == (change.below_after or "")
        node = cells.pop(index)
        above = find_cell(cells, change.below_after) if change.below_after else -1
        cells.insert(index if above is None else above + 1, node)
        return above is not None
    if same_cell(cells[index], change.after):
        return True
    if is_before:
        cells[index] = copy.deepcopy(dict(change.after))
    return is_before


def _with_texts(output: Mapping[str, Any], convert: Callable[[object], object]) -> Node:
    """An output in nbformat's order with its texts converted; JSON data stay as they are."""
    node: Node = {name: convert(value) if name == "text" else value for name, value in sorted(output.items())}
    if isinstance(data := node.get("data"), Mapping):
        node["data"] = {
            mime: value if _JSON.fullmatch(mime) else convert(value) for mime, value in sorted(data.items())
        }
    return node
