"""Sessions in a folder, one readable JSON-lines file each: `file:///folder`."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
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
    identity_of,
    line_of,
    stamp_of,
    sync_folder,
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
        if len({turn.id for turn in turns}) < len(turns):
            raise VersionConflict(codec.TURN_STORED)
        # Each line carries the head that is true up to it.
        heads = [*(replace(session, head=turn.id, depth=turn.depth) for turn in turns[:-1]), session]
        kept: Sequence[Turn | None] = turns or [None]
        lines = b"".join(line_of(head, turn) for head, turn in zip(heads, kept, strict=True))

        def work() -> None:
            log = self._log(session.key)
            if log.head is not None or any(other.name == session.name for other in self._listed()):
                raise VersionConflict("That conversation exists already.")
            self._set_aside(log)
            write_new(log.path, lines)

        await self._run(work, is_write=True)

    async def read(self, key: str) -> Session | None:
        return await self._run(lambda: self._log(key).session())

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        head = codec.encode(session, ascii_only=False)
        line = line_of(head, turn)

        def work() -> None:
            log = self._log(session.key)
            stored = log.stamp
            if stored is None and (newest := log.session()) is not None:
                stored = stamp_of(newest)
            if stored is None or (session.revision - 1, session.created_at) != stored[:2]:
                raise VersionConflict("The conversation changed meanwhile.")
            if session.name != stored[2:] and any(other.name == session.name for other in self._listed()):
                raise VersionConflict("Another conversation has that name.")
            if turn is not None and turn.id in log.turns:
                raise VersionConflict(codec.TURN_STORED)
            log.append(line, head, stamp_of(session))

        await self._run(work, is_write=True)

    async def turn(self, key: str, turn_id: str) -> Turn | None:
        return next(iter(await self.path(key, turn_id, 1)), None)

    async def path(self, key: str, turn_id: str, limit: int) -> tuple[Turn, ...]:
        return await self._run(lambda: self._log(key).path_to(turn_id, limit))

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
        searched = codec.search_text(text or "")

        def contains(session: Session) -> bool:
            if not searched or searched in codec.search_text(session.title):
                return True
            log = self._log(session.key)
            turns = (turn for turn_id in log.turns for turn in log.path_to(turn_id, 1))
            return any(searched in codec.turn_search_text(turn) for turn in turns)

        def work() -> list[Session]:
            found = [
                session
                for session in self._listed()
                if session.owner == owner
                and session_id in (None, session.id)
                and notebook_id in (None, session.notebook_id)
                and (place is None or (session.last_activity, session.key) < place)
            ]
            found.sort(key=lambda session: (session.last_activity, session.key), reverse=True)
            return list(islice(filter(contains, found), limit + 1))

        return codec.first_page(await self._run(work), limit)

    async def count(self, owner: str) -> int:
        return await self._run(lambda: sum(session.owner == owner for session in self._listed()))

    async def owners(self, path: str) -> tuple[str, ...]:
        sessions = await self._run(self._listed)
        return tuple(sorted({session.owner for session in sessions if is_within(session.notebook_id, path)}))

    async def delete(self, key: str) -> bool:
        def work() -> bool:
            log = self._log(key)
            if log.identity == (0, 0, 0):  # no such file
                return False
            if log.head is None:
                self._set_aside(log)
            else:
                log.path.unlink()
            sync_folder(self._folder)
            return True

        return await self._run(work, is_write=True)

    async def close(self) -> None:
        await self._worker.close(self._forget)

    async def _run(self, work: Callable[[], _Result], *, is_write: bool = False) -> _Result:
        def translated() -> _Result:
            try:
                with self._lock if is_write else contextlib.nullcontext():
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

    def _log(self, key: str) -> Log:
        """What is known of a session's file, brought up to date."""
        if not _KEY.fullmatch(key):
            raise BadRequest("That is no key of a conversation.")
        log = self._logs.pop(key, None) or Log(self._folder / f"{key}.jsonl")
        self._logs[key] = log
        if len(self._logs) > KNOWN_LOGS:
            self._logs.popitem(last=False)
        log.refresh()
        return log

    def _listed(self) -> list[Session]:
        """The head of every file that has one; files that did not change are not read again."""
        heads: dict[str, tuple[tuple[int, int, int], Session | None]] = {}
        try:
            with os.scandir(self._folder) as entries:
                files = {entry.name: entry for entry in entries if entry.name.endswith(".jsonl")}
        except FileNotFoundError:
            files = {}
        for name, entry in files.items():
            key = name.removesuffix(".jsonl")
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                identity, head = identity_of(entry.stat()), None
                if name in self._heads and self._heads[name][0] == identity:
                    heads[name] = self._heads[name]
                    continue
                with contextlib.suppress(AgentError):
                    head = self._log(key).session()
                if head is None and (data := any_head(self._folder / name)) is not None:
                    owned = (str(data["owner"]), str(data["id"]), str(data["notebook_id"]))
                    head = codec.decode_listed("", key, *owned, 0.0)
                heads[name] = (identity, head)
        self._heads = heads
        return [head for _, head in heads.values() if head is not None]

    def _set_aside(self, log: Log) -> None:
        """Keep a file without a good line under a name that is not read."""
        with contextlib.suppress(FileNotFoundError):
            log.path.rename(log.path.with_suffix(f".corrupt-{time.time_ns()}"))

    def _forget(self) -> None:
        self._logs.clear()
        self._heads.clear()
        self._lock.close()
