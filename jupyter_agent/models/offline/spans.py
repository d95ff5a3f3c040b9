"""The words of a question by the part each plays: a lexicon of phrases, names, numbers; what is left was not understood."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from jupyter_agent.models.offline.lexicon import CONTRACTIONS, words
from jupyter_agent.models.offline.words import Token, forms, nearest, number, tokens

#: They hold a question together, whatever is asked.
_IGNORED = frozenset(
    words(
        """a an the this that these those is are was were be been do does did has have had can could would should must shall will i me my we us
        our you your in of on at to for from with it its please pls plz show give tell print display get find what which value values
        what's whats there hey hi ok okay so just current currently exactly and as by want need know see let like here us compute
        calculate return"""
    )
)
#: What a name may be followed by in code.
_CODE = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.[^\W\d]\w*|\[[^\[\]\n]{1,80}\]|\([^()\n]{0,120}\))+")
_MARKS = ",;?!.:&"
_LONGEST = 5
Meaning = tuple[str, Any]
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class SlotSpan:
    """Some words next to each other and what they mean."""

    slot: str
    value: Any
    text: str


class Lexicon:
    """Phrases with their meanings: ``Lexicon(function={"sum": "sum, total"}, axis={1: "per row"})``."""

    #: The words of all of them: whatever is said of a question, these were understood.
    words: ClassVar[set[str]] = set()

    def __init__(self, **slots: Mapping[Any, str]) -> None:
        self._meanings: dict[tuple[str, ...], Meaning] = {
            tuple(phrase.split()): (slot, value)
            for slot, values in slots.items()
            for value, phrases in values.items()
            for phrase in phrases.split(", ")
        }
        self.words.update(phrase[0] for phrase in self._meanings if len(phrase) == 1)

    def nearly(self, word: str) -> Meaning | None:
        """What a mistyped word means."""
        known = [phrase[0] for phrase in self._meanings if len(phrase) == 1 and len(phrase[0]) > 4]
        close = nearest(word, known, cutoff=0.85)
        is_longer = close and (word.startswith(close[0]) or close[0].startswith(word))
        return self._meanings[close[0],] if close and close[0][0] == word[0] and not is_longer else None

    def meaning(self, phrase: Sequence[str]) -> Meaning | None:
        """What a phrase means, in the singular too."""
        found = self._meanings.get(tuple(phrase))
        if found is not None or not phrase[-1].endswith("s"):
            return found
        return self._meanings.get((*phrase[:-1], phrase[-1][:-1]))


@dataclass(frozen=True, slots=True)
class Spans:
    """A question in spans."""

    text: str
    spans: tuple[SlotSpan, ...]
    unknown: tuple[str, ...]

    def all(self, slot: str) -> list[Any]:
        """What the spans of a slot mean, in order."""
        return [span.value for span in self.spans if span.slot == slot]

    def one(self, slot: str) -> Any | None:
        """What the only span of a slot means; None if there is none."""
        return next(iter(self.all(slot)), None)

    def has_only(self, **limits: int) -> bool:
        """Whether every word was understood and no slot has more spans, or other slots, than these."""
        counts = {slot: sum(span.slot == slot for span in self.spans) for slot in {span.slot for span in self.spans}}
        return not self.unknown and all(count <= limits.get(slot, 0) for slot, count in counts.items())

    @property
    def slots(self) -> frozenset[str]:
        """The slots that are filled."""
        return frozenset(span.slot for span in self.spans)


def spans(
    question: str,
    lexicon: Lexicon,
    named: Callable[[str], Meaning | None],
    is_variable: Callable[[str], bool] = lambda _text: False,
) -> Spans:
    """Cut a question into its spans: code, then the longest name or phrase at each place, then numbers.

    Args:
        question: As typed.
        lexicon: Which words mean what.
        named: What a text names.
        is_variable: Whether a word is, as it is written, a variable's name, which goes before what else it may mean.
    """
    found: list[SlotSpan] = []
    unknown: list[str] = []
    pieces = _pieces(question)
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        taken = 1
        if isinstance(piece, re.Match):
            meaning = named(piece[0])
            found += [SlotSpan(*meaning, piece[0])] if meaning is not None else []
            unknown += [piece[0]] if meaning is None else []
        elif piece.kind == "quoted" and (meaning := named(piece.text)) is not None:
            found.append(SlotSpan(*meaning, piece.text))
        elif piece.kind == "quoted":
            found.append(SlotSpan("text", piece.text, piece.text))
        else:
            taken, span = _longest(pieces[place:], question, lexicon, named, is_variable)
            if span is not None:
                found.append(span)
            elif piece.kind == "number":
                found.append(SlotSpan("number", number(piece.text), piece.text))
            elif piece.kind == "operator":
                found.append(SlotSpan("operator", piece.text, piece.text))
            elif piece.lower not in _IGNORED and piece.text not in _MARKS:
                close = lexicon.nearly(piece.lower) if piece.kind == "word" else None
                found += [SlotSpan(*close, piece.text)] if close is not None else []
                unknown += [piece.text] if close is None else []
        place += taken
    return Spans(question, tuple(found), tuple(unknown))


def _pieces(question: str) -> list[Token | re.Match[str]]:
    """Tokens, short forms written out, with what looks like code in one piece."""
    code = list(_CODE.finditer(question))
    pieces: list[Token | re.Match[str]] = []
    for token in tokens(question):
        inside = next((match for match in code if match.start() <= token.start and token.end <= match.end()), None)
        if inside is not None:
            pieces += [] if inside in pieces else [inside]
        elif token.lower in CONTRACTIONS:
            pieces += [Token(word, "word", token.start, token.end) for word in CONTRACTIONS[token.lower].split()]
        else:
            pieces.append(token)
    return pieces


def _longest(
    pieces: Sequence[Token | re.Match[str]],
    question: str,
    lexicon: Lexicon,
    named: Callable[[str], Meaning | None],
    is_variable: Callable[[str], bool],
) -> tuple[int, SlotSpan | None]:
    gram: list[Token] = []
    for piece in pieces[:_LONGEST]:
        if (
            isinstance(piece, re.Match)
            or piece.kind not in ("word", "number")
            or (gram and _parted(gram[-1], piece, question))
        ):
            break
        gram.append(piece)
    for length in range(len(gram), 0, -1):
        text = " ".join(token.text for token in gram[:length])
        own = text.removesuffix("'s").removesuffix("’s")
        phrase = [token.lower for token in gram[:length]]
        # An article is none where it stands last: ``mean of a``.
        is_word = (
            length == 1
            and (phrase[0] in _IGNORED or gram[0].kind == "number")
            and own == own.lower()
            and len(pieces) > 1
        )
        exact = named(own) if length == 1 and not is_word and is_variable(own) else None
        meaning = exact or lexicon.meaning(phrase) or (named(own) if not is_word else None)
        if meaning is not None:
            return length, SlotSpan(*meaning, text)
    return 1, None


def _parted(before: Token, after: Token, question: str) -> bool:
    return bool(question[before.end : after.start].strip(" -_/"))


def named_so(text: str, named: Mapping[str, _Value], shortest: int = 1) -> _Value | None:
    """What is called so as it is written, else what is when case, spaces, punctuation and plural do not count."""
    alike = (value for name, value in named.items() if len(text) >= shortest and is_named(name, text))
    return named[text] if text in named else next(alike, None)


def is_named(name: str, text: str) -> bool:
    """Whether a text is a name, forgiving case, spaces, punctuation and plural."""
    return bool(forms(name) & forms(text))
