"""Whatever was done to an export: it is refused in plain words, or imported and exported again in every format."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_agent.core.errors import BadRequest, TooLarge
from jupyter_agent.core.messages import Json, Message, ToolCall, Usage, to_json
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.export import MEDIA_TYPES, export
from jupyter_agent.sessions.import_ import read_json
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores.memory import MemoryStore

MESSAGES = (
    Message("assistant", "", (ToolCall("c1", "run_code", "{}"),)),
    Message("tool", "3", tool_call_id="c1"),
    Message("assistant", "three\n```python\nx = 3\n```"),
)
PICTURE: dict[str, Json] = {"name": "a.png", "mime": "image/png", "data": "iVBORw0KGgo=", "width": 1, "height": 1}
SESSION = Session("k", "s", "ann", "a.ipynb", title="Mine", metadata={"tags": ["a"]}, variables=("df",))
TURNS = (
    Turn("t1", None, 1, "q – ünïcode", messages=MESSAGES, variables=("df",), usage=Usage(1, 2)),
    Turn("t2", "t1", 2, "again", messages=MESSAGES[2:], extra={"pictures": [PICTURE]}),
)
EXPORT = json.loads(export(SESSION, TURNS, "json"))
HUGE = 10**400
TEXTS = st.text(st.characters(exclude_categories=()), max_size=12)
VALUES = st.one_of(
    st.sampled_from([None, True, False, 0, -1, HUGE, -HUGE, float("nan"), float("inf"), "", "\ud800", "../x", [], {}]),
    TEXTS,
    st.integers(),
    st.floats(),
    st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)),
)


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to each value of JSON data."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


PLACES = list(places(EXPORT))


def check(text: str) -> None:
    asyncio.run(import_and_export(text))


async def import_and_export(text: str) -> None:
    manager = SessionManager(MemoryStore(), redactor=Redactor())
    try:
        session = await manager.import_json("ann", text)
    except (BadRequest, TooLarge):
        return
    for kind in MEDIA_TYPES:
        exported = await manager.export("ann", session.id, kind, session.notebook_id)
        exported.encode()  # as it is sent
        if kind == "ipynb":
            nbformat.validate(json.loads(exported))
        elif kind == "json":
            back = await manager.import_json("bob", exported)
            assert len(await manager.tree.history(back)) == len(json.loads(exported)["turns"])


@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
@example([(("turns", 0, "started"), HUGE)])
@example([(("turns", 0, "question"), "\ud800")])
@example([(("turns", 0, "messages", 2, "content"), "a\udfff```python\n\ud800\n```")])
@example([(("session", "title"), "\ud83d")])
@example([(("session", "metadata"), {"\ud800": ["\ud800"]})])
def test_a_changed_export_is_refused_or_comes_back_in_every_format(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    data = json.loads(json.dumps(EXPORT))
    for path, value in changes:
        parent = data
        try:
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    check(json.dumps(data))
    check(json.dumps(data, ensure_ascii=False))


@given(st.integers(0, 100_000), st.integers(0, 100_000), TEXTS)
def test_a_torn_export_is_refused_or_comes_back_in_every_format(start: int, length: int, between: str) -> None:
    text = json.dumps(EXPORT)
    start %= len(text)
    check(text[:start] + between + text[start + length % 60 :])


@pytest.mark.parametrize("depth", [900, 20_000])
@pytest.mark.parametrize("place", [path for path in PLACES if len(path) < 4])
def test_an_export_that_is_nested_deeply_is_refused_or_comes_back(place: tuple[Any, ...], depth: int) -> None:
    data = json.loads(json.dumps(EXPORT))
    parent = data
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = "deep"
    check(json.dumps(data).replace('"deep"', "[" * depth + "]" * depth))


def test_the_export_itself_comes_back() -> None:
    session, turns = read_json(json.dumps(EXPORT))
    assert (session.title, [turn.question for turn in turns]) == ("Mine", ["q – ünïcode", "again"])
    assert [to_json(turn.messages) for turn in turns] == [to_json(turn.messages) for turn in TURNS]
