"""Requests that go wrong: every one is answered in words, none leaves a traceback, and the log knows which it was."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from jupyter_agent.config import entry_points
from jupyter_agent.core.errors import StoreUnavailable, UpstreamRefused
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.server.openapi.operations import OPERATIONS
from jupyter_agent.server.services import Services
from jupyter_agent.server.streamed_body import MAX_DISCARDED
from jupyter_agent.server.turns import running_turns
from jupyter_agent.sessions.ids import session_key
from tests.support.agent_client import RestClient, Script

JSON = {"Content-Type": "application/json"}
QUICK = "/api/agent/quick"
EVENTS = "api/agent/turns/t1/events"
IDS = {
    "session_id": "s1",
    "turn_id": "t1",
    "call_id": "c1",
    "kernel_id": "k1",
    "name": "x",
    "secret": "s" * 32,
    "model": "m",
}


@asynccontextmanager
async def connection(server: Any) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.close()


def head(
    server: Any, method: str, path: str, *headers: str, token: str | None = None, host: str = "localhost"
) -> bytes:
    token = server.identity_provider.token if token is None else token
    lines = [f"{method} {server.base_url}{path.strip('/')} HTTP/1.1", f"Host: {host}", f"Authorization: token {token}"]
    return "\r\n".join([*lines, *JSON_LINES, *headers, "", ""]).encode()


JSON_LINES = ["Content-Type: application/json"]


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of one response."""
    lines = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
    body = await asyncio.wait_for(reader.readexactly(int(headers["content-length"])), 30)
    return int(lines[0].split(" ")[1]), headers, json.loads(body)


# Resumed streams --------------------------------------------------------------------------------


async def test_N15_the_stream_of_a_turn_goes_on_after_any_id_while_it_runs(
    rest: RestClient, script: Script, services: Services
) -> None:
    script([{"calls": [{"name": "run_code", "arguments": {"code": "1"}}]}, {"text": "Done."}])
    asked = rest.stream("x", {"session_id": "s1"}, turn_id="t1")
    approval = await asked.until("approval")
    last = asked.ids[-1]
    at_the_end = rest.read(EVENTS, headers={"Last-Event-ID": str(last)})
    beyond = rest.read(EVENTS, headers={"Last-Event-ID": "4000"})
    for text in ("x", "-1", "1.5", "²", "9" * 30):
        refused = await rest("GET", EVENTS, None, {"Last-Event-ID": text})
        assert (refused.status, refused.body["code"]) == (400, "bad_request")
    assert await beyond.until("turn")
    answered = await rest(
        "POST", f"api/agent/turns/t1/actions/{approval['call_id']}", {"decision": "deny", "digest": approval["digest"]}
    )
    assert answered.status == 200
    resumed = await at_the_end.all()
    assert (resumed[0][0], resumed[-1][0]) == ("tool_result", "done")
    assert min(at_the_end.ids) == last + 1
    await beyond.all()
    await asked.all()


@pytest.mark.parametrize("is_kept", [True, False])
async def test_N15_the_id_of_the_last_event_is_no_error(
    rest: RestClient, monkeypatch: pytest.MonkeyPatch, is_kept: bool
) -> None:
    if not is_kept:
        monkeypatch.setattr(running_turns, "KEPT_SECONDS", 0)
    other = rest.stream("x" * 50, {"session_id": "s2"}, turn_id="t2")
    await other.all()
    asked = rest.stream("x", {"session_id": "s1"}, turn_id="t1")
    await asked.all()
    await asyncio.sleep(0)
    for number in (asked.ids[-1], other.ids[-1], 10**14):
        reply = await rest("GET", EVENTS, None, {"Last-Event-ID": str(number)}, session_id="s1")
        assert reply.status == 200
        assert reply.text == "" or reply.text.startswith("id: 1\nevent: turn\n")


# Methods ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["QUERY", "TRACE", "PROPFIND", "INITIALIZE", "FINISH", "HEAD"])
@pytest.mark.parametrize("body", [b"", b'{"query": "x"}'])
async def test_N15_a_method_that_nobody_has_is_answered_on_every_route_without_a_traceback(
    rest: RestClient, jp_serverapp: Any, caplog: pytest.LogCaptureFixture, method: str, body: bytes
) -> None:
    with caplog.at_level(logging.DEBUG):
        for path, methods in OPERATIONS.items():
            async with connection(jp_serverapp) as (reader, writer):
                writer.write(head(jp_serverapp, method, path.format(**IDS), f"Content-Length: {len(body)}") + body)
                if method == "HEAD":
                    assert b" 405 " in await asyncio.wait_for(reader.readuntil(b"\r\n"), 30)
                    continue
                status, headers, answered = await answer(reader)
                assert (status, answered["code"]) == (405, "method_not_allowed")
                allowed = headers["allow"].split(", ")
                assert {name.upper() for name in methods} <= set(allowed)
    assert not [record for record in caplog.records if record.exc_info or "Traceback" in record.getMessage()]


