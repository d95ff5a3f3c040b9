"""From a question to the change that it asks for: each word has its part in it, or it is no such question."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from jupyter_agent.models.offline.grammar.combinators import combined
from jupyter_agent.models.offline.grammar.lexicon import hints
from jupyter_agent.models.offline.grammar.sources import is_part
from jupyter_agent.models.offline.grammar.spans import Vocabulary, WordSpan, readings
from jupyter_agent.models.offline.grammar.tables import is_number, kind_of, with_levels
from jupyter_agent.models.offline.markdown import name as shown
from jupyter_agent.models.offline.namespace import Column, Table, whole
from jupyter_agent.models.offline.query import Ask, Condition, Function
from jupyter_agent.models.offline.transforms.lexicon import LEXICON
from jupyter_agent.models.offline.transforms.transform import Computed, Target, Transform
from jupyter_agent.models.offline.words import parts, tokens

#: What leads from what is changed to what it becomes.
_MARKERS = frozenset(
    {
        "to",
        "as",
        "into",
        "with",
        "w",
        "by",
        "in",
        "using",
        "=",
        "should be",
        "must be",
        "becomes",
        "become",
        "at",
        "from",
    }
)
#: Arrows are words; what a column is to be called is quoted, so that it is taken as it is.
_ARROW = re.compile(r"\s*(?:[-=]>|→)\s*")
_NEW_NAME = re.compile(
    r"\b(to|as|into|=)\s+(?![`'\"])([^,;?]+?)(?=\s*(?:,|;|\?|!|\.?$|\band\b|\bin \w+\s*$))", re.IGNORECASE
)
_RENAMING = re.compile(r"\b(?:rename|relabel)\b", re.IGNORECASE)
_CALLED = re.compile(r"\b(?:called|named|name it|call it) [`'\"]?([^\W\d]\w*)[`'\"]?", re.IGNORECASE)
_FORMULA = re.compile(
    r"^(?P<before>.*?)[`'\"]?(?P<name>[^\W\d]\w*)[`'\"]?\s*=(?!=)\s*(?P<formula>.+?)[\s?.!]*$", re.DOTALL
)
_PARTS = re.compile(r"\binto (?P<first>\w+) and (?P<second>\w+)(?: (?P<noun>names?))?[\s?.!]*$", re.IGNORECASE)
_SIGNS: Mapping[str, str] = {"divide": "/", "multiply": "*", "subtract": "-"}
_WORDS = {"/": "per", "*": "times", "+": "plus", "-": "minus"}
#: They hold a sentence together and have done so; what is left beside them has to be used.
_BINDING = frozenset("I=&rRT8x")
#: How many readings are looked at for the words of a refusal.
_MOST_REFUSED = 8
Spans = Sequence[WordSpan]


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Spans by what they are: rows, columns, and the letters of all others."""

    conditions: tuple[Condition, ...]
    columns: tuple[Column, ...]
    rest: str
    kinds: str
    notes: tuple[str, ...]


def transform_of(question: str, tables: Sequence[Table], previous: object = None) -> Transform | None:
    """The change that a question asks for; None if it asks for something else, or a word of it has no part.

    Args:
        question: As typed.
        tables: What there is, in full detail.
        previous: The change, or the query of a table, that was asked for before.

    Raises:
        Ask: something is missing, cannot be, or could be of several tables.
    """
    text = _ARROW.sub(" to ", question)
    if _RENAMING.search(text):
        text = _NEW_NAME.sub(lambda match: f'{match[1]} "{match[2]}"', text)
    named = {token.text for token in tokens(text)} & {table.name for table in tables}
    found, asked = list[tuple[Transform, int]](), list[Ask]()
    for table in map(with_levels, [table for table in tables if not named or table.name in named]):
        formula = _formula(text, table)
        if formula is not None:
            found.append((formula, 3))
            continue
        for spans in readings(text, Vocabulary(table, lexicon=LEXICON)):
            try:
                transform = _read(spans, table, text, previous)
            except Ask as ask:
                asked.append(ask)
                continue
            if transform is not None and all(
                column.plain and not column.facts.get("level") for column in transform.used(but_groups=True)
            ):
                notes = (*transform.notes, *(span.note for span in spans if span.note))
                found.append((replace(transform, notes=notes), sum(span.surety for span in spans)))
                break
    if not found and asked:
        raise asked[0]
    best = max((surety for _, surety in found), default=0)
    fitting = [transform for transform, surety in found if surety == best]
    spoken = [
        transform
        for transform in fitting
        if previous is not None and transform.table == getattr(previous, "table", None)
    ]
    if len(fitting) > 1 and len(spoken) != 1:
        spoken = [
            transform
            for transform in fitting
            if all(is_part(other.table, transform.table) for other in fitting if other is not transform)
        ]
    if len(fitting) > 1 and len(spoken) != 1:
        raise Ask.which_table(transform.table.name for transform in fitting)
    return next(iter(spoken or fitting), None)


