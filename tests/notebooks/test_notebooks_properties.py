"""Any edits of any notebook: undone to the same bytes, redone to the same bytes, and never another cell."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.messages import CellChange, CellEdit
from jupyter_agent.kernelside.wire import source_hash
from jupyter_agent.notebooks import editing
from jupyter_agent.notebooks.cells import cell_ids, source_of
from jupyter_agent.notebooks.document import Document

IDS = st.sampled_from(["a", "b", "c", "d", "e", "x y", "ü"])
TEXTS = st.text(alphabet="ab\n'\"\\ü\u2028\x1b#%!", max_size=12)
METADATA = st.dictionaries(st.sampled_from(["tags", "trusted", "collapsed", "jupyter"]), st.booleans(), max_size=2)
OUTPUTS = st.lists(
    st.fixed_dictionaries(
        {"output_type": st.just("stream"), "name": st.just("stdout"), "text": st.lists(TEXTS, max_size=2)}
    ),
    max_size=2,
)


@st.composite
def cells(draw: st.DrawFn) -> dict[str, Any]:
    lines = draw(TEXTS).splitlines(keepends=True)
    cell: dict[str, Any] = {"cell_type": draw(st.sampled_from(["code", "markdown"])), "metadata": draw(METADATA)}
    if draw(st.integers(0, 9)):
        cell["id"] = draw(IDS)
    if cell["cell_type"] == "code":
        cell |= {"execution_count": draw(st.none() | st.integers(1, 9)), "outputs": draw(OUTPUTS)}
    return {**cell, "source": draw(st.sampled_from([lines, "".join(lines)]))}


NOTEBOOKS = st.builds(
    lambda cells, minor: {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": minor},
    st.lists(cells(), max_size=6),
    st.sampled_from([4, 5]),
)


@st.composite
def edit_plans(draw: st.DrawFn) -> list[tuple[str, int, int, str]]:
    kinds = st.sampled_from(["insert", "replace", "delete", "move", "run"])
    return draw(st.lists(st.tuples(kinds, st.integers(0, 7), st.integers(0, 7), TEXTS), max_size=8))


def edit_of(plan: tuple[str, int, int, str], nodes: list[dict[str, Any]], number: int) -> CellEdit:
    kind, at, below, text = plan
    ids = cell_ids(nodes)
    place = at % len(ids) if ids else 0
    cell_id = f"new{number}" if kind == "insert" or not ids else ids[place]
    known_hash = source_hash(source_of(nodes[place])) if ids else ""
    above = ["", *ids][below % (len(ids) + 1)]
    return CellEdit(kind, cell_id, known_hash, text, below=above, origin={"turn_id": "t"})  # type: ignore[arg-type]


def play(document: Document, plans: list[tuple[str, int, int, str]]) -> list[CellChange]:
    changes = []
    for number, plan in enumerate(plans):
        edit = edit_of(plan, document.cells, number)
        outputs = [{"output_type": "stream", "name": "stdout", "text": plan[3]}]
        try:
            changes.append(editing.apply_edit(document.cells, edit, has_ids=document.has_ids, run=(outputs, number)))
        except AgentError:
            continue
    return changes


@settings(max_examples=300, deadline=None)
@given(NOTEBOOKS, edit_plans(), st.sampled_from([1, 2, None]))
def test_whatever_is_done_is_undone_and_redone_to_the_same_bytes(
    data: dict[str, Any], plans: list[tuple[str, int, int, str]], indent: int | None
) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=False) + "\n"
    document = Document.parse(text, "a")
    changes = play(document, plans)
    after = document.text
    inverted = [change.inverted() for change in reversed(changes)]
    conflicts = editing.apply_changes(document.cells, inverted)
    assert (conflicts, document.text) == ((), text)
    assert editing.apply_changes(document.cells, changes) == ()
    assert document.text == after


@settings(max_examples=300, deadline=None)
@given(NOTEBOOKS, edit_plans(), st.integers(0, 7), TEXTS)
def test_what_somebody_else_wrote_since_is_never_lost(
    data: dict[str, Any], plans: list[tuple[str, int, int, str]], at: int, text: str
) -> None:
    document = Document.parse(json.dumps(data), "a")
    changes = play(document, plans)
    if not document.cells:
        return
    theirs = document.cells[at % len(document.cells)]
    theirs["source"] = f"mine {text}"
    precious = copy.deepcopy(theirs)
    editing.apply_changes(document.cells, [change.inverted() for change in reversed(changes)])
    assert any(source_of(cell) == source_of(precious) for cell in document.cells)
