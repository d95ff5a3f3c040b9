"""All stores at once against one model: whatever is done to them in whatever order, they say and keep the same."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.protocols import Page, SessionStore
from jupyter_agent.core.session import OpenTurn, Session, Turn
from jupyter_agent.stores import codec
from jupyter_agent.testing.store import as_stored
from tests.support.store_urls import KINDS, Place

NAMES = st.sampled_from(["one", "two", "three"])
NOTEBOOKS = st.sampled_from(["", "a.ipynb", "b.ipynb"])
OWNERS = st.sampled_from(["ann", "bob"])
TEXTS = st.one_of(
    st.sampled_from(
        ["rows", "ROWS", "100%", "a_b", "\x00", "\ud800", "ß", "İ", "😀", "'--", "\\", "\u2028", "x" * 3000]
    ),
    st.text(max_size=12),
)
TURNS = st.sampled_from([f"t{number}" for number in range(12)])
EXAMPLES = itertools.count()
#: Of so many examples one leaves its sessions behind, among which others' must be found; more make all lists slow.
STAYING = 20


@dataclass
class Kept:
    """What the model knows of one session."""

    session: Session
    turns: dict[str, Turn] = field(default_factory=dict)

    def path(self, turn_id: str | None, limit: int) -> tuple[Turn, ...]:
        found: list[Turn] = []
        while turn_id in self.turns and len(found) < limit:
            found.insert(0, self.turns[str(turn_id)])
            turn_id = found[0].parent
        return tuple(found)

    def holds(self, text: str) -> bool:
        texts = [self.session.title, *(f"{turn.question}\n{turn.reply}" for turn in self.turns.values())]
        return any(codec.search_text(text) in codec.search_text(line) for line in texts)


class Stores(RuleBasedStateMachine):
    """Sessions of this example alone, told apart from other examples' by their owners and keys."""

    loop: asyncio.AbstractEventLoop
    places: dict[str, Place]

    def __init__(self) -> None:
        super().__init__()
        self.example = next(EXAMPLES)
        self.kept: dict[str, Kept] = {}
        self.step = 0.0
        self.clients = {kind: [place.open(), place.open()] for kind, place in self.places.items()}
        self.client = 0

    def ask(self, call: Callable[[SessionStore], Awaitable[object]]) -> object:
        """What all stores answer, which must be the same."""
        answers = {kind: self.loop.run_until_complete(answer(call(self.clients[kind][self.client]))) for kind in KINDS}
        assert len({repr(item) for item in answers.values()}) == 1, answers
        return answers["memory"]

    def owner(self, name: str) -> str:
        return f"{self.example}-{name}"

    def key(self, name: str, notebook: str) -> str:
        return f"e{self.example}-{name}-{notebook.replace('.', '-')}x"

    def tick(self) -> float:
        self.step += 1
        return self.step // 2  # some are equally active

    def commit(self, key: str, turn: Turn | None = None, **changes: object) -> None:
        kept = self.kept[key]
        session = replace(kept.session, revision=kept.session.revision + 1, **changes)  # type: ignore[arg-type]
        taken = any(key != other and name(kept.session) == name(session) for other, kept in self.kept.items())
        expected = "VersionConflict" if taken or (turn is not None and turn.id in kept.turns) else None
        assert self.ask(lambda store: store.commit(session, turn)) == expected
        if expected is None:
            kept.session = as_stored(session)
            if turn is not None:
                kept.turns[turn.id] = as_stored(turn)

    def some_key(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.kept)), "session")

    @initialize(titles=st.tuples(TEXTS, TEXTS))
    def begin(self, titles: tuple[str, str]) -> None:
        self.create("one", "a.ipynb", "ann", titles[0])
        self.create("two", "", "ann", titles[1])
        self.create("one", "", "bob", titles[0])

    @rule(session_name=NAMES, notebook=NOTEBOOKS, who=OWNERS, title=TEXTS)
    def create(self, session_name: str, notebook: str, who: str, title: str) -> None:
        key, now = self.key(session_name, notebook), self.tick()
        new = Session(
            key, session_name, self.owner(who), notebook, title=title, created_at=now + 0.1, last_activity=now
        )
        taken = key in self.kept or any(name(kept.session) == name(new) for kept in self.kept.values())
        assert self.ask(lambda store: store.create(new)) == ("VersionConflict" if taken else None)
        if not taken:
            self.kept[key] = Kept(as_stored(new))

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), turn_id=TURNS, question=TEXTS, reply=TEXTS)
    def append(self, data: st.DataObject, turn_id: str, question: str, reply: str) -> None:
        key = self.some_key(data)
        head = self.kept[key].session
        turn = Turn(turn_id, head.head, head.depth + 1, question, reply=reply, extra={"x": [question, None, 0.1]})
        self.commit(key, turn, head=turn_id, depth=turn.depth, open=None, redo=(), last_activity=self.tick())

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), changes=st.sampled_from([-1, 0, 2]))
    def commit_to_another_revision(self, data: st.DataObject, changes: int) -> None:
        key = self.some_key(data)
        head = self.kept[key].session
        wrong = replace(head, revision=head.revision + changes, title="wrong")
        turn = Turn("never", head.head, 1, "never")
        assert self.ask(lambda store: store.commit(wrong, turn)) == "VersionConflict"

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def commit_to_a_namesake(self, data: st.DataObject) -> None:
        key = self.some_key(data)
        head = self.kept[key].session
        late = replace(head, revision=head.revision + 1, created_at=head.created_at - 0.05)
        assert self.ask(lambda store: store.commit(late)) == "VersionConflict"

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        key = self.some_key(data)
        if (head := self.kept[key].session).head is not None:
            parent = self.kept[key].turns[head.head].parent
            self.commit(key, head=parent, depth=head.depth - 1, redo=(*head.redo, head.head))

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def redo(self, data: st.DataObject) -> None:
        key = self.some_key(data)
        if (head := self.kept[key].session).redo:
            self.commit(key, head=head.redo[-1], depth=head.depth + 1, redo=head.redo[:-1])

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), new_name=st.sampled_from(["four", "five"]))
    def branch(self, data: st.DataObject, new_name: str) -> None:
        key = self.some_key(data)
        head, turns = self.kept[key].session, self.kept[key].path(self.kept[key].session.head, 99)
        key = self.key(new_name, head.notebook_id)
        # What undo has left behind is of the old branch.
        new = replace(head, key=key, id=new_name, revision=1, created_at=self.tick(), redo=())
        taken = new.key in self.kept or any(name(kept.session) == name(new) for kept in self.kept.values())
        assert self.ask(lambda store: store.create(new, turns)) == ("VersionConflict" if taken else None)
        if not taken:
            self.kept[new.key] = Kept(as_stored(new), {turn.id: turn for turn in turns})

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), turn_id=TURNS, question=TEXTS, left=st.floats(-60, 60))
    def lease(self, data: st.DataObject, turn_id: str, question: str, left: float) -> None:
        key = self.some_key(data)
        opened = OpenTurn(turn_id, "holder", 1e9 + left, question, "digest", 1.5, ("c1",))
        self.commit(key, open=opened, last_activity=self.tick())

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), notebook=NOTEBOOKS)
    def move(self, data: st.DataObject, notebook: str) -> None:
        key = self.some_key(data)
        self.commit(key, notebook_id=notebook)

    @precondition(lambda self: len(self.kept) > 3)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        key = self.some_key(data)
        assert self.ask(lambda store: store.delete(key)) is True
        assert self.ask(lambda store: store.delete(key)) is False
        del self.kept[key]

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), turn_id=TURNS, limit=st.integers(0, 12))
    def read_turns(self, data: st.DataObject, turn_id: str, limit: int) -> None:
        key = self.some_key(data)
        kept = self.kept[key]
        assert self.ask(lambda store: store.turn(key, turn_id)) == kept.turns.get(turn_id)
        assert self.ask(lambda store: store.path(key, turn_id, limit)) == kept.path(turn_id, limit)

    @rule(
        who=OWNERS,
        session_id=st.one_of(st.none(), NAMES),
        notebook=st.one_of(st.none(), NOTEBOOKS),
        text=st.one_of(st.none(), TEXTS),
        size=st.integers(1, 3),
    )
    def find(self, who: str, session_id: str | None, notebook: str | None, text: str | None, size: int) -> None:
        expected = sorted(
            (
                kept.session
                for kept in self.kept.values()
                if kept.session.owner == self.owner(who)
                and session_id in (None, kept.session.id)
                and notebook in (None, kept.session.notebook_id)
                and (text is None or kept.holds(text))
            ),
            key=lambda session: (session.last_activity, session.key),
            reverse=True,
        )
        found: list[Session] = []
        cursor: str | None = None
        while True:
            page = self.ask(
                lambda store, cursor=cursor: store.find(  # type: ignore[misc]
                    self.owner(who), session_id=session_id, notebook_id=notebook, text=text, limit=size, cursor=cursor
                )
            )
            assert isinstance(page, Page)
            found += page.sessions
            cursor = page.cursor
            if cursor is None:
                break
        assert found == expected
        everything = sum(kept.session.owner == self.owner(who) for kept in self.kept.values())
        assert self.ask(lambda store: store.count(self.owner(who))) == everything

    @rule()
    def ask_the_other_client(self) -> None:
        self.client = 1 - self.client

    @rule()
    def crash_and_reopen(self) -> None:
        for kind, place in self.places.items():
            self.loop.run_until_complete(place.forget(self.clients[kind][self.client]))
            self.clients[kind][self.client] = place.open()

    @invariant()
    def the_head_changed_last_is_as_committed(self) -> None:
        if self.kept:
            key = max(self.kept, key=lambda key: self.kept[key].session.revision)
            assert self.ask(lambda store: store.read(key)) == self.kept[key].session

    def teardown(self) -> None:
        for key, kept in self.kept.items():
            assert self.ask(lambda store, key=key: store.read(key)) == kept.session  # type: ignore[misc]
            for turn_id, turn in kept.turns.items():
                assert self.ask(lambda store, key=key, one=turn_id: store.turn(key, one)) == turn  # type: ignore[misc]
            if self.example % STAYING:
                assert self.ask(lambda store, key=key: store.delete(key)) is True  # type: ignore[misc]
        for kind, place in self.places.items():
            for client in self.clients[kind]:
                self.loop.run_until_complete(place.forget(client))


async def answer(call: Awaitable[object]) -> object:
    """The result, or the name of the error."""
    try:
        return await call
    except AgentError as error:
        return type(error).__name__


def name(session: Session) -> tuple[str, str, str]:
    return session.owner, session.notebook_id, session.id


@pytest.fixture
def machine(
    make_place: Callable[[str], Place], jp_asyncio_loop: asyncio.AbstractEventLoop
) -> type[RuleBasedStateMachine]:
    class OnThesePlaces(Stores):
        loop = jp_asyncio_loop
        places = {kind: make_place(kind) for kind in KINDS}  # noqa: RUF012 – one class for one test

    return OnThesePlaces


COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True, "database": None}


@pytest.mark.timeout(240)
def test_all_stores_do_as_the_model_does(machine: type[RuleBasedStateMachine]) -> None:
    few = settings(max_examples=30, stateful_step_count=25, derandomize=True, **COMMON)  # type: ignore[arg-type]
    run_state_machine_as_test(machine, settings=few)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_all_stores_do_as_the_model_does_for_long(machine: type[RuleBasedStateMachine]) -> None:
    many = settings(max_examples=700, stateful_step_count=50, **COMMON)  # type: ignore[arg-type]
    run_state_machine_as_test(machine, settings=many)
