"""Conditions, groups, measures and what stands around them become one query; what has no place in it is not understood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from jupyter_agent.models.offline.grammar.combinators import (
    Extreme,
    Group,
    can_measure,
    direction,
    extreme_of,
    is_counting,
    measures_of,
)
from jupyter_agent.models.offline.grammar.lexicon import ADDITIVE, AMOUNTS, NOT_ADDITIVE
from jupyter_agent.models.offline.grammar.query import Chart, TableQuery
from jupyter_agent.models.offline.grammar.spans import PEOPLE, WordSpan, is_flag
from jupyter_agent.models.offline.grammar.tables import (
    PERIODS,
    counted_by,
    is_list,
    is_number,
    kind_of,
    numbers_of,
    values_are_unique,
    values_repeat,
)
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.namespace import Column, Table, is_lazy
from jupyter_agent.models.offline.query import Condition, Function, Measure, Operator, Period
from jupyter_agent.models.offline.words import key, parts

#: Spans that hold others together and have done so.
_BINDING = "I=&vr."
_COUNT = (Measure("count"),)
#: Conditions that say when.
_OF_TIME = frozenset(("during", "month", "weekday"))


@dataclass(slots=True)
class Parts:
    """The spans of a question by what they are."""

    table: Table
    kinds: str = ""
    conditions: tuple[Condition, ...] = ()
    groups: Group = field(default_factory=Group)
    measures: tuple[Measure, ...] = ()
    extremes: tuple[Extreme, ...] = ()
    superlatives: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    functions: tuple[Function, ...] = ()
    periods: tuple[Period, ...] = ()
    place: str = ""
    limit: int | None = None
    methods: tuple[Any, ...] = ()
    nth: int | None = None
    turned: str = ""
    asked: str = ""
    chart: Chart | None = None
    having: tuple[Operator, int] | None = None
    orders: tuple[tuple[Column, bool], ...] = ()
    shown: tuple[Column, ...] = ()
    is_drawn: bool = False
    wants_code: bool = False
    is_plural: bool = False
    is_several: bool = False
    is_each: bool = False
    is_general: bool = False
    is_either: bool = False
    is_difference: bool = False
    is_change: bool = False
    pair: tuple[Condition, ...] = ()
    is_within: bool = False
    is_across: bool = False
    is_who: bool = False
    notes: tuple[str, ...] = ()

    def has(self, kind: str) -> bool:
        """Whether there is a span of a kind."""
        return kind in self.kinds

    @property
    def numbers(self) -> tuple[Column, ...]:
        """The free columns of numbers."""
        return tuple(
            column
            for column in self.columns
            if (is_number(column) or kind_of(column) == "duration") and "id" not in parts(column.name)
        )

    @property
    def keys(self) -> tuple[Column, ...]:
        """The free columns that name or sort rows."""
        return tuple(column for column in self.columns if kind_of(column) in ("text", "truth", "other"))


def parts_of(spans: Sequence[WordSpan], table: Table) -> Parts | None:
    """The spans sorted out; None if one has no part to play."""
    found = Parts(table)
    kept = [span for span in spans if span.kind not in _BINDING]
    found.kinds = "".join(span.kind for span in spans)
    if found.kinds.endswith(("&", "/", "!")) or "J" in found.kinds or re.search("(?<!K)o[^KCGNtSZM]*$", found.kinds):
        return None
    if found.kinds.endswith("I") and not set("wWr%") & set(found.kinds):
        return None  # what stood behind it was passed over, unless that is the sign of ``in %``
    for before, span in pairwise(spans):
        is_name = before.kind == "t" and span.kind == "C" and "name" in parts(span.text)
        if is_name or (before.text == "at" and span.kind == "S"):
            return None  # ``last names`` are no last rows, ``at least`` is no superlative
    for span in kept:
        data: Any = span.data
        found.is_who |= span.kind == "w" and data == "who"
        match span.kind:
            case "K":
                found.conditions += (data,)
                found.is_either |= "or" in span.text.split()
            case "E":
                found.is_difference |= data == "difference"
                found.is_change |= data == "change"
            case "2" if not found.pair:
                found.pair = data
            case "G":
                found.groups = Group((*found.groups.by, *data.by), data.period or found.groups.period)
                found.is_within |= not span.text.lower().startswith(("by ", "grouped by ", "group by "))
            case "M":
                found.measures += data
            case "Z":
                found.extremes += (data,)
            case "S":
                found.superlatives += (data,)
            case "C" if (
                len(data) == 1
                and kind_of(data[0]) == "time"
                and parts(data[0].name) & {"day", "date"}
                and set("SZt") & set(found.kinds)
            ):
                found.periods += ("day",)
            case "C" if len(data) == 1:
                found.columns += data
            case "F":
                found.functions += (data,)
            case "P" | "#":
                found.periods += (data,)
            case "t" if not found.place:
                found.place = data
            case "N" if found.limit is None and isinstance(data, int) and 0 < data <= 1000:
                found.limit = data
            case "n" if found.nth is None:
                found.nth = data
            case "d" if not found.turned:
                found.turned = data
            case "h":
                found.wants_code = True
            case "k":
                found.is_drawn = True
                chart = found.chart or Chart()
                if data and chart.kind not in ("any", data):
                    return None
                found.chart = replace(chart, kind=data or chart.kind)
            case "e" if isinstance(data, dict):
                found.chart = replace(found.chart or Chart(), **data)
            case "j" if found.having is None:
                found.having = data
            case "_":
                found.shown += data
            case "g":
                found.is_across |= data == "columns" and len(found.columns) == 1
            case "b" if not found.orders:
                found.orders = data
            case "U":
                found.asked = data
            case "H":
                found.is_each = data == "each"
            case "m":
                found.methods += (data,)
            case "R":
                found.is_plural = span.text.endswith("s")
                found.is_general = span.surety == 0
            case "~" if "c" in found.kinds or "E" in found.kinds:
                pass
            case "w" if data == "who" and not any(
                is_naming(column) or (column.role == "text" and values_are_unique(column, table))
                for column in table.columns
            ):
                return None
            case "T" | "w" | "W" | "u" | "%" | "s" | "o" | "x" | "c" | "O":
                pass
            case _:
                return None
    found.notes = tuple(span.note for span in spans if span.note)
    is_ranked = found.superlatives or found.extremes or found.place or found.has("o")
    if (found.limit is not None and not is_ranked) or (
        found.nth is not None and not (found.superlatives or found.extremes)
    ):
        return None
    if len(found.extremes) > 1 and not found.superlatives:
        found.measures += tuple(
            Measure("max" if extreme.descending else "min", extreme.column) for extreme in found.extremes
        )
        found.extremes = ()
    if len(found.superlatives) + len(found.extremes) > 1 or len(found.periods) > 1:
        return None
    return found


def _groups(
    base: TableQuery, by: Sequence[Column], measures: Sequence[Measure], period: Period | None = None, **more: Any
) -> TableQuery:
    """Measures for each group, in the order of time, else the largest first."""
    order = {"descending": None if period else True, **more}
    return replace(base, shape="groups", by=tuple(by), period=period, measures=tuple(measures), **order)


def is_naming(column: Column) -> bool:
    """Whether a column may say who or what a row is."""
    return column.role == "text" and bool(
        parts(column.name) & (PEOPLE | {"name", "guest", "owner", "author", "director"})
    )


def usual(column: Column) -> Function:
    """How values are brought together where nobody says it: what one sells in a month is added up, its price is not."""
    return "sum" if parts(column.name) & ADDITIVE or counted_by(column) else "mean"


def _may_be_added_up(column: Column) -> bool:
    """Whether both the sum and the mean of a month may be meant: nothing says that it is an amount, or that it is none."""
    return is_number(column) and usual(column) == "mean" and not parts(column.name) & NOT_ADDITIVE


def query_of(found: Parts) -> TableQuery | None:
    """The query that the parts of a question make; None if they do not fit."""
    query = _query_of(found)
    if (
        query is not None
        and found.is_difference
        and query.shape == "groups"
        and not query.period
        and len(query.by) == 1
    ):
        query = _difference(query)
    query = _of_elements(query) if query is not None and _uses_all_heard(found, query) else None
    return replace(query, wants_code=found.wants_code) if query is not None else None


def is_of_time(column: Column) -> bool:
    """Whether a column says when, by its type or its name."""
    return kind_of(column) == "time" or bool(parts(column.name) & PERIODS)


def _uses_all_heard(found: Parts, query: TableQuery) -> bool:
    """Whether all columns and measures that were heard are in the query, and it can be met."""
    fixed = [(each.column, each.operator) for each in query.conditions if each.operator in ("==", "month", "weekday")]
    if len(set(fixed)) < len(fixed):
        return False  # ``Oslo to Rome`` of one column, ``mean on Mondays and mean on Sundays``
    if found.is_change and not query.period and not any(map(is_of_time, (*query.by, *query.order))):
        return False  # ``how did sales change by city`` has no before and after
    heard = {*found.columns, *found.groups.by, *(condition.column for condition in found.conditions)}
    used = {*query.used(), *([query.time] if query.time is not None else [])}
    return heard <= used and set(found.measures) <= set(query.measures)


def _of_elements(query: TableQuery) -> TableQuery | None:
    """Of a column of lists, what is grouped and counted are their elements, in a row each."""
    lists = {column for column in query.used() if is_list(column)}
    counted = {measure.column for measure in query.measures if measure.function in ("nunique", "mode")}
    grouped = lists & {*query.by, *counted, *(query.columns if query.shape == "values" else ())}
    compared = {each.column for each in query.conditions if each.operator not in ("missing", "present")}
    if lists & compared or len(grouped) > 1 or (grouped and is_lazy(query.table.variable)):
        return None
    if not grouped:
        return query
    (column,) = grouped
    element = replace(column, facts={"dtype": "object", "elements": True})
    return replace(
        query,
        by=tuple(element if each == column else each for each in query.by),
        measures=tuple(replace(each, column=element) if each.column == column else each for each in query.measures),
        columns=tuple(element if each == column else each for each in query.columns),
        notes=(*query.notes, f"each element of {name(column.name)} counts as a row"),
    )


def _difference(query: TableQuery) -> TableQuery | None:
    """One group's number less the other's, where there are two groups; else each group's."""
    column = query.by[0]
    two = next((condition for condition in query.conditions if condition.column == column), None)
    values = two.values if two is not None and two.operator == "isin" else ()
    if two is None and kind_of(column) == "truth":
        values = (True, False)
    if len(query.measures) != 1 or len(values) != 2:
        return query
    rest = tuple(condition for condition in query.conditions if condition is not two)
    pair = tuple(Condition(column, "==", (value,)) for value in values)
    return replace(query, shape="difference", by=(), conditions=rest, pair=pair, descending=None)


