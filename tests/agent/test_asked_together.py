"""Several proposals of one message are shown together, each is answered by itself, and none does anything but what was shown."""

from __future__ import annotations

import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.agent.limits import Limits
from jupyter_agent.agent.loop import Agent, Transcript
from jupyter_agent.core.events import ApprovalAsked, ToolReturned
from jupyter_agent.core.kernel_state import KernelState
from jupyter_agent.core.protocols import Tool, ToolContext
from jupyter_agent.core.question import Decision
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.notebooks.file import FileNotebook
from jupyter_agent.tools.editing import DeleteCell, EditCell, InsertCell, RunCell
from jupyter_agent.tools.running import RunCode
from tests.support.notebook_json import code, notebook, text_of
from tests.support.still_kernel import StillKernel

TOOLS: dict[str, Tool] = {"insert_cell": InsertCell(), "delete_cell": DeleteCell(), "run_code": RunCode()}
TOOLS |= {"edit_cell": EditCell(), "run_cell": RunCell()}


class Played:
    """A turn whose only message with calls is given, and what happened in it, in order."""

    def __init__(self, folder: Path) -> None:
        path = folder / "a.ipynb"
        path.write_text(text_of(notebook(code("a", "x = 1"))), encoding="utf-8")
        self.kernel = StillKernel(state=KernelState("k1", "e1", 1, status="idle"))
        self.context = ToolContext(self.kernel, self.kernel.now, FileNotebook(path), key="k")
        self.happened: list[str] = []
        self.transcript = Transcript([])

    async def play(self, *calls: tuple[str, dict[str, Any]], denied: str = "", approval: str = "ask") -> None:
        async def decide(asked: ApprovalAsked) -> Decision:
            self.happened.append(f"decides {asked.preview}")
            return Decision(asked.preview != denied)

        effects = frozenset({"read", "write", "execute"})
        limits = Limits(time.monotonic() + 20, approval=approval, effects=effects)
        model = ScriptedModel([{"calls": [{"name": name, "arguments": given} for name, given in calls]}, "Done."])
        agent = Agent(model, TOOLS, limits, decide=decide)
        async with aclosing(agent.run(self.transcript, self.context)) as events:
            async for event in events:
                if isinstance(event, ApprovalAsked):
                    self.happened.append(f"asks {event.preview} {' '.join(reason.code for reason in event.reasons)}")
                elif isinstance(event, ToolReturned):
                    self.happened.append(event.status)

    @property
    def results(self) -> list[str]:
        return [message.content for message in self.transcript.messages if message.role == "tool"]


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path)


async def test_all_are_shown_before_the_first_is_decided_and_each_is_decided(played: Played) -> None:
    await played.play(
        ("insert_cell", {"source": "y = 1", "run": True}), ("run_code", {"code": "x + 1"}), denied="x + 1"
    )
    assert played.happened == ["asks y = 1 ", "asks x + 1 ", "decides y = 1", "done", "decides x + 1", "denied"]
    assert played.kernel.ran == ["y = 1"]


async def test_what_reaches_more_because_of_an_earlier_one_is_asked_anew(played: Played) -> None:
    function = "def keep():\n    open('x', 'w').write('x')"
    await played.play(("insert_cell", {"source": function, "run": True}), ("run_code", {"code": "keep()"}))
    first, second, *_, again, decides, ended = played.happened
    assert (first, second) == (f"asks {function} ", "asks keep() ")
    assert again == "asks keep() files"
    assert (decides, ended) == ("decides keep()", "done")


@pytest.mark.parametrize(
    ("nothing", "fault"),
    [
        (("run_code", {"code": "for x in"}), "invalid_code"),
        (("delete_cell", {"cell_id": "a"}), "cell_changed"),
    ],
)
async def test_what_would_come_to_nothing_is_not_shown_nor_what_follows_it_which_waits_for_the_model(
    played: Played, nothing: tuple[str, dict[str, Any]], fault: str
) -> None:
    await played.play(("run_code", {"code": "1"}), ("run_code", {"code": "2"}), nothing, ("run_code", {"code": "3"}))
    assert [step for step in played.happened if step.startswith("asks")] == ["asks 1 ", "asks 2 "]
    assert played.results[2].startswith(fault)
    assert played.results[3].startswith("not_made")
    assert played.kernel.ran == ["1", "2"]


async def test_what_is_done_with_a_cell_after_its_change_is_shown_after_its_change(played: Played) -> None:
    assert played.context.notebook is not None
    played.context.tool_record.show(await played.context.notebook.cells())
    edit = ("edit_cell", {"cell_id": "a", "source": "x = 2"})
    await played.play(edit, ("run_cell", {"cell_id": "a"}), ("run_code", {"code": "x"}))
    assert played.happened[:3] == ["asks x = 2 ", "asks x ", "decides x = 2"]
    assert played.happened[3:] == ["done", "asks x = 2 ", "decides x = 2", "done", "decides x", "done"]


async def test_what_is_free_is_not_shown_with_what_is_asked_about(played: Played) -> None:
    await played.play(
        ("insert_cell", {"source": "y = 1"}), ("insert_cell", {"source": "z", "run": True}), approval="auto-edit"
    )
    assert played.happened == ["done", "asks z ", "decides z", "done"]


async def test_N20_what_reaches_something_else_has_another_digest(played: Played) -> None:
    first, second = (f"def keep():\n    open('{name}', 'w')" for name in "ab")
    calls = [{"name": "run_code", "arguments": {"code": code}} for code in (first, "keep()", second, "keep()")]
    asked: list[ApprovalAsked] = []

    async def decide(request: ApprovalAsked) -> Decision:
        asked.append(request)
        return Decision(approved=True)

    limits = Limits(time.monotonic() + 20, effects=frozenset({"read", "write", "execute"}))
    agent = Agent(ScriptedModel([{"calls": calls}, "Done."]), TOOLS, limits, decide=decide)
    async with aclosing(agent.run(played.transcript, played.context)) as events:
        shown = [event async for event in events if isinstance(event, ApprovalAsked)]
    assert len(shown) == 6
    assert len({request.digest for request in shown}) == 5  # the two that follow are alike before the first is made
    assert "open('b', 'w')" in asked[-1].reasons[0].text
