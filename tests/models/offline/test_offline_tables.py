"""Questions about tables: each word is a part of the query, and the query gives the value that pandas gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.offline_session import OfflineSession, new_shell

STAFF = """
import pandas as pd
import polars as pl
staff = pd.DataFrame({
    'name': ['Ann Lee', 'Bob Ray', 'Cy Young', 'Di Fox', 'Ed Hall', 'Flo Kim'],
    'dept': ['IT', 'HR', 'IT', 'Ops', 'Ops', 'IT'],
    'salary': [5200, 4100, 6100, 3900, 4000, 7000],
    'birth_year': [1980, 1991, 1975, 1988, 1999, 1969],
    'hired': pd.to_datetime(['2015-03-01', '2019-07-12', '2010-01-05', '2021-11-30', '2023-02-14', '2005-06-01']),
    'remote': [True, False, True, False, True, False],
    'town': ['Oslo', 'Rome', 'Oslo', 'Bern', 'Rome', 'Bern'],
    'phone': ['1', None, '3', None, '5', '6'],
})
rivers = pl.DataFrame({
    'river': ['Aare', 'Drau', 'Elbe', 'Isar', 'Main', 'Oder'],
    'flows_to': ['Rhine', 'Danube', 'sea', 'Danube', 'Rhine', 'sea'],
    'length_km': [288, 710, 1094, 292, 527, 840],
    'depth': [3.0, 4.5, 9.0, 2.0, 5.5, None],
})
"""
TRADE = """
import numpy as np
import pandas as pd
clients = pd.DataFrame({
    'client_id': [1, 2, 3, 4], 'client_name': ['Ann Lee', 'Bob Ray', 'Cy Young', 'Di Fox'],
    'town': ['Oslo', 'Oslo', 'Rome', 'Bern'], 'email': ['a@x.org', None, 'c@x.org', None],
})
deals = pd.DataFrame({
    'deal_id': range(10, 20), 'client_id': [1, 1, 1, 2, 2, 3, 3, 3, 3, 9],
    'shipped_on': pd.Timestamp('2024-01-01'), 'day': pd.date_range('2023-11-20', periods=10, freq='9D'),
    'good': ['tea', 'tea', 'rum', 'tea', 'rum', 'ink', 'ink', 'tea', 'rum', 'ink'],
    'channel': ['web', 'web', 'shop', 'web', 'shop', 'fair', 'web', 'shop', 'web', 'fair'],
    'quantity': [2, 9, 4, 7, 1, 3, 8, 6, 5, 4],
    'revenue': [20.0, 90.0, 60.0, 70.0, 15.0, 9.0, 24.0, 60.0, 75.0, 12.0],
    'discount': [0.0, 0.1, None, 0.0, 0.2, 0.0, None, 0.1, 0.0, 0.0],
    'is_ok': [True, False, True, True, False, True, True, False, True, True],
})
scores = np.array([7, 31, 12, 5])
depots = ['Oslo', 'Rome']
rates = {'tea': 3, 'rum': 9}
"""
#: Each can be understood in two ways, or has a word that changes what is asked.
AMBIGUOUS = {
    "none or zero": ["how many deals have no discount", "average revenue without discount"],
    "what is counted": ["how many deals are there with more than 3 teas"],
    "a mean of sums": ["how many units of quantity per day on average"],
    "the direction of one key or of all": ["sort deals by channel and revenue descending", "deals ordered by good and quantity, highest first"],
    "a difference": ["difference between the mean and median revenue"],
    "a part of a name": ["last names of clients in Oslo"],
    "rows without a match": ["revenue of clients with no email"],
    "a place in the order of an array": ["second largest of scores", "third smallest value in scores"],
    "a group or a row": ["channels with more than 50 revenue", "top good in each channel", "most shipped good"],
    "when a match is missing": ["which clients have no deals in 2024"],
    "one side of two": ["mean revenue of tea deals vs all"],
    "whether it holds for all": ["does every client have an email"],
    "a word that the answer has no use for": [
        "how many depots have no deals for ink", "how many deals on the last day", "rates sorted, highest first", "revenue growth from 2023 to 2024",
        "average revenue per channel, only fine ones",
    ],
}  # fmt: skip
#: What is asked, and what has to be in the reply.
QUESTIONS = {
    "superlatives that want a row": [
        ("who earns the most", "| `Flo Kim` | 7,000 |"),
        ("who is the oldest", "`Flo Kim`"),
        ("who is the youngest", "`Ed Hall`"),
        ("newest employee", "`Ed Hall`"),
        ("which person has the lowest salary", "`Di Fox`"),
        ("second highest salary", "6,100"),
        ("the longest river", "`Elbe`"),
        ("deepest river in rivers", "`Elbe`"),
    ],
    "superlatives that want a group": [
        ("dept with the highest average salary", "**`IT`** has the highest mean"),
        ("most common town", "2 rows"),
        ("which dept has the most employees", "**`IT`**"),
        ("which town has the lowest mean salary", "**`Rome`**"),
        ("where flows_to is Danube, which river is the longest", "`Drau`"),
    ],
    "conditions": [
        ("salaries above average", "**3 rows**"),
        ("staff where dept is IT and salary > 6000", "**2 rows**"),
        ("salary <= 4000", "**2 rows**"),
        ("salary between 4000 and 6000", "**3 rows**"),
        ("how many have no phone", "**2** of 6"),
        ("average salary of remote staff", "**5,100**"),
        ("everyone except IT", "**3 rows**"),
        ("salary over 5000 and remote", "**2 rows**"),
        ("employees whose name starts with B", "`Bob Ray`"),
        ("how many employees were hired after 2018", "**3** of 6"),
        ("how many rivers are longer than 500", "**4** of 6"),
    ],
    "groups": [
        ("max salary per town", "| `Bern` | 7,000 |"),
        ("number of employees per dept", "| `IT` | 3 |"),
        ("total salary by town", "| `Oslo` | 11,300 |"),
        ("mean length by flows_to", "| `sea` | 967 |"),
        ("compare IT and HR by salary", "6,100"),
    ],
    "shares": [
        ("percentage of remote people", "50 %"),
        ("share of salary per dept", "0.604"),
        ("what percentage of the staff is in Ops", "(33.3 %)"),
        ("what percent of the rivers has flows_to = Danube", "(33.3 %)"),
        ("share of missing phone", "(33.3 %)"),
    ],
    "one value": [
        ("how much does Ann earn", "5,200"),
        ("salary of Bob", "4,100"),
        ("mean and median salary", "**4,650**"),
        ("is salary related to birth year", "-0.93"),
        ("length of the Oder", "840"),
    ],
}
CONVERSATIONS = [
    (["average salary", "only IT", "and Ops?"], "**3,950**"),
    (["average salary", "by town"], "| `Oslo` | 5,650 |"),
    (["who earns the most", "and the least"], "`Di Fox`"),
    (["who earns the most", "when was he hired"], "2005-06-01"),
    (["sort by salary descending", "only the first 2"], "head(2)"),
    (["mean salary by dept", "and the median?"], "median()"),
    (["total length by flows_to", "now the mean"], "| `Danube` | 501 |"),
]
#: What these cannot mean is not answered.
REFUSED = [
    "staff older than 40",
    "who has the longest name",
    "average shoe size of the staff",
    "salary of Bob in dollars per hour",
    "share of remote staff in IT that earns well",
]


@pytest.fixture(scope="module")
def staff_shell() -> Any:
    return new_shell(STAFF)


@pytest.mark.parametrize(
    ("question", "text"), [pair for pairs in QUESTIONS.values() for pair in pairs], ids=lambda value: str(value)[:40]
)
def test_a_question_becomes_the_query_that_it_asks_for(staff_shell: Any, question: str, text: str) -> None:
    assert text in OfflineSession(staff_shell).ask(question).text


@pytest.fixture(scope="module")
def trade_shell() -> Any:
    return new_shell(TRADE)


@pytest.mark.parametrize("question", [question for questions in AMBIGUOUS.values() for question in questions])
def test_no_reading_is_chosen_in_silence(trade_shell: Any, question: str) -> None:
    reply = OfflineSession(trade_shell).ask(question)
    assert not reply.ran, reply.text
    assert not reply.code
    assert "cannot" in reply.text or "do not understand" in reply.text


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("channel with the second most revenue", "**`shop`** has the second highest sum of `revenue`: **135**"),
        ("second most common good", "second highest number of rows"),
        ("mean revenue of web or shop deals", "is **51.75**"),
        ("deals with revenue over 60", "**3 rows**"),
        ("tea only", "**4 rows**"),
        ("deals of tea or ink over 60 revenue", "**2 rows**"),
        ("share of deals per channel", "50 %"),
        ("clients with more than 2 deals", "| `Cy Young` | 4 |"),
        ("how many towns have more than one client", "**1**"),
        ("only towns with at least two clients", "| `Oslo` | 2 |"),
        ("average number of deals per channel", "**3.333**"),
        ("average of the monthly revenue totals", "Mean of: Sum of `revenue` by month in `deals`: **435**"),
        ("share of web in each good", "| `tea` | 0.75 |"),
        ("percentage of tea deals per channel", "Share of the rows where `good` is `tea` by `channel`"),
        ("share of ok deals by channel", "| `web` | 0.8 |"),
        (
            "difference in mean revenue between web and shop",
            "is **10.8** more than where `channel` is `shop`.\n\n`web`: 55.8 and `shop`: 45.",
        ),
        ("sort deals by channel ascending and revenue descending", "ascending=[True, False]"),
        ("mean revenue of deals in 2030", "**No rows** of `deals` match"),
        ("total revenue of deals over 500 revenue", "**No rows** of `deals` match"),
        ("quartiles of revenue", "The 0.75 quantile of `revenue` in `deals` is **67.5**"),
        ("range of quantity", "The maximum of `quantity` in `deals` is **9**"),
        ("first 2 deals of web", "2 of 5 rows are shown"),
        ("when was the last deal", "2024-01-01"),
    ],
)
def test_what_is_said_of_groups_and_rows_is_all_used(trade_shell: Any, question: str, text: str) -> None:
    assert text in OfflineSession(trade_shell).ask(question).text


def test_a_name_does_not_take_the_word_behind_it() -> None:
    shell = new_shell(
        "import pandas as pd\nrun = pd.DataFrame({'flag_i': [True, False, True], 'flag_x': [True, True, True]})"
    )
    assert OfflineSession(shell).ask("which flag is most frequent").declined is not None


def test_rows_that_would_all_go_are_not_dropped() -> None:
    shell = new_shell("import pandas as pd\nodd = pd.DataFrame({'a': ['one', 'two', '3 g'], 'b': [None, None, None]})")
    dropped = OfflineSession(shell).ask("drop rows with missing values")
    assert "**0 of 3 rows** would stay" in dropped.text
    assert "dropna" not in dropped.code
    converted = OfflineSession(shell).ask("convert a to numbers")
    assert "that would lose data" in converted.text
    assert not converted.code
    assert (
        "**2 of 3 rows** stay"
        in OfflineSession(new_shell("import pandas as pd\nodd = pd.DataFrame({'a': [1, None, 3]})"))
        .ask("drop rows with missing a")
        .text
    )


@pytest.mark.parametrize(("questions", "text"), CONVERSATIONS, ids=lambda value: str(value)[:40])
def test_a_follow_up_edits_the_query(staff_shell: Any, questions: list[str], text: str) -> None:
    offline = OfflineSession(staff_shell)
    reply = [offline.ask(question) for question in questions][-1]
    assert text in reply.text, reply.text


@pytest.mark.parametrize("question", REFUSED)
def test_what_is_not_wholly_understood_is_not_answered(staff_shell: Any, question: str) -> None:
    reply = OfflineSession(staff_shell).ask(question)
    assert not reply.ran
    assert "cannot" in reply.text or "do not understand" in reply.text or "?" in reply.text


def test_only_tables_with_the_same_columns_are_named_besides_the_one_that_is_asked_about(
    offline_with: Callable[[str], OfflineSession],
) -> None:
    offline = offline_with(
        "import pandas as pd\n"
        "clients = pd.DataFrame({'client': ['Ada', 'Bo', 'Cy'], 'signup': pd.to_datetime(['2024-01-02', '2024-02-02', '2023-01-01'])})\n"
        "orders = pd.DataFrame({'order': [1, 2], 'client_name': ['Ada', 'Bo'], 'ordered': pd.to_datetime(['2024-03-01', '2024-04-01'])})\n"
        "some_orders = orders.head(1)\n"
    )
    assert "has these columns" not in offline.ask("newest client").text
    assert "`some_orders` has these columns, too" in offline.fresh().ask("newest order").text


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("mean of qty in wire", "**4**"),
        ("how many rows of wire have qty over 2", "**2**"),
        ("top 1 by qty", "| 8 | `c` |"),
        ("sort wire by qty", "wire.to_pandas().sort_values('qty')"),
        ("mean qty by unit", "| `c` | 8 |"),
        ("describe wire", "`wire` is a pyarrow table"),
        ("drop the column unit", "wire = type(wire).from_pandas("),
        ("add a column twice = qty * 2", "wire = type(wire).from_pandas("),
    ],
)
def test_a_table_of_arrow_is_computed_by_pandas_and_stays_one_of_arrow(
    offline_with: Callable[[str], OfflineSession], question: str, shown: str
) -> None:
    pytest.importorskip("pyarrow")
    session = offline_with("import pyarrow as pa\nwire = pa.table({'qty': [3, 1, 8], 'unit': ['a', None, 'c']})")
    reply = session.ask(question)
    assert shown in reply.text, reply.text
    if "from_pandas" in shown:
        assert type(session.executed(reply)["wire"]).__module__ == "pyarrow.lib"


LISTED = """
import {module} as lib
films = lib.DataFrame({{'film': ['A', 'B', 'C', 'D'], 'genres': [['war', 'drama'], ['drama'], ['farce', 'drama'], ['war']], 'score': [1, 2, 4, 8]}})
"""


@pytest.mark.parametrize("module", ["pandas", "polars"])
@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("most common genre", "**`drama`** has the highest number of rows: **3**"),
        ("how many different genres are there", "is **3**"),
        ("how many films by genres", "| `war` | 2 |"),
        ("mean score by genres", "| `war` | 4.5 |"),
    ],
)
def test_of_a_column_of_lists_the_elements_are_counted(module: str, question: str, shown: str) -> None:
    reply = OfflineSession(new_shell(LISTED.format(module=module))).ask(question)
    assert shown in reply.text, reply.text
    assert "each element of `genres` counts as a row" in reply.text


@pytest.mark.parametrize("module", ["pandas", "polars"])
@pytest.mark.parametrize("question", ["films with genre drama", "films whose genres is war"])
def test_a_column_of_lists_is_not_compared(module: str, question: str) -> None:
    reply = OfflineSession(new_shell(LISTED.format(module=module))).ask(question)
    assert not reply.ran, reply.text


HIVES = """
import {module} as lib
hives = lib.DataFrame({{
    'hive': ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'], 'site': ['hill', 'marsh', 'hill', 'grove', 'marsh', 'hill'],
    'honey': [12.0, 3.0, 9.0, 20.0, 6.0, 6.0], 'losses': [2, 9, 4, 1, 5, 3], 'frames': [10, 8, 8, 12, 8, 10],
    'tag': ['a1', None, 'a3', None, 'a5', None], 'mites_2023': [1, 2, 3, 4, 5, 6], 'mites_2024': [2, 2, 3, 4, 5, 6],
}})
visits = lib.DataFrame({{'visit': [1, 2, 3], 'hive': ['h1', 'h1', 'h4']}})
"""


@pytest.mark.parametrize("module", ["pandas", "polars"])
@pytest.mark.parametrize(
    ("question", "shown"),
    [
        # A group is ordered by what is computed of it.
        ("rank sites by mean honey", "| `grove` | 20 |\n| `hill` | 9 |\n| `marsh` | 4.5 |"),
        ("sort sites by total losses descending", "| `marsh` | 14 |"),
        ("order sites by mean losses, best first", "| `grove` | 1 |\n| `hill` | 3 |\n| `marsh` | 7 |"),
        # What is bad is more of a bad thing.
        ("hives by losses, worst first", "largest first"),
        ("sort hives by losses best first", "smallest first"),
        ("sort hives by honey, best first", "largest first"),
        ("order hives by honey worst first", "smallest first"),
        ("sort hives by frames, highest first", "largest first"),
        ("sort hives by frames smallest first", "smallest first"),
        # A count of what is not so.
        ("how many hives are not hill or marsh", "**1** of 6"),
        ("number of hives except grove", "**5** of 6"),
        ("how many hives without visits", "**4** of 6"),
        # A missing value repeats no other.
        ("duplicates in tag", "no duplicate rows"),
        ("is any tag used more than once", "no duplicate rows"),
        ("duplicates in frames", "**3**"),
    ],
)
def test_what_is_bad_left_out_or_missing_counts_as_it_should(module: str, question: str, shown: str) -> None:
    reply = OfflineSession(new_shell(HIVES.format(module=module))).ask(question)
    assert shown in reply.text, reply.text


@pytest.mark.parametrize(
    "question",
    [
        "mean mites_2022",
        "sum of mites_2025",
        "what is mites_2021",
        "mean honey and losses by site, sorted by losses",
        "sort hives by honey, oldest first",
    ],
)
def test_a_name_with_other_digits_and_an_order_that_does_not_fit_are_not_understood(question: str) -> None:
    reply = OfflineSession(new_shell(HIVES.format(module="pandas"))).ask(question)
    assert not reply.ran, reply.text
    assert reply.declined is not None


FERRIES = """
import pandas as pd
trips = pd.DataFrame({
    'trip': ['t1', 't2', 't3', 't4', 't5'], 'harbour': ['osl', 'kil', 'osl', 'trd', 'kil'],
    'to': ['kil', 'osl', 'trd', 'osl', 'trd'], 'deck': ['car', 'foot', 'car', 'foot', 'car'], 'full': [True, False, True, True, False],
})
"""


@pytest.mark.parametrize(
    "question", ["trips to kil from osl", "trips to kil", "car trips to trd", "deck to foot", "full to trd"]
)
def test_where_something_goes_changes_no_table(question: str) -> None:
    reply = OfflineSession(new_shell(FERRIES)).ask(question)
    assert "] = " not in reply.code, reply.text


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("full car", 2),
        ("foot trd", 1),
        ("car osl to trd", None),
        ("full", None),
        ("car", None),
        ("osl to kil", None),
        ("osl with kil", None),
    ],
)
def test_two_conditions_are_rows_and_a_lone_value_is_no_question(question: str, count: int | None) -> None:
    shell = new_shell(FERRIES.replace("'to': ['kil', 'osl', 'trd', 'osl', 'trd'], ", ""))
    reply = OfflineSession(shell).ask(question)
    assert (f"**{count} row" in reply.text) is (count is not None), reply.text


PARCELS = """
import pandas as pd
parcels = pd.DataFrame({'parcel': ['p1', 'p2', 'p3', 'p4'], 'kilos': [4.0, 9.0, 2.0, 5.0], 'depot': ['Ulm', 'Ulm', 'Jena', 'Jena'], 'phone': ['1', None, None, '4']})
"""


@pytest.mark.parametrize(
    ("turns", "shown"),
    [
        (["parcel with the most kilos", "how much?"], "| 9 |"),
        (["2nd row of parcels"], "`p2`"),
        (["third row of parcels"], "`p3`"),
        (["percentiles of kilos"], "0.75 quantile"),
        (["rows and cols of parcels"], "**4 rows** and **4 columns**"),
        (["how many cols does parcels have"], "**4 columns**"),
        (["mean kilos of the parcels dataframe"], "is **5**"),
        (["anyone without phone"], "**2 rows**"),
        (["how did kilos decline by depot"], "I understand each word"),
        (["parcels heavier than 5 kg and 7"], "what `5`, `kg`, `7` belong to"),
        (["9th row of parcels"], "cannot"),
    ],
)
def test_plain_words_for_what_is_understood_anyway(turns: list[str], shown: str) -> None:
    offline = OfflineSession(new_shell(PARCELS))
    reply = [offline.ask(turn) for turn in turns][-1]
    assert shown in reply.text, reply.text
