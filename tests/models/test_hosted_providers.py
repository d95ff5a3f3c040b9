"""Hosted providers, each played by a small server that refuses what their documentation says the real one refuses.

None of them can be reached from here: addresses, fields and errors are those of their documentation and of reports about them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core import errors
from jupyter_agent.core.events import Done, Event, Failed, TextDelta
from jupyter_agent.core.messages import Effect, Picture
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.question import Question
from jupyter_agent.models.openai.providers import PROVIDERS, build
from tests.support.fake_model_server import STREAM, answered, chunk, event, plain, refused, running
from tests.support.scripted_assistant import events_of

if TYPE_CHECKING:
    import asyncio

    from tests.support.fake_model_server import Asked, ModelServer

Body = dict[str, Any]
KEY = "hosted-canary-0123456789"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SIGNATURE = {"google": {"thought_signature": "Qk0="}}
#: What an object of Gemini's `Schema` may have.
GEMINIS = {"type", "format", "title", "description", "nullable", "enum", "items", "properties", "required", "anyOf"}


class Plot:
    """A tool with a schema of every kind, which shows a picture."""

    effect: Effect = "read"

    def __init__(self) -> None:
        self.spec = ToolSpec("plot", "Plots.", SCHEMA)
        self.given: list[Mapping[str, Any]] = []

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        self.given.append(arguments)
        return ToolOutput("plotted", pictures=(Picture("image/png", PIXEL),))


SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "of": {"$ref": "#/$defs/column"},
        "kind": {"const": "line"},
        "limit": {"type": ["integer", "null"], "exclusiveMinimum": 0},
        "by": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/column"}}]},
    },
    "required": ["of"],
    "additionalProperties": False,
    "$defs": {"column": {"type": "string", "propertyNames": {"pattern": "x"}, "description": "a column"}},
}


def call(*, fields: Mapping[str, Any] | None = None, **delta: Any) -> str:
    function = {"name": "plot", "arguments": '{"of": "km"}'}
    made = {"index": 0, "id": "call_0fypS1hVX", "type": "function", "function": function, **(fields or {})}
    return (
        STREAM + chunk(role="assistant", **delta) + chunk(tool_calls=[made]) + chunk("tool_calls") + "data: [DONE]\n\n"
    )


def results(body: Body) -> list[Body]:
    return [message for message in body["messages"] if message["role"] == "tool"]


def calling(body: Body) -> list[Body]:
    return [message for message in body["messages"] if message.get("tool_calls")]


def keywords(schema: Any) -> set[str]:
    """All keywords of a schema, and of those within."""
    if not isinstance(schema, dict):
        return set()
    inner = [
        *schema.get("properties", {}).values(),
        schema.get("items"),
        *schema.get("anyOf", ()),
        *schema.get("oneOf", ()),
    ]
    return {*schema, *(word for part in inner for word in keywords(part))}


def gemini(asked: Asked) -> str:
    body = asked.body
    unknown = [name for name in ("seed", "random_seed", "frequency_penalty") if name in body]
    problems = [f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.' for name in unknown]
    for number, tool in enumerate(body.get("tools", ())):
        place = f"tools[0].function_declarations[{number}].parameters"
        words = sorted(keywords(tool["function"]["parameters"]) - GEMINIS)
        problems += [
            f"Invalid JSON payload received. Unknown name \"{word}\" at '{place}': Cannot find field." for word in words
        ]
    asked_last = max(number for number, message in enumerate(body["messages"]) if message["role"] == "user")
    now = {**body, "messages": body["messages"][asked_last:]}  # earlier turns are not looked at
    if any("extra_content" not in made for message in calling(now) for made in message["tool_calls"]):
        problems = ["Function call is missing a thought_signature in functionCall parts."]
    if asked.headers["authorization"] != f"Bearer {KEY}":
        problems = ["API key not valid. Please pass a valid API key."]
    if problems:
        return plain(400, [{"error": {"code": 400, "message": "\n".join(problems), "status": "INVALID_ARGUMENT"}}])
    return answered("done") if results(body) else call(fields={"extra_content": SIGNATURE})


def mistral(asked: Asked) -> str:
    body = asked.body
    known = {
        "model",
        "messages",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "temperature",
        "top_p",
        "max_tokens",
    }
    known |= {"stop", "random_seed", "reasoning_effort"}
    places = [["body", name] for name in body if name not in known]
    for number, message in enumerate(body["messages"]):
        fields = {"role", "content", "tool_calls", "tool_call_id", "name", "prefix"}
        places += [["body", "messages", number, message["role"], name] for name in message if name not in fields]
    if places:
        detail = [
            {"type": "extra_forbidden", "loc": place, "msg": "Extra inputs are not permitted"} for place in places
        ]
        return plain(
            422, {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error", "code": None}
        )
    ids = [message["tool_call_id"] for message in results(body)]
    if wrong := [id_ for id_ in ids if not re.fullmatch("[a-zA-Z0-9]{9}", id_)]:
        words = f"Tool call id was {wrong[0]} but must be a-z, A-Z, 0-9, with a length of 9."
        return plain(400, {"object": "error", "message": words, "type": "invalid_function_call", "code": "3280"})
    roles = [message["role"] for message in body["messages"]]
    if ("tool", "user") in pairwise(roles):
        words, kind = "Unexpected role 'user' after role 'tool'", "invalid_request_message_order"
        return plain(400, {"object": "error", "message": words, "type": kind, "param": None, "code": "3230"})
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
    return answered("done") if results(body) else call(content=thinking, reasoning_content="hm")


def groq(asked: Asked) -> str:
    body = asked.body
    if any("name" in message for message in body["messages"]) or body.keys() & {
        "logprobs",
        "logit_bias",
        "top_logprobs",
    }:
        return refused(400, "property 'messages.0.name' is unsupported", type="invalid_request_error")
    if results(body):
        return answered("done")
    if not groq_has_failed:
        groq_has_failed.append(True)
        failure = {
            "message": "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
            "type": "invalid_request_error",
            "code": "tool_use_failed",
            "failed_generation": '<function=plot{"of": "km"}</function>',
            "status_code": 400,
        }
        return f"{STREAM}event: error\n{event({'error': failure})}"
    return call()


groq_has_failed: list[bool] = []


def deepseek(asked: Asked) -> str:
    body = asked.body
    if any("reasoning_content" not in message for message in calling(body)):
        words = "The `reasoning_content` in the thinking mode must be passed back to the API."
        return refused(400, words, type="invalid_request_error", param=None, code="invalid_request_error")
    return answered("done") if results(body) else call(reasoning_content="")


def fireworks(asked: Asked) -> str:
    body = asked.body
    if extra := body.keys() & {"stream_options", "seed", "random_seed"}:
        words = f"Extra inputs are not permitted, field: '{min(extra)}'"
        return refused(400, words, object="error", type="invalid_request_error")
    if body.get("max_tokens", 0) > 4096 and not body["stream"]:
        return refused(400, "Requests with max_tokens > 4096 must have stream=true")
    return answered("done") if results(body) else call()


def github(asked: Asked) -> str:
    if len(json.dumps(asked.body)) > 24_000:
        words = "Request body too large for gpt-4o model. Max size: 8000 tokens."
        return refused(413, words, code="tokens_limit_reached", details=words)
    return answered("done") if results(asked.body) else call()


def xai(asked: Asked) -> str:
    kind = "Client specified an invalid argument"
    if asked.headers["authorization"] != f"Bearer {KEY}":
        return plain(
            400, {"code": kind, "error": "Incorrect API key provided: ho***89. You can obtain one from the console."}
        )
    camel = {"reasoning_effort": "reasoningEffort", "presence_penalty": "presencePenalty", "stop": "stop"}
    for name in camel.keys() & asked.body.keys():
        return plain(400, {"code": kind, "error": f"Model grok does not support parameter {camel[name]}."})
    return answered("done") if results(asked.body) else call()


def usual(asked: Asked) -> str:
    return answered("done") if results(asked.body) else call()


@dataclass(frozen=True)
class Hosted:
    """A provider as it is played.

    Attributes:
        answer: What it says to a request.
        requests: For a question that needs one call, the first time.
        refused: Of `OPTIONS`, what it does not take, as it is named.
    """

    answer: Callable[[Asked], str]
    requests: int = 2
    refused: tuple[str, ...] = ()


HOSTED = {
    "bedrock": Hosted(usual),
    "deepseek": Hosted(deepseek, 3),
    "fireworks": Hosted(fireworks, 3, ("seed",)),
    "gemini": Hosted(gemini, 3, ("seed",)),
    "github": Hosted(github),
    "groq": Hosted(groq, 3),
    "mistral": Hosted(mistral, 4),
    "together": Hosted(usual),
    "xai": Hosted(xai, 2, ("stop", "reasoning_effort")),
}
OPTIONS = {"seed": 7, "effort": "high", "stop": "END", "max_tokens": 900, "temperature": 0.5}


def play(server: ModelServer, answer: Callable[[Asked], str]) -> None:
    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(server.asked[-1]).encode())
        await writer.drain()

    server.answers[:] = [serve]


def assistant_of(server: ModelServer, name: str, **options: Any) -> Assistant:
    """An assistant whose provider is where the server listens."""
    options = {"store": "memory://", "model": f"{name}:m", "base_url": server.base_url, **options}
    return Assistant.from_config(JupyterAgent(**options))


async def ask(assistant: Assistant, tool: Plot, query: str = "Plot km") -> list[Event]:
    return await events_of(assistant, Question("me", query, session_id="s1", tools={"plot": tool}))


def ended(events: list[Event]) -> Done:
    assert isinstance(events[-1], Done), events[-1]
    return events[-1]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    groq_has_failed.clear()
    for provider in PROVIDERS.values():
        monkeypatch.setenv(provider.key, KEY)


@pytest.mark.parametrize("name", HOSTED)
async def test_a_question_with_a_call_and_a_picture_is_answered(name: str) -> None:
    hosted, tool = HOSTED[name], Plot()
    async with running() as server:
        play(server, hosted.answer)
        assistant = assistant_of(server, name)
        done = ended(await ask(assistant, tool))
        assert (done.reply, done.model, done.warnings) == ("done", f"{name}:m", ())
        assert tool.given == [{"of": "km"}]
        assert len(server.asked) == hosted.requests, [asked.body for asked in server.asked]
        assert all(asked.headers["authorization"] == f"Bearer {KEY}" for asked in server.asked)
        # What it does not take is not tried again; it sees the results of before.
        assert ended(await ask(assistant, tool, "And again?")).reply == "done"
        assert len(server.asked) - hosted.requests == 1
        await assistant.close()


@pytest.mark.parametrize("name", HOSTED)
async def test_what_a_provider_refuses_of_the_options_is_left_out_and_named_once(name: str) -> None:
    hosted, tool = HOSTED[name], Plot()
    async with running() as server:
        play(server, hosted.answer)
        assistant = assistant_of(server, name, model_options={name: OPTIONS})
        first = ended(await ask(assistant, tool))
        body = server.asked[-1].body
        sent = {
            "seed": body.get("seed", body.get("random_seed")),
            "stop": body.get("stop"),
            "max_tokens": body.get("max_tokens"),
        }
        sent |= {"reasoning_effort": body.get("reasoning_effort"), "temperature": body.get("temperature")}
        wanted = {"seed": 7, "stop": ["END"], "max_tokens": 900, "reasoning_effort": "high", "temperature": 0.5}
        assert sent == {key: None if key in hosted.refused else value for key, value in wanted.items()}
        assert [any(key in words for words in first.warnings) for key in hosted.refused] == [True] * len(hosted.refused)
        assert len(first.warnings) == bool(hosted.refused)
        assert ended(await ask(assistant, tool, "And again?")).warnings == ()
        await assistant.close()


@pytest.mark.parametrize("name", ["gemini", "xai"])
async def test_a_wrong_key_is_named_where_it_has_no_status_of_its_own(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROVIDERS[name].key, "hosted-canary-of-another")
    async with running() as server:
        play(server, HOSTED[name].answer)
        assistant = assistant_of(server, name)
        end = (await ask(assistant, Plot()))[-1]
        await assistant.close()
    assert isinstance(end, Failed)
    assert (end.code, len(server.asked)) == ("upstream_auth", 1)
    assert f"Set {PROVIDERS[name].key}" in end.message
    assert "canary" not in end.message


def test_schemas_are_simple_where_they_have_to_be() -> None:
    from jupyter_agent.models.openai_compatible.wire import request

    body = request("m", [], [Plot().spec], without=frozenset({"schema"}))
    column = {"type": "string", "description": "a column"}
    assert body["tools"][0]["function"]["parameters"] == {
        "type": "object",
        "required": ["of"],
        "properties": {
            "of": column,
            "kind": {"enum": ["line"]},
            "limit": {"type": "integer"},
            "by": {"anyOf": [{"type": "string"}, {"type": "array", "items": column}]},
        },
    }
    circle = {
        "$ref": "#/$defs/tree",
        "$defs": {"tree": {"properties": {name: {"$ref": "#/$defs/tree"} for name in "abcd"}}},
    }
    spec = ToolSpec("t", "", circle)
    assert len(json.dumps(request("m", [], [spec], without=frozenset({"schema"})))) < 20_000


async def test_a_question_that_is_too_large_for_github_is_asked_with_less() -> None:
    async with running() as server:
        play(server, github)
        assistant = assistant_of(server, "github", context_tokens=30_000)
        events = await ask(assistant, Plot(), "Explain this: " + "word " * 6000)
        assert ended(events).reply == "done"
        assert max(len(json.dumps(asked.body)) for asked in server.asked) > 24_000
        await assistant.close()


@pytest.mark.parametrize(
    ("name", "listing", "names"),
    [
        ("together", [{"id": "openai/gpt-oss-20b", "type": "chat"}], ("openai/gpt-oss-20b",)),
        ("gemini", {"data": [{"id": "models/gemini-x"}, {"id": "models/gemini-embedding"}]}, ("gemini-x",)),
        ("github", [{"id": "openai/gpt-4.1", "publisher": "OpenAI"}], ("openai/gpt-4.1",)),
        ("bedrock", None, ()),
        ("azure", None, ()),
    ],
)
async def test_the_models_are_listed_as_they_are_asked_for(name: str, listing: Any, names: tuple[str, ...]) -> None:
    async with running() as server:
        play(server, lambda _: plain(404) if listing is None else plain(200, listing))
        address = server.base_url.replace("/v1", "/inference")
        model = build(PROVIDERS[name], JupyterAgent(model=f"{name}:m", base_url=address), "m")
        assert await model.models() == names
        await model.close()
    lines = [asked.line for asked in server.asked]
    path = "/catalog/models" if name == "github" else "/inference/models"
    assert lines == ([] if listing is None else [f"GET {path} HTTP/1.1"])


async def test_the_region_of_bedrock_is_in_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    bedrock = PROVIDERS["bedrock"]
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(errors.UpstreamRefused, match=r"address of Amazon Bedrock is not set.*AWS_REGION"):
        await build(bedrock, JupyterAgent(), "m").models()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert bedrock.usual_url() == "https://bedrock-runtime.eu-central-1.amazonaws.com/openai/v1"
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert bedrock.usual_url() == "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1"
    monkeypatch.setenv("AWS_REGION", "evil.example.com/")
    assert bedrock.usual_url() == ""


def test_a_provider_that_is_asked_for_the_first_of_its_models_has_no_default() -> None:
    defaults = {
        name: build(PROVIDERS[name], JupyterAgent(), "").name for name in ("deepseek", "gemini", "mistral", "groq")
    }
    assert defaults == {
        "deepseek": "deepseek",
        "gemini": "gemini:gemini-flash-latest",
        "mistral": "mistral:mistral-medium-latest",
        "groq": "groq",
    }


async def test_where_no_model_is_named_it_is_asked_for_with_where_they_are_listed() -> None:
    with pytest.raises(errors.UpstreamRefused, match=r"groq:<model>.*jupyter agent models"):
        async with aclosing(build(PROVIDERS["groq"], JupyterAgent(), "").stream([], deadline=1e9)) as events:
            _ = [emitted async for emitted in events if isinstance(emitted, TextDelta)]
