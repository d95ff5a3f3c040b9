"""Undo as one operation: whatever dies in between, conversation and notebook end together, undone or as they were."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_agent.core.errors import AgentError, Conflict, Forbidden, StoreUnavailable, UndoInProgress
from jupyter_agent.core.messages import CellChange, CellEdit, EditKind
from jupyter_agent.core.session import Session, Turn, UndoKind
from jupyter_agent.kernelside.wire import source_hash
from jupyter_agent.notebooks import editing
from jupyter_agent.notebooks.cells import source_of
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.tree import SessionTree
from jupyter_agent.sessions.undo import EditHistory, combine
from jupyter_agent.stores.memory import MemoryStore

Node = dict[str, Any]
WHO = ("ann", "s", "a.ipynb")


class Died(BaseException):
    """The process is gone."""


class Clock:
    """Seconds that pass when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class MortalStore(MemoryStore):
    """Kills its process before or after one of the next commits, or loses the acknowledgement of one."""

    clock: Clock
    point = ""
    error: type[BaseException] = Died

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        step = "record" if session.pending_undo is not None else "finish"
        if self.point == f"before {step}":
            raise self.error
        await super().commit(session, turn)
        if self.point == f"after {step}":
            raise self.error("The connection is lost.")


def cell(cell_id: str, source: str) -> Node:
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {},
        "source": [source],
        "outputs": [],
        "execution_count": None,
    }


class Book:
    """A notebook in memory; restoring it fails as it is told to."""

    path = "a.ipynb"

    def __init__(self, cells: list[Node]) -> None:
        self.cells = cells
        self.point = ""
        self.error: AgentError | None = None

    async def apply_changes(self, changes: Sequence[CellChange]) -> tuple[str, ...]:
        if self.error is not None:
            raise self.error
        if self.point == "before cells":
            raise Died
        # A page applies cell after cell; one that is closed in between has applied some.
        conflicts = editing.apply_changes(self.cells, changes[: 1 if self.point == "within cells" else None])
        if self.point in ("within cells", "after cells"):
            raise Died
        return conflicts


class World:
    """A conversation with one turn that has edited a notebook, and whichever process comes to it."""

    def __init__(self) -> None:
        clock = Clock()
        self.store = MortalStore(clock)
        self.store.clock = clock
        self.before = [cell("a", "x = 1"), cell("b", "x"), cell("c", "y")]
        cells = copy.deepcopy(self.before)
        edits = [
            CellEdit("replace", "a", source_hash("x = 1"), "x = 2"),
            CellEdit("insert", "new", source="z = 1", below="b"),
            CellEdit("replace", "a", source_hash("x = 2"), "x = 3"),
            CellEdit("replace", "new", source_hash("z = 1"), "z = 2"),
            CellEdit("delete", "c", source_hash("y")),
        ]
        self.changes = tuple(editing.apply_edit(cells, edit, has_ids=True) for edit in edits)
        self.after = copy.deepcopy(cells)
        self.book: Any = Book(cells)
        self.history = self.process()

    @property
    def tree(self) -> SessionTree:
        return self.history.sessions.tree

    def process(self) -> EditHistory:
        """Another process, after the lease of the one that died."""
        self.store.clock.now += 31
        self.store.point = ""
        return EditHistory(SessionManager(self.store), Redactor())

    async def ask(self) -> None:
        manager = self.history.sessions
        begun = await manager.log.begin("ann", "a.ipynb", "s", "t1", "Do it.", "")
        edits = self.history.storable(self.changes)
        await manager.log.finish(begun.session, Turn("t1", None, 0, "Do it.", reply="Done.", edits=edits))

    async def state(self) -> tuple[str | None, bool]:
        """The head, and whether the notebook is as the turn left it; nothing else may be true of it."""
        session = await self.history.sessions.get(*WHO)
        assert session.pending_undo is None
        assert self.book.cells in (self.before, self.after)
        return session.head, self.book.cells == self.after

    def die(self, point: str) -> None:
        self.store.point = self.book.point = point


UNDONE, NOT_UNDONE = (None, False), ("t1", True)
POINTS = [
    "before record",
    "after record",
    "before cells",
    "within cells",
    "after cells",
    "before finish",
    "after finish",
]


