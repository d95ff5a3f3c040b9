"""What is sent to a server of models: forms that the strictest take, tries that can help, errors that say what to do."""

from __future__ import annotations

import asyncio
import email.utils
import importlib
import json
import subprocess
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core import errors
from jupyter_agent.core.events import ModelFinished, TextDelta, Waiting
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import ToolSpec
from jupyter_agent.core.question import Question
from jupyter_agent.models.openai.providers import build
from jupyter_agent.models.openai_compatible.connection import Connection
from jupyter_agent.models.openai_compatible.failures import retry_after
from jupyter_agent.models.openai_compatible.model import OpenAIModel
from jupyter_agent.models.openai_compatible.provider import OPENAI
from jupyter_agent.models.openai_compatible.requester import can_chat
from jupyter_agent.models.openai_compatible.transport import is_forbidden
from jupyter_agent.models.openai_compatible.wire import request
from tests.support.fake_model_server import KEY, STREAM, answer, answered, asking, chunk, event, plain, running
from tests.support.scripted_assistant import done

if TYPE_CHECKING:
    from collections.abc import Sequence

TOOL = ToolSpec("list_files", "List the files.", {"type": "object", "properties": {}})
STRANGE = ToolSpec("list files!", "Of somebody else.", {"type": "object"})
OK = [TextDelta("ok"), ModelFinished("stop")]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


async def failing(*answers: Any, model: str = "m", **options: Any) -> errors.AgentError:
    """The error that ends a question; it must not hold the key, however it is printed, nor the server's words as ours."""
    async with running() as server, asking(server, model, **options) as one:
        server.queue(*answers)
        with pytest.raises(errors.UpstreamError) as caught:
            await answer(one)
    printed = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert KEY not in printed
    assert "canary" not in caught.value.message.partition(' It says: "')[0]
    return caught.value


# The request ----------------------------------------------------------------------------------


async def test_the_request_is_what_openai_compatible_servers_expect() -> None:
    async with running() as server, asking(server, "some-model") as model:
        server.queue(answered("ok"))
        assert await answer(model, Message("system", "Be brief."), Message("user", "hi"), tools=[TOOL]) == OK
    (asked,) = server.asked
    assert asked.line == "POST /v1/chat/completions HTTP/1.1"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["host"].startswith("127.0.0.1:")
    function = {"name": "list_files", "description": "List the files.", "parameters": TOOL.parameters}
    assert asked.body == {
        "model": "some-model",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": function}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def wired(*messages: Message, without: Sequence[str] = ()) -> list[dict[str, Any]]:
    body: list[dict[str, Any]] = request("m", messages, [STRANGE], without=frozenset(without))["messages"]
    return body


CALLED = (
    Message("system", "S"),
    Message("user", "hi"),
    Message("assistant", "", (ToolCall("some/strange id", "list files!", '{"a": 1}'),)),
    Message("tool", "[]", tool_call_id="some/strange id"),
)


def test_calls_and_results_keep_together_under_ids_that_every_server_takes() -> None:
    call, result = wired(*CALLED)[2:]
    assert call["tool_calls"] == [
        {"id": "call00001", "type": "function", "function": {"name": "list_files_", "arguments": '{"a": 1}'}}
    ]
    assert result == {"role": "tool", "content": "[]", "tool_call_id": "call00001"}


def test_messages_of_one_role_are_merged_and_empty_ones_left_out() -> None:
    entries = [("user", "a"), ("system", "S"), ("user", "b"), ("assistant", " "), ("system", "T"), ("assistant", "c")]
    merged = wired(*(Message(role, content) for role, content in entries))  # type: ignore[arg-type]
    assert [(message["role"], message["content"]) for message in merged] == [
        ("system", "S\n\nT"),
        ("user", "a\n\nb"),
        ("assistant", "c"),
    ]


@pytest.mark.parametrize("arguments", ["", "{", "null", "[1]", "7", "NaN", '{"a": NaN}', "[" * 100_000])
def test_L16_arguments_that_a_server_could_not_parse_are_sent_as_an_empty_object(arguments: str) -> None:
    call = wired(Message("user", "hi"), Message("assistant", "", (ToolCall("a", "f", arguments),)))[1]["tool_calls"][0]
    assert call["function"]["arguments"] == "{}"


@pytest.mark.parametrize("name", ["", "x" * 10_000, "ü/../etc", "a b"])
def test_L17_names_that_a_server_would_refuse_are_made_fit(name: str) -> None:
    call = wired(Message("user", "hi"), Message("assistant", "", (ToolCall("a", name, "{}"),)))[1]["tool_calls"][0]
    sent = call["function"]["name"]
    assert 0 < len(sent) <= 64
    assert sent.isascii()
    assert sent.replace("_", "").replace("-", "").isalnum() or set(sent) == {"_"}


async def test_text_that_is_not_text_can_be_sent() -> None:
    async with running() as server, asking(server) as model:
        server.queue(answered("ok"))
        assert await answer(model, Message("user", "half \ud83d, none \0, whole \U0001d11e")) == OK
    assert server.asked[0].body["messages"][0]["content"] == "half \ufffd, none \ufffd, whole \U0001d11e"


def test_L26_calls_of_tools_that_are_offered_no_more_are_told_in_words() -> None:
    later = (*CALLED, Message("assistant", "There are none."), Message("user", "And now?"))
    now = (Message("assistant", "", (ToolCall("b", "no_such_tool", "{}"),)), Message("tool", "no", tool_call_id="b"))
    for tools in ([TOOL], []):
        sent = request("m", [*later, *now], tools)["messages"]
        assert [message["role"] for message in sent[1:5]] == ["user", "assistant", "user", "assistant"]
        assert "list files!" in sent[2]["content"]
        assert "[]" in sent[3]["content"]
        assert ("tool_calls" in sent[6]) is bool(tools)  # of this turn: the model learns from its result
    assert "tool_calls" in request("m", later, [STRANGE])["messages"][2]


async def test_L26_another_model_goes_on_with_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "read_cells", "arguments": "{}"}}
        server.queue(STREAM + chunk(tool_calls=[call]) + chunk("tool_calls") + event("[DONE]"), answered("ok"))
        assistant = Assistant.from_config(JupyterAgent(store="memory://", model="openai:one"))
        options: list[dict[str, Any]] = [{}, {"model": "openai:two"}, {"model": "openai:two", "effects": frozenset()}]
        for number, option in enumerate(options):
            await done(assistant, Question("me", f"question {number}", session_id="s1", **option))
        await assistant.close()
    bodies = [request.body for request in server.asked]
    assert [body["model"] for body in bodies] == ["one", "one", "two", "two"]
    assert [any("tool_calls" in message for message in body["messages"]) for body in bodies] == [
        False,
        True,
        True,
        False,
    ]
    assert "Called read_cells" in json.dumps(bodies[3]["messages"])


