"""From a question to its spans: each word once, as a name of the table, a value, a number or a part of speech."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

from jupyter_agent.models.offline.grammar.lexicon import (
    ARTICLES,
    COUNTRIES,
    LEXICON,
    LONGEST,
    ORDINALS,
    SYNONYMS,
    VALUE_SYNONYMS,
    Entry,
)
from jupyter_agent.models.offline.grammar.sources import Link, is_key
from jupyter_agent.models.offline.grammar.tables import counted_by
from jupyter_agent.models.offline.grammar.tables import values_are_unique as is_unique
from jupyter_agent.models.offline.lexicon import CONTRACTIONS, words
from jupyter_agent.models.offline.namespace import Column, Table
from jupyter_agent.models.offline.query import Condition
from jupyter_agent.models.offline.words import Token, forms, key, nearest, number, parts, tokens

#: Readings of one question that are tried.
MOST_READINGS = 400
_LONGEST_NAME = 5
#: They fill where a question begins; further on they may be names.
_OPENING = frozenset(words("ok okay hello hi hey thanks"))
_MARKS = frozenset("?.!():[]")
#: What the rows of a table may be called whose own name says nothing.
_NAMELESS = frozenset(words("df data frame dataframe table dataset d t x"))
_ROW_NOUNS = frozenset(
    words(
        "sales sale orders transactions transaction events event trips trip visits visit purchases purchase sample samples measurements readings"
    )
)
_VALUES = frozenset(words("value values level levels"))
#: A column that has one of these in its name holds a time: ``waiting time`` is ``wait_minutes``.
_UNITS_OF_TIME = frozenset(words("seconds minutes hours days sec secs min mins ms"))
_GAPS = frozenset({"nan", "none", "nat", "null", "<na>"})
#: What rows about people may be called, and columns that name them.
PEOPLE = frozenset(
    words(
        "people person persons individual individuals everyone everybody patient patients respondent respondents participant participants worker workers employee employees ppl folks customers users clients members students passengers"
    )
)
_PERSONAL = frozenset(words("age sex gender respondent patient person participant salary wage hired birth born"))

_OPPOSITES = {"yes": "no", "no": "yes"}


@dataclass(frozen=True, slots=True)
class WordSpan:
    """Some words of a question with one part to play.

    Attributes:
        kind: A letter, as `lexicon` and `combinators` have them.
        text: The words as typed.
        data: What they say: a column, a number, a function.
        surety: How surely a name is meant: 3 if it is written out, 2 in part, 1 by a synonym.
        note: How the words were taken, where that is not certain.
    """

    kind: str
    text: str
    data: Any = None
    surety: int = 0
    note: str = ""

    @property
    def column(self) -> Column | None:
        """The column that it names, if it is one."""
        return self.data[0] if self.kind == "C" and len(self.data) == 1 else None


Spans = Sequence[WordSpan]


def kinds_of(spans: Iterable[WordSpan]) -> str:
    """Their letters, one after the other."""
    return "".join(span.kind for span in spans)


def columns_of(spans: Iterable[WordSpan]) -> tuple[Column, ...]:
    """The columns that they name."""
    return tuple(column for span in spans if (column := span.column) is not None)


def data_of(spans: Iterable[WordSpan], kinds: str) -> list[Any]:
    """What those of some kinds say."""
    return [span.data for span in spans if span.kind in kinds]


def without(spans: Iterable[WordSpan], kinds: str) -> list[WordSpan]:
    """Those of other kinds."""
    return [span for span in spans if span.kind not in kinds]


class Vocabulary:
    """The names and values of one table, looked up by what is left of them without case, spaces and plural."""

    def __init__(
        self,
        table: Table,
        references: Iterable[tuple[Link, frozenset[str]]] = (),
        lexicon: Mapping[str, list[Entry]] = LEXICON,
    ) -> None:
        self.table = table
        self.lexicon = lexicon
        self.references = tuple(references)
        self._columns: dict[str, list[Column]] = {}
        self._values: dict[str, dict[int, list[str]]] = {}
        self._words: dict[str, dict[int, set[str]]] = {}
        self._holders = {column.position: column for column in table.columns}
        for column in table.columns:
            self._columns.setdefault(key(column.name), []).append(column)
        for column in table.columns:
            if counted := counted_by(column):
                for called_so in (key(counted), key(f"number of {counted}")):
                    self._columns.setdefault(called_so, [column])
        for column in table.columns:
            for value in column.values if column.role in ("text", "other") else ():
                if value.lower() in _GAPS and column.facts.get("missing"):
                    continue  # it is how a missing value is shown
                self._values.setdefault(key(value), {}).setdefault(column.position, []).append(value)
                for word in value.split() if 1 < len(value.split()) <= 4 and len(value) <= 40 else ():
                    self._words.setdefault(key(word), {}).setdefault(column.position, set()).add(value)
        first = next(iter(table.columns), None)
        called = parts(first.name) if first is not None and is_key(first, table) else frozenset[str]()
        is_numbered = bool(called & {"id", "no", "nr", "number"}) or (
            first is not None and first.role == "text" and is_unique(first, table)
        )
        self.row_nouns = parts(table.name.split("+")[0]) | (
            called - {"id", "no", "nr", "number"} if is_numbered else frozenset()
        )
        if table.name.lower() in _NAMELESS:
            self.row_nouns |= _ROW_NOUNS
        if any(parts(column.name) & _PERSONAL for column in table.columns):
            self.row_nouns |= PEOPLE

    def columns(self, text: str) -> tuple[Column, ...]:
        """Those that are called so, as written first."""
        found = [
            column
            for form in sorted(forms(text), key=lambda form: form != key(text))
            for column in self._columns.get(form, ())
        ]
        found += [
            column
            for name, columns in self._columns.items()
            if not found and name.isalpha() and key(text) in forms(name) and len(columns[0].name) == len(name)
            for column in columns
        ]
        same = [column for column in found if column.name == text]
        return tuple(dict.fromkeys(same or found))

    def is_column(self, text: str) -> bool:
        """Whether a column is called so as it is written."""
        return any(column.name == text for column in self.table.columns)

    def partly(self, text: str) -> tuple[Column, ...]:
        """The one column whose name has all these words, or begins with this one."""
        spoken = [word for word in text.split() if word.lower() not in ("of", "the")]
        wanted = [
            forms(word) | (word_stems(word) if len(spoken) > 1 and len(word) > 4 else frozenset()) for word in spoken
        ]
        found = [
            column
            for column in self.table.columns
            if any(word & parts(column.name) for word in wanted)
            and all(
                word
                & (parts(column.name) | _home(column) | ({"time"} if parts(column.name) & _UNITS_OF_TIME else set()))
                for word in wanted
            )
        ]
        if not found and len(wanted) == 1 and len(key(text)) > 3:
            found = [
                column
                for column in self.table.columns
                if any(part.startswith(form) for part in parts(column.name) for form in wanted[0] if len(form) > 3)
            ]
        if not found and len(wanted) == 1 and len(key(text)) > 4:
            stems = word_stems(text)
            found = [
                column
                for column in self.table.columns
                if any(stems & ({part} | word_stems(part)) for part in parts(column.name))
            ]
        found = [column for column in found if len(wanted) > 1 or not parts(column.name) & {"id"}] or found
        return tuple(found) if len({column.name for column in found}) == 1 else ()

    def several(self, text: str) -> tuple[Column, ...]:
        """The columns whose names share a word, where changes are spoken of: ``flag columns``."""
        if self.lexicon is LEXICON:
            return ()
        found = [column for column in self.table.columns if forms(text) & parts(column.name)]
        return tuple(found) if len(found) > 1 else ()

    def called(self, text: str) -> tuple[Column, ...]:
        """The column that is meant by another word for it."""
        for form in sorted(forms(text) | word_stems(text)):
            for word in SYNONYMS.get(form, "").split():
                found = [column for column in self.table.columns if word in parts(column.name)]
                if found:
                    return (
                        (found[0],) if len({column.name for column in found}) == 1 or word == key(found[0].name) else ()
                    )
        return ()

    def values(self, text: str) -> tuple[tuple[Column, tuple[str, ...]], ...]:
        """Columns in which this is a value, in each of its spellings there."""
        called = (text.lower(), *sorted(forms(text)))
        countries, synonyms = (
            next((words[form] for form in called if form in words), "").split() for words in (COUNTRIES, VALUE_SYNONYMS)
        )
        synonyms += countries
        for form in (key(text), *sorted(forms(text) - {key(text)}), *synonyms):
            found = self._values.get(form, {})
            if form in synonyms and (other := _OPPOSITES.get(text.lower())):  # ``N`` is no ``no`` without a ``Y``
                opposite = {place for word in VALUE_SYNONYMS[other].split() for place in self._values.get(word, ())}
                found = {place: values for place, values in found.items() if place in opposite}
            if len(form) == 2 and form in countries:
                found = {place: values for place, values in found.items() if _tells_countries(self._holders[place])}
            if found:
                return tuple((self._holders[place], tuple(values)) for place, values in found.items())
        return ()

    def value_with(self, text: str) -> tuple[tuple[Column, tuple[str, ...]], ...]:
        """The one value that has this word: ``Ada`` of ``Ada Lind``."""
        found = {place: values for place, values in self._words.get(key(text), {}).items() if len(values) == 1}
        return (
            tuple((self._holders[place], tuple(values)) for place, values in found.items())
            if len(found) == 1 and len(key(text)) > 2
            else ()
        )

    def truth(self, text: str) -> tuple[Column, ...]:
        """The column of truths with this stem: ``subscribers`` of ``subscribed``."""
        stems = word_stems(text) | {key(text)}
        found = [
            column
            for column in self.table.columns
            if (column.role == "truth" or is_flag(column))
            and stems & {stem for part in parts(column.name) for stem in (part, *word_stems(part))}
        ]
        return tuple(found) if len(found) == 1 else ()

    def rate(self, text: str) -> Condition | None:
        """What ``churn`` of ``churn rate`` counts: a column of truths, or of 0 and 1, or a value, by its stem."""
        found = [
            Condition(column, "==", (True if column.role == "truth" else 1,))
            for column in self.table.columns
            if (column.role == "truth" or is_flag(column)) and any(_is_kin(text, part) for part in parts(column.name))
        ] or [
            Condition(self._holders[place], "==", (value,))
            for values in self._values.values()
            for place, (value, *_) in values.items()
            if " " not in value and _is_kin(text, value) and not is_unique(self._holders[place], self.table)
        ]
        return found[0] if len(found) == 1 else None

    def reference(self, text: str) -> Link | None:
        """The table of which the rows, or what is done to have them, are called so: ``ordered`` of orders."""
        stems = word_stems(text) | forms(text)
        found = [
            link
            for link, nouns in self.references
            if stems & {stem for noun in nouns for stem in (noun, *word_stems(noun))}
        ]
        return found[0] if len(found) == 1 else None

    def nearly(self, text: str) -> tuple[Column, ...]:
        """The column that is written nearly so."""
        wanted = key(text)
        close = nearest(wanted, self._columns, cutoff=0.8)
        inside = bool(close) and len(close[0]) - len(wanted) > 1 and wanted in close[0]
        return tuple(self._columns[close[0]]) if close and close[0][0] == wanted[0] and not inside else ()


def _tells_countries(column: Column) -> bool:
    return bool(parts(column.name) & {"country", "nation", "nationality", "land", "citizenship", "iso", "origin"})


def is_flag(column: Column) -> bool:
    """Whether numbers are 0 and 1 for no and yes."""
    facts = column.facts
    return column.role == "number" and (facts.get("min"), facts.get("max"), facts.get("unique")) == (0, 1, 2)


def _is_kin(noun: str, verb: str) -> bool:
    """Whether two words are of one stem: ``cancellation`` and ``cancelled``, ``churn`` and ``churned``."""
    first, second = key(noun), key(verb)
    begin = max(5, len(second) - 3)
    is_begun_alike = len(first) >= begin and first[:begin] == second[:begin]
    return is_begun_alike or bool((word_stems(first) | {first}) & (word_stems(second) | {second}))


def _home(column: Column) -> frozenset[str]:
    """What the rows of its own table are called, where it was joined to another."""
    return parts(str(column.facts.get("home", "")))


@cache
def word_stems(text: str) -> frozenset[str]:
    """A word without the ending of a verb or of who does it."""
    word = key(text)
    found = {
        word.removesuffix(ending)
        for ending in ("ers", "er", "ed", "ing", "d", "s", "es")
        if word.endswith(ending) and len(word) - len(ending) > 2
    }
    return frozenset(
        found
        | {stem + "e" for stem in found}
        | ({"sell"} if word == "sold" else {"live"} if word == "lives" else set())
    )


def readings(question: str, vocabulary: Vocabulary) -> Iterator[list[WordSpan]]:
    """Ways to read a question, the likeliest first; fillers are left out."""
    pieces = [piece for piece in tokens(question) if piece.text not in _MARKS]
    pieces = [part for piece in pieces for part in _written_out(piece)]
    choices = [_choices(pieces, place, question, vocabulary) for place in range(len(pieces))]

    def read(place: int) -> Iterator[list[WordSpan]]:
        if place >= len(pieces):
            yield []
            return
        for length, span in choices[place]:
            for rest in read(place + length):
                yield rest if span.kind == "." else [span, *rest]

    for count, spans in enumerate(read(0)):
        if count >= MOST_READINGS:
            return
        yield spans


def _written_out(piece: Token) -> list[Token]:
    """``isn't`` as two words; the possessive as the word."""
    word = piece.lower.replace("’", "'")
    if piece.kind == "word" and (word in CONTRACTIONS or word.endswith("n't")):
        return [replace(piece, text=part) for part in CONTRACTIONS.get(word, f"{word[:-3]} not").split()]
    return [replace(piece, text=re.sub(r"['’]s$", "", piece.text))] if piece.kind == "word" else [piece]


