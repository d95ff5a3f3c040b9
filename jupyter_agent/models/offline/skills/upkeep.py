"""How sound a table is: missing values, duplicates, memory."""

from __future__ import annotations

import re

from jupyter_agent.models.offline.computing import computed
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import figure, many, name, names, share, size, table
from jupyter_agent.models.offline.namespace import names_of, real, whole
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue
from jupyter_agent.models.offline.skills.frames import about_frame, full_frame, shape, whole_frame


def _memory(query: Query, facts: Facts) -> Answer:
    frame = full_frame(query, facts)
    used = real(frame.variable.facts.get("memory_bytes"))
    if used is None:
        return [f"I do not know how much memory {name(frame.name)} uses.", *shape(query, facts)]
    rows = f" ({many(frame.rows, 'row')} × {many(frame.width, 'column')})" if frame.rows is not None else ""
    return [f"{name(frame.name)} uses **{size(used)}** of memory{rows}."]


def _duplicates(query: Query, facts: Facts) -> Answer:
    frame = query.the_frame()
    within = query.columns
    where = f" in {names_of(within)}" if within else ""
    title = f"Duplicate rows of {name(frame.name)}{where}"

    def sentence(result: object) -> str:
        count = getattr(result, "number", None)
        if count == 0:
            return f"No, {name(frame.name)} has **no duplicate rows**{where}."
        total = f" of {figure(frame.rows)}" if frame.rows else ""
        return (
            f"Yes: **{figure(count)}**{total} rows of {name(frame.name)} repeat an earlier row{where}."
            if count
            else f"{title}:"
        )

    return computed(query, facts, title, lambda language: language.duplicates(within), sentence)


def _gaps(query: Query, facts: Facts) -> Answer:
    frame = full_frame(query, facts)
    known = [(column, whole(column.facts.get("missing"))) for column in frame.columns]
    found = sorted(((column, count) for column, count in known if count), key=lambda pair: -pair[1])
    if query.extreme and found:
        return [
            f"{name(found[0][0].name)} has the most missing values: **{figure(found[0][1])}** ({share(found[0][1], frame.rows or 0)})."
        ]
    if not found:
        unknown = [column.name for column, count in known if count is None]
        return [
            f"{name(frame.name)} has **no missing values**." + (f" Not counted: {names(unknown)}." if unknown else "")
        ]
    rows = [
        [name(column.name), figure(count), share(count, frame.rows) if frame.rows else "–"] for column, count in found
    ]
    total = sum(count for _, count in found)
    return [
        f"{name(frame.name)} has **{many(total, 'missing value')}** in {many(len(found), 'column')}:",
        table(["column", "missing", "share of rows"], rows, [1, 2]),
    ]


SKILLS = (
    Skill(
        "memory",
        cue(
            r"memory(?! \?)(?! *$)",
            r"(?:how (?:much|big|large|heavy)|use|uses|used|usage|size|VAR\d+ in)\b[^?]*memory",
            r"memory (?:usage|use|size|footprint)|(?:mega|kilo|giga)?bytes|(?:kb|mb|gb)|ram|heavy",
        ),
        _memory,
        whole_frame,
        weight=65,
    ),
    Skill(
        "duplicates",
        cue(r"duplicat\w*|repeated rows|duplicity|rows? (?:that )?(?:repeat|occur twice)|double entries"),
        _duplicates,
        lambda query: (
            about_frame(query) and not re.search(r"\b(?:remove|drop|delete|get rid|eliminate|clean)\b", query.text)
        ),
        weight=62,
        reads=r"\b(?:how many|how much|number of|counts?)\b",
    ),
    Skill(
        "missing values",
        cue(r"missing", r"nulls?", r"nans?", r"na", r"empty (?:values|cells)", r"incomplete", r"gaps", r"blanks?"),
        _gaps,
        lambda query: (
            whole_frame(query)
            and not re.search(
                r"\b(?:fill|impute|drop|remove|handle|deal|replace|delete|clean|treat|get rid)\b", query.text
            )
        ),
        weight=61,
        reads=r"\b(?:how many|how much|number of|counts?)\b",
    ),
)
