"""Conditions on rows, read from a question's skeleton."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_agent.models.offline.lexicon import ADJECTIVES, BINDING, MONTHS, TELLING
from jupyter_agent.models.offline.mentions import Skeleton
from jupyter_agent.models.offline.names import NameMention
from jupyter_agent.models.offline.namespace import Column, Table
from jupyter_agent.models.offline.query import Condition, Operator
from jupyter_agent.models.offline.words import parts

_COMPARED: tuple[tuple[Operator, str], ...] = (
    (">=", r">=|at least|no less than|not less than|greater (?:than )?or equal(?: to| than)?|from|or more"),
    ("<=", r"<=|at most|no more than|not more than|less (?:than )?or equal(?: to| than)?|up to|or less"),
    (
        ">",
        r">|(?:is )?(?:greater|more|higher|larger|bigger|older|longer|taller) than|above|over|exceed(?:s|ing)?|exceeds",
    ),
    ("<", r"<|(?:is )?(?:less|fewer|lower|smaller|younger|shorter|cheaper) than|below|under"),
    ("!=", r"!=|is not|isn't|not equal(?: to)?|not|other than|different from|are not"),
    ("==", r"=|is|are|equals?|equal to|was|were|of|exactly|being"),
)
_COMPARISON = "|".join(pattern for _, pattern in _COMPARED)
#: The words by which a condition is heard, as a pattern.
COMPARING = f"{_COMPARISON}|between|contain|starts?|ending|true|false|missing|null|empty|blank|only|since|after|before|until|during|without|no|not|more|less|where|when|who|whose"
_BE = r"(?:(?:is|are|was|were|be|has|have|being|that is|which is|values?) )?"
_COLUMN_FIRST = re.compile(rf"(COL\d+) {_BE}({_COMPARISON}) (?:the )?((?:NUM|DATE|VAL|STR|VAR)\d+)")
_NUMBER_FIRST = re.compile(
    r"\b(more than|greater than|over|above|at least|less than|fewer than|under|below|at most|exactly|>=|<=|>|<) (NUM\d+) (COL\d+)"
)
_BETWEEN = re.compile(rf"(COL\d+) {_BE}between ((?:NUM|DATE)\d+) and ((?:NUM|DATE)\d+)")
_MISSING = re.compile(
    r"(COL\d+) (?:value )?(?:is|are|was|has|have)?\s?(not )?(?:missing|null|nan|na|none|empty|blank)\b"
)
_MISSING_FIRST = re.compile(r"\b(without|no|missing|with|has) (?:an? |any |a valid )?(COL\d+)$")
_TEXT = re.compile(
    r"(COL\d+) (?:that )?(contains?|containing|includes?|including|starts? with|starting with|ends? with|ending with|like) ((?:STR|VAL|NUM)\d+|\w+)"
)
_TRUTH = re.compile(r"(COL\d+) (?:is|=|are) (true|false)\b")
_IS_SO = re.compile(
    r"\b(how many(?: \w+){0,2}?(?: are| is| were)?(?: not)?|COL\d+ (?:of|for)(?: the)?(?: non| not)?|that are(?: not)?|which are(?: not)?|who are(?: not)?|only|not) (COL\d+)(?: ones| rows| \?)?$"
)
_BARE = re.compile(r"(COL\d+) (?:is|=|are|equals?|equal to|!=|is not) (?:the )?([^\W\d]\w*)$")
_WHEN = re.compile(
    r"\b(in|during|since|after|before|until|from|of|for|on|only) (?:the year )?(?:(?:the )?month of )?((?:NUM|DATE)\d+|(?:"
    + "|".join(MONTHS)
    + r") NUM\d+)(?= |$|\?)"
)
#: A follow-up: ``and 2014?``
_YEAR_ALONE = re.compile(r"^((?:and |or |what about |how about )*)((?:NUM|DATE)\d+)[ ?.!]*$")
_BETWEEN_DATES = re.compile(r"\b(?:between|from) (DATE\d+) (?:and|to|until|till|through) (DATE\d+)")
#: A month of the only year there is.
MONTH_ALONE = re.compile(rf"\b(?:in|during|for|of) (?:the )?(?:month of )?({'|'.join(MONTHS)})(?! NUM\d+| DATE\d+)\b")
_EXCEPT = re.compile(r"\b(?:except|excluding|without|not|but not|other than|exclude)(?: for| in| the)* $")


@dataclass(frozen=True, slots=True)
class ParsedConditions:
    """The conditions and which mentions they used up."""

    conditions: tuple[Condition, ...]
    used: frozenset[str]


def conditions(skeleton: Skeleton, frame: Table | None) -> ParsedConditions:
    """All conditions that a question puts on the rows of a frame."""
    if frame is None:
        return ParsedConditions((), frozenset())
    found: list[Condition] = []
    used: set[str] = set()
    for reader in (_between, _compared, _counted, _missing, _contained, _truths, _bare, _valued, _timed):
        for condition, places in reader(skeleton, frame):
            if not used & set(places):
                found.append(condition)
                used.update(places)
    return ParsedConditions(tuple(_united(found)), frozenset(used))


def _column(skeleton: Skeleton, place: str, frame: Table) -> Column | None:
    return next((column for column in skeleton.mention(place).columns if column.frame == frame.name), None)


Read = Iterator[tuple[Condition, tuple[str, ...]]]


def _between(skeleton: Skeleton, frame: Table) -> Read:
    for match in _BETWEEN.finditer(skeleton.text):
        column = _column(skeleton, match[1], frame)
        if column is not None and not (column.role == "number" and match[2].startswith("DATE")):
            values = tuple(_value(column, skeleton.mention(match[place])) for place in (2, 3))
            yield Condition(column, "between", values), (match[1], match[2], match[3])


def _compared(skeleton: Skeleton, frame: Table) -> Read:
    for match in _COLUMN_FIRST.finditer(skeleton.text):
        column = _column(skeleton, match[1], frame)
        mention = skeleton.mention(match[3])
        if column is None or (mention.variable is not None and mention.variable.kind not in ("number", "text")):
            continue
        operator = next(candidate for candidate, pattern in _COMPARED if re.fullmatch(pattern, match[2]))
        if column.role == "text" and mention.label == "NUM" and operator in (">", ">=", "<", "<="):
            continue  # a text is neither more nor less than a number
        if (
            operator in (">=", "==")
            and match[2] in ("from", "of")
            and column.role == "number"
            and mention.label != "NUM"
        ):
            continue
        yield Condition(column, operator, (_value(column, mention),)), (match[1], match[3])


def _counted(skeleton: Skeleton, frame: Table) -> Read:
    for match in _NUMBER_FIRST.finditer(skeleton.text):
        column = _column(skeleton, match[3], frame)
        if column is not None and column.role == "number":
            operator = next(candidate for candidate, pattern in _COMPARED if re.fullmatch(pattern, match[1]))
            yield Condition(column, operator, (_value(column, skeleton.mention(match[2])),)), (match[2], match[3])


def _missing(skeleton: Skeleton, frame: Table) -> Read:
    if not re.search(r"\b(?:where|rows?|with|whose|filter|only|if)\b", skeleton.text):
        return
    for match in _MISSING.finditer(skeleton.text):
        column = _column(skeleton, match[1], frame)
        if column is not None:
            yield Condition(column, "present" if match[2] else "missing"), (match[1],)
    first = _MISSING_FIRST.search(skeleton.text)
    column = _column(skeleton, first[2], frame) if first else None
    if first and column is not None and first[1] in ("without", "no", "missing"):
        yield Condition(column, "missing"), (first[2],)


def _contained(skeleton: Skeleton, frame: Table) -> Read:
    for match in _TEXT.finditer(skeleton.text):
        column = _column(skeleton, match[1], frame)
        operator: Operator = (
            "startswith" if match[2].startswith("start") else "endswith" if match[2].startswith("end") else "contains"
        )
        if column is not None:
            yield Condition(column, operator, (skeleton.typed(match[3]),)), (match[1], match[3])


def _truths(skeleton: Skeleton, frame: Table) -> Read:
    for match in _TRUTH.finditer(skeleton.text):
        column = _column(skeleton, match[1], frame)
        if column is not None:
            yield Condition(column, "==", (match[2] == "true",)), (match[1],)
    for match in _IS_SO.finditer(skeleton.text):
        column = _column(skeleton, match[2], frame)
        if column is not None and column.role == "truth":
            yield Condition(column, "==", (not re.search(r"not|non|un", match[1]),)), (match[2],)


def _bare(skeleton: Skeleton, frame: Table) -> Read:
    """``city is Hamburg``: a value that is not among those known."""
    match = _BARE.search(skeleton.text.rstrip(" ?!."))
    column = _column(skeleton, match[1], frame) if match else None
    if match and column is not None and column.role == "text" and match[2] not in BINDING | TELLING | ADJECTIVES.keys():
        operator: Operator = "!=" if "not" in match[0] or "!=" in match[0] else "=="
        yield Condition(column, operator, (skeleton.typed(match[2]),)), (match[1],)


def _valued(skeleton: Skeleton, frame: Table) -> Read:
    """``for Berlin``: a value says which column it is of."""
    for match in re.finditer(r"VAL\d+", skeleton.text):
        for column, value in skeleton.mention(match[0]).values:
            if column.frame == frame.name:
                excluded = _EXCEPT.search(skeleton.text[: match.start()])
                yield Condition(column, "!=" if excluded else "==", (value,)), (match[0],)
                break


def _timed(skeleton: Skeleton, frame: Table) -> Read:
    """``in 2023``, ``since March 2024``, ``before 2024-05-01`` on the column that says when."""
    column = frame.time
    if column is None:
        yield from _numbered_years(skeleton, frame)
        return
    for match in _BETWEEN_DATES.finditer(skeleton.text):
        first, last = (_span(skeleton, match[place]) for place in (1, 2))
        if first is not None and last is not None:
            yield Condition(column, "during", (first[0], last[1])), (match[1], match[2])
    for match in MONTH_ALONE.finditer(skeleton.text):
        years = {str(column.facts.get(bound))[:4] for bound in ("min", "max")}
        if len(years) == 1 and (year := years.pop()).isdecimal():
            span = _iso_span(f"{year}-{MONTHS[match[1]]}")
            assert span is not None
            yield Condition(column, "during", span), ()
    for match in (*_WHEN.finditer(skeleton.text), *_YEAR_ALONE.finditer(skeleton.text)):
        span = _span(skeleton, match[2])
        if span is None:
            continue
        begin, end = span
        used = tuple(re.findall(r"(?:NUM|DATE)\d+", match[2]))
        if match[1] in ("since", "from"):
            yield Condition(column, ">=", (begin,)), used
        elif match[1] == "after":
            yield Condition(column, ">=", (end,)), used
        elif match[1] in ("before", "until"):
            yield Condition(column, "<", (begin,)), used
        else:
            yield Condition(column, "during", (begin, end)), used


_YEAR_OPERATORS: Mapping[str, Operator] = {"since": ">=", "from": ">=", "after": ">", "before": "<", "until": "<"}


def _numbered_years(skeleton: Skeleton, frame: Table) -> Read:
    """``in 2014`` on a column of numbers that is called a year."""
    column = next((column for column in frame.of_role("number") if "year" in parts(column.name)), None)
    for match in (*_WHEN.finditer(skeleton.text), *_YEAR_ALONE.finditer(skeleton.text)) if column is not None else ():
        year = skeleton.mention(match[2]).number if re.fullmatch(r"NUM\d+", match[2]) else None
        if column is not None and isinstance(year, int) and 1900 <= year <= 2100:
            yield Condition(column, _YEAR_OPERATORS.get(match[1], "=="), (year,)), (match[2],)


def _span(skeleton: Skeleton, text: str) -> tuple[str, str] | None:
    """The first day and the day after the last of a year, a month or a day, as ISO texts."""
    words = text.split()
    month = MONTHS.get(words[0], 0)
    numbers = [skeleton.mention(word) for word in words if re.fullmatch(r"(?:NUM|DATE)\d+", word)]
    if numbers and numbers[0].label == "DATE":
        return _iso_span(numbers[0].text)
    year = numbers[0].number if numbers else None
    if not isinstance(year, int) or not 1900 <= year <= 2100 or (len(words) > 1 and not month):
        return None
    if month:
        return _iso_span(f"{year}-{month}")
    return f"{year}-01-01", f"{year + 1}-01-01"


def _iso_span(text: str) -> tuple[str, str] | None:
    year, month, *rest = (int(part) for part in text.split("-"))
    if not 1 <= month <= 12 or not 1 <= year <= 9998:
        return None
    days = calendar.monthrange(year, month)[1]
    if not rest:
        return f"{year:04}-{month:02}-01", f"{year + month // 12:04}-{month % 12 + 1:02}-01"
    if not 1 <= rest[0] <= days:
        return None
    following = (year, month, rest[0] + 1) if rest[0] < days else (year + month // 12, month % 12 + 1, 1)
    return f"{year:04}-{month:02}-{rest[0]:02}", "{:04}-{:02}-{:02}".format(*following)


def _value(column: Column, mention: NameMention) -> Any:
    """A mention as a value of a column: the data's own spelling, a number for numbers."""
    if mention.label == "NUM":
        return mention.number if column.role != "text" else mention.text
    if mention.label == "DATE":
        span = _iso_span(mention.text)
        return span[0] if span else mention.text
    own = [value for holder, value in mention.values if holder.name == column.name]
    own += [value for value in column.values if value.casefold() == mention.text.casefold()]
    return own[0] if own else mention.text


def _united(found: list[Condition]) -> Iterator[Condition]:
    """Two values of one column are either of them."""
    merged: dict[tuple[str, str], list[Any]] = {}
    for condition in found:
        if condition.operator in ("==", "!="):
            merged.setdefault((condition.column.name, condition.operator), []).extend(condition.values)
    done: set[tuple[str, str]] = set()
    for condition in found:
        place = (condition.column.name, condition.operator)
        values = merged.get(place, [])
        if condition.operator != "==" or len(values) < 2:
            yield condition
        elif place not in done:
            done.add(place)
            yield Condition(condition.column, "isin", tuple(values))
