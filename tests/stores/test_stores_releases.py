"""Two releases of the program on one store: fields of a later one are kept, a newer schema is refused in words."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from jupyter_agent.core.errors import SchemaNewer
from jupyter_agent.core.messages import Action, CellChange, Message, ToolCall, Usage, to_json
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores import codec, file_log
from tests.support.store_urls import DURABLE, Place

LATER = {"colour": "blue", "shape": {"corners": [1, 2, {"deep": None}]}}
FULL = Turn(
    "t1",
    None,
    1,
    "why?",
    messages=(Message("assistant", "", tool_calls=(ToolCall("c1", "run_code", "{}"),)), Message("tool", "1", (), "c1")),
    usage=Usage(1, 2, 0.5),
    actions=(Action("c1", "run_code", "execute", "done"),),
    edits=(CellChange("cell", None, {"source": "1"}),),
)


def grown(value: Any) -> Any:
    """JSON data as a later release writes them: every record that is ours has more fields."""
    if isinstance(value, list):
        return [grown(item) for item in value]
    if not isinstance(value, dict):
        return value
    inside = {
        name: item if name in ("before", "after", "kernel", "extra") else grown(item) for name, item in value.items()
    }
    return {**inside, "grown": LATER}


class Later:
    """The hands of a later release in a store's data."""

    def __init__(self, place: Place) -> None:
        self._kind = place.kind
        self._url = place.url

    def rewrite(self, key: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change the stored head of a session."""

        def changed(text: str | bytes) -> str:
            return json.dumps(change(json.loads(text)), separators=(",", ":"))

        if self._kind == "sqlite":
            with sqlite3.connect(self._path()) as connection:
                (text,) = connection.execute("SELECT data FROM sessions WHERE key = ?", [key]).fetchone()
                connection.execute("UPDATE sessions SET data = ? WHERE key = ?", [changed(text), key])
            connection.close()
        elif self._kind == "postgresql":
            with psycopg.connect(self._url, autocommit=True) as postgres:
                table = "jupyter_agent_sessions"
                row = postgres.execute(f"SELECT data FROM {table} WHERE key = %s".encode(), [key]).fetchone()
                assert row is not None
                postgres.execute(f"UPDATE {table} SET data = %s WHERE key = %s".encode(), [changed(row[0]), key])
        elif self._kind == "redis":
            with redis.Redis.from_url(self._url) as client:
                client.hset(f"ja:s:{key}", "data", changed(client.hget(f"ja:s:{key}", "data")))
        else:
            path = self._path() / f"{key}.jsonl"
            *lines, last = path.read_bytes().splitlines(keepends=True)
            line = json.loads(last)
            body = (
                last[file_log._BODY : last.index(b'"head":')] + b'"head":' + changed(json.dumps(line["head"])).encode()
            )
            lines.append(b'{"crc":"%08x",%s}\n' % (zlib.crc32(body + b"}"), body))
            path.write_bytes(b"".join(lines))

    def migrate(self, key: str) -> None:
        """Take the data to the next schema."""
        if self._kind == "sqlite":
            with sqlite3.connect(self._path()) as connection:
                connection.execute("ALTER TABLE sessions ADD COLUMN colour TEXT DEFAULT 'blue'")
                connection.execute("PRAGMA user_version = 2")
            connection.close()
        elif self._kind == "postgresql":
            with psycopg.connect(self._url, autocommit=True) as postgres:
                postgres.execute("ALTER TABLE jupyter_agent_sessions ADD COLUMN colour TEXT DEFAULT 'blue'")
                postgres.execute("UPDATE jupyter_agent_schema SET version = 2")
        elif self._kind == "redis":
            with redis.Redis.from_url(self._url) as client:
                client.hset("ja:meta", "schema", 2)
        else:  # each file says it of itself
            self.rewrite(key, lambda head: {**head, "schema": 2})

    def _path(self) -> Path:
        return Path(self._url.partition("://")[2].removeprefix("/" if self._kind == "sqlite" else ""))


@pytest.fixture(params=DURABLE)
def place(request: pytest.FixtureRequest, make_place: Callable[[str], Place]) -> Place:
    kind: str = request.param
    return make_place(kind)


async def asked(store: SessionStore, question: str) -> Session:
    manager = SessionManager(store)
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, question, "")
    return await manager.log.finish(begun.session, Turn(begun.turn_id, None, 0, question, reply="because"))


async def test_D16_fields_of_a_later_release_are_handed_on(place: Place) -> None:
    store = place.open()
    first = await asked(store, "one")
    Later(place).rewrite(first.key, lambda head: {**head, **LATER})
    manager = SessionManager(place.open())
    await asked(store, "two")  # by one who knew the head from before
    await manager.rename("ann", "s", title="Mine")
    await manager.tree.move_head("undo", "ann", "s")
    stored = await place.open().read(first.key)
    assert stored is not None
    assert (stored.unknown_fields, stored.title, stored.depth) == (LATER, "Mine", 1)
    assert {name: item for name, item in json.loads(codec.encode(stored)).items() if name in LATER} == LATER


def test_D16_a_turn_that_a_later_release_wrote_is_read() -> None:
    assert codec.decode(Turn, json.dumps(grown(to_json(FULL)))) == FULL


async def test_D16_a_turn_that_a_later_release_left_open_is_settled(place: Place) -> None:
    store = place.open()
    manager = SessionManager(store, lease_seconds=-1)  # over as soon as it began
    begun = await manager.log.begin("ann", "a.ipynb", "s", "t1", "lost?", "")
    Later(place).rewrite(begun.session.key, lambda head: {**head, "open": grown(head["open"])})
    session = await SessionManager(place.open()).get("ann", "s")
    assert [(turn.id, turn.status) for turn in await manager.tree.history(session)] == [("t1", "interrupted")]


async def test_D16_a_store_that_a_later_release_migrated_meanwhile_is_refused_in_words(place: Place) -> None:
    store = place.open()
    first = await asked(store, "one")
    Later(place).migrate(first.key)
    with pytest.raises(SchemaNewer, match="newer release"):
        await asked(store, "two")
    with pytest.raises(SchemaNewer, match="newer release"):
        await store.commit(replace(first, revision=first.revision + 1, title="Mine"))
    if place.kind != "file":  # there each conversation has a schema of its own, and may be removed
        with pytest.raises(SchemaNewer, match="newer release"):
            await store.create(replace(first, key="k2", id="s2", revision=1))
        with pytest.raises(SchemaNewer, match="newer release"):
            await store.delete(first.key)
