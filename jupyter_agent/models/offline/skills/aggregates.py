"""Values for groups, counts of rows, and the rows with the most or least."""

from __future__ import annotations

import re
from dataclasses import replace

from jupyter_agent.models.offline import cues
from jupyter_agent.models.offline.computing import where_clause
from jupyter_agent.models.offline.dialects.dialect import Grouping
from jupyter_agent.models.offline.lexicon import ADDITIVE
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.namespace import Column, Table, names_of
from jupyter_agent.models.offline.query import Ask, Function, Query, noun
from jupyter_agent.models.offline.words import joined, parts

_SINGULAR = re.compile(r"\b(?:which|what|who) (?:one|COL\d+|month|year|day|week|weekday|hour|quarter)\b(?!s)")


def grouping(query: Query, frame: Table) -> Grouping:
    """What to compute over which groups.

    Raises:
        Ask: groups by time are asked for and no column says when, or there is nothing to average.
    """
    values = tuple(column for column in query.columns if column not in query.by and column is not frame.time)
    shared = bool(cues.SHARE.search(query.text)) and query.function in (None, "sum", "count")
    function: Function = query.function or _usual(values, shared)
    if query.function is None and not query.columns and re.search(r"\bresampl", query.text):
        query = replace(query, function="mean")
    if query.extreme and function in ("max", "min"):
        usual = _usual(values, shared)
        function = usual if usual == "sum" or (query.limit is not None and query.limit > 1) else function
    by = query.by
    if not by and query.period is None:
        by = tuple(value for value in values if value.role != "number")
        values = tuple(value for value in values if value.role == "number")
    if function in ("mean", "median", "std", "var", "sum") and any(value.role in ("text", "time") for value in values):
        function = "nunique" if query.function is None else function
    if function == "count" and all(value.role != "number" for value in values):
        values = ()
    if not values and function not in ("count", "nunique"):
        values = _measure(query, frame, by)
    return Grouping(
        function if values else "count",
        values,
        by,
        query.period,
        _time(query, frame) if query.period is not None else None,
        query.conditions,
        _direction(query, values),
        query.limit or (1 if query.extreme and _SINGULAR.search(query.text) else None),
        shared,
        query.each if values == query.columns else (),
    )


def _usual(values: tuple[Column, ...], shared: bool) -> Function:
    """How values are brought together where nobody says it: what one sells in a month is added up, its price is not."""
    numbers = [value for value in values if value.role == "number"]
    return "sum" if shared or (numbers and all(parts(number.name) & ADDITIVE for number in numbers)) else "mean"


def _measure(query: Query, frame: Table, by: tuple[Column, ...]) -> tuple[Column, ...]:
    """The numbers to bring together when none is named: the only ones there are."""
    numbers = tuple(
        column for column in frame.of_role("number") if column not in by and not column.name.lower().endswith("id")
    )
    if query.function is None:
        return ()
    if not numbers:
        raise Ask(f"{name(frame.name)} has no number column to take the {noun(query.function)} of.")
    if query.extreme and len(numbers) > 1:
        raise Ask(
            f"The {'lowest' if cues.lowest(query.text) else 'highest'} of what? {name(frame.name)} has the number columns {names_of(numbers)}."
        )
    return numbers[:8]


def _time(query: Query, frame: Table) -> Column | None:
    named = next((column for column in (*query.columns, *query.by) if column.temporal), None)
    if named is not None or frame.time is not None:
        return named or frame.time
    index = frame.variable.facts.get("index")
    if isinstance(index, dict) and str(index.get("dtype", "")).startswith("datetime"):
        return None
    raise Ask(
        f"No column of {name(frame.name)} holds dates, so I cannot group by {query.period}. Its columns are {names_of(frame.columns)}."
    )


def _direction(query: Query, values: tuple[Column, ...]) -> bool | None:
    if query.descending is not None:
        return query.descending
    if query.extreme:
        return not cues.lowest(query.text)
    if query.limit:
        return True
    return None if query.period is not None or len(values) > 1 else True


def grouped_title(grouped: Grouping, frame: Table) -> str:
    """The computation in words."""
    keys = [*(name(key.name) for key in grouped.by), *([grouped.period] if grouped.period else [])]
    return f"{_what(grouped)} by {joined(keys)} in {name(frame.name)}{where_clause(grouped.conditions)}"


def _what(grouped: Grouping) -> str:
    if grouped.shared:
        return f"Share of {names_of(grouped.values) if grouped.values else 'rows'}"
    if grouped.each:
        each = zip(grouped.values, grouped.each, strict=True)
        listed = joined([f"{noun(how)} of {name(column.name)}" for column, how in each])
        return listed[:1].upper() + listed[1:]
    if grouped.values:
        return f"{noun(grouped.function).capitalize()} of {names_of(grouped.values)}"
    return "Rows"
