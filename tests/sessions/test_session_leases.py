"""How soon a conversation answers again: after its process was killed, and after its store was away for a moment."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.errors import StoreFull, StoreUnavailable, TooLarge, TurnInProgress, UndoInProgress
from jupyter_agent.core.messages import CellChange
from jupyter_agent.core.protocols import Page
from jupyter_agent.core.session import OpenTurn, Session, Turn
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.process import has_ended, this_process
from jupyter_agent.sessions.turns import LEASE_SECONDS
from jupyter_agent.sessions.undo import EditHistory
from jupyter_agent.stores.memory import MemoryStore
from jupyter_agent.stores.sqlite import SqliteStore

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there processes can be told apart for certain")

HOLDER = """
import asyncio, sys
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores.sqlite import SqliteStore
async def main():
    store = SqliteStore.from_url(sys.argv[1])
    await SessionManager(store).log.begin("ann", "a.ipynb", "s", None, "lost?", "")
    print("begun", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


class BrokenStore(MemoryStore):
    """A store that fails while it has an error to raise: before it writes, or after."""

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self.writes_first = False
        self.is_closed = asyncio.Event()
        self.listed = 0

    async def find(self, owner: str, **wanted: Any) -> Page:
        self.listed += 1
        return await super().find(owner, **wanted)

    async def read(self, key: str) -> Session | None:
        self._fail()
        return await super().read(key)

    async def create(self, session: Session, turns: object = ()) -> None:
        if self.writes_first:
            await super().create(session)
        self._fail()
        if not self.writes_first:
            await super().create(session)

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        self._fail()
        await super().commit(session, turn)
        if session.open is None:
            self.is_closed.set()

    async def turn(self, key: str, turn_id: str) -> Turn | None:
        self._fail()
        return await super().turn(key, turn_id)

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


@pytest.fixture
def store() -> BrokenStore:
    return BrokenStore()


@contextmanager
def holder(url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a turn of ``s``."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
    finally:
        process.kill()
        process.communicate()


async def begin(manager: SessionManager, question: str = "next?", turn_id: str | None = None) -> str:
    return (await manager.log.begin("ann", "a.ipynb", "s", turn_id, question, "")).turn_id


async def turns(manager: SessionManager) -> list[tuple[str, str, str]]:
    session = await manager.get("ann", "s")
    return [(turn.question, turn.status, turn.reply) for turn in await manager.tree.history(session)]


async def not_stored(manager: SessionManager, store: BrokenStore, error: Exception) -> None:
    """A turn whose answer the store does not take from now on."""
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, "why?", "")
    store.error = error
    with pytest.raises(type(error)):
        await manager.log.finish(begun.session, Turn(begun.turn_id, None, 0, "why?", reply="because"))


async def test_N14_a_conversation_whose_process_was_killed_answers_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sessions.db'}"
    with holder(url) as process:
        manager = SessionManager(SqliteStore.from_url(url))
        with pytest.raises(TurnInProgress) as refused:
            await begin(manager)
        assert str(refused.value) == "This conversation is answering another question. Wait for it, or cancel it."
        process.send_signal(signal.SIGSTOP)  # it may go on: nothing is concluded from that
        with pytest.raises(TurnInProgress):
            await begin(manager)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        await begin(manager)  # although nobody has taken note of its end yet
        assert await turns(manager) == [("lost?", "interrupted", "")]
        await manager.store.close()


async def test_N14_only_of_this_machines_processes_anything_is_concluded() -> None:
    space, pid, started = this_process().split(":")
    assert not has_ended(this_process())
    assert has_ended(f"{space}:{pid}:{int(started) - 1}")  # another process of the same id, since
    assert has_ended(f"{space}:{2**22 + 1}:{started}")
    assert not has_ended("")
    assert not has_ended(f"another:{2**22 + 1}:{started}")
    assert not has_ended(f"{space}:x:y")
    assert not has_ended(f"{space}:{2**80}:{started}")
    assert not has_ended(f"{space}:1:{_started(1)}")


def _started(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]


async def test_N14_of_others_processes_the_seconds_are_told(manager: SessionManager) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, "there?", "")
    opened = begun.session.open
    assert opened is not None
    assert LEASE_SECONDS <= 10
    theirs = replace(begun.session, revision=begun.session.revision + 1, open=replace(opened, process="elsewhere:7:7"))
    await manager.store.commit(theirs)
    with pytest.raises(
        TurnInProgress, match=r"Wait for it, or cancel it\. If what held it is gone, it is free again in"
    ):
        await begin(manager)
    with pytest.raises(TurnInProgress, match=r"free again in (10|[1-9]) s\.$"):
        await manager.tree.move_head("undo", "ann", "s")


@pytest.mark.parametrize("error", [StoreUnavailable("It is away."), StoreFull("It is full.")])
async def test_N14_a_turn_that_the_store_did_not_take_is_stored_with_the_next_question(
    manager: SessionManager, store: BrokenStore, error: Exception
) -> None:
    await not_stored(manager, store, error)
    with pytest.raises(type(error)):
        await begin(manager)
    store.error = None
    await begin(manager)
    assert await turns(manager) == [("why?", "done", "because")]


