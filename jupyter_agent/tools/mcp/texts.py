"""Foreign text as readable text: nothing that is invisible, nothing without end."""

from __future__ import annotations

import unicodedata

#: Control, format, surrogate and private characters: they show nothing, or change how others are shown.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
#: Emoji and some scripts are written with these.
_JOINERS = "\u200c\u200d"


def plain(text: str, limit: int) -> str:
    """The text's beginning without what nobody sees; what is cut ends with an ellipsis."""
    seen = "".join(one for one in text[: 2 * limit] if one in "\n\t" or one in _JOINERS or _is_seen(one))
    return seen if len(seen) <= limit and len(text) <= 2 * limit else f"{seen[: limit - 1]}…"


def _is_seen(character: str) -> bool:
    return (character.isascii() and character.isprintable()) or unicodedata.category(character) not in _UNSEEN
