"""Sessions in PostgreSQL, for several servers: `postgresql://…`, with the extra `postgresql`."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_agent.errors import (
    AgentError,
    BadRequest,
    MissingExtra,
    SchemaNewer,
    StoreFull,
    StoreUnavailable,
    VersionConflict,
)
from jupyter_agent.protocols import Page
from jupyter_agent.session import Session, Turn
from jupyter_agent.stores import codec
from jupyter_agent.stores.clock import ServerClock

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, TextClause
    from sqlalchemy.ext.asyncio import AsyncEngine

TIMEOUT_SECONDS = 10
LOCK_SECONDS = 5.0
PING_AFTER_SECONDS = 1.0
_Result = TypeVar("_Result")
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

_CREATE = (
    "INSERT INTO jupyter_agent_sessions (key, owner, notebook_id, id, revision, created_at, last_activity, searched, data)"
    " VALUES (:key, :owner, :notebook_id, :id, :revision, :created_at, :last_activity, :searched, :data)"
)
_APPEND = (
    "INSERT INTO jupyter_agent_turns (key, id, parent, searched, data)"
    " VALUES (:key, :turn_id, :parent, :turn_searched, :turn_data)"
)
_REPLACE = (
    "UPDATE jupyter_agent_sessions SET notebook_id = :notebook_id, id = :id, revision = :revision,"
    " last_activity = :last_activity, searched = :searched, data = :data"
    " WHERE key = :key AND revision = :revision - 1 AND created_at = :created_at"
)
# One statement is one transaction and one journey.
_REPLACE_AND_APPEND = (
    f"WITH replaced AS ({_REPLACE} RETURNING key)"  # noqa: S608 – a constant of ours
    " INSERT INTO jupyter_agent_turns (key, id, parent, searched, data)"
    " SELECT key, :turn_id, :parent, :turn_searched, :turn_data FROM replaced"
)
_PATH = """
WITH RECURSIVE path (step, parent, data) AS (
    SELECT 1, parent, data FROM jupyter_agent_turns WHERE key = :key AND id = :id
    UNION ALL
    SELECT path.step + 1, turns.parent, turns.data FROM path
    JOIN jupyter_agent_turns AS turns ON turns.key = :key AND turns.id = path.parent WHERE path.step < :limit
) SELECT data FROM path ORDER BY step DESC
"""


class SqlStore:
    """Keeps sessions in PostgreSQL; every commit is one statement, so that it is whole or not there.

    Args:
        url: ``postgresql://user:password@host/database``; the driver is psycopg.
        steps: SQL that leads from each schema to the next.
    """

    def __init__(self, url: str, *, steps: Sequence[str] = STEPS) -> None:
        self._url = url
        self._steps = steps
        self._engine: AsyncEngine | None = None
        self._home: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._ready = False
        self._clock = ServerClock(self._time)

    @classmethod
    def from_url(cls, url: str) -> SqlStore:
        """The store of ``postgresql://user:password@host/database``."""
        return cls(url)

    async def now(self) -> float:
        return await self._clock.now()

    async def create(self, session: Session, turns: Sequence[Turn] = ()) -> None:
        head = _session_row(session)
        rows = [_turn_row(session.key, turn) for turn in turns]

        def work(connection: Connection) -> None:
            _execute(connection, _CREATE, head)
            if rows:
                connection.execute(_parsed(_APPEND), rows)

        await self._run(work, several=bool(rows))

    async def read(self, key: str) -> Session | None:
        rows = await self._read("SELECT data FROM jupyter_agent_sessions WHERE key = :key", {"key": key})
        return codec.decode_session(rows[0][0]) if rows else None

    async def commit(self, session: Session, turn: Turn | None = None) -> None:
        values = _session_row(session) | ({} if turn is None else _turn_row(session.key, turn))
        statement = _REPLACE if turn is None else _REPLACE_AND_APPEND
        if await self._run(lambda one: _execute(one, statement, values).rowcount) != 1:
            raise VersionConflict("The conversation changed meanwhile.")

    async def turn(self, key: str, turn_id: str) -> Turn | None:
        query = "SELECT data FROM jupyter_agent_turns WHERE key = :key AND id = :id"
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
        page = tuple(_listed(row) for row in rows[:limit])
        return Page(page, codec.encode_cursor(page[-1]) if page and len(rows) > limit else None)

    async def count(self, owner: str) -> int:
        query = "SELECT count(*) FROM jupyter_agent_sessions WHERE owner = :owner"
        return int((await self._read(query, {"owner": owner}))[0][0])

    async def delete(self, key: str) -> bool:
        statement = "DELETE FROM jupyter_agent_sessions WHERE key = :key"
        return bool(await self._run(lambda one: _execute(one, statement, {"key": key}).rowcount))

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None and self._home == (os.getpid(), asyncio.get_running_loop()):
            await engine.dispose()

    async def _time(self) -> float:
        return float((await self._read("SELECT extract(epoch FROM clock_timestamp())", {}))[0][0])

    async def _read(self, query: str, values: Mapping[str, object]) -> list[Any]:
        """Ask for something; once more where the connection turns out to be dead, which is harmless here."""

        def work(connection: Connection) -> list[Any]:
            return list(_execute(connection, query, values))

        try:
            return await self._run(work)
        except StoreUnavailable as error:
            if not getattr(error.__cause__, "connection_invalidated", False):
                raise
            return await self._run(work)

    async def _run(self, work: Callable[[Connection], _Result], *, several: bool = False) -> _Result:
        engine = self._connected()
        from sqlalchemy.exc import SQLAlchemyError

        try:
            if not self._ready:
                async with _whole(engine).begin() as connection:
                    await connection.run_sync(self._bring_up_to_date)
                self._ready = True
            if several:
                async with _whole(engine).begin() as connection:
                    return await connection.run_sync(work)
            async with engine.connect() as connection:
                return await connection.run_sync(work)
        except UnicodeEncodeError as error:
            raise BadRequest("An id or path has characters that cannot be kept.") from error
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise _failure(error) from error

    def _connected(self) -> AsyncEngine:
        home = (os.getpid(), asyncio.get_running_loop())
        if self._engine is None or self._home != home:
            # Connections belong to one process and one event loop; others' are left to them.
            self._engine, self._home, self._ready = _engine(self._url), home, False
        return self._engine

    def _bring_up_to_date(self, connection: Connection) -> None:
        there = _execute(connection, "SELECT to_regclass('jupyter_agent_schema')", {}).scalar() is not None
        if there and self._schema(connection) == len(self._steps):
            return
        # Another server may be at it; only what is asked for after the lock is true.
        _execute(connection, "SELECT pg_advisory_xact_lock(:lock)", {"lock": _LOCK})
        _execute(connection, "CREATE TABLE IF NOT EXISTS jupyter_agent_schema (version INTEGER NOT NULL)", {})
        schema = self._schema(connection)
        if 0 < schema < len(self._steps):
            _back_up(connection, schema)
        for step in self._steps[schema:]:
            for statement in step.split(";\n"):
                _execute(connection, statement, {})
        _execute(connection, "DELETE FROM jupyter_agent_schema", {})
        _execute(connection, "INSERT INTO jupyter_agent_schema VALUES (:version)", {"version": len(self._steps)})

    def _schema(self, connection: Connection) -> int:
        """The tables' schema, 0 where there are none."""
        schema = int(_execute(connection, "SELECT version FROM jupyter_agent_schema", {}).scalar() or 0)
        if schema > len(self._steps):
            raise SchemaNewer(
                "The conversations were written by a newer release of jupyter-agent. Upgrade to use them."
            )
        return schema


