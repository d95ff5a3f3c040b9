"""Tools that read and run: bounded JSON, honest about what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.config.entry_points import TOOLS, load, names
from jupyter_agent.core.errors import AgentError, NoKernel
from jupyter_agent.core.kernel_state import Execution, ExecutionError, ExecutionResult, KernelState
from jupyter_agent.core.protocols import Tool, ToolContext
from jupyter_agent.core.text import truncate
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.tools.files import ReadFile
from jupyter_agent.tools.kernel import GetSignature, ReadError
from jupyter_agent.tools.notebook import ReadCells, ReadOutput, SearchNotebook
from jupyter_agent.tools.running import InterruptKernel, RestartKernel, RunCode, TryCode
from tests.support.notebook_json import code, notebook, text_of
from tests.support.pictures import encoded, png
from tests.support.still_kernel import StillKernel


def context_of(tmp_path: Path, *cells: dict[str, Any], kernel: StillKernel | None = None) -> ToolContext:
    path = tmp_path / "a.ipynb"
    path.write_text(text_of(notebook(*cells)), encoding="utf-8")
    kernel = kernel or StillKernel()
    return ToolContext(kernel, kernel.now, FileNotebook(path))


def test_all_tools_are_registered_with_their_effects() -> None:
    tools: dict[str, Tool] = {name: load(TOOLS, name)() for name in names(TOOLS)}  # type: ignore[misc]
    assert all(tool.spec.name == name for name, tool in tools.items())
    effects = {
        effect: {name for name, tool in tools.items() if tool.effect == effect} for effect in ("execute", "write")
    }
    assert effects["write"] == {"insert_cell", "edit_cell", "delete_cell", "move_cell"}
    assert effects["execute"] == {"run_code", "try_code", "run_cell", "restart_kernel", "interrupt_kernel"}
    assert {"search_notebook", "read_output", "get_signature", "read_file", "list_files"} <= set(tools)


async def test_cells_that_do_not_fit_are_named_and_can_be_asked_for(tmp_path: Path) -> None:
    context = context_of(tmp_path, *(code(f"c{number}", f"# {'x' * 3000}") for number in range(10)))
    answer = json.loads((await ReadCells().call({}, context)).content)
    assert [cell["id"] for cell in answer["cells"]] == ["c0", "c1", "c2", "c3"]
    assert answer["left_out"] == [f"c{number}" for number in range(4, 10)]
    assert set(context.tool_record.shown) == {"c0", "c1", "c2", "c3"}
    rest = json.loads((await ReadCells().call({"ids": ["c9", "gone"]}, context)).content)
    assert ([cell["id"] for cell in rest["cells"]], rest["unknown"]) == (["c9"], ["gone"])


async def test_a_cell_too_long_for_any_answer_is_shown_and_not_known(tmp_path: Path) -> None:
    context = context_of(tmp_path, code("long", "y = 1\n" * 10_000))
    output = await ReadCells().call({}, context)
    (cell,) = json.loads(output.content)["cells"]
    assert (cell["cut"], context.tool_record.shown) == (True, {})
    assert len(output.content) < 16_000


async def test_a_text_is_found_literally_in_sources_and_outputs(tmp_path: Path) -> None:
    shown = [{"output_type": "stream", "name": "stdout", "text": ["Total: 5%\n"]}]
    context = context_of(tmp_path, code("a", "total = 1\nother"), code("b", "print(1)", outputs=shown))
    answer = json.loads((await SearchNotebook().call({"text": "TOTAL"}, context)).content)
    assert [(match["id"], match["in"], match["line"]) for match in answer["found"]] == [
        ("a", "source", "total = 1"),
        ("b", "output", "Total: 5%"),
    ]
    assert json.loads((await SearchNotebook().call({"text": ".*"}, context)).content)["total"] == 0


async def test_a_cells_output_is_read_with_its_pictures(tmp_path: Path) -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "x" * 50_000},
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"image/png": [encoded(png()) + "\n"], "text/plain": "<Figure>"},
        },
    ]
    output = await ReadOutput().call({"cell_id": "a"}, context_of(tmp_path, code("a", "plot()", outputs=outputs)))
    answer = json.loads(output.content)
    assert (answer["pictures"], len(output.content) < 16_000) == (1, True)
    assert [(picture.mime, picture.name, picture.width) for picture in output.pictures] == [("image/png", "Figure", 2)]
    with pytest.raises(AgentError):
        await ReadOutput().call({"cell_id": "gone"}, context_of(tmp_path, code("a", "1")))


async def test_a_file_is_read_by_lines_and_where_it_goes_on_is_said(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("".join(f"line {number}\n" for number in range(1, 1001)), encoding="utf-8")
    context = context_of(tmp_path)
    answer = json.loads((await ReadFile().call({"path": "data.txt", "start": 10, "lines": 3}, context)).content)
    assert answer == {"path": "data.txt", "start": 10, "text": "line 10\nline 11\nline 12", "lines": 3, "next": 13}
    last = json.loads((await ReadFile().call({"path": "data.txt", "start": 1000}, context)).content)
    assert (last["text"], "next" in last) == ("line 1000", False)


@pytest.mark.parametrize(
    "path", ["../secret.txt", "/etc/passwd", "~/.ssh/id_rsa", ".env", "sub/../../secret.txt", "a\0b", ""]
)
async def test_J3_a_file_out_of_the_folder_or_with_secrets_is_not_read(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (folder / ".env").write_text("KEY=1", encoding="utf-8")
    with pytest.raises(AgentError):
        await ReadFile().call({"path": path}, context_of(folder))


async def test_a_signature_is_asked_of_names_only(tmp_path: Path) -> None:
    assert not (await GetSignature().call({"name": "open('x', 'w')"}, context_of(tmp_path))).ok
    with pytest.raises(AgentError):
        await GetSignature().call({"name": "df.groupby("}, context_of(tmp_path))


def failed_state(count: int, name: str) -> KernelState:
    execution = Execution(count, "c1", "", f"raise {name}", "error", 0.0, error=ExecutionError(name, "it failed"))
    return KernelState("k1", "e1", count, executions=(execution,))


async def test_the_newest_error_is_read_from_the_kernel_as_it_is_now(tmp_path: Path) -> None:
    context = context_of(tmp_path, kernel=(kernel := StillKernel(state=failed_state(1, "KeyError"))))
    kernel.now = failed_state(2, "ValueError")  # code has run since the turn began
    error = json.loads((await ReadError().call({}, context)).content)["error"]
    assert (error["name"], error["execution_count"]) == ("ValueError", 2)


async def test_without_a_kernel_the_error_at_the_turns_beginning_is_read() -> None:
    context = ToolContext(None, failed_state(1, "KeyError"), None)
    assert json.loads((await ReadError().call({}, context)).content)["error"]["name"] == "KeyError"


async def test_code_is_tried_without_being_run_and_what_it_changed_is_told(tmp_path: Path) -> None:
    kernel = StillKernel(ExecutionResult("ok", "5", changed=("df",)))
    output = await TryCode().call({"code": "df.pop('a')"}, context_of(tmp_path, kernel=kernel))
    assert (kernel.tried, kernel.ran) == (["df.pop('a')"], [])
    assert "changed objects of the user's in place: df" in output.content


async def test_the_kernel_is_restarted_and_interrupted(tmp_path: Path) -> None:
    kernel = StillKernel(state=KernelState("k1", "e1", status="idle"))
    context = context_of(tmp_path, kernel=kernel)
    assert "variables are gone" in (await RestartKernel().call({}, context)).content
    assert "idle" in (await InterruptKernel().call({}, context)).content
    assert (kernel.restarted, kernel.interrupted) == (1, 1)


@pytest.mark.parametrize("tool", [RunCode(), TryCode(), RestartKernel(), InterruptKernel(), GetSignature()])
async def test_without_a_kernel_the_cure_is_told(tool: Tool) -> None:
    with pytest.raises(NoKernel, match="No kernel"):
        await tool.call({"code": "1", "name": "x"}, ToolContext(None, None, None))


@pytest.mark.parametrize("limit", [200, 1_000, 16_384])
def test_L21_json_that_is_too_long_is_shortened_as_json(limit: int) -> None:
    columns = [{"name": f"column {number}", "samples": ["x" * 100] * 20} for number in range(50)]
    variables = [{"name": f"df{number}", "facts": {"columns": columns}} for number in range(20)]
    text = truncate(json.dumps({"variables": variables, "total": 100}), limit)
    assert len(text) <= limit
    assert json.loads(text)["total"] == 100


def test_names_are_kept_longer_than_details() -> None:
    text = json.dumps({"variables": [{"name": f"v{number}", "samples": ["s" * 90] * 30} for number in range(100)]})
    assert [variable["name"] for variable in json.loads(truncate(text, 16_384))["variables"]] == [
        f"v{n}" for n in range(100)
    ]
