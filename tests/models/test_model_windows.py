"""How much a model takes: as its server says, by its refusals, else as such models usually do; nothing waits for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.errors import ContextTooLong
from jupyter_agent.core.protocols import ContextWindow, WindowedModel
from jupyter_agent.models.local.model import LocalModel
from jupyter_agent.models.openai.providers import LLAMACPP, LMSTUDIO, OLLAMA, OPENROUTER, VLLM
from jupyter_agent.models.openai_compatible import requester, windows
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.openai_compatible.provider import OPENAI, Provider
from jupyter_agent.prompt.request import budget_for
from tests.support.fake_model_server import ModelServer, answer, answered, chunk, plain, running

if TYPE_CHECKING:
    from collections.abc import Mapping

STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "_reported", {})
    monkeypatch.setattr(requester, "WINDOW_AFTER_SECONDS", 0.0)


def model_of(server: ModelServer, provider: Provider = OPENAI, name: str = "m") -> OpenAIModel:
    return OpenAIModel(name, Connection(server.base_url, provider), backoff_seconds=0.001)


async def learned(pages: Mapping[str, Any], provider: Provider = OPENAI, name: str = "m") -> tuple[Any, list[str]]:
    """What is known after one answer, and what was asked for that, in order."""
    asked: list[str] = []
    is_learned = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[0]
        path = line.split(" ")[1]
        asked.append(line.rpartition(" ")[0])
        if line.startswith("POST"):
            writer.write((STREAM + chunk(content="one ")).encode())
            await asyncio.wait_for(is_learned.wait(), 10)
            writer.write((chunk(content="two") + chunk("stop") + "data: [DONE]\n\n").encode())
        else:
            writer.write((plain(200, pages[path]) if path in pages else plain(404)).encode())
            if path == list(pages)[-1]:
                is_learned.set()
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    model = OpenAIModel(name, Connection(url, provider))
    try:
        assert isinstance(model, WindowedModel)
        await answer(model)
        return model.window, asked
    finally:
        await model.close()
        listening.close()


@pytest.mark.parametrize(
    ("provider", "pages", "tokens"),
    [
        (VLLM, {"/v1/models": {"data": [{"id": "m", "owned_by": "vllm", "max_model_len": 8192}]}}, 8192),
        (OPENAI, {"/v1/models": {"data": [{"id": "m", "context_length": 64_000}]}}, 64_000),
        (
            OPENAI,
            {"/v1/models": {"data": [{"id": "other", "context_length": 1}, {"id": "m", "context_window": 9_000}]}},
            9_000,
        ),
        (OPENAI, {"/v1/models": {"data": [{"id": "m", "max_context_length": 32_000}]}}, 32_000),
        (LLAMACPP, {"/props": {"default_generation_settings": {"n_ctx": 16_384}, "total_slots": 1}}, 16_384),
        (
            OLLAMA,
            {"/api/ps": {"models": [{"name": "m:latest", "model": "m:latest", "context_length": 12_000}]}},
            12_000,
        ),
        (
            LMSTUDIO,
            {
                "/api/v0/models": {
                    "data": [
                        {"id": "m", "state": "loaded", "loaded_context_length": 5_000, "max_context_length": 99_000}
                    ]
                }
            },
            5_000,
        ),
        # An address may lead to any server: its list says which.
        (
            OPENAI,
            {
                "/v1/models": {"data": [{"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131_072}}]},
                "/props": {"default_generation_settings": {"n_ctx": 4_096}},
            },
            4_096,
        ),
        (
            OPENAI,
            {
                "/v1/models": {"data": [{"id": "m", "owned_by": "library"}]},
                "/api/ps": {"models": [{"name": "m:latest", "context_length": 7_000}]},
            },
            7_000,
        ),
    ],
)
async def test_the_server_is_asked_what_a_model_takes_once_it_answers(
    provider: Provider, pages: dict[str, Any], tokens: int
) -> None:
    window, asked = await learned(pages, provider)
    assert window == ContextWindow(tokens, is_reported=True)
    assert asked == ["POST /v1/chat/completions", *(f"GET {path}" for path in pages)]


async def test_an_answer_that_is_short_is_not_a_reason_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requester, "WINDOW_AFTER_SECONDS", 30.0)
    async with running() as server:
        server.queue(answered("ok"))
        model = model_of(server)
        await answer(model)
        await model.close()
        assert [request.line for request in server.asked] == ["POST /v1/chat/completions HTTP/1.1"]
        assert model.window is None


async def test_what_is_not_loaded_yet_says_nothing_of_what_will_be() -> None:
    page = {"data": [{"id": "m", "state": "not-loaded", "max_context_length": 99_000}]}
    windows.learn_page("http://127.0.0.1:1234/v1", page)
    assert OpenAIModel("m", Connection("", LMSTUDIO)).window == ContextWindow(4_096)


async def test_a_list_of_models_that_somebody_asks_for_says_it_of_all_of_them() -> None:
    async with running() as server:
        server.queue(plain(200, {"data": [{"id": "m", "max_model_len": 2_048}, {"id": "n", "max_model_len": 4_096}]}))
        model = model_of(server, VLLM, "n")
        assert await model.models() == ("m", "n")
        assert model.window == ContextWindow(4_096, is_reported=True)
        await model.close()


@pytest.mark.parametrize(
    ("words", "tokens"),
    [
        ("This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.", 8_192),
        ("the request exceeds the available context size (4096 tokens), try increasing it", 4_096),
        ("This model's maximum prompt length is 131072 but the request contains 537812 tokens.", 131_072),
        ("maximum context length of 32768 tokens", 32_768),
        ("prompt is too long: 213462 tokens > 200000 maximum", 200_000),
        ("This model's maximum context length is 262,144 tokens, and you sent 300,000.", 262_144),
        ("This endpoint's maximum context length is 1,048,576 tokens.", 1_048_576),
        ("The maximum context length is 512k tokens.", 0),
        ("Your prompt of 9000 tokens is too long for the context.", 0),
    ],
)
async def test_a_refusal_says_it_too(words: str, tokens: int) -> None:
    async with running() as server:
        server.queue(plain(400, {"error": {"code": "context_length_exceeded", "message": words}}))
        model = model_of(server)
        with pytest.raises(ContextTooLong):
            await answer(model)
        await model.close()
    assert model.window == (ContextWindow(tokens, is_reported=True) if tokens else None)


@pytest.mark.parametrize(
    "page",
    [
        None,
        [],
        "text",
        {"data": "x", "models": 5},
        {"data": [5, {"id": "m"}, {"id": 7, "context_length": 9_000}, {"id": "m", "context_length": True}]},
        {"data": [{"id": "m", "context_length": "9000"}, {"id": "m", "context_length": -1}]},
        {"data": [{"id": "m", "context_length": 10**30}], "default_generation_settings": []},
        {"default_generation_settings": {"n_ctx": 0}},
    ],
)
def test_what_makes_no_sense_is_not_kept(page: object) -> None:
    windows.learn_page("server", page)
    assert windows.reported("server", "m") is None


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("gpt-5-mini", 272_000),
        ("gpt-4o-mini", 128_000),
        ("gpt-4", 8_192),
        ("gpt-4.1-nano", 1_000_000),
        ("o3", 200_000),
        ("anthropic/claude-sonnet-4.5", 200_000),
        ("claude-haiku-4-5-20251001", 200_000),
        ("claude-opus-4-20250514", 200_000),
        ("claude-opus-4-6", 1_000_000),
        ("claude-sonnet-5-5", 1_000_000),
        ("claude-fable-5", 1_000_000),
        ("google/gemini-2.5-pro", 1_000_000),
        ("meta-llama/Llama-3.3-70B-Instruct", 128_000),
        ("mistral-large-latest", 128_000),
        ("deepseek-chat", 64_000),
        ("Qwen/Qwen3-32B", 32_000),
        ("somebody/unheard-of-7b", 0),
    ],
)
def test_of_hosted_models_the_family_is_known(model: str, tokens: int) -> None:
    hosted = OpenAIModel(model, Connection("", OPENROUTER))
    assert hosted.window == (ContextWindow(tokens) if tokens else None)
    # A server of one's own loads it with as much as it likes.
    assert OpenAIModel(model, Connection("http://127.0.0.1:9/v1", VLLM)).window is None


def test_a_local_model_takes_what_its_engine_has_room_for(tmp_path: Any) -> None:
    assert LocalModel.from_config(JupyterAgent(), "a/b").window == ContextWindow(12_096, is_reported=True)
    small = LocalModel.from_config(JupyterAgent(context_tokens=2_000), "a/b")
    assert small.window == ContextWindow(6_096, is_reported=True)
    assert budget_for(small.window, 2_000) == 2_000


@pytest.mark.parametrize(
    ("window", "ceiling", "budget"),
    [
        (None, None, 8_000),
        (None, 20_000, 20_000),
        (ContextWindow(2_048, is_reported=True), None, 1_536),
        (ContextWindow(4_096), None, 3_072),
        (ContextWindow(32_768), None, 24_576),
        (ContextWindow(1_000_000), None, 64_000),
        (ContextWindow(1_000_000), 200_000, 200_000),  # who says so gets more
        (ContextWindow(128_000), 8_000, 8_000),
        (ContextWindow(4_096, is_reported=True), 8_000, 3_072),  # more than that is refused
        (ContextWindow(4_096), 8_000, 8_000),  # only what such models usually take
    ],
)
def test_the_budget_follows_what_the_model_takes_and_what_the_options_say(
    window: ContextWindow | None, ceiling: int | None, budget: int
) -> None:
    assert budget_for(window, ceiling) == budget
