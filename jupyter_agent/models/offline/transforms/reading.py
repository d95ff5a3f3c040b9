"""From a question to the change that it asks for: each word has its part in it, or it is no such question."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile
from typing import Any

from jupyter_agent.models.offline.grammar.assembly import descends
from jupyter_agent.models.offline.grammar.combinators import combined
from jupyter_agent.models.offline.grammar.sources import likeliest, named_tables
from jupyter_agent.models.offline.grammar.spans import (
    Spans,
    Vocabulary,
    WordSpan,
    columns_of,
    data_of,
    kinds_of,
    readings,
    without,
)
from jupyter_agent.models.offline.grammar.tables import is_number, kind_of, numbers_of, with_levels
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import name as shown
from jupyter_agent.models.offline.namespace import Column, Table, names_of, whole
from jupyter_agent.models.offline.query import Ask, Condition, Function
from jupyter_agent.models.offline.transforms.lexicon import LEXICON
from jupyter_agent.models.offline.transforms.transform import Computed, Target, Transform
from jupyter_agent.models.offline.words import forms, parts

#: What leads from what is changed to what it becomes; the weaker ones do so where no other does.
_STRONG = frozenset({*words("to into with w by using becomes become"), "should be", "must be"})
_WEAK = frozenset(words("in at from as ="))
#: Arrows are words; what a column is to be called is quoted, so that it is taken as it is.
_ARROW = re.compile(r"\s*(?:[-=]>|→)\s*")
_NEW_NAME = re.compile(
    r"\b(to|as|into|=)\s+(?![`'\"])([^,;?]+?)(?=\s*(?:,|;|\?|!|\.?$|\band\b|\bin \w+\s*$))", re.IGNORECASE
)
#: ``leave those rows out``, ``throw them away``: the verb in one piece.
_PARTED = re.compile(
    r"\b(leave|take|throw|kick|filter|weed|cut|clear|toss) (?!out\b|away\b)([^,;.]{1,40}?) (out|away)\b",
    re.IGNORECASE,
)
#: Columns are spoken of, before it is said which.
_OF_COLUMNS = re.compile(
    r"(?:(?!\b(?:where|whose|that|with|without|if|rows?|records?|entries)\b).)*\b(?:column|col|field|feature)s?\b",
    re.IGNORECASE,
)
_RENAMING = re.compile(r"\b(?:rename|relabel)\b", re.IGNORECASE)
_CALLED = re.compile(r"\b(?:called|named|name it|call it) [`'\"]?([^\W\d]\w*)[`'\"]?", re.IGNORECASE)
_FORMULA = re.compile(
    r"^(?P<before>.*?)[`'\"]?(?P<name>[^\W\d]\w*)[`'\"]?\s*=(?!=)\s*(?P<formula>.+?)[\s?.!]*$", re.DOTALL
)
_PARTS = re.compile(r"\binto (?P<first>\w+) and (?P<second>\w+)(?: (?P<noun>names?))?[\s?.!]*$", re.IGNORECASE)
_SIGNS: Mapping[str, str] = {"divide": "/", "multiply": "*", "subtract": "-"}
_WORDS = {"/": "per", "*": "times", "+": "plus", "-": "minus"}
_ARITHMETIC = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Constant, ast.Name, ast.Load,
)  # fmt: skip
#: They hold a sentence together and have done so; what is left beside them has to be used.
_BINDING = "I=&rRT8x"


@dataclass(frozen=True, slots=True)
class _Request:
    """A verb that changes a table, the words behind it, and the whole question."""

    spans: Spans
    table: Table
    verb: WordSpan
    question: str = ""

    @property
    def kinds(self) -> str:
        """The letters of the words."""
        return kinds_of(self.spans)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are named, whatever else is."""
        return columns_of(self.spans)

    def has_only(self, kinds: str) -> bool:
        """Whether no word is of another kind, but for those that hold the sentence together."""
        return not set(self.kinds) - set(_BINDING + kinds)

    def listed(self, *, but: str = "") -> tuple[Column, ...]:
        """The columns, where the words (but for some kinds) name nothing else, with ``and`` between them; of several that share a word, all."""
        spans = without(self.spans, but)
        kinds = kinds_of(spans)
        is_list = set(kinds) <= set(_BINDING + "C*") and not re.search(r"[C*][^&]*[C*]", kinds)
        if not is_list or any(span.kind == "C" and span.column is None for span in spans):
            return ()
        return tuple(dict.fromkeys(column for columns in data_of(spans, "C*") for column in columns))


