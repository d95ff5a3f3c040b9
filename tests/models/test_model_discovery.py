"""Servers of models on this machine are found quickly, and are told nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from jupyter_agent.models.discovery import Found, discover
from jupyter_agent.models.openai.providers import OLLAMA, PROVIDERS
from jupyter_agent.models.openai_compatible.provider import Provider
from tests.support.fake_model_server import ModelServer, plain, running

LISTING = {"object": "list", "data": [{"id": "llama3", "owned_by": "library"}, {"id": "nomic-embed-text"}]}


def at(server: ModelServer, name: str = "ollama") -> Provider:
    return Provider(name, "Somebody", server.base_url, "SOME_KEY")


async def test_servers_that_answer_are_found_with_what_they_can_chat_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-canary")
    async with running() as one, running() as other, running() as gone:
        gone_kind = at(gone, "vllm")
    async with running() as one, running() as other:
        one.queue(plain(200, LISTING))
        other.queue("HTTP/1.0 200 OK\r\n\r\n" + '{"data": [{"id": "qwen3"}]}')
        found = await discover(5, [at(one), gone_kind, at(other, "lmstudio")])
    assert found == (
        Found("ollama", "Ollama", one.base_url, ("llama3",)),
        Found("lmstudio", "Somebody", other.base_url, ("qwen3",)),
    )
    assert found[0].names == ("ollama:llama3",)
    (asked,) = one.asked
    assert asked.line.startswith("GET /v1/models ")
    assert set(asked.headers) == {"host", "accept"}


async def test_an_address_of_the_environment_is_looked_at_where_it_is_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as server:
        server.queue(plain(200, LISTING))
        monkeypatch.setenv("OLLAMA_HOST", server.base_url.removeprefix("http://").removesuffix("/v1"))
        assert [server.names for server in await discover(5, [OLLAMA])] == [("ollama:llama3",)]


@pytest.mark.parametrize(
    "address", ["http://models.example.com/v1", "http://10.0.0.7:11434/v1", "https://127.0.0.1/v1", "http://[::1", ""]
)
async def test_nobody_is_asked_but_this_machine(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    async def nobody(*_: Any, **__: Any) -> Any:
        raise AssertionError("asked")

    monkeypatch.setattr(asyncio, "open_connection", nobody)
    assert await discover(1, [Provider("x", "X", address)]) == ()


async def test_all_are_asked_at_once_and_silence_is_not_waited_for() -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with running() as one, running() as other, running() as third:
        one.queue(silent)
        other.queue(silent)
        third.queue(plain(200, LISTING))
        started = time.monotonic()
        found = await discover(1.0, [at(one), at(other), at(third)])
        assert time.monotonic() - started < 1.9
    assert len(found) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "SSH-2.0-OpenSSH_9\r\n\r\n",
        plain(200, "<html>Jupyter</html>", "text/html"),
        plain(200, {"version": "2.21"}),
        plain(200, {"data": []}),
        plain(200, {"data": 7}),
        plain(200, "[" * 100_000),
        plain(200, "7"),
        plain(401, LISTING),
        plain(404, LISTING),
        plain(307, headers="Location: http://10.0.0.7/v1/models\r\n"),
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{",
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n\xff\xfe\xff",
        "x" * (1 << 21),
        "HTTP/1.0 200 OK\r\n\r\n" + " " * (1 << 21),
    ],
)
async def test_what_is_no_server_of_models_is_not_found(answer: str | bytes) -> None:
    async with running() as server:
        server.queue(answer)
        assert await discover(5, [at(server)]) == ()
    assert len(server.asked) == 1


async def test_one_server_is_found_once() -> None:
    async with running() as server:
        server.queue(plain(200, LISTING))
        assert [server_found.provider for server_found in await discover(5, [at(server), at(server, "llamacpp")])] == [
            "ollama"
        ]


async def test_the_usual_ports_are_asked_within_three_tenths_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    asked: list[int] = []
    real = asyncio.open_connection

    async def noted(host: str, port: int, **options: Any) -> Any:
        asked.append(port)
        return await real(host, port, **options)

    monkeypatch.setattr(asyncio, "open_connection", noted)
    started = time.monotonic()
    await discover()
    assert time.monotonic() - started < 2
    assert sorted(asked) == [1234, 8000, 8080, 11434]
    assert {provider.name for provider in PROVIDERS.values() if provider.base_url.startswith("http://127.")} == {
        "ollama",
        "lmstudio",
        "llamacpp",
        "vllm",
    }
