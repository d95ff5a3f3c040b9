"""The life of a turn: begin, renew, finish, interrupted; which session it belongs to."""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from jupyter_agent.core.errors import (
    BadRequest,
    NotFound,
    StoreFull,
    StoreUnavailable,
    TooManyRequests,
    TurnIdReused,
    TurnInProgress,
    VersionConflict,
)
from jupyter_agent.core.messages import Action, CellChange
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import OpenTurn, Session, Turn
from jupyter_agent.sessions.ids import belongs_to, check_id, check_notebook, check_owner, session_key, title_of
from jupyter_agent.sessions.turn_ends import interrupted, with_turn

LEASE_SECONDS = 30.0
ATTEMPTS = 16
PAGE = 200
LEFT_HEADS = 64
#: For so long a head is taken to be as this process left it. Another may have put a backup in its place, and gone on to
#: the very same revision.
LEFT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that is open in the store, or the finished one that a retry asked for again.

    Attributes:
        session: The head as stored; pass it to `renew` and `finish`.
        turn_id: The turn's id, made here if the client brought none.
        replayed: The stored turn of that id; nothing is to be done again.
    """

    session: Session
    turn_id: str
    replayed: Turn | None = None


class SessionTurns:
    """Opens and closes turns in a store, one at a time per session, whatever process asks.

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
        # Heads as this process left them: the next question saves a read, and a commit tells where they are so no more.
        self._left: OrderedDict[tuple[str, str, str], tuple[float, Session]] = OrderedDict()

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
            TurnIdReused: the turn's id was used with another `digest`.
            TooManyRequests: the owner has as many sessions as are kept.
        """
        check_owner(owner)
        check_notebook(notebook_id)
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
            )
            known = self._as_left(owner, notebook_id, session_id)
            try:
                return await self._begin(owner, notebook_id, session_id, opened, known=known, retried=retried)
            except VersionConflict:
                continue  # somebody else was faster; look again
        raise TurnInProgress("This conversation is answering another question. Wait for it, or cancel it.")

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

        def renewed(current: Session, opened: OpenTurn) -> Session:
            opened = replace(
                opened,
                expires=expires,
                calls=opened.calls if calls is None else calls,
                actions=opened.actions if actions is None else actions,
                edits=opened.edits if edits is None else edits,
            )
            return replace(current, open=opened)

        expires = await self.store.now() + self.lease_seconds
        return await self._while_open(session, None, renewed)

    async def finish(self, session: Session, turn: Turn) -> Session:
        """Append the turn that `begin` opened and make it the head; safe to call again.

        The turn's parent, depth and digest are those of its beginning, whatever the caller set.

        Raises:
            VersionConflict: the turn was taken over, or the session is gone; nothing was stored.
        """
        if session.open is None or session.open.id != turn.id:
            raise VersionConflict("That turn is not open.")
        turn = replace(turn, parent=session.head, depth=session.depth + 1, digest=session.open.digest)
        try:
            ended = await self._while_open(session, turn, lambda current, _: with_turn(current, turn))
            self._leave(ended)
        except (VersionConflict, StoreUnavailable):
            # The commit may have happened though its acknowledgement was lost.
            stored = await self.store.turn(session.key, turn.id)
            current = await self.store.read(session.key)
            if stored is None or current is None or not _same(session, current) or stored.status != turn.status:
                raise
            return current
        return ended

    async def get(self, owner: str, session_id: str, notebook_id: str | None = None) -> Session:
        """The session of that id about that notebook; without a notebook, the most recently active of that id.

        A turn whose holder is gone is settled on the way: appended as ``interrupted``.

        Raises:
            NotFound: unknown, expired, or somebody else's.
        """
        session = await self._known(owner, notebook_id, check_id(session_id, "session_id"))
        if session is None or self._too_old(session):
            raise NotFound("There is no such conversation.")
        return await self._settled(session)

    async def _begin(
        self,
        owner: str,
        notebook_id: str,
        session_id: str,
        opened: OpenTurn,
        *,
        known: Session | None,
        retried: bool,
    ) -> Begun:
        session = known
        if session is None or self._too_old(session):
            session = await self._of_notebook(owner, notebook_id, session_id)
        if session is not None and self._too_old(session) and not await self._live(session):
            await self.store.delete(session.key)
            session = None
        if session is None:
            return await self._begin_first(owner, notebook_id, session_id, opened)
        if session.open is not None and session.open.holder == opened.holder:
            return Begun(session, opened.id)  # begun after all, though the store could not say so
        stored = await self.store.turn(session.key, opened.id) if retried else None
        if stored is not None:
            _check_retry(stored.digest, opened.digest)
            return Begun(await self.store.read(session.key) or session, opened.id, replayed=stored)
        if await self._live(session):
            raise _in_progress(session, opened)
        left = None if session.open is None else interrupted(session)
        if left is not None and left.id == opened.id:
            _check_retry(left.digest, opened.digest)
            return Begun(await self._settled(session), opened.id, replayed=left)
        session = session if left is None else with_turn(session, left)
        active = max(session.last_activity, opened.started)
        session = replace(session, revision=session.revision + 1, open=opened, last_activity=active)
        return Begun(await self._sure(session, self.store.commit(session, left)), opened.id)

    def _as_left(self, owner: str, notebook_id: str, session_id: str) -> Session | None:
        left, session = self._left.pop((owner, notebook_id, session_id), (0.0, None))
        return session if time.monotonic() - left <= LEFT_SECONDS else None

    def _leave(self, session: Session) -> None:
        self._left[session.owner, session.notebook_id, session.id] = time.monotonic(), session
        if len(self._left) > LEFT_HEADS:
            self._left.popitem(last=False)

    async def _begin_first(self, owner: str, notebook_id: str, session_id: str, opened: OpenTurn) -> Begun:
        await self.check_room(owner)
        session = await self.new_session(owner, notebook_id, session_id)
        session = replace(session, open=opened, title=title_of(opened.question))
        return Begun(await self._sure(session, self.store.create(session)), opened.id)

    async def _sure(self, session: Session, written: Awaitable[None]) -> Session:
        """The session once it is written, also where the store did it and could not say so any more."""
        try:
            await written
        except StoreUnavailable:
            stored = await self.store.read(session.key)
            if stored is None or stored.open != session.open:
                raise
        return session

    async def new_session(self, owner: str, notebook_id: str, session_id: str) -> Session:
        """A head that is not stored yet, under a free key."""
        now = time.time()
        for namesakes in range(ATTEMPTS):
            key = session_key(owner, notebook_id, session_id, namesakes)
            other = await self.store.read(key)
            # A session that was moved to another notebook keeps its key.
            if other is None or (other.notebook_id, other.id) == (notebook_id, session_id):
                return Session(key, session_id, owner, notebook_id, created_at=now, last_activity=now)
        raise BadRequest("Too many conversations had this session_id; choose another.")

    async def cleanup(self, owner: str) -> int:
        """Forget one owner's sessions that are idle for longer than is kept; how many there were."""
        gone, cursor = 0, None
        while self.max_age_seconds > 0:
            page = await self.store.find(owner, limit=PAGE, cursor=cursor)
            for one in page.sessions:
                if self._too_old(one) and not await self._live(one):
                    gone += await self.store.delete(one.key)
            cursor = page.cursor
            if cursor is None:
                break
        return gone

    async def check_room(self, owner: str) -> None:
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

    async def _of_notebook(self, owner: str, notebook_id: str, session_id: str) -> Session | None:
        """The session that a question continues; asked without a notebook, the only one of that id."""
        session = await self._known(owner, notebook_id, session_id)
        if session is None and not notebook_id:
            page = await self.store.find(owner, session_id=session_id, limit=2)
            session = page.sessions[0] if len(page.sessions) == 1 else None
        return session

    async def _known(self, owner: str, notebook_id: str | None, session_id: str) -> Session | None:
        if notebook_id is not None:
            session = await self.store.read(session_key(owner, notebook_id, session_id))
            if session is not None and (session.notebook_id, session.id) == (notebook_id, session_id):
                return session if belongs_to(session, owner) else None
        # Moved here from another notebook, or asked for without one.
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
            if current is None or not _same(session, current) or current.open is None:
                break
            if current.open.holder != session.open.holder:
                break
            try:
                return await self._commit(change(current, current.open), turn)
            except VersionConflict:
                current = await self.store.read(session.key)
        raise VersionConflict("The turn was taken over or its conversation is gone; this answer was not kept.")

    async def _settled(self, session: Session) -> Session:
        """The session after its abandoned turn, if it has one; as it is where that cannot be written."""
        for _ in range(ATTEMPTS):
            if session.open is None or await self._live(session):
                return session
            left = interrupted(session)
            try:
                return await self._commit(with_turn(session, left), left)
            except VersionConflict:
                current = await self.store.read(session.key)
                if current is None:
                    raise NotFound("There is no such conversation.") from None
                session = current
            except (StoreUnavailable, StoreFull):
                return session
        return session

    async def _live(self, session: Session) -> bool:
        """Whether somebody answers now. A lease far in the future is of another boot, or of a clock since set back."""
        if session.open is None:
            return False
        left = session.open.expires - await self.store.now()
        return 0 < left <= 2 * max(self.lease_seconds, LEASE_SECONDS)

    async def _commit(self, session: Session, turn: Turn | None = None) -> Session:
        session = replace(session, revision=session.revision + 1)
        await self.store.commit(session, turn)
        return session

    def _too_old(self, session: Session) -> bool:
        # A clock that was set ahead since we began has made nothing older.
        now = min(time.time(), self._began + time.monotonic())
        return 0 < self.max_age_seconds < now - session.last_activity


def _same(session: Session, current: Session) -> bool:
    """Whether this is still that session, not one that was created anew under its name."""
    return session.created_at == current.created_at


def _check_retry(known: str, asked: str) -> None:
    if known != asked:
        raise TurnIdReused("That turn_id was used for another question. Use a new one for a new question.")


def _in_progress(session: Session, opened: OpenTurn) -> Exception:
    assert session.open is not None
    if session.open.id == opened.id:
        _check_retry(session.open.digest, opened.digest)
        return TurnInProgress("This question is being answered. Wait for it, or follow its events.")
    return TurnInProgress("This conversation is answering another question. Wait for it, or cancel it.")
