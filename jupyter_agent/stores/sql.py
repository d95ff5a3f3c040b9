"""Sessions in PostgreSQL, for several servers: `postgresql://…`, with the extra `postgresql`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_agent.core.errors import AgentError, BadRequest, StoreFull, StoreUnavailable, VersionConflict
from jupyter_agent.core.protocols import Page
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores import codec
from jupyter_agent.stores.clock import ServerClock
from jupyter_agent.stores.sql_connections import Connections

if TYPE_CHECKING:
    from psycopg import AsyncConnection, AsyncCursor

Values = Mapping[str, object]
_Result = TypeVar("_Result")
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
    "UPDATE jupyter_agent_sessions SET notebook_id = %(notebook_id)s, id = %(id)s, revision = %(revision)s,"  # noqa: S608 – ours
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
_PATH = """
WITH RECURSIVE path (step, parent, data) AS (
    SELECT 1, parent, data FROM jupyter_agent_turns WHERE key = %(key)s AND id = %(id)s
    UNION ALL
    SELECT path.step + 1, turns.parent, turns.data FROM path
    JOIN jupyter_agent_turns AS turns ON turns.key = %(key)s AND turns.id = path.parent WHERE path.step < %(limit)s
) SELECT data FROM path ORDER BY step DESC
"""


class ConnectionLost(StoreUnavailable):
    """The connection was dead, or died: whether the statement was carried out is not known."""

    def __init__(self) -> None:
        super().__init__(_CANNOT_BE_USED)


class SqlStore:
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

    @classmethod
    def from_url(cls, url: str) -> SqlStore:
        """The store of ``postgresql://user:password@host/database``."""
        return cls(url)

    async def now(self) -> float:
        return await self._clock.now()

    async def create(self, session: Session, turns: Sequence[Turn] = ()) -> None:
        values = codec.session_row(session)
        if turns:
            rows = [codec.turn_row(session.key, turn) for turn in turns]
            columns = {"ids": "turn_id", "parents": "parent", "searches": "turn_searched", "turns": "turn_data"}
            values |= {name: [row[column] for row in rows] for name, column in columns.items()}
        await self._change(_CREATE_WITH_TURNS if turns else _CREATE, values)

    async def read(self, key: str) -> Session | None:
        rows = await self._read("SELECT data FROM jupyter_agent_sessions WHERE key = %(key)s", {"key": key})
        return codec.decode_session(rows[0][0]) if rows else None

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        values = codec.session_row(session) | ({} if turn is None else codec.turn_row(session.key, turn))
        statement = _REPLACE if turn is None else _REPLACE_AND_APPEND
        if await self._change(statement, values) != 1:
            raise VersionConflict("The conversation changed meanwhile.")

    async def turn(self, key: str, turn_id: str) -> Turn | None:
        query = "SELECT data FROM jupyter_agent_turns WHERE key = %(key)s AND id = %(id)s"
        rows = await self._read(query, {"key": key, "id": turn_id})
        return codec.decode_turn(rows[0][0]) if rows else None

    async def path(self, key: str, turn_id: str, limit: int) -> tuple[Turn, ...]:
        rows = await self._read(_PATH, {"key": key, "id": turn_id, "limit": limit}) if limit > 0 else []
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
        rows = await self._read(query, {**values, "limit": limit + 1})
        return codec.first_page([codec.decode_listed(*row) for row in rows], limit)

    async def count(self, owner: str) -> int:
        query = "SELECT count(*) FROM jupyter_agent_sessions WHERE owner = %(owner)s"
        return int((await self._read(query, {"owner": owner}))[0][0])

    async def owners(self, path: str) -> tuple[str, ...]:
        return ()  # of several servers, each with notebooks of its own

    async def delete(self, key: str) -> bool:
        return await self._change(_DELETE, {"key": key}) > 0

    async def close(self) -> None:
        connections, self._connections = self._connections, None
        if connections is not None:
            await connections.close()

    async def _time(self) -> float:
        return float((await self._read("SELECT extract(epoch FROM clock_timestamp())", {}))[0][0])

    async def _read(self, query: str, values: Values) -> list[Any]:
        """Ask for something; once more where the connection turns out to be dead, which is harmless here."""

        async def work(connection: AsyncConnection[Any]) -> list[Any]:
            return await (await _execute(connection, query, values)).fetchall()

        try:
            return await self._run(work)
        except ConnectionLost:
            return await self._run(work)

    async def _change(self, statement: str, values: Values) -> int:
        """How many rows a statement has changed; it is sent once."""

        async def work(connection: AsyncConnection[Any]) -> int:
            changed = (await _execute(connection, statement, {**values, "schema": len(self._steps)})).rowcount
            if changed == 0:
                await self._schema(connection)  # raises, where that is why
            return changed

        return await self._run(work)

    async def _run(self, work: Callable[[AsyncConnection[Any]], Awaitable[_Result]]) -> _Result:
        connections = await self._connected()
        from psycopg import Error

        connection = None
        try:
            async with connections.connection() as connection:
                if not self._ready:
                    async with connection.transaction():
                        await self._bring_up_to_date(connection)
                    self._ready = True
                return await work(connection)
        except UnicodeEncodeError as error:
            raise BadRequest("An id or path has characters that cannot be kept.") from error
        except (Error, OSError, TimeoutError) as error:
            if connection is not None and connection.closed:
                raise ConnectionLost from error
            raise _failure(error) from error

    async def _connected(self) -> Connections:
        if self._connections is not None and not self._connections.are_ours():
            await self._connections.close()
            self._left.append(self._connections)  # of a forked process's parent, who goes on with them
            self._connections = None
        if self._connections is None:
            self._connections, self._ready = Connections(self._url), False
        return self._connections

    async def _bring_up_to_date(self, connection: AsyncConnection[Any]) -> None:
        there = await _first(connection, "SELECT to_regclass('jupyter_agent_schema')") is not None
        if there and await self._schema(connection) == len(self._steps):
            return
        # Another server may be at it; only what is asked for after the lock is true.
        await _execute(connection, "SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _LOCK})
        await _execute(connection, "CREATE TABLE IF NOT EXISTS jupyter_agent_schema (version INTEGER NOT NULL)")
        schema = await self._schema(connection)
        if 0 < schema < len(self._steps):
            await _back_up(connection, schema)
        for step in self._steps[schema:]:
            for statement in step.split(";\n"):
                await _execute(connection, statement)
        await _execute(connection, "DELETE FROM jupyter_agent_schema")
        version = {"version": len(self._steps)}
        await _execute(connection, "INSERT INTO jupyter_agent_schema VALUES (%(version)s)", version)

    async def _schema(self, connection: AsyncConnection[Any]) -> int:
        """The tables' schema, 0 where there are none."""
        schema = int(await _first(connection, "SELECT version FROM jupyter_agent_schema") or 0)
        if schema > len(self._steps):
            raise codec.newer_schema()
        return schema


async def _execute(connection: AsyncConnection[Any], statement: str, values: Values | None = None) -> AsyncCursor[Any]:
    return await connection.execute(statement.encode(), values)


async def _first(connection: AsyncConnection[Any], query: str) -> Any:
    """The first column of the first row; None without one."""
    row = await (await _execute(connection, query)).fetchone()
    return None if row is None else row[0]


async def _back_up(connection: AsyncConnection[Any], schema: int) -> None:
    """Copies of the tables as they were, in the migration's own transaction."""
    for table in ("jupyter_agent_sessions", "jupyter_agent_turns"):
        await _execute(connection, f"CREATE TABLE {table}_schema{schema} AS TABLE {table}")


def _failure(error: Exception) -> AgentError:
    from psycopg import DataError, IntegrityError

    state = getattr(error, "sqlstate", None) or ""
    if isinstance(error, IntegrityError):
        return VersionConflict("That conversation or turn is stored already.")
    if isinstance(error, DataError) or state.startswith("22"):
        return BadRequest("An id or path has characters that cannot be kept.")
    if state.startswith("53100"):
        return StoreFull("The PostgreSQL server has no room left to keep the conversation.")
    if state.startswith("28"):
        return StoreUnavailable("The PostgreSQL server does not accept the configured account.")
    if state == "25006":
        return StoreUnavailable("The PostgreSQL server is read-only now. Connect to the primary.")
    if state == "42501":
        return StoreUnavailable("The PostgreSQL account may not use the tables of conversations.")
    return StoreUnavailable(_CANNOT_BE_USED)


def _find(
    owner: str,
    session_id: str | None,
    notebook_id: str | None,
    text: str | None,
    place: tuple[float, str] | None,
) -> tuple[str, dict[str, object]]:
    """The query of a list; every value is bound, so that none is read as SQL or as a pattern."""
    conditions = ["owner = %(owner)s"]
    values: dict[str, object] = {"owner": owner}
    if session_id is not None:
        conditions.append("id = %(id)s")
        values["id"] = session_id
    if notebook_id is not None:
        conditions.append("notebook_id = %(notebook_id)s")
        values["notebook_id"] = notebook_id
    if text is not None:
        conditions.append(
            "(position(%(text)s IN searched) > 0 OR EXISTS (SELECT 1 FROM jupyter_agent_turns AS turns"
            " WHERE turns.key = sessions.key AND position(%(text)s IN turns.searched) > 0))"
        )
        values["text"] = codec.search_text(text)
    if place is not None:
        conditions.append("(last_activity, key) < (CAST(%(activity)s AS DOUBLE PRECISION), %(place)s)")
        values["activity"], values["place"] = place
    where = " AND ".join(conditions)
    columns = "data, key, owner, id, notebook_id, last_activity"
    table = "jupyter_agent_sessions AS sessions"
    return f"SELECT {columns} FROM {table} WHERE {where} ORDER BY last_activity DESC, key DESC LIMIT %(limit)s", values  # noqa: S608 – conditions are ours
