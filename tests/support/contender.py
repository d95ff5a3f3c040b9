"""A process of several clients that all want to ask in the same conversation, and record what happened when.

Run as ``python -m tests.support.contender URL NAME``; each line of its input names a conversation. For each it prints one
line of JSON: a list of ``[turn id, result, invoked, begun, finishing, finished]`` in seconds of the machine's clock.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from jupyter_agent.core.errors import TurnInProgress
from jupyter_agent.core.session import Turn
from jupyter_agent.sessions.manager import SessionManager
from tests.support.store_urls import open_store
from tests.support.store_writers import say

CLIENTS = 4
QUESTIONS = 3


async def ask(manager: SessionManager, session_id: str, turn_id: str) -> list[object]:
    """One question, and when what happened to it."""
    invoked = time.monotonic()
    try:
        begun = await manager.log.begin("ann", "a.ipynb", session_id, turn_id, "why?", "digest")
    except TurnInProgress:
        return [turn_id, "refused", invoked, 0, 0, time.monotonic()]
    active = time.monotonic()
    await asyncio.sleep(0)
    finishing = time.monotonic()
    await manager.log.finish(begun.session, Turn(turn_id, None, 0, "why?", reply="because"))
    return [turn_id, "done", invoked, active, finishing, time.monotonic()]


async def contend(managers: list[SessionManager], session_id: str, name: str) -> list[list[object]]:
    """All clients at once, each with its questions one after the other."""

    async def client(number: int) -> list[list[object]]:
        names = [f"{name}-{number}-{question}" for question in range(QUESTIONS)]
        return [await ask(managers[number], session_id, turn_id) for turn_id in names]

    return [row for asked in await asyncio.gather(*(client(number) for number in range(CLIENTS))) for row in asked]


def main() -> None:
    """Contend in each conversation that is named."""
    url, name = sys.argv[1:]
    with asyncio.Runner() as runner:
        managers = [SessionManager(open_store(url), max_sessions=1_000_000) for _ in range(CLIENTS)]
        runner.run(managers[0].find("ann", limit=1))
        say("ready")
        for line in sys.stdin:
            say(json.dumps(runner.run(contend(managers, line.strip(), name))))


if __name__ == "__main__":
    main()
