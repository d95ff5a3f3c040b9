"""Edits of stored notebooks: compared before they are swapped, byte-equal when taken back, whoever stores them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.errors import AgentError, CellChanged, KernelUnavailable, NotFound
from jupyter_agent.core.kernel_state import ExecutionResult
from jupyter_agent.core.messages import CellChange, CellEdit
from jupyter_agent.core.protocols import Notebook
from jupyter_agent.kernelside.wire import source_hash
from jupyter_agent.notebooks.contents import ContentsNotebook
from tests.notebooks.conftest import Open
from tests.support.notebook_json import code, notebook, sources, stored_cells, text_of
from tests.support.still_kernel import StillKernel

ORIGIN = {"session_id": "s1", "turn_id": "t1"}


def replace(cell_id: str, old: str, new: str) -> CellEdit:
    return CellEdit("replace", cell_id, source_hash(old), new, origin=ORIGIN)


def insert(cell_id: str, source: str, below: str, **more: Any) -> CellEdit:
    return CellEdit("insert", cell_id, source=source, below=below, origin=ORIGIN, **more)


async def undo(book: Notebook, changes: list[CellChange]) -> tuple[str, ...]:
    return await book.apply_changes([change.inverted() for change in reversed(changes)])


async def edit_in_every_way(book: Notebook) -> list[CellChange]:
    """One edit of every kind."""
    return [
        await book.edit(edit, timeout=5)
        for edit in (
            insert("new", "import os\nos.getcwd()", "a"),
            insert("top", "# Title", "", cell_type="markdown"),
            replace("b", "x + y", "x * y"),
            CellEdit("move", "c", source_hash("print('ü')"), below="a"),
            CellEdit("delete", "a", source_hash("x = 1\ny = 2")),
        )
    ]


async def test_every_kind_of_edit_is_made_and_taken_back_to_the_same_bytes(open_notebook: Open, path: Path) -> None:
    before, book = path.read_bytes(), open_notebook(path)
    changes = await edit_in_every_way(book)
    after = path.read_bytes()
    assert sources(path) == ["# Title", "print('ü')", "import os\nos.getcwd()", "x * y"]
    assert [cell.id for cell in await book.cells()] == ["top", "c", "new", "b"]
    assert await undo(book, changes) == ()
    assert path.read_bytes() == before
    assert await book.apply_changes(changes) == ()
    assert path.read_bytes() == after


@pytest.mark.parametrize(
    "style",
    [
        {"indent": 1},
        {"indent": 4},
        {"indent": "\t"},
        {"indent": 0},
        {"indent": None},
        {"indent": None, "separators": (",", ":")},
        {"indent": 2, "sort_keys": True},
        {"indent": 1, "ensure_ascii": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n"])
async def test_a_notebook_is_written_the_way_it_was_written(tmp_path: Path, style: dict[str, Any], end: str) -> None:
    from jupyter_agent.notebooks.file import FileNotebook

    path = tmp_path / "a.ipynb"
    extra: dict[str, Any] = {"zeta": 1, "metadata": {"b": [1.5, 1e-05, {"a": None}], "a": "ü\u2028\x1b"}}
    data = notebook(code("a", "x = 'ü'"), code("b", "y", outputs=[]), **extra)
    text = (json.dumps(data, **{"ensure_ascii": False, **style}) + end).replace("\n", end if end == "\r\n" else "\n")
    path.write_bytes(text.encode())
    book = FileNotebook(path)
    change = await book.edit(replace("b", "y", "z"), timeout=5)
    assert path.read_bytes().count(b"\n") >= text.count("\n")
    assert await undo(book, [change]) == ()
    assert path.read_bytes() == text.encode()


async def test_K18_a_cell_that_changed_meanwhile_is_left_and_nothing_is_overwritten(
    open_notebook: Open, path: Path
) -> None:
    book = open_notebook(path)
    path.write_text(path.read_text(encoding="utf-8").replace("x + y", "x - y"), encoding="utf-8")
    theirs = path.read_bytes()
    for edit in (
        replace("b", "x + y", "x * y"),
        CellEdit("delete", "b", source_hash("x + y")),
        CellEdit("move", "b", source_hash("x + y"), below=""),
        CellEdit("run", "b", source_hash("x + y")),
    ):
        with pytest.raises(CellChanged):
            await book.edit(edit, timeout=5, kernel=StillKernel(ExecutionResult("ok")))
    assert path.read_bytes() == theirs


async def test_K18_a_cell_or_an_anchor_that_was_deleted_is_told(open_notebook: Open, path: Path) -> None:
    before, book = path.read_bytes(), open_notebook(path)
    for edit in (
        replace("gone", "x", "y"),
        insert("n", "x", "gone"),
        CellEdit("move", "a", source_hash("x = 1\ny = 2"), below="gone"),
    ):
        with pytest.raises(NotFound):
            await book.edit(edit, timeout=5)
    with pytest.raises(CellChanged, match="itself"):
        await book.edit(CellEdit("move", "a", source_hash("x = 1\ny = 2"), below="a"), timeout=5)
    assert path.read_bytes() == before


async def test_a_cell_that_was_moved_is_found_by_its_id(open_notebook: Open, path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    data["cells"].reverse()
    path.write_text(text_of(data), encoding="utf-8")
    await open_notebook(path).edit(replace("a", "x = 1\ny = 2", "x = 10"), timeout=5)
    assert sources(path) == ["print('ü')", "x + y", "x = 10"]


async def test_an_insert_that_is_made_again_happens_once(open_notebook: Open, path: Path) -> None:
    book = open_notebook(path)
    first = await book.edit(insert("n", "z = 1", "a"), timeout=5)
    assert await book.edit(insert("n", "z = 1", "a"), timeout=5) == first
    assert sources(path).count("z = 1") == 1
    with pytest.raises(CellChanged):
        await book.edit(insert("n", "z = 2", "a"), timeout=5)


async def test_cells_say_who_wrote_them_and_never_that_they_are_trusted(open_notebook: Open, path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    data["cells"][1]["metadata"] = {"tags": ["mine"], "trusted": True}
    path.write_text(text_of(data), encoding="utf-8")
    book = open_notebook(path)
    await book.edit(insert("n", "z", "a"), timeout=5)
    await book.edit(replace("b", "x + y", "x"), timeout=5)
    assert [cell["metadata"] for cell in stored_cells(path)] == [
        {},
        {"jupyter_agent": ORIGIN},
        {"jupyter_agent": ORIGIN, "tags": ["mine"]},
        {},
    ]


async def test_undo_leaves_what_the_user_changed_since_and_says_which(open_notebook: Open, path: Path) -> None:
    book = open_notebook(path)
    changes = [
        await book.edit(replace("a", "x = 1\ny = 2", "x = 5"), timeout=5),
        await book.edit(replace("b", "x + y", "x * y"), timeout=5),
        await book.edit(insert("n", "z", "b"), timeout=5),
    ]
    path.write_text(path.read_text(encoding="utf-8").replace("x * y", "x / y"), encoding="utf-8")
    assert await undo(book, changes) == ("b",)
    assert sources(path) == ["x = 1\ny = 2", "x / y", "print('ü')"]


async def test_undo_of_a_delete_whose_place_is_gone_brings_the_cell_back_at_the_end(
    open_notebook: Open, path: Path
) -> None:
    book = open_notebook(path)
    change = await book.edit(CellEdit("delete", "b", source_hash("x + y")), timeout=5)
    await book.edit(CellEdit("delete", "a", source_hash("x = 1\ny = 2")), timeout=5)
    assert await undo(book, [change]) == ()
    assert sources(path) == ["print('ü')", "x + y"]
    assert await undo(book, [change]) == ()
    assert len(stored_cells(path)) == 2


async def test_a_cell_saved_by_jupyter_in_between_is_still_the_same_cell(open_notebook: Open, path: Path) -> None:
    import nbformat

    book = open_notebook(path)
    change = await book.edit(replace("b", "x + y", "x\ny"), timeout=5)
    nbformat.write(nbformat.read(path, as_version=4), path)  # type: ignore[no-untyped-call]
    assert await undo(book, [change]) == ()
    assert sources(path)[1] == "x + y"


async def test_a_cell_is_run_where_no_page_runs_it_and_its_outputs_are_stored(open_notebook: Open, path: Path) -> None:
    before, book = path.read_bytes(), open_notebook(path)
    outputs = (
        {"output_type": "stream", "name": "stdout", "text": "a\nb\n"},
        {"output_type": "execute_result", "execution_count": 7, "metadata": {}, "data": {"text/plain": "3"}},
    )
    kernel = StillKernel(ExecutionResult("ok", "a\nb\n3", outputs=outputs, execution_count=7))
    change = await book.edit(CellEdit("run", "b", source_hash("x + y")), timeout=5, kernel=kernel)
    assert kernel.ran == ["x + y"]
    cell = stored_cells(path)[1]
    assert cell["execution_count"] == 7
    assert [output["output_type"] for output in cell["outputs"]] == ["stream", "execute_result"]
    assert cell["outputs"][0]["text"] == ["a\n", "b\n"]
    shown = next(cell for cell in await book.cells() if cell.id == "b")
    assert shown.output == "a\nb\n3"
    assert await undo(book, [change]) == ()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (ExecutionResult("timeout", "half"), "TimeoutError"),
        (ExecutionResult("died"), "KernelDied"),
        (ExecutionResult("still_running"), "TimeoutError"),
        (ExecutionResult("error", "ZeroDivisionError: no"), "Error"),
    ],
    ids=lambda value: value.status if isinstance(value, ExecutionResult) else "",
)
async def test_a_cell_that_did_not_end_well_shows_it(
    open_notebook: Open, path: Path, result: ExecutionResult, error: str
) -> None:
    book = open_notebook(path)
    await book.edit(CellEdit("run", "b", source_hash("x + y")), timeout=5, kernel=StillKernel(result))
    assert stored_cells(path)[1]["outputs"][-1]["ename"] == error


async def test_a_cell_is_not_touched_where_nothing_can_run_it(open_notebook: Open, path: Path) -> None:
    before, book = path.read_bytes(), open_notebook(path)
    for kernel in (None, StillKernel(ExecutionResult("unavailable", "The kernel is busy."))):
        with pytest.raises(KernelUnavailable):
            await book.edit(CellEdit("run", "b", source_hash("x + y")), timeout=5, kernel=kernel)
    assert path.read_bytes() == before


async def test_no_id_is_added_where_the_format_has_none(open_notebook: Open, path: Path) -> None:
    path.write_text(text_of(notebook(code(None, "x"), code(None, "y"), minor=4)), encoding="utf-8")
    before, book = path.read_bytes(), open_notebook(path)
    cells = await book.cells()
    assert [cell.id for cell in cells] == ["#0", "#1"]
    changes = [
        await book.edit(insert("n", "z", "#0"), timeout=5),
        await book.edit(replace("#2", "y", "yy"), timeout=5),
    ]
    assert sources(path) == ["x", "z", "yy"]
    assert all("id" not in cell for cell in stored_cells(path))
    for kind in ("move", "delete"):
        with pytest.raises(AgentError, match="id"):
            await book.edit(CellEdit(kind, "#1", source_hash("z"), below=""), timeout=5)
    assert await undo(book, changes) == ()
    assert path.read_bytes() == before


async def test_K18_two_cells_of_one_id_are_told_apart(open_notebook: Open, path: Path) -> None:
    path.write_text(text_of(notebook(code("a", "first"), code("a", "second"), code("a", "third"))), encoding="utf-8")
    before, book = path.read_bytes(), open_notebook(path)
    assert [cell.id for cell in await book.cells()] == ["a", "a#1", "a#2"]
    with pytest.raises(CellChanged):
        await book.edit(replace("a", "second", "x"), timeout=5)
    change = await book.edit(replace("a#1", "second", "SECOND"), timeout=5)
    assert sources(path) == ["first", "SECOND", "third"]
    assert await undo(book, [change]) == ()
    assert path.read_bytes() == before


async def test_two_edits_at_once_are_both_made(open_notebook: Open, path: Path) -> None:
    import asyncio

    first = open_notebook(path)
    second = (
        ContentsNotebook(first._contents, path.name) if isinstance(first, ContentsNotebook) else open_notebook(path)
    )
    await asyncio.gather(
        *(first.edit(insert(f"n{number}", f"{number}", "a"), timeout=5) for number in range(5)),
        *(second.edit(insert(f"m{number}", f"{number}", "c"), timeout=5) for number in range(5)),
    )
    assert len(stored_cells(path)) == 13