def unknown_words(question: str, tables: Sequence[Table]) -> list[str]:
    """The words that nothing is called, where a change is asked for."""
    first = next(
        (spans for table in tables for spans in islice(readings(question, Vocabulary(table, lexicon=LEXICON)), 1)), []
    )
    if not first or next((span.kind for span in first if span.kind not in "h&v."), "") not in ("e", "b", "f"):
        return []
    found = [
        [span.text for span in spans if span.kind == "?"]
        for table in tables
        for spans in islice(readings(question, Vocabulary(table, lexicon=LEXICON)), _MOST_REFUSED)
    ]
    return min(found, key=len, default=[])


def _read(spans: Spans, table: Table, question: str, previous: object) -> Transform | None:
    spans = list(spans)
    while spans and spans[0].kind in "h&v!":
        spans = spans[1:]
    if any(span.kind == "1" for span in spans) and (running := _running(spans, table)) is not None:
        return running
    plain = sorted((span for span in spans if span.kind not in "TI=w"), key=lambda span: span.kind)
    if "".join(span.kind for span in plain) in ("NR", "CNR") and isinstance(number := plain[-2].data, int):
        columns = plain[0].data if plain[0].kind == "C" else ()
        has_numbers = any("row" in parts(column.name) for column in table.columns)  # ``row 3`` is a value of it
        return Transform(table, "row", columns, value=number) if len(columns) < 2 and not has_numbers else None
    if not spans or any(span.kind in "wWHU%cgk1" for span in spans):
        return None
    if len(spans) > 2 and (spans[-2].kind, spans[-1].kind) == ("e", "x") and spans[-2].data == spans[0].data:
        spans = spans[:-3] if spans[-3].kind == "&" else spans[:-2]  # ``do not need it, drop it``
    spans = _of_previous(spans, previous)
    if spans[0].kind == "e":
        return _BUILDERS[spans[0].data](spans[1:], table, spans[0], question)
    kinds = "".join(span.kind for span in spans)
    if "m" in kinds or (kinds[0] in "CKV0" and any(span.text == "to" for span in spans)):
        return _changed(spans, table, spans[0], question)
    if kinds[0] == "b":
        return _texts(spans, table)
    if kinds[0] == "f":
        return _filled(spans, table, spans[0], question)
    if re.fullmatch(r"CIi", kinds) and spans[1].text.lower() in ("as", "in", "to", "into"):
        return _converted([spans[0]], table, spans[2].data)
    return None


def _of_previous(spans: Spans, previous: object) -> list[WordSpan]:
    """``drop them``: the rows, or the columns, that the question before was about."""
    if not any(span.kind == "x" for span in spans) or any(span.kind in "CVK" for span in spans):
        return list(spans)
    conditions = getattr(previous, "conditions", ())
    columns = () if conditions else getattr(previous, "columns", ())
    own = [WordSpan("K", "them", condition) for condition in conditions] or [
        WordSpan("C", "them", (column,)) for column in columns
    ]
    return [part for span in spans for part in (own if span.kind == "x" and own else [span])]


def _sorted(spans: Spans, table: Table) -> _Sorted:
    made = combined(list(spans), table)
    groups = tuple(column for span in made if span.kind == "G" for column in span.data.by)
    columns = tuple(
        column for span in made if span.kind == "C" for column in (span.data if len(span.data) == 1 else ())
    )
    rest = "".join(
        span.kind
        for span in made
        if span.kind not in _BINDING | {"K", "C", "G"} or (span.kind == "C" and len(span.data) != 1)
    )
    conditions = tuple(span.data for span in made if span.kind == "K")
    kinds = "".join(span.kind for span in made)
    return _Sorted(conditions, (*columns, *groups), rest, kinds, tuple(span.note for span in made if span.note))


def _named_columns(spans: Spans) -> tuple[Column, ...]:
    """The columns, where the spans name nothing else, with ``and`` between them; of several that share a word, all."""
    kinds = "".join(span.kind for span in spans)
    is_list = set(kinds) <= _BINDING | {"C", "*"} and not re.search(r"[C*][^&]*[C*]", kinds)
    if not is_list or any(span.kind == "C" and len(span.data) > 1 for span in spans):
        return ()
    return tuple(dict.fromkeys(column for span in spans if span.kind in "C*" for column in span.data))


def _halves(spans: Spans, *, is_filling: bool = False) -> tuple[list[WordSpan], list[WordSpan]]:
    """What is changed, and what it becomes, with where that is said to be put back to the first."""
    places = [
        place
        for place, span in enumerate(spans)
        if span.text.lower() in _MARKERS and span.kind in "IB=m" and 0 < place < len(spans) - 1
    ]
    strong = [place for place in places if spans[place].text.lower() not in ("in", "at", "from", "as", "=")] or (
        [] if is_filling else places
    )
    if not strong:
        return list(spans), []
    place = strong[0] if len(strong) == 1 or spans[strong[0]].kind == "m" else strong[-1]
    if len(strong) > 1 and spans[strong[-1] - 1].kind in "rK":
        place = strong[0]
    right = list(spans[place + 1 :])
    scope = next(
        (
            at
            for at, span in enumerate(right)
            if at and (span.kind in "rB" or (span.kind == "I" and span.text.lower() in ("in", "of", "for", "from")))
        ),
        len(right),
    )
    return [*spans[:place], *right[scope:]], right[:scope]