# Servers that know less -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "registry.ollama.ai/library/gemma:2b does not support tools"),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        (500, "tools param requires --jinja flag"),
        (404, "No endpoints found that support tool use. canary"),
    ],
)
async def test_a_model_without_tools_is_asked_without_them_from_then_on(status: int, words: str) -> None:
    async with running() as server, asking(server) as model:
        server.queue(plain(status, {"error": {"message": words}}), answered("ok"))
        assert await answer(model, *CALLED, tools=[TOOL]) == OK
        assert await answer(model, *CALLED, tools=[TOOL]) == OK
    bodies = [request.body for request in server.asked]
    assert ["tools" in body for body in bodies] == [True, False, False]
    assert [message["role"] for message in bodies[1]["messages"]] == ["system", "user", "assistant", "user"]
    assert "list files!" in bodies[1]["messages"][2]["content"]
    assert "[]" in bodies[1]["messages"][3]["content"]


async def test_a_server_that_does_not_know_stream_options_is_asked_without_them() -> None:
    async with running() as server, asking(server) as model:
        server.queue(
            plain(422, {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs"}]}), answered("ok")
        )
        assert await answer(model) == OK
    assert ["stream_options" in request.body for request in server.asked] == [True, False]


async def test_a_template_without_system_messages_gets_it_with_the_question() -> None:
    async with running() as server, asking(server) as model:
        server.queue(plain(400, {"error": {"message": "System role not supported"}}), answered("ok"))
        assert await answer(model, Message("system", "S"), Message("user", "hi")) == OK
    assert server.asked[1].body["messages"] == [{"role": "user", "content": "S\n\nhi"}]


async def test_L5_a_server_that_refuses_the_calls_of_the_history_is_told_them_in_words_once() -> None:
    refusal = plain(
        400, {"error": {"message": "An assistant message with 'tool_calls' must be followed by tool messages"}}
    )
    async with running() as server, asking(server) as model:
        server.queue(refusal, answered("ok"), answered("ok"))
        assert await answer(model, *CALLED, tools=[STRANGE]) == OK
        assert await answer(model, *CALLED, tools=[STRANGE]) == OK
    assert [any(message["role"] == "tool" for message in asked.body["messages"]) for asked in server.asked] == [
        True,
        False,
        True,
    ]
    assert all("tools" in asked.body for asked in server.asked)


async def test_L5_a_server_that_refuses_for_ever_is_not_asked_for_ever() -> None:
    words = "stream_options tool_call_id system role not supported does not support tools"
    async with running() as server, asking(server) as model:
        server.queue(plain(400, {"error": {"message": words}}))
        with pytest.raises(errors.UpstreamRefused):
            await answer(model)
    assert len(server.asked) <= 5


# Errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403])
async def test_L1_P4_a_wrong_key_is_told_with_its_cure_and_not_tried_again(status: int) -> None:
    async with running() as server, asking(server) as model:
        server.queue(plain(status, {"error": {"message": f"Incorrect API key provided: {KEY} canary"}}))
        with pytest.raises(errors.UpstreamAuth, match="OPENAI_API_KEY") as caught:
            await answer(model)
    printed = "".join(traceback.format_exception(caught.value))
    assert KEY not in printed
    assert "canary" not in printed
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "context_length_exceeded", "message": "canary"}},
        {"error": {"message": "This model's maximum context length is 8192 tokens. canary"}},
        {"error": {"type": "exceed_context_size_error", "message": "the request exceeds the available context size"}},
        {"error": {"message": "prompt is too long: 210000 tokens > 200000 maximum"}},
        {"error": {"message": "Please reduce the length of the messages"}},
        {"object": "error", "message": "The input (9000 tokens) exceeds the model's limit", "code": 400},
        "input length and max_tokens exceed context limit: too many tokens",
    ],
)
async def test_L4_a_conversation_that_does_not_fit_is_called_so(body: Any) -> None:
    error = await failing(plain(400, body))
    assert type(error) is errors.ContextTooLong
    assert "context_tokens" in error.message
    assert type(await failing(plain(413, "canary", "text/plain"))) is errors.ContextTooLong


