"""A program that answers one question and kills itself before or after a commit to its store; for tests of what is left."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_agent.agent.assistant import Assistant, Resources
from jupyter_agent.config.options import JupyterAgent
from jupyter_agent.core.events import Event
from jupyter_agent.core.messages import Effect
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.core.question import Question
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores.sqlite import SqliteStore
from tests.support.scripted_assistant import events_of

SCRIPT: list[Any] = [
    {"calls": [{"name": "record", "arguments": {}}]},
    {"calls": [{"name": "record", "arguments": {"n": 2}}]},
    "Done.",
]


class RecordedRun:
    """Does something in the world that can be counted."""

    effect: Effect = "execute"
    spec = ToolSpec("record", "Does it.", {"type": "object"})

    def __init__(self, place: Path, *, deadly: bool = False) -> None:
        self._place = place
        self._deadly = deadly

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        with self._place.open("a", encoding="utf-8") as file:
            file.write(f"{arguments.get('n', 1)}\n")
            file.flush()
            os.fsync(file.fileno())
        if self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return ToolOutput("It was done.")


class Deadly(SqliteStore):
    """Kills its process at one of its commits."""

    when = ""
    left = 0

    async def create(self, session: Session, turns: Sequence[Turn] = ()) -> None:
        self._reached("before")
        await super().create(session, turns)
        self._reached("after")

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        self._reached("before")
        await super().commit(session, turn)
        self._reached("after")

    def _reached(self, when: str) -> None:
        self.left -= when == "before"
        if when == self.when and self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def assistant(store: SqliteStore, folder: Path, *, deadly: bool = False) -> Assistant:
    sessions = SessionManager(store)
    made = Assistant(
        Resources(
            JupyterAgent(model="scripted"), {"record": RecordedRun(folder / "recorded_runs", deadly=deadly)}, Redactor()
        ),
        sessions,
    )
    made.resources.models["scripted"] = ScriptedModel(SCRIPT)
    return made


async def ask(made: Assistant, **more: Any) -> list[Event]:
    """The question that is asked again after the kill."""
    return await events_of(made, Question("local", "Do it.", session_id="s1", approval="auto", **more))


async def _main(folder: Path, when: str, number: int) -> None:
    store = Deadly.from_url(f"sqlite:///{folder / 'sessions.db'}")
    assert isinstance(store, Deadly)
    store.when, store.left = when, number
    made = assistant(store, folder, deadly=when == "within")
    await ask(made, turn_id="t1")
    await made.close()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
