"""What a person allows is shown whole, or it cannot be allowed."""

from __future__ import annotations

import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.agent.limits import Limits
from jupyter_agent.agent.loop import Agent, Transcript
from jupyter_agent.core.events import ApprovalAsked
from jupyter_agent.core.kernel_state import KernelState
from jupyter_agent.core.messages import Message
from jupyter_agent.core.protocols import Tool, ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.question import Decision
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.tools.editing import EditCell, InsertCell, RunCell
from jupyter_agent.tools.running import RunCode
from tests.support.notebook_json import code, notebook, text_of
from tests.support.still_kernel import StillKernel

LONG = f"x = 1\n#{'a' * 39_000}\ndel y\n#{'b' * 39_000}\n"
BETWEEN_KEYS = 'a = """-----BEGIN PRIVATE KEY-----"""\ndel y\nb = """-----END PRIVATE KEY-----"""'
EVERY = frozenset({"read", "write", "execute"})


class Sending:
    """A tool of others, which cannot say what a call would do but by its arguments."""

    spec = ToolSpec("send", "Send a text.", {"type": "object", "properties": {"text": {"type": "string"}}})
    effect = "execute"

    async def call(self, arguments: Any, context: ToolContext) -> ToolOutput:
        return ToolOutput("sent")


TOOLS: dict[str, Tool] = {
    "run_code": RunCode(),
    "run_cell": RunCell(),
    "insert_cell": InsertCell(),
    "edit_cell": EditCell(),
}
TOOLS |= {"send": Sending()}  # type: ignore[dict-item]


class Played:
    """A turn with the calls that are given, and what was asked in it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "a.ipynb"
        self.path.write_text(text_of(notebook(code("a", "x = 1"), code("long", LONG))), encoding="utf-8")
        self.kernel = StillKernel(state=KernelState("k1", "e1", 1, status="idle"))
        self.context = ToolContext(self.kernel, self.kernel.now, FileNotebook(self.path), key="k")
        self.asked: list[ApprovalAsked] = []
        self.transcript = Transcript([])

    async def play(
        self, *calls: tuple[str, dict[str, Any]], asks: bool = True, approval: str = "ask", effects: Any = EVERY
    ) -> list[Message]:
        async def decide(asked: ApprovalAsked) -> Decision:
            return Decision(approved=True)

        assert self.context.notebook is not None
        self.context.tool_record.show(await self.context.notebook.cells())
        limits = Limits(time.monotonic() + 20, approval=approval, effects=effects)
        model = ScriptedModel([{"calls": [{"name": name, "arguments": given} for name, given in calls]}, "Done."])
        agent = Agent(model, TOOLS, limits, decide=decide if asks else None, redact=Redactor([]).text)
        async with aclosing(agent.run(self.transcript, self.context)) as events:
            self.asked += [event async for event in events if isinstance(event, ApprovalAsked)]
        return [message for message in self.transcript.messages if message.role == "tool"]


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path)


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize(
    "call",
    [
        ("run_code", {"code": LONG}),
        ("run_code", {"code": "#" + "\u202e" * 9_000}),  # which is longer where it is spelled out
        ("run_cell", {"cell_id": "long"}),
        ("insert_cell", {"source": LONG}),
        ("insert_cell", {"source": LONG, "run": True}),
        ("edit_cell", {"cell_id": "long", "replace": [{"old": "x = 1", "new": "x = 2"}]}),
        ("send", {"text": LONG}),
    ],
)
async def test_N21_what_is_too_long_to_be_shown_whole_is_not_asked_about_nor_done(
    played: Played, call: tuple[str, dict[str, Any]], asks: bool
) -> None:
    before = played.path.read_bytes()
    (result,) = await played.play(call, asks=asks)
    assert (result.code, "Split it" in result.content) == ("too_long", True)
    assert (played.asked, played.kernel.ran, played.path.read_bytes()) == ([], [], before)


async def test_N21_among_several_calls_as_well(played: Played) -> None:
    short, long = ("run_code", {"code": "1"}), ("run_code", {"code": LONG})
    results = await played.play(short, short, long, short)
    assert [result.code for result in results] == ["", "", "too_long", "not_made"]
    assert [asked.preview for asked in played.asked] == ["1", "1"]


async def test_what_is_not_asked_about_may_be_long(played: Played) -> None:
    (result,) = await played.play(("run_code", {"code": LONG.replace("del y", "y = 1")}), approval="auto")
    assert (result.code, len(played.kernel.ran)) == ("", 1)


async def test_N21_what_is_withheld_from_a_record_cannot_be_allowed_by_it(played: Played) -> None:
    await played.play(("run_code", {"code": BETWEEN_KEYS}), asks=False)
    (action,) = played.transcript.actions
    assert (action.status, action.digest) == ("needs_approval", "")
    assert "panel in JupyterLab, which shows all of it" in action.preview


async def test_N21_who_is_asked_sees_all_of_it(played: Played) -> None:
    await played.play(("run_code", {"code": BETWEEN_KEYS}))
    assert played.asked[0].preview == BETWEEN_KEYS


async def test_N22_a_cell_runs_without_being_written_where_the_user_may_not_write(played: Played) -> None:
    before = played.path.read_bytes()
    (result,) = await played.play(("run_cell", {"cell_id": "a"}), effects=frozenset({"read", "execute"}))
    assert played.kernel.ran == ["x = 1"]
    assert result.content.startswith("The user may not change this notebook")
    assert "ran" in result.content
    assert (played.path.read_bytes(), played.context.tool_record.edits) == (before, [])