async def test_an_unknown_model_is_told_with_those_that_the_server_has() -> None:
    listing = {"data": [{"id": "llama3"}, {"id": "nomic-embed-text"}, {"id": "qwen3"}]}
    error = await failing(
        plain(404, {"error": {"message": 'model "m" not found, try pulling it first'}}), plain(200, listing)
    )
    assert type(error) is errors.UpstreamRefused
    assert "'m'" in error.message
    assert "llama3, qwen3" in error.message
    error = await failing(plain(404, {"error": {"message": "The model `m` does not exist", "code": "model_not_found"}}))
    assert "no model 'm'" in error.message


async def test_a_wrong_path_is_told_with_its_cure() -> None:
    error = await failing(plain(404, "<html>404 canary</html>", "text/html"))
    assert type(error) is errors.UpstreamRefused
    assert "/v1" in error.message


@pytest.mark.parametrize(
    ("status", "kind"), [(400, errors.UpstreamRefused), (422, errors.UpstreamRefused), (501, errors.UpstreamError)]
)
async def test_other_refusals_are_told_once(status: int, kind: type[errors.UpstreamError]) -> None:
    assert isinstance(await failing(plain(status, {"error": {"message": "canary"}})), kind)


@pytest.mark.parametrize(
    "body", ["", "canary", "<html>canary</html>", "[]", "7", "null", '{"error": null}', '{"error": [1]}', "[" * 50_000]
)
@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_errors_are_understood_by_their_status_whatever_the_body(status: int, body: str) -> None:
    kinds = {
        400: errors.UpstreamRefused,
        401: errors.UpstreamAuth,
        429: errors.UpstreamRateLimit,
        500: errors.UpstreamError,
    }
    assert type(await failing(plain(status, body))) is kinds[status]


async def test_an_error_page_without_end_is_read_no_further_than_needed() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 401 No\r\nContent-Type: text/html\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    started = time.monotonic()
    assert type(await failing(endless)) is errors.UpstreamAuth
    assert time.monotonic() - started < 5


async def test_L7_nobody_there_is_told_with_its_cure() -> None:
    async with running() as server:
        url = server.base_url
    model = OpenAIModel("m", Connection(url), backoff_seconds=0.001)
    with pytest.raises(errors.UpstreamUnreachable, match="Is it running") as caught:
        await answer(model)
    assert url.removesuffix("/v1") in caught.value.message
    await model.close()


