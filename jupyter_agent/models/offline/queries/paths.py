"""Values and what is inside them: a key, a place, an attribute by its name, and what dictionaries, lists and texts come to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.grammar.lexicon import LEXICON as QUESTIONS
from jupyter_agent.models.offline.grammar.lexicon import hints
from jupyter_agent.models.offline.markdown import many, name, names, python, table
from jupyter_agent.models.offline.parts import Part, likeness
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery, shown_run
from jupyter_agent.models.offline.query import Ask
from jupyter_agent.models.offline.spans import Lexicon, Meaning, SlotSpan, Spans, is_named, spans
from jupyter_agent.models.offline.words import key, parts

#: Values of which more is better, and less.
_GOOD = "accuracy acc score auc f1 precision recall r2 rating profit revenue points"
_BAD = "loss error mse rmse mae cost price latency duration errors"
#: Values that are not added up: the most of them are those that are the most.
_SINGLE = "rating review grade mark reading measurement temperature temp price"
_LEXICON = Lexicon(
    function={
        "sum": "sum, total, add up, in total, altogether, combined",
        "mean": "mean, average, avg, on average",
        "median": "median",
        "max": "max, maximum, highest, largest, biggest, greatest, most",
        "min": "min, minimum, lowest, smallest, least, fewest",
        "best": "best",
        "worst": "worst",
        "count": "how many, number of, count, count of, how much",
        "length": "length, length of, len, size, how long, how big, how large",
        "unique": "unique, distinct, different",
        "duplicates": "duplicates, duplicate, repeated, twice",
        "sorted": "sort, sorted, order, ordered, ascending, alphabetically, alphabetical, in alphabetical order, alphabetical order",
        "sorted down": "sort descending, sorted descending, descending, sort down",
        "longest": "longest",
        "shortest": "shortest",
        "reversed": "reverse, reversed, backwards",
        "counts": "how often each, how often does each, how often is each, how often do the, how often does every, how many times does each, how many times is each, how many times each, how many of each, counts of each, count of each, frequencies, frequency, value counts",
        "keys": "keys, key names, fields, attributes, entries, names of the keys",
        "type": "type, type of, kind, what kind, class of, data type",
        "upper": "upper case, uppercase, upper, in capitals, capital letters",
        "frame": "as a dataframe, as dataframe, to a dataframe, into a dataframe, as a table, as a data frame, to dataframe, into a table, dataframe from, dataframe of, table of, table from, data frame of, data frame from, a dataframe, into a data frame, to a data frame, as data frame, to a table, as a pandas dataframe",
        "assign": "change, set, update, overwrite",
        "lower": "lower case, lowercase, lower",
    },
    position={
        0: "first, 1st", 1: "second, 2nd", 2: "third, 3rd", 3: "fourth, 4th", 4: "fifth, 5th", -1: "last, final", -2: "second last, last but one",
    },
    compare={
        ">": "more than, over, above, greater than, higher than, larger than, bigger than, longer than",
        "<": "less than, below, under, fewer than, lower than, smaller than, cheaper than, shorter than",
        ">=": "at least", "<=": "at most", "==": "equal to, equals, exactly",
    },
    making={True: "make, made, build, create, turn, convert, put, get, as, into"},
    without={True: "without, with no, has no, have no, has got no, need no, needs no, contain no, contains no, with empty, that lack, lacking"},
    noun={
        "item": "item, items, element, elements, entry, component, coordinate, thing, things, one, ones",
        "list": "list, dict, dictionary, tuple, string, text, object, variable, array, instance, setting, settings, entry, number, data structure",
        "word": "word, words", "line": "line, lines", "character": "character, characters, letters, chars", "value": "values, all values",
    },
    verb={True: "contain, contains, containing, include, includes, including, about, stand for, stands for, stood for, set to, hold, holds, inside, who, where, called, gets, got, under, side, sides, using, used, use, occur, occurs, appear, appears, come, comes up, come up, turn up, exist, exists, and, also, across, all, every, each, what about, how about, then, again, per, by, take, takes, last long, go, goes, goes in, go in, goes into, go into, need, needs, need for, require, requires, yet, anything, something, cook, do"},
    asks={True: "does, has, is there, are there, any"},
)  # fmt: skip
#: Of records, which have a key somewhere inside.
_HAVING = re.compile(r"\b(?:contain|includ|us(?:e|es|ing)\b|need|requir|with(?:out)?\b|ha(?:s|ve)\b)", re.IGNORECASE)
#: ``cooking time``: what is called minutes alone, or also by that word.
_TIME = re.compile(r"(?:(\w+?)ing )?(?:time|duration)", re.IGNORECASE)
#: What is computed of each list, its values or how many they are.
_OF_EACH = {"mean": "sum({0}) / len({0})", "sum": "sum({0})", "max": "max({0})", "min": "min({0})", "median": "__import__('statistics').median({0})", "count": "len({0})"}  # fmt: skip
#: They compare only where a number stands behind them: ``hours over all tours``.
_PREPOSITIONS = ("over", "above", "under", "below")
_DURATION = re.compile(r"(?:-?\d+ days?, )?\d+:\d\d:\d\d(?:\.\d+)?")
_UNITS = re.compile(r"\b(words|lines|characters|letters)(?= (?:of|in) )")
_GOING_ON = re.compile(r"\W*(?:and|what about|how about)\b", re.IGNORECASE)
#: What the parts of a value of each kind are called.
_NOUNS = {"mapping": "key", "sequence": "item", "object": "attribute"}
_SEQUENCE = {
    "sum": "sum({0})", "mean": "sum({0}) / len({0})", "median": "__import__('statistics').median({0})", "max": "max({0})", "min": "min({0})",
    "count": "len({0})", "length": "len({0})", "unique": "list(dict.fromkeys({0}))", "duplicates": "[item for item in dict.fromkeys({0}) if {0}.count(item) > 1]",
    "sorted": "sorted({0})", "sorted down": "sorted({0}, reverse=True)", "reversed": "{0}[::-1]", "counts": "{{item: {0}.count(item) for item in dict.fromkeys({0})}}",
    "unique count": "len(set({0}))",
    "longest": "max({0}, key=len)",
    "shortest": "min({0}, key=len)",
}  # fmt: skip
_MAPPING = {
    "sum": "sum({0}.values())", "mean": "sum({0}.values()) / len({0})", "median": "__import__('statistics').median({0}.values())",
    "max": "max({0}.items(), key=lambda pair: pair[1])", "min": "min({0}.items(), key=lambda pair: pair[1])", "count": "len({0})", "length": "len({0})",
    "sorted": "sorted({0}.items(), key=lambda pair: pair[1])", "sorted down": "sorted({0}.items(), key=lambda pair: -pair[1])",
    "keys": "list({0})",
}  # fmt: skip
_TEXT = {
    "length": "len({0})", "count": "len({0})", "upper": "{0}.upper()", "lower": "{0}.lower()", "reversed": "{0}[::-1]",
    "word count": "len({0}.split())", "line count": "len({0}.splitlines())", "character count": "len({0})", "word longest": "max({0}.split(), key=len)", "word shortest": "min({0}.split(), key=len)",
    "word unique": "list(dict.fromkeys({0}.lower().split()))", "word unique count": "len(set({0}.lower().split()))", "line unique": "list(dict.fromkeys({0}.splitlines()))",
    "line unique count": "len(set({0}.splitlines()))", "character unique": "sorted(set({0}))", "character unique count": "len(set({0}))", "word counts": "__import__('collections').Counter({0}.lower().split())",
    "word sorted": "sorted({0}.split())",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on records: what is compared in each, and with what."""

    inner: str
    operator: str
    value: Any

    def code(self, item: str) -> str:
        """As Python, for a record that is called so."""
        left = item + self.inner
        if self.operator in ("without", "with"):
            return f"not {left}" if self.operator == "without" else left
        return f"{left} {self.operator} {self.value!r}"

    def __str__(self) -> str:
        if self.operator == "without":
            return f"no {name(self.inner.strip('[]'))}"
        if self.operator == "with":
            return name(self.inner.strip("[]'\""))
        operator = "is" if self.operator == "==" else self.operator
        return f"{name(re.sub(r'[^A-Za-z0-9_]+', ' ', self.inner).strip())} {operator} {name(self.value)}"