def _choices(pieces: Sequence[Token], place: int, question: str, vocabulary: Vocabulary) -> list[tuple[int, WordSpan]]:
    """What may begin at a word: the longest first; of one length a name before a part of speech, unless it is an article."""
    piece = pieces[place]
    found: list[tuple[int, WordSpan]] = []
    if [part.lower for part in pieces[place + 1 : place + 2]] in (["rate"], ["rates"]):
        made = vocabulary.rate(piece.text) if not vocabulary.columns(f"{piece.text} rate") else None
        found += [(1, WordSpan("K", piece.text, made, 2))] if made is not None else []
    if piece.kind == "quoted":
        return [(1, span) for span in (*_named(piece.text, vocabulary), WordSpan("Q", piece.text, piece.text))]
    if piece.kind == "word" and place and place + 1 == len(pieces) and _is_part_of_text(pieces[:place]):
        found.append((1, WordSpan("Q", piece.text, piece.text)))
    if piece.kind == "date":
        return [(1, WordSpan("D", piece.text, piece.text))]
    for length in range(min(max(_LONGEST_NAME, LONGEST), len(pieces) - place), 0, -1):
        gram = pieces[place : place + length]
        if any(part.kind in ("quoted", "date", "file") for part in gram):
            continue
        phrase = " ".join(part.lower for part in gram)
        text = question[gram[0].start : gram[-1].end] if length > 1 else piece.text
        may_fill = phrase not in _OPENING or all((".", None) in LEXICON.get(part.lower, ()) for part in pieces[:place])
        entries = vocabulary.lexicon.get(phrase, ()) if may_fill else ()
        if text == "IT":
            entries = ()  # the department, not the pronoun
        if phrase == "who" and place == 0:
            entries = [entry for entry in entries if entry[0] == "w"]  # it asks; further on it may fill
        spoken = [(length, WordSpan(letter, text, data)) for letter, data in entries]
        may_name = length <= _LONGEST_NAME and _is_phrase(gram, question)
        named = [(length, span) for span in (_named(text, vocabulary) if may_name else ())]
        if length > 1 and {gram[0].lower, gram[-1].lower} & ARTICLES:  # it is a name only as it is written
            named = [choice for choice in named if _is_written_so(choice[1])]
        if phrase in ORDINALS:  # ``the second`` is no column ``seconds``
            named = [choice for choice in named if choice[1].kind == "V" or vocabulary.is_column(text)]
        sure = [choice for choice in named if choice[1].surety == 3]
        as_written = [choice for choice in sure if choice[1].kind != "V" or _is_as_written(choice[1])]
        is_small = length == 1 and spoken and phrase in ARTICLES and not (text.isupper() and len(text) > 1 and named)
        if is_small and place + 1 == len(pieces) and vocabulary.is_column(text):
            is_small = False  # ``gaps in any``: no article stands last
        if not is_small:
            spoken = [choice for choice in spoken if not _is_name(choice[1], gram, pieces, place, vocabulary)]
        if _begins(pieces, place) and {span.kind for _, span in spoken} & set("ks"):
            sure, spoken = [], [*spoken, *sure]  # ``order orders by price``
        kinds = {span.kind for _, span in spoken}
        found += (
            [*spoken, *as_written]
            if is_small
            else [
                *sure,
                *(named if "$" in kinds else ()),
                *spoken,
                *(named if kinds <= {"A", "E"} or phrase in _VALUES else ()),
            ]
        )
    if (verb := _done(pieces, place, found, vocabulary)) is not None:
        found.insert(0, (1, verb))
    if piece.kind == "word" and (columns := vocabulary.several(piece.text)):
        found.append((1, WordSpan("*", piece.text, columns, 2)))
    if piece.kind == "number" and (value := number(piece.text)) is not None:
        is_ordinal = piece.text[-2:] in ("st", "nd", "rd", "th")
        found.append((1, WordSpan("n" if is_ordinal else "N", piece.text, value)))
    if (
        not found
        and piece.kind == "word"
        and word_stems(piece.text) & {stem for noun in vocabulary.row_nouns for stem in (noun, *word_stems(noun))}
    ):
        return [(1, WordSpan(".", piece.text))]  # ``ordered`` of orders
    if not found and piece.kind == "word" and (link := vocabulary.reference(piece.text)) is not None:
        return [(1, WordSpan("l", piece.text, link, 3 if key(piece.text) == key(link.table.name) else 0))]
    if not found and piece.kind == "word" and (near := vocabulary.nearly(piece.text)):
        note = f"There is no `{piece.text}`; I take it as `{near[0].name}`"
        return [(1, WordSpan("C", piece.text, near, 1, note))]
    if not found and piece.kind == "word" and (noun := nearest(piece.lower, vocabulary.row_nouns, cutoff=0.85)):
        note = f"There is no `{piece.text}`; I take it as `{noun[0]}`"
        return [(1, WordSpan("R", piece.text, noun[0], 1, note))]
    if not found and piece.kind == "word" and (near_word := _nearly(piece.lower, vocabulary.lexicon)):
        note = f"There is no `{piece.text}`; I take it as `{near_word}`"
        return [(1, WordSpan(letter, piece.text, data, note=note)) for letter, data in vocabulary.lexicon[near_word]]
    return found or [(1, WordSpan("?", piece.text, piece.text))]