@pytest.mark.parametrize("sent", ["", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\n", "SSH-2.0-OpenSSH_9\r\n"])
async def test_L7_what_does_not_speak_http_is_told_as_such(sent: str) -> None:
    assert type(await failing(sent)) in (errors.UpstreamUnreachable, errors.UpstreamProtocol)


async def test_L7_a_name_that_nobody_has_is_unreachable() -> None:
    async def nobody(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    model = OpenAIModel("m", Connection("http://nowhere.invalid/v1", resolve=nobody), backoff_seconds=0.001)
    with pytest.raises(errors.UpstreamUnreachable, match=r"nowhere\.invalid"):
        await answer(model)
    await model.close()


# Tries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
async def test_L3_L6_a_passing_fault_is_tried_again(status: int) -> None:
    async with running() as server, asking(server) as model:
        server.queue(plain(status, "<html>", "text/html"), plain(status), answered("ok"))
        assert await answer(model) == OK
    assert len(server.asked) == 3


async def test_L3_three_tries_are_all() -> None:
    async with running() as server, asking(server) as model:
        server.queue(plain(503, {"error": {"message": "canary"}}))
        with pytest.raises(errors.UpstreamError, match="reported an internal error"):
            await answer(model)
    assert len(server.asked) == 3


async def test_L7_a_connection_lost_before_the_first_word_is_tried_again() -> None:
    async with running() as server, asking(server) as model:
        server.queue("", answered("ok"))
        assert await answer(model) == OK


async def test_L2_the_wait_that_a_server_asks_for_is_kept() -> None:
    async with running() as server, asking(server) as model:
        server.queue(plain(429, headers="Retry-After: 1\r\n"), answered("ok"))
        started = time.monotonic()
        waiting, *answered_at_last = await answer(model)
        assert answered_at_last == OK
        assert isinstance(waiting, Waiting)
        assert waiting.seconds == 1
        assert "asked again in a second" in waiting.text
        assert time.monotonic() - started >= 1


@pytest.mark.parametrize("wait", ["3600", "61", "999999999"])
async def test_L2_a_wait_that_is_too_long_is_an_error_at_once(wait: str) -> None:
    async with running() as server, asking(server) as model:
        server.queue(plain(429, headers=f"Retry-After: {wait}\r\n"))
        with pytest.raises(errors.UpstreamRateLimit) as caught:
            await answer(model, seconds=7200)
    assert len(server.asked) == 1
    assert caught.value.retryable


async def test_L2_a_wait_beyond_the_deadline_is_an_error_at_once() -> None:
    async with running() as server, asking(server) as model:
        server.queue(plain(429, headers="Retry-After: 30\r\n"))
        started = time.monotonic()
        with pytest.raises(errors.UpstreamRateLimit):
            await answer(model, seconds=10)
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("wait", ["soon", "-1", "1e9", "", "nan", "inf", "1" * 400, "Wed, 99 Foo 2026"])
def test_L2_a_wait_that_makes_no_sense_is_none(wait: str) -> None:
    assert retry_after({"retry-after": wait}) is None


def test_L2_a_wait_may_be_a_date_or_milliseconds() -> None:
    wait = retry_after({"retry-after": email.utils.formatdate(time.time() + 20, usegmt=True)})
    assert wait is not None
    assert 15 < wait <= 20
    assert retry_after({"retry-after": email.utils.formatdate(time.time() - 20, usegmt=True)}) == 0
    assert retry_after({"retry-after-ms": "1500", "retry-after": "9"}) == 1.5


async def test_a_spent_quota_is_told_and_not_tried_again() -> None:
    body = {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota, canary"}}
    async with running() as server, asking(server) as model:
        server.queue(plain(429, body))
        with pytest.raises(errors.UpstreamRateLimit, match="billing"):
            await answer(model)
    assert len(server.asked) == 1


# Addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_L22_another_address_is_not_followed(status: int) -> None:
    async with running() as other, running() as server, asking(server) as model:
        other.queue(answered("stolen"))
        server.queue(plain(status, headers=f"Location: {other.base_url}/chat/completions\r\n"))
        with pytest.raises(errors.UpstreamProtocol, match="not followed"):
            await answer(model)
        assert other.asked == []


FORBIDDEN = [
    "169.254.169.254",
    "169.254.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "224.0.0.1",
    "ff02::1",
]


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_L23_a_name_that_leads_to_a_forbidden_address_is_refused(address: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1", address]

    model = OpenAIModel("m", Connection("http://models.example.com/v1", resolve=resolve))
    with pytest.raises(errors.UpstreamRefused, match="not an address for models"):
        await answer(model)
    await model.close()


@pytest.mark.parametrize(
    "host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]", "169.254.169.254."]
)
async def test_L23_a_forbidden_address_in_another_spelling_is_refused(host: str) -> None:
    model = OpenAIModel("m", Connection(f"http://{host}/v1"), backoff_seconds=0.001)
    with pytest.raises((errors.UpstreamRefused, errors.UpstreamUnreachable)):
        await answer(model, seconds=5)
    await model.close()


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.7", "192.168.1.5", "172.17.0.2", "8.8.8.8", "2606:4700::1", "100.64.0.1"]
)
def test_servers_of_ones_own_are_allowed(address: str) -> None:
    assert not is_forbidden(address)


async def test_L23_the_name_is_looked_up_once_and_the_address_kept() -> None:
    asked: list[str] = []

    async with running() as server:
        port = server.base_url.split(":")[-1].partition("/")[0]

        async def resolve(host: str, _: int) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

        server.queue(answered("ok"))
        model = OpenAIModel("m", Connection(f"http://models.example.com:{port}/v1", resolve=resolve))
        assert await answer(model) == OK
        await model.close()
    assert asked == ["models.example.com"]
    assert server.asked[0].headers["host"] == f"models.example.com:{port}"


async def test_the_next_address_of_a_name_is_tried_where_the_first_is_dead() -> None:
    async with running() as server:
        port = server.base_url.split(":")[-1].partition("/")[0]

        async def resolve(host: str, _: int) -> list[str]:
            return ["::1", "127.0.0.1"]

        server.queue(answered("ok"))
        model = OpenAIModel("m", Connection(f"http://localhost:{port}/v1", resolve=resolve))
        assert await answer(model) == OK
        await model.close()


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/v1", "localhost:11434", "http://", "http://[::1", "x", "http://h:99999/"]
)
async def test_L23_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(errors.UpstreamRefused, match="must be an address"):
        await answer(OpenAIModel("m", Connection(url)))


async def test_L23_an_address_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(errors.UpstreamRefused, match="user name or password") as caught:
        await answer(OpenAIModel("m", Connection("http://bob:hunter2@127.0.0.1/v1")))
    assert "hunter2" not in caught.value.message
    assert "hunter2" not in Connection("http://bob:hunter2@127.0.0.1/v1").server.name


async def test_L24_proxies_and_certificates_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as proxy, running() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.base_url.removesuffix("/v1"))
        proxy.queue(answered("stolen"))
        server.queue(answered("ok"))
        async with asking(server) as model:
            assert await answer(model) == OK
        assert proxy.asked == []


# Keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["sk-canary with space", "sk-canary\n", "sk-canäry", "\tsk-canary", "sk-\x01canary", "sk-\u2028canary"]
)
async def test_P2_a_key_that_cannot_be_one_is_told_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    async with running() as server, asking(server) as model:
        server.queue(answered("ok"))
        with pytest.raises(errors.UpstreamAuth, match="copy it again") as caught:
            await answer(model)
        assert server.asked == []
    assert "can" not in caught.value.message.replace("character", "").replace("can ", "")
    assert key.strip() not in "".join(traceback.format_exception(caught.value))


