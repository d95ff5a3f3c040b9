"""MCP servers as a source of tools, through the REST API: asked about, stopped, and by nobody's request but the administrator's."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.agent.assistant import Assistant, Resources
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.events import TurnStarted
from jupyter_agent.core.question import Question
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.server.services import Services
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores.memory import MemoryStore
from jupyter_agent.tools.mcp.connection import McpConnection
from jupyter_agent.tools.mcp.servers import McpServers
from tests.support.agent_client import RestClient, Script

PROGRAM = str(Path(__file__).parents[1] / "support" / "mcp_program.py")


@pytest.fixture
def jp_server_config(script_path: Path) -> dict[str, Any]:
    servers = {
        "s": {"command": [sys.executable, "-I", "-S", PROGRAM, "good"]},
        "mine": {"command": [sys.executable, "-I", "-S", PROGRAM, "good"], "trusted": ["look", "say", "wait"]},
        "broken": {"command": ["/no/such/program"]},
    }
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_agent": True}},
        "JupyterAgent": {"store": "memory://", "model": f"scripted:{script_path}", "mcp_servers": servers},
    }


def calling(*names: str, text: str = "hello") -> list[Any]:
    """A model that calls these tools, one after the other, and is done."""
    return [*({"calls": [{"name": name, "arguments": {"text": text}}]} for name in names), {"text": "Done."}]


def tool_results(services: Services) -> list[str]:
    """What the model was told by tools."""
    model = services.assistant.model(None)
    assert isinstance(model, ScriptedModel)
    return [message.content for message in model.requests[-1].messages if message.role == "tool"]


def connection_of(services: Services, name: str) -> McpConnection:
    (found,) = (
        connection
        for connection in services.assistant.resources.mcp_servers._connections
        if connection.server.name == name
    )
    return found


async def heard(connection: McpConnection) -> list[str]:
    """The methods that the server was called by so far, in order."""
    tool = next(definition for definition in connection.definitions if definition.tool == "heard")
    output = await connection.call(tool, {}, seconds=60)
    methods: list[str] = json.loads(json.loads(output.content)["result"])
    return methods


async def test_a_server_s_tool_is_offered_asked_about_and_called(
    rest: RestClient, services: Services, script: Script
) -> None:
    script(calling("s_say"))
    stream = rest.stream("say hello", {"session_id": "s1"})
    turn = await stream.until("turn")
    asked = await stream.until("approval")
    assert (asked["tool"], asked["effect"], asked["arguments"]) == ("s_say", "execute", {"text": "hello"})
    answer = {"decision": "approve", "digest": asked["digest"]}
    await rest("POST", f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}", answer)
    done = await stream.until("done")
    assert [action["status"] for action in done["actions"]] == ["done"]
    assert tool_results(services) == ['{"from_mcp_server": "s", "result": "hello"}']
    word = "The MCP server 'broken' cannot be used: there is no program '/no/such/program' here."
    assert word in done["warnings"]


@pytest.mark.parametrize(
    ("approval", "statuses"),
    [
        ("auto", {"s_say": "needs_approval", "s_look": "needs_approval", "mine_say": "done", "mine_look": "done"}),
        (
            "ask",
            {"s_say": "needs_approval", "s_look": "needs_approval", "mine_say": "needs_approval", "mine_look": "done"},
        ),
        ("read-only", {"s_say": "denied", "s_look": "denied", "mine_say": "denied", "mine_look": "done"}),
    ],
)
async def test_J1_what_is_not_trusted_is_asked_about_in_every_mode(
    rest: RestClient, script: Script, approval: str, statuses: dict[str, str]
) -> None:
    script(calling(*statuses))
    reply = await rest.ask("do it all", approval=approval)
    assert {action["tool"]: action["status"] for action in reply.body["actions"]} == statuses


async def test_M1_a_tool_that_changes_while_its_approval_is_waited_for_is_not_called(
    rest: RestClient, services: Services, script: Script
) -> None:
    script(calling("s_say"))
    stream = rest.stream("say hello", {"session_id": "s1"})
    turn = await stream.until("turn")
    asked = await stream.until("approval")
    connection = connection_of(services, "s")
    bad = next(definition for definition in connection.definitions if definition.tool == "bad")
    before = connection.definitions
    await connection.call(bad, {"text": "change"}, seconds=60)
    for _ in range(100):  # each answer lets the listing that the server has asked for come nearer
        await connection.call(bad, {"text": "else"}, seconds=60)
        if connection.definitions is not before:
            break
    answer = {"decision": "approve", "digest": asked["digest"]}
    await rest("POST", f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}", answer)
    done = await stream.until("done")
    assert [action["status"] for action in done["actions"]] == ["failed"]
    (only,) = tool_results(services)
    assert only.startswith("approval_stale: the MCP server 's' has changed its tool 'say'")


async def test_a_turn_that_is_cancelled_is_cancelled_at_the_server(
    rest: RestClient, services: Services, script: Script
) -> None:
    script(calling("mine_wait"))
    stream = rest.stream("wait", {"session_id": "s1"}, approval="auto")
    turn = await stream.until("turn")
    await stream.until("tool_call")
    connection = connection_of(services, "mine")
    for before in range(1, 1000):  # until the server has heard of one more call than these
        if (await heard(connection)).count("tools/call") > before:
            break
    await rest("POST", f"api/agent/turns/{turn['turn_id']}/cancel", {})
    await stream.until("cancelled")
    assert "cancelled True" in await heard(connection)


async def test_M2_nobody_but_the_administrator_names_a_server(
    rest: RestClient, services: Services, tmp_path: Path
) -> None:
    touched = tmp_path / "touched"
    servers = {"evil": {"command": ["touch", str(touched)]}}
    settings = await rest("PUT", "api/agent/settings", {"settings": {"mcp_servers": servers}})
    asked = await rest("POST", "api/agent/quick", {"query": "x", "mcp_servers": servers})
    within = await rest.ask("x", {"mcp_servers": servers})
    assert [settings.status, asked.status, within.status] == [400, 400, 400]
    metadata = {"jupyter_agent": {"mcp_servers": servers}, "mcp_servers": servers}
    cells: list[Any] = []
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    await rest("PUT", "api/contents/a.ipynb", {"type": "notebook", "content": notebook})
    assert (await rest.ask("x", {"notebook_id": "a.ipynb"})).status == 200
    assert not any(name.startswith("evil") for name in services.assistant.resources.mcp_servers.tools())
    assert not touched.exists()


async def test_servers_are_started_by_a_question_not_by_a_preview(rest: RestClient, services: Services) -> None:
    before = (await rest("POST", "api/agent/context", {"query": "x"})).body
    assert not any(tool["name"].startswith("s_") for tool in before["tools"])
    await rest.ask("x")
    after = (await rest("POST", "api/agent/context", {"query": "x"})).body
    assert {"s_say", "mine_look"} <= {tool["name"] for tool in after["tools"]}


async def test_our_own_mcp_endpoint_passes_on_nobody_s_tools(rest: RestClient) -> None:
    await rest.ask("x")
    accept = {"Accept": "application/json, text/event-stream"}
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    listed = (await rest("POST", "api/agent/mcp", listing, accept)).body["result"]["tools"]
    assert "list_variables" in {tool["name"] for tool in listed}
    assert not any(tool["name"].startswith(("s_", "mine_")) for tool in listed)


async def test_a_question_is_under_way_and_can_be_stopped_while_a_server_starts() -> None:
    mute = {"command": [sys.executable, "-I", "-S", PROGRAM, "mute"]}
    sessions, redactor = SessionManager(MemoryStore()), Redactor()
    assistant = Assistant(
        Resources(JupyterAgent(model="scripted"), {}, redactor, McpServers({"s": mute}, redactor, ())), sessions
    )
    events = assistant.ask(Question("local", "x", session_id="s1"))
    started = await anext(events)
    assert isinstance(started, TurnStarted)
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    (turn,) = await sessions.tree.history(await sessions.get("local", "s1"), 5)
    assert turn.status == "cancelled"
    await assistant.close()
