"""One column: its type, gaps, values, statistics, and what the data shows it to be."""

from __future__ import annotations

import re

from jupyter_agent.models.offline.computing import computed, where_clause
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import figure, many, name, names, share, table
from jupyter_agent.models.offline.namespace import Column, Table, moment, real, whole
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue


def the_column(query: Query) -> tuple[Table, Column]:
    """The table and the column that the query is about."""
    assert query.column is not None
    return query.the_frame(), query.column


def inspected(column: Column, facts: Facts) -> Column:
    """The column with everything that inspection tells."""
    variable = facts.inspected(column.frame, column.name) if column.plain else facts.inspected(column.frame)
    if variable is None:
        return column
    if variable.kind == "frame":
        return next((other for other in Table.of(variable).columns if other.position == column.position), column)
    return Column(column.frame, column.name, column.position, {**column.facts, **variable.facts}, column.plain)


def _typed(query: Query, _facts: Facts) -> Answer:
    frame, column = the_column(query)
    rows = [[name(column.name), name(column.dtype), names(column.samples[:3])] for column in query.columns]
    if len(rows) > 1:
        return [table(["column", "type", "for example"], rows)]
    samples = column.samples
    example = f", for example {names(samples[:3])}" if samples else ""
    note = " These look like dates stored as text." if column.date_like else ""
    return [f"{name(column.name)} of {name(frame.name)} is of type **{name(column.dtype)}**{example}.{note}"]


def _gaps(query: Query, facts: Facts) -> Answer:
    frame, column = the_column(query)
    known = inspected(column, facts)
    missing = whole(known.facts.get("missing"))
    if missing is None:
        return computed(
            query,
            facts,
            f"Missing values of {name(column.name)}",
            lambda language: f"{language.column(column)}.isna().sum()",
            lambda language: f"{name(column.name)} has {figure(language.number)} missing values.",
        )
    if not missing:
        return [f"{name(column.name)} of {name(frame.name)} has **no missing values**."]
    part = f" ({share(missing, frame.rows)} of {figure(frame.rows)} rows)" if frame.rows else ""
    return [f"{name(column.name)} of {name(frame.name)} has **{many(missing, 'missing value')}**{part}."]


def _unique(query: Query, facts: Facts) -> Answer:
    frame, column = the_column(query)
    if query.conditions:
        return _counted(query, facts)
    known = inspected(column, facts)
    unique, values = whole(known.facts.get("unique")), known.values
    if (
        unique is not None
        and frame.rows is not None
        and re.search(r"\b(?:is|are) (?:the |all )?COL\d+s? (?:all )?unique", query.text)
    ):
        is_unique = unique == frame.rows
        repeated = "each occurs once" if is_unique else "some occur more than once, or are missing"
        return [
            f"**{'Yes' if is_unique else 'No'}**: {name(column.name)} has {many(unique, 'unique value')} in {many(frame.rows, 'row')}; {repeated}."
        ]
    counted = f"**{many(unique, 'unique value')}**" if unique is not None else "these values"
    sentence = f"{name(column.name)} of {name(frame.name)} has {counted}"
    top = _top(known)
    if top and unique is not None and unique <= len(top):
        return [f"{sentence}:", top_table(known, frame)]
    only_counted = re.search(r"\bhow many\b|\bnumber of\b|\bcount of\b", query.text)
    if (unique is None or len(values) < unique <= 50) and not only_counted:
        title = f"Unique values of {name(column.name)}"
        return computed(
            query, facts, title, lambda language: language.counted(column, limit=50), lambda _: f"{sentence}:"
        )
    examples = f", for example {names(values, 5)}" if values else ""
    return [f"{sentence}{examples}."]


def _top(column: Column) -> list[tuple[str, int]]:
    listed = column.facts.get("top")
    pairs = listed if isinstance(listed, (list, tuple)) else ()
    return [
        (str(pair[0]), pair[1])
        for pair in pairs
        if isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[1], int)
    ]


def top_table(column: Column, frame: Table) -> str:
    """Values with how often they occur."""
    rows = [
        [name(value), figure(count), share(count, frame.rows) if frame.rows else "–"] for value, count in _top(column)
    ]
    return table([name(column.name), "rows", "share"], rows, [1, 2])


def _counted(query: Query, facts: Facts) -> Answer:
    frame, column = the_column(query) if query.columns else (query.the_frame(), query.by[0])
    known = inspected(column, facts)
    top, unique = _top(known), whole(known.facts.get("unique"))
    if top and unique is not None and unique <= len(top) and not query.conditions and not query.wants_code:
        return [
            f"{name(column.name)} of {name(frame.name)} has {many(unique, 'different value')}:",
            top_table(known, frame),
        ]
    title = f"How often each {name(column.name)} occurs in {name(frame.name)}{where_clause(query.conditions)}"
    return computed(query, facts, title, lambda language: language.counted(column, query.conditions, query.limit))


