"""Undo and redo of a turn together with what it changed in the notebook, as one operation."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_agent.core.errors import AgentError
from jupyter_agent.core.messages import CellChange, Json, to_json
from jupyter_agent.core.protocols import Notebook
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.notebooks.editing import same_cell
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.tree import UndoKind

#: Characters of one side of a change as it is stored.
MAX_STORED = 1024 * 1024
#: Characters of all changes that are kept whole in memory.
MAX_REMEMBERED = 64 * 1024 * 1024
#: Marks a stored cell of which something was left out: nothing may be restored from it.
CUT = "jupyter_agent_cut"
_NO_NOTEBOOK = "The notebook cannot be reached, so its cells were left as they are."


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo or redo means for a conversation and its notebook.

    Attributes:
        session: The conversation; its head has moved unless `operation` says that it is still to.
        changes: To apply to the notebook, in order; applying them twice is applying them once.
        conflicts: Ids of cells that were not restored: changed since, or not kept whole.
        problem: Why nothing could be applied to the notebook; empty where it could.
        operation: Id for `EditHistory.finish` and `cancel`; empty where the operation is over.
    """

    session: Session
    changes: tuple[CellChange, ...] = ()
    conflicts: tuple[str, ...] = ()
    problem: str = ""
    operation: str = ""

    def to_json(self) -> dict[str, Json]:
        """What a client is sent about the notebook's cells."""
        operation: dict[str, Json] = {"operation": self.operation} if self.operation else {}
        return {
            "changes": to_json(self.changes),
            "left": list(self.conflicts),
            "problem": self.problem,
            **operation,
        }


@dataclass(slots=True)
class EditHistory:
    """What turns changed in notebooks. The newest are kept whole in memory; the store has them redacted and bounded.

    An undo or redo is recorded durably, then the cells are restored, then the conversation's head moves. Whoever finds
    one that was not finished (`Session.pending_undo`) finishes it with `recover`, or by asking for it again.
    """

    sessions: SessionManager
    redactor: Redactor
    _whole: OrderedDict[tuple[str, str], tuple[CellChange, ...]] = field(default_factory=OrderedDict)

    def storable(self, changes: Iterable[CellChange]) -> tuple[CellChange, ...]:
        """Changes as they may be stored."""
        return tuple(
            replace(change, before=self._storable(change.before), after=self._storable(change.after))
            for change in changes
        )

    def remember(self, session: Session, turn_id: str, changes: Sequence[CellChange]) -> None:
        """Keep a turn's changes whole, while this process lives and there is room."""
        if not changes:
            return
        self._whole[session.key, turn_id] = tuple(changes)
        while len(self._whole) > 1 and sum(map(_size, self._whole.values())) > MAX_REMEMBERED:
            self._whole.popitem(last=False)

    def changes_of(self, session: Session, turn: Turn) -> tuple[CellChange, ...]:
        """A turn's changes, whole where they are in memory."""
        return self._whole.get((session.key, turn.id), turn.edits)

    async def undo(
        self,
        owner: str,
        session_id: str,
        notebook_id: str | None = None,
        *,
        notebook: Notebook | None = None,
        dry_run: bool = False,
    ) -> Undone:
        """Take the newest turn back, and what it changed in the notebook.

        Cells that somebody has changed since are not restored; they are its `conflicts`.

        Args:
            owner: Whose conversation it is.
            session_id: The conversation.
            notebook_id: Its notebook; None takes the most recently active of that id.
            notebook: The same, to be restored; None where it cannot be reached.
            dry_run: Move the head only, whatever becomes of the `changes`.

        Raises:
            NotFound: there is no such session.
            Conflict: there is nothing to undo.
            TurnInProgress: a turn is being answered.
            UndoInProgress: another undo is being applied.
        """
        return await self._run("undo", owner, session_id, notebook_id, notebook, dry_run)

    async def redo(
        self,
        owner: str,
        session_id: str,
        notebook_id: str | None = None,
        *,
        notebook: Notebook | None = None,
        dry_run: bool = False,
    ) -> Undone:
        """Bring back the turn that `undo` took last, and what it changed in the notebook; for the rest see there."""
        return await self._run("redo", owner, session_id, notebook_id, notebook, dry_run)

    async def begin(self, kind: UndoKind, owner: str, session_id: str, notebook_id: str | None = None) -> Undone:
        """Record an undo or redo whose `changes` the caller applies; then it calls `finish`, or `cancel`.

        Raises:
            NotFound: there is no such session.
            Conflict: there is nothing to undo or redo.
            TurnInProgress: a turn is being answered.
            UndoInProgress: another undo is being applied.
        """
        session, pending = await self.sessions.tree.begin_undo(kind, owner, session_id, notebook_id)
        return replace(await self._prepared(session, kind, pending.turn_id), operation=pending.id)

    async def finish(self, owner: str, session_id: str, notebook_id: str | None, operation: str) -> Session:
        """Move the head, after the changes of `begin` were applied where they could be; safe to call again.

        Raises:
            NotFound: there is no such session.
            Conflict: another client finished it or took it back.
        """
        return await self.sessions.tree.finish_undo(owner, session_id, notebook_id, operation)

    async def cancel(self, owner: str, session_id: str, notebook_id: str | None, operation: str) -> Session:
        """Take back what `begin` recorded, where none of its changes is applied any more; safe to call again.

        Raises:
            NotFound: there is no such session.
            Conflict: another client finished it or took it back.
        """
        return await self.sessions.tree.cancel_undo(owner, session_id, notebook_id, operation)

    async def recover(self, session: Session, notebook: Notebook | None) -> Session:
        """The session after its unfinished undo, if it has one, was finished (or taken back, if that had begun).

        Raises:
            UndoInProgress: it is being applied now.
        """
        pending = session.pending_undo
        if pending is None:
            return session
        kind: UndoKind = "undo" if (pending.kind == "undo") is not pending.reverting else "redo"
        return (await self._run(kind, session.owner, session.id, session.notebook_id, notebook, dry_run=False)).session

    async def _run(  # noqa: PLR0917 – what, of which conversation, then how
        self,
        kind: UndoKind,
        owner: str,
        session_id: str,
        notebook_id: str | None,
        notebook: Notebook | None,
        dry_run: bool,
    ) -> Undone:
        if dry_run:
            move = self.sessions.tree.undo if kind == "undo" else self.sessions.tree.redo
            session = await move(owner, session_id, notebook_id)
            return await self._prepared(session, kind, session.redo[-1] if kind == "undo" else str(session.head))
        begun = await self.begin(kind, owner, session_id, notebook_id)
        applied = await _apply(begun, notebook)
        session = await self.finish(owner, session_id, begun.session.notebook_id, begun.operation)
        return replace(applied, session=session, operation="")

    async def _prepared(self, session: Session, kind: UndoKind, turn_id: str) -> Undone:
        """The changes that undo or redo a turn; those of a cell that is not kept whole are its conflict."""
        changes = self.changes_of(session, await self.sessions.tree.turn(session, turn_id))
        cut = {change.cell_id for change in changes if CUT in (change.before or ()) or CUT in (change.after or ())}
        # What a cell was before an unknown change cannot be known either.
        whole = combine([change for change in changes if change.cell_id not in cut])
        conflicts = tuple(dict.fromkeys(change.cell_id for change in changes if change.cell_id in cut))
        return Undone(session, invert(whole) if kind == "undo" else whole, conflicts)

    def _storable(self, cell: Mapping[str, Json] | None) -> Mapping[str, Json] | None:
        if cell is None:
            return None
        kept: dict[str, Any] = dict(cell)
        if len(json.dumps(kept)) > MAX_STORED:
            kept |= {"outputs": [], CUT: True}
        redacted = self.redactor.mapping(kept)
        if redacted != kept:
            return {**redacted, CUT: True}
        return kept if len(json.dumps(kept)) <= MAX_STORED else {"cell_type": kept.get("cell_type"), CUT: True}


