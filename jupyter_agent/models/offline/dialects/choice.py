"""Which dialect a table is written in."""

from __future__ import annotations

from typing import TypeAlias

from jupyter_agent.models.offline.dialects.pandas import Pandas
from jupyter_agent.models.offline.dialects.polars import Polars
from jupyter_agent.models.offline.namespace import Namespace, Table

#: One library's way to write what is asked of a table.
Dialect: TypeAlias = Pandas | Polars


def dialect(frame: Table, namespace: Namespace, *, runs: bool = False) -> Dialect:
    """The dialect of a frame's library.

    Args:
        frame: The table.
        namespace: Where the library's alias is looked up.
        runs: The expression is run as it is, so that it cannot count on an import before it.
    """
    return Polars.of(frame, namespace, runs) if frame.library == "polars" else Pandas.of(frame, namespace, runs)
