"""A JupyterLab process of its own: own home, random port and token; ready when it says its address. Its pages of Notebook, too."""

from __future__ import annotations

import json
import os
import queue
import re
import secrets
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

PACKAGE = Path(__file__).parents[2] / "jupyter_agent"
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")
#: Told at debug level, after the port is bound.
_LISTENING = "| extension was successfully started"
_START_SECONDS = 60


class JupyterProcess:
    """Started on entering, stopped on leaving.

    Args:
        home: An empty folder; the notebooks go into its ``root``.
        python: The interpreter; what JupyterLab needs and it does not have is taken from ours.
    """

    def __init__(self, home: Path, python: Path = Path(sys.executable)) -> None:
        self.root = home / "root"
        self.token = secrets.token_hex(16)
        self.address = ""
        self.output: list[str] = []
        self._home = home
        self._python = python
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.root.mkdir()
        (self._home / "data").mkdir()  # file ids, which real-time collaboration needs, do not make it
        # The news toast would lie over what is clicked, and asks the web.
        self.set_up("apputils-extension", "notification", fetchNews="false")
        self._show_current_build()
        self._start()
        return self

    def set_up(self, extension: str, plugin: str, **settings: Any) -> None:
        """What the user has set of JupyterLab; pages that are loaded from now on follow it."""
        folder = self._home / "settings" / "@jupyterlab" / extension
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{plugin}.jupyterlab-settings").write_text(json.dumps(settings), encoding="utf-8")

    def answer_with(self, model: str) -> None:
        """Have a model answer from now on; what else of the agent was set is as at the start."""
        settings = {"model": model, "base_url": None, "approval": None, "redact": None, "context_tokens": None}
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        body = json.dumps({"settings": settings}).encode()
        asked = urllib.request.Request(f"{self.address}api/agent/settings", body, headers, method="PUT")
        with urllib.request.urlopen(asked, timeout=60) as response:
            assert response.status == 200

    def restart(self) -> None:
        """End it and start it again at the same address."""
        self._stop()
        self._start()

    def _start(self) -> None:
        port = urlsplit(self.address).port or 0
        self.address = ""
        self._process = subprocess.Popen(
            self._command(port),
            env=self._environment(),
            cwd=self.root,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        addresses: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(addresses,), daemon=True)
        self._reader.start()
        try:
            self.address = addresses.get(timeout=_START_SECONDS)
        except queue.Empty:
            self._stop()
            raise AssertionError("Jupyter did not start:\n" + "".join(self.output)) from None

    def __exit__(self, *error: object) -> None:
        self._stop()

    def _stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(10)
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _read(self, addresses: queue.Queue[str]) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        found: re.Match[str] | None = None
        for line in self._process.stderr:
            self.output.append(line)
            found = _ADDRESS.search(line) or found
            if _LISTENING in line and found is not None:
                addresses.put(found[0])

    def _command(self, port: int) -> list[str]:
        return [
            *(str(self._python), "-m", "jupyterlab", "--no-browser", "--allow-root", "--debug"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", f"--ServerApp.root_dir={self.root}"),
            *(f"--IdentityProvider.token={self.token}", "--ServerApp.jpserver_extensions=jupyter_agent=True"),
        ]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "OPENAI", "JPY"))}
        return {
            **kept,
            "HOME": str(self._home),
            "PYTHONPATH": str(PACKAGE.parent),
            "PATH": f"{self._python.parent}{os.pathsep}{os.environ['PATH']}",
            "JUPYTER_CONFIG_DIR": str(self._home / "config"),
            "JUPYTER_DATA_DIR": str(self._home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self._home / "runtime"),
            "JUPYTER_PATH": str(self._home / "share"),
            "JUPYTERLAB_DIR": str(Path(sys.prefix) / "share" / "jupyter" / "lab"),
            "JUPYTERLAB_SETTINGS_DIR": str(self._home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self._home / "workspaces"),
        }

    def _show_current_build(self) -> None:
        """An editable install keeps a copy of the front end; what is tested is the one built last."""
        built = PACKAGE / "labextension"
        assert (built / "package.json").exists(), "The front end is not built: pip install -e . does it."
        folder = self._home / "share" / "labextensions"
        folder.mkdir(parents=True)
        (folder / "jupyter-notebook-agent").symlink_to(built)