def _whole(engine: AsyncEngine) -> AsyncEngine:
    """For what takes several statements and must be whole; single ones are transactions of their own."""
    return engine.execution_options(isolation_level="READ COMMITTED")


def _execute(connection: Connection, statement: str, values: Mapping[str, object]) -> CursorResult[Any]:
    return connection.execute(_parsed(statement), values)


@lru_cache(maxsize=64)
def _parsed(statement: str) -> TextClause:
    from sqlalchemy import text

    return text(statement)


def _back_up(connection: Connection, schema: int) -> None:
    """Copies of the tables as they were, in the migration's own transaction."""
    for table in ("jupyter_agent_sessions", "jupyter_agent_turns"):
        _execute(connection, f"CREATE TABLE {table}_schema{schema} AS TABLE {table}", {})


def _engine(url: str) -> AsyncEngine:
    try:
        import greenlet  # type: ignore[import-untyped]  # noqa: F401
        import psycopg  # noqa: F401 – missing it is found out here, not at the first query
        from sqlalchemy import event
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError
        from sqlalchemy.ext.asyncio import create_async_engine
    except ImportError as error:
        raise MissingExtra('PostgreSQL needs packages: pip install "jupyter-agent[postgresql]"') from error
    try:
        address = make_url(url).set(drivername="postgresql+psycopg")
        engine = create_async_engine(
            address,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,  # nothing is left open: single statements, or transactions that end
            pool_timeout=TIMEOUT_SECONDS,
            connect_args={"connect_timeout": TIMEOUT_SECONDS},
        )
    except (ArgumentError, ValueError) as error:
        raise BadRequest("c.JupyterAgent.store is not a URL such as postgresql://user@host/database.") from error

    event.listen(engine.sync_engine, "connect", _limit_times)
    event.listen(engine.sync_engine, "checkin", _note_the_time)
    event.listen(engine.sync_engine, "checkout", _check_alive)
    return engine


