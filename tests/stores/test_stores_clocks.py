"""Clocks that are set back, set ahead or stand still: turns keep their order, leases hold, nothing ages by it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_agent.core.errors import TurnInProgress
from jupyter_agent.core.session import Turn
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.turns import Begun
from tests.support.store_urls import DURABLE, Place

ROOT = Path(__file__).parents[2]
DAY = 86_400
CLOCKS: tuple[list[object], ...] = (["set", -DAY], ["set", 3652 * DAY], ["freeze"], ["set", 0])


class Clockwork:
    """A process of another program that sees another time."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tests.support.clocks", url]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")

    def do(self, *what: object) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().rstrip("\n")

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(params=DURABLE)
def place(request: pytest.FixtureRequest, make_place: Callable[[str], Place]) -> Place:
    kind: str = request.param
    return make_place(kind)


@pytest.fixture
def other(place: Place) -> Iterator[Clockwork]:
    process = Clockwork(place.url)
    yield process
    process.kill()


async def begun_at_last(manager: SessionManager, question: str) -> Begun:
    """A turn begun once the lease of the one before is over; bounded by the test's own time limit."""
    while True:
        try:
            return await manager.log.begin("ann", "a.ipynb", "s", None, question, "")
        except TurnInProgress:
            continue


async def test_D17_whatever_the_clock_says_turns_keep_their_order_and_leases_hold(
    place: Place, other: Clockwork
) -> None:
    manager = SessionManager(place.open())
    asked: list[str] = []
    for number, clock in enumerate(CLOCKS):
        begun = await manager.log.begin("ann", "a.ipynb", "s", None, f"here {number}", "")
        other.do(*clock)
        assert other.do("ask", "meanwhile?") == "refused"
        await manager.log.finish(begun.session, Turn(begun.turn_id, None, 0, f"here {number}"))
        assert other.do("ask", f"there {number}") == "done"
        asked += [f"here {number}", f"there {number}"]
    session = await manager.get("ann", "s")
    turns = await manager.tree.history(session)
    assert [turn.question for turn in turns] == asked
    assert [turn.depth for turn in turns] == list(range(1, len(asked) + 1))
    assert [turn.status for turn in turns] == ["done"] * len(asked)


async def test_D17_the_lease_of_one_whose_clock_is_wrong_holds_and_ends(place: Place, other: Clockwork) -> None:
    manager = SessionManager(place.open())
    await manager.find("ann")  # connects
    for depth, clock in enumerate(CLOCKS[:2], 1):
        other.do(*clock)
        assert other.do("hold", "lost?") == "held"
        with pytest.raises(TurnInProgress):
            await manager.log.begin("ann", "a.ipynb", "s", None, "next?", "")
        begun = await begun_at_last(manager, "next?")
        await manager.log.finish(begun.session, Turn(begun.turn_id, None, 0, "next?"))
        turns = await manager.tree.history(await manager.get("ann", "s"))
        assert [(turn.question, turn.status) for turn in turns] == [("lost?", "interrupted"), ("next?", "done")] * depth


async def test_D17_a_clock_that_is_set_ahead_makes_no_conversation_old(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    manager = SessionManager(place.open(), max_age_seconds=3600)
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, "why?", "")
    await manager.log.finish(begun.session, Turn(begun.turn_id, None, 0, "why?"))
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + 3652 * DAY)
    assert await manager.log.cleanup("ann") == 0
    assert [session.id for session in (await manager.find("ann")).sessions] == ["s"]
    again = await manager.log.begin("ann", "a.ipynb", "s", None, "and?", "")
    assert again.session.depth == 1
