"""Sessions in PostgreSQL, for several servers: `postgresql://…`, with the extra `postgresql`."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.errors import AgentError, BadRequest, SchemaNewer, StoreFull, StoreUnavailable, VersionConflict
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores import codec
from jupyter_agent.stores.clock import ServerClock
from jupyter_agent.stores.sql_connections import Connections
from jupyter_agent.stores.sql_reads import SqlReads

if TYPE_CHECKING:
    from psycopg import AsyncConnection

Values = Mapping[str, object]
_CANNOT_BE_USED = "The PostgreSQL server cannot be used now. Try again in a moment."
_LOCK = 0x4A416773  # one server at a time makes or migrates the tables

_FIRST = """
CREATE TABLE jupyter_agent_sessions (
    key TEXT COLLATE "C" PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,
    notebook_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    last_activity DOUBLE PRECISION NOT NULL,
    searched TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE UNIQUE INDEX jupyter_agent_sessions_by_name ON jupyter_agent_sessions (owner, md5(notebook_id), id);
CREATE INDEX jupyter_agent_sessions_by_activity ON jupyter_agent_sessions (owner, last_activity, key);
CREATE INDEX jupyter_agent_sessions_by_id ON jupyter_agent_sessions (owner, id);
CREATE TABLE jupyter_agent_turns (
    key TEXT COLLATE "C" NOT NULL REFERENCES jupyter_agent_sessions ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C",
    searched TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (key, id)
)
"""
#: What leads from each schema to the next.
STEPS: tuple[str, ...] = (_FIRST,)

# Nothing is changed once a later release has migrated the tables, also where this one has been connected since before.
_OF_THIS_RELEASE = "(SELECT max(version) FROM jupyter_agent_schema) <= %(schema)s"
_CREATE = (
    "INSERT INTO jupyter_agent_sessions (key, owner, notebook_id, id, revision, created_at, last_activity, searched, data)"
    " SELECT %(key)s, %(owner)s, %(notebook_id)s, %(id)s, %(revision)s, %(created_at)s, %(last_activity)s, %(searched)s, %(data)s"
    f" WHERE {_OF_THIS_RELEASE}"
)
_REPLACE = (
    "UPDATE jupyter_agent_sessions SET owner = %(owner)s, notebook_id = %(notebook_id)s, id = %(id)s, revision = %(revision)s,"  # noqa: S608 – ours
    " last_activity = %(last_activity)s, searched = %(searched)s, data = %(data)s"
    f" WHERE key = %(key)s AND revision = %(revision)s - 1 AND created_at = %(created_at)s AND {_OF_THIS_RELEASE}"
)
_DELETE = f"DELETE FROM jupyter_agent_sessions WHERE key = %(key)s AND {_OF_THIS_RELEASE}"  # noqa: S608 – ours
# One statement is one transaction and one round trip.
_CREATE_WITH_TURNS = (
    f"WITH new AS ({_CREATE} RETURNING key)"  # noqa: S608 – a constant of ours
    " INSERT INTO jupyter_agent_turns (key, id, parent, searched, data) SELECT new.key, turns.* FROM new, unnest("
    "%(ids)s::text[], %(parents)s::text[], %(searches)s::text[], %(turns)s::text[]) AS turns"
)
_REPLACE_AND_APPEND = (
    f"WITH replaced AS ({_REPLACE} RETURNING key)"  # noqa: S608 – a constant of ours
    " INSERT INTO jupyter_agent_turns (key, id, parent, searched, data)"
    " SELECT key, %(turn_id)s, %(parent)s, %(turn_searched)s, %(turn_data)s FROM replaced"
)
# From the words of `SqlReads`: tables, values, a function.
_TRANSLATION = (
    (re.compile(r"\b(sessions|turns)\b"), r"jupyter_agent_\1"),
    (re.compile(r":(\w+)"), r"%(\1)s"),
    (re.compile(r"\binstr\("), "strpos("),
)


class ConnectionLost(StoreUnavailable):
    """The connection was dead, or died: whether the statement was carried out is not known."""


class SqlStore(SqlReads):
    """Keeps sessions in PostgreSQL; every commit is one statement, so that it is whole or not there.

    Args:
        url: ``postgresql://user:password@host/database``; the driver is psycopg.
        steps: SQL that leads from each schema to the next.
    """

    def __init__(self, url: str, *, steps: Sequence[str] = STEPS) -> None:
        self._url = url
        self._steps = steps
        self._connections: Connections | None = None
        self._left: list[Connections] = []
        self._ready = False
        self._clock = ServerClock(self._time)

    async def now(self) -> float:
        return await self._clock.now()

    async def create(self, session: Session, turns: Sequence[Turn] = ()) -> None:
        values = codec.session_row(session)
        if turns:
            rows = [codec.turn_row(session.key, turn) for turn in turns]
            columns = {"ids": "turn_id", "parents": "parent", "searches": "turn_searched", "turns": "turn_data"}
            values |= {name: [row[column] for row in rows] for name, column in columns.items()}
        await self._run(_CREATE_WITH_TURNS if turns else _CREATE, values)

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        values = codec.session_row(session) | ({} if turn is None else codec.turn_row(session.key, turn))
        statement = _REPLACE if turn is None else _REPLACE_AND_APPEND
        if (await self._run(statement, values))[0] != 1:
            raise VersionConflict("The conversation changed meanwhile.")

    async def owners(self, path: str) -> tuple[str, ...]:
        return ()  # of several servers, each with notebooks of its own

    async def delete(self, key: str) -> bool:
        return (await self._run(_DELETE, {"key": key}))[0] > 0

    async def close(self) -> None:
        connections, self._connections = self._connections, None
        if connections is not None:
            await connections.close()

    async def _time(self) -> float:
        return float((await self._read("SELECT extract(epoch FROM clock_timestamp())", {}))[0][0])

    async def _read(self, query: str, values: Values) -> list[Any]:
        """Ask for something; once more where the connection turns out to be dead, which is harmless here."""
        for pattern, replacement in _TRANSLATION:
            query = pattern.sub(replacement, query)
        try:
            return (await self._run(query, values))[1]
        except ConnectionLost:
            return (await self._run(query, values))[1]

    async def _run(self, statement: str, values: Values) -> tuple[int, list[Any]]:
        """How many rows a statement has changed or found, and those that it found; it is sent once."""
        connections = await self._connected()
        from psycopg import Error

        connection = None
        try:
            async with connections.connection() as connection:
                if not self._ready:
                    async with connection.transaction():
                        await self._bring_up_to_date(connection)
                    self._ready = True
                cursor = await connection.execute(statement.encode(), {**values, "schema": len(self._steps)})
                if cursor.description is not None:
                    return cursor.rowcount, await cursor.fetchall()
                if cursor.rowcount == 0:
                    await self._schema(connection)  # raises, where that is why
                return cursor.rowcount, []
        except UnicodeEncodeError as error:
            raise BadRequest(codec.NOT_STORABLE) from error
        except (Error, OSError, TimeoutError) as error:
            if connection is not None and connection.closed:
                raise ConnectionLost(_CANNOT_BE_USED) from error
            raise _failure(error) from error

    async def _connected(self) -> Connections:
        home = (os.getpid(), asyncio.get_running_loop())
        if self._connections is not None and self._connections.home != home:
            await self._connections.close()
            self._left.append(self._connections)  # of a forked process's parent, who goes on with them
            self._connections = None
        if self._connections is None:
            self._connections, self._ready = Connections(self._url), False
        return self._connections

    async def _bring_up_to_date(self, connection: AsyncConnection[Any]) -> None:
        found = await (await connection.execute(b"SELECT to_regclass('jupyter_agent_schema')")).fetchall()
        if found[0][0] is not None and await self._schema(connection) == len(self._steps):
            return
        # Another server may be at it; only what is asked for after the lock is true.
        await connection.execute(b"SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _LOCK})
        await connection.execute(b"CREATE TABLE IF NOT EXISTS jupyter_agent_schema (version INTEGER NOT NULL)")
        schema = await self._schema(connection)
        if 0 < schema < len(self._steps):
            for table in ("jupyter_agent_sessions", "jupyter_agent_turns"):  # as they were
                await connection.execute(f"CREATE TABLE {table}_schema{schema} AS TABLE {table}".encode())
        for step in self._steps[schema:]:
            for statement in step.split(";\n"):
                await connection.execute(statement.encode())
        await connection.execute(b"DELETE FROM jupyter_agent_schema")
        version = {"version": len(self._steps)}
        await connection.execute(b"INSERT INTO jupyter_agent_schema VALUES (%(version)s)", version)

    async def _schema(self, connection: AsyncConnection[Any]) -> int:
        """The tables' schema, 0 where there are none."""
        rows = await (await connection.execute(b"SELECT version FROM jupyter_agent_schema")).fetchall()
        schema = int(rows[0][0]) if rows else 0
        if schema > len(self._steps):
            raise SchemaNewer(codec.NEWER)
        return schema


def _failure(error: Exception) -> AgentError:
    from psycopg import DataError, IntegrityError

    state = getattr(error, "sqlstate", None) or ""
    if isinstance(error, IntegrityError):
        return VersionConflict(codec.STORED)
    if isinstance(error, DataError) or state.startswith("22"):
        return BadRequest(codec.NOT_STORABLE)
    if state.startswith("53100"):
        return StoreFull("The PostgreSQL server has no room left to keep the conversation.")
    if state.startswith("28"):
        return StoreUnavailable("The PostgreSQL server does not accept the configured account.")
    if state == "25006":
        return StoreUnavailable("The PostgreSQL server is read-only now. Connect to the primary.")
    if state == "42501":
        return StoreUnavailable("The PostgreSQL account may not use the tables of conversations.")
    return StoreUnavailable(_CANNOT_BE_USED)
