"""Tables in another form: sorted, filtered, with some columns, pivoted."""

from __future__ import annotations

import re
from dataclasses import replace

from jupyter_agent.models.offline import cues
from jupyter_agent.models.offline.computing import block, computed, where_clause
from jupyter_agent.models.offline.dialects.choice import Dialect
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import figure, name
from jupyter_agent.models.offline.namespace import Column, Table, names_of
from jupyter_agent.models.offline.query import Ask, Query, has_table
from jupyter_agent.models.offline.skill import Answer, Skill, cue
from jupyter_agent.models.offline.skills.aggregates import grouped_title, grouping


def _sorted(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    order = query.order or query.columns or query.by
    if not order:
        raise Ask(f"Sort {name(frame.name)} by which column? It has {names_of(frame.columns)}.")
    down = query.descending if query.descending is not None else False
    direction = "largest first" if down else "smallest first"
    sentence = f"{name(frame.name)}{where_clause(query.conditions)} sorted by {names_of(order)}, {direction}:"
    return [
        sentence,
        block(query, frame, lambda language: language.sorted(order, down, query.conditions)),
        "It is a new table: assign it to keep it.",
    ]


def _filtered(query: Query, facts: Facts) -> Answer:
    frame = query.the_frame()
    asked = {condition.column.name for condition in query.conditions}
    columns = () if {column.name for column in query.columns} <= asked else query.columns
    title = f"The rows of {name(frame.name)}{where_clause(query.conditions)}"

    def expression(language: Dialect) -> str:
        return language.selected(columns, query.conditions) if columns else language.rows(query.conditions)

    is_shown = re.search(
        r"\b(?:show|list|display|print|which|what|see|find|give me|are there|is there|any)\b|^VAR\d+", query.text
    )
    if (is_shown or columns) and not query.wants_code:
        limit = query.limit or 10
        return computed(
            query,
            facts,
            title,
            lambda language: f"{expression(language)}.head({limit})",
            lambda _: f"{title} (at most {limit}):",
        )
    return [f"{title}:", block(query, frame, expression)]


def _row(query: Query, facts: Facts) -> Answer:
    frame = query.the_frame()
    numbers = (mention.number for mention in query.skeleton.of("NUM"))
    place = next((number for number in numbers if isinstance(number, int)), 0)
    title = f"Row {place} of {name(frame.name)}, counted from 0"

    return computed(
        query,
        facts,
        title,
        lambda language: language.row(place, query.columns),
        lambda found: f"{title}: **{figure(found.number)}**." if found.number is not None else f"{title}:",
    )


def _selected(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    return [
        f"{names_of(query.columns)} of {name(frame.name)}:",
        block(query, frame, lambda language: language.selected(query.columns)),
    ]


def _pivoted(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    named = [*query.by, *(column for column in query.columns if column not in query.by)]
    keys = [column for column in named if column.role != "number"] or named
    if query.period is not None and keys:
        return _pivoted_periods(query, frame, keys[0])
    numbers = [column for column in named if column.role == "number" and column not in keys]
    if len(numbers) > 1 and len(keys) < 2:
        keys.append(numbers[0])
    value = next((column for column in named if column.role == "number" and column not in keys[:2]), None)
    rows, across = _two_keys(frame, keys)
    function = query.function or "mean"
    what = f"{function} of {name(value.name)}" if value is not None else "number of rows"
    sentence = (
        f"The {what} of {name(frame.name)}, a row for each {name(rows.name)} and a column for each {name(across.name)}:"
    )
    return [sentence, block(query, frame, lambda language: language.pivoted(rows, across, value, function))]


def _pivoted_periods(query: Query, frame: Table, key: Column) -> Answer:
    """A column for each month, say."""
    columns = tuple(column for column in (*query.columns, *query.by) if column.role == "number" and column is not key)[
        :1
    ]
    groups = replace(grouping(replace(query, by=(key,), columns=columns), frame), descending=None, limit=None)
    sentence = f"{grouped_title(groups, frame)}, a row for each {name(key.name)} and a column for each {query.period}:"
    return [sentence, block(query, frame, lambda language: language.pivoted_groups(groups))]


def _two_keys(frame: Table, keys: list[Column]) -> tuple[Column, Column]:
    candidates = [*keys, *(column for column in frame.of_role("text", "truth") if column not in keys)]
    if len(candidates) < 2:
        raise Ask(
            f"A pivot needs two keys and a value, such as *pivot the mean of a number by two columns*. {name(frame.name)} has {names_of(frame.columns)}."
        )
    return candidates[0], candidates[1]


SKILLS = (
    Skill(
        "sort",
        cue(r"sort(?:ed|ing)?", r"order(?:ed)? (?:\w+ ){0,4}by", r"arrange", r"rank(?:ed)? (?:\w+ ){0,4}by"),
        _sorted,
        lambda query: (
            has_table(query)
            and not query.by
            and query.period is None
            and not cues.limit(query.text)
            and query.limit is None
        ),
        weight=68,
        implied=True,
        sticks=True,
    ),
    Skill(
        "filter",
        cue(
            r"filter\w*|where|only|rows? (?:with|that|which|in|for|from)|subset|select|keep|show|list|find",
            r"which|exclude|get|what|entries|records|(?:VAL|STR)\d+",
        ),
        _filtered,
        lambda query: (
            has_table(query)
            and bool(query.conditions)
            and query.function in (None, "count")
            and not query.by
            and query.period is None
        ),
        weight=49,
        implied=True,
    ),
    Skill(
        "rows",
        cue(r"[^\W\d]+", r"[A-Z]+\d+"),
        _filtered,
        lambda query: (
            has_table(query)
            and bool(query.conditions)
            and query.function is None
            and not query.by
            and query.period is None
        ),
        weight=22,
        implied=True,
    ),
    Skill("row", cue(r"row (?:number )?NUM\d+", r"NUM\d+ row"), _row, has_table, weight=67),
    Skill(
        "select columns",
        cue(r"select|only (?:the )?columns?|keep (?:only )?|subset|extract|just (?:the )?(?:columns? )?"),
        _selected,
        lambda query: has_table(query) and bool(query.columns) and not query.conditions and not query.by,
        weight=57,
    ),
    Skill(
        "pivot",
        cue(r"pivot\w*", r"cross ?tab\w*", r"contingency", r"matrix of", r"tabulate"),
        _pivoted,
        has_table,
        weight=75,
        sticks=True,
        measures=True,
    ),
)
