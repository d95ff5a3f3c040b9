"""A conversation as a tree of turns with a movable head: history, undo and redo, branches, replay."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from jupyter_agent.core.errors import Conflict, NotFound, StoreUnavailable, TurnInProgress, UndoInProgress
from jupyter_agent.core.messages import CellChange, Json
from jupyter_agent.core.session import PendingUndo, Session, Turn, UndoKind
from jupyter_agent.sessions.summary import SUMMARY, summary_of
from jupyter_agent.sessions.turns import SessionLog, branch_heads, interrupted, with_branch_kept

ALL_TURNS = 1_000_000
#: So many turns of a branch are read at once on the way to those that are known.
_STRIDE = 200
#: Marks a stored cell of which something was left out: nothing may be restored from it.
CUT = "jupyter_agent_cut"
#: In `Session.extra`: id of the undo that ended last, and how: ``finished`` or ``cancelled``.
_LAST_UNDO = "last_undo"
_NO_TURN = "There is no such turn in this conversation."


@dataclass(frozen=True, slots=True)
class Replay:
    """A new conversation in which questions are to be asked again.

    Attributes:
        session: The turns before the first of them.
        turns: The turns whose questions are to be asked, in order; compare their answers with `compare_turns`.
    """

    session: Session
    turns: tuple[Turn, ...]


class SessionTree:
    """Moves the heads of sessions; no turn is ever lost by it.

    What names a session raises `NotFound` where there is none, it has expired, or it is somebody else's.

    Args:
        log: Where the sessions are stored.
    """

    def __init__(self, log: SessionLog) -> None:
        self._log = log
        self._store = log.store

    async def history(self, session: Session, limit: int = 100) -> tuple[Turn, ...]:
        """At most `limit` of the newest turns on the way to the head, oldest first; an abandoned one as interrupted."""
        is_abandoned = session.open is not None and not await self._log.is_held(session.open)
        abandoned = (interrupted(session),) if is_abandoned else ()
        if session.head is None or limit <= len(abandoned):
            return abandoned[:limit]
        return (*await self.path(session.key, session.head, limit - len(abandoned)), *abandoned)

    async def path(self, key: str, turn_id: str, limit: int) -> tuple[Turn, ...]:
        """At most `limit` turns on the way to a turn, oldest first, read in pieces: other requests go on between them."""
        parts: list[tuple[Turn, ...]] = []
        above: str | None = turn_id
        while above is not None and limit > 0:
            part = await self._store.path(key, above, min(limit, _STRIDE))
            parts.append(part)
            limit -= len(part)
            above = part[0].parent if part else None
            await asyncio.sleep(0)
        return tuple(turn for part in reversed(parts) for turn in part)

    async def move_head(self, kind: UndoKind, owner: str, session_id: str, notebook_id: str | None = None) -> Session:
        """Take the newest turn back without its notebook, or bring it again, until another question is asked.

        Raises:
            Conflict: there is nothing to undo or redo.
            TurnInProgress: a turn is being answered.
            UndoInProgress: another undo has not been finished.
        """

        async def moved(session: Session) -> Session:
            await self._check_idle(session)
            return await self._moved(session, kind, _next_turn(session, kind))

        return await self._log.change(await self._log.get(owner, session_id, notebook_id), moved)

    async def begin_undo(
        self, kind: UndoKind, owner: str, session_id: str, notebook_id: str | None = None, *, process: str = ""
    ) -> tuple[Session, PendingUndo]:
        """Record an undo or redo, durably, before the notebook's cells are restored; the head stays where it is.

        One whose lease has ended is taken over: the same kind continues it, and the opposite kind takes it back.
        `process` is the one that restores the cells, where it is no page.

        Returns:
            The session, and the recorded undo. Restore the cells of its `turn_id` now, then call `end_undo`.

        Raises:
            Conflict: there is nothing to undo or redo.
            TurnInProgress: a turn is being answered.
            UndoInProgress: another one is being applied now.
        """
        operation_id = uuid.uuid4().hex

        async def begun(session: Session) -> Session:
            pending = session.pending_undo
            if pending is None or await self._log.is_held(pending):
                await self._check_idle(session)
                turn_id = _next_turn(session, kind)
                pending = PendingUndo(operation_id, kind, turn_id, 0.0)
            expires = await self._store.now() + self._log.lease_seconds
            taken = replace(pending, id=operation_id, expires=expires, reverting=kind != pending.kind, process=process)
            return replace(session, pending_undo=taken)

        session = await self._log.get(owner, session_id, notebook_id)
        try:
            session = await self._log.change(session, begun)
        except StoreUnavailable:  # the commit may have happened though its acknowledgement was lost
            session = await self._store.read(session.key) or session
            if session.pending_undo is None or session.pending_undo.id != operation_id:
                raise
        assert session.pending_undo is not None
        return session, session.pending_undo

    async def end_undo(
        self, owner: str, session_id: str, notebook_id: str | None, operation_id: str, *, is_applied: bool
    ) -> Session:
        """Move the head of a pending undo whose cells have been restored, or forget one none of whose cells are.

        Safe to call again.

        Raises:
            Conflict: another client finished it or took it back.
        """
        outcome = [operation_id, "finished" if is_applied else "cancelled"]

        async def ended(session: Session) -> Session:
            pending = session.pending_undo
            if pending is None or pending.id != operation_id:
                raise Conflict("That undo was finished or taken back elsewhere. Reload the conversation.")
            if is_applied and not pending.reverting:
                session = await self._moved(session, pending.kind, pending.turn_id)
            extra = MappingProxyType({**session.extra, _LAST_UNDO: outcome})
            return replace(session, pending_undo=None, extra=extra)

        session = await self._log.get(owner, session_id, notebook_id)
        if session.extra.get(_LAST_UNDO) == outcome:
            return session
        try:
            return await self._log.change(session, ended)
        except (Conflict, StoreUnavailable):  # the commit may have happened though its acknowledgement was lost
            session = await self._store.read(session.key) or session
            if session.extra.get(_LAST_UNDO) != outcome:
                raise
            return session

    async def set_head(
        self, owner: str, session_id: str, turn_id: str | None, notebook_id: str | None = None
    ) -> Session:
        """Make any turn of the tree the head, also one of another branch; None: the place before the first.

        Raises:
            NotFound: there is no such turn.
            TurnInProgress: a turn is being answered.
            UndoInProgress: an undo has not been finished.
        """

        async def moved(session: Session) -> Session:
            await self._check_idle(session)
            turn = None if turn_id is None else await self.turn(session, turn_id)
            head, depth = (None, 0) if turn is None else (turn.id, turn.depth)
            return _with_head(with_branch_kept(session), head, depth, ())

        return await self._log.change(await self._log.get(owner, session_id, notebook_id), moved)

    async def turn(self, session: Session, turn_id: str) -> Turn:
        """One turn of a conversation, on whichever branch.

        Raises:
            NotFound: there is none of that id.
        """
        turn = await self._store.turn(session.key, turn_id)
        if turn is None:
            raise NotFound(_NO_TURN)
        return turn

    async def all_turns(self, session: Session) -> tuple[Turn, ...]:
        """All turns of the tree, parents before their children, each generation in the order in which it was asked."""
        found: dict[str, Turn] = {}
        for leaf in (session.head, *session.redo[:1], *branch_heads(session)):
            above = leaf
            while above is not None and above not in found:
                part = await self._store.path(session.key, above, _STRIDE)
                found.update((turn.id, turn) for turn in part)
                above = part[0].parent if part else None
                await asyncio.sleep(0)
        return tuple(sorted(found.values(), key=lambda turn: (turn.depth, turn.started)))

    async def branch(
        self,
        owner: str,
        session_id: str,
        notebook_id: str | None = None,
        *,
        turn_id: str | None = None,
    ) -> Session:
        """A new conversation that begins with everything up to a turn; without one, up to the head.

        Raises:
            NotFound: there is no such turn.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        session = await self._log.get(owner, session_id, notebook_id)
        last = session.head if turn_id is None else (await self.turn(session, turn_id)).id
        turns = () if last is None else await self.path(session.key, last, ALL_TURNS)
        return await self.copy(session, turns, owner)

    async def replay(
        self,
        owner: str,
        session_id: str,
        notebook_id: str | None = None,
        *,
        first: str | None = None,
        last: str | None = None,
    ) -> Replay:
        """A new conversation up to the turn before `first`, and the turns from there to `last` to be asked again.

        Without `first` all are asked again; without `last`, up to the head.

        Raises:
            NotFound: there is no such turn on the way to `last`.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        session = await self._log.get(owner, session_id, notebook_id)
        end = session.head if last is None else (await self.turn(session, last)).id
        path = () if end is None else await self.path(session.key, end, ALL_TURNS)
        start = 0 if first is None else next((index for index, turn in enumerate(path) if turn.id == first), None)
        if start is None:
            raise NotFound(_NO_TURN)
        return Replay(await self.copy(session, path[:start], owner), path[start:])

    async def copy(self, session: Session, turns: Sequence[Turn], owner: str, new_id: str = "") -> Session:
        """A new session of an owner with the turns of another session.

        What another owner, or an imported file, says that it changed in a notebook is never restored in this one's.

        Raises:
            VersionConflict: `new_id` is taken.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        await self._log.check_capacity(owner)
        if owner != session.owner:
            turns = [
                replace(turn, edits=tuple(CellChange(edit.cell_id, {CUT: True}, {CUT: True}) for edit in turn.edits))
                for turn in turns
            ]
        new = await self._log.new_session(owner, session.notebook_id, new_id or uuid.uuid4().hex)
        head = turns[-1] if turns else None
        origin = {"session_id": session.id, "turn_id": None if head is None else head.id}
        extra: dict[str, Json] = {"from": origin}
        summary = summary_of(session)
        if summary is not None and any(turn.id == summary.id for turn in turns):
            extra[SUMMARY] = session.extra[SUMMARY]
        new = replace(
            new,
            head=None if head is None else head.id,
            depth=len(turns),
            title=session.title,
            metadata=session.metadata,
            variables=tuple(dict.fromkeys(name for turn in turns for name in turn.variables)),
            extra=MappingProxyType(extra),
        )
        await self._store.create(new, turns)
        return new

    async def _check_idle(self, session: Session) -> None:
        if session.open is not None:
            free = await self._log.free_in_words(session.open)
            raise TurnInProgress("This conversation is answering a question. Wait for it, or cancel it." + free)
        if session.pending_undo is not None:
            free = await self._log.free_in_words(session.pending_undo)
            raise UndoInProgress("An undo of this conversation is not finished yet. Try again in a moment." + free)

    async def _moved(self, session: Session, kind: UndoKind, turn_id: str) -> Session:
        """The session with its head one turn back, or one forward again."""
        if kind == "redo":
            return _with_head(session, turn_id, session.depth + 1, session.redo[:-1])
        turn = await self.turn(session, turn_id)
        return _with_head(session, turn.parent, session.depth - 1, (*session.redo, turn.id))


