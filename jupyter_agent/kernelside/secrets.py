"""Which names and values look secret; their values never leave the kernel."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
#: Names whose last word is one of these hold a secret: ``db_password``, ``githubToken``.
_SECRET_ENDS = frozenset(
    [
        "password",
        "passwords",
        "passwd",
        "pwd",
        "passphrase",
        "secret",
        "secrets",
        "token",
        "apikey",
        "apikeys",
        "credential",
        "credentials",
        "creds",
        "dsn",
        "jwt",
        "bearer",
        "cookie",
        "cookies",
        "ssn",
        "pem",
        "authorization",
        "authtoken",
        "accesstoken",
        "privatekey",
        "secretkey",
    ]
)
#: Names with one of these words anywhere hold a secret, unless they end on a measure of it.
_SECRET_WORDS = frozenset(["password", "passwd", "passphrase", "secret"])
_MEASURES = frozenset(["count", "counts", "length", "len", "size", "policy", "ok", "valid"])
#: Pairs of words that make a secret wherever they stand: ``API_KEY_2``.
_SECRET_PAIRS = frozenset(
    [
        ("api", "key"),
        ("api", "keys"),
        ("access", "key"),
        ("private", "key"),
        ("secret", "key"),
        ("signing", "key"),
        ("encryption", "key"),
        ("fernet", "key"),
        ("client", "secret"),
        ("access", "token"),
        ("auth", "token"),
        ("api", "token"),
        ("refresh", "token"),
        ("connection", "string"),
        ("database", "url"),
    ]
)
_SECRET_VALUE = re.compile(
    r"sk-[A-Za-z0-9_-]{16,}|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|A[KS]IA[0-9A-Z]{16}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{20,}|glpat-[A-Za-z0-9_-]{16,}"
    r"|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|[rs]k_live_[A-Za-z0-9]{16,}|AGE-SECRET-KEY-[A-Z0-9]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY[\s\S]*"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?i:password|passwd|pwd|secret|api_?key|access_?token)[\"']?\s*[=:]\s*[\"']?[^\s\"',;&]{4,}"
    r"|\b[A-Z0-9_]*(?:TOKEN|PASSWORD|SECRET|API_?KEY|PRIVATE_KEY)[A-Z0-9_]*=[^\s\"']{4,}"
    r"|[Bb]earer [A-Za-z0-9._~+/-]{16,}"
)
WITHHELD = "[withheld]"


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
    if words[-1] in _SECRET_ENDS or "".join(words[-2:]) in _SECRET_ENDS:
        return True
    if words[-1] not in _MEASURES and not _SECRET_WORDS.isdisjoint(words):
        return True
    return any((words[at], words[at + 1]) in _SECRET_PAIRS for at in range(len(words) - 1))


def without_secrets(text: str) -> str:
    """The text with keys, tokens and passwords of known shapes replaced."""
    return _SECRET_VALUE.sub(WITHHELD, text) if len(text) > 7 else text


def is_environment(keys: list[str]) -> bool:
    """Whether these keys of a mapping are those of a process's environment."""
    return "PATH" in keys and ("HOME" in keys or "USERPROFILE" in keys)
