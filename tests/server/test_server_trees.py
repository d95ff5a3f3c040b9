"""What may be done with a whole conversation through the REST API: undo to share, replay, export and import."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import nbformat
import pytest
from jsonschema import Draft202012Validator

from jupyter_agent.server.openapi.document import document
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script
from tests.support.session_operations import SESSION_OPERATIONS

S1 = "api/agent/sessions/s1"


async def talk(rest: RestClient, *questions: str, model: str | None = None, **context: str) -> list[str]:
    """Ask in s1; the ids of the turns."""
    where: dict[str, Any] = {"session_id": "s1", **context}
    replies = [await rest.ask(question, where, model=model) for question in questions]
    return [reply.body["turn_id"] for reply in replies]


async def contents(rest: RestClient, session: str = "s1", **params: str) -> list[str]:
    """What stands in the history, questions and answers."""
    reply = await rest("GET", f"api/agent/sessions/{session}/history", None, None, **params)
    return [entry["content"] for entry in reply.body["history"]]


async def test_undo_takes_the_newest_turn_back_and_redo_brings_it_again(rest: RestClient) -> None:
    first, second = await talk(rest, "one", "two")
    undone = await rest("POST", f"{S1}/undo")
    assert (undone.status, undone.body["head"], undone.body["turn_count"]) == (200, first, 2)
    assert await contents(rest) == ["one", "Answered."]
    assert (await rest("POST", f"{S1}/redo")).body["head"] == second
    assert await contents(rest) == ["one", "Answered.", "two", "Answered."]
    nothing = await rest("POST", f"{S1}/redo")
    assert (nothing.status, nothing.body["message"]) == (409, "There is nothing to redo.")
    for _ in range(2):
        await rest("POST", f"{S1}/undo", {})
    assert (await rest("POST", f"{S1}/undo")).status == 409


async def test_a_question_asked_again_elsewhere_makes_a_branch_and_no_turn_is_lost(rest: RestClient) -> None:
    first, second, third = await talk(rest, "one", "two", "three")
    back = await rest("POST", f"{S1}/go", {"turn_id": first})
    assert (back.status, back.body["head"]) == (200, first)
    (other,) = await talk(rest, "two, otherwise")
    await rest("POST", f"{S1}/undo")
    (fourth,) = await talk(rest, "two, once more")
    tree = (await rest("GET", f"{S1}/turns")).body
    assert tree["head"] == fourth
    assert [(turn["turn_id"], turn["parent"]) for turn in tree["turns"]] == [
        (first, None),
        (second, first),
        (other, first),
        (fourth, first),
        (third, second),
    ]
    await rest("POST", f"{S1}/go", {"turn_id": third})
    assert (await contents(rest))[::2] == ["one", "two", "three"]
    assert (await rest("POST", f"{S1}/go", {"turn_id": None})).body["turn_count"] == 0
    assert len((await rest("GET", f"{S1}/turns")).body["turns"]) == 5
    assert (await rest("POST", f"{S1}/go", {"turn_id": "never"})).status == 404


async def test_while_a_turn_runs_nothing_is_undone(rest: RestClient, script: Script) -> None:
    script([{"text": "Never said.", "delay": 60}])
    stream = rest.stream("x", {"session_id": "s1"})
    await stream.until("turn")
    assert (await rest("POST", f"{S1}/undo")).body["code"] == "turn_in_progress"
    assert (await rest("GET", S1)).body["running"]["question"] == "x"
    await rest("DELETE", S1)
    await stream.all()


async def test_a_branch_is_a_conversation_of_its_own_up_to_a_turn(rest: RestClient) -> None:
    first, _ = await talk(rest, "one", "two", notebook_id="a.ipynb")
    whole = await rest("POST", f"{S1}/branch")
    assert (whole.status, whole.body["turn_count"], whole.body["notebook_id"]) == (201, 4, "a.ipynb")
    part = (await rest("POST", f"{S1}/branch", {"turn_id": first}, notebook_id="a.ipynb")).body
    await rest.ask("other", {"session_id": part["session_id"], "notebook_id": "a.ipynb"})
    assert await contents(rest, part["session_id"]) == ["one", "Answered.", "other", "Answered."]
    assert await contents(rest) == ["one", "Answered.", "two", "Answered."]
    assert (await rest("POST", f"{S1}/branch", {"turn_id": "nothing"})).status == 404
    assert (await rest("POST", f"{S1}/branch", {"turn": first})).status == 400


async def test_a_replay_asks_again_in_a_new_conversation_and_compares(rest: RestClient, script: Script) -> None:
    script([{"match": word, "text": f"on {word}"} for word in ("alpha", "beta", "gamma")])
    _, second, _ = await talk(rest, "alpha", "beta", "gamma", notebook_id="a.ipynb")
    await rest("POST", f"{S1}/undo")
    await talk(rest, "gamma", model="offline", notebook_id="a.ipynb")
    replayed = await rest("POST", f"{S1}/replay", {"from": second})
    assert (replayed.status, replayed.body["left"], replayed.body["stopped"]) == (201, 0, "")
    assert [(turn["question"], turn["after"]["reply"], turn["same"]) for turn in replayed.body["turns"]] == [
        ("beta", "on beta", True),
        ("gamma", "on gamma", False),
    ]
    made = replayed.body["session"]["session_id"]
    assert await contents(rest, made) == ["alpha", "on alpha", "beta", "on beta", "gamma", "on gamma"]
    assert (await contents(rest))[:5] == ["alpha", "on alpha", "beta", "on beta", "gamma"]
    part = (await rest("POST", f"{S1}/replay", {"to": second})).body
    assert [turn["question"] for turn in part["turns"]] == ["alpha", "beta"]
    assert (await rest("POST", f"{S1}/replay", {"from": "nothing"})).status == 404


async def test_a_replay_may_ask_another_model(rest: RestClient) -> None:
    await talk(rest, "what is df?")
    replayed = (await rest("POST", f"{S1}/replay", {"model": "offline"})).body
    assert replayed["turns"][0]["after"]["model"] == "offline"
    unknown = await rest("POST", f"{S1}/replay", {"model": "nobody:x"})
    assert (unknown.status, unknown.body["code"]) == (400, "unknown_model")
    assert len((await rest("GET", "api/agent/sessions")).body["sessions"]) == 2


async def test_a_replay_stops_at_the_first_question_that_is_not_answered(rest: RestClient, script: Script) -> None:
    script([{"error": "upstream_auth", "message": "No key."}])
    await talk(rest, "one", "two", model="offline")
    replayed = (await rest("POST", f"{S1}/replay")).body
    assert (replayed["left"], replayed["stopped"]) == (1, "No key.")
    assert [turn["after"]["status"] for turn in replayed["turns"]] == ["failed"]


async def test_a_client_that_leaves_ends_its_replay(
    rest: RestClient, script: Script, services: Services, jp_fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    script([{"text": "slow", "chunks": 4, "delay": 60}, {"text": "never"}])
    await talk(rest, "one", "two", model="offline")
    asked: asyncio.Queue[Any] = asyncio.Queue()
    start = services.turns.start

    def noted(*arguments: Any, **named: Any) -> Any:
        turn = start(*arguments, **named)
        asked.put_nowait(turn)
        return turn

    monkeypatch.setattr(services.turns, "start", noted)
    with pytest.raises(Exception, match="imeout"):
        await jp_fetch(*S1.split("/"), "replay", method="POST", allow_nonstandard_methods=True, request_timeout=1)
    turn = await asyncio.wait_for(asked.get(), 30)
    await asyncio.wait_for(turn.ended(), 30)
    assert turn.stopped == "cancelled"
    assert asked.empty()


async def test_a_summary_is_kept_or_written_by_the_model(rest: RestClient, script: Script) -> None:
    script([{"text": "a"}, {"match": "Summarize our conversation", "text": "One question."}])
    (turn,) = await talk(rest, "one")
    given = await rest("POST", f"{S1}/summarize", {"summary": "Short."})
    assert given.body == {"session_id": "s1", "summary": "Short.", "turn_id": turn}
    written = await rest("POST", f"{S1}/summarize")
    assert written.body == {"session_id": "s1", "summary": "One question.", "turn_id": turn}
    assert await contents(rest) == ["one", "a"]
    assert len((await rest("GET", "api/agent/sessions")).body["sessions"]) == 1
    assert (await rest("POST", f"{S1}/summarize", {"turn_id": turn})).status == 400


async def test_a_summary_that_the_model_cannot_write_is_an_error_and_leaves_nothing(
    rest: RestClient, script: Script
) -> None:
    script([{"error": "upstream_auth", "message": "No key."}])
    await talk(rest, "one", model="offline")
    reply = await rest("POST", f"{S1}/summarize")
    assert (reply.status, reply.body["code"], reply.body["message"]) == (502, "upstream_auth", "No key.")
    assert len((await rest("GET", "api/agent/sessions")).body["sessions"]) == 1


async def test_a_shared_conversation_can_be_read_until_it_is_revoked(rest: RestClient) -> None:
    await talk(rest, "one", notebook_id="private/a.ipynb")
    shared = await rest("POST", f"{S1}/share")
    assert (shared.status, shared.body["mode"]) == (201, "read")
    path = f"api/agent/shared/{shared.body['secret']}"
    seen = await rest("GET", path)
    assert [entry["content"] for entry in seen.body["history"]] == ["one", "Answered."]
    assert "private" not in seen.text
    assert (await rest("POST", f"{path}/copy")).body["code"] == "forbidden"
    assert (await rest("DELETE", f"{S1}/share")).body == {"session_id": "s1", "revoked": 1}
    gone, unknown = await rest("GET", path), await rest("GET", "api/agent/shared/unknown")
    assert gone.status == unknown.status == 404
    assert gone.body["message"] == unknown.body["message"]


async def test_a_copy_of_a_shared_conversation_goes_its_own_way(rest: RestClient) -> None:
    await talk(rest, "one")
    first = (await rest("POST", f"{S1}/share", {"mode": "copy"})).body["secret"]
    second = (await rest("POST", f"{S1}/share")).body["secret"]
    copied = await rest("POST", f"api/agent/shared/{first}/copy")
    assert (copied.status, await contents(rest, copied.body["session_id"])) == (201, ["one", "Answered."])
    assert (await rest("DELETE", f"{S1}/share", secret=first)).body["revoked"] == 1
    assert (await rest("POST", f"api/agent/shared/{first}/copy")).status == 404
    assert (await rest("GET", f"api/agent/shared/{second}")).status == 200


async def test_an_export_is_a_file_of_each_format(rest: RestClient, script: Script) -> None:
    script([{"text": "Try:\n\n```python\ndf.head()\n```\n"}])
    await talk(rest, "über df?", notebook_id="a.ipynb")
    exported = await rest("GET", f"{S1}/export")
    assert exported.body["session"]["id"] == "s1"
    assert exported.headers["Content-Disposition"] == 'attachment; filename="conversation-s1.json"'
    markdown = await rest("GET", f"{S1}/export", format="md")
    assert markdown.headers["Content-Type"].startswith("text/markdown")
    assert "> über df?" in markdown.text
    read: Any = nbformat
    notebook = read.reads((await rest("GET", f"{S1}/export", format="ipynb")).text, as_version=4)
    assert [cell.source for cell in notebook.cells if cell.cell_type == "code"] == ["df.head()"]
    assert (await rest("GET", f"{S1}/export", format="pdf")).body[
        "message"
    ] == "'format' must be one of ipynb, json, md."


async def test_an_exported_conversation_comes_back(rest: RestClient) -> None:
    await talk(rest, "one", "two", notebook_id="a.ipynb")
    exported = (await rest("GET", f"{S1}/export")).body
    before = await contents(rest)
    taken = await rest("POST", "api/agent/sessions/import", exported)
    assert (taken.status, taken.body["code"]) == (409, "version_conflict")
    await rest("DELETE", S1)
    made = await rest("POST", "api/agent/sessions/import", exported)
    assert (made.status, made.body["session_id"], made.body["notebook_id"]) == (201, "s1", "a.ipynb")
    assert await contents(rest) == before
    assert (await rest.ask("three", {"session_id": "s1", "notebook_id": "a.ipynb"})).body["turn_count"] == 6


async def test_what_is_no_export_is_not_imported(rest: RestClient) -> None:
    await talk(rest, "one")
    exported = (await rest("GET", f"{S1}/export")).body
    await rest("DELETE", S1)
    for wrong in (
        {},
        {**exported, "format": "else"},
        {**exported, "schema": 999},
        {**exported, "turns": [{"id": "x"}]},
        {**exported, "turns": exported["turns"] * 2},
        {**exported, "session": {**exported["session"], "id": "../etc"}},
    ):
        reply = await rest("POST", "api/agent/sessions/import", wrong)
        assert (reply.status, reply.body["code"]) == (400, "bad_request")
    assert (await rest("GET", "api/agent/sessions")).body["sessions"] == []


async def test_an_imported_stamp_that_no_calendar_has_does_not_hide_the_conversation(rest: RestClient) -> None:
    await talk(rest, "one")
    exported = (await rest("GET", f"{S1}/export")).body
    await rest("DELETE", S1)
    exported["turns"][0]["started"] = 1e300
    assert (await rest("POST", "api/agent/sessions/import", exported)).status == 201
    assert await contents(rest) == ["one", "Answered."]


class TestExpiry:
    """A server that keeps conversations for an hour."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        ours = {**jp_server_config["JupyterAgent"], "session_max_age_hours": 1}
        return {**jp_server_config, "JupyterAgent": ours}

    async def test_a_cleanup_forgets_what_is_too_old(self, rest: RestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        import time

        earlier = time.time() - 3601
        monkeypatch.setattr(time, "time", lambda: earlier)
        await talk(rest, "one")
        assert (await rest("POST", "api/agent/sessions/cleanup")).body == {"removed": 0}
        monkeypatch.undo()
        assert (await rest("POST", "api/agent/sessions/cleanup")).body == {"removed": 1}
        assert (await rest("GET", S1)).status == 404


async def test_S5_of_twenty_who_import_one_id_one_makes_it(rest: RestClient) -> None:
    await talk(rest, "one")
    exported = (await rest("GET", f"{S1}/export")).body
    await rest("DELETE", S1)
    replies = await asyncio.gather(*(rest("POST", "api/agent/sessions/import", exported) for _ in range(20)))
    assert sorted(reply.status for reply in replies) == [201, *[409] * 19]
    assert len((await rest("GET", "api/agent/sessions")).body["sessions"]) == 1


@pytest.mark.parametrize(("method", "path"), SESSION_OPERATIONS)
async def test_S13_on_a_deleted_or_unknown_conversation_nothing_is_done(
    rest: RestClient, method: str, path: str
) -> None:
    await talk(rest, "one")
    await rest("DELETE", S1)
    for session in ("s1", "never"):
        reply = await rest(method, "api/agent/sessions/" + path.format(session))
        assert (reply.status, reply.body["message"]) == (404, "There is no such conversation.")
    assert (await rest("GET", "api/agent/sessions")).body["sessions"] == []


async def test_replies_are_what_the_document_says(rest: RestClient, script: Script) -> None:
    script([{"text": "A summary."}])
    await talk(rest, "one", model="offline")
    shared = await rest("POST", f"{S1}/share")
    replies = {
        "ShareReply": shared,
        "SharedSessionReply": await rest("GET", f"api/agent/shared/{shared.body['secret']}"),
        "UnshareReply": await rest("DELETE", f"{S1}/share"),
        "SessionReply": await rest("POST", f"{S1}/branch"),
        "ReplayReply": await rest("POST", f"{S1}/replay"),
        "SummaryReply": await rest("POST", f"{S1}/summarize"),
        "ExportedSession": await rest("GET", f"{S1}/export"),
        "CleanupReply": await rest("POST", "api/agent/sessions/cleanup"),
    }
    for name, reply in replies.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
        Draft202012Validator(schema).validate(reply.body)


async def test_the_notebook_tells_conversations_of_one_id_apart(rest: RestClient) -> None:
    for path in ("a.ipynb", "b.ipynb"):
        await talk(rest, f"about {path}", notebook_id=path)
    assert (await rest("POST", f"{S1}/undo", notebook_id="a.ipynb")).body["notebook_id"] == "a.ipynb"
    assert await contents(rest, notebook_id="a.ipynb") == []
    assert await contents(rest, notebook_id="b.ipynb") == ["about b.ipynb", "Answered."]
    exported = json.loads((await rest("GET", f"{S1}/export", notebook_id="b.ipynb")).text)
    assert exported["session"]["notebook_id"] == "b.ipynb"


async def test_H12_more_conversations_than_are_kept_is_an_answer_that_the_document_has(
    rest: RestClient, services: Services
) -> None:
    await talk(rest, "one")
    exported = (await rest("GET", f"{S1}/export")).body
    shared = (await rest("POST", f"{S1}/share", {"mode": "copy"})).body
    services.assistant.sessions.log.max_sessions = 1
    session = "/api/agent/sessions/{session_id}"
    for template, body in {
        f"{session}/branch": {},
        f"{session}/replay": {},
        f"{session}/summarize": {},
        "/api/agent/sessions/import": exported,
        "/api/agent/shared/{secret}/copy": None,
        "/api/agent/quick": {"query": "two"},
    }.items():
        reply = await rest("POST", template.format(session_id="s1", secret=shared["secret"]), body)
        assert (template, reply.status) == (template, 429)
        assert "429" in document()["paths"][template]["post"]["responses"]