def transform_of(question: str, tables: Sequence[Table], previous: object = None) -> Transform | None:
    """The change that a question asks for; None if it asks for something else, or a word of it has no part.

    Args:
        question: As typed.
        tables: What there is, in full detail.
        previous: The change, or the query of a table, that was asked for before.

    Raises:
        Ask: something is missing, cannot be, or could be of several tables.
    """
    text = _normalized(question)
    if _RENAMING.search(text):
        text = _NEW_NAME.sub(lambda match: f'{match[1]} "{match[2]}"', text)
    found, asked = list[tuple[Transform, Table, int]](), list[Ask]()
    for table in map(with_levels, named_tables(text, tables)):
        formula = _formula(text, table)
        if formula is not None:
            found.append((formula, table, 3))
            continue
        for spans in readings(text, Vocabulary(table, lexicon=LEXICON)):
            try:
                transform = _read(spans, table, text, previous)
            except Ask as ask:
                asked.append(ask)
                continue
            used = transform.used(but_groups=True) if transform is not None else ()
            if transform is not None and all(column.plain and not column.facts.get("level") for column in used):
                notes = (*transform.notes, *(span.note for span in spans if span.note))
                found.append((replace(transform, notes=notes), table, sum(span.surety for span in spans)))
                break
    if not found and asked:
        raise asked[0]
    spoken: Table | None = getattr(previous, "table", None)
    likely, _ = likeliest(found, spoken.name if spoken is not None else "")
    if len(likely) > 1:
        raise Ask.which_table(transform.table.name for transform in likely)
    return next(iter(likely), None)


def _normalized(question: str) -> str:
    return _PARTED.sub(r"\1 \3 \2", _ARROW.sub(" to ", question))


def _read(spans: Spans, table: Table, question: str, previous: object) -> Transform | None:
    spans = list(dropwhile(lambda span: span.kind in "h&v!", spans))
    kinds = kinds_of(spans)
    if "1" in kinds and (running := _running(spans, table)) is not None:
        return running
    if re.fullmatch("[TIC=w]*(?:RN|nR)[TIC=w]*", kinds):
        return _row(spans, table)
    if not spans or set("wWHU%cgk1") & set(kinds):
        return None
    if len(spans) > 2 and kinds.endswith("ex") and spans[-2].data == spans[0].data:
        spans = spans[:-3] if spans[-3].kind == "&" else spans[:-2]  # ``do not need it, drop it``
    spans = _of_previous(spans, previous)
    kinds = kinds_of(spans)
    whole_request = _Request(spans, table, spans[0], question)
    if kinds[0] == "e" and spans[0].data in _BUILDERS:
        return _BUILDERS[spans[0].data](replace(whole_request, spans=spans[1:]))
    if "m" in kinds:
        return _changed(whole_request)
    if kinds[0] in "bf":
        return (_texts if kinds[0] == "b" else _filled)(whole_request)
    if kinds == "CIi" and spans[1].text.lower() in ("as", "in", "to", "into"):
        return _converted(replace(whole_request, spans=spans[:1]), spans[2].data)
    return None


def _row(spans: Spans, table: Table) -> Transform | None:
    """``row 3``, counted from 0, or ``third row``: a place. ``loan 3`` is the loan of this number, and ``row 3`` is, where a column is called so."""
    noun, number = (next(span for span in spans if span.kind in kinds) for kinds in ("R", "Nn"))
    place = number.data - 1 if number.kind == "n" else number.data
    columns = columns_of(spans)
    is_place = (
        noun.surety == 0
        and noun.text.lower() != "one"
        and not any(forms(noun.text) & parts(column.name) for column in table.columns)
    )
    is_there = isinstance(place, int) and 0 <= place < (table.rows or 0)
    if not is_place or not is_there or len(columns) > 1 or len(columns) < kinds_of(spans).count("C"):
        return None
    return Transform(table, "row", columns, value=place)


def _of_previous(spans: Spans, previous: object) -> list[WordSpan]:
    """``drop them``: the rows, or the columns, that the question before was about; or the gaps and repeated rows that it counted."""
    if "x" not in kinds_of(spans) or set("CVK") & set(kinds_of(spans)):
        return list(spans)
    conditions = getattr(previous, "conditions", ())
    columns = () if conditions else getattr(previous, "columns", ())
    own = [WordSpan("K", "them", condition) for condition in conditions] or [
        WordSpan("C", "them", (column,)) for column in columns
    ]
    kind = {"missing": "0", "duplicates": "j"}.get(getattr(previous, "what", ""), "")
    if kind and spans[0].data == "drop" and "8" not in kinds_of(spans):
        own = [WordSpan(kind, "them", ""), *own]
    return [part for span in spans for part in (own if span.kind == "x" and own else [span])]


