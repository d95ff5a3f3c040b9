"""Many conversations and long ones stay quick."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores import codec
from jupyter_agent.stores.sqlite import SqliteStore
from tests.support.store_urls import KINDS, Place


async def _pages(path: Path, sessions: int, count: int) -> tuple[set[str], int]:
    """What stands on the first pages of so many sessions, and how many steps SQLite took for them."""
    store = SqliteStore(path)
    await store.count("ann")
    connection = sqlite3.connect(path)
    new = Session("k", "s", "ann", "a.ipynb", title="t", created_at=1.0)
    many = (
        replace(new, key=f"k{number}", id=f"s{number}", last_activity=float(number // 7)) for number in range(sessions)
    )
    connection.executemany(
        "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (tuple(codec.session_row(session).values()) for session in many),
    )
    connection.commit()
    connection.close()
    steps: list[None] = []
    await store._run(lambda own: own.set_progress_handler(lambda: steps.append(None), 10))
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(count):
        page = await store.find("ann", limit=200, cursor=cursor)
        seen |= {session.id for session in page.sessions}
        cursor = page.cursor
    await store.close()
    return seen, len(steps)


@pytest.mark.slow
async def test_S14_a_page_of_100000_sessions_takes_no_more_work_than_one_of_1000(tmp_path: Path) -> None:
    few, work = await _pages(tmp_path / "few.db", 1_000, 5)
    many, more = await _pages(tmp_path / "many.db", 100_000, 100)
    assert (len(few), len(many)) == (1_000, 20_000)
    assert 0 < more / 100 < 1.2 * work / 5


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
