"""Names in a question: which words mean which variable, column, value or file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.lexicon import (
    ADJECTIVES,
    BINDING,
    CONTRACTIONS,
    MONTHS,
    NUMBERS,
    SPELLING,
    TELLING,
    words,
)
from jupyter_agent.models.offline.names import Label, NameMention, Names
from jupyter_agent.models.offline.words import Token, key, number, tokens

_LONGEST = 5
_NAMING = frozenset(words("column columns variable called named field df of by per vs versus against"))
_HANDLING = frozenset({"column", "columns", "field", "convert", "rename", "drop", "parse", "cast", "by", "per"})
_BRINGING = frozenset(
    words(
        "mean average avg total sum max maximum min minimum median highest lowest largest smallest unique distinct std"
    )
)
_INTRODUCING = frozenset(words("is are was of variable does print show inspect describe about value explain in on for"))


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A question in lower case, its names replaced by ``VAR0``, ``COL1``, …: the number is the mention's place."""

    text: str
    mentions: tuple[NameMention, ...]
    unknown: tuple[str, ...]
    spelling: Mapping[str, str]

    def typed(self, word: str) -> str:
        """A word or placeholder as the user wrote it."""
        if re.fullmatch(r"[A-Z]+\d+", word):
            return self.mention(word).text
        return self.spelling.get(word, word)

    def mention(self, placeholder: str) -> NameMention:
        """The mention of a placeholder such as ``COL1``."""
        return self.mentions[int(placeholder.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))]

    def of(self, *labels: Label) -> tuple[NameMention, ...]:
        """Mentions of some kinds, in order."""
        return tuple(mention for mention in self.mentions if mention.label in labels)


#: No words.
NOTHING = Skeleton("", (), (), {})


def skeleton(question: str, names: Names) -> Skeleton:
    """Find the names in a question."""
    pieces = tokens(question)
    text: list[str] = []
    mentions: list[NameMention] = []
    unknown: list[str] = []
    place = 0
    while place < len(pieces):
        taken, mention = _at(pieces, place, question, names)
        if mention is not None:
            text.append(f"{mention.label}{len(mentions)}")
            mentions.append(mention)
        else:
            text.append(_spelled(pieces[place]))
            if _foreign(pieces[place]):
                unknown.append(pieces[place].text)
        place += taken
    joined = re.sub(r"\bin \[ (NUM\d+) \]", r"cell \1", " ".join(text))
    spaced = " ".join(part for part in joined.split(" ") if part not in "()[]:")
    agreed = _agreed(mentions)
    for place, (before, after) in enumerate(zip(mentions, agreed, strict=True)):
        spaced = spaced.replace(f"{before.label}{place}", f"{after.label}{place}")
    return Skeleton(spaced, tuple(agreed), tuple(unknown), {piece.lower: piece.text for piece in reversed(pieces)})


def _agreed(mentions: Sequence[NameMention]) -> list[NameMention]:
    """Where a word names both a variable and a column of a frame that is named too, it is the column."""
    frames = {
        mention.variable.name
        for mention in mentions
        if mention.variable is not None and mention.variable.kind == "frame"
    }
    out = []
    for mention in mentions:
        inside = tuple(column for column in mention.columns if column.frame in frames)
        other = mention.variable is not None and frames - {mention.variable.name}
        out.append(
            NameMention("COL", mention.text, columns=inside) if mention.label == "VAR" and inside and other else mention
        )
    return out


def _at(pieces: Sequence[Token], place: int, question: str, names: Names) -> tuple[int, NameMention | None]:
    """The longest name that begins at a token, and how many tokens it takes."""
    token = pieces[place]
    if token.kind == "quoted":
        return 1, _quoted(token, names)
    if token.kind == "file":
        return 1, NameMention("FILE", token.text)
    for length in range(min(_LONGEST, len(pieces) - place), 0, -1):
        gram = pieces[place : place + length]
        gaps = (question[first.end : second.start] for first, second in pairwise(gram))
        if gram[0].kind != "word" or any(token.kind not in ("word", "number", "date") for token in gram):
            continue
        if any(gap.strip(" -_/|$#@%&") for gap in gaps):
            continue  # not one phrase
        mention = _phrase(gram, place, pieces, question, names)
        if mention is not None:
            return length, mention
    if (numbered := _numbered(token, place, pieces, names)) is not None:
        return 1, numbered
    if token.kind == "number":
        return 1, NameMention("NUM", token.text, number=number(token.text))
    return 1, NameMention("DATE", token.text) if token.kind == "date" else _similar(token, names)


def _phrase(
    gram: Sequence[Token], place: int, pieces: Sequence[Token], question: str, names: Names
) -> NameMention | None:
    text = question[gram[0].start : gram[-1].end].removesuffix("'s").removesuffix("’s")
    words = [token.lower for token in gram]
    if len(gram) > 1:
        return names.exactly(text) if words[0] not in BINDING and words[-1] not in BINDING else None
    word = words[0].removesuffix("'s")
    pointed = (
        question[max(0, gram[0].start - 1) : gram[0].start] in ("@", ".")
        or question[gram[0].end : gram[0].end + 1] == "["
    )
    if question.strip(" ?!.") == text and text in names.namespace.variables:
        return names.exactly(text)
    if word in BINDING and not pointed:
        return _last_resort(text, place, pieces, names)
    if (word in TELLING or word in NUMBERS) and not pointed and not _expected(place, pieces, names, text):
        value = names.exactly(text) if word in TELLING and _may_be_value(place, pieces) else None
        return value if value is not None and value.label == "VAL" else None
    found = names.exactly(text)
    if found is not None and (found.label != "VAL" or word not in TELLING):
        return found
    return names.partly(text) if word not in TELLING and word not in MONTHS else None


