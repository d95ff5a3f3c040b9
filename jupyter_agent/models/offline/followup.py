"""Follow-ups: what a short question takes over from the one before."""

from __future__ import annotations

import re
from dataclasses import replace

from jupyter_agent.models.offline import cues
from jupyter_agent.models.offline.query import Condition, Query

_OWN = re.compile(
    r"\b(?:without|remove|drop|ignore|clear|no) (?:the |any |that )?(?:filter|condition|conditions|filters)\b"
)


def inherited(query: Query, previous: Query | None) -> Query:
    """Fill from the previous query what the new one leaves open."""
    spoken = previous.frame if previous is not None else None
    if query.frame is None and spoken is not None and not query.columns:
        names = {candidate.name for candidate in query.candidates}
        query = replace(query, frame=spoken, candidates=()) if not names or spoken.name in names else query
    if previous is None or not _leans(query, previous):
        return query
    same = previous.frame is not None and query.frame is not None and previous.frame.name == query.frame.name
    query = replace(query, target=query.target or previous.target, other=query.other or previous.other)
    if same:
        return _over(query, previous)
    elsewhere = bool(query.columns) and query.function is None
    return replace(query, function=previous.function, extreme=previous.extreme) if elsewhere else query


def _leans(query: Query, previous: Query) -> bool:
    """Whether the question is incomplete without the one before."""
    if query.skill and not query.continues:
        return query.target is None and not query.columns and not query.by and previous.skill == query.skill
    if not query.skill and not _says_something(query):
        return False
    complete = query.target is not None and query.skill and not query.continues
    return not complete


def _says_something(query: Query) -> bool:
    """Whether any slot is filled by the words themselves."""
    filled = query.period or query.function or query.limit or query.wants_code
    return bool(query.continues or query.mentions or filled or query.descending is not None)


def _over(query: Query, previous: Query) -> Query:
    """The new question's slots over the old one's."""
    by, columns = query.by, query.columns
    are_keys = bool(columns) and all(column.role in ("text", "truth") for column in columns)
    if not query.skill and not by and not query.order and previous.by and are_keys:
        by, columns = columns, ()  # "what about rooms?" after "price by city": a text takes the key's place
    # "which one is the largest" asks for the largest of what was computed, not for another computation.
    only_extreme = query.extreme and query.function in ("max", "min")
    keyed = bool(by or query.period)
    merged = replace(
        query,
        columns=columns or previous.columns,
        by=by if keyed else previous.by,
        period=query.period if keyed else previous.period,
        function=query.function if query.function and not only_extreme else previous.function or query.function,
        conditions=_conditions(query, previous),
        order=query.order or previous.order,
        descending=query.descending if query.descending is not None else _direction(query, previous),
        limit=query.limit or previous.limit,
        extreme=query.extreme or (previous.extreme and not query.function),
    )
    # Groups by a column of which one value is left say nothing.
    fixed = {condition.column.name for condition in merged.conditions if condition.operator == "=="}
    return replace(merged, by=tuple(key for key in merged.by if key.name not in fixed))


def _direction(query: Query, previous: Query) -> bool | None:
    if query.extreme and query.function in ("max", "min", "mean", "median", "sum", "count"):
        return not cues.lowest(query.text)
    return previous.descending


def _conditions(query: Query, previous: Query) -> tuple[Condition, ...]:
    """New conditions replace old ones on the same column and join the others."""
    if _OWN.search(query.text):
        return query.conditions
    fresh = {condition.column.name for condition in query.conditions}
    return (*(condition for condition in previous.conditions if condition.column.name not in fresh), *query.conditions)
