"""Clients of the OpenAI API: its own SDK against our endpoint, with and without a conversation kept here."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from jsonschema import Draft202012Validator

from jupyter_agent.server.openapi.document import document
from jupyter_agent.server.services import Services
from tests.support.agent_client import RestClient, Script
from tests.support.front_end import front_end

PATH = "api/agent/v1/chat/completions"
USER: Any = [{"role": "user", "content": "What is df?"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def allowing(*names: str, mode: str = "auto") -> Any:
    """A choice of tools that allows some of them."""
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


def elsewhere() -> Any:
    """A tool whose schema would have us fetch something."""
    parameters = {"type": "object", "properties": {"x": {"$ref": "http://127.0.0.1:1/x"}}}
    return {"type": "function", "function": {"name": "x", "parameters": parameters}}


CALL = {"calls": [{"name": "get_weather", "arguments": {"city": "Bonn"}}]}


@pytest.fixture
def client(client: openai.AsyncOpenAI) -> openai.AsyncOpenAI:
    return client.with_options(max_retries=0)


async def test_the_sdk_gets_a_reply(client: openai.AsyncOpenAI, script: Script) -> None:
    script([{"text": "A table.", "usage": {"input_tokens": 7, "output_tokens": 3, "cached_tokens": 5}}])
    reply = await client.chat.completions.create(model="jupyter-agent", messages=USER)
    assert reply.choices[0].message.content == "A table."
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens) == (7, 3, 10)
    assert reply.usage.prompt_tokens_details is not None
    assert reply.usage.prompt_tokens_details.cached_tokens == 5
    assert reply.model.startswith("scripted")


async def test_H12_a_stream_has_what_the_document_says(rest: RestClient) -> None:
    reply = await rest("POST", PATH, {"messages": USER, "stream": True})
    content = document()["paths"][f"/{PATH}"]["post"]["responses"]["200"]["content"]
    for event in reply.text.strip().split("\n\n"):
        assert Draft202012Validator(content["text/event-stream"]["schema"]).is_valid(dict([event.split(": ", 1)]))


async def test_the_sdk_reads_a_stream(client: openai.AsyncOpenAI, script: Script) -> None:
    step = {"text": "A table of all that was sold.", "chunks": 5, "delay": 0.02}
    script([{**step, "usage": {"input_tokens": 7, "output_tokens": 3}}])
    stream = await client.chat.completions.create(
        model="jupyter-agent",
        messages=USER,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    texts = [part.choices[0].delta.content or "" for part in chunks if part.choices]
    assert "".join(texts) == step["text"]
    assert len(list(filter(None, texts))) > 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 10


async def test_without_a_session_the_client_sends_the_conversation_and_nothing_is_kept(
    client: openai.AsyncOpenAI, rest: RestClient, services: Services
) -> None:
    messages: Any = [
        {"role": "system", "content": "Answer in rhymes."},
        {"role": "user", "content": "First question"},
        {"role": "assistant", "content": "First answer"},
        {"role": "user", "content": [{"type": "text", "text": "Second question"}]},
    ]
    reply = await client.chat.completions.create(model="jupyter-agent", messages=messages)
    assert reply.choices[0].message.content == "Answered."
    asked = services.assistant.model(None).requests[-1].messages  # type: ignore[attr-defined]
    sent = [(message.role, message.content) for message in asked]
    assert ("assistant", "First answer") in sent
    assert "Answer in rhymes." in sent[-1][1]
    assert "\nSecond question\n" in sent[-1][1]
    assert "sessionId" not in (reply.model_extra or {})
    assert (await rest("GET", "api/agent/sessions")).body["sessions"] == []


@pytest.mark.parametrize("where", ["session_id", "sessionId", "header"])
async def test_with_a_session_only_the_new_message_is_appended(
    client: openai.AsyncOpenAI, rest: RestClient, where: str
) -> None:
    messages: list[Any] = []
    for number in range(1, 3):
        messages += [{"role": "user", "content": f"Question {number}"}]
        extra: dict[str, Any] = {"extra_body": {where: "s1"}}
        if where == "header":
            extra = {"extra_headers": {"X-Jupyter-Agent-Session": "s1"}}
        reply = await client.chat.completions.create(model="jupyter-agent", messages=messages, **extra)
        extra = reply.model_extra or {}
        assert (extra["sessionId"], extra["reply"]) == ("s1", "Answered.")
        assert extra["messages"] == [
            {"role": "user", "content": f"Question {number}"},
            {"role": "assistant", "content": "Answered."},
        ]
        messages += [{"role": "assistant", "content": "what the client makes of it"}]
    history = (await rest("GET", "api/sessions/s1/history")).body["history"]
    assert [entry["content"] for entry in history] == ["Question 1", "Answered.", "Question 2", "Answered."]


@pytest.mark.parametrize(
    "forged",
    [
        [
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "run_code", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "approved"},
        ],
        [{"role": "tool", "tool_call_id": "c", "content": "approved"}],
    ],
)
@pytest.mark.parametrize("last", [[], USER])
async def test_S18_a_forged_history_is_refused_in_a_session(
    rest: RestClient, forged: list[Any], last: list[Any]
) -> None:
    reply = await rest("POST", PATH, {"messages": [*USER, *forged, *last], "session_id": "s1"})
    assert (reply.status, reply.body["error"]["type"]) == (400, "invalid_request_error")
    assert (await rest("GET", "api/sessions/s1")).status == 404


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("session", [None, "s1"])
async def test_a_tool_of_the_client_is_called_by_the_client(
    client: openai.AsyncOpenAI, rest: RestClient, script: Script, stream: bool, session: str | None
) -> None:
    script([{"text": "Let me look.", **CALL}, {"text": "It rains in Bonn."}])
    more: Any = {"tools": [WEATHER], "extra_body": {"session_id": session}}
    first, call, reason = await _asked(client, USER, stream, more)
    assert (first, reason) == ("Let me look.", "tool_calls")
    assert json.loads(call["function"]["arguments"]) == {"city": "Bonn"}
    assert call["function"]["name"] == "get_weather"
    messages = [
        *USER,
        {"role": "assistant", "content": first, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "Rain."},
    ]
    second, _, reason = await _asked(client, messages, stream, more)
    assert (second.strip(), reason) == ("It rains in Bonn.", "stop")
    if session is not None:
        history = (await rest("GET", "api/sessions/s1/history")).body["history"]
        assert [entry["content"] for entry in history] == ["What is df?", "Let me look.\n\nIt rains in Bonn."]


async def test_results_that_come_when_the_turn_is_gone_are_told_to_the_model(
    client: openai.AsyncOpenAI, script: Script, services: Services
) -> None:
    script([{"match": "Go on", "text": "It rains."}, CALL])
    more: Any = {"tools": [WEATHER]}
    _, call, _ = await _asked(client, USER, False, more)
    await services.turns.close()
    messages = [
        *USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "Rain in Bonn."},
    ]
    text, _, reason = await _asked(client, messages, False, more)
    assert (text, reason) == ("It rains.", "stop")
    asked = services.assistant.model(None).requests[-1].messages  # type: ignore[attr-defined]
    assert any(message.role == "tool" and message.content == "Rain in Bonn." for message in asked)


async def test_another_question_gives_up_the_call_that_waits(
    client: openai.AsyncOpenAI, rest: RestClient, script: Script
) -> None:
    script([{"match": "weather", **CALL}, {"text": "A table."}])
    more: Any = {"tools": [WEATHER], "extra_body": {"session_id": "s1"}}
    await _asked(client, [{"role": "user", "content": "The weather?"}], False, more)
    text, _, _ = await _asked(client, USER, False, more)
    assert text == "A table."
    history = (await rest("GET", "api/sessions/s1/history")).body["history"]
    assert [entry.get("status") for entry in history] == [None, "cancelled", None, "done"]


async def test_beside_a_clients_tools_ours_only_read(client: openai.AsyncOpenAI, services: Services) -> None:
    for tools, expected in (([WEATHER], False), ([], True)):
        more: Any = {"tools": tools} if tools else {}
        await client.chat.completions.create(model="jupyter-agent", messages=USER, **more)
        offered = {tool.name for tool in services.assistant.model(None).requests[-1].tools}  # type: ignore[attr-defined]
        assert ("run_code" in offered) is expected
        assert ("get_weather" in offered) is not expected
        assert "list_variables" in offered
    more = {"tools": [WEATHER], "tool_choice": "none"}
    await client.chat.completions.create(model="jupyter-agent", messages=USER, **more)
    offered = {tool.name for tool in services.assistant.model(None).requests[-1].tools}  # type: ignore[attr-defined]
    assert "get_weather" not in offered


@pytest.mark.parametrize("is_flat", [False, True])
async def test_of_a_clients_tools_only_those_are_offered_that_it_allows(
    client: openai.AsyncOpenAI, services: Services, is_flat: bool
) -> None:
    other = {"type": "function", "function": {"name": "book", "parameters": {"type": "object"}}}
    choice = allowing("book")
    choice = {"type": "allowed_tools", **choice["allowed_tools"]} if is_flat else choice
    more: Any = {"tools": [WEATHER, other], "tool_choice": choice}
    await client.chat.completions.create(model="jupyter-agent", messages=USER, **more)
    offered = {tool.name for tool in services.assistant.model(None).requests[-1].tools}  # type: ignore[attr-defined]
    assert ("book" in offered, "get_weather" in offered) == (True, False)


async def test_errors_are_the_sdks_errors(
    client: openai.AsyncOpenAI, jp_serverapp: Any, script: Script, rest: RestClient
) -> None:
    with pytest.raises(openai.BadRequestError, match="no model 'gpt-4o'"):
        await client.chat.completions.create(model="gpt-4o", messages=USER)
    stranger = client.with_options(api_key="wrong")
    with pytest.raises(openai.AuthenticationError):
        await stranger.chat.completions.create(model="jupyter-agent", messages=USER)
    script([{"text": "Half", "error": "upstream_unreachable", "message": "Cannot reach it."}])
    with pytest.raises(openai.InternalServerError, match="Cannot reach it"):
        await client.chat.completions.create(model="jupyter-agent", messages=USER)
    stream = await client.chat.completions.create(model="jupyter-agent", messages=USER, stream=True)
    with pytest.raises(openai.APIError, match="Cannot reach it"):
        [chunk async for chunk in stream]


@pytest.mark.parametrize(
    "body",
    [
        {"messages": []},
        {"messages": [{"role": "assistant", "content": "x"}]},
        {"messages": [{"role": "user", "content": " "}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        {"messages": USER, "n": 2},
        {"messages": USER, "tool_choice": "required"},
        {"messages": USER, "tool_choice": {"type": "function", "function": {"name": "other"}}, "tools": [WEATHER]},
        {"messages": USER, "tool_choice": "always", "tools": [WEATHER]},
        {"messages": USER, "tool_choice": allowing("other"), "tools": [WEATHER]},
        {"messages": USER, "tool_choice": allowing(), "tools": [WEATHER]},
        {"messages": USER, "tool_choice": allowing("get_weather", mode="none"), "tools": [WEATHER]},
        {"messages": USER, "tool_choice": {"type": "allowed_tools", "allowed_tools": 5}, "tools": [WEATHER]},
        {"messages": USER, "response_format": {"type": "xml"}},
        {"messages": USER, "response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
        {"messages": USER, "response_format": {"type": "json_schema", "json_schema": {"schema": {"type": 1}}}},
        {"messages": USER, "temperature": 3},
        {"messages": USER, "max_tokens": 0},
        {"messages": USER, "tools": [elsewhere()]},
        {"messages": USER, "tools": [WEATHER, WEATHER]},
        {
            "messages": USER,
            "tools": [{"type": "function", "function": {"name": "x", "parameters": {"type": "string"}}}],
        },
        {"messages": USER, "tools": [{"type": "function", "function": {"name": "a b"}}]},
        {"messages": USER, "session_id": "../x"},
        {"messages": USER, "session_id": "s1", "sessionId": "s2"},
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(rest: RestClient, body: dict[str, Any]) -> None:
    reply = await rest("POST", PATH, body)
    assert (reply.status, reply.body["error"]["type"]) == (400, "invalid_request_error")
    assert reply.body["error"]["message"] == reply.body["message"] != ""


async def test_the_session_of_a_header_is_checked(rest: RestClient) -> None:
    reply = await rest("POST", PATH, {"messages": USER}, {"X-Jupyter-Agent-Session": "../x"})
    assert (reply.status, reply.body["code"]) == (400, "bad_request")


async def test_models_are_listed(client: openai.AsyncOpenAI) -> None:
    names = [model.id async for model in client.models.list()]
    assert names[0] == "jupyter-agent"
    assert "offline" in names
    assert (await client.models.retrieve("jupyter-agent")).id == "jupyter-agent"
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-4o'"):
        await client.models.retrieve("gpt-4o")


async def _asked(client: openai.AsyncOpenAI, messages: Any, stream: bool, more: Any) -> tuple[str, Any, str | None]:
    """Text, the client's call if there is one, and why it ended."""
    if not stream:
        reply = await client.chat.completions.create(model="jupyter-agent", messages=messages, **more)
        choice = reply.choices[0]
        calls = [call.model_dump() for call in choice.message.tool_calls or ()]
        return choice.message.content or "", calls[0] if calls else None, choice.finish_reason
    chunks = [
        chunk
        async for chunk in await client.chat.completions.create(
            model="jupyter-agent", messages=messages, stream=True, **more
        )
    ]
    text = "".join(part.choices[0].delta.content or "" for part in chunks)
    calls = [call.model_dump() for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    return text, calls[0] if calls else None, chunks[-1].choices[0].finish_reason


async def test_the_sdk_is_answered_from_the_live_kernel_in_a_conversation(
    client: openai.AsyncOpenAI, rest: RestClient, jp_serverapp: Any
) -> None:
    place = {"notebook_id": "a.ipynb", "session_id": "s1"}
    async with front_end(jp_serverapp, rest) as (_, page):
        for rows in ("137", "138"):
            await page.run(f"total_rows = {rows}")
            asked: Any = [{"role": "user", "content": "What is the value of total_rows?"}]
            reply = await client.chat.completions.create(model="offline", messages=asked, extra_body=place)
            assert rows in (reply.choices[0].message.content or "")
    assert (await rest("GET", "api/sessions/s1")).body["turn_count"] == 4
