"""Many conversations and long ones stay quick."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores import codec
from jupyter_agent.stores.sqlite import SqliteStore
from tests.support.store_urls import KINDS, Place


@pytest.mark.slow
async def test_S14_a_page_of_100000_sessions_is_listed_in_200_milliseconds(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    store = SqliteStore(path)
    await store.count("ann")
    connection = sqlite3.connect(path)
    new = Session("k", "s", "ann", "a.ipynb", title="t", created_at=1.0)
    many = (
        replace(new, key=f"k{number}", id=f"s{number}", last_activity=float(number // 7)) for number in range(100_000)
    )
    connection.executemany(
        "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (tuple(codec.session_row(session).values()) for session in many),
    )
    connection.commit()
    connection.close()
    cursor: str | None = None
    seconds = []
    seen: set[str] = set()
    for _ in range(100):
        start = time.perf_counter()
        page = await store.find("ann", limit=200, cursor=cursor)
        seconds.append(time.perf_counter() - start)
        seen |= {session.id for session in page.sessions}
        cursor = page.cursor
    assert len(seen) == 20_000
    assert statistics.quantiles(seconds, n=100)[98] < 0.2
    await store.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_S19_the_last_page_of_10000_turns_is_whole(make_place: Callable[[str], Place], kind: str) -> None:
    place = make_place(kind)
    store = place.open()
    turns = [Turn(f"t{n}", f"t{n - 1}" if n > 1 else None, n, f"q{n}") for n in range(1, 10_001)]
    await store.create(Session("k", "s", "ann", "", head="t10000", depth=10_000), turns)
    assert await place.open().path("k", "t10000", 20) == tuple(turns[-20:])
    assert len(await store.path("k", "t10000", 100_000)) == 10_000


async def test_S14_in_redis_one_of_many_is_found_without_all_being_sent(make_place: Callable[[str], Place]) -> None:
    place = make_place("redis")
    store = place.open()
    for number in range(400):
        new = Session(f"k{number}", f"s{number}", "ann", f"n{number}.ipynb", title="t" * 500, created_at=1.0)
        await store.create(replace(new, last_activity=float(number)))
    with redis.Redis.from_url(place.url) as server:
        before = server.info("stats")["total_net_output_bytes"]
        by_id = await store.find("ann", session_id="s7", limit=1)
        by_notebook = await store.find("ann", notebook_id="n9.ipynb")
        sent = server.info("stats")["total_net_output_bytes"] - before
    assert [session.key for page in (by_id, by_notebook) for session in page.sessions] == ["k7", "k9"]
    assert sent < 20_000  # all of them are more than ten times as much
