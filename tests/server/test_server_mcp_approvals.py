"""What an MCP client asks for in mode `ask`: its own user is asked where it can do that, else every page of the notebook."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mcp_types
import pytest

from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient
from tests.support.mcp_client import MODES, PATH, connected, result_text
from tests.support.notebook_json import sources
from tests.support.running_server import TOKEN, RunningServer

NOTEBOOK: dict[str, Any] = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
CELL = {"notebook": "a.ipynb", "source": "total = 42", "cell_type": "code"}


@pytest.fixture
def path(jp_root_dir: Path) -> Path:
    found = jp_root_dir / "a.ipynb"
    found.write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    return found


@pytest.fixture
def connect(jp_serverapp: Any, rest: RestClient, path: Path) -> Callable[..., Any]:
    url = f"http://127.0.0.1:{jp_serverapp.port}{jp_serverapp.base_url}{PATH}"
    token = str(jp_serverapp.identity_provider.token)
    return lambda mode="auto", ask=None: connected(url, token, mode, ask)


class Answering:
    """A client's user interface, with what it has shown."""

    def __init__(self, action: str, before: Callable[[], None] = lambda: None) -> None:
        self.action, self.before = action, before
        self.shown: list[str] = []

    async def __call__(self, context: Any, params: Any) -> mcp_types.ElicitResult:
        self.shown.append(params.message)
        self.before()
        return mcp_types.ElicitResult(action=self.action)  # type: ignore[arg-type]


@pytest.mark.parametrize(("action", "expected"), [("accept", ["total = 42"]), ("decline", []), ("cancel", [])])
async def test_the_clients_own_user_is_asked_with_what_would_be_done(
    connect: Callable[..., Any], path: Path, action: str, expected: list[str], jp_serverapp: Any
) -> None:
    audited: list[tuple[str, Any]] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        audited.append((data["action"], data.get("decision")))

    name = "https://schema.jupyter.org/jupyter_agent/approval/v1"
    jp_serverapp.event_logger.add_listener(schema_id=name, listener=listen)
    ask = Answering(action)
    async with connect(ask=ask) as client:
        result = await client.call_tool("insert_cell", CELL)
    assert sources(path) == expected
    assert (result.is_error, result_text(result).startswith("denied: ")) == (not expected, not expected)
    assert len(ask.shown) == 1
    assert "insert_cell in a.ipynb" in ask.shown[0]
    assert "total = 42" in ask.shown[0]
    await jp_serverapp.event_logger.gather_listeners()
    assert audited == [("asked", None), ("answered", "approve" if expected else "deny")]


async def test_N7_N8_they_see_why_and_what_cannot_be_seen(connect: Callable[..., Any], path: Path) -> None:
    ask = Answering("decline")
    source = "![x](http://127.0.0.1:9/?d=1)\u202e"
    async with connect(ask=ask) as client:
        await client.call_tool("insert_cell", {**CELL, "source": source, "cell_type": "markdown"})
    assert "Needs approval every time:" in ask.shown[0]
    assert "<U+202E>" in ask.shown[0]
    assert "\u202e" not in ask.shown[0]
    assert sources(path) == []


async def test_N17_an_approval_is_good_for_one_call_of_what_was_shown(connect: Callable[..., Any], path: Path) -> None:
    ask = Answering("accept")
    async with connect(ask=ask) as client:
        asked = await client.session.call_tool("insert_cell", CELL, allow_input_required=True)
        yes = {"approval": mcp_types.ElicitResult(action="accept")}
        again = {"input_responses": yes, "allow_input_required": True}

        async def answer(arguments: dict[str, Any], key: str) -> Any:
            return await client.session.call_tool("insert_cell", arguments, request_state=key, **again)

        for key in ("made up", asked.request_state):
            refused = await answer({**CELL, "source": "something = 'else'"}, key)
            assert result_text(refused).startswith("approval_stale: ")
        asked = await client.session.call_tool("insert_cell", CELL, allow_input_required=True)
        assert not (await answer(CELL, asked.request_state)).is_error
        assert result_text(await answer(CELL, asked.request_state)).startswith("approval_stale: ")
        unasked = await client.session.call_tool("insert_cell", CELL, **again)
        assert unasked.result_type == "input_required"
    assert sources(path) == ["total = 42"]


