"""What may be done with a whole conversation through the REST door: undo to share, replay, export and import."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import nbformat
import pytest
from jsonschema import Draft202012Validator

from jupyter_agent.server.openapi.document import document
from jupyter_agent.server.services import Services
from tests.support.agent_client import Door, Script

S1 = "api/agent/sessions/s1"


async def talk(door: Door, *questions: str, model: str | None = None, **context: str) -> list[str]:
    """Ask in s1; the ids of the turns."""
    where: dict[str, Any] = {"session_id": "s1", **context}
    replies = [await door.ask(one, where, model=model) for one in questions]
    return [one.body["turn_id"] for one in replies]


async def said(door: Door, session: str = "s1", **params: str) -> list[str]:
    """What stands in the history, questions and answers."""
    reply = await door("GET", f"api/agent/sessions/{session}/history", None, None, **params)
    return [one["content"] for one in reply.body["history"]]


async def test_undo_takes_the_newest_turn_back_and_redo_brings_it_again(door: Door) -> None:
    first, second = await talk(door, "one", "two")
    undone = await door("POST", f"{S1}/undo")
    assert (undone.status, undone.body["head"], undone.body["turn_count"]) == (200, first, 2)
    assert await said(door) == ["one", "Answered."]
    assert (await door("POST", f"{S1}/redo")).body["head"] == second
    assert await said(door) == ["one", "Answered.", "two", "Answered."]
    nothing = await door("POST", f"{S1}/redo")
    assert (nothing.status, nothing.body["message"]) == (409, "There is nothing to redo.")
    for _ in range(2):
        await door("POST", f"{S1}/undo", {})
    assert (await door("POST", f"{S1}/undo")).status == 409


async def test_a_question_asked_again_elsewhere_makes_a_branch_and_no_turn_is_lost(door: Door) -> None:
    first, second, third = await talk(door, "one", "two", "three")
    back = await door("POST", f"{S1}/go", {"turn_id": first})
    assert (back.status, back.body["head"]) == (200, first)
    (other,) = await talk(door, "two, otherwise")
    await door("POST", f"{S1}/undo")
    (fourth,) = await talk(door, "two, once more")
    tree = (await door("GET", f"{S1}/turns")).body
    assert tree["head"] == fourth
    assert [(one["turn_id"], one["parent"]) for one in tree["turns"]] == [
        (first, None),
        (second, first),
        (other, first),
        (fourth, first),
        (third, second),
    ]
    await door("POST", f"{S1}/go", {"turn_id": third})
    assert (await said(door))[::2] == ["one", "two", "three"]
    assert (await door("POST", f"{S1}/go", {"turn_id": None})).body["turn_count"] == 0
    assert len((await door("GET", f"{S1}/turns")).body["turns"]) == 5
    assert (await door("POST", f"{S1}/go", {"turn_id": "never"})).status == 404


async def test_while_a_turn_runs_nothing_is_undone(door: Door, script: Script) -> None:
    script([{"text": "Never said.", "delay": 60}])
    stream = door.stream("x", {"session_id": "s1"})
    await stream.until("turn")
    assert (await door("POST", f"{S1}/undo")).body["code"] == "turn_in_progress"
    assert (await door("GET", S1)).body["running"]["question"] == "x"
    await door("DELETE", S1)
    await stream.all()


async def test_a_branch_is_a_conversation_of_its_own_up_to_a_turn(door: Door) -> None:
    first, _ = await talk(door, "one", "two", notebook_id="a.ipynb")
    whole = await door("POST", f"{S1}/branch")
    assert (whole.status, whole.body["turn_count"], whole.body["notebook_id"]) == (201, 4, "a.ipynb")
    part = (await door("POST", f"{S1}/branch", {"turn_id": first}, notebook_id="a.ipynb")).body
    await door.ask("other", {"session_id": part["session_id"], "notebook_id": "a.ipynb"})
    assert await said(door, part["session_id"]) == ["one", "Answered.", "other", "Answered."]
    assert await said(door) == ["one", "Answered.", "two", "Answered."]
    assert (await door("POST", f"{S1}/branch", {"turn_id": "nothing"})).status == 404
    assert (await door("POST", f"{S1}/branch", {"turn": first})).status == 400


async def test_a_replay_asks_again_in_a_new_conversation_and_compares(door: Door, script: Script) -> None:
    script([{"match": one, "text": f"on {one}"} for one in ("alpha", "beta", "gamma")])
    _, second, _ = await talk(door, "alpha", "beta", "gamma", notebook_id="a.ipynb")
    await door("POST", f"{S1}/undo")
    await talk(door, "gamma", model="offline", notebook_id="a.ipynb")
    replayed = await door("POST", f"{S1}/replay", {"from": second})
    assert (replayed.status, replayed.body["left"], replayed.body["stopped"]) == (201, 0, "")
    assert [(one["question"], one["after"]["reply"], one["same"]) for one in replayed.body["turns"]] == [
        ("beta", "on beta", True),
        ("gamma", "on gamma", False),
    ]
    made = replayed.body["session"]["session_id"]
    assert await said(door, made) == ["alpha", "on alpha", "beta", "on beta", "gamma", "on gamma"]
    assert (await said(door))[:5] == ["alpha", "on alpha", "beta", "on beta", "gamma"]
    part = (await door("POST", f"{S1}/replay", {"to": second})).body
    assert [one["question"] for one in part["turns"]] == ["alpha", "beta"]
    assert (await door("POST", f"{S1}/replay", {"from": "nothing"})).status == 404


async def test_a_replay_may_ask_another_model(door: Door) -> None:
    await talk(door, "what is df?")
    replayed = (await door("POST", f"{S1}/replay", {"model": "offline"})).body
    assert replayed["turns"][0]["after"]["model"] == "offline"
    unknown = await door("POST", f"{S1}/replay", {"model": "nobody:x"})
    assert (unknown.status, unknown.body["code"]) == (400, "unknown_model")
    assert len((await door("GET", "api/agent/sessions")).body["sessions"]) == 2


async def test_a_replay_stops_at_the_first_question_that_is_not_answered(door: Door, script: Script) -> None:
    script([{"error": "upstream_auth", "message": "No key."}])
    await talk(door, "one", "two", model="offline")
    replayed = (await door("POST", f"{S1}/replay")).body
    assert (replayed["left"], replayed["stopped"]) == (1, "No key.")
    assert [one["after"]["status"] for one in replayed["turns"]] == ["failed"]


async def test_a_client_that_leaves_ends_its_replay(
    door: Door, script: Script, services: Services, jp_fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    script([{"text": "slow", "chunks": 4, "delay": 60}, {"text": "never"}])
    await talk(door, "one", "two", model="offline")
    asked: asyncio.Queue[Any] = asyncio.Queue()
    start = services.turns.start

    def noted(*arguments: Any) -> Any:
        turn = start(*arguments)
        asked.put_nowait(turn)
        return turn

    monkeypatch.setattr(services.turns, "start", noted)
    with pytest.raises(Exception, match="imeout"):
        await jp_fetch(*S1.split("/"), "replay", method="POST", allow_nonstandard_methods=True, request_timeout=1)
    turn = await asyncio.wait_for(asked.get(), 30)
    await asyncio.wait_for(turn.ended(), 30)
    assert turn.stopped == "cancelled"
    assert asked.empty()


async def test_a_summary_is_kept_or_written_by_the_model(door: Door, script: Script) -> None:
    script([{"text": "a"}, {"match": "Summarize our conversation", "text": "One question."}])
    (turn,) = await talk(door, "one")
    given = await door("POST", f"{S1}/summarize", {"summary": "Short."})
    assert given.body == {"session_id": "s1", "summary": "Short.", "turn_id": turn}
    written = await door("POST", f"{S1}/summarize")
    assert written.body == {"session_id": "s1", "summary": "One question.", "turn_id": turn}
    assert await said(door) == ["one", "a"]
    assert len((await door("GET", "api/agent/sessions")).body["sessions"]) == 1
    assert (await door("POST", f"{S1}/summarize", {"turn_id": turn})).status == 400


async def test_a_summary_that_the_model_cannot_write_is_an_error_and_leaves_nothing(door: Door, script: Script) -> None:
    script([{"error": "upstream_auth", "message": "No key."}])
    await talk(door, "one", model="offline")
    reply = await door("POST", f"{S1}/summarize")
    assert (reply.status, reply.body["code"], reply.body["message"]) == (502, "upstream_auth", "No key.")
    assert len((await door("GET", "api/agent/sessions")).body["sessions"]) == 1


async def test_a_shared_conversation_can_be_read_until_it_is_revoked(door: Door) -> None:
    await talk(door, "one", notebook_id="private/a.ipynb")
    shared = await door("POST", f"{S1}/share")
    assert (shared.status, shared.body["mode"]) == (201, "read")
    path = f"api/agent/shared/{shared.body['secret']}"
    seen = await door("GET", path)
    assert [one["content"] for one in seen.body["history"]] == ["one", "Answered."]
    assert "private" not in seen.text
    assert (await door("POST", f"{path}/copy")).body["code"] == "forbidden"
    assert (await door("DELETE", f"{S1}/share")).body == {"session_id": "s1", "revoked": 1}
    gone, unknown = await door("GET", path), await door("GET", "api/agent/shared/unknown")
    assert gone.status == unknown.status == 404
    assert gone.body["message"] == unknown.body["message"]


async def test_a_copy_of_a_shared_conversation_goes_its_own_way(door: Door) -> None:
    await talk(door, "one")
    first = (await door("POST", f"{S1}/share", {"mode": "copy"})).body["secret"]
    second = (await door("POST", f"{S1}/share")).body["secret"]
    copied = await door("POST", f"api/agent/shared/{first}/copy")
    assert (copied.status, await said(door, copied.body["session_id"])) == (201, ["one", "Answered."])
    assert (await door("DELETE", f"{S1}/share", secret=first)).body["revoked"] == 1
    assert (await door("POST", f"api/agent/shared/{first}/copy")).status == 404
    assert (await door("GET", f"api/agent/shared/{second}")).status == 200


async def test_an_export_is_a_file_of_each_format(door: Door, script: Script) -> None:
    script([{"text": "Try:\n\n```python\ndf.head()\n```\n"}])
    await talk(door, "über df?", notebook_id="a.ipynb")
    exported = await door("GET", f"{S1}/export")
    assert exported.body["session"]["id"] == "s1"
    assert exported.headers["Content-Disposition"] == 'attachment; filename="conversation-s1.json"'
    markdown = await door("GET", f"{S1}/export", format="md")
    assert markdown.headers["Content-Type"].startswith("text/markdown")
    assert "> über df?" in markdown.text
    read: Any = nbformat
    notebook = read.reads((await door("GET", f"{S1}/export", format="ipynb")).text, as_version=4)
    assert [one.source for one in notebook.cells if one.cell_type == "code"] == ["df.head()"]
    assert (await door("GET", f"{S1}/export", format="pdf")).body["message"] == "format must be one of json, md, ipynb."


async def test_an_exported_conversation_comes_back(door: Door) -> None:
    await talk(door, "one", "two", notebook_id="a.ipynb")
    exported = (await door("GET", f"{S1}/export")).body
    before = await said(door)
    taken = await door("POST", "api/agent/sessions/import", exported)
    assert (taken.status, taken.body["code"]) == (409, "version_conflict")
    await door("DELETE", S1)
    made = await door("POST", "api/agent/sessions/import", exported)
    assert (made.status, made.body["session_id"], made.body["notebook_id"]) == (201, "s1", "a.ipynb")
    assert await said(door) == before
    assert (await door.ask("three", {"session_id": "s1", "notebook_id": "a.ipynb"})).body["turn_count"] == 6


async def test_what_is_no_export_is_not_imported(door: Door) -> None:
    await talk(door, "one")
    exported = (await door("GET", f"{S1}/export")).body
    await door("DELETE", S1)
    for wrong in (
        {},
        {**exported, "format": "else"},
        {**exported, "schema": 999},
        {**exported, "turns": [{"id": "x"}]},
        {**exported, "turns": exported["turns"] * 2},
        {**exported, "session": {**exported["session"], "id": "../etc"}},
    ):
        reply = await door("POST", "api/agent/sessions/import", wrong)
        assert (reply.status, reply.body["code"]) == (400, "bad_request")
    assert (await door("GET", "api/agent/sessions")).body["sessions"] == []


async def test_an_imported_stamp_that_no_calendar_has_does_not_hide_the_conversation(door: Door) -> None:
    await talk(door, "one")
    exported = (await door("GET", f"{S1}/export")).body
    await door("DELETE", S1)
    exported["turns"][0]["started"] = 1e300
    assert (await door("POST", "api/agent/sessions/import", exported)).status == 201
    assert await said(door) == ["one", "Answered."]


class TestExpiry:
    """A server that keeps conversations for an hour."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        ours = {**jp_server_config["JupyterAgent"], "session_max_age_hours": 1}
        return {**jp_server_config, "JupyterAgent": ours}

    async def test_a_cleanup_forgets_what_is_too_old(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        import time

        earlier = time.time() - 3601
        monkeypatch.setattr(time, "time", lambda: earlier)
        await talk(door, "one")
        assert (await door("POST", "api/agent/sessions/cleanup")).body == {"removed": 0}
        monkeypatch.undo()
        assert (await door("POST", "api/agent/sessions/cleanup")).body == {"removed": 1}
        assert (await door("GET", S1)).status == 404


async def test_S5_of_twenty_who_import_one_id_one_makes_it(door: Door) -> None:
    await talk(door, "one")
    exported = (await door("GET", f"{S1}/export")).body
    await door("DELETE", S1)
    replies = await asyncio.gather(*(door("POST", "api/agent/sessions/import", exported) for _ in range(20)))
    assert sorted(one.status for one in replies) == [201, *[409] * 19]
    assert len((await door("GET", "api/agent/sessions")).body["sessions"]) == 1


OPERATIONS = [
    *(("POST", f"{{}}/{one}") for one in ("undo", "redo", "branch", "replay", "summarize", "share")),
    ("DELETE", "{}/share"),
    ("GET", "{}/export"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_S13_on_a_deleted_or_unknown_conversation_nothing_is_done(door: Door, method: str, path: str) -> None:
    await talk(door, "one")
    await door("DELETE", S1)
    for session in ("s1", "never"):
        reply = await door(method, "api/agent/sessions/" + path.format(session))
        assert (reply.status, reply.body["message"]) == (404, "There is no such conversation.")
    assert (await door("GET", "api/agent/sessions")).body["sessions"] == []


async def test_replies_are_what_the_document_says(door: Door, script: Script) -> None:
    script([{"text": "A summary."}])
    await talk(door, "one", model="offline")
    shared = await door("POST", f"{S1}/share")
    replies = {
        "Shared": shared,
        "SharedSession": await door("GET", f"api/agent/shared/{shared.body['secret']}"),
        "Unshared": await door("DELETE", f"{S1}/share"),
        "Session": await door("POST", f"{S1}/branch"),
        "Replayed": await door("POST", f"{S1}/replay"),
        "Summary": await door("POST", f"{S1}/summarize"),
        "ExportedSession": await door("GET", f"{S1}/export"),
        "Cleaned": await door("POST", "api/agent/sessions/cleanup"),
    }
    for name, reply in replies.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
        Draft202012Validator(schema).validate(reply.body)


async def test_the_notebook_tells_conversations_of_one_id_apart(door: Door) -> None:
    for path in ("a.ipynb", "b.ipynb"):
        await talk(door, f"about {path}", notebook_id=path)
    assert (await door("POST", f"{S1}/undo", notebook_id="a.ipynb")).body["notebook_id"] == "a.ipynb"
    assert await said(door, notebook_id="a.ipynb") == []
    assert await said(door, notebook_id="b.ipynb") == ["about b.ipynb", "Answered."]
    exported = json.loads((await door("GET", f"{S1}/export", notebook_id="b.ipynb")).text)
    assert exported["session"]["notebook_id"] == "b.ipynb"
