"""Sessions in one SQLite file, through the standard library: `sqlite:///path`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from jupyter_agent.errors import AgentError, BadRequest, SchemaNewer, StoreFull, StoreUnavailable, VersionConflict
from jupyter_agent.protocols import Page
from jupyter_agent.session import Session, Turn
from jupyter_agent.stores import codec

APPLICATION_ID = 0x4A416773  # "JAgs"
VERSION = 1
# Before 3.51.3 a crash at the wrong moment could lose commits from a write-ahead log that several processes share.
_WAL_IS_SAFE = sqlite3.sqlite_version_info >= (3, 51, 3)

_SCHEMA = """
CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    notebook_id TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at REAL NOT NULL,
    last_activity REAL NOT NULL,
    searched TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE UNIQUE INDEX sessions_by_name ON sessions (owner, notebook_id, id);
CREATE INDEX sessions_by_activity ON sessions (owner, last_activity, key);
CREATE INDEX sessions_by_id ON sessions (owner, id);
CREATE TABLE turns (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    id TEXT NOT NULL,
    parent TEXT,
    searched TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE UNIQUE INDEX turns_by_id ON turns (key, id);
"""
_CREATE = "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_APPEND = "INSERT INTO turns (key, id, parent, searched, data) VALUES (?, ?, ?, ?, ?)"
_REPLACE = (
    "UPDATE sessions SET notebook_id = ?, id = ?, revision = ?, last_activity = ?, searched = ?, data = ?"
    " WHERE key = ? AND revision = ? AND created_at = ?"
)
_PATH = """
WITH RECURSIVE path (step, parent, data) AS (
    SELECT 1, parent, data FROM turns WHERE key = :key AND id = :id
    UNION ALL
    SELECT step + 1, turns.parent, turns.data FROM path JOIN turns ON turns.key = :key AND turns.id = path.parent
    LIMIT :limit
) SELECT data FROM path ORDER BY step DESC
"""
_Result = TypeVar("_Result")


class SqliteStore:
    """Keeps sessions in one file that several processes may share; all of SQLite happens in one worker thread.

    Args:
        path: The file; it and its folder are made when first written to, for this user alone.
        busy_seconds: How long to wait while other processes write.
        clock: Seconds that never go back, the same in all processes of this machine.
    """

    def __init__(self, path: Path, *, busy_seconds: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._worker: ThreadPoolExecutor | None = None
        self._process = os.getpid()

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
        text = codec.encode(session)
        rows = [_turn_row(session.key, turn) for turn in turns]

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_CREATE, _session_row(session, text))
            connection.executemany(_APPEND, rows)

        await self._write(work)

    async def read(self, key: str) -> Session | None:
        row = await self._read(lambda one: one.execute("SELECT data FROM sessions WHERE key = ?", [key]).fetchone())
        return None if row is None else codec.decode_session(row[0])

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        head = _head_row(session, codec.encode(session))
        row = None if turn is None else _turn_row(session.key, turn)

        def work(connection: sqlite3.Connection) -> None:
            if connection.execute(_REPLACE, head).rowcount != 1:
                raise VersionConflict("The conversation changed meanwhile.")
            if row is not None:
                connection.execute(_APPEND, row)

        await self._write(work)

    async def turn(self, key: str, turn_id: str) -> Turn | None:
        query = "SELECT data FROM turns WHERE key = ? AND id = ?"
        row = await self._read(lambda one: one.execute(query, [key, turn_id]).fetchone())
        return None if row is None else codec.decode_turn(row[0])

    async def path(self, key: str, turn_id: str, limit: int) -> tuple[Turn, ...]:
        values = {"key": key, "id": turn_id, "limit": limit}
        rows = await self._read(lambda one: one.execute(_PATH, values).fetchall())
        return tuple(codec.decode_turn(row[0]) for row in rows)

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
        query, values = _find(owner, session_id, notebook_id, text, codec.decode_cursor(cursor))
        rows = await self._read(lambda one: one.execute(query, {**values, "limit": limit + 1}).fetchall())
        page = tuple(_listed(row) for row in rows[:limit])
        return Page(page, codec.encode_cursor(page[-1]) if page and len(rows) > limit else None)

    async def count(self, owner: str) -> int:
        query = "SELECT count(*) FROM sessions WHERE owner = ?"
        return int((await self._read(lambda one: one.execute(query, [owner]).fetchone()))[0])

    async def delete(self, key: str) -> bool:
        return await self._write(lambda one: one.execute("DELETE FROM sessions WHERE key = ?", [key]).rowcount == 1)

    async def close(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await asyncio.get_running_loop().run_in_executor(worker, self._disconnect)
            worker.shutdown(wait=False)

    async def _read(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        return await self._run(lambda: work(self._connect()))

    async def _write(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        def transaction() -> _Result:
            with _transaction(self._connect()) as connection:
                return work(connection)

        return await self._run(transaction)

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        if self._worker is None or self._process != os.getpid():
            # A connection must not be carried into a forked process, nor does the parent's thread live there.
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="jupyter-agent-sqlite")
            self._process, self._connection = os.getpid(), None
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._translated, work)

    def _translated(self, work: Callable[[], _Result]) -> _Result:
        try:
            return work()
        except UnicodeEncodeError as error:
            raise BadRequest("An id or path has characters that cannot be kept.") from error
        except sqlite3.IntegrityError as error:
            raise VersionConflict("That conversation or turn is stored already.") from error
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorname", "") != "SQLITE_BUSY":
                self._disconnect()
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> AgentError:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE")):
            return StoreFull("There is no room left to keep the conversation. Free some disk space and try again.")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreUnavailable("Another program keeps the conversations locked. Try again in a moment.")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            self._back_up("corrupt")
            return StoreUnavailable(
                "The file of conversations is damaged; a copy was kept beside it. Restore a backup, or move it away."
            )
        if name.startswith("SQLITE_READONLY"):
            return StoreUnavailable("Conversations cannot be written: their file or folder is read-only.")
        return StoreUnavailable("The file of conversations cannot be opened. Check the folder and its permissions.")

    def _connect(self) -> sqlite3.Connection:
        if self._connection is not None and self._file != _identity(self._path):
            self._disconnect()  # the file was replaced or removed under us, by a backup restored for example
        if self._connection is None:
            _prepare(self._path)
            self._connection = self._opened()
            self._file = _identity(self._path)
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=self._busy_seconds, isolation_level=None)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        if not self._current(connection):
            if _WAL_IS_SAFE:
                connection.execute("PRAGMA journal_mode = WAL")
            with _transaction(connection):
                if not self._current(connection):  # another process may have been faster
                    self._migrate(connection)
            _marker(self._path).touch(mode=0o600)

    def _current(self, connection: sqlite3.Connection) -> bool:
        """Whether the file is ours and of this release.

        Raises:
            SchemaNewer: a later release wrote it.
            StoreUnavailable: another program's file, or an empty one where conversations have been.
        """
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        if application == APPLICATION_ID and version > VERSION:
            raise SchemaNewer(
                "The conversations were written by a newer release of jupyter-agent. Upgrade to use them."
            )
        if application != APPLICATION_ID and not empty:
            raise StoreUnavailable("The configured file of conversations belongs to another program. Choose another.")
        if empty and _marker(self._path).exists():
            raise StoreUnavailable(
                "The file of conversations is empty although it held some. Restore a backup, or remove it to start anew."
            )
        return bool(application == APPLICATION_ID and version == VERSION)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        for statement in _SCHEMA.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")

    def _back_up(self, reason: str) -> None:
        """Copy the file beside itself, once for each state it is met in."""
        with contextlib.suppress(OSError):
            copy = self._path.with_name(f"{self._path.name}.{reason}-{int(self._path.stat().st_mtime)}")
            if not copy.exists():
                shutil.copy2(self._path, copy)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def _prepare(path: Path) -> None:
    """Make the folder and the file, readable by this user alone."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _marker(path).unlink(missing_ok=True)  # a file that was removed on purpose starts anew
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _marker(path: Path) -> Path:
    """Exists once the file has held conversations: an empty file is then a loss, not a beginning."""
    return path.with_name(path.name + ".known")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _session_row(session: Session, text: str) -> tuple[Any, ...]:
    return (
        session.key,
        session.owner,
        session.notebook_id,
        session.id,
        session.revision,
        session.created_at,
        session.last_activity,
        codec.searched(session.title),
        text,
    )


def _head_row(session: Session, text: str) -> tuple[Any, ...]:
    return (
        session.notebook_id,
        session.id,
        session.revision,
        session.last_activity,
        codec.searched(session.title),
        text,
        session.key,
        session.revision - 1,
        session.created_at,
    )


def _turn_row(key: str, turn: Turn) -> tuple[Any, ...]:
    return key, turn.id, turn.parent, codec.searched_turn(turn), codec.encode(turn)


def _find(
    owner: str,
    session_id: str | None,
    notebook_id: str | None,
    text: str | None,
    place: tuple[float, str] | None,
) -> tuple[str, dict[str, object]]:
    """The query of a list; every value is bound, so that none is read as SQL or as a pattern."""
    conditions = ["owner = :owner"]
    values: dict[str, object] = {"owner": owner}
    if session_id is not None:
        conditions.append("id = :id")
        values["id"] = session_id
    if notebook_id is not None:
        conditions.append("notebook_id = :notebook_id")
        values["notebook_id"] = notebook_id
    if text is not None:
        conditions.append(
            "(instr(searched, :text) > 0 OR EXISTS"
            " (SELECT 1 FROM turns WHERE turns.key = sessions.key AND instr(turns.searched, :text) > 0))"
        )
        values["text"] = codec.searched(text)
    if place is not None:
        conditions.append("(last_activity, key) < (:activity, :key)")
        values["activity"], values["key"] = place
    where = " AND ".join(conditions)
    columns = "data, key, owner, id, notebook_id, last_activity"
    return f"SELECT {columns} FROM sessions WHERE {where} ORDER BY last_activity DESC, key DESC LIMIT :limit", values  # noqa: S608 – conditions are ours


def _listed(row: tuple[Any, ...]) -> Session:
    try:
        return codec.decode_session(row[0])
    except StoreUnavailable:
        return codec.unreadable(*row[1:])
