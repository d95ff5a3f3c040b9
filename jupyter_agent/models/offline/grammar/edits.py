"""A follow-up edits the query before it: its parts take the place of those of their kind, and the rest stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from jupyter_agent.models.offline.grammar.assembly import Parts, descends, is_of_time, parts_of, usual
from jupyter_agent.models.offline.grammar.charts import as_chart
from jupyter_agent.models.offline.grammar.combinators import (
    can_measure,
    combined,
    dated,
    direction,
    extreme_of,
    is_year,
    measures_of,
    span_of,
)
from jupyter_agent.models.offline.grammar.lexicon import AGENTS, hints
from jupyter_agent.models.offline.grammar.query import Chart, Shape, TableQuery
from jupyter_agent.models.offline.grammar.sources import Source
from jupyter_agent.models.offline.grammar.spans import Vocabulary, WordSpan, kinds_of, readings, without, word_stems
from jupyter_agent.models.offline.grammar.tables import is_number, kind_of
from jupyter_agent.models.offline.grammar.understanding import Understood
from jupyter_agent.models.offline.namespace import Column, Table
from jupyter_agent.models.offline.query import Condition, Function, Measure
from jupyter_agent.models.offline.words import parts

#: A question that begins so, or points back, goes on with the one before.
_LEANING = re.compile(
    r"\W*(?:and|or|but|now|also|then|only|just|what about|how about|same|the same|instead|ok|again|which one|without|except|excluding|by|per|for|in|sort it|as|"
    r"with|since|before|after|top|first)\b|.*\b(?:they|them|those|these|that|it|this|their|its|there|he|she|him|her|his|(?:the|just|only|which)(?: \w+)? ones?)\b",
    re.IGNORECASE,
)

#: They point at several things, or are said of them.
_SEVERAL = ("they", "them", "those", "these", "their", "those ones", "are", "were")
#: ``who wrote it?``, ``who was it written by?``.
_WHO = re.compile(
    r"\W*(?:and\W+)?(?:who (?:has |had )?([a-z]+) (?:it|that|this|them|these|those)|who (?:is|was|were) (?:it|that|this|they|these|those) ([a-z]+) by)\W*",
    re.IGNORECASE,
)
_COUNT = (Measure("count"),)
#: Of a query for groups or numbers: which rows there were is gone.
_NO_ROWS: dict[str, Any] = {"columns": (), "order": (), "limit": None, "nth": None}
#: How many rows there are.
_OF_ROWS = {
    "shape": "count", "measures": _COUNT, "by": (), "period": None, "descending": None, "shared": False, **_NO_ROWS,
}  # fmt: skip


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
    table, query = previous.source.table, previous.query
    changed = _with_agent(query, question, table)
    notes: tuple[str, ...] = ()
    for reading in readings(question, Vocabulary(table)) if changed is None else ():
        spans = [_timed(span, query) for span in combined(reading, table)]
        spans = spans[_leading(kinds_of(spans)) :]
        spans = spans[:-1] if spans and spans[-1].kind == "o" else spans
        content = without(spans, "vxRTw=.")
        if [span.kind for span in content] == ["n"]:
            changed = _nth(query, content[0].data)
        elif len(content) == 1 and is_year(content[0].data):
            spans = [(dated([span], table) or span) if span is content[0] else span for span in spans]
        found = parts_of(spans, table) if spans and changed is None else None
        if found is not None:
            found.is_several = any(span.text.lower() in _SEVERAL for span in spans if span.kind in "x=")
            changed, notes = _changed(query, found), found.notes
        if changed is not None:
            break
    return Understood(replace(changed, notes=notes), previous.source) if changed is not None else None


def _leading(kinds: str) -> int:
    """How many spans only lead on; ``only`` counts before ``the first``."""
    start = len(kinds) - len(kinds.lstrip("&/=Io"))
    return start - 1 if kinds[:start].endswith("o") and kinds[start:].startswith(("t", "S")) else start


def _with_agent(query: TableQuery, question: str, table: Table) -> TableQuery | None:
    """``who wrote it?``: of the row that was found, the column that is called as who does so."""
    asked = _WHO.fullmatch(question)
    query = (_rows_of(query) or query) if query.shape == "count" else query
    if asked is None or query.shape not in ("pick", "rows"):
        return None
    verb = (asked[1] or asked[2]).lower()
    nouns = frozenset(AGENTS.get(verb, "").split()) | {
        stem + end for stem in word_stems(verb) for end in ("er", "or", "r")
    }
    found = [column for column in table.columns if column.role == "text" and parts(column.name) & nouns]
    return replace(query, columns=(found[0],)) if len(found) == 1 else None


def _nth(query: TableQuery, nth: int) -> TableQuery | None:
    """``and the second?``: the row or the group that comes after the one that was shown."""
    is_one = query.limit == 1 or (query.shape == "pick" and query.limit is None)
    is_ranked = query.shape in ("pick", "groups") and not (query.within or query.outer)
    return replace(query, nth=nth) if is_one and is_ranked else None


def _timed(span: WordSpan, query: TableQuery) -> WordSpan:
    """``and 2014?`` where a year was a condition; a month or a day by itself."""
    if span.kind == "N" and is_year(span.data):
        for condition in query.conditions:
            if condition.operator == "==" and is_year(condition.values[0]):
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
    content = set(found.kinds) - set("I=&vrEoxTR/w.")
    if found.shown:  # ``and its price``
        is_row = content == {"_"} and query.shape in ("pick", "rows")
        return replace(query, columns=found.shown) if is_row else None
    if query.part is not None and (not content or content & set("HMFZWU") or found.numbers):
        if query.shape != "share":
            return None
        query = query.of_part()
    if not content:
        return _rows_of(query) if set("wv") & set(found.kinds) else None
    if content == {"c"} and query.shape == "correlation":
        return query  # ``what is the correlation coefficient?``
    if content == {"%"} or (content == {"%", "F"} and found.functions == ("sum",)):
        return _as_share(query)
    measured = query.measures[0].column if query.shape == "groups" and len(query.measures) == 1 else None
    is_of_groups = found.asked and measured is not None and direction(found.asked, measured)  # ``how long is it?``
    if content == {"H"} or (content == {"U"} and (not found.asked or is_of_groups)):
        return _size(query, found)
    if found.wants_code:
        return replace(query, wants_code=True) if content <= {"h"} else None
    if content - set("Kk") and (query.within or query.having is not None or query.outer is not None):
        return None  # of what is found within groups, or computed of them, nothing else can be taken alone
    if {condition.column for condition in found.conditions} & {condition.column for condition in query.pair}:
        return None
    narrowed = _with_conditions(query, found)
    is_of_sum = query.shape == "share" and query.part is None
    if narrowed is None or (is_of_sum and len(narrowed.conditions) > len(query.conditions)):
        return None
    changed = replace(narrowed, wants_code=False)
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
    if found.has("H"):
        counted = _recounted(changed, found) if content <= set("HGK") else changed
        if counted is None or (found.columns and query.shape not in ("pick", "rows")):
            return None
        changed = counted
    if changed.shared and _is_of_some_groups(changed):
        return None
    for apply in (_with_groups, _with_measures, _with_columns, _with_extreme, _with_order):
        new = apply(changed, found)
        if new is None:
            return None
        changed = new
    return changed if changed != query or found.has("s") or found.turned in ("up", "down") else None


def _recounted(query: TableQuery, found: Parts) -> TableQuery | None:
    """``how many per month?``, ``how many in Oslo?``: rows, or what was added up before; None where that is not clear."""
    measure = query.measures[0] if len(query.measures) == 1 else None
    is_of_rows = found.has("R") or found.has("T")
    if query.pair or query.part is not None or (query.shape in ("rows", "pick") and query.limit):
        return None
    if measure is not None and measure.function == "sum" and not is_of_rows:
        return query if measure.column is not None and "int" in measure.column.dtype.lower() else None
    is_clear = is_of_rows or query.shape in ("count", "rows", "measures") or measure == _COUNT[0]
    return replace(query, **_OF_ROWS) if is_clear else None


def _size(query: TableQuery, found: Parts) -> TableQuery | None:
    """``how many are there?`` of what was listed, ``how many is that?`` of the group or the row with the most."""
    are_rows = found.has("H") and (found.has("R") or found.has("T"))
    function = query.measures[0].function if len(query.measures) == 1 else ""
    is_one = query.limit == 1 and not found.is_several and not found.is_general
    match query.shape:
        case "pick" if not are_rows and not found.is_several:
            return replace(query, columns=query.order[:1])
        case "groups" if is_one and query.outer is None and query.part is None:
            is_counted = function in ("count", "sum", "nunique", "max", "min") and not query.shared
            return query if is_counted or (not found.has("H") and function) else None
        case "groups" if found.has("H") and query.having is not None and query.outer is None:
            return replace(query, outer="count", descending=None)
        case "values" if found.has("H") and not are_rows:
            return replace(query, shape="measures", columns=(), measures=(Measure("nunique", query.columns[0]),))
        case "rows" | "count" if not found.has("U") and (are_rows or not query.limit):
            pass
        case "measures" if found.has("H") and query.conditions and found.is_several:
            pass
        case _ if not are_rows or found.has("x") or query.pair or query.limit or query.nth:
            return None
    return replace(query, **_OF_ROWS)


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
    if len(query.measures) != 1 or query.measures[0].function not in ("count", "sum"):
        return None
    if query.shape == "measures":
        return replace(query, shape="share") if len(query.conditions) == 1 else None
    is_plain = query.shape == "groups" and not (query.part or query.within or query.having or query.outer)
    return replace(query, shared=True) if is_plain and not _is_of_some_groups(query) else None


def _is_of_some_groups(query: TableQuery) -> bool:
    """Whether conditions choose groups, so that their sum is not the whole."""
    return bool({condition.column for condition in query.conditions} & set(query.by))


def _with_conditions(query: TableQuery, found: Parts) -> TableQuery | None:
    """New conditions replace old ones on the same column and join the others; None if they may do either."""
    fresh: dict[Column, Condition] = {}
    for condition in found.conditions:
        held = [old for old in query.conditions if old.column == condition.column]
        instead = _replacing(held[0], condition) if len(held) == 1 else condition
        if instead is None or (len(held) > 1 and len(found.conditions) > 1):
            return None
        fresh[condition.column] = instead
    if len(fresh) < len(found.conditions):
        return None
    part = fresh.get(query.part.column) if query.part is not None else None
    added = tuple(condition for condition in fresh.values() if condition is not part)
    kept = tuple(condition for condition in query.conditions if condition.column not in fresh)
    return replace(query, conditions=(*kept, *added), part=part or query.part)


def _replacing(old: Condition, new: Condition) -> Condition | None:
    """What takes the place of a condition on the same column; None if both may be meant."""
    operators = (old.operator, new.operator)
    if {old.operator[0], new.operator[0]} == {"<", ">"}:
        low, high = (old.values[0], new.values[0]) if old.operator[0] == ">" else (new.values[0], old.values[0])
        is_apart = isinstance(low, str) == isinstance(high, str) and not isinstance(low, Measure) and low >= high
        return new if is_apart else None  # ``over 200``, then ``under 300``
    if operators == ("during", "month"):  # ``in 2023``, then ``april?``
        year = int(str(old.values[0])[:4])
        is_of_year = old.values[1] <= f"{year + 1}-01-01" and len(new.values) == 1
        bounds = span_of(year, new.values[0], None) if is_of_year else None
        return replace(new, operator="during", values=bounds) if bounds is not None else None
    if operators == ("during", "during") and _is_year(new) and not _is_year(old):
        return None  # ``in April 2023``, then ``2024?``
    return None if "month" in operators and operators != ("month", "month") else new


def _is_year(condition: Condition) -> bool:
    return condition.values == span_of(int(str(condition.values[0])[:4]), None, None)


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
    is_cut = query.shape == "rows" and query.limit
    if is_cut or (query.shape not in ("measures", "groups", "count", "rows", "values") and query.part is None):
        return None
    if found.has("s") or ((found.turned or found.place) and all(is_number(column) for column in by)):
        return query
    measures = query.measures if query.shape in ("measures", "groups") and query.measures else _COUNT
    descending = None if period else True
    groups = replace(query, shape="groups", by=by, period=period, measures=measures, **_NO_ROWS)
    return replace(groups, descending=descending)


def _with_measures(query: TableQuery, found: Parts) -> TableQuery | None:
    if found.measures and query.shape == "difference":
        return replace(query, measures=found.measures) if len(found.measures) == 1 else None
    if found.measures and query.shape == "rows" and query.limit:
        return None  # of the rows that are shown, or of all
    if found.measures:
        shape: Shape = "groups" if query.by or query.period else "measures"
        return replace(query, shape=shape, measures=found.measures, shared=False, **_NO_ROWS)
    if not found.functions:
        return query
    function = found.functions[0]
    columns = found.numbers or tuple(measure.column for measure in query.measures if measure.column is not None)
    if len(found.functions) > 1 or not columns or query.shape not in ("measures", "groups", "difference"):
        return None
    if not all(can_measure(function, column) for column in columns):
        return None
    return replace(query, measures=tuple(measure for column in columns for measure in measures_of(function, column)))


def _with_columns(query: TableQuery, found: Parts) -> TableQuery | None:
    """Another column in the measure's place, or what else is shown of the rows."""
    columns: tuple[Column, ...] = found.columns
    if found.has("W"):
        columns = columns or ((query.time,) if query.time is not None else ())
        if not columns or kind_of(columns[0]) != "time":
            return None
        if query.shape == "measures" and (rows := _rows_of(query)) is not None:
            return replace(rows, columns=columns)
    if found.has("U") and not columns:
        wanted = [hint for hint, _ in hints(found.asked)] if found.asked else []
        columns = tuple(column for hint in wanted for column in found.table.columns if hint in parts(column.name))[:1]
        if not columns:
            return None
    if not columns or found.functions or columns == query.by:
        return query
    if query.shape in ("pick", "rows") and not query.by:
        return replace(query, columns=columns)
    if query.shape == "count" and query.conditions and len(columns) == 1 and "wC" in found.kinds:
        are_listed = kind_of(columns[0]) in ("text", "truth", "number") and not found.has("W")
        return replace(query, shape="values", columns=columns, measures=()) if are_listed else None
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
    """``and the least``, ``and the cheapest?``, ``only the highest``, ``the second highest``."""
    extreme = _extreme_in(query, found)
    if extreme is None:
        return None if found.extremes or found.superlatives else query
    column, descending = extreme
    is_single = found.has("o") or found.nth or (found.has("R") and not found.is_plural)
    if query.shape == "groups":
        limit = found.limit or (1 if is_single else query.limit or 1)
        return replace(query, descending=descending, limit=limit, nth=found.nth)
    is_row = _are_rows(query) or (query.shape == "measures" and found.has("w"))
    if query.shape == "measures" and not is_row and column is not None and not (found.nth or found.limit or is_single):
        function: Function = "max" if descending else "min"
        return replace(query, measures=(Measure(function, column),)) if can_measure(function, column) else None
    if query.shape == "rows" and query.order and query.limit and not query.directions and column == query.order[0]:
        return replace(query, descending=descending, limit=found.limit or query.limit) if not found.nth else None
    if column is None or not is_row:
        return None
    columns = query.columns if query.shape == "pick" else ()
    picked = replace(query, shape="pick", columns=columns, measures=(), order=(column,))
    return replace(picked, descending=descending, limit=found.limit, nth=found.nth)