def combine(changes: Sequence[CellChange]) -> tuple[CellChange, ...]:
    """The same changes, those of one cell's content as one, so that they can be applied again where they are applied.

    A cell that appears or disappears does so where it did; moves stay as they are.
    """
    combined: list[CellChange] = []
    for change in changes:
        earlier = [
            index for index, other in enumerate(combined) if other.cell_id == change.cell_id and not _is_move(other)
        ]
        if not earlier or _is_move(change) or change.before is None or combined[earlier[-1]].after is None:
            combined.append(change)
            continue
        first = combined[earlier[-1]]
        if first.before is not None:
            combined.pop(earlier[-1])
            combined.append(replace(change, before=first.before))
        elif change.after is not None:
            combined[earlier[-1]] = replace(first, after=change.after)
        else:
            combined.append(change)
    return tuple(combined)


def invert(changes: Sequence[CellChange]) -> tuple[CellChange, ...]:
    """The changes that undo these, the newest first."""
    return tuple(change.inverted() for change in reversed(changes))


async def _apply(undone: Undone, notebook: Notebook | None) -> Undone:
    """Apply the changes to a notebook where nobody has changed its cells since; None cannot be reached."""
    if not undone.changes:
        return undone
    problem = _NO_NOTEBOOK
    if notebook is not None:
        try:
            conflicts = await notebook.restore(undone.changes)
            return replace(undone, conflicts=(*undone.conflicts, *conflicts))
        except AgentError as error:
            problem = error.message
    ids = dict.fromkeys((*undone.conflicts, *(change.cell_id for change in undone.changes)))
    return replace(undone, conflicts=tuple(ids), problem=problem)


def _is_move(change: CellChange) -> bool:
    """Whether a change moves a cell and leaves its content."""
    return (
        change.before is not None
        and change.after is not None
        and change.below_before != change.below_after
        and same_cell(change.before, change.after)
    )


def _size(changes: Sequence[CellChange]) -> int:
    return sum(len(json.dumps(side)) for change in changes for side in (change.before, change.after))
