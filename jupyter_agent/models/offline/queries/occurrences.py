"""How often a value stands in a list or an array, a word in a text; which texts have a word; whether a dictionary has a key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.grammar.lexicon import LEXICON as QUESTIONS
from jupyter_agent.models.offline.lexicon import BINDING, words
from jupyter_agent.models.offline.markdown import many, name, names, python
from jupyter_agent.models.offline.namespace import Column, in_code, texts, unquoted
from jupyter_agent.models.offline.parts import Part, likeness, part_of
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery, shown_run
from jupyter_agent.models.offline.spans import Lexicon, Meaning, is_named, spans
from jupyter_agent.models.offline.words import forms

_KINDS = ("sequence", "set", "array", "series", "text", "mapping")
#: They name no value, but that there is none.
_MISSING = "item is None or item != item"
_EMPTY = f"{_MISSING} or (isinstance(item, (str, list, tuple, dict, set)) and not item)"
_ABSENT = {
    **dict.fromkeys(words("missing nan nans null nulls none nones na nas n/a gap gaps"), _MISSING),
    **dict.fromkeys(words("empty blank blanks"), _EMPTY),
}
_LEXICON = Lexicon(
    often={True: "how often, how many times, how frequent, how frequently, frequency of, occurrences of, number of times, times"},
    many={True: "how many, number of, count, count of, counts of"},
    holds={True: "contain, contains, containing, mention, mentions, mentioning, talk about, talks about, talking about, speak of, speaks of, speak about, include, includes, including, with the word, have the word, about, that say, say, says, has, have, having, with"},
    begins={True: "starting with, start with, starts with, begin with, begins with, beginning with"},
    whether={True: "is, does, do, are, is there, are there, was there, any"},
    verb={True: "occur, occurs, appear, appears, come, comes, come up, comes up, turn up, turns up, exist, there, in, in the, inside, among, of, all, who, where"},
    noun={True: "word, text, texts, value, values, item, items, element, elements, entry, entries, string, strings"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OccurrenceQuery(ObjectQuery):
    """Where a text is among some values, or in a text.

    Attributes:
        holder: The list, the array or the text.
        needle: What is looked for.
        wants: ``count``, ``whether`` or ``items``.
        is_inside: Whether it is looked for inside of each text, not as a value.
        begins: Whether the texts begin with it.
        is_word: Whether it is a word, rather than some letters.
        test: What is so of an item that is missing or empty, where that is looked for.
    """

    holder: Variable
    needle: str
    wants: str
    is_inside: bool = False
    begins: bool = False
    is_word: bool = True
    test: str = ""

    def answer(self, facts: Facts) -> Sequence[str]:
        """Computed, whatever the case of the letters: the needle is as it was typed."""
        code, needle, edge = in_code(self.holder.name), name(self.needle), r"\b" if self.is_word else ""
        pattern = edge + re.escape(self.needle)
        if self.holder.kind == "text":
            found = f"__import__('re').findall({pattern + edge!r}, {code}, __import__('re').IGNORECASE)"
            how, made = ("How often", f"len({found})") if self.wants == "count" else ("Whether", f"bool({found})")
            return shown_run(facts, made, f"{how} {needle} is in {name(code)}, whatever the case")
        if self.holder.kind == "series" and self.is_inside:
            test = f"{code}.str.contains({pattern!r}, case=False)"
            if self.begins:
                test = f"{code}.str.lower().str.startswith({self.needle.lower()!r})"
            made = {"count": f"{test}.sum()", "whether": f"bool({test}.any())", "items": f"{code}[{test}]"}[self.wants]
        else:
            test = self.test or f"str(item).lower() == {self.needle.lower()!r}"
            if re.fullmatch(r"-?\d+(?:\.\d+)?", self.needle):
                test = f"item == {self.needle}"
            if self.is_inside:
                match = "match" if self.begins else "search"
                test = f"__import__('re').{match}({pattern!r}, item, __import__('re').IGNORECASE)"
            within = {"mapping": f"{code}.values()", "array": f"{code}.ravel()"}.get(self.holder.kind, code)
            each = f"for item in {within} if {test}"
            made = {
                "count": f"sum(1 {each})",
                "whether": f"any({test} for item in {within})",
                "items": f"[item {each}]",
            }[self.wants]
        is_so = (
            f"begin with {needle}"
            if self.begins
            else f"have a word that begins with {needle}"
            if self.is_inside
            else f"are {needle}"
        )
        of = {"count": "How many values of", "whether": "Whether some values of", "items": "The values of"}[self.wants]
        that = " that" if self.wants == "items" else ""
        if self.test:
            is_so = "are missing" + (" or empty" if self.test == _EMPTY else "")
            return shown_run(facts, made, f"{of} {name(code)}{that} {is_so}")
        return shown_run(facts, made, f"{of} {name(code)}{that} {is_so}, whatever the case")


@dataclass(frozen=True, slots=True)
class KeyQuery(ObjectQuery):
    """Whether a dictionary has a key: it, where it has.

    Attributes:
        holder: The dictionary, all of its keys known.
        needle: The key that is looked for.
        found: What it has there.
    """

    holder: Part
    needle: str
    found: Part | None

    def answer(self, facts: Facts) -> Sequence[str]:
        """The value that it has there: a key alone may stand for nothing, such as 0."""
        holder, found = name(self.holder.code), self.found
        if found is None:
            keys = names([part.key for part in self.holder.parts], 30)
            code = python(f"{self.needle!r} in {self.holder.code}")
            return [f"**No**, {holder} has no key {name(self.needle)}. Its keys are {keys}.", code]
        if found.is_withheld:
            return [f"{name(found.code)} looks like a secret, so its value is withheld."]
        value = many(found.length or 0, "item") if found.kind else found.text
        return [f"{holder} has the key {name(found.key)}: it is **{name(value, 200)}**.", python(found.code)]


def read(question: str, context: ObjectContext) -> OccurrenceQuery | KeyQuery | None:
    """What is asked of a value that stands in another; None if nothing is, or a word has no part in it."""
    holders = [variable for variable in context.named_variables(question) if variable.kind in _KINDS]
    if len(holders) != 1:
        return None
    holder = holders[0]

    def meaning(text: str) -> Meaning | None:
        return ("holder", holder) if is_named(holder.name, text) else None

    found = spans(question, _LEXICON, meaning, lambda text: text == holder.name)
    needles = [*found.all("text"), *(str(number) for number in found.all("number")), *found.unknown]
    slots = found.slots - {"verb", "noun", "text", "number"}
    if (
        len(found.all("holder")) != 1
        or len(needles) != 1
        or {needles[0], needles[0].lower()} & {*context.namespace.variables, *BINDING}
    ):
        return None
    needle, is_quoted = needles[0], bool(found.all("text"))
    full = context.full(holder)
    root = part_of(full)
    values = [value for part in root.parts if isinstance(value := part.value, str)] or [
        unquoted(text)
        for text in texts(full.facts.get("samples") or full.facts.get("items"))
        if unquoted(text) != text or Column("", "", 0, full.facts).role == "text"
    ]
    are_texts = any(" " in value.strip() for value in values) and holder.kind not in ("text", "array")
    known = [
        value
        for value in (*values, *str(full.facts.get("value", "")).split())
        if forms(value.strip(".,;:!?'\"")) & forms(needle)
    ]
    wants = (
        "count"
        if slots & {"often", "many"}
        else "whether"
        if re.match(r"\W*(?:is|are|does|do|has|have|was|any)\b", question, re.IGNORECASE)
        else "items"
    )
    test = "" if is_quoted or known else _ABSENT.get(needle.lower(), "")
    if test:
        if re.fullmatch(r"\W*(?:is|are|was)\s+(?:the\s+)?\S+\s+\w+\W*", question, re.IGNORECASE):
            return None  # ``is pantry empty`` asks for its length
        is_clear = wants != "items" and slots <= {"holder", "whether", "many", "often", "holds"}
        return OccurrenceQuery(holder, needle, wants, test=test) if is_clear and root.kind else None
    if holder.kind == "mapping":
        is_clear = wants == "whether" and slots <= {"holder", "whether", "holds"}
        return _key(root, needle, is_quoted=is_quoted) if is_clear else None
    if "many" in slots and "holds" not in slots and not known:
        return None  # ``how many dogs in jars`` is about something else
    is_word = not is_quoted and not found.all("number") and not known
    is_within = are_texts and bool(slots & {"holds", "begins"})
    if wants == "whether" and is_word and not is_within and (not values or _is_of_a_kind(needle)):
        return None  # ``are there any outliers``
    is_inside = are_texts and bool(slots & {"holds", "begins", "often", "whether"})
    if wants == "items" and not is_inside:
        return None
    needle = known[0] if known and "often" not in slots and not are_texts and holder.kind != "text" else needle
    return OccurrenceQuery(holder, needle, wants, is_inside, "begins" in slots, not is_quoted)


def _is_of_a_kind(word: str) -> bool:
    """Whether a word may say what values are like rather than name one: in the plural, or known to the questions."""
    return len(forms(word)) > 1 or word.lower() in Lexicon.words or word.lower() in QUESTIONS


def _key(holder: Part, needle: str, *, is_quoted: bool) -> KeyQuery | None:
    """The key that is so called, or that there is none; None where that is not sure."""
    found = [part for part in holder.parts if forms(part.key) & forms(needle)]
    if found:
        return KeyQuery(holder, needle, found[0]) if len(found) == 1 else None
    inner = [part for *_, part in holder.walk()]
    is_whole = bool(holder.parts) and all(part.length in (None, len(part.parts)) for part in inner)
    words_inside = f"{[part.key for part in inner[1:]]} {[part.text for part in inner[1:]]}".casefold()
    is_like = any(form in words_inside for form in (needle.casefold(), *forms(needle)))
    is_like = is_like or any(likeness(needle, part.key) >= 0 or likeness(part.key, needle) >= 0 for part in inner[1:])
    is_clear = is_whole and not is_like and (is_quoted or not _is_of_a_kind(needle))
    return KeyQuery(holder, needle, None) if is_clear else None
