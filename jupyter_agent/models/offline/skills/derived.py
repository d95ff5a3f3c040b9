"""New columns from those there are: arithmetic, parts of dates, running and moving values."""

from __future__ import annotations

import re
from dataclasses import replace

from jupyter_agent.models.offline.computing import block, computed
from jupyter_agent.models.offline.dialects.choice import Dialect
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import figure, name
from jupyter_agent.models.offline.namespace import Column, names_of
from jupyter_agent.models.offline.query import Ask, Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue
from jupyter_agent.models.offline.skills.aggregates import grouped_title, grouping

_SIGNS = (
    ("/", "per", r"per|divided by|/|over|ratio of|by"),
    ("*", "times", r"times|multiplied by|\*|x"),
    ("+", "plus", r"plus|\+|and|added to"),
    ("-", "minus", r"minus|-|less|subtract\w*"),
)
_TWO = re.compile(r"(COL\d+) (" + "|".join(pattern for _, _, pattern in _SIGNS) + r") (?:the )?((?:COL|NUM)\d+)")
_NAMED = re.compile(
    r"\b(?:called|named|as|name it) (\S+)$|^(?:add |create |make |new )*(?:a |the )?(?:new )?column (?:called |named )?([a-z_]\w*) (?:=|as|from|with|that is|equal to)"
)
_RUNNING = (
    ("cumulative", r"cumulative|running|cumsum|cum sum"),
    ("moving", r"rolling|moving"),
    ("change", r"percent(?:age)? change|pct ?change|growth|relative change"),
    ("difference", r"difference (?:to|from) (?:the )?previous|diff|day over day|change (?:from|to|over)"),
    ("shift", r"shift\w*|lag\w*|previous value"),
    ("rank", r"rank(?:ing)? of|rank"),
)


def _arithmetic(query: Query, _facts: Facts) -> Answer:
    frame, match = query.the_frame(), _TWO.search(query.text)
    if match is None:
        raise Ask(
            f"How shall it be computed? For example: *add a column price per area*. {name(frame.name)} has {names_of(frame.columns)}."
        )
    first = _column(query, match[1])
    sign, word = next((sign, word) for sign, word, pattern in _SIGNS if re.fullmatch(pattern, match[2]))
    operand = query.skeleton.mention(match[3])
    second = _column(query, match[3]) if operand.label == "COL" else operand.number
    shown_operand = second.name if isinstance(second, Column) else figure(second)
    called = _NAMED.search(query.text.rstrip(" ?.!"))
    wanted = (
        query.skeleton.typed(called[1] or called[2]) if called else f"{_word(first.name)}_{word}_{_word(shown_operand)}"
    )
    return [
        f"A new column {name(wanted)}, {name(first.name)} {word} {name(shown_operand)}:",
        block(query, frame, lambda language: language.derived(wanted, first, sign, second)),
    ]


def _column(query: Query, place: str) -> Column:
    frame = query.the_frame()
    columns = query.skeleton.mention(place).columns
    column = next((column for column in columns if column.frame == frame.name), None)
    if column is None:
        raise Ask(
            f"{name(query.skeleton.mention(place).text)} is no column of {name(frame.name)}: join the tables first."
        )
    return column


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_").lower() or "value"


def _running(query: Query, facts: Facts) -> Answer:
    frame, column = query.the_frame(), query.column
    if column is None:
        raise Ask(f"Of which column? {name(frame.name)} has {names_of(frame.of_role('number'))}.")
    kind = next(kind for kind, pattern in _RUNNING if re.search(rf"\b(?:{pattern})\b", query.text))
    numbers = (mention.number for mention in query.skeleton.of("NUM"))
    window = next((number for number in numbers if isinstance(number, int) and number > 0), 7)
    if query.period is not None:
        return _running_groups(query, facts, kind, window)
    time = frame.time

    def expression(language: Dialect) -> str:
        return language.running(column, kind, window, query.function or "mean", time)

    phrase = _running_phrase(kind, window, query.function or "mean", "row")
    order = f", in the order of {name(time.name)}" if time is not None and kind != "rank" else ""
    return [f"{phrase} of {name(column.name)} in {name(frame.name)}{order}:", block(query, frame, expression)]


def _running_groups(query: Query, facts: Facts, kind: str, window: int) -> Answer:
    """From one month to the next, rather than from row to row."""
    frame = query.the_frame()
    groups = replace(grouping(query, frame), descending=None, limit=None)
    title = f"{_running_phrase(kind, window, 'mean', str(query.period))}: {grouped_title(groups, frame)}"
    return computed(query, facts, title, lambda language: language.running_groups(groups, kind, window))


def _running_phrase(kind: str, window: int, function: str, each: str) -> str:
    return {
        "cumulative": "Running total",
        "moving": f"Moving {function} over {window} {each}s",
        "change": f"Change relative to the {each} before",
        "difference": f"Difference to the {each} before",
        "shift": f"Value of the {each} before",
        "rank": "Rank",
    }[kind]


def _fits_running(query: Query) -> bool:
    """A number is a window, and only groups are of rows that fit."""
    is_window = not query.skeleton.of("NUM") or re.search(r"\b(?:rolling|moving|shift\w*|lag\w*)\b", query.text)
    is_whole = not query.conditions or query.period is not None
    has_column = query.frame is not None and bool(query.columns) and not query.limit
    return has_column and is_whole and bool(is_window)


_HAS_FRAME = r"(?:add|create|make|new|compute|calculate|derive)"
SKILLS = (
    Skill(
        "new column",
        cue(rf"{_HAS_FRAME}\b[^?]*column", r"new column", r"(?:divide|multiply|subtract)"),
        _arithmetic,
        lambda query: query.frame is not None and bool(_TWO.search(query.text) or not query.function),
        weight=88,
        repeats=False,
        reads=r".*",
    ),
    Skill(
        "running values",
        cue(*(pattern for _, pattern in _RUNNING)),
        _running,
        _fits_running,
        weight=72,
        repeats=False,
        reads=r"\b(?:average|mean|sum|total|number|count|max|min|maximum|minimum|median)\b|NUM\d+",
    ),
)