def _literal(span: WordSpan, column: Column | None) -> Any:
    """A value as typed, in the spelling of the column that has it."""
    if span.kind == "V" and column is not None:
        return next((values[0] for holder, values in span.data if holder == column), span.text)
    return span.data if span.kind == "N" else span.text


def _dropped(spans: Spans, table: Table, verb: WordSpan, question: str) -> Transform | None:
    """Rows, columns, gaps, duplicates or outliers."""
    kinds = "".join(span.kind for span in spans)
    if "j" in kinds:
        return _deduplicated(spans, table, verb, question)
    if "b" in kinds:
        return _texts(spans, table)
    if "O" in kinds:
        return _without_outliers(spans, table)
    is_about_columns = "8" in kinds and "R" not in kinds
    columns = _named_columns(spans)
    if (
        columns
        and "R" not in kinds
        and "T" not in kinds.split("C")[-1].split("I")[0]
        and not any(span.kind == "r" for span in spans)
    ):
        return Transform(table, "drop columns", columns)
    if is_about_columns and (found := _columns_with_gaps(spans, table)) is not None:
        return found
    made = _sorted(spans, table)
    if made.rest in ("0", "!0") and not made.conditions and (not made.columns or "8" in kinds):
        how = "all" if any(span.data == "all" and span.text != "empty" for span in spans) else ""
        return Transform(table, "drop missing", made.columns, how=how)
    if (
        made.rest
        or not made.conditions
        or (
            made.columns
            and not all(column in {condition.column for condition in made.conditions} for column in made.columns)
        )
    ):
        return None
    if all(condition.operator == "missing" for condition in made.conditions):
        if len(made.conditions) > 1:
            raise Ask(
                "Rows where both are missing, or one of them? Ask for one column after the other, if either will do."
            )
        return Transform(table, "drop missing", (made.conditions[0].column,))
    if any(condition.operator == "unmatched" for condition in made.conditions):
        return None
    return Transform(table, "drop rows", conditions=made.conditions)


def _columns_with_gaps(spans: Spans, table: Table) -> Transform | None:
    """``empty columns``, ``the constant column``, ``columns with more than 30 % missing``."""
    plain = [span for span in spans if span.kind not in _BINDING]
    kinds = "".join(span.kind for span in plain)
    if kinds == "0":
        return Transform(table, "drop sparse columns", how=plain[0].data or "any")
    if kinds in ("LN0", "LN%0") and plain[0].data[0] == ">" and isinstance(plain[1].data, (int, float)):
        share = plain[1].data / 100 if plain[1].data > 1 or plain[1].text.endswith("%") else plain[1].data
        return Transform(table, "drop sparse columns", value=share, how="share")
    return None


def _kept(spans: Spans, table: Table, verb: WordSpan, _question: str) -> Transform | None:
    columns = _named_columns([span for span in spans if span.kind != "o"])
    return Transform(table, "keep columns" if verb.data == "keep" else "select columns", columns) if columns else None


def _running(spans: Spans, table: Table) -> Transform | None:
    """``7 day moving average of price``, ``cumulative revenue by region``, ``growth per month``."""
    kinds = [span.data for span in spans if span.kind == "1"]
    numbers = [span.data for span in spans if span.kind == "N"]
    units = [span.data for span in spans if span.kind == "P" and numbers]
    spans = [replace(span, kind="B") if span.kind == "9" and span.text.lower() == "per" else span for span in spans]
    made = combined([span for span in spans if span.kind not in "1N8H" and not (span.kind == "P" and numbers)], table)
    made = made[1:] if made and made[0].kind == "e" and made[0].data == "add" else made
    groups = [column for span in made if span.kind == "G" for column in span.data.by]
    periods = [span.data.period for span in made if span.kind == "G" and span.data.period]
    columns = [span.data[0] for span in made if span.kind == "C" and len(span.data) == 1]
    functions: list[Function] = [span.data for span in made if span.kind == "F"]
    for measure in (measure for span in made if span.kind == "M" for measure in span.data):
        columns.append(measure.column)
        functions.append(measure.function)
    order = [column for column in groups if parts(column.name) & {"year", "date", "day", "month"}]
    by = tuple(column for column in groups if column not in order)
    is_counted = any(span.kind == "H" for span in spans)
    if is_counted and (not periods or any(is_number(column) for column in columns)):
        return None
    columns = columns or [
        column
        for column in table.columns
        if is_number(column) and "id" not in parts(column.name) and column not in groups and column.position >= 0
    ]
    is_moving = kinds == ["moving"]
    left = [span for span in made if span.kind not in _BINDING | {"G", "C", "F", "M"}]
    fits_time = not units or (units == ["day"] and table.time is not None and table.library == "pandas" and is_moving)
    if (
        left
        or len(kinds) != 1
        or len(periods) > 1
        or (periods and groups)
        or bool(numbers) != is_moving
        or not fits_time
    ):
        return None
    is_verb = any(span.kind == "1" and span.text.lower() in ("change", "changed", "changes") for span in spans)
    if (
        (is_verb and not periods)  # ``change price`` changes it
        or not (is_counted or all(is_number(column) for column in columns))
        or (len(columns) > 1 and not by)
        or len(functions) > 1
        or (by and is_moving)
    ):
        return None
    window = f"{numbers[0]}D" if units else numbers[0] if numbers else 1
    function: Function = functions[0] if functions else "mean"
    if functions and not is_moving and (functions != ["sum"] or is_counted):
        return None
    return Transform(
        table,
        "running",
        tuple(columns),
        by=by,
        period=periods[0] if periods else None,
        value=window,
        how=kinds[0],
        function="count" if is_counted else function,
    )


