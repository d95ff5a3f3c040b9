"""A process that starts writers quickly: for each line on its input it forks one, which writes until it is killed.

Run as ``python -m tests.support.store_writers URL``; each line names a conversation. The writer's process id is printed, then
``turn_id status`` once each turn has been acknowledged.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys

from jupyter_agent.core.errors import Conflict, StoreUnavailable
from jupyter_agent.core.session import Turn
from jupyter_agent.sessions.manager import SessionManager
from tests.support.store_urls import open_store

HEAVY = {
    "postgresql": ("psycopg", "psycopg.conninfo"),
    "redis": ("redis.asyncio", "redis.exceptions"),
}


async def write(url: str, session_id: str) -> None:
    """Ask and answer in one conversation, without end."""
    manager = SessionManager(open_store(url), lease_seconds=0.01)
    while True:
        try:
            begun = await manager.log.begin("ann", "a.ipynb", session_id, None, "why?", "digest")
            say(f"{begun.turn_id} begun")
            turn = Turn(begun.turn_id, None, 0, "why?", reply="because " * 50, variables=(f"v{os.getpid()}",))
            await manager.log.finish(begun.session, turn)
            say(f"{begun.turn_id} done")
        except (Conflict, StoreUnavailable):
            await asyncio.sleep(0.002)  # the lease of one who was killed is not over yet, or the server was killed


def say(line: str) -> None:
    """Acknowledge in one piece."""
    os.write(1, f"{line}\n".encode())


def main() -> None:
    """Fork a writer for each line."""
    url = sys.argv[1]
    for module in HEAVY.get(url.partition(":")[0], ()):
        importlib.import_module(module)  # once, not in each writer
    say("ready")
    for line in sys.stdin:
        if os.fork() == 0:
            say(f"pid {os.getpid()}")
            asyncio.run(write(url, line.strip()))
        else:
            os.wait()
            say("dead")


if __name__ == "__main__":
    main()
