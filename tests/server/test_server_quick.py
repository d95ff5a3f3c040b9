"""One turn through the REST API, in one piece."""

from __future__ import annotations

from typing import Any

import nbformat

from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script


async def test_a_question_is_answered_in_one_piece(rest: RestClient, script: Script) -> None:
    script([{"text": "It has `df`.\n```python\ndf.head()\n```\n", "usage": {"input_tokens": 7, "output_tokens": 3}}])
    reply = await rest.ask("What is there?", {"session_id": "s1"})
    body = reply.body
    assert reply.status == 200
    assert {key: body[key] for key in ("session_id", "turn_count", "finish_reason", "code", "usage", "actions")} == {
        "session_id": "s1",
        "turn_count": 2,
        "finish_reason": "stop",
        "code": [{"language": "python", "source": "df.head()"}],
        "usage": {"input_tokens": 7, "output_tokens": 3, "cost": 0.0, "cached_tokens": 0},
        "actions": [],
    }
    assert body["reply"].startswith("It has `df`.")
    assert body["turn_id"]
    assert body["model"].startswith("scripted")


async def test_a_session_is_made_and_continues_under_its_id(rest: RestClient) -> None:
    first = await rest.ask("one")
    second = await rest.ask("two", {"session_id": first.body["session_id"]})
    assert second.body["session_id"] == first.body["session_id"]
    assert second.body["turn_count"] == 4


async def test_a_retried_turn_is_the_same_turn(rest: RestClient) -> None:
    first = await rest.ask("one", {"session_id": "s1"}, turn_id="t1")
    again = await rest.ask("one", {"session_id": "s1"}, turn_id="t1")
    assert (again.status, again.body["turn_id"], again.body["reply"]) == (200, "t1", first.body["reply"])
    assert again.body["turn_count"] == 2


async def test_a_turn_id_used_for_another_question_is_refused(rest: RestClient) -> None:
    await rest.ask("one", {"session_id": "s1"}, turn_id="t1")
    other = await rest.ask("another", {"session_id": "s1"}, turn_id="t1")
    assert (other.status, other.body["code"]) == (409, "turn_id_reused")


async def test_an_unknown_kernel_is_not_found_and_the_cure_is_said(rest: RestClient) -> None:
    reply = await rest.ask("x", {"kernel_id": "00000000-0000-0000-0000-000000000000"})
    assert (reply.status, reply.body["code"], reply.body["retryable"]) == (404, "not_found", False)
    assert "leave kernel_id out" in reply.body["message"]


async def test_an_unknown_model_is_bad_input_and_the_providers_are_said(rest: RestClient) -> None:
    reply = await rest.ask("x", model="nobody:nothing")
    assert (reply.status, reply.body["code"]) == (400, "unknown_model")
    assert "offline" in reply.body["message"]


async def test_a_model_that_fails_keeps_the_question_and_says_where_it_is(rest: RestClient, script: Script) -> None:
    script([{"text": "Half an", "error": "upstream_auth", "message": "The key was refused. Set OPENAI_API_KEY."}])
    reply = await rest.ask("x", {"session_id": "s1"})
    assert reply.status == 502
    assert reply.body["code"] == "upstream_auth"
    assert reply.body["message"] == "The key was refused. Set OPENAI_API_KEY."
    assert reply.body["session_id"] == "s1"
    history = await rest("GET", "api/sessions/s1/history")
    assert [entry["content"] for entry in history.body["history"]] == ["x", "Half an"]


async def test_code_that_nobody_can_approve_is_not_run_and_said_so(rest: RestClient, script: Script) -> None:
    script([{"calls": [{"name": "run_code", "arguments": {"code": "1"}}]}, {"text": "Run it yourself."}])
    reply = await rest.ask("x")
    assert [action["status"] for action in reply.body["actions"]] == ["needs_approval"]


async def test_the_posted_cells_are_what_the_model_is_told(rest: RestClient, script: Script) -> None:
    script([{"calls": [{"name": "read_cells", "arguments": {}}]}, {"text": "Read."}])
    cell = {"id": "c1", "kind": "code", "source": "answer = 42", "execution_count": None, "output": None, "error": None}
    stream = rest.stream("x", {"notebook_id": "a.ipynb", "cells": [cell]})
    result = await stream.until("tool_result")
    assert result["status"] == "done"
    assert "answer = 42" in result["content"]
    await stream.all()


async def test_without_posted_cells_the_stored_notebook_is_read(
    rest: RestClient, script: Script, jp_root_dir: Any
) -> None:
    notebook: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("stored = 1")])  # type: ignore[no-untyped-call]
    nbformat.write(notebook, jp_root_dir / "a.ipynb")  # type: ignore[no-untyped-call]
    script([{"calls": [{"name": "read_cells", "arguments": {}}]}, {"text": "Read."}])
    stream = rest.stream("x", {"notebook_id": "/a.ipynb"})
    assert "stored = 1" in (await stream.until("tool_result"))["content"]
    await stream.all()


async def test_a_notebook_outside_the_root_is_not_read(rest: RestClient, script: Script) -> None:
    script([{"calls": [{"name": "read_cells", "arguments": {}}]}, {"text": "No."}])
    reply = await rest.ask("x", {"notebook_id": "../../etc/passwd"})
    assert reply.status == 200
    assert [action["status"] for action in reply.body["actions"]] == ["failed"]


async def test_what_the_client_says_of_variables_serves_where_no_kernel_is(rest: RestClient, script: Script) -> None:
    script([{"calls": [{"name": "list_variables", "arguments": {}}]}, {"text": "Listed."}])
    stream = rest.stream("x", {"variables": {"df": "DataFrame"}})
    result = await stream.until("tool_result")
    assert '"df"' in result["content"]
    await stream.all()


async def test_a_turn_has_no_more_time_than_its_budget(rest: RestClient, script: Script) -> None:
    script([{"text": "slow", "delay": 30}])
    reply = await rest.ask("x", budget={"deadline_seconds": 0.2})
    assert (reply.status, reply.body["code"]) == (504, "upstream_timeout")


async def test_the_default_time_of_a_reply_in_one_piece_is_the_configured_one(
    rest: RestClient, script: Script, services: Services
) -> None:
    services.options.quick_deadline_seconds = 1.0
    script([{"text": "slow", "delay": 60}])
    assert (await rest.ask("x")).status == 504
