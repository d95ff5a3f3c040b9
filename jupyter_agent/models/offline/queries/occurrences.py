"""How often a value stands in a list or an array, a word in a text; which texts have a word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import BINDING
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.namespace import in_code, texts
from jupyter_agent.models.offline.parts import part_of
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery, shown_run
from jupyter_agent.models.offline.spans import Lexicon, Meaning, is_named, spans
from jupyter_agent.models.offline.words import forms

_KINDS = ("sequence", "set", "array", "series", "text")
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
    """

    holder: Variable
    needle: str
    wants: str
    is_inside: bool = False
    begins: bool = False
    is_word: bool = True

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
            test = f"str(item).lower() == {self.needle.lower()!r}"
            if re.fullmatch(r"-?\d+(?:\.\d+)?", self.needle):
                test = f"item == {self.needle}"
            if self.is_inside:
                match = "match" if self.begins else "search"
                test = f"__import__('re').{match}({pattern!r}, item, __import__('re').IGNORECASE)"
            each = f"for item in {code} if {test}"
            made = {"count": f"sum(1 {each})", "whether": f"any({test} for item in {code})", "items": f"[item {each}]"}[
                self.wants
            ]
        is_so = (
            f"begin with {needle}"
            if self.begins
            else f"have a word that begins with {needle}"
            if self.is_inside
            else f"are {needle}"
        )
        of = {"count": "How many values of", "whether": "Whether some values of", "items": "The values of"}[self.wants]
        that = " that" if self.wants == "items" else ""
        return shown_run(facts, made, f"{of} {name(code)}{that} {is_so}, whatever the case")


def read(question: str, context: ObjectContext) -> OccurrenceQuery | None:
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
    full = context.full(holder)
    values = [value for part in part_of(full).parts if isinstance(value := part.value, str)] or [
        sample.strip("'\"") for sample in texts(full.facts.get("samples"))
    ]
    are_texts = any(" " in value.strip() for value in values) and holder.kind not in ("text", "array")
    known = [
        value
        for value in (*values, *str(full.facts.get("value", "")).split())
        if forms(value.strip(".,;:!?'\"")) & forms(needles[0])
    ]
    wants = (
        "count"
        if slots & {"often", "many"}
        else "whether"
        if re.match(r"\W*(?:is|are|does|do|has|have|was)\b", question, re.IGNORECASE)
        else "items"
    )
    if "many" in slots and "holds" not in slots and not known:
        return None  # ``how many dogs in jars`` is about something else
    is_inside = are_texts and bool(slots & {"holds", "begins", "often", "whether"})
    if wants == "items" and not is_inside:
        return None
    needle = known[0] if known and "many" in slots and not are_texts and holder.kind != "text" else needles[0]
    return OccurrenceQuery(holder, needle, wants, is_inside, "begins" in slots, not found.all("text"))
