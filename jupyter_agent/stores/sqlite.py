"""Sessions in one SQLite file, through the standard library: `sqlite:///path`."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from jupyter_agent.core.errors import BadRequest, StoreFull, StoreUnavailable, VersionConflict
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores import codec
from jupyter_agent.stores.sql_reads import SqlReads
from jupyter_agent.stores.sqlite_file import STEPS, SqliteFile, identity_of
from jupyter_agent.stores.worker import Worker

_CREATE = (
    "INSERT INTO sessions VALUES"
    " (:key, :owner, :notebook_id, :id, :revision, :created_at, :last_activity, :searched, :data)"
)
_APPEND = (
    "INSERT INTO turns (key, id, parent, searched, data) VALUES (:key, :turn_id, :parent, :turn_searched, :turn_data)"
)
# What is not set is not indexed anew.
_REPLACE = (
    "UPDATE sessions SET revision = :revision, last_activity = :last_activity, searched = :searched, data = :data"
    " WHERE key = :key AND revision = :revision - 1 AND created_at = :created_at"
    " AND notebook_id = :notebook_id AND id = :id"
)
_RENAME = (
    "UPDATE sessions SET notebook_id = :notebook_id, id = :id, revision = :revision, last_activity = :last_activity,"
    " searched = :searched, data = :data"
    " WHERE key = :key AND revision = :revision - 1 AND created_at = :created_at"
)
_OWNERS = """
SELECT DISTINCT owner FROM sessions
WHERE :path <> '' AND (notebook_id = :path OR substr(notebook_id, 1, length(:path) + 1) = :path || '/') ORDER BY owner
"""
_DELETE = "DELETE FROM sessions WHERE key = :key"
_Result = TypeVar("_Result")
_INHERITED: list[sqlite3.Connection | None] = []


class SqliteStore(SqlReads):
    """Keeps sessions in one file that several processes may share; all of SQLite happens in one worker thread.

    Args:
        path: The file; it and its folder are made when first needed, for this user alone.
        busy_seconds: How long to wait while other processes write.
        clock: Seconds that never go back, the same in all processes of this machine.
        steps: SQL that leads from each schema to the next.
    """

    def __init__(
        self,
        path: Path,
        *,
        busy_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        steps: Sequence[str] = STEPS,
    ) -> None:
        self._file = SqliteFile(path, busy_seconds, steps)
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._log: tuple[int, int] | None = None
        self._filled = 0
        self._worker = Worker("jupyter-agent-sqlite", self._forget, self._rest)

    @classmethod
    def from_url(cls, url: str) -> SqliteStore:
        """The store of ``sqlite:///relative/path`` or ``sqlite:////absolute/path``.

        Raises:
            BadRequest: the URL names no file.
        """
        path = url.removeprefix("sqlite:///")
        if path in ("", ":memory:") or path == url:
            raise BadRequest("Write sqlite:///<path of a file>; memory:// keeps conversations in memory.")
        return cls(Path(path).expanduser())

    async def now(self) -> float:
        return self._clock()

    async def create(self, session: Session, turns: Sequence[Turn] = ()) -> None:
        head = codec.session_row(session)
        rows = [codec.turn_row(session.key, turn) for turn in turns]

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_CREATE, head)
            connection.executemany(_APPEND, rows)

        await self._run(work, is_write=True)

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        head = codec.session_row(session)
        row = None if turn is None else codec.turn_row(session.key, turn)

        def work(connection: sqlite3.Connection) -> None:
            if not any(connection.execute(statement, head).rowcount for statement in (_REPLACE, _RENAME)):
                raise VersionConflict("The conversation changed meanwhile.")
            if row is not None:
                connection.execute(_APPEND, row)

        await self._run(work, is_write=True)

    async def owners(self, path: str) -> tuple[str, ...]:
        return tuple(row[0] for row in await self._read(_OWNERS, {"path": path}))

    async def delete(self, key: str) -> bool:
        return await self._run(
            lambda connection: connection.execute(_DELETE, {"key": key}).rowcount == 1, is_write=True
        )

    async def close(self) -> None:
        await self._worker.close(self._disconnect)

    async def _read(self, query: str, values: Mapping[str, object]) -> list[Any]:
        return await self._run(lambda connection: connection.execute(query, values).fetchall())

    async def _run(self, work: Callable[[sqlite3.Connection], _Result], *, is_write: bool = False) -> _Result:
        def translated() -> _Result:
            try:
                connection = self._connect()
                with self._file.transaction(connection) if is_write else contextlib.nullcontext():
                    return work(connection)
            except UnicodeEncodeError as error:
                raise BadRequest("An id or path has characters that cannot be kept.") from error
            except sqlite3.IntegrityError as error:
                raise VersionConflict("That conversation or turn is stored already.") from error
            except (sqlite3.Error, OSError) as error:
                failure = self._file.failure(error)
                if getattr(error, "sqlite_errorname", "") != "SQLITE_BUSY" and not isinstance(failure, StoreFull):
                    self._disconnect()  # what it holds may be wrong; on a full disk it is right, and could not be had anew
                raise failure from error

        return await self._worker.run(translated)

    def _connect(self) -> sqlite3.Connection:
        if self._connection is not None and self._identity != identity_of(self._file.path):
            # The file was replaced or removed under us, by a backup restored for example; its log stays behind.
            self._disconnect()
            self._file.set_aside(self._log)
        if self._connection is None:
            self._connection = self._file.connect()
            self._identity = identity_of(self._file.path)
            self._log = identity_of(self._file.log)
            self._filled = 0
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._file.lock.close()

    def _rest(self) -> None:
        if self._connection is not None and self._connection.total_changes > self._filled:
            with contextlib.suppress(sqlite3.Error, OSError, StoreUnavailable):  # nothing depends on it
                self._file.fill(self._connection)
                self._filled = self._connection.total_changes

    def _forget(self) -> None:
        # Kept open in the forked process: closing it would give up the parent's locks.
        _INHERITED.append(self._connection)
        self._connection = None
        self._file.lock.close()
