"""Approvals that are asked together: one event each, answered each by itself and in any order."""

from __future__ import annotations

from typing import Any

from tests.support.agent_client import RestClient, Script

CALLS = {"calls": [{"name": "insert_cell", "arguments": {"source": source}} for source in ("one = 1", "two = 2")]}


async def test_both_wait_and_the_second_may_be_answered_first(
    rest: RestClient, script: Script, jp_root_dir: Any
) -> None:
    (jp_root_dir / "a.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    script([CALLS, {"text": "Done."}])
    stream = rest.stream("x", {"notebook_id": "a.ipynb"})
    turn = await stream.until("turn")
    asked = [await stream.until("approval"), await stream.until("approval")]
    assert [approval["preview"] for approval in asked] == ["one = 1", "two = 2"]
    waiting = (await rest("GET", "api/agent/approvals")).body["approvals"]
    assert [approval["call_id"] for approval in waiting] == [approval["call_id"] for approval in asked]
    for approval in reversed(asked):
        path = f"api/agent/turns/{turn['turn_id']}/actions/{approval['call_id']}"
        answer = {"decision": "approve", "digest": approval["digest"]}
        assert (await rest("POST", path, answer)).status == 200
        assert (await rest("POST", path, answer)).status == 409
    done = await stream.until("done")
    assert [action["status"] for action in done["actions"]] == ["done", "done"]


async def test_one_that_is_allowed_for_the_conversation_needs_no_answer_to_the_other(
    rest: RestClient, script: Script, jp_root_dir: Any
) -> None:
    (jp_root_dir / "a.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    script([CALLS, {"text": "Done."}])
    stream = rest.stream("x", {"notebook_id": "a.ipynb", "session_id": "s1"})
    turn = await stream.until("turn")
    asked = [await stream.until("approval"), await stream.until("approval")]
    answer = {"decision": "approve", "digest": asked[0]["digest"], "scope": "conversation"}
    await rest("POST", f"api/agent/turns/{turn['turn_id']}/actions/{asked[0]['call_id']}", answer)
    done = await stream.until("done")
    assert [action["status"] for action in done["actions"]] == ["done", "done"]
    assert (await rest("GET", "api/agent/approvals")).body["approvals"] == []
