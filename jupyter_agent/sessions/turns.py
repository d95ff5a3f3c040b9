"""The log of turns: begin, renew, finish, interrupted; which session a turn belongs to."""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from jupyter_agent.core.errors import (
    AgentError,
    NotFound,
    StoreFull,
    StoreUnavailable,
    TooLarge,
    TooManyRequests,
    TurnIdReused,
    TurnInProgress,
    UndoInProgress,
    VersionConflict,
)
from jupyter_agent.core.messages import Action, CellChange
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import OpenTurn, PendingUndo, Session, Turn
from jupyter_agent.sessions import deletion
from jupyter_agent.sessions.ids import belongs_to, check_id, check_notebook, check_owner, session_key, title_of
from jupyter_agent.sessions.process import has_ended, is_known, this_process

LEASE_SECONDS = 10.0
#: A lease that ends later is of another boot, or of a clock that was set back since; earlier releases took 30 seconds.
_MAX_LEASE_SECONDS = 60.0
#: Seconds between attempts to close a turn that the store did not take: the first, and the longest.
_CLOSE_AFTER, _CLOSE_AT_LEAST_EVERY = 0.1, 2.0
ATTEMPTS = 16
PAGE = 200
MAX_VARIABLES = 200
MAX_BRANCHES = 200
MAX_CACHED_HEADS = 64
#: For so long a cached head is trusted. Another process may have restored a backup meanwhile, and reached the very same
#: revision.
CACHE_SECONDS = 30.0
NOT_FOUND = "There is no such conversation."
CONTENDED = "The conversation is changed by others all the time. Try again in a moment."
ANOTHER_QUESTION = "This conversation is answering another question. Wait for it, or cancel it."


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that is open in the store, or the finished one that a retry asked for again.

    Attributes:
        session: The head as stored; pass it to `renew` and `finish`.
        turn_id: The turn's id, made here if the client brought none.
        stored: The stored turn of that id; nothing is to be done again.
    """

    session: Session
    turn_id: str
    stored: Turn | None = None


class SessionLog:
    """The log of turns of every session in a store; one turn at a time is open per session, whatever process asks.

    Args:
        store: Where sessions are kept.
        max_age_seconds: Sessions idle for longer are forgotten; 0 keeps them.
        max_sessions: How many sessions one owner may have.
        lease_seconds: How long a turn stays open without `renew`; renew three times as often.
    """

    def __init__(
        self,
        store: SessionStore,
        *,
        max_age_seconds: float = 0,
        max_sessions: int = 1000,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self.store = store
        self.max_age_seconds = max_age_seconds
        self.max_sessions = max_sessions
        self.lease_seconds = lease_seconds
        self._began = time.time() - time.monotonic()
        # Heads as this process committed them last: the next question saves a read, and its commit fails if one is stale.
        self._cached: OrderedDict[tuple[str, str, str], tuple[float, Session]] = OrderedDict()
        # By their holders, the turns of this process that the store would not take when they ended; None: that never began.
        self._unclosed: dict[str, tuple[Session, Turn | None]] = {}
        self._closing: asyncio.Task[None] | None = None
        self._dropped_undos: set[str] = set()

    async def begin(  # noqa: PLR0917 – who, where, which, then what
        self,
        owner: str,
        notebook_id: str,
        session_id: str | None = None,
        turn_id: str | None = None,
        question: str = "",
        digest: str = "",
    ) -> Begun:
        """Open a turn in a new or known session; when this returns, the question is durable.

        Raises:
            BadRequest: an id that no session or turn can have.
            TurnInProgress: the session is answering another question, or this very turn.
            UndoInProgress: an undo of the session has not been finished.
            TurnIdReused: the turn's id was used with another `digest`.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        check_owner(owner)
        check_notebook(notebook_id)
        named = session_id is not None
        session_id = uuid.uuid4().hex if session_id is None else check_id(session_id, "session_id")
        retried = turn_id is not None
        turn_id = uuid.uuid4().hex if turn_id is None else check_id(turn_id, "turn_id")
        holder = uuid.uuid4().hex
        for _ in range(ATTEMPTS):
            opened = OpenTurn(
                turn_id,
                holder=holder,
                expires=await self.store.now() + self.lease_seconds,
                question=question,
                digest=digest,
                started=time.time(),
                process=this_process(),
            )
            try:
                return await self._begin(owner, notebook_id, session_id, opened, named=named, retried=retried)
            except VersionConflict:
                named = True
                continue  # another process committed first: read the session again
        raise TurnInProgress(ANOTHER_QUESTION)

    async def renew(
        self,
        session: Session,
        calls: tuple[str, ...] | None = None,
        *,
        actions: tuple[Action, ...] | None = None,
        edits: tuple[CellChange, ...] | None = None,
    ) -> Session:
        """Hold an open turn for another `lease_seconds`; what is given is kept of it, the rest stays as it is.

        Args:
            session: As the turn was begun.
            calls: Ids of the tool calls now under way.
            actions: Calls with an effect so far.
            edits: What was changed in the notebook so far.

        Raises:
            VersionConflict: the turn was taken over, or the session is gone.
        """
        given = {"calls": calls, "actions": actions, "edits": edits}
        kept: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        kept["expires"] = await self.store.now() + self.lease_seconds
        return await self._while_open(
            session, None, lambda current, opened: replace(current, open=replace(opened, **kept))
        )

    async def finish(self, session: Session, turn: Turn) -> Session:
        """Append the turn that `begin` opened and make it the head; safe to call again.

        The turn's parent, depth and digest are those of its beginning, whatever the caller set. Where the store does not
        take it, it is stored as soon as it does, or when this process is asked about the session again.

        Raises:
            VersionConflict: the turn was taken over, or the session is gone; nothing was stored.
        """
        if session.open is None or session.open.id != turn.id:
            raise VersionConflict("That turn is not open.")
        turn = replace(turn, parent=session.head, depth=session.depth + 1, digest=session.open.digest)
        self._unclosed.pop(session.open.holder, None)
        try:
            return await self._finish(session, turn)
        except VersionConflict:
            raise
        except AgentError as error:
            self._close_later(session, interrupted(session) if isinstance(error, TooLarge) else turn)
            raise

    async def _finish(self, session: Session, turn: Turn) -> Session:
        try:
            ended = await self._while_open(session, turn, lambda current, _: with_turn(current, turn))
            self._cached[ended.owner, ended.notebook_id, ended.id] = time.monotonic(), ended
            if len(self._cached) > MAX_CACHED_HEADS:
                self._cached.popitem(last=False)
        except (VersionConflict, StoreUnavailable):
            # The commit may have happened though its acknowledgement was lost.
            stored = await self.store.turn(session.key, turn.id)
            current = await self.store.read(session.key)
            if stored is None or current is None or not is_same(current, session) or stored.status != turn.status:
                raise
            return current
        return ended

    async def get(self, owner: str, session_id: str, notebook_id: str | None = None) -> Session:
        """The session of that id about that notebook; without a notebook, the most recently active of that id.

        A turn whose lease has ended is appended as ``interrupted`` on the way.

        Raises:
            NotFound: unknown, expired, or somebody else's.
        """
        session = await self._find(owner, notebook_id, check_id(session_id, "session_id"))
        session = await self._closed(session)
        if session is None or self.is_expired(session):
            raise NotFound(NOT_FOUND)
        return await self._close_abandoned(session)

    async def _begin(
        self, owner: str, notebook_id: str, session_id: str, opened: OpenTurn, *, named: bool, retried: bool
    ) -> Begun:
        cached_at, session = self._cached.pop((owner, notebook_id, session_id), (0.0, None))
        is_usable = (
            session is not None and time.monotonic() - cached_at <= CACHE_SECONDS and not self.is_expired(session)
        )
        new: Session | None = None
        if named and not is_usable:  # an id made just now need not be looked for
            session = await self._at_key(owner, notebook_id, session_id)
        if named and not is_usable and session is None:
            # Asked at once, so that the store's thread is woken only once.
            session, new, count = await asyncio.gather(
                self._listed(owner, notebook_id, session_id),
                self.new_session(owner, notebook_id, session_id),
                self.store.count(owner),
            )
            new = new if count < self.max_sessions else None
        if named and session is None and not notebook_id:  # asked without a notebook: the only session of that id
            page = await self.store.find(owner, session_id=session_id, limit=2)
            session = page.sessions[0] if len(page.sessions) == 1 else None
        session = await self._closed(session)
        if session is not None and self.is_expired(session) and not await self.is_held(session.open):
            await self.store.delete(session.key)
            session = None
        if session is None:
            if new is None:
                new = (
                    await asyncio.gather(self.new_session(owner, notebook_id, session_id), self.check_capacity(owner))
                )[0]
            session = replace(new, open=opened, title=title_of(opened.question))
            return Begun(await self._opened(session, self.store.create(session)), opened.id)
        if session.open is not None and session.open.holder == opened.holder:
            return Begun(session, opened.id)  # begun after all, though the store could not say so
        stored = await self.store.turn(session.key, opened.id) if retried else None
        if stored is not None:
            _check_retry(stored.digest, opened.digest)
            return Begun(await self.store.read(session.key) or session, opened.id, stored=stored)
        if session.open is not None and await self.is_held(session.open):
            free = await self.free_in_words(session.open)
            if session.open.id != opened.id:
                raise TurnInProgress(ANOTHER_QUESTION + free)
            _check_retry(session.open.digest, opened.digest)
            raise TurnInProgress("This question is being answered. Wait for it, or follow its events." + free)
        if session.pending_undo is not None:
            raise UndoInProgress("An undo of this conversation is not finished. Undo again to finish it, then ask.")
        abandoned = None if session.open is None else interrupted(session)
        if abandoned is not None and abandoned.id == opened.id:
            _check_retry(abandoned.digest, opened.digest)
            return Begun(await self._close_abandoned(session), opened.id, stored=abandoned)
        session = session if abandoned is None else with_turn(session, abandoned)
        active = max(session.last_activity, opened.started)
        session = replace(session, revision=session.revision + 1, open=opened, last_activity=active)
        return Begun(await self._opened(session, self.store.commit(session, abandoned)), opened.id)

    async def _opened(self, session: Session, write: Awaitable[None]) -> Session:
        """Await the write that opens a turn; also succeeds where the store did it and could not acknowledge it.

        A turn whose beginning was not reported to anybody may be open all the same; it is taken back, so that it holds up no other.
        """
        try:
            try:
                await write
            except StoreUnavailable:
                stored = await self.store.read(session.key)
                if stored is None or stored.open != session.open:
                    raise
        except (StoreUnavailable, asyncio.CancelledError):
            self._close_later(session, None)
            raise
        return session

    def _close_later(self, session: Session, turn: Turn | None) -> None:
        """Store a turn's end, or take its beginning back, as soon as the store takes it."""
        assert session.open is not None
        self._unclosed[session.open.holder] = session, turn
        if self._closing is None or self._closing.done():
            self._closing = asyncio.create_task(self._close_all())

    async def _close_all(self) -> None:
        pause = _CLOSE_AFTER
        while self._unclosed:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _CLOSE_AT_LEAST_EVERY)
            for holder in tuple(self._unclosed):
                await self._close(holder)

    async def _close(self, holder: str) -> None:
        session, turn = self._unclosed.get(holder, (None, None))
        if session is None:
            return
        try:
            if turn is None:
                # It may never have been stored, and another beginning have its revision.
                stored = await self.store.read(session.key)
                if stored is not None and stored.open is not None and stored.open.holder == holder:
                    await self._while_open(stored, None, lambda current, _: replace(current, open=None))
            else:
                await self._finish(session, turn)
        except (StoreUnavailable, StoreFull):
            return
        except AgentError:  # taken over, or gone with its session
            pass
        self._unclosed.pop(holder, None)

    async def _closed(self, session: Session | None) -> Session | None:
        """The session, as it is once its turn has been closed that this process could not close before."""
        if session is None or session.open is None or session.open.holder not in self._unclosed:
            return session
        await self._close(session.open.holder)
        return await self.store.read(session.key)

    async def close(self) -> None:
        """Close what could not be closed before, where the store takes it now."""
        if self._closing is not None and not self._closing.done():
            self._closing.cancel()
            await asyncio.wait([self._closing])
        for holder in tuple(self._unclosed):
            await self._close(holder)

    async def new_session(self, owner: str, notebook_id: str, session_id: str) -> Session:
        """A head that is not stored yet, under a free key."""
        key = session_key(owner, notebook_id, session_id)
        other = await self.store.read(key)
        # A session that was moved to another notebook, or deleted, keeps its key.
        if other is not None and other.name != (owner, notebook_id, session_id):
            key = session_key(owner, notebook_id, session_id, uuid.uuid4().int)
        now = time.time()
        return Session(key, session_id, owner, notebook_id, created_at=now, last_activity=now)

    async def cleanup(self, owner: str) -> int:
        """Remove one owner's sessions that are idle for longer than is kept, or were deleted long ago; how many there were."""
        deleted, cursor = await deletion.purge(self.store, owner, self.max_sessions), None
        while self.max_age_seconds > 0:
            page = await self.store.find(owner, limit=PAGE, cursor=cursor)
            for session in page.sessions:
                if self.is_expired(session) and not await self.is_held(session.open):
                    deleted += await self.store.delete(session.key)
            cursor = page.cursor
            if cursor is None:
                break
        return deleted

    async def check_capacity(self, owner: str) -> None:
        """Refuse one more session than an owner may have.

        Raises:
            TooManyRequests: the owner has as many as are kept.
        """
        if await self.store.count(owner) < self.max_sessions:
            return
        if not await self.cleanup(owner):
            raise TooManyRequests(
                f"You have {self.max_sessions} conversations, as many as are kept. Delete some, or raise"
                " c.JupyterAgent.session_max_concurrent."
            )

    async def _find(self, owner: str, notebook_id: str | None, session_id: str) -> Session | None:
        session = None if notebook_id is None else await self._at_key(owner, notebook_id, session_id)
        return session or await self._listed(owner, notebook_id, session_id)

    async def _at_key(self, owner: str, notebook_id: str, session_id: str) -> Session | None:
        """The session where one of that name is first kept."""
        session = await self.store.read(session_key(owner, notebook_id, session_id))
        is_named = session is not None and (session.notebook_id, session.id) == (notebook_id, session_id)
        return session if session is not None and is_named and belongs_to(session, owner) else None

    async def _listed(self, owner: str, notebook_id: str | None, session_id: str) -> Session | None:
        """The session that was moved here from another notebook, or is asked for without one."""
        page = await self.store.find(owner, session_id=session_id, notebook_id=notebook_id, limit=1)
        found = page.sessions[0] if page.sessions else None
        if found is not None and found.metadata.get("unreadable") is True:
            found = await self.store.read(found.key)  # raises, in words, what is wrong with the record
        return found if found is not None and belongs_to(found, owner) else None

    async def _while_open(
        self, session: Session, turn: Turn | None, change: Callable[[Session, OpenTurn], Session]
    ) -> Session:
        """Commit a change by the turn's holder, over whatever others changed in the meantime."""
        assert session.open is not None
        current: Session | None = session
        for _ in range(ATTEMPTS):
            if current is None or not is_same(current, session) or current.open is None:
                break
            if current.open.holder != session.open.holder:
                break
            try:
                return await self.commit(change(current, current.open), turn)
            except VersionConflict:
                current = await self.store.read(session.key)
        raise VersionConflict("The turn was taken over or its conversation is gone; this answer was not kept.")

    async def reread(self, session: Session) -> Session:
        """The session as others have changed it meanwhile.

        Raises:
            NotFound: it is gone.
        """
        current = await self.store.read(session.key)
        if current is None or not is_same(current, session):
            raise NotFound(NOT_FOUND) from None
        return current

    async def change(self, session: Session, change: Callable[[Session], Session | Awaitable[Session]]) -> Session:
        """Commit a change of a session, made anew from the stored one while others change it too.

        Raises:
            NotFound: the session is gone.
            VersionConflict: it changed too often meanwhile.
        """
        for _ in range(ATTEMPTS):
            changed = change(session)
            changed = changed if isinstance(changed, Session) else await changed
            try:
                return await self.commit(changed)
            except VersionConflict:
                session = await self.reread(session)
        raise VersionConflict(CONTENDED)

    async def commit(self, session: Session, turn: Turn | None = None) -> Session:
        """Store a changed session as its next revision.

        Raises:
            VersionConflict: another process did before, or another session has its new name.
        """
        session = replace(session, revision=session.revision + 1)
        await self.store.commit(session, turn)
        return session

    async def is_held(self, lease: OpenTurn | PendingUndo | None) -> bool:
        """Whether a lease has not ended, and its holder may still be there."""
        if lease is None or has_ended(lease.process):
            return False
        if isinstance(lease, PendingUndo) and lease.id in self._dropped_undos:
            return False
        left = lease.expires - await self.store.now()
        return 0 < left <= max(2 * self.lease_seconds, _MAX_LEASE_SECONDS)

    def drop_undo(self, operation_id: str) -> None:
        """An undo of this process has failed: whoever comes next may finish it, or take it back."""
        self._dropped_undos.add(operation_id)

    async def free_in_words(self, lease: OpenTurn | PendingUndo) -> str:
        """When a lease ends by itself, as a sentence; empty where its holder is known to be there."""
        if is_known(lease.process):
            return ""
        seconds = max(1, math.ceil(lease.expires - await self.store.now()))
        return f" If what held it is gone, it is free again in {seconds} s."

    def is_expired(self, session: Session) -> bool:
        """Whether a session is idle for longer than is kept; a clock set ahead meanwhile makes none older."""
        now = min(time.time(), self._began + time.monotonic())
        return 0 < self.max_age_seconds < now - session.last_activity

    async def _close_abandoned(self, session: Session) -> Session:
        """The session with its abandoned turn appended, if it has one; unchanged where that cannot be written."""
        for _ in range(ATTEMPTS):
            if session.open is None or await self.is_held(session.open):
                return session
            abandoned = interrupted(session)
            try:
                return await self.commit(with_turn(session, abandoned), abandoned)
            except VersionConflict:
                session = await self.reread(session)
            except (StoreUnavailable, StoreFull):
                return session
        return session