def _sorted(spans: Spans, table: Table) -> tuple[tuple[Condition, ...], tuple[Column, ...], str]:
    """Which rows, which columns, and the letters of all that is neither."""
    made = combined(list(spans), table)
    groups = tuple(column for group in data_of(made, "G") for column in group.by)
    rest = kinds_of(span for span in without(made, _BINDING + "KG") if span.column is None)
    return tuple(data_of(made, "K")), (*columns_of(made), *groups), rest


def _halves(spans: Spans, *, is_filling: bool = False) -> tuple[list[WordSpan], list[WordSpan]]:
    """What is changed, and what it becomes, with where that is said to be put back to the first."""
    inner = [place for place, span in enumerate(spans) if span.kind in "IB=m" and 0 < place < len(spans) - 1]
    strong = [place for place in inner if spans[place].text.lower() in _STRONG]
    if not strong and not is_filling:
        strong = [place for place in inner if spans[place].text.lower() in _WEAK]
    if not strong:
        return list(spans), []
    is_first = spans[strong[0]].kind == "m" or spans[strong[-1] - 1].kind in "rK"
    place = strong[0] if is_first else strong[-1]
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


def _is_of_type(column: Column) -> str:
    return f"{shown(column.name)} is of type {shown(column.dtype)}"


def _dropped(request: _Request) -> Transform | None:
    """Rows, columns, gaps, duplicates or outliers."""
    kinds, table = request.kinds, request.table
    if "j" in kinds and "8" in kinds and not set("RC") & set(kinds):
        is_whole = request.has_only("j")
        return Transform(table, "drop sparse columns", how="repeated") if is_whole else None
    for letter, build in (("j", _deduplicated), ("b", _texts), ("O", _without_outliers)):
        if letter in kinds:
            return build(request)
    columns = request.listed()
    flagged = [span.data[0] for span in request.spans if _are_rows_named(span)]
    if columns and len(flagged) == len(columns) == 1:
        return Transform(table, "drop rows", conditions=(Condition(flagged[0], "==", (True,)),))
    if columns and not set("Rr") & set(kinds) and "T" not in kinds.split("C")[-1].split("I")[0]:
        return Transform(table, "drop columns", columns)
    if "8" in kinds and "R" not in kinds and (found := _columns_with_gaps(request)) is not None:
        return found
    if _OF_COLUMNS.match(request.question):
        return None  # what is left is no value of which rows go
    conditions, columns, rest = _sorted(request.spans, table)
    if rest in ("0", "!0") and not conditions and (not columns or "8" in kinds):
        how = "all" if any(span.data == "all" and span.text != "empty" for span in request.spans) else ""
        return Transform(table, "drop missing", columns, how=how)
    if rest or not conditions or not {condition.column for condition in conditions}.issuperset(columns):
        return None
    operators = {condition.operator for condition in conditions}
    if operators == {"missing"} and len(conditions) > 1:
        raise Ask("Rows where both are missing, or one of them? Ask for one column after the other, if either will do.")
    if operators == {"missing"}:
        return Transform(table, "drop missing", (conditions[0].column,))
    return Transform(table, "drop rows", conditions=conditions) if "unmatched" not in operators else None


def _are_rows_named(span: WordSpan) -> bool:
    """``the no shows`` of ``no_show``: rows, not the column."""
    column = span.column
    is_plural = span.text.endswith("s") and column is not None and not column.name.endswith("s")
    return is_plural and column is not None and kind_of(column) == "truth"


def _columns_with_gaps(request: _Request) -> Transform | None:
    """``empty columns``, ``the constant column``, ``columns with more than 30 % missing``."""
    plain = without(request.spans, _BINDING + "^")
    kinds = kinds_of(plain)
    if kinds in ("0", "o0"):
        how = "all" if kinds == "o0" else plain[0].data or "any"
        return Transform(request.table, "drop sparse columns", how=how)
    if kinds in ("LN0", "LN%0") and plain[0].data[0] == ">":
        number = plain[1].data
        share = number / 100 if number > 1 or plain[1].text.endswith("%") else number
        return Transform(request.table, "drop sparse columns", value=share, how="share")
    return None


def _kept(request: _Request) -> Transform | None:
    columns = request.listed(but="o")
    operation: Any = "keep columns" if request.verb.data == "keep" else "select columns"
    return Transform(request.table, operation, columns) if columns else None