@dataclass(frozen=True, slots=True)
class PathQuery(ObjectQuery):
    """A value or a part of one, what is computed of it, and where it is one of several records, of which.

    Attributes:
        part: What is asked for; of records, the first one's.
        records: The container of the records, where each has such a part.
        function: What is computed.
        position: Which item.
        limit: How many items.
        filters: Which records.
        unit: What a text is counted in.
        note: How a word was taken that is called something else.
        heard: The question, so that a short one may go on with another name.
    """

    part: Part
    records: Part | None = None
    function: str = ""
    position: int | None = None
    limit: int | None = None
    filters: tuple[Filter, ...] = ()
    unit: str = ""
    note: str = ""
    heard: Spans | None = field(default=None, compare=False, repr=False)

    def answer(self, facts: Facts) -> Sequence[str]:
        """What it is, from what inspection found; what is computed is run."""
        if self.part.is_withheld:
            return [f"{name(self.part.code)} looks like a secret, so its value is withheld."]
        answer = self._of_one(facts) if self.records is None else self._of_records(self.records, facts)
        return [self.note, *answer]

    def _of_one(self, facts: Facts) -> Sequence[str]:
        part, function = self.part, self.function
        if function == "assign":
            return [
                f"Run this to set {name(part.code)}, which is {name(part.text)} now:",
                python(f"{part.code} = {self.limit!r}"),
            ]
        if self.position is not None or self.limit is not None:
            return self._placed(facts)
        if function == "type":
            return shown_run(facts, f"type({part.code}).__name__", f"The type of {name(part.code)}")
        if not function or (function == "count" and part.is_number):
            return self._itself(facts)
        known = part.length if function in ("count", "length") and part.kind in ("mapping", "sequence") else None
        if known is not None:
            noun = "key" if part.kind == "mapping" else "item"
            return [f"{name(part.code)} has **{many(known, noun)}**.", python(f"len({part.code})")]
        if function == "keys" and part.kind:
            count = many(part.length or len(part.parts), "key" if part.kind == "mapping" else "attribute")
            return [f"{name(part.code)} has **{count}**: {names([inner.key for inner in part.parts], 40)}."]
        code = self._code()
        if code is None:
            raise Ask(f"I cannot compute the {function} of {name(part.code)}: {self._what()}.")
        title = f"{name(part.code)} as a table" if function == "frame" else f"The {function} of {name(part.code)}"
        return shown_run(facts, code, title + (", whatever the case" if ".lower()" in code and self.unit else ""))

    def _code(self) -> str | None:
        part, function = self.part, self.function
        if function == "frame" and part.kind in ("mapping", "sequence"):
            is_flat = part.kind == "mapping" and not any(inner.kind for inner in part.parts)
            are_records = part.kind == "sequence" and all(inner.kind == "mapping" for inner in part.parts)
            made = "json_normalize" if are_records else "DataFrame"
            return f"__import__('pandas').{made}({part.code}{'.items()' if is_flat else ''})"
        template: str | None = None
        if part.kind == "mapping" and all(inner.is_number for inner in part.parts):
            template = _MAPPING.get(function)
        elif part.kind == "sequence":
            template = _SEQUENCE.get(function)
            if function in ("longest", "shortest") and not all(isinstance(inner.value, str) for inner in part.parts):
                template = None
            if function in ("sum", "mean", "median") and not all(inner.is_number for inner in part.parts):
                are_durations = all(_DURATION.fullmatch(inner.text) for inner in part.parts)
                start = ", start=type({0}[0])()"
                template = template.replace("sum({0}", "sum({0}" + start) if template and are_durations else None
        elif isinstance(part.value, str) or self.unit:
            template = _TEXT.get(f"{self.unit} {function}" if self.unit else function)
        return template.format(part.code) if template is not None else None

    def _placed(self, facts: Facts) -> Sequence[str]:
        code = self.part.code + {"word": ".split()", "line": ".splitlines()"}.get(self.unit, "")
        if self.part.kind == "mapping":
            code = f"list({code}.items())"
        if self.limit is not None:
            code += f"[-{self.limit}:]" if self.position == -1 else f"[:{self.limit}]"
        else:
            code += f"[{self.position}]"
        return shown_run(facts, code, f"{name(code)}")

    def _itself(self, facts: Facts) -> Sequence[str]:
        part = self.part
        if not part.kind:
            if part.text.endswith("…") or "…" in part.text[-30:]:
                return shown_run(facts, part.code, name(part.code))
            value = part.value
            return [f"{name(part.code)} is **{name(value if isinstance(value, str) else part.text, 200)}**."]
        rows = [[name(inner.key), name(_line(inner), 100)] for inner in part.parts[:40]]
        left = (part.length or 0) - len(rows)
        more = f"{left} more {'are' if left > 1 else 'is'} not shown." if left > 0 else ""
        noun = _NOUNS[part.kind]
        return [f"{name(part.code)} has {many(part.length or len(rows), noun)}:", table([noun, "value"], rows), more]

    def _what(self) -> str:
        return "not all of it are numbers" if self.part.kind else f"it is {name(_line(self.part), 80)}"

    def _of_records(self, records: Part, facts: Facts) -> Sequence[str]:
        first = records.parts[0]
        item = "pair[1]" if records.kind == "mapping" else "item"
        is_record = self.part.steps == first.steps
        wanted = self.part.code_in(first, item)
        whole, each = (f"{records.code}.items()", "pair") if records.kind == "mapping" else (records.code, "item")
        where = " and ".join(condition.code(item) for condition in self.filters)
        listed = f"for {each} in {whole}" + (f" if {where}" if where else "")
        condition = " and ".join(map(str, self.filters))
        title = f"{name(records.key if is_record else self.part.key)} in {name(records.code)}"
        title += f" where {condition}" if condition else ""
        function = self.function
        if function == "frame" and is_record and not where:
            is_mapping = records.kind == "mapping"
            call = "DataFrame.from_dict({}, orient='index')" if is_mapping else "json_normalize({})"
            frame = f"__import__('pandas').{call.format(records.code)}"
            return shown_run(facts, frame, f"{name(records.code)} as a table")
        if function == "count" and (where or is_record):
            return shown_run(facts, f"sum(1 {listed})", f"The number of {title}")
        if function in ("max", "min"):
            code = f"{function}({f'({each} {listed})' if where else whole}, key=lambda {each}: {wanted})"
            return shown_run(facts, code, f"The item with the {function} of {title}")
        names_it = [inner.code_in(first, item) for inner in first.parts if isinstance(inner.value, str)]
        filtered = {item + condition.inner for condition in self.filters}
        identity = next((code for code in names_it if code not in filtered), None)
        if not function:
            label = "pair[0]" if records.kind == "mapping" else identity
            pairs = label or wanted
            if not is_record:
                pairs = f"({label}, {wanted})" if label and label != wanted else wanted
            return shown_run(facts, f"[{pairs} {listed}]", f"{title[:1].upper()}{title[1:]}")
        template = _SEQUENCE.get(function)
        if template is None:
            raise Ask(f"I cannot compute the {function} of {title}.")
        values = f"[{wanted} {listed}]"
        return shown_run(facts, template.format(values), f"The {function} of {title}")