def _extreme_in(query: TableQuery, found: Parts) -> tuple[Column | None, bool] | None:
    """Of what the most or the least is asked for, None for rows, and whether the most."""
    is_of_groups = query.shape == "groups"
    measured = query.measures[0].column if len(query.measures) == 1 else None
    if found.extremes:
        column, descending = found.extremes[0].column, found.extremes[0].descending
        return (column, descending) if not is_of_groups or column == measured else None
    if not found.superlatives or (is_of_groups and len(query.measures) != 1):
        return None
    adjective = found.superlatives[0]
    current = query.order[0] if query.order else measured
    if is_of_groups and current is None:
        sign = _sign_of_counts(adjective)
        return (None, sign > 0) if sign else None
    hinted = extreme_of(adjective, found.table) if _are_rows(query) else None
    sign = direction(adjective, current) if current is not None else 0
    if hinted is not None and (not sign or adjective.lstrip("-") in ("good", "bad")):
        return hinted.column, hinted.descending
    return (current, sign > 0) if sign else None


def _are_rows(query: TableQuery) -> bool:
    """Whether rows were shown or counted, of which there is a first."""
    return query.shape == "pick" or (query.shape in ("rows", "count") and not query.limit and not query.within)


def _sign_of_counts(adjective: str) -> int:
    """1 where a superlative means the group with most rows, -1 for the fewest, 0 where it does not speak of numbers."""
    flip = -1 if adjective.startswith("-") else 1
    wanted = hints(adjective.lstrip("-")) or (("@rows", 1),)
    return flip * wanted[0][1] if wanted[0][0] in ("", "@rows") else 0


