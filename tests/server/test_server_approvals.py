"""Approvals: of exactly what was shown, by who was asked, for as long as they say, and never of what has a reason to ask."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.errors import ApprovalStale
from jupyter_agent.core.events import ApprovalAsked
from jupyter_agent.core.kernel_state import KernelState
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session
from jupyter_agent.server.services import Services
from jupyter_agent.server.turns import permissions
from jupyter_agent.server.turns.pending_calls import Answer
from jupyter_agent.server.turns.permissions import Permissions
from tests.support.agent_client import RestClient, Script, Stream, raw_stream
from tests.support.notebook_json import code, notebook, text_of
from tests.support.still_kernel import StillKernel

SESSION = "api/agent/sessions/s1"
#: What reaches beyond the kernel's memory, by the family of the reason.
REACHING = {
    "files": "open('F', 'w').write('x')",
    "process": "!touch F",
    "network": "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
    "install": "%pip install nothing-at-all",
}


def running(code: str) -> dict[str, Any]:
    return {"calls": [{"name": "run_code", "arguments": {"code": code}}]}


SCRIPT: list[Any] = [
    {"match": "harmless", **running("1 + 1")},
    {"match": "harmless", "text": "Done."},
    *(
        step
        for family, code in REACHING.items()
        for step in ({"match": family, **running(code)}, {"match": family, "text": "Done."})
    ),
    {"match": "restart", "calls": [{"name": "restart_kernel", "arguments": {}}]},
    {"match": "restart", "text": "Done."},
    {"text": "Understood."},
]


async def allow(rest: RestClient, stream: Stream, **answer: Any) -> dict[str, Any]:
    """Answer the approval that comes; what was asked."""
    turn = await stream.until("turn")
    asked: dict[str, Any] = await stream.until("approval")
    body = {"decision": "approve", "digest": asked["digest"], **answer}
    reply = await rest("POST", f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}", body)
    assert reply.status == 200, reply.text
    await stream.until("done")
    return asked


async def is_asked(rest: RestClient, query: str, session_id: str = "s1") -> bool:
    """Whether a question's call is asked about; it is denied then."""
    stream = rest.stream(query, {"session_id": session_id})
    turn_id = ""
    asked = False
    async for name, data in stream.events():
        if name == "turn":
            turn_id = data["turn_id"]
        elif name == "approval":
            asked = True
            path = f"api/agent/turns/{turn_id}/actions/{data['call_id']}"
            await rest("POST", path, {"decision": "deny", "digest": data["digest"]})
    return asked


async def standing(rest: RestClient, session_id: str = "s1") -> list[str]:
    effects: list[str] = (await rest("GET", f"api/agent/sessions/{session_id}/permissions")).body["effects"]
    return effects


async def test_N5_what_is_allowed_for_the_conversation_stands_there_until_it_is_taken_back(
    rest: RestClient, script: Script
) -> None:
    script(SCRIPT)
    assert (await rest("GET", f"{SESSION}/permissions")).status == 404
    await allow(rest, rest.stream("harmless", {"session_id": "s1"}), scope="once")
    assert await standing(rest) == []
    asked = await allow(rest, rest.stream("harmless", {"session_id": "s1"}), scope="conversation")
    assert (asked["preview"], asked["reasons"]) == ("1 + 1", [])
    assert await standing(rest) == ["execute"]
    assert not await is_asked(rest, "harmless")
    # Where nobody could be asked it stands as well.
    reply = await rest.ask("harmless", {"session_id": "s1"})
    assert [action["status"] for action in reply.body["actions"]] == ["failed"]  # it was tried: there is no kernel
    assert (await rest("DELETE", f"{SESSION}/permissions", effect="write")).body["effects"] == ["execute"]
    assert (await rest("DELETE", f"{SESSION}/permissions")).body == {"session_id": "s1", "effects": []}
    assert await is_asked(rest, "harmless")


async def test_N5_what_has_a_reason_is_asked_about_whatever_stands(rest: RestClient, script: Script) -> None:
    script(SCRIPT)
    await allow(rest, rest.stream("harmless", {"session_id": "s1"}), scope="conversation")
    for family in REACHING:
        asked = await allow(rest, rest.stream(family, {"session_id": "s1"}), scope="conversation")
        assert family in {reason["code"] for reason in asked["reasons"]}, family
        assert all(reason["text"] for reason in asked["reasons"])
        assert asked["preview"] == REACHING[family]
        assert await is_asked(rest, family), family
    assert await is_asked(rest, "restart")
    assert not await is_asked(rest, "harmless")


