"""Arrays of hours and days, what a model predicts for typed values, what may be one type or another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.offline_session import OfflineSession, new_shell, write_notebook

ARRAYS = """
import numpy as np
import polars as pl
hourly_wind = np.array([3.0] * 10 + [9.0] + [4.0] * 13)
traffic = np.arange(7 * 24.0).reshape(7, 24)
square = np.eye(24)
depths = np.array([1.0, 5.0, 2.0])
monthly = np.arange(12.0)
gust_speed = np.array([1.0, 2.0])
ports = pl.DataFrame({'port': ['Oslo']})
"""


@pytest.fixture(scope="module")
def arrays() -> OfflineSession:
    return OfflineSession(new_shell(ARRAYS))


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("at which hour is the wind highest", "**10**"),
        ("which hour has the lowest wind", "**0**"),
        ("how many hours is hourly_wind above 3.5", "**14**"),
        ("average of hourly_wind over the day", "**3.792**"),
        ("mean of traffic for each day", "traffic.mean(axis=1)"),
        ("max of traffic per hour", "traffic.max(axis=0)"),
        ("how many months is monthly above 3", "**8**"),
        ("is ports a pandas or a polars frame?", "polars"),
        ("is depths a list or an array", "ndarray"),
    ],
)
def test_hours_and_days_are_a_dimension_of_that_length(arrays: OfflineSession, question: str, fact: str) -> None:
    text = arrays.fresh().ask(question).text
    assert fact in text, text


@pytest.mark.parametrize(
    "question",
    [
        "mean of square per hour",
        "mean of traffic over the day",
        "how many hours is depths above 1",
        "in which month is monthly highest",
        "mean of traffic per month",
        "mean gust",
        "is ports good or bad",
    ],
)
def test_no_dimension_is_guessed(arrays: OfflineSession, question: str) -> None:
    reply = arrays.fresh().ask(question)
    assert reply.declined is not None, reply.text


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> OfflineSession:
    pytest.importorskip("sklearn")
    sources = (
        "import pandas as pd\nfrom sklearn.linear_model import LinearRegression\nfrom sklearn.tree import DecisionTreeRegressor",
        "flats = pd.DataFrame({'rooms': [1, 2, 3, 4], 'area_m2': [30, 50, 90, 80], 'floor': [0, 1, 4, 2], 'rent': [500, 700, 1200, 1100]})\nX = flats[['rooms', 'area_m2', 'floor']]\ny = flats['rent']\nlinear = LinearRegression().fit(X, y)\ntree = DecisionTreeRegressor().fit(X, y)",
    )
    cells = [
        {"id": f"c{count}", "cell_type": "code", "source": source, "execution_count": count}
        for count, source in enumerate(sources, 1)
    ]
    path: Path = tmp_path_factory.mktemp("predictions") / "flats.ipynb"
    session = OfflineSession(new_shell(""), notebook=write_notebook(path, cells))
    session.shell.execution_count = 1
    for cell in cells:
        session.run_cell(str(cell["source"]), str(cell["id"]))
    return session


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("predict the rent for 3 rooms, area 90 and floor 4 with tree", "**1,200**"),
        ("predict rent with tree for floor 4, rooms 3 and area_m2 90", "**1,200**"),
        ("predict with tree for 3, 90 and 4", "**1,200**"),
        ("is the tree better than the linear regression?", "R²"),
    ],
)
def test_numbers_are_taken_for_the_features_that_they_name(models: OfflineSession, question: str, fact: str) -> None:
    text = models.fresh().ask(question).text
    assert fact in text, text


@pytest.mark.parametrize(
    "question",
    [
        "predict the rent for 3 rooms and floor 4 with tree",
        "predict the rent for 3 rooms, 90 and floor 4 with tree",
        "predict the rent for 3 rooms, area 90 and floor 4",
        "predict the price for 3, 90 and 4 with tree",
        "predict the rent for 3 rooms, 2 rooms and floor 4 with tree",
        "predict with tree for 3 and 90",
    ],
)
def test_a_prediction_needs_one_number_for_each_feature(models: OfflineSession, question: str) -> None:
    reply = models.fresh().ask(question)
    assert reply.declined is not None, reply.text