@dataclass(frozen=True, slots=True)
class NamedQuery(ObjectQuery):
    """Names in a dictionary, or what is computed of the list that each has.

    Attributes:
        code: What yields them.
        title: What they are.
    """

    code: str
    title: str

    def answer(self, facts: Facts) -> Sequence[str]:
        """Computed."""
        return shown_run(facts, self.code, self.title)


def _line(part: Part) -> str:
    if part.kind not in _NOUNS:
        return part.text
    if not part.parts or any(inner.kind for inner in part.parts) or (part.length or 0) > 6:
        return many(part.length or 0, _NOUNS[part.kind])
    return ", ".join(
        inner.text if part.kind == "sequence" else f"{inner.key}: {inner.text}" for inner in part.parts[:6]
    )


# Reading ------------------------------------------------------------------------------------------


def read(question: str, context: ObjectContext) -> PathQuery | NamedQuery | None:
    """The part of a value that a question asks for; None if it does not, or not every word plays a part."""
    previous = context.previous.heard if isinstance(context.previous, PathQuery) else None
    if previous is not None:
        every = _lineages(previous.text, context)
        turn = _heard(question, every, context)
        named = [span for span in turn.spans if span.slot in ("part", "content")]
        is_short = len(named) == 1 and not turn.unknown and turn.slots <= {"part", "content", "verb", "noun"}
        goes_on = _GOING_ON.match(question) is not None
        if is_short and (goes_on or named[0].slot == "content"):
            exchanged = _exchanged(named[0], previous, every)
            if goes_on or exchanged is not None:
                return exchanged
    every = _lineages(question, context)
    for keys_first in (False, True):
        found = _heard(question, every, context, keys_first=keys_first)
        verbs = (
            replace(span, slot="verb")
            if span.text.lower() in _PREPOSITIONS and (after is None or after.slot != "number")
            else span
            for span, after in pairwise((*found.spans, None))
            if span is not None
        )
        unknown = tuple(word for word in found.unknown if not _is_kind(word, found, context))
        found = replace(found, spans=tuple(verbs), unknown=unknown)
        is_whole = not found.unknown and bool(found.slots & {"part", "content", "quality"})
        query = _named(found, every) or _query(found, every) if is_whole else None
        if query is not None:
            return query if isinstance(query, NamedQuery) else replace(query, heard=found)
    return None