def _deduplicated(spans: Spans, table: Table, _verb: WordSpan, _question: str) -> Transform | None:
    keep = next((span.data for span in spans if span.kind == "t" and span.data in ("first", "last")), "first")
    plain = [
        span
        for span in spans
        if not (span.kind in "tjnB" or (span.kind == "e" and span.data == "keep") or span.kind == "6")
    ]
    if any(span.kind == "6" and span.text == "last" for span in spans):
        keep = "last"
    columns = _named_columns(plain)
    if not columns and any(span.kind not in _BINDING | {"B"} for span in plain):
        return None
    return Transform(table, "drop duplicates", columns, how=keep)


def _without_outliers(spans: Spans, table: Table) -> Transform | None:
    """Values far from all others; or the one that is named, where it is the most or the least of a column."""
    plain = [span for span in spans if span.kind not in _BINDING | {"O"}]
    columns = tuple(span.data[0] for span in plain if span.kind == "C" and len(span.data) == 1)
    numbers = [span.data for span in plain if span.kind == "N"]
    if len(columns) + len(numbers) != len(plain) or len(columns) > 1 or len(numbers) > 1:
        return None
    if numbers:
        holders = [
            column
            for column in columns or table.columns
            if numbers[0] in (column.facts.get("min"), column.facts.get("max"))
        ]
        return (
            Transform(table, "drop rows", conditions=(Condition(holders[0], "==", (numbers[0],)),))
            if len(holders) == 1
            else None
        )
    if not columns or not is_number(columns[0]):
        numeric = ", ".join(shown(column.name) for column in table.of_role("number"))
        raise Ask(f"In which column? {shown(table.name)} has the numbers {numeric}.")
    return Transform(table, "drop outliers", columns)


def _filled(spans: Spans, table: Table, verb: WordSpan, _question: str) -> Transform | None:
    """``fill income with the mean per country``, ``ffill humidity``, ``fill gaps``."""
    if verb.kind == "f":
        left, right = [span for span in spans if span is not verb], [verb]
        if verb.data not in ("ffill", "bfill", "interpolate"):
            return None
    else:
        left, right = _halves(spans, is_filling=True)
        if not right and any(span.kind == "f" for span in left):
            right, left = [span for span in left if span.kind == "f"], [span for span in left if span.kind != "f"]
    by = ()
    grouped = next((place for place, span in enumerate(left) if span.kind == "B" and span.text.lower() != "over"), None)
    if grouped is not None:
        keys = [span for span in left[grouped + 1 :] if span.kind != "."]
        by = tuple(span.data[0] for span in keys if span.kind == "C" and len(span.data) == 1)
        if len(by) != len(keys) or not by:
            return None
        left = left[:grouped]
    made = _sorted(left, table)
    if made.rest.strip("0") or any(condition.operator != "missing" for condition in made.conditions):
        return None
    columns = tuple(dict.fromkeys((*(condition.column for condition in made.conditions), *made.columns)))
    value = _fill_value(right, columns[0] if len(columns) == 1 else None)
    if right and value is None:
        return None
    if not columns:
        columns = tuple(column for column in table.columns if whole(column.facts.get("missing")))
        if isinstance(value, Computed) and value.how in ("mean", "median", "min", "max", "interpolate"):
            columns = tuple(column for column in columns if is_number(column))
        if not columns:
            raise Ask(f"{shown(table.name)} has no missing values, so there is nothing to fill.")
    if (
        isinstance(value, Computed)
        and value.how in ("mean", "median", "interpolate")
        and not all(column.role in ("number", "time") for column in columns)
    ):
        raise Ask(f"{shown(columns[0].name)} is of type {shown(columns[0].dtype)}, of which there is no {value.how}.")
    if isinstance(value, str) and any(column.role in ("number", "time") for column in columns):
        raise Ask(
            f"{shown(columns[0].name)} is of type {shown(columns[0].dtype)}: a text in it would turn all of it into text. With which number shall I fill it?"
        )
    return Transform(table, "fill", columns, value=value, by=by)


def _fill_value(right: Spans, column: Column | None) -> Any:
    """A value, or what is computed; None where it is neither."""
    plain = [span for span in right if span.kind not in ".8"]
    if len(plain) != 1:
        return None
    span = plain[0]
    if span.kind in "fF":
        how = {"F": span.data}.get(span.kind, span.data)
        return (
            Computed(how) if how in ("mean", "median", "mode", "min", "max", "ffill", "bfill", "interpolate") else None
        )
    return _literal(span, column) if span.kind in "NQV?" else None


