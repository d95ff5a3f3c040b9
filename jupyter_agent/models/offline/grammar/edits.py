"""A follow-up edits the query before it: its parts take the place of those of their kind, and the rest stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import dropwhile
from typing import Any

from jupyter_agent.models.offline.grammar.assembly import Parts, descends, parts_of, usual
from jupyter_agent.models.offline.grammar.charts import as_chart
from jupyter_agent.models.offline.grammar.combinators import (
    can_measure,
    combined,
    direction,
    extreme_of,
    is_year,
    measures_of,
    span_of,
)
from jupyter_agent.models.offline.grammar.lexicon import hints
from jupyter_agent.models.offline.grammar.query import Chart, Shape, TableQuery
from jupyter_agent.models.offline.grammar.sources import Source
from jupyter_agent.models.offline.grammar.spans import Vocabulary, WordSpan, readings
from jupyter_agent.models.offline.grammar.tables import is_number
from jupyter_agent.models.offline.grammar.understanding import Understood
from jupyter_agent.models.offline.namespace import Column
from jupyter_agent.models.offline.query import Condition, Function, Measure
from jupyter_agent.models.offline.words import parts

#: A question that begins so, or points back, goes on with the one before.
_LEANING = re.compile(
    r"\W*(?:and|or|but|now|also|then|only|just|what about|how about|same|the same|instead|ok|again|which one|without|except|excluding|by|per|for|in|sort it|as|"
    r"with|since|before|after|top|first)\b|.*\b(?:they|them|those|these|that|it|this|their|its|there)\b",
    re.IGNORECASE,
)


#: Of a query for groups or numbers: which rows there were is gone.
_NO_ROWS: dict[str, Any] = {"columns": (), "order": (), "limit": None}


def leans(question: str) -> bool:
    """Whether a question sounds as if it went on with the one before."""
    return _LEANING.match(question) is not None


def topic(question: str, sources: Sequence[Source]) -> Understood | None:
    """The one column that was spoken of in a question of another kind."""
    found = [
        (span.data[0], source)
        for source in sources
        for span in next(readings(question, Vocabulary(source.table)), ())
        if span.kind == "C" and span.surety == 3 and len(span.data) == 1
    ]
    if len(found) != 1:
        return None
    column, source = found[0]
    return Understood(TableQuery(source.table, "topic", columns=(column,), time=source.table.time), source)


def edited(question: str, previous: Understood) -> Understood | None:
    """The query before with what the question changes; None if it changes nothing that is there."""
    table = previous.source.table
    for reading in readings(question, Vocabulary(table)):
        spans = _stripped(_with_time(combined(reading, table), previous.query))
        found = parts_of(spans, table) if spans else None
        query = _changed(previous.query, found) if found is not None else None
        if query is not None:
            return Understood(replace(query, notes=found.notes if found is not None else ()), previous.source)
    return None


def _stripped(spans: Sequence[WordSpan]) -> list[WordSpan]:
    """Without what only leads on."""
    return list(dropwhile(lambda span: span.kind in "&/=Io", spans))


def _with_time(spans: Sequence[WordSpan], query: TableQuery) -> list[WordSpan]:
    """``and 2014?`` where a year was a condition; a month or a day by itself."""
    return [_timed(span, query) for span in spans]


def _timed(span: WordSpan, query: TableQuery) -> WordSpan:
    if span.kind == "N" and is_year(span.data):
        for condition in query.conditions:
            if condition.operator == "==" and isinstance(condition.values[0], int):
                return replace(span, kind="K", data=replace(condition, values=(span.data,)))
            if condition.operator == "during":
                return replace(span, kind="K", data=replace(condition, values=span_of(span.data, None, None) or ()))
    if span.kind == "Y" and query.time is not None:
        return replace(span, kind="K", data=Condition(query.time, "month", (span.data,)))
    if span.kind == "D" and query.time is not None:
        return replace(span, kind="K", data=Condition(query.time, "during", span.data))
    return span


def _changed(query: TableQuery, found: Parts) -> TableQuery | None:
    """Each part in the place of that of its kind; None if one has no place."""
    if found.shown:
        return None  # ``its`` is said of the same question
    content = set(found.kinds) - set("I=&vrEoxTR/w.")
    if query.part is not None and (not content or content & set("HMFZWU") or found.numbers):
        if query.shape != "share":
            return None
        query = query.of_part()
    if not content and not (found.has("o") and found.limit):
        return _rows_of(query) if set("wv") & set(found.kinds) else None
    if content == {"c"} and query.shape == "correlation":
        return query  # ``what is the correlation coefficient?``
    if content == {"%"} and (query.shape in ("count", "groups", "measures")):
        return _as_share(query)
    if content <= {"H"} or (content == {"H"} and found.has("x")):
        counted = (Measure("count"),)
        return replace(query, shape="count", measures=counted, by=(), period=None, descending=None, **_NO_ROWS)
    changed = replace(_with_conditions(query, found), wants_code=False)
    if found.wants_code:
        return replace(query, wants_code=True) if content <= {"h"} else None
    if found.chart is not None:
        styles = {"kind": "any", **asdict(query.chart)} if query.chart is not None else {}
        styles |= {name: value for name, value in asdict(found.chart).items() if value not in ("any", None, False, "")}
        changed = as_chart(changed, Chart(**styles)) or changed
        if changed.chart is None or not content <= set("kKeGC"):
            return None
        if not content & set("GC"):
            return changed if changed != query else None
    elif query.shape == "topic":
        return None
    if found.has("g") or found.has("c") or found.has("%") or found.has("u"):
        return None
    for apply in (_with_groups, _with_measures, _with_columns, _with_extreme, _with_order):
        new = apply(changed, found)
        if new is None:
            return None
        changed = new
    return changed if changed != query else None


def _rows_of(query: TableQuery) -> TableQuery | None:
    """``which ones``, ``who is that``: the rows that were counted, or that have the most or the least."""
    measure = query.measures[0] if len(query.measures) == 1 else None
    if query.shape == "count" and query.conditions:
        return replace(query, shape="rows", measures=())
    if query.shape != "measures" or measure is None or measure.column is None or measure.function not in ("max", "min"):
        return None
    return replace(query, shape="pick", order=(measure.column,), descending=measure.function == "max", measures=())


def _as_share(query: TableQuery) -> TableQuery | None:
    """``as a percentage``: of all rows, or of the sum of all groups."""
    if query.shape == "count":
        *rest, part = query.conditions or (None,)
        return replace(query, shape="share", conditions=(), part=part) if part is not None and not rest else None
    if any(measure.function not in ("count", "sum") for measure in query.measures) or len(query.measures) != 1:
        return None
    if query.shape == "measures":
        return replace(query, shape="share") if query.conditions else None
    return replace(query, shared=True, descending=True, limit=None) if query.part is None else None


def _with_conditions(query: TableQuery, found: Parts) -> TableQuery:
    """New conditions replace old ones on the same column and join the others."""
    fresh = {condition.column: condition for condition in found.conditions}
    part = fresh.get(query.part.column) if query.part is not None else None
    added = tuple(condition for condition in found.conditions if condition is not part)
    kept = tuple(condition for condition in query.conditions if condition.column not in fresh)
    return replace(query, conditions=(*kept, *added), part=part or query.part)


def _with_groups(query: TableQuery, found: Parts) -> TableQuery | None:
    by, period = found.groups.by, found.groups.period
    keys = tuple(column for column in found.keys if query.by and column not in by)
    if not by and not period and keys and not found.has("U") and query.shape == "groups" and query.limit != 1:
        by = keys
    if not by and not period:
        fixed = {condition.column for condition in found.conditions if condition.operator == "=="}
        left = tuple(key for key in query.by if key not in fixed)
        return replace(query, by=left or query.by)
    if query.shape == "distribution" and len(by) == 1 and not period:
        return replace(query, by=by)
    if query.shape not in ("measures", "groups", "count", "rows", "values") and query.part is None:
        return None
    if found.has("s") or (found.turned and all(is_number(column) for column in by)):
        return query
    measures = query.measures if query.shape in ("measures", "groups") and query.measures else (Measure("count"),)
    descending = None if period else True
    groups = replace(query, shape="groups", by=by, period=period, measures=measures, **_NO_ROWS)
    return replace(groups, nth=None, descending=descending)


def _with_measures(query: TableQuery, found: Parts) -> TableQuery | None:
    if found.measures:
        shape: Shape = "groups" if query.by or query.period else "measures"
        return replace(query, shape=shape, measures=found.measures, shared=False, **_NO_ROWS)
    if not found.functions:
        return query
    function = found.functions[0]
    columns = found.numbers or tuple(measure.column for measure in query.measures if measure.column is not None)
    if len(found.functions) > 1 or not columns or query.shape not in ("measures", "groups"):
        return None
    if not all(can_measure(function, column) for column in columns):
        return None
    return replace(query, measures=tuple(measure for column in columns for measure in measures_of(function, column)))


def _with_columns(query: TableQuery, found: Parts) -> TableQuery | None:
    """Another column in the measure's place, or what else is shown of the rows."""
    columns: tuple[Column, ...] = found.columns
    if found.has("W") and query.time is not None:
        columns = (query.time,)
        if query.shape == "measures" and (rows := _rows_of(query)) is not None:
            return replace(rows, columns=columns)
    if found.has("U") and not columns:
        wanted = [hint for hint, _ in hints(found.asked)] if found.asked else []
        columns = tuple(column for hint in wanted for column in found.table.columns if hint in parts(column.name))[:1]
        if not found.asked and query.shape == "pick":
            columns = query.order[:1]  # ``heaviest parcel``, ``how much?``
        if not columns:
            return None
    if not columns or found.functions or columns == query.by:
        return query
    if query.shape in ("pick", "rows") and not query.by:
        return replace(query, columns=columns)
    if query.shape == "distribution" and found.numbers == columns:
        return replace(query, columns=columns)
    numbers = found.numbers
    if query.shape not in ("measures", "groups") or found.has("W") or len(numbers) != len(columns) or found.groups.by:
        return None
    functions = {measure.function for measure in query.measures}
    function = functions.pop() if len(functions) == 1 else ""
    may_sum = function in ("sum", "count", "")
    made = tuple(
        Measure("sum" if may_sum and usual(column) == "sum" else function or "mean", column) for column in numbers
    )
    return replace(query, measures=made) if all(measure.function != "count" for measure in made) else None