def _paired(found: Parts, base: TableQuery) -> TableQuery | None:
    """``by how much is A higher than B``: one number for each of two conditions."""
    measures = found.measures
    if not measures and len(found.functions) < 2 and found.columns == found.numbers and len(found.numbers) == 1:
        column = found.numbers[0]
        function = found.functions[0] if found.functions else usual(column)
        measures = measures_of(function, column) if can_measure(function, column) else ()
    elif not measures and not found.columns and not found.functions:
        measures = () if values_are_unique(found.pair[0].column, found.table) else _COUNT  # of one row each
    if len(measures) != 1 or found.groups != Group() or set("ZSstdgcOnuN%") & set(found.kinds) or found.periods:
        return None
    return replace(base, shape="difference", measures=measures, pair=found.pair)


def _query_of(found: Parts) -> TableQuery | None:
    if (found.has("x") and not (found.has("W") and found.superlatives)) or found.turned == "turn":
        return None
    operators = [condition.operator for condition in found.conditions]
    if "unmatched" in operators and _OF_TIME & set(operators):
        return None  # ``no orders in 2024`` may have some in 2023
    base = TableQuery(
        found.table,
        "rows",
        found.conditions,
        time=found.table.time,
        limit=found.limit,
        nth=found.nth,
        notes=found.notes,
    )
    if found.shown:
        rest = replace(found, shown=(), kinds=found.kinds.replace("_", "") + "R")
        picked = _query_of(rest) if found.superlatives or found.extremes else None
        is_row = picked is not None and picked.shape == "pick"
        return replace(picked, columns=(*picked.columns, *found.shown)) if picked is not None and is_row else None
    if found.pair:
        return _paired(found, base)
    if found.having is not None:
        return _having(found, base)
    if found.has("c"):
        return _correlation(found, base)
    if found.has("m") and not found.has("O"):
        return None
    if found.has("O"):
        return _outliers(found, base)
    if found.has("g") or _are_crossed(found):
        return _pivot(found, base)
    if found.has("%"):
        return _share(found, base)
    if found.has("#"):
        is_alone = all(map(is_of_time, found.columns)) and not set("FMZSsdu%EUWwtnNGP$") & set(found.kinds)
        is_clear = not any(is_number(each.column) and usual(each.column) == "sum" for each in found.conditions)
        counted = _groups(base, (), _COUNT, found.periods[0], having=(">", 0), outer="count")
        return replace(counted, descending=None) if is_alone and is_clear else None
    if found.is_within and (query := _within(found)) is not None:
        return query
    if found.superlatives or found.extremes:
        return _extreme(found, base)
    if found.has("s") or found.orders or (found.turned and not found.measures):
        return _sorted(found, base)
    if found.place:
        return _placed(found, base)
    if found.measures:
        return _measured(found, base)
    if found.functions and not (found.has("H") and found.functions == ("sum",)):
        return _one_function(found, base)
    if found.has("H") or found.has("U"):
        return _counted(found, base)
    return _listed(found, base)


