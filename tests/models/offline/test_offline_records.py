"""Dictionaries and lists of records asked like a table: how long one takes, which have a key inside, lists of numbers under names."""

from __future__ import annotations

import pytest

from tests.support.offline_session import OfflineSession, new_shell

VALUES = """
import pandas as pd
jobs = {
    'compile': {'duration_s': 40, 'cores': 4, 'urgent': True, 'needs': {'cmake': 1, 'gcc': 2}},
    'lint': {'duration_s': 12, 'cores': 1, 'urgent': False, 'needs': {'ruff': 1}},
    'deploy': {'duration_s': 95, 'cores': 8, 'urgent': False, 'needs': {'ssh': 1, 'gcc': 1}},
}
trips = [{'name': 'coast', 'hours': 3, 'km': 40}, {'name': 'ridge', 'hours': 7, 'km': 22}, {'name': 'lake', 'hours': 2, 'km': 9}]
grades = {'Ann': [3, 5], 'Bo': [5], 'Cy': []}
points = {'Ann': [3, 9], 'Bo': [7]}
staff = pd.DataFrame({'person': ['Ann', 'Bo'], 'port': ['Turku', 'Oslo']})
ferries = {'Turku': '8-20', 'Oslo': '9-18'}
walks = {'park': {'steps': 900}, 'beach': {'steps': 4000}}
queue = ['lint', 'compile', 'lint']
"""


@pytest.fixture(scope="module")
def values() -> OfflineSession:
    return OfflineSession(new_shell(VALUES))


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("how long does the compile take", "**`40`**"),
        ("how much gcc goes in the deploy", "**`1`**"),
        ("how many cores does lint need", "**`1`**"),
        ("quickest trip", "'lake'"),
        ("longest trip?", "'ridge'"),
        ("average duration of the trips", "**4**"),
        ("trips that take more than 2 hours", "['coast', 'ridge']"),
        ("jobs that need gcc", "['compile', 'deploy']"),
        ("which jobs use cmake", "['compile']"),
        ("jobs without gcc", "['lint']"),
        ("how many jobs need gcc", "**2**"),
        ("urgent jobs", "['compile']"),
        ("how many jobs are urgent", "**1**"),
        ("is lint urgent", "False"),
        ("who has the highest average grade", "'Bo'"),
        ("average grades of each", "{'Ann': 4.0, 'Bo': 5.0}"),
        ("who has no grades yet", "['Cy']"),
        ("who has the most grades", "'Ann'"),
        ("who has the highest total of points", "'Ann'"),
        ("anything twice in the queue?", "['lint']"),
        ("ferries of the Turku port", "8-20"),
    ],
)
def test_records_are_asked_like_rows(values: OfflineSession, question: str, fact: str) -> None:
    text = values.fresh().ask(question).text
    assert fact in text, text


def test_a_time_that_is_called_something_else_is_said(values: OfflineSession) -> None:
    assert "`hours` is the only time there" in values.fresh().ask("average walking time of the trips").text


@pytest.mark.parametrize(
    "question",
    [
        "how long does the park take",
        "how many gcc do the jobs need",
        "who has the most points",
        "jobs with python",
        "how many hours does it take",
        "jobs that need gcc and ruff",
        "average points per player",
        "trips that take less than 30 days",
        "ferries of the Turku library",
    ],
)
def test_what_no_record_says_is_not_answered(values: OfflineSession, question: str) -> None:
    reply = values.fresh().ask(question)
    assert reply.declined is not None, reply.text