def _changed(spans: Spans, table: Table, verb: WordSpan, question: str) -> Transform | None:
    """Another type, another spelling, other values."""
    kinds = "".join(span.kind for span in spans)
    types = [span for span in spans if span.kind == "i"]
    if len(types) == 1 and types[0].data in ("pandas", "polars"):
        is_whole = not set(kinds) - set("IiTB=") and types[0].data != table.library
        return Transform(table, "to library", how=types[0].data) if is_whole else None
    if len(types) == 1 and not set(kinds) & set("NVQ?KL"):
        return _converted([span for span in spans if span.kind not in "imB"], table, types[0].data)
    if "b" in kinds and not set(kinds) & set("NVQ?KL"):
        return _texts(spans, table)
    if verb.text.lower() == "unify" and not set(kinds) & set("NVQ?KLi"):
        return _texts([WordSpan("b", verb.text, "unify"), *spans], table)
    if "7" in kinds:
        return _indexed(spans, table, verb, question)
    if kinds.count("&") and kinds.count("I") > 1 and (several := _several(spans, table)) is not None:
        return several
    left, right = _halves(spans)
    plain = [span for span in right if span.kind != "."]
    if len(plain) != 1 or not left:
        return None
    return _assigned(left, plain[0], table, verb)


def _split(spans: Spans, table: Table, _verb: WordSpan, question: str) -> Transform | None:
    """``split name into first and last name``."""
    into = next((place for place, span in enumerate(spans) if span.text.lower() == "into"), len(spans))
    columns, match = _named_columns(spans[:into]), _PARTS.search(question)
    if len(columns) != 1 or match is None or columns[0].role != "text":
        return None
    names = [_word(f"{part} {match['noun'] or ''}".strip()) for part in (match["first"], match["second"])]
    separator = next(
        (value for value in (", ", ",", " - ", "-", "/", " ", "_") if all(value in text for text in columns[0].values)),
        " ",
    )
    return Transform(table, "split", columns, pairs=tuple((name, separator) for name in names))


def _several(spans: Spans, table: Table) -> Transform | None:
    """``map female to f and male to m in gender``."""
    parts: list[list[WordSpan]] = [[]]
    for span in spans:
        if span.kind == "&":
            parts.append([])
        else:
            parts[-1].append(span)
    pairs, columns = list[tuple[Any, Any]](), list[Column]()
    for part in parts:
        scope = [span.data[0] for span in part if span.kind == "C" and len(span.data) == 1]
        values = [span for span in part if span.kind not in "CI=8"]
        if len(values) != 2 or len(scope) > 1:
            return None
        columns += scope
        pairs.append((values[0], values[1]))
    holders = [{holder for holder, _ in first.data} if first.kind == "V" else set() for first, _ in pairs]
    shared = set.intersection(*holders) if all(holders) else set()
    column = columns[0] if columns else next(iter(shared), None)
    if column is None or len(set(columns)) > 1 or (not columns and len(shared) != 1):
        return None
    return Transform(
        table, "replace", (column,), pairs=tuple((_literal(old, column), _literal(new, column)) for old, new in pairs)
    )


def _assigned(left: Spans, new: WordSpan, table: Table, verb: WordSpan) -> Transform | None:
    """Values in place of others: of a column, where some other is so, or of gaps."""
    is_gap = new.kind == "0"
    if not is_gap and new.kind not in "NQV?F":
        return None
    made = _sorted(left, table)
    gaps = [condition for condition in made.conditions if condition.operator == "missing"]
    if (gaps and len(gaps) == len(made.conditions) and not made.rest and not is_gap) or (
        made.rest == "0" and not made.conditions and not is_gap
    ):
        return _filled([*left, WordSpan("B", "with"), new], table, verb, "")
    plain = [span for span in left if span.kind in "VQN0"]
    scope = tuple(span.data[0] for span in left if span.kind == "C" and len(span.data) == 1)
    if is_gap and len(plain) == 1 and plain[0].kind == "0" and len(scope) == 1 and kind_of(scope[0]) != "number":
        return _blanked(scope[0], table)
    # ``replace 0 in discount with missing``, ``change returned to refunded``
    old = plain[0] if len(plain) == 1 and plain[0].kind in "VQN" else None
    holders = tuple(column for column, _ in old.data) if old is not None and old.kind == "V" else ()
    columns = scope or (holders if len(holders) == 1 else ())
    others = {span.kind for span in left} - set("VQNCI=8R.TmeE")
    if old is not None and len(columns) == 1 and not others and (old.kind != "V" or columns[0] in holders):
        if old.kind == "V":
            olds: Sequence[Any] = next(values for holder, values in old.data if holder == columns[0])
        else:
            olds = [old.data]
        if old.kind == "N" and not is_number(columns[0]):
            olds = [old.text]
        value = None if is_gap else _literal(new, columns[0])
        if isinstance(value, str) and is_number(columns[0]) and kind_of(columns[0]) == "number":
            raise Ask(f"{shown(columns[0].name)} holds numbers: a text in it would turn all of it into text.")
        return Transform(table, "replace", columns, pairs=tuple((each, value) for each in olds))
    if old is not None and old.kind == "Q" and not scope and not others and is_gap:
        texts = tuple(
            column for column in table.columns if column.role == "text" and not column.dtype.startswith("categor")
        )
        return Transform(table, "replace", texts, pairs=((old.text, None),)) if texts else None
    if made.rest or len(made.columns) > 1 or not (made.conditions or made.columns):
        return None
    targets = made.columns or (made.conditions[0].column,) if len(made.conditions) < 2 else made.columns
    if (
        len(targets) != 1
        or new.kind == "F"
        or (not made.conditions and verb.text.lower() not in ("set", "put", "overwrite"))
    ):
        return None
    value = None if is_gap else _literal(new, targets[0])
    if isinstance(value, str) and targets[0].role in ("number", "time"):
        raise Ask(
            f"{shown(targets[0].name)} is of type {shown(targets[0].dtype)}: {shown(value)} does not fit into it."
        )
    return Transform(table, "set", targets, made.conditions, value=value)