def _within(found: Parts) -> TableQuery | None:
    """``best rated film per genre``, ``top 2 products in each region``: the most within each group."""
    ranks = tuple(column for column in found.groups.by if is_number(column))
    within = tuple(column for column in found.groups.by if column not in ranks)
    is_ranked = found.superlatives or found.extremes or found.place
    has_rows = found.has("R") or found.has("T") or found.keys or found.place
    if found.place and not (found.numbers or found.measures or ranks):
        return None  # ``top product in each region`` does not say by what
    if not within or not is_ranked or not has_rows or found.groups.period or found.nth:
        return None
    inner = _query_of(replace(found, groups=Group(ranks), is_within=False))
    limit = found.limit or (3 if found.place and found.is_plural else 1)
    if inner is None or inner.period or len(inner.order) > 1:
        return None
    if inner.shape == "groups" and inner.limit and not set(inner.by) & set(within):
        return replace(inner, by=(*within, *inner.by), within=within, limit=limit)
    order = inner.order or ((inner.time,) if inner.time is not None and inner.shape == "rows" and inner.limit else ())
    if inner.shape not in ("pick", "rows") or not order:
        return None
    directions = (*(False for _ in within), bool(inner.descending))
    return replace(inner, shape="rows", order=(*within, *order), directions=directions, within=within, limit=limit)


