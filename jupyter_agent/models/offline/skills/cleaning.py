"""Changes to a table: gaps, duplicates, names and types of columns."""

from __future__ import annotations

import re

from jupyter_agent.models.offline.computing import block
from jupyter_agent.models.offline.dialects.choice import Dialect
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import many, name
from jupyter_agent.models.offline.namespace import names_of, whole
from jupyter_agent.models.offline.query import Ask, Query, has_table
from jupyter_agent.models.offline.skill import Answer, Skill, cue
from jupyter_agent.models.offline.skills.frames import full_frame


def _handled(query: Query, facts: Facts) -> Answer:
    frame = full_frame(query, facts)
    named = query.columns or tuple(
        condition.column for condition in query.conditions if condition.operator in ("missing", "present")
    )
    chosen = list(named) or [column for column in frame.columns if whole(column.facts.get("missing"))]
    if not chosen:
        return [f"{name(frame.name)} has no missing values, so there is nothing to do."]
    if re.search(r"\b(?:drop|dropna|remove|delete|without|get rid|eliminate|exclude)\b", query.text):
        where = f"in {names_of(named)}" if named else "anywhere"
        return [
            f"Leave out the rows of {name(frame.name)} with a missing value {where}:",
            block(query, frame, lambda language: f"{frame.code} = {language.without_missing(named)}"),
        ]
    gaps = ", ".join(
        f"{name(column.name)} ({many(whole(column.facts.get('missing')) or 0, 'value')})" for column in chosen
    )
    sentence = f"Fill the gaps of {gaps}: the median for numbers, the most frequent value for the rest."
    value = _value(query)

    def filled(language: Dialect) -> str:
        own = ((column, language.filled(column, value)) for column in chosen)
        return "\n".join(language.replaced(column, expression) for column, expression in own)

    if value is not None:
        return [f"Fill the gaps of {gaps} with {name(value)}:", block(query, frame, filled)]
    if re.search(r"\b(?:fill|fillna|impute|replace)\b", query.text):
        return [sentence, block(query, frame, filled)]
    return [
        sentence,
        block(query, frame, filled),
        "Or leave those rows out:",
        block(query, frame, lambda language: f"{frame.code} = {language.without_missing(named)}"),
    ]


def _value(query: Query) -> object:
    """What the question says to fill with: a function's name, a number or a text."""
    match = re.search(r"\b(?:with|by|to|using) (?:the )?((?:NUM|STR)\d+|[a-z]+)", query.text)
    if match is None:
        return None
    if match[1] in ("mean", "average", "median", "mode", "min", "max"):
        return None if match[1] == "mode" else {"average": "mean"}.get(match[1], match[1])
    if not re.fullmatch(r"(?:NUM|STR)\d+", match[1]):
        return {"zero": 0, "zeros": 0}.get(match[1])
    mention = query.skeleton.mention(match[1])
    return mention.number if mention.label == "NUM" else mention.text


def _deduplicated(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    return [
        f"{name(frame.name)} without repeated rows (the first of each stays):",
        block(query, frame, lambda language: f"{frame.code} = {language.deduplicated(query.columns)}"),
    ]


def _dropped(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    return [
        f"{name(frame.name)} without {names_of(query.columns)}:",
        block(query, frame, lambda language: f"{frame.code} = {language.dropped(query.columns)}"),
    ]


def _renamed(query: Query, _facts: Facts) -> Answer:
    frame, column = query.the_frame(), query.column
    match = re.search(r"\b(?:to|as|into|=|>)\s+([^\s?,;]+)[\s?.!]*$", query.text)
    if column is None or match is None:
        raise Ask("Which column, and how shall it be called? For example: *rename price to cost*.")
    wanted = query.skeleton.typed(match[1])
    return [
        f"{name(column.name)} of {name(frame.name)} called {name(wanted)}:",
        block(query, frame, lambda language: f"{frame.code} = {language.renamed(column, wanted)}"),
    ]


_TYPES = (
    ("int", r"int|integer|integers|whole"),
    ("float", r"float|floats|numeric|number|numbers|decimal"),
    ("str", r"str|string|strings|text"),
    ("category", r"category|categorical|categories"),
    ("bool", r"bool|boolean"),
)


def _converted(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    wanted = next((kind for kind, pattern in _TYPES if re.search(rf"\b(?:{pattern})\b", query.text)), "time")
    if re.search(r"\bdate|\btime", query.text):
        wanted = "time"
    columns = query.columns or (
        tuple(column for column in frame.columns if column.date_like) if wanted == "time" else ()
    )
    if not columns:
        raise Ask(f"Which column shall be converted? {name(frame.name)} has {names_of(frame.columns)}.")
    done = [column for column in columns if wanted == "time" and column.role == "time"]
    if done:
        return [f"{name(done[0].name)} is already of type {name(done[0].dtype)}."]
    sentence = f"{names_of(columns)} of {name(frame.name)} as {'dates' if wanted == 'time' else name(wanted)}; what cannot be read becomes missing:"
    return [
        sentence if wanted in ("int", "float", "time") else sentence.split(";", maxsplit=1)[0] + ":",
        block(
            query,
            frame,
            lambda language: "\n".join(
                language.replaced(
                    column, language.as_time(column) if wanted == "time" else language.as_type(column, wanted)
                )
                for column in columns
            ),
        ),
    ]


_REMOVE = r"(?:drop|remove|delete|get rid of|eliminate|exclude)"
SKILLS = (
    Skill(
        "handle missing",
        cue(
            r"(?:fill|impute|handle|deal with|treat|replace|clean|drop|remove|delete|get rid of|eliminate)\b[^?]*(?:missing|nulls?|nans?|na|empty|gaps|blanks?)",
            r"dropna|fillna|impute|fill COL\d+|fill (?:in )?(?:the gaps|gaps|them|those|these|it)",
        ),
        _handled,
        has_table,
        weight=78,
        reads=r"\b(?:with|by)\b.*|COL\d+",
    ),
    Skill(
        "remove duplicates",
        cue(rf"(?:{_REMOVE[3:-1]}|clean)[^?]*duplicat\w*", r"dedup\w*", r"drop_duplicates"),
        _deduplicated,
        has_table,
        weight=77,
    ),
    Skill(
        "drop column",
        cue(_REMOVE),
        _dropped,
        lambda query: has_table(query) and bool(query.columns) and not query.conditions,
        weight=69,
    ),
    Skill(
        "rename",
        cue(r"rename\w*", r"call (?:the )?(?:column )?COL\d+", r"change the name"),
        _renamed,
        has_table,
        weight=76,
        reads=r"\b(?:to|as|into)\b.*",
    ),
    Skill(
        "convert",
        cue(
            r"(?:convert|cast|parse|change|turn|make|transform|read|interpret)\b[^?]*(?:dates?|datetimes?|time|timestamps?|int|integers?|floats?|numeric|numbers?|str|strings?|text|categor\w+|bool|boolean)",
            r"to_datetime|astype",
        ),
        _converted,
        lambda query: has_table(query) and query.period is None,
        weight=71,
        reads=r"\b(?:to|as|into)\b.*",
    ),
)
