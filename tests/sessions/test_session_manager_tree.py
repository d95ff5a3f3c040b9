"""Undo, branches, replay, sharing, moving, export and import: no turn is lost, nobody else's is seen."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jupyter_agent.core.errors import Conflict, Forbidden, NotFound, TooManyRequests, TurnInProgress
from jupyter_agent.core.messages import to_json
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.tree import compare_turns
from tests.support.answered_turn import ask


async def questions(manager: SessionManager, session: Session | None = None) -> list[str]:
    session = session or await manager.get("ann", "s")
    turns = await manager.tree.history(session)
    assert [turn.depth for turn in turns] == list(range(1, session.depth + 1))
    return [turn.question for turn in turns]


async def test_undo_takes_turns_back_and_redo_brings_them_again(manager: SessionManager) -> None:
    for question in ("q1", "q2", "q3"):
        await ask(manager, question)
    await manager.tree.move_head("undo", "ann", "s")
    assert await questions(manager, await manager.tree.move_head("undo", "ann", "s")) == ["q1"]
    assert await questions(manager, await manager.tree.move_head("redo", "ann", "s")) == ["q1", "q2"]
    assert await questions(manager, await manager.tree.move_head("redo", "ann", "s")) == ["q1", "q2", "q3"]
    with pytest.raises(Conflict, match="redo"):
        await manager.tree.move_head("redo", "ann", "s")


async def test_everything_can_be_undone_and_redone(manager: SessionManager) -> None:
    await ask(manager, "q1")
    empty = await manager.tree.move_head("undo", "ann", "s")
    assert (empty.head, empty.depth) == (None, 0)
    with pytest.raises(Conflict, match="undo"):
        await manager.tree.move_head("undo", "ann", "s")
    assert await questions(manager, await manager.tree.move_head("redo", "ann", "s")) == ["q1"]


async def test_a_question_after_an_undo_is_another_branch_and_the_old_one_stays(manager: SessionManager) -> None:
    await ask(manager, "q1")
    await ask(manager, "q2")
    await manager.tree.move_head("undo", "ann", "s")
    await ask(manager, "other")
    assert await questions(manager) == ["q1", "other"]
    with pytest.raises(Conflict):
        await manager.tree.move_head("redo", "ann", "s")
    assert await questions(manager, await manager.tree.set_head("ann", "s", "q2")) == ["q1", "q2"]
    assert await questions(manager, await manager.tree.set_head("ann", "s", "other")) == ["q1", "other"]
    with pytest.raises(NotFound):
        await manager.tree.set_head("ann", "s", "never")


async def test_nothing_is_undone_during_a_turn(manager: SessionManager) -> None:
    await ask(manager, "q1")
    await manager.log.begin("ann", "a.ipynb", "s", None, "running", "")
    for refused in (
        manager.tree.move_head("undo", "ann", "s"),
        manager.tree.move_head("redo", "ann", "s"),
        manager.tree.set_head("ann", "s", "q1"),
    ):
        with pytest.raises(TurnInProgress):
            await refused
    assert await questions(manager) == ["q1"]


async def test_a_branch_is_a_conversation_of_its_own(manager: SessionManager) -> None:
    for question in ("q1", "q2", "q3"):
        await ask(manager, question, variables=(f"v{question}",))
    branch = await manager.tree.branch("ann", "s", turn_id="q2")
    assert branch.extra["from"] == {"session_id": "s", "turn_id": "q2"}
    assert (branch.title, branch.variables) == ("q1", ("vq1", "vq2"))
    assert await questions(manager, branch) == ["q1", "q2"]
    await ask(manager, "only here", session_id=branch.id)
    assert await questions(manager) == ["q1", "q2", "q3"]
    await manager.clear("ann", "s")
    assert await questions(manager, await manager.get("ann", branch.id)) == ["q1", "q2", "only here"]


async def test_a_branch_without_a_turn_begins_at_the_head(manager: SessionManager) -> None:
    await ask(manager, "q1")
    branch = await manager.tree.branch("ann", "s")
    assert await questions(manager, await manager.get("ann", branch.id, "a.ipynb")) == ["q1"]
    with pytest.raises(NotFound):
        await manager.tree.branch("ann", "s", turn_id="never")
    with pytest.raises(NotFound):
        await manager.tree.branch("bob", "s")


async def test_branches_count_against_the_limit(store: SessionStore) -> None:
    manager = SessionManager(store, max_sessions=1)
    await ask(manager, "q1")
    with pytest.raises(TooManyRequests):
        await manager.tree.branch("ann", "s")


async def test_a_replay_is_a_branch_and_the_questions_to_ask_again(manager: SessionManager) -> None:
    for question in ("q1", "q2", "q3"):
        await ask(manager, question)
    replay = await manager.tree.replay("ann", "s", first="q2")
    assert await questions(manager, replay.session) == ["q1"]
    assert [turn.question for turn in replay.turns] == ["q2", "q3"]
    again = await ask(manager, "q2", session_id=replay.session.id, model="other", reply="new")
    compared = compare_turns(replay.turns, (await manager.tree.history(again))[1:])
    assert [(row["question"], row["same"]) for row in compared] == [("q2", False)]
    whole = await manager.tree.replay("ann", "s", last="q2")
    assert (whole.session.head, [turn.id for turn in whole.turns]) == (None, ["q1", "q2"])
    with pytest.raises(NotFound):
        await manager.tree.replay("ann", "s", first="q3", last="q2")


async def test_a_summary_is_kept_with_the_turn_it_reaches_to(manager: SessionManager) -> None:
    await ask(manager, "q1")
    await ask(manager, "q2")
    session = await manager.summarize("ann", "s", "They asked twice.", turn_id="q1")
    summary = session.extra["summary"]
    assert isinstance(summary, dict)
    assert (summary["text"], summary["turn_id"]) == ("They asked twice.", "q1")
    assert await manager.get("ann", "s") == session


async def test_cleanup_forgets_what_is_idle_for_too_long(store: SessionStore) -> None:
    manager = SessionManager(store, max_age_seconds=60)
    for name in ("old", "new", "answering"):
        await ask(manager, "q", session_id=name)
    for name in ("old", "answering"):
        session = await manager.get("ann", name)
        aged = replace(session, revision=session.revision + 1, last_activity=session.last_activity - 61)
        await store.commit(aged)
        if name == "answering":
            opened = (await manager.log.begin("ann", "a.ipynb", "x", None, "?", "")).session.open
            await store.commit(replace(aged, revision=aged.revision + 1, open=opened))
    assert await manager.log.cleanup("ann") == 1
    assert sorted(session.id for session in (await store.find("ann")).sessions) == ["answering", "new", "x"]
    assert await manager.log.cleanup("bob") == 0


async def test_what_is_too_old_makes_room(store: SessionStore) -> None:
    manager = SessionManager(store, max_sessions=1, max_age_seconds=60)
    session = await ask(manager, "q", session_id="old")
    await store.commit(replace(session, revision=session.revision + 1, last_activity=session.last_activity - 61))
    await ask(manager, "q", session_id="new")
    assert [session.id for session in (await store.find("ann")).sessions] == ["new"]


async def test_S16_conversations_follow_a_notebook_that_is_renamed(manager: SessionManager) -> None:
    await ask(manager, "q1", notebook_id="old.ipynb")
    await ask(manager, "elsewhere", notebook_id="old.ipynb2")
    assert await manager.rename_notebook("ann", "old.ipynb", "new.ipynb") == 1
    with pytest.raises(NotFound):
        await manager.get("ann", "s", "old.ipynb")
    await ask(manager, "q2", notebook_id="new.ipynb")
    assert await questions(manager, await manager.get("ann", "s", "new.ipynb")) == ["q1", "q2"]
    await ask(manager, "anew", notebook_id="old.ipynb")
    assert await questions(manager, await manager.get("ann", "s", "old.ipynb")) == ["anew"]
    assert await questions(manager, await manager.get("ann", "s", "new.ipynb")) == ["q1", "q2"]
    await manager.rename_notebook("ann", "new.ipynb", "old.ipynb3")
    assert await questions(manager, await manager.get("ann", "s", "old.ipynb3")) == ["q1", "q2"]


async def test_S16_conversations_follow_a_folder_that_is_renamed(manager: SessionManager) -> None:
    await ask(manager, "q1", notebook_id="work/deep/a.ipynb")
    await ask(manager, "q2", notebook_id="workshop/a.ipynb")
    assert await manager.rename_notebook("ann", "work", "play") == 1
    assert await questions(manager, await manager.get("ann", "s", "play/deep/a.ipynb")) == ["q1"]
    assert await questions(manager, await manager.get("ann", "s", "workshop/a.ipynb")) == ["q2"]


async def test_S16_a_conversation_about_a_notebook_that_was_replaced_gets_another_id(manager: SessionManager) -> None:
    await ask(manager, "of the dead one", notebook_id="b.ipynb")
    await ask(manager, "moving", notebook_id="a.ipynb")
    await manager.rename_notebook("ann", "a.ipynb", "b.ipynb")
    assert await questions(manager, await manager.get("ann", "s", "b.ipynb")) == ["moving"]
    ids = [session.id for session in (await manager.find("ann", notebook_id="b.ipynb")).sessions]
    assert len(ids) == 2
    (other,) = [turn_id for turn_id in ids if turn_id != "s"]
    assert await questions(manager, await manager.get("ann", other)) == ["of the dead one"]


async def test_a_turn_ends_well_although_its_notebook_moved(manager: SessionManager) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", "t1", "why?", "")
    await manager.rename_notebook("ann", "a.ipynb", "b.ipynb")
    done = await manager.log.finish(begun.session, Turn("t1", None, 0, "why?"))
    assert (done.notebook_id, done.depth) == ("b.ipynb", 1)


async def test_a_share_opens_the_conversation_until_it_is_revoked(manager: SessionManager) -> None:
    await ask(manager, "q1")
    token, other = await manager.share("ann", "s"), await manager.share("ann", "s")
    assert await questions(manager, (await manager.shared(token))[0]) == ["q1"]
    await ask(manager, "q2")
    assert await questions(manager, (await manager.shared(token))[0]) == ["q1", "q2"]
    assert await manager.unshare("ann", "s", token=token) == 1
    with pytest.raises(NotFound):
        await manager.shared(token)
    assert await questions(manager, (await manager.shared(other))[0]) == ["q1", "q2"]
    assert await manager.unshare("ann", "s") == 1
    with pytest.raises(NotFound):
        await manager.shared(other)
    with pytest.raises(NotFound):
        await manager.shared("guess")


async def test_I7_the_secret_of_a_share_is_kept_nowhere(manager: SessionManager) -> None:
    await ask(manager, "q1")
    token = await manager.share("ann", "s")
    records = [*(await manager.store.find("ann")).sessions, *(await manager.store.find("")).sessions]
    assert len(records) == 2
    assert token not in json.dumps([to_json(record) for record in records])


async def test_a_share_ends_with_its_conversation(manager: SessionManager) -> None:
    await ask(manager, "q1")
    token = await manager.share("ann", "s")
    await manager.clear("ann", "s")
    await ask(manager, "private, under the same id")
    with pytest.raises(NotFound):
        await manager.shared(token)
    assert (await manager.store.find("")).sessions == ()


async def test_others_copy_only_what_is_shared_for_copying(manager: SessionManager) -> None:
    await ask(manager, "q1")
    with pytest.raises(Forbidden):
        await manager.copy_shared("bob", await manager.share("ann", "s"))
    copied = await manager.copy_shared("bob", await manager.share("ann", "s", mode="copy"))
    await ask(manager, "q2")
    assert copied.owner == "bob"
    assert await questions(manager, await manager.get("bob", copied.id)) == ["q1"]
    assert dict(copied.extra) == {"from": {"session_id": "s", "turn_id": "q1"}}
    with pytest.raises(NotFound):
        await manager.share("bob", "s")
    with pytest.raises(NotFound):
        await manager.unshare("bob", "s")
