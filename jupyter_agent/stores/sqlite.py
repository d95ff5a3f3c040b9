"""Sessions in one SQLite file, through the standard library: `sqlite:///path`."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from jupyter_agent.core.errors import BadRequest, StoreFull, StoreUnavailable
from jupyter_agent.stores.sqlite_file import SqliteFile, identity_of
from jupyter_agent.stores.sqlite_tables import STEPS, SqliteTables, refused
from jupyter_agent.stores.worker import Worker

_Result = TypeVar("_Result")
_INHERITED: list[sqlite3.Connection | None] = []


class SqliteStore(SqliteTables):
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

    async def close(self) -> None:
        await self._worker.close(self._disconnect)

    async def _run(self, work: Callable[[sqlite3.Connection], _Result], *, is_write: bool = False) -> _Result:
        def translated() -> _Result:
            try:
                with refused():
                    connection = self._connect()
                    with self._file.transaction(connection) if is_write else contextlib.nullcontext():
                        return work(connection)
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
