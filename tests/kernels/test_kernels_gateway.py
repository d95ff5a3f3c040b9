"""A kernel behind a websocket: of a Jupyter server in this process, and of a real gateway."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import AsyncHTTPClient

from jupyter_agent.kernels.gateway import WebSocketTransport
from jupyter_agent.kernels.remote import RemoteKernel
from tests.support.environments import create_environment
from tests.support.running_server import LISTENING


async def check_kernel(url: str, headers: dict[str, str], interrupt: Callable[[], Awaitable[None]]) -> None:
    """The same requests, whoever is at the other end of the websocket."""
    kernel = RemoteKernel(WebSocketTransport(url, {"headers": headers}), "k", interrupt=interrupt)
    assert (await kernel.state(timeout=30)).stale == ""
    result = await kernel.execute("items = [1]\nprint('out')", timeout=20)
    assert (result.status, result.text) == ("ok", "out\n")
    assert (await kernel.state()).variables["items"].facts["items"] == ["1"]
    assert (await kernel.inspect("items")).facts["length"] == 1
    assert (await kernel.execute("while True: pass", timeout=0.5)).status == "timeout"
    tried = await kernel.try_execute("mine = [*items, 2]\nmine", timeout=20)
    assert (tried.status, tried.text) == ("ok", "[1, 2]\n")
    assert "Type:" in await kernel.signature("items", 2)
    await kernel.close()


async def test_a_kernel_behind_a_servers_websocket(jp_serverapp: ServerApp, jp_fetch: Any) -> None:
    model = json.loads((await jp_fetch("api", "kernels", method="POST", allow_nonstandard_methods=True)).body)
    address = f"{jp_serverapp.connection_url}api/kernels/{model['id']}"

    async def interrupt() -> None:
        await jp_fetch("api", "kernels", model["id"], "interrupt", method="POST", allow_nonstandard_methods=True)

    headers = {"Authorization": f"token {jp_serverapp.identity_provider.token}"}
    await check_kernel(f"{address.replace('http', 'ws', 1)}/channels", headers, interrupt)


async def test_a_gateway_that_is_not_there_is_a_reason_and_no_exception() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"ws://127.0.0.1:{free.getsockname()[1]}/api/kernels/k/channels"
    kernel = RemoteKernel(WebSocketTransport(address), "k")
    state = await kernel.state()
    assert (state.status, state.stale) == ("unknown", "The kernel's gateway does not answer.")
    assert (await kernel.execute("1", timeout=5)).status == "unavailable"
    await kernel.close()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[str]:
    """Address of a real Jupyter kernel gateway with the token ``sesame``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        f"--KernelGatewayApp.port={port}",
        "--KernelGatewayApp.ip=127.0.0.1",
        "--KernelGatewayApp.auth_token=sesame",
    ]
    python = create_environment(tmp_path, "jupyter_kernel_gateway", "ipykernel")
    command = [str(python), "-m", "kernel_gateway", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("available at" in line for line in process.stderr)
        yield f"127.0.0.1:{port}"
        process.terminate()
        process.stderr.read()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_kernel_behind_a_real_gateway(gateway: str) -> None:
    headers = {"Authorization": "token sesame"}
    client = AsyncHTTPClient()
    address = f"http://{gateway}/api/kernels"
    model = json.loads((await client.fetch(address, method="POST", headers=headers, body="{}")).body)

    async def interrupt() -> None:
        await client.fetch(f"{address}/{model['id']}/interrupt", method="POST", headers=headers, body="")

    await check_kernel(f"ws://{gateway}/api/kernels/{model['id']}/channels", headers, interrupt)
    await asyncio.wait_for(client.fetch(f"{address}/{model['id']}", method="DELETE", headers=headers), 20)


@pytest.fixture
def server(gateway: str, tmp_path: Path) -> Iterator[str]:
    """Address of a Jupyter server of ours that has its kernels from the gateway, with the token ``ours``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--debug",
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=ours",
        f"--gateway-url=http://{gateway}",
        "--GatewayClient.auth_token=sesame",
        f"--ServerApp.root_dir={tmp_path}",
    ]
    command = [sys.executable, "-m", "jupyter_server", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(LISTENING in line.encode() for line in process.stderr)
        drain = threading.Thread(target=process.stderr.read)
        drain.start()
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        drain.join()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_server_reads_the_kernels_that_its_gateway_runs(server: str) -> None:
    headers = {"Authorization": "token ours"}
    client = AsyncHTTPClient()

    async def fetch(path: str, method: str = "GET", body: str | None = None) -> Any:
        return json.loads((await client.fetch(server + path, method=method, headers=headers, body=body)).body)

    model = await fetch("/api/kernels", "POST", "{}")
    state = await fetch(f"/api/agent/kernels/{model['id']}/state")
    while state["stale"] and state["status"] != "unknown":
        state = await fetch(f"/api/agent/kernels/{model['id']}/state")
    assert (state["stale"], state["variables"], state["total"]) == ("", [], 0)
