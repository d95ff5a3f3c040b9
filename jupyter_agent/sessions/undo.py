"""Undo and redo of a turn together with what it changed in the notebook."""

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
from jupyter_agent.redaction.redactor import Redactor
from jupyter_agent.sessions.manager import SessionManager

#: Characters of one side of a change as it is stored.
MAX_STORED = 1024 * 1024
#: Characters of all changes that are remembered whole.
MAX_REMEMBERED = 64 * 1024 * 1024
#: Stands in a stored cell of which something was left out: nothing may be restored from it.
CUT = "jupyter_agent_cut"
_NO_NOTEBOOK = "The notebook cannot be reached, so its cells were left as they are."


@dataclass(frozen=True, slots=True)
class Undone:
    """A conversation after undo or redo, and what that means for the notebook.

    Attributes:
        session: Its head moved.
        changes: To apply to the notebook, in order.
        conflicts: Ids of cells that were not restored: changed since, or not kept whole.
        problem: Why nothing could be applied to the notebook; empty where it could.
    """

    session: Session
    changes: tuple[CellChange, ...] = ()
    conflicts: tuple[str, ...] = ()
    problem: str = ""

    def to_json(self) -> dict[str, Json]:
        """What a client is sent about the notebook's cells."""
        return {"changes": to_json(self.changes), "left": list(self.conflicts), "problem": self.problem}


@dataclass(slots=True)
class EditHistory:
    """What turns did to notebooks. The newest are remembered whole; the store has them without secrets and bounded."""

    sessions: SessionManager
    redactor: Redactor
    _whole: OrderedDict[tuple[str, str], tuple[CellChange, ...]] = field(default_factory=OrderedDict)

    def storable(self, changes: Iterable[CellChange]) -> tuple[CellChange, ...]:
        """Changes as they may be stored."""
        return tuple(replace(one, before=self._kept(one.before), after=self._kept(one.after)) for one in changes)

    def remember(self, session: Session, turn_id: str, changes: Sequence[CellChange]) -> None:
        """Keep a turn's changes as they are, while this process lives and the room lasts."""
        if not changes:
            return
        self._whole[session.key, turn_id] = tuple(changes)
        while len(self._whole) > 1 and sum(map(_size, self._whole.values())) > MAX_REMEMBERED:
            self._whole.popitem(last=False)

    def changes_of(self, session: Session, turn: Turn) -> tuple[CellChange, ...]:
        """A turn's changes, whole where they are remembered."""
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
        """Take the newest turn back, and what it did to the notebook.

        Cells that somebody has changed since are not restored; they are its `conflicts`.

        Args:
            owner: Whose conversation it is.
            session_id: The conversation.
            notebook_id: Its notebook; None takes the most recently active of that id.
            notebook: The same, to be restored; None where it cannot be reached.
            dry_run: Leave the notebook to the caller, who applies `changes`.

        Raises:
            NotFound: there is no such session.
            Conflict: there is nothing to undo.
            TurnInProgress: a turn is being answered.
        """
        session = await self.sessions.undo(owner, session_id, notebook_id)
        turn = await self.sessions.turn(session, session.redo[-1])
        return await apply_changes(session, invert(self.changes_of(session, turn)), notebook, dry_run=dry_run)

    async def redo(
        self,
        owner: str,
        session_id: str,
        notebook_id: str | None = None,
        *,
        notebook: Notebook | None = None,
        dry_run: bool = False,
    ) -> Undone:
        """Bring back the turn that `undo` took last, and what it did to the notebook; for the rest see there.

        Raises:
            NotFound: there is no such session.
            Conflict: there is nothing to redo.
            TurnInProgress: a turn is being answered.
        """
        session = await self.sessions.redo(owner, session_id, notebook_id)
        turn = await self.sessions.turn(session, str(session.head))
        return await apply_changes(session, self.changes_of(session, turn), notebook, dry_run=dry_run)

    def _kept(self, cell: Mapping[str, Json] | None) -> Mapping[str, Json] | None:
        if cell is None:
            return None
        kept: dict[str, Any] = dict(cell)
        if len(json.dumps(kept)) > MAX_STORED:
            kept |= {"outputs": [], CUT: True}
        redacted = self.redactor.mapping(kept)
        if redacted != kept:
            return {**redacted, CUT: True}
        return kept if len(json.dumps(kept)) <= MAX_STORED else {"cell_type": kept.get("cell_type"), CUT: True}


async def apply_changes(
    session: Session, changes: Sequence[CellChange], notebook: Notebook | None, *, dry_run: bool = False
) -> Undone:
    """Apply changes to a notebook where nobody has changed its cells since.

    Args:
        session: Its head moved.
        changes: In the order to apply.
        notebook: None where it cannot be reached.
        dry_run: Apply nothing.
    """
    cut = tuple(one.cell_id for one in changes if _is_cut(one))
    # What a cell was before an unknown change cannot be told either.
    applicable = tuple(one for one in changes if one.cell_id not in cut)
    conflicts = tuple(dict.fromkeys(cut))
    if dry_run or not applicable:
        return Undone(session, applicable, conflicts)
    if notebook is None:
        return Undone(session, applicable, tuple(dict.fromkeys(one.cell_id for one in changes)), _NO_NOTEBOOK)
    try:
        return Undone(session, applicable, (*conflicts, *await notebook.restore(applicable)))
    except AgentError as error:
        return Undone(session, applicable, tuple(dict.fromkeys(one.cell_id for one in changes)), error.message)


def invert(changes: Sequence[CellChange]) -> tuple[CellChange, ...]:
    """The changes that undo these, the newest first."""
    return tuple(one.reversed() for one in reversed(changes))


def _is_cut(change: CellChange) -> bool:
    return any(one is not None and CUT in one for one in (change.before, change.after))


def _size(changes: Sequence[CellChange]) -> int:
    return sum(len(json.dumps(one)) for change in changes for one in (change.before, change.after))
