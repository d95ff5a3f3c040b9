"""A store that does what it is asked and cannot say so any more: nothing happens twice, nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jupyter_agent.core.errors import BadRequest, StoreUnavailable, VersionConflict
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.stores import clock
from jupyter_agent.stores.clock import ServerClock
from jupyter_agent.stores.memory import MemoryStore


class LosingReplies(MemoryStore):
    """Writes, and then breaks the connection where told to; or breaks it before."""

    lose: str = ""

    async def create(self, session: Session, turns: Sequence[Turn] = ()) -> None:
        self._break("before")
        await super().create(session, turns)
        self._break("after")

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        self._break("before")
        await super().commit(session, turn)
        self._break("after")

    def _break(self, when: str) -> None:
        if self.lose == when:
            raise StoreUnavailable("The connection is gone.")


@pytest.fixture
def store() -> LosingReplies:
    return LosingReplies()


async def test_D15_a_turn_whose_beginning_was_not_acknowledged_has_begun(
    manager: SessionManager, store: LosingReplies
) -> None:
    for turn_id in ("t1", "t2"):  # the first makes the conversation, the second goes on in it
        store.lose = "after"
        begun = await manager.log.begin("ann", "", "s", turn_id, "why?", "")
        store.lose = ""
        await manager.log.finish(begun.session, Turn(turn_id, None, 0, "why?"))
    assert [turn.id for turn in await manager.tree.history(await manager.get("ann", "s"))] == ["t1", "t2"]


async def test_D15_a_turn_whose_end_was_not_acknowledged_is_kept_once(
    manager: SessionManager, store: LosingReplies
) -> None:
    begun = await manager.log.begin("ann", "", "s", "t1", "why?", "")
    store.lose = "after"
    done = await manager.log.finish(begun.session, Turn("t1", None, 0, "why?", reply="because"))
    store.lose = ""
    assert done == await manager.get("ann", "s")
    assert [turn.reply for turn in await manager.tree.history(done)] == ["because"]


async def test_D10_a_turn_that_could_not_begin_or_end_is_not_said_to_have(
    manager: SessionManager, store: LosingReplies
) -> None:
    store.lose = "before"
    with pytest.raises(StoreUnavailable):
        await manager.log.begin("ann", "", "s", "t1", "why?", "")
    assert await store.count("ann") == 0
    store.lose = ""
    begun = await manager.log.begin("ann", "", "s", "t1", "why?", "")
    store.lose = "before"
    with pytest.raises(StoreUnavailable):
        await manager.log.finish(begun.session, Turn("t1", None, 0, "why?"))
    store.lose = ""
    assert (await manager.log.finish(begun.session, Turn("t1", None, 0, "why?"))).depth == 1


async def test_an_abandoned_turn_is_shown_although_it_cannot_be_settled(store: LosingReplies) -> None:
    manager = SessionManager(store, lease_seconds=-1)  # over as soon as it began
    await manager.log.begin("ann", "", "s", "t1", "lost?", "")
    store.lose = "before"
    session = await manager.get("ann", "s")
    assert [(turn.question, turn.status) for turn in await manager.tree.history(session)] == [("lost?", "interrupted")]


async def test_finishing_a_turn_that_is_not_open_is_refused(manager: SessionManager) -> None:
    begun = await manager.log.begin("ann", "", "s", "t1", "why?", "")
    with pytest.raises(VersionConflict):
        await manager.log.finish(begun.session, Turn("other", None, 0, "why?"))


async def test_D17_a_servers_clock_is_asked_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    async def ask() -> float:
        asked.append(1000.0)
        return 1000.0

    server = ServerClock(ask)
    times = [await server.now() for _ in range(5)]
    assert times == sorted(times)
    assert 1000 <= times[0] < times[-1] < 1060
    assert len(asked) == 1
    monkeypatch.setattr(clock, "ASK_AFTER_SECONDS", -1)
    await server.now()
    assert len(asked) == 2


def test_memory_takes_no_path() -> None:
    MemoryStore.from_url("memory://")
    with pytest.raises(BadRequest, match="sqlite:///"):
        MemoryStore.from_url("memory://folder")


async def test_a_question_finds_what_another_server_has_done_since(store: SessionStore) -> None:
    here, there = SessionManager(store), SessionManager(store)
    for manager, question in ((here, "one"), (there, "two"), (here, "three"), (here, "four")):
        begun = await manager.log.begin("ann", "a.ipynb", "s", question, question, "")
        await manager.log.finish(begun.session, Turn(question, None, 0, question))
    session = await here.get("ann", "s")
    assert [turn.id for turn in await here.tree.history(session)] == ["one", "two", "three", "four"]
    await there.clear("ann", "s")
    assert (await here.log.begin("ann", "a.ipynb", "s", None, "five", "")).session.depth == 0


class ContendedStore(MemoryStore):
    """Another process always commits to one session first."""

    contended = ""

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        if session.id == self.contended:
            raise VersionConflict("The conversation changed meanwhile.")
        await super().commit(session, turn)


async def test_a_renamed_notebook_that_loses_every_race_says_so_and_can_be_tried_again() -> None:
    store = ContendedStore()
    manager = SessionManager(store)
    for name in ("one", "two"):
        begun = await manager.log.begin("ann", "a.ipynb", name, None, "why?", "")
        await manager.log.finish(begun.session, Turn(begun.turn_id, None, 0, "why?"))
    store.contended = "two"  # the newest, which is the first to follow
    with pytest.raises(VersionConflict, match="does not follow its notebook") as error:
        await manager.rename_notebook("ann", "a.ipynb", "b.ipynb")
    assert error.value.retryable
    assert [(await manager.get("ann", name)).notebook_id for name in ("one", "two")] == ["b.ipynb", "a.ipynb"]
    store.contended = ""
    assert await manager.rename_notebook("ann", "a.ipynb", "b.ipynb") == 1
    assert (await manager.get("ann", "two")).notebook_id == "b.ipynb"
