"""Undo and redo of a turn together with what it changed in the notebook, as one operation."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_agent.core.errors import AgentError, NotFound
from jupyter_agent.core.messages import CellChange, Json, to_json
from jupyter_agent.core.protocols import Notebook
from jupyter_agent.core.session import Session, UndoKind
from jupyter_agent.notebooks.editing import same_cell
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.manager import SessionManager
from jupyter_agent.sessions.process import this_process
from jupyter_agent.sessions.tree import CUT

#: Characters of one side of a change as it is stored.
MAX_STORED = 1024 * 1024
#: Characters of all changes that are kept whole in memory.
MAX_REMEMBERED = 64 * 1024 * 1024
_NO_NOTEBOOK = "The notebook cannot be reached, so its cells were left as they are."


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo or redo means for a conversation and its notebook.

    Attributes:
        session: The conversation; its head has moved unless `operation` says that it is still to.
        changes: To apply to the notebook, in order; applying them twice is applying them once.
        conflicts: Ids of cells that were not restored: changed since, or not kept whole.
        problem: Why nothing could be applied to the notebook; empty where it could.
        operation: Id for `SessionTree.end_undo`; empty where the operation is over.
    """

    session: Session
    changes: tuple[CellChange, ...] = ()
    conflicts: tuple[str, ...] = ()
    problem: str = ""
    operation: str = ""

    def to_json(self) -> dict[str, Json]:
        """What a client is sent about the notebook's cells."""
        data = {"changes": to_json(self.changes), "left": list(self.conflicts), "problem": self.problem}
        return data | ({"operation": self.operation} if self.operation else {})


@dataclass(slots=True)
class EditHistory:
    """What turns changed in notebooks. The newest are kept whole in memory; the store has them redacted and bounded.

    An undo or redo is recorded durably, then the cells are restored, then the conversation's head moves. Whoever finds
    one that was not finished (`Session.pending_undo`) finishes it with `recover`, or by asking for it again. What names a session raises
    `NotFound` where there is none.
    """

    sessions: SessionManager
    redactor: Redactor
    _whole: OrderedDict[tuple[str, str], tuple[CellChange, ...]] = field(default_factory=OrderedDict)

    def storable(self, changes: Iterable[CellChange]) -> tuple[CellChange, ...]:
        """Changes as they may be stored: redacted, each side within a limit."""

        def storable(cell: Mapping[str, Json] | None) -> Mapping[str, Json] | None:
            if cell is None:
                return None
            kept: dict[str, Any] = dict(cell)
            if len(json.dumps(kept)) > MAX_STORED:
                kept |= {"outputs": [], CUT: True}
            redacted = self.redactor.mapping(kept)
            if redacted != kept:
                return {**redacted, CUT: True}
            return kept if len(json.dumps(kept)) <= MAX_STORED else {"cell_type": kept.get("cell_type"), CUT: True}

        return tuple(
            replace(change, before=storable(change.before), after=storable(change.after)) for change in changes
        )

    def remember(self, session: Session, turn_id: str, changes: Sequence[CellChange]) -> None:
        """Keep a turn's changes whole, while this process lives and there is room."""
        if not changes:
            return
        self._whole[session.key, turn_id] = tuple(changes)
        while (
            len(self._whole) > 1
            and sum(
                len(json.dumps(side))
                for kept in self._whole.values()
                for change in kept
                for side in (change.before, change.after)
            )
            > MAX_REMEMBERED
        ):
            self._whole.popitem(last=False)

    async def apply(
        self,
        kind: UndoKind,
        owner: str,
        session_id: str,
        notebook_id: str | None = None,
        *,
        notebook: Notebook | None = None,
        dry_run: bool = False,
    ) -> Undone:
        """Undo the newest turn, or redo the one undone last, with what it changed in the notebook.

        Cells that somebody has changed since are not restored; they are its `conflicts`.

        Args:
            kind: Which of the two.
            owner: Whose conversation it is.
            session_id: The conversation.
            notebook_id: Its notebook; None takes the most recently active of that id.
            notebook: The same, to be restored; None where it cannot be reached.
            dry_run: Move the head only, whatever becomes of the `changes`.

        Raises:
            Conflict: there is nothing to undo or redo.
            TurnInProgress: a turn is being answered.
            UndoInProgress: another undo is being applied.
        """
        tree = self.sessions.tree
        if dry_run:
            session = await tree.move_head(kind, owner, session_id, notebook_id)
            return await self._prepared(session, kind, session.redo[-1] if kind == "undo" else str(session.head))
        undone = await self.begin(kind, owner, session_id, notebook_id, process=this_process())
        try:
            if undone.changes:
                problem = ""
                try:
                    if notebook is None:
                        raise NotFound(_NO_NOTEBOOK)
                    left = await notebook.apply_changes(undone.changes)
                except AgentError as error:
                    problem, left = error.message, tuple(change.cell_id for change in undone.changes)
                undone = replace(undone, conflicts=tuple(dict.fromkeys((*undone.conflicts, *left))), problem=problem)
            notebook_id = undone.session.notebook_id
            session = await tree.end_undo(owner, session_id, notebook_id, undone.operation, is_applied=True)
        except BaseException:  # whatever ends it, a cancelled task too: the next one begins afresh
            self.sessions.log.drop_undo(undone.operation)
            raise
        return replace(undone, session=session, operation="")

    async def begin(
        self, kind: UndoKind, owner: str, session_id: str, notebook_id: str | None = None, *, process: str = ""
    ) -> Undone:
        """Record an undo or redo whose `changes` the caller applies; then it calls `SessionTree.end_undo`.

        `process` is the one that applies them, where it is no page.

        Raises:
            Conflict: there is nothing to undo or redo.
            TurnInProgress: a turn is being answered.
            UndoInProgress: another undo is being applied.
        """
        session, pending = await self.sessions.tree.begin_undo(kind, owner, session_id, notebook_id, process=process)
        return replace(await self._prepared(session, kind, pending.turn_id), operation=pending.id)

    async def recover(self, session: Session, notebook: Notebook | None) -> Session:
        """The session after its unfinished undo, if it has one, was finished (or taken back, if that had begun).

        Raises:
            UndoInProgress: it is being applied now.
        """
        pending = session.pending_undo
        if pending is None:
            return session
        kind: UndoKind = "undo" if (pending.kind == "undo") is not pending.reverting else "redo"
        return (await self.apply(kind, session.owner, session.id, session.notebook_id, notebook=notebook)).session

    async def _prepared(self, session: Session, kind: UndoKind, turn_id: str) -> Undone:
        """The changes that undo or redo a turn; those of a cell that is not kept whole are its conflict."""
        turn = await self.sessions.tree.turn(session, turn_id)
        changes = self._whole.get((session.key, turn_id), turn.edits)
        cut = {change.cell_id for change in changes if CUT in (change.before or ()) or CUT in (change.after or ())}
        # What a cell was before an unknown change cannot be known either.
        whole = combine([change for change in changes if change.cell_id not in cut])
        if kind == "undo":
            whole = tuple(change.inverted() for change in reversed(whole))
        return Undone(
            session, whole, tuple(dict.fromkeys(change.cell_id for change in changes if change.cell_id in cut))
        )


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


def _is_move(change: CellChange) -> bool:
    """Whether a change moves a cell and leaves its content."""
    return (
        change.before is not None
        and change.after is not None
        and change.below_before != change.below_after
        and same_cell(change.before, change.after)
    )
