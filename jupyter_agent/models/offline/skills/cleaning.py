"""Changes to a table: gaps, duplicates, names and types of columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_agent.models.offline.computing import block, full_frame
from jupyter_agent.models.offline.dialects.choice import Dialect, dialect
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import figure, many, name, names
from jupyter_agent.models.offline.namespace import Column, Table, names_of, whole
from jupyter_agent.models.offline.query import Ask, Query, has_table
from jupyter_agent.models.offline.results import result
from jupyter_agent.models.offline.skill import Answer, Skill, cue


def _handled(query: Query, facts: Facts) -> Answer:
    if re.search(r"\breplace\b.* (?:with|by) (?:a |the )?(?:missing|nan|null|na|none|nothing)\b", query.text):
        return _blanked(query, facts)
    frame = full_frame(query, facts)
    named = query.columns or tuple(
        condition.column for condition in query.conditions if condition.operator in ("missing", "present")
    )
    chosen = list(named) or [column for column in frame.columns if whole(column.facts.get("missing"))]
    if not chosen:
        return [f"{name(frame.name)} has no missing values, so there is nothing to do."]
    if re.search(r"\b(?:drop|dropna|remove|delete|without|get rid|eliminate|exclude)\b", query.text):
        return _left_out(query, facts, frame, named)
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


def _left_out(query: Query, facts: Facts, frame: Table, named: Sequence[Column]) -> Answer:
    """Rows with a gap left out: tried first, and not offered where none would stay."""
    where = f"in {names_of(named)}" if named else "anywhere"
    kept = tried_number(facts, f"len({dialect(frame, query.namespace, runs=True).without_missing(named)})")
    if kept == 0:
        empty = [column for column in frame.columns if frame.rows and whole(column.facts.get("missing")) == frame.rows]
        only = f" {names_of(empty)} {'has' if len(empty) == 1 else 'have'} no value at all." if empty else ""
        blocks = [block(query, frame, lambda language: f"{frame.code} = {language.dropped(empty)}")] if empty else []
        return [
            f"Each row of {name(frame.name)} has a missing value {where}, so **0 of {figure(frame.rows)} rows** would stay.{only}",
            *blocks,
        ]
    stay = (
        f" **{figure(kept)} of {figure(frame.rows)} rows** stay." if kept is not None and frame.rows is not None else ""
    )
    return [
        f"Leave out the rows of {name(frame.name)} with a missing value {where}.{stay}",
        block(query, frame, lambda language: f"{frame.code} = {language.without_missing(named)}"),
    ]


def tried_number(facts: Facts, code: str) -> int | None:
    """What an expression that changes nothing gives; None if it could not be run."""
    ran = facts.run(code)
    number = result(ran.text).number if ran.status == "ok" else None
    return int(number) if number is not None else None


def _blanked(query: Query, _facts: Facts) -> Answer:
    """``replace '-' with missing``: the text goes, nothing is filled."""
    frame, column = query.the_frame(), query.column
    marks = [mention.text for mention in query.mentions if mention.label in ("STR", "VAL")]
    if column is None or len(marks) != 1:
        raise Ask(
            "Which text of which column stands for a missing value? For example: *replace '-' with missing in price*."
        )
    code = f"{frame.code}[{column.label}].replace({marks[0]!r}, None)"
    if frame.library == "polars":
        pl = query.namespace.alias("polars") or "pl"
        code = f"{pl}.col({column.label}).replace({marks[0]!r}, None)"
    return [
        f"{name(marks[0])} in {name(column.name)} of {name(frame.name)} becomes missing:",
        block(query, frame, lambda language: language.replaced(column, code)),
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


def _converted(query: Query, facts: Facts) -> Answer:
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
    running = dialect(frame, query.namespace, runs=True)
    is_read = wanted in ("int", "float", "time") and running.is_pandas
    for column in [column for column in columns if is_read and column.role == "text"]:
        changed = running.as_time(column) if wanted == "time" else running.as_type(column, wanted)
        before = whole(column.facts.get("missing"))
        after = tried_number(facts, f"int(({changed}).isna().sum())")
        if after is not None and before is not None and frame.rows and after - before > frame.rows / 3:
            kind = "dates" if wanted == "time" else "numbers"
            lost = f"**{figure(after - before)} of {figure(frame.rows)}** values of {name(column.name)} cannot be read as {kind} as they are"
            return [
                f"That would lose data: {lost}, for example {names(column.values, 3)}.",
                "Take off what stands around them first, with `str.replace` or `str.extract`.",
            ]
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
