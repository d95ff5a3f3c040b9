"""Long texts within a limit: JSON stays JSON, other text keeps its head and its tail."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from typing import Any

#: Longest text, longest list inside of a list, longest other list: tried in order until the whole fits.
_LEVELS = (
    (4000, 400, 1_000_000),
    (1500, 100, 1_000_000),
    (600, 50, 1_000_000),
    (300, 20, 1_000_000),
    (150, 10, 1_000_000),
    (80, 5, 1_000_000),
    (60, 3, 1_000_000),
    (50, 1, 1_000_000),
    (40, 0, 1_000_000),
    (40, 0, 150),
    (40, 0, 50),
    (40, 0, 20),
    (40, 0, 5),
    (20, 0, 1),
    (20, 0, 0),
)
#: Of JSON that is read at all.
_READ = 16 * 1024 * 1024
#: What secrets are made of: a cut through a run of these could leave half of one, which no longer looks like one.
_UNBROKEN = f"{string.ascii_letters}{string.digits}_-.+/=:@%~!$&*?#^"
#: Characters that are left out at a cut, at most: longer words are no secrets.
_LONGEST = 2048


def shortened(text: str, limit: int) -> str:
    """The text, or as much of it as fits.

    Args:
        text: JSON or plain.
        limit: Characters.
    """
    if len(text) <= limit:
        return text
    return _shorter_json(text, limit) or ends(text, limit)


def head(text: str, limit: int) -> str:
    """The beginning of a text, at most `limit` characters; what is cut is cut between words."""
    if len(text) <= limit or text[limit] not in _UNBROKEN:
        return text[:limit]
    return whole_words(text[:limit])


def whole_words(beginning: str) -> str:
    """The beginning of a text without its last word, which may go on where the text was cut."""
    return beginning[: max(len(beginning.rstrip(_UNBROKEN)), len(beginning) - _LONGEST)]


def tail(text: str, limit: int) -> str:
    """The end of a text, at most `limit` characters; what is cut is cut between words."""
    if len(text) <= limit or text[-limit - 1] not in _UNBROKEN:
        return text[-limit:]
    return from_whole_word(text[-limit:])


def from_whole_word(end: str) -> str:
    """The end of a text without its first word, which may have begun before the cut."""
    return end[min(len(end) - len(end.lstrip(_UNBROKEN)), _LONGEST) :]


def ends(text: str, limit: int) -> str:
    """Head and tail of a long text, cut between words, with a note of what is missing."""
    if len(text) <= limit:
        return text
    half = max(1, (limit - 50) // 2)
    first, last = head(text, half), tail(text, half)
    return f"{first}\n… {len(text) - len(first) - len(last)} characters left out …\n{last}"


def _shorter_json(text: str, limit: int) -> str:
    """Valid JSON of the same shape; empty where there is none that fits."""
    if text[:1] not in ("{", "[") or len(text) > _READ:
        return ""
    try:
        value = json.loads(text)
        for level in _LEVELS:
            shorter = json.dumps(_cut(value, level, inside=False), ensure_ascii=False)
            if len(shorter) <= limit:
                return shorter
    except (ValueError, RecursionError):
        pass
    return ""


def _cut(value: Any, level: tuple[int, int, int], *, inside: bool) -> Any:
    longest, inner, outer = level
    if isinstance(value, str):
        return ends(value, longest) if len(value) > longest + 50 else value
    if isinstance(value, list):
        return [_cut(one, level, inside=True) for one in value[: inner if inside else outer]]
    if isinstance(value, Mapping):
        return _cut_mapping(value, level, inside=inside)
    return value


def _cut_mapping(value: Mapping[str, Any], level: tuple[int, int, int], *, inside: bool) -> dict[str, Any]:
    _, inner, outer = level
    cut: dict[str, Any] = {}
    room = max(20, inner if inside else outer)
    for name, one in list(value.items())[:room]:
        cut[name] = _cut(one, level, inside=inside)
        if isinstance(one, list) and len(one) > len(cut[name]):
            cut[f"{name}_left_out"] = len(one) - len(cut[name])
    if len(value) > room:
        cut["left_out"] = len(value) - room
    return cut
