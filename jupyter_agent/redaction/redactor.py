"""Secrets out of everything that leaves the machine: known values first, then whatever looks like one."""

from __future__ import annotations

import base64
import json
import re
import string
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import quote, quote_plus, unquote

from jupyter_agent.redaction.secret_patterns import (
    AFTER_TELLING_WORDS,
    ANYWHERE,
    ASSIGNED,
    BEFORE_PLAIN,
    COMMON,
    ENVIRONMENT,
    IN_LONG_WORDS,
    LONG_WORD,
    LONGEST,
    NAME_WORDS,
    NOT_ENVIRONMENT,
    TELLING_NAME,
    TELLING_WORDS,
    UNFINISHED,
    UNFINISHED_WORDS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jupyter_agent.core.messages import Json, Message
    from jupyter_agent.redaction.secret_patterns import Pattern

_MARK = "[withheld: "
_MARKED = re.compile(r"\[withheld: [^\]\n]{1,128}\]")
#: Stands for what has been withheld already while secrets are looked for: a character that no text has.
_GONE = "\uf8ff"
_SHORTEST = 8
_PASSWORD = re.compile(r"pass|pwd", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"://[^\s/@:]*:([^\s/]+)@")
_PLACEHOLDER = re.compile(
    r"\s*[),\]}]|\$\{?\w+\}?$|\{[^{}]*\}+$|<[^>]*>$|%\(|(.)\1*$|your[_ -]|\*{3}|\.{3}|x{4}"
    r"|(?:example|placeholder|redacted|changeme|password|secret|string|none|null|true|false)$",
    re.IGNORECASE,
)


_ANNOTATION = re.compile(r":\s{0,3}str\s?\Z")


def _word_characters(characters: str) -> bytes:
    """A table that turns the characters of words into ``w`` and all others into spaces."""
    return bytes(ord("w") if chr(byte) in characters else ord(" ") for byte in range(256))


_LETTERS = _word_characters(string.ascii_letters + string.digits + "-_")
_CODED = _word_characters(string.ascii_letters + string.digits + "-_+/")


class _Span(NamedTuple):
    start: int
    end: int
    kind: str


class Redactor:
    """Withholds secrets from texts; the same text always comes out the same, and twice is once.

    Args:
        secrets: Values that must never leave, whatever they look like; also in Base64, hexadecimal, URL and JSON form.
        environ: Environment variables; the values of those whose names tell a secret are such values.

    Attributes:
        counts: How many were withheld, by kind.
    """

    def __init__(self, secrets: Iterable[str] = (), *, environ: Mapping[str, str] | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._on = True
        known = {secret: "secret" for secret in secrets if len(secret.strip()) >= _SHORTEST}
        known |= dict(_from_environment(environ or {}))
        self._plain = {form: kind for secret, kind in known.items() for form in _plain(secret.strip())}
        self._encoded = {form: kind for secret, kind in known.items() for form in _encoded(secret.strip())}
        self._torn = [form for form in self._plain if re.search(r"\s", form)]

    @classmethod
    def off(cls) -> Self:
        """One that lets everything through."""
        redactor = cls()
        redactor._on = False
        return redactor

    def switched(self, *, on: bool) -> Self:
        """This one, letting everything through or not."""
        self._on = on
        return self

    def learn(self, secret: str) -> None:
        """One more value that must never leave."""
        if len(secret.strip()) >= _SHORTEST:
            self._plain |= dict.fromkeys(_plain(secret.strip()), "secret")
            self._encoded |= dict.fromkeys(_encoded(secret.strip()), "secret")

    def text(self, text: str) -> str:
        """The text with ``[withheld: <what>]`` in the place of each secret."""
        parts: list[str] = []
        position = 0
        for span in self._found(text) if self._on else ():
            parts += [text[position : span.start], _MARK, span.kind, "]"]
            position = span.end
            self.counts[span.kind] += 1
        return "".join((*parts, text[position:])) if parts else text

    def json(self, value: Json) -> Json:
        """The same data with its texts redacted; a text under a telling key is withheld as a whole."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self.mapping(value)
        if isinstance(value, (list, tuple)):
            return [self.json(item) for item in value]
        return value

    def mapping(self, value: Mapping[str, Json]) -> dict[str, Json]:
        """`json` of an object."""
        return {self.text(key): self._entry(key, item) for key, item in value.items()}

    def message(self, message: Message) -> Message:
        """The same message without secrets in its content and in the arguments of its calls."""
        calls = tuple(replace(call, arguments=self._arguments(call.arguments)) for call in message.tool_calls)
        return replace(message, content=self.text(message.content), tool_calls=calls)

    def stream(self) -> RedactingStream:
        """A redactor of text that comes in pieces."""
        return RedactingStream(self)

    def _arguments(self, arguments: str) -> str:
        """Arguments that were JSON still are."""
        if self.text(arguments) == arguments:
            return arguments
        try:
            return json.dumps(self.json(json.loads(arguments)))
        except (ValueError, RecursionError):
            return self.text(arguments)

    def _entry(self, key: str, value: Json) -> Json:
        is_marked = isinstance(value, str) and value.startswith(_MARK)
        if (
            self._on
            and isinstance(value, str)
            and not is_marked
            and TELLING_NAME.search(key)
            and _is_secret(key, value)
        ):
            self.counts[key] += 1
            return f"{_MARK}{key}]"
        return self.json(value)

    def _found(self, text: str) -> list[_Span]:
        """All secrets, in order, none within another."""
        if _MARK in text:
            text = _MARKED.sub(lambda mark: _GONE * len(mark[0]), text)
        spans = sorted((*self._known(text), *_looking_like(text)), key=lambda item: (item.start, -item.end))
        apart: list[_Span] = []
        for span in spans:
            if text.startswith(_GONE, span.start):
                continue
            if not apart or span.start >= apart[-1].end:
                apart.append(span)
            elif span.end > apart[-1].end:
                apart[-1] = apart[-1]._replace(end=span.end)
        return apart

    def _known(self, text: str) -> Iterator[_Span]:
        for form, kind in (self._plain | self._encoded if _has_long_word(text, _CODED, 10) else self._plain).items():
            start = text.find(form)
            while start >= 0:
                yield _Span(start, start + len(form), kind)
                start = text.find(form, start + len(form))

    def settled(self, text: str) -> int:
        """How much of a text's beginning nothing that may follow can make part of a secret."""
        if not self._on:
            return len(text)
        end = _word(text, len(text))
        tail = max(0, end - 512)
        redactable = text[tail:end].lower()
        if any(word in redactable for word in UNFINISHED_WORDS) and (unfinished := UNFINISHED.search(text, tail, end)):
            end = _word(text, unfinished.start())
        opened = text.rfind("-----BEGIN")
        if opened >= 0 and text.count("-----", opened) < 4:
            end = min(end, opened)
        for form in self._torn:
            begun = next((n for n in range(min(len(form) - 1, len(text)), 0, -1) if text.endswith(form[:n])), 0)
            end = min(end, len(text) - begun)
        return next((span.start for span in self._found(text) if span.start < end < span.end), end)


class RedactingStream:
    """Redacts text that comes in pieces: holds back what may still become a secret, mostly the last word."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""
        self._next = 0

    def feed(self, piece: str) -> str:
        """Take in a piece and return what can be told so far."""
        self._held += piece
        if len(self._held) < self._next:
            return ""
        end = self._redactor.settled(self._held)
        if not end and len(self._held) > 2 * LONGEST:
            end = len(self._held)
        redactable, self._held = self._held[:end], self._held[end:]
        # A long word is looked at again when it has grown by a quarter, not at every letter.
        self._next = len(self._held) * 5 // 4 if len(self._held) > 256 else 0
        return self._redactor.text(redactable)

    def flush(self) -> str:
        """What was held back; the stream is over."""
        redactable, self._held = self._held, ""
        return self._redactor.text(redactable)


def _word(text: str, end: int) -> int:
    """Where the word at the end of a text begins."""
    return max(text.rfind(" ", 0, end), text.rfind("\n", 0, end), text.rfind("\t", 0, end)) + 1


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Values of variables that hold secrets, with the variables' names."""
    for name, value in environ.items():
        inner = _IN_ADDRESS.search(value)
        if inner and len(inner[1]) >= _SHORTEST:
            yield inner[1], name
            yield unquote(inner[1]), name
        if ENVIRONMENT.search(name) and not NOT_ENVIRONMENT.search(name) and _is_rare(value):
            yield value, name


def _is_rare(value: str) -> bool:
    """Whether a value is nothing that other texts have as well: no word, no path."""
    value = value.strip()
    is_path = re.match(r"[~.]?/[\w.-]+/|[A-Za-z]:\\", value)
    return len(value) >= _SHORTEST and not is_path and value.lower() not in COMMON


def _plain(secret: str) -> Iterable[str]:
    """A secret as it is, and as JSON and addresses show it."""
    return dict.fromkeys((secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]))


def _encoded(secret: str) -> Iterator[str]:
    """A secret in hexadecimal and in Base64."""
    raw = secret.encode("utf-8", "replace")
    yield raw.hex()
    for offset, lead in enumerate((0, 2, 3)):
        # Within a longer Base64 text a secret has one of three forms, by where it begins; its last figure is shared.
        figures = base64.b64encode(b"\0" * offset + raw).rstrip(b"=").decode()[lead:]
        whole = figures if (offset + len(raw)) % 3 == 0 else figures[:-1]
        yield from dict.fromkeys((whole, whole.replace("+", "-").replace("/", "_")))


def _looking_like(text: str) -> Iterator[_Span]:
    """What looks like a secret; what most texts do not have is ruled out first, in passes that cost next to nothing."""
    yield from _matching(ANYWHERE, text)
    if _has_long_word(text, _LETTERS, LONG_WORD):
        yield from _matching(IN_LONG_WORDS, text)
    lower = text.lower()
    if any(word in lower for word in TELLING_WORDS):
        yield from _matching(AFTER_TELLING_WORDS, text)
        yield from _assigned(text)


def _matching(patterns: Iterable[Pattern], text: str) -> Iterator[_Span]:
    for kind, needles, regex in patterns:
        if any(needle in text for needle in needles):
            for match in regex.finditer(text):
                yield _Span(*match.span(regex.groups), kind)


def _has_long_word(text: str, table: bytes, length: int) -> bool:
    return b"w" * length in text.encode("ascii", "replace").translate(table)


def _assigned(text: str) -> Iterator[_Span]:
    """Values given to names that tell a secret."""
    for match in ASSIGNED.finditer(text):
        start = max(0, match.start() - 96)
        before = text[start : match.start()]
        lower = before.lower()
        if any(word in lower for word in NAME_WORDS):
            name, position = _name(before)
            group = match.lastindex or 0
            is_plain = group == 4
            line = before.rfind("\n", 0, position) + 1
            if (
                name
                and _is_secret(name, match[group])
                and (not is_plain or BEFORE_PLAIN.fullmatch(before, line, position))
            ):
                yield _Span(*match.span(group), name)


def _name(before: str) -> tuple[str, int]:
    """The telling name at the end of what stands before an assignment, and where it begins; empty if there is none."""
    annotated = _ANNOTATION.search(before, max(0, len(before) - 7))
    bare = before[: annotated.start()] if annotated else before
    bare = bare.rstrip().removesuffix("]").rstrip("\"'\\")
    word = re.match(r"[A-Za-z0-9_-]*", bare[::-1])
    name = word[0][::-1] if word else ""
    if bare.endswith(f"\\{name}") and name[:1] in tuple("nrt"):
        name = name[1:]  # the letter belongs to an escape sequence
    return (name, len(bare) - len(name)) if TELLING_NAME.search(name) else ("", 0)


def _is_secret(name: str, value: str) -> bool:
    """Whether a value under a telling name is likely to be one: any password, and keys and tokens that look random."""
    if len(value) < 4 or _PLACEHOLDER.match(value):
        return False
    if _PASSWORD.search(name):
        return True
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return mixed and len(value) >= _SHORTEST and not any(map(str.isspace, value))