@pytest.fixture
def world(jp_asyncio_loop: asyncio.AbstractEventLoop) -> World:
    made = World()
    jp_asyncio_loop.run_until_complete(made.ask())
    return made


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("kind", get_args(UndoKind))
async def test_D3_an_undo_that_died_anywhere_is_finished_when_it_is_asked_for_again(
    world: World, kind: UndoKind, point: str
) -> None:
    if kind == "redo":
        await world.history.apply("undo", *WHO, notebook=world.book)
    world.die(point)
    with pytest.raises(Died):
        await world.history.apply(kind, *WHO, notebook=world.book)
    world.book.point, world.history = "", world.process()
    if point == "after finish":
        with pytest.raises(Conflict, match="nothing to"):
            await world.history.apply(kind, *WHO, notebook=world.book)
    else:
        assert (await world.history.apply(kind, *WHO, notebook=world.book)).conflicts == ()
    assert await world.state() == (UNDONE if kind == "undo" else NOT_UNDONE)


@pytest.mark.parametrize("point", POINTS)
async def test_D3_an_undo_that_died_anywhere_is_finished_by_the_next_access(world: World, point: str) -> None:
    world.die(point)
    with pytest.raises(Died):
        await world.history.apply("undo", *WHO, notebook=world.book)
    world.book.point, world.history = "", world.process()
    session = await world.history.sessions.get(*WHO)
    session = await world.history.recover(session, world.book)
    assert await world.state() == (NOT_UNDONE if point == "before record" else UNDONE)
    assert await world.history.recover(session, world.book) == session


@pytest.mark.parametrize("point", POINTS[1:6])
@pytest.mark.parametrize("second", POINTS)
async def test_D3_an_undo_that_died_is_taken_back_by_redo_whatever_dies_there(
    world: World, point: str, second: str
) -> None:
    world.die(point)
    with pytest.raises(Died):
        await world.history.apply("undo", *WHO, notebook=world.book)
    world.history = world.process()
    world.die(second)
    with pytest.raises(Died):
        await world.history.apply("redo", *WHO, notebook=world.book)
    world.book.point, world.history = "", world.process()
    session = await world.history.sessions.get(*WHO)
    await world.history.recover(session, world.book)
    assert await world.state() == (UNDONE if second == "before record" else NOT_UNDONE)


async def test_a_page_that_is_closed_before_it_confirms_leaves_an_undo_that_the_next_page_finishes(
    world: World,
) -> None:
    closed = await world.history.begin("undo", *WHO)
    editing.apply_changes(world.book.cells, closed.changes[:2])
    assert closed.session.head == "t1"
    with pytest.raises(UndoInProgress):
        await world.history.begin("undo", *WHO)
    world.history = world.process()
    opened = await world.history.begin("undo", *WHO)
    assert editing.apply_changes(world.book.cells, opened.changes) == ()
    finished = await world.tree.end_undo(*WHO, opened.operation, is_applied=True)
    assert finished == await world.tree.end_undo(*WHO, opened.operation, is_applied=True)
    assert await world.state() == UNDONE
    with pytest.raises(Conflict, match="elsewhere"):
        await world.tree.end_undo(*WHO, closed.operation, is_applied=True)
    assert await world.state() == UNDONE


async def test_a_page_that_cannot_restore_the_cells_takes_the_undo_back(world: World) -> None:
    begun = await world.history.begin("undo", *WHO)
    assert begun.to_json()["operation"] == begun.operation
    cancelled = await world.tree.end_undo(*WHO, begun.operation, is_applied=False)
    assert cancelled == await world.tree.end_undo(*WHO, begun.operation, is_applied=False)
    assert await world.state() == NOT_UNDONE
    assert (await world.history.apply("undo", *WHO, notebook=world.book)).operation == ""
    assert await world.state() == UNDONE