def _having(found: Parts, base: TableQuery) -> TableQuery | None:
    """``regions with more than 60 orders``."""
    keys = (*found.keys, *(column for column in found.groups.by if column not in found.keys))
    numbers = tuple(column for column in found.columns if column not in keys)
    if len(keys) != 1 or numbers or set("FMZStdsn%UEuW") & set(found.kinds) or found.groups.period or found.periods:
        return None
    counted = _groups(base, keys, _COUNT, having=found.having)
    return replace(counted, outer="count", descending=None) if found.has("H") else counted


def _outliers(found: Parts, base: TableQuery) -> TableQuery | None:
    if len(found.columns) > 1 or found.columns != found.numbers or set("FMZStdsn%UEuWGwb") & set(found.kinds):
        return None
    named = {method for method in found.methods if isinstance(method, str)}
    numbers = [method for method in found.methods if isinstance(method, float)]
    if len(numbers) > 1 or "threshold" in named or ("iqr" in named and (numbers not in ([], [1.5]) or "z" in named)):
        return None
    is_by_deviations = "iqr" not in named and (numbers or named)
    return replace(
        base, shape="outliers", columns=found.columns, deviations=(numbers or [3.0])[0] if is_by_deviations else None
    )


def _correlation(found: Parts, base: TableQuery) -> TableQuery | None:
    columns = found.columns + found.groups.by
    if not columns and not set("FMZSHU%usdtWwnb") & set(found.kinds) and len(found.table.of_role("number")) > 1:
        return replace(base, shape="matrix")
    usable = all(kind_of(column) in ("number", "truth") for column in columns)
    is_against_all = len(columns) == 1 and usable and set(found.superlatives) <= {"large", "strong"}
    if is_against_all and not found.measures and not found.extremes and not set("FHUdt%usN") & set(found.kinds):
        return replace(base, shape="matrix", columns=columns, limit=1 if found.superlatives else None)
    if len(columns) != 2 or not usable or found.measures or found.extremes or found.superlatives:
        return None
    return replace(base, shape="correlation", columns=columns)


def _are_crossed(found: Parts) -> bool:
    """``role against stage``: two columns of keys set against each other."""
    are_keys = len(found.keys) == 2 and all(values_repeat(column, found.table) for column in found.keys)
    return (
        are_keys and found.columns == found.keys and found.has("E") and not found.is_difference and not found.is_change
    )


def _pivot(found: Parts, base: TableQuery) -> TableQuery | None:
    keys = (*found.keys, *(column for column in found.groups.by if column not in found.keys))
    keys = keys[::-1] if found.is_across else keys
    measures = found.measures or tuple(Measure(usual(column), column) for column in found.numbers)
    period = found.groups.period
    if len(keys) + bool(period) != 2 or len(measures) > 1 or found.superlatives or found.extremes:
        return None
    if found.functions or set("uUW") & set(found.kinds):
        return None  # a function of nothing
    return replace(base, shape="pivot", by=keys, period=period, measures=measures or _COUNT)


def _share(found: Parts, base: TableQuery) -> TableQuery | None:
    is_ranked = found.superlatives or found.extremes or found.periods
    if is_ranked or any(measure.function != "sum" for measure in found.measures):
        return None
    summed = tuple(measure.column for measure in found.measures) or found.numbers
    keys = found.groups.by or tuple(column for column in found.keys if values_repeat(column, found.table))
    measures = (Measure("sum", summed[0]),) if summed else _COUNT
    if len(summed) > 1 or (found.groups.by and found.keys) or (summed and found.has("R")):
        return None
    is_grouped = bool(found.groups.by or found.groups.period)
    narrowing = [condition for condition in found.conditions if condition.operator not in _OF_TIME]
    if is_grouped and not summed and narrowing:
        rest = tuple(condition for condition in found.conditions if condition is not narrowing[0])
        if len(narrowing) > 1 or found.keys:
            return None
        return _groups(base, found.groups.by, _COUNT, found.groups.period, conditions=rest, part=narrowing[0])
    if keys or found.groups.period is not None:
        return _groups(base, keys, measures, found.groups.period, descending=True, shared=True)
    if summed:
        return replace(base, shape="share", measures=measures) if len(found.conditions) == 1 else None
    part = _part(found, narrowing)
    rest = tuple(condition for condition in found.conditions if condition is not part)
    return replace(base, shape="share", measures=measures, conditions=rest, part=part) if part is not None else None


