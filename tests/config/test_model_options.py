"""`model_options`: what may be said, for which models it holds, and how it reaches their servers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from traitlets.config import Config

from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.protocols import ModelOptions
from tests.support.fake_model_server import answer, answered, asking, running


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"temprature": 0.5}, "did you mean 'temperature'"),
        ({"ollama:*": {"max_token": 5}}, "did you mean 'max_tokens'"),
        ({"extra_bdy": {"x": 1}}, "did you mean 'extra_body'"),
        ({"zzz": 1}, "there are tools, .*extra_body"),
        ({"effort": "hihg"}, "Did you mean 'high'"),
        ({"tools": "loud"}, "native, text, code"),
        ({"temperature": 3}, "from 0 to 2"),
        ({"temperature": True}, "from 0 to 2"),
        ({"top_p": "much"}, "from 0 to 1"),
        ({"max_tokens": 0}, "above 0"),
        ({"seed": 1.5}, "whole number"),
        ({"stop": [1]}, "list of at most four"),
        ({"extra_body": {"messages": []}}, "without messages, model, stream, tools"),
        ({"ollama": {"extra_body": [1]}}, "without messages"),
    ],
)
def test_what_is_no_option_is_named_with_what_to_write(given: dict[str, Any], words: str, monkeypatch: Any) -> None:
    import json

    monkeypatch.setenv("JUPYTER_AGENT_MODEL_OPTIONS", json.dumps(given))
    options = JupyterAgent()
    assert options.model_options == {}
    assert any(re.search(words, problem) for problem in options.problems), options.problems


@pytest.mark.parametrize(
    ("given", "words"),
    [({"extra_body": {"key": "k-4711"}, "efort": 1}, "did you mean 'effort'"), ({"extra_body": "k-4711"}, "an object")],
)
def test_P3_what_stands_in_them_is_not_shown_where_they_are_wrong(given: dict[str, Any], words: str) -> None:
    options = JupyterAgent(config=Config({"JupyterAgent": {"model_options": given}}))
    assert options.model_options == {}
    assert words in str(options.problems)
    assert "k-4711" not in str(options.problems)


@pytest.mark.parametrize("value", [{"x": {1, 2}}, {"x": float("nan")}, {"x": [object()]}])
def test_M4_what_is_no_json_is_refused_where_it_is_written_and_not_at_each_question(value: Any) -> None:
    options = JupyterAgent(config=Config({"JupyterAgent": {"model_options": {"extra_body": value}}}))
    assert options.model_options == {}
    assert "object of JSON data" in str(options.problems)


def test_they_hold_for_all_models_or_for_those_whose_pattern_fits() -> None:
    given = {
        "effort": "low",
        "deepseek": {"effort": "max"},
        "ollama:*coder*": {"temperature": 0},
        "openai:o3": {"seed": 1},
        "local:*coder*": {"tools": "code"},
    }
    options = JupyterAgent(model_options=given)
    assert not options.problems
    names = ("deepseek:v4", "ollama:qwen-coder", "ollama:x", "openai:o3", "local:/models/Qwen2.5-Coder.gguf")
    assert {name: options.options_of_model(name) for name in names} == {
        "deepseek:v4": {"effort": "max"},
        "ollama:qwen-coder": {"effort": "low", "temperature": 0},
        "ollama:x": {"effort": "low"},
        "openai:o3": {"effort": "low", "seed": 1},
        "local:/models/Qwen2.5-Coder.gguf": {"effort": "low", "tools": "code"},
    }


async def test_they_are_sent_where_a_question_does_not_say_otherwise() -> None:
    settings = {
        "effort": "high",
        "temperature": 0.1,
        "stop": "END",
        "extra_body": {"top_k": 5, "chat_template_kwargs": {"x": 1}},
    }
    async with running() as server, asking(server, settings=settings) as model:
        server.queue(answered("ok"))
        await answer(model)
        stream = model.stream([], deadline=1e9, options=ModelOptions(temperature=1.0))
        assert [event async for event in stream]
    first, second = (asked.body for asked in server.asked)
    sent = {
        "reasoning_effort": "high",
        "temperature": 0.1,
        "stop": ["END"],
        "top_k": 5,
        "chat_template_kwargs": {"x": 1},
    }
    assert {key: first[key] for key in sent} == sent
    assert (second["temperature"], second["reasoning_effort"]) == (1.0, "high")
