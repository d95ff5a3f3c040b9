"""What to say when no skill fits: near names if a name was meant, else what this is and how to get more."""

from __future__ import annotations

import re

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import BINDING, TELLING
from jupyter_agent.models.offline.markdown import name, names
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer
from jupyter_agent.models.offline.skills.talk import CONNECT
from jupyter_agent.models.offline.words import near


def unable(query: Query, _facts: Facts) -> Answer:
    """Two honest lines."""
    strange = [mention.text for mention in query.skeleton.of("STR")] + list(query.skeleton.unknown) + absent(query)
    if strange:  # a name that is neither a variable nor a column
        columns = (column.name for frame in query.namespace.frames for column in frame.columns)
        close = near(strange[0], [*query.namespace.variables, *columns])
        hint = f" Names like it: {names(close)}." if close else ""
        return [
            f"I find no {name(strange[0])} among the variables and columns.{hint}",
            "Ask *which variables are there?* for the list.",
        ]
    if len(query.candidates) > 1 and query.skeleton.of("COL"):
        query.the_frame()
    about = f" about {name(query.target.name)}" if query.target is not None else ""
    return [
        (
            f"I am the offline assistant and cannot answer that{about}: I look up variables, data, errors and cells, and write "
            "the usual pandas, polars and plotting code. Ask *what can you do?* for examples."
        ),
        CONNECT,
    ]


_NAMED = re.compile(r"\b(?:column|variable|field|frame|dataframe|function)s? (?:called |named )?([^\W\d][\w]*)\b")
_ASKED = re.compile(
    r"^(?:what is|where is|show(?: me)?|print|inspect|describe|(?:type|value|shape|length|columns|mean|max|min) of)(?: the)? ([^\W\d][\w]*)[ ?.!]*$"
)


def absent(query: Query) -> list[str]:
    """A word that stands where a name is expected and is none."""
    found = [match[1] for pattern in (_NAMED, _ASKED) if (match := pattern.search(query.text)) is not None]
    return [word for word in found if word not in BINDING | TELLING and not re.fullmatch(r"[A-Z]+\d+", word)]