def _part(found: Parts, narrowing: Sequence[Condition]) -> Condition | None:
    """The condition of which the share is asked for; the others say of which rows: ``what percent of loans in Oslo are late``."""
    if len(found.conditions) == 1 or re.search("=I?K$", found.kinds):
        return next(reversed(found.conditions), None)
    first, last = narrowing[:1], narrowing[-1:]
    if re.search("%IKK$", found.kinds) and [_is_yes_or_no(each.column) for each in (*first, *last)] == [False, True]:
        return last[0]  # ``share of men insured``
    return narrowing[0] if len(narrowing) == 1 else None


def _is_yes_or_no(column: Column) -> bool:
    return kind_of(column) == "truth" or is_flag(column)


def _numbers_called(period: Period, table: Table) -> tuple[Column, ...]:
    """The columns of numbers that are called like a period: ``year``."""
    return tuple(column for column in table.of_role("number") if parts(column.name) == {period})


def _key(found: Parts) -> tuple[tuple[Column, ...], Period | None] | None:
    """Of what the most is asked for: groups of a column or a period."""
    if found.groups.by or found.groups.period:
        return (found.groups.by, found.groups.period) if not found.keys and not found.periods else None
    if found.periods:
        if named := _numbers_called(found.periods[0], found.table):
            return named[:1], None
        return ((), found.periods[0]) if found.table.time is not None else None
    return found.keys[:1], None


def _extreme(found: Parts, base: TableQuery) -> TableQuery | None:
    """The highest value, the row that has it, or the group that has most."""
    adjective = found.superlatives[0] if found.superlatives else ""
    ranked = tuple(column for column in found.groups.by if is_number(column) or kind_of(column) == "duration")
    is_ranked = bool(adjective) and not found.numbers and len(ranked) == 1 and found.groups == Group(ranked)
    key = _key(replace(found, groups=Group()) if is_ranked else found)
    if key is None or len(found.keys) > 1 or found.turned or found.has("s") or found.has("u"):
        return None
    by, period = key
    numbers = [column for column in found.numbers if column not in by]
    if found.measures:
        return (
            _extreme_group(found, base, key, found.measures, adjective)
            if len(found.measures) == 1 and not numbers
            else None
        )
    if found.functions or (found.has("H") and found.extremes):
        return None
    if is_ranked:
        numbers = list(ranked)  # ``smallest country by people``
    if found.extremes:
        extreme = found.extremes[0]
    elif numbers:
        sign = direction(adjective, numbers[0])
        if len(numbers) > 1 or not sign:
            return None
        extreme = Extreme(numbers[0], sign > 0)
    else:
        hinted, is_of_rows = extreme_of(adjective, found.table), found.has("R") or found.has("T")
        if is_counting(adjective) or (hinted is None and (is_of_rows or found.has("H")) and (by or period)):
            return _extreme_group(found, base, key, _COUNT, adjective) if by or period else None
        hinted = hinted or (_biggest(found, adjective) if is_of_rows else None)
        if hinted is None:
            return None
        extreme = hinted
    if numbers and found.extremes:
        return _picked(found, base, extreme, tuple(numbers)) if not found.groups.by else None
    column, is_of_numbers = extreme.column, is_number(extreme.column)
    measure = (Measure("max" if extreme.descending else "min", column),)
    if (found.groups.by and not is_ranked) or found.groups.period:
        is_each = found.extremes and not found.has("w")
        return _groups(base, by, measure, period, descending=None, limit=None) if is_each else None
    first: dict[str, Any] = {"descending": extreme.descending, "limit": found.limit or 1, "nth": found.nth}
    is_summed = is_of_numbers and usual(column) == "sum"
    is_grouped = bool(by) and not values_are_unique(by[0], found.table)
    if is_grouped and not period and found.extremes and is_of_numbers and not is_summed:
        return _groups(base, by, measure, **first)
    if period is not None or (is_grouped and (is_summed or (adjective and not found.extremes and not numbers))):
        return _groups(base, by, (Measure(usual(column), column),), period, **first) if is_of_numbers else None
    is_row = by or any(found.has(kind) for kind in "wWRT") or found.nth or found.limit
    if found.extremes and not is_row:
        return replace(base, shape="measures", measures=measure)
    return _picked(found, base, extreme, by)


def _picked(found: Parts, base: TableQuery, extreme: Extreme, shown: tuple[Column, ...]) -> TableQuery:
    moment = (found.table.time,) if found.has("W") and found.table.time is not None else ()
    return replace(
        base,
        shape="pick",
        columns=tuple(dict.fromkeys((*shown, *moment))),
        order=(extreme.column,),
        descending=extreme.descending,
    )


