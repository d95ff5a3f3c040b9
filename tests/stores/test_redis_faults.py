"""What may happen to Redis: away, full, read-only, flushed, evicted, paused; nothing is stored twice or falsely acknowledged."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_agent.core.errors import (
    BadRequest,
    MissingExtra,
    SchemaNewer,
    StoreFull,
    StoreUnavailable,
    VersionConflict,
)
from jupyter_agent.core.session import Turn
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores import redis as redis_store
from jupyter_agent.stores.redis import RedisStore
from tests.support.database_servers import RedisServer, free_port
from tests.support.stored_session import NEW, NEXT, TURN, check_damaged, kept


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server of this test's own."""
    running = RedisServer(tmp_path)
    yield running
    running.stop()


async def test_D10_a_server_that_is_away_is_said_and_works_when_it_is_back(server: RedisServer) -> None:
    store = await kept(RedisStore(server.url))
    server.kill()
    for refused in (store.read("k"), store.commit(replace(NEXT, revision=3)), store.find("ann"), store.now()):
        with pytest.raises(StoreUnavailable, match="Try again"):
            await refused
    server.start()
    await store.commit(replace(NEXT, revision=3))
    assert await store.path("k", "t1", 9) == (TURN,)
    await store.close()


async def test_D10_a_server_that_was_never_there_is_said(tmp_path: Path) -> None:
    store = RedisStore(f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(StoreUnavailable):
        await store.create(NEW)
    await store.close()


async def test_D14_a_reply_that_never_came_is_one_turn_all_the_same(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_store, "TIMEOUT_SECONDS", 0.3)
    manager = SessionManager(RedisStore(server.url))
    begun = await manager.log.begin("ann", "a.ipynb", "s", "t1", "why?", "digest")
    server.ask("CLIENT PAUSE 800 WRITE")
    with pytest.raises(StoreUnavailable):
        await manager.log.finish(begun.session, TURN)
    server.ask("CLIENT UNPAUSE")
    done = await manager.log.finish(begun.session, TURN)
    assert [turn.id for turn in await manager.tree.history(done)] == ["t1"]
    assert (done.depth, done.open) == (1, None)
    await manager.store.close()


async def test_D14_a_connection_cut_by_the_server_is_made_anew(server: RedisServer) -> None:
    store = await kept(RedisStore(server.url))
    server.ask("CLIENT KILL TYPE normal")
    assert await store.read("k") == NEXT
    server.ask("CLIENT KILL TYPE normal")
    assert await store.path("k", "t1", 9) == (TURN,)
    await store.commit(replace(NEXT, revision=3))
    await store.close()


async def test_D13_a_server_without_memory_is_said_and_keeps_what_it_had(server: RedisServer) -> None:
    store = await kept(RedisStore(server.url))
    server.ask("CONFIG SET maxmemory 1")
    with pytest.raises(StoreFull, match="maxmemory"):
        await store.commit(replace(NEXT, revision=3))
    assert await store.read("k") == NEXT
    server.ask("CONFIG SET maxmemory 0")
    await store.commit(replace(NEXT, revision=3))
    await store.close()


async def test_D13_a_replica_is_said_to_be_one(server: RedisServer) -> None:
    store = await kept(RedisStore(server.url))
    server.ask(f"REPLICAOF 127.0.0.1 {free_port()}")
    with pytest.raises(StoreUnavailable, match="replica"):
        await store.commit(replace(NEXT, revision=3))
    server.ask("REPLICAOF NO ONE")
    await store.commit(replace(NEXT, revision=3))
    await store.close()


async def test_D13_a_wrong_password_is_said_without_it(server: RedisServer) -> None:
    server.ask("CONFIG SET requirepass geheim")
    store = RedisStore(server.url.replace("redis://", "redis://:falsch@"))
    with pytest.raises(StoreUnavailable, match="account") as refused:
        await store.read("k")
    assert "falsch" not in str(refused.value)
    right = RedisStore(server.url.replace("redis://", "redis://:geheim@"))
    await right.create(NEW)
    await right.close()
    await store.close()


async def test_D12_D11_data_that_were_flushed_are_said_to_be_lost_once(server: RedisServer) -> None:
    store = await kept(RedisStore(server.url))
    server.ask("FLUSHALL")
    with pytest.raises(StoreUnavailable, match="lost its data"):
        await store.create(NEW)
    await store.create(NEW)
    await store.close()


async def test_T6_whose_lease_was_lost_with_the_data_cannot_commit(server: RedisServer) -> None:
    slow, fast = SessionManager(RedisStore(server.url)), SessionManager(RedisStore(server.url))
    lost = await slow.log.begin("ann", "a.ipynb", "s", None, "lost?", "")
    server.ask("FLUSHALL")
    taken = await fast.log.begin("ann", "a.ipynb", "s", None, "newer", "")
    with pytest.raises(StoreUnavailable, match="lost its data"):
        await slow.log.renew(lost.session)
    with pytest.raises(VersionConflict):
        await slow.log.renew(lost.session)
    with pytest.raises(VersionConflict):
        await slow.log.finish(lost.session, Turn(lost.turn_id, None, 1, "lost?", reply="too late"))
    await fast.log.finish(taken.session, Turn(taken.turn_id, None, 1, "newer", reply="because"))
    assert [turn.question for turn in await fast.tree.history(await fast.get("ann", "s"))] == ["newer"]
    await slow.store.close()
    await fast.store.close()


async def test_D12_a_head_that_was_evicted_is_not_a_fresh_conversation(server: RedisServer) -> None:
    store = await kept(RedisStore(server.url))
    server.ask("DEL ja:s:k")
    for refused in (store.create(NEW), store.commit(NEXT)):
        with pytest.raises(StoreUnavailable, match="dropped a part"):
            await refused
    listed = (await store.find("ann")).sessions
    assert [session.metadata.get("unreadable") for session in listed] == [True]
    assert await store.delete("k")
    await store.create(NEW)
    await store.close()


async def test_D12_turns_that_were_evicted_are_not_an_empty_history(server: RedisServer) -> None:
    store = await kept(RedisStore(server.url))
    server.ask("DEL ja:t:k")
    with pytest.raises(StoreUnavailable, match="dropped a part"):
        await store.path("k", "t1", 9)
    with pytest.raises(StoreUnavailable, match="dropped a part"):
        await store.commit(replace(NEXT, revision=3))
    assert await store.delete("k")
    await store.create(NEW)
    await store.close()


async def test_D12_keys_of_another_type_are_said(server: RedisServer) -> None:
    store = await kept(RedisStore(server.url))
    server.ask("DEL ja:s:k")
    server.ask("SET ja:s:k theirs")
    with pytest.raises(StoreUnavailable, match="other data"):
        await store.read("k")
    await store.close()


async def test_D12_a_server_that_may_lose_conversations_is_warned_of(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.ask("CONFIG SET maxmemory 100mb")
    server.ask("CONFIG SET maxmemory-policy allkeys-lru")
    server.ask("CONFIG SET appendonly no")
    with caplog.at_level(logging.WARNING):
        await (await kept(RedisStore(server.url))).close()
    assert "noeviction" in caplog.text
    assert "appendonly" in caplog.text


async def test_a_server_that_keeps_conversations_is_not_warned_of(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await (await kept(RedisStore(server.url))).close()
    assert caplog.text == ""


async def test_D6_a_newer_schema_is_refused_in_words(server: RedisServer) -> None:
    await (await kept(RedisStore(server.url))).close()
    server.ask("HSET ja:meta schema 99")
    store = RedisStore(server.url)
    with pytest.raises(SchemaNewer, match="newer release"):
        await store.create(replace(NEW, key="k2", id="s2"))
    await store.close()


async def test_S15_D19_a_damaged_record_is_listed_as_such_among_the_others(server: RedisServer) -> None:
    store = await kept(RedisStore(server.url))
    await store.create(replace(NEW, key="k2", id="s2", last_activity=0.5))
    server.ask("HSET ja:s:k data {}")
    await check_damaged(store)
    await store.close()


async def test_D12_no_key_expires(server: RedisServer) -> None:
    await (await kept(RedisStore(server.url))).close()
    assert server.ask("INFO keyspace").startswith("$")
    for key in ("ja:s:k", "ja:t:k", "ja:meta"):
        assert server.ask(f"TTL {key}") == ":-1"


async def test_M6_without_the_package_the_cure_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    monkeypatch.setitem(sys.modules, "redis.exceptions", None)
    with pytest.raises(MissingExtra, match=r'pip install "jupyter-notebook-agent\[redis\]"'):
        await RedisStore("redis://127.0.0.1").read("k")


async def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(BadRequest, match="Redis URL"):
        await RedisStore("redis://127.0.0.1:port").read("k")
