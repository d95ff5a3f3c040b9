"""Names and values of the data that are words of the language, too: what is called so goes before what the word may mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.offline_session import OfflineSession, new_shell

_PANDAS = "import pandas as pd\nparcels = pd.DataFrame"
_POLARS = "import polars as pl\nparcels = pl.DataFrame"
_PARCELS = """({
    'number': ['n1', 'n2', 'n3', 'n4', 'n5'],
    'state': ['open', 'closed', 'open', 'lost', 'closed'],
    'any': ['x', None, 'y', 'x', None],
    'value': [5.0, 7.0, None, 9.0, 3.0],
    'object': ['vase', 'book', 'vase', 'lamp', 'book'],
    'order': [4, 2, 3, 1, 5],
    'plot': ['p', 'q', 'p', 'q', 'r'],
    'depot': ['east', 'west', 'east', 'west', 'west'],
    'fee': [1.0, 2.0, 3.0, 4.0, 6.0],
})
"""
_OTHERS = """
import numpy as np
runs = [{'pace': 4, 'end': 'won'}, {'pace': 6, 'end': 'lost'}]
failures = ['f1', 'f2']
valid = np.ma.masked_less(np.array([3.0, -1.0, 5.0]), 0)
last = np.array([5, 8, 2])
bars = pd.DataFrame({'bar': ['a', 'b', 'c'], 'cups': [3, 5, 7]})
pies = pd.DataFrame({'filling': ['plum', 'pear'], 'weight': [300, 400]})
"""
#: Each with what is shown; None where nothing is answered.
ASKED_OF_A_TABLE = [
    ("parcels that are lost", "state"),
    ("parcels that are full", None),
    ("are there full parcels", None),
    ("their parcels", None),
    ("parcels who", None),
    ("how much total parcels", None),
    ("object column dtype", "`object` of `parcels` is of type"),
    ("dtypes of the text columns", "Types of the **"),
    ("gaps in any", "2"),
    ("missing in value", "1"),
    ("how many gaps has value", "1"),
    ("mean fee of parcels with value", "3.25"),
    ("mean fee of parcels with", None),
    ("mean value by depot", "Mean of `value` by `depot`"),
    ("mean value of fee by depot", "Mean of `fee` by `depot`"),
    ("plot order by depot", "The mean of `order` by `depot`"),
    ("order parcels by order", "sorted by `order`"),
    ("sort parcels by fee", "sorted by `fee`"),
    ("mean order by depot", "Mean of `order` by `depot`"),
    ("mean of depot", None),
    ("mean state", None),
    ("what does fee mean", "not written in the data"),
    # What is asked with the same words, and of no name.
    ("describe parcels", "5 rows × 9 columns"),
    ("parcels", "5 rows × 9 columns"),
    ("show parcels", "The first 5 rows"),
    ("first 2 rows of parcels", "The first 2 rows"),
    ("text columns", "columns of `parcels`"),
    ("how many numeric columns", "3 columns of `parcels`"),
    ("missing values in parcels", "**3 missing values**"),
    ("any missing values in parcels", "**3 missing values**"),
    ("how many parcels", "5"),
    ("how much memory does parcels use", "of memory"),
    ("which depot are they in", "east"),
    ("mean fee by depot as a bar chart", "bar("),
    ("highest value", "9"),
]
ASKED_OF_OTHERS = [
    ("which failures happened", None),
    ("what is wrong in failures", None),
    ("how many failures", "2"),
    ("how many runs", "2"),
    ("pace of runs", "4"),
    ("count of valid values", None),
    ("how many values of valid are masked", "1"),
    ("mean of valid", "4"),
    ("valid", "MaskedArray"),
    ("last value of last", "2"),
    ("bars in pies", None),
    ("bar in bars", None),
    ("mean weight in pies", "350"),
    ("bar chart of weight by filling", "bar("),
    ("cups as bars", "bar("),
    ("what went wrong", "There is no error"),
    ("errors?", "There is no error"),
]


@pytest.fixture(scope="module", params=[_PANDAS, _POLARS], ids=["pandas", "polars"])
def parcels_shell(request: pytest.FixtureRequest) -> Any:
    return new_shell(request.param + _PARCELS)


@pytest.fixture(scope="module")
def others_shell() -> Any:
    return new_shell(_PANDAS + _PARCELS + _OTHERS)


@pytest.mark.parametrize(("question", "shown"), ASKED_OF_A_TABLE, ids=[question for question, _ in ASKED_OF_A_TABLE])
def test_a_column_or_a_value_is_no_word_that_is_passed_over(
    parcels_shell: Any, question: str, shown: str | None
) -> None:
    reply = OfflineSession(parcels_shell).ask(question)
    assert reply.declined is not None if shown is None else shown in reply.text, reply.text


@pytest.mark.parametrize(("question", "shown"), ASKED_OF_OTHERS, ids=[question for question, _ in ASKED_OF_OTHERS])
def test_a_variable_is_no_word_about_errors_arrays_or_pictures(
    others_shell: Any, question: str, shown: str | None
) -> None:
    reply = OfflineSession(others_shell).ask(question)
    assert reply.declined is not None if shown is None else shown in reply.text, reply.text


def test_what_begins_a_question_is_to_be_done(offline_with: Callable[[str], OfflineSession]) -> None:
    session = offline_with(
        "import pandas as pd\nacts = pd.DataFrame({'show': [1, 2], 'sort': [4, 3], 'act': ['a', 'b'], 'mark': [5, 6]})"
    )
    for question, shown in (
        ("show acts", "The first 2 rows"),
        ("sort acts by mark", "sorted by `mark`"),
        ("plot mark by act", "by `act`"),
        ("mean show", "**1.5**"),
        ("mean sort by act", "Mean of `sort` by `act`"),
    ):
        assert shown in session.fresh().ask(question).text


def test_as_numbers_goes_on_and_lists_no_variables(offline_with: Callable[[str], OfflineSession]) -> None:
    session = offline_with(_PANDAS + _PARCELS + "\nlimit = 3\n")
    session.ask("number of parcels by depot")
    assert "`limit`" not in session.ask("as numbers").text.partition("**There is**")[0]
    assert "`limit`" in session.ask("which numbers are defined").text
