"""The words of a question: tokens with their places, keys that forgive spelling, near names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from jupyter_agent.kernelside.wire import plain_text

Kind = Literal["word", "quoted", "file", "date", "number", "operator", "mark"]
#: A question longer than this is read only so far.
MAX_LENGTH = 2000

_KINDS: tuple[Kind, ...] = ("quoted", "file", "date", "number", "word", "operator", "mark")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "´": "'"})
_TOKEN = re.compile(
    r"(?P<quoted>`[^`\n]{1,200}`|\"[^\"\n]{1,200}\"|(?<!\w)'[^'\n]{1,200}'(?!\w))"
    r"|(?P<file>(?<![\w.])(?:[\w~-][\w~/\\-]*\.)+(?:csv|tsv|txt|parquet|jsonl?|ndjson|xlsx?|feather|pkl|pickle|arrow|h5|npy|gz|zip)\b)"
    r"|(?P<date>\b\d{4}-\d{1,2}(?:-\d{1,2})?\b)"
    r"|(?P<number>(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?(?P<unit>%|[kKmM]\b|(?:st|nd|rd|th)\b)?(?!\w))"
    r"|(?P<word>\b[nN]/[aA]\b|\w+(?:'\w+)?)"
    r"|(?P<operator>>=|<=|==|!=|<>|≥|≤|≠|>|<|=)"
    r"|(?P<mark>[,;?!&+*/\[\]().:]|(?<=\s)-(?=\s))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a question.

    Attributes:
        text: As written; of a quotation, what is inside.
        kind: What it looks like.
        start: Where it begins in the question.
        end: Where it ends.
    """

    text: str
    kind: Kind
    start: int
    end: int

    @property
    def lower(self) -> str:
        """The text for comparison with English words."""
        return self.text.casefold()


def tokens(text: str) -> tuple[Token, ...]:
    """Cut a question into its pieces."""
    found = []
    for match in _TOKEN.finditer(text[:MAX_LENGTH].translate(_QUOTES)):
        kind = next(kind for kind in _KINDS if match[kind])
        inside = match[0][1:-1] if kind == "quoted" else match[0]
        found.append(Token(inside, kind, match.start(), match.end()))
    return tuple(found)


def number(text: str) -> float | int | None:
    """The number that a token says: ``1,200``, ``3.5``, ``10k``, ``5%`` (5)."""
    scale = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    digits = re.sub(r"(?:[kKmM%]|st|nd|rd|th)$", "", text).replace(",", "")
    try:
        value = float(digits) * scale
    except ValueError:
        return None
    exact = "." not in digits and "e" not in digits.lower()
    return int(value) if exact and abs(value) < 1e15 else value


def without_prompt(text: str) -> str:
    """What a cell displayed, without ``Out[3]:`` before it."""
    return re.sub(r"^\s*Out\[\d+\]:\s?", "", text)


def key(text: str) -> str:
    """What is left of a name when case, accents, spaces and punctuation do not count."""
    return "".join(letter for letter in plain_text(text) if letter.isalnum())


def forms(text: str) -> frozenset[str]:
    """A name's key, and the key of its singular."""
    plain = key(text)
    found = {plain}
    if (len(plain) > 3 or plain == "ids") and plain.endswith("s") and not plain.endswith("ss"):
        found.add(plain[:-1])
        if plain.endswith("ies"):
            found.add(plain[:-3] + "y")
        elif plain.endswith("es"):
            found.add(plain[:-2])
    return frozenset(found)


def parts(name: str) -> frozenset[str]:
    """The words inside a name: ``total_bill`` and ``totalBill`` are both of ``total`` and ``bill``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return frozenset(form for word in re.findall(r"[^\W_]+", spaced) for form in forms(word))


def nearest(name: str, known: Iterable[str], cutoff: float) -> list[str]:
    """The known name that a name was likely meant to be; none for a short one, and none with other digits."""
    digits = re.findall(r"\d", name)
    alike = [candidate for candidate in known if re.findall(r"\d", candidate) == digits]
    return difflib.get_close_matches(name, alike, n=1, cutoff=cutoff) if len(name) > 4 else []


def near(name: str, known: Iterable[str], limit: int = 3, cutoff: float = 0.6) -> tuple[str, ...]:
    """Known names that look like a name, the likeliest first."""
    by_key: dict[str, str] = {}
    for candidate in known:
        by_key.setdefault(key(candidate), candidate)
    wanted = key(name)
    found = difflib.get_close_matches(wanted, by_key, n=limit, cutoff=cutoff)
    inside = [other for other in by_key if len(wanted) > 2 and len(other) > 2 and (wanted in other or other in wanted)]
    return tuple(dict.fromkeys(by_key[folded] for folded in (*found, *inside)))[:limit]


def joined(words: Sequence[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
