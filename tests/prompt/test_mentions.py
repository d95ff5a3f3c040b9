"""What of a question points at something, and what only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_agent.prompt.attachments import MAX_MENTIONS, Mention, mentions


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("how many rows has @df?", Mention("@df", "variable", "df")),
        ("@df how many rows?", Mention("@df", "variable", "df")),
        ("is (@df.price) right", Mention("@df.price", "variable", "df", "price")),
        ("what is @df.", Mention("@df", "variable", "df")),
        ("plot @df['unit price'].", Mention("@df['unit price']", "variable", "df", "unit price")),
        ("请看@数据", Mention("@数据", "variable", "数据")),
        ("explain @cell:3!", Mention("@cell:3", "cell", "3")),
        ("explain @cell:3f2a-b, please", Mention("@cell:3f2a-b", "cell", "3f2a-b")),
        ("read @file:data/sales.csv.", Mention("@file:data/sales.csv", "file", "data/sales.csv")),
        ('read @file:"my sales.csv"', Mention('@file:"my sales.csv"', "file", "my sales.csv")),
        ("why @error?", Mention("@error", "error")),
        ("what are @errors", Mention("@errors", "variable", "errors")),
    ],
)
def test_a_mention_is_found(question: str, expected: Mention) -> None:
    assert mentions(question) == (expected,)


@pytest.mark.parametrize(
    "question",
    [
        "write to ann@example.com",
        "ann.b+c@example.com",
        "clone git@github.com:a/b.git",
        "ask @octo-cat",
        "install @jupyter/ydoc",
        "follow @ann@example.org",
        "see https://medium.com/@ann/post",
        "hi <@U02AB>",
        "@property\ndef x(self): ...",
        "@app.route('/x')\n@login\nasync def page(): ...",
        "what does `@cache` do",
        "```python\n@cache\ndef f(): ...\n```",
        "~~~\nx = @df",
        "a @ b and a@b and a @= b",
        "@",
        "@3",
        "\\@df",
    ],
)
def test_what_only_looks_like_a_mention_is_none(question: str) -> None:
    assert mentions(question) == ()


def test_mentions_come_in_their_order_and_once() -> None:
    found = mentions("@b and @a and @b, see @error:\n```\n@c\n``` @d")
    assert [item.text for item in found] == ["@b", "@a", "@error", "@d"]


def test_no_more_than_a_few_are_looked_up() -> None:
    assert len(mentions(" ".join(f"@name{number}" for number in range(100)))) == MAX_MENTIONS


@given(st.text(st.sampled_from("@df.`~\n cell:file_1\"'[]/-\\"), max_size=60))
def test_each_mention_stands_in_the_question(question: str) -> None:
    assert all(mention.text in question for mention in mentions(question))


def test_a_long_question_full_of_signs_is_read_quickly() -> None:
    for sign in ("@", "`", "@a.", "```", "@a\n", "@file:", "@a(", "~~~\n"):
        assert len(mentions(sign * 100_000)) <= MAX_MENTIONS
