"""The model's plan: an event with what is done, the last one in the reply, and the same from the store."""

from __future__ import annotations

from typing import Any

from jupyter_agent.core.events import Done, Plan, PlanItem
from jupyter_agent.tools.plan import UpdatePlan
from tests.support.scripted_assistant import ScriptedAssistant


def plan(*items: tuple[str, bool]) -> dict[str, Any]:
    listed = [{"text": text, "done": done} for text, done in items]
    return {"calls": [{"name": "update_plan", "arguments": {"items": listed}}]}


async def test_the_plan_is_an_event_each_time_and_the_last_one_stands_in_the_reply() -> None:
    scripted = ScriptedAssistant([plan(("look", False), ("use hunter2hunter2", False)), plan(("look", True)), "Done."])
    scripted.assistant.resources.tools = {"update_plan": UpdatePlan()}
    events = await scripted.ask("?", turn_id="t1", session_id="s1")
    first, last = [event for event in events if isinstance(event, Plan)]
    assert first.items[0] == PlanItem("look")
    assert "hunter2" not in first.items[1].text
    assert last == Plan((PlanItem("look", done=True),))
    done = events[-1]
    assert isinstance(done, Done)
    assert done.plan == last
    stored = await scripted.ask("?", turn_id="t1", session_id="s1")
    assert [event for event in stored if isinstance(event, Plan)][-1] == last


async def test_what_does_not_fit_is_no_plan() -> None:
    scripted = ScriptedAssistant([plan(), "Done."])
    scripted.assistant.resources.tools = {"update_plan": UpdatePlan()}
    events = await scripted.ask("?")
    assert not any(isinstance(event, Plan) for event in events)
    assert isinstance(events[-1], Done)
    assert events[-1].plan is None
