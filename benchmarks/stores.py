"""Durable commits of each store against its raw engine; a long conversation against a short one; peers at the same turns.

Every commit counted here survives a power cut, the peers' too: as they come, their SQLite has a write-ahead log that is
synced with every commit, as ours has; Redis and PostgreSQL are the same servers for both. What is compared is a commit, of
which a turn has two, its question and its end; peers keep question and answer of a turn too.

Prints each figure with its target, all from the same run. Starts Redis and PostgreSQL itself; installs the peers into an
environment of their own (in the system's temporary folder, kept for the next run).

Run as ``python benchmarks/stores.py [commits]`` (200 unless said).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.peers.stores import ANSWER, QUESTION
from jupyter_agent.core.messages import Message
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores import codec, file_log
from tests.support.database_servers import PostgresServer, RedisServer
from tests.support.store_urls import open_store

PEERS = [
    "langgraph",
    "langgraph-checkpoint-sqlite",
    "langgraph-checkpoint-postgres",
    "openai-agents",
    "redis",
    "psycopg[binary]",
]
BLOCK = 5
ROUNDS = 7
LONG = 10_000


def turn_of(number: int, parent: str | None) -> Turn:
    """A turn like most."""
    return Turn(
        f"t{number}", parent, number, QUESTION, (Message("assistant", ANSWER),), ANSWER, started=1.5, seconds=2.5
    )


def session_of(name: str, depth: int = 0) -> Session:
    """A head after so many turns."""
    head = f"t{depth}" if depth else None
    return Session(f"k-{name}", name, "ann", "a.ipynb", head=head, depth=depth, created_at=1.0, last_activity=1.0)


class Ours:
    """Commits of a store, one after the other in one session."""

    def __init__(self, store: SessionStore, name: str, depth: int = 0) -> None:
        self.store, self.head, self.depth = store, session_of(name, depth), depth

    async def begin(self) -> None:
        await self.store.create(
            self.head, [turn_of(n, f"t{n - 1}" if n > 1 else None) for n in range(1, self.depth + 1)]
        )

    async def commit(self) -> float:
        """Seconds of one more turn's commit."""
        turn = turn_of(self.head.depth + 1, self.head.head)
        self.head = replace(self.head, revision=self.head.revision + 1, head=turn.id, depth=turn.depth)
        return await timed(lambda: self.store.commit(self.head, turn))


# The raw engines: the same bytes, as durable, nothing else -------------------------------------

HEAD = codec.encode(session_of("raw", 7))
TURN = codec.encode(turn_of(8, "t7"))


def raw_sqlite(folder: Path) -> Callable[[], None]:
    """One row replaced, one added, in a transaction."""
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE sessions (key TEXT PRIMARY KEY, data TEXT)")
    connection.execute("CREATE TABLE turns (number INTEGER PRIMARY KEY, key TEXT, data TEXT)")
    connection.execute("INSERT INTO sessions VALUES ('k', ?)", [HEAD])

    def commit() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE sessions SET data = ? WHERE key = 'k'", [HEAD])
        connection.execute("INSERT INTO turns (key, data) VALUES ('k', ?)", [TURN])
        connection.execute("COMMIT")

    return commit


def raw_file(folder: Path) -> Callable[[], None]:
    """One line appended and synced."""
    descriptor = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    line = file_log.line_of(session_of("raw", 7), turn_of(8, "t7"))

    def commit() -> None:
        file_log.write_durably(descriptor, line)

    return commit


def raw_redis(url: str) -> Callable[[], None]:
    """One field replaced, one added, in a transaction."""
    import redis

    client = redis.Redis.from_url(url)
    numbers = iter(range(10**9))

    def commit() -> None:
        pipe = client.pipeline(transaction=True)
        pipe.hset("raw:s", "data", HEAD)
        pipe.hset("raw:t", str(next(numbers)), TURN)
        pipe.execute()

    return commit


def raw_postgresql(url: str) -> Callable[[], None]:
    """One row replaced, one added, in one statement."""
    import psycopg

    connection = psycopg.connect(url, autocommit=True)
    connection.execute("CREATE TABLE raw_sessions (key TEXT PRIMARY KEY, data TEXT)")
    connection.execute("CREATE TABLE raw_turns (number BIGSERIAL PRIMARY KEY, key TEXT, data TEXT)")
    connection.execute("INSERT INTO raw_sessions VALUES ('k', %s)", [HEAD])
    statement = (
        "WITH replaced AS (UPDATE raw_sessions SET data = %s WHERE key = 'k' RETURNING key)"
        " INSERT INTO raw_turns (key, data) SELECT key, %s FROM replaced"
    )

    def commit() -> None:
        connection.execute(statement, [HEAD, TURN], prepare=True)

    return commit


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    await call()
    return time.perf_counter() - start