def _limit_times(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET statement_timeout = {TIMEOUT_SECONDS * 1000}")
    cursor.execute(f"SET lock_timeout = {round(LOCK_SECONDS * 1000)}")
    # No commit is acknowledged before it is on the disk, whatever the server's own settings.
    cursor.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    cursor.close()
    connection.commit()


def _note_the_time(_: object, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _check_alive(connection: Any, record: Any, _: object) -> None:
    """See that a connection which rested is still one; the pool makes another where it is not."""
    from sqlalchemy.exc import DisconnectionError

    if time.monotonic() - record.info.get("used", time.monotonic()) < PING_AFTER_SECONDS:
        return
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        cursor.close()
    except Exception as error:  # whatever the driver says, the connection is of no use
        raise DisconnectionError from error


def _failure(error: Exception) -> AgentError:
    from sqlalchemy.exc import DataError, IntegrityError

    state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
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
    return StoreUnavailable("The PostgreSQL server cannot be used now. Try again in a moment.")


def _session_row(session: Session) -> dict[str, Any]:
    return {
        "key": session.key,
        "owner": session.owner,
        "notebook_id": session.notebook_id,
        "id": session.id,
        "revision": session.revision,
        "created_at": session.created_at,
        "last_activity": session.last_activity,
        "searched": codec.searched(session.title),
        "data": codec.encode(session),
    }


def _turn_row(key: str, turn: Turn) -> dict[str, Any]:
    return {
        "key": key,
        "turn_id": turn.id,
        "parent": turn.parent,
        "turn_searched": codec.searched_turn(turn),
        "turn_data": codec.encode(turn),
    }


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
            "(position(:text IN searched) > 0 OR EXISTS (SELECT 1 FROM jupyter_agent_turns AS turns"
            " WHERE turns.key = sessions.key AND position(:text IN turns.searched) > 0))"
        )
        values["text"] = codec.searched(text)
    if place is not None:
        conditions.append("(last_activity, key) < (CAST(:activity AS DOUBLE PRECISION), :place)")
        values["activity"], values["place"] = place
    where = " AND ".join(conditions)
    columns = "data, key, owner, id, notebook_id, last_activity"
    table = "jupyter_agent_sessions AS sessions"
    return f"SELECT {columns} FROM {table} WHERE {where} ORDER BY last_activity DESC, key DESC LIMIT :limit", values  # noqa: S608 – conditions are ours


def _listed(row: Sequence[Any]) -> Session:
    try:
        return codec.decode_session(row[0])
    except StoreUnavailable:
        return codec.unreadable(*row[1:])
