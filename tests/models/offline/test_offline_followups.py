"""Short questions that lean on the ones before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_agent.core.messages import Message
from jupyter_agent.core.session import Turn
from jupyter_agent.models.offline.conversation import Conversation
from jupyter_agent.prompt import history
from tests.support.offline_session import OfflineSession, new_shell

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
        ("top 2", ["sort_values(ascending=False).head(2)"]),
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


FLEET = """
import pandas as pd
import polars as pl
boats = pd.DataFrame({
    'boat': list('abcdefgh'),
    'port': ['Kiel', 'Bergen', 'Kiel', 'Turku', 'Kiel', 'Bergen', 'Turku', 'Kiel'],
    'kind': ['ferry', 'yacht', 'ferry', 'trawler', 'yacht', 'ferry', 'yacht', 'trawler'],
    'length_m': [60, 12, 45, 30, 9, 71, 14, 33],
    'price': [400.5, 310.0, 250.0, 90.0, 75.5, 410.0, 120.0, 99.0],
    'crew': [12, 3, None, 6, None, 15, 4, 7],
    'builder': ['Boh', 'Cai', 'Boh', 'Anders', 'Cai', 'Anders', 'Cai', 'Boh'],
    'insured': [True, True, False, True, False, True, True, True],
    'sold_on': pd.to_datetime(['2022-03-04', '2022-06-01', '2023-03-09', '2023-04-02', '2023-04-20', '2022-04-11', '2023-06-30', '2023-03-30']),
})
ports = pd.DataFrame({'port': ['Kiel', 'Bergen', 'Turku'], 'berths': [3, 5, 2]})
songs = pl.DataFrame({
    'song': ['Dawn', 'Rain', 'Fog', 'Ice', 'Moss', 'Tide'],
    'composer': ['Bach', 'Liszt', 'Bach', 'Haydn', 'Liszt', 'Bach'],
    'singer': ['Ada', 'Bea', 'Ada', 'Bea', 'Ada', 'Bea'],
    'rotation_rpm': [33, 45, 33, 78, 45, 33],
    'units': [50, 70, 30, 95, 20, 40],
    'released_year': [2020, 2021, 2020, 2022, 2021, 2021],
})
"""


@pytest.fixture(scope="module")
def fleet_shell() -> Any:
    return new_shell(FLEET)


@pytest.mark.parametrize(
    ("questions", "shown"),
    [
        # The ends of what was listed.
        ("mean price per port || the highest only", "**`Bergen`** has the highest mean of `price`: **360**"),
        ("mean price per port || just the top one || and the second?", "**`Kiel`** has the second highest mean"),
        ("mean price per port || sort it descending || just the top one", "**`Bergen`** has the highest"),
        ("mean price per port || only the lowest", "**`Turku`** has the lowest"),
        ("mean price per port || bottom 2", "sort_values(ascending=True).head(2)"),
        ("total units per composer || the best one", "**`Bach`** has the highest"),
        ("which port has the highest mean price || and the cheapest?", "**`Turku`** has the lowest"),
        ("which boat has the highest price || and the second? || and the third", "| `b` | 310 |"),
        ("which song has the most units || and the second one?", "| `Rain` | 70 |"),
        ("longest boat || and the shortest?", "| `e` | 9 |"),
        ("mean price per port || which is the cheapest?", "**`Turku`** has the lowest"),
        ("mean price in Kiel || which is the cheapest?", "| `e` | 75.5 |"),
        ("longest boat in Bergen || which is the cheapest?", "| `b` | 310 |"),
        ("most expensive boat || top 2", ".head(2)"),
        ("what is the highest price in Kiel || and the lowest price?", "75.5"),
        ("average price in Kiel || and the highest?", "The maximum of `price` in `boats` where `port` is `Kiel`"),
        ("average units per rotation_rpm in songs || which speed is best", "**`78`** has the highest mean of `units`"),
        ("total units per composer || which of those is the lowest", "**`Liszt`** has the lowest"),
        # How many that is.
        ("which port has the most boats || how many is that", "**4 rows** of 8"),
        ("which kind has the fewest boats || how many is that?", "**2 rows** of 8"),
        ("which port has the highest total price || how much is that?", "**825**"),
        ("which song has the most units || how many?", "| `Ice` | 95 |"),
        ("mean length_m per port || the longest only || how long is it?", "**41.5**"),
        ("boats with builder Boh || how many is that?", "**3** of 8"),
        # Shares.
        ("how many boats are insured || as a percentage", "(75 %)"),
        ("how many songs have over 45 units || what percentage is that", "(50 %)"),
        ("how many boats in Kiel || what share of all boats is that?", "(50 %)"),
        ("boats per kind || only 2023 || as a percentage", "values / values.sum()"),
        ("total units per composer || as shares of the total", "pl.col('units').sum()"),
        ("songs per singer in 2021 || as percentages", "0.6667"),
        ("total price of ferries || what percentage is that? || and yachts?", "is `yacht`: **28.8 %**"),
        # Another value, all else as it was.
        ("average price of ferries || yachts? || and trawlers", "where `kind` is `trawler` is **94.5**"),
        ("average price in march || april? || and june", "is in June is **215**"),
        ("mean price per kind in 2022 || and in 2023?", "groupby('kind')['price'].mean()"),
        ("total units per composer in 2020 || and in 2021?", "pl.col('released_year') == 2021).group_by('composer')"),
        ("mean price in 2022 || april?", "from `2022-04-01` to before `2022-05-01` is **410**"),
        ("average price of ferries in Kiel || and in Bergen?", "`kind` is `ferry` and `port` is `Bergen`"),
        ("how many boats in Kiel || how many per kind?", "boats[boats['port'] == 'Kiel'].groupby('kind').size()"),
        ("pivot table of price by port and kind || only 2023", "'2023-01-01') & "),
        ("by how much is Kiel higher than Bergen in mean price || and the median price?", "median of `price`"),
        # What belongs to the rows.
        ("how many boats have no crew || in which ports", "**1**.\n\n`Kiel`"),
        ("how many songs have over 45 units || which singers || how many", "is **2**"),
        ("how many boats have no crew || which ports", "`Kiel`"),
        ("longest boat || who built it?", "`Anders`"),
        ("which song has the most units || who composed it? || who sang it", "`Bea`"),
        ("songs with over 60 units || who composed them?", "select('song', 'composer')"),
        ("boats in Kiel || how many || who built them", "['builder']"),
        ("boats in Kiel || which has the lowest price || and the longest?", "| `a` | 60 |"),
        ("mean price per kind || sort by kind", "groupby('kind')['price'].mean()\n```"),
        ("mean price per kind in 2022 || units over 60", "songs.filter(pl.col('units') > 60)"),
        ("longest boat || and its crew?", "| `f` | 15 | 71 |"),
        ("longest boat || when was it sold?", "2022-04-11"),
    ],
)
def test_what_is_asked_goes_on_with_what_was_answered(fleet_shell: Any, questions: str, shown: str) -> None:
    offline = OfflineSession(fleet_shell)
    for question in questions.split(" || "):
        reply = offline.ask(question)
        assert reply.declined is None, f"{question}\n{reply.text}"
    assert shown in reply.text, reply.text


@pytest.mark.parametrize(
    "questions",
    [
        "which port has the highest mean price || how many is that?",
        "mean price per port || how many are there?",
        "top 3 boats by price || how many is that?",
        "mean price per port || as a percentage",
        "how many insured boats in Kiel || as a percentage",
        "what is the average number of boats per port? || as a percentage",
        "mean price per port || and the second?",
        "top 3 boats by price || and the second?",
        "mean price per port || sort it ascending || just the top one",
        "mean price per port || top 2 || the last one",
        "mean price per port || top 2 || sort it ascending",
        "top 3 boats by price || per port",
        "top 3 boats by price || and the mean length_m",
        "total price of ferries || what percentage is that? || and in Kiel?",
        "mean price per kind || only kinds with more than 2 boats",
        "longest boat per port || per kind",
        "longest boat per port || and the shortest?",
        "longest boat || who wrote it?",
        "which kind has the most boats || who built it?",
        "by how much is Kiel higher than Bergen in mean price || and Turku?",
        "boats per port || and the price?",
        "boats over 200 || under 300?",
        "boats sold since 2023 || in april",
        "mean price in april 2023 || and 2022?",
        "how many boats in Kiel || how many are insured?",
        "how many zebras in 2022 || how many in 2023?",
        "how many zebras in 2022 || and in 2023?",
        "which zebra is the oldest || which port is he in",
        "average price per zebra || and in march?",
        "longest boat || when was it built",
        "boats per kind || only ferries || as a percentage",
        "boats per kind || as a percentage || only ferries",
        "total units per released_year || the last one",
        "mean price per port || the lowest only || how many boats are that",
        "which port has the most boats || which is the cheapest",
        "longest boat || what else did they build?",
    ],
)
def test_what_does_not_fit_the_question_before_is_not_answered(fleet_shell: Any, questions: str) -> None:
    offline = OfflineSession(fleet_shell)
    for question in questions.split(" || "):
        reply = offline.ask(question)
    assert reply.declined is not None, reply.text


def test_where_there_are_fewer_it_is_said(fleet_shell: Any) -> None:
    offline = OfflineSession(fleet_shell)
    offline.ask("which port has the most boats")
    assert "There is no number 4" in offline.ask("and the fourth?").text


def test_a_column_with_a_small_word_in_its_name_has_a_plural(offline_with: Callable[[str], OfflineSession]) -> None:
    session = offline_with(
        "import pandas as pd\nstays = pd.DataFrame({'ward': list('abab'), 'no_show': [True, False, True, True], 'flag_i': [1, 0, 1, 0]})"
    )
    assert "**3** of 4" in session.fresh().ask("how many no shows were there").text
    assert session.ask("which flag is most frequent").declined is not None


def test_a_month_is_no_value_of_a_key_and_the_next_one_keeps_the_groups(
    offline_with: Callable[[str], OfflineSession],
) -> None:
    offline = offline_with(
        "import datetime as dt\nimport polars as pl\n"
        "taps = pl.DataFrame({'tap': ['T1', 'T2', 'T1', 'T2'], 'units': [4, 5, 6, 9], 'day': [dt.date(2024, month, 3) for month in (1, 1, 3, 3)]})\n"
        "per_tap = taps.group_by('tap').agg(pl.col('units').sum())"
    )
    assert "'T1'" not in offline.ask("units per tap in january").code
    reply = offline.ask("and in march?")
    assert "filter(pl.col('day').dt.month().is_in([3])).group_by('tap')" in reply.code, reply.text


def test_a_price_per_unit_is_asked_for_in_other_words(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with(
        "import pandas as pd\nteas = pd.DataFrame({'tea': ['Assam', 'Sencha'], 'caffeine': [50, 30], 'price_per_kg': [21.5, 48.0]})"
    )
    offline.ask("which tea has the most caffeine")
    assert "21.5" in offline.ask("how much does it cost per kg").text
    assert offline.fresh().ask("average cost per km").declined is not None