def _done(
    pieces: Sequence[Token], place: int, found: Sequence[tuple[int, WordSpan]], vocabulary: Vocabulary
) -> WordSpan | None:
    """A value that says what is done to have a row, ``applied`` of applications: where it is no predicate, it says nothing of the row."""
    text, before = pieces[place].text, pieces[place - 1].lower if place else ""
    is_verb = text.islower() and text.endswith("ed") and any(_is_kin(noun, text) for noun in vocabulary.row_nouns)
    held = next((span.data for _, span in found if span.kind == "V" and span.text == text), ())
    is_predicate = any(letter in "=!" for letter, _ in LEXICON.get(before, ())) or bool(vocabulary.columns(before))
    if not is_verb or not held or is_predicate:
        return None
    return WordSpan("v", text, surety=3, note=f"`{text}` is taken as any row, not as a value of `{held[0][0].name}`")


def _is_part_of_text(before: Sequence[Token]) -> bool:
    """Whether ``starts with`` or its like stands before a word."""
    phrases = (" ".join(piece.lower for piece in before[-length:]) for length in (1, 2))
    return any(letter == "^" for phrase in phrases for letter, _ in LEXICON.get(phrase, ()))


def _nearly(word: str, lexicon: Mapping[str, list[Entry]]) -> str:
    """The long word of the language that a mistyped one surely is: no other form of it."""
    long = [phrase for phrase in lexicon if len(phrase) > 5 and phrase[0] == word[0] and phrase.isalpha()]
    close = nearest(word, long, cutoff=0.88)
    return (
        close[0]
        if close
        and not (word_stems(word) | {word}) & (word_stems(close[0]) | {close[0]})
        and len(close[0]) > len(word) - 2
        else ""
    )