def _is_kind(word: str, found: Spans, context: ObjectContext) -> bool:
    """``the Harbour branch``: whether a word is the column of a table in which a key that is named is a value."""
    keys = {key(part.key) for choice in found.all("part") for _, part in choice if len(part.steps) > 1}
    columns = [column for frame in context.namespace.frames for column in frame.columns if is_named(column.name, word)]
    return any(key(value) in keys for column in columns for value in column.values)


def _named(found: Spans, every: Sequence[tuple[Part, ...]]) -> NamedQuery | None:
    """Which keys of a dictionary are asked for, by what is inside of each or by the numbers that each has."""
    if found.slots & {"position", "compare", "operator", "number", "text", "content", "quality"}:
        return None
    wanted: list[tuple[tuple[int, Part], ...]] = found.all("part")
    functions, is_without = found.all("function"), found.one("without") is not None
    return _of_lists(wanted, functions, found, is_without=is_without) or (
        _containing(wanted, every, is_without=is_without, counts=functions == ["count"])
        if _HAVING.search(found.text) and (not functions or _counts_first(found, wanted))
        else None
    )


def _counts_first(found: Spans, wanted: Sequence[Sequence[tuple[int, Part]]]) -> bool:
    """``how many recipes need an egg``, not ``how many eggs do the recipes need``."""
    slots = [span.slot for span in found.spans]
    is_next = slots[:2] == ["function", "part"] and found.spans[0].text.lower() in ("how many", "number of", "count")
    return is_next and found.all("function") == ["count"] and any(len(part.steps) == 1 for _, part in wanted[0])