def _blanked(column: Column, table: Table) -> Transform | None:
    """``empty pay should be missing``: texts without a letter."""
    blanks = [value for value in column.values if not value.strip()] or [""]
    return Transform(table, "replace", (column,), pairs=tuple((value, None) for value in blanks))


def _converted(spans: Spans, table: Table, target: Target) -> Transform | None:
    made = _named_columns(spans)
    if any(span.kind not in _BINDING | {"C", "*", "B"} for span in spans):
        return None
    columns = made or (tuple(column for column in table.columns if column.date_like) if target == "time" else ())
    if not columns:
        raise Ask(
            f"Which column shall be converted? {shown(table.name)} has {', '.join(shown(column.name) for column in table.columns[:12])}."
        )
    for column in columns:
        kind, is_text = kind_of(column), column.role == "text"
        if target == "time" and column.role == "time":
            raise Ask(f"{shown(column.name)} is already of type {shown(column.dtype)}.")
        if (target in ("hours", "minutes") and kind != "duration") or (
            target in ("fahrenheit", "celsius") and kind != "number"
        ):
            raise Ask(f"{shown(column.name)} is of type {shown(column.dtype)}, which cannot be read in {target}.")
        if target == "fraction" and not (is_text and all(value.strip().endswith("%") for value in column.values)):
            return None
        if target == "bool" and is_text:
            raise Ask(
                f"Which values of {shown(column.name)} are true? For example: *map yes to 1 and no to 0 in {column.name}*."
            )
        is_ranked = column.dtype.startswith("categor")
        if is_ranked and target in ("number", "int", "codes"):
            return Transform(table, "convert", columns, how="codes")
    return Transform(table, "convert", columns, how=target)


def _texts(spans: Spans, table: Table) -> Transform | None:
    """``strip and title case worker``, ``make the column names lower case``."""
    methods = [span.data for span in spans if span.kind == "b"]
    plain = [span for span in spans if span.kind not in "bemB"]
    if any(span.kind == "8" and span.data == "names" for span in spans):
        return _renamed_all(methods, table) if all(span.kind in _BINDING for span in plain) else None
    columns = _named_columns(plain)
    if not columns or "snake" in methods:
        return None
    other = next((column for column in columns if column.role != "text"), None)
    if other is not None:
        raise Ask(f"{shown(other.name)} is of type {shown(other.dtype)}, not text.")
    steps = [step for method in methods for step in (("strip", "title") if method == "unify" else (method,))]
    return Transform(
        table, "text", columns, how=" ".join(dict.fromkeys(sorted(steps, key=lambda step: step != "strip")))
    )


def _renamed_all(methods: Sequence[str], table: Table) -> Transform | None:
    def restyled(name: str) -> str:
        for method in methods:
            if method == "snake":
                spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
                name = re.sub(r"\W+", "_", spaced).strip("_").lower()
            else:
                name = getattr(name, method)() if method in ("lower", "upper", "title", "strip") else name
        return name

    new = [restyled(column.name) for column in table.columns]
    if len(set(new)) < len({column.name for column in table.columns}):
        raise Ask("Two columns would have the same name, so they are not renamed.")
    pairs = tuple(
        (column, name) for column, name in zip(table.columns, new, strict=True) if column.name != name and column.plain
    )
    if not pairs:
        raise Ask(f"The columns of {shown(table.name)} are called so already.")
    return Transform(table, "rename", pairs=pairs)


def _renamed(spans: Spans, table: Table, _verb: WordSpan, _question: str) -> Transform | None:
    plain = [span for span in spans if span.kind in "C?QNVPF*0f7bi" or span.kind not in _BINDING]
    if any(span.kind == "b" for span in plain):
        return _texts(spans, table)
    pairs = list(zip(plain[::2], plain[1::2], strict=False))
    if len(plain) == 1 and plain[0].kind == "C":
        raise Ask(
            f"How shall it be called? For example: *rename {plain[0].data[0].name} to {plain[0].data[0].name}_new*."
        )
    if (
        not pairs
        or len(plain) % 2
        or any(old.kind != "C" or len(old.data) != 1 or new.kind not in "QC" for old, new in pairs)
    ):
        return None
    named = tuple((old.data[0], new.text.strip()) for old, new in pairs)
    taken = {column.name for column in table.columns} - {old.name for old, _ in named}
    double = next((new for _, new in named if new in taken), None)
    if double is not None:
        raise Ask(f"{shown(table.name)} has a column {shown(double)} already.")
    return Transform(table, "rename", pairs=named)