async def test_N14_other_processes_need_not_wait_for_the_next_question(
    manager: SessionManager, store: BrokenStore
) -> None:
    await not_stored(manager, store, StoreUnavailable("It is away."))
    store.error = None
    async with asyncio.timeout(LEASE_SECONDS):
        await store.is_closed.wait()
    other = SessionManager(store)
    await begin(other)
    assert await turns(other) == [("why?", "done", "because")]


async def test_N14_a_turn_too_large_to_be_kept_holds_up_no_other(manager: SessionManager, store: BrokenStore) -> None:
    await not_stored(manager, store, TooLarge("It is too large."))
    store.error = None
    await begin(manager)
    assert await turns(manager) == [("why?", "interrupted", "")]


async def test_N14_a_beginning_that_nobody_was_told_of_is_taken_back(
    manager: SessionManager, store: BrokenStore
) -> None:
    store.error, store.writes_first = StoreUnavailable("It is away."), True
    with pytest.raises(StoreUnavailable):
        await manager.log.begin("ann", "", "s", "t1", "why?", "")
    store.error, store.writes_first = None, False
    begun = await manager.log.begin("ann", "", "s", "t1", "why?", "")
    assert begun.stored is None
    await manager.log.finish(begun.session, Turn("t1", None, 0, "why?", reply="because"))
    assert [turn.reply for turn in await manager.tree.history(await manager.get("ann", "s"))] == ["because"]


async def test_N14_what_is_taken_back_is_not_the_question_that_was_stored_in_its_place(
    manager: SessionManager, store: BrokenStore
) -> None:
    first = await manager.log.begin("ann", "a.ipynb", "s", None, "first", "")
    await manager.log.finish(first.session, Turn(first.turn_id, None, 0, "first", reply="1"))
    store.error = StoreUnavailable("It is away.")  # before it has written anything
    with pytest.raises(StoreUnavailable):
        await begin(manager, "lost")
    store.error = None
    # It has the revision that the lost one would have had.
    second = await SessionManager(store).log.begin("ann", "a.ipynb", "s", None, "second", "")
    await manager.log.close()
    await manager.log.finish(second.session, Turn(second.turn_id, None, 0, "second", reply="2"))
    assert await turns(manager) == [("first", "done", "1"), ("second", "done", "2")]


async def test_a_conversation_that_is_there_is_gone_on_with_without_a_look_through_all(store: BrokenStore) -> None:
    first = await SessionManager(store).log.begin("ann", "a.ipynb", "s", None, "first", "")
    await SessionManager(store).log.finish(first.session, Turn(first.turn_id, None, 0, "first", reply="1"))
    store.listed = 0
    await begin(SessionManager(store), "another process asks")
    await SessionManager(store).log.begin("ann", "a.ipynb", None, None, "a new one", "")
    assert store.listed == 0


async def test_N14_a_question_cancelled_while_it_is_stored_holds_up_no_other(
    manager: SessionManager, store: BrokenStore
) -> None:
    store.error, store.writes_first = asyncio.CancelledError(), True
    with pytest.raises(asyncio.CancelledError):
        await begin(manager, "cancelled")
    store.error, store.writes_first = None, False
    await begin(manager)
    assert await turns(manager) == []


async def test_N14_what_could_not_be_closed_is_closed_with_the_process(
    manager: SessionManager, store: BrokenStore
) -> None:
    await not_stored(manager, store, StoreUnavailable("It is away."))
    store.error = None
    await manager.log.close()
    assert await turns(SessionManager(store)) == [("why?", "done", "because")]


async def test_N14_a_turn_that_was_taken_over_meanwhile_stays_as_it_was_taken(
    manager: SessionManager, store: BrokenStore
) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, "why?", "")
    store.error = StoreUnavailable("It is away.")
    with pytest.raises(StoreUnavailable):
        await manager.log.finish(begun.session, Turn(begun.turn_id, None, 0, "why?", reply="too late"))
    store.error = None
    opened = begun.session.open
    assert isinstance(opened, OpenTurn)
    over = replace(opened, expires=await store.now() - 1)
    await store.commit(replace(begun.session, revision=begun.session.revision + 1, open=over))
    other = SessionManager(store)
    await begin(other, "another?")
    await manager.log.close()
    assert await turns(other) == [("why?", "interrupted", "")]


async def test_N14_an_undo_that_the_store_did_not_take_is_finished_with_the_next(
    manager: SessionManager, store: BrokenStore
) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, "why?", "")
    cell = {"cell_type": "code", "source": "1"}
    edits = (CellChange("c1", None, cell),)
    await manager.log.finish(begun.session, Turn(begun.turn_id, None, 0, "why?", edits=edits))
    edit_history = EditHistory(manager, Redactor())

    class BreakingNotebook:
        """Its store is away as soon as the cells are restored."""

        path = "a.ipynb"

        async def apply_changes(self, _changes: object) -> tuple[str, ...]:
            store.error = StoreUnavailable("It is away.")
            return ()

    notebook = BreakingNotebook()
    with pytest.raises(StoreUnavailable):
        await edit_history.apply("undo", "ann", "s", notebook=notebook)  # type: ignore[arg-type]
    store.error = None
    with pytest.raises(UndoInProgress):  # of another process: this one is alive, and might be at it
        await SessionManager(store).tree.begin_undo("undo", "ann", "s")
    session, pending = await manager.tree.begin_undo("undo", "ann", "s")
    assert (pending.kind, pending.turn_id, session.head) == ("undo", begun.turn_id, begun.turn_id)
