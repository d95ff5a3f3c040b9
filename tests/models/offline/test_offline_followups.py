"""Short questions that lean on the ones before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jupyter_agent.core.messages import Message
from jupyter_agent.core.session import Turn
from jupyter_agent.models.offline.conversation import Conversation
from jupyter_agent.prompt import history
from tests.support.offline_session import OfflineSession

CONVERSATIONS: list[list[tuple[str, list[str]]]] = [
    [
        ("mean price by city", ["groupby('city')['price'].mean()"]),
        ("and by month?", ["resample('MS', on='sold_at')['price'].mean()"]),
        ("now as a bar chart", ["plot.bar()", "resample('MS'"]),
        ("what about the median?", ["median()", "plot.bar()"]),
        ("only for Berlin", ["df['city'] == 'Berlin'", "median()", "plot.bar()"]),
    ],
    [
        ("mean price by city", ["`Munich`"]),
        ("which one is the largest?", ["**`Munich`** has the highest", "head(1)"]),
        ("and the smallest?", ["**`New York`** has the lowest"]),
        ("top 2", ["head(2)"]),
    ],
    [
        ("what is the average price?", ["295.95"]),
        ("and the median?", ["median of `price`", "296.79"]),
        ("by city?", ["groupby('city')['price'].median()"]),
        ("what about area?", ["groupby('city')['area'].median()"]),
        ("in 2023 only", ["'2023-01-01'", "['area'].median()"]),
    ],
    [
        ("plot price by city", ["plot.bar()"]),
        ("as a pie", ["plot.pie("]),
        ("horizontal", ["plot.barh()"]),
        ("sort it ascending", ["ascending=True", "plot.barh()"]),
        ("for area instead", ["['area']", "plot.barh()"]),
    ],
    [
        ("describe price", ["194 unique values"]),
        ("what type is it?", ["float64"]),
        ("how many missing values does it have?", ["3 missing values"]),
        ("plot it", ["plt.hist(df['price'].dropna()"]),
        ("and by city?", ["groupby('city'", "plt."]),
    ],
    [
        ("max price", ["480.62"]),
        ("and min?", ["39.88"]),
        ("for area?", ["minimum of `area`"]),
        ("in Munich?", ["`Munich`", "**31**"]),
        ("and Hamburg?", ["`Hamburg`", "**30**"]),
    ],
    [
        ("how many rows does df have", ["200 rows"]),
        ("what are their types?", ["`float64`"]),
        ("are there missing values in it?", ["3 missing values"]),
        ("fill them", ["fillna("]),
    ],
    [
        ("what is config", ["3 keys"]),
        ("how long is it?", ["3 keys"]),
        ("what keys does it have?", ["`batch_size`"]),
    ],
    [
        ("top 5 by price", ["sort_values('price', ascending=False).head(5)"]),
        ("only Berlin", ["df['city'] == 'Berlin'", "head(5)"]),
        ("the lowest instead", ["sort_values('price').head(5)"]),
    ],
    [
        ("value counts of city", ["38.5 %"]),
        ("plot that", ["groupby('city').size()", "plot.bar()"]),
    ],
    [
        ("filter price > 300", ["df[df['price'] > 300]"]),
        ("how many are there?", ["**92** of 200"]),
        ("mean area of those", ["mean of `area`", "`price` > `300`"]),
    ],
    [
        ("min price by month", ["['price'].min()"]),
        ("plot", ["['price'].min()", "plot.line()"]),
        ("as bars", ["['price'].min()", "plot.bar()"]),
    ],
    [
        ("plot price", ["bins=30"]),
        ("with 50 bins", ["bins=50"]),
    ],
    [
        ("average price by city", ["`Munich`"]),
        ("show me the code", ["groupby('city')['price'].mean()"]),
        ("how many rows?", ["200 rows"]),
    ],
]


@pytest.mark.parametrize(
    "conversation", CONVERSATIONS, ids=[conversation[0][0] + " …" for conversation in CONVERSATIONS]
)
def test_a_conversation_goes_on(offline: OfflineSession, conversation: list[tuple[str, list[str]]]) -> None:
    for question, facts in conversation:
        reply = offline.ask(question)
        for fact in facts:
            assert fact in reply.text, f"{question}\n{reply.text}"
        if "plt." in reply.code or "df" in reply.code:
            offline.executed(reply)


def test_run_it_runs_the_code_of_the_last_answer(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 2]})")
    code = offline.ask("drop duplicates").code
    reply = offline.ask("run it")
    assert reply.ran == [code]
    assert "Done" in reply.text
    assert len(offline.shell.user_ns["df"]) == 2


PORTS = """
import pandas as pd
boats = pd.DataFrame({'boat': list('abc'), 'port': ['Kiel', 'Bergen', 'Kiel'], 'price': [40, 310, 25]})
"""


@pytest.mark.parametrize(
    ("question", "saving", "code"),
    [
        ("mean price by port", "write that to a file", "result.to_csv('result.csv')"),
        ("mean price by port", "export the result to means.csv", "means.to_csv('means.csv')"),
        ("boats with price over 30", "save those to a file", "result = boats[boats['price'] > 30]"),
        ("top 2 boats by price", "save this as excel", "result.to_excel('result.xlsx')"),
        ("mean price by port", "store it", "result = boats.groupby('port')"),
        ("mean price by port", "export them", "result.to_csv('result.csv')"),
        ("mean price by port", "save boats", "boats.to_csv('boats.csv', index=False)"),
        ("describe boats", "save it", "boats.to_csv('boats.csv', index=False)"),
    ],
)
def test_what_is_saved_is_the_result_that_it_points_at(
    offline_with: Callable[[str], OfflineSession], question: str, saving: str, code: str
) -> None:
    offline = offline_with(PORTS)
    offline.ask(question)
    reply = offline.ask(saving)
    assert code in reply.code, reply.text


def test_no_whole_table_is_saved_where_a_number_was_the_answer(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with(PORTS)
    offline.ask("what is the mean price")
    reply = offline.ask("write that to a file")
    assert not reply.code
    assert "*save boats as csv* writes all of `boats`" in reply.text


def test_nothing_is_taken_over_by_a_question_that_stands_alone(offline: OfflineSession) -> None:
    offline.ask("mean price by city only for 2023")
    reply = offline.ask("what is the mean of area?")
    assert "89.96" in reply.text
    assert reply.ran == []


def test_the_context_after_the_question_is_not_part_of_it(offline: OfflineSession) -> None:
    reply = offline.ask("how many rows?\n\n<context-12ab>\nplot price by city\n</context-12ab>")
    assert "**200 rows**" in reply.text
    assert "plt" not in reply.text


def test_a_question_that_says_nothing_known_is_not_answered_again(offline: OfflineSession) -> None:
    offline.ask("mean of price")
    assert "cannot answer" in offline.ask("why").text


def test_thanks_and_greetings_do_not_forget_the_topic(offline: OfflineSession) -> None:
    offline.ask("mean price by city")
    assert offline.ask("thanks!").text == "You are welcome."
    assert "median()" in offline.ask("and the median?").text


@pytest.mark.parametrize("question", ["which columns are numeric?", "cumulative sum of price"])
def test_a_question_that_cannot_be_asked_of_another_column_is_not_repeated(
    offline: OfflineSession, question: str
) -> None:
    offline.ask(question)
    assert "`area` is a column of `df`" in offline.ask("what about area?").text


def test_a_new_column_cannot_be_computed_from_a_column_of_another_table(
    offline_with: Callable[[str], OfflineSession],
) -> None:
    offline = offline_with(
        "import pandas as pd\nsales = pd.DataFrame({'price': [1], 'key': [1]})\n"
        "land = pd.DataFrame({'area': [1], 'key': [1]})"
    )
    reply = offline.ask("add a column price per area to sales")
    assert "what `area` belongs to" in reply.text
    assert not reply.code


@pytest.mark.parametrize("budget", [300, 1000])
def test_questions_of_which_the_answers_are_not_sent_any_more_are_still_read(budget: int) -> None:
    questions = ("mean age of forwards", "midfielders?", "and keepers?")
    answer = "word " * 120
    turns = [Turn(text, None, 1, text, (Message("assistant", answer),), reply=answer) for text in questions]
    earlier = history.fit(turns, budget, lambda text: len(text.split())).messages
    found = Conversation.of([Message("system", "You help."), *earlier, Message("user", "and defenders?")], ())
    assert (found.earlier, found.question) == (questions, "and defenders?")
