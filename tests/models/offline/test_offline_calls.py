"""Calls of the user's functions in words: each argument is a number, a name, or a text that the data has."""

from __future__ import annotations

import pytest

from tests.support.offline_session import OfflineSession, new_shell

VALUES = """
import pandas as pd
stock = {'oak': 3, 'Elm': 4}
width = 5
boards = pd.DataFrame({'wood': ['ash', 'ash']})
def area(width: float, height: float = 2.0) -> float:
    return width * height
def priced(wood, *, tax):
    return stock[wood] * tax
def shelf(name):
    return name.upper()
"""


@pytest.fixture(scope="module")
def values() -> OfflineSession:
    return OfflineSession(new_shell(VALUES))


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("call area with 3", "area(3)"),
        ("run area for 3 and 4", "area(3, 4)"),
        ("please call area with width", "area(width)"),
        ("call shelf for elm", "shelf('Elm')"),
        ("what does shelf return for ash?", "shelf('ash')"),
        ('use shelf with "teak"', "shelf('teak')"),
    ],
)
def test_a_call_in_words_is_the_call(values: OfflineSession, question: str, code: str) -> None:
    reply = values.fresh().ask(question)
    assert reply.ran == [code], reply.text


@pytest.mark.parametrize(
    "question",
    [
        "call area with 3, 4, 5",
        "call shelf for pine",
        "call priced for oak",
        "call nothing for 3",
        "apply area to boards",
        "call shelf for stock",
        "call area for big boards",
    ],
)
def test_a_call_that_is_not_clear_is_not_made(values: OfflineSession, question: str) -> None:
    reply = values.fresh().ask(question)
    assert reply.declined is not None, reply.text
    assert not reply.ran


def test_a_call_is_only_shown_where_nothing_may_run(values: OfflineSession) -> None:
    reply = values.fresh(approval="read-only").ask("call area with 3")
    assert reply.code == "area(3)"
    assert not reply.ran
