"""A cell that is written and run in one call: both effects are needed, asked about once, and recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.agent.limits import Limits
from jupyter_agent.agent.loop import Agent, Transcript, offered_tools
from jupyter_agent.core.events import ApprovalAsked
from jupyter_agent.core.kernel_state import KernelState
from jupyter_agent.core.protocols import Tool, ToolContext
from jupyter_agent.core.question import Decision
from jupyter_agent.core.session import Session
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.server.turns.permissions import Permissions
from jupyter_agent.tools.editing import EditCell, InsertCell
from jupyter_agent.tools.notebook import ReadCells
from tests.support.notebook_json import code, notebook, text_of
from tests.support.still_kernel import StillKernel

READ = {"calls": [{"name": "read_cells", "arguments": {}}]}
TOOLS: dict[str, Tool] = {"read_cells": ReadCells(), "insert_cell": InsertCell(), "edit_cell": EditCell()}


class Played:
    """A turn of one call on a notebook of one cell, `x = 1`, and what was asked in it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "a.ipynb"
        self.path.write_text(text_of(notebook(code("a", "x = 1"))), encoding="utf-8")
        self.kernel = StillKernel(state=KernelState("k1", "e1", 1, status="idle"))
        self.asked: list[ApprovalAsked] = []
        self.transcript = Transcript([])

    async def play(
        self,
        name: str,
        approval: str = "ask",
        is_allowed: Callable[[ApprovalAsked], bool] | None = None,
        meanwhile: Callable[[], object] = dict,
        **arguments: Any,
    ) -> None:
        async def decide(asked: ApprovalAsked) -> Decision:
            self.asked.append(asked)
            meanwhile()
            return Decision(approved=True)

        effects = frozenset({"read", "write", "execute"})
        limits = Limits(time.monotonic() + 20, approval=approval, effects=effects)
        model = ScriptedModel([READ, {"calls": [{"name": name, "arguments": arguments}]}, "Done."])
        agent = Agent(model, TOOLS, limits, decide=decide, is_allowed=is_allowed)
        context = ToolContext(self.kernel, self.kernel.now, FileNotebook(self.path), key="k")
        async with aclosing(agent.run(self.transcript, context)) as events:
            async for _ in events:
                pass

    @property
    def result(self) -> str:
        return [message.content for message in self.transcript.messages if message.role == "tool"][1]


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path)


async def test_one_approval_shows_what_is_written_and_run_with_its_reasons_and_one_action_says_both(
    played: Played,
) -> None:
    await played.play("insert_cell", source="!touch x", run=True)
    (asked,) = played.asked
    assert (asked.effect, asked.effects, asked.preview) == ("execute", ("write", "execute"), "!touch x")
    assert [reason.code for reason in asked.reasons] == ["process"]
    spec = TOOLS["insert_cell"].spec
    assert (asked.title, asked.icon, asked.display) == ("Insert cell and run it", spec.icon, spec.display)
    assert played.kernel.ran == ["!touch x"]
    action = played.transcript.actions[-1]
    assert (action.title, action.effect, action.effects, action.status) == (
        "Insert cell and run it",
        "execute",
        ("write", "execute"),
        "done",
    )


async def test_without_run_it_is_the_edit_that_it_was(played: Played) -> None:
    await played.play("insert_cell", source="!touch x")
    (asked,) = played.asked
    assert (asked.effect, asked.effects, asked.reasons) == ("write", (), ())
    assert played.kernel.ran == []


@pytest.mark.parametrize(
    ("approval", "run", "asks"), [("auto-edit", True, 1), ("auto-edit", False, 0), ("auto", True, 0)]
)
async def test_where_edits_are_free_a_run_with_them_is_not(
    played: Played, approval: str, *, run: bool, asks: int
) -> None:
    await played.play("edit_cell", approval, cell_id="a", source="x = 2", run=run)
    assert len(played.asked) == asks
    assert played.kernel.ran == ["x = 2"] * run


@pytest.mark.parametrize("standing", [("write",), ("execute",), ("write", "execute")])
async def test_only_who_has_allowed_both_for_the_conversation_is_not_asked(played: Played, standing: Any) -> None:
    permissions, session = Permissions(), Session("k", "local", "a.ipynb", "s1")
    permissions.allow(session, *standing)
    await played.play(
        "edit_cell", is_allowed=lambda asked: permissions.allows(session, asked), cell_id="a", source="x = 2", run=True
    )
    assert len(played.asked) == (len(standing) < 2)


async def test_an_approval_is_stale_where_the_cell_has_changed_meanwhile(played: Played) -> None:
    def change() -> None:
        played.path.write_text(played.path.read_text(encoding="utf-8").replace("x = 1", "x = 1  # mine"), "utf-8")

    await played.play("edit_cell", meanwhile=change, cell_id="a", replace=[{"old": "1", "new": "2"}], run=True)
    assert played.result.startswith("approval_stale")
    assert played.kernel.ran == []
    assert "# mine" in played.path.read_text(encoding="utf-8")


def test_who_may_not_run_code_is_offered_edits_without_it() -> None:
    offered = offered_tools(TOOLS, frozenset({"read", "write"}))
    assert "run" not in offered["insert_cell"].spec.parameters["properties"]
    assert "replace" in offered["edit_cell"].spec.parameters["properties"]
