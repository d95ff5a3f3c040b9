"""The clients of the OpenAI API that people have, each in an environment of its own, against /v1 of a real Jupyter server."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_cache_path

from tests.support import fake_model_server
from tests.support.fake_model_server import STREAM, ModelServer, answered, chunk
from tests.support.running_server import TOKEN, RunningServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
PROGRAMS = Path(__file__).parents[1] / "support" / "openai_clients"
PYTHON = ("langchain-openai", "pydantic-ai-slim[openai]", "openai-agents", "litellm", "llm", "openai")
NODE = ("openai", "ai", "@ai-sdk/openai-compatible", "zod")
CLIENTS = [
    *(("py", name) for name in ("openai", "langchain", "pydantic_ai", "openai_agents", "litellm", "llm")),
    *(("mjs", name) for name in ("openai", "ai")),
]


async def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a program prints; it must end well."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=cwd, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, error = await process.communicate()
    assert process.returncode == 0, f"{command[0]}: {error.decode()[-4000:]}"
    return out.decode()


async def made_environment(kind: str, path: str) -> Path:
    """A folder with the clients, made once for a list of packages; that it cannot be made is a failure."""
    packages = PYTHON if kind == "py" else NODE
    name = hashlib.sha256(f"{sys.version_info[:2]}{packages}".encode()).hexdigest()[:12]
    folder = user_cache_path("jupyter-agent-tests") / f"openai-clients-{kind}-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if (folder / "made").exists():
            return folder
        environment = {"PATH": path, "HOME": str(Path.home())}
        if kind == "py":
            await run(sys.executable, "-m", "venv", folder / "venv", cwd=folder, **environment)
            await run(folder / "venv/bin/pip", "install", "--quiet", *packages, cwd=folder, **environment)
        else:
            (folder / "package.json").write_text('{"private": true, "type": "module"}', encoding="utf-8")
            npm = shutil.which("npm")
            assert npm is not None, "npm is needed for the clients of Node"
            await run(npm, "install", "--no-audit", "--no-fund", *packages, cwd=folder, **environment)
        (folder / "made").touch()
    return folder


def reply_to(request: Any) -> str:
    """What a model that does as it is asked says to a request."""
    asked = str(request["messages"][-1]["content"])
    tools = {tool["function"]["name"]: tool for tool in request.get("tools", ())}
    if request["messages"][-1]["role"] == "tool":
        return answered("It rains ", "in Bonn.")
    form = {"city": "Bonn", "km": 26}
    if request.get("response_format"):
        return answered(json.dumps(form))
    call = next((name for name in tools if name == "final_result"), "") if "trip" in asked else ""
    arguments: dict[str, Any] = form
    if "weather" in asked and "get_weather" in tools:
        call, arguments = "get_weather", {"city": "Bonn"}
    if not call:
        return answered("Hello ", "there.")
    function = {"name": call, "arguments": json.dumps(arguments)}
    made = chunk(role="assistant", tool_calls=[{"index": 0, "id": "c1", "type": "function", "function": function}])
    return f"{STREAM}{made}{chunk('tool_calls')}data: [DONE]\n\n"


@asynccontextmanager
async def upstream() -> AsyncIterator[ModelServer]:
    async with fake_model_server.running() as server:

        async def answer(writer: asyncio.StreamWriter) -> None:
            writer.write(reply_to(server.asked[-1].body).encode())
            await writer.drain()

        server.queue(answer)
        yield server


@pytest.mark.parametrize(("kind", "name"), CLIENTS)
async def test_a_client_chats_streams_calls_its_tool_and_gets_its_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    import os

    path = os.environ["PATH"]
    folder = await made_environment(kind, path)
    async with upstream() as model:
        server = RunningServer(
            tmp_path,
            {
                "OPENAI_BASE_URL": model.base_url,
                "OPENAI_API_KEY": fake_model_server.KEY,
                "JUPYTER_AGENT_MODEL": "openai:test",
                "JUPYTER_AGENT_STORE": "memory://",
            },
        )
        await server.start()
        try:
            environment = {
                "OPENAI_BASE_URL": f"{server.url}api/agent/v1",
                "OPENAI_API_KEY": TOKEN,
                "PATH": path,
                "HOME": str(tmp_path),
                "LLM_USER_PATH": str(tmp_path / "llm"),
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            }
            program = PROGRAMS / f"client.{kind}"
            if kind == "mjs":  # modules are looked for beside the program
                program = Path(shutil.copy(program, folder / f"client-{os.getpid()}.mjs"))
            runner = folder / "venv/bin/python" if kind == "py" else "node"
            printed = await run(runner, program, name, cwd=folder, **environment)
        finally:
            await server.end()
    got = json.loads(printed.strip().splitlines()[-1])
    assert got.pop("form") == {"city": "Bonn", "km": 26}
    assert {key: value.strip() for key, value in got.items()} == {
        "chat": "Hello there.",
        "stream": "Hello there.",
        "tool": "It rains in Bonn.",
    }
