"""Values that are missing in arrays, lists and dictionaries, and whether something is among values at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.offline_session import OfflineSession, new_shell

VALUES = """
import numpy as np
import pandas as pd
import polars as pl
grid = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, np.nan]])
tide = np.arange(6).reshape(2, 3)
ages = pd.Series([3.0, None, 5.0], name='a')
heights = pl.Series('h', [1.5, None, 2.5, None])
marks = [3, None, 5, float('nan')]
fruits = ['apple', 'pear', 'apple', '']
scores = [1, 4, 4]
seen = {'ash', 'oak'}
cellar = {'rye': 3, 'oats': 0, 'malt': None}
captains = {'Rovers': 'Brook', 'United': 'Eriksen'}
setup = {'name': 'wide', 'trainer': {'gpu': True}}
"""


@pytest.fixture(scope="module")
def values() -> OfflineSession:
    return OfflineSession(new_shell(VALUES))


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("are there any nans in grid?", "missing values of `grid`: **2**"),
        ("any gaps in grid", "missing values of `grid`: **2**"),
        ("does grid have empty values", "missing values of `grid`: **2**"),
        ("does grid contain any nulls", "missing values of `grid`: **2**"),
        ("any nans in tide", "missing values of `tide`: **0**"),
        ("are there any missing values in ages", "missing values of `ages`: **1**"),
        ("any nulls in heights", "missing values of `heights`: **2**"),
        ("any nans in marks", "True"),
        ("how many missing values are in marks", "are missing: **2**"),
        ("are there Nones in marks?", "True"),
        ("any missing in fruits", "False"),
        ("are there empty texts in fruits", "True"),
        ("any nans in cellar", "True"),
    ],
)
def test_a_word_for_no_value_looks_for_what_is_missing(values: OfflineSession, question: str, fact: str) -> None:
    text = values.fresh().ask(question).text
    assert fact in text, text


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("mean of grid ignoring nan", "**3.25**"),
        ("max of grid without the missing values", "**5**"),
        ("sum of ages excluding nans", "**8**"),
        ("how many values in grid ignoring nan", "**4**"),
    ],
)
def test_missing_values_are_left_out_when_that_is_asked(values: OfflineSession, question: str, fact: str) -> None:
    text = values.fresh().ask(question).text
    assert fact in text, text


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("are there any pears in fruits", "True"),
        ("is 'nan' in fruits", "False"),
        ("does grid contain 4", "True"),
        ("does seen contain oak", "True"),
        ("is there rye in the cellar", "has the key `rye`: it is **`3`**"),
        ("are there oats in the cellar", "has the key `oats`: it is **`0`**"),
        ("does Villa have captains", "**No**"),
        ("does setup have a gpu", "`setup['trainer']['gpu']` is **`True`**"),
        ("do captains have Rovers", "it is **`'Brook'`**"),
        ("does the cellar have barley", "**No**, `cellar` has no key `barley`"),
    ],
)
def test_whether_something_is_among_values(values: OfflineSession, question: str, fact: str) -> None:
    text = values.fresh().ask(question).text
    assert fact in text, text


@pytest.mark.parametrize(
    "question",
    [
        "any outliers in scores",
        "are there strange plums in fruits",
        "are there plums in fruits",
        "any doubles in fruits",
        "is apple in ages",
        "is there any rice malt in the cellar",
        "is there enough rye in the cellar",
        "is Brook in captains",
        "is cellar empty",
        "mean of grid including nan",
    ],
)
def test_what_values_are_like_is_not_looked_for_among_them(values: OfflineSession, question: str) -> None:
    reply = values.fresh().ask(question)
    assert reply.declined is not None, reply.text


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("how many percent of our titles are novels", None),
        ("how many cities are coastal", None),
        ("how many titles are Zed", None),
        ("members whose city is Turku", "**none**"),
        ("rows where city == turku", "**none**"),
        ("how many names are 'novels'", "**0** of 6"),
    ],
)
def test_a_word_that_no_value_has_is_a_value_only_where_it_is_written_as_one(
    offline_with: Callable[[str], OfflineSession], question: str, shown: str | None
) -> None:
    session = offline_with(
        "import pandas as pd\nmembers = pd.DataFrame({'name': ['Aisha', 'Boris', 'Clara', 'Elif', 'Fred', 'Greta'], 'city': ['Rome', 'Oslo'] * 3})"
    )
    reply = session.ask(question)
    assert (reply.declined is not None) is (shown is None), reply.text
    assert shown is None or shown in reply.text, reply.text


@pytest.mark.parametrize(("question", "fact"), [("share of titles that are essays", None), ("what percent of titles are essays", None), ("what percent of loans are essays", "**1** of 4")])  # fmt: skip
def test_a_share_of_one_tables_values_is_not_one_of_anothers_rows(
    offline_with: Callable[[str], OfflineSession], question: str, fact: str | None
) -> None:
    session = offline_with(
        "import pandas as pd\nbooks = pd.DataFrame({'book_id': [1, 2, 3], 'title': ['A', 'B', 'C'], 'genre': ['essay', 'novel', 'essay']})\nloans = pd.DataFrame({'loan_id': [1, 2, 3, 4], 'book_id': [1, 2, 2, 2]})"
    )
    text = session.ask(question).text
    assert "Share of rows by" not in text, text
    assert fact is None or fact in text, text