def _containing(
    wanted: Sequence[Sequence[tuple[int, Part]]],
    every: Sequence[tuple[Part, ...]],
    *,
    is_without: bool,
    counts: bool,
) -> NamedQuery | None:
    """``recipes with butter``: the records inside of which there is such a key, where not all have one."""
    found: dict[tuple[str, str], list[tuple[Part, ...]]] = {}
    for lineage in _matching(every, wanted, ()):
        if len(lineage) > 2 and len({key(part.key) for part in lineage}) > 2 and _are_records(lineage[0]):
            found.setdefault((lineage[0].code, lineage[-1].code.removeprefix(lineage[1].code)), []).append(lineage)
    if len(found) != 1:
        return None
    (outer, _), lineages = next(iter(found.items()))
    holder, sought = lineages[0][-2], lineages[0][-1]
    if holder.kind != "mapping" or len(lineages[0]) < 4 or len(lineages) == len(lineages[0][0].parts):
        return None
    is_mapping = lineages[0][0].kind == "mapping"
    item = "pair[1]" if is_mapping else "item"
    inside = holder.code_in(lineages[0][1], item)
    each, within = ("pair", f"{outer}.items()") if is_mapping else ("item", outer)
    test = f"{sought.key!r} {'not in' if is_without else 'in'} {inside}"
    which = f"{name(outer)} {'without' if is_without else 'with'} {name(sought.key)} in {name(holder.key)}"
    if counts:
        return NamedQuery(f"sum(1 for {each} in {within} if {test})", f"The number of {which}")
    return NamedQuery(
        f"[{'pair[0]' if is_mapping else each} for {each} in {within} if {test}]", f"The items of {which}"
    )


def _of_lists(
    wanted: Sequence[Sequence[tuple[int, Part]]], functions: Sequence[str], found: Spans, *, is_without: bool
) -> NamedQuery | None:
    """``which recipe has the best average rating``: of a dictionary of lists of numbers."""
    roots = [part for choice in wanted for _, part in choice if len(part.steps) == 1 and part.kind == "mapping"]
    holders = [
        part
        for part in roots
        if len(part.parts) > 1
        and all(inner.kind == "sequence" and all(value.is_number for value in inner.parts) for inner in part.parts)
    ]
    if len(holders) != 1 or len(roots) != len(wanted):
        return None
    holder = holders[0]
    keys = {inner.key for inner in holder.parts}
    if any(not keys <= {inner.key for inner in part.parts} for part in roots if part != holder):
        return None  # what else is named names the same things
    code, asked = holder.code, list(functions)
    if is_without:
        made = f"[name for name, values in {code}.items() if not values]"
        return NamedQuery(made, f"The keys of {name(code)} that have none") if not asked else None
    most = [each for each in asked if each in ("best", "worst", "max", "min")]
    inner = [each for each in asked if each not in most]
    if (
        not inner
        and likeness_any(holder.key, _SINGLE)
        and any(re.search(r"\b(?:most|fewest)\b", span.text, re.IGNORECASE) for span in found.spans)
    ):
        inner = ["count"]  # ``the most ratings``
    if len(inner) != 1 or len(most) > 1 or inner[0] not in _OF_EACH:
        return None
    of = f"{inner[0]} of {name(code)}"
    if not most:
        is_each = re.search(r"\b(?:each|every|per|by)\b", found.text, re.IGNORECASE)
        computed = _OF_EACH[inner[0]].format("values")
        made = f"{{name: {computed} for name, values in {code}.items() if values}}"
        return NamedQuery(made, f"The {of} for each key that has some") if is_each else None
    good = likeness_any(holder.key, _GOOD) - likeness_any(holder.key, _BAD)
    if most[0] in ("best", "worst") and not good:
        return None
    is_most = most[0] == "max" or (most[0] == ("best" if good > 0 else "worst"))
    filled = f"[name for name, values in {code}.items() if values]"
    computed = _OF_EACH[inner[0]].format(f"{code}[name]")
    made = f"{'max' if is_most else 'min'}({filled}, key=lambda name: {computed})"
    return NamedQuery(made, f"The key with the {'highest' if is_most else 'lowest'} {of}")


