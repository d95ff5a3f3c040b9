"""Writers killed at any moment: what was acknowledged is there, once and whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_agent.session_manager import SessionManager
from tests.stores.places import DURABLE, Place

ROOT = Path(__file__).parents[2]


class Nursery:
    """Writers started and killed one after the other."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tests.stores.nursery", url]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert self._line() == "ready"

    def kill_one_after(self, seconds: float, session_id: str, *, writing: bool) -> list[tuple[str, str]]:
        """Start a writer and kill it, at once or when it writes; what it acknowledged, as (turn id, begun or done)."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{session_id}\n")
        self._process.stdin.flush()
        writer = int(self._line().removeprefix("pid "))
        said = [self._acknowledged(self._line())] if writing else []
        time.sleep(seconds)  # not to wait for anything: the moment of death is meant to be any
        os.kill(writer, signal.SIGKILL)
        while (line := self._line()) != "dead":
            said.append(self._acknowledged(line))
        return said

    @staticmethod
    def _acknowledged(line: str) -> tuple[str, str]:
        turn_id, _, what = line.partition(" ")
        return turn_id, what

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nursery died"
        return line.rstrip("\n")


async def check(manager: SessionManager, said: list[tuple[str, str]]) -> int:
    """Every acknowledged turn is there once, in order, as acknowledged; returns how many turns there are."""
    session = await manager.get("ann", "s")
    turns = await manager.history(session, 1_000_000)
    ids = [one.id for one in turns]
    assert len(set(ids)) == len(ids)
    assert [one.depth for one in turns] == list(range(1, session.depth + 1))
    assert [one.parent for one in turns] == [None, *ids[:-1]]
    assert [one for one in ids if (one, "done") in set(said)] == [one for one, what in said if what == "done"]
    status = {one.id: one.status for one in turns}
    if session.open is not None and session.open.id not in status:
        status[session.open.id] = "interrupted"  # as it will be, once its lease is over
    for turn_id, what in said:
        assert status[turn_id] == "done" if what == "done" else status[turn_id] in ("done", "interrupted")
    assert all(one.reply == "because " * 50 for one in turns if one.status == "done")
    return len(turns)


@pytest.mark.parametrize("kind", DURABLE)
@pytest.mark.parametrize("kills", [pytest.param(100, id="100"), pytest.param(1000, id="1000", marks=pytest.mark.slow)])
@pytest.mark.timeout(900)
async def test_D3_killed_writers_lose_nothing_acknowledged(
    make_place: Callable[[str], Place], kind: str, kills: int
) -> None:
    place = make_place(kind)
    manager = SessionManager(place.open(), lease_seconds=0.01)
    chance = random.Random(kills)
    nursery = Nursery(place.url)
    said: list[tuple[str, str]] = []
    try:
        for number in range(kills):
            said += nursery.kill_one_after(chance.uniform(0, 0.03), "s", writing=chance.random() < 0.8)
            if number % 20 == 0 and said:
                await check(manager, said)
    finally:
        nursery.close()
    assert sum(what == "done" for _, what in said) > kills / 4
    await check(manager, said)
