"""The judge of everyday questions: what is right, partly right, declined and wrong, on replies made for it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from benchmarks.questions.judge import Question, code_of, judge
from benchmarks.questions.run import FOLDER, read_questions
from benchmarks.questions.values import Either, encode

REGIONS = pd.Series({"North": 90039.19, "East": 52887.44})
LEVELS = pd.Series([5.5, 7.25], index=pd.MultiIndex.from_tuples([("Ulm", 2010), ("Ulm", 2012)]))
SHOWN = "Sum of `revenue` by `region`:\n\n```text\nregion\nEast     52887.44\nNorth    90039.19\n\n[0.0 s]\n```"
MANY = "```text\n" + "\n".join(f"{number}    town {number}" for number in range(40)) + "\n```"
REFUSAL = "I am the offline assistant and cannot answer that."


def _asked(kind: str = "aggregate", **fields: Any) -> Question:
    return Question("id", "sales", kind, ["?"], **fields)


@pytest.mark.parametrize(
    ("value", "reply", "verdict"),
    [
        (1234.5678, "The mean is **1,234.57**.", "right"),
        (1234.5678, "The mean is 1,234.", "wrong"),
        (3, "There are 3.5 on average.", "wrong"),
        (0.1875, "It is 18.8 %.", "right"),
        (0.1875, "It is 18.8.", "wrong"),
        (0, "`df` has no missing values.", "right"),
        (7, "It was made in In [7] on 2024-07-07.", "wrong"),
        ("North", SHOWN, "partly"),
        ("East", SHOWN, "right"),
        (REGIONS, SHOWN, "right"),
        (REGIONS, SHOWN.replace("90039.19", "90039.91"), "partly"),
        (REGIONS, "North: 52,887.44, East: 90,039.19", "partly"),
        (LEVELS, "```text\nUlm  2010    5.50\n     2012    7.25\n```", "right"),
        (["b", "a"], "a, then b", "partly"),
        ({"b", "a"}, "a, then b", "right"),
        ({"town 3"}, MANY, "partly"),
        (Either(1, "Ida"), "It was Ida.", "right"),
        (date(2024, 3, 5), "On March 5, 2024.", "right"),
        (timedelta(hours=7, minutes=30), "7 h 30 min", "right"),
        (timedelta(days=2, hours=8), "```text\n2 days 08:00:00\n```", "right"),
        (5, "```python\nlen(df)  # 5\n```", "wrong"),
        (5, REFUSAL, "declined"),
        (5, "I find no `KL` among the variables.", "declined"),
        (5, "Which table do you mean: `t` or `twice`?", "declined"),
        (5, "*I find no `year` in the data and left it out.*\n\nThe sum is **8**.", "wrong"),
        ({"Cannot log in"}, "The row:\n\n```text\n3    Cannot log in\n```", "right"),
        (5, "There is no `gene`; I take it as `gene_40`.\n\nIts mean is 4.", "wrong"),
        ("milk", "5 items of `str`: `bread`, `milk`", "partly"),
        (
            ["fig", "pear"],
            "2 keys: `pear`, `fig`\n\n| key | value |\n| --- | --- |\n| `pear` | 2 |\n| `fig` | 1 |",
            "partly",
        ),
    ],
)
def test_a_value_is_looked_for_in_what_is_shown(value: Any, reply: str, verdict: str) -> None:
    assert judge(_asked(expected="?"), json.loads(json.dumps(encode(value))), reply) == verdict


def test_code_that_shows_the_value_is_as_good_only_where_code_was_wanted() -> None:
    reply = "```python\ndf.sort_values('a')\n```"
    assert code_of(reply) == ["df.sort_values('a')\n"]
    assert judge(_asked(expected="?"), 5, reply, trial="5") == "partly"
    assert judge(_asked(expected="?", code_is_enough=True), 5, reply, trial="5") == "right"
    assert judge(_asked(expected="?", code_is_enough=True), 5, reply, trial="", raises=True) == "wrong"


def test_patterns_decide_where_no_value_is_expected() -> None:
    question = _asked("plot", must=["hist", "price"], never=["dropna"])
    assert judge(question, None, "plt.hist(df['price'])") == "right"
    assert judge(question, None, "plt.hist(df['cost'])") == "partly"
    assert judge(question, None, "The mean of price is 5.") == "wrong"
    assert judge(question, None, "plt.hist(df['price'].dropna())") == "wrong"
    assert judge(question, None, "plt.hist(df['price'])", raises=True) == "wrong"
    assert judge(question, None, "Try hist of price.", declined=True) == "declined"


def test_a_change_is_right_if_what_has_to_hold_afterwards_holds() -> None:
    question = _asked("clean", after="len(df) == 2")
    assert judge(question, None, "```python\ndf = df.dropna()\n```") == "right"
    assert judge(question, None, "```python\ndf = df.dropna()\n```", holds=False) == "wrong"
    assert judge(question, None, "```python\ndf = df.dropna()\n```", raises=True) == "wrong"


def test_each_change_says_what_has_to_hold() -> None:
    questions = read_questions("cleaning")
    assert len({question.id for question in questions}) == len(questions)
    assert all(question.after or question.must or question.may_decline for question in questions)


def test_what_nothing_answers_is_right_to_decline_and_a_card_of_what_is_there_is_an_overview() -> None:
    assert judge(_asked(may_decline=True), None, "There is no column `b`.") == "right"
    assert judge(_asked(may_decline=True), None, "The sum of `a` is 28.") == "wrong"
    assert judge(_asked("overview", must=["sales"]), None, "Here is `sales`.", declined=True) == "right"


def test_both_halves_have_the_same_kinds_and_no_question_twice() -> None:
    tuned, held_out = read_questions("tuned"), read_questions("held_out")
    kinds = [Counter(question.kind for question in half) for half in (tuned, held_out)]
    assert kinds[0].keys() == kinds[1].keys()
    assert all(abs(kinds[0][kind] - kinds[1][kind]) <= 1 for kind in kinds[0])
    questions = [*tuned, *held_out, *read_questions("unseen_1"), *read_questions("unseen_2")]
    assert len({question.id for question in questions}) == len(questions)
    kernels = {path.stem for path in (FOLDER / "kernels").glob("*.py")}
    for question in questions:
        assert question.kernel in kernels
        assert question.expected or question.must or question.after or question.may_decline