def _lineages(question: str, context: ObjectContext) -> list[tuple[Part, ...]]:
    return [lineage for root in context.roots(question) for lineage in root.walk()]


def _exchanged(named: SlotSpan, previous: Spans, every: Sequence[tuple[Part, ...]]) -> PathQuery | None:
    """The question before with another name in the only place where it makes a question."""
    found: list[PathQuery] = []
    for place, span in enumerate(previous.spans):
        if span.slot in ("part", "content"):
            heard = replace(previous, spans=(*previous.spans[:place], named, *previous.spans[place + 1 :]))
            with suppress(Ask):
                query = _query(heard, every)
                found += [replace(query, heard=heard)] if query is not None and query not in found else []
    return found[0] if len(found) == 1 else None


def _heard(
    question: str, every: Sequence[tuple[Part, ...]], context: ObjectContext, *, keys_first: bool = False
) -> Spans:
    """The question in spans, its names those of the values and what is inside them.

    Args:
        question: As typed.
        every: The values and what is inside them.
        context: Where it is asked.
        keys_first: Whether a key in the plural goes before a value as it is written.
    """

    def meaning(text: str) -> Meaning | None:
        written = text.replace('"', "'")
        exact = next((lineage[-1] for lineage in every if lineage[-1].code == written), None)
        if exact is not None or "[" in text:  # code names one part, or nothing
            return ("part", ((0, exact),)) if exact is not None else None
        likely = [(likeness(text, lineage[-1].key), lineage[-1]) for lineage in every if not lineage[-1].key.isdigit()]
        best = min((rank for rank, _ in likely if rank >= 0), default=None)
        holding = [
            lineage[-1] for lineage in every if isinstance(value := lineage[-1].value, str) and key(value) == key(text)
        ]
        is_key = any(key(lineage[-1].key) == key(text) for lineage in every)
        if holding and (best is None or best > 0 or not (is_key or keys_first)):
            return "content", tuple(holding)
        if best is not None:
            return "part", tuple((rank, part) for rank, part in likely if rank == best)
        quality = next(iter(_qualities(text, every)), None)
        return ("quality", quality) if quality is not None else None

    units = _UNITS.findall(question.lower())  # ``words of motto``, also where a list is called words
    return spans(question, _LEXICON, meaning, lambda text: text in context.namespace.variables and text not in units)


def _qualities(text: str, every: Sequence[tuple[Part, ...]]) -> Iterable[tuple[str, str]]:
    """``cheapest`` and ``least expensive`` are the lowest price, ``cooking time`` is what is called minutes or cooking."""
    bare = text.lower().removeprefix("most ").removeprefix("least ")
    for letter, adjective in QUESTIONS.get(bare, ()):
        if letter != ("S" if bare == text.lower() else "A"):
            continue
        for sign in (1, -1):
            wanted = {hint for hint, own in hints(adjective) if own == sign and hint.isalpha()}
            if any(parts(part.key) & wanted for *_, part in every):
                is_most = (sign > 0) is not text.lower().startswith("least")
                yield "max" if is_most else "min", " ".join(wanted)
    time = _TIME.fullmatch(text)
    keys = {part.key for *_, part in every if part.is_number and parts(part.key) & _times()} if time else set[str]()
    others = {word for each in keys for word in parts(each) - _times()}
    if time is not None and len(keys) == 1 and all(time[1] and word.startswith(time[1].lower()) for word in others):
        yield "", " ".join(keys)


def _times() -> frozenset[str]:
    """The words for a column that says how long something is in time."""
    every = frozenset[str]().union(*(parts(word) for word, _ in hints("long")))
    return every - {"length", "distance"}