def _biggest(found: Parts, adjective: str) -> Extreme | None:
    """``biggest order``: by the column that makes a row big."""
    for word in AMOUNTS:
        for column in found.table.columns:
            if word in parts(column.name) and is_number(column) and (sign := direction(adjective, column)):
                return Extreme(column, sign > 0)
    return None


def _extreme_group(
    found: Parts,
    base: TableQuery,
    key: tuple[tuple[Column, ...], Period | None],
    measures: tuple[Measure, ...],
    adjective: str,
) -> TableQuery | None:
    by, period = key
    column = measures[0].column
    if adjective and column is not None and measures[0].function != "count":
        sign = direction(adjective, column)
    else:
        sign = -1 if adjective.startswith("-") else 1
        sign = -sign if adjective.lstrip("-") in ("small", "low", "rare", "tiny") else sign
    if not (by or period) or not sign:
        return None
    return _groups(base, by, measures, period, descending=sign > 0, limit=found.limit or 1)


def _sorted(found: Parts, base: TableQuery) -> TableQuery | None:
    order = found.groups.by + found.columns
    if found.orders:
        directions = tuple(descending for _, descending in found.orders)
        columns = tuple(column for column, _ in found.orders)
        return replace(base, order=columns, descending=directions[0], directions=directions) if not order else None
    if not order or found.groups.period or found.periods or found.functions or found.has("H") or found.has("u"):
        return None
    if found.measures:  # ``sort towns by mean price``
        descending = descends(found.turned or "down", found.measures[0].column or order[0])
        is_grouped = len(found.measures) == 1 and not any(map(is_number, order))
        return (
            _groups(base, order, found.measures, descending=descending)
            if is_grouped and descending is not None
            else None
        )
    descending = descends(found.turned, order[0])
    if descending is None or (descending and len(order) > 1):
        return None  # descending may be the last one alone
    return replace(base, order=order, descending=descending)


def descends(turned: str, column: Column) -> bool | None:
    """Whether an order begins with the most; None where an adjective does not speak of the column."""
    if turned in ("", "up", "down"):
        return turned == "down"
    sign = direction(turned, column)
    return sign > 0 if sign else None


def _placed(found: Parts, base: TableQuery) -> TableQuery | None:
    """``top 3 customers by revenue``, ``first 3 rows``, ``last event``."""
    limit = found.limit or (5 if found.place in ("top", "bottom") or found.is_plural else 1)
    if found.has("W"):
        time, is_alone = found.table.time, not set("FMZSdsHuGPU") & set(found.kinds) and not found.columns
        is_end = found.place in ("first", "last") and found.limit is None
        if time is None or not is_alone or not is_end:
            return None
        return replace(base, shape="pick", order=(time,), descending=found.place == "last", columns=(time,))
    down = found.place in ("top", "last")
    if (found.periods and found.place not in ("top", "bottom")) or found.has("u") or found.has("H"):
        return None
    if found.place in ("top", "bottom"):
        ranks = tuple(column for column in found.groups.by if is_number(column) or kind_of(column) == "duration")
        groups = tuple(column for column in found.groups.by if column not in ranks)
        if found.keys and (groups or found.groups.period):
            return None  # ``top product in each region``
        keys = found.keys or groups
        measures = found.measures or tuple(Measure(usual(column), column) for column in ranks or found.numbers)
        if len(keys) > 1 or len(measures) > 1:
            return None
        if found.periods:
            key = _key(replace(found, groups=Group(), columns=()))
            by, period = key or ((), None)
            is_key = key is not None and not keys
            return _groups(base, by, measures or _COUNT, period, descending=down, limit=limit) if is_key else None
        if keys and (not values_are_unique(keys[0], found.table) or found.measures):
            return _groups(base, keys, measures or _COUNT, descending=down, limit=limit)
        if not measures or found.measures:
            return None
        assert measures[0].column is not None
        return replace(base, order=(measures[0].column,), descending=down, limit=limit)
    if found.measures or found.groups != Group() or found.functions or not (found.has("R") or found.has("T")):
        return None
    if not found.columns and not found.conditions and not found.table.expression and found.is_general:
        return None  # the first rows are known by inspection
    return replace(base, columns=found.columns, limit=limit, descending=down)


def _measured(found: Parts, base: TableQuery) -> TableQuery | None:
    if found.columns or found.periods or found.has("u") or (found.functions and found.functions != ("mean",)):
        return None
    if (found.groups.by or found.groups.period) and any(measure.function == "quantile" for measure in found.measures):
        return None
    if found.turned and not (found.groups.by or found.groups.period):
        return None
    if found.has("H") and any(each.column and kind_of(each.column) == "time" for each in found.measures):
        return None  # ``how many orders on the last day``
    measures = found.measures
    by, period = _compared_groups(found)
    if (found.is_difference and len(measures) > 1) or (found.has("E") and not by and not period and len(measures) < 2):
        return None
    if (by or period) and found.has("H") and any(measure.function == "mean" for measure in measures):
        return None  # ``how many a day on average`` is a mean of sums
    if not by and not period:
        return replace(base, shape="measures", measures=measures)
    descending = descends(found.turned, measures[0].column or base.table.columns[0]) if found.turned else True
    if not found.functions:
        return _groups(base, by, measures, period, descending=None if period else descending)
    if measures[0].function == "mean":
        return _groups(base, by, measures, period, descending=None)
    is_one = len(measures) == 1 and not found.turned and len(by) + bool(period) == 1
    return _groups(base, by, measures, period, descending=None, outer="mean") if is_one else None