def _is_written_so(span: WordSpan) -> bool:
    """Whether a column or a value is called so, or several of it: ``no shows`` of ``no_show``."""
    if span.kind not in "CV":
        return False
    called = {key(span.data[0].name)} if span.kind == "C" else {key(text) for _, texts in span.data for text in texts}
    is_plural = span.text.split()[-1].lower() not in ARTICLES
    return not called.isdisjoint(forms(span.text) if is_plural else {key(span.text)})


def _is_as_written(span: WordSpan) -> bool:
    """Whether a value is written so, or is called so: ``a`` is not ``A``, ``no`` may be ``N``."""
    return any(span.text in values or key(values[0]) != key(span.text) for _, values in span.data)


def _is_name(
    span: WordSpan, gram: Sequence[Token], pieces: Sequence[Token], place: int, vocabulary: Vocabulary
) -> bool:
    """Whether a word of the language is, as it is written, a column, and nothing says that it is not meant."""
    after = pieces[place + len(gram)].lower if place + len(gram) < len(pieces) else ""
    if span.kind == "." and gram[0].lower == "ids":  # ``ids of patients``, where none is called so
        return bool(vocabulary.columns("ids") or vocabulary.partly("ids"))
    if span.kind == "." or (span.kind in "F=" and len(gram) > 1):
        return after != "of" and vocabulary.is_column(gram[-1].text)  # ``mean value``, but ``mean value of price``
    is_verb = span.kind in "vks" and vocabulary.lexicon is LEXICON
    if span.kind == "^" and " in " in f" {span.text} ":  # ``in the name``, where none is called so
        return bool(vocabulary.columns(gram[-1].text))
    if span.kind == "u" and len(gram) > 1:  # ``types of`` a column that is called so
        return bool(vocabulary.columns(gram[0].text))
    return is_verb and bool(vocabulary.columns(gram[0].text)) and not _begins(pieces, place)


