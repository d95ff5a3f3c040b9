"""The tables of conversations in SQLite, in a file or in memory."""

from __future__ import annotations

import contextlib
import sqlite3
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from jupyter_agent.core.errors import BadRequest, VersionConflict
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores import codec
from jupyter_agent.stores.sql_reads import SqlReads

_FIRST = """
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
#: What leads from each schema to the next; the file's `user_version` counts the steps taken.
STEPS: tuple[str, ...] = (_FIRST,)

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
    " AND owner = :owner AND notebook_id = :notebook_id AND id = :id"
)
_RENAME = (
    "UPDATE sessions SET owner = :owner, notebook_id = :notebook_id, id = :id, revision = :revision,"
    " last_activity = :last_activity, searched = :searched, data = :data"
    " WHERE key = :key AND revision = :revision - 1 AND created_at = :created_at"
)
_OWNERS = """
SELECT DISTINCT owner FROM sessions
WHERE :path <> '' AND (notebook_id = :path OR substr(notebook_id, 1, length(:path) + 1) = :path || '/') ORDER BY owner
"""
_DELETE = "DELETE FROM sessions WHERE key = :key"
_Result = TypeVar("_Result")


class SqliteTables(SqlReads):
    """Changes of the tables, each in one transaction."""

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

    async def _read(self, query: str, values: Mapping[str, object]) -> list[Any]:
        return await self._run(lambda connection: connection.execute(query, values).fetchall())

    @abstractmethod
    async def _run(self, work: Callable[[sqlite3.Connection], _Result], *, is_write: bool = False) -> _Result:
        """What the work comes to on a connection, with everything that it writes in one transaction."""


@contextlib.contextmanager
def refused() -> Iterator[None]:
    """Put into words what the tables do not take."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise BadRequest(codec.NOT_STORABLE) from error
    except sqlite3.IntegrityError as error:
        raise VersionConflict(codec.STORED) from error


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """Everything inside or nothing; writers wait for each other at the beginning, so that none fails at the end."""
    connection.execute(begin)
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:  # whatever it is, half a transaction is not kept
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise
