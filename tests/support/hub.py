"""A real JupyterHub on this machine whose users' servers are processes of this account, each with a home of their own."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tornado.httpclient import AsyncHTTPClient, HTTPRequest

import jupyter_agent
from tests.support.database_servers import free_port

CONFIG = """
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.allow_named_servers = True
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.db"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.ConfigurableHTTPProxy.command = {proxy}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.JupyterHub.services = [{{"name": "test", "api_token": "{token}"}}]
scopes = ["admin:users", "admin:servers", "tokens", "access:servers"]
c.JupyterHub.load_roles = [{{"name": "test", "scopes": scopes, "services": ["test"]}}]
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/{{username}}"
c.Spawner.args = ["--allow-root", "--ServerApp.jpserver_extensions=jupyter_agent=True"]
c.Spawner.environment = {environment}
c.Spawner.http_timeout = 60
c.Spawner.start_timeout = 60
"""


@dataclass(frozen=True)
class UsersServer:
    """A user's server, asked with a user's token."""

    url: str
    token: str


class Hub:
    """Started on entering, with its proxy; ended on leaving, with the users' servers.

    Args:
        folder: An empty one.
        proxy: The command of configurable-http-proxy.
        environment: Of the users' servers, besides a clean one.
    """

    def __init__(self, folder: Path, proxy: list[str], environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.token = secrets.token_hex(16)
        source = str(Path(jupyter_agent.__file__).parents[1])
        users = {"PYTHONPATH": source, "JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp", **environment}
        config = CONFIG.format(
            port=self.port,
            hub_port=free_port(),
            proxy_port=free_port(),
            folder=folder,
            proxy=proxy,
            token=self.token,
            environment=users,
        )
        (folder / "config.py").write_text(config, encoding="utf-8")

    async def __aenter__(self) -> Self:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", str(self.folder / "config.py")],
                cwd=self.folder,
                env={"PATH": path, "HOME": str(self.folder)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        for _ in range(600):
            with suppress(OSError):  # nobody listens yet
                if await self._ask("GET", "", check=False) == 200:
                    return self
            if self._process.poll() is not None:
                break
            await asyncio.sleep(0.1)  # it tells nobody when it is ready
        await self.__aexit__()
        raise AssertionError(self.log)

    async def __aexit__(self, *error: object) -> None:
        proxy = self.folder / "proxy.pid"
        proxies = [int(proxy.read_text(encoding="ascii"))] if proxy.exists() else []
        self._process.terminate()
        self._process.wait(60)
        for leader in proxies:  # JupyterHub ends the first process of a proxy only, and through npx there are more
            with suppress(ProcessLookupError):
                os.killpg(leader, signal.SIGTERM)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    async def start(self, user: str, name: str = "") -> UsersServer:
        """Start a server of a user, who is made where there is none of that name."""
        (self.folder / user).mkdir(exist_ok=True)
        await self._ask("POST", f"users/{user}", check=False)
        await self._ask("POST", f"users/{user}/servers/{name}")
        for _ in range(600):
            server = (await self._json("GET", f"users/{user}"))["servers"].get(name)
            if server is not None and server["ready"]:
                break
            await asyncio.sleep(0.1)  # as above
        else:
            raise AssertionError(self.log)
        token = (await self._json("POST", f"users/{user}/tokens"))["token"]
        return UsersServer(f"http://127.0.0.1:{self.port}{server['url']}", token)

    async def _ask(self, method: str, path: str, *, check: bool = True) -> int:
        return int((await self._fetch(method, path, check=check)).code)

    async def _json(self, method: str, path: str) -> Any:
        return json.loads((await self._fetch(method, path, check=True)).body)

    async def _fetch(self, method: str, path: str, *, check: bool) -> Any:
        url = f"http://127.0.0.1:{self.port}/hub/api/{path}"
        headers = {"Authorization": f"token {self.token}"}
        request = HTTPRequest(url, method, headers, allow_nonstandard_methods=True, request_timeout=60)
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
        assert response.code < 400 or not check, (path, response.body, self.log[-3000:])
        return response


def proxy_command() -> list[str]:
    """How configurable-http-proxy is started; empty where it cannot be had."""
    installed = shutil.which("configurable-http-proxy")
    npx = shutil.which("npx")
    return [installed] if installed else [npx, "--yes", "configurable-http-proxy@5"] if npx else []
