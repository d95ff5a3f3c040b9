"""What every store does, built in or not."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from jupyter_agent.core.errors import BadRequest, VersionConflict
from jupyter_agent.core.messages import Action, Message, ToolCall, Usage
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import OpenTurn, Session, Turn
from jupyter_agent.stores import codec
from tests.support.store_urls import Place


def session(name: str = "s", **fields: object) -> Session:
    new = Session(key=f"k-{name}", id=name, owner="ann", notebook_id="a.ipynb", created_at=1.25, last_activity=1.25)
    return replace(new, **fields)  # type: ignore[arg-type]


def turn(number: int, parent: str | None = None, **fields: object) -> Turn:
    return replace(Turn(f"t{number}", parent, number, f"question {number}"), **fields)  # type: ignore[arg-type]


def following(head: Session, last: Turn | None = None, **fields: object) -> Session:
    moved = head if last is None else replace(head, head=last.id, depth=last.depth)
    return replace(moved, revision=head.revision + 1, **fields)  # type: ignore[arg-type]


async def chain(store: SessionStore, length: int) -> Session:
    head = session()
    await store.create(head)
    for number in range(1, length + 1):
        last = turn(number, head.head)
        head = following(head, last)
        await store.commit(head, last)
    return head


FULL = Turn(
    id="t1",
    parent=None,
    depth=1,
    question="Wie viele Zeilen? 🐍 \u2028 \"quoted\" 'single' \\ %s {x}",
    messages=(
        Message("assistant", "", (ToolCall("c1", "run_code", '{"code": "len(df)"}'),)),
        Message("tool", "891", tool_call_id="c1"),
        Message("assistant", "891 rows"),
    ),
    reply="891 rows",
    status="done",
    digest="d" * 64,
    model="openai:gpt",
    finish_reason="stop",
    usage=Usage(10, 3),
    actions=(Action("c1", "run_code", "execute", "done"),),
    variables=("df",),
    kernel={"kernel_id": "k", "epoch": "e", "version": 7},
    started=1700000000.123456,
    seconds=0.1,
    extra={"edits": [{"before": "a", "after": None}]},
)


async def test_a_new_session_reads_back_whole(store: SessionStore) -> None:
    new = session(
        open=OpenTurn("t1", "holder", 12.5, "why?", "digest", 11.5, ("c1",)),
        title="Títle",
        metadata={"tags": ["a", {"b": None}]},
        variables=("df", "x"),
        redo=("t9",),
        extra={"summary": "short"},
    )
    await store.create(new)
    assert await store.read(new.key) == codec.normal(new)


async def test_an_unknown_session_is_none(store: SessionStore) -> None:
    assert await store.read("k-nobody") is None
    assert await store.turn("k-nobody", "t1") is None
    assert await store.path("k-nobody", "t1", 5) == ()
    assert await store.count("nobody") == 0
    assert not await store.delete("k-nobody")


async def test_a_turn_reads_back_whole(store: SessionStore) -> None:
    new = session()
    await store.create(new)
    await store.commit(following(new, FULL), FULL)
    assert await store.turn(new.key, "t1") == codec.normal(FULL)
    assert await store.path(new.key, "t1", 1) == (codec.normal(FULL),)


async def test_a_key_is_created_once(store: SessionStore) -> None:
    await store.create(session())
    with pytest.raises(VersionConflict):
        await store.create(session(id="other", title="second"))
    kept = await store.read("k-s")
    assert kept is not None
    assert (kept.id, kept.title) == ("s", "")


async def test_a_name_is_created_once_whatever_its_key(store: SessionStore) -> None:
    await store.create(session())
    with pytest.raises(VersionConflict):
        await store.create(session(key="k-other"))
    assert await store.read("k-other") is None
    assert await store.count("ann") == 1


async def test_a_session_is_created_with_its_first_turns_or_not_at_all(store: SessionStore) -> None:
    first, second = turn(1), turn(2, "t1")
    await store.create(session(head="t2", depth=2), (first, second))
    assert await store.path("k-s", "t2", 9) == (first, second)
    with pytest.raises(VersionConflict):
        await store.create(session(id="other"), (turn(7),))
    assert await store.turn("k-s", "t7") is None
    with pytest.raises(VersionConflict):
        await store.create(session("twice"), (first, first))
    assert await store.read("k-twice") is None


@pytest.mark.parametrize("revision", [1, 3, 0])
async def test_only_the_next_revision_is_taken(store: SessionStore, revision: int) -> None:
    await store.create(session())
    with pytest.raises(VersionConflict):
        await store.commit(session(revision=revision, title="wrong"), turn(1))
    assert await store.read("k-s") == session()
    assert await store.turn("k-s", "t1") is None


async def test_a_commit_to_a_deleted_session_is_refused(store: SessionStore) -> None:
    new = session()
    await store.create(new)
    assert await store.delete(new.key)
    with pytest.raises(VersionConflict):
        await store.commit(following(new, turn(1)), turn(1))
    assert await store.read(new.key) is None
    assert await store.turn(new.key, "t1") is None


async def test_S12_a_late_commit_does_not_reach_a_namesake_created_anew(store: SessionStore) -> None:
    new = session()
    await store.create(new)
    await store.delete(new.key)
    again = session(created_at=2.5)
    await store.create(again)
    with pytest.raises(VersionConflict):
        await store.commit(following(new, turn(1)), turn(1))
    assert await store.read(new.key) == again


async def test_a_turn_is_appended_once(store: SessionStore) -> None:
    new = session()
    await store.create(new)
    second = following(new, turn(1))
    await store.commit(second, turn(1))
    with pytest.raises(VersionConflict):
        await store.commit(following(second, title="again"), turn(1, question="other"))
    assert await store.read(new.key) == second
    assert await store.turn(new.key, "t1") == turn(1)


async def test_turns_of_one_session_are_not_those_of_another(store: SessionStore) -> None:
    one, two = session("one"), session("two")
    await store.create(one)
    await store.create(two)
    await store.commit(following(one, turn(1)), turn(1))
    await store.commit(following(two, turn(1, question="two's")), turn(1, question="two's"))
    await store.delete(one.key)
    assert await store.turn(one.key, "t1") is None
    assert await store.turn(two.key, "t1") == turn(1, question="two's")


async def test_a_path_is_the_newest_part_of_one_branch(store: SessionStore) -> None:
    head = await chain(store, 5)
    side = turn(6, "t2", depth=3)
    await store.commit(following(head, side), side)
    assert [one.id for one in await store.path("k-s", "t5", 99)] == ["t1", "t2", "t3", "t4", "t5"]
    assert [one.id for one in await store.path("k-s", "t5", 2)] == ["t4", "t5"]
    assert [one.id for one in await store.path("k-s", "t6", 99)] == ["t1", "t2", "t6"]
    assert [one.id for one in await store.path("k-s", "t1", 1)] == ["t1"]
    assert await store.path("k-s", "t5", 0) == ()
    assert await store.path("k-s", "unknown", 9) == ()


async def test_lists_are_of_one_owner_newest_activity_first(store: SessionStore) -> None:
    await store.create(session("old", last_activity=10.0))
    await store.create(session("new", last_activity=30.5))
    await store.create(session("mid", last_activity=20.0))
    await store.create(session("not", owner="bob", last_activity=40.0))
    page = await store.find("ann")
    assert [one.id for one in page.sessions] == ["new", "mid", "old"]
    assert page.cursor is None
    assert (await store.count("ann"), await store.count("bob")) == (3, 1)


async def test_a_commit_moves_a_session_up_the_list(store: SessionStore) -> None:
    first = session("first", last_activity=1.0)
    await store.create(first)
    await store.create(session("second", last_activity=2.0))
    await store.commit(following(first, last_activity=3.0))
    assert [one.id for one in (await store.find("ann")).sessions] == ["first", "second"]


async def test_S14_pages_neither_repeat_nor_miss_what_stays_unchanged(store: SessionStore) -> None:
    for number in range(25):
        await store.create(session(f"s{number:02}", last_activity=float(number // 3)))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.find("ann", limit=4, cursor=cursor)
        seen += [one.id for one in page.sessions]
        if page.cursor is None:
            break
        cursor = page.cursor
        await store.create(session(f"later{len(seen)}", last_activity=1000.0))
    assert seen == [f"s{number:02}" for number in reversed(range(25))]


@pytest.mark.parametrize("cursor", ["x", "!!!", "bnVsbA", "WzFd", "é", ""])
async def test_a_cursor_of_nobodys_is_refused(store: SessionStore, cursor: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        await store.find("ann", cursor=cursor)


async def test_lists_by_id_and_by_notebook_match_exactly(store: SessionStore) -> None:
    await store.create(session("s", key="k1", notebook_id="a.ipynb"))
    await store.create(session("s", key="k2", notebook_id="b.ipynb", last_activity=2.0))
    await store.create(session("S", key="k3", notebook_id="A.ipynb"))
    await store.create(session("t", key="k4", notebook_id=""))
    assert [one.key for one in (await store.find("ann", session_id="s")).sessions] == ["k2", "k1"]
    assert [one.key for one in (await store.find("ann", notebook_id="a.ipynb")).sessions] == ["k1"]
    assert [one.key for one in (await store.find("ann", notebook_id="")).sessions] == ["k4"]
    assert [one.key for one in (await store.find("ann", session_id="S", notebook_id="A.ipynb")).sessions] == ["k3"]
    assert (await store.find("ann", session_id="s", notebook_id="A.ipynb")).sessions == ()


async def test_S6_who_has_sessions_about_a_path_is_told_by_a_store_of_one_server_only(place: Place) -> None:
    store = place.open()
    about = {
        "zoe": "data_1/a.ipynb",
        "ann": "data_1/b.ipynb",
        "bob": "dataX1/a.ipynb",
        "eve": "data_1.ipynb",
        "joe": "",
    }
    for owner, path in about.items():
        await store.create(session(owner, key=f"k-{owner}", owner=owner, notebook_id=path))
    told = [await store.owners(path) for path in ("data_1", "data_1/a.ipynb", "data", "", "A", "data_1/")]
    shared = place.kind in ("postgresql", "redis")
    assert told == [() if shared else one for one in (("ann", "zoe"), ("zoe",), (), (), (), ())]


@pytest.mark.parametrize(
    "text", ["100%", "a_b", "')--", '"; DROP', "\\", "*", "[a]", "{x}", "?", "GROẞE", "straße", "ÄRGER", "\x1f", "\t"]
)
async def test_S10_search_is_literal_whatever_the_characters(store: SessionStore, text: str) -> None:
    in_question, in_reply = session("question"), session("reply", last_activity=2.0)
    await store.create(in_question)
    await store.create(in_reply)
    await store.create(session("title", title=f"x{text}x", last_activity=3.0))
    await store.create(session("none", title="100 axb ab - nothing", last_activity=4.0))
    asked = turn(1, question=f"before {text} after")
    answered = turn(1, reply=f"before {text} after")
    await store.commit(following(in_question, asked), asked)
    await store.commit(following(in_reply, answered), answered)
    assert [one.id for one in (await store.find("ann", text=text)).sessions] == ["title", "reply", "question"]
    assert [one.id for one in (await store.find("ann", text=text.lower())).sessions] == ["title", "reply", "question"]
    assert (await store.find("bob", text=text)).sessions == ()


@pytest.mark.parametrize(
    "name", ["*", "[a]", "{x}", "a:b", "ja:o:ann", "%", "_", "ann'--", "ANN", "ann ", "é", "e\u0301"]
)
async def test_S7_S9_owners_ids_and_paths_are_taken_literally(store: SessionStore, name: str) -> None:
    await store.create(session("plain"))
    await store.create(session(name, key="k-1", owner=name, notebook_id=name))
    assert [one.key for one in (await store.find(name)).sessions] == ["k-1"]
    assert [one.key for one in (await store.find(name, session_id=name, notebook_id=name)).sessions] == ["k-1"]
    assert [one.key for one in (await store.find("ann")).sessions] == ["k-plain"]
    assert await store.delete("k-1")
    assert await store.count(name) == 0
    assert await store.count("ann") == 1


async def test_a_session_moves_to_another_name_unless_it_is_taken(store: SessionStore) -> None:
    new = session()
    await store.create(new)
    await store.create(session("other", notebook_id="b.ipynb"))
    with pytest.raises(VersionConflict):
        await store.commit(following(new, id="other", notebook_id="b.ipynb"))
    moved = following(new, notebook_id="b.ipynb")
    await store.commit(moved)
    assert (await store.find("ann", notebook_id="a.ipynb")).sessions == ()
    assert [one.id for one in (await store.find("ann", notebook_id="b.ipynb", session_id="s")).sessions] == ["s"]
    await store.create(session(key="k-again"))
    assert await store.count("ann") == 3


@pytest.mark.parametrize(
    "text",
    ["a\x00b", "\ud800", "\udfff\ud800", "😀", "\ue000", "x" * 1_000_000, "\x7f\x01", "\r\n\u2028\u2029", "\ufffe"],
)
async def test_D9_text_comes_back_the_same_from_every_store(store: SessionStore, text: str) -> None:
    new = session(title=text[:100], metadata={text[:100]: text})
    asked = turn(1, question=text, reply=text, extra={"x": text})
    await store.create(new)
    await store.commit(following(new, asked), asked)
    kept = text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    stored = await store.turn(new.key, "t1")
    assert stored is not None
    assert stored == codec.normal(asked)
    if not any("\ud800" <= one <= "\udfff" for one in text):
        assert (stored.question, stored.reply) == (kept, kept)
    assert await store.read(new.key) == codec.normal(following(new, asked))


async def test_D9_numbers_and_depth_come_back_the_same_from_every_store(store: SessionStore) -> None:
    deep: object = "bottom"
    for _ in range(80):
        deep = [deep]
    data = {"nan": float("nan"), "inf": float("-inf"), "big": 10**5000, "long": 2**70, "tiny": 5e-324, "deep": deep}
    new = session(metadata=data)
    await store.create(new)
    stored = await store.read(new.key)
    assert stored is not None
    assert stored == codec.normal(new)
    assert {name: stored.metadata[name] for name in ("nan", "inf", "big", "long", "tiny")} == {
        "nan": None,
        "inf": None,
        "big": None,
        "long": 2**70,
        "tiny": 5e-324,
    }
    assert str(stored.metadata["deep"]).count("[") == codec.MAX_DEPTH - 1


async def test_D9_ten_megabytes_are_kept(store: SessionStore) -> None:
    new = session()
    await store.create(new)
    large = turn(1, reply="ü" * 2_000_000 + "x" * 6_000_000)
    await store.commit(following(new, large), large)
    assert await store.turn(new.key, "t1") == large


async def test_S5_of_20_racers_exactly_one_creates(place: Place) -> None:
    clients = [place.open() for _ in range(4)]
    racers = [clients[number % 4].create(session(title=str(number))) for number in range(20)]
    results = await asyncio.gather(*racers, return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["NoneType"] + ["VersionConflict"] * 19
    assert await clients[0].count("ann") == 1


async def test_D16_of_two_clients_at_the_same_revision_exactly_one_commits(place: Place) -> None:
    clients = [place.open() for _ in range(2)]
    head = session()
    await clients[0].create(head)
    for round_ in range(1, 21):
        asked = [turn(round_, head.head, id=f"t{round_}-{number}") for number in range(2)]
        commits = [client.commit(following(head, one), one) for client, one in zip(clients, asked, strict=True)]
        results = await asyncio.gather(*commits, return_exceptions=True)
        (winner,) = [one for one, result in zip(asked, results, strict=True) if result is None]
        (loser,) = [result for result in results if result is not None]
        assert isinstance(loser, VersionConflict)
        head = following(head, winner)
        assert await clients[1].read(head.key) == head
    assert len(await clients[0].path(head.key, str(head.head), 99)) == 20


async def test_S11_of_8_racing_deletes_exactly_one_says_so(place: Place) -> None:
    clients = [place.open() for _ in range(4)]
    await clients[0].create(session(), (turn(1),))
    results = await asyncio.gather(*(clients[number % 4].delete("k-s") for number in range(8)))
    assert sorted(results) == [False] * 7 + [True]


async def test_the_clock_goes_on(store: SessionStore) -> None:
    first = await store.now()
    assert await store.now() >= first


async def test_a_store_works_after_it_was_closed(place: Place) -> None:
    store = place.open()
    await store.create(session())
    await store.close()
    assert await store.read("k-s") == session()