async def test_nothing_else_moves_the_head_while_an_undo_is_applied(world: World) -> None:
    manager = world.history.sessions
    await world.history.begin("undo", *WHO)
    for refused in (
        manager.log.begin("ann", "a.ipynb", "s", None, "And?", ""),
        manager.tree.move_head("undo", *WHO),
        manager.tree.move_head("redo", *WHO),
        manager.tree.set_head("ann", "s", None, "a.ipynb"),
        world.history.begin("redo", *WHO),
        world.history.recover(await manager.get(*WHO), world.book),
    ):
        with pytest.raises(UndoInProgress) as error:
            await refused
        assert (error.value.status, error.value.code, error.value.retryable) == (409, "undo_in_progress", True)
    await manager.rename("ann", "s", title="Mine")
    assert (await manager.get(*WHO)).title == "Mine"


async def test_a_question_after_an_abandoned_undo_waits_until_it_is_finished(world: World) -> None:
    await world.history.begin("undo", *WHO)
    world.history = world.process()
    manager = world.history.sessions
    with pytest.raises(UndoInProgress):
        await manager.log.begin("ann", "a.ipynb", "s", "t2", "And?", "")
    await world.history.recover(await manager.get(*WHO), world.book)
    begun = await manager.log.begin("ann", "a.ipynb", "s", "t2", "And?", "")
    assert (begun.session.head, world.book.cells) == (None, world.before)


@pytest.mark.parametrize("error", [Forbidden("It is read-only."), None], ids=["refused", "unreachable"])
async def test_a_notebook_that_cannot_be_restored_is_named_and_the_conversation_goes_back_all_the_same(
    world: World, error: AgentError | None
) -> None:
    world.book.error = error
    undone = await world.history.apply("undo", *WHO, notebook=None if error is None else world.book)
    assert undone.problem == ("It is read-only." if error else undone.problem) != ""
    assert set(undone.conflicts) == {"a", "new", "c"}
    assert await world.state() == (None, True)


@pytest.mark.parametrize("point", ["after record", "after finish"])
async def test_D15_an_undo_whose_commit_was_not_acknowledged_is_done_once(world: World, point: str) -> None:
    world.store.error = StoreUnavailable
    world.store.point = point
    await world.history.apply("undo", *WHO, notebook=world.book)
    assert await world.state() == UNDONE


@given(
    st.lists(
        st.tuples(st.sampled_from(get_args(EditKind)[:4]), st.integers(0, 5), st.integers(0, 5)),
        min_size=1,
        max_size=12,
    )
)
def test_combined_changes_lead_to_the_same_cells_as_the_single_ones(steps: list[tuple[EditKind, int, int]]) -> None:
    start = [cell("a", "1"), cell("b", "2"), cell("c", "3")]
    cells, changes = copy.deepcopy(start), []
    for number, (kind, which, where) in enumerate(steps):
        ids = [str(node["id"]) for node in cells]
        target = ids[which % len(ids)] if ids else ""
        if kind != "insert" and not ids:
            continue
        digest = source_hash(source_of(cells[ids.index(target)])) if ids else ""
        below = ["", *(other for other in ids if other != target)][where % max(1, len(ids))]
        edit = (
            CellEdit("insert", f"n{number}", source=f"i{number}", below=below)
            if kind == "insert"
            else CellEdit(kind, target, digest, f"r{number}", below=below)
        )
        changes.append(editing.apply_edit(cells, edit, has_ids=True))
    end, combined = copy.deepcopy(cells), combine(changes)
    assert editing.apply_changes(cells, [change.inverted() for change in reversed(combined)]) == ()
    assert cells == start
    assert editing.apply_changes(cells, combined) == ()
    assert cells == end
    if all(kind != "move" for kind, _, _ in steps):
        assert editing.apply_changes(cells, combined) == ()
        assert cells == end


async def test_whoever_comes_second_learns_that_the_undo_ended_the_other_way(world: World) -> None:
    begun = await world.history.begin("undo", *WHO)
    await world.tree.end_undo(*WHO, begun.operation, is_applied=False)
    with pytest.raises(Conflict, match="elsewhere"):
        await world.tree.end_undo(*WHO, begun.operation, is_applied=True)
    assert await world.state() == NOT_UNDONE
    again = await world.history.begin("undo", *WHO)
    editing.apply_changes(world.book.cells, again.changes)
    await world.tree.end_undo(*WHO, again.operation, is_applied=True)
    with pytest.raises(Conflict, match="elsewhere"):
        await world.tree.end_undo(*WHO, again.operation, is_applied=False)
    assert await world.state() == UNDONE