def _query(found: Spans, every: Sequence[tuple[Part, ...]]) -> PathQuery | None:
    functions, wanted = found.all("function"), found.all("part")
    contents: list[tuple[Part, ...]] = found.all("content")
    if any(len(found.all(slot)) > 1 for slot in ("position", "number", "compare")) or found.all("text"):
        return None
    qualities: list[tuple[str, str]] = found.all("quality")
    if functions in (["length"], ["longest"], ["shortest"]):
        timed = tuple((1, part) for *_, part in every if part.is_number and parts(part.key) & _times())
        is_inside = bool(wanted) and all(len(part.steps) > 1 for choice in wanted for _, part in choice)
        takes = re.search(r"\bhow long\b.* (?:takes?|lasts?|needs?)\b", found.text, re.IGNORECASE) is not None
        is_asked = functions != ["length"] or (is_inside and "how long" in found.text.lower())
        if is_asked and timed and _matching(every, [*wanted, timed], contents):  # ``how long does the soup take``
            functions, wanted = {"longest": ["max"], "shortest": ["min"]}.get(functions[0], []), [*wanted, timed]
        elif takes and functions == ["length"]:
            return None  # how many items it has is not how long it takes
    for function, telling in qualities:
        functions += [function] if function else []
        telling_words = frozenset(telling.split())
        fitting = tuple((1, part) for *_, part in every if parts(part.key) & telling_words or part.key == telling)
        if not fitting:
            return None
        wanted.append(fitting)
    functions = _united(functions)
    if len(functions) > 1 or ("making" in found.slots and functions != ["frame"]):
        return None
    if found.one("compare") is not None and len(wanted) == 2 and not found.slots & {"function", "content", "number"}:
        return _compared(wanted, found.one("compare"), found)
    lineages = _matching(every, wanted, contents)
    if not lineages and len(wanted) > 1 and functions in (["max"], ["min"], ["best"], ["worst"]):
        # ``which host has the most cores``: a text tells which record, and the record is shown whole.
        texts_only = [choice for choice in wanted if all(isinstance(part.value, str) for _, part in choice)]
        lineages = _matching(every, [choice for choice in wanted if choice not in texts_only], contents)
    if not lineages:
        return None
    function = functions[0] if functions else ""
    unit = next((noun for noun in found.all("noun") if noun in ("word", "line", "character")), "")
    shape = _shape(lineages)
    if shape is None:
        options = sorted({lineage[-1].code for lineage in lineages})
        raise Ask(f"Which do you mean: {names(options, 6)}?") if len(options) < 7 else _TOO_MANY
    records, part = shape
    is_itself = records is None and len(part.steps) == 1 and functions in ([], ["type"])
    if is_itself and found.slots <= {"part", "noun", "verb", "function"}:
        return None  # the variable itself
    if function in ("best", "worst"):
        good, bad = (likeness_any(part.key, listed) for listed in (_GOOD, _BAD))
        if good == bad:
            return None
        function = "max" if good == (function == "best") else "min"
    position, limit = found.one("position"), None
    number = found.one("number")
    filters: tuple[Filter, ...] = ()
    if records is not None:
        condition = _filters(found, records, part, contents)
        if condition is None:
            return None
        filters, part = condition
        if function == "count" and not filters and part.is_number:
            return None  # ``how many minutes does it take`` asks for no number of records
    elif not all(_is_in_record(lineages[0], content) for content in contents):
        return None  # the texts choose nothing
    elif function == "assign":
        if number is None or part.kind or found.slots & {"compare", "without", "position"}:
            return None
        limit = number
    elif number is not None:
        if not isinstance(number, int) or (position not in (0, -1) and "noun" not in found.slots):
            return None
        limit = number
    elif found.slots & {"compare", "without", "operator"}:
        return None
    if position is not None and part.kind not in ("sequence", "mapping") and not unit:
        return None
    if unit and (part.kind or (part.text[:1] not in "'\"" and not isinstance(part.value, str))):
        return None
    taken = next((span.text for span in found.spans if span.slot == "quality" and _TIME.fullmatch(span.text)), "")
    note = f"{name(lineages[0][-1].key)} is the only time there; I take it as the {taken.lower()}." if taken else ""
    return PathQuery(part, records, function, position, limit, filters, unit, note)


def _compared(wanted: Sequence[Sequence[tuple[int, Part]]], operator: Any, found: Spans) -> PathQuery | None:
    """``is fig cheaper than apple``: two numbers beside each other."""
    sides = [[part for _, part in choice if part.is_number] for choice in wanted]
    if any(len(side) != 1 for side in sides) or found.slots - {"part", "compare", "verb", "asks"}:
        return None
    first, second = sides[0][0], sides[1][0]
    return PathQuery(replace(first, code=f"{first.code} {operator} {second.code}", text="…"))


_TOO_MANY = Ask("Several values have that name. Name the one that holds it, too.")


def likeness_any(text: str, listed: str) -> bool:
    """Whether a name is one of some words."""
    return bool(parts(text) & frozenset(listed.split()))


