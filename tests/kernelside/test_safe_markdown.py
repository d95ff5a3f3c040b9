"""Markdown of a model as the output of a cell, which Jupyter trusts: it has one reading only, in which nothing runs or loads."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.filters.markdown import markdown2html

from jupyter_agent.kernelside.magic.safe_markdown import safe_markdown
from tests.support.hostile_inputs import ADDRESSES, HANDLERS, MARKDOWN, NAMES, PICTURES, RAW

HOSTILE = [*RAW, *MARKDOWN, *HANDLERS, *ADDRESSES, *PICTURES, *NAMES]
FRAGMENTS = [
    *HOSTILE,
    *["$", "$$", "`", "``", "```", "````", "~~~", "~~~~", "\\", "{", "}", "\\(", "\\)", "\\[", "\\]", "<!--", "-->", "<![CDATA[", "]]>", "@@0@@", "](", ")", "[", "]", "!", "#", ">", "-", "_", "*", "|", "&", ";", ":", "www.", "https://x.y/", "a@b.co"],
    "\n", "\n\n", "\n    ", "\n> ", "\n- ", "\r", "\t", '" autofocus onfocus=alert(1) x="', '[a]: http://e/x "', "text", " ",
]  # fmt: skip
_FENCED = re.compile(r"^(`{3,})[\w+#.-]+\n(?:.*?\n)??\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\[\]]*\]\(<(?:https?://|mailto:)[A-Za-z0-9\-._~:/?#!*+,;=%&@]*>\)", re.IGNORECASE)


def _ambiguous(markdown: str) -> list[str]:
    """What is left in a rewritten text that Markdown, HTML or the search for formulas could read as anything but text."""
    rest = _FENCED.sub("", markdown)
    assert "!" not in {rest[match.start() - 1 : match.start()] for match in _LINK.finditer(rest)}
    rest = re.sub(r"</?code>", "", _LINK.sub("", rest))
    return re.findall(
        r"<|`|~~~|!\[|\]\(|\]:|@|://|www\.|(?i:javascript|data|mailto|file|vbscript):|\\(?:href|style|url|require)\b",
        rest,
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_N1_what_is_hostile_becomes_text(text: str) -> None:
    assert _ambiguous(safe_markdown(text)) == []


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join))
def test_N1_what_is_hostile_becomes_text_in_any_combination(text: str) -> None:
    assert _ambiguous(safe_markdown(text)) == []


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("# Title\n\n- **a** and *b*\n- [x] done", "# Title\n\n- **a** and *b*\n- [x] done"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("Use `df.head()`.", "Use <code>df&#46;head&#40;&#41;</code>."),
        (
            "1. Do\n   ```python\n   if a < b:\n       c()\n   ```\n2. Then",
            "1. Do\n\n```python\nif a < b:\n    c()\n```\n\n2. Then",
        ),
        ("[docs](https://pandas.pydata.org/docs/ 'x')", "[docs](<https://pandas.pydata.org/docs/>)"),
        ("![chart](https://x.invalid/a.png)", "[chart](<https://x.invalid/a.png>)"),
        ("a < b and c > d", "a &lt; b and c > d"),
        ("$a < b$", "$a \\lt  b$"),
        ("```\nopen", "```text\nopen\n```"),
        ("````md\n```\nx\n```\n````", "````md\n```\nx\n```\n````"),
    ],
)
def test_plain_markdown_stays_what_it_is(markdown: str, shown: str) -> None:
    assert safe_markdown(markdown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "`" * 40_000,
        "` " * 20_000,
        "[" * 40_000,
        "[a](" * 10_000,
        "[a](b" * 10_000,
        "$a" * 20_000,
        "https://" * 6_000,
        "~~~\n```\n" * 4_000,
    ],
)
def test_V12_a_long_hostile_text_takes_no_long_time(text: str) -> None:
    began = time.process_time()
    safe_markdown(text)
    assert time.process_time() - began < 5


class _LivePayloads(HTMLParser):
    """Elements and attributes of exported HTML that could run, load or lead elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not _HARMLESS_TAG.fullmatch(tag):
            self.found.append((tag, "", None))
        for name, value in attrs:
            is_elsewhere = name.endswith("href") and not re.match(r"https?:|mailto:|#", value or "", re.IGNORECASE)
            if is_elsewhere or re.match(r"on|src|ping$|background$|data-command|formaction", name):
                self.found.append((tag, name, value))


_HARMLESS_TAG = re.compile(
    "a|b|blockquote|br|code|dd|del|div|dl|dt|em|h[1-6]|hr|input|li|ol|p|pre|span|strong|su[bp]|table|t(body|d|h|head|r)|ul"
)


@pytest.mark.parametrize("around", ["{}", "> {}", "- {}", "| a |\n|---|\n| {} |", "$x$ {} $y$", "**You:** {}"])
def test_N1_an_exported_page_holds_no_live_payload(around: str) -> None:
    for text in HOSTILE:
        parser = _LivePayloads()
        parser.feed(markdown2html(safe_markdown(around.format(text))))
        assert (text, parser.found) == (text, [])


def test_a_bar_in_the_code_of_a_table_is_a_bar() -> None:
    rows = markdown2html(safe_markdown("| name |\n|---|\n| `a\\|b` |\n\nand `c\\|d`"))
    assert re.sub(r"<[^>]+>|\s", "", rows) == "namea|bandc\\|d"