async def test_openai_itself_is_not_asked_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    model = build(OPENAI, JupyterAgent(), "")
    assert model.name == "openai:gpt-5-mini"
    with pytest.raises(errors.UpstreamAuth, match="no key for OpenAI"):
        await answer(model)


async def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    async with running() as server, asking(server) as model:
        server.queue(answered("ok"))
        assert await answer(model) == OK
    assert server.asked[0].headers["authorization"] == "Bearer none"


async def test_a_key_that_is_changed_is_used_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as server, asking(server) as model:
        server.queue(answered("ok"))
        await answer(model)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-another-key")
        await answer(model)
    assert [request.headers["authorization"] for request in server.asked] == [f"Bearer {KEY}", "Bearer sk-another-key"]


async def test_P6_no_key_in_what_objects_say_of_themselves() -> None:
    async with running() as server, asking(server) as model:
        server.queue(answered("ok"))
        await answer(model)
        assert KEY not in repr(model) + repr(vars(model)) + repr(vars(model._connection))


# Models ---------------------------------------------------------------------------------------


async def test_models_that_can_chat_are_listed_in_the_servers_order() -> None:
    names = [
        "qwen3:8b",
        "text-embedding-3-small",
        "gpt-5",
        "whisper-1",
        "",
        7,
        "x" * 300,
        "a\nb",
        "bge-m3",
        "claude-sonnet-5",
    ]
    async with running() as server, asking(server) as model:
        server.queue(plain(200, {"object": "list", "data": [*({"id": name} for name in names), None]}))
        assert await model.models() == ("qwen3:8b", "gpt-5", "claude-sonnet-5")
    assert server.asked[0].line == "GET /v1/models HTTP/1.1"