def _with_order(query: TableQuery, found: Parts) -> TableQuery | None:
    """``sort it by price``, ``the other way``, ``only the first 5``."""
    if found.place:
        return _with_end(query, found)
    if found.turned == "turn":
        is_turned = query.descending is not None and not query.limit
        return replace(query, descending=not query.descending) if is_turned else None
    if not found.has("s") and not found.turned:
        return query
    if query.limit or query.nth:
        return None  # in another order they are not the same ones
    order = found.groups.by + found.columns
    if query.shape == "groups":
        if order and order[0] not in (measure.column for measure in query.measures) and order[0] not in query.by:
            return None
        if order and order[0] in query.by:
            return replace(query, descending=None) if found.turned != "down" else None
        column = order[0] if order else query.measures[0].column
        goes_down = descends(found.turned, column) if column is not None else found.turned == "down"
        return replace(query, descending=goes_down) if goes_down is not None else None
    if query.shape != "rows" or (not order and not query.order):
        return None
    columns = () if query.columns == found.columns else query.columns
    order = order or query.order
    goes_down = descends(found.turned, order[0])
    return replace(query, order=order, descending=goes_down, columns=columns) if goes_down is not None else None


def _with_end(query: TableQuery, found: Parts) -> TableQuery | None:
    """``top 3``, ``just the first one``, ``the last 2`` of what was listed; None where it is not clear which end that is."""
    is_single = found.has("o") or (found.has("R") and not found.is_plural)
    limit = found.limit or (1 if is_single else 5)
    ranks = tuple(column for column in (*found.groups.by, *found.columns) if is_number(column))
    down, is_ordered = query.descending, query.shape == "groups" or bool(query.order)
    if query.shape == "pick" and not ranks:
        return replace(query, limit=limit, nth=None) if found.place == "top" and down else None
    if query.shape not in ("rows", "groups") or query.directions:
        return None
    if ranks and query.shape == "groups":
        if ranks != tuple(measure.column for measure in query.measures):
            return None
    elif ranks:
        if len(ranks) > 1 or query.limit:
            return None
        query, down, is_ordered = replace(query, order=ranks, columns=()), True, True
    match found.place:
        case "first" | "last" if not is_ordered:
            down = found.place == "last"
        case "first" | "last" if query.shape == "groups" and any(map(is_of_time, query.by)):
            return None  # of the list, or the earliest
        case "last" if down is not None and not query.limit:
            down = not down
        case "top" | "bottom" if is_ordered and (down is not False or query.limit):
            down = found.place == "top"
        case place if place != "first":
            return None
    return replace(query, descending=down, limit=limit, nth=None)
