"""Several processes with several clients each in one conversation: one turn at a time, none lost, no fork."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_agent.core.errors import TurnInProgress, VersionConflict
from jupyter_agent.sessions.manager import SessionManager
from tests.support.store_urls import DURABLE, Place

ROOT = Path(__file__).parents[2]
PROCESSES = 3


def start(command: list[str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")


class Contenders:
    """Processes that are told the same conversation at the same time."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tests.support.contender", url]
        self._processes = [start([*command, f"p{number}"]) for number in range(PROCESSES)]
        for process in self._processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

    def contend(self, session_id: str) -> list[tuple[str, str, float, float, float, float]]:
        """What happened to each question."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{session_id}\n")
            process.stdin.flush()
        happened: list[tuple[str, str, float, float, float, float]] = []
        for process in self._processes:
            assert process.stdout is not None
            happened += [tuple(asked) for asked in json.loads(process.stdout.readline())]
        return happened

    def close(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)
            assert process.stdout is not None
            process.stdout.close()


@pytest.mark.parametrize("kind", DURABLE)
@pytest.mark.parametrize("histories", [pytest.param(6, id="6"), pytest.param(2500, id="2500", marks=pytest.mark.slow)])
@pytest.mark.timeout(3600)
async def test_T2_D16_I3_one_turn_at_a_time_whatever_process_asks(
    make_place: Callable[[str], Place], kind: str, histories: int
) -> None:
    place = make_place(kind)
    manager = SessionManager(place.open())
    contenders = Contenders(place.url)
    try:
        for number in range(histories):
            happened = contenders.contend(f"s{number}")
            done = sorted(
                (question for question in happened if question[1] == "done"), key=lambda question: question[3]
            )
            assert done
            session = await manager.get("ann", f"s{number}")
            turns = await manager.tree.history(session, 1000)
            assert session.open is None
            assert session.depth == len(turns)
            assert [turn.depth for turn in turns] == list(range(1, len(turns) + 1))
            assert [turn.id for turn in turns] == [result[0] for result in done]
            for before, after in itertools.pairwise(done):
                # The next turn cannot have begun before somebody was about to end the one before it.
                assert before[4] <= after[3]
            await manager.clear("ann", session.id)  # a new conversation is looked for among all that are there
    finally:
        contenders.close()


@pytest.mark.parametrize("kind", DURABLE)
async def test_T5_a_holder_stopped_past_its_lease_cannot_commit(make_place: Callable[[str], Place], kind: str) -> None:
    place = make_place(kind)
    code = (
        "import asyncio, sys\n"
        "from jupyter_agent.core.errors import VersionConflict\n"
        "from jupyter_agent.core.session import Turn\n"
        "from jupyter_agent.sessions.manager import SessionManager\n"
        "from tests.support.store_urls import open_store\n"
        "async def main():\n"
        "    manager = SessionManager(open_store(sys.argv[1]), lease_seconds=0.2)\n"
        "    begun = await manager.log.begin('ann', 'a.ipynb', 's', 't1', 'slow?', '')\n"
        "    print('begun', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    try:\n"
        "        await manager.log.finish(begun.session, Turn('t1', None, 0, 'slow?', reply='late'))\n"
        "    except VersionConflict:\n"
        "        print('refused', flush=True)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", code, place.url]
    with start(command) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "begun\n"
        os.kill(holder.pid, signal.SIGSTOP)
        manager = SessionManager(place.open())
        begun = None
        while begun is None:  # bounded by the test's own time limit: until the lease is over
            try:
                begun = await manager.log.begin("ann", "a.ipynb", "s", "t2", "newer?", "")
            except TurnInProgress:
                continue
        os.kill(holder.pid, signal.SIGCONT)
        holder.stdin.write("go on\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "refused\n"
    turns = await manager.tree.history(begun.session)
    assert [(turn.id, turn.status) for turn in turns] == [("t1", "interrupted")]
    with pytest.raises(VersionConflict):
        await manager.log.finish(begun.session, turns[0])
