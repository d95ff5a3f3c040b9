"""One turn as a stream: events, approvals, code run by the caller, cancelling, and what cannot be forged."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from jupyter_agent.core.events import TextDelta
from jupyter_agent.server.encoding import frame
from jupyter_agent.server.services import Services
from jupyter_agent.server.turns import running_turn, sse
from tests.support.agent_client import RestClient, Script, raw_stream

RUN = {"calls": [{"name": "run_code", "arguments": {"code": "1 + 1"}}]}


async def test_events_come_in_order_with_ids_and_one_end(rest: RestClient, script: Script) -> None:
    script([{"text": "Hello there, all of you.", "chunks": 4, "delay": 0.02}])
    stream = rest.stream("x", {"session_id": "s1"})
    events = await stream.all()
    # Whole words come, since a secret must not go out in pieces: how many pieces there are is not how many came in.
    texts = [data["text"] for name, data in events if name == "text"]
    assert [name for name, _ in events] == ["turn", *["text"] * len(texts), "usage", "done"]
    assert len(texts) > 1
    assert "".join(texts) == "Hello there, all of you."
    assert events[-1][1]["reply"] == "Hello there, all of you."
    response = await stream.request
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["X-Accel-Buffering"] == "no"


async def test_the_accept_header_asks_for_a_stream_too(rest: RestClient) -> None:
    reply = await rest("POST", "api/agent/quick", {"query": "x"}, {"Accept": "text/event-stream"})
    assert reply.text.startswith("id: 1\nevent: turn\ndata: {")
    assert reply.text.count("\nevent: done\n") == 1


async def test_an_error_before_the_turn_has_its_own_status_in_a_stream_too(rest: RestClient) -> None:
    reply = await rest("POST", "api/agent/quick", {"query": "x", "stream": True, "model": "nobody"})
    assert (reply.status, reply.body["code"]) == (400, "unknown_model")


async def test_an_error_during_the_turn_is_the_last_event(rest: RestClient, script: Script) -> None:
    script([{"text": "Half", "error": "upstream_unreachable", "message": "Cannot reach it."}])
    events = await rest.stream("x").all()
    assert [name for name, _ in events] == ["turn", "text", "error"]
    assert events[-1][1] == {
        "message": "Cannot reach it.",
        "code": "upstream_unreachable",
        "retryable": True,
        "status": 502,
        "request_id": events[-1][1]["request_id"],
        "upstream_status": 0,
        "retry_after": None,
    }


@pytest.mark.parametrize(
    "text", ["a\n\nevent: done\ndata: {}\n\n", "a\r\nid: 9\r\n\r\n", "\u2028event: done", "\x85\x0b\x0c"]
)
def test_T16_text_cannot_forge_an_event(text: str) -> None:
    lines = frame(1, TextDelta(text)).decode().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["id", "event", "data", ""]


async def test_an_approved_call_runs_and_a_denied_one_does_not(rest: RestClient, script: Script) -> None:
    script([RUN, {"text": "Done."}])
    for decision, expected in (("deny", "denied"), ("approve", "failed")):
        stream = rest.stream("x")
        turn = await stream.until("turn")
        asked = await stream.until("approval")
        path = f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}"
        answered = await rest("POST", path, {"decision": decision, "digest": asked["digest"]})
        assert (answered.status, answered.body) == (200, {"status": "accepted", "call_id": asked["call_id"]})
        # Approved, it is tried and fails: there is no kernel here.
        assert (await stream.until("tool_result"))["status"] == expected
        assert (await stream.until("done"))["actions"][0]["status"] == expected


async def test_T14_an_answer_to_another_call_than_was_shown_is_stale(rest: RestClient, script: Script) -> None:
    script([RUN, {"text": "Done."}])
    stream = rest.stream("x")
    turn = await stream.until("turn")
    asked = await stream.until("approval")
    path = f"api/agent/turns/{turn['turn_id']}/actions"
    for call_id, digest in ((asked["call_id"], "0" * 64), ("call_99", asked["digest"])):
        stale = await rest("POST", f"{path}/{call_id}", {"decision": "approve", "digest": digest})
        assert (stale.status, stale.body["code"]) == (409, "approval_stale")
    assert (
        await rest("POST", f"{path}/{asked['call_id']}", {"decision": "deny", "digest": asked["digest"]})
    ).status == 200
    assert (
        await rest("POST", f"{path}/{asked['call_id']}", {"decision": "deny", "digest": asked["digest"]})
    ).status == 409
    await stream.until("done")
    late = await rest("POST", f"{path}/{asked['call_id']}", {"decision": "approve"})
    assert (late.status, late.body["code"]) == (409, "approval_stale")


async def test_an_answer_to_an_unknown_turn_is_not_found(rest: RestClient) -> None:
    reply = await rest("POST", "api/agent/turns/nobody/actions/call_1", {"decision": "approve"})
    assert (reply.status, reply.body["code"]) == (404, "not_found")


async def test_a_caller_that_says_so_runs_the_code_itself(rest: RestClient, script: Script) -> None:
    script([RUN, {"text": "It is two."}])
    stream = rest.stream("x", run="client", approval="auto")
    turn = await stream.until("turn")
    asked = await stream.until("run")
    assert asked["code"] == "1 + 1"
    path = f"api/agent/turns/{turn['turn_id']}/actions/{asked['call_id']}"
    answered = await rest("POST", path, {"decision": "approve", "result": {"status": "ok", "text": "2"}})
    assert answered.status == 200
    result = await stream.until("tool_result")
    assert (result["status"], result["content"]) == ("done", "2")
    assert (await stream.until("done"))["reply"] == "It is two."


async def test_running_code_oneself_needs_the_stream(rest: RestClient) -> None:
    reply = await rest.ask("x", run="client")
    assert reply.status == 400
    assert "'stream'" in reply.body["message"]


async def test_T11_cancel_keeps_what_was_said_and_may_be_repeated(rest: RestClient, script: Script) -> None:
    script([RUN, {"text": "Never said."}])
    stream = rest.stream("x", {"session_id": "s1"})
    turn = await stream.until("turn")
    await stream.until("approval")
    path = f"api/agent/turns/{turn['turn_id']}/cancel"
    assert (await rest("POST", path)).body == {"status": "cancelled", "turn_id": turn["turn_id"]}
    events = await stream.all()
    assert [name for name, _ in events] == ["cancelled"]
    assert (await rest("POST", path)).body == {"status": "ended", "turn_id": turn["turn_id"]}
    history = (await rest("GET", "api/sessions/s1/history")).body["history"]
    assert [entry.get("status") for entry in history] == [None, "cancelled"]
    assert (await rest("POST", "api/agent/turns/nobody/cancel")).status == 404


async def test_T11_a_turn_can_be_cancelled_before_its_first_event(
    rest: RestClient, services: Services, jp_root_dir: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = asyncio.Event()

    async def never(*args: Any, **kwargs: Any) -> Any:
        reading.set()
        await asyncio.Event().wait()

    (jp_root_dir / "a.ipynb").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(services.contents, "get", never)
    asked = asyncio.ensure_future(rest.ask("x", {"session_id": "s1", "notebook_id": "a.ipynb"}, turn_id="t1"))
    await asyncio.wait_for(reading.wait(), 10)
    cancelled = await rest("POST", "api/agent/turns/t1/cancel")
    assert cancelled.body == {"status": "cancelled", "turn_id": "t1"}
    assert (await asked).status == 409
    history = (await rest("GET", "api/sessions/s1/history")).body["history"]
    assert history[-1]["status"] == "cancelled"


async def test_a_second_question_meanwhile_is_refused_at_once(rest: RestClient, script: Script) -> None:
    script([RUN, {"text": "Done."}])
    stream = rest.stream("x", {"session_id": "s1"})
    turn = await stream.until("turn")
    second = await rest.ask("y", {"session_id": "s1"})
    assert (second.status, second.body["code"], second.body["retryable"]) == (409, "turn_in_progress", True)
    await rest("POST", f"api/agent/turns/{turn['turn_id']}/cancel")
    await stream.all()


async def test_H26_too_many_questions_at_once_are_refused(rest: RestClient, script: Script, services: Services) -> None:
    services.turns.limit = 2
    script([RUN, {"text": "Done."}])
    streams = [rest.stream("x") for _ in range(2)]
    started = [await stream.until("turn") for stream in streams]
    third = await rest.ask("x")
    assert (third.status, third.body["code"], third.body["retryable"]) == (429, "too_many_requests", True)
    for turn in started:
        await rest("POST", f"api/agent/turns/{turn['turn_id']}/cancel")
    for stream in streams:
        await stream.all()


async def test_S5_of_many_who_ask_at_once_one_is_answered(rest: RestClient, script: Script) -> None:
    script([{"text": "Slow.", "delay": 0.3}])
    replies = await asyncio.gather(*(rest.ask("x", {"session_id": "s1"}) for _ in range(10)))
    assert sorted(reply.status for reply in replies) == [200] + [409] * 9
    assert (await rest("GET", "api/sessions/s1")).body["turn_count"] == 2


async def test_T9_a_reader_that_never_reads_ends_the_turn(
    rest: RestClient,
    script: Script,
    services: Services,
    jp_serverapp: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running_turn, "SLOW_SECONDS", 0.3)
    monkeypatch.setattr(running_turn, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(sse, "WRITE_SECONDS", 0.3)
    script([{"text": "x " * 5_000_000, "chunks": 200}])
    body = b'{"query": "x", "stream": true, "turn_id": "t1", "context": {"session_id": "s1"}}'
    reader, writer = await raw_stream(jp_serverapp, body)
    await asyncio.wait_for(reader.readuntil(b"event: text"), 10)
    running = services.turns.get("local", "t1")
    assert running is not None
    await asyncio.wait_for(running.ended(), 10)
    writer.close()
    history = (await rest("GET", "api/sessions/s1/history")).body["history"]
    assert history[-1]["status"] == "interrupted"
    assert len(history[-1]["content"]) < 10_000_000


async def test_T17_a_silent_stream_is_kept_alive(
    rest: RestClient, script: Script, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.05)
    script([RUN, {"text": "Done."}])
    reader, writer = await raw_stream(jp_serverapp, b'{"query": "x", "stream": true}')
    await asyncio.wait_for(reader.readuntil(b"event: approval"), 10)
    for _ in range(3):
        await asyncio.wait_for(reader.readuntil(b"\n: keep-alive\n\n"), 10)
    writer.close()


async def test_no_event_waits_until_the_one_before_is_acknowledged(
    rest: RestClient, script: Script, jp_serverapp: Any, http_server: Any
) -> None:
    script([RUN])
    reader, writer = await raw_stream(jp_serverapp, b'{"query": "x", "stream": true}')
    await asyncio.wait_for(reader.readuntil(b"event: approval"), 10)
    (connection,) = http_server._connections
    assert connection.stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    writer.close()


async def test_a_reader_in_time_gets_a_long_answer_whole(rest: RestClient, script: Script) -> None:
    script([{"text": "long " * 300_000, "chunks": 150}])
    events = await rest.stream("x").all()
    assert "".join(data["text"] for name, data in events if name == "text") == "long " * 300_000
    assert events[-1][0] == "done"
