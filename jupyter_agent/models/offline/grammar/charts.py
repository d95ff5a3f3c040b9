"""Pictures that a question asks for: what is drawn of which columns; what has no place in the picture is not understood."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from jupyter_agent.models.offline.grammar.assembly import Parts, query_of, sides
from jupyter_agent.models.offline.grammar.combinators import Group
from jupyter_agent.models.offline.grammar.query import Chart, TableQuery
from jupyter_agent.models.offline.grammar.tables import PERIODS, is_number, kind_of, values_are_unique
from jupyter_agent.models.offline.namespace import Column, whole
from jupyter_agent.models.offline.query import Measure
from jupyter_agent.models.offline.words import parts

#: Spans with a part in a picture of groups alone.
_OF_GROUPS = frozenset("FMZSHU%usdtWwngNc")
_BARS = ("bar", "barh", "pie")
#: As what a picture may be drawn.
_LOOKS = {"matrix": ("heatmap",), "pair": ("line", "scatter", "area"), "each": _BARS}
#: Bars that one picture can hold.
MOST_BARS = 40


def drawn(found: Parts) -> TableQuery | None:
    """The query of a picture; None if its parts do not fit."""
    chart = found.chart
    assert chart is not None
    base = TableQuery(
        found.table, "pair", found.conditions, time=found.table.time, notes=found.notes, chart=chart, limit=found.limit
    )
    by, period = found.groups.by or sides(found), found.groups.period
    found = replace(found, groups=Group(by, period))
    if chart.kind == "heatmap" or found.has("c"):
        return _related(found, base)
    if found.has("."):
        return _of_each_row(found, base)
    if not _OF_GROUPS & set(found.kinds) and not period and not found.periods:
        if chart.kind in ("hist", "box"):
            return _distributed(found, base)
        query = _plain(found, base)
        if query is not None:
            return query
    if chart.kind in ("hist", "box", "scatter") or found.has("d") or chart.bins is not None:
        return None
    query = query_of(replace(found, chart=None, kinds=found.kinds.replace("k", "v")))
    return as_chart(query, chart) if query is not None and query.shape in ("groups", "rows") else None


def as_chart(query: TableQuery, chart: Chart) -> TableQuery | None:
    """The picture of what a query shows; None if there is none."""
    keys = len(query.by) + bool(query.period)
    number = next((measure.column for measure in query.measures if measure.column is not None), None)
    match query.shape:
        case "groups" if query.limit != 1 and query.nth is None and keys <= 2:
            is_wide = keys == 2 or len(query.measures) > 1
            is_single = query.table.library != "pandas" or chart.kind == "pie"
            if chart.kind in ("hist", "box", "scatter", "heatmap") or (is_wide and is_single):
                return None
            descending = None if query.period or len(query.by) > 1 else query.descending
            return replace(query, chart=chart, descending=descending)
        case "rows" if query.order and query.limit and chart.kind in ("any", *_BARS):
            return replace(query, shape="each", columns=query.order[:1], chart=chart)
        case "correlation" if chart.kind in ("any", "scatter"):
            return replace(query, shape="pair", chart=replace(chart, kind="scatter"))
        case "matrix" | "pair" | "each" if chart.kind in ("any", *_LOOKS[query.shape]):
            return replace(query, chart=chart)
        case "distribution" if chart.kind in ("any", "hist", "box"):
            kind = query.chart.kind if chart.kind == "any" and query.chart is not None else chart.kind
            return replace(query, chart=replace(chart, kind=kind))
        case "measures" | "topic" | "distribution":
            columns = query.columns or ((number,) if number is not None else ())
            base = replace(query, shape="pair", chart=chart, measures=(), columns=())
            return _single(base, columns[0], chart) if len(columns) == 1 else None
    return None


def _plain(found: Parts, base: TableQuery) -> TableQuery | None:
    """Columns by themselves: against each other, along the time, each as it is; None for groups."""
    chart, by = found.chart, found.groups.by
    assert chart is not None
    columns = (*found.columns, *by)
    can_run = all(is_number(column) or kind_of(column) in ("time", "duration") for column in columns)
    if chart.kind == "scatter" and len(found.columns) == 2 and len(by) == 1 and kind_of(by[0]) in ("text", "truth"):
        return replace(base, columns=_upright(found.columns, found.has("E")), by=by)
    if not columns and chart.kind == "any" and (found.has("R") or found.has("T") or found.has("x")):
        return _whole(base)
    if len(columns) == 1 and not by:
        return _single(base, columns[0], chart) if not found.has("E") else None  # against what is missing
    if len(columns) < 2 or not can_run or chart.kind not in ("any", "scatter", "line", "area"):
        return None
    times = [column for column in columns if kind_of(column) == "time"]
    if len(columns) == 2 and (found.has("E") or by):
        return replace(base, columns=_upright(columns, True))
    if len(columns) == 2 and chart.kind == "scatter":
        return replace(base, columns=columns)
    time = times[0] if times else base.time
    if time is not None and chart.kind != "scatter" and not by:
        return replace(base, columns=(time, *(column for column in columns if column is not time)))
    return replace(base, columns=columns) if len(columns) == 2 else None


def _upright(columns: tuple[Column, ...], is_turned: bool) -> tuple[Column, ...]:
    """``y against x`` names the upright one first."""
    return columns[::-1] if is_turned else columns


def _whole(base: TableQuery) -> TableQuery | None:
    """A table as it is: its numbers along the time, or how they are distributed."""
    numbers = tuple(column for column in base.table.columns if kind_of(column) == "number")[:8]
    if not numbers:
        return None
    if base.time is not None:
        return replace(base, columns=(base.time, *numbers))
    return replace(base, shape="distribution", columns=numbers)


def _of_each_row(found: Parts, base: TableQuery) -> TableQuery | None:
    """``bar chart of grams for each feeding``: a bar, or a point of a line, for each row."""
    assert found.chart is not None
    is_alone = len(found.columns) == 1 and not found.groups.by and not found.groups.period
    if not is_alone or _OF_GROUPS & set(found.kinds) or found.periods or not is_number(found.columns[0]):
        return None
    if found.chart.kind in ("line", "area"):
        return replace(base, columns=found.columns)
    is_few = (base.table.rows or MOST_BARS + 1) <= MOST_BARS
    return (
        replace(base, shape="each", columns=found.columns) if found.chart.kind in ("any", *_BARS) and is_few else None
    )


def _along(base: TableQuery) -> Column | None:
    """The column of numbers called like a period that orders the rows, where conditions fix what else there is of each."""
    sizes = prod(whole(condition.column.facts.get("unique")) or 1 for condition in base.conditions)
    for column in base.table.of_role("number"):
        unique = whole(column.facts.get("unique")) or 0
        if len(parts(column.name)) == 1 and parts(column.name) & PERIODS and unique > 1:
            is_fixed = all(condition.operator == "==" for condition in base.conditions)
            return column if is_fixed and unique * sizes < 2 * (base.table.rows or 0) <= 2 * unique * sizes else None
    return None


def _single(base: TableQuery, column: Column, chart: Chart) -> TableQuery | None:
    """One column by itself."""
    kind, unique = kind_of(column), whole(column.facts.get("unique"))
    counted = replace(base, shape="groups", by=(column,), measures=(Measure("count"),), descending=True)
    if kind == "time":
        by_month = replace(counted, by=(), period="month", time=column, descending=None)
        return by_month if chart.kind != "scatter" else None
    if chart.kind == "any" and "year" in parts(column.name):
        return None  # of each year, or how many rows there are of it
    if kind in ("text", "truth", "other"):
        return counted if chart.kind in ("any", "hist", *_BARS) else None
    if chart.kind in _BARS:
        if (base.table.rows or MOST_BARS + 1) <= MOST_BARS:
            return replace(base, shape="each", columns=(column,))
        is_few = unique is not None and unique <= MOST_BARS and not values_are_unique(column, base.table)
        return replace(counted, descending=None) if is_few and chart.bins is None else None
    along = _along(base)
    if chart.kind in ("any", "line", "area") and along is not None and along != column:
        return replace(base, columns=(along, column))
    runs = base.time is not None and (bool(base.time.facts.get("level")) or chart.kind in ("line", "area"))
    if chart.kind in ("any", "line", "area") and runs and base.time is not None:
        return replace(base, columns=(base.time, column))
    if chart.kind in ("line", "area"):
        return replace(base, columns=(column,))
    fixed = [condition.column for condition in base.conditions if condition.operator == "=="]
    rows = (base.table.rows or 0) / prod(whole(each.facts.get("unique")) or 1 for each in fixed)
    if fixed and chart.kind == "any" and rows <= MOST_BARS / 2:
        return replace(base, shape="each", columns=(column,))  # too few for a histogram
    return replace(base, shape="distribution", columns=(column,)) if chart.kind != "scatter" else None


def _distributed(found: Parts, base: TableQuery) -> TableQuery | None:
    """A histogram or boxes of columns, or of one column for each group."""
    columns, by = found.columns, found.groups.by
    if not columns and not by:
        return _whole(replace(base, time=None)) if found.has("R") or found.has("T") else None
    if len(columns) == 1 and len(by) == 1 and is_number(by[0]) and not is_number(columns[0]):
        columns, by = by, columns
    if len(columns) == 1 and not by and not is_number(columns[0]):
        return _single(base, columns[0], base.chart or Chart()) if base.chart and base.chart.kind == "hist" else None
    if not columns or not all(is_number(column) for column in columns) or len(by) > (len(columns) == 1):
        return None
    if any(values_are_unique(column, base.table) for column in by):
        return None  # one value has no distribution
    return replace(base, shape="distribution", columns=columns, by=by)


def _related(found: Parts, base: TableQuery) -> TableQuery | None:
    """All correlations, two columns as points, or a value for each pair of two keys in colours."""
    chart = found.chart
    assert chart is not None
    columns = (*found.columns, *found.groups.by)
    if found.has("c"):
        if set("FMZSHU%usdtWwng") & set(found.kinds) or found.groups.period or not all(map(is_number, columns)):
            return None
        if len(columns) == 2 and chart.kind in ("any", "scatter"):
            return replace(base, columns=columns, chart=replace(chart, kind="scatter"))
    elif columns or found.groups.period or found.measures:
        query = query_of(replace(found, chart=None, kinds=found.kinds.replace("k", "v")))
        is_grid = query is not None and query.shape in ("groups", "pivot") and len(query.by) + bool(query.period) == 2
        if query is None or not is_grid or query.table.library != "pandas" or len(query.measures) != 1:
            return None
        return replace(query, shape="groups", chart=chart, descending=None)
    if chart.kind not in ("any", "heatmap") or len(columns) == 1 or len(base.table.of_role("number")) < 2:
        return None
    return replace(base, shape="matrix", columns=columns)
