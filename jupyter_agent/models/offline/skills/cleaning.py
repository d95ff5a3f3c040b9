"""Changes to a table: gaps, duplicates, names and types of columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_agent.models.offline.computing import block
from jupyter_agent.models.offline.dialects.dialect import Dialect
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import many, name, names
from jupyter_agent.models.offline.namespace import Column, Frame, whole
from jupyter_agent.models.offline.query import Ask, Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue
from jupyter_agent.models.offline.skills.frames import full_frame


def _incomplete(frame: Frame) -> list[Column]:
    return [column for column in frame.columns if whole(column.facts.get("missing"))]


def _handled(query: Query, facts: Facts) -> Answer:
    frame = full_frame(query, facts)
    named = query.columns or tuple(
        condition.column for condition in query.conditions if condition.operator in ("missing", "present")
    )
    chosen = list(named) or _incomplete(frame)
    if not chosen:
        return [f"{name(frame.name)} has no missing values, so there is nothing to do."]
    if re.search(r"\b(?:drop|dropna|remove|delete|without|get rid|eliminate|exclude)\b", query.text):
        return [
            _dropped_said(frame, named),
            block(query, frame, lambda one: f"{frame.code} = {one.without_missing(named)}"),
        ]
    told = ", ".join(f"{name(one.name)} ({many(whole(one.facts.get('missing')) or 0, 'value')})" for one in chosen)
    said = f"Fill the gaps of {told}: the median for numbers, the most frequent value for the rest."
    value = _value(query)
    if value is not None:
        return [
            f"Fill the gaps of {told} with {name(value)}:",
            block(
                query,
                frame,
                lambda one: "\n".join(one.replaced(column, one.filled_with(column, value)) for column in chosen),
            ),
        ]
    if re.search(r"\b(?:fill|fillna|impute|replace)\b", query.text):
        return [said, block(query, frame, lambda one: _fills(one, chosen))]
    return [
        said,
        block(query, frame, lambda one: _fills(one, chosen)),
        "Or leave those rows out:",
        block(query, frame, lambda one: f"{frame.code} = {one.without_missing(named)}"),
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


def _dropped_said(frame: Frame, columns: Sequence[Column]) -> str:
    where = f"in {names([column.name for column in columns])}" if columns else "anywhere"
    return f"Leave out the rows of {name(frame.name)} with a missing value {where}:"


def _fills(language: Dialect, columns: list[Column]) -> str:
    return "\n".join(language.replaced(column, language.filled(column)) for column in columns)


def _deduplicated(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    return [
        f"{name(frame.name)} without repeated rows (the first of each stays):",
        block(query, frame, lambda one: f"{frame.code} = {one.deduplicated(query.columns)}"),
    ]


def _dropped(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    return [
        f"{name(frame.name)} without {names([column.name for column in query.columns])}:",
        block(query, frame, lambda one: f"{frame.code} = {one.dropped(query.columns)}"),
    ]


def _renamed(query: Query, _facts: Facts) -> Answer:
    frame, column = query.the_frame(), query.column
    match = re.search(r"\b(?:to|as|into|=|>)\s+([^\s?,;]+)[\s?.!]*$", query.text)
    if column is None or match is None:
        raise Ask("Which column, and how shall it be called? For example: *rename price to cost*.")
    wanted = query.skeleton.typed(match[1])
    return [
        f"{name(column.name)} of {name(frame.name)} called {name(wanted)}:",
        block(query, frame, lambda one: f"{frame.code} = {one.renamed(column, wanted)}"),
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
        raise Ask(
            f"Which column shall be converted? {name(frame.name)} has {names([column.name for column in frame.columns])}."
        )
    done = [column for column in columns if wanted == "time" and column.role == "time"]
    if done:
        return [f"{name(done[0].name)} is already of type {name(done[0].dtype)}."]
    said = f"{names([column.name for column in columns])} of {name(frame.name)} as {'dates' if wanted == 'time' else name(wanted)}; what cannot be read becomes missing:"
    return [
        said if wanted in ("int", "float", "time") else said.split(";", maxsplit=1)[0] + ":",
        block(
            query,
            frame,
            lambda one: "\n".join(one.replaced(column, _as_type(one, column, wanted)) for column in columns),
        ),
    ]


def _as_type(language: Dialect, column: Column, wanted: str) -> str:
    if wanted == "time":
        return language.as_time(column)
    return language.as_type(column, wanted)


def _frame_only(query: Query) -> bool:
    return (
        query.chart is None
        and (query.frame is not None or bool(query.candidates))
        and (query.target is None or query.target.kind == "frame")
    )


_REMOVE = r"(?:drop|remove|delete|get rid of|eliminate|exclude)"
SKILLS = (
    Skill(
        "handle missing",
        cue(
            r"(?:fill|impute|handle|deal with|treat|replace|clean|drop|remove|delete|get rid of|eliminate)\b[^?]*(?:missing|nulls?|nans?|na|empty|gaps|blanks?)",
            r"dropna",
            r"fillna",
            r"impute",
            r"fill COL\d+",
            r"fill (?:in )?(?:the gaps|gaps|them|those|these|it)",
        ),
        _handled,
        _frame_only,
        weight=78,
    ),
    Skill(
        "remove duplicates",
        cue(rf"(?:{_REMOVE[3:-1]}|clean)[^?]*duplicat\w*", r"dedup\w*", r"drop_duplicates"),
        _deduplicated,
        _frame_only,
        weight=77,
    ),
    Skill(
        "drop column",
        cue(_REMOVE),
        _dropped,
        lambda query: _frame_only(query) and bool(query.columns) and not query.conditions,
        weight=69,
    ),
    Skill(
        "rename",
        cue(r"rename\w*", r"call (?:the )?(?:column )?COL\d+", r"change the name"),
        _renamed,
        _frame_only,
        weight=76,
    ),
    Skill(
        "convert",
        cue(
            r"(?:convert|cast|parse|change|turn|make|transform|read|interpret)\b[^?]*(?:dates?|datetimes?|time|timestamps?|int|integers?|floats?|numeric|numbers?|str|strings?|text|categor\w+|bool|boolean)",
            r"to_datetime",
            r"astype",
        ),
        _converted,
        lambda query: _frame_only(query) and query.period is None,
        weight=71,
    ),
)
