"""The code of an answer, run at its end: the policy, the approval mode and what it reaches decide, and it is an action of the turn."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_agent.config.policy import Policy
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script

HARMLESS = "So:\n```python\nready = 1\n```\nor\n```bash\nls\n```\nand\n```py\nready + 1\n```"
REACHING = "So:\n```python\nimport os\nos.remove('mine.csv')\n```"


async def events_of(rest: RestClient, decision: str = "deny", **fields: Any) -> list[tuple[str, Any]]:
    """A turn whose reader answers approvals and runs code."""
    stream = rest.stream("x", {"session_id": "s1"}, run="client", run_answer=True, **fields)
    found, turn_id = [], ""
    async for name, data in stream.events():
        found.append((name, data))
        turn_id = data["turn_id"] if name == "turn" else turn_id
        if name in ("approval", "run"):
            answer = {"decision": decision, "digest": data["digest"]} if name == "approval" else {"decision": "approve"}
            result = {"result": {"status": "ok", "text": "2"}} if name == "run" else {}
            path = f"api/agent/turns/{turn_id}/actions/{data['call_id']}"
            assert (await rest("POST", path, {**answer, **result})).status == 200
    return found


def names(events: list[tuple[str, Any]]) -> list[str]:
    return [name for name, _ in events if name in ("tool_call", "approval", "run", "tool_result", "done")]


async def test_N3_harmless_code_runs_once_and_is_an_action(rest: RestClient, script: Script) -> None:
    script([{"match": "and then", "text": "Later."}, {"match": "x", "text": HARMLESS}])
    events = await events_of(rest)
    assert names(events) == ["tool_call", "run", "tool_result", "done"]
    run, done = dict(events)["run"], dict(events)["done"]
    assert (run["code"], run["in_answer"]) == ("ready = 1\n\nready + 1", True)
    assert [(action["tool"], action["status"]) for action in done["actions"]] == [("run_code", "done")]
    assert (done["reply"], done["finish_reason"]) == (HARMLESS, "stop")
    history = (await rest("GET", "api/agent/sessions/s1/history")).body["history"]
    assert history[1]["actions"] == done["actions"]
    assert [step.get("tool", "") for step in history[1]["steps"]] == ["", "run_code"]
    assert (await rest.ask("and then", {"session_id": "s1"})).body["reply"] == "Later."


async def test_N3_what_reaches_out_is_asked_about_with_the_reason(rest: RestClient, script: Script) -> None:
    script([REACHING])
    events = await events_of(rest)
    assert names(events) == ["tool_call", "approval", "tool_result", "done"]
    approval, done = dict(events)["approval"], dict(events)["done"]
    assert [reason["code"] for reason in approval["reasons"]] == ["files"]
    assert "os.remove('mine.csv')" in approval["preview"]
    assert [(action["tool"], action["status"]) for action in done["actions"]] == [("run_code", "denied")]
    assert "run" in names(await events_of(rest, "approve", approval="auto"))


@pytest.mark.parametrize("answer", [HARMLESS, REACHING])
async def test_N3_nothing_runs_in_a_read_only_conversation(rest: RestClient, script: Script, answer: str) -> None:
    script([answer])
    events = await events_of(rest, approval="read-only")
    assert names(events) == ["tool_call", "tool_result", "done"]
    assert dict(events)["tool_result"]["status"] == "denied"


async def test_N3_where_auto_is_forbidden_it_is_asked(rest: RestClient, script: Script, services: Services) -> None:
    services.options.allow_auto = False
    script([HARMLESS] * 2)
    assert names(await events_of(rest)) == ["tool_call", "approval", "tool_result", "done"]
    services.options.allow_auto, services.options.policy = True, Policy(at_most={"approval": "ask"})
    assert names(await events_of(rest)) == ["tool_call", "approval", "tool_result", "done"]


async def test_N3_a_call_of_the_models_never_passes_for_the_answers_code(rest: RestClient, script: Script) -> None:
    script([{"calls": [{"id": "answer_1", "name": "run_code", "arguments": {"code": "1"}}]}, "Done."])
    events = await events_of(rest, "approve")
    assert names(events) == ["tool_call", "approval", "run", "tool_result", "done"]
    assert dict(events)["run"]["in_answer"] is False
    assert not dict(events)["run"]["call_id"].startswith("answer_")
