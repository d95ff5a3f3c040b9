"""Reading along: many tabs, readers that leave and come back, turns that have ended, and what happens elsewhere."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jupyter_agent.core.events import TextDelta, UsageReported
from jupyter_agent.server.services import Services
from jupyter_agent.server.turns import running_turn, running_turns, session_events
from jupyter_agent.server.turns.event_log import EventLog
from tests.support.agent_client import RestClient, Script, raw_stream

RUN = {"calls": [{"name": "run_code", "arguments": {"code": "1 + 1"}}]}
WORDS = {"text": "one two three four five six seven eight nine ten", "chunks": 10, "delay": 0.02}
EVENTS = "api/agent/turns/t1/events"


def text_of(events: list[tuple[str, Any]]) -> str:
    return "".join(data["text"] for name, data in events if name == "text")


async def _left(rest: RestClient, services: Services, server: Any, **more: Any) -> running_turn.RunningTurn:
    """A turn that waits for an approval and whose reader has gone."""
    fields = "".join(f', "{name}": "{value}"' for name, value in more.items())
    body = f'{{"query": "x", "stream": true, "turn_id": "t1", "context": {{"session_id": "s1"}}{fields}}}'
    reader, writer = await raw_stream(server, body.encode())
    await asyncio.wait_for(reader.readuntil(b"event: approval"), 10)
    running = services.turns.get("local", "t1")
    assert running is not None
    writer.close()
    return running


async def test_T10_fifty_tabs_read_the_same_events_of_one_turn(
    rest: RestClient, script: Script, services: Services
) -> None:
    script([WORDS])
    asked = rest.stream("x", turn_id="t1")
    await asked.until("turn")
    tabs = [rest.read(EVENTS) for _ in range(50)]
    read = await asyncio.gather(*(tab.all() for tab in tabs))
    first = await asked.all()
    numbers = set(asked.ids)
    for tab, events in zip(tabs, read, strict=True):
        assert events[0][0] == "turn"
        assert text_of(events) == WORDS["text"]
        assert events[-1] == first[-1]
        assert set(tab.ids) <= numbers | {1}
        assert tab.ids[-1] == asked.ids[-1]
    history = (await rest("GET", f"api/sessions/{first[-1][1]['session_id']}/history")).body
    assert history["turn_count"] == 2


@pytest.mark.parametrize("after", range(1, 14))
async def test_T8_a_reader_that_comes_back_misses_nothing_and_reads_nothing_twice(
    rest: RestClient, script: Script, after: int
) -> None:
    script([{**WORDS, "delay": 0}])
    asked = rest.stream("x", turn_id="t1")
    whole = await asked.all()
    last = asked.ids[min(after, len(asked.ids)) - 1]
    again = rest.read(EVENTS, headers={"Last-Event-ID": str(last)})
    remaining = await again.all()
    seen = [event for event, number in zip(whole, asked.ids, strict=True) if number <= last]
    assert text_of(seen) + text_of(remaining) == text_of(whole)
    assert [name for name, _ in seen + remaining if name != "text"] == [name for name, _ in whole if name != "text"]
    assert again.ids == sorted(set(again.ids))


async def test_T8_a_reader_that_has_read_all_gets_an_empty_stream(rest: RestClient) -> None:
    asked = rest.stream("x", turn_id="t1")
    await asked.all()
    reply = await rest("GET", EVENTS, None, {"Last-Event-ID": str(asked.ids[-1])})
    assert (reply.status, reply.text) == (200, "")


@pytest.mark.parametrize("number", ["-1", "x", "1.5", "²", "1" * 20])
async def test_T8_what_is_no_number_is_refused(rest: RestClient, number: str) -> None:
    await rest.ask("x", turn_id="t1")
    reply = await rest("GET", EVENTS, None, {"Last-Event-ID": number})
    assert (reply.status, reply.body["code"]) == (400, "bad_request")


async def test_T8_a_number_that_there_is_not_yet_tells_all_anew(rest: RestClient) -> None:
    whole = await rest.stream("x", turn_id="t1").all()
    assert await rest.read(EVENTS, headers={"Last-Event-ID": "4000"}).all() == whole


async def test_T7_a_turn_whose_reader_leaves_waits_for_one_to_come_back(
    rest: RestClient, script: Script, services: Services, jp_serverapp: Any
) -> None:
    script([RUN, {"text": "Done."}])
    running = await _left(rest, services, jp_serverapp)
    again = rest.read(EVENTS)
    asked = await again.until("approval")
    await rest(
        "POST", f"api/agent/turns/t1/actions/{asked['call_id']}", {"decision": "deny", "digest": asked["digest"]}
    )
    assert (await again.all())[-1][0] == "done"
    assert running.stopped is None


async def test_T7_a_turn_to_which_nobody_comes_back_is_interrupted(
    rest: RestClient, script: Script, services: Services, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_turn, "GRACE_SECONDS", 0.2)
    script([RUN, {"text": "Never said."}])
    running = await _left(rest, services, jp_serverapp)
    await asyncio.wait_for(running.ended(), 10)
    history = (await rest("GET", "api/sessions/s1/history")).body["history"]
    assert history[-1]["status"] == "interrupted"


async def test_T7_who_runs_the_code_is_gone_with_the_connection(
    rest: RestClient, script: Script, services: Services, jp_serverapp: Any
) -> None:
    script([RUN, {"text": "Never said."}])
    running = await _left(rest, services, jp_serverapp, run="client")
    await asyncio.wait_for(running.ended(), 10)
    history = (await rest("GET", "api/sessions/s1/history")).body["history"]
    assert history[-1]["status"] == "cancelled"


async def test_a_turn_that_ended_long_ago_is_told_from_its_conversation(
    rest: RestClient, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_turns, "KEPT_SECONDS", 0)
    script([{"text": "First I look.", **RUN}, {"text": "It is so."}])
    live = await rest.stream("x", {"session_id": "s1"}, turn_id="t1", approval="read-only").all()
    await asyncio.sleep(0)
    stored = await rest.read(EVENTS, session_id="s1").all()
    kinds = [name for name, _ in live if name != "usage"]
    assert [name for name, _ in stored] == [
        name for number, name in enumerate(kinds) if name != "text" or kinds[number - 1] != "text"
    ]
    assert text_of(stored) == text_of(live) == "First I look.\n\nIt is so."
    for name in ("tool_call", "tool_result"):
        assert dict(stored)[name] == dict(live)[name]
    assert stored[-1][1]["reply"] == live[-1][1]["reply"]


async def test_the_end_of_a_cancelled_turn_is_told_as_it_was(
    rest: RestClient, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_turns, "KEPT_SECONDS", 0)
    script([RUN, {"text": "Never said."}])
    stream = rest.stream("x", {"session_id": "s1"}, turn_id="t1")
    await stream.until("approval")
    await rest("POST", "api/agent/turns/t1/cancel")
    await stream.all()
    assert (await rest.read(EVENTS).all())[-1][0] == "cancelled"


async def test_what_is_no_turn_has_no_events(rest: RestClient) -> None:
    await rest.ask("x", {"session_id": "s1"})
    for session_id in ("s1", "nobody"):
        reply = await rest("GET", "api/agent/turns/nobody/events", None, session_id=session_id)
        assert (reply.status, reply.body["code"]) == (404, "not_found")
        reply = await rest("GET", "api/agent/turns/nobody/events")
        assert (reply.status, reply.body["code"]) == (404, "not_found")


async def test_a_turn_made_elsewhere_is_told_to_every_page(rest: RestClient, script: Script) -> None:
    pages = [rest.read("api/agent/events", notebook_id="a.ipynb"), rest.read("api/agent/events")]
    other = rest.read("api/agent/events", notebook_id="b.ipynb")
    for page in (*pages, other):
        assert await asyncio.wait_for(page.lines.get(), 10) == ": keep-alive"
    await rest.ask("x", {"session_id": "s1", "notebook_id": "a.ipynb"}, turn_id="t1")
    await rest("PATCH", "api/agent/sessions/s1", {"title": "New"}, notebook_id="a.ipynb")
    await rest("DELETE", "api/sessions/s1")
    for page in pages:
        events = [await page.until("session") for _ in range(4)]
        assert events == [
            {"session_id": "s1", "notebook_id": notebook, "turn_id": turn, "status": status}
            for notebook, turn, status in (
                ("a.ipynb", "t1", "started"),
                ("a.ipynb", "t1", "ended"),
                ("a.ipynb", "", "changed"),
                ("", "", "changed"),
            )
        ]
    assert (await other.until("session"))["notebook_id"] == ""
    for page in (*pages, other):
        page.request.cancel()


async def test_H26_more_pages_than_are_allowed_are_refused(rest: RestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_events, "MAX_SUBSCRIBERS", 1)
    page = rest.read("api/agent/events")
    await asyncio.wait_for(page.lines.get(), 10)
    assert (await rest("GET", "api/agent/events")).status == 429
    page.request.cancel()


async def test_a_page_that_does_not_read_is_let_go(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_events, "MAX_QUEUED", 3)
    with services.session_events.subscribe("local") as events:
        for number in range(5):
            services.session_events.publish("local", session_events.SessionEvent(f"s{number}", "", "", "changed"))
        assert [event.session_id async for event in events] == ["s0", "s1", "s2"]


async def test_a_log_tells_a_reader_that_is_behind_the_same_in_fewer_pieces() -> None:
    log = EventLog()
    for number in range(1000):
        log.append(TextDelta(f"{number} "))
    log.append(UsageReported(1, 2))
    log.append(TextDelta("end"))
    log.close()
    text = "".join(f"{number} " for number in range(1000))
    for after in (0, 1, 255, 256, 257, 258, 999, 1000):
        events = [event async for event in log.read(after)]
        missing = "".join(f"{number} " for number in range(after, 1000))
        expected = [(1000, TextDelta(missing))] if missing else []
        assert events == [*expected, (1001, UsageReported(1, 2)), (1002, TextDelta("end"))]
    assert log.text == text + "end"
