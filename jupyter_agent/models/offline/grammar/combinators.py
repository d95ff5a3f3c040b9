"""Spans are combined into conditions, groups and measures: each rule is a pattern over the letters of the spans.

Rules are tried in the order in which they stand here, and what no rule takes is not understood.

Letters: T table, R row noun, C column, V value, Q quoted text, N number, n ordinal, D date, Y month, F function, S superlative, A adjective,
a comparative adjective, L comparison, ~ between, ^ part of a text, 0 missing, ! not, & and, / or, I preposition, J since or before, B by, P period,
p adverb of a period, i day of the week, . of each row, H how many, U how much, u different, % share, w which, W when, s sort, t first or last, d direction, X unit, E comparison of
two, c correlation, g pivot, k picture, e how it looks, O outliers, m how they are found, h code, q wise, l another table, y others, o only, x pronoun, v show, r where, = is, z never, + and in short, $ spend, # how many periods, _ shown of a row, too, ? unknown. Made of them: K condition, G group, M measure, Z extreme,
j how many rows a group has, b several orders.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from jupyter_agent.models.offline.grammar.lexicon import AMOUNTS, LEXICON, PERSONS, UNITS, hints, is_bad
from jupyter_agent.models.offline.grammar.sources import KEYS
from jupyter_agent.models.offline.grammar.spans import PEOPLE, Spans, WordSpan, columns_of, data_of, is_flag, kinds_of
from jupyter_agent.models.offline.grammar.tables import is_number, kind_of, values_are_unique
from jupyter_agent.models.offline.markdown import many, name
from jupyter_agent.models.offline.namespace import Column, Table, whole
from jupyter_agent.models.offline.query import Condition, Function, Measure, Operator, Period
from jupyter_agent.models.offline.words import forms, joined, key, parts

_DAY = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Group:
    """Keys of groups."""

    by: tuple[Column, ...] = ()
    period: Period | None = None


@dataclass(frozen=True, slots=True)
class Extreme:
    """The most or the least of a column."""

    column: Column
    descending: bool


_UNITS_OF_TIME = {"hour": "hours", "day": "days"}
#: What times are counted in.
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
#: They say more than that nothing is written there.
_UNKNOWN = frozenset({"unknown", "not known"})
#: Conditions that may be set against each other.
_SIDES = frozenset({"==", "during", "month"})
_TURNED: Mapping[Operator, Operator] = {">": "<", "<": ">"}
#: What columns of places are called where something begins and ends.
_ORIGINS = frozenset({"from", "origin", "source", "start", "departure", "sender"})
_GOALS = frozenset({"to", "destination", "target", "end", "arrival", "receiver"})
_POSSESSIVES = ("its", "their")
_ENDS: Mapping[str, Function] = {
    "first": "min",
    "last": "max",
    "new": "max",
    "old": "min",
    "late": "max",
    "early": "min",
}
#: What a column is called that says what was paid.
_SPENT = frozenset({"amount", "total", "cost", "revenue", "turnover", "spend", "spending", "spent", "paid", "fare"})
#: What columns are called of which the values are people: ``forwards``, ``nurses``.
_OF_PEOPLE = frozenset({"position", "role", "job", "occupation", "profession", "sex", "gender", "rank"})
_NUMBERS = ("number", "numeral", "decimal")
Rule = tuple[re.Pattern[str], Callable[[Spans, Table], "WordSpan | list[WordSpan] | None"]]


def _first(spans: Spans, kinds: str) -> WordSpan | None:
    """The first span of some kinds."""
    return next((span for span in spans if span.kind in kinds), None)


def _column(spans: Spans) -> Column | None:
    """The first column that is named."""
    return next(iter(columns_of(spans)), None)


def is_year(value: object) -> TypeGuard[int]:
    """Whether a number may be a year."""
    return isinstance(value, int) and 1000 <= value <= 2999


def _joined(kind: str, spans: Spans, data: Any) -> WordSpan:
    note = "; ".join(span.note for span in spans if span.note)
    return WordSpan(
        kind,
        " ".join(span.text for span in spans),
        data,
        min((span.surety for span in spans if span.surety), default=0),
        note,
    )


def _condition(spans: Spans, column: Column, operator: Operator, *values: Any) -> WordSpan:
    return _joined("K", spans, Condition(column, operator, values))


def _day_span(spans: Spans, table: Table) -> WordSpan | None:
    """``March 2024``, ``5 March``, ``2024-03-05`` as its first day and the day after its last."""
    texts = {span.kind: span.data for span in spans}
    year: int | None = None
    month, day = texts.get("Y"), texts.get("n")
    if "D" in texts:
        match = _DAY.fullmatch(texts["D"])
        assert match is not None
        year, month, day = int(match[1]), int(match[2]), int(match[3]) if match[3] else None
    number = texts.get("N")
    if number is not None:
        if is_year(number):
            year = number
        elif day is None and isinstance(number, int) and 1 <= number <= 31:
            day = number
        else:
            return None
    if year is None and day is not None:
        year = _only_year(table.time)
    bounds = span_of(year, month, day) if year is not None else None
    return _joined("D", spans, bounds) if bounds is not None else None


def _only_year(time: Column | None) -> int | None:
    """The year of all moments, where they are of one."""
    years = {str(time.facts.get(bound))[:4] for bound in ("min", "max")} if time is not None else set()
    text = years.pop() if len(years) == 1 else ""
    return int(text) if text.isdecimal() else None


def span_of(year: int, month: int | None, day: int | None) -> tuple[str, str] | None:
    """The first day and the day after the last of a year, a month or a day."""
    if month is None:
        return f"{year}-01-01", f"{year + 1}-01-01"
    if not 1 <= month <= 12:
        return None
    days = calendar.monthrange(year, month)[1]
    if day is not None and not 1 <= day <= days:
        return None
    first = f"{year}-{month:02}-{day or 1:02}"
    if day is not None and day < days:
        return first, f"{year}-{month:02}-{day + 1:02}"
    return first, f"{year + month // 12}-{month % 12 + 1:02}-01"


def _operand(column: Column, span: WordSpan) -> Any:
    """A number, a date or a value as what a column is compared with; None if it cannot be."""
    kind = kind_of(column)
    if span.kind == "N":
        return span.data if kind in _NUMBERS else None
    if span.kind == "D":
        return span.data[0] if kind == "time" else None
    if span.kind == "V":
        return next((values for holder, values in span.data if holder == column), None)
    return span.data if kind in ("text", "numeral") else None


def _is_name(span: WordSpan, table: Table) -> bool:
    """Whether a number is what a column is called, too."""
    return any(column.name == span.text for column in table.columns)


def _between(spans: Spans, table: Table) -> WordSpan | None:
    column = spans[0].column or (table.time if spans[-1].kind == "D" else None)
    numbers = [span for span in spans if span.kind in "ND"]
    if column is None and spans[-1].kind == "X":
        column, _ = _hinted([(word, 1) for word in UNITS.get(spans[-1].data, "").split()], table, _NUMBERS)
    if column is None:
        return None
    low, high = (_operand(column, span) for span in numbers)
    if low is None or high is None:
        return None
    if numbers[1].kind == "D":
        return _condition(spans, column, "during", low, numbers[1].data[1])
    return _condition(spans, column, "between", low, high)


def _compared(spans: Spans, table: Table) -> WordSpan | None:
    """``price over 300``, ``over 300 passengers``, ``older than 60``, ``under 15 eur``, ``more than 60 minutes late``."""
    place = next(place for place, span in enumerate(spans) if span.kind in "LaJ")
    operator, adjective = spans[place].data if spans[place].kind == "L" else (spans[place].data, "")
    number = next((span for span in spans[place:] if span.kind in "NDFVQ"), None)
    column = _column(spans)
    note, factor = "", 1
    adjective = adjective or next((span.data for span in spans if span.kind == "A"), "")
    unit = next((span.data for span in spans if span.kind == "X"), "")
    if unit in ("million", "thousand"):
        factor = {"million": 1_000_000, "thousand": 1000}[unit]
    if column is None:
        wanted = [(word, 1) for word in UNITS.get(unit, "").split()] + list(hints(adjective) if adjective else ())
        if not wanted and number is not None and number.kind == "D" and table.time is not None:
            wanted = [("@time", 1)]
        column, sign = _hinted(wanted, table, ("number", "numeral", "decimal", "time", "duration"))
        is_clear = unit == "eur" or not (unit or any("age" in parts(each.name) for each in table.columns))
        if column is None and (not wanted or not adjective) and is_clear:
            column, sign = _hinted([(word, 1) for word in AMOUNTS], table, _NUMBERS)
            note = f"compared is `{column.name}`" if column is not None else ""
        if column is None:
            return None
        is_of_years = bool(parts(column.name) & {"year", "birth", "born", "built", "founded"})
        if is_of_years and number is not None and number.kind == "N" and number.data < 1000:
            return None  # an age is no year
        if sign < 0 and operator in (">", "<"):
            operator = _TURNED[operator]
    if number is None or _is_name(number, table):
        return None
    if spans[0].kind == "L" and number.kind == "N" and "id" in parts(column.name):
        return None  # ``more than one customer`` counts them
    if number.kind == "F":
        if kind_of(column) not in _NUMBERS:
            return None
        return _joined("K", spans, Condition(column, operator, (Measure(number.data, column),)))
    if number.kind == "N" and kind_of(column) == "time" and is_year(number.data):
        number = replace(number, kind="D", data=span_of(number.data, None, None))
    operand = _operand(column, number)
    if kind_of(column) == "duration":
        operand = f"{number.data} {unit}" if unit in _SECONDS and number.kind == "N" else None
    counted = next((_SECONDS[part] for part in sorted(parts(column.name)) if part in _SECONDS), None)
    if unit in _SECONDS and counted is not None and isinstance(operand, (int, float)):
        operand = operand * _SECONDS[unit] / counted  # ``longer than 2 hours`` of minutes
    if number.kind in "VQ" or operand is None:
        return None
    if number.kind == "D" and operator in (">", "<="):
        operand = number.data[1]
        operator = ">=" if operator == ">" else "<"
    if factor > 1:
        top = column.facts.get("max")
        operand = operand if isinstance(top, (int, float)) and top < operand * factor / 100 else operand * factor
    return replace(_condition(spans, column, operator, operand), note=note)


def _of_age(spans: Spans, table: Table) -> list[WordSpan] | None:
    """``members over 50``, ``women under 30``, ``who is over 65``: people are compared by their age."""
    ages = [column for column in table.columns if "age" in parts(column.name) and is_number(column)]
    noun = spans[0]
    are_people = noun.data == "who" or bool((forms(noun.text) | {noun.text.lower()}) & (PEOPLE | PERSONS))
    if noun.kind == "V":
        are_people |= all(parts(column.name) & _OF_PEOPLE for column, _ in noun.data)
    number, comparison = spans[-1], next(span for span in spans if span.kind == "L")
    if len(ages) != 1 or not are_people or comparison.data[1] or not 0 < number.data < 130:
        return None
    return [noun, _condition(spans[1:], ages[0], comparison.data[0], number.data)]


def _equal(spans: Spans, table: Table) -> WordSpan | None:
    """``city is Oslo``, ``Oslo city``, ``year 2020``, ``row 3``."""
    column = _column(spans)
    value = next((span for span in reversed(spans) if span.kind in "NVQDY"), None)
    if column is None or value is None or _is_name(value, table):
        return None
    if value.kind == "Y" and kind_of(column) != "time":
        is_month = "month" in parts(column.name) and kind_of(column) == "number"
        return _condition(spans, column, "==", value.data) if is_month and _first(spans, "!L") is None else None
    if value.kind in "YN" and kind_of(column) == "time":
        return dated([*(span for span in spans if span.kind == "!"), value], table, column)
    if value.kind == "N" and [span.kind for span in spans] == ["C", "I", "N"]:
        return None
    if any(span.kind == "L" and span.data[0] != "!=" for span in spans):
        return None
    operator: Operator = "!=" if _first(spans, "!L") is not None else "=="
    if value.kind == "D":
        is_moment = kind_of(column) == "time" and operator == "=="
        return _condition(spans, column, "during", *value.data) if is_moment else None
    is_whole = column.dtype.lower().startswith(("int", "uint")) and column.position >= 0
    if value.kind == "N" and not is_whole and _first(spans, "=") is None:
        return None
    operand = value.text if value.kind == "N" and kind_of(column) == "numeral" else _operand(column, value)
    if operand is None:
        return None
    if isinstance(operand, tuple):
        if len(operand) > 1:
            operator = "isin" if operator == "==" else "notin"
        return _condition(spans, column, operator, *operand)
    return _condition(spans, column, operator, operand)


def _literal(spans: Spans, _table: Table) -> WordSpan | None:
    """``port is Turku``, though Turku is not among the values that are known; ``ports are busy`` says what they are like."""
    column, text = spans[0].column, spans[-1].text
    is_name = text[:1].isupper() or not text.isalpha() or any(span.text.strip("=") == "" for span in spans)
    if column is None or kind_of(column) != "text" or spans[0].surety < 3 or not is_name:
        return None
    return _condition(spans, column, "==" if _first(spans, "!") is None else "!=", text)


def _contained(spans: Spans, table: Table) -> WordSpan | None:
    columns = columns_of(spans) or tuple(each for each in table.columns if key(each.name) in forms(spans[0].text))
    text = spans[-1]
    if text.data == "contains in":  # ``titles with harbour in them``
        return _condition(spans, columns[0], "contains", spans[-2].text) if columns else None
    if spans[-1].kind == "C" and len(spans) > 3:
        text = spans[1]  # ``with blue in the title``
        if spans[0].kind == "I" and (spans[0].text.lower() != "with" or text.kind not in "Q?"):
            return None
    if not columns or kind_of(columns[0]) not in ("text", "numeral") or text.kind in "KGM":
        return None
    how: Operator = next((span.data for span in spans if span.kind == "^"), "contains")
    return _condition(spans, columns[0], how, text.text)


def _missing(spans: Spans, table: Table) -> WordSpan | None:
    column = _column(spans)
    if column is None:
        return None
    if "refers" in column.facts and not any(
        span.surety == 3 or (span.kind == "0" and span.text.lower() not in _UNKNOWN) for span in spans
    ):  # what is unknown may be a key that is not there
        other, _ = column.facts["refers"]
        missing = many(whole(column.facts.get("missing")) or 0, "row")
        note = f"{name(column.name)} itself is missing in {missing} of {name(table.name)}; else it is in no row of {name(other.name)}"
        made = replace(_condition(spans, column, "unmatched", *column.facts["refers"]), note=note)
        return made if sum(span.kind in "!0" for span in spans) == 1 else None
    is_written = any(span.kind == "0" for span in spans)
    if not is_written and kind_of(column) in ("number", "decimal") and _may_be_zero(column):
        is_zero = spans[0].kind == "!" and (column.facts.get("min"), column.facts.get("missing")) == (0, 0)
        return _condition(spans, column, "==", 0) if is_zero else None  # ``no discount`` is one of 0, or a missing one
    is_negated = sum(span.kind == "!" for span in spans) % 2 == (1 if is_written else 0)
    return _condition(spans, column, "present" if is_negated else "missing")


def _held(spans: Spans, _table: Table) -> list[WordSpan] | None:
    """``with phone and email``, ``has a chip``: where the columns are not missing; not understood where none is, or 0 may be none."""
    word = next(span for span in spans if span.kind in "I=")
    columns = columns_of(spans)
    if word.text.lower() not in ("with", "has", "have", "having", "had") or len(columns) < kinds_of(spans).count("C"):
        return None
    if any(kind_of(column) == "truth" or is_flag(column) for column in columns):
        return None
    are_clear = all(
        column.facts.get("missing")
        and not column.facts.get("refers")
        and not (kind_of(column) in ("number", "decimal") and _may_be_zero(column))
        for column in columns
    )
    if not are_clear:
        return [_joined("?", spans, "")]
    return [_condition(spans, column, "present") for column in columns]


def _may_be_zero(column: Column) -> bool:
    low, high = column.facts.get("min"), column.facts.get("max")
    return not (isinstance(low, (int, float)) and isinstance(high, (int, float))) or low <= 0 <= high


def _truth(spans: Spans, _table: Table) -> WordSpan | None:
    column = spans[-1].column
    if column is None or kind_of(column) != "truth":
        return None
    return _condition(spans, column, "==", spans[0].kind != "!")


def _flagged(spans: Spans, _table: Table) -> list[WordSpan] | None:
    """``how many churned``, ``churners``: where a column of 0 and 1 is 1."""
    column = _column(spans)
    if column is None or not is_flag(column) or (spans[0].kind != "H" and spans[-1].surety != 2):
        return None
    is_not = any(span.kind == "!" for span in spans)
    return [*(span for span in spans if span.kind in "HTR"), _condition(spans[-1:], column, "==", 0 if is_not else 1)]


def _values(spans: Spans, _table: Table) -> WordSpan | None:
    """``agree or strongly agree``: values of one column."""
    listed = [span for span in spans if span.kind == "V"]
    columns = [[column for column, _ in span.data] for span in listed]
    shared = [column for column in columns[0] if all(column in others for others in columns)]
    if not shared:
        return None
    pairs = [pair for span in listed for pair in span.data]
    data = [
        (column, tuple(value for holder, found in pairs if holder == column for value in found)) for column in shared
    ]
    return _joined("V", spans, tuple(data))


def _valued(spans: Spans, table: Table) -> WordSpan | None:
    """A value says which column it is of, if it is of one."""
    held = spans[-1].data
    if len(held) > 1:
        held = tuple((column, values) for column, values in held if values_are_unique(column, table))
    if len(held) != 1:
        return None
    column, values = held[0]
    is_not = spans[0].kind == "!"
    operator: Operator = ("notin" if is_not else "isin") if len(values) > 1 else ("!=" if is_not else "==")
    made = _condition(spans, column, operator, *values)
    others = [name(other.name) for other, _ in spans[-1].data if other != column]
    note = f"{name(spans[-1].text)} is taken as {name(column.name)}; it is in {joined(others)}, too" if others else ""
    return replace(made, note="; ".join(text for text in (made.note, note) if text))


def dated(spans: Spans, table: Table, time: Column | None = None) -> WordSpan | None:
    """``in 2023``, ``since March 2024``, ``in July``."""
    word = _first(spans, "J")
    moment = spans[-1]
    if moment.kind == "N":
        if not is_year(moment.data):
            return None
        years = next((column for column in table.of_role("number") if "year" in parts(column.name)), None)
        if years is not None and time is None:
            return _condition(spans, years, word.data if word is not None else "==", moment.data)
        moment = replace(moment, kind="D", data=span_of(moment.data, None, None))
    time = time or table.time
    if time is None:
        return None
    if moment.kind == "Y" and word is None:
        return _condition(spans, time, "month", moment.data)
    if moment.kind == "Y":
        year = _only_year(time)
        moment = replace(moment, kind="D", data=span_of(year, moment.data, None) if year is not None else None)
        if moment.data is None:
            return None
    begin, end = moment.data
    if word is None:
        is_not = spans[0].kind == "!"
        return None if is_not else _condition(spans, time, "during", begin, end)
    return _condition(spans, time, "<" if word.data == "<" else ">=", end if word.data == ">" else begin)


def _on_weekday(spans: Spans, table: Table) -> WordSpan | None:
    """``on Mondays``, ``every Saturday or Sunday``."""
    days = tuple(sorted({day for span in spans if span.kind == "i" for day in span.data}))
    return _condition(spans, table.time, "weekday", *days) if table.time is not None else None


def _either(spans: Spans, _table: Table) -> WordSpan | None:
    """Two conditions for one column are either of them."""
    first, second = spans[0].data, spans[-1].data
    operators = {first.operator, second.operator}
    if first.column != second.column or not (operators <= {"==", "isin"} or operators == {"month"}):
        return None
    operator: Operator = "month" if operators == {"month"} else "isin"
    return _condition(spans, first.column, operator, *first.values, *second.values)


def _unmatched(spans: Spans, _table: Table) -> WordSpan | None:
    """``never ordered``, ``without orders``: rows to which no row of another table refers."""
    span = _first(spans, "l")
    return (
        _condition(spans, span.data.right, "unmatched", span.data.table, span.data.left) if span is not None else None
    )


def _others(spans: Spans, _table: Table) -> list[WordSpan] | None:
    """``between subscribers and others``: the two groups of a column of truths."""
    condition = next(span for span in spans if span.kind == "K")
    if condition.data.values not in ((True,), (False,)):
        return None
    return [_joined("E", [], "difference"), _joined("G", spans, Group((condition.data.column,)))]


def _grouped(spans: Spans, table: Table) -> WordSpan | None:
    """``by city and month``: keys; ``per order`` of the rows themselves changes nothing."""
    by: list[Column] = []
    period: Period | None = None
    for span in spans:
        if span.kind == "C":
            column = span.column
            if column is None:
                return None
            if kind_of(column) == "time" and period is None:
                is_day = bool(parts(column.name) & {"day", "date"})
                return _joined("G", spans, Group(tuple(by), "day")) if is_day else None
            by.append(column)
        elif span.kind in "Pp":
            named = next((column for column in table.of_role("number") if parts(column.name) == {span.data}), None)
            if named is not None:
                by.append(named)
            else:
                period = span.data
        elif span.kind == "G":
            by.extend(span.data.by)
            period = span.data.period or period
    if period is not None and (table.time is None or (period == "hour" and not _has_hours(table.time))):
        return None
    return _joined("G", spans, Group(tuple(dict.fromkeys(by)), period))


def _has_hours(column: Column) -> bool:
    """Whether moments are not all midnights."""
    known = (*column.samples, str(column.facts.get("min", "")), str(column.facts.get("max", "")))
    return any(":" in text and not text.endswith("00:00:00") for text in known)


def _measured(spans: Spans, _table: Table) -> WordSpan | None:
    """``mean and median of price``, ``price sum``, ``median of time and age``."""
    functions, named = data_of(spans, "F"), data_of(spans, "C")
    if any(len({column.name for column in columns}) > 1 for columns in named):
        return None
    columns = [column for listed in named for column in listed]
    if any(not can_measure(function, column) for function in functions for column in columns):
        return None
    pairs = [(function, column) for column in columns for function in functions]
    return _joined("M", spans, tuple(measure for pair in pairs for measure in measures_of(*pair)))


def measures_of(function: Any, column: Column) -> tuple[Measure, ...]:
    """What a word for a function asks of a column: a range is two numbers, quartiles are three."""
    match function:
        case "range" | "span":
            return Measure("min", column), Measure("max", column)
        case "quartiles":
            return tuple(Measure("quantile", column, part) for part in (0.25, 0.5, 0.75))
        case tuple():
            return tuple(Measure("quantile", column, part) for part in function)
    return (Measure(function, column),)


def can_measure(function: str | tuple[float, ...], column: Column) -> bool:
    """Whether a function makes sense of what a column holds."""
    kind = kind_of(column)
    if function == "percentile":
        return False  # which is not said
    if function in ("range", "span"):
        function = "max"
    if function in ("nunique", "count", "mode"):
        return True
    if kind == "time":
        return function in ("max", "min", "mean", "median")
    if kind == "duration":
        return function != "var"
    return kind in _NUMBERS or (kind == "truth" and function in ("mean", "sum"))


def _measures_joined(spans: Spans, _table: Table) -> WordSpan:
    return _joined("M", spans, (*spans[0].data, *spans[-1].data))


def _most(spans: Spans, _table: Table) -> WordSpan | None:
    """``most expensive``, ``least common``, ``best rated``."""
    adjective = spans[1].data
    if spans[0].data not in ("large", "small", "good", "bad", "high", "low"):
        return None
    return _joined(spans[0].kind, spans, adjective if spans[0].data in ("large", "good", "high") else f"-{adjective}")


def direction(adjective: str, column: Column) -> int:
    """1 where the superlative means the most of a column, -1 for the least, 0 where it does not speak of it."""
    flip = -1 if adjective.startswith("-") else 1
    word = adjective.lstrip("-")
    if word in ("good", "bad"):
        sign = -1 if is_bad(parts(column.name)) else 1
        return flip * (sign if word == "good" else -sign)
    wanted = hints(word)
    if not wanted:
        return flip
    if wanted[0][0] == "":
        return -flip
    for hint, sign in wanted:
        is_of_kind = (hint, kind_of(column)) in (("@time", "time"), ("duration", "duration"))
        if is_of_kind or hint in parts(column.name):
            return flip * sign
    return 0


def _hinted(wanted: Sequence[tuple[str, int]], table: Table, kinds: tuple[str, ...]) -> tuple[Column | None, int]:
    for hint, sign in wanted:
        if hint == "@time" and table.time is not None:
            return table.time, sign
        found = [
            column
            for column in table.columns
            if hint in parts(column.name)
            and kind_of(column) in kinds
            and (hint, kind_of(column)) != ("time", "time")
            and "id" not in parts(column.name)
        ]
        if found:
            return found[0], sign
    return None, 0


def extreme_of(adjective: str, table: Table) -> Extreme | None:
    """The column that a superlative without a column speaks of."""
    flip = -1 if adjective.startswith("-") else 1
    column, sign = _hinted(hints(adjective.lstrip("-")), table, ("number", "numeral", "decimal", "duration", "time"))
    return Extreme(column, flip * sign > 0) if column is not None else None


def is_counting(adjective: str) -> bool:
    """``most common``, ``busiest``: how many rows there are."""
    return any(hint == "@rows" for hint, _ in hints(adjective.lstrip("-")))


def _ordered(spans: Spans, _table: Table) -> WordSpan | None:
    """``highest first``."""
    adjective = spans[0].data
    if spans[1].data != "first":
        return None
    wanted = hints(adjective.lstrip("-"))
    if wanted in ((), (("", -1),)):
        return _joined("d", spans, "down" if adjective.startswith("-") == bool(wanted) else "up")
    return _joined("d", spans, adjective)  # its column says which way: ``worst first``


def _superlative(spans: Spans, _table: Table) -> WordSpan | list[WordSpan] | None:
    """``highest price``: the most of a column of numbers."""
    column = spans[-1].column
    if column is None or not (is_number(column) or kind_of(column) in ("time", "duration")):
        return None
    if kind_of(column) == "time" and spans[0].data in ("large", "small") and spans[0].text.lower() in ("most", "least"):
        return None  # ``most ordered`` counts orders
    sign = direction(spans[0].data, column)
    made = _joined("Z", spans, Extreme(column, sign > 0))
    is_row = kind_of(column) == "time" and spans[-1].surety < 3  # ``newest hire`` is a row, not its date
    return None if not sign else [made, _joined("R", spans[-1:], "")] if is_row else made


def _totalled(spans: Spans, _table: Table) -> list[WordSpan]:
    """``total cost by city`` of a column that is called so: nobody means its mean."""
    return [
        _joined("M", [span], measures_of("sum", span.column))
        if span.column is not None
        and can_measure("sum", span.column)
        and ("F", "sum") in LEXICON.get(span.text.lower().partition(" ")[0], ())
        else span
        for span in spans
    ]


def _going_together(spans: Spans, table: Table) -> list[WordSpan] | None:
    """``does a bigger budget mean a better rating``, ``do older members pay more fees``: two numbers, whether one goes with the other."""
    first, second = spans[1].column, spans[-1].column
    if spans[1].kind != "C":
        first, _ = _hinted(hints(spans[0].data.lstrip("-")), table, _NUMBERS)
    verb = next((span.text.lower() for span in spans if span.kind == "F"), "mean")
    if first is None or second is None or first == second or verb != "mean":
        return None
    return [WordSpan("c", spans[0].text), _joined("C", spans[:2], (first,)), spans[-1]]


def _two_months(spans: Spans, table: Table) -> WordSpan | None:
    """``June and July``."""
    months = [span.data for span in spans if span.kind == "Y"]
    return _condition([spans[0], spans[-1]], table.time, "month", *months) if table.time is not None else None


def _contrasted(spans: list[WordSpan], table: Table) -> list[WordSpan]:
    """``LH later than AF``, ``how much more did North make than South``: two conditions, and what of them is compared."""
    compared = [place for place, span in enumerate(spans) if span.kind == "a" or (span.kind == "L" and span.data[1])]
    changes = [span for span in spans if span.kind == "E"]
    if len(compared) > 1 or not (compared or changes):
        return spans
    spans = [(dated([span], table) or span) if compared and span.kind in "YN" else span for span in spans]
    place = compared[0] if compared else -1
    held = [span for span in spans if span.kind == "K"]
    columns = [span.data.column for span in held]
    both = [span for span in held if len({key(str(value).strip()) for value in span.data.values}) == 2]
    sides = [span for span in held if columns.count(span.data.column) == 2] or both
    operators = {span.data.operator for span in sides}
    rest = [span for span in spans if span not in sides and not (compared and span is spans[place])]
    pair: list[Condition] = []
    grouped: list[WordSpan] = []
    if compared and any(span.kind == "G" for span in spans) and not sides:
        pass  # ``is kwh higher with solar or without``
    elif len({side.data for side in sides}) == len(sides) == 2 and len(operators) == 1 and operators <= _SIDES:
        pair = [span.data for span in sides]
    elif compared and len(sides) == 1 and operators <= {"isin", "month"}:
        operator = "==" if operators == {"isin"} else "month"
        pair = [replace(sides[0].data, operator=operator, values=(value,)) for value in sides[0].data.values]
    elif (
        compared
        and len(held) == 1
        and held[0].data.operator == "=="
        and (spans[place].kind == "a" or spans.index(held[0]) < place)  # ``older than Ida``: than one of them
        and not any(span.kind in "IUE" for span in spans)
    ):
        grouped = [_joined("G", held, Group((held[0].data.column,)))]
        rest = [span for span in rest if span is not held[0]]
    else:
        return spans
    if any(span.data == "change" for span in changes):
        pair.reverse()
    if pair:
        grouped = [_joined("2", sides, tuple(pair))]
        rest = [span for span in rest if span.kind not in "EU~" and not (span.kind == "H" and compared)]
    adjective = "" if not compared else spans[place].data if spans[place].kind == "a" else spans[place].data[1]
    wanted = [hint for hint in hints(adjective.lstrip("-")) if hint[0]] if adjective else []
    if not wanted or any(span.kind in "CM" for span in rest):
        return [*rest, *grouped]
    column = _hinted(wanted, table, ("number", "numeral", "decimal"))[0]
    return [*rest, *grouped, _joined("C", [spans[place]], (column,))] if column is not None else spans


def _counted_in(spans: Spans, _table: Table) -> list[WordSpan] | None:
    """``average number of pages``: a column holds the numbers."""
    column = spans[-1].column
    return [spans[0], spans[-1]] if column is not None and is_number(column) and spans[1].data == "" else None


def _rows_named(spans: Spans, table: Table) -> WordSpan | None:
    """``percent of our titles are …``: the rows, where each has its own."""
    column = spans[-1].column
    is_of_rows = column is not None and column.role == "text" and values_are_unique(column, table)
    return _joined("R", spans, "") if is_of_rows and spans[-1].text.endswith("s") else None


def _measurements(spans: Spans, _table: Table) -> WordSpan | None:
    """``systolic readings``: what is measured."""
    column = spans[0].column
    is_measured = column is not None and is_number(column) and spans[1].text.lower().startswith(("reading", "measure"))
    return spans[0] if is_measured else None


def _shortly(spans: Spans, _table: Table) -> list[WordSpan] | None:
    """``years n cost``; ``sex x state`` of keys, as that of numbers is their product."""
    is_product = spans[1].data == "x" and any(
        column is None or is_number(column) for column in map(_column, [spans[:1], spans[2:]])
    )
    return None if is_product else [spans[0], replace(spans[1], kind="&"), spans[2]]


def _periods_counted(spans: Spans, table: Table) -> WordSpan | None:
    """``on how many days``, ``number of months with stays``: not where a column may hold how many days it took."""
    period = next(span.data for span in spans if span.kind == "P")
    is_held = any(
        period in parts(column.name) and kind_of(column) in (*_NUMBERS, "duration") for column in table.columns
    )
    is_with = spans[-1].kind == "P" or spans[-1].text.lower() in ("with", "in", "of")
    return (
        _joined("#", spans, period) if table.time is not None and period != "hour" and is_with and not is_held else None
    )


def _ends(spans: Spans, table: Table) -> WordSpan | None:
    """``last day``, ``first and last order date``: the ends of a column of time."""
    column = _column(spans) or (table.time if spans[-1].kind == "P" else None)
    ends = [_ENDS.get(span.data) for span in spans if span.kind in "tS"]
    is_day = (
        spans[-1].data == "day"
        if spans[-1].kind == "P"
        else column is not None and bool(parts(column.name) & {"day", "date"})
    )
    if column is None or kind_of(column) != "time" or not is_day or None in ends or spans[-1].text.endswith("s"):
        return None
    return _joined("M", spans, tuple(Measure(end, column) for end in ends if end))


def _elapsed(spans: Spans, table: Table) -> WordSpan | None:
    """``nap in minutes``, ``nap hours``: a duration as a number."""
    column, unit = spans[0].column, _UNITS_OF_TIME.get(spans[-1].data, spans[-1].data)
    is_in = len(spans) == 2 or spans[1].text.lower() == "in"
    if column is None or kind_of(column) != "duration" or unit not in _SECONDS or not is_in:
        return None
    label = re.sub(r"\W+", "_", f"{column.name} {unit}")
    facts = {"dtype": "float64", "product": (column,), "unit": (unit, _SECONDS[unit])}
    return replace(_joined("C", spans, (Column(table.name, label, -98, facts),)), surety=spans[0].surety)


def _per_unit(spans: Spans, _table: Table) -> WordSpan | None:
    """``cost per kg`` of ``price_per_kg``."""
    column = spans[0].column
    return (
        _joined("C", spans, (column,)) if column is not None and spans[-1].text.lower() in parts(column.name) else None
    )


def _bounded(spans: Spans, table: Table) -> list[WordSpan] | None:
    """``the highest risk that is below 9``."""
    rest = [span for span in spans if span.kind != "r"]
    made = (_compared if _first(rest, "LJ") is not None else _equal)(rest, table)
    return [spans[0], made] if made is not None else None


def _from_or_to(spans: Spans, _table: Table) -> WordSpan | None:
    """``from Oslo to Kiel`` where two columns hold the same places."""
    ends = {"from": (_ORIGINS, _GOALS), "to": (_GOALS, _ORIGINS)}.get(spans[0].text.lower())
    held = spans[1].data
    if ends is None or len(held) != 2:
        return None
    own, opposite = ([place for place, (column, _) in enumerate(held) if parts(column.name) & names] for names in ends)
    place = own[0] if len(own) == 1 else 1 - opposite[0] if not own and len(opposite) == 1 else None
    if place is None or own == opposite:
        return None
    column, values = held[place]
    return _condition(spans, column, "isin" if len(values) > 1 else "==", *values)


def _shown_too(spans: Spans, _table: Table) -> WordSpan | None:
    """``cheapest film and its director``: what is shown of that row, and no key of groups."""
    columns = columns_of(spans)
    are_own = all(span.text.lower() in _POSSESSIVES for span in spans if span.kind == "x")
    return _joined("_", spans, columns) if are_own and len(columns) == kinds_of(spans).count("C") else None


def _spent(spans: Spans, table: Table) -> list[WordSpan] | None:
    """``how much did Oslo spend``, ``average spent``: of the only column that says what was paid."""
    columns = [column for column in table.columns if is_number(column) and parts(column.name) & _SPENT]
    functions = data_of(spans, "F") or ["sum"]
    if len(columns) != 1 or len(functions) > 1 or not can_measure(functions[0], columns[0]):
        return None
    verb = next(span for span in spans if span.kind == "$")
    measured = _joined("M", [verb], measures_of(functions[0], columns[0]))
    return [
        *(span for span in spans if span.kind not in "UF$"),
        replace(measured, note=f"spent is {name(columns[0].name)}"),
    ]


def _rule(pattern: str, build: Callable[[Spans, Table], WordSpan | list[WordSpan] | None]) -> Rule:
    return re.compile(pattern), build


def _quantiles(spans: Spans, _table: Table) -> WordSpan | None:
    """``90th percentile``, ``25th and 75th percentile``, ``0.9 quantile``."""
    function = next(span for span in spans if span.kind == "F")
    numbers = data_of(spans, "nN")
    parts_named = tuple(number / 100 if number >= 1 else float(number) for number in numbers)
    if function.data != "percentile" or not all(0 < part < 1 for part in parts_named):
        return None
    return _joined("F", spans, parts_named)


def _sized(spans: Spans, _table: Table) -> list[WordSpan] | None:
    """``regions with more than 60 orders``: groups by how many rows they have."""
    operator, adjective = next((span.data for span in spans if span.kind == "L"), ("==", ""))
    number = next(span for span in spans if span.kind == "N")
    if adjective or operator == "!=" or not isinstance(number.data, int):
        return None
    rows = [span for span in spans if span.kind in "RTLN"]
    return [*(span for span in spans if span.kind == "K"), _joined("j", rows, (operator, number.data))]


def _numbered(spans: Spans, table: Table) -> list[WordSpan] | None:
    """``loan 3``: the row with this number in the column that numbers loans."""
    noun, number = spans
    called = forms(noun.text) | parts(table.name)
    keys = [
        column
        for column in table.columns
        if column.dtype.lower().startswith(("int", "uint"))
        and values_are_unique(column, table)
        and parts(column.name) - KEYS <= called
    ]
    if len(keys) != 1 or not isinstance(number.data, int) or noun.text.endswith("s") or noun.surety == 0:
        return None
    return [noun, _condition(spans, keys[0], "==", number.data)]


def _orders(spans: Spans, _table: Table) -> WordSpan | None:
    """``region ascending and revenue descending``."""
    columns = [span.column for span in spans if span.kind == "C"]
    turned = data_of(spans, "d")
    if any(column is None for column in columns) or not set(turned) <= {"up", "down"}:
        return None
    return _joined("b", spans, tuple(zip(columns, (turn == "down" for turn in turned), strict=True)))


def _styled(spans: Spans, _table: Table) -> WordSpan | None:
    """``stacked``, ``12 bins``, ``titled 'Sales'``."""
    texts = {span.kind: span.data for span in spans}
    match texts["e"]:
        case "stacked" if len(spans) == 1:
            style: Mapping[str, Any] = {"stacked": True}
        case "log" if len(spans) == 1:
            style = {"is_log": True}
        case "bins" if isinstance(texts.get("N"), int) and 0 < texts["N"] <= 1000:
            style = {"bins": texts["N"]}
        case "title" if "Q" in texts:
            style = {"title": texts["Q"]}
        case _:
            return None
    return _joined("e", spans, style)


def _threshold(spans: Spans, _table: Table) -> WordSpan | None:
    """``a Z-score threshold of 3``, ``Z-score above 2.5``."""
    number = spans[-1].data
    if spans[0].data == "iqr" or not isinstance(number, (int, float)) or number <= 0:
        return None
    return _joined("m", spans, float(number))


#: In the order of their priority.
_RULES: tuple[Rule, ...] = (
    _rule(
        r"YN|N?I?YN?|nI?YN?|Yn|D(?!.*\bD)",
        lambda spans, table: (
            _day_span(spans, table)
            if len(spans) > 1 or (spans[0].kind == "D" and isinstance(spans[0].data, str))
            else None
        ),
    ),
    _rule(r"D", lambda spans, table: _day_span(spans, table) if isinstance(spans[0].data, str) else None),
    _rule(r"IHu?P|Hu?PI(?=K*[TR])", _periods_counted),
    _rule(r"(?<![IBHU])[tS](?:&[tS])?(?:C?P|C)", _ends),
    _rule(r"[CV]\+[CV]", _shortly),
    _rule(r"(?<=[!0=I])x(?=C)", lambda spans, _table: [] if spans[0].text.lower() in _POSSESSIVES else None),
    _rule(r"(?<=&)xC(?:&x?C)*", _shown_too),
    _rule(r"CI?[XP]", _elapsed),
    _rule(r"(?<=S)Cr=?!?(?:[LJ]NX?|N)", _bounded),
    _rule(r"CBX", _per_unit),
    _rule(r"[IJ]V", _from_or_to),
    _rule(r"[RTVw]r?=?I?LN(?!X?A?[TRVC])(?![X&]N?C)", _of_age),
    _rule(r"CILNX", lambda spans, table: _compared([spans[0], *spans[2:]], table)),
    _rule(r"(?:U[^$]*|F)\$F?|\$F", _spent),
    _rule(r"Ne|eN|eQ|e(?![NQ])", _styled),
    _rule(r"mI?=?N|(?<=m)[LI]N", _threshold),
    _rule(r"[BI]m", lambda spans, _table: spans[1]),
    _rule(r"[nN](?:&[nN])*F|FN", _quantiles),
    _rule(r"[Sa]A", _most),
    _rule(r"St", _ordered),
    _rule(r"[IB]?i(?:[&/]+i)*", _on_weekday),
    _rule(r"FHI?C", _counted_in),
    _rule(r"^[vU=]?PI(?=[tSZ][^P]*$)", lambda spans, _table: _joined("W", spans, "")),
    _rule(r"(?<=%)IC(?==)", _rows_named),
    _rule(r"[CR][I^][VQN?]\^", _contained),
    _rule(r"a[CRT]=*F?aC", _going_together),
    _rule(r"CR", _measurements),
    _rule(r"B?Cd(?:&B?Cd)+", _orders),
    _rule(r"TC", lambda spans, _table: spans[1]),
    _rule(
        r"CC", lambda spans, _table: spans[1] if spans[0].data == spans[1].data else None
    ),  # ``wind speed (WINDSPEED)``
    _rule(r"BV", lambda spans, _table: spans[1]),
    _rule(r"V(?:[&/E]V)+", _values),
    _rule(r"Y[&E/]Y", _two_months),
    _rule(r"C=?~N&NX?|~N&NX|C=?~D&D|~D&D|[IJ]D[IJ]D", _between),
    _rule(r"z=?l|!l", _unmatched),
    _rule(r"FI?CLC|FI?C&C", _measured),
    _rule(r"C=?!?[LJ]N(?!X?[TR])X?", _compared),
    _rule(r"LNX?C", _compared),
    _rule(r"A?LN(?!X?A?[TRVC])X?A?|LD|C=?[LJ]D|C=?LF", _compared),
    _rule(
        r"C=?!?0|0I?C|0=?C|!=?C(?!=?[V0])",
        lambda spans, table: (
            None
            if spans[0].kind == "!" and spans[-1].kind == "C" and kind_of(spans[-1].data[0]) == "truth"
            else _missing(spans, table)
        ),
    ),
    _rule(r"C\^[VQN?C]|[\^I][VQN?]IC", _contained),
    _rule(r"CI?(?:=!?|L)[VQN]|C[VQ]|CN(?!C)|CI[DYN]", _equal),
    _rule(r"V(?:r|I|=)*C(?!=?[LV~0])", _equal),
    _rule(r"C=!?\?", _literal),
    _rule(r"[RT]N", _numbered),
    _rule(r"!?V", _valued),
    _rule(r"[IJ!]+[DY]|[IJ]N|D", dated),
    _rule(r"(?<=[KC])N(?!C)", dated),
    _rule(r"E?~?KI?&y|y&K", _others),
    _rule(r"K[/&]K", _either),
    _rule(r"B=?[RT]", lambda spans, _table: _joined(".", spans, "")),  # ``per order`` of the rows themselves
    _rule(
        r"B[CRT](?:&[CRT])*",
        lambda spans, _table: _joined(".", spans, "") if spans[0].data == "all" else None,  # ``across all shops``
    ),
    _rule(r"BC(?:&C|&?P)*|BPI?(?:&C)*|p|BG|Cq", _grouped),
    _rule(r"GG|G&?G|GIP", _grouped),
    _rule(r"(?:(?<=[TRGKwxo])r?x?I|(?<=[TRGwxo])r?x?=|(?<=[^RT]K)r?x?=)C(?:&C)*", _held),
    _rule(r"(?<!C&)(?<!=[RT]K)(?:!=?)?C", _truth),
    _rule(r"E?~?KI?&y|y&K|K/!(?![CVK])", _others),
    _rule(r"LNK*[RT]|=o?N[RT]", _sized),
    _rule(r"F(?:&F)*I?C(?:&C)*(?!F)", _measured),
    _rule(r"C(?:&C)*F(?:&F)*", _measured),
    _rule(
        r"C[RT]",
        lambda spans, _table: (
            [_condition(spans[:1], spans[0].column, "==", 1), spans[1]]
            if spans[0].column is not None and spans[0].surety == 3 and is_flag(spans[0].column)
            else None
        ),
    ),
    _rule(r"H[TR]?=?!?=?C|(?<![c&~])!?=?C", _flagged),
    _rule(r"M&M", _measures_joined),
    _rule(r"BM", lambda spans, _table: spans[1]),
    _rule(r"(?<!c)SI?C", _superlative),
    _rule(r"^(?=.*G)[^FMSZ%gcG]*(?:G[^FMSZ%gc]*)?C[^FMSZ%gc]*$", _totalled),
)


def combined(spans: list[WordSpan], table: Table) -> list[WordSpan]:
    """The spans after all rules."""
    for pattern, build in _RULES:
        start = 0
        while match := pattern.search(kinds_of(spans), start):
            made = build(spans[match.start() : match.end()], table)
            if made is None:
                start = match.start() + 1
                continue
            new = [made] if isinstance(made, WordSpan) else made
            spans = [*spans[: match.start()], *new, *spans[match.end() :]]
            start = match.start() + len(new)
    return _contrasted(spans, table)
