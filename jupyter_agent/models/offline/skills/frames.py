"""A table as a whole: shape, columns, types, memory, first rows, summary, duplicates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from jupyter_agent.models.offline.computing import computed
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import figure, many, name, names, size, table
from jupyter_agent.models.offline.namespace import Column, Table, moment, real, whole
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue

_LONGEST = 60


def full_frame(query: Query, facts: Facts) -> Table:
    """The query's table as inspection has it, else as the list has it."""
    frame = query.the_frame()
    variable = facts.inspected(frame.name)
    return (
        Table.of(variable)
        if variable is not None and variable.kind == "frame" and variable.facts.get("columns")
        else frame
    )


def shape(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    rows = "an unknown number of rows" if frame.rows is None else many(frame.rows, "row")
    uncounted = "" if frame.rows is not None else "Its rows are not counted, because that would run a computation."
    return [f"{name(frame.name)} has **{rows}** and **{many(frame.width, 'column')}**.", uncounted]


def _columns(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    rows = [
        [name(column.name), name(column.dtype), _missing(column), names(column.samples[:3])]
        for column in frame.columns[:_LONGEST]
    ]
    left = frame.width - len(rows)
    return [
        f"{name(frame.name)} has **{many(frame.width, 'column')}**:",
        table(["column", "type", "missing", "for example"], rows, [2]),
        f"and {left} more." if left > 0 else "",
    ]


def _missing(column: Column) -> str:
    missing = whole(column.facts.get("missing"))
    return "–" if missing is None else figure(missing)


def _dtypes(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    rows = [[name(column.name), name(column.dtype)] for column in frame.columns[:_LONGEST]]
    notes = [f"{name(column.name)} holds dates as text." for column in frame.columns if column.date_like]
    return [
        f"Types of the {many(frame.width, 'column')} of {name(frame.name)}:",
        table(["column", "type"], rows),
        " ".join(notes),
    ]


def _chosen(query: Query, facts: Facts) -> Answer:
    """Names of the columns of a kind: numeric, text, dates."""
    frame = query.the_frame()
    wanted = next(role for words, role in _ROLES if re.search(words, query.text))
    found = [column.name for column in frame.columns if column.role in wanted]
    if not found:
        return [f"{name(frame.name)} has no such column.", *_dtypes(query, facts)]
    return [f"{many(len(found), 'column')} of {name(frame.name)}: {names(found, 40)}"]


_ROLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\bnumeric|\bnumbers?\b|\bnumerical|\bquantitative|\bints?\b|\bfloats?\b", ("number",)),
    (r"\bcategor|\btext|\bstrings?\b|\bobjects?\b|\bqualitative", ("text",)),
    (r"\bdate|\btime", ("time",)),
    (r"\bbool", ("truth",)),
)


def _head(query: Query, facts: Facts) -> Answer:
    frame = full_frame(query, facts)
    limit = query.limit or 5
    head = frame.variable.facts.get("head")
    word, title = "head", "The first rows"
    if re.search(r"\b(?:random|sample)\b", query.text):
        word, title = "sample", "Random rows"
    elif re.search(r"\b(?:last|tail|bottom|end)\b", query.text):
        word, title = "tail", "The last rows"
    if word != "head" or limit > 5 or not isinstance(head, Sequence) or not head:
        full, title = replace(query, frame=frame), f"{title} of {name(frame.name)}"
        return computed(full, facts, title, lambda language: f"{language.rows()}.{word}({limit})")
    rows = [row for row in head if isinstance(row, (list, tuple))][:limit]
    header = [name(column.name) for column in frame.columns]
    return [
        f"The first {many(len(rows), 'row')} of {name(frame.name)}:",
        table(header, [[name(moment(str(cell))) for cell in row] for row in rows if len(row) == len(header)]),
    ]


def _summary(query: Query, facts: Facts) -> Answer:
    frame = full_frame(query, facts)
    missing = sum(whole(column.facts.get("missing")) or 0 for column in frame.columns)
    used = real(frame.variable.facts.get("memory_bytes"))
    parts = [
        f"{many(frame.rows, 'row')} × {many(frame.width, 'column')}"
        if frame.rows is not None
        else many(frame.width, "column")
    ]
    parts += [f"{many(missing, 'missing value')}", size(used) if used else ""]
    origin = frame.variable.execution_count
    parts += [f"set in `In [{origin}]`" if origin is not None else ""]
    return [
        f"{name(frame.name)} is a {frame.library} table: {', '.join(part for part in parts if part)}.",
        *_measures(frame),
        *_categories(frame),
    ]


def _measures(frame: Table) -> Answer:
    stats = ("min", "max", "mean", "median", "std")
    rows = [
        [name(column.name), *(figure(real(column.facts.get(stat))) for stat in stats), _missing(column)]
        for column in frame.of_role("number")[:30]
        if real(column.facts.get("mean")) is not None
    ]
    return [table(["number column", *stats, "missing"], rows, range(1, 7))] if rows else []


def _categories(frame: Table) -> Answer:
    rows = []
    for column in [column for column in frame.columns if column.role != "number"][:30]:
        span = (
            f"{name(moment(str(column.facts['min'])))} to {name(moment(str(column.facts['max'])))}"
            if column.role == "time" and column.facts.get("min")
            else names(column.values[:4])
        )
        unique = whole(column.facts.get("unique"))
        counted = figure(unique) if unique is not None else "–"
        rows.append([name(column.name), name(column.dtype), counted, _missing(column), span])
    return [table(["other column", "type", "unique", "missing", "values"], rows, [2, 3])] if rows else []


def _index(query: Query, facts: Facts) -> Answer:
    frame = full_frame(query, facts)
    index = frame.variable.facts.get("index")
    if not isinstance(index, Mapping):
        return [f"{name(frame.name)} has no index of its own (rows are numbered)."]
    called = f" {name(index['name'])}" if index.get("name") else ""
    return [
        f"The index{called} of {name(frame.name)} is of type {name(index.get('dtype', ''))}, from {name(index.get('first'))} to {name(index.get('last'))}."
    ]


def about_frame(query: Query) -> bool:
    about = query.target is None or query.target.kind == "frame"
    return about and not query.by and query.period is None


def whole_frame(query: Query) -> bool:
    return about_frame(query) and not query.columns and not query.conditions


def _named_or_leaning(query: Query) -> bool:
    return whole_frame(query) and (query.target is not None or query.continues or query.frame is not None)


_ROWS = r"(?:how many|number of|count(?: of)?|no of)(?: the| all| total)? (?:rows|records|lines|entries|observations|data ?points|samples|items)"
SKILLS = (
    Skill(
        "shape",
        cue(
            _ROWS,
            r"shape|dimensions?|how (?:big|large|long|wide|many columns)|number of columns",
            r"(?:row|column) count|size|len(?:gth)?|count (?:the )?columns|rows and columns",
        ),
        shape,
        whole_frame,
        weight=60,
    ),
    Skill(
        "columns",
        cue(
            r"columns?|column names|fields?|features?|attributes?|headers?|schema|structure|keys",
            r"variables (?:of|in) VAR\d+",
        ),
        _columns,
        whole_frame,
        weight=48,
    ),
    Skill("dtypes", cue(r"d?types?(?: of)?", r"data ?types?"), _dtypes, whole_frame, weight=55),
    Skill(
        "columns of a kind",
        cue(
            r"(?:numeric|numerical|categorical|text|string|object|date|datetime|time|bool|boolean|float|integer|int) (?:columns?|features?|fields?|ones|variables)",
            r"columns? (?:is|are|with|have|has|that are|of type) (?:numeric|numerical|categorical|text|strings?|objects?|dates?|datetimes?|bool|boolean|floats?|ints?|numbers)",
        ),
        _chosen,
        whole_frame,
        weight=57,
        repeats=False,
    ),
    Skill(
        "first rows",
        cue(
            r"head|tail|preview",
            r"(?:first|last|top|sample|random|some|few)(?: \w+| NUM\d+)? (?:rows|lines|records|entries|examples|observations)",
            r"what does (?:VAR\d+|it|the data) look like",
            r"(?:show|print|display|view|see|look at|peek at|let me see)(?: me)?(?: the| my)?(?: data| table| dataframe)?(?: in| of)? (?:VAR\d+|data|table|dataframe)(?: \?)?$",
            r"example rows?|sample of|sample",
        ),
        _head,
        _named_or_leaning,
        weight=52,
    ),
    Skill(
        "summary",
        cue(
            r"describe|summar(?:y|ise|ize)|overview|stat(?:istic)?s?|info(?:rmation)?|tell me (?:more )?about",
            r"what (?:is|are|do you know about|does|'s)|what's|explain|about|profile|explore",
            r"^@?VAR\d+(?: \?)?$|inspect|analy[sz]e|details?|look at|eda|run ?down|contain|contains|hold|show",
            r"print|display",
        ),
        _summary,
        lambda query: (
            whole_frame(query)
            and (
                query.target is not None
                or (
                    query.frame is not None
                    and bool(
                        re.search(
                            r"\b(?:data|dataframe|table|dataset|it|frame|summary|summari[sz]e|statistics|stats|describe|overview|info|eda|profile|explore|rundown)\b",
                            query.text,
                        )
                    )
                )
            )
        ),
        weight=30,
    ),
    Skill(
        "index",
        cue(r"index"),
        _index,
        lambda query: whole_frame(query) and not re.search(r"\b(?:set|reset|make)\b", query.text),
        weight=58,
    ),
)

__all__ = ["SKILLS", "full_frame"]