def is_same(current: Session, session: Session) -> bool:
    """Whether a stored session is the one that was read before: neither deleted since nor created anew."""
    return (current.created_at, current.owner) == (session.created_at, session.owner)


def interrupted(session: Session) -> Turn:
    """The turn that an open turn becomes when its holder is gone; how its last tool calls ended is unknown."""
    opened = session.open
    assert opened is not None
    return Turn(
        id=opened.id,
        parent=session.head,
        depth=session.depth + 1,
        question=opened.question,
        status="interrupted",
        digest=opened.digest,
        actions=opened.actions or tuple(Action(call, "unknown", "execute", "interrupted") for call in opened.calls),
        started=opened.started,
        edits=opened.edits,
    )


def branch_heads(session: Session) -> tuple[str, ...]:
    """The last turns of branches that are not the current one, newest last."""
    heads = session.extra.get("left")
    return tuple(str(head) for head in heads) if isinstance(heads, (list, tuple)) else ()


def with_branch_kept(session: Session) -> Session:
    """The session with the last turn of its current branch among its `branch_heads`, before it goes on elsewhere."""
    head = session.redo[0] if session.redo else session.head
    heads = [other for other in branch_heads(session) if other != head]
    if head is not None:
        heads.append(head)
    return replace(session, extra=MappingProxyType({**session.extra, "left": heads[-MAX_BRANCHES:]}))


def with_turn(session: Session, turn: Turn) -> Session:
    """The session after its open turn ended as `turn`."""
    names = dict.fromkeys(turn.variables)
    older = [name for name in session.variables if name not in names]
    return replace(
        with_branch_kept(session) if session.redo else session,
        head=turn.id,
        depth=session.depth + 1,
        open=None,
        title=session.title or title_of(turn.question),
        variables=(*older, *names)[-MAX_VARIABLES:],
        redo=(),
        last_activity=max(session.last_activity, turn.started + turn.seconds),
    )


def _check_retry(known: str, asked: str) -> None:
    if known != asked:
        raise TurnIdReused("That turn_id was used for another question. Use a new one for a new question.")
