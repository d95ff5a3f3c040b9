"""Which names and values look secret: what the kernel keeps to itself, and what the server withholds from models."""

from __future__ import annotations

import re
import string
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from . import secret_patterns as patterns
from .secret_patterns import Pattern

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
#: Names whose last word is one of these hold a secret: ``db_password``, ``githubToken``.
_SECRET_END = re.compile(
    r"passwords?|passwd|pwd|passphrase|secrets?|token|apikeys?|credentials?|creds|dsn|jwt|bearer|cookies?|ssn|pem"
    r"|authorization|authtoken|accesstoken|privatekey|secretkey"
).fullmatch
#: Names with one of these words anywhere hold a secret, unless they end on a measure of it.
_SECRET_WORDS = frozenset(["password", "passwd", "passphrase", "secret"])
_MEASURE = re.compile(
    r"counts?|length|len|size|policy|ok|valid|strength|score|rate|entropy|age|expiry|required|enabled"
).fullmatch
#: Pairs of words that make a secret wherever they stand: ``API_KEY_2``.
_SECRET_PAIR = re.compile(
    r"(?<![^_])(?:api_keys?|(?:access|private|secret|signing|encryption|fernet)_key|client_secret"
    r"|(?:access|auth|api|refresh)_token|connection_string|database_url)(?![^_])"
).search
# What every secret name has somewhere: most names have none of it and need not be taken apart.
_HINT = re.compile(
    r"pass|pwd|secret|token|key|cred|dsn|jwt|bearer|cookie|ssn|pem|auth|string|url", re.IGNORECASE
).search


def is_secret_name(name: str) -> bool:
    """Whether what a variable, column or key of this name holds is likely a secret."""
    return _HINT(name) is not None and _has_secret_words(name)


@lru_cache(maxsize=4096)
def _has_secret_words(name: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(name[:200])]
    if not words:
        return False
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    if _SECRET_END(words[-1]) or _SECRET_END("".join(words[-2:])):
        return True
    if not _SECRET_WORDS.isdisjoint(words) and not _MEASURE(words[-1]):
        return True
    return _SECRET_PAIR("_".join(words)) is not None


def is_environment(keys: list[str]) -> bool:
    """Whether these keys of a mapping are those of a process's environment."""
    return "PATH" in keys and ("HOME" in keys or "USERPROFILE" in keys)


WITHHELD = "[withheld]"
#: The same where it is followed by what has been withheld, and a bracket.
WITHHELD_KIND = "[withheld: "
_SHORTEST = 8  # characters of a key or token; passwords may have four
_PASSWORD = re.compile(r"pass|pwd", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"\s*[),\]}]|\$\{?\w+\}?$|\{[^{}]*\}+$|<[^>]*>$|%\(|(.)\1*$|your[_ -]|\*{3}|\.{3}|x{4}|\[withheld"
    r"|(?:example|placeholder|redacted|changeme|password|secret|string|none|null|true|false)$",
    re.IGNORECASE,
)
_ANNOTATION = re.compile(r":\s{0,3}str\s?\Z")
_compiled = lru_cache(maxsize=None)(re.compile)


def word_table(characters: str) -> bytes:
    """A table that turns the characters of words into ``w`` and all others into spaces."""
    return bytes(ord("w") if chr(byte) in characters else ord(" ") for byte in range(256))


_LETTERS = word_table(string.ascii_letters + string.digits + "-_")
_KEY_LETTERS = word_table(string.ascii_letters + string.digits + "-_" + patterns.KEY_CHARACTERS)


def has_long_word(text: str, table: bytes, length: int) -> bool:
    """Whether a text has a word of so many characters; a pass that costs next to nothing."""
    return b"w" * length in text.encode("ascii", "replace").translate(table)


class Span(NamedTuple):
    """Where a secret stands in a text, of what kind it is, and where that by which it is known begins."""

    start: int
    end: int
    kind: str
    context: int


def find_secrets(text: str, *, in_value: bool = False) -> list[Span]:
    """What looks like a secret in a text, in no order, possibly one within another.

    In a value of the user's (`in_value`) shapes count, too, that prose and code have for other reasons.
    """
    found: list[Span] = []
    if any(hint in text for hint in patterns.HINTS):
        found += _matches(patterns.ANYWHERE, text)
    if "(" in text:
        found += _matches(patterns.CALLS, text)
    if "|" in text or "@" in text or "\\" in text:
        found += _matches(patterns.LOGINS, text)
    if has_long_word(text, _KEY_LETTERS, patterns.LONG_WORD):
        marked = _around_long_words(text, _KEY_LETTERS, patterns.LONG_MARKED_WORD, patterns.MARGIN)
        words = _around_long_words(text, _LETTERS, patterns.LONG_WORD, patterns.LONGEST_PREFIX)
        found += _matches(patterns.KEY_FILES, text)
        found += _keys(patterns.BASE64_KEYS, text, marked)
        found += _matches(patterns.MARKED, text, marked) if marked else ()
        found += _keys(patterns.KEYS, text, words)
        if words and has_long_word(text, _LETTERS, patterns.LONG_KEY):
            keys = _around_long_words(text, _LETTERS, patterns.LONG_KEY, patterns.MARGIN)
            found += _matches(patterns.IN_LONG_KEYS, text, keys)
    if "-" in text and (options := _around_options(text)):
        found += _matches(patterns.COMMANDS, text, options)
    lower = text.lower()
    if any(word in lower for word in patterns.SECRET_WORDS):
        found += _matches(patterns.AFTER_SECRET_WORDS, text)
        found += _assigned(text)
        if in_value:
            found += _matches(patterns.IN_VALUES, text)
    return found


