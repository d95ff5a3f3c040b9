"""Pictures: the code for a histogram, bars, a line, points or boxes, with the real names."""

from __future__ import annotations

import re
from dataclasses import replace

from jupyter_agent.models.offline.computing import where_clause
from jupyter_agent.models.offline.dialects.choice import Dialect, dialect
from jupyter_agent.models.offline.dialects.dialect import Grouping
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import BINDING, TELLING
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.namespace import Column, in_code
from jupyter_agent.models.offline.pictures import (
    axes,
    bars_or_line,
    boxes,
    finished,
    histograms,
    matrix,
    pair,
)
from jupyter_agent.models.offline.query import Ask, Query
from jupyter_agent.models.offline.skill import Answer, Skill, cue
from jupyter_agent.models.offline.skills.aggregates import grouping


def _plotted(query: Query, _facts: Facts) -> Answer:
    if query.target is not None and query.target.kind in ("series", "sequence", "array") and not query.columns:
        return _plotted_values(query)
    frame = query.the_frame()
    columns = (
        *query.columns,
        *(column for column in query.by if column not in query.columns),
        *(column for column in query.order if column not in query.columns),
    )
    language = dialect(frame, query.namespace)
    if (query.chart == "heatmap" or "correlation" in query.text) and len(columns) < 2:
        return matrix(query, language)
    if query.period is not None or (
        query.by and query.columns and query.chart not in ("scatter", "box", "hist", "line")
    ):
        return _plotted_groups(query, language, columns)
    if query.by and query.function is not None and query.chart not in ("box", "hist"):
        return _plotted_groups(query, language, columns)
    if not columns:
        return _plotted_frame(query, language)
    return _one(query, language, columns[0]) if len(columns) == 1 else _two(query, language, columns)


def _one(query: Query, language: Dialect, column: Column) -> Answer:
    chart = query.chart or {"number": "hist", "time": "line"}.get(column.role, "bar")
    if column.role in ("text", "truth", "other") or chart in ("bar", "pie", "barh"):
        return _counts(query, language, column, chart if chart in ("pie", "barh") else "bar")
    if column.role == "time" or chart in ("line", "area", "scatter"):
        return _along(query, language, column, chart)
    values = language.column(column, query.conditions)
    gapless = f"{values}.dropna()" if language.is_pandas else f"{values}.drop_nulls()"
    match = re.search(r"\bNUM(\d+) bins?\b", query.text)
    wanted = query.mentions[int(match[1])].number if match else None
    bins = wanted if isinstance(wanted, int) and 0 < wanted <= 1000 else 30
    call = f"plt.boxplot({gapless})" if chart == "box" else f"plt.hist({gapless}, bins={bins})"
    what = "Box plot" if chart == "box" else "Histogram"
    sentence = f"{what} of {name(column.name)} in {name(language.frame.name)}{where_clause(query.conditions)}:"
    labels = ("", column.name) if chart == "box" else (column.name, "rows")
    return finished(query, sentence, [call], f"{what} of {column.name}", labels)


def _counts(query: Query, language: Dialect, column: Column, chart: str) -> Answer:
    counted = language.counted(column, query.conditions, query.limit or 20)
    sentence = f"How often each {name(column.name)} occurs in {name(language.frame.name)}{where_clause(query.conditions)}, as {'a pie' if chart == 'pie' else 'bars'}:"
    labels = ("", "") if chart == "pie" else axes(chart, column.name, "rows")
    if language.is_pandas:
        call = f"{counted}.plot.{chart}({'ylabel=' + repr('') if chart == 'pie' else ''})"
        return finished(query, sentence, [call], f"Rows by {column.name}", labels)
    counts = query.namespace.fresh("counts")
    keys, heights = f"{counts}[{column.label}]", f"{counts}['count']"
    lines = [
        f"{counts} = {counted}",
        f"plt.pie({heights}, labels={keys})" if chart == "pie" else f"plt.{chart}({keys}.cast(str), {heights})",
    ]
    return finished(query, sentence, lines, f"Rows by {column.name}", labels)


def _along(query: Query, language: Dialect, column: Column, chart: str) -> Answer:
    """Values in the order of the time column, or of the rows."""
    time = language.frame.time
    if column.temporal:
        groups = Grouping("count", (), (), "month", column, query.conditions)
        return bars_or_line(query, language, groups, "line", f"Rows by month of {name(column.name)}:")
    if time is not None:
        return pair(query, language, time, column, "line")
    values = language.column(column, query.conditions)
    call = f"plt.plot({values}{', ' + repr('.') if chart == 'scatter' else ''})"
    sentence = f"{name(column.name)} of {name(language.frame.name)} row by row:"
    return finished(query, sentence, [call], column.name, ("row", column.name))


