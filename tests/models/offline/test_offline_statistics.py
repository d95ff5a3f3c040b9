"""Skewness, normality and outliers in the words of statistics, and how people write such questions."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd
import pytest

from tests.support.offline_session import OfflineSession, new_shell

RIDERS = """
import numpy as np
import pandas as pd
import polars as pl
draw = np.random.default_rng(7)
riders = pd.DataFrame({
    'rider': [f'r{n}' for n in range(240)],
    'age': draw.normal(38, 9, 240).round(1),
    'fare': np.r_[draw.gamma(2, 8, 236), 310, 355, 402, 450].round(2),
    'sex': draw.choice(['f', 'm'], 240),
    'wind speed': draw.normal(6, 1.5, 240),
    'No. of stops': draw.integers(1, 40, 240),
    'left_tail': -draw.gamma(2, 8, 240),
})
riders.loc[:4, 'age'] = None
"""
#: Without pyarrow.
TO_POLARS = "{0} = pl.DataFrame({{name: [None if value != value else value for value in {0}[name].tolist()] for name in {0}}})\n"
POLARS = RIDERS + TO_POLARS.format("riders")


@pytest.fixture(scope="module", params=["pandas", "polars"])
def shell(request: pytest.FixtureRequest) -> Any:
    return new_shell(RIDERS if request.param == "pandas" else POLARS)


def riders(shell: Any) -> pd.DataFrame:
    table = shell.user_ns["riders"]
    return table if isinstance(table, pd.DataFrame) else pd.DataFrame(table.to_dict(as_series=False))


@pytest.mark.parametrize(
    ("question", "column", "function"),
    [
        ("Determine the skewness of the fares paid by the riders", "fare", "skew"),
        ("skewness of age", "age", "skew"),
        ("what is the kurtosis of fare?", "fare", "kurt"),
        ("excess kurtosis of wind speed", "wind speed", "kurt"),
        ("Calculate the mean age of the individuals in the dataset.", "age", "mean"),
        ("Calculate the mean fare paid by the people.", "fare", "mean"),
        ("1. Calculate the median fare", "fare", "median"),
        ("Question 2: what is the average wind speed (wind speed)?", "wind speed", "mean"),
    ],
)
def test_a_number_of_a_column(shell: Any, question: str, column: str, function: str) -> None:
    right = getattr(riders(shell)[column], function)()
    assert f"**{right:.4g}**" in OfflineSession(shell).ask(question).text


@pytest.mark.parametrize("function", ["skew", "kurt"])
def test_a_number_for_each_group(shell: Any, function: str) -> None:
    word = {"skew": "skewness", "kurt": "kurtosis"}[function]
    text = OfflineSession(shell).ask(f"{word} of fare by sex").text
    for _, group in riders(shell).groupby("sex"):
        assert f"| {getattr(group['fare'], function)():.4g} |" in text


@pytest.mark.parametrize("word", ["std", "skew", "median", "nunique"])
def test_a_pivot_computes_what_it_says(shell: Any, word: str) -> None:
    table = riders(shell).assign(young=lambda rows: (rows["age"] < 38).map({True: "yes", False: "no"}))
    own = shell.user_ns["riders"]
    shell.user_ns["grown"] = table
    if not isinstance(own, pd.DataFrame):
        exec(TO_POLARS.format("grown"), shell.user_ns)
    phrase = {"std": "standard deviation", "skew": "skewness", "nunique": "number of unique"}.get(word, word)
    text = OfflineSession(shell).ask(f"pivot of the {phrase} of fare in grown by sex and young").text
    right = table.pivot_table(index="sex", columns="young", values="fare", aggfunc=word)
    shown = [float(number) for number in re.findall(r"-?\d+\.?\d*", text)]
    assert all(any(math.isclose(value, number, rel_tol=1e-3) for number in shown) for value in right.to_numpy().ravel())
    del shell.user_ns["grown"]


@pytest.mark.parametrize(
    ("question", "column", "is_normal"),
    [
        ("Is the 'wind speed' column normally distributed?", "wind speed", True),
        ("Check if the fare column adheres to a normal distribution.", "fare", False),
        ("Check if the distribution of age follows a normal distribution", "age", True),
        ("does left_tail follow a normal distribution", "left_tail", False),
        ("is age gaussian?", "age", True),
        ("Is the distribution of fare normally distributed or skewed?", "fare", False),
    ],
)
def test_whether_values_are_normally_distributed(shell: Any, question: str, column: str, is_normal: bool) -> None:
    values = riders(shell)[column].dropna()
    away = values - values.mean()
    skew, kurt = (away**3).mean() / (away**2).mean() ** 1.5, (away**4).mean() / (away**2).mean() ** 2 - 3
    p = math.exp(-len(values) / 12 * (skew**2 + kurt**2 / 4))
    assert (p >= 0.05) is is_normal
    text = OfflineSession(shell).ask(question).text
    assert text.startswith("**Nothing speaks against it**" if is_normal else "**No**")
    assert math.isclose(float(re.search(r"p = ([\d.e-]+)\.", text)[1]), p, rel_tol=1e-3, abs_tol=1e-300)  # type: ignore[index]


@pytest.mark.parametrize(
    ("question", "shape"),
    [
        ("Check if the fare distribution is skewed.", "strongly skewed to the right"),
        ("is left_tail skewed", "skewed to the left"),
        ("is the distribution of wind speed symmetric?", "about symmetric"),
    ],
)
def test_whether_values_are_skewed(shell: Any, question: str, shape: str) -> None:
    assert shape in OfflineSession(shell).ask(question).text


@pytest.mark.parametrize(
    ("question", "column", "deviations"),
    [
        ("Identify the outliers in fare using the Z-score method", "fare", 3),
        ("how many outliers are there in fare by z-score", "fare", 3),
        ("outliers in age with a z-score threshold of 2.5", "age", 2.5),
        ("outliers of wind speed with a Z-score above 2", "wind speed", 2),
    ],
)
def test_outliers_by_standard_deviations(shell: Any, question: str, column: str, deviations: float) -> None:
    values = riders(shell)[column]
    count = int((((values - values.mean()) / values.std()).abs() > deviations).sum())
    assert f"**{count} value" in OfflineSession(shell).ask(question).text


def test_outliers_by_the_middle_half_are_counted(shell: Any) -> None:
    values = riders(shell)["fare"]
    low, high = values.quantile(0.25), values.quantile(0.75)
    count = int(((values < low - 1.5 * (high - low)) | (values > high + 1.5 * (high - low))).sum())
    for question in ("outliers of fare by the IQR method", "how many outliers in fare"):
        assert f"**{count} values**" in OfflineSession(shell).ask(question).text


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("Are there any riders older than 50? If yes, how many riders are older than 50?", "`age` > `50`: **"),
        ("Is there a correlation between age and fare? If so, what is the correlation coefficient?", "Correlation of `age`, `fare`"),
        ("3. Which column(s) contain missing values in the dataset?", "`age`"),
        ("Can you determine the correlation coefficient between wind speed and age", "Correlation of `wind speed`, `age`"),
        ("mean fare paid by sex f", "where `sex` is `f`"),
    ],
)  # fmt: skip
def test_how_such_questions_are_written(shell: Any, question: str, shown: str) -> None:
    assert shown in OfflineSession(shell).ask(question).text


COUNTS = """
import pandas as pd
import polars as pl
outbreaks = pd.DataFrame({
    'land': ['A', 'A', 'B', 'B', 'C'], 'year': [2000, 2001, 2000, 2001, 2000],
    'No. of cases': [10, 20, 30, 40, 50], 'No. of deaths': [1, 2, 3, 4, 9], 'num_wards': [2, 2, 1, 1, 7],
    'no_show': [3, 1, 1, 2, 2],
})
"""


@pytest.mark.parametrize("made", ["", TO_POLARS.format("outbreaks")], ids=["pandas", "polars"])
@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("mean number of cases", "The mean of `No. of cases` in `outbreaks` is **30**"),
        ("What is the mean number of deaths recorded across all lands and years?", "**3.8**"),
        ("how many deaths", "The sum of `No. of deaths` in `outbreaks` is **19**"),
        ("number of deaths per land", "Sum of `No. of deaths` by `land`"),
        ("which land has the most wards", "**`C`**"),
        ("total number of deaths across all lands in 2001", "where `year` is `2001` is **6**"),
        ("mean number of wards over all the lands", "**2.6**"),
    ],
)
def test_a_column_of_counts_is_called_by_what_it_counts(made: str, question: str, shown: str) -> None:
    assert shown in OfflineSession(new_shell(COUNTS + made)).ask(question).text


@pytest.mark.parametrize("question", ["how many shows", "mean number of beds", "cases across all hospitals"])
def test_what_no_column_counts_is_not_answered(question: str) -> None:
    assert OfflineSession(new_shell(COUNTS)).ask(question).declined is not None


@pytest.mark.parametrize(
    "question",
    [
        "is age normally distributed by sex",
        "is the sex column normally distributed",
        "is the normal fare high",
        "outliers of fare by the IQR method with a threshold of 3",
        "z-score threshold of 3",
        "fare paid by the riders with the highest z-score",
        "mean age of the survivors in the dataset",
        "are the fares paid by cash",
        "If yes, how many",
    ],
)
def test_what_is_not_wholly_understood_is_not_answered(shell: Any, question: str) -> None:
    assert OfflineSession(shell).ask(question).declined is not None


def test_a_distribution_is_drawn(shell: Any) -> None:
    assert "hist" in OfflineSession(shell).ask("show the distribution of age").code


@pytest.mark.parametrize(
    "question", ["Z-score of m/z for z > 3, z-scored", "is z the Z-score of the row?", "¿z?", "what y o e i z"]
)
def test_letters_and_english_words_make_no_other_language(shell: Any, question: str) -> None:
    text = OfflineSession(shell).ask(question).text
    assert "Rozumiem" not in text
    assert "Solo entiendo" not in text