def _with_extreme(query: TableQuery, found: Parts) -> TableQuery | None:
    """``and the least``, ``and the cheapest?``."""
    if found.extremes:
        extreme = found.extremes[0]
        picked = replace(query, order=(extreme.column,), descending=extreme.descending, measures=())
        return picked if query.shape == "pick" else None
    if not found.superlatives:
        return query
    adjective = found.superlatives[0]
    hinted = extreme_of(adjective, found.table) if query.shape == "pick" else None
    if hinted is not None:
        return replace(query, order=(hinted.column,), descending=hinted.descending)
    column = query.order[0] if query.order else query.measures[0].column if query.measures else None
    sign = direction(adjective, column) if column is not None else direction(adjective, found.table.columns[0])
    if not sign:
        return None
    if query.shape == "groups":
        return replace(query, descending=sign > 0, limit=found.limit or query.limit or 1)
    if query.shape == "measures" and query.measures[0].function in ("max", "min"):
        function: Function = "max" if sign > 0 else "min"
        return replace(query, measures=tuple(replace(measure, function=function) for measure in query.measures))
    return replace(query, descending=sign > 0) if query.order else None


def _with_order(query: TableQuery, found: Parts) -> TableQuery | None:
    """``sort it by price``, ``the other way``, ``only the first 5``."""
    if found.place or (found.has("o") and found.limit):
        query = replace(query, limit=found.limit or 5)
    if found.turned == "turn":
        return replace(query, descending=not query.descending)
    if not found.has("s") and not found.turned:
        return query
    order = found.groups.by + found.columns
    if query.shape == "groups":
        if order and order[0] not in (measure.column for measure in query.measures) and order[0] not in query.by:
            return None
        if order and order[0] in query.by:
            return replace(query, descending=None)
        column = order[0] if order else query.measures[0].column
        goes_down = descends(found.turned, column) if column is not None else found.turned == "down"
        return replace(query, descending=goes_down) if goes_down is not None else None
    if query.shape != "rows" or (not order and not query.order):
        return None
    columns = () if query.columns == found.columns else query.columns
    order = order or query.order
    goes_down = descends(found.turned, order[0])
    return replace(query, order=order, descending=goes_down, columns=columns) if goes_down is not None else None
