"""What to say when no skill fits: near names if a name was meant, else what this is and how to get more."""

from __future__ import annotations

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import name, names
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer
from jupyter_agent.models.offline.skills.talk import CONNECT
from jupyter_agent.models.offline.words import near


def unable(query: Query, facts: Facts) -> Answer:  # noqa: ARG001 - every answer has this form
    """Two honest lines."""
    missing = _missing(query)
    if missing:
        return missing
    about = f" about {name(query.target.name)}" if query.target is not None else ""
    return [
        f"I am the offline assistant and cannot answer that{about}: I look up variables, data, errors and cells, and write "
        "the usual pandas, polars and plotting code. Ask *what can you do?* for examples.",
        CONNECT,
    ]


def _missing(query: Query) -> Answer:
    """A name that is neither a variable nor a column."""
    strange = [one.text for one in query.skeleton.of("STR")] + list(query.skeleton.unknown)
    if not strange:
        return []
    known = [*query.namespace.variables, *(column.name for frame in query.namespace.frames for column in frame.columns)]
    close = near(strange[0], known)
    hint = f" Names like it: {names(close)}." if close else ""
    return [f"I find no {name(strange[0])} among the variables and columns.{hint}", "Ask *which variables are there?* for the list."]
