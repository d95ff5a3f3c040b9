"""Our tools for other agents: the official SDK's client over HTTP, and what nobody gets there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_client import RestClient
from tests.support.mcp_client import MODES, PATH, connected, result_text
from tests.support.notebook_json import code, notebook, text_of
from tests.support.running_server import TOKEN, RunningServer

ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def url(jp_serverapp: Any, rest: RestClient) -> str:
    return f"http://127.0.0.1:{jp_serverapp.port}{jp_serverapp.base_url}{PATH}"


@pytest.fixture
def token(jp_serverapp: Any) -> str:
    return str(jp_serverapp.identity_provider.token)


@pytest.mark.parametrize("mode", MODES)
async def test_the_sdk_lists_our_tools_and_calls_one(url: str, token: str, mode: str, jp_root_dir: Path) -> None:
    (jp_root_dir / "a.ipynb").write_text(text_of(notebook(code("c1", "x = 1"))), encoding="utf-8")
    async with connected(url, token, mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {"list_notebooks", "list_variables", "read_cells", "run_code"} <= set(tools)
        assert "notebook" in tools["read_cells"].input_schema["properties"]
        assert tools["read_cells"].annotations is not None
        assert tools["read_cells"].annotations.read_only_hint is True
        read = await client.call_tool("read_cells", {"notebook": "a.ipynb"})
        assert (read.is_error, json.loads(result_text(read))["cells"][0]["source"]) == (False, "x = 1")


@pytest.mark.parametrize(
    ("name", "arguments", "beginning"),
    [
        ("no_such_tool", {}, "unknown_tool: "),
        ("inspect_variable", {"nobody": 1}, "invalid_arguments: "),
    ],
)
async def test_a_wrong_call_is_told_with_its_cure(
    url: str, token: str, name: str, arguments: dict[str, Any], beginning: str
) -> None:
    async with connected(url, token, "auto") as client:
        result = await client.call_tool(name, arguments)
        assert result.is_error
        assert result_text(result).startswith(beginning)


async def _say(rest: RestClient, method: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {}, **more}
    return await rest("POST", PATH, body, {**ACCEPT, **(headers or {})})


async def test_M3_an_unknown_method_is_told_as_the_protocol_says(rest: RestClient) -> None:
    reply = await _say(rest, "no/such")
    assert reply.body["error"]["code"] == -32601


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 403),
        ({"Authorization": "Bearer wrong"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Mcp-Session-Id": "somebody-elses"}, 404),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
async def test_M3_strangers_and_sessions_get_nothing(rest: RestClient, headers: dict[str, str], status: int) -> None:
    assert (await _say(rest, "tools/list", headers)).status == status


async def test_M3_another_site_gets_nothing_for_a_cookie(rest: RestClient) -> None:
    signed_in = await rest("GET", "api/agent/health")
    cookies = "; ".join(header.partition(";")[0] for header in signed_in.headers.get_list("Set-Cookie"))
    headers = {"Authorization": "", "Cookie": cookies, "Origin": "http://evil.example"}
    assert (await _say(rest, "tools/list", headers)).status in (403, 404)


async def test_M3_another_site_gets_nothing_with_a_token_either(rest: RestClient, jp_serverapp: Any) -> None:
    assert (await _say(rest, "tools/list", {"Origin": "http://evil.example"})).status in (403, 404)
    assert (await _say(rest, "tools/list", {"Origin": "null"})).status in (403, 404)
    own = f"localhost:{jp_serverapp.port}"
    for headers in ({}, {"Origin": f"http://{own}", "Host": own}):
        assert (await _say(rest, "tools/list", headers)).status == 200
    jp_serverapp.web_app.settings["allow_origin"] = "http://good.example"
    assert (await _say(rest, "tools/list", {"Origin": "http://good.example"})).status == 200
    assert (await _say(rest, "tools/list", {"Origin": "http://good.example.evil.example"})).status in (403, 404)


async def test_M3_a_batch_is_refused(rest: RestClient) -> None:
    batch = [{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}]
    assert (await rest("POST", PATH, batch, ACCEPT)).status == 400


async def test_other_agents_use_a_live_notebook_as_far_as_its_user_lets_them(tmp_path: Path) -> None:
    options = {"APPROVAL": "auto", "MODEL": "offline", "MCP_APPROVAL_SECONDS": "0"}
    server = RunningServer(tmp_path, {f"JUPYTER_AGENT_{name}": value for name, value in options.items()})
    await server.start()
    kernel_id = await server.open_notebook("analysis.ipynb")
    try:
        async with connected(f"{server.url}{PATH}", TOKEN, "auto") as client:
            listed = json.loads(result_text(await client.call_tool("list_notebooks", {})))["notebooks"]
            assert [(notebook["notebook"], notebook["kernel_id"]) for notebook in listed] == [
                ("analysis.ipynb", kernel_id)
            ]
            ran = await client.call_tool("run_code", {"notebook": "analysis.ipynb", "code": "rows = 137\nprint(rows)"})
            assert (ran.is_error, "137" in result_text(ran)) == (False, True)
            seen = await client.call_tool("list_variables", {"notebook": "analysis.ipynb"})
            assert '"rows"' in result_text(seen)
            await server("PUT", "api/agent/settings", {"settings": {"approval": "ask"}})
            refused = await client.call_tool("run_code", {"notebook": "analysis.ipynb", "code": "rows = 1"})
            assert refused.is_error
            assert result_text(refused).startswith("needs_approval: ")
            seen = await client.call_tool("inspect_variable", {"notebook": "analysis.ipynb", "name": "rows"})
            assert "137" in result_text(seen)
    finally:
        await server("DELETE", f"api/kernels/{kernel_id}")
        await server.end()