def sides(found: Parts) -> tuple[Column, ...]:
    """The column of which two values stand side by side, so that they are two groups."""
    if found.is_either and not set("wEaS=") & set(found.kinds):
        return ()  # men or women together are one group
    found_sides = tuple(
        condition.column
        for condition in found.conditions
        if condition.operator == "isin" and len({key(str(value).strip()) for value in condition.values}) > 1
    )
    return found_sides if len(found_sides) == 1 else ()


def _compared_groups(found: Parts) -> tuple[tuple[Column, ...], Period | None]:
    """The groups; two values side by side are two groups."""
    by, period = found.groups.by, found.groups.period
    if not by and not period and ("E" in found.kinds or not found.has("H")):
        by = sides(found)
    return by, period


def _one_function(found: Parts, base: TableQuery) -> TableQuery | None:
    """``is LH later than AF on average``: the function stands apart from its column."""
    if found.has("H") and (found.groups.by or found.groups.period):
        counted = _counted(replace(found, functions=()), base) if found.functions == ("mean",) else None
        return replace(counted, outer="mean", descending=None) if counted is not None else None
    if found.functions == ("span",) and not found.columns and not found.groups.by and found.table.time is not None:
        return _measured(replace(found, functions=(), measures=measures_of("span", found.table.time)), base)
    if len(found.functions) != 1:
        return None
    function, columns = found.functions[0], found.columns
    if not columns and found.groups != Group():
        columns = tuple(
            column
            for column in numbers_of(found.table)[:8]
            if column not in found.groups.by and can_measure(function, column)
        )
    elif len(columns) != 1 or columns != found.numbers or not can_measure(function, columns[0]):
        return None
    measures = tuple(measure for column in columns for measure in measures_of(function, column))
    return _measured(replace(found, columns=(), functions=(), measures=measures), base) if measures else None


def _counted(found: Parts, base: TableQuery) -> TableQuery | None:
    by, period = found.groups.by, found.groups.period
    if found.periods:
        return None
    if found.has("U"):
        hinted = extreme_of(found.asked, found.table) if found.asked and not found.columns else None
        if hinted is not None and is_number(hinted.column) and _is_one_row(found):
            return replace(base, columns=(hinted.column,))  # ``how long is Iron Valley``
        if len(found.numbers) == 1 and found.columns == found.numbers:
            return _listed(found, base)
        return None
    if len(found.columns) > 1:
        return None
    if "E" in found.kinds or any(condition.operator == "isin" for condition in found.conditions):
        by = by or (_compared_groups(replace(found, kinds="E"))[0] if "E" in found.kinds else ())
    measure = _COUNT[0]
    if found.columns and kind_of(found.columns[0]) == "time" and period:
        return _counted(replace(found, columns=()), replace(base, time=found.columns[0]))  # ``hired per year``
    if found.columns:
        column = found.columns[0]
        if found.is_each and not by and not period and not found.has("u") and kind_of(column) != "time":
            by = (column,)
        elif found.has("u") or (kind_of(column) == "text" and not by and not period and not found.has("R")):
            measure = Measure("nunique", column)
        elif kind_of(column) in ("text", "truth") and not by and not period:
            by = (column,)
        elif is_number(column) and usual(column) == "sum" and not found.has("R"):
            measure = Measure("sum", column)
        elif is_number(column) and _is_one_row(found):
            return replace(base, columns=(column,))  # ``how many points has Villa``
        elif not values_are_unique(column, found.table) or found.has("R") or "id" not in parts(column.name):
            return None
    elif found.has("u") or not (found.has("R") or found.has("T") or found.conditions or by or period):
        return None
    if by or period:
        return _groups(base, by, (measure,), period)
    return replace(base, shape="count" if measure.function == "count" else "measures", measures=(measure,))


def _is_one_row(found: Parts) -> bool:
    """Whether the conditions name one row."""
    return bool(found.conditions) and any(
        condition.operator == "=="
        and (values_are_unique(condition.column, found.table) or bool(condition.column.facts.get("level")))
        for condition in found.conditions
    )


def _is_of_group(condition: Condition, columns: Sequence[Column], table: Table) -> bool:
    """Whether what is compared may be a sum: ``days with more than 500 passengers``."""
    is_compared = condition.operator in (">", ">=", "<", "<=") and is_number(condition.column)
    return (
        is_compared
        and usual(condition.column) == "sum"
        and len(columns) == 1
        and kind_of(columns[0]) in ("text", "time")
        and not values_are_unique(columns[0], table)
    )


