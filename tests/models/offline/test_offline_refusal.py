"""What is said instead of an answer: the word, what there is, and questions that are answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.offline_session import SALES, OfflineSession

KERNELS = {
    "a table": SALES,
    "two tables": SALES + "\nrents = df.head(20).copy()\nrents['price'] = 1",
    "arrays": "import numpy as np\ngrid = np.ones((3, 4))\nnoise = np.array([1.0, np.nan])",
    "nested data": "setup = {'model': {'lr': 0.1}, 'layers': [1, 2]}\nsteps = ['a', 'b']\nclass Box:\n    def __init__(self):\n        self.width = 3\nbox = Box()",
    "code": "def double(value):\n    return 2 * value\nlimit = 3",
    "polars": "import polars as pl\nflights = pl.DataFrame({'carrier': ['LH', 'AF', 'LH'], 'delay': [3, 5, None]})",
    "odd names": "import pandas as pd\nt = pd.DataFrame({'mean': [1.0, 2.0], 'total price': [3, 4], 'a': ['x', 'y']})",
    "nothing": "",
}
LANGUAGES = {
    "wie viele zeilen hat die tabelle": "Englisch",
    "quel est le prix moyen par ville": "anglais",
    "cuántas filas hay": "inglés",
    "quantas linhas tem a tabela": "inglês",
    "quante righe ci sono": "inglese",
    "hoeveel rijen zijn er": "Engels",
    "平均价格是多少": "英语",
    "平均価格はいくらですか": "英語",
    "какая средняя цена": "английском",
}


@pytest.mark.parametrize("source", KERNELS.values(), ids=KERNELS.keys())
def test_each_question_that_is_suggested_is_answered(
    offline_with: Callable[[str], OfflineSession], source: str
) -> None:
    session = offline_with(source)
    reply = session.ask("qwxyz the frobnicated zibbles")
    assert reply.declined is not None
    assert reply.suggestions[-1].query == "/model"
    assert len(reply.suggestions) >= 3
    for suggestion in reply.suggestions[:-1]:
        answer = session.fresh().ask(suggestion.query)
        assert answer.declined is None, f"{suggestion.query}: {answer.text}"
        assert "could not" not in answer.text
        assert "failed" not in answer.text.partition("\n")[0]


def test_a_refusal_names_the_word_and_what_there_is(offline: OfflineSession) -> None:
    reply = offline.ask("average price on solstices")
    assert reply.declined is not None
    assert "solstices" in reply.declined.words
    assert "the table `df`, 200 rows × 6 columns: `city`" in reply.text
    assert "1. *" in reply.text


def test_a_number_asks_the_question_that_stood_behind_it(offline: OfflineSession) -> None:
    first = offline.ask("average price on solstices").suggestions[0].query
    assert offline.ask("1").text == offline.fresh().ask(first).text


@pytest.mark.parametrize("question", ["whats in here", "do a quick eda", "???", "huh", "?", "what can i do here"])
def test_some_questions_ask_for_what_there_is(offline: OfflineSession, question: str) -> None:
    reply = offline.ask(question)
    assert reply.declined is None
    assert "the table `df`" in reply.text
    assert reply.suggestions


@pytest.mark.parametrize(
    "question", ["???", "wtf", "why", "error pls help", "huh", "did it work?", "which function raised", "it broke"]
)
def test_after_an_error_short_words_are_about_it(offline_with: Callable[[str], OfflineSession], question: str) -> None:
    session = offline_with("def half(amount):\n    return amount / 0")
    session.run_cell("half(4)")
    text = session.ask(question).text
    assert "ZeroDivisionError" in text
    assert "half" in text


@pytest.mark.parametrize(("question", "english"), LANGUAGES.items())
def test_another_language_is_answered_in_it(offline: OfflineSession, question: str, english: str) -> None:
    reply = offline.ask(question)
    assert reply.declined is not None
    assert english in reply.text.partition("\n")[0]


@pytest.mark.parametrize(
    "question", ["mean price per city", "total per furnished", "what is the max price", "prices in Berlin by rooms"]
)
def test_english_is_not_taken_for_another_language(offline: OfflineSession, question: str) -> None:
    assert "/model" not in offline.ask(question).text.partition("\n")[0]


@pytest.mark.parametrize(
    "question",
    [
        "book me a table for two",
        "what is the traffic in Graz today",
        "send the table to my boss",
        "how is the weather",
        "order more screws",
        "please call the plumber",
    ],
)
def test_what_lies_outside_of_the_notebook_is_refused_with_the_reason(offline: OfflineSession, question: str) -> None:
    reply = offline.fresh().ask(question)
    assert reply.text.startswith("I cannot do that: I do not understand `"), reply.text
    assert "no network" in reply.text
    assert "**There is**" not in reply.text
    assert reply.declined is not None