def _running(spans: Spans, table: Table) -> Transform | None:
    """``7 day moving average of price``, ``cumulative revenue by region``, ``growth per month``."""
    kinds, numbers = data_of(spans, "1"), data_of(spans, "N")
    units = data_of(spans, "P") if numbers else []
    is_counted, is_moving = "H" in kinds_of(spans), kinds == ["moving"]
    is_verb = any(span.kind == "1" and span.text.lower() in ("change", "changed", "changes") for span in spans)
    spans = [replace(span, kind="B") if span.kind == "9" and span.text.lower() == "per" else span for span in spans]
    made = combined(without(spans, "1N8HP" if numbers else "1N8H"), table)
    made = made[1:] if made and made[0].kind == "e" and made[0].data == "add" else made
    measures = [measure for several in data_of(made, "M") for measure in several]
    functions: list[Function] = [*data_of(made, "F"), *(measure.function for measure in measures)]
    groups = [column for group in data_of(made, "G") for column in group.by]
    periods = [group.period for group in data_of(made, "G") if group.period]
    by = tuple(column for column in groups if not parts(column.name) & {"year", "date", "day", "month"})
    columns = [*columns_of(made), *(measure.column for measure in measures)]
    if is_counted and (not periods or any(map(is_number, columns))):
        return None
    columns = columns or [column for column in numbers_of(table) if column not in groups and column.position >= 0]
    fits_time = not units or (units == ["day"] and table.time is not None and table.library == "pandas" and is_moving)
    fits_words = len(kinds) == 1 and bool(numbers) == is_moving and not without(made, _BINDING + "GCFM")
    fits_groups = len(periods) < 2 and not (periods and groups) and not (by and is_moving)
    if not (fits_time and fits_words and fits_groups) or len(functions) > 1 or (is_verb and not periods):
        return None  # ``change price`` changes it
    if not (is_counted or all(map(is_number, columns))) or (len(columns) > 1 and not by):
        return None
    if functions and not is_moving and (functions != ["sum"] or is_counted):
        return None
    return Transform(
        table,
        "running",
        tuple(columns),
        by=by,
        period=periods[0] if periods else None,
        value=f"{numbers[0]}D" if units else numbers[0] if numbers else 1,
        how=kinds[0],
        function="count" if is_counted else functions[0] if functions else "mean",
    )


def _deduplicated(request: _Request) -> Transform | None:
    places = [span.data for span in request.spans if span.kind == "t" and span.data in ("first", "last")]
    places = ["last" for span in request.spans if span.kind == "6" and span.text == "last"] or places
    plain = [span for span in without(request.spans, "tjnB6") if (span.kind, span.data) != ("e", "keep")]
    words_left = replace(request, spans=plain)
    columns = words_left.listed()
    if not columns and not words_left.has_only(""):
        return None
    return Transform(request.table, "drop duplicates", columns, how=places[0] if places else "first")


def _without_outliers(request: _Request) -> Transform | None:
    """Values far from all others; or the one that is named, where it is the most or the least of a column."""
    table, columns, numbers = request.table, request.columns, data_of(request.spans, "N")
    plain = without(request.spans, _BINDING + "O")
    if len(columns) + len(numbers) != len(plain) or len(columns) > 1 or len(numbers) > 1:
        return None
    if numbers:
        ends = ((column, column.facts.get(end)) for column in columns or table.columns for end in ("min", "max"))
        holders = list(dict.fromkeys(column for column, end in ends if end == numbers[0]))
        only = tuple(Condition(column, "==", (numbers[0],)) for column in holders)
        return Transform(table, "drop rows", conditions=only) if len(only) == 1 else None
    if not columns or not is_number(columns[0]):
        raise Ask(f"In which column? {shown(table.name)} has the numbers {names_of(table.of_role('number'), 1000)}.")
    return Transform(table, "drop outliers", columns)


def _filled(request: _Request) -> Transform | None:
    """``fill income with the mean per country``, ``ffill humidity``, ``fill gaps``."""
    table, verb = request.table, request.verb
    if verb.kind == "f":
        left, right = [span for span in request.spans if span is not verb], [verb]
        if verb.data not in ("ffill", "bfill", "interpolate"):
            return None
    else:
        left, right = _halves(request.spans, is_filling=True)
        if not right and "f" in kinds_of(left):
            right, left = [span for span in left if span.kind == "f"], without(left, "f")
    by: tuple[Column, ...] = ()
    grouped = next((place for place, span in enumerate(left) if span.kind == "B" and span.text.lower() != "over"), None)
    if grouped is not None:
        keys = without(left[grouped + 1 :], ".")
        by, left = columns_of(keys), left[:grouped]
        if len(by) != len(keys) or not by:
            return None
    conditions, columns, rest = _sorted(left, table)
    if rest.strip("0") or any(condition.operator != "missing" for condition in conditions):
        return None
    columns = tuple(dict.fromkeys((*(condition.column for condition in conditions), *columns)))
    value = _fill_value(right, columns[0] if len(columns) == 1 else None)
    if right and value is None:
        return None
    how = value.how if isinstance(value, Computed) else ""
    if not columns:
        columns = tuple(column for column in table.columns if whole(column.facts.get("missing")))
        if how in ("mean", "median", "min", "max", "interpolate"):
            columns = tuple(filter(is_number, columns))
        if not columns:
            raise Ask(f"{shown(table.name)} has no missing values, so there is nothing to fill.")
    measured = [column for column in columns if column.role in ("number", "time")]
    if how in ("mean", "median", "interpolate") and len(measured) < len(columns):
        raise Ask(f"{_is_of_type(columns[0])}, of which there is no {how}.")
    if isinstance(value, str) and measured:
        raise Ask(
            f"{_is_of_type(columns[0])}: a text in it would turn all of it into text. With which number shall I fill it?"
        )
    return Transform(table, "fill", columns, value=value, by=by)


