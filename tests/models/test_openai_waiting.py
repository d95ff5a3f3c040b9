"""Waiting for a model's first word, for a model that is loaded, and for a server that is full: how long, and what is said meanwhile."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.config import api_keys
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core import errors
from jupyter_agent.core.events import ModelFinished, TextDelta, ThinkingDelta, Waiting
from jupyter_agent.core.messages import Message
from jupyter_agent.models.openai.providers import AZURE, OPENROUTER, build
from jupyter_agent.models.openai_compatible import requester
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.openai_compatible.provider import OPENAI
from tests.support.fake_model_server import STREAM, answer, answered, asking, chunk, plain, running

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_agent.core.events import ModelEvent
    from jupyter_agent.models.openai_compatible.provider import Provider

END = chunk("stop") + "data: [DONE]\n\n"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")


@pytest.fixture
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requester, "_NOTE_SECONDS", 0.05)


async def until(model: OpenAIModel, kind: type[ModelEvent], go_on: asyncio.Event) -> list[ModelEvent]:
    """All that is answered; the server goes on once there was an event of that kind."""
    seen: list[ModelEvent] = []
    async with aclosing(model.stream([Message("user", "hi")], deadline=time.monotonic() + 20)) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, kind):
                go_on.set()
    return seen


@pytest.mark.parametrize(
    "first",
    ["", STREAM, STREAM + chunk(role="assistant", content=""), STREAM + ": ping\n\n", STREAM + chunk(reasoning="hm")],
)
@pytest.mark.usefixtures("_often")
async def test_the_first_limit_holds_until_the_first_word_and_the_wait_is_told(first: str) -> None:
    go_on = asyncio.Event()

    async def late(writer: asyncio.StreamWriter) -> None:
        writer.write(first.encode())
        await go_on.wait()
        writer.write((("" if first else STREAM) + chunk(content="late") + END).encode())
        await writer.drain()

    async with running() as server, asking(server, idle_seconds=0.01) as model:
        server.queue(late)
        events = await until(model, Waiting, go_on)
    waiting = [event for event in events if isinstance(event, Waiting)]
    assert waiting
    assert all("nothing has come for" in event.text for event in waiting)
    assert TextDelta("late") in events


@pytest.mark.usefixtures("_often")
async def test_a_server_that_only_keeps_the_connection_alive_has_not_answered() -> None:
    go_on = asyncio.Event()

    async def pinging(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM.encode())
        while not go_on.is_set():
            writer.write(b": keep-alive\n\n")
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.write((chunk(content="late") + END).encode())
        await writer.drain()

    async with running() as server, asking(server) as model:
        server.queue(pinging)
        events = await until(model, Waiting, go_on)
    assert isinstance(events[0], Waiting)
    assert events[-2] == TextDelta("late")


@pytest.mark.usefixtures("_often")
async def test_an_answer_in_one_piece_is_waited_for_as_long() -> None:
    go_on = asyncio.Event()

    async def late(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        await go_on.wait()
        writer.write(b'{"choices": [{"message": {"content": "late"}, "finish_reason": "stop"}]}')
        await writer.drain()

    async with running() as server, asking(server, idle_seconds=0.01) as model:
        server.queue(late)
        assert (await until(model, Waiting, go_on))[-2:] == [TextDelta("late"), ModelFinished("stop")]


async def test_a_silence_after_the_first_word_is_told_from_one_before_it() -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        writer.write((STREAM + chunk(content="one")).encode())
        await asyncio.Event().wait()

    async with running() as server, asking(server, idle_seconds=0.1) as model:
        server.queue(silent)
        with pytest.raises(errors.UpstreamTimeout, match="nothing"):
            await answer(model)


@pytest.mark.parametrize("provider", [OPENAI, AZURE, OPENROUTER])
def test_every_provider_may_think_for_five_minutes_unless_an_option_says_otherwise(provider: Provider) -> None:
    assert OpenAIModel("m", Connection("http://127.0.0.1:1/v1", provider))._requester._first == 300
    config = JupyterAgent(model=f"{provider.name}:m", base_url="http://127.0.0.1:1/v1")
    assert build(provider, config, "m")._requester._first == 300
    config.first_word_seconds = 900
    assert build(provider, config, "m")._requester._first == 900


async def test_a_wait_that_a_server_asks_for_is_told_with_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float, *_: Any) -> None:
        slept.append(seconds)

    full = plain(
        429, {"error": {"message": "Rate limit reached. Please try again in 6s.", "code": "rate_limit_exceeded"}}
    )
    async with running() as server, asking(server) as model:
        server.queue(full, plain(429, headers="Retry-After: 22\r\n"), answered("fine"))
        monkeypatch.setattr(asyncio, "sleep", sleep)
        events = await answer(model, seconds=60)
        monkeypatch.undo()
    waiting = [event for event in events if isinstance(event, Waiting) and "asked again" in event.text]
    assert [event.seconds for event in waiting] == [6, 22]
    assert "asked again in 22 seconds" in waiting[1].text
    assert [round(seconds) for seconds in slept if seconds > 1] == [6, 22]
    assert events[-2] == TextDelta("fine")


async def test_a_model_that_is_loaded_for_longer_than_the_first_limit_is_given_up() -> None:
    async with running() as server, asking(server, first_seconds=1.0) as model:
        server.queue(plain(503, {"error": {"message": "Loading model"}}))
        with pytest.raises(errors.UpstreamError, match="still loading the model"):
            await answer(model)
        assert len(server.asked) > 3


async def test_thinking_that_was_cut_off_is_no_answer() -> None:
    async with running() as server, asking(server) as model:
        server.queue(STREAM + chunk(reasoning_content="hm"), answered("fine"))
        with pytest.raises(errors.UpstreamProtocol, match="broke off"):
            await answer(model)


async def test_a_model_that_thinks_first_is_known_from_its_second_answer_on() -> None:
    thinking = answered("hm\n", "</think>\n\n", "fine")
    async with running() as server, asking(server) as model:
        server.queue(thinking, thinking, answered("no thought"), answered("no thought"))
        first, second, third, fourth = [await answer(model) for _ in range(4)]
    assert any(isinstance(event, ThinkingDelta) and event.replaces_text for event in first)
    assert second[:-1] == [ThinkingDelta("hm\n"), TextDelta("fine")]
    assert third[:-1] == [ThinkingDelta("no thought"), TextDelta("no thought")]
    assert fourth[:-1] == [TextDelta("no thought")]


async def test_a_wrong_key_of_the_panel_is_mended_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("OPENAI_API_KEY")
    api_keys.store({"OPENAI_API_KEY": "sk-wrong-key-of-the-panel"})
    async with running() as server, asking(server) as model:
        server.queue(plain(401, {"error": {"message": "Incorrect API key provided"}}))
        with pytest.raises(errors.UpstreamAuth) as caught:
            await answer(model)
    assert "panel's settings" in caught.value.message
    assert "start Jupyter again" not in caught.value.message
