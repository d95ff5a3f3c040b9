"""Which words of a question became a part of its query; those that did not are a reason not to answer."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from jupyter_agent.models.offline import conditions, cues
from jupyter_agent.models.offline.lexicon import ADJECTIVES, BINDING, FILLERS, MONTHS, NUMBERS, VERBS, words
from jupyter_agent.models.offline.names import NameMention
from jupyter_agent.models.offline.namespace import Table
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.skill import Skill
from jupyter_agent.models.offline.words import forms, key, parts

#: Small words that change what is asked: something must have heard them.
_CHANGING = frozenset(
    words(
        "make made more less other another every each few between without not no only both when where who whom whose why done many much often as"
    )
)
_PIECE = re.compile(r"(?P<label>[A-Z]+)\d+|(?P<word>[^\W\d_][\w'-]*)")
#: Of a delay the highest is the worst, of a rating the lowest.
_JUDGING = frozenset({"best", "worst"})
#: What columns have in their names of which more is better.
_GOOD = frozenset(
    words(
        "rating score grade quality satisfaction revenue profit sales income turnover margin points happiness quantity qty units amount"
    )
)
_ORDINAL = ("st", "nd", "rd", "th")
#: How like a name a mistyped one must be.
_LIKE = 0.75


def not_understood(query: Query, skill: Skill) -> tuple[str, ...]:
    """The words, as typed, that neither the skill nor a slot took; empty if the question is wholly understood."""
    if query.target is not None and query.target.kind != "frame":
        function = query.function if skill.measures else None
        query = replace(query, conditions=(), order=(), descending=None, extreme=False, function=function)
    takes_any = bool(skill.cue.search("zzyzx"))
    heard = frozenset[str]().union(*map(_vocabulary, _patterns(query, skill, takes_any)))
    read = [match.span() for match in re.finditer(skill.reads, query.text)] if skill.reads else []
    left = []
    for match in _PIECE.finditer(query.text):
        word = match[0]
        if any(start <= match.start() and match.end() <= end for start, end in read):
            continue
        if match["label"]:
            is_taken = _is_used(query.skeleton.mention(word), query, skill)
        else:
            is_heard = word in heard or (not takes_any and bool(skill.cue.search(word)))
            is_taken = (is_heard and word not in _JUDGING) or _changes_nothing(word, query)
        if not is_taken:
            left.append(query.skeleton.typed(word))
    return tuple(left)


def _changes_nothing(word: str, query: Query) -> bool:
    """Whether a word changes nothing, or says what a slot has."""
    if word in BINDING or word in FILLERS:
        return word not in _CHANGING
    if word in NUMBERS:
        return query.limit is not None
    if word in MONTHS:
        return bool(query.conditions)
    if word in _JUDGING:
        return query.limit is not None or any(parts(column.name) & _GOOD for column in (*query.columns, *query.order))
    is_quality = word in ADJECTIVES or any(re.fullmatch(pattern, word) for pattern in VERBS)
    return (query.frame is not None and bool(forms(word) & _row_nouns(query.frame))) or (
        is_quality and bool(query.columns or query.order)
    )


def _row_nouns(frame: Table) -> frozenset[str]:
    """What its rows are called: by the table's own name, and by that of the key that it begins with."""
    key_parts = next((parts(column.name) for column in frame.columns[:1]), frozenset[str]())
    return parts(frame.name) | (key_parts - {"id"} if "id" in key_parts else frozenset[str]())


def _is_used(mention: NameMention, query: Query, skill: Skill) -> bool:
    """Whether a name, a value or a number of the question is part of the query."""
    real = mention.variable or next(iter(mention.columns), None)
    if mention.similar and real is not None and not _is_misspelt(mention.text, real.name):
        return False
    if mention.label == "NUM" and mention.text[-2:] in _ORDINAL and skill.name != "row":
        return False  # ``2nd cheapest`` are not two
    if f"{mention.label}\\d" in skill.cue.pattern:
        return True
    values = [value for condition in query.conditions for value in condition.values]
    match mention.label:
        case "NUM" | "DATE":
            spelled = (mention.text, str(mention.number))
            return mention.number == query.limit or any(text in str(value) for value in values for text in spelled)
        case "VAL":
            return any(value in values for _, value in mention.values)
        case "COL":
            taken = {column.name for column in (*query.columns, *query.by, *query.order)}
            taken |= {condition.column.name for condition in query.conditions}
            return any(column.name in taken for column in mention.columns)
        case "VAR":
            is_measured = skill.measures and bool(query.columns or query.by)
            places = (query.frame, query.other, None if is_measured else query.target)
            return real is None or any(place is not None and place.name == real.name for place in places)
        case _:
            return True


def _is_misspelt(text: str, name: str) -> bool:
    """Whether a name was mistyped, rather than another one or a part of one written."""
    typed, real = key(text), key(name)
    return difflib.SequenceMatcher(None, typed, real).ratio() >= _LIKE and not (
        len(real) - len(typed) > 1 and typed in real
    )


def _patterns(query: Query, skill: Skill, takes_any: bool) -> Iterator[str]:
    """By what the skill and the slots that are filled are heard."""
    if not takes_any:
        yield skill.cue.pattern
    if skill.measures or query.each:
        yield cues.AGGREGATING
    if query.extreme or query.limit or query.order or query.descending is not None or query.function in ("max", "min"):
        yield cues.ORDERING
    if query.period is not None:
        yield cues.TIMING
    if query.conditions:
        yield conditions.COMPARING
    if query.by:
        yield "group grouped groupby each every per within across wise breakdown split different differ compare between among share"
    if query.wants_code:
        yield cues.CODE.pattern


@cache
def _vocabulary(pattern: str) -> frozenset[str]:
    """The words that a pattern is written with."""
    found = set(re.findall(r"[a-z]{2,}", re.sub(r"\\[A-Za-z]|[A-Z]+\\d\+", " ", pattern)))
    return frozenset(found | {word + "s" for word in found} | {word.removesuffix("s") for word in found})