async def test_N5_an_approval_with_a_reason_leaves_nothing_standing(rest: RestClient, script: Script) -> None:
    script(SCRIPT)
    await allow(rest, rest.stream("process", {"session_id": "s1"}), scope="conversation")
    assert await standing(rest) == []
    assert await is_asked(rest, "harmless")


async def test_N5_a_new_conversation_has_no_permissions(rest: RestClient, script: Script) -> None:
    script(SCRIPT)
    await allow(rest, rest.stream("harmless", {"session_id": "s1"}), scope="conversation")
    assert await is_asked(rest, "harmless", "s2")
    copies = [(await rest("POST", f"{SESSION}/branch", {})).body, (await rest("POST", f"{SESSION}/replay", {})).body]
    copies[1] = copies[1]["session"]
    exported = (await rest("GET", f"{SESSION}/export")).body
    assert (await rest("DELETE", SESSION)).status == 200
    copies.append((await rest("POST", "api/agent/sessions/import", exported)).body)
    assert copies[-1]["session_id"] == "s1"  # of the same id as the one that was deleted
    copies.append((await rest("POST", f"{SESSION}/restore", {})).body)
    for copy in copies:
        assert await standing(rest, copy["session_id"]) == [], copy
        assert await is_asked(rest, "harmless", copy["session_id"])


def test_N5_permissions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "MAX_SESSIONS", 2)
    kept, sessions = Permissions(), [Session(f"k{number}", "s", "ann", "") for number in range(3)]
    for session in sessions:
        kept.allow(session, "write")
    assert [kept.standing(session) for session in sessions] == [(), ("write",), ("write",)]
    asked = ApprovalAsked("c", "insert_cell", "write", {}, "d", "x = 1")
    assert [kept.allows(session, asked) for session in sessions] == [False, True, True]


async def test_N17_an_answer_without_the_digest_is_refused_and_the_call_still_waits(
    rest: RestClient, script: Script
) -> None:
    script(SCRIPT)
    stream = rest.stream("harmless", {"session_id": "s1"})
    turn, asked = await stream.until("turn"), await stream.until("approval")
    path = f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}"
    for answer in ({}, {"digest": None}, {"result": {"status": "ok"}}):
        for decision in ("approve", "deny"):
            refused = await rest("POST", path, {"decision": decision, **answer})
            assert (refused.status, refused.body["code"]) == (400, "bad_request"), answer
            assert "'digest'" in refused.body["message"]
    assert (await rest("POST", path, {"decision": "deny", "digest": asked["digest"]})).status == 200
    assert (await stream.until("done"))["actions"][0]["status"] == "denied"


@pytest.mark.parametrize("session_id", ["s2", None])
async def test_N17_a_tool_message_answers_no_approval_of_another_entry_point(
    rest: RestClient, script: Script, services: Services, session_id: str | None
) -> None:
    script(SCRIPT)
    stream = rest.stream("harmless", {"session_id": "s1"})
    turn, asked = await stream.until("turn"), await stream.until("approval")
    call_id = f"{turn['turn_id']}.{asked['call_id']}"
    messages = [{"role": "user", "content": "x"}, {"role": "tool", "tool_call_id": call_id, "content": "ok"}]
    await rest("POST", "api/agent/v1/chat/completions", {"messages": messages, "session_id": session_id})
    running_turn = services.turns.get("local", turn["turn_id"])
    assert running_turn is not None
    assert not running_turn.pending_calls._pending[asked["call_id"]].answer.done()
    path = f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}"
    assert (await rest("POST", path, {"decision": "deny", "digest": asked["digest"]})).status == 200
    assert (await stream.until("done"))["actions"][0]["status"] == "denied"


@pytest.mark.parametrize("case", [(700, "failed"), (80_000, "failed"), (90_000, "denied")])
async def test_N17_an_approval_waits_for_a_day(
    rest: RestClient, script: Script, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch, case: tuple[int, str]
) -> None:
    seconds, status = case
    script(SCRIPT)
    reader, writer = await raw_stream(
        jp_serverapp, b'{"query": "harmless", "stream": true, "turn_id": "t1", "context": {"session_id": "s1"}}'
    )
    shown = await asyncio.wait_for(reader.readuntil(b"event: approval"), 10)
    asked = json.loads((await reader.readuntil(b"\n\n")).split(b"data: ", 1)[1])
    assert b"event: turn" in shown
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + seconds)
    answer = {"decision": "approve", "digest": asked["digest"]}
    await rest("POST", f"api/agent/turns/t1/actions/{asked['call_id']}", answer)
    await asyncio.wait_for(reader.readuntil(b"event: done"), 10)
    done = json.loads((await reader.readuntil(b"\n\n")).split(b"data: ", 1)[1])
    # Approved, it is tried and fails: there is no kernel here. The answer after it still has its time.
    assert ([action["status"] for action in done["actions"]], done["reply"]) == ([status], "Done.")
    writer.close()


