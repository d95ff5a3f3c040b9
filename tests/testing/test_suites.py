"""The contract suites find what is broken, and their documented examples are tests that pass."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.errors import AgentError, CellChanged, UpstreamAuth
from jupyter_agent.core.events import ModelEvent, ModelFinished, TextDelta
from jupyter_agent.core.kernel_state import ExecutionResult, KernelState, Variable
from jupyter_agent.core.messages import CellChange, CellEdit, Effect, Message, ToolCall
from jupyter_agent.core.protocols import Kernel, Model, Notebook, SessionStore, Tool, ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.stores.memory import MemoryStore
from jupyter_agent.testing.kernel import KernelSuite
from jupyter_agent.testing.model import ModelSuite
from jupyter_agent.testing.notebook import NotebookSuite
from jupyter_agent.testing.runner import Suite
from jupyter_agent.testing.store import StoreSuite
from jupyter_agent.testing.tool import ToolSuite
from tests.support.still_kernel import StillKernel

#: What a tool that waits for nothing cannot be asked.
SLOW = {"test_a_cancelled_call_stops_at_once"}
SUITES = ("store", "model", "tool", "kernel", "notebook")


def all_tests(suite: type[Suite]) -> set[str]:
    return {name for name in dir(suite) if name.startswith("test_")}


def failed(suite: type[Suite], *tests: str) -> set[str]:
    """Which of these tests fail, or of all, each run on an instance of its own."""
    found = set()
    for name in tests or all_tests(suite):
        try:
            getattr(suite(), name)()
        except pytest.skip.Exception:
            continue
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - whatever a broken implementation leads to
            found.add(name)
    return found


# Stores -------------------------------------------------------------------------------------------


class ForgetfulStore(MemoryStore):
    """Takes whatever revision comes."""

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        stored = await self.read(session.key)
        revision = session.revision if stored is None else stored.revision + 1
        await super().commit(replace(session, revision=revision), turn)


class LosingStore(MemoryStore):
    """Loses the turn of a commit."""

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        await super().commit(session)


class UnorderedStore(MemoryStore):
    """Lists the oldest first."""

    async def find(self, owner: str, **asked: Any) -> Any:
        page = await super().find(owner, **asked)
        return replace(page, sessions=page.sessions[::-1])


class TellingStore(MemoryStore):
    """Lists everybody's sessions for everybody."""

    async def find(self, owner: str, **asked: Any) -> Any:
        return await super().find("ann" if owner == "bob" else owner, **asked)


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (ForgetfulStore, "test_only_the_next_revision_is_taken"),
        (LosingStore, "test_a_turn_is_read_whole"),
        (UnorderedStore, "test_lists_are_of_one_owner_newest_activity_first"),
        (TellingStore, "test_S10_search_is_literal_whatever_the_characters"),
    ],
)
def test_the_store_suite_finds_a_broken_store(broken: type[MemoryStore], test: str) -> None:
    class Broken(StoreSuite):
        def __init__(self) -> None:
            self.store = broken()

        def open_store(self) -> SessionStore:
            return self.store

    assert failed(Broken, test)


# Models -------------------------------------------------------------------------------------------


class BrokenModel(ScriptedModel):
    """Answers as a subclass says."""

    name = "broken"

    def __init__(self) -> None:
        super().__init__(["There are 5 rows."])


class EndlessModel(BrokenModel):
    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        yield TextDelta("There are 5 rows.")


class TwiceEndedModel(BrokenModel):
    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        yield TextDelta("There are 5 rows.")
        yield ModelFinished()
        yield ModelFinished()


class RepeatingModel(BrokenModel):
    """Gives every call the same id."""

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        yield ToolCall("call_1", "list_variables", "{}")
        yield ModelFinished("tool_calls")


class StubbornModel(BrokenModel):
    """Does not stop when its task is cancelled, nor at a deadline."""

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
        yield TextDelta("Too late.")
        yield ModelFinished()


class TalkativeModel(BrokenModel):
    """Its error has the key in it."""

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        if deadline:
            raise UpstreamAuth("The key sk-secret was refused.")
        yield ModelFinished()


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (EndlessModel, "test_a_stream_is_text_and_calls_and_at_last_its_one_end"),
        (TwiceEndedModel, "test_a_stream_is_text_and_calls_and_at_last_its_one_end"),
        (RepeatingModel, "test_tool_calls_are_whole_and_have_ids_of_their_own"),
        (StubbornModel, "test_a_cancelled_task_stops_a_stream_at_once"),
        (StubbornModel, "test_a_deadline_ends_a_stream_in_time"),
        (TalkativeModel, "test_a_failure_is_an_error_in_words_without_secrets"),
    ],
)
def test_the_model_suite_finds_a_broken_model(broken: type[BrokenModel], test: str) -> None:
    class Broken(ModelSuite):
        secrets = ("sk-secret",)

        async def open_model(self) -> Model:
            return broken()

        open_slow_model = open_failing_model = open_model

    assert failed(Broken, test)


# Tools --------------------------------------------------------------------------------------------


class BrokenTool:
    """A tool that works, unless a subclass says otherwise."""

    spec = ToolSpec("count", "Count.", {"type": "object", "properties": {"to": {"type": "integer"}}}, title="Count up")
    effect: Effect = "read"

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        return ToolOutput("1") if arguments.get("to") != 0 else ToolOutput.failure("invalid_arguments", "Begin at 1.")


