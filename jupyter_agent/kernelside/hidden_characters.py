"""Characters that a reader does not see, or that command a terminal, spelled out."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

#: Control, format, surrogate and private characters: they show nothing, or change how others are shown.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
#: Letters, marks and symbols that are drawn as nothing: the empty Braille cell, Tifinagh and Brahmi joiners, blank hieroglyphs, the Khitan
#: filler, the musical null.
BLANK = "\u2800\u2d7f\U0001107f\U00016fe4\U00013441-\U00013442\U0001d159"
#: These, and Unicode's Default_Ignorable_Code_Point, which Python does not know.
_IS_BLANK = re.compile(
    f"[{BLANK}\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
#: What a terminal obeys, what turns the order of letters round, and what no encoding takes.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def spelled_out(text: str) -> str:
    """The text with each character spelled out, as ``<U+202E>``, that shows nothing or changes how others are shown.

    These are controls but for line breaks and tabs, bidi and other format characters, variation selectors, spaces other than the
    space, line separators, and letters that are blank. For whoever reads a text before saying yes to it.
    """
    return "".join(
        character
        if character in "\n\t"
        or (character.isascii() and character.isprintable())
        or (unicodedata.category(character) not in _INVISIBLE and _IS_BLANK.match(character) is None)
        else f"<U+{ord(character):04X}>"
        for character in text
    )


def for_terminal(text: str) -> str:
    """The text with each character spelled out that a terminal obeys; emoji and all scripts stay as they are."""
    text = text.replace("\r\n", "\n").removesuffix("\r")  # of a line that may go on with its end
    return _COMMANDS.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def json_for_terminal(value: Any) -> str:
    """JSON text of a value for readers, in which characters that a terminal obeys are escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