def compare_turns(before: Sequence[Turn], after: Sequence[Turn]) -> tuple[dict[str, object], ...]:
    """What a replay changed, as JSON data: for each question the answers, models and tokens before and after."""
    compared: list[dict[str, object]] = []
    for old, new in zip(before, after, strict=False):
        sides = {
            side: {
                "turn_id": turn.id,
                "reply": turn.reply,
                "model": turn.model,
                "status": turn.status,
                "seconds": turn.seconds,
                "input_tokens": turn.usage.input_tokens,
                "output_tokens": turn.usage.output_tokens,
                "cached_tokens": turn.usage.cached_tokens,
            }
            for side, turn in (("before", old), ("after", new))
        }
        compared.append({"question": old.question, **sides, "same": old.reply == new.reply})
    return tuple(compared)


def _next_turn(session: Session, kind: UndoKind) -> str:
    """Id of the turn that an undo or redo of a session is about."""
    turn_id = session.head if kind == "undo" else session.redo[-1] if session.redo else None
    if turn_id is None:
        raise Conflict(f"There is nothing to {kind}.")
    return turn_id


def _with_head(session: Session, head: str | None, depth: int, redo: tuple[str, ...]) -> Session:
    active = max(session.last_activity, time.time())
    return replace(session, head=head, depth=depth, redo=redo, last_activity=active)
