"""The extension in a server: what it loads, what it does when it cannot, and how it stops."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.server.extension import AgentExtension
from tests.support.agent_client import RestClient
from tests.support.environments import broken_distribution, foreign_distribution
from tests.support.running_server import RunningServer

HEAVY = {"openai", "pydantic", "mcp", "starlette", "sqlalchemy", "redis", "psycopg", "pandas", "numpy", "httpx2"}
LOADED = """
import json, sys
from jupyter_server.serverapp import ServerApp
server = ServerApp.instance()
argv = ["--allow-root", "--no-browser", "--port=0", "--ServerApp.jpserver_extensions=jupyter_agent=True"]
server.initialize(argv)
assert server.web_app.settings["jupyter_agent"].handlers
print(json.dumps(sorted(sys.modules)))
"""


RECORDED = """
import sys, threading
def record(event, arguments):
    if event == "import" and arguments[0].startswith("jupyter_agent.") and threading.current_thread() is threading.main_thread():
        with open({log!r}, "a") as log:
            log.write(arguments[0] + "\\n")
sys.addaudithook(record)
"""


def run(code: str, home: Path) -> Any:
    environment = {"HOME": str(home), "JUPYTER_AGENT_MODEL": "openai:test", "PATH": "/usr/bin:/bin"}
    environment.update({f"JUPYTER_{name}_DIR": str(home / name) for name in ("CONFIG", "DATA", "RUNTIME")})
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_loading_us_into_a_server_imports_nothing_heavy_and_little_of_ours(tmp_path: Path) -> None:
    loaded = run(LOADED, tmp_path)
    assert not {name.partition(".")[0] for name in loaded} & HEAVY
    ours = {name.removeprefix("jupyter_agent.") for name in loaded if name.partition(".")[0] == "jupyter_agent"}
    assert ours == {
        *("jupyter_agent", "config", "config.installation", "config.options"),
        *("config.endpoints", "config.entry_points", "config.model_options"),
        *("config.api_keys", "config.policy", "config.system_keyring", "config.user_settings"),
        *("core", "core.errors", "server", "server.extension", "server.identity", "server.kernel_sessions"),
        *("kernels", "kernels.environment"),
        *("server.notebook_renames", "server.routes", "server.streamed_body"),
    }


def test_importing_the_package_imports_nothing_else_of_it(tmp_path: Path) -> None:
    code = "import sys, json, jupyter_agent; print(json.dumps([n for n in sys.modules if n.startswith('jupyter')]))"
    assert run(code, tmp_path) == ["jupyter_agent"]


def test_public_names_are_there_when_asked_for() -> None:
    import jupyter_agent
    from jupyter_agent.agent.assistant import Assistant

    assert jupyter_agent.Assistant is Assistant
    assert jupyter_agent.__version__
    with pytest.raises(AttributeError, match="no attribute 'Nobody'"):
        _ = jupyter_agent.Nobody


def test_jupyter_finds_server_and_front_end_extensions() -> None:
    import jupyter_agent

    assert jupyter_agent._jupyter_server_extension_points()[0]["module"] == "jupyter_agent"
    assert jupyter_agent._jupyter_labextension_paths() == [{"src": "labextension", "dest": "jupyter-notebook-agent"}]


class TestMisconfigured:
    """An option that is none."""

    @pytest.fixture(params=[{"store": "no address"}, {"store": "nobody://x"}, {"approval": "always"}, {"max_steps": 0}])
    def jp_server_config(self, request: pytest.FixtureRequest) -> dict[str, Any]:
        options = {"store": "memory://", "model": "offline", **request.param}
        return {"ServerApp": {"jpserver_extensions": {"jupyter_agent": True}}, "JupyterAgent": options}

    async def test_N16_M4_a_bad_value_is_named_in_log_and_page_and_the_rest_works(
        self, jp_fetch: Any, extension: AgentExtension, caplog: pytest.LogCaptureFixture
    ) -> None:
        rest = RestClient(jp_fetch)
        assert (await rest("GET", "api")).status == 200
        health = (await rest("GET", "api/agent/health")).body
        assert health["status"] == "degraded"
        (problem,) = health["problems"]
        assert (await rest("GET", "api/agent/settings")).body["problems"] == [problem]
        assert (await rest.ask("x")).status == 200


async def test_requests_that_come_before_the_extension_is_loaded_wait_for_it(
    jp_fetch: Any, extension: AgentExtension
) -> None:
    rest = RestClient(jp_fetch)
    assert extension.services is None
    replies = await asyncio.gather(*(rest("GET", "api/agent/health") for _ in range(3)), rest.ask("x"))
    assert [reply.status for reply in replies] == [200] * 4
    assert extension.services is not None


class TestUnknownTool:
    """A server whose options name a tool that is only looked up when the extension is loaded."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        options = {**jp_server_config["JupyterAgent"], "tools": ["nothing"]}
        return {**jp_server_config, "JupyterAgent": options}

    async def test_N16_M6_its_log_says_why_and_no_other_tool_takes_its_place(
        self, rest: RestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        problem = "There is no tool 'nothing'. Correct c.JupyterAgent.tools."
        assert (await rest("GET", "api/agent/health")).body["problems"] == [problem]
        assert (await rest("POST", "api/agent/context", {"query": "x"})).body["tools"] == []
        assert (await rest.ask("x")).status == 200


async def test_N16_a_tool_that_raises_on_import_and_a_bad_store_are_named_and_the_rest_works(tmp_path: Path) -> None:
    path = broken_distribution(tmp_path)
    environment = {"JUPYTER_AGENT_STORE": "nobody://x", "PYTHONPATH": os.pathsep.join([path, *sys.path])}
    server = RunningServer(tmp_path, environment)
    await server.start()
    try:
        health = (await server("GET", "api/agent/health"))[1]
        problems = " ".join(health["problems"])
        assert "There is no store 'nobody://'. Set c.JupyterAgent.store to one of: " in problems
        assert "The tool 'broken_tool' (of broken-tools) cannot be loaded" in problems
        assert "The model provider 'broken_model' (of broken-tools) cannot be loaded" in problems
        assert all(problem in server.log for problem in health["problems"])
        status, reply = await server("POST", "api/agent/quick", {"query": "hello", "model": "offline"})
        assert (status, reply["model"]) == (200, "offline")
        assert (await server("POST", "api/agent/quick", {"query": "x", "model": "broken_model:y"}))[0] == 400
        _, context = await server("POST", "api/agent/context", {"query": "hello"})
        assert {"run_code", "read_cells"} <= {tool["name"] for tool in context["tools"]}
    finally:
        await server.end()


async def test_what_the_first_question_needs_is_imported_off_the_loops_thread(tmp_path: Path) -> None:
    log, site = tmp_path / "imported.txt", tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(RECORDED.format(log=str(log)), encoding="utf-8")
    environment = {"JUPYTER_AGENT_MODEL": "offline", "PYTHONPATH": os.pathsep.join([str(site), *sys.path])}
    server = RunningServer(tmp_path, environment)
    await server.start()
    try:
        assert (await server("POST", "api/agent/quick", {"query": "hello"}))[0] == 200
        imported = log.read_text(encoding="utf-8").split()
        assert "jupyter_agent.server.extension" in imported
        heavy = (
            "jupyter_agent.models.",
            "jupyter_agent.agent.",
            "jupyter_agent.server.openapi.",
            "jupyter_agent.server.wire",
        )
        assert [name for name in imported if name.startswith(heavy)] == []
    finally:
        await server.end()


async def test_a_server_warns_of_a_distribution_whose_files_may_lie_over_ours(tmp_path: Path) -> None:
    server = RunningServer(tmp_path, {"PYTHONPATH": os.pathsep.join([foreign_distribution(tmp_path), *sys.path])})
    await server.start()
    try:
        assert (await server("GET", "api/agent/health/live"))[0] == 200
        (line,) = [line for line in server.log.splitlines() if "pip uninstall jupyter-agent" in line]
        assert "pip install --force-reinstall jupyter-notebook-agent" in line
        assert line.startswith("[W ")
        (problem,) = (await server("GET", "api/agent/health"))[1]["problems"]
        assert problem in line
    finally:
        await server.end()


async def test_T13_a_server_that_stops_tells_the_reader_and_keeps_what_was_said(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(
        json.dumps(
            [
                {
                    "text": "Half an answer",
                    "chunks": 2,
                    "delay": 0.01,
                    "calls": [{"name": "run_code", "arguments": {"code": "1"}}],
                }
            ]
        )
    )
    server = RunningServer(tmp_path, {"JUPYTER_AGENT_MODEL": f"scripted:{script}"})
    await server.start()
    events: list[str] = []
    try:
        async for name, _ in server.stream({"query": "x", "stream": True, "context": {"session_id": "s1"}}):
            events.append(name)
            if name == "approval":
                assert await server.end() == 0
        assert events[-1] == "interrupted"
        await server.start()
        _, history = await server("GET", "api/sessions/s1/history")
        assert [entry["content"] for entry in history["history"]] == ["x", "Half an answer"]
        assert history["history"][1]["status"] in ("interrupted", "cancelled")
    finally:
        await server.end()
