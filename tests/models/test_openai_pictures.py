"""Pictures: sent to models that see, put into words for the others; which these are is known, asked, or found out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.events import ModelFinished, TextDelta
from jupyter_agent.core.messages import Message, Picture, ToolCall, Usage
from jupyter_agent.core.protocols import ToolSpec
from jupyter_agent.models.openai.providers import LLAMACPP, LMSTUDIO, OLLAMA, OPENROUTER, build
from jupyter_agent.models.openai_compatible import sight
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.openai_compatible.provider import OPENAI, Provider
from jupyter_agent.models.openai_compatible.wire import request
from tests.support.fake_model_server import KEY, answer, answered, asking, plain, running

READ = ToolSpec("read_output", "Read it.", {"type": "object", "properties": {}})
PICTURE = Picture("image/png", "aGk=")
PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


def turn() -> list[Message]:
    calls = (ToolCall("a", "read_output", "{}"), ToolCall("b", "read_output", "{}"))
    return [
        Message("user", "What does it show?"),
        Message("assistant", "", calls),
        Message("tool", "1 picture", tool_call_id="a", pictures=(PICTURE,)),
        Message("tool", "nothing", tool_call_id="b"),
    ]


def test_pictures_stand_after_the_results_that_show_them() -> None:
    messages: list[dict[str, Any]] = request("m", [*turn(), Message("assistant", "A line.")], [READ])["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "tool", "user", "assistant"]
    assert messages[4]["content"][1:] == [PART]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
        (400, "At most 0 image(s) may be provided in one prompt."),
    ],
)
async def test_a_model_that_does_not_see_is_asked_without_pictures_from_then_on(
    status: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with running() as server, asking(server) as model:
        server.queue(plain(status, {"error": {"message": words}}), answered("ok"), answered("ok"))
        for _ in range(2):
            events = await answer(model, *turn(), tools=[READ])
            assert events[0] == TextDelta("ok")
            assert isinstance(events[-1], ModelFinished)
            assert events[-1].ignored == ("pictures",)
        assert model.traits.sees is False
    assert ["image_url" in str(request.body) for request in server.asked] == [True, False, False]
    assert "There is what you cannot see: a picture (PNG, 1 KiB)" in str(server.asked[1].body)


@pytest.mark.parametrize(
    "words",
    [
        "Could not process image: it is damaged.",
        "messages.2: image exceeds 5 MB maximum",
        "Invalid image data.",
        "Unsupported image format",
        "At most 2 image(s) may be provided in one prompt.",
    ],
)
async def test_a_picture_that_a_server_does_not_take_does_not_make_its_model_blind(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with running() as server, asking(server) as model:
        server.queue(plain(400, {"error": {"message": words}}), answered("ok"), answered("ok"))
        events = await answer(model, *turn(), tools=[READ])
        assert isinstance(events[-1], ModelFinished)
        assert events[-1].ignored == ("pictures",)
        await answer(model, *turn(), tools=[READ])
        assert model.traits.sees is None
    assert ["image_url" in str(request.body) for request in server.asked] == [True, False, True]


@pytest.mark.parametrize(
    ("model", "sees"),
    [
        ("gpt-4o-mini", True), ("gpt-5-mini", True), ("o3", True), ("o3-mini", False), ("gpt-3.5-turbo", False), ("gpt-oss:20b", False),
        ("anthropic/claude-sonnet-4.5", True), ("google/gemini-2.5-flash", True), ("llava:13b", True), ("qwen2.5vl:7b", True),
        ("Qwen/Qwen2.5-VL-7B-Instruct", True), ("qwen3-vl-plus", True), ("qwen2.5-coder:1.5b", False), ("qwen3:8b", False),
        ("llama3.2-vision:11b", True), ("llama3.2:3b", False), ("meta-llama/Llama-4-Scout-17B", True), ("gemma3:4b", True),
        ("gemma3:1b", False), ("gemma2:9b", False), ("mistralai/pixtral-12b", True), ("mistral-small3.2", True), ("mistral:7b", False),
        ("deepseek-chat", False), ("phi-4-multimodal-instruct", True), ("phi3:mini", False), ("minicpm-v:8b", True),
        ("glm-4.5v", True), ("glm-4.6", False), ("a-company's-own", None), ("test", None),
    ],
)  # fmt: skip
def test_families_that_see_are_known(model: str, sees: bool | None) -> None:
    assert sight.sight_of_family(model) is sees


OLLAMA_SAYS = {"capabilities": ["completion", "tools"]}
LISTED = {"data": [{"id": "x/y", "architecture": {"input_modalities": ["text"]}}]}


@pytest.mark.parametrize(
    ("provider", "model", "says", "line"),
    [
        (LLAMACPP, "gemma-3-4b", {"modalities": {"vision": False, "audio": False}}, "GET /props "),
        (OLLAMA, "gemma3:4b", OLLAMA_SAYS, "POST /api/show "),
        (OPENROUTER, "x/y", LISTED, "GET /v1/models "),
        (LMSTUDIO, "gemma-3-4b", {"type": "llm"}, "GET /api/v0/models/gemma-3-4b "),
    ],
)
async def test_what_a_server_says_counts_more_than_the_family(
    provider: Provider, model: str, says: Any, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(provider.key, KEY)
    async with running() as server:
        asked = OpenAIModel(model, Connection(server.base_url, provider))
        server.queue(plain(200, says), answered("ok"), answered("ok"))
        shown = Message("user", "What is it?", pictures=(replace(PICTURE, is_users=True),))
        for _ in range(2):  # asked once
            await answer(asked, shown)
        assert asked.traits.sees is False
        await asked.close()
    assert server.asked[0].line.startswith(line)
    assert [bool("image_url" in str(request.body)) for request in server.asked] == [False, False, False]
    assert "cannot see" in str(server.asked[1].body)


async def test_a_server_that_says_nothing_of_it_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OLLAMA.key, KEY)
    async with running() as server:
        asked = OpenAIModel("own", Connection(server.base_url, OLLAMA))
        server.queue(plain(404, {"error": "no"}), answered("ok"))
        await answer(asked, Message("user", "What is it?", pictures=(replace(PICTURE, is_users=True),)))
        await asked.close()
    assert "image_url" in str(server.asked[1].body)


@pytest.mark.parametrize("sees", [True, False])
async def test_the_options_have_the_last_word(sees: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    options = JupyterAgent(model_options={"openai:*": {"pictures": sees}})
    async with running() as server:
        options.base_url = server.base_url
        name = "gpt-3.5-turbo" if sees else "gpt-4o"
        asked = build(OPENAI, options, name)
        server.queue(answered("ok"))
        await answer(asked, Message("user", "What is it?", pictures=(replace(PICTURE, is_users=True),)))
        assert asked.traits.sees is sees
        await asked.close()
    assert ("image_url" in str(server.asked[0].body)) is sees
    with pytest.raises(ValueError, match="true or false"):
        JupyterAgent(model_options={"pictures": "yes"})


async def test_what_an_answer_cost_is_told_where_the_server_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_agent.models.openai_compatible.stream import _usage

    usage = _usage({"prompt_tokens": 5, "completion_tokens": 2, "cost": 0.25})
    assert usage == Usage(5, 2, 0.25)
    for cost in (-1, "1", None, float("nan"), 1e300):
        assert _usage({"prompt_tokens": 5, "completion_tokens": 2, "cost": cost}) == Usage(5, 2)
    assert ModelFinished("stop", Usage(1, 1, 0.5)).usage + Usage(1, 1, 0.25) == Usage(2, 2, 0.75)
    assert Usage(9, 3, 0.5, 6) - Usage(4, 4, 0.25, 2) == Usage(5, 0, 0.25, 4)