def frequent(query: Query, facts: Facts) -> Answer:
    """The value that occurs most, or least."""
    frame, column = the_column(query) if query.columns else (query.the_frame(), query.by[0])
    top = _top(inspected(column, facts))
    least = bool(re.search(r"\b(?:least|rarest|rare|fewest)\b", query.text))
    if not top or query.conditions or least:
        return _counted(query, facts)
    value, count = top[0]
    part = f", {share(count, frame.rows)}" if frame.rows else ""
    return [
        f"The most frequent {name(column.name)} of {name(frame.name)} is **{name(value)}** ({many(count, 'row')}{part})."
    ]


def meaning(query: Query, facts: Facts) -> Answer:
    """What the data shows a column to be."""
    frame, column = the_column(query)
    known = inspected(column, facts)
    details = [f"type {name(known.dtype)}"]
    missing, unique = whole(known.facts.get("missing")), whole(known.facts.get("unique"))
    details += [
        many(missing, "missing value") if missing is not None else "",
        many(unique, "unique value") if unique is not None else "",
    ]
    blocks = [
        f"{name(column.name)} is a column of {name(frame.name)}: {', '.join(detail for detail in details if detail)}."
    ]
    if re.search(r"\bmean\b|\bmeaning\b|\bstand for\b|\brepresent", query.text):
        blocks.append("What it stands for is not written in the data; this is what the data shows:")
    return [*blocks, *_shown(known, frame)]


def _shown(column: Column, frame: Table) -> Answer:
    stats = [(statistic, column.facts.get(statistic)) for statistic in ("min", "max", "mean", "median", "std", "sum")]
    rows = [
        [stat, figure(value) if real(value) is not None else name(moment(str(value)))]
        for stat, value in stats
        if value is not None
    ]
    if rows:
        return [table(["statistic", "value"], rows, [1])]
    if _top(column):
        return [top_table(column, frame)]
    return [f"For example: {names(column.values, 6)}"] if column.values else []


def one_column(query: Query) -> bool:
    """Whether the question is about columns without groups."""
    return bool(query.columns) and not query.by and query.period is None


SKILLS = (
    Skill(
        "type of a column",
        cue(
            r"is COL\d+ (?:an? |of type )?(?:date\w*|strings?|text|num\w+|ints?|integers?|floats?|categor\w+|bool\w*)",
            r"d?types?|data ?type|kind|format",
        ),
        _typed,
        one_column,
        weight=56,
        reads=r".*",
    ),
    Skill(
        "missing in a column",
        cue(r"missing", r"nulls?", r"nans?", r"na", r"empty", r"blanks?", r"gaps", r"complete", r"incomplete"),
        _gaps,
        lambda query: (
            one_column(query)
            and not query.conditions
            and not re.search(r"\b(?:fill|impute|drop|remove|handle|deal|replace|delete|clean|rows)\b", query.text)
        ),
        weight=61,
        reads=r"\b(?:how many|how much|number of|counts?)\b",
    ),
    Skill(
        "unique values",
        cue(
            r"unique|distinct|different|categories|levels|possible values|what values",
            r"(?:which|what) COL\d+s? (?:are there|exist|do we have|are in|does)",
            r"all (?:the )?(?:values|COL\d+)|values? (?:of|in|does|for)|list (?:all |the |of )*COL\d+",
            r"how many COL\d+",
        ),
        _unique,
        lambda query: (
            one_column(query)
            and query.function in (None, "nunique", "count")
            and not (
                query.column
                and query.column.role == "number"
                and re.search(r"\bhow many COL\d+ (?:is|are|in|have)", query.text)
                and query.conditions
            )
        ),
        weight=54,
        reads=r"\b(?:how many|how much|number of|counts?)\b",
    ),
    Skill(
        "meaning of a column",
        cue(
            r"what (?:does|is|do|are|about)|what's|describe|explain|mean|meaning|about|summar\w+|info",
            r"statistics|stats|show|look|tell",
            r"^(?:the )?(?:VAR\d+ )?COL\d+(?: (?:of|in|column|from|for|the|VAR\d+))*(?: \?)?$|inspect|values",
            r"distribution|details?|overview",
        ),
        meaning,
        lambda query: one_column(query) and not query.conditions and len(query.columns) == 1,
        weight=25,
    ),
)