# Bodies that are refused while they are sent -----------------------------------------------------


@pytest.mark.parametrize("token", [None, "wrong"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_N15_a_client_that_sends_too_much_reads_why_it_is_refused(
    rest: RestClient, jp_serverapp: Any, chunked: bool, token: str | None
) -> None:
    size = 40 * 1024 * 1024
    async with connection(jp_serverapp) as (reader, writer):
        kind = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        writer.write(head(jp_serverapp, "POST", QUICK, kind, token=token))
        piece = b" " * 0x100000
        for _ in range(size // len(piece)):
            writer.write(b"100000\r\n" + piece + b"\r\n" if chunked else piece)
            await asyncio.wait_for(writer.drain(), 30)
        writer.write(b"0\r\n\r\n" if chunked else b"")
        status, _, answered = await answer(reader)
        expected = (413, "too_large") if token is None else (403, "forbidden")
        assert (status, answered["code"]) == expected
        if token is None:  # and the connection is as good as before
            writer.write(head(jp_serverapp, "GET", "/api/agent/health"))
            assert (await answer(reader))[0] == 200


async def test_N15_more_than_is_read_is_refused_at_once(rest: RestClient, jp_serverapp: Any) -> None:
    async with connection(jp_serverapp) as (reader, writer):
        writer.write(head(jp_serverapp, "POST", QUICK, f"Content-Length: {MAX_DISCARDED + 1}"))
        assert (await answer(reader))[0] == 413
        assert await asyncio.wait_for(reader.read(), 30) == b""


async def test_N15_who_asks_before_sending_need_not_send(rest: RestClient, jp_serverapp: Any) -> None:
    async with connection(jp_serverapp) as (reader, writer):
        writer.write(head(jp_serverapp, "POST", QUICK, "Content-Length: 40000000", "Expect: 100-continue"))
        assert (await answer(reader))[0] == 413


async def test_N15_a_foreign_host_name_is_not_told_to_sign_in(rest: RestClient, jp_serverapp: Any) -> None:
    async with connection(jp_serverapp) as (reader, writer):
        writer.write(head(jp_serverapp, "GET", "/api/agent/health", host="evil.example"))
        status, _, answered = await answer(reader)
    assert status == 403
    assert "local_hostnames" in answered["message"]
    assert "ign in" not in answered["message"]


# What goes out ----------------------------------------------------------------------------------


async def test_N15_half_an_emoji_of_a_model_goes_out_nowhere(rest: RestClient, script: Script) -> None:
    arguments = {"code": "'\ud83d'"}
    script([{"text": "A \ud83d B", "calls": [{"name": "run_code", "arguments": arguments}]}, {"text": "C \udc00"}])
    asked = rest.stream("x", {"session_id": "s1"}, approval="read-only")
    events = await asked.all()
    history = (await rest("GET", "api/agent/sessions/s1/history")).text
    exported = (await rest("GET", "api/agent/sessions/s1/export", None, None, format="md")).text
    for text in (json.dumps(events), history, exported):
        assert "\\ud" not in text.replace("\\ud83d\\ude00", "")
    assert events[-1][1]["reply"] == "A \ufffd B\n\nC \ufffd"


@pytest.mark.parametrize("path", ["turns", "history", "export"])
async def test_N15_a_long_conversation_does_not_hold_the_event_loop(
    rest: RestClient, services: Services, path: str
) -> None:
    store, iterations = services.assistant.sessions.store, {}
    for count in (10, 10_000):
        turns = tuple(
            Turn(
                id=f"t{number}",
                parent=f"t{number - 1}" if number else None,
                depth=number + 1,
                question="Why?",
                status="done",
            )
            for number in range(count)
        )
        name = f"s{count}"
        session = Session(session_key("local", "", name), name, "local", "", created_at=1.0, last_activity=2e9)
        await store.create(replace(session, head=turns[-1].id, depth=count), turns)
        request = asyncio.ensure_future(
            rest(
                "GET",
                f"api/agent/sessions/{name}/{path}",
                None,
                None,
                **({"max_turns": "10000"} if path == "history" else {}),
            )
        )
        iterations[count] = 0
        while not request.done():
            await asyncio.sleep(0.001)
            iterations[count] += 1
        assert (await request).status == 200
    assert iterations[10_000] > 3 * iterations[10]


async def test_N15_an_error_of_the_mcp_sdk_is_as_documented(rest: RestClient) -> None:
    reply = await rest("POST", "api/agent/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"Accept": "text/html"})
    assert (reply.status, reply.body["jsonrpc"]) == (406, "2.0")


async def test_N15_a_notebook_export_is_an_object(rest: RestClient) -> None:
    await rest.ask("x", {"session_id": "s1"})
    exported = await rest("GET", "api/agent/sessions/s1/export", None, None, format="ipynb")
    document = (await rest("GET", "api/agent/openapi.json")).body
    content = document["paths"]["/api/agent/sessions/{session_id}/export"]["get"]["responses"]["200"]["content"]
    assert content[exported.headers["Content-Type"].partition(";")[0]]["schema"] == {"type": "object"}
    assert exported.body["nbformat"] == 4


# Options ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "0"},
        {"model": ":"},
        {"model": "nobody:x"},
        {"model": "openai:text-embedding-3-small"},
        {"base_url": "http://"},
        {"base_url": "http://a b"},
        {"base_url": "http://a:99999/v1"},
        {"base_url": "https://user:pw@host/v1"},
        {"base_url": "file:///etc/passwd"},
        {"context_tokens": 1},
    ],
)
async def test_N15_nonsense_is_no_setting(rest: RestClient, services: Services, settings: dict[str, Any]) -> None:
    before = (await rest("GET", "api/agent/settings")).body
    reply = await rest("PUT", "api/agent/settings", {"settings": settings})
    assert reply.status == 400
    assert (await rest("GET", "api/agent/settings")).body == before


@pytest.mark.parametrize(("url", "package"), [("redis://h/0", "redis"), ("postgresql://h/d", "psycopg")])
def test_N15_a_store_without_its_package_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, url: str, package: str
) -> None:
    assert entry_points.store_problem(url) == ""
    monkeypatch.setitem(sys.modules, package, None)
    assert f"pip install 'jupyter-notebook-agent[{url.partition(':')[0]}]'" in entry_points.store_problem(url)


# The log ----------------------------------------------------------------------------------------


async def test_N15_the_log_has_the_reason_of_each_error_by_its_request_id(
    rest: RestClient, services: Services, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-proj-" + "a1B2" * 11

    async def refusing(*args: Any, **kwargs: Any) -> Any:
        error = UpstreamRefused("The server refused.")
        error.detail = f"no\x1b[31m such\nfield {key}"
        raise error
        yield

    model = services.assistant.model(None)
    monkeypatch.setattr(type(model), "stream", refusing)
    with caplog.at_level(logging.INFO):
        missing = await rest("GET", "api/agent/sessions/nobody")
        upstream = await rest.ask("x")
        events = await rest.stream("x").all()
    lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("jupyter-agent:")]
    for number, code in (
        (missing.body["request_id"], "not_found"),
        (upstream.body["request_id"], "upstream_refused"),
        (events[-1][1]["request_id"], "upstream_refused"),
    ):
        (line,) = [line for line in lines if f"request {number}: {code}: " in line]
        assert line.isprintable()
        assert code == "not_found" or "no<U+001B>[31m such field [withheld" in line
    assert key not in caplog.text
    assert "such" not in upstream.text


async def test_N15_the_log_says_why_the_store_failed_and_the_reply_when_to_try_again(
    rest: RestClient, services: Services, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refusing(*args: Any, **kwargs: Any) -> Any:
        raise StoreUnavailable("The store cannot be used now.") from ConnectionError(
            "redis://:long-password-1@db refused"
        )

    monkeypatch.setattr(services.assistant.sessions, "get", refusing)
    reply = await rest("GET", "api/agent/sessions/nobody")
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
    (line,) = [line for line in caplog.messages if reply.body["request_id"] in line and "store_unavailable" in line]
    assert "It said: ConnectionError: redis://:[withheld" in line
    assert "refused" not in reply.text


async def test_N15_a_bug_of_ours_is_500_in_a_stream_too(
    rest: RestClient, services: Services, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("secret detail")
        yield

    monkeypatch.setattr(type(services.assistant.model(None)), "stream", broken)
    whole = await rest.ask("x")
    assert (whole.status, whole.body["code"]) == (500, "internal")
    assert f"request {whole.body['request_id']}: a turn failed" in caplog.text
    failed = (await rest.stream("x").all())[-1][1]
    assert (failed["code"], failed["status"]) == ("internal", 500)
    assert failed["request_id"] in failed["message"]
    assert "secret detail" not in whole.text + failed["message"]