def _fill_value(right: Spans, column: Column | None) -> Any:
    """A value, or what is computed; None where it is neither."""
    plain = without(right, ".8")
    if len(plain) != 1:
        return None
    span = plain[0]
    if span.kind in "fF":
        known = words("mean median mode min max ffill bfill interpolate")
        return Computed(span.data) if span.data in known else None
    return _literal(span, column) if span.kind in "NQV?" else None


def _changed(request: _Request) -> Transform | None:
    """Another type, another spelling, other values."""
    spans, table, kinds = request.spans, request.table, set(request.kinds)
    targets = data_of(spans, "i")
    has_values = bool(kinds & set("NVQ?KL"))
    if len(targets) == 1 and targets[0] in ("pandas", "polars"):
        is_whole = kinds <= set("IiTB=") and targets[0] != table.library
        return Transform(table, "to library", how=targets[0]) if is_whole else None
    if len(targets) == 1 and not has_values:
        return _converted(replace(request, spans=without(spans, "imB")), targets[0])
    if "b" in kinds and not has_values:
        return _texts(request)
    if request.verb.text.lower() == "unify" and not has_values and not targets:
        return _texts(replace(request, spans=[WordSpan("b", request.verb.text, "unify"), *spans]))
    if "7" in kinds:
        return _indexed(request)
    if "&" in kinds and request.kinds.count("I") > 1 and (several := _several(request)) is not None:
        return several
    left, right = _halves(spans)
    plain = without(right, ".")
    return _assigned(replace(request, spans=left), plain[0]) if len(plain) == 1 and left else None


def _split(request: _Request) -> Transform | None:
    """``split name into first and last name``."""
    into = next((place for place, span in enumerate(request.spans) if span.text.lower() == "into"), None)
    columns, match = replace(request, spans=request.spans[:into]).listed(), _PARTS.search(request.question)
    if len(columns) != 1 or match is None or columns[0].role != "text":
        return None
    names = [_word(f"{part} {match['noun'] or ''}".strip()) for part in (match["first"], match["second"])]
    separators = (", ", ",", " - ", "-", "/", " ", "_")
    separator = next((value for value in separators if all(value in text for text in columns[0].values)), " ")
    return Transform(request.table, "split", columns, pairs=tuple((name, separator) for name in names))


def _several(request: _Request) -> Transform | None:
    """``map female to f and male to m in gender``."""
    clauses: list[list[WordSpan]] = [[]]
    for span in request.spans:
        if span.kind == "&":
            clauses.append([])
        else:
            clauses[-1].append(span)
    pairs = [without(clause, "CI=8") for clause in clauses]
    columns = {column for clause in clauses for column in columns_of(clause)}
    if any(len(pair) != 2 for pair in pairs) or any(len(columns_of(clause)) > 1 for clause in clauses):
        return None
    holders = [{holder for holder, _ in old.data} if old.kind == "V" else set() for old, _ in pairs]
    columns = columns or set.intersection(*holders)
    if len(columns) != 1:
        return None
    column = columns.pop()
    values = tuple((_literal(old, column), _literal(new, column)) for old, new in pairs)
    return Transform(request.table, "replace", (column,), pairs=values)


