"""Conversations from before servers had owners: the first who claims them has them, whole, and nobody else."""

from __future__ import annotations

import asyncio

import pytest

from jupyter_agent.core.errors import Forbidden, NotFound
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions.claim import Claimed, claim, unclaimed
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.owner import EVERYBODY, LOCAL, everybody_owner
from tests.support.store_urls import Place

ANN, BOB = "server:" + "a" * 32, "server:" + "b" * 32


async def ask(
    sessions: SessionManager, owner: str, session_id: str, question: str, notebook_id: str = "a.ipynb"
) -> None:
    begun = await sessions.log.begin(owner, notebook_id, session_id, None, question, "")
    assert begun.session.open is not None
    turn = Turn(begun.session.open.id, begun.session.head, begun.session.depth + 1, question, reply="Yes.")
    await sessions.log.finish(begun.session, turn)


async def state(sessions: SessionManager, owner: str, session_id: str) -> tuple[Session, tuple[Turn, ...]]:
    session = await sessions.get(owner, session_id)
    return session, await sessions.tree.all_turns(session)


async def test_N11_what_is_claimed_is_whole_and_anothers_no_more(store: SessionStore) -> None:
    sessions = SessionManager(store)
    for question in ("one", "two"):
        await ask(sessions, LOCAL, "s1", question)
    await sessions.tree.move_head("undo", LOCAL, "s1")
    await ask(sessions, LOCAL, "s1", "three")
    token = await sessions.share(LOCAL, "s1", mode="copy")
    await ask(sessions, ANN, "s1", "mine")
    await ask(sessions, EVERYBODY, "s2", "ours")
    before, turns = await state(sessions, LOCAL, "s1")
    assert len(turns) == 3
    assert await unclaimed(store, ANN) == 2

    assert await claim(sessions, ANN) == Claimed(2, 0)
    page = await sessions.find(ANN)
    (moved,) = [session for session in page.sessions if session.id != "s1"]
    assert moved.id.startswith("s1.")
    assert await sessions.tree.all_turns(moved) == turns
    assert (moved.title, moved.head, moved.redo, moved.created_at) == (
        before.title,
        before.head,
        before.redo,
        before.created_at,
    )
    assert (await sessions.shared(token))[0].key == moved.key
    assert (await sessions.find(LOCAL)).sessions == ()
    assert [session.id for session in (await sessions.find(everybody_owner(ANN))).sessions] == ["s2"]
    await ask(sessions, ANN, moved.id, "four")
    assert await claim(sessions, ANN) == Claimed(0, 0)


async def test_N11_only_the_first_claimant_gets_any(place: Place) -> None:
    sessions = SessionManager(place.open())
    for number in range(5):
        await ask(sessions, LOCAL, f"s{number}", "why?")
    answers = await asyncio.gather(
        *(claim(SessionManager(place.open()), owner) for owner in (ANN, BOB)), return_exceptions=True
    )
    winner, loser = (ANN, BOB) if answers[0] == Claimed(5, 0) else (BOB, ANN)
    assert Claimed(5, 0) in answers
    assert len((await sessions.find(winner)).sessions) == 5
    assert (await sessions.find(loser)).sessions == ()
    await ask(sessions, LOCAL, "late", "by a server that has no owner yet")
    assert (await unclaimed(sessions.store, winner), await unclaimed(sessions.store, loser)) == (1, 0)
    with pytest.raises(Forbidden, match="claimed"):
        await claim(sessions, loser)
    assert await claim(sessions, winner) == Claimed(1, 0)


async def test_N11_what_is_being_answered_waits_and_an_interrupted_claim_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = place.open()
    sessions = SessionManager(store)
    await sessions.log.begin(LOCAL, "b.ipynb", "open", "t1", "why?", "")
    await ask(sessions, LOCAL, "s1", "one")

    async def cut(key: str) -> bool:
        raise ConnectionError(key)

    with monkeypatch.context() as patch:
        patch.setattr(store, "delete", cut)
        with pytest.raises(ConnectionError):
            await claim(sessions, ANN)
    assert await claim(sessions, ANN) == Claimed(1, 1)
    assert [session.id for session in (await sessions.find(ANN)).sessions] == ["s1"]
    with pytest.raises(NotFound):
        await sessions.get(LOCAL, "s1")


async def test_N11_what_was_deleted_is_claimed_too_and_can_be_restored(store: SessionStore) -> None:
    sessions = SessionManager(store)
    for owner, session_id in ((LOCAL, "s1"), (LOCAL, "s2"), (EVERYBODY, "s3")):
        await ask(sessions, owner, session_id, f"why {session_id}?")
    for owner, session_id in ((LOCAL, "s1"), (EVERYBODY, "s3")):
        await sessions.delete(owner, session_id)
    assert await unclaimed(store, ANN) == 1
    assert await claim(sessions, ANN) == Claimed(1, 0, 2)
    assert [session.id for session in (await sessions.find(ANN)).sessions] == ["s2"]
    for former in (LOCAL, BOB):
        with pytest.raises(NotFound):
            await sessions.restore(former, "s1")
    await ask(sessions, LOCAL, "late", "by a server that has no owner yet")
    await sessions.delete(LOCAL, "late")
    with pytest.raises(Forbidden, match="claimed"):
        await claim(sessions, BOB)
    assert await claim(sessions, ANN) == Claimed(0, 0, 1)
    for owner, session_id in ((ANN, "s1"), (everybody_owner(ANN), "s3")):
        assert (await sessions.restore(owner, session_id)).id == session_id
        restored, turns = await state(sessions, owner, session_id)
        assert (restored.title, [turn.question for turn in turns]) == (f"why {session_id}?", [f"why {session_id}?"])
        await ask(sessions, owner, session_id, "and now?")
