"""Two tables side by side or one below the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jupyter_agent.models.offline.computing import block
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import name, names, python
from jupyter_agent.models.offline.namespace import Column, Table, names_of
from jupyter_agent.models.offline.query import Ask, Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue
from jupyter_agent.models.offline.words import forms, key, parts


def _joined(query: Query, _facts: Facts) -> Answer:
    left, right = _tables(query)
    if left.library != right.library:
        raise Ask(
            f"{name(left.name)} is a {left.library} table and {name(right.name)} a {right.library} one: convert one of them first, with `.to_pandas()` or `pl.from_pandas(…)`."
        )
    named = [column for mention in query.mentions for column in mention.columns]
    pairs = [
        pair
        for pair in _pairs(left, right)
        if not named or any(column.name in (pair[0].name, pair[1].name) for column in named)
    ]
    if not pairs:
        raise Ask(
            f"{name(left.name)} and {name(right.name)} share no column. {name(left.name)} has {names_of(left.columns)}; {name(right.name)} has {names_of(right.columns)}. Say on which columns to join them."
        )
    first, second = pairs[0]
    on = name(first.name) if first.name == second.name else f"{name(first.name)} = {name(second.name)}"
    blocks = [
        f"{name(left.name)} with {name(right.name)} joined on {on}; every row of {name(left.name)} is kept:",
        block(query, left, lambda language: language.joined(right, first, second)),
    ]
    others = [pair[0].name for pair in pairs[1:]]
    if first.role != second.role:
        blocks.append(f"Their types differ ({name(first.dtype)} and {name(second.dtype)}): convert one of them first.")
    return [*blocks, f"They also share {names(others)}." if others else ""]


def _tables(query: Query) -> tuple[Table, Table]:
    """The two that are named; else the only two; else the one named and the one that shares most with it."""
    frames = query.namespace.frames
    first = query.frame or (frames[0] if len(frames) == 2 else None)
    if first is None:
        first = query.the_frame()
    others = [query.other] if query.other is not None else [frame for frame in frames if frame.name != first.name]
    if not others:
        raise Ask(f"{name(first.name)} is the only table there is; a join needs two.")
    best = max(others, key=lambda frame: len(list(_pairs(first, frame))))
    if query.other is None and len(others) > 1 and not list(_pairs(first, best)):
        raise Ask(f"With which table shall I join {name(first.name)}: {names_of(others)}?")
    return first, best


def _pairs(left: Table, right: Table) -> Iterator[tuple[Column, Column]]:
    """Columns that are the same: by name (keys first), by name but for spelling, and ``id`` of a table named in the other."""
    exact = [(column, other) for column in left.columns for other in right.columns if column.name == other.name]
    yield from sorted(
        exact, key=lambda pair: (not _key_like(pair[0]), pair[0].role == "number" and not _key_like(pair[0]))
    )
    for column in left.columns:
        for other in right.columns:
            if column.name != other.name and (
                key(column.name) == key(other.name) or _refers(column, right, other) or _refers(other, left, column)
            ):
                yield column, other


def _key_like(column: Column) -> bool:
    return bool({"id", "key", "code", "no", "nr"} & parts(column.name))


def _refers(column: Column, table: Table, own: Column) -> bool:
    """``customer_id`` refers to ``id`` of ``customers``."""
    return key(own.name) == "id" and any(key(column.name) == f"{form}id" for form in forms(table.name))


def _stacked(query: Query, _facts: Facts) -> Answer:
    left, right = _tables(replace(query))
    alias = query.namespace.alias(left.library) or ("pl" if left.library == "polars" else "pd")
    imports = "" if query.namespace.alias(left.library) else f"import {left.library} as {alias}\n\n"
    more = ", how='diagonal_relaxed'" if left.library == "polars" else ", ignore_index=True"
    return [
        f"The rows of {name(right.name)} below those of {name(left.name)}:",
        python(f"{imports}{alias}.concat([{left.code}, {right.code}]{more})"),
    ]


def _two(query: Query) -> bool:
    return len(query.namespace.frames) > 0


SKILLS = (
    Skill(
        "stack",
        cue(r"concat\w*", r"append", r"stack", r"union", r"below each other", r"one below the other"),
        _stacked,
        _two,
        weight=74,
    ),
    Skill(
        "join",
        cue(r"(?:merg|join)\w*", r"combin\w+", r"look ?up", r"match(?:ing)? (?:up )?VAR\d+ (?:and|with|to)"),
        _joined,
        _two,
        weight=73,
        reads=r"\btwo\b|COL\d+",
    ),
)
