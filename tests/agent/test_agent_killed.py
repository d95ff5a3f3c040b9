"""A process that dies at any point of a turn: no tool call is made twice, what was done is known, the next turn works."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from jupyter_agent.core.events import Done, Event
from jupyter_agent.sessions.turns import LEASE_SECONDS
from jupyter_agent.stores.sqlite import SqliteStore
from tests.support import killed_turn

ROOT = Path(__file__).parents[2]
#: Commits of the turn: begun; first call begins, has ended; second call begins, has ended; finished.
POINTS = (
    [("before", number) for number in range(1, 7)] + [("after", number) for number in range(1, 7)] + [("within", 1)]
)


async def die(folder: Path, when: str, number: int) -> int:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = (sys.executable, "-m", "tests.support.killed_turn", str(folder), when, str(number))
    process = await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, env=environment)
    return await asyncio.wait_for(process.wait(), 60)


def recorded_runs(folder: Path) -> list[str]:
    place = folder / "recorded_runs"
    return place.read_text(encoding="utf-8").split() if place.exists() else []


@pytest.mark.parametrize(("when", "number"), POINTS, ids=str)
async def test_D3_a_turn_killed_at_a_commit_does_nothing_twice_and_forgets_nothing(
    tmp_path: Path, when: str, number: int
) -> None:
    assert await die(tmp_path, when, number) == -signal.SIGKILL
    done_before = recorded_runs(tmp_path)
    # Asked again when the lease of the dead process has ended.
    store = SqliteStore(tmp_path / "sessions.db", clock=lambda: time.monotonic() + LEASE_SECONDS + 1)
    again = killed_turn.assistant(store, tmp_path)
    events: list[Event] = await killed_turn.ask(again, turn_id="t1")
    session = await again.sessions.get("local", "s1")
    (turn,) = await again.sessions.tree.history(session, 10)
    if (when, number) == ("before", 1):
        assert (turn.status, recorded_runs(tmp_path)) == (
            "done",
            ["1", "2"],
        )  # nothing was begun, so all of it is done now
    else:
        assert recorded_runs(tmp_path) == done_before
        assert turn.status == ("done" if (when, number) == ("after", 6) else "interrupted")
        assert len(turn.actions) >= len(done_before)
        assert {action.tool for action in turn.actions} <= {"record"}
    assert events
    after = await killed_turn.ask(again)
    assert isinstance(after[-1], Done)
    await again.close()
