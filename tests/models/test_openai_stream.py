"""What comes from a server of models, through the real SDK: every shape that servers really send, and broken ones."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_agent.core import errors
from jupyter_agent.core.events import ModelFinished, TextDelta, ThinkingDelta
from jupyter_agent.core.messages import Message, ToolCall, Usage
from jupyter_agent.models.openai_compatible.stream import (
    MAX_ANSWER,
    MAX_CALLS,
    EventDecoder,
    ServerEvent,
    joined,
    merge,
)
from tests.support.fake_model_server import KEY, STREAM, answer, answered, asking, chunk, event, plain, running

if TYPE_CHECKING:
    from jupyter_agent.core.events import ModelEvent


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


async def replied(*answers: Any, **options: Any) -> list[ModelEvent]:
    async with running() as server, asking(server, **options) as model:
        server.queue(*answers)
        return await answer(model)


def call(index: Any = 0, id_: Any = None, name: str | None = None, arguments: Any = None) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    present = {key: value for key, value in function.items() if value is not None}
    return {"index": index, "id": id_, "type": "function", "function": present}


def calling(*deltas: list[dict[str, Any]], finish: str = "tool_calls") -> str:
    return STREAM + "".join(chunk(tool_calls=delta) for delta in deltas) + chunk(finish) + event("[DONE]")


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_text_that_came_together_is_told_together_and_ends_with_the_reason() -> None:
    assert await replied(answered("Five", " rows.")) == [TextDelta("Five rows."), ModelFinished("stop")]


async def test_what_comes_while_nobody_reads_is_told_in_one_piece() -> None:
    pieces, sent = [f"{number} " for number in range(100)], asyncio.Event()

    async def one_by_one(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM.encode())
        for piece in pieces:
            writer.write(chunk(content=piece).encode())
            await writer.drain()
            await asyncio.sleep(0)
        writer.write((chunk("stop") + event("[DONE]")).encode())
        await writer.drain()
        sent.set()

    async with running() as server, asking(server) as model:
        server.queue(one_by_one)
        async with aclosing(model.stream([Message("user", "hi")], deadline=time.monotonic() + 10)) as events:
            first = await anext(events)
            await sent.wait()
            rest = [event async for event in events]
    assert text_of([first, *rest]) == "".join(pieces)
    assert len(rest) < 5


async def test_the_first_piece_is_passed_on_before_the_second_is_sent() -> None:
    heard = asyncio.Event()

    async def in_two(writer: asyncio.StreamWriter) -> None:
        writer.write((STREAM + chunk(content="one")).encode())
        await writer.drain()
        await heard.wait()
        writer.write((chunk(content="two") + chunk("stop") + event("[DONE]")).encode())
        await writer.drain()

    async with running() as server, asking(server) as model:
        server.queue(in_two)
        async with aclosing(model.stream([Message("user", "hi")], deadline=time.monotonic() + 10)) as events:
            assert await anext(events) == TextDelta("one")
            heard.set()
            assert await anext(events) == TextDelta("two")


async def test_more_than_a_hundred_answers_come_at_the_same_time() -> None:
    together = asyncio.Barrier(120)

    async def with_the_others(writer: asyncio.StreamWriter) -> None:
        await together.wait()
        writer.write(answered("ok").encode())
        await writer.drain()

    async with running() as server, asking(server) as model:
        server.queue(with_the_others)
        answers = await asyncio.gather(*(answer(model, seconds=90) for _ in range(together.parties)))
    assert [text_of(answer) for answer in answers] == ["ok"] * together.parties


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_bytes_may_be_cut_anywhere_and_lines_end_in_any_way(newline: str, size: int) -> None:
    head, _, body = answered("Grüße, ", "𝄞 世界").partition("\r\n\r\n")
    sent = (head + "\r\n\r\n").encode() + body.replace("\n", newline).encode()

    async def dripping(writer: asyncio.StreamWriter) -> None:
        for start in range(0, len(sent), size):
            writer.write(sent[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)

    assert text_of(await replied(dripping)) == "Grüße, 𝄞 世界"


@given(
    st.text(st.sampled_from("data:event \r\n\ufeffé{}"), max_size=60).map(str.encode),
    st.lists(st.integers(0, 60), max_size=6),
)
def test_events_are_the_same_however_their_bytes_are_cut(sent: bytes, cuts: list[int]) -> None:
    def decoded(pieces: list[bytes]) -> list[ServerEvent]:
        decoder = EventDecoder()
        return [event for piece in pieces for event in decoder.feed(piece)] + list(decoder.feed(b"\n\n"))

    places = [0, *sorted(cuts), len(sent)]
    assert decoded([sent[start:end] for start, end in itertools.pairwise(places) if start <= end]) == decoded([sent])


async def test_comments_other_fields_and_a_byte_order_mark_are_passed_over() -> None:
    body = STREAM + "\ufeff: keep-alive\n\nid: 7\nretry: 10\n" + chunk(content="ok") + ":\n\n" + chunk("stop")
    assert text_of(await replied(body)) == "ok"


class CountedText(str):
    """Counts the characters that are copied where it is put to other texts."""

    __slots__ = ()
    copied = 0

    def __radd__(self, before: str) -> str:
        CountedText.copied += len(before) + len(self)
        return CountedText(str(before) + str(self))

    def __add__(self, more: str) -> str:
        CountedText.copied += len(self) + len(more)
        return CountedText(str(self) + str(more))


@pytest.mark.parametrize("kind", ["text", "list"])
def test_fields_that_come_in_pieces_are_copied_once_however_many_there_are(kind: str) -> None:
    CountedText.copied = 0
    fields: dict[str, Any] = {}
    for _ in range(2000):
        piece = CountedText("x" * 50)
        merge(fields, {"a": piece if kind == "text" else [{"index": 0, "text": piece}]})
    whole = joined(fields)["a"]
    assert (whole if kind == "text" else whole[0]["text"]) == "x" * 100_000
    assert CountedText.copied <= 200_000


async def test_usage_is_taken_from_the_last_chunk_with_or_without_choices() -> None:
    usage = {"prompt_tokens": 11, "completion_tokens": 3}
    last = event({"choices": [], "usage": usage}) + event("[DONE]")
    assert (await replied(answered("ok", end=last)))[-1] == ModelFinished("stop", Usage(11, 3))
    together = event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage})
    assert (await replied(STREAM + chunk(content="ok") + together))[-1] == ModelFinished("stop", Usage(11, 3))
    groq = event(
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "x_groq": {"id": "r", "usage": usage}}
    )
    assert (await replied(STREAM + chunk(content="ok") + groq))[-1] == ModelFinished("stop", Usage(11, 3))


@pytest.mark.parametrize(
    ("usage", "more", "cached"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 900}}, {}, 900),  # OpenAI, vLLM, OpenRouter, Gemini
        ({"prompt_cache_hit_tokens": 800, "prompt_cache_miss_tokens": 200}, {}, 800),  # DeepSeek
        ({}, {"timings": {"cache_n": 700, "prompt_n": 300}}, 700),  # llama.cpp
        ({"prompt_tokens_details": {"cached_tokens": 0}}, {"timings": {"cache_n": 600}}, 600),
        ({"prompt_tokens_details": None}, {"timings": None}, 0),
        ({"prompt_tokens_details": {"cached_tokens": 5_000}}, {}, 1_000),  # no more than was sent
        ({"prompt_tokens_details": {"cached_tokens": "7"}, "prompt_cache_hit_tokens": -1}, {"timings": []}, 0),
    ],
)
async def test_what_a_server_had_in_its_cache_is_part_of_the_usage(
    usage: dict[str, Any], more: dict[str, Any], cached: int
) -> None:
    usage = {"prompt_tokens": 1_000, "completion_tokens": 3, **usage}
    for last in (
        event({"choices": [], "usage": usage, **more}),
        event({"choices": [], **more, "usage": {}}) + event({"choices": [], "usage": usage}),
    ):
        finished = (await replied(answered("ok", end=last + event("[DONE]"))))[-1]
        assert finished == ModelFinished("stop", Usage(1_000, 3, 0.0, cached))


@pytest.mark.parametrize("count", [-1, 1e12, 10**12, "7", None, True, [], 2.5])
async def test_L25_usage_that_cannot_be_true_counts_nothing(count: Any) -> None:
    last = event({"choices": [], "usage": {"prompt_tokens": count, "completion_tokens": 3}}) + event("[DONE]")
    assert (await replied(answered("ok", end=last)))[-1] == ModelFinished("stop", Usage(0, 3))


async def test_an_answer_does_not_wait_for_usage_that_never_comes() -> None:
    async def hanging(writer: asyncio.StreamWriter) -> None:
        writer.write(answered("ok", end="").encode())
        await asyncio.Event().wait()

    started = time.monotonic()
    assert text_of(await replied(hanging)) == "ok"
    assert time.monotonic() - started < 10


async def test_a_server_that_does_not_stream_is_understood() -> None:
    message = {"role": "assistant", "content": "all at once", "tool_calls": [call(None, "c1", "list_files", "{}")]}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    expected = [TextDelta("all at once"), ToolCall("c1", "list_files", "{}"), ModelFinished("tool_calls")]
    assert await replied(plain(200, body)) == expected


async def test_a_stream_that_calls_itself_json_is_understood() -> None:
    assert text_of(await replied(answered("ok").replace("text/event-stream", "application/json"))) == "ok"


async def test_what_the_model_thinks_aloud_is_thinking_and_goes_back() -> None:
    parts = [{"type": "thinking", "text": "hm"}, {"type": "text", "text": "ok"}]
    body = (
        STREAM
        + chunk(reasoning_content="hm", content=None)
        + chunk(reasoning="hm")
        + chunk(content=parts)
        + chunk("stop")
    )
    assert await replied(body) == [
        ThinkingDelta("hmhmhm"),
        TextDelta("ok"),
        ModelFinished("stop", extra={"reasoning_content": "hm", "reasoning": "hm"}),
    ]


async def test_other_choices_and_unknown_fields_are_passed_over() -> None:
    extra = event({"choices": [{"index": 0, "delta": {"content": "ok", "new": {}}, "logprobs": None}], "x": [1]})
    assert text_of(await replied(STREAM + chunk(index=1, content="no") + extra + chunk("stop"))) == "ok"


# Tool calls -----------------------------------------------------------------------------------


async def test_a_call_is_put_together_from_its_pieces() -> None:
    pieces = ['{"na', 'me": ', '"df"}']
    first = call(0, "call_1", "inspect_variable", "")
    events = await replied(calling([first], *([call(0, arguments=piece)] for piece in pieces)))
    assert events == [ToolCall("call_1", "inspect_variable", '{"name": "df"}'), ModelFinished("tool_calls")]


async def test_several_calls_and_text_come_in_order() -> None:
    body = chunk(content="Let me see.")
    deltas = [[call(0, "a", "f", "{}")], [call(1, "b", "g", '{"x":')], [call(1, arguments="1}")]]
    sent = calling(*deltas).replace(STREAM, STREAM + body)
    calls = [ToolCall("a", "f", "{}"), ToolCall("b", "g", '{"x":1}')]
    assert await replied(sent) == [TextDelta("Let me see."), *calls, ModelFinished("tool_calls")]


async def test_L18_calls_are_told_apart_however_a_server_numbers_them() -> None:
    expected = [("f", "{}"), ("g", '{"x": 1}')]
    whole = call(0, "a", "f", "{}"), call(0, "b", "g", '{"x": 1}')
    shapes: dict[str, list[list[dict[str, Any]]]] = {
        "all under the same number": [[whole[0]], [whole[1]]],
        "same number, no ids": [[call(0, None, "f", "{}")], [call(0, None, "g", '{"x": 1}')]],
        "no numbers": [[call(None, "a", "f", "{}")], [call(None, "b", "g", '{"x": 1}')]],
        "no numbers, one delta": [[call(None, "a", "f", "{}"), call(None, "b", "g", '{"x": 1}')]],
        "no numbers, no ids": [[call(None, None, "f", "{}"), call(None, None, "g", '{"x": 1}')]],
        "no numbers, in pieces": [
            [call(None, "a", "f", "{}")],
            [call(None, "b", "g", '{"x"')],
            [call(None, None, None, ": 1}")],
        ],
        "sparse": [[call(10**9, "a", "f", "{}")], [call(7, "b", "g", '{"x": 1}')]],
        "out of order": [[call(5, "a", "f", "{")], [call(2, "b", "g", '{"x": 1}')], [call(5, arguments="}")]],
        "same id": [[call(0, "a", "f", "{}")], [call(1, "a", "g", '{"x": 1}')]],
        "id and name repeated": [[call(0, "a", "f", "{")], [call(0, "a", "f", "}")], [call(1, "b", "g", '{"x": 1}')]],
        "arguments as an object": [[call(0, "a", "f", {})], [call(1, "b", "g", {"x": 1})]],
        "finish stop": [[whole[0]], [call(1, "b", "g", '{"x": 1}')]],
    }
    for shape, deltas in shapes.items():
        events = await replied(calling(*deltas, finish="stop" if shape == "finish stop" else "tool_calls"))
        calls = [event for event in events if isinstance(event, ToolCall)]
        assert [(call.name, call.arguments) for call in calls] == expected, shape
        assert len({call.id for call in calls}) == 2, shape
        assert events[-1] == ModelFinished("tool_calls"), shape


@pytest.mark.parametrize("is_together", [True, False])
async def test_L18_calls_of_one_tool_that_are_all_number_0_and_have_no_ids_are_several(is_together: bool) -> None:
    made = [call(0, "", "f", f'{{"x": {number}}}') for number in (1, 2, 3)]
    events = await replied(calling(*([made] if is_together else [[each] for each in made])))
    assert [event.arguments for event in events if isinstance(event, ToolCall)] == ['{"x": 1}', '{"x": 2}', '{"x": 3}']
    # What is said again, or grows, is one.
    for first, last in (('{"x": 1}', '{"x": 1}'), ('{"x": "a"}', '{"x": "ab"}'), ("{}", '{"x": 1}')):
        events = await replied(calling([call(0, "", "f", first)], [call(0, "", "f", last)]))
        assert [event.arguments for event in events if isinstance(event, ToolCall)] == [last]


@pytest.mark.parametrize("id_", [None, "", "with space", "ü", "x" * 65, 7])
async def test_L18_a_call_without_a_usable_id_gets_one(id_: Any) -> None:
    (one, _) = await replied(calling([call(0, id_, "f", "{}")]))
    assert isinstance(one, ToolCall)
    assert one.id.startswith("call_")
    assert len(one.id) == 29


async def test_L18_an_id_that_the_conversation_has_already_is_replaced() -> None:
    earlier = Message("assistant", "", (ToolCall("a", "f", "{}"),)), Message("tool", "ok", tool_call_id="a")
    async with running() as server, asking(server) as model:
        server.queue(calling([call(0, "a", "f", "{}")]))
        events = await answer(model, Message("user", "hi"), *earlier, Message("user", "again"))
    assert isinstance(events[0], ToolCall)
    assert events[0].id != "a"


async def test_L19_no_more_calls_than_anybody_needs() -> None:
    events = await replied(calling([call(number, f"c{number}", "f", "{}") for number in range(5000)]))
    assert len(events) == MAX_CALLS + 1


async def test_a_call_without_arguments_has_an_empty_object() -> None:
    assert (await replied(calling([call(0, "a", "f")])))[0] == ToolCall("a", "f", "{}")


async def test_L16_broken_arguments_are_passed_on_as_written() -> None:
    assert (await replied(calling([call(0, "a", "f", '{"x": ')])))[0] == ToolCall("a", "f", '{"x": ')


async def test_L15_calls_of_a_refused_answer_are_never_made() -> None:
    sent = calling([call(0, "a", "run_code", '{"code": "x"}')], finish="content_filter")
    assert await replied(sent) == [ModelFinished("refused")]


async def test_L15_the_last_call_of_an_answer_cut_short_is_passed_on_as_it_is() -> None:
    sent = calling([call(0, "a", "f", "{}"), call(1, "b", "run_code", '{"code": "x')], finish="length")
    calls = [ToolCall("a", "f", "{}"), ToolCall("b", "run_code", '{"code": "x')]
    assert await replied(sent) == [*calls, ModelFinished("length")]


# Ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "refused"),
        ("eos", "stop"),
        ("odd", "stop"),
        ("STOP", "stop"),
    ],
)
async def test_L15_the_reason_is_one_of_ours(finish: str, reason: Any) -> None:
    assert await replied(answered("ok", finish=finish)) == [TextDelta("ok"), ModelFinished(reason)]


async def test_L15_a_refusal_is_said_and_called_so() -> None:
    body = STREAM + chunk(refusal="I can") + chunk(refusal="not.") + chunk("stop") + event("[DONE]")
    assert await replied(body) == [TextDelta("I cannot."), ModelFinished("refused")]


async def test_L15_an_empty_answer_is_an_answer() -> None:
    assert await replied(answered()) == [ModelFinished("stop")]


async def test_done_is_an_end_without_a_reason_and_a_reason_without_done() -> None:
    assert (await replied(STREAM + chunk(content="ok") + event("[DONE]")))[-1] == ModelFinished("stop")
    assert (await replied(STREAM + chunk(content="ok") + chunk("stop").rstrip()))[-1] == ModelFinished("stop")


@pytest.mark.parametrize("rest", ["", "data: ", 'data: {"choices": [{"del', chunk(content="more")])
async def test_L11_a_stream_that_just_ends_is_an_interrupted_answer(rest: str) -> None:
    async with running() as server, asking(server) as model:
        server.queue(STREAM + chunk(content="partly ") + rest)
        async with aclosing(model.stream([Message("user", "hi")], deadline=time.monotonic() + 10)) as events:
            answers = await anext(events)
            assert isinstance(answers, TextDelta)
            assert answers.text.startswith("partly ")
            with pytest.raises(errors.UpstreamProtocol, match="broke off"):
                _ = [event async for event in events]
        assert len(server.asked) == 1  # what has begun is not tried again


async def test_L10_a_connection_lost_in_the_middle_is_an_interrupted_answer() -> None:
    async def reset(writer: asyncio.StreamWriter) -> None:
        writer.write((STREAM.replace("Connection: close", "Content-Length: 9999") + chunk(content="partly")).encode())
        await writer.drain()
        writer.transport.abort()

    async with running() as server, asking(server) as model:
        server.queue(reset)
        with pytest.raises(errors.UpstreamProtocol, match="broke off"):
            await answer(model)
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    "data",
    [
        "{",
        "7",
        "[]",
        "null",
        '"text"',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"choices": 7}',
        '{"choices": [7]}',
        '{"choices": [null]}',
        '{"choices": {"0": {}}}',
        '{"choices": [{"delta": 7}]}',
        '{"choices": [{"delta": {"content": 7}}]}',
        '{"choices": [{"delta": {"tool_calls": 7}}]}',
        '{"choices": [{"delta": {"tool_calls": [7]}}]}',
        '{"choices": [{"delta": {"tool_calls": [{"function": 7}]}}]}',
    ],
)
async def test_L12_what_is_not_the_protocol_is_called_so(data: str) -> None:
    with pytest.raises(errors.UpstreamProtocol):
        await replied(STREAM + f"data: {data}\n\n" + chunk("stop"))


@pytest.mark.parametrize(
    "harmless", [{"choices": None}, {"choices": []}, {}, {"choices": [{"index": 0}]}, {"choices": [{"delta": None}]}]
)
async def test_L12_a_chunk_that_says_nothing_does_no_harm(harmless: dict[str, Any]) -> None:
    assert text_of(await replied(STREAM + event(harmless) + chunk(content="ok") + chunk("stop"))) == "ok"


async def test_L12_bytes_that_are_not_text_are_not_the_protocol() -> None:
    with pytest.raises(errors.UpstreamProtocol):
        await replied(STREAM.encode() + b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n')


async def test_half_of_a_surrogate_pair_is_passed_on() -> None:
    assert (
        text_of(await replied(STREAM + 'data: {"choices": [{"delta": {"content": "\\ud83d"}}]}\n\n' + chunk("stop")))
        == "\ud83d"
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "boom", "code": 500}, errors.UpstreamError),
        ("boom", errors.UpstreamError),
        ({"message": "slow down", "code": 429}, errors.UpstreamRateLimit),
        ({"message": "Rate limit reached", "type": "rate_limit_exceeded"}, errors.UpstreamRateLimit),
        ({"message": "bad key", "code": 401}, errors.UpstreamAuth),
        ({"message": "This model's maximum context length is 8192 tokens"}, errors.ContextTooLong),
        ({"type": "exceed_context_size_error", "message": "too large", "code": 400}, errors.ContextTooLong),
    ],
)
async def test_L12_an_error_within_the_stream_is_told_by_its_kind(error: Any, kind: type[Exception]) -> None:
    with pytest.raises(errors.UpstreamError) as caught:
        await replied(STREAM + event({"error": error}))
    assert type(caught.value) is kind
    assert "boom" not in caught.value.message.partition(' It says: "')[0]


async def test_an_error_event_and_an_error_reason_are_errors() -> None:
    with pytest.raises(errors.UpstreamError):
        await replied(STREAM + 'event: error\ndata: {"message": "boom"}\n\n')
    with pytest.raises(errors.UpstreamProtocol):
        await replied(STREAM + chunk("error"))
    with pytest.raises(errors.UpstreamError):
        await replied(plain(200, {"error": {"message": "boom"}}))


async def test_L12_an_error_after_the_first_word_ends_the_answer() -> None:
    async with running() as server, asking(server) as model:
        server.queue(STREAM + chunk(content="partly") + event({"error": {"code": 503, "message": "boom"}}))
        with pytest.raises(errors.UpstreamProtocol, match="broke off"):
            await answer(model)
        assert len(server.asked) == 1


async def test_L12_an_error_before_the_first_word_is_tried_again() -> None:
    assert text_of(await replied(STREAM + event({"error": {"code": 503, "message": "boom"}}), answered("ok"))) == "ok"


@pytest.mark.parametrize("kind", ["text/html", "text/event-stream", "text/plain", "application/json"])
async def test_L13_a_login_page_is_not_an_answer(kind: str) -> None:
    with pytest.raises(errors.UpstreamProtocol, match="login page"):
        await replied(plain(200, "<html><body>data: Log in</body></html>", kind))


async def test_L14_a_huge_piece_of_text_is_cut_where_answers_end() -> None:
    events = await replied(STREAM + chunk(content="é" * MAX_ANSWER) + chunk("stop"))
    assert text_of(events) == "é" * (MAX_ANSWER // 2)
    assert events[-1] == ModelFinished("length")


async def test_L14_an_event_that_never_ends_ends_the_answer() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write((STREAM + chunk(content="ok") + "data: ").encode())
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    assert await replied(endless) == [TextDelta("ok"), ModelFinished("length")]


async def test_L14_an_answer_that_never_ends_is_cut_and_its_connection_closed() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM.encode())
        while True:
            writer.write(chunk(content="x" * 10_000).encode())
            await writer.drain()

    async with running() as server, asking(server) as model:
        server.queue(endless)
        events = await answer(model)
        assert len(text_of(events)) == MAX_ANSWER
        assert events[-1] == ModelFinished("length")
        await asyncio.wait_for(server.left.wait(), 5)


async def test_L14_arguments_that_never_end_make_no_call() -> None:
    piece = "x" * 100_000
    events = await replied(calling([call(0, "a", "f", '{"x": "')], *([call(0, arguments=piece)] for _ in range(11))))
    assert isinstance(events[0], ToolCall)
    assert len(events[0].arguments) < 10_000
    assert events[0].parsed_arguments() == {}
    assert events[1:] == [ModelFinished("length")]


async def test_L14_a_compressed_answer_is_not_unpacked() -> None:
    import gzip

    packed = gzip.compress(b" " * 10_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    async with running() as server, asking(server) as model:
        server.queue(head.encode() + packed)
        with pytest.raises(errors.UpstreamProtocol, match=r"compressed \(gzip\)"):
            await answer(model)
        assert server.asked[0].headers["accept-encoding"] == "identity"


# Time -----------------------------------------------------------------------------------------


async def test_L8_silence_before_the_first_word_is_a_timeout() -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def only_headers(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM.encode())
        await asyncio.Event().wait()

    for server in (silent, only_headers):
        with pytest.raises(errors.UpstreamTimeout, match="nothing"):
            await replied(server, first_seconds=0.1)


async def test_L8_silence_within_an_answer_is_a_timeout() -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        writer.write((STREAM + chunk(content="one")).encode())
        await asyncio.Event().wait()

    with pytest.raises(errors.UpstreamTimeout, match="nothing"):
        await replied(silent, idle_seconds=0.1)


async def test_L9_a_drip_that_never_ends_ends_at_the_deadline() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM.encode())
        while True:
            writer.write(b": ping\n\n")
            await asyncio.sleep(0.02)

    async with running() as server, asking(server) as model:
        server.queue(drip)
        started = time.monotonic()
        with pytest.raises(errors.UpstreamTimeout, match="time given"):
            await answer(model, seconds=1)
        assert time.monotonic() - started < 3
        await asyncio.wait_for(server.left.wait(), 5)


async def test_a_deadline_that_has_passed_asks_nobody() -> None:
    async with running() as server, asking(server) as model:
        server.queue(answered("ok"))
        with pytest.raises(errors.UpstreamTimeout):
            await answer(model, seconds=-1)
        assert server.asked == []


# Leaving --------------------------------------------------------------------------------------


async def endless_talk(writer: asyncio.StreamWriter) -> None:
    writer.write((STREAM + chunk(content="one")).encode())
    while True:
        writer.write(b": ping\n\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def test_a_stream_that_is_closed_early_hangs_up() -> None:
    async with running() as server, asking(server) as model:
        server.queue(endless_talk)
        async with aclosing(model.stream([Message("user", "hi")], deadline=time.monotonic() + 60)) as events:
            assert await anext(events) == TextDelta("one")
        await asyncio.wait_for(server.left.wait(), 5)


async def test_a_task_that_is_cancelled_hangs_up() -> None:
    async with running() as server, asking(server) as model:
        server.queue(endless_talk)
        heard = asyncio.Event()

        async def listen() -> None:
            async with aclosing(model.stream([Message("user", "hi")], deadline=time.monotonic() + 60)) as events:
                async for _ in events:
                    heard.set()

        task = asyncio.create_task(listen())
        await asyncio.wait_for(heard.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.left.wait(), 5)


async def test_cancelling_before_the_headers_hangs_up() -> None:
    asked = asyncio.Event()

    async def silent(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with running() as server, asking(server) as model:
        server.queue(silent)
        task = asyncio.create_task(answer(model, seconds=60))
        await asyncio.wait_for(asked.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.left.wait(), 5)


async def test_I10_after_any_failure_the_next_question_is_answered() -> None:
    failures = [
        plain(401),
        "garbage",
        STREAM + "data: {\n\n",
        STREAM,
        plain(200, "<html>", "text/html"),
        plain(400, json.dumps("x")),
    ]
    async with running() as server, asking(server) as model:
        for failure in failures:
            server.asked.clear()
            server.answers[:] = [failure]
            with pytest.raises(errors.UpstreamError):
                await answer(model)
            server.answers[:] = [answered("ok")]
            assert text_of(await answer(model)) == "ok"
