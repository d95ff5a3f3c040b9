"""Every word of a question is part of the answer, or it is named and nothing is answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jupyter_agent.kernelside.magic.commands import FIX
from tests.support.offline_session import OfflineSession

#: Questions about the table `df`, each with a word that changes what is asked and that nobody understands.
DROPPED = {
    "average price on solstices": "solstices",
    "mean price by country": "country",
    "average price in tokyo": "tokyo",
    "how many rows in the suburbs": "suburbs",
    "total price of refunded orders": "refunded",
    "median price for luxury flats": "luxury",
    "mean price, weighted by rooms": "weighted",
    "top 3 by price adjusted for inflation": "inflation",
    "plot price with error bands": "bands",
    "correlation between weather and price": "weather",
    "max price ignoring the rebate": "rebate",
    "mean price for 7 rooms or so, 93": "93",
    "count rows per neighbourhood": "neighbourhood",
    "sort by price within each borough": "borough",
    "drop duplicates but keep the cheapest per household": "household",
    "how many missing values per supplier": "supplier",
}


@pytest.mark.parametrize(("question", "word"), DROPPED.items())
def test_a_word_that_nothing_took_is_named_and_nothing_is_answered(
    offline: OfflineSession, question: str, word: str
) -> None:
    text = offline.ask(question).text
    assert "I do not understand" in text
    assert f"`{word}`" in text.partition("\n")[0]
    assert "```" not in text


@pytest.mark.parametrize(
    "question",
    [
        "please could you quickly show me the average price by city",
        "hmm ok, what is the mean price per city exactly",
        "just give me the top 5 by price",
        "in general, how many rows are there",
        "which city has the highest average price",
    ],
)
def test_politeness_changes_nothing(offline: OfflineSession, question: str) -> None:
    assert "I do not understand" not in offline.ask(question).text


SHOP = """
import pandas as pd
lamps = pd.DataFrame({
    'order_id': [101, 102, 103, 104],
    'lamp': ['Moon', 'Sun', 'Star', 'Sky'],
    'price': [30.0, 12.5, 99.0, 47.0],
    'delay': [4, -1, 9, 0],
    'pay': ['1,250', '900', 'n/a', '1,100'],
    'grade': ['a', 'b', 'a', 'c'],
})
runs = [{'name': 'first', 'done': True}, {'name': 'second', 'done': False}]
"""


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("most expensive lamp", "Star"),
        ("which lamp is the cheapest", "Sun"),
        ("is order_id unique", "**Yes**"),
        ("is grade unique in lamps", "**No**"),
        ("sort lamps by price, highest first", "ascending=False"),
        ("price of the Moon lamp", "| 30 |"),
    ],
)
def test_what_was_heard_is_answered(offline_with: Callable[[str], OfflineSession], question: str, text: str) -> None:
    assert text in offline_with(SHOP).ask(question).text


@pytest.mark.parametrize(
    ("question", "wrong"),
    [
        ("orders above 100", "order_id >"),
        ("pay over 1000", "> '1000'"),
        ("worst delay", "-1"),
        ("how many runs are done", "2 items"),
        ("when was the price highest", "last set in"),
        ("what depends on lamps", "Correlation"),
        ("average pay length", "4 rows"),
        ("2nd cheapest lamp", "2 rows"),
        ("3rd highest price", "3 rows"),
    ],
)
def test_small_words_are_not_passed_over(
    offline_with: Callable[[str], OfflineSession], question: str, wrong: str
) -> None:
    assert wrong not in offline_with(SHOP).ask(question).text.partition("**There is**")[0]


@pytest.mark.parametrize(
    "question", [FIX, "What does the last error mean?", "Explain what the last cell does.", "Explain @cell:1."]
)
def test_what_buttons_and_commands_ask_is_understood(offline: OfflineSession, question: str) -> None:
    assert "I do not understand" not in offline.ask(question).text


@pytest.mark.parametrize("count", [10, 80, 2000])
def test_a_wide_table_is_not_too_long(offline_with: Callable[[str], OfflineSession], count: int) -> None:
    offline = offline_with(
        f"import pandas as pd\nwide = pd.DataFrame({{f'c{{n:04}}': [n, None] for n in range({count})}})"
    )
    assert "missing" in offline.ask("which columns have missing values?").text


WIDE = {
    "pandas": """
import numpy as np
import pandas as pd
log = pd.DataFrame({'no': range(20), **{f'probe_{n}': np.arange(20.0) + n for n in range(1, 261)}, 'site': ['a', 'b'] * 10, 'is_ok': [True] * 20})
log.loc[4, 'probe_257'] = np.nan
""",
    "polars": """
import polars as pl
log = pl.DataFrame({'no': range(20), **{f'probe_{n}': [float(row + n) for row in range(20)] for n in range(1, 261)}, 'site': ['a', 'b'] * 10, 'is_ok': [True] * 20})
log[4, 'probe_257'] = None
""",
}


@pytest.mark.parametrize("library", WIDE)
def test_of_a_wide_table_every_column_is_looked_at(offline_with: Callable[[str], OfflineSession], library: str) -> None:
    session = offline_with(WIDE[library])
    for question, shown in (
        ("how many text columns", "1 column of `log`: `site`"),
        ("which columns are boolean", "1 column of `log`: `is_ok`"),
        ("how many numeric columns", "261 columns of `log`"),
        ("any nulls in log", "**1 missing value**"),
        ("missing values", "`probe_257`"),
        ("which column has the most missing values", "`probe_257`"),
        ("how many columns", "263"),
        ("describe log", "of 263 columns, "),
    ):
        text = session.fresh().ask(question).text
        assert shown in text, (question, text)


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("mean of probe_257", "266"),
        ("median of probe_259 by site", "268"),
        ("what type is probe_260", "`float64`"),
        ("probe_258", "267.5"),
        ("missing in probe_257", "**1 missing value**"),
    ],
)
def test_of_a_wide_table_the_columns_are_looked_up_that_the_question_names(
    offline_with: Callable[[str], OfflineSession], question: str, shown: str
) -> None:
    assert shown in offline_with(WIDE["pandas"]).ask(question).text


def test_of_a_wide_table_nothing_is_denied_that_was_not_looked_at(
    offline_with: Callable[[str], OfflineSession],
) -> None:
    session = offline_with(WIDE["pandas"]).fresh(approval="deny")
    for question, denied in (
        ("any nulls in log", "no missing values**"),
        ("how many text columns", "0 columns of `log`"),
    ):
        assert f"{denied} in its first " in session.fresh().ask(question).text
