"""OpenAI's Responses API: which models are asked by it, requests that it takes, whole turns with thoughts that go back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core import errors
from jupyter_agent.core.events import ApprovalAsked, Done, ModelFinished, TextDelta, ThinkingDelta, Waiting
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import ModelOptions, ToolOutput, ToolSpec
from jupyter_agent.core.question import Decision
from jupyter_agent.models.openai_compatible import requester, responses
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.openai_compatible.responses import ItemReader, ResponsesRequest
from tests.support.fake_model_server import KEY, STREAM, ModelServer, answer, answered, plain, running
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
from tests.support.responses_server import (
    ResponsesApi,
    call,
    item_events,
    message,
    reasoning,
    refusal,
    response,
    streamed,
)
from tests.support.scripted_api import Step, sse

IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "auto"}
CHOSEN = {"api": "responses"}


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "_found", set())


@asynccontextmanager
async def api(
    *script: Step, model: str = "gpt-5.4", settings: Mapping[str, Any] = CHOSEN, **rules: Any
) -> AsyncGenerator[tuple[OpenAIModel, ResponsesApi], None]:
    """A model, and the API that it is asked by."""
    async with running() as server:
        served = ResponsesApi(server, script, **rules)
        server.queue(served.answer)
        asked = OpenAIModel(model, Connection(server.base_url, own_key=KEY), backoff_seconds=0.001, settings=settings)
        try:
            yield asked, served
        finally:
            await asked.close()


# Which models ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "is_asked"),
    [
        *((name, True) for name in ("gpt-5-mini", "gpt-5.4", "gpt-6", "o3", "o4-mini", "o1-pro", "gpt-5.3-codex")),
        *(
            (name, True)
            for name in ("codex-mini-latest", "o3-deep-research", "ft:gpt-5-mini:me::abc", "computer-use-preview")
        ),
        *((name, False) for name in ("gpt-4.1", "gpt-4o", "o1-mini", "o1-preview", "gpt-5-chat-latest", "gpt-oss-20b")),
        *((name, False) for name in ("gpt-5-search-api", "omni-x", "ft:gpt-4o-mini:me::abc", "")),
    ],
)
def test_models_that_think_are_asked_by_it_at_openai_alone(model: str, is_asked: bool) -> None:
    assert responses.is_asked(model, "openai x", "", is_openai=True) is is_asked
    assert not responses.is_asked(model, "openai x", "", is_openai=False)
    assert not responses.is_asked(model, "openai x", "chat", is_openai=True)
    assert responses.is_asked(model, "openai x", "responses", is_openai=False)


def test_an_api_that_there_is_not_is_refused() -> None:
    options = JupyterAgent(model_options={"openai": {"api": "chat"}})
    assert options.options_of_model("openai:gpt-5") == {"api": "chat"}
    with pytest.raises(Exception, match="'api' is one of chat, responses, not 'rest'"):
        JupyterAgent(model_options={"api": "rest"})


ONLY_THERE = "This model is only supported in v1/responses and not in v1/chat/completions."


async def test_a_model_that_is_only_there_is_asked_so_from_then_on_by_everybody() -> None:
    async with api([message("ok")], settings={}, model="m") as (model, served):
        served.server.answers[:] = [refusal(ONLY_THERE, 404), served.answer]
        for _ in range(2):
            assert (await answer(model))[-1].reason == "stop"  # type: ignore[union-attr]
        again = OpenAIModel("m", Connection(served.server.base_url, own_key=KEY))
        await answer(again)
        await again.close()
        lines = [asked.line.split()[1] for asked in served.server.asked]
    assert lines == ["/v1/chat/completions", *["/v1/responses"] * 3]


async def test_where_there_is_no_such_api_what_led_there_is_said_and_nothing_is_remembered() -> None:
    async with running() as server:
        server.queue(refusal(ONLY_THERE, 404), plain(404, {"error": {"message": "Not Found"}}), answered("ok"))
        model = OpenAIModel("m", Connection(server.base_url, own_key=KEY), backoff_seconds=0.001)
        with pytest.raises(errors.UpstreamRefused) as caught:
            await answer(model)
        assert "only supported in v1/responses" in caught.value.message
        assert (await answer(model))[0] == TextDelta("ok")
        await model.close()
    lines = [asked.line.split()[1] for asked in server.asked]
    assert lines == ["/v1/chat/completions", "/v1/responses", "/v1/chat/completions"]


async def test_who_has_chosen_the_other_api_keeps_it() -> None:
    async with running() as server:
        server.queue(refusal(ONLY_THERE, 404))
        model = OpenAIModel("m", Connection(server.base_url, own_key=KEY), settings={"api": "chat"})
        with pytest.raises(errors.UpstreamRefused) as caught:
            await answer(model)
        assert "only supported in v1/responses" in caught.value.message
        await model.close()
    assert len(server.asked) == 1


# Requests -------------------------------------------------------------------------------------


async def test_a_request_is_as_the_api_has_it_and_nothing_is_kept_of_it() -> None:
    history = [
        Message("system", "Be brief."),
        Message("user", "hi"),
        Message("assistant", "Hello."),
        Message("user", "And?"),
    ]
    async with api([message("ok")]) as (model, served):
        events = await answer(model, *history, tools=[LIST])
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "ok"
    assert served.server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert served.bodies[0] == {
        "model": "gpt-5.4",
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": "And?"},
        ],
        "tools": [
            {
                "type": "function",
                "name": LIST.name,
                "description": LIST.description,
                "parameters": LIST.parameters,
                "strict": False,
            }
        ],
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "stream": True,
        "reasoning": {"summary": "auto"},
    }


@pytest.mark.parametrize(
    "messages",
    [
        [Message("user", "a"), CALLED, Message("user", "b")],
        [Message("user", "a"), CALLED, Message("tool", "", tool_call_id="b"), Message("tool", "x", tool_call_id="c")],
        [Message("user", "a"), CALLED, Message("tool", "1", tool_call_id="b"), Message("tool", "2", tool_call_id="a")],
        [Message("user", "a"), Message("tool", "x", tool_call_id="a")],
        [Message("user", "a"), Message("assistant", " "), CALLED],
        [Message("user", "a"), Message("assistant", "", (ToolCall("some/id ü", "ü!", "[1"),))],
        [Message("user", "a", pictures=(PICTURE,)), CALLED, Message("tool", "2", tool_call_id="a", pictures=(SHOWN,))],
    ],
    ids=str,
)
@pytest.mark.parametrize("tools", [[LIST], []])
async def test_what_the_api_would_refuse_is_mended_before_it_is_sent(
    messages: list[Message], tools: list[ToolSpec]
) -> None:
    async with api([message("ok")]) as (model, served):
        assert isinstance((await answer(model, *messages, tools=tools))[-1], ModelFinished)
    assert served.refusals == []


@given(conversations(), st.sampled_from([(), ("gone",), ("list_variables", "gone")]))
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.too_slow], deadline=None)
def test_whatever_the_messages_are_the_api_takes_them(messages: list[Message], names: tuple[str, ...]) -> None:
    tools = [ToolSpec(name, "Does it.", {"type": "object"}) for name in names]
    plain_ones = [replace(message, extra={}) for message in messages]
    request = ResponsesRequest(plain_ones, tools, ModelOptions(), lambda **_: None)  # type: ignore[arg-type]
    served = ResponsesApi(ModelServer(), [])
    for without in (frozenset[str](), frozenset({"pictures"})):
        assert served._problem(json.loads(json.dumps(request.body("gpt-5", without)))) == ""


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"reasoning_effort": "minimal"}, {"reasoning": {"effort": "minimal", "summary": "auto"}}),
        ({"max_tokens": 500}, {"max_output_tokens": 500}),
        ({"max_tokens": 2}, {"max_output_tokens": 16}),
        ({"tool_choice": "required"}, {"tool_choice": "required"}),
        ({"tool_choice": "list_variables"}, {"tool_choice": {"type": "function", "name": "list_variables"}}),
        ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
        ({"extra_body": {"service_tier": "flex"}}, {"service_tier": "flex"}),
        ({"response_format": {"type": "json_object"}}, {"text": {"format": {"type": "json_object"}}}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": {}}}},
            {"text": {"format": {"type": "json_schema", "name": "n", "strict": True, "schema": {}}}},
        ),
    ],
)
async def test_options_are_sent_as_the_api_calls_them(options: dict[str, Any], sent: dict[str, Any]) -> None:
    async with api([message("ok")]) as (model, served):
        end = await asking(model, [Message("user", "hi")], ModelOptions(**options), [LIST])
    assert (served.refusals, end.ignored) == ([], ())
    assert {name: served.bodies[0].get(name) for name in sent} == sent


async def test_options_that_the_api_does_not_have_or_take_are_named() -> None:
    options = ModelOptions(seed=1, stop=("x",), temperature=0.1)
    async with api([message("ok")]) as (model, served):
        assert set((await asking(model, [Message("user", "hi")], options)).ignored) == {"seed", "stop", "temperature"}
        await asking(model, [Message("user", "hi")], options)
    assert ["temperature" in body for body in served.bodies] == [True, False, False]


async def test_a_model_that_does_not_think_is_asked_without_effort() -> None:
    options = ModelOptions(reasoning_effort="high", temperature=0.1)
    async with api([message("ok")], model="gpt-4.1", thinks=False) as (model, _):
        assert (await asking(model, [Message("user", "hi")], options)).ignored == ("reasoning_effort",)


async def test_a_model_without_thoughts_is_not_asked_for_them_again() -> None:
    async with api([message("ok")], model="gpt-4.1", thinks=False) as (model, served):
        for _ in range(2):
            await answer(model)
    assert ["include" in body for body in served.bodies] == [True, False, False]


async def test_summaries_are_for_organisations_that_are_verified_and_the_others_do_without() -> None:
    words = "Your organization must be verified to generate reasoning summaries."
    async with api(refusal(words, param="reasoning.summary"), [message("ok")]) as (model, served):
        for _ in range(2):
            await answer(model)
    assert ["reasoning" in body for body in served.bodies] == [True, False, False]


# Streams --------------------------------------------------------------------------------------

TEXT = item_events(0, message("one two"))
ENDED = sse("response.completed", response=response())
REFUSED = {**message(""), "content": [{"type": "refusal", "refusal": "Not that."}]}


@pytest.mark.parametrize(
    ("script", "shown", "reason"),
    [
        ([streamed([message("one two")])], "one two", "stop"),
        ([STREAM + TEXT + "data: {garbled\n\n" + sse("response.new_kind") + ENDED], "one two", "stop"),
        (
            [STREAM + sse("response.output_item.done", output_index=0, item=message("one two")) + ENDED],
            "one two",
            "stop",
        ),
        ([STREAM + sse("response.completed", response=response(output=[message("one two")]))], "one two", "stop"),
        ([plain(200, response(output=[message("one two")]))], "one two", "stop"),
        ([streamed([])], "", "stop"),
        ([streamed([REFUSED])], "Not that.", "refused"),
        (
            [streamed([message("one")], "incomplete", incomplete_details={"reason": "max_output_tokens"})],
            "one",
            "length",
        ),
        ([streamed([message("one")], "incomplete", incomplete_details={"reason": "content_filter"})], "one", "refused"),
        ([STREAM + TEXT], "one two", "broke off"),
        ([STREAM + TEXT + sse("response.failed", response=response("failed", error=None))], "one two", "broke off"),
        ([STREAM + sse("response.cancelled", response=response("cancelled"))], "", "internal error"),
        ([plain(200, response("failed", error=None))], "", "internal error"),
        ([STREAM + TEXT + sse("error", code="server_error", message="down")], "one two", 'says: "down'),
        ([STREAM + sse("error", code="server_error", message="down"), streamed([message("ok")])], "ok", "stop"),
        (
            [
                STREAM
                + sse(
                    "response.failed",
                    response=response("failed", error={"code": "rate_limit_exceeded", "message": "slow down"}),
                ),
                streamed([message("ok")]),
            ],
            *("ok", "stop"),
        ),
        (
            [STREAM + sse("error", code="context_length_exceeded", message="Your input exceeds the context window")],
            *("", "does not fit"),
        ),
    ],
)
async def test_a_stream_is_read_as_far_as_it_makes_sense(script: list[str], shown: str, reason: str) -> None:
    events: list[Any] = []
    failure = ""
    async with running() as server:
        server.queue(*script)
        connection = Connection(server.base_url, own_key=KEY)
        model = OpenAIModel("m", connection, backoff_seconds=0.001, settings=CHOSEN)
        try:
            async with aclosing(model.stream([Message("user", "hi")], deadline=float("inf"))) as stream:
                async for event in stream:
                    events.append(event)  # noqa: PERF401 - those before a failure count
        except errors.UpstreamError as error:
            failure = error.message
        await model.close()
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == shown
    if failure:
        assert reason in failure
    else:
        assert events[-1].reason == reason


async def test_it_may_think_between_two_items_as_long_as_before_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requester, "_NOTE_SECONDS", 0.05)
    go_on, events = asyncio.Event(), list[Any]()

    async def thinking_long(writer: asyncio.StreamWriter) -> None:
        writer.write((STREAM + TEXT).encode())
        await go_on.wait()
        writer.write((item_events(1, message("three")) + ENDED).encode())
        await writer.drain()

    async with running() as server:
        server.queue(thinking_long)
        model = OpenAIModel("m", Connection(server.base_url, own_key=KEY), idle_seconds=0.01, settings=CHOSEN)
        async with aclosing(model.stream([Message("user", "hi")], deadline=float("inf"))) as stream:
            async for event in stream:
                events.append(event)
                if isinstance(event, Waiting) and any(isinstance(seen, TextDelta) for seen in events):
                    go_on.set()
        await model.close()
    assert go_on.is_set()


@given(st.integers(0, 30), PLACES, JUNK)
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.too_slow], deadline=None)
def test_an_event_that_is_broken_breaks_nothing(number: int, places: list[int], junk: Any) -> None:
    ending = survives(streamed([reasoning("hm"), message("one"), call(x=1)]), ItemReader().read, number, places, junk)
    assert not ending or isinstance(ending[-1], ModelFinished)
    json.dumps([dict(event.extra) for event in ending if isinstance(event, ModelFinished)])


async def test_calls_in_parallel_are_told_apart_and_one_that_is_cut_is_named_so() -> None:
    calls = [call(x=1), call("inspect_variable", "call_2", name="df")]
    cut = {**call("insert_cell", "call_3"), "arguments": '{"source": "x'}
    async with api(
        streamed([reasoning("hm"), *calls]),
        streamed([calls[0], cut], "incomplete", incomplete_details={"reason": "max_output_tokens"}),
    ) as (model, _):
        *_, first, second, end = await answer(model, tools=[LIST])
        *_, whole, broken, cut_off = await answer(model, tools=[LIST])
    assert (first, second) == (
        ToolCall("call_1", "list_variables", '{"x": 1}'),
        ToolCall("call_2", "inspect_variable", '{"name": "df"}'),
    )
    assert isinstance(end, ModelFinished)
    assert isinstance(cut_off, ModelFinished)
    assert (end.reason, cut_off.reason) == ("tool_calls", "length")
    assert isinstance(whole, ToolCall)
    assert isinstance(broken, ToolCall)
    assert (whole.parsed_arguments(), broken.parsed_arguments()) == ({"x": 1}, {})


async def test_tokens_are_counted_with_those_of_the_cache() -> None:
    async with api([message("ok")]) as (model, _):
        end = (await answer(model))[-1]
    assert isinstance(end, ModelFinished)
    assert (end.usage.input_tokens, end.usage.cached_tokens, end.usage.output_tokens) == (100, 70, 8)


# Whole turns ----------------------------------------------------------------------------------


@asynccontextmanager
async def conversation(
    *script: Step, configure: Callable[[Any], None] = lambda _: None, **rules: Any
) -> AsyncGenerator[tuple[Callable[..., Any], ResponsesApi], None]:
    """An assistant that asks such a model."""
    async with api(*script, **rules) as (asked, served), assistant_of(asked, configure) as ask:
        yield ask, served


def thoughts(body: dict[str, Any]) -> list[str]:
    return [item["encrypted_content"] for item in body["input"] if item.get("type") == "reasoning"]


async def test_a_turn_of_two_steps_takes_its_thoughts_with_it_and_the_next_one_does_not() -> None:
    script: list[Step] = [
        [reasoning("look first", "one"), message("I look.", phase="commentary"), call()],
        [reasoning("and the other", "two"), call("inspect_variable", "call_2", name="df")],
        [reasoning("", "three"), message("two variables", phase="final_answer")],
        [message("later")],
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
    assert [thoughts(body) for body in sent] == [[], ["one"], ["one", "two"], []]
    asked, *items = sent[1]["input"]
    assert [item.get("type", item.get("role")) for item in items] == [
        "reasoning",
        "assistant",
        "function_call",
        "function_call_output",
    ]
    assert items[1] == {"role": "assistant", "content": "I look.", "phase": "commentary"}
    assert sent[3]["input"][0]["role"] == "user"
    assert asked == sent[2]["input"][0]
    assert isinstance(later[-1], Done)


async def test_a_call_that_the_user_denies_is_answered_so() -> None:
    run = Recorder("run", "execute")

    async def decide(approval: ApprovalAsked) -> Decision:
        return Decision(approved=False)

    async with conversation([reasoning("run it"), call("run")], [message("As you like.")]) as (ask, served):
        events = await ask("Run it.", run, decide=decide)
    assert isinstance(events[-1], Done)
    assert (run.given, served.refusals) == ([], [])
    assert "denied" in served.bodies[1]["input"][-1]["output"]


async def test_a_picture_that_a_tool_shows_is_seen_in_its_result() -> None:
    plot = Recorder("plot", output=ToolOutput("1 picture", pictures=(SHOWN,)))
    async with conversation([call("plot")], [message("A line.")]) as (ask, served):
        assert isinstance((await ask("What does it show?", plot))[-1], Done)
    assert IMAGE in served.bodies[1]["input"][-1]["output"]


@pytest.mark.parametrize(
    "words",
    [
        "The encrypted content gAAA could not be verified. (invalid_encrypted_content)",
        "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.",
        "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
    ],
)
async def test_thoughts_that_are_not_taken_back_are_left_out(words: str) -> None:
    script: list[Step] = [[reasoning("hm"), call()], refusal(words), [message("fine")]]
    async with conversation(*script) as (ask, served):
        events = await ask("What?", Recorder())
    assert isinstance(events[-1], Done)
    assert events[-1].reply == "fine"
    assert [thoughts(body) for body in served.bodies] == [[], ["gAAA"], []]


def test_the_server_of_these_tests_refuses_what_the_real_one_does() -> None:
    """Each rule of it, so that no test passes because it is lax."""
    question = {"role": "user", "content": "hi"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "x"}
    good: dict[str, Any] = {
        "input": [question, call(), output],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    served = ResponsesApi(ModelServer(), [])
    assert served._problem(good) == ""
    refused: list[dict[str, Any]] = [
        *({"seed": 1}, {"store": True}, {"temperature": 1}, {"max_output_tokens": 2}, {"input": [question, output]}),
        *(
            {"input": [question, call()]},
            {"input": [question, call(), question]},
            {"input": [question, reasoning("x")]},
        ),
        {"tools": [{"type": "function", "function": {}}]},
    ]
    assert [index for index, more in enumerate(refused) if not served._problem({**good, **more})] == []