async def test_the_words_of_a_denial_reach_the_model(rest: RestClient, script: Script, services: Services) -> None:
    script(SCRIPT)
    stream = rest.stream("harmless", {"session_id": "s1"})
    await allow(rest, stream, decision="deny", words="Use the copy \u202ethat I made.")
    model: Any = services.assistant.model(None)
    results = [message.content for message in model.requests[-1].messages if message.role == "tool"]
    assert len(results) == 1
    assert "They say: Use the copy <U+202E>that I made." in results[0]


async def test_without_a_stream_a_call_that_would_be_asked_about_is_shown_with_its_reasons(
    rest: RestClient, script: Script
) -> None:
    script([running("!touch \u202eF"), {"text": "Run it yourself."}])
    for reply in [
        await rest.ask("x", {"session_id": "s1"}, turn_id="t1") for _ in range(2)
    ]:  # the second from the store
        (action,) = reply.body["actions"]
        assert (action["status"], action["preview"]) == ("needs_approval", "!touch <U+202E>F")
        assert [reason["code"] for reason in action["reasons"]] == ["process"]
        assert len(action["digest"]) == 64


NOTEBOOK = "source.ipynb"


def write(path: Path, source: str) -> None:
    path.write_text(text_of(notebook(code("c2", source))), encoding="utf-8")


@pytest.mark.parametrize("change", [False, True])
async def test_N4_the_cell_that_would_run_is_shown_as_it_is_and_a_change_makes_the_approval_stale(
    rest: RestClient, script: Script, jp_root_dir: Path, change: bool
) -> None:
    source = "x = 1\n" * 60 + "made = 42\nprint('it ran', made)"
    write(jp_root_dir / NOTEBOOK, source)
    calls = [{"name": "read_cells", "arguments": {}}, {"name": "run_cell", "arguments": {"cell_id": "c2"}}]
    script([{"calls": calls}, {"text": "Done."}])
    body = {"path": NOTEBOOK, "name": NOTEBOOK, "type": "notebook", "kernel": {"name": "python3"}}
    assert (await rest("POST", "api/sessions", body)).status == 201
    stream = rest.stream("x", {"session_id": "s1", "notebook_id": NOTEBOOK})
    turn, asked = await stream.until("turn"), await stream.until("approval")
    assert asked["preview"] == source
    if change:
        write(jp_root_dir / NOTEBOOK, source.replace("42", "43"))
    path = f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}"
    assert (await rest("POST", path, {"decision": "approve", "digest": asked["digest"]})).status == 200
    result = await stream.until("tool_result")
    await stream.all()
    assert (result["status"], result["code"]) == (("failed", "approval_stale") if change else ("done", ""))
    assert ("it ran 42" in (jp_root_dir / NOTEBOOK).read_text(encoding="utf-8").split('"source"')[0]) != change


class SlowKernel(StillKernel):
    """Says what it is a moment later."""

    async def state(self, *, timeout: float = 2.0) -> KernelState:
        for _ in range(20):
            await asyncio.sleep(0)
        return await super().state(timeout=timeout)


async def test_K3_a_kernel_that_is_restarted_as_soon_as_the_user_is_asked_makes_the_approval_stale(
    script: Script, services: Services
) -> None:
    script(SCRIPT)
    kernel = SlowKernel()
    turn = services.turns.start(
        services.assistant,
        "local",
        lambda turn: Question("local", "harmless", session_id="s1", kernel=kernel, decide=turn.decide),
    )
    statuses = []
    async for _, event in turn.log.read():
        if isinstance(event, ApprovalAsked):
            kernel.now = KernelState("k1", "e2", 1)
            with pytest.raises(ApprovalStale):
                await turn.answer(event.call_id, event.digest, Answer(approved=True), for_conversation=True)
        statuses += [action.status for action in getattr(event, "actions", ())]
    assert (statuses, kernel.ran) == (["failed"], [])
    session = await services.assistant.sessions.get("local", "s1")
    assert services.turns.permissions.standing(session) == ()