Windows = Sequence[tuple[int, int]]


def _around_long_words(text: str, table: bytes, length: int, margin: int) -> Windows:
    """The parts of a text that have words of so many characters, with what stands next to them."""
    words = text.encode("ascii", "replace").translate(table)
    windows: list[tuple[int, int]] = []
    start = words.find(b"w" * length)
    while start >= 0:
        end = words.find(b" ", start)
        end = end if end >= 0 else len(words)
        if windows and start - margin <= windows[-1][1]:
            windows[-1] = (windows[-1][0], end + margin)
        else:
            windows.append((max(0, start - margin), end + margin))
        start = words.find(b"w" * length, end)
    return windows


def _around_options(text: str) -> Windows:
    """The parts of a text that may be commands with an option that takes a password."""
    windows: list[tuple[int, int]] = []
    for match in patterns.PASSWORD_OPTION.finditer(text):
        start, end = max(0, match.start() - patterns.LONGEST_COMMAND), match.end() + patterns.LONGEST_COMMAND
        if windows and start <= windows[-1][1]:
            start = windows.pop()[0]
        windows.append((start, end))
    return windows


def _keys(keys: patterns.Keys, text: str, windows: Windows) -> Iterator[Span]:
    """Keys that begin with a known prefix, where that is not within a word."""
    prefixes, by_prefix = _key_table(keys)
    end = 0
    for begun in (begun for window in windows for begun in prefixes.finditer(text, *window)):
        for kind, expression in by_prefix[begun[0]] if begun.start() >= end else ():
            match = _compiled(expression).match(text, begun.start())
            if match is not None:
                end = match.end()
                yield Span(match.start(), end, kind, match.start())


@cache
def _key_table(keys: patterns.Keys) -> tuple[re.Pattern[str], dict[str, list[tuple[str, str]]]]:
    """An expression that finds the prefixes, by first letter, which is fast; and what is to follow each of them."""
    found = [(prefix, kind, rest) for kind, prefixes, rest in keys for prefix in prefixes.split()]
    by_letter: dict[str, list[str]] = {}
    by_prefix: dict[str, list[tuple[str, str]]] = {}
    for prefix, kind, rest in sorted(found, key=lambda entry: (-len(entry[0]), entry)):
        by_letter.setdefault(prefix[0], []).append(re.escape(prefix[1:]))
        for longer in [prefix, *(other for other in by_prefix if other.startswith(prefix) and other != prefix)]:
            by_prefix.setdefault(longer, []).append((kind, patterns.ALONE + re.escape(prefix) + rest))
    branches = [f"{letter}(?:{'|'.join(dict.fromkeys(rests))})" for letter, rests in by_letter.items()]
    return re.compile("|".join(branches)), by_prefix


def _matches(table: Iterable[Pattern], text: str, windows: Windows = ((0, sys.maxsize),)) -> Iterator[Span]:
    for kind, needles, expression in table:
        if any(needle in text for needle in needles):
            regex = _compiled(expression)
            for match in (match for window in windows for match in regex.finditer(text, *window)):
                yield Span(*match.span(regex.groups), kind, match.start())


def _assigned(text: str) -> Iterator[Span]:
    """Values given to names that tell a secret."""
    for match in patterns.ASSIGNED.finditer(text):
        before = text[max(0, match.start() - 96) : match.start()]
        lower = before.lower()
        if not any(word in lower for word in patterns.NAME_WORDS):
            continue
        name, position = _name_before(before)
        group = match.lastindex or 0
        line = before.rfind("\n", 0, position) + 1
        is_secret = name and is_secret_value(name, match[group])
        if is_secret and (group != 4 or patterns.BEFORE_PLAIN.fullmatch(before, line, position)):
            yield Span(*match.span(group), name, match.start() - len(before) + position)


def _name_before(before: str) -> tuple[str, int]:
    """The secret's name at the end of what stands before an assignment, and where it begins; empty if there is none."""
    annotated = _ANNOTATION.search(before, max(0, len(before) - 7))
    bare = before[: annotated.start()] if annotated else before
    bare = bare.rstrip().removesuffix("]").rstrip("\"'\\")
    word = re.match(r"[A-Za-z0-9_-]*", bare[::-1])
    name = word[0][::-1] if word else ""
    if bare.endswith(f"\\{name}") and name[:1] in tuple("nrt"):
        name = name[1:]  # the letter belongs to an escape sequence
    return (name, len(bare) - len(name)) if patterns.SECRET_NAME.search(name) else ("", 0)


def is_secret_value(name: str, value: str) -> bool:
    """Whether a value under a secret's name is likely to be one: any password, and keys and tokens that look random."""
    if len(value) < 4 or _PLACEHOLDER.match(value):
        return False
    if _PASSWORD.search(name):
        return True
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return mixed and len(value) >= _SHORTEST and not any(map(str.isspace, value))


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, overlapping ones as one."""
    apart: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not apart or span.start >= apart[-1].end:
            apart.append(span)
        else:
            context = min(span.context, apart[-1].context)
            apart[-1] = apart[-1]._replace(end=max(span.end, apart[-1].end), context=context)
    return apart


def without_secrets(text: str) -> str:
    """A value's text with keys, tokens and passwords of known shapes replaced."""
    if len(text) < _SHORTEST:
        return text
    parts: list[str] = []
    position = 0
    for span in merged(find_secrets(text, in_value=True)):
        parts += [text[position : span.start], WITHHELD]
        position = span.end
    return "".join((*parts, text[position:])) if parts else text