async def test_N17_an_approval_is_good_for_the_notebook_that_was_shown(connect: Callable[..., Any], path: Path) -> None:
    other = path.with_name("b.ipynb")
    other.write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    yes = {"approval": mcp_types.ElicitResult(action="accept")}
    async with connect(ask=Answering("accept")) as client:
        asked = await client.session.call_tool("insert_cell", CELL, allow_input_required=True)
        moved = {**CELL, "notebook": "b.ipynb"}
        refused = await client.session.call_tool(
            "insert_cell", moved, request_state=asked.request_state, input_responses=yes, allow_input_required=True
        )
    assert result_text(refused).startswith("approval_stale: ")
    assert sources(other) == []


async def _approval(rest: RestClient) -> tuple[str, Any]:
    """The turn that waits, as a page learns of it, and what its card shows."""
    listed = (await rest("GET", "api/agent/sessions", notebook_id="a.ipynb")).body["default_session"]
    turn_id = listed["running"]["turn_id"]
    stream = rest.read(f"api/agent/turns/{turn_id}/events")
    return turn_id, await stream.until("approval")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("decision", ["approve", "deny"])
async def test_else_the_notebooks_panel_asks(  # noqa: PLR0917
    connect: Callable[..., Any], rest: RestClient, services: Services, path: Path, mode: str, decision: str
) -> None:
    reported: list[str] = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        reported.append(message or "")

    with services.session_events.subscribe("local") as changes:
        async with connect(mode) as client:
            call = asyncio.ensure_future(client.call_tool("insert_cell", CELL, progress_callback=report))
            changed = await asyncio.wait_for(anext(changes), 30)
            assert (changed.notebook_id, changed.status) == ("a.ipynb", "started")
            turn_id, asked = await _approval(rest)
            (waiting,) = (await rest("GET", "api/agent/approvals", notebook_id="a.ipynb")).body["approvals"]
            assert waiting == {**waiting, **asked, "turn_id": turn_id, "preview": "total = 42"}
            assert (await rest("GET", "api/agent/approvals", notebook_id="b.ipynb")).body == {"approvals": []}
            answer = {"decision": decision, "digest": asked["digest"], "words": "Not there."}
            answered = await rest("POST", f"api/agent/turns/{turn_id}/actions/{asked['call_id']}", answer)
            assert answered.status == 200
            result = await asyncio.wait_for(call, 30)
    assert reported
    assert "the agent's panel of a.ipynb" in reported[0]
    assert result.is_error == (decision == "deny")
    assert sources(path) == ([] if decision == "deny" else ["total = 42"])
    assert ("Not there." in result_text(result)) == (decision == "deny")
    history = (await rest("GET", f"api/agent/sessions/{changed.session_id}/history")).body["history"]
    assert history[0]["content"] == "Another agent (MCP) calls `insert_cell`."
    assert [action["status"] for action in history[1]["actions"]] == ["denied" if decision == "deny" else "done"]


async def test_a_call_beyond_a_limit_is_said_not_to_be_made(
    connect: Callable[..., Any], services: Services, path: Path
) -> None:
    services.options.max_write_calls = 0
    async with connect() as client:
        result = await client.call_tool("insert_cell", CELL)
    assert (result.is_error, result_text(result)[:10]) == (True, "Not done: ")
    assert sources(path) == []


async def test_where_nobody_answers_in_time_the_client_is_told_what_to_do(
    connect: Callable[..., Any], services: Services, path: Path
) -> None:
    services.options.mcp_approval_seconds = 0.3
    async with connect() as client:
        result = await client.call_tool("insert_cell", CELL)
        assert result_text(result).startswith("needs_approval: the user has not answered within 0.3 seconds")
        assert "a.ipynb in JupyterLab" in result_text(result)
        services.options.mcp_approval_seconds = 0
        assert result_text(await client.call_tool("insert_cell", CELL)).startswith(
            "needs_approval: nobody can approve it"
        )
    assert sources(path) == []


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_that_leaves_leaves_nothing_that_could_be_approved(
    connect: Callable[..., Any], rest: RestClient, services: Services, path: Path, mode: str
) -> None:
    with services.session_events.subscribe("local") as changes:
        async with connect(mode) as client:
            call = asyncio.ensure_future(client.call_tool("insert_cell", CELL))
            await asyncio.wait_for(anext(changes), 30)
            turn_id, asked = await _approval(rest)
            call.cancel()
            await asyncio.wait([call])
        ended = await asyncio.wait_for(anext(changes), 30)
        assert (ended.turn_id, ended.status) == (turn_id, "ended")
    answer = {"decision": "approve", "digest": asked["digest"]}
    late = await rest("POST", f"api/agent/turns/{turn_id}/actions/{asked['call_id']}", answer)
    assert (late.status, late.body["code"]) == (409, "approval_stale")
    assert sources(path) == []


