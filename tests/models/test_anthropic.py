"""Anthropic's models: requests that its API takes, streams that break, whole turns with thoughts that go back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_agent.config.endpoints import Endpoint
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core import errors
from jupyter_agent.core.events import ApprovalAsked, Done, ModelFinished, TextDelta, ThinkingDelta, Waiting
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import ContextWindow, ModelOptions, ToolOutput, ToolSpec
from jupyter_agent.core.question import Decision
from jupyter_agent.models.anthropic.messages_api import BlockReader, Learned, MessagesRequest
from jupyter_agent.models.anthropic.model import AnthropicModel
from jupyter_agent.models.openai_compatible import requester
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.provider import ANTHROPIC
from tests.support import messages_server
from tests.support.fake_model_server import KEY, ModelServer, answer, plain, running
from tests.support.messages_server import (
    MessagesApi,
    begun,
    block_events,
    call,
    ended,
    refusal,
    text,
    thinking,
)
from tests.support.model_conversations import (
    CALLED,
    JUNK,
    LIST,
    PICTURE,
    PLACES,
    SHOWN,
    Recorder,
    asking,
    assistant_of,
    conversations,
    survives,
)
from tests.support.scripted_api import Step, sse

NEW, OLD = "claude-opus-5-5", "claude-haiku-4-5"
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
CACHED = {"type": "ephemeral"}


@asynccontextmanager
async def api(
    *script: Step, model: str = NEW, options: Mapping[str, Any] | None = None, **rules: Any
) -> AsyncGenerator[tuple[AnthropicModel, MessagesApi], None]:
    """A model, and the API that it is asked by."""
    async with running() as server:
        served = MessagesApi(server, script, **rules)
        server.queue(served.answer)
        connection = Connection(server.base_url, ANTHROPIC, own_key=KEY)
        asked = AnthropicModel(model, connection, backoff_seconds=0.001, settings=options or {})
        try:
            yield asked, served
        finally:
            await asked.close()


# Requests -------------------------------------------------------------------------------------


async def test_a_request_is_as_the_messages_api_has_it() -> None:
    history = [
        Message("system", "Be brief."),
        Message("user", "hi"),
        Message("assistant", "Hello."),
        Message("user", "And?"),
    ]
    async with api([text("ok")]) as (model, served):
        events = await answer(model, *history, tools=[LIST])
    asked = served.server.asked[0]
    assert events[:-1] == [TextDelta("o"), TextDelta("k")] or events[0] == TextDelta("ok")
    assert asked.line == "POST /v1/messages HTTP/1.1"
    assert (asked.headers["x-api-key"], asked.headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert "authorization" not in asked.headers
    assert not any("openai" in value.lower() or name.startswith("x-stainless") for name, value in asked.headers.items())
    assert asked.body == {
        "model": NEW,
        "max_tokens": 32_000,
        "stream": True,
        "system": [{**text("Be brief."), "cache_control": CACHED}],
        "messages": [
            {"role": "user", "content": [text("hi")]},
            {"role": "assistant", "content": [{**text("Hello."), "cache_control": CACHED}]},
            {"role": "user", "content": [{**text("And?"), "cache_control": CACHED}]},
        ],
        "tools": [{"name": LIST.name, "description": LIST.description, "input_schema": LIST.parameters}],
        "thinking": {"type": "adaptive", "display": "summarized"},
    }


@pytest.mark.parametrize(
    "messages",
    [
        [Message("user", "a"), Message("user", "b"), Message("assistant", "c"), Message("assistant", "d")],
        [Message("assistant", "c"), Message("user", "a")],
        [Message("user", "a"), Message("assistant", " \n"), Message("user", "  "), Message("user", "b")],
        [Message("user", "a"), Message("assistant", "and then \n")],
        [Message("system", "S")],
        [Message("user", "a"), CALLED, Message("user", "b")],
        [Message("user", "a"), CALLED, Message("tool", "", tool_call_id="b"), Message("tool", "x", tool_call_id="c")],
        [Message("user", "a"), CALLED, Message("tool", "1", tool_call_id="b"), Message("tool", "2", tool_call_id="a")],
        [Message("user", "a"), Message("tool", "x", tool_call_id="a")],
        [Message("user", "a"), CALLED],
        [Message("user", "a"), Message("assistant", "", (ToolCall("some/id ü", "ü!", "[1"),))],
        [Message("user", "half \ud83d, none \0"), CALLED, Message("tool", "2", tool_call_id="a", pictures=(SHOWN,))],
        [Message("user", "", pictures=(PICTURE,)), Message("user", "a", pictures=(PICTURE, SHOWN))],
        [
            *[Message("user", "a"), CALLED, Message("tool", "1", tool_call_id="a")],
            *[Message("assistant", "b"), Message("user", "c"), CALLED.without_unkept(), Message("user", "d")],
        ][:-2],
    ],
    ids=str,
)
@pytest.mark.parametrize("tools", [[LIST], []])
async def test_what_the_api_would_refuse_is_mended_before_it_is_sent(
    messages: list[Message], tools: list[ToolSpec]
) -> None:
    async with api([text("ok")]) as (model, served):
        assert isinstance((await answer(model, *messages, tools=tools))[-1], ModelFinished)
    assert served.refusals == []


@given(conversations(), st.sampled_from([(), ("gone",), ("list_variables", "gone")]))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_whatever_the_messages_are_the_api_takes_them(messages: list[Message], names: tuple[str, ...]) -> None:
    tools = [ToolSpec(name, "Does it.", {"type": "object"}) for name in names]
    request = MessagesRequest(messages, tools, ModelOptions(), lambda **_: None, Learned())  # type: ignore[arg-type]
    served = MessagesApi(ModelServer(), [])
    for without in (frozenset[str](), frozenset({"pictures"})):
        assert served._problem(json.loads(json.dumps(request.body(NEW, without)))) == ""


async def test_results_stand_first_and_name_their_failure_and_pictures_stand_within_them() -> None:
    results = [
        Message("tool", "1", tool_call_id="a", pictures=(SHOWN,)),
        Message("tool", "denied: no", tool_call_id="b", code="denied"),
    ]
    async with api([text("ok")]) as (model, served):
        await answer(model, Message("user", "a", pictures=(PICTURE,)), CALLED, *results, tools=[LIST])
    question, _, answers = (message["content"] for message in served.bodies[0]["messages"])
    assert question == [IMAGE, {**text("a")}]
    assert answers == [
        {"type": "tool_result", "tool_use_id": "a", "content": [text("1"), IMAGE]},
        {
            "type": "tool_result",
            "tool_use_id": "b",
            "content": "denied: no",
            "is_error": True,
            "cache_control": CACHED,
        },
    ]


async def test_schemas_that_tools_may_not_have_are_made_fit() -> None:
    strange = ToolSpec("ü tool", "Of somebody else.", {"anyOf": [{"required": ["a"]}], "properties": {"a": {}}})
    async with api([text("ok")]) as (model, served):
        await answer(model, Message("user", "hi"), tools=[strange])
    assert served.bodies[0]["tools"][0] == {
        "name": "__tool",
        "description": "Of somebody else.",
        "input_schema": {"type": "object", "properties": {"a": {}}},
        "cache_control": CACHED,
    }


@pytest.mark.parametrize(
    ("model", "options", "sent"),
    [
        (NEW, {"reasoning_effort": "minimal"}, {"output_config": {"effort": "low"}}),
        (
            "claude-opus-4-5",
            {"reasoning_effort": "high"},
            {"output_config": {"effort": "high"}, "thinking": {"type": "enabled", "budget_tokens": 16_000}},
        ),
        (OLD, {}, {"thinking": None, "output_config": None}),
        (
            "claude-opus-4-5-20251101",
            {"reasoning_effort": "low"},
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        ),
        (OLD, {"reasoning_effort": "max"}, {"thinking": {"type": "enabled", "budget_tokens": 16_000}}),
        (OLD, {"temperature": 0.5, "stop": ("x", " ")}, {"temperature": 0.5, "stop_sequences": ["x"]}),
        (OLD, {"temperature": 1.7}, {"temperature": 1.0}),
        (OLD, {"tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
        (OLD, {"tool_choice": "list_variables"}, {"tool_choice": {"type": "tool", "name": "list_variables"}}),
        (NEW, {"parallel_tool_calls": False}, {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}),
        (
            NEW,
            {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}},
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        ),
        ("claude-3-opus-20240229", {}, {"max_tokens": 4096}),
        ("claude-opus-4-20250514", {}, {"max_tokens": 32_000}),
        ("a-gateways-own-name", {}, {"max_tokens": 32_000}),
    ],
)
async def test_options_are_sent_as_the_api_calls_them(
    model: str, options: dict[str, Any], sent: dict[str, Any]
) -> None:
    async with api([text("ok")], model=model, is_adaptive=model == NEW) as (asked, served):
        end = await asking(asked, [Message("user", "hi")], ModelOptions(**options), [LIST])
    assert (served.refusals, end.ignored) == ([], ())
    body = served.bodies[0]
    assert {name: body.get(name) for name in sent} == sent


async def test_too_few_tokens_are_not_spent_on_thoughts() -> None:
    async with api([text("ok")], model=OLD, is_adaptive=False) as (model, served):
        end = await asking(model, [Message("user", "hi")], ModelOptions(reasoning_effort="max", max_tokens=2000))
    assert (end.ignored, "thinking" in served.bodies[0]) == (("reasoning_effort",), False)


async def test_options_that_the_api_does_not_have_or_take_are_named() -> None:
    options = ModelOptions(seed=1, presence_penalty=0.5, response_format={"type": "json_object"}, temperature=0.1)
    async with api([text("ok")]) as (model, served):
        end = await asking(model, [Message("user", "hi")], options)
        assert set(end.ignored) == {"seed", "presence_penalty", "response_format", "temperature"}
        await asking(model, [Message("user", "hi")], options)
    assert ["temperature" in body for body in served.bodies] == [True, False, False]


async def test_a_tool_that_has_to_be_called_is_asked_for_without_thoughts_and_left_open_where_that_is_refused() -> None:
    async with api([text("ok")]) as (model, served):
        end = await asking(model, [Message("user", "hi")], ModelOptions(tool_choice="required"), [LIST])
    assert end.ignored == ("tool_choice",)
    assert [("thinking" in body, "tool_choice" in body) for body in served.bodies] == [(False, True), (True, False)]


async def test_what_the_configuration_says_of_the_model_is_sent() -> None:
    configured = {"effort": "max", "max_tokens": 500, "extra_body": {"service_tier": "standard_only"}}
    async with api([text("ok")], options=configured) as (model, served):
        await asking(model, [Message("user", "hi")], ModelOptions(max_tokens=600))
    body = served.bodies[0]
    assert (body["output_config"], body["max_tokens"], body["service_tier"]) == (
        {"effort": "max"},
        600,
        "standard_only",
    )


async def test_an_answer_has_no_more_tokens_than_the_model_can_give() -> None:
    async with api([text("ok")], max_tokens=8192) as (model, served):
        for _ in range(2):
            assert (await answer(model))[0].text == "ok"  # type: ignore[union-attr]
    assert [body["max_tokens"] for body in served.bodies] == [32_000, 8192, 8192]


async def test_an_answer_takes_the_room_that_the_question_leaves() -> None:
    words = "input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000, decrease input length"
    async with api(refusal(words), [text("ok")], refusal(words), [text("ok")]) as (model, served):
        for _ in range(2):
            await answer(model)
    assert [body["max_tokens"] for body in served.bodies] == [32_000, 10_000, 32_000, 10_000]


@pytest.mark.parametrize(
    "name", ["claude-opus-4-6", "claude-mythos-preview", "claude-sonnet-5", "anthropic/claude-opus-4.8"]
)
async def test_new_families_think_as_much_as_they_like(name: str) -> None:
    async with api([text("ok")], model=name) as (model, served):
        await answer(model)
    assert served.bodies[0]["thinking"]["type"] == "adaptive"


async def test_a_model_that_does_not_think_so_is_asked_without_from_then_on() -> None:
    async with api([text("ok")], is_adaptive=False) as (model, served):
        for _ in range(2):
            await answer(model)
    assert ["thinking" in body for body in served.bodies] == [True, False, False]


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
async def test_an_address_may_be_written_without_the_version(path: str) -> None:
    async with running() as server:
        server.queue(plain(200, {"data": [{"id": "claude-a"}, {"id": "claude-b", "max_input_tokens": 300_000}]}))
        model = AnthropicModel("", Connection(server.base_url.removesuffix("/v1") + path, ANTHROPIC, own_key=KEY))
        assert await model.models() == ("claude-a", "claude-b")
        listed = AnthropicModel("claude-b", model._connection)
        assert listed.window == ContextWindow(300_000, is_reported=True)
        await model.close()
    assert server.asked[0].line == "GET /v1/models?limit=1000 HTTP/1.1"
    assert server.asked[0].headers["x-api-key"] == KEY
    assert model.name == f"anthropic:{ANTHROPIC.default}"


# Failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "words", "error", "shown", "requests"),
    [
        (401, "authentication_error", "invalid x-api-key", errors.UpstreamAuth, "ANTHROPIC_API_KEY", 1),
        (
            403,
            "permission_error",
            "Your API key does not have permission",
            errors.UpstreamAuth,
            "not for this model",
            1,
        ),
        (404, "not_found_error", "model: claude-opus-5-5", errors.UpstreamRefused, "has no model 'claude-opus-5-5'", 2),
        (413, "request_too_large", "Request exceeds the maximum size", errors.ContextTooLong, "does not fit", 1),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 213462 tokens > 200000 maximum",
            errors.ContextTooLong,
            "",
            1,
        ),
        (400, "invalid_request_error", "Your credit balance is too low", errors.UpstreamRateLimit, "used up", 1),
        (
            *(400, "invalid_request_error"),
            "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
            *(errors.UpstreamRateLimit, "used up", 1),
        ),
        (429, "rate_limit_error", "This request would exceed your limit", errors.UpstreamRateLimit, "too many", 3),
        (500, "api_error", "Internal server error", errors.UpstreamError, "internal error", 3),
        (529, "overloaded_error", "Overloaded", errors.UpstreamError, "status 529", 3),
        (400, "invalid_request_error", "messages.0: something else", errors.UpstreamRefused, "something else", 1),
    ],
)
async def test_a_failure_is_what_it_is_for_every_other_server(
    status: int, kind: str, words: str, *, error: type[errors.UpstreamError], shown: str, requests: int
) -> None:
    async with api(refusal(words, status, kind)) as (model, served):
        with pytest.raises(errors.UpstreamError) as caught:
            await answer(model)
    assert type(caught.value) is error
    assert shown in caught.value.message
    assert KEY not in caught.value.message
    assert len(served.server.asked) == requests


async def test_a_wait_that_the_server_asks_for_is_kept_and_said() -> None:
    async with api(refusal("slow", 429, "rate_limit_error", "retry-after: 1\r\n"), [text("ok")]) as (model, _):
        events = await answer(model)
    assert any(isinstance(event, Waiting) and "too many requests" in event.text for event in events)
    assert any(isinstance(event, TextDelta) for event in events)


async def test_an_unknown_model_is_named_with_those_that_are_like_it() -> None:
    async with running() as server:
        listing = plain(200, {"data": [{"id": "claude-opus-5-5", "type": "model"}, {"id": "claude-haiku-5-5"}]})
        server.queue(refusal("model: claude-opus-55", 404, "not_found_error"), listing)
        model = AnthropicModel("claude-opus-55", Connection(server.base_url, ANTHROPIC, own_key=KEY))
        with pytest.raises(errors.UpstreamRefused, match="Did you mean claude-opus-5-5"):
            await answer(model)
        await model.close()


async def test_it_is_found_where_the_environment_says_and_gets_its_own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC", "OPENAI"):
        monkeypatch.setenv(f"{name}_API_KEY", f"key-of-{name}")
    async with running() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url.removesuffix("/v1"))
        server.queue(MessagesApi(server, [[text("ok")]]).answer)
        options = JupyterAgent(
            model="anthropic:m", first_word_seconds=900, model_options={"anthropic": {"effort": "low"}}
        )
        model = AnthropicModel.from_config(options, "claude-opus-5-5")
        assert isinstance((await answer(model))[-1], ModelFinished)
        await model.close()
    (asked,) = server.asked
    assert asked.headers["x-api-key"] == "key-of-ANTHROPIC"
    assert asked.body["output_config"] == {"effort": "low"}


async def test_an_endpoint_of_its_kind_is_asked_by_the_same_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORK_KEY", "key-of-work")
    async with running() as server:
        server.queue(MessagesApi(server, [[text("ok")]]).answer)
        endpoint = Endpoint("work", server.base_url, "anthropic", "WORK_KEY", NEW)
        model = AnthropicModel.from_config(JupyterAgent(), "", endpoint=endpoint)
        assert isinstance((await answer(model))[-1], ModelFinished)
        await model.close()
    assert server.asked[0].headers["x-api-key"] == "key-of-work"
    assert model.name == f"work:{NEW}"


async def test_without_a_key_it_is_said_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    model = AnthropicModel("", Connection("", ANTHROPIC))
    with pytest.raises(errors.UpstreamAuth, match=r"no key for Anthropic\. Set ANTHROPIC_API_KEY"):
        await answer(model)


# Streams --------------------------------------------------------------------------------------

OVERLOADED = sse("error", error={"type": "overloaded_error", "message": "Overloaded"})
TWO = block_events(0, text("one two"))


@pytest.mark.parametrize(
    ("script", "shown", "reason"),
    [
        ([begun() + TWO + ended("end_turn")], "one two", "stop"),
        ([begun() + TWO + ended("stop_sequence")], "one two", "stop"),
        ([begun() + TWO + ended("model_context_window_exceeded")], "one two", "length"),
        ([begun() + TWO + ended("something_new")], "one two", "stop"),
        ([begun() + TWO + sse("ping") + "data: {garbled\n\n" + sse("new_kind") + ended("end_turn")], "one two", "stop"),
        ([begun() + TWO + sse("message_delta", delta={"stop_reason": "end_turn"})], "one two", "stop"),
        ([begun() + OVERLOADED, begun() + TWO + ended("end_turn")], "one two", "stop"),
        ([begun(), begun() + TWO + ended("end_turn")], "", "broke off"),
        ([begun() + TWO + OVERLOADED], "one two", "broke off"),
        ([begun() + TWO], "one two", "broke off"),
        ([begun() + ended("end_turn")], "", "stop"),
        ([begun() + ended("refusal")], "", "refused"),
        (
            [begun() + ended("refusal", stop_details={"type": "refusal", "explanation": "Not that."})],
            "Not that.",
            "refused",
        ),
        ([begun() + TWO + block_events(1, call()) + ended("refusal")], "one two", "refused"),
        (
            [begun() + TWO + ended("pause_turn"), begun() + block_events(0, text(" three")) + ended("end_turn")],
            "one two three",
            "stop",
        ),
        ([begun() + TWO + ended("pause_turn")], "one two" * 6, "stop"),
        (
            ["HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<p>log in</p>"],
            "",
            "does not answer as",
        ),
    ],
)
async def test_a_stream_is_read_as_far_as_it_makes_sense(script: list[str], shown: str, reason: str) -> None:
    events: list[Any] = []
    failure = ""
    async with running() as server:
        server.queue(*script)
        model = AnthropicModel(NEW, Connection(server.base_url, ANTHROPIC, own_key=KEY), backoff_seconds=0.001)
        try:
            async with aclosing(model.stream([Message("user", "hi")], [LIST], deadline=float("inf"))) as stream:
                async for event in stream:
                    events.append(event)  # noqa: PERF401 - those before a failure count
        except errors.UpstreamError as error:
            failure = error.message
        await model.close()
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == shown
    assert not any(isinstance(event, ToolCall) for event in events)
    if failure:
        assert reason in failure
    else:
        assert events[-1].reason == reason


WHOLE = begun() + "".join(
    block_events(index, block)
    for index, block in enumerate([{**thinking("hm"), "signature": "s"}, text("one"), call(x=1)])
)


@given(st.integers(0, 30), PLACES, JUNK)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_an_event_that_is_broken_breaks_nothing(number: int, places: list[int], junk: Any) -> None:
    ending = survives(WHOLE + ended("tool_use"), BlockReader().read, number, places, junk)
    assert not ending or isinstance(ending[-1], ModelFinished)
    json.dumps([dict(event.extra) for event in ending if isinstance(event, ModelFinished)])


@pytest.mark.parametrize(
    "first", [TWO, TWO + block_events(1, call(source="x"), is_cut=True)], ids=["a block", "an argument"]
)
async def test_it_may_think_between_two_blocks_as_long_as_before_the_first(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requester, "_NOTE_SECONDS", 0.05)
    go_on, events = asyncio.Event(), list[Any]()

    async def thinking_long(writer: asyncio.StreamWriter) -> None:
        writer.write((begun() + first).encode())
        await go_on.wait()
        writer.write((block_events(2, text("three")) + ended("end_turn")).encode())
        await writer.drain()

    async with running() as server:
        server.queue(thinking_long)
        connection = Connection(server.base_url, ANTHROPIC, own_key=KEY)
        model = AnthropicModel(NEW, connection, idle_seconds=0.01)
        async with aclosing(model.stream([Message("user", "hi")], [LIST], deadline=float("inf"))) as stream:
            async for event in stream:
                events.append(event)
                if isinstance(event, Waiting) and any(isinstance(seen, TextDelta) for seen in events):
                    go_on.set()
        await model.close()
    assert go_on.is_set()


async def test_a_paused_answer_goes_on_from_what_was_said() -> None:
    async with running() as server:
        paused = begun() + TWO + ended("pause_turn")
        server.queue(paused, begun() + block_events(0, text(" three")) + ended("end_turn"))
        model = AnthropicModel(NEW, Connection(server.base_url, ANTHROPIC, own_key=KEY))
        end = (await answer(model))[-1]
        await model.close()
    assert server.asked[1].body["messages"][-1]["content"][0]["text"] == "one two"
    assert isinstance(end, ModelFinished)
    assert (end.usage.input_tokens, end.usage.output_tokens) == (200, 14)


async def test_a_call_that_is_cut_by_the_length_is_named_so() -> None:
    stream = begun() + block_events(0, call("a", x=1)) + block_events(1, call("b", "toolu_2", source="x"), is_cut=True)
    async with api(stream + ended("max_tokens")) as (model, _):
        *_, whole, cut, end = await answer(model, tools=[LIST])
    assert (whole, end) == (ToolCall("toolu_1", "a", '{"x": 1}'), end)
    assert isinstance(cut, ToolCall)
    assert cut.parsed_arguments() == {}
    assert isinstance(end, ModelFinished)
    assert end.reason == "length"


async def test_an_answer_in_one_piece_is_read_too() -> None:
    message = {
        "type": "message",
        "content": [text("ok"), call(x=1)],
        "stop_reason": "tool_use",
        "usage": messages_server.USAGE,
    }
    async with api(plain(200, message)) as (model, _):
        events = await answer(model, tools=[LIST])
    assert events[:2] == [TextDelta("ok"), ToolCall("toolu_1", "list_variables", '{"x": 1}')]


async def test_tokens_are_counted_with_those_of_the_cache() -> None:
    async with api([text("ok")]) as (model, _):
        end = (await answer(model))[-1]
    assert isinstance(end, ModelFinished)
    assert (end.usage.input_tokens, end.usage.cached_tokens, end.usage.output_tokens) == (100, 70, 7)


# Whole turns ----------------------------------------------------------------------------------


@asynccontextmanager
async def conversation(
    *script: Step, model: str = NEW, configure: Callable[[Any], None] = lambda _: None, **rules: Any
) -> AsyncGenerator[tuple[Callable[..., Any], MessagesApi], None]:
    """An assistant that asks such a model."""
    async with api(*script, model=model, **rules) as (asked, served), assistant_of(asked, configure) as ask:
        yield ask, served


def thoughts(body: dict[str, Any]) -> list[str]:
    return [
        block["thinking"] for message in body["messages"] for block in message["content"] if block["type"] == "thinking"
    ]


async def test_a_turn_of_two_steps_takes_its_thoughts_with_it_and_the_next_one_does_not() -> None:
    script: list[Step] = [
        [thinking("look first"), text("I look."), call()],
        [thinking("and the other"), call("inspect_variable", "toolu_2", name="df")],
        [thinking(""), text("two variables")],
        [text("later")],
    ]
    tools = Recorder(), Recorder("inspect_variable")
    async with conversation(*script) as (ask, served):
        events = await ask("What is there?", *tools)
        later = await ask("And now?", *tools)
    assert served.refusals == []
    assert isinstance(events[-1], Done)
    assert events[-1].reply == "I look.\n\ntwo variables"
    assert events[-1].usage.input_tokens == 300
    assert "".join(event.text for event in events if isinstance(event, ThinkingDelta)) == "look firstand the other"
    assert (tools[0].given, tools[1].given) == ([{}], [{"name": "df"}])
    sent = served.bodies
    assert [thoughts(body) for body in sent] == [[], ["look first"], ["look first", "and the other"], []]
    first = sent[2]["messages"][1]["content"]
    assert [block["type"] for block in first] == ["thinking", "text", "tool_use"]
    assert all(body["system"][0] == sent[0]["system"][0] and body["tools"] == sent[0]["tools"] for body in sent)
    assert isinstance(later[-1], Done)


async def test_two_thoughts_of_one_answer_are_two_paragraphs() -> None:
    async with api([thinking("one"), text("a"), thinking(""), thinking("two"), text("b")]) as (model, _):
        events = await answer(model)
    assert "".join(event.text for event in events if isinstance(event, ThinkingDelta)) == "one\n\ntwo"


async def test_a_redacted_thought_goes_back_as_it_came() -> None:
    hidden = {"type": "redacted_thinking", "data": "Qk0="}
    async with conversation([hidden, call()], [text("fine")]) as (ask, served):
        assert isinstance((await ask("What?", Recorder()))[-1], Done)
    assert served.bodies[1]["messages"][1]["content"][0] == hidden


async def test_a_call_that_the_user_denies_is_an_error_to_the_model() -> None:
    run = Recorder("run", "execute")

    async def decide(approval: ApprovalAsked) -> Decision:
        return Decision(approved=False)

    async with conversation([thinking("run it"), call("run")], [text("As you like.")]) as (ask, served):
        events = await ask("Run it.", run, decide=decide)
    assert isinstance(events[-1], Done)
    assert (run.given, served.refusals) == ([], [])
    (result,) = served.bodies[1]["messages"][-1]["content"]
    assert (result["type"], result["is_error"]) == ("tool_result", True)
    assert "denied" in result["content"]


async def test_a_picture_that_a_tool_shows_is_seen_in_its_result() -> None:
    plot = Recorder("plot", output=ToolOutput("1 picture", pictures=(SHOWN,)))
    async with conversation([call("plot")], [text("A line.")]) as (ask, served):
        events = await ask("What does it show?", plot)
    assert isinstance(events[-1], Done)
    (result,) = served.bodies[1]["messages"][-1]["content"]
    assert IMAGE in result["content"]


async def test_where_something_before_a_thought_has_changed_it_goes_on_without_its_thoughts() -> None:
    files = [Recorder(f"read_{name}", output=ToolOutput(f"{name} " * 2_000)) for name in "ab"]
    files.append(Recorder())
    script: list[Step] = [
        [thinking("read it"), call("read_a")],
        [thinking("and the other"), call("read_b", "toolu_2")],
        [thinking("well"), call("list_variables", "toolu_3")],
        [text("done")],
    ]

    def little(options: Any) -> None:
        options.context_tokens = 4_000

    async with conversation(*script, configure=little) as (ask, served):
        events = await ask("What is in the files?", *files)
    assert isinstance(events[-1], Done), events[-1]
    assert events[-1].reply.endswith("done")
    # What the first file has was shortened after the second thought; what was refused once is not sent again.
    assert len(served.refusals) == 1
    assert [thoughts(body) for body in served.bodies[-2:]] == [[], ["well"]]
    assert all("different conversation" in refused for refused in served.refusals), served.refusals


async def test_an_older_model_thinks_only_where_each_call_of_the_turn_has_its_thoughts() -> None:
    script: list[Step] = [[call()], [thinking("hm"), call("list_variables", "toolu_2")], [text("ok")]]
    async with api(*script, model=OLD, is_adaptive=False, options={"effort": "low"}) as (model, served):
        messages = [Message("user", "hi")]
        for number in range(3):
            events = await answer(model, *messages, tools=[LIST])
            calls = tuple(event for event in events if isinstance(event, ToolCall))
            assert isinstance(events[-1], ModelFinished)
            messages.append(Message("assistant", "", calls, extra=events[-1].extra))
            messages += [Message("tool", str(number), tool_call_id=made.id) for made in calls]
    assert served.refusals == []
    assert ["thinking" in body for body in served.bodies] == [True, False, False]


async def test_the_same_thoughts_are_told_in_words_where_tools_are_offered_no_more() -> None:
    async with api([thinking("hm"), text("I look."), call()], [text("ok")]) as (model, served):
        events = await answer(model, tools=[LIST])
        calls = tuple(event for event in events if isinstance(event, ToolCall))
        assert isinstance(events[-1], ModelFinished)
        called = Message("assistant", "I look.", calls, extra=events[-1].extra)
        await answer(model, Message("user", "hi"), called, Message("tool", "df", tool_call_id="toolu_1"))
    assert served.refusals == []
    assert "Called list_variables" in json.dumps(served.bodies[1]["messages"])


def test_the_server_of_these_tests_refuses_what_the_real_one_does() -> None:
    """Each rule of it, so that no test passes because it is lax."""
    good: dict[str, Any] = {
        "model": NEW,
        "max_tokens": 100,
        "messages": [
            {"role": "user", "content": [text("hi")]},
            {"role": "assistant", "content": [call()]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}]},
        ],
    }
    served = MessagesApi(ModelServer(), [])
    assert served._problem(good) == ""
    question, called, result = good["messages"]
    marked = [{**text("x"), "cache_control": CACHED}] * 5
    refused: list[dict[str, Any]] = [
        {"seed": 1},
        {"max_tokens": 0},
        {"messages": [called, result]},
        {"messages": [question, called]},
        {"messages": [question, called, question]},
        {"messages": [question, called, {"role": "user", "content": [text("x"), *result["content"]]}]},
        {"messages": [question, result]},
        {"messages": [question, question]},
        {"messages": [{"role": "user", "content": [text(" ")]}]},
        {"messages": [{"role": "user", "content": marked}]},
        {
            "messages": [
                question,
                {"role": "assistant", "content": [{**thinking("x"), "signature": "s"}, call()]},
                result,
            ]
        },
        {
            "messages": [
                question,
                called,
                {"role": "user", "content": [{**result["content"][0], "content": [IMAGE], "is_error": True}]},
            ]
        },
        {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        {"temperature": 0.5},
    ]
    assert [index for index, more in enumerate(refused) if not served._problem({**good, **more})] == []
