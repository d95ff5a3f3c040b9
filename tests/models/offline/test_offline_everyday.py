"""Questions as hurried people type them: two sides compared, the best of each group, rates, short forms, short follow-ups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.offline_session import OfflineSession, new_shell

CAFES = """
import pandas as pd
import polars as pl
stays = pd.DataFrame({
    'guest': ['Ada', 'Ben', 'Cleo', 'Dan', 'Eve', 'Finn', 'Gus', 'Hal'],
    'hotel': ['Alpha', 'Beta', 'Alpha', 'Beta', 'Gamma', 'Gamma', 'Alpha', 'Beta'],
    'room': ['single', 'double', 'double', 'suite', 'single', 'suite', 'single', 'single'],
    'price': [80.0, 120.0, 110.0, 310.0, 95.0, 280.0, 70.0, 105.0],
    'nights': [2, 3, 1, 4, 2, 5, 7, 1],
    'rating': [4, 3, 5, 2, None, 4, 1, 5],
    'booked': pd.to_datetime(['2023-02-03', '2023-05-20', '2023-07-01', '2024-01-15',
                              '2024-02-11', '2024-02-28', '2024-06-09', '2024-11-30']),
    'cancelled': [False, False, True, False, True, False, False, True],
    'returned': [1, 0, 0, 1, 0, 1, 1, 0],
    'extras': [0, 2, 0, 1, 3, 0, 0, 4],
    'note': ['sea view', None, 'quiet room', 'late arrival', None, 'sea side', 'dog', None],
    'agent': ['Ben', 'Ada', None, 'Ben', 'Ben', None, 'Ada', 'Zoe'],
})
films = pd.DataFrame({
    'film': ['Dune', 'Alien', 'Up'],
    'director': ['Kim', 'Lee', 'Kim'],
    'minutes': [155, 117, 89],
    'tags': [['sand'], ['space', 'fear'], ['fun']],
})
routes = pl.DataFrame({
    'line': ['A', 'A', 'B', 'B', 'C', 'C'],
    'stop': ['Mill', 'Quay', 'Mill', 'Hill', 'Quay', 'Hill'],
    'riders': [300, 120, 80, 410, 220, 90],
    'fare': [2.0, 2.5, 3.0, 1.5, 4.0, 3.5],
    'delayed': [True, False, False, True, True, True],
})
"""
#: What is asked, the last of some turns, and what is in the reply to it.
QUESTIONS: dict[str, list[tuple[str | list[str], str]]] = {
    "two sides compared": [
        ("by how much is the avg price in Gamma higher than in Alpha", "**100.83** more"),
        ("how much more expensive is a suite than a double on average", "**180** more"),
        ("how many more nights does Gus have than Finn", "**2** more"),
        ("is the price of Beta higher than of Alpha on average", "`Beta`: 178.33 and `Alpha`: 86.67"),
        ("was the avg price higher in 2024 than in 2023", "**68.67** more"),
        ("is avg price higher with cancelled or without", "**68.67** less"),
        ("how did the average price change from 2023 to 2024", "**68.67** more"),
        ("were there more singles than suites", "**2** more"),
        ("by how much are riders on line A higher than on line C", "**55** more"),
    ],
    "whether some have more than the others": [
        ("do returned guests pay more price", "`returned`"),
        ("do singles have less nights", "`single`"),
        ("do cancelled stays have more nights", "| `False` | 4.2 |"),
        ("are suites rated higher", "| `suite` | 3 |"),
        ("are delayed routes longer", "cannot answer"),
    ],
    "the best of each group": [
        ("best rated stay per hotel", "| `Cleo` | `Alpha` | 5 |"),
        ("most expensive stay in each hotel", "| `Dan` | `Beta` | 310 |"),
        ("top 2 stays per hotel by price", "The 2 rows of `stays`"),
        ("latest stay per hotel", "| `Gus` | `Alpha` | `2024-06-09` |"),
        ("cheapest stay for each room", "| `Gus` | `single` | 70 |"),
        ("most common room in each hotel", "with the most rows, for each `hotel`"),
        ("stop with most riders on each line", "| `B` | `Hill` | 410 |"),
    ],
    "rates": [
        ("cancellation rate", "(37.5 %)"),
        ("return rate", "(50 %)"),
        ("cancellation rate per hotel", "| `Gamma` | 0.5 |"),
        ("return rate by room", "| `suite` | 1 |"),
        ("delay rate per line", "| `A` | 0.5 |"),
        ("single rate", "(50 %)"),
    ],
    "zeros and ones": [
        ("how many returned", "**4** of 8"),
        ("how many stays returned", "**4** of 8"),
        ("how many stays did not return", "**4** of 8"),
        ("average price of returning guests", "**185**"),
        ("mean of returned", "**0.5**"),
    ],
    "short forms": [
        ("stays w/o a note", "**3 rows**"),
        ("how many havent got a note", "**3** of 8"),
        ("how many diff hotels", "**3**"),
        ("stays that arent cancelled", "**5 rows**"),
        ("who hasnt given a note", "**3 rows**"),
        ("stays with no extras", "**4 rows**"),
        ("how many stays are not rated", "**1** of 8"),
        ("avg price of stays rated above 3", "**143.75**"),
        ("stays with sea in the note", "**2 rows**"),
    ],
    "when": [
        ("stays booked in 2023", "**3 rows**"),
        ("how many stays booked in feb", "**3** of 8"),
        ("how many were booked in 2024", "**5** of 8"),
        ("how many stays booked per year", "| 2023 | 3 |"),
        ("stays booked in february", "**3 rows**"),
        ("how many stays will be booked in july", "do not understand `will`"),
    ],
    "a value of two columns": [
        ("price of Ben", "120"),
        ("how much higher is the price of Ben than of Ada", "it is in `agent`, too"),
        ("nights of Ada", "2"),
        ("how many nights did Ben have", "3"),
        ("what room does Ada have", "`single`"),
    ],
    "groups of a size": [
        ("which hotel has only two stays", "`Gamma`"),
        ("which hotel has 2 stays", "`Gamma`"),
        ("hotels that have three stays", "`Alpha`"),
        ("which room has only one stay", "none"),
        ("which room has only 2 stays", "`suite`"),
    ],
    "what was taken for something else": [
        ("stays longer than 48 hours", "do not understand"),
        ("newest booking", "| `Hal` |"),
        ("share of films longer than 1.5 hours", "(66.7 %)"),
        ("how many films take more than 2 hours", "do not understand"),
        ("share of films by director", "66.7 %"),
    ],
    "short follow-ups": [
        (["how many stays are cancelled", "which ones"], "`Cleo`"),
        (["how many stays are cancelled", "list them"], "`Eve`"),
        (["how many stays are cancelled", "as a percentage"], "37.5 %"),
        (["stays by hotel", "as a percentage"], "37.5 %"),
        (["max price", "who is that?"], "`Dan`"),
        (["lowest price", "which one is it"], "`Gus`"),
        (["total nights by hotel", "in percent"], "0.4"),
    ],
}


@pytest.fixture(scope="module")
def shell() -> Any:
    return new_shell(CAFES)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [case for cases in QUESTIONS.values() for case in cases],
    ids=[f"{kind}: {asked}" for kind, cases in QUESTIONS.items() for asked, _ in cases],
)
def test_a_hurried_question_is_answered(shell: Any, asked: str | list[str], expected: str) -> None:
    offline = OfflineSession(shell)
    replies = [offline.ask(question) for question in ([asked] if isinstance(asked, str) else asked)]
    assert expected in replies[-1].text, replies[-1].text
    if replies[-1].code:
        offline.executed(replies[-1])
