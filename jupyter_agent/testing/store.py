"""The contract of a session store: `StoreSuite`.

A store keeps sessions and their turns for several processes at once, and interprets neither. The suite holds what the
session manager relies on: a session's head is replaced by compare-and-swap on its revision, turns are appended once, a
commit is whole or not there, lists are ordered and paged without gaps, texts are matched literally, and whatever goes in
comes out as every other store gives it (`jupyter_agent.stores.codec` defines how).

Subclass `StoreSuite` in a test file and say how a client of an empty place is opened; every call within one test must open
the same place, so that races between clients are real. Set `is_shared` where several servers with notebooks of their own
may use the store: it then must not name the owners of a path. Tests open and close their clients themselves, each in an
event loop of its own.
A store is registered in the entry-point group ``jupyter_agent.stores`` under its URL's scheme; the entry point is called
with the URL and returns the store.

What the suite cannot see is what happens when a process or a server dies: that a commit is durable before it returns has to
be tested by killing it. Names that begin with a letter and a number, such as ``S14``, are hazards that the project lists in
``tests/HAZARDS.md``.

Example::

    import pytest
    from jupyter_agent.stores.sqlite import SqliteStore
    from jupyter_agent.testing.store import StoreSuite


    class TestMyStore(StoreSuite):
        @pytest.fixture(autouse=True)
        def place(self, tmp_path):
            self.path = tmp_path / "sessions.db"

        def open_store(self):
            return SqliteStore(self.path)
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TypeVar

import pytest

from jupyter_agent.core.errors import BadRequest, VersionConflict
from jupyter_agent.core.messages import Action, Message, ToolCall, Usage
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import OpenTurn, PendingUndo, Session, Turn
from jupyter_agent.stores import codec
from jupyter_agent.testing.runner import Suite, asynchronous

_Value = TypeVar("_Value", Session, Turn)


def session(name: str = "s", **fields: object) -> Session:
    """A new session of ann's about ``a.ipynb``, with the fields given."""
    new = Session(key=f"k-{name}", id=name, owner="ann", notebook_id="a.ipynb", created_at=1.25, last_activity=1.25)
    return replace(new, **fields)  # type: ignore[arg-type]


def turn(number: int, parent: str | None = None, **fields: object) -> Turn:
    """The turn of that number, with the fields given."""
    return replace(Turn(f"t{number}", parent, number, f"question {number}"), **fields)  # type: ignore[arg-type]


def as_stored(value: _Value) -> _Value:
    """A session or turn as every store gives it back."""
    return codec.decode(type(value), codec.encode(value))


def following(head: Session, last: Turn | None = None, **fields: object) -> Session:
    """The next revision of a session, after a turn if one is given."""
    moved = head if last is None else replace(head, head=last.id, depth=last.depth)
    return replace(moved, revision=head.revision + 1, **fields)  # type: ignore[arg-type]


async def chain(store: SessionStore, length: int) -> Session:
    """A stored session with so many turns on one branch."""
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