def _listed(found: Parts, base: TableQuery) -> TableQuery | None:
    """Groups without a function, values, parts of rows, rows."""
    by, period = _compared_groups(found)
    columns = found.columns
    if found.has("W"):
        times = tuple(column for column in columns if kind_of(column) == "time") or (
            (found.table.time,) if found.table.time is not None else ()
        )
        return replace(base, columns=times) if times and found.conditions and not by and not period else None
    if found.periods:
        if not found.has("w") or not all(kind_of(column) == "time" for column in columns) or by or period:
            return None
        named = _numbers_called(found.periods[0], found.table)
        if named:
            return replace(base, shape="values", columns=named[:1]) if not columns else None
        time = columns[0] if columns else found.table.time
        are_rows = not any(each.operator in (">", ">=", "<", "<=", "between") for each in found.conditions)
        is_of_days = time is not None and found.periods[0] != "hour" and are_rows  # else it may be a sum
        return _groups(replace(base, time=time), (), _COUNT, found.periods[0], having=(">", 0)) if is_of_days else None
    if by or period:
        if found.has("w") or found.has("u"):
            return None
        numbers = found.numbers
        sides = _compared_groups(replace(found, groups=Group()))[0]
        if sides and by and not numbers and not period and all(is_number(column) for column in by):
            by, numbers = sides, by  # ``compare Oslo and Rome by price``
        is_of_keys = found.keys and not numbers and not period
        if is_of_keys and len(by) == 1 and is_number(by[0]) and "E" in found.kinds:
            return _groups(base, found.keys, (Measure(usual(by[0]), by[0]),))  # ``compare cities by revenue``
        if is_of_keys and len(found.keys) + len(by) == 2:
            return _groups(base, (*found.keys, *by), _COUNT, descending=None)
        if columns and all(kind_of(column) == "time" for column in columns):
            return _groups(replace(base, time=columns[0]), by, _COUNT, period)  # ``hires per year``
        if found.keys or (columns and len(columns) != len(numbers)):
            return None
        if not numbers and not found.groups.by and not period and not found.has("H"):
            numbers = numbers_of(found.table)[:8]
        if not numbers and not (found.has("R") or found.has("T")) and not found.conditions:
            return None
        measures = tuple(Measure(usual(column) if is_number(column) else "mean", column) for column in numbers)
        if period and len(numbers) == 1 and not found.is_drawn and _may_be_added_up(numbers[0]):
            measures = (Measure("sum", numbers[0]), Measure("mean", numbers[0]))
        if by and all(is_number(column) and not parts(column.name) & PERIODS for column in by) and not numbers:
            return None
        return _groups(base, by, measures or _COUNT, period, descending=None if period or len(measures) > 1 else True)
    is_narrowed = "wuC" in found.kinds or found.conditions or (columns and columns[0].facts.get("level"))
    if ("wC" in found.kinds or "uC" in found.kinds) and len(columns) == 1 and not found.has("R") and is_narrowed:
        return (
            replace(base, shape="values", columns=columns)
            if kind_of(columns[0]) in ("text", "truth", "number")
            else None
        )
    if columns and found.conditions:
        is_dated = any(kind_of(each.column) == "time" or "year" in parts(each.column.name) for each in found.conditions)
        who = [column for column in found.table.columns if found.is_who and is_naming(column)]
        if (is_dated or who) and all(kind_of(column) == "time" for column in columns):
            return replace(base, columns=tuple(who[:1]))  # ``films released in 2019``, ``who ordered ink``
        if any(_is_of_group(condition, columns, found.table) for condition in found.conditions):
            return None
        is_lookup = _is_one_row(found)
        if (
            len(columns) == 1
            and is_number(columns[0])
            and usual(columns[0]) == "sum"
            and not is_lookup
            and not found.has("w")
        ):
            return replace(base, shape="measures", measures=(Measure("sum", columns[0]),))
        return replace(base, columns=columns)
    if columns or found.has("u") or found.has("W"):
        return None
    if (
        len(found.conditions) == 1
        and found.conditions[0].operator in ("contains", "startswith", "endswith")
        and not any(found.has(kind) for kind in "RTovr")
    ):
        return replace(base, shape="values", columns=(found.conditions[0].column,))
    if all(
        condition.operator in ("missing", "present") and kind_of(condition.column) != "numeral"
        for condition in found.conditions
    ) and not any(found.has(kind) for kind in "RTowvr"):
        return None
    are_rows = len(found.conditions) > 1 or any(found.has(kind) for kind in "RTowv")  # ``norwegian women``
    if found.conditions and (
        are_rows or any(condition.operator not in ("==", "isin") for condition in found.conditions)
    ):
        return base
    return None
