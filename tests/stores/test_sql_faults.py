"""What may happen to PostgreSQL: away, read-only, too busy, connections cut, locks; nothing is stored twice."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from jupyter_agent.core.errors import BadRequest, MissingExtra, SchemaNewer, StoreFull, StoreUnavailable
from jupyter_agent.stores import sql_connections
from jupyter_agent.stores.sql import STEPS, SqlStore
from tests.support.database_servers import PostgresServer, free_port
from tests.support.store_urls import Place
from tests.support.stored_session import NEW, NEXT, TURN, check_damaged, kept


@pytest.fixture
def place(make_place: Callable[[str], Place]) -> Place:
    return make_place("postgresql")


def run(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Rows of the last statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


async def test_D15_connections_cut_by_the_server_are_made_anew(
    place: Place, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await kept(SqlStore(place.url))
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'idle'"
    postgres_server.ask(cut)
    assert await store.read("k") == NEXT
    monkeypatch.setattr(sql_connections, "PING_AFTER_SECONDS", 0)  # as after a rest
    postgres_server.ask(cut)
    await store.commit(replace(NEXT, revision=3))
    assert await store.path("k", "t1", 9) == (TURN,)
    await store.close()


async def test_D15_a_server_that_is_away_is_said() -> None:
    store = SqlStore(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    for refused in (store.read("k"), store.create(NEW), store.find("ann"), store.now()):
        with pytest.raises(StoreUnavailable, match="Try again"):
            await refused
    await store.close()


async def test_D15_a_database_that_is_not_there_is_said_without_names(postgres_server: PostgresServer) -> None:
    store = SqlStore(postgres_server.url.replace("/postgres", "/missing"))
    with pytest.raises(StoreUnavailable) as refused:
        await store.read("k")
    assert "missing" not in str(refused.value)
    await store.close()


async def test_D15_a_read_only_server_is_said(place: Place) -> None:
    await (await kept(SqlStore(place.url))).close()
    read_only = SqlStore(place.url + "%20-cdefault_transaction_read_only%3Don")
    with pytest.raises(StoreUnavailable, match="read-only"):
        await read_only.create(replace(NEW, key="k2", id="s2"))
    await read_only.close()


async def test_D2_what_may_only_be_read_is_read(place: Place) -> None:
    await (await kept(SqlStore(place.url))).close()
    read_only = SqlStore(place.url + "%20-cdefault_transaction_read_only%3Don")
    assert await read_only.path("k", "t1", 9) == (TURN,)
    with pytest.raises(StoreUnavailable, match="read-only"):
        await read_only.delete("k")
    await read_only.close()


async def test_D15_a_row_locked_by_another_is_waited_for_then_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_connections, "LOCK_SECONDS", 0.2)
    store = await kept(SqlStore(place.url))
    with psycopg.connect(place.url) as other:
        other.execute("SELECT * FROM jupyter_agent_sessions FOR UPDATE")
        with pytest.raises(StoreUnavailable):
            await store.commit(replace(NEXT, revision=3))
    await store.commit(replace(NEXT, revision=3))
    await store.close()


async def test_D1_a_full_disk_is_said_and_what_was_kept_stays(place: Place) -> None:
    store = await kept(SqlStore(place.url))
    full = "BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END"
    run(
        place.url,
        f"CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $${full}$$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON jupyter_agent_turns FOR EACH ROW EXECUTE FUNCTION full_disk()",
    )
    second = replace(TURN, id="t2", parent="t1", depth=2)
    with pytest.raises(StoreFull, match="no room"):
        await store.commit(replace(NEXT, revision=3, head="t2", depth=2), second)
    assert (await store.read("k"), await store.path("k", "t2", 9)) == (NEXT, ())
    run(place.url, "DROP TRIGGER full_disk ON jupyter_agent_turns")
    await store.commit(replace(NEXT, revision=3, head="t2", depth=2), second)
    assert await store.path("k", "t2", 9) == (TURN, second)
    await store.close()


async def test_D15_a_server_without_room_for_one_more_connection_is_said(place: Place) -> None:
    await (await kept(SqlStore(place.url))).close()
    guest = f"guest_{place.url.rpartition('place')[2]}"
    run(place.url, f"CREATE ROLE {guest} LOGIN CONNECTION LIMIT 0")
    run(place.url, f"GRANT ALL ON ALL TABLES IN SCHEMA {guest.replace('guest_', 'place')} TO {guest}")
    run(place.url, f"GRANT ALL ON SCHEMA {guest.replace('guest_', 'place')} TO {guest}")
    store = SqlStore(place.url.replace("postgres@", f"{guest}@"))
    with pytest.raises(StoreUnavailable, match="Try again"):
        await store.commit(replace(NEXT, revision=3))
    run(place.url, f"ALTER ROLE {guest} CONNECTION LIMIT 9")
    await store.commit(replace(NEXT, revision=3))
    await store.close()


async def test_D15_of_two_that_wait_for_each_other_one_is_told_and_nothing_is_half_done(place: Place) -> None:
    store = await kept(SqlStore(place.url))
    later = replace(NEXT, revision=3, head="t2", depth=2), replace(TURN, id="t2", parent="t1", depth=2)
    with psycopg.connect(place.url) as other:
        other.execute("SET deadlock_timeout = '20s'")  # so that it is ours that is told
        other.execute("INSERT INTO jupyter_agent_turns VALUES ('k', 't2', 't1', '', '{}')")
        ours = asyncio.create_task(store.commit(*later))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while (await asyncio.to_thread(run, place.url, waiting))[0] == (0,):  # bounded by the test's own time limit
            pass
        await asyncio.to_thread(other.execute, b"UPDATE jupyter_agent_sessions SET searched = 'x' WHERE key = 'k'")
        with pytest.raises(StoreUnavailable, match="Try again"):
            await ours
        other.rollback()
    assert (await store.read("k"), await store.path("k", "t2", 9)) == (NEXT, ())
    await store.commit(*later)
    await store.close()


async def test_D15_where_transactions_are_serializable_one_of_many_commits(place: Place) -> None:
    await (await kept(SqlStore(place.url))).close()
    stores = [SqlStore(place.url + "%20-cdefault_transaction_isolation%3Dserializable") for _ in range(8)]
    changed = [replace(NEXT, revision=3, title=f"{number}") for number in range(8)]
    done = await asyncio.gather(
        *(store.commit(head) for store, head in zip(stores, changed, strict=True)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in done) == ["NoneType", *["VersionConflict"] * 7]
    assert await stores[0].read("k") == changed[done.index(None)]
    for store in stores:
        await store.close()


async def test_D6_a_newer_schema_is_refused_in_words(place: Place) -> None:
    await (await kept(SqlStore(place.url))).close()
    run(place.url, "UPDATE jupyter_agent_schema SET version = 99")
    store = SqlStore(place.url)
    with pytest.raises(SchemaNewer, match="newer release"):
        await store.read("k")
    await store.close()


async def test_D6_an_older_schema_is_migrated_with_a_backup(place: Place) -> None:
    await (await kept(SqlStore(place.url))).close()
    steps = (*STEPS, "ALTER TABLE jupyter_agent_sessions ADD COLUMN colour TEXT DEFAULT 'blue'")
    store = SqlStore(place.url, steps=steps)
    assert await store.path("k", "t1", 9) == (TURN,)
    await store.close()
    assert run(place.url, "SELECT version, colour FROM jupyter_agent_schema, jupyter_agent_sessions") == [(2, "blue")]
    assert run(place.url, "SELECT key FROM jupyter_agent_sessions_schema1") == [("k",)]
    assert run(place.url, "SELECT id FROM jupyter_agent_turns_schema1") == [("t1",)]


async def test_D6_a_migration_that_fails_changes_nothing(place: Place) -> None:
    await (await kept(SqlStore(place.url))).close()
    steps = (*STEPS, "ALTER TABLE jupyter_agent_sessions ADD COLUMN colour TEXT;\nUPDATE nothing SET x = 1")
    broken = SqlStore(place.url, steps=steps)
    with pytest.raises(StoreUnavailable):
        await broken.read("k")
    await broken.close()
    store = SqlStore(place.url)
    assert await store.read("k") == NEXT
    await store.close()
    assert run(place.url, "SELECT version FROM jupyter_agent_schema") == [(1,)]


async def test_commits_are_durable_although_the_server_would_not_wait(place: Place) -> None:
    store = SqlStore(place.url + "%20-csynchronous_commit%3Doff")
    await store.create(NEW)
    async with (await store._connected()).connection() as connection:
        assert await (await connection.execute("SHOW synchronous_commit")).fetchone() == ("on",)
    await store.close()


async def test_S15_D19_a_damaged_record_is_listed_as_such_among_the_others(place: Place) -> None:
    store = await kept(SqlStore(place.url))
    await store.create(replace(NEW, key="k2", id="s2", last_activity=0.5))
    run(place.url, "UPDATE jupyter_agent_sessions SET data = '[]' WHERE key = 'k'")
    await check_damaged(store)
    await store.close()


async def test_long_paths_are_kept(place: Place) -> None:
    store = SqlStore(place.url)
    await store.create(replace(NEW, notebook_id="ordner/" * 500))
    assert len((await store.find("ann", notebook_id="ordner/" * 500)).sessions) == 1
    await store.close()


async def test_M6_without_the_packages_the_cure_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r'pip install "jupyter-notebook-agent\[postgresql\]"'):
        await SqlStore("postgresql://127.0.0.1/x").read("k")


async def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(BadRequest, match="postgresql://"):
        await SqlStore("postgresql://host:port/x").read("k")