def _last_resort(text: str, place: int, pieces: Sequence[Token], names: Names) -> NameMention | None:
    """A name like ``a`` or ``when``: a column after "column" or what is done to it, a variable as the last word."""
    before = pieces[place - 1].lower if place else ""
    after = pieces[place + 1].lower if place + 1 < len(pieces) else ""
    if before in _HANDLING or after == "column":
        columns = tuple(column for frame in names.frames for column in frame.columns if column.name == text)
        if columns:
            return NameMention("COL", text, columns=columns)
    last = all(piece.kind == "mark" for piece in pieces[place + 1 :])
    introduced = place > 0 and pieces[place - 1].lower in _INTRODUCING
    variable = names.namespace.variables.get(text)
    return NameMention("VAR", text, variable) if last and introduced and variable is not None else None


def _expected(place: int, pieces: Sequence[Token], names: Names, text: str) -> bool:
    """Whether a word that says what is wanted stands where a name is expected."""
    before = pieces[place - 1].lower if place else ""
    after = pieces[place + 1].lower if place + 1 < len(pieces) else ""
    if text in names.namespace.variables:
        return before in _INTRODUCING and after != "of"
    exact = any(column.name.casefold() == text.casefold() for frame in names.frames for column in frame.columns)
    if not exact:
        return False
    named = before in _NAMING | _HANDLING | _BRINGING or after in words(
        "column by vs versus against per > < = == >= <="
    )
    asked = before in ("which", "what", "each", "every") and after in (
        "has",
        "have",
        "had",
        "is",
        "with",
        "was",
        "?",
        "",
    )
    return (
        named or asked or (before in ("and", ",", "plot", "sort", "drop", "rename") and after in ("", ",", "and", "?"))
    )


def _may_be_value(place: int, pieces: Sequence[Token]) -> bool:
    """Whether a word that says what is wanted stands where only one of the values can: ``rating of filter in Lisbon``."""
    before = pieces[place - 1].lower if place else ""
    after = pieces[place + 1].lower if place + 1 < len(pieces) else ""
    return before in ("of", "for", "from") and after in ("in", "at", "and", "or", "by", "per", ",", "?", "")


def _quoted(token: Token, names: Names) -> NameMention:
    found = names.exactly(token.text)
    if found is None and "." in token.text and token.text.rsplit(".", 1)[1].isalnum():
        return NameMention("FILE", token.text)
    same = found is not None and (key(found.text) == key(token.text))
    return found if found is not None and same else NameMention("STR", token.text)


def _numbered(token: Token, place: int, pieces: Sequence[Token], names: Names) -> NameMention | None:
    """A column whose label is a number, where a name is expected."""
    before = pieces[place - 1].lower if place else ""
    if token.kind != "number" or before not in _NAMING | _HANDLING | _BRINGING | {"plot"}:
        return None
    columns = tuple(column for frame in names.frames for column in frame.columns if column.name == token.text)
    return NameMention("COL", token.text, columns=columns) if columns else None


def _similar(token: Token, names: Names) -> NameMention | None:
    """A name that looks like an unknown word, unless a word of the language looks more like it."""
    if (
        token.kind != "word"
        or token.lower in BINDING | TELLING | CONTRACTIONS.keys() | ADJECTIVES.keys()
        or token.lower in MONTHS
    ):
        return None
    found = names.nearly(token.text)
    if found is None:
        return None
    word = difflib.get_close_matches(token.lower, SPELLING, n=1, cutoff=found[0])
    return None if word and found[0] < 1 else found[1]


def _spelled(token: Token) -> str:
    """The word, or the one that was meant."""
    word = token.lower
    if word in CONTRACTIONS:
        return CONTRACTIONS[word]
    if token.kind == "operator":
        return {"==": "=", "≥": ">=", "≤": "<=", "≠": "!=", "<>": "!="}.get(token.text, token.text)
    if token.kind != "word" or len(word) < 5 or word in BINDING | TELLING or word in MONTHS:
        return word
    close = difflib.get_close_matches(word, SPELLING, n=1, cutoff=0.82)
    is_other = close and close[0][0] == word[0] and not word.startswith(close[0]) and not close[0].startswith(word)
    return close[0] if is_other else word


def _foreign(token: Token) -> bool:
    """Whether an unlinked word looks like a name of code that does not exist."""
    return token.kind == "word" and (
        "_" in token.text
        or any(letter.isdigit() for letter in token.text)
        or (token.text != token.lower and token.text[1:] != token.text[1:].lower())
    )


def mentioned_frames(mentions: Iterable[NameMention]) -> Iterator[Variable]:
    """Frames that are named."""
    return (
        mention.variable
        for mention in mentions
        if mention.variable is not None and mention.variable.kind == "frame" and mention.label == "VAR"
    )
