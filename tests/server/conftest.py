"""A Jupyter server in process with the extension on, a model that plays a script, and conversations in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.server.extension import AgentExtension
from jupyter_agent.server.services import Services
from tests.support import fake_model_server
from tests.support.agent_client import RestClient, Script
from tests.support.fake_model_server import ModelServer

if TYPE_CHECKING:
    import openai


@pytest.fixture
def script_path(tmp_path: Path) -> Path:
    path = tmp_path / "script.json"
    path.write_text(json.dumps([{"text": "Answered."}]), encoding="utf-8")
    return path


@pytest.fixture
def script(script_path: Path) -> Script:
    """Write the model's lines; before the first question."""

    def write(steps: list[Any]) -> None:
        script_path.write_text(json.dumps(steps), encoding="utf-8")

    return write


@pytest.fixture
def jp_server_config(script_path: Path) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_agent": True}},
        "JupyterAgent": {"store": "memory://", "model": f"scripted:{script_path}"},
    }


@pytest.fixture
def openai_config(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Of a server whose model is one of OpenAI's."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", fake_model_server.KEY)
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_agent": True}},
        "JupyterAgent": {"store": "memory://", "model": "openai:test"},
    }


@pytest.fixture
def extension(jp_serverapp: Any) -> AgentExtension:
    """The extension as the server loaded it; the server stops it after the test."""
    loaded: AgentExtension = jp_serverapp.web_app.settings["jupyter_agent"]
    return loaded


@pytest.fixture
def services(extension: AgentExtension, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Services:
    return jp_asyncio_loop.run_until_complete(extension.load())


@pytest.fixture
def rest(services: Services, jp_fetch: Callable[..., Any]) -> RestClient:
    return RestClient(jp_fetch)


@pytest.fixture
def upstream(services: Services, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[ModelServer]:
    """The server of the model that answers."""

    async def serve() -> AsyncIterator[ModelServer]:
        async with fake_model_server.running() as server:
            services.options.base_url = server.base_url
            yield server

    serving = serve()
    yield jp_asyncio_loop.run_until_complete(anext(serving))
    jp_asyncio_loop.run_until_complete(serving.aclose())  # type: ignore[attr-defined]


@pytest.fixture
def client(
    jp_serverapp: Any,
    rest: RestClient,  # with it the server listens
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[openai.AsyncOpenAI]:
    """The SDK as it is: it retries twice."""
    import openai

    url = f"http://127.0.0.1:{jp_serverapp.port}{jp_serverapp.base_url}api/agent/v1"
    client = openai.AsyncOpenAI(base_url=url, api_key=jp_serverapp.identity_provider.token)
    yield client
    jp_asyncio_loop.run_until_complete(client.close())
