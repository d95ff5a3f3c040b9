"""The client finds the server that started its kernel, and is let in by it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.kernelside.client import server_info
from jupyter_agent.kernelside.client.http import HttpClient, parse_events
from jupyter_agent.kernelside.client.server_info import Address


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_agent": True}},
        "JupyterAgent": {"store": "memory://", "model": "offline"},
    }


async def test_a_server_without_a_token_is_asked_with_its_own_cookie(
    jp_serverapp: Any, jp_fetch: Any, jp_http_port: int
) -> None:
    jp_serverapp.identity_provider.token = ""
    address = Address(f"http://127.0.0.1:{jp_http_port}{jp_serverapp.base_url}")
    client = HttpClient(address)
    assert await asyncio.to_thread(client.has_extension)
    body = {"query": "hello", "stream": True}
    events = await asyncio.to_thread(lambda: list(client.events("api/agent/quick", body)))
    assert (events[0][0], events[-1][0]) == ("turn", "done")


def test_the_runtime_file_tells_the_way(tmp_path: Path) -> None:
    record = {
        "url": "http://127.0.0.1:8888/base/",
        "token": "t",
        "password": False,
        "root_dir": "/data",
        "sock": "",
        "base_url": "/base/",
    }
    file = tmp_path / "jpserver-1.json"
    file.write_text(json.dumps(record), encoding="utf-8")
    assert server_info.read_address(str(file)) == Address("http://127.0.0.1:8888/base/", "t", False, "/data", "")
    file.write_text(json.dumps({**record, "sock": "/run/jupyter.sock"}), encoding="utf-8")
    found = server_info.read_address(str(file))
    assert found is not None
    assert (found.url, found.sock) == ("http://localhost/base/", "/run/jupyter.sock")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"port": 1}'])
def test_a_broken_runtime_file_is_no_server(tmp_path: Path, text: str) -> None:
    file = tmp_path / "jpserver-1.json"
    file.write_text(text, encoding="utf-8")
    assert server_info.read_address(str(file)) is None
    assert server_info.read_address(str(tmp_path / "missing.json")) is None


@pytest.mark.parametrize(
    ("path", "roots", "expected"),
    [
        ("", ("/home/me",), ""),
        ("/home/me/a/n.ipynb", ("/home/me",), "a/n.ipynb"),
        ("/home/me/a/n.ipynb", ("", "/elsewhere", "/home"), "me/a/n.ipynb"),
        ("/home/meandmore/n.ipynb", ("/home/me",), "/home/meandmore/n.ipynb"),
        ("/home/me/n.ipynb", (), "/home/me/n.ipynb"),
    ],
)
def test_a_notebooks_name_is_its_path_below_the_servers_root(path: str, roots: tuple[str, ...], expected: str) -> None:
    assert server_info.notebook_id(path, roots) == expected


def test_events_are_read_whatever_stands_between_them() -> None:
    stream = (
        b": keep-alive\n\n"
        b'id: 1\nevent: text\ndata: {"text": "\xc3\xbc"}\n\n'
        b"event: odd\ndata: no json\n\n"
        b'event: two\r\ndata: {"a":\r\ndata:  1}\r\n\r\n'
        b'data: {"unnamed": true}\n\n'
        b'event: cut\ndata: {"never": "ended"}\n'
    )
    lines: Iterator[bytes] = iter(stream.splitlines(keepends=True))
    assert list(parse_events(lines)) == [("text", {"text": "ü"}), ("two", {"a": 1}), ("message", {"unnamed": True})]
