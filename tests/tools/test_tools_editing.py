"""Tools that change the notebook: only as the model has seen it, once, and so that it can be undone."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.errors import AgentError, CellChanged
from jupyter_agent.core.kernel_state import Cell, ExecutionError, ExecutionResult, KernelState, Variable
from jupyter_agent.core.messages import CellChange, CellEdit
from jupyter_agent.core.protocols import CheckedTool, Tool, ToolContext, ToolOutput
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.notebooks.open import OpenNotebook
from jupyter_agent.notebooks.posted import PostedNotebook
from jupyter_agent.tools.editing import DeleteCell, EditCell, InsertCell, MoveCell, RunCell, _new_source
from jupyter_agent.tools.notebook import ReadCells
from tests.support.notebook_json import code, notebook, sources, text_of
from tests.support.pictures import encoded, png
from tests.support.still_kernel import StillKernel


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "a.ipynb"
    place.write_text(text_of(notebook(code("a", "x = 1"), code("b", "x + 1"))), encoding="utf-8")
    return place


@pytest.fixture
def context(path: Path) -> ToolContext:
    live = {"x": Variable("x", "int", "number", "int 1")}
    kernel = StillKernel(state=KernelState("k1", "e1", 1, live, status="idle"))
    return ToolContext(kernel, kernel.now, FileNotebook(path), session_id="s", turn_id="t", key="k:call_1")


async def call(tool: Tool, context: ToolContext, **arguments: Any) -> ToolOutput:
    """As the loop does it: checked first, then called."""
    try:
        refusal = await tool.check(arguments, context) if isinstance(tool, CheckedTool) else None
        return refusal if refusal is not None else await tool.call(arguments, context)
    except AgentError as error:
        return ToolOutput.failure(error.code, error.message)


async def test_a_cell_that_the_model_has_not_read_is_not_edited(context: ToolContext, path: Path) -> None:
    before = path.read_bytes()
    for tool, more in (
        (EditCell(), {"source": "y"}),
        (DeleteCell(), {}),
        (MoveCell(), {"below": ""}),
        (RunCell(), {}),
    ):
        output = await call(tool, context, cell_id="b", **more)
        assert not output.ok
        assert "read_cells" in output.content
        with pytest.raises(CellChanged):
            await tool.call({"cell_id": "b", **more}, context)
    assert path.read_bytes() == before


async def test_K18_a_cell_that_changed_since_it_was_read_is_told_before_anybody_is_asked(
    context: ToolContext, path: Path
) -> None:
    await ReadCells().call({}, context)
    path.write_text(path.read_text(encoding="utf-8").replace("x + 1", "x + 2"), encoding="utf-8")
    output = await call(EditCell(), context, cell_id="b", source="x")
    assert output.content.startswith("cell_changed")
    assert sources(path) == ["x = 1", "x + 2"]
    await ReadCells().call({"ids": ["b"]}, context)
    assert (await call(EditCell(), context, cell_id="b", source="x")).ok
    assert sources(path) == ["x = 1", "x"]


async def test_a_cell_just_written_is_known_and_can_be_edited_again(context: ToolContext, path: Path) -> None:
    inserted = json.loads((await call(InsertCell(), context, source="y = 2", below="a")).content)
    assert (await call(EditCell(), context, cell_id=inserted["cell_id"], source="y = 3")).ok
    assert (await call(MoveCell(), context, cell_id=inserted["cell_id"], below="b")).ok
    assert (await call(DeleteCell(), context, cell_id=inserted["cell_id"])).ok
    assert sources(path) == ["x = 1", "x + 1"]
    assert [change.cell_id for change in context.tool_record.edits] == [inserted["cell_id"]] * 4


async def test_the_same_call_made_again_inserts_once(context: ToolContext, path: Path) -> None:
    first = await call(InsertCell(), context, source="y", below="a")
    again = await call(InsertCell(), context, source="y", below="a")
    other = await call(InsertCell(), replace(context, key="k:call_2"), source="y", below="a")
    assert first == again != other
    assert sources(path) == ["x = 1", "y", "y", "x + 1"]


async def test_a_caller_without_keys_inserts_as_often_as_it_asks(context: ToolContext, path: Path) -> None:
    for _ in range(2):
        assert (await call(InsertCell(), replace(context, key=""), source="y", below="a")).ok
    assert sources(path) == ["x = 1", "y", "y", "x + 1"]


@pytest.mark.parametrize(("active", "expected"), [("a", ["x = 1", "y", "x + 1"]), (None, ["x = 1", "x + 1", "y"])])
async def test_a_new_cell_stands_below_the_users_cell_else_at_the_end(
    context: ToolContext, path: Path, active: str | None, expected: list[str]
) -> None:
    await call(InsertCell(), replace(context, active_cell_id=active), source="y")
    assert sources(path) == expected


async def test_code_that_python_cannot_read_goes_back_unless_the_model_insists(
    context: ToolContext, path: Path
) -> None:
    before = path.read_bytes()
    output = await call(InsertCell(), context, source="for x in", below="a")
    assert output.content.startswith("invalid_code: SyntaxError")
    assert path.read_bytes() == before
    assert (await call(InsertCell(), context, source="for x in", below="a")).ok


@pytest.mark.parametrize("source", ["%timeit x", "!ls", "%%bash\nfor f in *; do", "await x", "df = !ls", "x?"])
async def test_magics_shell_lines_and_await_are_no_syntax_errors(context: ToolContext, source: str) -> None:
    assert (await call(InsertCell(), context, source=source, below="a")).ok


async def test_another_language_is_not_looked_at(context: ToolContext) -> None:
    foreign = replace(context, state=KernelState("k1", ""))
    assert (await call(InsertCell(), foreign, source="x <- c(1, 2", below="a")).ok


async def test_where_all_is_allowed_code_is_tried_before_it_is_written(context: ToolContext, path: Path) -> None:
    kernel = context.kernel
    assert isinstance(kernel, StillKernel)
    kernel.result = ExecutionResult("error", "KeyError: 'total'", error=ExecutionError("KeyError", "'total'"))
    auto = replace(context, approval="auto", effects=frozenset({"read", "write", "execute"}))
    output = await call(InsertCell(), auto, source="y = x['total']", below="a")
    assert (output.ok, kernel.tried) == (False, ["y = x['total']"])
    assert "KeyError" in output.content
    assert sources(path) == ["x = 1", "x + 1"]
    assert (await call(InsertCell(), auto, source="y = x['total']", below="a")).ok


@pytest.mark.parametrize(
    "source",
    [
        "x['a'] = 1",
        "x.append(1)",
        "open('f', 'w').write('x')",
        "del x",
        "x.to_csv('f.csv')",
        "!rm f",
        "import requests; requests.post('http://a')",
        "model.fit(x)",
        "unknown + 1",
        "import os; os.remove('f')",
        "exec('x = 1')",
        "import time; time.sleep(60)",
    ],
)
async def test_what_has_effects_or_waits_for_another_cell_is_not_tried(context: ToolContext, source: str) -> None:
    kernel = context.kernel
    assert isinstance(kernel, StillKernel)
    auto = replace(context, approval="auto", effects=frozenset({"read", "write", "execute"}))
    await call(InsertCell(), auto, source=source, below="a")
    assert kernel.tried == []


async def test_N2_where_the_user_may_not_run_code_nothing_is_tried(context: ToolContext) -> None:
    kernel = context.kernel
    assert isinstance(kernel, StillKernel)
    auto = replace(context, approval="auto", effects=frozenset({"read", "write"}))
    output = await call(InsertCell(), auto, source="y = x['total']", below="a")
    assert (output.ok, kernel.tried) == (True, [])
    assert output.data is not None
    assert output.data["tried"] is False


@pytest.mark.parametrize(
    ("source", "reaches"), [("# Title", False), ("![c](http://x.invalid/?d=1)", True), ("<b onclick=a()>b</b>", True)]
)
async def test_N7_a_markdown_cell_that_fetches_is_asked_about(
    context: ToolContext, source: str, *, reaches: bool
) -> None:
    review = await InsertCell().review({"source": source, "cell_type": "markdown"}, context)
    assert review.preview == source
    assert bool(review.reasons) is reaches


@pytest.mark.parametrize("mode", ["ask", "auto-edit"])
async def test_nothing_is_tried_that_would_need_the_users_word(context: ToolContext, mode: str) -> None:
    kernel = context.kernel
    assert isinstance(kernel, StillKernel)
    await call(InsertCell(), replace(context, approval=mode), source="y = x + 1", below="a")
    assert kernel.tried == []


async def test_a_placeholder_never_takes_the_place_of_a_secret(context: ToolContext, path: Path) -> None:
    await ReadCells().call({}, context)
    before = path.read_bytes()
    output = await call(EditCell(), context, cell_id="a", source="key = '[withheld: API key]'\nz = 1")
    assert not output.ok
    assert path.read_bytes() == before


async def test_a_cell_is_run_and_its_output_read(context: ToolContext, path: Path) -> None:
    await ReadCells().call({}, context)
    kernel = context.kernel
    assert isinstance(kernel, StillKernel)
    kernel.result = ExecutionResult(
        "error",
        "ZeroDivisionError: no",
        outputs=(
            {
                "output_type": "display_data",
                "metadata": {},
                "data": {"image/png": encoded(png()), "text/plain": "<Figure>"},
            },
            {
                "output_type": "error",
                "ename": "ZeroDivisionError",
                "evalue": "no",
                "traceback": [
                    "ZeroDivisionError      Traceback (most recent call last)",
                    "\x1b[36mCell In[4], line 1\x1b[39m\n----> 1 x + 1\n",
                    "File /x/site-packages/a.py:1, in f()\n----> 1 1 / 0\n",
                    "ZeroDivisionError: no",
                ],
            },
        ),
        execution_count=4,
    )
    output = await call(RunCell(), context, cell_id="b")
    assert (output.ok, kernel.ran) == (False, ["x + 1"])
    assert "ZeroDivisionError: no" in output.content
    assert "Cell In[4], line 1\n----> 1 x + 1\n" in output.content
    assert "site-packages" not in output.content
    assert [picture.mime for picture in output.pictures] == ["image/png"]
    assert context.tool_record.edits[-1].cell_id == "b"


async def test_T12_an_edit_under_way_when_the_turn_is_stopped_can_be_undone(
    context: ToolContext, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, writing, go_on = path.read_bytes(), asyncio.Event(), asyncio.Event()
    original = FileNotebook._update

    async def slowly(self: FileNotebook, change: Any) -> Any:
        writing.set()
        await go_on.wait()
        return await original(self, change)

    monkeypatch.setattr(FileNotebook, "_update", slowly)
    task = asyncio.create_task(call(InsertCell(), context, source="y", below="a"))
    await asyncio.wait_for(writing.wait(), 5)
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sources(path) == ["x = 1", "y", "x + 1"]
    (change,) = context.tool_record.edits
    assert await FileNotebook(path).apply_changes([change.inverted()]) == ()
    assert path.read_bytes() == before


class Page:
    """A page that has the notebook open, with a cell that is not stored yet."""

    def __init__(self) -> None:
        self.asked: list[CellEdit] = []
        self.sources = {"b": "x + 1"}

    async def edit(self, edit: CellEdit, on_cells: Callable[[Sequence[Cell | str]], None]) -> CellChange:
        self.asked.append(edit)
        if edit.source_hash and edit.source_hash != Cell("", "code", self.sources[edit.cell_id]).source_hash:
            on_cells(["a", *(Cell(name, "code", source) for name, source in self.sources.items())])
            raise CellChanged("Read it again.")
        old = self.sources.get(edit.cell_id, "")
        self.sources[edit.cell_id] = edit.source or old
        node = code(edit.cell_id, self.sources[edit.cell_id])
        if edit.kind == "run":
            node["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "from the page"}]
        before = None if edit.kind == "insert" else code(edit.cell_id, old)
        after = None if edit.kind == "delete" else node
        above = edit.below if edit.kind in ("insert", "move") else "a"
        return CellChange(edit.cell_id, before, after, None if before is None else "a", above)


async def test_an_open_notebook_is_edited_by_its_page_and_read_as_it_is_there(context: ToolContext, path: Path) -> None:
    before, page = path.read_bytes(), Page()
    cells = (Cell("a", "code", "x = 1"), Cell("b", "code", "x + 1"))
    book = OpenNotebook("a.ipynb", cells, page.edit, FileNotebook(path))
    there = replace(context, notebook=book)
    await ReadCells().call({}, there)
    assert (await call(EditCell(), there, cell_id="b", source="x * 2")).ok
    inserted = json.loads((await call(InsertCell(), there, source="new", below="a")).content)["cell_id"]
    assert [cell.source for cell in await book.cells()] == ["x = 1", "new", "x * 2"]
    output = await call(RunCell(), there, cell_id=inserted)
    assert output.content == "from the page"
    assert (await call(DeleteCell(), there, cell_id=inserted)).ok
    assert [cell.id for cell in await book.cells()] == ["a", "b"]
    assert [edit.kind for edit in page.asked] == ["replace", "insert", "run", "delete"]
    assert page.asked[0].origin == {"session_id": "s", "turn_id": "t"}
    assert path.read_bytes() == before


async def test_a_cell_that_the_user_changed_in_the_page_is_read_again_and_edited(context: ToolContext) -> None:
    page = Page()
    book = OpenNotebook("a.ipynb", (Cell("a", "code", "x = 1"), Cell("b", "code", "x + 1")), page.edit)
    there = replace(context, notebook=book)
    await ReadCells().call({}, there)
    page.sources["b"] = "x + 1  # mine"
    assert (await call(EditCell(), there, cell_id="b", source="x * 2")).code == "cell_changed"
    read = json.loads((await ReadCells().call({}, there)).content)["cells"]
    assert [(cell["id"], cell["source"]) for cell in read] == [("a", "x = 1"), ("b", "x + 1  # mine")]
    assert (await call(EditCell(), there, cell_id="b", source="x * 2  # mine")).ok
    assert page.sources["b"] == "x * 2  # mine"


async def test_a_posted_cell_that_is_not_the_saved_one_is_not_said_to_be_readable_again(
    context: ToolContext, path: Path
) -> None:
    book = PostedNotebook("a.ipynb", (Cell("b", "code", "x + 1  # not saved"),), FileNotebook(path))
    there = replace(context, notebook=book)
    await ReadCells().call({}, there)
    assert "save the notebook" in (await call(EditCell(), there, cell_id="b", source="x * 2")).content


async def test_a_cell_is_written_and_run_in_one_call_and_both_are_undone(context: ToolContext, path: Path) -> None:
    before, kernel = path.read_bytes(), context.kernel
    assert isinstance(kernel, StillKernel)
    output = await call(InsertCell(), context, source="y = 2", below="a", run=True)
    cell_id = json.loads(output.content.splitlines()[0])["cell_id"]
    assert (output.ok, kernel.ran, output.content.splitlines()[1]) == (True, ["y = 2"], "ran")
    output = await call(EditCell(), context, cell_id=cell_id, replace=[{"old": "2", "new": "3"}], run=True)
    assert (output.ok, kernel.ran[1:], sources(path)[1]) == (True, ["y = 3"], "y = 3")
    edits = context.tool_record.edits
    assert [change.before is None for change in edits] == [True, False, False, False]
    assert await FileNotebook(path).apply_changes([change.inverted() for change in reversed(edits)]) == ()
    assert path.read_bytes() == before


async def test_a_run_that_fails_leaves_the_cell_and_the_error_is_the_result(context: ToolContext, path: Path) -> None:
    kernel = context.kernel
    assert isinstance(kernel, StillKernel)
    kernel.result = ExecutionResult("error", "ZeroDivisionError: no", error=ExecutionError("ZeroDivisionError", "no"))
    output = await call(InsertCell(), context, source="1 / 0", below="a", run=True)
    assert (output.ok, output.code) == (False, "exception")
    assert "cell_id" in output.content
    assert "ZeroDivisionError: no" in output.content
    assert "1 / 0" in sources(path)
    kernel.result = ExecutionResult("unavailable", "The kernel is busy.")
    output = await call(InsertCell(), replace(context, key="k:2"), source="y", below="a", run=True)
    assert (output.ok, output.code) == (False, "kernel_unavailable")
    assert "was written, but it was not run" in output.content
    assert "y" in sources(path)


async def test_what_is_no_code_is_written_and_not_run(context: ToolContext, path: Path) -> None:
    kernel = context.kernel
    assert isinstance(kernel, StillKernel)
    output = await call(InsertCell(), context, source="# Hi", cell_type="markdown", below="a", run=True)
    assert (output.ok, kernel.ran) == (True, [])
    text = {"cell_type": "markdown", "id": "t", "metadata": {}, "source": ["# Hi"]}
    path.write_text(text_of(notebook(text)), encoding="utf-8")
    await ReadCells().call({}, context)
    assert (await call(EditCell(), context, cell_id="t", source="# Ho", run=True)).ok
    assert kernel.ran == []
    review = await EditCell().review({"cell_id": "t", "source": "# Hu", "run": True}, context)
    assert (review.preview, review.code) == ("# Hu", "")


def test_where_no_code_may_be_run_running_is_not_offered() -> None:
    for tool in (InsertCell(), EditCell()):
        assert "run" in tool.spec.parameters["properties"]
        limited = tool.limited_to(frozenset({"read", "write"}))
        assert "run" not in limited.spec.parameters["properties"]
        assert tool.limited_to(frozenset({"read", "write", "execute"})) is tool


@pytest.mark.parametrize(
    ("old", "says"),
    [("x + 2", "The line most like it is:\nx + 1"), ("x  + 1", "copy it exactly"), ("b", "2 times"), ("aa", "2 times")],
)
async def test_a_text_that_does_not_stand_there_exactly_once_is_not_replaced(
    context: ToolContext, path: Path, old: str, says: str
) -> None:
    path.write_text(text_of(notebook(code("b", "x + 1\nb = aaa = b"))), encoding="utf-8")
    before = path.read_bytes()
    await ReadCells().call({}, context)
    output = await call(EditCell(), context, cell_id="b", replace=[{"old": old, "new": "y"}])
    assert output.code == "text_not_found"
    assert says in output.content
    assert path.read_bytes() == before


async def test_several_texts_are_replaced_in_their_order_and_the_preview_is_the_whole_cell(
    context: ToolContext, path: Path
) -> None:
    await ReadCells().call({}, context)
    changes = [{"old": "x", "new": "y"}, {"old": "y + 1", "new": "y + 2"}]
    review = await EditCell().review({"cell_id": "b", "replace": changes, "run": True}, context)
    assert (review.preview, review.code) == ("y + 2", "y + 2")
    assert (await call(EditCell(), context, cell_id="b", replace=changes)).ok
    assert sources(path) == ["x = 1", "y + 2"]
    output = await call(EditCell(), context, cell_id="b", replace=[{"old": "y +", "new": "for"}])
    assert output.code == "invalid_code"
    for arguments in ({}, {"source": "x", "replace": changes}):
        assert (await call(EditCell(), context, cell_id="b", **arguments)).code == "invalid_arguments"


def test_L14_many_texts_of_a_large_cell_are_replaced_in_little_time() -> None:
    cell = Cell("a", "code", "x" + "a" * 1_000_000)
    changes = [{"old": "x", "new": "y"}, {"old": "y", "new": "x"}] * 200
    began = time.process_time()
    assert _new_source(cell, {"replace": changes}) == cell.source
    assert time.process_time() - began < 2.0


async def test_around_a_secret_a_cell_can_be_changed_in_parts(context: ToolContext, path: Path) -> None:
    path.write_text(text_of(notebook(code("a", "key = 'sk-1'\nlimit = 10"))), encoding="utf-8")
    await ReadCells().call({}, context)
    assert (await call(EditCell(), context, cell_id="a", replace=[{"old": "10", "new": "20"}])).ok
    assert sources(path) == ["key = 'sk-1'\nlimit = 20"]
    withheld = [{"old": "limit", "new": "copy = '[withheld: API key]'\nlimit"}]
    assert (await call(EditCell(), context, cell_id="a", replace=withheld)).code == "withheld"
