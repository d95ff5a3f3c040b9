"""A Jupyter server in process with the extension on, a model that plays a script, and conversations in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.server.extension import AgentExtension
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script


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
