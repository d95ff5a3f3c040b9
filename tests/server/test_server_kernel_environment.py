"""What kernels of a server find in their environment: none of the assistant's options, whoever starts them and however."""

from __future__ import annotations

import ast
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.kernels.environment import kernel_environment, limit_environment
from jupyter_agent.kernels.owned_kernel import start_kernel
from jupyter_agent.redaction.redactor import Redactor
from tests.support.running_server import RunningServer

PASSWORD, KEY = "sesame-4711-sesame", "sk-Zb7cQ1xR9tLm3vKp5wYd8nHs"
NAMES = "__import__('json').dumps(sorted(__import__('os').environ))"
READ_ENVIRONMENT = "import os; assert not [name for name in os.environ if name.startswith(('JUPYTER_AGENT', 'AWS_'))]"


@asynccontextmanager
async def running_server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    (tmp_path / "script.json").write_text(json.dumps([{"text": "Answered."}]), encoding="utf-8")
    running = RunningServer(
        tmp_path,
        {
            "JUPYTER_AGENT_MODEL": f"scripted:{tmp_path / 'script.json'}",
            "JUPYTER_AGENT_STORE": f"sqlite:///{tmp_path}/kept.db",
            "JUPYTER_AGENT_OWNER": "ann",
            "JUPYTER_AGENT_KERNEL_ENV_REMOVE": "aws_*, HF_TOKEN",
            "OPENAI_API_KEY": KEY,
            "AWS_SECRET_ACCESS_KEY": "x",
            "HF_TOKEN": "x",
        },
    )
    await running.start()
    try:
        yield running
    finally:
        await running.end()


async def names(server: RunningServer, kernel_id: str) -> set[str]:
    async with server.front_end(kernel_id) as front_end:
        value = (await front_end.evaluate(names=NAMES))["names"]
    found: list[str] = json.loads(ast.literal_eval(value))
    return set(found)


async def test_N12_kernels_have_no_option_of_ours_however_they_are_started(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        await check_kernels(server)


async def check_kernels(server: RunningServer) -> None:
    kernel_id = await server.open_notebook("a.ipynb")
    _, session = await server("GET", "api/sessions")
    _, bare = await server("POST", "api/kernels", {"name": "python3"})
    found = [await names(server, kernel_id), await names(server, bare["id"])]
    # Jupyter hands the server's whole environment to a kernel whose notebook is renamed; a restart uses it.
    renamed = {"path": "b.ipynb", "name": "b.ipynb", "type": "notebook"}
    assert (await server("PATCH", f"api/sessions/{session[0]['id']}", renamed))[0] == 200
    for restarted in (kernel_id, bare["id"]):
        assert (await server("POST", f"api/kernels/{restarted}/restart"))[0] == 200
        assert (await server("GET", f"api/agent/kernels/{restarted}/state"))[0] == 200  # once it runs again
        found.append(await names(server, restarted))
    for variables in found:
        assert not {name for name in variables if name.startswith(("JUPYTER_AGENT", "AWS", "HF_"))}
        assert {"OPENAI_API_KEY", "JPY_PARENT_PID", "HOME"} <= variables
    async with server.front_end(kernel_id) as front_end:
        await front_end.run("%agent hello")
    _, listed = await server("GET", "api/agent/sessions")
    assert [kept["turns"] for kept in listed["sessions"]] == [1]


async def test_N12_a_kernel_of_the_command_line_has_none_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_AGENT_STORE", f"redis://:{PASSWORD}@127.0.0.1/0")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    kernel, shutdown = await start_kernel(str(tmp_path), env_remove=["AWS_*"])
    try:
        assert (await kernel.execute(READ_ENVIRONMENT, timeout=60)).status == "ok"
        await kernel.restart()
        assert (await kernel.execute(READ_ENVIRONMENT, timeout=60)).status == "ok"
    finally:
        await shutdown()


async def test_N12_a_manager_that_is_given_an_environment_passes_on_what_may_be_known() -> None:
    started: list[dict[str, Any]] = []

    class Manager:
        async def start_kernel(self, **options: Any) -> str:
            started.append(options)
            return "k1"

    manager = Manager()
    limit_environment(manager, ["SECRET?"])
    assert await manager.start_kernel(env={"JUPYTER_AGENT_X": "1", "secret1": "2", "SECRETS22": "3", "A": "4"}) == "k1"
    assert started == [{"env": {"SECRETS22": "3", "A": "4"}}]
    assert kernel_environment({"Jupyter_Agent_Model": "x", "JUPYTER_AGENTS": "y"}) == {"JUPYTER_AGENTS": "y"}


def test_N12_values_are_withheld_whether_kernels_have_them_or_not() -> None:
    environ = {"JUPYTER_AGENT_STORE": f"postgresql://ann:{PASSWORD}@db/agent", "OPENAI_API_KEY": KEY}
    redacted = Redactor(environ=environ).text(f"{PASSWORD} and {KEY}")
    assert PASSWORD not in redacted
    assert KEY not in redacted
