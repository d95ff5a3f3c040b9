"""What a request to /v1 says of its answer: form, options, tools, pictures, instructions; sent on, or seen to here."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.support.agent_client import RestClient
from tests.support.fake_model_server import STREAM, ModelServer, answered, chunk, plain

PATH = "api/agent/v1/chat/completions"
USER: Any = [{"role": "user", "content": "What is df?"}]
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PICTURE: Any = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DOT}"}}


class Place(BaseModel):
    name: str


class Trip(BaseModel):
    city: Place
    km: float


TRIP = {"city": {"name": "Bonn"}, "km": 26.5}


def tool(name: str) -> Any:
    """A tool whose schema has definitions."""
    return {"type": "function", "function": {"name": name, "parameters": Trip.model_json_schema()}}


def calls(*names: str, arguments: str = json.dumps(TRIP)) -> str:
    """An answer that calls tools, all in one message."""
    deltas = [
        {"index": number, "id": f"c{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, name in enumerate(names)
    ]
    return STREAM + chunk(role="assistant", tool_calls=deltas) + chunk("tool_calls") + "data: [DONE]\n\n"


@pytest.fixture
def jp_server_config(openai_config: dict[str, Any]) -> dict[str, Any]:
    return {**openai_config, "ServerApp": {**openai_config["ServerApp"], "allow_origin": "https://page.example"}}


def sent(upstream: ModelServer, name: str) -> Any:
    return upstream.asked[-1].body.get(name)


async def test_options_are_sent_on(client: openai.AsyncOpenAI, upstream: ModelServer) -> None:
    upstream.queue(answered("A table.", finish="length"))
    options: Any = {"temperature": 0.2, "top_p": 0.5, "seed": 7, "max_tokens": 2, "frequency_penalty": 0.1}
    reply = await client.chat.completions.create(model="jupyter-agent", messages=USER, stop="\n\n", **options)
    assert {name: sent(upstream, name) for name in options} == options
    assert sent(upstream, "stop") == ["\n\n"]
    assert reply.choices[0].message.content == "A table."
    assert reply.choices[0].finish_reason == "length"
    assert (reply.model_extra or {})["warnings"] == ["The answer ended early: length."]


async def test_an_option_that_the_server_does_not_take_is_named(
    client: openai.AsyncOpenAI, upstream: ModelServer
) -> None:
    refusal = {"message": "Unsupported parameter: 'seed' is not supported with this model.", "param": "seed"}
    upstream.queue(plain(400, {"error": refusal}), answered("A table."))
    reply = await client.chat.completions.create(model="jupyter-agent", messages=USER, seed=7, temperature=0.5)
    assert reply.choices[0].message.content == "A table."
    assert (sent(upstream, "seed"), sent(upstream, "temperature")) == (None, 0.5)
    assert ["seed" in words and "temperature" not in words for words in (reply.model_extra or {})["warnings"]] == [True]


async def test_newer_models_get_their_own_name_of_the_longest_answer(
    client: openai.AsyncOpenAI, upstream: ModelServer
) -> None:
    refusal = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    upstream.queue(plain(400, {"error": {"message": refusal}}), answered("A table."))
    reply = await client.chat.completions.create(model="jupyter-agent", messages=USER, max_tokens=5)
    assert (sent(upstream, "max_tokens"), sent(upstream, "max_completion_tokens")) == (None, 5)
    assert "warnings" not in (reply.model_extra or {})


async def test_a_model_without_options_says_so(rest: RestClient) -> None:
    body = {"model": "offline", "messages": USER, "max_tokens": 2, "temperature": 0, "logit_bias": {"1": 1}}
    reply = await rest("POST", PATH, body)
    assert reply.status == 200
    for name in ("max_tokens", "temperature", "logit_bias"):
        assert any(name in words for words in reply.body["warnings"])


@pytest.mark.parametrize(
    "answers",
    [
        [json.dumps(TRIP)],
        [f"Here it is:\n```json\n{json.dumps(TRIP)}\n```\nThat is all."],
        [f"Sure! {json.dumps(TRIP)} Anything else?"],
        ["It is far.", json.dumps(TRIP)],
        ['{"city": "Bonn", "km": "far"}', json.dumps(TRIP)],
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_sdk_parses_an_answer_in_its_form(
    client: openai.AsyncOpenAI, upstream: ModelServer, answers: list[str], stream: bool
) -> None:
    upstream.queue(*map(answered, answers))
    if stream:
        asking = client.chat.completions.stream(model="jupyter-agent", messages=USER, response_format=Trip)
        async with asking as events:
            reply: Any = await events.get_final_completion()
    else:
        reply = await client.chat.completions.parse(model="jupyter-agent", messages=USER, response_format=Trip)
    assert reply.choices[0].message.parsed == Trip.model_validate(TRIP)
    assert len(upstream.asked) == len(answers)
    assert (
        sent(upstream, "response_format")["json_schema"]["schema"]
        == openai.pydantic_function_tool(Trip)["function"]["parameters"]
    )


async def test_a_server_that_knows_no_forms_is_asked_in_words(
    client: openai.AsyncOpenAI, upstream: ModelServer
) -> None:
    refusal = {"error": {"message": "response_format is not supported"}}
    upstream.queue(plain(400, refusal), answered('```json\n{"km": 3}\n```'))
    form: Any = {"type": "json_object"}
    reply = await client.chat.completions.create(model="jupyter-agent", messages=USER, response_format=form)
    assert json.loads(reply.choices[0].message.content or "") == {"km": 3}
    assert sent(upstream, "response_format") is None
    assert "JSON" in str(sent(upstream, "messages")[-1]["content"])


async def test_an_answer_that_stays_out_of_form_is_given_with_a_warning(
    client: openai.AsyncOpenAI, upstream: ModelServer
) -> None:
    upstream.queue(answered("No."))
    form: Any = {"type": "json_object"}
    reply = await client.chat.completions.create(model="jupyter-agent", messages=USER, response_format=form)
    assert reply.choices[0].message.content == "No."
    assert len(upstream.asked) == 2
    assert any("form" in words for words in (reply.model_extra or {})["warnings"])


BOOK = {"type": "function", "function": {"name": "book"}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [BOOK]}}


@pytest.mark.parametrize("choice", ["required", BOOK, ALLOWED])
async def test_a_tool_that_must_be_called_is_called(
    client: openai.AsyncOpenAI, upstream: ModelServer, choice: Any
) -> None:
    upstream.queue(answered("I will."), calls("book"), answered("Booked."))
    more: Any = {"tools": [tool("book"), *([tool("cancel")] if choice is ALLOWED else [])], "tool_choice": choice}
    reply = await client.chat.completions.create(model="jupyter-agent", messages=USER, **more)
    assert reply.choices[0].finish_reason == "tool_calls"
    assert [call.function.name for call in reply.choices[0].message.tool_calls or ()] == ["book"]
    assert sent(upstream, "tool_choice") == ("required" if choice is ALLOWED else choice)
    assert [offered["function"]["name"] for offered in sent(upstream, "tools")] == ["book"]
    assert "$defs" in sent(upstream, "tools")[0]["function"]["parameters"]
    assert len(upstream.asked) == 2


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("session", [None, "s1"])
async def test_parallel_calls_come_in_one_response(
    client: openai.AsyncOpenAI, upstream: ModelServer, stream: bool, session: str | None
) -> None:
    upstream.queue(calls("book", "list_variables", "cancel"), answered("Done."))
    more: Any = {"tools": [tool("book"), tool("cancel")], "extra_body": {"session_id": session}}
    reply = await _completion(client, USER, stream, more)
    made = reply.choices[0].message.tool_calls or []
    assert [call.function.name for call in made] == ["book", "cancel"]
    answers = [{"role": "tool", "tool_call_id": call.id, "content": f"{call.function.name}: ok"} for call in made]
    messages = [*USER, reply.choices[0].message.model_dump(exclude_none=True), *answers]
    reply = await _completion(client, messages, stream, more)
    assert (reply.choices[0].message.content or "").strip() == "Done."
    results = [message["content"] for message in sent(upstream, "messages") if message["role"] == "tool"]
    assert (len(results), results[0], results[2]) == (3, "book: ok", "cancel: ok")
    assert len(upstream.asked) == 2


async def test_a_call_that_was_not_answered_is_handed_over_again(
    client: openai.AsyncOpenAI, upstream: ModelServer
) -> None:
    upstream.queue(calls("book", "cancel"), answered("Done."))
    more: Any = {"tools": [tool("book"), tool("cancel")]}
    first = await _completion(client, USER, False, more)
    call = first.choices[0].message.tool_calls[0]
    messages = [*USER, first.choices[0].message.model_dump(exclude_none=True)]
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "ok"})
    second = await _completion(client, messages, False, more)
    assert [call.function.name for call in second.choices[0].message.tool_calls] == ["cancel"]


async def test_with_notebook_tools_ours_stand_beside_the_clients(
    client: openai.AsyncOpenAI, upstream: ModelServer
) -> None:
    upstream.queue(answered("A table."))
    for is_kept in (False, True):
        extra = {"notebook_tools": is_kept}
        await _completion(client, USER, False, {"tools": [tool("book")], "extra_body": extra})
        names = {offered["function"]["name"] for offered in sent(upstream, "tools")}
        assert {"book", "list_variables"} <= names
        assert ("run_code" in names) is is_kept


@pytest.mark.parametrize("session", [None, "s1"])
async def test_a_picture_reaches_a_model_that_sees(
    client: openai.AsyncOpenAI, upstream: ModelServer, session: str | None
) -> None:
    upstream.queue(answered("A dot."))
    web = {"type": "image_url", "image_url": {"url": "https://pictures.example/x.png"}}
    messages: Any = [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, PICTURE, web]}]
    await _completion(client, messages, False, {"extra_body": {"session_id": session}})
    text, *pictures = sent(upstream, "messages")[-1]["content"]
    assert "What is this?" in text["text"]
    assert pictures == [PICTURE, web]


@pytest.mark.parametrize("session", [None, "s1"])
async def test_a_picture_without_words_and_a_system_message_at_the_end_are_taken(
    client: openai.AsyncOpenAI, upstream: ModelServer, session: str | None
) -> None:
    upstream.queue(answered("A dot."))
    messages: Any = [{"role": "user", "content": [PICTURE]}, {"role": "system", "content": "Answer in rhymes."}]
    await _completion(client, messages, False, {"extra_body": {"session_id": session}})
    text, *pictures = sent(upstream, "messages")[-1]["content"]
    assert "Answer in rhymes." in text["text"]
    assert pictures == [PICTURE]


@pytest.mark.parametrize("model", ["jupyter-agent", "offline"])
async def test_a_picture_for_a_model_that_does_not_see_is_refused_in_words(
    client: openai.AsyncOpenAI, upstream: ModelServer, model: str
) -> None:
    upstream.queue(plain(400, {"error": {"message": "image_url is not supported by this model"}}))
    messages: Any = [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, PICTURE]}]
    for _ in range(2):
        with pytest.raises(openai.BadRequestError, match="does not see"):
            await client.chat.completions.create(model=model, messages=messages)
    assert len(upstream.asked) == (1 if model == "jupyter-agent" else 0)


@pytest.mark.parametrize("part", [{"type": "input_audio"}, {"type": "image_url", "image_url": {"url": "file:///x"}}])
async def test_other_parts_are_refused(rest: RestClient, part: Any) -> None:
    reply = await rest("POST", PATH, {"messages": [{"role": "user", "content": [*USER[0:0], part]}]})
    assert (reply.status, reply.body["error"]["type"]) == (400, "invalid_request_error")


async def test_a_system_message_in_a_kept_conversation_holds_for_this_turn(
    client: openai.AsyncOpenAI, rest: RestClient, upstream: ModelServer
) -> None:
    upstream.queue(answered("A table."))
    kept: Any = {"extra_body": {"session_id": "s1"}}
    await _completion(client, [{"role": "system", "content": "Answer in rhymes."}, *USER], False, kept)
    assert "Answer in rhymes." in str(sent(upstream, "messages"))
    await _completion(client, USER, False, kept)
    assert "rhymes" not in str(sent(upstream, "messages"))
    history = (await rest("GET", "api/sessions/s1/history")).body["history"]
    assert [entry["content"] for entry in history][::2] == ["What is df?"] * 2


async def test_a_model_is_found_by_its_name(client: openai.AsyncOpenAI) -> None:
    for name in ("jupyter-agent", "offline", "openai:gpt-5", "gpt-5", "openrouter:meta/llama"):
        assert (await client.models.retrieve(name)).id == name


async def test_the_preflight_of_a_page_allows_what_the_sdks_send(rest: RestClient) -> None:
    asked = "authorization, content-type, x-stainless-retry-count, x-jupyter-agent-session, x-evil"
    headers = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST"}
    reply = await rest("OPTIONS", PATH, None, {**headers, "Access-Control-Request-Headers": asked, "Authorization": ""})
    allowed = reply.headers["Access-Control-Allow-Headers"]
    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, "https://page.example")
    assert all(name in allowed for name in asked.split(", ")[:-1])
    assert "x-evil" not in allowed


async def _completion(client: openai.AsyncOpenAI, messages: Any, stream: bool, more: Any) -> Any:
    if not stream:
        return await client.chat.completions.create(model="jupyter-agent", messages=messages, **more)
    async with client.chat.completions.stream(model="jupyter-agent", messages=messages, **more) as events:
        return await events.get_final_completion()
