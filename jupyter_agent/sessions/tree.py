"""A conversation as a tree: its history, undo and redo, branches, replay."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from jupyter_agent.core.errors import Conflict, NotFound, TurnInProgress, VersionConflict
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.sessions.ids import check_id
from jupyter_agent.sessions.summary import inherited
from jupyter_agent.sessions.turn_ends import interrupted, leaving, left_behind
from jupyter_agent.sessions.turns import ATTEMPTS, SessionTurns

WHOLE = 1_000_000
#: So many turns of a branch are read at once on the way to those that are known.
_STRIDE = 50


@dataclass(frozen=True, slots=True)
class Replay:
    """A new conversation in which questions are to be asked again.

    Attributes:
        session: What went before the first of them.
        turns: The turns whose questions are to be asked, in order; compare their answers with `comparison`.
    """

    session: Session
    turns: tuple[Turn, ...]


class SessionTree(SessionTurns):
    """Moves the head of a tree of turns; no turn is ever lost by it."""

    async def history(self, session: Session, limit: int = 100) -> tuple[Turn, ...]:
        """At most `limit` of the newest turns on the way to the head, oldest first; an abandoned one is shown as such."""
        left = () if session.open is None or await self._live(session) else (interrupted(session),)
        if session.head is None or limit <= len(left):
            return left[:limit]
        return (*await self.store.path(session.key, session.head, limit - len(left)), *left)

    async def undo(self, owner: str, session_id: str, notebook_id: str | None = None) -> Session:
        """Take the newest turn back; `redo` brings it again until another question is asked.

        Raises:
            NotFound: there is no such session.
            Conflict: there is nothing to undo.
            TurnInProgress: a turn is being answered.
        """

        async def undone(session: Session) -> Session:
            await self._check_idle(session)
            if session.head is None:
                raise Conflict("There is nothing to undo.")
            turn = await self._turn(session, session.head)
            return _at(session, turn.parent, session.depth - 1, (*session.redo, turn.id))

        return await self._change(await self.get(owner, session_id, notebook_id), undone)

    async def redo(self, owner: str, session_id: str, notebook_id: str | None = None) -> Session:
        """Bring back the turn that `undo` took last.

        Raises:
            NotFound: there is no such session.
            Conflict: there is nothing to redo.
            TurnInProgress: a turn is being answered.
        """

        async def redone(session: Session) -> Session:
            await self._check_idle(session)
            if not session.redo:
                raise Conflict("There is nothing to redo.")
            return _at(session, session.redo[-1], session.depth + 1, session.redo[:-1])

        return await self._change(await self.get(owner, session_id, notebook_id), redone)

    async def go(self, owner: str, session_id: str, turn_id: str | None, notebook_id: str | None = None) -> Session:
        """Make any turn of the tree the head, also one of another branch; None: the place before the first.

        Raises:
            NotFound: there is no such session, or no such turn.
            TurnInProgress: a turn is being answered.
        """

        async def gone(session: Session) -> Session:
            await self._check_idle(session)
            turn = None if turn_id is None else await self._turn(session, turn_id)
            head, depth = (None, 0) if turn is None else (turn.id, turn.depth)
            return _at(leaving(session), head, depth, ())

        return await self._change(await self.get(owner, session_id, notebook_id), gone)

    async def turn(self, session: Session, turn_id: str) -> Turn:
        """One turn of a conversation, on whichever branch.

        Raises:
            NotFound: there is none of that id.
        """
        return await self._turn(session, turn_id)

    async def turns(self, session: Session) -> tuple[Turn, ...]:
        """All turns of the tree, parents before their children, each generation in the order in which it was asked."""
        found: dict[str, Turn] = {}
        for leaf in (session.head, *session.redo[:1], *left_behind(session)):
            above = leaf
            while above is not None and above not in found:
                part = await self.store.path(session.key, above, _STRIDE)
                found.update((one.id, one) for one in part)
                above = part[0].parent if part else None
        return tuple(sorted(found.values(), key=lambda one: (one.depth, one.started)))

    async def branch(
        self,
        owner: str,
        session_id: str,
        notebook_id: str | None = None,
        *,
        turn_id: str | None = None,
        new_id: str | None = None,
    ) -> Session:
        """A new conversation that begins with everything up to a turn; without one, up to the head.

        Raises:
            NotFound: there is no such session, or no such turn.
            VersionConflict: `new_id` is taken.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        session = await self.get(owner, session_id, notebook_id)
        last = session.head if turn_id is None else (await self._turn(session, turn_id)).id
        turns = () if last is None else await self.store.path(session.key, last, WHOLE)
        return await self._copy(session, turns, owner, new_id)

    async def replay(
        self,
        owner: str,
        session_id: str,
        notebook_id: str | None = None,
        *,
        first: str | None = None,
        last: str | None = None,
        new_id: str | None = None,
    ) -> Replay:
        """A new conversation up to the turn before `first`, and the turns from there to `last` to be asked again.

        Without `first` all are asked again; without `last`, up to the head.

        Raises:
            NotFound: there is no such session, or no such turn on the way to `last`.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        session = await self.get(owner, session_id, notebook_id)
        end = session.head if last is None else (await self._turn(session, last)).id
        path = () if end is None else await self.store.path(session.key, end, WHOLE)
        start = 0 if first is None else next((at for at, one in enumerate(path) if one.id == first), None)
        if start is None:
            raise NotFound("There is no such turn in this conversation.")
        return Replay(await self._copy(session, path[:start], owner, new_id), path[start:])

    async def _copy(self, session: Session, turns: Sequence[Turn], owner: str, new_id: str | None) -> Session:
        """A session of an owner's own with the turns of another."""
        await self.check_room(owner)
        name = uuid.uuid4().hex if new_id is None else check_id(new_id, "session_id")
        new = await self.new_session(owner, session.notebook_id, name)
        head = turns[-1] if turns else None
        origin = {"session_id": session.id, "turn_id": None if head is None else head.id}
        new = replace(
            new,
            head=None if head is None else head.id,
            depth=len(turns),
            title=session.title,
            metadata=session.metadata,
            variables=tuple(dict.fromkeys(name for turn in turns for name in turn.variables)),
            extra=MappingProxyType({"from": origin, **inherited(session, turns)}),
        )
        await self.store.create(new, turns)
        return new

    async def _turn(self, session: Session, turn_id: str) -> Turn:
        turn = await self.store.turn(session.key, turn_id)
        if turn is None:
            raise NotFound("There is no such turn in this conversation.")
        return turn

    async def _check_idle(self, session: Session) -> None:
        if session.open is not None:
            raise TurnInProgress("This conversation is answering a question. Wait for it, or cancel it.")

    async def _change(self, session: Session, change: Callable[[Session], Awaitable[Session]]) -> Session:
        """Commit a change of the head, made anew from the stored head while others change it too."""
        for _ in range(ATTEMPTS):
            try:
                return await self._commit(await change(session))
            except VersionConflict:
                current = await self.store.read(session.key)
                if current is None or current.created_at != session.created_at:
                    raise NotFound("There is no such conversation.") from None
                session = current
        raise TurnInProgress("The conversation changes too fast. Try again in a moment.")


def comparison(before: Sequence[Turn], after: Sequence[Turn]) -> tuple[dict[str, object], ...]:
    """What a replay changed: for each question the answers, models and tokens before and after."""
    return tuple(
        {"question": one.question, "before": _told(one), "after": _told(other), "same": one.reply == other.reply}
        for one, other in zip(before, after, strict=False)
    )


def _told(turn: Turn) -> dict[str, object]:
    return {
        "turn_id": turn.id,
        "reply": turn.reply,
        "model": turn.model,
        "status": turn.status,
        "seconds": turn.seconds,
        "input_tokens": turn.usage.input_tokens,
        "output_tokens": turn.usage.output_tokens,
    }


def _at(session: Session, head: str | None, depth: int, redo: tuple[str, ...]) -> Session:
    active = max(session.last_activity, time.time())
    return replace(session, head=head, depth=depth, redo=redo, last_activity=active)
