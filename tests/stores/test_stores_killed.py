"""Writers killed at any moment: what was acknowledged is there, once and whole."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_agent.sessions.manager import SessionManager
from tests.support.database_servers import PostgresServer, RedisServer
from tests.support.store_urls import DURABLE, Place, open_store

ROOT = Path(__file__).parents[2]


class WriterProcesses:
    """Writers started and killed one after the other."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tests.support.store_writers", url]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._writer = 0
        assert self._line() == "ready"

    def start(self, session_id: str) -> None:
        """Start a writer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{session_id}\n")
        self._process.stdin.flush()
        self._writer = int(self._line().removeprefix("pid "))

    def acknowledged(self, count: int) -> list[tuple[str, str]]:
        """What the writer acknowledges next, as (turn id, begun or done)."""
        return [_acknowledged(self._line()) for _ in range(count)]

    def kill(self) -> list[tuple[str, str]]:
        """Kill the writer; what else it has acknowledged."""
        os.kill(self._writer, signal.SIGKILL)
        acknowledged: list[tuple[str, str]] = []
        while (line := self._line()) != "dead":
            acknowledged.append(_acknowledged(line))
        return acknowledged

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process that forks writers died"
        return line.rstrip("\n")


def _acknowledged(line: str) -> tuple[str, str]:
    turn_id, _, what = line.partition(" ")
    return turn_id, what


async def check(manager: SessionManager, acknowledged: list[tuple[str, str]]) -> int:
    """Every acknowledged turn is there once, in order, as acknowledged; returns how many turns there are."""
    session = await manager.get("ann", "s")
    turns = await manager.tree.history(session, 1_000_000)
    ids = [turn.id for turn in turns]
    assert len(set(ids)) == len(ids)
    # An open turn is shown, too, if its lease ended between the two looks.
    shown = session.depth + (session.open is not None and ids[-1:] == [session.open.id])
    assert [turn.depth for turn in turns] == list(range(1, shown + 1))
    assert [turn.parent for turn in turns] == [None, *ids[:-1]]
    assert [turn_id for turn_id in ids if (turn_id, "done") in set(acknowledged)] == [
        line for line, what in acknowledged if what == "done"
    ]
    status = {turn.id: turn.status for turn in turns}
    if session.open is not None and session.open.id not in status:
        status[session.open.id] = "interrupted"  # as it will be, once its lease is over
    for turn_id, what in acknowledged:
        assert status[turn_id] == "done" if what == "done" else status[turn_id] in ("done", "interrupted")
    assert all(turn.reply == "because " * 50 for turn in turns if turn.status == "done")
    return len(turns)


@pytest.mark.parametrize("kind", DURABLE)
@pytest.mark.parametrize("kills", [pytest.param(100, id="100"), pytest.param(1000, id="1000", marks=pytest.mark.slow)])
@pytest.mark.timeout(3600)
async def test_D3_killed_writers_lose_nothing_acknowledged(
    make_place: Callable[[str], Place], kind: str, kills: int
) -> None:
    place = make_place(kind)
    manager = SessionManager(place.open(), lease_seconds=0.01)
    chance = random.Random(kills)
    writers = WriterProcesses(place.url)
    acknowledged: list[tuple[str, str]] = []
    try:
        for number in range(kills):
            writers.start("s")
            acknowledged += writers.acknowledged(chance.choice([0, 1, 1, 1, 2]))
            await asyncio.sleep(
                chance.uniform(0, 0.03)
            )  # not to wait for anything: the moment of death is meant to be any
            acknowledged += writers.kill()
            if number % 20 == 0 and acknowledged:
                await check(manager, acknowledged)
    finally:
        writers.close()
    assert sum(what == "done" for _, what in acknowledged) > kills / 4
    await check(manager, acknowledged)


@pytest.mark.parametrize("kind", ["postgresql", "redis"])
@pytest.mark.parametrize("kills", [pytest.param(3, id="3"), pytest.param(200, id="200", marks=pytest.mark.slow)])
@pytest.mark.timeout(1800)
async def test_D11_D15_killed_servers_lose_nothing_acknowledged(tmp_path: Path, kind: str, kills: int) -> None:
    server = PostgresServer() if kind == "postgresql" else RedisServer(tmp_path)
    chance = random.Random(kills)
    manager = SessionManager(open_store(server.url), lease_seconds=0.01)
    writers = WriterProcesses(server.url)
    acknowledged: list[tuple[str, str]] = []
    try:
        writers.start("s")
        for _ in range(kills):
            acknowledged += writers.acknowledged(chance.randint(3, 20))
            server.kill()
            server.start()
        acknowledged += writers.acknowledged(4)
        acknowledged += writers.kill()
        await check(manager, acknowledged)
    finally:
        writers.close()
        await manager.store.close()
        server.stop()
