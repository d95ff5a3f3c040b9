"""An IPython shell in this process with kernelside installed."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core import interactiveshell

from jupyter_agent import kernelside
from jupyter_agent.ipython.background_loop import BackgroundLoop
from tests.support.running_server import RunningServer, server_answers


class Shell:
    """The shell as a user drives it, and what kernelside tells of it."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.epoch, self.version = "", 0

    def run(self, code: str, cell_id: str | None = None) -> None:
        self.shell.run_cell(code, store_history=True, cell_id=cell_id)

    def delta(self) -> dict[str, Any]:
        reply = kernelside.state(self.shell, self.epoch, self.version)
        self.epoch, self.version = reply["epoch"], reply["version"]
        return reply

    def variables(self) -> dict[str, dict[str, Any]]:
        return {variable["name"]: variable for variable in kernelside.state(self.shell, "", 0)["changed"]}

    def inspect(self, name: str, column: str | None = None) -> dict[str, Any]:
        reply: dict[str, Any] = kernelside.inspect(self.shell, name, column)["variable"]
        return reply


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.setenv("IPYTHONDIR", os.fspath(tmp_path))
    create: Any = interactiveshell.InteractiveShell
    made = create()
    made.history_manager.enabled = False
    monkeypatch.setattr(made.displayhook, "flush", lambda: None)  # collects garbage: a sixth of a second for each test
    kernelside.install(made, {})
    yield Shell(made)
    kernelside.uninstall()
    made.history_manager.end_session()
    made.atexit_operations()
    atexit.unregister(made.atexit_operations)


@pytest.fixture(scope="module")
def script() -> list[dict[str, Any]]:
    """What the server's model plays: the same to everything."""
    return [{"text": "Answered."}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, script: list[dict[str, Any]]) -> Iterator[RunningServer]:
    """One Jupyter server for all tests of a file; its model plays the script."""
    home = tmp_path_factory.mktemp("home")
    (home / "script.json").write_text(json.dumps(script), encoding="utf-8")
    server = RunningServer(home, {"JUPYTER_AGENT_MODEL": f"scripted:{home / 'script.json'}"})
    loop = BackgroundLoop()
    loop.run(server.start())
    loop.run(server_answers(server))
    yield server
    loop.run(server.end())
    loop.close()
