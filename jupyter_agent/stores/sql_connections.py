"""Connections to PostgreSQL: made when needed, kept for the next statement, seen to be alive after a rest."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from jupyter_agent.core.errors import BadRequest, MissingExtra

if TYPE_CHECKING:
    from psycopg import AsyncConnection

TIMEOUT_SECONDS = 10
LOCK_SECONDS = 5.0
PING_AFTER_SECONDS = 1.0
MOST = 10
# No commit is acknowledged before it is on the disk, whatever the server's own settings; a statement sees what was
# committed when it began.
_SETTINGS = """
SET statement_timeout = {statement};
SET lock_timeout = {lock};
SET default_transaction_isolation = 'read committed';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""


class Connections:
    """Connections of one process and one event loop; each statement is a transaction of its own unless one is begun.

    Args:
        url: ``postgresql://…`` as the server's own programs take it.

    Attributes:
        home: That process and that event loop.

    Raises:
        BadRequest: it is no such URL.
        MissingExtra: the package is missing.
    """

    def __init__(self, url: str) -> None:
        try:
            from psycopg import ProgrammingError
            from psycopg.conninfo import conninfo_to_dict
        except ImportError as error:
            message = 'PostgreSQL needs a package: pip install "jupyter-notebook-agent[postgresql]"'
            raise MissingExtra(message) from error
        try:
            address: dict[str, Any] = dict(conninfo_to_dict(url))
            if not all(port.isdecimal() for port in str(address.get("port", "5432")).split(",")):
                raise ValueError("port")
        except (ProgrammingError, ValueError) as error:
            raise BadRequest("c.JupyterAgent.store is not a URL such as postgresql://user@host/database.") from error
        self._address = {"connect_timeout": TIMEOUT_SECONDS, **address}
        self.home = (os.getpid(), asyncio.get_running_loop())
        self._room = asyncio.Semaphore(MOST)
        self._idle: list[tuple[AsyncConnection[Any], float]] = []

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection for one task; it is kept afterwards unless something else than the server's answer went wrong.

        Raises:
            psycopg.Error, TimeoutError: there is none.
        """
        from psycopg import Error

        await asyncio.wait_for(self._room.acquire(), TIMEOUT_SECONDS)
        try:
            connection = await self._idle_or_new()
            try:
                yield connection
            except BaseException as error:  # it is raised again
                if not isinstance(error, Error):  # cancelled, for example, with an answer still to come
                    await connection.close()
                raise
            finally:
                if not connection.closed:
                    self._idle.append((connection, time.monotonic()))
        finally:
            self._room.release()

    async def close(self) -> None:
        """Close those that are idle; in a forked process they are the parent's and stay as they are."""
        if self.home[0] == os.getpid():
            while self._idle:
                await self._idle.pop()[0].close()

    async def _idle_or_new(self) -> AsyncConnection[Any]:
        """An idle connection that is alive, or a new one; whatever goes wrong, none is left open."""
        from psycopg import AsyncConnection, Error

        while self._idle:
            connection, used = self._idle.pop()
            if time.monotonic() - used < PING_AFTER_SECONDS:
                return connection
            try:
                await connection.execute("SELECT 1")
            except BaseException as error:  # a connection that is not whole is closed
                await connection.close()
                if not isinstance(error, Error):  # cancelled, for example
                    raise
            else:
                return connection
        connection = await AsyncConnection.connect(**self._address, autocommit=True)
        try:
            settings = _SETTINGS.format(statement=TIMEOUT_SECONDS * 1000, lock=round(LOCK_SECONDS * 1000))
            await connection.execute(settings.encode())
        except BaseException:  # a cancellation too; it is raised again
            await connection.close()
            raise
        return connection
