"""From a question to the first query that accounts for each of its words."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_agent.models.offline.queries import arrays, code, estimators, expressions, paths, short
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery

_READERS: tuple[Callable[[str, ObjectContext], ObjectQuery | None], ...] = (
    short.read,
    arrays.read,
    estimators.read,
    code.read,
    expressions.read,
    paths.read,
)


def read(question: str, context: ObjectContext) -> ObjectQuery | None:
    """The query about an object; None if the question is about something else."""
    readers = _READERS if context.namespace.variables else (short.read,)
    return next((query for reader in readers if (query := reader(question, context)) is not None), None)
