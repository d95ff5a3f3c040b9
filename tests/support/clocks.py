"""A process whose wall clock is set as it is told: the machine's other clock goes on, as it does in life.

Run as ``python -m tests.support.clocks URL``; each line of its input is a list in JSON: ``["set", seconds ahead]``,
``["freeze"]``, ``["ask", question]`` or ``["hold", question]``, which begins a turn and leaves it open. It says what came
of each.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable

from jupyter_agent.core.errors import TurnInProgress
from jupyter_agent.core.session import Turn
from jupyter_agent.sessions.manager import SessionManager
from tests.support.store_urls import open_store
from tests.support.store_writers import say

RIGHT: Callable[[], float] = time.time


def set_clock(seconds: float) -> str:
    """Step the clock to so many seconds ahead of the right time."""
    time.time = lambda: RIGHT() + seconds
    return "set"


def freeze() -> str:
    """Stop the clock."""
    now = RIGHT()
    time.time = lambda: now
    return "frozen"


async def ask(manager: SessionManager, question: str, *, hold: bool = False) -> str:
    """Ask, and answer unless the turn is held."""
    try:
        begun = await manager.log.begin("ann", "a.ipynb", "s", None, question, "")
    except TurnInProgress:
        return "refused"
    if hold:
        return "held"
    await manager.log.finish(
        begun.session, Turn(begun.turn_id, None, 0, question, reply="because", started=time.time())
    )
    return "done"


def main() -> None:
    """Do each line."""
    manager = SessionManager(open_store(sys.argv[1]), max_age_seconds=3600, lease_seconds=1)
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            what, *given = json.loads(line)
            if what == "set":
                say(set_clock(*given))
            elif what == "freeze":
                say(freeze())
            else:
                say(runner.run(ask(manager, *given, hold=what == "hold")))


if __name__ == "__main__":
    main()
