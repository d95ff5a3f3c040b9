"""Numbers of one column: statistics, range, quantiles, outliers."""

from __future__ import annotations

import re
from dataclasses import replace

from jupyter_agent.models.offline.computing import computed, where_clause
from jupyter_agent.models.offline.dialects.choice import Dialect
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import figure, many, name
from jupyter_agent.models.offline.namespace import Column, moment, names_of, whole
from jupyter_agent.models.offline.query import Ask, Query
from jupyter_agent.models.offline.results import Result
from jupyter_agent.models.offline.skill import Answer, Skill, cue
from jupyter_agent.models.offline.skills.columns import inspected, meaning, one_column, the_column


def _without_gaps(column: Column) -> str:
    missing = whole(column.facts.get("missing"))
    return f" {many(missing, 'missing value')} left out." if missing else ""


def _range(query: Query, facts: Facts) -> Answer:
    frame, column = the_column(query)
    known = inspected(column, facts)
    low, high = known.facts.get("min"), known.facts.get("max")
    if low is None or high is None:
        return meaning(query, facts)
    values = [name(moment(bound)) if isinstance(bound, str) else figure(bound) for bound in (low, high)]
    return [
        f"{name(column.name)} of {name(frame.name)} goes from **{values[0]}** to **{values[1]}**.{_without_gaps(column)}"
    ]


def _quantiles(query: Query, facts: Facts) -> Answer:
    _, column = the_column(query)
    numbers = [mention.number for mention in query.skeleton.of("NUM") if mention.number is not None]
    shares = [number / 100 if number > 1 else float(number) for number in numbers if 0 < number <= 100]
    shares = shares or [0.25, 0.5, 0.75]
    title = f"{'Quantile' if len(shares) == 1 else 'Quantiles'} {', '.join(figure(share) for share in shares)} of {name(column.name)}{where_clause(query.conditions)}"

    def sentence(result: Result) -> str:
        return f"{title}: **{figure(result.number)}**." if result.number is not None else f"{title}:"

    return computed(
        query, facts, title, lambda language: language.quantiles(column, shares, query.conditions), sentence
    )


def _outliers(query: Query, facts: Facts) -> Answer:
    if query.column is None:
        numbers = query.the_frame().of_role("number")
        raise Ask(f"In which column? {name(query.the_frame().name)} has the number columns {names_of(numbers)}.")
    frame, column = the_column(query)
    title = f"Values of {name(column.name)} more than 1.5 times the middle half's width outside it{where_clause(query.conditions)}"

    def expression(language: Dialect) -> str:
        low, high = "values.quantile(0.25)", "values.quantile(0.75)"
        fence = f"1.5 * ({high} - {low})"
        values = language.column(column, query.conditions)
        picked = f"(lambda values: values.{'filter' if frame.library == 'polars' else 'loc'}"
        mask = f"(values < {low} - {fence}) | (values > {high} + {fence})"
        return f"{picked}({mask}))({values})" if frame.library == "polars" else f"{picked}[{mask}])({values})"

    return computed(query, facts, title, expression)


def _span(query: Query, facts: Facts) -> Answer:
    frame = query.the_frame()
    time = query.column if query.column is not None and query.column.temporal else frame.time
    if time is None:
        raise Ask(f"No column of {name(frame.name)} holds dates. It has {names_of(frame.columns)}.")
    return _range(replace(query, columns=(time,)), facts)


def _when(query: Query) -> bool:
    return (
        query.frame is not None
        and query.frame.time is not None
        and (not query.columns or query.columns[0].temporal)
        and not query.by
    )


SKILLS = (
    Skill(
        "time span",
        cue(
            r"(?:date|time) ?(?:range|span|frame|period)",
            r"when (?:was|is|did|does|were)\b[^?]*(?:first|last|latest|earliest|start|end|begin)|from when",
            r"(?:first|last|latest|earliest|newest|oldest|most recent) (?:date|day|timestamp|entry|record|sale)",
            r"period (?:is )?covered|how (?:old|recent) is",
            r"how (?:many|long) (?:days|weeks|months|years|hours)\b[^?]*(?:of|data|cover|there|in)",
        ),
        _span,
        lambda query: _when(query) and not re.search(r"how many [A-Z]+\d", query.text),
        weight=62,
    ),
    Skill(
        "quantiles",
        cue(r"quantiles?", r"quartiles?", r"percentiles?", r"deciles?"),
        _quantiles,
        one_column,
        weight=64,
        reads=r"NUM\d+",
    ),
    Skill(
        "outliers",
        cue(r"outliers?", r"anomal\w+", r"extreme values"),
        _outliers,
        lambda query: (
            query.frame is not None and not query.by and (not query.columns or query.columns[0].role == "number")
        ),
        weight=65,
        reads=r"\b(?:how many|how much|number of|counts?)\b",
    ),
    Skill(
        "range of a column",
        cue(
            r"range|extent|from when to when|min and max|min(?:imum)? (?:and|to|/|&) max(?:imum)?|span",
            r"time frame|period covered|date range",
        ),
        _range,
        one_column,
        weight=58,
    ),
)
