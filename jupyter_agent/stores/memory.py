"""Sessions in this process's memory: `memory://`."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from typing import TypeVar

from jupyter_agent.core.errors import BadRequest
from jupyter_agent.stores.sqlite_tables import STEPS, SqliteTables, refused, transaction

_Result = TypeVar("_Result")


class MemoryStore(SqliteTables):
    """Keeps sessions as long as the process lives, in a database of its own.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA foreign_keys = ON")
        for step in STEPS:
            self._connection.executescript(step)
        weakref.finalize(self, self._connection.close)

    @classmethod
    def from_url(cls, url: str) -> MemoryStore:
        """A store of its own for ``memory://``.

        Raises:
            BadRequest: there is more in the URL.
        """
        if url.removeprefix("memory://").strip("/"):
            raise BadRequest("memory:// takes no path. Keep conversations with sqlite:///<path> instead.")
        return cls()

    async def now(self) -> float:
        return self._clock()

    async def close(self) -> None:
        """Nothing to close; what is kept stays for whoever still holds the store."""

    async def _run(self, work: Callable[[sqlite3.Connection], _Result], *, is_write: bool = False) -> _Result:
        with self._lock, refused(), transaction(self._connection) if is_write else contextlib.nullcontext():
            return work(self._connection)
