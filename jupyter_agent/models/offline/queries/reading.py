"""From a question to the first query that accounts for each of its words."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_agent.models.offline.queries import (
    arrays,
    charts,
    code,
    derivations,
    estimators,
    expressions,
    files,
    joins,
    notebook,
    occurrences,
    paths,
    short,
    tables,
    variables,
)
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery

Reader = Callable[[str, ObjectContext], ObjectQuery | None]
#: What is asked whether or not there are variables.
_OF_THE_NOTEBOOK: tuple[Reader, ...] = (tables.read, files.read, notebook.read, variables.read)
_READERS: tuple[Reader, ...] = (
    short.read,
    charts.read,
    joins.read,
    arrays.read,
    occurrences.read,
    estimators.read,
    derivations.read,
    code.read,
    expressions.read,
    paths.read,
    *_OF_THE_NOTEBOOK,
)


def read(question: str, context: ObjectContext) -> ObjectQuery | None:
    """The query about an object; None if the question is about something else."""
    readers = _READERS if context.namespace.variables else (short.read, *_OF_THE_NOTEBOOK)
    return next((query for reader in readers if (query := reader(question, context)) is not None), None)
