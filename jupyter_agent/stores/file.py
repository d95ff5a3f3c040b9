"""Sessions in a folder, one readable JSON-lines file each: `file:///folder`."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from jupyter_agent.core.errors import AgentError, BadRequest, StoreFull, StoreUnavailable, VersionConflict
from jupyter_agent.core.protocols import Page
from jupyter_agent.core.session import Session, Turn, is_within
from jupyter_agent.stores import codec
from jupyter_agent.stores.file_lock import FileLock
from jupyter_agent.stores.file_log import (
    Log,
    any_head,
    first_lines,
    identity_of,
    line_with,
    stamp_of,
    sync_folder,
    text_of,
    write_new,
)
from jupyter_agent.stores.worker import Worker

KNOWN_LOGS = 128
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", re.ASCII)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_Result = TypeVar("_Result")


class FileStore:
    """Keeps sessions in one folder that several processes of one machine may share.

    Writers take turns by a lock on the folder; readers need no lock, for files only grow.

    Args:
        folder: Made when first written to, for this user alone.
        busy_seconds: How long to wait while other processes write.
        clock: Seconds that never go back, the same in all processes of this machine.
    """

    def __init__(self, folder: Path, *, busy_seconds: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._lock = FileLock(folder / ".lock", busy_seconds)
        self._clock = clock
        self._logs: OrderedDict[str, Log] = OrderedDict()
        self._heads: dict[str, tuple[tuple[int, int, int], Session | None]] = {}
        self._worker = Worker("jupyter-agent-files", self._forget)

    @classmethod
    def from_url(cls, url: str) -> FileStore:
        """The store of ``file:///absolute/folder`` or ``file://./relative/folder``.

        Raises:
            BadRequest: the URL names no folder.
        """
        folder = url.removeprefix("file://")
        if folder.strip("/.") == "" or folder == url:
            raise BadRequest("Write file:///<absolute path of a folder> for conversations as readable files.")
        if re.match(r"/[A-Za-z]:", folder):
            folder = folder[1:]  # file:///C:/folder
        return cls(Path(folder).expanduser())

    async def now(self) -> float:
        return self._clock()

    async def create(self, session: Session, turns: Sequence[Turn] = ()) -> None:
        lines = first_lines(session, turns)

        def work() -> None:
            log = self._log(session.key)
            if (log.refresh() and log.head is not None) or self._named(session) is not None:
                raise VersionConflict("That conversation exists already.")
            self._set_aside(log)
            write_new(log.path, lines)

        await self._write(work)

    async def read(self, key: str) -> Session | None:
        return await self._run(lambda: self._fresh(key).session())

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        head = text_of(session)
        line = line_with(head, turn)

        def work() -> None:
            log = self._fresh(session.key)
            stored = log.stamp()
            if stored is None or (session.revision - 1, session.created_at) != stored[:2]:
                raise VersionConflict("The conversation changed meanwhile.")
            if session.name != stored[2:] and self._named(session) is not None:
                raise VersionConflict("Another conversation has that name.")
            if turn is not None and turn.id in log.turns:
                raise VersionConflict("That turn is stored already.")
            log.append(line, head, stamp_of(session))

        await self._write(work)

    async def turn(self, key: str, turn_id: str) -> Turn | None:
        return await self._run(lambda: self._fresh(key).turn(turn_id))

    async def path(self, key: str, turn_id: str, limit: int) -> tuple[Turn, ...]:
        def work() -> tuple[Turn, ...]:
            log = self._fresh(key)
            return tuple(turn for ancestor in log.path_to(turn_id, limit) if (turn := log.turn(ancestor)) is not None)

        return await self._run(work)

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
        place = codec.decode_cursor(cursor)

        def matches(session: Session) -> bool:
            return (
                session.owner == owner
                and session_id in (None, session.id)
                and notebook_id in (None, session.notebook_id)
                and (place is None or (session.last_activity, session.key) < place)
            )

        def work() -> list[Session]:
            found = [session for session in self._listed() if matches(session)]
            found.sort(key=lambda session: (session.last_activity, session.key), reverse=True)
            page: list[Session] = []
            for session in found:
                if text is None or self._contains(session, codec.search_text(text)):
                    page.append(session)
                if len(page) > limit:
                    break
            return page

        return codec.first_page(await self._run(work), limit)

    async def count(self, owner: str) -> int:
        return await self._run(lambda: sum(session.owner == owner for session in self._listed()))

    async def owners(self, path: str) -> tuple[str, ...]:
        def work() -> set[str]:
            return {session.owner for session in self._listed() if is_within(session.notebook_id, path)}

        return tuple(sorted(await self._run(work)))

    async def delete(self, key: str) -> bool:
        def work() -> bool:
            log = self._log(key)
            if not log.refresh():
                return False
            if log.head is None:
                self._set_aside(log)
            else:
                log.path.unlink()
            sync_folder(self._folder)
            return True

        return await self._write(work)

    async def close(self) -> None:
        await self._worker.close(self._forget)

    async def _write(self, work: Callable[[], _Result]) -> _Result:
        def in_turn() -> _Result:
            with self._lock:
                return work()

        return await self._run(in_turn)

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        def translated() -> _Result:
            try:
                return work()
            except OSError as error:
                if error.errno in _FULL:
                    raise StoreFull(
                        "There is no room left to keep the conversation. Free some disk space and try again."
                    ) from error
                raise StoreUnavailable(
                    "The folder of conversations cannot be used. Check that it exists and may be written."
                ) from error

        return await self._worker.run(translated)

    def _fresh(self, key: str) -> Log:
        log = self._log(key)
        log.refresh()
        return log

    def _log(self, key: str) -> Log:
        if not _KEY.fullmatch(key):
            raise BadRequest("That is no key of a conversation.")
        log = self._logs.pop(key, None) or Log(self._folder / f"{key}.jsonl")
        self._logs[key] = log
        if len(self._logs) > KNOWN_LOGS:
            self._logs.popitem(last=False)
        return log

    def _named(self, session: Session) -> Session | None:
        return next((other for other in self._listed() if other.name == session.name), None)

    def _listed(self) -> list[Session]:
        """The head of every file that has one; files that did not change are not read again."""
        heads: dict[str, tuple[tuple[int, int, int], Session | None]] = {}
        try:
            with os.scandir(self._folder) as entries:
                files = [entry for entry in entries if entry.name.endswith(".jsonl")]
        except FileNotFoundError:
            files = []
        for entry in files:
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                identity = identity_of(entry.stat())
                known = self._heads.get(entry.name)
                fresh = known is not None and known[0] == identity
                heads[entry.name] = known if known and fresh else (identity, self._read_head(entry.name))
        self._heads = heads
        return [head for _, head in heads.values() if head is not None]

    def _read_head(self, name: str) -> Session | None:
        key = name.removesuffix(".jsonl")
        try:
            head = self._fresh(key).session()
        except AgentError:
            head = None
        data = any_head(self._folder / name) if head is None else None
        if data is None:
            return head
        return codec.unreadable(key, str(data["owner"]), str(data["id"]), str(data["notebook_id"]), 0.0)

    def _contains(self, session: Session, text: str) -> bool:
        if text in codec.search_text(session.title):
            return True
        log = self._fresh(session.key)
        turns = (log.turn(turn_id) for turn_id in log.turns)
        return any(turn is not None and text in codec.turn_search_text(turn) for turn in turns)

    def _set_aside(self, log: Log) -> None:
        """Keep a file without a good line under a name that is not read."""
        with contextlib.suppress(FileNotFoundError):
            log.path.rename(log.path.with_suffix(f".corrupt-{time.time_ns()}"))

    def _forget(self) -> None:
        self._logs.clear()
        self._heads.clear()
        self._lock.close()