class StoreSuite(Suite):
    """What every session store does."""

    #: Whether servers with notebooks of their own may share it.
    is_shared = False

    def open_store(self) -> SessionStore:
        """A client of this test's place, which is empty at first; to be overridden."""
        raise NotImplementedError

    def client(self) -> SessionStore:
        """Another client; it is closed when the test ends."""
        store: SessionStore = self.opened(self.open_store())
        return store

    @asynchronous
    async def test_a_new_session_is_read_whole(self) -> None:
        store = self.client()
        new = session(
            open=OpenTurn("t1", "holder", 12.5, "why?", "digest", 11.5, ("c1",)),
            title="Títle",
            metadata={"tags": ["a", {"b": None}]},
            variables=("df", "x"),
            redo=("t9",),
            extra={"summary": "short"},
        )
        await store.create(new)
        assert await store.read(new.key) == as_stored(new)
        pending = following(new, open=None, pending_undo=PendingUndo("u1", "redo", "t9", 12.5, reverting=True))
        await store.commit(pending)
        assert await store.read(new.key) == as_stored(pending)

    @asynchronous
    async def test_an_unknown_session_is_none(self) -> None:
        store = self.client()
        assert await store.read("k-nobody") is None
        assert await store.turn("k-nobody", "t1") is None
        assert await store.path("k-nobody", "t1", 5) == ()
        assert await store.count("nobody") == 0
        assert not await store.delete("k-nobody")

    @asynchronous
    async def test_a_turn_is_read_whole(self) -> None:
        store = self.client()
        new = session()
        await store.create(new)
        await store.commit(following(new, FULL), FULL)
        assert await store.turn(new.key, "t1") == as_stored(FULL)
        assert await store.path(new.key, "t1", 1) == (as_stored(FULL),)

    @asynchronous
    async def test_a_key_is_created_once(self) -> None:
        store = self.client()
        await store.create(session())
        with pytest.raises(VersionConflict):
            await store.create(session(id="other", title="second"))
        kept = await store.read("k-s")
        assert kept is not None
        assert (kept.id, kept.title) == ("s", "")

    @asynchronous
    async def test_a_name_is_created_once_whatever_its_key(self) -> None:
        store = self.client()
        await store.create(session())
        with pytest.raises(VersionConflict):
            await store.create(session(key="k-other"))
        assert await store.read("k-other") is None
        assert await store.count("ann") == 1

    @asynchronous
    async def test_a_session_is_created_with_its_first_turns_or_not_at_all(self) -> None:
        store = self.client()
        first, second = turn(1), turn(2, "t1")
        await store.create(session(head="t2", depth=2), (first, second))
        assert await store.path("k-s", "t2", 9) == (first, second)
        with pytest.raises(VersionConflict):
            await store.create(session(id="other"), (turn(7),))
        assert await store.turn("k-s", "t7") is None
        with pytest.raises(VersionConflict):
            await store.create(session("twice"), (first, first))
        assert await store.read("k-twice") is None

    @asynchronous
    async def test_only_the_next_revision_is_taken(self) -> None:
        store = self.client()
        await store.create(session())
        for revision in [1, 3, 0]:
            with pytest.raises(VersionConflict):
                await store.commit(session(revision=revision, title="wrong"), turn(1))
            assert await store.read("k-s") == session()
            assert await store.turn("k-s", "t1") is None

    @asynchronous
    async def test_a_commit_to_a_deleted_session_is_refused(self) -> None:
        store = self.client()
        new = session()
        await store.create(new)
        assert await store.delete(new.key)
        with pytest.raises(VersionConflict):
            await store.commit(following(new, turn(1)), turn(1))
        assert await store.read(new.key) is None
        assert await store.turn(new.key, "t1") is None

    @asynchronous
    async def test_S12_a_late_commit_does_not_reach_a_namesake_created_anew(self) -> None:
        store = self.client()
        new = session()
        await store.create(new)
        await store.delete(new.key)
        again = session(created_at=2.5)
        await store.create(again)
        with pytest.raises(VersionConflict):
            await store.commit(following(new, turn(1)), turn(1))
        assert await store.read(new.key) == again

    @asynchronous
    async def test_a_turn_is_appended_once(self) -> None:
        store = self.client()
        new = session()
        await store.create(new)
        second = following(new, turn(1))
        await store.commit(second, turn(1))
        with pytest.raises(VersionConflict):
            await store.commit(following(second, title="again"), turn(1, question="other"))
        assert await store.read(new.key) == second
        assert await store.turn(new.key, "t1") == turn(1)

    @asynchronous
    async def test_turns_of_one_session_are_not_those_of_another(self) -> None:
        store = self.client()
        first, second = session("one"), session("two")
        await store.create(first)
        await store.create(second)
        await store.commit(following(first, turn(1)), turn(1))
        await store.commit(following(second, turn(1, question="two's")), turn(1, question="two's"))
        await store.delete(first.key)
        assert await store.turn(first.key, "t1") is None
        assert await store.turn(second.key, "t1") == turn(1, question="two's")

    @asynchronous
    async def test_a_path_is_the_newest_part_of_one_branch(self) -> None:
        store = self.client()
        head = await chain(store, 5)
        side = turn(6, "t2", depth=3)
        await store.commit(following(head, side), side)
        assert [ancestor.id for ancestor in await store.path("k-s", "t5", 99)] == ["t1", "t2", "t3", "t4", "t5"]
        assert [ancestor.id for ancestor in await store.path("k-s", "t5", 2)] == ["t4", "t5"]
        assert [ancestor.id for ancestor in await store.path("k-s", "t6", 99)] == ["t1", "t2", "t6"]
        assert [ancestor.id for ancestor in await store.path("k-s", "t1", 1)] == ["t1"]
        assert await store.path("k-s", "t5", 0) == ()
        assert await store.path("k-s", "unknown", 9) == ()

    @asynchronous
    async def test_lists_are_of_one_owner_newest_activity_first(self) -> None:
        store = self.client()
        await store.create(session("old", last_activity=10.0))
        await store.create(session("new", last_activity=30.5))
        await store.create(session("mid", last_activity=20.0))
        await store.create(session("not", owner="bob", last_activity=40.0))
        page = await store.find("ann")
        assert [found.id for found in page.sessions] == ["new", "mid", "old"]
        assert page.cursor is None
        assert (await store.count("ann"), await store.count("bob")) == (3, 1)

    @asynchronous
    async def test_a_commit_moves_a_session_up_the_list(self) -> None:
        store = self.client()
        first = session("first", last_activity=1.0)
        await store.create(first)
        await store.create(session("second", last_activity=2.0))
        await store.commit(following(first, last_activity=3.0))
        assert [found.id for found in (await store.find("ann")).sessions] == ["first", "second"]

    @asynchronous
    async def test_S14_pages_neither_repeat_nor_miss_what_stays_unchanged(self) -> None:
        store = self.client()
        for number in range(25):
            await store.create(session(f"s{number:02}", last_activity=float(number // 3)))
        listed: list[str] = []
        cursor: str | None = None
        while True:
            page = await store.find("ann", limit=4, cursor=cursor)
            listed += [found.id for found in page.sessions]
            if page.cursor is None:
                break
            cursor = page.cursor
            await store.create(session(f"later{len(listed)}", last_activity=1000.0))
        assert listed == [f"s{number:02}" for number in reversed(range(25))]

    @asynchronous
    async def test_a_foreign_cursor_is_refused(self) -> None:
        store = self.client()
        for cursor in ["x", "!!!", "bnVsbA", "WzFd", "é", ""]:
            with pytest.raises(BadRequest, match="cursor"):
                await store.find("ann", cursor=cursor)

    @asynchronous
    async def test_lists_by_id_and_by_notebook_match_exactly(self) -> None:
        store = self.client()
        await store.create(session("s", key="k1", notebook_id="a.ipynb"))
        await store.create(session("s", key="k2", notebook_id="b.ipynb", last_activity=2.0))
        await store.create(session("S", key="k3", notebook_id="A.ipynb"))
        await store.create(session("t", key="k4", notebook_id=""))
        assert [found.key for found in (await store.find("ann", session_id="s")).sessions] == ["k2", "k1"]
        assert [found.key for found in (await store.find("ann", notebook_id="a.ipynb")).sessions] == ["k1"]
        assert [found.key for found in (await store.find("ann", notebook_id="")).sessions] == ["k4"]
        assert [found.key for found in (await store.find("ann", session_id="S", notebook_id="A.ipynb")).sessions] == [
            "k3"
        ]
        assert (await store.find("ann", session_id="s", notebook_id="A.ipynb")).sessions == ()

    @asynchronous
    async def test_S6_who_has_sessions_about_a_path_is_answered_by_a_store_of_one_server_only(self) -> None:
        store = self.client()
        about = {
            "zoe": "data_1/a.ipynb",
            "ann": "data_1/b.ipynb",
            "bob": "dataX1/a.ipynb",
            "eve": "data_1.ipynb",
            "joe": "",
        }
        for owner, path in about.items():
            await store.create(session(owner, key=f"k-{owner}", owner=owner, notebook_id=path))
        answers = [await store.owners(path) for path in ("data_1", "data_1/a.ipynb", "data", "", "A", "data_1/")]
        assert answers == [() if self.is_shared else owners for owners in (("ann", "zoe"), ("zoe",), (), (), (), ())]

    @asynchronous
    async def test_S10_search_is_literal_whatever_the_characters(self) -> None:
        store = self.client()
        for text in [
            "100%",
            "a_b",
            "')--",
            '"; DROP',
            "\\",
            "*",
            "[a]",
            "{x}",
            "?",
            "GROẞE",
            "straße",
            "ÄRGER",
            "\x1f",
            "\t",
        ]:
            for name in ("question", "reply", "title", "none"):
                await store.delete(f"k-{name}")
            in_question, in_reply = session("question"), session("reply", last_activity=2.0)
            await store.create(in_question)
            await store.create(in_reply)
            await store.create(session("title", title=f"x{text}x", last_activity=3.0))
            await store.create(session("none", title="100 axb ab - nothing", last_activity=4.0))
            asked = turn(1, question=f"before {text} after")
            answered = turn(1, reply=f"before {text} after")
            await store.commit(following(in_question, asked), asked)
            await store.commit(following(in_reply, answered), answered)
            assert [found.id for found in (await store.find("ann", text=text)).sessions] == [
                "title",
                "reply",
                "question",
            ]
            assert [found.id for found in (await store.find("ann", text=text.lower())).sessions] == [
                "title",
                "reply",
                "question",
            ]
            assert (await store.find("bob", text=text)).sessions == ()

    @asynchronous
    async def test_S7_S9_owners_ids_and_paths_are_taken_literally(self) -> None:
        store = self.client()
        for name in ["*", "[a]", "{x}", "a:b", "ja:o:ann", "%", "_", "ann'--", "ANN", "ann ", "é", "e\u0301"]:
            await store.delete("k-plain")
            await store.create(session("plain"))
            await store.create(session(name, key="k-1", owner=name, notebook_id=name))
            assert [found.key for found in (await store.find(name)).sessions] == ["k-1"]
            assert [found.key for found in (await store.find(name, session_id=name, notebook_id=name)).sessions] == [
                "k-1"
            ]
            assert [found.key for found in (await store.find("ann")).sessions] == ["k-plain"]
            assert await store.delete("k-1")
            assert await store.count(name) == 0
            assert await store.count("ann") == 1

    @asynchronous
    async def test_a_session_moves_to_another_name_unless_it_is_taken(self) -> None:
        store = self.client()
        new = session()
        await store.create(new)
        await store.create(session("other", notebook_id="b.ipynb"))
        with pytest.raises(VersionConflict):
            await store.commit(following(new, id="other", notebook_id="b.ipynb"))
        moved = following(new, notebook_id="b.ipynb")
        await store.commit(moved)
        assert (await store.find("ann", notebook_id="a.ipynb")).sessions == ()
        assert [found.id for found in (await store.find("ann", notebook_id="b.ipynb", session_id="s")).sessions] == [
            "s"
        ]
        await store.create(session(key="k-again"))
        assert await store.count("ann") == 3

    @asynchronous
    async def test_a_session_moves_to_another_owner_with_its_turns(self) -> None:
        store = self.client()
        new, first = session(), turn(1)
        await store.create(session("rest"))
        await store.create(new)
        asked = following(new, first)
        await store.commit(asked, first)
        moved = following(asked, owner="\x7fann", id="other")
        await store.commit(moved)
        assert [found.id for found in (await store.find("ann")).sessions] == ["rest"]
        assert [found.id for found in (await store.find("\x7fann")).sessions] == ["other"]
        assert (await store.count("ann"), await store.count("\x7fann")) == (1, 1)
        assert await store.read(new.key) == moved
        assert await store.path(new.key, "t1", 5) == (first,)
        await store.create(session(key="k-again"))
        with pytest.raises(VersionConflict):
            await store.commit(following(moved, owner="ann", id="s"))
        await store.commit(following(moved, owner="ann", id="back"))
        assert {found.id for found in (await store.find("ann")).sessions} == {"rest", "s", "back"}
        assert await store.delete(new.key)
        assert (await store.count("ann"), await store.count("\x7fann")) == (2, 0)

    @asynchronous
    async def test_D9_text_is_read_the_same_from_every_store(self) -> None:
        store = self.client()
        for text in [
            "a\x00b",
            "\ud800",
            "\udfff\ud800",
            "😀",
            "\ue000",
            "x" * 1_000_000,
            "\x7f\x01",
            "\r\n\u2028\u2029",
            "\ufffe",
        ]:
            await store.delete("k-s")
            new = session(title=text[:100], metadata={text[:100]: text})
            asked = turn(1, question=text, reply=text, extra={"x": text})
            await store.create(new)
            await store.commit(following(new, asked), asked)
            kept = text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            stored = await store.turn(new.key, "t1")
            assert stored is not None
            assert stored == as_stored(asked)
            if not any("\ud800" <= character <= "\udfff" for character in text):
                assert (stored.question, stored.reply) == (kept, kept)
            assert await store.read(new.key) == as_stored(following(new, asked))

    @asynchronous
    async def test_D9_numbers_and_depth_are_read_the_same_from_every_store(self) -> None:
        store = self.client()
        deep: object = "bottom"
        for _ in range(80):
            deep = [deep]
        data = {"nan": float("nan"), "inf": float("-inf"), "big": 10**5000, "long": 2**70, "tiny": 5e-324, "deep": deep}
        new = session(metadata=data)
        await store.create(new)
        stored = await store.read(new.key)
        assert stored is not None
        assert stored == as_stored(new)
        assert {name: stored.metadata[name] for name in ("nan", "inf", "big", "long", "tiny")} == {
            "nan": None,
            "inf": None,
            "big": None,
            "long": 2**70,
            "tiny": 5e-324,
        }
        assert str(stored.metadata["deep"]).count("[") == codec.MAX_DEPTH - 1

    @asynchronous
    async def test_D9_ten_megabytes_are_kept(self) -> None:
        store = self.client()
        new = session()
        await store.create(new)
        large = turn(1, reply="ü" * 2_000_000 + "x" * 6_000_000)
        await store.commit(following(new, large), large)
        assert await store.turn(new.key, "t1") == large

    @asynchronous
    async def test_S5_of_20_racers_exactly_one_creates(self) -> None:
        clients = [self.client() for _ in range(4)]
        racers = [clients[number % 4].create(session(title=str(number))) for number in range(20)]
        results = await asyncio.gather(*racers, return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["NoneType"] + ["VersionConflict"] * 19
        assert await clients[0].count("ann") == 1

    @asynchronous
    async def test_D16_of_two_clients_at_the_same_revision_exactly_one_commits(self) -> None:
        clients = [self.client() for _ in range(2)]
        head = session()
        await clients[0].create(head)
        for round_ in range(1, 21):
            asked = [turn(round_, head.head, id=f"t{round_}-{number}") for number in range(2)]
            commits = [client.commit(following(head, new), new) for client, new in zip(clients, asked, strict=True)]
            results = await asyncio.gather(*commits, return_exceptions=True)
            (winner,) = [new for new, result in zip(asked, results, strict=True) if result is None]
            (loser,) = [result for result in results if result is not None]
            assert isinstance(loser, VersionConflict)
            head = following(head, winner)
            assert await clients[1].read(head.key) == head
        assert len(await clients[0].path(head.key, str(head.head), 99)) == 20

    @asynchronous
    async def test_S11_of_8_racing_deletes_exactly_one_succeeds(self) -> None:
        clients = [self.client() for _ in range(4)]
        await clients[0].create(session(), (turn(1),))
        results = await asyncio.gather(*(clients[number % 4].delete("k-s") for number in range(8)))
        assert sorted(results) == [False] * 7 + [True]

    @asynchronous
    async def test_the_clock_does_not_go_backwards(self) -> None:
        store = self.client()
        first = await store.now()
        assert await store.now() >= first

    @asynchronous
    async def test_a_store_works_after_it_was_closed(self) -> None:
        store = self.client()
        await store.create(session())
        await store.close()
        assert await store.read("k-s") == session()
