"""What the SQL stores read from their two tables, the same in each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from jupyter_agent.core.protocols import Page
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores import codec

_PATH = """
WITH RECURSIVE path (step, parent, data) AS (
    SELECT 1, parent, data FROM turns WHERE key = :key AND id = :id
    UNION ALL
    SELECT path.step + 1, turns.parent, turns.data FROM path
    JOIN turns ON turns.key = :key AND turns.id = path.parent WHERE path.step < :limit
) SELECT data FROM path ORDER BY step DESC
"""
_FIND = """
SELECT data, key, owner, id, notebook_id, last_activity FROM sessions WHERE {}
ORDER BY last_activity DESC, key DESC LIMIT :limit
"""
#: For each value that is given to `find`: what it asks of a session.
_CONDITIONS = {
    "owner": "owner = :owner",
    "id": "id = :id",
    "notebook_id": "notebook_id = :notebook_id",
    "text": "(instr(searched, :text) > 0 OR EXISTS"
    " (SELECT 1 FROM turns WHERE turns.key = sessions.key AND instr(turns.searched, :text) > 0))",
    "place": "(last_activity, key) < (CAST(:activity AS DOUBLE PRECISION), :place)",
}


class SqlReads(ABC):
    """Queries in the words of SQLite; every value is bound, so that none is read as SQL or as a pattern."""

    @abstractmethod
    async def _read(self, query: str, values: Mapping[str, object]) -> list[Any]:
        """The rows of a query."""

    async def read(self, key: str) -> Session | None:
        rows = await self._read("SELECT data FROM sessions WHERE key = :key", {"key": key})
        return codec.decode(Session, rows[0][0]) if rows else None

    async def turn(self, key: str, turn_id: str) -> Turn | None:
        rows = await self._read("SELECT data FROM turns WHERE key = :key AND id = :id", {"key": key, "id": turn_id})
        return codec.decode(Turn, rows[0][0]) if rows else None

    async def path(self, key: str, turn_id: str, limit: int) -> tuple[Turn, ...]:
        rows = await self._read(_PATH, {"key": key, "id": turn_id, "limit": limit}) if limit > 0 else []
        return tuple(codec.decode(Turn, row[0]) for row in rows)

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
        activity, place = codec.decode_cursor(cursor) or (None, None)
        searched = None if text is None else codec.search_text(text)
        values = {"owner": owner, "id": session_id, "notebook_id": notebook_id, "text": searched, "place": place}
        conditions = [_CONDITIONS[name] for name, value in values.items() if value is not None]
        query = _FIND.format(" AND ".join(conditions))
        rows = await self._read(query, {**values, "activity": activity, "limit": limit + 1})
        return codec.first_page([codec.decode_listed(*row) for row in rows], limit)

    async def count(self, owner: str) -> int:
        return int((await self._read("SELECT count(*) FROM sessions WHERE owner = :owner", {"owner": owner}))[0][0])