def _united(functions: list[str]) -> list[str]:
    kinds = set(functions)
    if kinds == {"count", "unique"}:
        return ["unique count"]
    if kinds == {"sorted", "sorted down"}:
        return ["sorted down"]
    if kinds == {"count", "sum"}:
        return ["sum"]
    if kinds in ({"count", "keys"}, {"count", "length"}):
        return ["count"]
    return list(kinds)


def _matching(
    every: Sequence[tuple[Part, ...]],
    wanted: Sequence[Sequence[tuple[int, Part]]],
    contents: Sequence[tuple[Part, ...]],
) -> list[tuple[Part, ...]]:
    """The parts that all the words name: each word one of those that it is in, the last one itself, in the record that holds the contents."""
    sets = [{part.code for _, part in choice} for choice in wanted]
    matching = []
    for lineage in every:
        codes = [part.code for part in lineage]
        is_named_itself = any(codes[-1] in choice for choice in sets) or not sets
        if not is_named_itself or not all(choice & set(codes) for choice in sets):
            continue
        if contents and not all(_is_in_record(lineage, content) for content in contents):
            continue
        matching.append(lineage)
    if not matching and contents and sets:
        # ``which runs are done``: the words name the records, the content is in some of them
        matching = [
            lineage
            for lineage in every
            if lineage[-1].code in set.union(*sets) and all(choice & {part.code for part in lineage} for choice in sets)
        ]
    inner = {part.code for lineage in matching for part in lineage[:-1]}
    outer = [lineage for lineage in matching if lineage[-1].code in inner]
    deepest = [lineage for lineage in matching if lineage not in outer]
    # ``gpus of the hosts``: what is named inside is meant; ``hosts`` alone, with like names inside, the outer one.
    return deepest if len(sets) > 1 or contents else (outer[:1] or deepest)


def _is_in_record(lineage: tuple[Part, ...], content: Sequence[Part]) -> bool:
    """Whether a text stands in the same record as a part."""
    records = {part.code for part in lineage[1:-1] if part.kind}
    held = {part.code for part in lineage}
    return any(
        leaf.code.rsplit("[", 1)[0] in records or leaf.code.rsplit(".", 1)[0] in records
        for leaf in content
        if leaf.code not in held
    )


def _shape(lineages: Sequence[tuple[Part, ...]]) -> tuple[Part | None, Part] | None:
    """The one part, or the records that each have it."""
    if len(lineages) == 1:
        part = lineages[0][-1]
        if part.kind in ("sequence", "mapping") and len(part.parts) > 1 and _are_records(part):
            return part, part.parts[0]
        return None, part
    depth = len(lineages[0])
    if any(len(lineage) != depth for lineage in lineages):
        return None
    for level in range(1, depth):
        outer = lineages[0][level - 1]
        inner = {lineage[-1].code.removeprefix(lineage[level].code) for lineage in lineages}
        is_shared = all(lineage[level - 1].code == outer.code for lineage in lineages)
        if is_shared and len(inner) == 1 and len(lineages) == len(outer.parts):
            return outer, lineages[0][-1]
    return None


def _are_records(part: Part) -> bool:
    keys = [tuple(inner.key for inner in record.parts) for record in part.parts]
    return all(record.kind in ("mapping", "object") for record in part.parts) and len(set(keys)) == 1


def _filters(
    found: Spans, records: Part, part: Part, contents: Sequence[tuple[Part, ...]]
) -> tuple[tuple[Filter, ...], Part] | None:
    """The conditions on records, and the part that is left as what is asked for; None if they are not clear."""
    filters: list[Filter] = []
    first = records.parts[0]
    for content in contents:
        inside = {
            (leaf.code.removeprefix(record.code), leaf.value)
            for leaf in content
            for record in records.parts
            if leaf.code.startswith(record.code)
        }
        if len(inside) != 1:
            return None
        inner, value = inside.pop()
        filters.append(Filter(inner, "==", value))
    comparing: str | None = found.one("compare") or found.one("operator")
    number = found.one("number")
    inner = part.code.removeprefix(first.code)
    if found.one("without"):
        if not inner:
            return None
        filters.append(Filter(inner, "without", None))
        part = first
    elif isinstance(part.value, bool) and inner and found.one("function") in (None, "count"):
        filters.append(Filter(inner, "with", None))
        part = first
    elif comparing is not None or number is not None:
        if number is None or not inner or not part.is_number:
            return None
        filters.append(Filter(inner, "==" if comparing in (None, "=") else comparing, number))
        part = first
    if found.one("position") is not None:
        return None
    return tuple(filters), part
