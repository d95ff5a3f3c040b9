"""Secrets out of everything that leaves the machine: known values first, then whatever looks like one."""

from __future__ import annotations

import base64
import json
import re
import string
from collections import Counter
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

from jupyter_agent.kernelside.secret_patterns import (
    LONGEST,
    NAME,
    PROGRAM_HINTS,
    PROGRAMS,
    QUOTE,
    SECRET_NAME,
    SECRET_WORDS,
    SERVICES,
)
from jupyter_agent.kernelside.secrets import (
    WITHHELD_KIND,
    Span,
    find_secrets,
    has_long_word,
    is_secret_value,
    merged,
    word_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jupyter_agent.core.messages import Json, Message

_MARKED = re.compile(rf"{re.escape(WITHHELD_KIND)}[^\]\n]{{1,128}}\]")
#: Stands for what has been withheld already while secrets are searched for: a character that no text has.
_REMOVED = "\uf8ff"
_SHORTEST = 8
_IN_ADDRESS = re.compile(r"://[^\s/@:]*:([^\s/]+)@")
_CODED = word_table(string.ascii_letters + string.digits + "-_+/")
#: Characters at the end of a stream in which an unfinished secret is searched for.
_WINDOW = 1024
#: The end of a text in which a value has begun, or may begin, that is not over yet.
_UNFINISHED = re.compile(
    rf"(?:(?:{NAME}s?(?:[_-][A-Za-z0-9_-]{{0,32}})?|authorization|bearer|basic|identified(?:\s{{1,3}}(?:by|with(?:\s{{1,3}}\S{{1,40}}(?:\s{{1,3}}(?:as|by))?)?))?|--[a-z-]{{4,8}}"
    r"|\blogin(?:\s{1,3}\S{1,64}(?:\s{1,3}password)?)?)"
    rf"(?:{QUOTE})?\]?\s{{0,3}}(?:(?::\s{{0,3}}str\s{{0,3}})?(?:=>|==?|[:=,])\s{{0,3}})?[rbfu]{{0,2}}"
    rf"(?:{QUOTE}(?:[^\"\n]{{0,512}}|[^'\n]{{0,512}})|[A-Za-z0-9-]{{0,64}}\s{{0,3}})?"
    r"|\b(?:set-)?cookie[\\\"']{0,3}\s{0,3}(?:[:=][^\n]{0,1024})?"
    rf"|(?<![\w-])(?:{'|'.join(PROGRAMS)})[\"']?(?:,?\s{{1,3}}[^\s-]\S{{0,200}}){{0,3}}(?:,?\s{{1,3}}[\"']?-\S{{0,200}}(?:\s{{1,3}}\S{{1,200}}){{0,17}})?\s{{0,3}}"
    r"|\bauth\s?(?:=\s?[a-z_.]{0,40}(?:\([^\n)]{0,256})?)?|\blogin\([^\n)]{0,256}|\bnet\s{1,3}(?:use\s{0,3}[^\n]{0,256})?|\bhtpasswd\s[^\n]{0,256}|\bsqlplus\s[^\n]{0,256}"
    r"|\b(?:echo|printf)\s{0,3}(?:(?:-n\s{0,3})?\S{1,256}\s{0,3}(?:\|\s{0,3}(?:[a-z]{0,5}|sudo\s-?))?)?"
    r"|(?<![a-z_])(?:host|hostaddr|port|dbname|user|sslmode|(?:ssl)?password)=[^\s,()\"']{1,200}\s{1,3}"
    r"(?:[a-z_]{2,30}=[^\s,()\"']{1,200}\s{1,3}){0,9})\Z",
    re.IGNORECASE,
)
#: Names of which what is given to them is a secret, whatever else they say.
_TELLING_WORD = lru_cache(4096)(re.compile(rf"(?:_auth|SSWS)\Z|{SERVICES.replace(' ', '|')}", re.IGNORECASE).search)
#: One of these is in every such end, in lower case.
_UNFINISHED_HINTS = (
    *SECRET_WORDS,
    *PROGRAM_HINTS,
    "basic",
    "login",
    "auth",
    "net ",
    "sqlplus",
    "echo",
    "printf",
    "--",
    "host",
    "port=",
    "dbname=",
    "user=",
    "sslmode=",
)
#: Names of environment variables that hold secrets, and those that only sound like it.
_SECRET_VARIABLE = re.compile(
    r"(?:KEY|TOKEN|SECRET|PASS|PASSWORD|PASSWD|PASSPHRASE|PWD|DSN|AUTH|CREDENTIAL)S?(?:_|\d|$)"
    r"|(?:CONNECTION_STRING|DATABASE_URL|REDIS_URL|WEBHOOK_URL|_COOKIE)$",
    re.IGNORECASE,
)
_NO_SECRET_VARIABLE = re.compile(
    r"LIMIT|MAX|MIN_|COUNT|SIZE|TIMEOUT|EXPIR|TTL|SECONDS|DAYS|LIFETIME|GPG_KEY|KEYBOARD|KEYMAP"
    r"|(?:_ID|_FILE|_PATH|_DIR|_TYPE|_NAME|_ALGORITHM|_SOCK|_METHOD|_MODE)$|^(?:OLD)?PWD$",
    re.IGNORECASE,
)
#: Passwords that are words of other texts as well: withholding them would tear those apart.
_COMMON = re.compile(
    r"passw[o0]rd|changeme|postgres(?:ql)?|jupyter(?:lab)?|notebook|anaconda|database|disabled|enabled|required|optional"
    r"|undefined|username|anonymous|development|production|localhost|keyring",
    re.IGNORECASE,
)


@cache
def _unfinished_hint() -> re.Pattern[str]:
    """Finds one of the hints: by its first letter, which for the few words of a piece of an answer is far faster than to look for each."""
    by_letter: dict[str, list[str]] = {}
    for hint in _UNFINISHED_HINTS:
        by_letter.setdefault(hint[0], []).append(re.escape(hint[1:]))
    return re.compile("|".join(f"{re.escape(letter)}(?:{'|'.join(rests)})" for letter, rests in by_letter.items()))


class Redactor:
    """Withholds secrets from texts; deterministic and idempotent.

    Args:
        secrets: Values that must never leave, whatever they look like; also in Base64, hexadecimal, URL and JSON form.
        environ: Environment variables; the values of those whose names tell a secret are such values.
        enabled: Whether anything is withheld.

    Attributes:
        counts: How many were withheld, by kind.
        enabled: As given; may be changed.
    """

    def __init__(
        self, secrets: Iterable[str] = (), *, environ: Mapping[str, str] | None = None, enabled: bool = True
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.enabled = enabled
        self._plain: dict[str, str] = {}
        self._encoded: dict[str, str] = {}
        self._spaced: set[str] = set()  # what white space is in
        for secret in secrets:
            self.add_secret(secret)
        for name, value in (environ or {}).items():
            if inner := _IN_ADDRESS.search(value):
                self.add_secret(inner[1], name)
                self.add_secret(unquote(inner[1]), name)
            is_secret = _SECRET_VARIABLE.search(name) and not _NO_SECRET_VARIABLE.search(name)
            is_path = re.match(r"[~.]?/[\w.-]+/|[A-Za-z]:\\", value.strip())
            if (
                is_secret and not is_path and not _COMMON.fullmatch(value.strip())
            ):  # other texts have such words and paths
                self.add_secret(value, name)

    def add_secret(self, secret: str, kind: str = "secret") -> None:
        """One more value that must never leave, if it is long enough to be distinguished from other text."""
        secret = secret.strip()
        if len(secret) < _SHORTEST:
            return
        for form in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
            self._plain[form] = kind
            if re.search(r"\s", form):
                self._spaced.add(form)
        raw = secret.encode("utf-8", "replace")
        self._encoded[raw.hex()] = kind
        for offset, lead in enumerate((0, 2, 3)):
            # Within a longer Base64 text a secret has one of three forms, by where it begins; its last digit is shared.
            digits = base64.b64encode(b"\0" * offset + raw).rstrip(b"=").decode()[lead:]
            digits = digits if (offset + len(raw)) % 3 == 0 else digits[:-1]
            self._encoded |= dict.fromkeys((digits, digits.replace("+", "-").replace("/", "_")), kind)

    def text(self, text: str, *, always: bool = False) -> str:
        """The text with ``[withheld: <what>]`` in the place of each secret."""
        parts: list[str] = []
        position = 0
        for span in self._spans(text) if self.enabled or always else ():
            parts += [text[position : span.start], WITHHELD_KIND, span.kind, "]"]
            position = span.end
            self.counts[span.kind] += 1
        return "".join((*parts, text[position:])) if parts else text

    def json(self, value: Json) -> Json:
        """The same data with its texts redacted; a text under a secret's name is withheld as a whole."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self.mapping(value)
        if isinstance(value, (list, tuple)):
            return [self.json(item) for item in value]
        return value

    def mapping(self, value: Mapping[str, Json]) -> dict[str, Json]:
        """`json` of an object."""
        redacted: dict[str, Json] = {}
        for key, item in value.items():
            if self.enabled and isinstance(item, str) and SECRET_NAME.search(key) and is_secret_value(key, item):
                self.counts[key] += 1
                redacted[self.text(key)] = f"{WITHHELD_KIND}{key}]"
            else:
                redacted[self.text(key)] = self.json(item)
        return redacted

    def message(self, message: Message) -> Message:
        """The same message without secrets in its content and in the arguments of its calls."""
        calls = tuple(replace(call, arguments=self._arguments(call.arguments)) for call in message.tool_calls)
        return replace(message, content=self.text(message.content), note=self.text(message.note), tool_calls=calls)

    def _arguments(self, arguments: str) -> str:
        """Arguments that were JSON still are."""
        if self.text(arguments) == arguments:
            return arguments
        try:
            return json.dumps(self.json(json.loads(arguments)))
        except (ValueError, RecursionError):
            return self.text(arguments)

    def stream(self) -> RedactingStream:
        """A redactor of text that comes in pieces."""
        return RedactingStream(self)

    def _spans(self, text: str) -> list[Span]:
        """All secrets, in order, none within another."""
        if WITHHELD_KIND in text:
            text = _MARKED.sub(lambda mark: _REMOVED * len(mark[0]), text)
        spans = find_secrets(text)
        known = self._plain | self._encoded if has_long_word(text, _CODED, 10) else self._plain
        for form, kind in known.items():
            start = text.find(form)
            while start >= 0:
                spans.append(Span(start, start + len(form), kind, start))
                start = text.find(form, start + len(form))
        return merged(span for span in spans if not text.startswith(_REMOVED, span.start)) if spans else spans

    def safe_length(self, text: str) -> int:
        """How much of a text's beginning nothing that may follow can make part of a secret."""
        if not self.enabled:
            return len(text)
        end = _last_word(text, len(text))
        window = max(0, end - _WINDOW)
        lower = text[window:end].lower()
        if _unfinished_hint().search(lower) is not None and (unfinished := _UNFINISHED.search(text, window, end)):
            end = _last_word(text, unfinished.start())
        start = _last_word(text, max(0, end - 1))  # the next word may be given to this one, or to the one before
        word = text[start:end].rstrip(" \t\n\"'\\]")
        if word.endswith(("=", ":", "=>")):
            end = start if len(word) > 2 else _last_word(text, max(0, start - 1))
        elif len(word) < 80 and _TELLING_WORD(word):
            end = start
        begun = text.rfind("-----BEGIN")
        if begun >= 0 and text.count("-----", begun) < 4:
            end = min(end, begun)
        begun = text.rfind("Private-Lines:")
        if begun >= 0 and text.find("Private-MAC", begun) < 0:
            end = min(end, begun)
        for form in self._spaced:
            torn = next((n for n in range(min(len(form) - 1, len(text)), 0, -1) if text.endswith(form[:n])), 0)
            end = min(end, len(text) - torn)
        return next((span.context for span in self._spans(text) if span.context < end < span.end), end)


class RedactingStream:
    """Redacts text that comes in pieces: holds back what may still become a secret, mostly the last word."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""
        self._next = 0

    def feed(self, piece: str) -> str:
        """Take in a piece and return what is sure so far."""
        self._held += piece
        if len(self._held) < self._next:
            return ""
        end = self._redactor.safe_length(self._held)
        if not end and len(self._held) > 2 * LONGEST:
            end = len(self._held)
        released, self._held = self._held[:end], self._held[end:]
        # A long word is looked at again when it has grown by a quarter, not at every letter.
        self._next = len(self._held) * 5 // 4 if len(self._held) > 256 else 0
        return self._redactor.text(released)

    def flush(self) -> str:
        """What was held back; the stream is over."""
        held, self._held = self._held, ""
        return self._redactor.text(held) if held else ""


def _last_word(text: str, end: int) -> int:
    """Where the word at the end of a text begins."""
    return max(text.rfind(" ", 0, end), text.rfind("\n", 0, end), text.rfind("\t", 0, end)) + 1