class UntitledTool(BrokenTool):
    spec = replace(BrokenTool.spec, title="")


class NonsenseTool(BrokenTool):
    spec = replace(BrokenTool.spec, parameters={"type": "object", "properties": {"to": {"type": "whole number"}}})


class RaisingTool(BrokenTool):
    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        return ToolOutput(str(1 // arguments["to"]))


class CodelessTool(BrokenTool):
    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        return ToolOutput("It did not work.", ok=arguments["to"] != 0)


class DeafTool(BrokenTool):
    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            return ToolOutput("1")
        return await super().call(arguments, context)


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (UntitledTool, "test_people_are_shown_a_title_and_the_effect_is_declared"),
        (NonsenseTool, "test_parameters_are_a_json_schema_which_the_arguments_fit"),
        (RaisingTool, "test_a_call_that_fails_answers_with_a_code_and_what_to_do"),
        (CodelessTool, "test_a_call_that_fails_answers_with_a_code_and_what_to_do"),
        (DeafTool, "test_a_cancelled_call_stops_at_once"),
    ],
)
def test_the_tool_suite_finds_a_broken_tool(broken: type[BrokenTool], test: str) -> None:
    class Broken(ToolSuite):
        arguments = {"to": 1}  # noqa: RUF012 - as a third party writes it
        failing_arguments = {"to": 0}  # noqa: RUF012

        def make_tool(self) -> Tool:
            return broken()

        async def open_slow_context(self) -> ToolContext:
            return await self.open_context()

    assert failed(Broken, test)
    assert not failed(type("Whole", (Broken,), {"make_tool": lambda _: BrokenTool()}), *all_tests(Broken) - SLOW)


# Kernels ------------------------------------------------------------------------------------------


class InventiveKernel(StillKernel):
    """Knows every variable, and every run ends well."""

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        return KernelState("k1", "e1", 1, {"mine": Variable("mine", "int", "number", "5")})

    async def inspect(self, name: str, column: str | None = None, values: Sequence[str] = ()) -> Variable:
        return Variable(name, "int", "number", "42")

    async def execute(self, code: str, *, timeout: float) -> ExecutionResult:
        return ExecutionResult("ok", "6")


def test_the_kernel_suite_finds_a_broken_kernel() -> None:
    class Broken(KernelSuite):
        async def open_kernel(self) -> Kernel:
            return InventiveKernel()

    assert failed(Broken) == all_tests(KernelSuite)


# Notebooks ----------------------------------------------------------------------------------------


class OverwritingNotebook(FileNotebook):
    """Edits whatever a cell is now."""

    async def edit(self, edit: CellEdit, *, timeout: float, kernel: Kernel | None = None) -> CellChange:
        try:
            return await super().edit(edit, timeout=timeout, kernel=kernel)
        except CellChanged:
            now = next(cell for cell in await self.cells() if cell.id == edit.cell_id)
            return await super().edit(replace(edit, source_hash=now.source_hash), timeout=timeout, kernel=kernel)


class SilentNotebook(FileNotebook):
    """Does not name the cells that it leaves."""

    async def apply_changes(self, changes: Sequence[CellChange]) -> tuple[str, ...]:
        await super().apply_changes(changes)
        return ()


class HalfNotebook(FileNotebook):
    """Restores the first change only."""

    async def apply_changes(self, changes: Sequence[CellChange]) -> tuple[str, ...]:
        return await super().apply_changes(changes[:1])


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (OverwritingNotebook, "test_K18_an_edit_of_a_cell_that_is_another_now_changes_nothing"),
        (SilentNotebook, "test_K18_restoring_leaves_a_cell_that_somebody_has_changed_since_and_names_it"),
        (HalfNotebook, "test_changes_lead_to_the_same_cells_again_and_forward"),
    ],
)
def test_the_notebook_suite_finds_a_broken_notebook(broken: type[FileNotebook], test: str, tmp_path: Path) -> None:
    class Broken(NotebookSuite):
        def __init__(self) -> None:
            self.path = tmp_path / "a.ipynb"
            self.path.write_text(self.content, encoding="utf-8")

        async def open_notebook(self) -> Notebook:
            return broken(self.path)

    assert failed(Broken, test)


# Their documentation ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "suite",
    [pytest.param(suite, marks=pytest.mark.slow) if suite in ("store", "kernel") else suite for suite in SUITES],
)
def test_each_suite_is_explained_in_three_paragraphs_with_an_example_that_passes(suite: str, tmp_path: Path) -> None:
    text = inspect.getdoc(importlib.import_module(f"jupyter_agent.testing.{suite}")) or ""
    explanation, example = text.split("\n\nExample::\n\n")
    assert len(explanation.split("\n\n")) == 1 + 3
    file = tmp_path / f"test_{suite}.py"
    file.write_text("".join(line[4:] or "\n" for line in example.splitlines(keepends=True)), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(file)]
    root = Path(__file__).parents[2]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout[-3000:]
    passed = re.search(r"(\d+) passed", result.stdout)
    assert passed is not None
    assert int(passed[1]) >= 5


def test_an_error_of_ours_is_an_error_of_a_suites_test() -> None:
    class Unavailable(StoreSuite):
        def open_store(self) -> SessionStore:
            raise AgentError("There is no store.")

    assert failed(Unavailable) == all_tests(StoreSuite)
