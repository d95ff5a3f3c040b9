"""Conversations: whose they are, one turn at a time, what a retry is, what a crash leaves."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from jupyter_agent.core.errors import (
    AmbiguousSession,
    BadRequest,
    NotFound,
    TooManyRequests,
    TurnIdReused,
    TurnInProgress,
    VersionConflict,
)
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.turns import Begun
from tests.support.store_urls import Place


async def ask(
    manager: SessionManager,
    question: str = "why?",
    session_id: str = "s",
    notebook_id: str = "a.ipynb",
    **fields: object,
) -> Session:
    begun = await manager.log.begin("ann", notebook_id, session_id, None, question, "digest")
    return await manager.log.finish(begun.session, answered(begun, **fields))


def answered(begun: Begun, **fields: object) -> Turn:
    assert begun.session.open is not None
    opened = begun.session.open
    turn = Turn(begun.turn_id, None, 0, opened.question, reply="because", started=opened.started, seconds=0.5)
    return replace(turn, **fields)  # type: ignore[arg-type]


async def abandon(manager: SessionManager, turn_id: str | None = None, digest: str = "digest") -> Begun:
    """A turn whose holder died and whose lease is over."""
    begun = await manager.log.begin("ann", "a.ipynb", "s", turn_id, "lost?", digest)
    session = begun.session
    assert session.open is not None
    over = replace(session.open, expires=await manager.store.now() - 0.001, calls=("c1",))
    await manager.store.commit(replace(session, revision=session.revision + 1, open=over))
    return begun


async def questions(manager: SessionManager, session_id: str = "s", notebook_id: str | None = None) -> list[str]:
    session = await manager.get("ann", session_id, notebook_id)
    return [turn.question for turn in await manager.tree.history(session)]


async def test_a_finished_turn_is_the_head_and_reads_back(manager: SessionManager) -> None:
    done = await ask(manager, "How many rows\nare there?", variables=("df",))
    found = await manager.get("ann", "s")
    assert found == done
    (turn,) = await manager.tree.history(found)
    assert (turn.id, turn.parent, turn.depth, turn.reply, turn.digest) == (done.head, None, 1, "because", "digest")
    assert (found.depth, found.turn_count, found.open) == (1, 2, None)
    assert (found.title, found.variables) == ("How many rows are there?", ("df",))
    assert found.last_activity == turn.started + 0.5


async def test_turns_follow_each_other(manager: SessionManager) -> None:
    for number in range(1, 6):
        await ask(manager, f"q{number}", variables=(f"v{number}", "df"))
    session = await manager.get("ann", "s")
    assert [turn.question for turn in await manager.tree.history(session, 3)] == ["q3", "q4", "q5"]
    assert [turn.depth for turn in await manager.tree.history(session)] == [1, 2, 3, 4, 5]
    assert session.variables == ("v1", "v2", "v3", "v4", "v5", "df")
    assert session.title == "q1"


async def test_the_question_is_durable_before_it_is_answered(place: Place) -> None:
    manager = SessionManager(place.open())
    begun = await manager.log.begin("ann", "a.ipynb", "s", "t1", "why?", "digest")
    stored = await place.open().read(begun.session.key)
    assert stored == begun.session
    assert stored is not None
    assert stored.open is not None
    assert stored.open.question == "why?"


async def test_without_ids_each_question_begins_a_conversation(manager: SessionManager) -> None:
    first = await manager.log.begin("ann", "a.ipynb", None, None, "1", "")
    second = await manager.log.begin("ann", "a.ipynb", None, None, "2", "")
    assert first.session.id != second.session.id
    assert first.turn_id != second.turn_id
    assert len(first.session.id) == 32


async def test_the_same_id_about_two_notebooks_is_two_conversations(manager: SessionManager) -> None:
    await ask(manager, "about a", notebook_id="a.ipynb")
    await ask(manager, "about b", notebook_id="b.ipynb")
    assert await questions(manager, notebook_id="a.ipynb") == ["about a"]
    assert await questions(manager, notebook_id="b.ipynb") == ["about b"]
    assert await questions(manager) == ["about b"]


async def test_without_a_notebook_a_question_continues_the_only_conversation_of_that_id(
    manager: SessionManager,
) -> None:
    await ask(manager, "about a", notebook_id="a.ipynb")
    continued = await ask(manager, "more", notebook_id="")
    assert (continued.notebook_id, continued.depth) == ("a.ipynb", 2)
    await ask(manager, "about b", notebook_id="b.ipynb")
    apart = await ask(manager, "whose?", notebook_id="")
    assert (apart.notebook_id, apart.depth) == ("", 1)


async def test_S3_ids_differing_by_case_are_two_conversations(manager: SessionManager) -> None:
    await ask(manager, "small", session_id="abc")
    await ask(manager, "large", session_id="ABC")
    assert await questions(manager, "abc") == ["small"]
    assert await questions(manager, "ABC") == ["large"]


@pytest.mark.parametrize(
    "bad",
    [
        "",
        ".",
        "..",
        "../x",
        "..%2f..%2fetc",
        "%2e%2e",
        "a/b",
        "a\\b",
        "~",
        "-x",
        "a b",
        "é",
        "e\u0301",
        "a\u200bb",
        "a\n",
        "a\0b",
        "x" * 129,
        "x" * 10_000,
        "%ff",
        "\u202ea",
        ":a",
        "_a",
    ],
)
async def test_S1_S2_ids_outside_the_alphabet_are_refused(manager: SessionManager, bad: str) -> None:
    for refused in (
        manager.log.begin("ann", "a.ipynb", bad, None, "?", ""),
        manager.log.begin("ann", "a.ipynb", "s", bad, "?", ""),
        manager.get("ann", bad),
        manager.clear("ann", bad),
    ):
        with pytest.raises(BadRequest, match="_id must be"):
            await refused
    assert await manager.store.count("ann") == 0


@pytest.mark.parametrize("path", ["a\0b", "a\nb", "\ud800", "x" * 4097])
async def test_H6_paths_that_no_notebook_has_are_refused(manager: SessionManager, path: str) -> None:
    with pytest.raises(BadRequest, match="notebook_id"):
        await manager.log.begin("ann", path, "s", None, "?", "")


@pytest.mark.parametrize("owner", ["", "a\0b", "\udc80"])
async def test_an_owner_that_no_server_has_is_refused(manager: SessionManager, owner: str) -> None:
    with pytest.raises(BadRequest):
        await manager.log.begin(owner, "", "s", None, "?", "")


async def test_S6_anothers_conversation_is_as_an_unknown_one(manager: SessionManager) -> None:
    await ask(manager)
    with pytest.raises(NotFound) as theirs:
        await manager.get("bob", "s", "a.ipynb")
    with pytest.raises(NotFound) as unknown:
        await manager.get("bob", "nothing", "a.ipynb")
    assert str(theirs.value) == str(unknown.value)
    with pytest.raises(NotFound):
        await manager.clear("bob", "s")
    with pytest.raises(NotFound):
        await manager.rename("bob", "s", title="mine")
    assert (await manager.find("bob")).sessions == ()
    assert await questions(manager) == ["why?"]


@pytest.mark.parametrize(("one", "other"), [("a.b", "a_b"), ("A", "a"), ("a:b", "a/b"), ("a", "a ")])
async def test_S7_owners_that_look_alike_are_apart(manager: SessionManager, one: str, other: str) -> None:
    begun = await manager.log.begin(one, "a.ipynb", "s", None, "?", "")
    with pytest.raises(NotFound):
        await manager.get(other, "s")
    apart = await manager.log.begin(other, "a.ipynb", "s", None, "?", "")
    assert begun.session.key != apart.session.key


async def test_D19_a_record_with_another_owner_written_into_it_stays_hidden(manager: SessionManager) -> None:
    done = await ask(manager)
    forged = replace(done, owner="bob", id="forged", revision=1)
    await manager.store.delete(done.key)
    await manager.store.create(forged)
    with pytest.raises(NotFound):
        await manager.get("bob", "forged")
    assert (await manager.find("bob")).sessions == ()


async def test_T1_a_second_question_meanwhile_is_refused(manager: SessionManager) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, "first", "")
    with pytest.raises(TurnInProgress):
        await manager.log.begin("ann", "a.ipynb", "s", None, "second", "")
    await manager.log.finish(begun.session, answered(begun))
    assert await questions(manager) == ["first"]


async def test_T2_of_many_clients_exactly_one_begins(place: Place) -> None:
    managers = [SessionManager(place.open()) for _ in range(4)]
    for round_ in range(1, 6):
        starts = [managers[n % 4].log.begin("ann", "a.ipynb", "s", None, f"{round_}", "") for n in range(8)]
        results = await asyncio.gather(*starts, return_exceptions=True)
        (begun,) = [result for result in results if isinstance(result, Begun)]
        assert {type(result) for result in results if not isinstance(result, Begun)} == {TurnInProgress}
        await managers[0].log.finish(begun.session, answered(begun))
    assert await questions(managers[1]) == ["1", "2", "3", "4", "5"]


async def test_T3_a_retried_turn_is_the_same_turn(manager: SessionManager) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", "t1", "why?", "digest")
    with pytest.raises(TurnInProgress, match="This question"):
        await manager.log.begin("ann", "a.ipynb", "s", "t1", "why?", "digest")
    done = await manager.log.finish(begun.session, answered(begun))
    await ask(manager, "another")
    again = await manager.log.begin("ann", "a.ipynb", "s", "t1", "why?", "digest")
    assert again.stored == (await manager.tree.history(await manager.get("ann", "s")))[0]
    assert again.turn_id == "t1"
    assert done.depth == 1
    assert await questions(manager) == ["why?", "another"]


async def test_T4_a_turn_id_used_for_another_question_is_refused(manager: SessionManager) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", "t1", "why?", "digest")
    with pytest.raises(TurnIdReused):
        await manager.log.begin("ann", "a.ipynb", "s", "t1", "other", "other digest")
    await manager.log.finish(begun.session, answered(begun))
    with pytest.raises(TurnIdReused):
        await manager.log.begin("ann", "a.ipynb", "s", "t1", "other", "other digest")


async def test_T5_a_holder_that_lost_its_lease_cannot_commit(place: Place) -> None:
    slow, fast = SessionManager(place.open()), SessionManager(place.open())
    lost = await abandon(slow)
    taken = await fast.log.begin("ann", "a.ipynb", "s", None, "newer", "")
    with pytest.raises(VersionConflict):
        await slow.log.renew(lost.session)
    with pytest.raises(VersionConflict):
        await slow.log.finish(lost.session, answered(lost, reply="too late"))
    await fast.log.finish(taken.session, answered(taken))
    history = await fast.tree.history(await fast.get("ann", "s"))
    assert [(turn.question, turn.status, turn.reply) for turn in history] == [
        ("lost?", "interrupted", ""),
        ("newer", "done", "because"),
    ]
    assert [turn.parent for turn in history] == [None, lost.turn_id]


async def test_a_holder_whose_lease_is_over_but_not_taken_finishes(manager: SessionManager) -> None:
    begun = await abandon(manager)
    await manager.log.finish(begun.session, answered(begun))
    assert [turn.status for turn in await manager.tree.history(await manager.get("ann", "s"))] == ["done"]


async def test_D3_an_abandoned_turn_is_interrupted_with_what_is_unknown_said(manager: SessionManager) -> None:
    begun = await abandon(manager)
    session = await manager.get("ann", "s")
    assert (session.head, session.depth, session.open) == (begun.turn_id, 1, None)
    (turn,) = await manager.tree.history(session)
    assert (turn.status, turn.question, turn.messages, turn.reply) == ("interrupted", "lost?", (), "")
    assert [(action.call_id, action.status) for action in turn.actions] == [("c1", "interrupted")]


async def test_history_of_a_head_read_earlier_shows_an_abandoned_turn_as_interrupted(manager: SessionManager) -> None:
    await ask(manager, "first")
    begun = await abandon(manager)
    stored = await manager.store.read(begun.session.key)
    assert stored is not None
    assert [(turn.question, turn.status) for turn in await manager.tree.history(stored)] == [
        ("first", "done"),
        ("lost?", "interrupted"),
    ]


async def test_T3_the_retry_of_an_abandoned_turn_is_that_turn_interrupted(manager: SessionManager) -> None:
    await abandon(manager, "t1")
    again = await manager.log.begin("ann", "a.ipynb", "s", "t1", "lost?", "digest")
    assert again.stored is not None
    assert (again.stored.id, again.stored.status) == ("t1", "interrupted")
    assert await questions(manager) == ["lost?"]


async def test_D17_a_lease_far_in_the_future_is_not_believed(manager: SessionManager) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, "before the clock was set back", "")
    session = begun.session
    assert session.open is not None
    far = replace(session.open, expires=await manager.store.now() + 86400)
    await manager.store.commit(replace(session, revision=session.revision + 1, open=far))
    assert (await ask(manager, "after")).depth == 2


async def test_renewing_keeps_a_turn_open_and_names_its_calls(manager: SessionManager) -> None:
    begun = await abandon(manager)
    renewed = await manager.log.renew(begun.session, calls=("c7",))
    with pytest.raises(TurnInProgress):
        await manager.log.begin("ann", "a.ipynb", "s", None, "?", "")
    assert renewed.open is not None
    assert renewed.open.calls == ("c7",)
    again = await manager.log.renew(renewed)
    assert again.open is not None
    assert again.open.expires >= renewed.open.expires
    assert again.open.calls == ("c7",)


async def test_a_title_set_meanwhile_survives_the_finish(manager: SessionManager) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, "why?", "")
    await manager.rename("ann", "s", title="Mine", metadata={"tag": 1})
    done = await manager.log.finish(begun.session, answered(begun))
    assert (done.title, done.metadata, done.depth) == ("Mine", {"tag": 1}, 1)
    assert await manager.get("ann", "s") == done


async def test_finishing_twice_is_finishing_once(manager: SessionManager) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, "why?", "")
    done = await manager.log.finish(begun.session, answered(begun))
    assert await manager.log.finish(begun.session, answered(begun)) == done
    assert await questions(manager) == ["why?"]


async def test_S12_clearing_during_a_turn_is_not_undone_by_its_end(manager: SessionManager) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, "why?", "")
    await manager.clear("ann", "s")
    with pytest.raises(VersionConflict):
        await manager.log.finish(begun.session, answered(begun))
    with pytest.raises(NotFound):
        await manager.get("ann", "s")
    anew = await manager.log.begin("ann", "a.ipynb", "s", None, "anew", "")
    with pytest.raises(VersionConflict):
        await manager.log.finish(begun.session, answered(begun))
    await manager.log.finish(anew.session, answered(anew))
    assert await questions(manager) == ["anew"]


async def test_clearing_needs_the_notebook_where_several_have_that_id(manager: SessionManager) -> None:
    await ask(manager, notebook_id="a.ipynb")
    await ask(manager, notebook_id="b.ipynb")
    with pytest.raises(AmbiguousSession):
        await manager.clear("ann", "s")
    await manager.clear("ann", "s", "a.ipynb")
    await manager.clear("ann", "s")
    with pytest.raises(NotFound):
        await manager.clear("ann", "s")


async def test_lists_are_by_notebook_and_text(manager: SessionManager) -> None:
    await ask(manager, "about rows", session_id="one", notebook_id="a.ipynb")
    await ask(manager, "about columns", session_id="two", notebook_id="b.ipynb")
    assert [session.id for session in (await manager.find("ann")).sessions] == ["two", "one"]
    assert [session.id for session in (await manager.find("ann", notebook_id="a.ipynb")).sessions] == ["one"]
    assert [session.id for session in (await manager.find("ann", text="COLUMNS")).sessions] == ["two"]
    page = await manager.find("ann", limit=1)
    assert [session.id for session in (await manager.find("ann", limit=1, cursor=page.cursor)).sessions] == ["one"]
    for limit in (0, 201, -1):
        with pytest.raises(BadRequest, match="limit"):
            await manager.find("ann", limit=limit)


async def test_one_owner_has_at_most_so_many_conversations(store: SessionStore) -> None:
    manager = SessionManager(store, max_sessions=2)
    await ask(manager, session_id="one")
    await ask(manager, session_id="two")
    with pytest.raises(TooManyRequests, match="Delete some"):
        await ask(manager, session_id="three")
    await ask(manager, session_id="two")
    await manager.clear("ann", "one")
    await ask(manager, session_id="three")


async def test_a_conversation_idle_for_too_long_is_gone_and_its_id_begins_anew(store: SessionStore) -> None:
    manager, keeping = SessionManager(store, max_age_seconds=60), SessionManager(store)
    done = await ask(manager, "old")
    await store.commit(replace(done, revision=done.revision + 1, last_activity=done.last_activity - 61))
    with pytest.raises(NotFound):
        await manager.get("ann", "s")
    assert (await manager.find("ann")).sessions == ()
    assert await questions(keeping) == ["old"]
    await ask(manager, "new")
    assert await questions(manager) == ["new"]


async def test_titles_are_one_short_line(manager: SessionManager) -> None:
    done = await ask(manager, "a\tlong\n\n" + "word " * 100)
    assert done.title.startswith("a long word")
    assert len(done.title) <= 80
    assert done.title.endswith("…")


async def test_a_deletion_can_be_taken_back_with_all_branches(manager: SessionManager) -> None:
    await ask(manager, "first")
    await ask(manager, "second")
    await manager.tree.move_head("undo", "ann", "s", "a.ipynb")
    secret = await manager.share("ann", "s")
    before = await manager.get("ann", "s")
    deletion = await manager.delete("ann", "s")
    assert deletion.session_id == "s"
    assert deletion.restorable_until == pytest.approx(time.time() + 30 * 86400, abs=60)
    assert (await manager.find("ann")).sessions == ()
    assert await manager.default_session_id("ann", "a.ipynb", interactive=True) is None
    for call in (
        manager.get("ann", "s"),
        manager.delete("ann", "s"),
        manager.delete("ann", "s", "a.ipynb"),
        manager.shared(secret),
    ):
        with pytest.raises(NotFound):
            await call
    with pytest.raises(NotFound):
        await manager.restore("bob", "s")
    restored = await manager.restore("ann", "s")
    assert (restored.name, restored.head, restored.redo) == (before.name, before.head, before.redo)
    assert await questions(manager) == ["first"]
    assert len(await manager.tree.all_turns(restored)) == 2
    with pytest.raises(NotFound):
        await manager.shared(secret)
    with pytest.raises(NotFound):
        await manager.restore("ann", "s")
    await ask(manager, "third")
    assert await questions(manager) == ["first", "third"]


async def test_a_deleted_conversation_follows_its_notebook(manager: SessionManager) -> None:
    await ask(manager)
    await manager.delete("ann", "s")
    assert await manager.rename_notebook("ann", "a.ipynb", "b.ipynb") == 1
    assert (await manager.restore("ann", "s")).notebook_id == "b.ipynb"


async def test_the_id_of_a_deleted_conversation_is_free_and_the_newest_of_several_comes_back(
    manager: SessionManager,
) -> None:
    for number in range(20):
        await ask(manager, f"question {number}")
        await manager.delete("ann", "s")
    await ask(manager, "now")
    restored = await manager.restore("ann", "s")
    assert restored.id.startswith("s.")
    assert await questions(manager, restored.id) == ["question 19"]
    assert await questions(manager) == ["now"]


async def test_S12_deleting_during_a_turn_is_not_undone_by_its_end(manager: SessionManager) -> None:
    begun = await manager.log.begin("ann", "a.ipynb", "s", None, "why?", "")
    await manager.delete("ann", "s")
    for late in (manager.log.finish(begun.session, answered(begun)), manager.log.renew(begun.session)):
        with pytest.raises(VersionConflict):
            await late
    with pytest.raises(NotFound):
        await manager.log.change(begun.session, lambda current: replace(current, title="late"))
    assert (await manager.find("ann")).sessions == ()
    restored = await manager.restore("ann", "s")
    assert restored.open is None
    assert [turn.status for turn in await manager.tree.history(restored, 5)] == ["interrupted"]


async def test_S11_of_eight_who_delete_at_once_one_does(manager: SessionManager) -> None:
    await ask(manager)
    ends = await asyncio.gather(*(manager.delete("ann", "s") for _ in range(8)), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["Deletion", *["NotFound"] * 7]
    assert (await manager.restore("ann", "s")).id == "s"


async def test_what_was_deleted_is_removed_for_good_after_30_days(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = SessionManager(store, max_sessions=2)
    session = await ask(manager)
    await manager.delete("ann", "s")
    assert await manager.log.cleanup("ann") == 0
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 30 * 86400 + 1)
    with pytest.raises(NotFound):
        await manager.restore("ann", "s")
    assert await manager.log.cleanup("ann") == 1
    assert await store.read(session.key) is None


async def test_only_so_many_deleted_conversations_are_kept(store: SessionStore) -> None:
    manager = SessionManager(store, max_sessions=2)
    for number in range(4):
        await ask(manager, session_id=f"s{number}")
        await manager.delete("ann", f"s{number}")
    with pytest.raises(NotFound):
        await manager.restore("ann", "s1")
    assert (await manager.restore("ann", "s2")).id == "s2"
    await ask(manager, session_id="other")
    with pytest.raises(TooManyRequests):
        await manager.restore("ann", "s3")
