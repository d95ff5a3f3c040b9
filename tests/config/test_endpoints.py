"""Endpoints: several servers of models in one configuration, each with its own address, key and certificates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from traitlets.config import Config

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.config.policy import Policy
from jupyter_agent.core.errors import Forbidden, UnknownModel, UpstreamAuth
from jupyter_agent.core.events import Done
from jupyter_agent.core.question import Question
from jupyter_agent.models.openai.providers import missing_key
from tests.support.fake_model_server import answered, plain, running
from tests.support.scripted_assistant import done

if TYPE_CHECKING:
    from tests.support.fake_model_server import ModelServer

WORK = "work-canary-0123456789abcdef"


@pytest.mark.parametrize(
    ("endpoints", "words"),
    [
        (
            {"openai": {"base_url": "https://x.example.com/v1"}},
            "'openai' is a provider's own name: .* such as 'my-openai'",
        ),
        ({"Work": {"base_url": "https://x.example.com/v1"}}, "name is of a-z"),
        ({"work": {"base_url": "x.example.com"}}, "'base_url' of 'work' is an address"),
        ({"work": {"base_url": "https://me:pw@x.example.com"}}, "without a password"),
        ({"work": {"base_url": "http://x.example.com/a b"}}, "'base_url' of 'work' is an address"),
        ({"work": {"base_url": "http://x.example.com:0/v1"}}, "'base_url' of 'work' is an address"),
        ({"work": {"base_url": "https://x.example.com", "model_": "m"}}, "did you mean 'model'"),
        ({"work": {"base_url": "https://x.example.com", "key": "sk-x"}}, "'key_env' names the variable"),
        ({"work": {"base_url": "https://x.example.com", "key_env": "sk-x y"}}, "name of an environment variable"),
        ({"work": {"base_url": "https://x.example.com", "provider": "olama"}}, "did you mean 'ollama'"),
        ({"work": {"base_url": "https://x.example.com", "provider": "offline"}}, "has no address"),
        ({"work": "https://x.example.com"}, "is an object"),
    ],
)
def test_what_is_no_endpoint_is_named_with_its_cure(
    endpoints: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_AGENT_ENDPOINTS", json.dumps(endpoints))
    options = JupyterAgent()
    assert options.endpoints == {}
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(options.problems)
    assert not any("me:pw" in problem or "sk-x" in problem for problem in options.problems)


@pytest.mark.parametrize(
    "broken",
    [
        {"base_url": "https://[x.example.com/v1"},
        {"base_url": "https://x.example.com:99999/v1"},
        {"base_url": "work.example.com"},
        {"base_url": "https://x.example.com/v1", "provider": "olama"},
        "https://x.example.com/v1",
    ],
)
@pytest.mark.parametrize("is_variable", [False, True])
async def test_one_broken_endpoint_is_named_and_the_others_answer(
    broken: Any, is_variable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as server:
        endpoints = {"work": broken, "home": {"base_url": server.base_url, "model": "m"}}
        if is_variable:
            monkeypatch.setenv("JUPYTER_AGENT_ENDPOINTS", json.dumps(endpoints))
        config = JupyterAgent(
            store="memory://",
            model="home",
            config=Config({} if is_variable else {"JupyterAgent": {"endpoints": endpoints}}),
        )
        (problem,) = config.problems
        assert "'work'" in problem
        server.queue(answered("From home."))
        assistant = Assistant.from_config(config)
        assert (await asked(assistant, "home")).reply == "From home."
        with pytest.raises(UnknownModel, match=r"endpoints: .*'work'"):
            assistant.model("work:gpt-x")
        await assistant.close()


async def asked(assistant: Assistant, model: str) -> Done:
    return await done(assistant, Question("me", "hi", model=model, session_id=model))


def served(server: ModelServer, name: str) -> list[str]:
    return [f"{name} {request.headers['authorization']} {request.body['model']}" for request in server.asked]


async def test_two_endpoints_and_a_provider_answer_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORK_KEY", WORK)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai-0123456789")
    async with running() as work, running() as home, running() as other:
        for server in (work, home, other):
            server.queue(answered("ok"))
        endpoints = {
            "work": {"base_url": work.base_url, "key_env": "WORK_KEY", "model": "gpt-w"},
            "home": {"base_url": home.base_url, "provider": "vllm"},
        }
        config = JupyterAgent(store="memory://", model="openai:gpt-x", base_url=other.base_url, endpoints=endpoints)
        assistant = Assistant.from_config(config)
        assert assistant.models()[:3] == ("openai:gpt-x", "work", "home")
        models = [(await asked(assistant, name)).model for name in ("work", "work:gpt-y", "home:llama", "openai:gpt-x")]
        assert models == ["work:gpt-w", "work:gpt-y", "home:llama", "openai:gpt-x"]
        assert served(work, "work") == [f"work Bearer {WORK} gpt-w", f"work Bearer {WORK} gpt-y"]
        assert served(home, "home") == ["home Bearer none llama"]
        assert served(other, "other") == ["other Bearer sk-of-openai-0123456789 gpt-x"]
        assert WORK not in assistant.redactor.text(f"the key is {WORK}")
        await assistant.close()


async def test_an_endpoints_model_may_be_the_configured_one_and_the_address_of_the_options_is_not_its_own() -> None:
    async with running() as work:
        work.queue(plain(200, {"data": [{"id": "first"}]}), answered("ok"))
        endpoints = {"work": {"base_url": work.base_url}}
        config = JupyterAgent(store="memory://", model="work", base_url="http://127.0.0.1:9/v1", endpoints=endpoints)
        assistant = Assistant.from_config(config)
        assert (await asked(assistant, "work")).reply == "ok"
        assert assistant.model("work").name == "work:first"
        await assistant.close()


async def test_a_key_that_is_named_is_needed_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORK_KEY", raising=False)
    config = JupyterAgent(
        endpoints={"work": {"base_url": "http://127.0.0.1:9/v1", "key_env": "WORK_KEY"}}, store="memory://"
    )
    assert missing_key("work:m", config) == "WORK_KEY"
    model: Any = Assistant.from_config(config).model("work:m")
    with pytest.raises(UpstreamAuth, match=r"no key for work \(127.0.0.1\). Set WORK_KEY"):
        await model.models()
    monkeypatch.setenv("WORK_KEY", WORK)
    assert missing_key("work:m", config) == ""


def test_the_policy_holds_for_endpoints() -> None:
    endpoints = {"work": {"base_url": "https://models.example.com/v1"}, "home": {"base_url": "http://127.0.0.1:9/v1"}}
    config = JupyterAgent(store="memory://", endpoints=endpoints, model="offline")
    config.policy = Policy(patterns={"models": (("work:*",),)})
    assistant = Assistant.from_config(config)
    assert assistant.models() == ("offline", "work")
    assert assistant.model("work:m").name == "work:m"
    with pytest.raises(Forbidden, match="does not allow the model 'home:m'"):
        assistant.model("home:m")
    config.policy = Policy(patterns={"base_urls": (("https://models.example.com",),)})
    assert assistant.model("work:n").name == "work:n"
    with pytest.raises(Forbidden, match="does not allow the address of home"):
        assistant.model("home:m")


def test_an_endpoint_is_among_those_that_a_wrong_name_may_have_meant() -> None:
    config = JupyterAgent(store="memory://", endpoints={"work": {"base_url": "https://models.example.com/v1"}})
    with pytest.raises(UnknownModel, match=r"Choose one of these providers: work, .*openai"):
        Assistant.from_config(config).model("wrk:m")