def _assigned(request: _Request, new: WordSpan) -> Transform | None:
    """Values in place of others: of a column, where some other is so, or of gaps."""
    left, table, scope = request.spans, request.table, request.columns
    is_gap = new.kind == "0"
    if new.kind not in "0NQV?F":
        return None
    conditions, columns, rest = _sorted(left, table)
    fills = {condition.operator for condition in conditions} == {"missing"} and not rest
    if not is_gap and (fills or (rest == "0" and not conditions)):
        return _filled(replace(request, spans=[*left, WordSpan("B", "with"), new]))
    plain = [span for span in left if span.kind in "VQN0"]
    old = plain[0] if len(plain) == 1 else None
    if is_gap and old is not None and old.kind == "0" and len(scope) == 1 and kind_of(scope[0]) != "number":
        blanks = [value for value in scope[0].values if not value.strip()] or [""]  # ``empty pay should be missing``
        return Transform(table, "replace", scope, pairs=tuple((value, None) for value in blanks))
    # ``replace 0 in discount with missing``, ``change returned to refunded``
    if old is not None and old.kind != "0" and not set(request.kinds) - set("VQNCI=8R.TmeE"):
        holders = dict(old.data) if old.kind == "V" else {}
        changed = scope or (tuple(holders) if len(holders) == 1 else ())
        if len(changed) == 1 and (old.kind != "V" or changed[0] in holders):
            return _replaced(request, old, changed[0], None if is_gap else _literal(new, changed[0]))
        if old.kind == "Q" and not scope and is_gap:
            texts = tuple(column for column in table.of_role("text") if not column.dtype.startswith("categor"))
            return Transform(table, "replace", texts, pairs=((old.text, None),)) if texts else None
    if len(conditions) == 1 and not columns:
        columns = (conditions[0].column,)
    is_setting = bool(conditions) or request.verb.text.lower() in ("set", "put", "overwrite")
    if rest or len(columns) != 1 or new.kind == "F" or not is_setting:
        return None
    value = None if is_gap else _literal(new, columns[0])
    if isinstance(value, str) and columns[0].role in ("number", "time"):
        raise Ask(f"{_is_of_type(columns[0])}: {shown(value)} does not fit into it.")
    return Transform(table, "set", columns, conditions, value=value)


def _replaced(request: _Request, old: WordSpan, column: Column, value: Any) -> Transform:
    """One value of a column, in each of its spellings, by another."""
    if isinstance(value, str) and kind_of(column) == "number":
        raise Ask(f"{shown(column.name)} holds numbers: a text in it would turn all of it into text.")
    olds: Sequence[Any] = [old.text if old.kind == "N" and not is_number(column) else old.data]
    if old.kind == "V":
        olds = dict(old.data)[column]
    return Transform(request.table, "replace", (column,), pairs=tuple((each, value) for each in olds))


def _converted(request: _Request, target: Target) -> Transform | None:
    table = request.table
    columns = request.listed()
    if not request.has_only("C*B"):
        return None
    if not columns and target == "time":
        columns = tuple(column for column in table.columns if column.date_like)
    if not columns:
        listed = ", ".join(shown(column.name) for column in table.columns[:12])
        raise Ask(f"Which column shall be converted? {shown(table.name)} has {listed}.")
    for column in columns:
        kind, is_text = kind_of(column), column.role == "text"
        needed = {"hours": "duration", "minutes": "duration", "fahrenheit": "number", "celsius": "number"}.get(target)
        if target == "time" and column.role == "time":
            raise Ask(f"{shown(column.name)} is already of type {shown(column.dtype)}.")
        if needed is not None and kind != needed:
            raise Ask(f"{_is_of_type(column)}, which cannot be read in {target}.")
        if target == "fraction" and not (is_text and all(value.strip().endswith("%") for value in column.values)):
            return None
        if target == "bool" and is_text:
            raise Ask(
                f"Which values of {shown(column.name)} are true? For example: *map yes to 1 and no to 0 in {column.name}*."
            )
        if column.dtype.startswith("categor") and target in ("number", "int", "codes"):
            return Transform(table, "convert", columns, how="codes")
    return Transform(table, "convert", columns, how=target)


def _texts(request: _Request) -> Transform | None:
    """``strip and title case worker``, ``make the column names lower case``."""
    methods, plain = data_of(request.spans, "b"), replace(request, spans=without(request.spans, "bemB"))
    if any(span.kind == "8" and span.data == "names" for span in request.spans):
        return _renamed_all(methods, request.table) if plain.has_only("") else None
    columns = plain.listed()
    if not columns or "snake" in methods:
        return None
    other = next((column for column in columns if column.role != "text"), None)
    if other is not None:
        raise Ask(f"{_is_of_type(other)}, not text.")
    steps = [step for method in methods for step in (("strip", "title") if method == "unify" else (method,))]
    how = " ".join(dict.fromkeys(sorted(steps, key=lambda step: step != "strip")))
    return Transform(request.table, "text", columns, how=how)


