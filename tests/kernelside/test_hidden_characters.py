"""Characters that show nothing are spelled out before somebody says yes to a text; the page's table is the kernel's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jupyter_agent.kernelside import hidden_characters
from jupyter_agent.kernelside.hidden_characters import spelled_out

SANITIZE = Path(__file__).parents[2] / "labextension/src/components/sanitize.ts"


@pytest.mark.parametrize(
    "code",
    [
        "00AD",
        "034F",
        "115F",
        "1160",
        "17B4",
        "17B5",
        "180B",
        "180E",
        "180F",
        "2065",
        "2800",
        "2D7F",
        "3164",
        "FE0F",
        "FFA0",
        "FFF0",
        "1107F",
        "13441",
        "13442",
        "16FE4",
        "1BCA0",
        "1D159",
        "1D173",
        "1D17A",
        "E0001",
        "E0100",
        "E0FFF",
    ],
)
def test_N8_what_unicode_calls_ignorable_and_what_is_drawn_as_nothing_is_spelled_out(code: str) -> None:
    assert spelled_out(f"a{chr(int(code, 16))}b") == f"a<U+{code}>b"


def test_N8_what_is_seen_stays() -> None:
    text = "naïve 한글 ខ្មែរ မြန်မာ עברית اردو ⠓⠊ 𓀀 ❤ x = 1\n\t# ok"
    assert spelled_out(text) == text


def test_N8_the_page_spells_out_the_same_blanks() -> None:
    source = SANITIZE.read_text(encoding="utf-8")
    written = re.search(r"const HIDDEN =\s*/(.*)/gu;", source)
    assert written is not None
    assert r"\p{Default_Ignorable_Code_Point}" in written[1]
    blanks = hidden_characters.BLANK
    assert blanks in re.sub(r"\\u\{?([0-9a-f]+)\}?", lambda found: chr(int(found[1], 16)), written[1])
