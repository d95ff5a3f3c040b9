"""Every built-in tool keeps the contract that `jupyter_agent.testing` checks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.config.entry_points import TOOLS, load, names
from jupyter_agent.core.instructions import InstructionFile
from jupyter_agent.core.kernel_state import Execution, ExecutionError, ExecutionResult, KernelState, Variable
from jupyter_agent.core.protocols import Tool, ToolContext
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.testing.tool import ToolSuite
from tests.support.notebook_json import code, notebook, text_of
from tests.support.still_kernel import StillKernel

#: Arguments of a call that works, and of one that fails.
CALLS: Mapping[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "list_variables": ({}, None),
    "inspect_variable": ({"name": "x"}, {"name": "none"}),
    "read_error": ({}, None),
    "get_signature": ({"name": "x"}, {"name": "none"}),
    "run_code": ({"code": "x"}, None),
    "try_code": ({"code": "x"}, None),
    "restart_kernel": ({}, None),
    "interrupt_kernel": ({}, None),
    "read_cells": ({}, None),
    "search_notebook": ({"text": "x"}, None),
    "read_output": ({"cell_id": "a"}, {"cell_id": "none"}),
    "insert_cell": ({"source": "y = 1"}, {"source": "y = 1", "below": "none"}),
    "edit_cell": ({"cell_id": "a", "source": "x = 2"}, {"cell_id": "none", "source": "x = 2"}),
    "delete_cell": ({"cell_id": "a"}, {"cell_id": "none"}),
    "move_cell": ({"cell_id": "a", "below": "b"}, {"cell_id": "none", "below": ""}),
    "run_cell": ({"cell_id": "a"}, {"cell_id": "none"}),
    "check_notebook": ({}, None),
    "update_plan": ({"items": [{"text": "look", "done": True}]}, None),
    "read_skill": ({"name": "charts"}, {"name": "none"}),
    "list_files": ({}, None),
    "read_file": ({"path": "data.csv"}, {"path": "../secret"}),
}


class SignatureKernel(StillKernel):
    """Knows one object; runs for ever where it is told to."""

    endless = False

    async def signature(self, code: str, cursor: int) -> str:
        if self.endless:
            await asyncio.Event().wait()
        return "x(y)" if code.startswith("x") else await super().signature(code, cursor)

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        if self.endless:
            await asyncio.Event().wait()
        return await super().execute(code, timeout=timeout)

    async def try_execute(self, code: str, *, timeout: float) -> ExecutionResult:
        return await self.execute(code, timeout=timeout)


def test_all_built_in_tools_are_checked() -> None:
    assert set(CALLS) == set(names(TOOLS))


class TestBuiltInTools(ToolSuite):
    @pytest.fixture(autouse=True, params=sorted(CALLS))
    def tool(self, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        self.name = request.param
        self.arguments, self.failing_arguments = CALLS[self.name]
        self.path = tmp_path / "a.ipynb"
        self.path.write_text(text_of(notebook(code("a", "x = 1"), code("b", "x"))), encoding="utf-8")
        self.path.with_name("data.csv").write_text("a,b\n1,2\n", encoding="utf-8")

    def make_tool(self) -> Tool:
        factory = load(TOOLS, self.name)
        assert factory is not None
        tool: Tool = factory()
        return tool

    async def open_context(self) -> ToolContext:
        failed = Execution(1, "b", "", "x", "error", 1.0, error=ExecutionError("NameError", "name 'x' is not defined"))
        variables = {"x": Variable("x", "int", "number", "1")}
        kernel = SignatureKernel(state=KernelState("k1", "e1", 1, variables, executions=(failed,)))
        skill = InstructionFile("user", "~/.agents/skills/charts/SKILL.md", "Use blue.", "charts", "Makes charts.")
        context = ToolContext(kernel, kernel.now, FileNotebook(self.path), skills={"charts": skill})
        context.tool_record.show(await FileNotebook(self.path).cells())
        return context

    async def open_slow_context(self) -> ToolContext:
        if self.name not in ("get_signature", "run_code", "try_code", "run_cell"):
            pytest.skip("waits for nobody")
        context = await self.open_context()
        assert isinstance(context.kernel, SignatureKernel)
        context.kernel.endless = True
        return context
