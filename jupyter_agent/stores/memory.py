"""Sessions in this process's memory: `memory://`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jupyter_agent.core.errors import BadRequest, VersionConflict
from jupyter_agent.core.protocols import Page
from jupyter_agent.core.session import Session, Turn, is_within
from jupyter_agent.stores import codec


@dataclass(slots=True)
class _Kept:
    """One session as text, so that readers get values of their own, with its turns in the order of their commits."""

    session: Session
    text: str
    turns: dict[str, str] = field(default_factory=dict)
    searched: list[str] = field(default_factory=list)

    def append(self, turn: Turn) -> None:
        if turn.id in self.turns:
            raise VersionConflict("That turn is stored already.")
        self.turns[turn.id] = codec.encode(turn)
        self.searched.append(codec.turn_search_text(turn))


class MemoryStore:
    """Keeps sessions as long as the process lives.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._keys: dict[tuple[str, str, str], str] = {}
        self._lock = threading.Lock()

    @classmethod
    def from_url(cls, url: str) -> MemoryStore:
        """A store of its own for ``memory://``.

        Raises:
            BadRequest: there is more in the URL.
        """
        if url.removeprefix("memory://").strip("/"):
            raise BadRequest("memory:// takes no path. Keep conversations with sqlite:///<path> instead.")
        return cls()

    async def now(self) -> float:
        return self._clock()

    async def create(self, session: Session, turns: Sequence[Turn] = ()) -> None:
        text = codec.encode(session)
        with self._lock:
            if session.key in self._kept or session.name in self._keys:
                raise VersionConflict("That conversation exists already.")
            kept = _Kept(codec.decode(Session, text), text)
            for turn in turns:
                kept.append(turn)
            self._kept[session.key] = kept
            self._keys[session.name] = session.key

    async def read(self, key: str) -> Session | None:
        with self._lock:
            kept = self._kept.get(key)
        return None if kept is None else codec.decode(Session, kept.text)

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        text = codec.encode(session)
        with self._lock:
            kept = self._kept.get(session.key)
            # The next revision of the same session, not of another one that was created anew under its key.
            following = None if kept is None else (kept.session.revision + 1, kept.session.created_at)
            if kept is None or (session.revision, session.created_at) != following:
                raise VersionConflict("The conversation changed meanwhile.")
            if self._keys.get(session.name, session.key) != session.key:
                raise VersionConflict("Another conversation has that name.")
            if turn is not None:
                kept.append(turn)
            del self._keys[kept.session.name]
            self._keys[session.name] = session.key
            kept.session, kept.text = codec.decode(Session, text), text

    async def turn(self, key: str, turn_id: str) -> Turn | None:
        return next(iter(await self.path(key, turn_id, 1)), None)

    async def path(self, key: str, turn_id: str, limit: int) -> tuple[Turn, ...]:
        with self._lock:
            kept = self._kept.get(key)
            turns = {} if kept is None else kept.turns
        found: list[Turn] = []
        turn: str | None = turn_id
        while turn is not None and turn in turns and len(found) < limit:
            found.append(codec.decode(Turn, turns[turn]))
            turn = found[-1].parent
        return tuple(reversed(found))

    async def find(
        self,
        owner: str,
        *,
        session_id: str | None = None,
        notebook_id: str | None = None,
        text: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        searched = codec.search_text(text or "")

        def contains(session: Session) -> bool:
            turns = self._kept[session.key].searched
            return (
                not searched or searched in codec.search_text(session.title) or any(searched in turn for turn in turns)
            )

        with self._lock:
            sessions = [kept.session for kept in self._kept.values()]
            return codec.select_page(sessions, contains, owner, session_id, notebook_id, limit, cursor)

    async def count(self, owner: str) -> int:
        with self._lock:
            return sum(kept.session.owner == owner for kept in self._kept.values())

    async def owners(self, path: str) -> tuple[str, ...]:
        with self._lock:
            found = {kept.session.owner for kept in self._kept.values() if is_within(kept.session.notebook_id, path)}
        return tuple(sorted(found))

    async def delete(self, key: str) -> bool:
        with self._lock:
            kept = self._kept.pop(key, None)
            if kept is not None:
                del self._keys[kept.session.name]
            return kept is not None

    async def close(self) -> None:
        """Nothing to close; what is kept stays for whoever still holds the store."""
