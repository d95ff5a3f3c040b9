"""Edits of a notebook's cells, each compared before it is swapped, and their way back."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jupyter_agent.core.errors import CellChanged, NotFound
from jupyter_agent.core.messages import CellChange, CellEdit
from jupyter_agent.core.text import source_hash

Node = dict[str, Any]
_CHANGED = "This cell has been changed since it was read. Read it again, then edit what is there now."
_NO_ID = "This cell has no id of its own. Ask the user to save the notebook in Jupyter, which gives it one."
_GONE = "There is no such cell any more. Read the cells again."


def cell_ids(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """An id for every cell: its own, else ``#`` and its position; where it is not the first of its id, both."""
    seen: set[str] = set()
    ids: list[str] = []
    for position, node in enumerate(nodes):
        own = node.get("id")
        name = own if isinstance(own, str) and own else ""
        ids.append(name if name and name not in seen else f"{name}#{position}")
        seen.add(name)
    return ids


def source_of(node: Mapping[str, Any]) -> str:
    """A cell's source in one piece."""
    return joined(node.get("source"))


def joined(value: object) -> str:
    """Text that nbformat keeps in one piece or in lines, in one piece."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


def apply(cells: list[Node], edit: CellEdit, *, has_ids: bool = True) -> CellChange:
    """Do one edit.

    Args:
        cells: nbformat 4 data, changed in place.
        edit: Not a ``run``.
        has_ids: Whether the notebook's format gives a new cell an id.

    Raises:
        CellChanged: the cell is another now.
        NotFound: the cell is gone.
    """
    if edit.kind == "insert":
        return _inserted(cells, edit, has_ids)
    place = compared(cells, edit)
    before, above = copy.deepcopy(cells[place]), _above(cells, place)
    if edit.kind in ("delete", "move"):
        _check_own_id(cells, edit)
    if edit.kind == "delete":
        del cells[place]
        return CellChange(edit.cell_id, before, None, above, None)
    if edit.kind == "move":
        return _moved(cells, edit, place)
    cells[place] = node = copy.deepcopy(before)
    node["source"] = edit.source.splitlines(keepends=True)
    _sign(node, edit)
    return CellChange(edit.cell_id, before, copy.deepcopy(node), above, above)


def ran(
    cells: list[Node], edit: CellEdit, outputs: Sequence[Mapping[str, Any]], execution_count: int | None
) -> CellChange:
    """Put what a run displayed into its cell.

    Raises:
        CellChanged: the cell is another than the one that ran.
        NotFound: the cell is gone.
    """
    place = compared(cells, edit)
    before, above = copy.deepcopy(cells[place]), _above(cells, place)
    cells[place] = node = copy.deepcopy(before)
    node["outputs"] = [_as_stored(one) for one in outputs]
    node["execution_count"] = execution_count
    return CellChange(edit.cell_id, before, copy.deepcopy(node), above, above)


def compared(cells: Sequence[Node], edit: CellEdit) -> int:
    """Where the cell is, if it still is what the edit was made for.

    Raises:
        CellChanged: it is another now.
        NotFound: it is gone.
    """
    place = find(cells, edit.cell_id)
    if place is None:
        raise NotFound(_GONE)
    if source_hash(source_of(cells[place])) != edit.source_hash:
        raise CellChanged(_CHANGED)
    return place


def find(cells: Sequence[Mapping[str, Any]], cell_id: str) -> int | None:
    """Position of the cell of that id."""
    ids = cell_ids(cells)
    return ids.index(cell_id) if cell_id in ids else None


def restore(cells: list[Node], changes: Iterable[CellChange]) -> tuple[str, ...]:
    """Make each change where the cell still is as before it; ids of the cells that were left."""
    left = [one.cell_id for one in changes if not _restored(cells, one)]
    return tuple(dict.fromkeys(left))


def _inserted(cells: list[Node], edit: CellEdit, has_ids: bool) -> CellChange:
    place = 0 if not edit.below else _below(cells, edit.below)
    there = find(cells, edit.cell_id) if has_ids else None
    if there is not None:
        if source_of(cells[there]) != edit.source:
            raise CellChanged("A cell of this id is there already, and it is another one.")
        return CellChange(edit.cell_id, None, copy.deepcopy(cells[there]), None, _above(cells, there))
    node: Node = {"cell_type": edit.cell_type, "metadata": {}}
    if has_ids:
        node["id"] = edit.cell_id
    if edit.cell_type == "code":
        node |= {"execution_count": None, "outputs": []}
    node["source"] = edit.source.splitlines(keepends=True)
    _sign(node, edit)
    node = dict(sorted(node.items()))
    cells.insert(place, node)
    return CellChange(cell_ids(cells)[place], None, copy.deepcopy(node), None, _above(cells, place))


def _moved(cells: list[Node], edit: CellEdit, place: int) -> CellChange:
    above = _above(cells, place)
    if edit.below == edit.cell_id:
        raise CellChanged("A cell cannot stand below itself. Name another cell.")
    target = 0 if not edit.below else _below(cells, edit.below)
    node = cells.pop(place)
    target -= target > place
    cells.insert(target, node)
    return CellChange(edit.cell_id, copy.deepcopy(node), copy.deepcopy(node), above, _above(cells, target))


def _check_own_id(cells: Sequence[Node], edit: CellEdit) -> None:
    """Refuse to take a cell from its place that could not be told from another one on the way back."""
    if sum(one.get("id") == edit.cell_id for one in cells) != 1:
        raise CellChanged(_NO_ID)


def _below(cells: Sequence[Node], cell_id: str) -> int:
    place = find(cells, cell_id)
    if place is None:
        raise NotFound("The cell that it should stand below is not there any more. Read the cells again.")
    return place + 1


def _above(cells: Sequence[Node], place: int) -> str:
    """Id of the cell above a position; empty at the top."""
    return cell_ids(cells)[place - 1] if place else ""


def _sign(node: Node, edit: CellEdit) -> None:
    """Say who wrote the cell; that it may be trusted is never said."""
    if edit.origin:
        metadata = {name: one for name, one in (node.get("metadata") or {}).items() if name != "trusted"}
        node["metadata"] = dict(sorted({**metadata, "jupyter_agent": dict(edit.origin)}.items()))


def _as_stored(output: Mapping[str, Any]) -> Node:
    """An output with its texts in lines, as nbformat writes it."""
    node = dict(sorted(output.items()))
    if isinstance(node.get("text"), str):
        node["text"] = node["text"].splitlines(keepends=True)
    if isinstance(node.get("data"), Mapping):
        node["data"] = {name: _in_lines(name, one) for name, one in sorted(node["data"].items())}
    return node


def _in_lines(mime: str, value: object) -> object:
    return value.splitlines(keepends=True) if isinstance(value, str) and not _is_json(mime) else value


def _is_json(mime: str) -> bool:
    return mime == "application/json" or (mime.startswith("application/") and mime.endswith("+json"))


def _restored(cells: list[Node], change: CellChange) -> bool:
    place = find(cells, change.cell_id)
    if change.before is None:
        return _put_back(cells, change, place)
    if place is None:
        return change.after is None
    if change.after is None:
        if same(cells[place], change.before):
            del cells[place]
            return True
        return False
    if same(change.before, change.after) and change.below_before != change.below_after:
        return _moved_back(cells, change, place)
    if same(cells[place], change.after):
        return True
    if not same(cells[place], change.before):
        return False
    cells[place] = copy.deepcopy(dict(change.after))
    return True


def _put_back(cells: list[Node], change: CellChange, place: int | None) -> bool:
    assert change.after is not None
    own = change.after.get("id")
    if place is not None and own is not None:
        return same(cells[place], change.after)
    # Where its place is gone it stands at the end: better than not at all.
    above = find(cells, change.below_after) if change.below_after else -1
    cells.insert(len(cells) if above is None else above + 1, copy.deepcopy(dict(change.after)))
    return True


def _moved_back(cells: list[Node], change: CellChange, place: int) -> bool:
    if _above(cells, place) != (change.below_before or ""):
        return _above(cells, place) == (change.below_after or "")
    node = cells.pop(place)
    above = find(cells, change.below_after) if change.below_after else -1
    cells.insert(place if above is None else above + 1, node)
    return above is not None


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two cells are equal, however their texts are cut into lines."""
    return _normal(one) == _normal(other)


def _normal(node: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {name: one for name, one in (node.get("metadata") or {}).items() if name != "trusted"}
    return {
        "type": node.get("cell_type"),
        "source": source_of(node),
        "metadata": metadata,
        "attachments": node.get("attachments") or {},
        "outputs": [_plain_output(one) for one in node.get("outputs") or ()],
        "execution_count": node.get("execution_count"),
    }


def _plain_output(output: Any) -> Any:
    if not isinstance(output, Mapping):
        return output
    plain: dict[str, Any] = {name: joined(one) if name == "text" else one for name, one in output.items()}
    data = plain.get("data")
    if isinstance(data, Mapping):
        plain["data"] = {name: one if _is_json(name) else joined(one) for name, one in data.items()}
    return plain