def _clipped(spans: Spans, table: Table, verb: WordSpan, question: str) -> Transform | None:
    """``cap price at 300``, ``clip delay below 0 to 0``, ``limit age to between 0 and 100``."""
    columns = [span.data[0] for span in spans if span.kind == "C" and len(span.data) == 1]
    numbers = [span.data for span in spans if span.kind == "N"]
    others = [span for span in spans if span.kind not in _BINDING | {"C", "N", "L", "~", "f", "F", "m", "/", "B"}]
    if others or len(columns) != 1 or not is_number(columns[0]) or not 1 <= len(numbers) <= 2:
        return None
    signs = {span.data[0] for span in spans if span.kind == "L"} | {
        {"min": ">=", "max": "<="}.get(span.data, "") for span in spans if span.kind in "fF"
    }
    signs |= (
        {">="}
        if re.search(r"\b(?:below|under|less)\b", question)
        else {"<="}
        if re.search(r"\b(?:above|over|more)\b", question)
        else set()
    )
    if len(numbers) == 2 and numbers[0] != numbers[1]:
        return Transform(table, "clip", (columns[0],), value=(min(numbers), max(numbers)))
    if signs & {"<", ">="} and not signs & {"<="}:
        return Transform(table, "clip", (columns[0],), value=(numbers[0], None))
    if signs & {">", "<="} or verb.text.lower() in ("cap", "limit"):
        return Transform(table, "clip", (columns[0],), value=(None, numbers[0]))
    raise Ask(f"Shall {numbers[0]} be the least or the most? For example: *cap {columns[0].name} at {numbers[0]}*.")


def _rounded(spans: Spans, table: Table, _verb: WordSpan, _question: str) -> Transform | None:
    numbers = [span.data for span in spans if span.kind == "N"]
    plain = [span for span in spans if span.kind not in "NqiB"]
    columns = _named_columns(plain)
    is_whole = all(span.data in ("int", "number") for span in spans if span.kind == "i")
    if not columns or len(numbers) > 1 or not is_whole or not all(column.role == "number" for column in columns):
        return None
    return Transform(table, "round", columns, value=numbers[0] if numbers else 0)


def _scaled(spans: Spans, table: Table, verb: WordSpan, _question: str) -> Transform | None:
    numbers = [span.data for span in spans if span.kind == "N"]
    is_standard = verb.text.lower() in ("standardise", "standardize", "z score", "zscore")
    plain = [
        span
        for span in spans
        if span.kind not in "N~"
        and not (span.kind == "i" and span.text in ("0 and 1", "0 / 1"))
        and not (span.kind == "e" and span.data == "scale")
    ]
    is_standard |= any(span.kind == "e" and span.text.lower() in ("z score", "zscore") for span in spans)
    columns = _named_columns(plain)
    if not columns or numbers not in ([], [0, 1]) or not all(column.role == "number" for column in columns):
        return None
    return Transform(table, "scale", columns, how="standard" if is_standard else "range")


def _moved(spans: Spans, table: Table, verb: WordSpan, question: str) -> Transform | None:
    places = [span.data for span in spans if span.kind == "6"] + [
        "front" for span in spans if span.kind == "t" and span.data == "first"
    ]
    columns = _named_columns([span for span in spans if span.kind not in "6tn"])
    if columns and len(places) == 1:
        return Transform(table, "order columns", columns, how=places[0])
    return _indexed(spans, table, verb, question) if any(span.kind == "7" for span in spans) else None


def _indexed(spans: Spans, table: Table, verb: WordSpan, _question: str) -> Transform | None:
    if any(span.kind not in _BINDING | {"7", "C", "m"} for span in spans) or table.library != "pandas":
        return None
    columns = tuple(span.data[0] for span in spans if span.kind == "C" and not span.data[0].facts.get("level"))
    if columns and verb.data != "reset":
        return Transform(table, "set index", columns) if len(columns) == 1 else None
    if not any(span.kind == "7" for span in spans) and verb.text.lower() != "reset_index":
        return None
    return Transform(table, "reset index") if not columns else None


def _ordered(spans: Spans, table: Table, _verb: WordSpan, _question: str) -> Transform | None:
    """``sort by date newest first, in place``: only what says so changes the table."""
    if not any(span.kind == "5" for span in spans):
        return None
    words = [span for span in spans if span.kind != "5"]
    turned = [span for span in combined(words, table) if span.kind in "dSA"]
    columns = tuple(span.data[0] for span in words if span.kind == "C" and len(span.data) == 1)
    left = [span for span in words if span.kind not in _BINDING | {"C", "B", "d", "S", "t", "n", "6", "A"}]
    if left or not columns or len(turned) > 1:
        return None
    word = turned[0].data if turned else "up"
    down = word == "down" or (
        word not in ("up", "down")
        and ("new" in str(word) or next((sign for _, sign in hints(str(word).lstrip("-"))), 1) > 0)
    )
    return Transform(table, "sort", columns, how="down" if down else "up")