def _two(query: Query, language: Dialect, columns: tuple[Column, ...]) -> Answer:
    first, second = columns[:2]
    time = next((column for column in columns[:2] if column.temporal), None)
    numbers = first.role == second.role == "number"
    value, key = (second, first) if second.role == "number" and first.role != "number" else (first, second)
    if query.chart == "hist" and numbers:
        return histograms(query, language, (first, second))
    if query.chart in ("box", "hist"):
        return boxes(query, language, value, key)
    if time is not None and query.chart != "scatter":
        return pair(query, language, time, second if time is first else first, "line")
    if numbers and query.chart in (None, "scatter", "line"):
        # "y vs x", "y against x" and "y by x" name the vertical one first.
        versus = re.search(r" (?:vs|versus|against|over|by|per|as a function of|depending on|on) ", query.text)
        horizontal, vertical = (second, first) if versus else (first, second)
        return pair(query, language, horizontal, vertical, query.chart or "scatter")
    if value.role != "number":
        return _crossed(query, language, value, key)
    groups = grouping(replace(query, columns=(value,), by=(key,)), language.frame)
    return bars_or_line(query, language, groups, query.chart or "bar")


def _crossed(query: Query, language: Dialect, first: Column, second: Column) -> Answer:
    sentence = f"How often {name(first.name)} and {name(second.name)} occur together:"
    if language.is_pandas:
        call = f"{language.pivoted(first, second, None, 'count')}.plot.bar(stacked=True)"
        return finished(query, sentence, [call], f"{first.name} and {second.name}", (first.name, "rows"), language)
    groups = Grouping("count", (), (first,), None, None, query.conditions, True)
    return bars_or_line(query, language, groups, "bar", sentence)


def _plotted_groups(query: Query, language: Dialect, columns: tuple[Column, ...]) -> Answer:
    frame = language.frame
    if query.period is None and query.by and query.columns and query.chart is None and query.function is None:
        numbers = all(column.role in ("number", "time") for column in (query.columns[0], query.by[0]))
        if len(columns) > 1 and (numbers or query.by[0].temporal):
            return _two(query, language, columns)
    groups = grouping(query, frame)
    if query.period is not None and not groups.by and query.function is None and groups.values == ():
        groups = replace(groups, function="count")
    chart = query.chart or ("line" if groups.period in ("year", "quarter", "month", "week", "day") else "bar")
    return bars_or_line(query, language, groups, chart)


def _plotted_frame(query: Query, language: Dialect) -> Answer:
    frame = language.frame
    numbers = frame.of_role("number")
    if not numbers:
        text = next(iter(frame.columns), None)
        if text is None:
            raise Ask(f"{name(frame.name)} has no columns to plot.")
        return _counts(query, language, text, "bar")
    if query.chart in (None, "line") and frame.time is not None:
        return pair(query, language, frame.time, numbers[0], "line")
    if query.chart == "scatter" and len(numbers) > 1:
        return pair(query, language, numbers[0], numbers[1], "scatter")
    if language.is_pandas and query.chart in (None, "hist"):
        call = f"{language.selected(numbers[:12], query.conditions)}.hist(bins=30)"
        return finished(
            query, f"Histograms of the number columns of {name(frame.name)}:", [call], frame.name, ("", ""), language
        )
    return _one(query, language, numbers[0])


def _plotted_values(query: Query) -> Answer:
    assert query.target is not None
    code = in_code(query.target.name)
    shape = query.target.facts.get("shape")
    flat = f"{code}.ravel()" if isinstance(shape, (list, tuple)) and len(shape) > 1 else code
    chart = query.chart or ("plot" if query.target.kind != "series" else "hist")
    calls = {
        "hist": f"plt.hist({flat}, bins=30)",
        "box": f"plt.boxplot({flat})",
        "bar": f"plt.bar(range(len({code})), {flat})",
    }
    if chart == "heatmap" and isinstance(shape, (list, tuple)) and len(shape) == 2:
        calls["heatmap"] = f"plt.imshow({code})"
    return finished(
        query, f"{name(query.target.name)}:", [calls.get(chart, f"plt.plot({code})")], query.target.name, ("", "")
    )


def _frame_like(query: Query) -> bool:
    if not query.mentions and not query.continues and query.period is None:
        known = BINDING | TELLING | {"correlations", "everything", "bins", "matplotlib"}
        if any(part not in known and part.isalpha() and len(part) > 2 for part in query.text.split()):
            return False  # the picture is to show something that is not in the kernel
    kinds = ("frame", "series", "sequence", "array")
    return query.target is None or query.target.kind in kinds or query.frame is not None


SKILLS = (
    Skill(
        "plot",
        cue(
            r"plots?(?:ted|ting)?|charts?|graphs?|hist(?:ogram)?s?|scatter ?(?:plot)?s?|box ?plots?",
            r"visuali[sz]\w*|draw|heat ?map|pie|bar (?:chart|plot|graph)s?",
            r"as (?:a )?(?:bars?|lines?|pie|box|boxes|histogram|scatter)|bars|line ?plots?|picture|diagram",
            r"count ?plot|show (?:me )?(?:a |the )?(?:trend|distribution)|distribution of COL\d+",
        ),
        _plotted,
        _frame_like,
        weight=70,
        sticks=True,
        measures=True,
        reads=r"NUM\d+(?: bins)?|\b(?:against|versus)\b|\bsales\b|\bmatrix\b|\bcorrelations?\b",
    ),
)

__all__ = ["SKILLS"]
