"""Conversations through the REST API, and Jupyter's own kernel sessions next to them."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script


async def test_a_conversation_in_short(rest: RestClient) -> None:
    await rest.ask("What is df?", {"session_id": "s1", "notebook_id": "a.ipynb"})
    info = (await rest("GET", "api/sessions/s1")).body
    stamps = info.pop("created_at"), info.pop("last_activity")
    assert all(stamp.endswith("Z") for stamp in stamps)
    assert info.pop("head")
    assert info == {
        "session_id": "s1",
        "notebook_id": "a.ipynb",
        "turn_count": 2,
        "turns": 1,
        "variables": [],
        "title": "What is df?",
        "metadata": {},
        "running": None,
        "pending_undo": None,
    }
    assert (await rest("GET", "api/agent/sessions/s1")).body["session_id"] == "s1"


async def test_the_history_tells_what_was_done_on_the_way_to_an_answer(rest: RestClient, script: Script) -> None:
    calls = [{"name": "list_variables", "arguments": {}}, {"name": "no_such_tool", "arguments": "{broken"}]
    script([{"text": "Let me look.", "calls": calls}, {"text": "That is all."}])
    await rest.ask("x", {"session_id": "s1"})
    question, answer = (await rest("GET", "api/agent/sessions/s1/history")).body["history"]
    assert (question["parent"], answer["seconds"] >= 0) == (None, True)
    first, listed, unknown, last = answer["steps"]
    assert (first, last) == ({"text": "Let me look."}, {"text": "That is all."})
    assert (listed["tool"], listed["effect"], listed["arguments"]) == ("list_variables", "read", {})
    assert listed["content"]
    assert (unknown["tool"], unknown["status"], unknown["arguments"]) == ("no_such_tool", "failed", {})


@pytest.mark.parametrize("prefix", ["api/sessions", "api/agent/sessions"])
async def test_the_history_has_the_last_entries_oldest_first(rest: RestClient, script: Script, prefix: str) -> None:
    script([{"text": f"answer {number}", "match": f"question {number}"} for number in range(3)])
    for number in range(3):
        await rest.ask(f"question {number}", {"session_id": "s1"})
    whole = (await rest("GET", f"{prefix}/s1/history")).body
    assert (whole["session_id"], whole["turn_count"], len(whole["history"])) == ("s1", 6, 6)
    assert [entry["role"] for entry in whole["history"]] == ["user", "assistant"] * 3
    last = (await rest("GET", f"{prefix}/s1/history", max_turns="3")).body["history"]
    assert [entry["content"] for entry in last] == ["answer 1", "question 2", "answer 2"]


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many", "1e308", "9" * 5000])
async def test_H8_a_number_that_is_none_is_bad_input(rest: RestClient, number: str) -> None:
    await rest.ask("x", {"session_id": "s1"})
    reply = await rest("GET", "api/sessions/s1/history", max_turns=number)
    assert reply.status == 400
    assert reply.body["message"].startswith("'max_turns' ")


async def test_S1_S2_ids_that_are_none_are_bad_input(rest: RestClient) -> None:
    for bad in (
        "%2e%2e",
        "..%2f..%2fetc",
        "a%2fb",
        "a%5cb",
        "-x",
        "x" * 129,
        "a%20b",
        "%F0%9F%98%80",
        "a%00b",
        "a%0ab",
        "%ff",
        "~",
    ):
        for path in (f"api/agent/sessions/{bad}", f"api/sessions/{bad}/history", f"api/sessions/{bad}"):
            reply = await rest("GET", path)
            assert (bad, path, reply.status) == (bad, path, 400)
            assert reply.body["code"] == "bad_request"


async def test_S3_ids_that_differ_by_case_are_two(rest: RestClient) -> None:
    await rest.ask("upper", {"session_id": "S1"})
    await rest.ask("lower", {"session_id": "s1"})
    assert (await rest("GET", "api/sessions/S1")).body["title"] == "upper"
    assert (await rest("GET", "api/sessions/s1")).body["title"] == "lower"


async def test_S11_a_cleared_conversation_is_gone(rest: RestClient) -> None:
    await rest.ask("x", {"session_id": "s1"})
    cleared = (await rest("DELETE", "api/sessions/s1")).body
    assert cleared == {"status": "cleared", "session_id": "s1", "restorable_until": cleared["restorable_until"]}
    for method in ("DELETE", "GET"):
        reply = await rest(method, "api/sessions/s1")
        assert (reply.status, reply.body["code"]) == (404, "not_found")
    assert (await rest.ask("y", {"session_id": "s1"})).body["turn_count"] == 2


@pytest.mark.parametrize("prefix", ["api/sessions", "api/agent/sessions"])
async def test_a_deletion_says_until_when_it_can_be_taken_back_and_is(rest: RestClient, prefix: str) -> None:
    await rest.ask("x", {"session_id": "s1", "notebook_id": "a.ipynb"})
    before = (await rest("GET", "api/agent/sessions/s1")).body
    until = datetime.fromisoformat((await rest("DELETE", f"{prefix}/s1")).body["restorable_until"])
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)  # of a store in memory
    assert (await rest("GET", "api/agent/sessions")).body["sessions"] == []
    assert (await rest("POST", "api/agent/sessions/s1/restore", notebook_id="b.ipynb")).status == 404
    restored = await rest("POST", "api/agent/sessions/s1/restore")
    assert (restored.status, restored.body) == (200, before)
    assert (await rest("POST", "api/agent/sessions/s1/restore")).status == 404
    assert (await rest("GET", "api/agent/sessions/s1/history")).body["history"][0]["content"] == "x"


async def test_S12_clearing_stops_the_turn_that_runs(rest: RestClient, script: Script) -> None:
    script([{"text": "Never said.", "delay": 60}])
    stream = rest.stream("x", {"session_id": "s1"})
    await stream.until("turn")
    assert (await rest("DELETE", "api/agent/sessions/s1")).status == 200
    assert [name for name, _ in await stream.all()] == ["cancelled"]
    assert (await rest("GET", "api/agent/sessions/s1")).status == 404


async def test_conversations_are_listed_searched_and_paged(rest: RestClient) -> None:
    for number in range(3):
        await rest.ask(f"question {number}", {"session_id": f"s{number}", "notebook_id": f"n{number % 2}.ipynb"})
    listed = (await rest("GET", "api/agent/sessions")).body["sessions"]
    assert [session["session_id"] for session in listed] == ["s2", "s1", "s0"]
    of_one = (await rest("GET", "api/agent/sessions", notebook_id="n0.ipynb")).body["sessions"]
    assert [session["session_id"] for session in of_one] == ["s2", "s0"]
    found = (await rest("GET", "api/agent/sessions", q="question 1")).body["sessions"]
    assert [session["session_id"] for session in found] == ["s1"]
    first = (await rest("GET", "api/agent/sessions", limit="2")).body
    second = (await rest("GET", "api/agent/sessions", limit="2", cursor=first["cursor"])).body
    assert [session["session_id"] for session in first["sessions"] + second["sessions"]] == ["s2", "s1", "s0"]
    for bad in ({"limit": "201"}, {"notebook_id": "a\x0f.ipynb"}, {"notebook_id": "a\x00"}):
        assert (await rest("GET", "api/agent/sessions", None, None, **bad)).status == 400


async def test_title_and_metadata_can_be_set(rest: RestClient) -> None:
    await rest.ask("x", {"session_id": "s1"})
    changed = await rest("PATCH", "api/agent/sessions/s1", {"title": "Sales", "metadata": {"__proto__": 1}})
    assert (changed.body["title"], changed.body["metadata"]) == ("Sales", {"__proto__": 1})
    assert (await rest("GET", "api/sessions/s1")).body["title"] == "Sales"
    assert (await rest("PATCH", "api/agent/sessions/s1", {})).status == 400
    assert (await rest("PATCH", "api/agent/sessions/s1", {"owner": "bob"})).status == 400
    assert (await rest("PATCH", "api/agent/sessions/nobody", {"title": "x"})).status == 404


async def test_one_id_about_two_notebooks_is_told_apart_by_the_notebook(rest: RestClient) -> None:
    for path in ("a.ipynb", "b.ipynb"):
        await rest.ask(path, {"session_id": "s1", "notebook_id": path})
    assert (await rest("GET", "api/sessions/s1", notebook_id="a.ipynb")).body["title"] == "a.ipynb"
    assert (await rest("DELETE", "api/sessions/s1")).body["code"] == "ambiguous_session"
    assert (await rest("DELETE", "api/sessions/s1", notebook_id="a.ipynb")).status == 200
    assert (await rest("GET", "api/sessions/s1")).body["notebook_id"] == "b.ipynb"


# Beside Jupyter's own ------------------------------------------------------------------------------


UNKNOWN = "0a0a0a0a-1111-2222-3333-444444444444"


async def test_an_id_that_nobody_knows_is_answered_in_jupyters_own_words(rest: RestClient) -> None:
    for method in ("GET", "DELETE"):
        reply = await rest(method, f"api/sessions/{UNKNOWN}")
        assert (reply.status, json.loads(reply.text)) == (
            404,
            {"message": f"Session not found: session_id='{UNKNOWN}'", "reason": None},
        )


async def test_S4_a_conversation_may_have_a_uuid_as_clients_make_them(rest: RestClient) -> None:
    ours = str(uuid.uuid4())
    await rest.ask("x", {"session_id": ours})
    assert (await rest("GET", f"api/sessions/{ours}")).body["session_id"] == ours
    assert len((await rest("GET", f"api/sessions/{ours}/history")).body["history"]) == 2
    cleared = (await rest("DELETE", f"api/sessions/{ours}")).body
    assert (cleared["status"], cleared["session_id"]) == ("cleared", ours)
    assert (await rest("GET", f"api/sessions/{ours}")).body["message"].startswith("Session not found")


async def test_S4_for_an_id_that_jupyter_knows_jupyter_answers(
    rest: RestClient, jp_serverapp: Any, jp_root_dir: Any, echo_kernel_spec: Any
) -> None:
    sessions: Any = jp_serverapp.session_manager
    made = await sessions.create_session(path="a.ipynb", type="notebook", name="a", kernel_name="echo")
    theirs = made["id"]
    before = (await rest("GET", f"api/sessions/{theirs}")).body
    await rest.ask("x", {"session_id": theirs})
    assert (await rest("GET", f"api/sessions/{theirs}")).body["path"] == before["path"] == "a.ipynb"
    assert (await rest("GET", f"api/agent/sessions/{theirs}")).body["title"] == "x"
    assert [session["id"] for session in (await rest("GET", "api/sessions")).body] == [theirs]
    renamed = await rest("PATCH", f"api/sessions/{theirs}", {"path": "b.ipynb"})
    assert renamed.body["path"] == "b.ipynb"
    assert (await rest("DELETE", f"api/agent/sessions/{theirs}")).status == 200
    assert made["kernel"]["id"] in jp_serverapp.kernel_manager
    gone = await rest("DELETE", f"api/sessions/{theirs}")
    assert (gone.status, gone.text) == (204, "")
    assert made["kernel"]["id"] not in jp_serverapp.kernel_manager


async def test_when_the_store_is_away_jupyters_own_answer_stands(
    rest: RestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: Any) -> Any:
        from jupyter_agent.core.errors import StoreUnavailable

        raise StoreUnavailable("The store is away.")

    monkeypatch.setattr(services.assistant.sessions, "get", away)
    reply = await rest("GET", f"api/sessions/{UNKNOWN}")
    assert (reply.status, reply.body["message"]) == (404, f"Session not found: session_id='{UNKNOWN}'")
    own = await rest("GET", "api/agent/sessions/s1")
    assert (own.status, own.body["code"]) == (503, "store_unavailable")
