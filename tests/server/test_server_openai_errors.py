"""Failures at /v1: the model server's own status, the OpenAI API's error object on every path, and nothing done twice."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest

from jupyter_agent.server.services import Services
from tests.support.agent_client import Reply, RestClient
from tests.support.fake_model_server import ModelServer, answered, plain

PATH = "api/agent/v1/chat/completions"
USER: Any = [{"role": "user", "content": "What is df?"}]


@pytest.fixture
def jp_server_config(openai_config: dict[str, Any]) -> dict[str, Any]:
    return openai_config


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_agent.models.openai_compatible.requester.MAX_TRIES", 1)


def failure(status: int, message: str, headers: str = "", **fields: Any) -> str:
    return plain(status, {"error": {"message": message, **fields}}, headers=headers)


FAILURES = [
    (failure(401, "Incorrect API key provided: sk-x"), openai.AuthenticationError, "invalid_api_key"),
    (failure(403, "Not for this project"), openai.PermissionDeniedError, "invalid_api_key"),
    (failure(404, "The model `m` does not exist"), openai.NotFoundError, "model_not_found"),
    (failure(400, "maximum context length is 8192 tokens"), openai.BadRequestError, "context_length_exceeded"),
    (failure(422, "Unprocessable"), openai.UnprocessableEntityError, "upstream_refused"),
    (failure(429, "Slow down", "Retry-After: 900\r\n"), openai.RateLimitError, "rate_limit_exceeded"),
    (failure(500, "Oops"), openai.InternalServerError, "upstream_error"),
    (failure(503, "Overloaded"), openai.InternalServerError, "upstream_error"),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("case", FAILURES)
@pytest.mark.usefixtures("one_try")
async def test_the_sdk_gets_the_status_of_the_models_server_and_asks_once(
    client: openai.AsyncOpenAI, rest: RestClient, upstream: ModelServer, case: Any, stream: bool
) -> None:
    answer, error, code = case
    upstream.queue(answer)
    with pytest.raises(error) as caught:
        await client.chat.completions.create(
            model="jupyter-agent", messages=USER, stream=stream, extra_body={"session_id": "s1"}
        )
    assert caught.value.status_code == int(answer.split()[1])
    assert caught.value.code == code
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert caught.value.response.headers.get("retry-after") == ("900" if error is openai.RateLimitError else None)
    asked = [asked for asked in upstream.asked if "chat/completions" in asked.line]
    assert len(asked) == (2 if code == "context_length_exceeded" else 1)  # once more with a shorter prompt
    history = (await rest("GET", "api/sessions/s1/history")).body
    assert [entry["role"] for entry in history["history"]] == ["user", "assistant"]


async def test_quick_keeps_the_status_of_its_contract(rest: RestClient, upstream: ModelServer) -> None:
    upstream.queue(failure(401, "Incorrect API key provided"))
    reply = await rest.ask("What is df?")
    assert (reply.status, reply.body["code"]) == (502, "upstream_auth")


async def test_P4_a_key_that_a_server_repeats_is_withheld_where_no_turn_is_made(
    rest: RestClient, upstream: ModelServer, services: Services
) -> None:
    key = "plain-words-as-a-key"
    services.assistant.redactor.add_secret(key)
    upstream.queue(failure(400, f"A bad header: {key}"))
    reply = await rest("POST", "api/agent/complete", {"prefix": "df."})
    assert (reply.status, key in reply.text) == (502, False)
    assert "A bad header" in reply.text


SENT_AGAIN = [{"x-stainless-retry-count": "0"}, {"Idempotency-Key": "k1"}]


@pytest.mark.parametrize("headers", SENT_AGAIN)
@pytest.mark.parametrize("session", [None, "s1"])
@pytest.mark.parametrize("fails", [False, True])
async def test_a_request_that_is_sent_again_gets_the_first_answer(
    rest: RestClient, upstream: ModelServer, headers: dict[str, str], session: str | None, fails: bool
) -> None:
    upstream.queue(failure(400, "No.") if fails else answered("A table."), answered("Another."))
    replies = []
    for number in range(3):
        sent = headers if "Idempotency-Key" in headers else {"x-stainless-retry-count": str(number)}
        replies.append(await rest("POST", PATH, {"messages": USER, "session_id": session}, sent))
    assert {reply.status for reply in replies} == {400 if fails else 200}
    assert len({_answer(reply) for reply in replies}) == 1
    assert len(upstream.asked) == 1
    if session is not None:
        assert (await rest("GET", "api/sessions/s1")).body["turns"] == 1


async def test_the_same_question_asked_anew_is_a_new_turn(rest: RestClient, upstream: ModelServer) -> None:
    upstream.queue(answered("A table."))
    for _ in range(2):
        headers = {"x-stainless-retry-count": "0"}
        await rest("POST", PATH, {"messages": USER, "session_id": "s1"}, headers)
    assert (await rest("GET", "api/sessions/s1")).body["turns"] == 2


async def test_after_a_lost_connection_the_request_that_is_sent_again_finds_its_turn(
    client: openai.AsyncOpenAI, rest: RestClient, upstream: ModelServer
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await go_on.wait()
        writer.write(answered("A table.").encode())
        await writer.drain()

    upstream.queue(slowly)
    impatient = client.with_options(timeout=1.0, max_retries=1)
    request = asyncio.ensure_future(
        impatient.chat.completions.create(model="m", messages=USER, extra_body={"session_id": "s1"})
    )
    await asyncio.wait_for(asked.wait(), 20)
    asyncio.get_running_loop().call_later(1.2, go_on.set)
    reply = await request
    assert reply.choices[0].message.content == "A table."
    assert len(upstream.asked) == 1
    assert (await rest("GET", "api/sessions/s1")).body["turns"] == 1


async def test_an_idempotency_key_belongs_to_one_request(rest: RestClient, upstream: ModelServer) -> None:
    upstream.queue(answered("A table."))
    await rest("POST", PATH, {"messages": USER}, {"Idempotency-Key": "k1"})
    other = [{"role": "user", "content": "Another question"}]
    reply = await rest("POST", PATH, {"messages": other}, {"Idempotency-Key": "k1"})
    assert (reply.status, reply.body["code"]) == (409, "turn_id_reused")


@pytest.mark.parametrize(
    "case",
    [
        ("GET", "api/agent/v1", {}, None, 404),
        ("GET", "api/agent/v1/nothing/here", {}, None, 404),
        ("POST", "api/agent/v1/responses", {}, {"input": "x"}, 404),
        ("POST", "api/agent/v1/embeddings", {}, b"x", 404),
        ("DELETE", "api/agent/v1/models", {}, None, 405),
        ("GET", PATH, {}, None, 405),
        ("POST", PATH, {}, b"{", 400),
        ("POST", PATH, {}, b"", 400),
        ("POST", PATH, {}, {"messages": 1}, 400),
        ("POST", PATH, {"Content-Type": "text/plain"}, b"{}", 415),
        ("POST", PATH, {}, b"[" * 9_000_000, 413),
        ("POST", PATH, {"Authorization": "Bearer wrong"}, {"messages": USER}, 401),
        ("GET", "api/agent/v1/models", {"Authorization": "Bearer wrong"}, None, 401),
        ("GET", "api/agent/v1/nothing", {"Authorization": "Bearer wrong"}, None, 401),
        ("POST", "api/agent/v1/nothing", {"Authorization": ""}, {}, 401),
        ("GET", "api/agent/v1/models", {"Host": "evil.example"}, None, 403),
    ],
)
async def test_every_error_below_v1_is_one_of_the_openai_api(rest: RestClient, case: Any) -> None:
    method, path, headers, body, status = case
    reply = await rest(method, path, body, headers)
    assert reply.status == status
    error = reply.body["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"] == reply.body["message"] != ""
    assert reply.headers["x-should-retry"] == "false"


async def test_beside_v1_errors_are_as_before(rest: RestClient) -> None:
    for path in ("api/agent/v10", "api/agent/nothing"):
        reply = await rest("GET", path)
        assert (reply.status, reply.body["code"], "error" in reply.body) == (404, "not_found", False)
    assert (await rest("GET", "api/agent/health", None, {"Authorization": ""})).status == 403


def _answer(reply: Reply) -> str:
    return str(reply.body["message"] if "error" in reply.body else reply.body["choices"])