async def against_raw(kind: str, url: str, raw: Callable[[], None], commits: int) -> None:
    """Blocks of both in turns, so that what else the machine does meets both."""
    store = open_store(url)
    ours = Ours(store, "raw")
    await ours.begin()
    engine: list[float] = []
    own: list[float] = []

    async def once() -> None:
        raw()

    for _ in range(max(1, commits // BLOCK)):
        engine += [await timed(once) for _ in range(BLOCK)]
        own += [await ours.commit() for _ in range(BLOCK)]
    await store.close()
    ratio = statistics.median(engine) / statistics.median(own)
    rates = f"{1 / statistics.median(own):7.0f} of {1 / statistics.median(engine):7.0f} commits/s"
    report(f"{kind}: durable commits against the raw engine", ratio, 0.5, at_least=True, detail=rates)


async def long_against_short(kind: str, url: str, commits: int) -> None:
    """The same append at turn 10,000 and at turn 10, and how long the last page of the long one takes to open."""
    store = open_store(url)
    short, long = Ours(store, "short", 10), Ours(store, "long", LONG)
    await short.begin()
    await long.begin()
    await store.path(long.head.key, str(long.head.head), 1)
    at_ten: list[float] = []
    at_many: list[float] = []
    for number in range(commits // 2):
        if number % 5 == 0:
            short = Ours(store, f"short{number}", 10)
            await short.begin()
            await short.commit()
        at_ten.append(await short.commit())
        at_many.append(await long.commit())
    ratio = statistics.median(at_many) / statistics.median(at_ten)
    report(f"{kind}: append at turn {LONG:,} against turn 10", ratio, 1.2, at_least=False)
    opened: list[float] = []
    for _ in range(50):
        fresh = open_store(url)
        await fresh.now()  # connected, where there is a server
        opened.append(await timed(lambda fresh=fresh: last_page(fresh, long.head.key)))  # type: ignore[misc]
        await fresh.close()
    await store.close()
    p99 = statistics.quantiles(opened, n=100)[98] * 1000
    report(f"{kind}: p99 of opening the last page of {LONG:,} turns, ms", p99, 300, at_least=False)


async def last_page(store: SessionStore, key: str) -> None:
    head = await store.read(key)
    assert head is not None
    page = await store.path(key, str(head.head), 20)
    assert len(page) == 20


async def our_turns(url: str, turns: int) -> float:
    """Median seconds of a turn: begun, which makes the question durable, and finished."""
    manager = SessionManager(open_store(url))

    async def turn() -> None:
        begun = await manager.log.begin("ann", "a.ipynb", "peers", None, QUESTION, "digest")
        answered = Turn(begun.turn_id, None, 0, QUESTION, (Message("assistant", ANSWER),), ANSWER)
        await manager.log.finish(begun.session, answered)

    seconds = [await timed(turn) for _ in range(turns + 5)]
    await manager.store.close()
    return statistics.median(seconds[5:])


def peer_turns(python: Path, name: str, url: str, turns: int) -> float:
    """The same of a peer, in its own environment."""
    command = [str(python), str(ROOT / "benchmarks" / "peers" / "stores.py"), name, url, str(turns)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def environment() -> Path:
    """The peers' Python."""
    folder = Path(os.environ.get("JUPYTER_AGENT_PEERS") or Path(tempfile.gettempdir()) / "jupyter-agent-peers-stores")
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
        (folder / "ready").touch()
    return python


MISSED: list[str] = []


def report(what: str, figure: float, target: float, *, at_least: bool, detail: str = "") -> None:
    """One line; a missed target is remembered."""
    met = figure >= target if at_least else figure <= target
    if not met:
        MISSED.append(what)
    sign = "≥" if at_least else "≤"
    print(f"{'ok  ' if met else 'MISS'} {what}: {figure:.2f} ({sign} {target:g}) {detail}", flush=True)


async def main(commits: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="jupyter-agent-bench-"))
    (folder / "redis").mkdir()
    redis, postgres = RedisServer(folder / "redis"), PostgresServer()
    try:
        urls = {
            "sqlite": f"sqlite:///{folder}/ours.db",
            "file": f"file://{folder}/ours",
            "postgresql": postgres.empty_place(),
            "redis": redis.empty_place(),
        }
        raws: dict[str, Callable[[], None]] = {
            "sqlite": raw_sqlite(folder),
            "file": raw_file(folder),
            "postgresql": raw_postgresql(postgres.empty_place()),
            "redis": raw_redis(urls["redis"]),
        }
        for kind, url in urls.items():
            await against_raw(kind, url, raws[kind], commits)
        for kind, url in urls.items():
            await long_against_short(kind, url, commits)
        await against_peers(folder, urls, redis, postgres, commits)
    finally:
        redis.stop()
        postgres.stop()
        shutil.rmtree(folder)
    if MISSED:
        sys.exit(f"missed: {'; '.join(MISSED)}")


async def against_peers(
    folder: Path, urls: dict[str, str], redis: RedisServer, postgres: PostgresServer, turns: int
) -> None:
    python = await asyncio.to_thread(environment)
    peers: list[tuple[str, str, str]] = [
        ("sqlite", "langgraph-sqlite", f"{folder}/langgraph.db"),
        ("sqlite", "openai-agents-sqlite", f"{folder}/agents.db"),
        ("postgresql", "langgraph-postgresql", postgres.empty_place()),
        ("redis", "openai-agents-redis", redis.empty_place()),
    ]
    for kind, name, url in peers:
        theirs: list[float] = []
        ours: list[float] = []
        for _ in range(ROUNDS):  # in turns, so that what else the machine does meets both
            theirs.append(await asyncio.to_thread(peer_turns, python, name, url, turns // 2))
            ours.append(await our_turns(urls[kind], turns // 2))
        # Of each round by itself: the machine's other work changes from one to the next.
        ratio = statistics.median(their / our for their, our in zip(theirs, ours, strict=True))
        detail = f"{1 / statistics.median(ours):7.0f} of {1 / statistics.median(theirs):7.0f} turns/s"
        report(f"{kind}: turns against {name}", ratio, 1.0, at_least=True, detail=detail)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