@pytest.mark.parametrize("body", ["{", "7", "null", '{"data": 7}', "<html>", "[" * 50_000])
async def test_a_list_of_models_that_is_none_is_not_the_protocol(body: str) -> None:
    async with running() as server, asking(server) as model:
        server.queue(plain(200, body))
        with pytest.raises(errors.UpstreamProtocol):
            await model.models()


async def test_a_list_of_models_that_does_not_come_is_not_waited_for() -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with running() as server, asking(server) as model:
        server.queue(silent)
        started = time.monotonic()
        with pytest.raises(errors.UpstreamTimeout):
            await model.models()
        assert time.monotonic() - started < 6


async def test_a_server_without_a_default_is_asked_once_what_it_has() -> None:
    async with running() as server, asking(server, "") as model:
        assert model.name == "openai"
        server.queue(plain(200, {"data": [{"id": "nomic-embed-text"}, {"id": "llama3"}]}), answered("ok"))
        assert await answer(model) == OK
        assert await answer(model) == OK
        assert model.name == "openai:llama3"
    assert [request.line.split()[0] for request in server.asked] == ["GET", "POST", "POST"]
    assert server.asked[1].body["model"] == "llama3"


async def test_a_server_with_nothing_to_chat_with_is_told_so() -> None:
    async with running() as server, asking(server, "") as model:
        server.queue(plain(200, {"data": []}))
        with pytest.raises(errors.UpstreamRefused, match="no model that can chat"):
            await answer(model)


def test_the_configuration_names_server_and_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")
    assert build(OPENAI, JupyterAgent(), "qwen3:8b").name == "openai:qwen3:8b"
    assert build(OPENAI, JupyterAgent(), "").name == "openai"


@pytest.mark.parametrize(
    "name", ["gpt-5-mini", "o4-mini", "llama3.3:70b", "deepseek-r1", "mistral-large", "gemma3", "qwen2.5-vl"]
)
def test_models_for_chat_are_known_by_their_names(name: str) -> None:
    assert can_chat(name)


# Cost -----------------------------------------------------------------------------------------


def test_building_a_model_imports_no_sdk() -> None:
    code = (
        "import sys; from jupyter_agent.config.options import JupyterAgent; from jupyter_agent.models.openai.providers import build_openai;"
        "build_openai(JupyterAgent(), 'x'); print([n for n in ('openai', 'httpx2', 'pydantic') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_model_can_be_used_from_one_loop_after_another() -> None:
    async with running() as server, asking(server) as model:
        server.queue(answered("ok"))
        assert await answer(model) == OK

        def elsewhere() -> list[Any]:
            async def once() -> list[Any]:
                try:
                    return list(await answer(model))
                finally:
                    await model.close()

            return asyncio.run(once())

        assert await asyncio.to_thread(elsewhere) == OK
        assert await answer(model) == OK


async def test_many_answers_at_once_do_not_mix() -> None:
    async def echo(writer: asyncio.StreamWriter) -> None:
        number = len(server.asked)
        writer.write(STREAM.encode())
        for _ in range(5):
            writer.write(chunk(content=f"{number} ").encode())
            await writer.drain()
            await asyncio.sleep(0)
        writer.write((chunk("stop") + event("[DONE]")).encode())
        await writer.drain()

    async with running() as server, asking(server) as model:
        server.queue(echo)
        answers = await asyncio.gather(*(answer(model) for _ in range(20)))
    texts = ["".join(event.text for event in events if isinstance(event, TextDelta)) for events in answers]
    assert all(len(set(text.split())) == 1 and len(text.split()) == 5 for text in texts)


def test_the_entry_point_leads_here() -> None:
    from jupyter_agent.config import entry_points

    factory = entry_points.load(entry_points.MODELS, "openai")
    assert factory is not None
    assert isinstance(factory(JupyterAgent(), "x"), OpenAIModel)
    assert importlib.import_module("jupyter_agent.models.openai_compatible.connection").DEFAULT_MODEL == "gpt-5-mini"
    assert json.dumps(factory(JupyterAgent(), "x").name) == '"openai:x"'
