"""What to say when no skill fits: near names if a name was meant, else what this is and how to get more."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import BINDING, TELLING
from jupyter_agent.models.offline.markdown import name, names
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer
from jupyter_agent.models.offline.skills.talk import CONNECT
from jupyter_agent.models.offline.words import near, parts


def unable(query: Query, _facts: Facts) -> Answer:
    """Two honest lines."""
    strange = [mention.text for mention in query.skeleton.of("STR")] + list(query.skeleton.unknown) + absent(query)
    if strange:  # a name that is neither a variable nor a column
        close = near(strange[0], [*query.namespace.variables, *_columns(query)])
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


def misunderstood(query: Query, unknown: Sequence[str]) -> Answer:
    """Which words were not understood, what was, and questions that can be answered."""
    close = [other for other in near(unknown[0], [*query.namespace.variables, *_columns(query)]) if other != unknown[0]]
    hint = f" Names like it: {names(close)}." if close else ""
    about = f" I did understand that it is about {name(query.frame.name)}." if query.frame is not None else ""
    return [
        f"I do not understand {names(unknown, 4)} in this question, so I do not answer a part of it.{about}{hint}",
        f"You can ask, for example: {', '.join(f'*{example}*' for example in _examples(query))}.",
    ]


def _columns(query: Query) -> list[str]:
    return [column.name for frame in query.namespace.frames for column in frame.columns]


def _examples(query: Query) -> list[str]:
    """Questions with names that there are."""
    frame = query.frame or next(iter(query.namespace.frames), None)
    if frame is None:
        return ["which variables are there?", "what went wrong?", "summarise this notebook"]
    number = next((column for column in frame.of_role("number") if "id" not in parts(column.name)), None)
    text = next(iter(frame.of_role("text")), None)
    found = [f"describe {name(frame.name)}", f"how many rows has {name(frame.name)}?"]
    if number is not None:
        found.insert(0, f"mean {name(number.name)}" + (f" by {name(text.name)}" if text is not None else ""))
    return found


_NAMED = re.compile(r"\b(?:column|variable|field|frame|dataframe|function)s? (?:called |named )?([^\W\d][\w]*)\b")
_ASKED = re.compile(
    r"^(?:what is|where is|show(?: me)?|print|inspect|describe|(?:type|value|shape|length|columns|mean|max|min) of)(?: the)? ([^\W\d][\w]*)[ ?.!]*$"
)


def absent(query: Query) -> list[str]:
    """A word that stands where a name is expected and is none."""
    found = [match[1] for pattern in (_NAMED, _ASKED) if (match := pattern.search(query.text)) is not None]
    return [word for word in found if word not in BINDING | TELLING and not re.fullmatch(r"[A-Z]+\d+", word)]