def _tidied(request: _Request) -> Transform | None:
    """``tidy up the column names``; of a table or a column it is to be said what is meant."""
    if any((span.kind, span.data) == ("8", "names") for span in request.spans):
        plain = replace(request, spans=without(request.spans, "beB"))
        return _renamed_all([*data_of(request.spans, "b"), "snake"], request.table) if plain.has_only("") else None
    if not request.has_only("C8"):
        return None
    example = request.columns[0].name if request.columns else request.table.name
    raise Ask(
        f"What shall be tidied? For example: *tidy up the column names*, *drop duplicates in {example}* or *drop missing values in {example}*."
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

    new = {column: restyled(column.name) for column in table.columns}
    if len(set(new.values())) < len({column.name for column in table.columns}):
        raise Ask("Two columns would have the same name, so they are not renamed.")
    pairs = tuple((column, name) for column, name in new.items() if column.name != name and column.plain)
    if not pairs:
        raise Ask(f"The columns of {shown(table.name)} are called so already.")
    return Transform(table, "rename", pairs=pairs)


def _renamed(request: _Request) -> Transform | None:
    if "b" in request.kinds:
        return _texts(request)
    plain = without(request.spans, _BINDING)
    if len(plain) == 1 and plain[0].kind == "C":
        old = plain[0].data[0].name
        raise Ask(f"How shall it be called? For example: *rename {old} to {old}_new*.")
    pairs = list(zip(plain[::2], plain[1::2], strict=False))
    if not pairs or len(plain) % 2 or any(old.column is None or new.kind not in "QC" for old, new in pairs):
        return None
    named = tuple((old.data[0], new.text.strip()) for old, new in pairs)
    taken = {column.name for column in request.table.columns} - {old.name for old, _ in named}
    double = next((new for _, new in named if new in taken), None)
    if double is not None:
        raise Ask(f"{shown(request.table.name)} has a column {shown(double)} already.")
    return Transform(request.table, "rename", pairs=named)


def _clipped(request: _Request) -> Transform | None:
    """``cap price at 300``, ``clip delay below 0 to 0``, ``limit age to between 0 and 100``."""
    table, columns, numbers = request.table, request.columns, data_of(request.spans, "N")
    if (
        not request.has_only("CNL~fFm/B")
        or len(columns) != 1
        or not is_number(columns[0])
        or len(numbers) not in (1, 2)
    ):
        return None
    signs = {operator for operator, _ in data_of(request.spans, "L")}
    signs |= {{"min": ">=", "max": "<="}.get(function, "") for function in data_of(request.spans, "fF")}
    if re.search(r"\b(?:below|under|less)\b", request.question):
        signs.add(">=")
    elif re.search(r"\b(?:above|over|more)\b", request.question):
        signs.add("<=")
    if len(set(numbers)) == 2:
        return Transform(table, "clip", columns, value=(min(numbers), max(numbers)))
    if signs & {"<", ">="} and "<=" not in signs:
        return Transform(table, "clip", columns, value=(numbers[0], None))
    if signs & {">", "<="} or request.verb.text.lower() in ("cap", "limit"):
        return Transform(table, "clip", columns, value=(None, numbers[0]))
    raise Ask(f"Shall {numbers[0]} be the least or the most? For example: *cap {columns[0].name} at {numbers[0]}*.")


def _rounded(request: _Request) -> Transform | None:
    numbers, columns = data_of(request.spans, "N"), request.listed(but="NqiB")
    is_whole = set(data_of(request.spans, "i")) <= {"int", "number"}
    if not columns or len(numbers) > 1 or not is_whole or any(column.role != "number" for column in columns):
        return None
    return Transform(request.table, "round", columns, value=numbers[0] if numbers else 0)


def _scaled(request: _Request) -> Transform | None:
    if any((span.kind, span.data) == ("8", "names") for span in request.spans):
        return _tidied(request)
    numbers, scales = data_of(request.spans, "N"), [request.verb]
    scales += [span for span in request.spans if (span.kind, span.data) == ("e", "scale")]
    standard = [span.text.lower() in ("standardise", "standardize", "z score", "zscore") for span in scales]
    left = [span for span in request.spans if span not in scales and span.text not in ("0 and 1", "0 / 1")]
    columns = replace(request, spans=left).listed(but="N~")
    if not columns or numbers not in ([], [0, 1]) or any(column.role != "number" for column in columns):
        return None
    return Transform(request.table, "scale", columns, how="standard" if any(standard) else "range")


def _moved(request: _Request) -> Transform | None:
    places = [*data_of(request.spans, "6"), *("front" for place in data_of(request.spans, "t") if place == "first")]
    columns = request.listed(but="6tn")
    if columns and len(places) == 1:
        return Transform(request.table, "order columns", columns, how=places[0])
    return _indexed(request) if "7" in request.kinds else None


def _indexed(request: _Request) -> Transform | None:
    if not request.has_only("7Cm") or request.table.library != "pandas":
        return None
    columns = tuple(column for columns in data_of(request.spans, "C") for column in columns[:1])
    columns = tuple(column for column in columns if not column.facts.get("level"))
    if columns:
        is_set = request.verb.data != "reset" and len(columns) == 1
        return Transform(request.table, "set index", columns) if is_set else None
    is_index = "7" in request.kinds or request.verb.text.lower() == "reset_index"
    return Transform(request.table, "reset index") if is_index else None


def _ordered(request: _Request) -> Transform | None:
    """``sort by date newest first, in place``: only what says so changes the table."""
    plain = replace(request, spans=without(request.spans, "5"))
    turned = [span.data for span in combined(list(plain.spans), request.table) if span.kind in "dSA"]
    if (
        "5" not in request.kinds
        or not plain.has_only("CBdStn6A")
        or not plain.columns
        or len(turned) > 1
        or turned == ["turn"]
    ):
        return None
    goes_down = descends(str(turned[0]) if turned else "", plain.columns[0])
    if goes_down is None:
        return None
    return Transform(request.table, "sort", plain.columns, how="down" if goes_down else "up")


def _added(request: _Request) -> Transform | None:
    """``price per area``, ``month from date``, ``expensive where price > 100``."""
    table, called = request.table, _CALLED.search(request.question)
    sign = _SIGNS.get(request.verb.text.lower(), "")
    if not sign and "8" not in request.kinds:
        return None
    spans = [span for span in without(request.spans, "8T.&") if (span.kind, span.data) != ("e", "add")]
    if called is not None:
        spans = [span for span in spans if span.text.lower() != called[1].lower()]
    while spans and spans[-1].kind == "I":
        spans.pop()
    wanted = called[1] if called is not None else ""
    if spans and (spans[0].kind in "?Q" or (spans[0].kind in "ASaF" and spans[1:] and spans[1].kind == "r")):
        wanted, spans = wanted or spans[0].text, spans[1:]
    if sign:
        spans = [WordSpan("9", sign, sign) if span.kind in "IB" else span for span in spans]
        spans = spans[::-1] if sign == "-" else spans
    spans = without(spans, "" if sign else "I=")
    spans = [
        WordSpan("9", span.text, "/") if span.kind == "/" or (span.kind == "B" and span.text == "per") else span
        for span in spans
    ]
    kinds = kinds_of(spans)
    if re.fullmatch(r"[CN](?:9[CN])+", kinds) and "C" in kinds:
        return _computed(spans, table, wanted)
    periods = data_of(spans, "Pp")
    times = [column for column in columns_of(spans) if kind_of(column) == "time"]
    if len(periods) == 1 and len(times) <= 1 and len(spans) == 1 + len(times):
        time = times[0] if times else table.time
        name = wanted or periods[0]
        return Transform(table, "derive", (time,), how=periods[0], name=name) if time is not None else None
    conditions, columns, rest = _sorted(spans, table)
    if conditions and not rest and not columns and wanted:
        return Transform(table, "derive", conditions=conditions, name=wanted)
    return None


def _computed(spans: Spans, table: Table, wanted: str) -> Transform | None:
    """Columns and numbers with signs between them."""
    if any(span.kind == "C" and span.column is None for span in spans):
        return None
    operands = tuple(span.column or span.data for span in spans)
    other = next(
        (column for column in columns_of(spans) if kind_of(column) not in ("number", "decimal", "duration", "truth")),
        None,
    )
    if other is not None:
        raise Ask(f"{_is_of_type(other)}, with which nothing can be computed as it is.")
    names = [
        _WORDS.get(operand, "") if isinstance(operand, str) else _word(getattr(operand, "name", str(operand)))
        for operand in operands
    ]
    return Transform(table, "derive", value=operands, name=wanted or "_".join(names))


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_").lower() or "value"


def _formula(question: str, table: Table) -> Transform | None:
    """``total = quantity * (price - rebate)``, with columns and numbers alone."""
    match = _FORMULA.match(question)
    if match is None:
        return None
    before = next(readings(match["before"], Vocabulary(table, lexicon=LEXICON)), [])
    if without(before, "e8TI.&hr"):
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
    nodes = list(ast.walk(tree))
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
    is_formula = all(isinstance(node, _ARITHMETIC) for node in nodes)
    if (
        not named
        or not named <= columns.keys()
        or not is_formula
        or not all(isinstance(value, (int, float)) for value in constants)
    ):
        return None
    pieces = re.split(r"([^\W\d]\w*)", ast.unparse(tree))
    formula = tuple(columns.get(piece, piece) for piece in pieces if piece)
    return Transform(table, "derive", value=("formula", *formula), name=match["name"])


def _dropped_gaps(request: _Request) -> Transform | None:
    """``dropna in price``."""
    return _dropped(replace(request, spans=[WordSpan("0", "missing", ""), *request.spans]))


_BUILDERS: Mapping[str, Callable[[_Request], Transform | None]] = {
    "drop": _dropped,
    "dropna": _dropped_gaps,
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
    "tidy": _tidied,
    "reset": _indexed,
}