def _added(spans: Spans, table: Table, verb: WordSpan, question: str) -> Transform | None:
    """``price per area``, ``month from date``, ``expensive where price > 100``."""
    called = _CALLED.search(question)
    sign = _SIGNS.get(verb.text.lower(), "")
    if not sign and not any(span.kind == "8" for span in spans):
        return None
    words = [span for span in spans if span.kind not in "8T.&" and not (span.kind == "e" and span.data == "add")]
    if called is not None:
        words = [span for span in words if span.text.lower() != called[1].lower()]
    while words and words[-1].kind == "I":
        words = words[:-1]
    is_named = bool(words) and (
        words[0].kind in "?Q" or (words[0].kind in "ASaF" and words[1:] and words[1].kind == "r")
    )
    first = words[0] if is_named else None
    words = [span for span in (words[1:] if first is not None else words) if span.kind not in "I=" or sign]
    wanted = called[1] if called is not None else first.text if first is not None else ""
    kinds = "".join(span.kind for span in words)
    if sign:
        kinds, words = (
            re.sub("[IB]", "9", kinds),
            [WordSpan("9", sign, sign) if span.kind in "IB" else span for span in words],
        )
        if sign == "-":
            words = words[::-1]
    kinds = kinds.replace("B", "9") if kinds in ("CBC", "CBN") and any(span.text == "per" for span in words) else kinds
    words = [WordSpan("9", span.text, "/") if span.kind == "B" and span.text == "per" else span for span in words]
    words = [WordSpan("9", span.text, "/") if span.kind == "/" else span for span in words]
    kinds = "".join(span.kind for span in words)
    if re.fullmatch(r"[CN](?:9[CN])+", kinds) and "C" in kinds:
        if any(span.kind == "C" and len(span.data) != 1 for span in words):
            return None
        parts = tuple(span.data[0] if span.kind == "C" else span.data for span in words)
        other = next((part for part in parts if isinstance(part, Column) and not _is_arithmetic(part)), None)
        if other is not None:
            raise Ask(
                f"{shown(other.name)} is of type {shown(other.dtype)}, with which nothing can be computed as it is."
            )
        default = "_".join(
            _WORDS.get(part, "")
            if isinstance(part, str)
            else _word(part.name if isinstance(part, Column) else str(part))
            for part in parts
        )
        return Transform(table, "derive", value=parts, name=wanted or default)
    periods = [span.data for span in words if span.kind in "Pp"]
    times = [
        span.data[0] for span in words if span.kind == "C" and len(span.data) == 1 and kind_of(span.data[0]) == "time"
    ]
    if len(periods) == 1 and len(times) <= 1 and len(words) == 1 + len(times):
        time = times[0] if times else table.time
        return (
            Transform(table, "derive", (time,), how=periods[0], name=wanted or periods[0]) if time is not None else None
        )
    made = _sorted(words, table)
    if made.conditions and not made.rest and not made.columns and wanted:
        return Transform(table, "derive", conditions=made.conditions, name=wanted)
    return None


def _is_arithmetic(column: Column) -> bool:
    return kind_of(column) in ("number", "decimal", "duration", "truth")


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_").lower() or "value"


def _formula(question: str, table: Table) -> Transform | None:
    """``total = quantity * (price - rebate)``, with columns and numbers alone."""
    match = _FORMULA.match(question)
    if match is None or any(
        span.kind not in "e8TI.&hr" for span in next(readings(match["before"], Vocabulary(table, lexicon=LEXICON)), [])
    ):
        return None
    columns = {column.name: column for column in table.columns if column.plain}
    text = match["formula"]
    for column in sorted(columns.values(), key=lambda column: -len(column.name)):
        if not column.name.isidentifier():
            text = re.sub(rf"(?<!\w){re.escape(column.name)}(?!\w)", f"_{column.position}_", text)
            columns[f"_{column.position}_"] = column
    try:
        tree = ast.parse(text.replace("^", "**").strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    allowed = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Constant, ast.Name, ast.Load)
    nodes = list(ast.walk(tree))
    named = [node.id for node in nodes if isinstance(node, ast.Name)]
    if (
        not named
        or not all(isinstance(node, allowed) for node in nodes)
        or any(isinstance(node, ast.Constant) and not isinstance(node.value, (int, float)) for node in nodes)
    ):
        return None
    missing = next((word for word in named if word not in columns), None)
    if missing is not None:
        return None
    pieces = re.split(r"([^\W\d]\w*)", ast.unparse(tree))
    parts = tuple(columns.get(piece, piece) for piece in pieces if piece)
    return Transform(table, "derive", value=("formula", *parts), name=match["name"])


Builder = Callable[[Spans, Table, WordSpan, str], "Transform | None"]
_BUILDERS: Mapping[str, Builder] = {
    "drop": _dropped,
    "dropna": lambda spans, table, verb, question: _dropped(
        [WordSpan("0", "missing", ""), *spans], table, verb, question
    ),
    "keep": _kept,
    "select": _kept,
    "split": _split,
    "fill": _filled,
    "change": _changed,
    "rename": _renamed,
    "dedupe": _deduplicated,
    "add": _added,
    "clip": _clipped,
    "round": _rounded,
    "scale": _scaled,
    "move": _moved,
    "sort": _ordered,
    "reset": _indexed,
}