async def test_N21_what_is_withheld_from_the_client_is_shown_and_asked_by_the_panel(
    connect: Callable[..., Any], rest: RestClient, services: Services, path: Path
) -> None:
    hidden = 'a = """-----BEGIN PRIVATE KEY-----"""\nimport os\nos.system("true")\nb = """-----END PRIVATE KEY-----"""'
    ask = Answering("accept")
    with services.session_events.subscribe("local") as changes:
        async with connect(ask=ask) as client:
            call = asyncio.ensure_future(client.call_tool("insert_cell", {**CELL, "source": hidden}))
            await asyncio.wait_for(anext(changes), 30)
            turn_id, asked = await _approval(rest)
            (waiting,) = (await rest("GET", "api/agent/approvals", notebook_id="a.ipynb")).body["approvals"]
            assert (asked["preview"], waiting["preview"]) == (hidden, hidden)
            assert waiting["arguments"]["source"] == hidden
            answer = {"decision": "approve", "digest": asked["digest"]}
            await rest("POST", f"api/agent/turns/{turn_id}/actions/{asked['call_id']}", answer)
            await asyncio.wait_for(call, 30)
        services.options.mcp_approval_seconds = 0
        async with connect(ask=ask) as client:
            refused = await client.call_tool("insert_cell", {**CELL, "source": hidden})
    assert result_text(refused).startswith("needs_approval: [Something looks like a secret")
    assert (ask.shown, sources(path)) == ([], [hidden])


async def test_N23_what_is_allowed_for_the_conversation_is_not_allowed_to_another_agent(
    connect: Callable[..., Any], rest: RestClient, services: Services, path: Path
) -> None:
    services.options.mcp_approval_seconds = 0.3
    begun = (await rest.ask("hello", {"notebook_id": "a.ipynb", "continue_default": True})).body["session_id"]
    session = await services.assistant.sessions.get("local", begun, "a.ipynb")
    services.turns.permissions.allow(session, "write", "execute")
    async with connect() as client:
        result = await client.call_tool("insert_cell", CELL)
    (listed,) = (await rest("GET", "api/agent/sessions", notebook_id="a.ipynb")).body["sessions"]
    assert listed["session_id"] == begun
    assert result_text(result).startswith("needs_approval: the user has not answered")
    assert sources(path) == []


async def test_other_agents_run_code_in_a_live_notebook_once_its_user_has_said_yes(tmp_path: Path) -> None:
    server = RunningServer(tmp_path, {"JUPYTER_AGENT_APPROVAL": "ask", "JUPYTER_AGENT_MODEL": "offline"})
    await server.start()
    kernel_id = await server.open_notebook("a.ipynb")
    code = {"notebook": "a.ipynb", "code": "open('made.txt', 'w').close(); print(6 * 7)"}
    ask = Answering("accept")
    try:
        async with connected(f"{server.url}{PATH}", TOKEN, "auto", ask) as client:
            ran = await client.call_tool("run_code", code)
        assert (ran.is_error, "42" in result_text(ran)) == (False, True)
        assert "open('made.txt', 'w')" in ask.shown[0]
        assert "Needs approval every time:" in ask.shown[0]
        assert (server.root / "made.txt").exists()
        async with connected(f"{server.url}{PATH}", TOKEN, "legacy") as client:
            call = asyncio.ensure_future(client.call_tool("run_code", {**code, "code": "print(6 * 8)"}))
            while not (running := (await server("GET", "api/agent/sessions?notebook_id=a.ipynb"))[1]["sessions"]):
                assert not call.done()
            turn_id = running[0]["running"]["turn_id"]
            _, state = await server("GET", f"api/agent/sessions/{running[0]['session_id']}")
            assert state["running"]["question"] == "Another agent (MCP) calls `run_code`."
            asked = await server.approval(turn_id)
            answer = {"decision": "approve", "digest": asked["digest"]}
            assert (await server("POST", f"api/agent/turns/{turn_id}/actions/{asked['call_id']}", answer))[0] == 200
            assert "48" in result_text(await asyncio.wait_for(call, 60))
    finally:
        await server("DELETE", f"api/kernels/{kernel_id}")
        await server.end()
