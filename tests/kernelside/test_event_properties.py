"""Events of a server as the kernel reads them: however they are cut, garbled or mixed, the whole ones come out and nothing is raised."""

from __future__ import annotations

import io
import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_agent.kernelside.client.http import parse_events

NAMES = st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=8)
OBJECTS = st.dictionaries(
    st.text(max_size=6),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
EVENTS = st.lists(st.tuples(NAMES, OBJECTS), max_size=5)
GARBAGE = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"data", b"data:", b"\n\n", b"\r\n", b"event:\xff", b": \xf0\x9f", b"data: [1]\n\n", b"id\n", b"\0"]
    ),
)


def written(events: list[tuple[str, dict[str, Any]]], end: str = "\n") -> bytes:
    """Events as a server sends them."""
    lines = ((f"event: {name}", f"data: {json.dumps(data)}", "") for name, data in events)
    return "".join(f"{line}{end}" for event in lines for line in event).encode()


def parsed(stream: bytes) -> list[tuple[str, dict[str, Any]]]:
    events = list(parse_events(iter(io.BytesIO(stream))))
    assert all(isinstance(name, str) and isinstance(data, dict) for name, data in events)
    return events


@given(EVENTS, st.sampled_from(["\n", "\r\n"]), st.integers(0, 2000))
def test_of_a_stream_cut_anywhere_the_whole_events_come_out(
    events: list[tuple[str, dict[str, Any]]], end: str, length: int
) -> None:
    stream = written(events, end)
    assert parsed(stream) == events
    part = parsed(stream[:length])
    assert part == events[: len(part)]
    whole = [n for n in range(len(events) + 1) if len(written(events[:n], end)) <= length]
    assert len(part) >= whole[-1]


@given(EVENTS, GARBAGE, EVENTS)
@example([], b"data: " + b"[" * 100_000, [("text", {"text": "ü"})])
@example([], b'data: {"n": ' + b"1" * 5000 + b"}", [("text", {})])
def test_garbage_between_events_spoils_no_others(
    before: list[tuple[str, dict[str, Any]]], garbage: bytes, after: list[tuple[str, dict[str, Any]]]
) -> None:
    events = parsed(written(before) + garbage + b"\n\n" + written(after))
    assert events[: len(before)] == before
    assert not after or events[-len(after) :] == after


@given(EVENTS, st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=20))
def test_garbled_events_raise_nothing(events: list[tuple[str, dict[str, Any]]], changes: list[tuple[int, int]]) -> None:
    stream = bytearray(written(events))
    for place, byte in changes if stream else ():
        stream[place % len(stream)] = byte
    parsed(bytes(stream))