def _begins(pieces: Sequence[Token], place: int) -> bool:
    """Whether a word is what is to be done, ``order by price``, ``as bars``, and no noun, ``order of the rows``."""
    if "as" in [piece.lower for piece in pieces[max(0, place - 2) : place]]:
        return True
    is_noun = place + 1 < len(pieces) and any(letter == "I" for letter, _ in LEXICON.get(pieces[place + 1].lower, ()))
    return not is_noun and all((".", None) in LEXICON.get(piece.lower, ()) for piece in pieces[:place])


def _is_phrase(gram: Sequence[Token], question: str) -> bool:
    gaps = (question[first.end : second.start] for first, second in pairwise(gram))
    return all(part.kind in ("word", "number") for part in gram) and not any(gap.strip(" -_/|$#@%&()") for gap in gaps)


def _named(text: str, vocabulary: Vocabulary) -> list[WordSpan]:
    """The names that some words may be, the surest first."""
    found: list[WordSpan] = []
    if key(text) == key(vocabulary.table.name.split("+")[0]):
        found.append(WordSpan("T", text, vocabulary.table.name, 3))
    if columns := vocabulary.columns(text):
        found.append(WordSpan("C", text, columns, 0 if text.isdecimal() else 3))
    if forms(text) & vocabulary.row_nouns and key(text) != "total":
        is_several = bool(found) and text.endswith("s") and found[0].kind == "C" and found[0].data[0].name != text
        found.insert(0 if is_several else len(found), WordSpan("R", text, text, 3))
    if values := vocabulary.values(text):
        found.append(WordSpan("V", text, values, 3))
    if found and (found[0].kind in "RT" or (found[0].kind == "C" and found[0].data[0].name == text)):
        return found
    if not columns and (truth := vocabulary.truth(text)):
        found.append(WordSpan("C", text, truth, 2))
    if not columns and not truth_like(found) and (columns := vocabulary.partly(text)):
        found.append(WordSpan("C", text, columns, 2))
    if not found and (part := vocabulary.value_with(text)):
        found.append(WordSpan("V", text, part, 2))
    if not columns and (columns := vocabulary.called(text)):
        found.append(WordSpan("C", text, columns, 1))
    return found


def truth_like(found: Sequence[WordSpan]) -> bool:
    """Whether a column of truths was found."""
    return any(span.kind == "C" and span.surety == 2 for span in found)
