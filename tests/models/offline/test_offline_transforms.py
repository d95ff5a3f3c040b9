"""Changes to tables: each word has its part, the change is tried beside the table first, and what destroys is not offered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.offline_session import TOOLS, OfflineSession, new_shell

ROOMS = """
import pandas as pd
import polars as pl
rooms = pd.DataFrame({
    'room': ['A1', 'A2', 'B1', 'B2', 'B2', 'C1'],
    'kind': ['lab', 'office', 'lab', 'n/a', 'n/a', 'office'],
    'seats': [10.0, None, 30.0, 4.0, 4.0, 250.0],
    'rent': ['1,200 €', '900 €', '1,050 €', 'n/a', 'n/a', '700 €'],
    'free': [True, False, True, True, True, False],
    'since': pd.to_datetime(['2020-01-05', '2021-03-01', '2019-07-09', '2022-02-02', '2022-02-02', '2023-11-30']),
    'owner ': [' Ann', 'bob', 'ANN', 'Bob ', 'Bob ', 'Cy'],
    'grade': pd.Categorical(['low', 'high', 'low', None, None, 'high'], ['low', 'high'], ordered=True),
})
trips = pl.DataFrame({'line': ['a', 'b', 'b', None], 'late': [5, None, -2, 9], 'day': ['2024-01-01', '2024-01-02', '2024-01-02', 'x']})
gaps = pd.DataFrame({'p': [1.0, None], 'q': [None, None]})
"""


@pytest.fixture(scope="module")
def rooms_shell() -> Any:
    return new_shell(ROOMS)


#: A question, and what holds of the names after the code that answers it.
CHANGES: list[tuple[str, Callable[[Any], bool]]] = [
    ("drop rows where kind is office", lambda new: len(new["rooms"]) == 4),
    ("remove rooms with more than 100 seats", lambda new: len(new["rooms"]) == 5 and new["rooms"].seats.isna().any()),
    ("get rid of rooms without seats", lambda new: new["rooms"].seats.notna().all() and len(new["rooms"]) == 5),
    ("drop kind and rent", lambda new: list(new["rooms"])[:2] == ["room", "seats"]),
    ("keep only room and seats", lambda new: list(new["rooms"]) == ["room", "seats"]),
    ("dedupe rooms", lambda new: len(new["rooms"]) == 5),
    ("remove duplicate rooms by kind, keep the last", lambda new: list(new["rooms"].room) == ["B1", "B2", "C1"]),
    ("fill seats with 0", lambda new: new["rooms"].seats[1] == 0),
    ("fill missing seats with the mean per kind", lambda new: new["rooms"].seats[1] == 250),
    ("ffill seats", lambda new: new["rooms"].seats[1] == 10),
    ("replace 'n/a' in kind with missing", lambda new: new["rooms"].kind.isna().sum() == 2 and "n/a" in set(new["rooms"].rent)),
    ("replace office with bureau", lambda new: set(new["rooms"].kind) == {"lab", "bureau", "n/a"}),
    ("map lab to L and office to O in kind", lambda new: set(new["rooms"].kind) == {"L", "O", "n/a"}),
    ("set seats to 5 where kind is office", lambda new: list(new["rooms"].seats[[1, 5]]) == [5, 5]),
    ("rename room to Room Name and kind to type", lambda new: list(new["rooms"])[:2] == ["Room Name", "type"]),
    ("convert seats to int", lambda new: str(new["rooms"].seats.dtype) == "Int64"),
    ("make free an integer", lambda new: new["rooms"].free.sum() == 4 and new["rooms"].free.dtype == "int64"),
    ("convert grade to numbers", lambda new: new["rooms"].grade.isna().sum() == 2 and new["rooms"].grade[0] == 1),
    ("strip and lowercase owner", lambda new: set(new["rooms"]["owner "]) == {"ann", "bob", "cy"}),
    ("cap seats at 100", lambda new: new["rooms"].seats.max() == 100),
    ("clip seats to between 5 and 20", lambda new: set(new["rooms"].seats.dropna()) == {10, 20, 5}),
    ("normalize seats", lambda new: new["rooms"].seats.max() == 1),
    ("remove outliers in seats", lambda new: 250 not in set(new["rooms"].seats) and len(new["rooms"]) == 5),
    ("move seats to the front", lambda new: list(new["rooms"])[:2] == ["seats", "room"]),
    ("add a column double = seats * (1 + 1)", lambda new: new["rooms"].double[0] == 20),
    ("add a year column from since", lambda new: list(new["rooms"].year)[:2] == [2020, 2021]),
    ("create a column big where seats > 20", lambda new: list(new["rooms"].big) == [False, False, True, False, False, True]),
    ("sort rooms by seats descending in place", lambda new: new["rooms"].seats.iloc[0] == 250),
    ("set room as index of rooms", lambda new: new["rooms"].index.name == "room"),
    ("make the column names of rooms snake case", lambda new: "owner" in new["rooms"]),
    ("drop rows of trips with late below 0", lambda new: new["trips"]["late"].to_list() == [5, None, 9]),
    ("i do not need kind, drop it", lambda new: "kind" not in new["rooms"]),
    ("drop columns with more than 30% missing from rooms", lambda new: "grade" not in new["rooms"] and "seats" in new["rooms"]),
    ("drop the empty columns of gaps", lambda new: list(new["gaps"]) == ["p"]),
    ("replace n/a in kind by missing", lambda new: new["rooms"].kind.isna().sum() == 2),
    ("fill late with the median", lambda new: new["trips"]["late"].null_count() == 0),
    ("dropna in trips", lambda new: new["trips"].height == 2),
    ("cast late to float", lambda new: str(new["trips"]["late"].dtype) == "Float64"),
    ("rename late to delay", lambda new: "delay" in new["trips"].columns),
]  # fmt: skip


@pytest.mark.parametrize(("question", "holds"), CHANGES, ids=[question for question, _ in CHANGES])
def test_a_change_is_tried_and_does_what_was_asked(
    rooms_shell: Any, question: str, holds: Callable[[Any], bool]
) -> None:
    before = rooms_shell.user_ns["rooms"].copy()
    offline = OfflineSession(rooms_shell)
    reply = offline.ask(question)
    assert reply.ran, reply.text
    assert holds(offline.executed(reply)), reply.text
    assert before.equals(rooms_shell.user_ns["rooms"])


PARCELS = """
import pandas as pd
parcels = pd.DataFrame({'route': ['N', 'S', 'N', 'W'], 'half': [1, None, 2, None], 'remark': [None] * 4})
twin = pd.DataFrame([[1, 10, 7], [2, 20, 8], [2, 20, 9]], columns=['w', 'n', 'w'])
"""


@pytest.mark.parametrize(
    "question",
    [
        "delete the column that has no values", "remove columns with no data from parcels", "get rid of the column with nothing in it",
        "drop the columns of parcels without any values", "drop the column where everything is missing", "throw the empty column away",
        "delete columns with only missing values",
    ],
)  # fmt: skip
def test_a_column_without_values_goes_and_no_word_of_the_request_is_a_value_of_rows(
    offline_with: Callable[[str], OfflineSession], question: str
) -> None:
    offline = offline_with(PARCELS.partition("twin")[0])
    new = offline.executed(offline.ask(question))["parcels"]
    assert list(new) == ["route", "half"]
    assert len(new) == 4


@pytest.mark.parametrize(
    "question", ["drop the column with no route", "remove the columns that are N", "delete the column of N"]
)
def test_where_columns_are_spoken_of_no_rows_go(offline_with: Callable[[str], OfflineSession], question: str) -> None:
    assert not offline_with(PARCELS.partition("twin")[0]).ask(question).code


def test_no_is_the_value_n_only_beside_a_y(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with("import pandas as pd\nv = pd.DataFrame({'ok': ['Y', 'N', 'Y'], 'way': ['N', 'S', 'W']})")
    assert "`ok` is `N`" in offline.ask("how many no in ok").text
    assert "`way` is `N`" not in offline.fresh().ask("how many no in way").text


@pytest.mark.parametrize(
    "question",
    [
        "remove the repeated columns of twin", "drop duplicate columns of twin", "remove columns of twin that occur twice",
        "delete the columns of twin with the same name", "take the duplicate columns out of twin", "get rid of repeated column names in twin",
    ],
)  # fmt: skip
def test_repeated_columns_go_and_all_rows_stay(offline_with: Callable[[str], OfflineSession], question: str) -> None:
    offline = offline_with(PARCELS)
    reply = offline.ask(question)
    assert offline.executed(reply)["twin"].to_numpy().tolist() == [[1, 10], [2, 20], [2, 20]], reply.text


@pytest.mark.parametrize(
    "question",
    [
        "tidy up the column names", "clean the headers", "normalize column names", "fix the column names of kit", "make the column names neat",
        "sanitize the column names",
    ],
)  # fmt: skip
def test_column_names_are_tidied(offline_with: Callable[[str], OfflineSession], question: str) -> None:
    offline = offline_with(
        "import pandas as pd\nkit = pd.DataFrame({' Boat Name': ['Heron'], 'Length (m)': [1], 'SailArea': [4]})"
    )
    assert list(offline.executed(offline.ask(question))["kit"]) == ["boat_name", "length_m", "sail_area"]
    assert "What shall be tidied?" in offline.fresh().ask("tidy up kit").text


GAPS_AND_REPEATS = [
    ("how many missing values are there?", "leave those rows out", "dropna()"),
    ("any missing values?", "throw those rows away", "dropna()"),
    ("are there gaps", "kick those out", "dropna()"),
    ("is there missing data", "delete those rows", "dropna()"),
    ("are there missing values in tag?", "remove them", "dropna(subset=['tag'])"),
    ("are there any duplicates?", "take them out", "drop_duplicates()"),
    ("do any rows repeat", "filter them out", "drop_duplicates()"),
    ("duplicates in tag?", "remove those", "drop_duplicates(subset=['tag'])"),
    ("how many rows have n over 2", "leave those out", "tags[~(tags['n'] > 2)]"),
]


@pytest.mark.parametrize(("question", "change", "code"), GAPS_AND_REPEATS)
def test_they_are_the_gaps_or_the_repeated_rows_that_were_counted(
    offline_with: Callable[[str], OfflineSession], question: str, change: str, code: str
) -> None:
    offline = offline_with(
        "import pandas as pd\ntags = pd.DataFrame({'tag': ['a', 'b', 'a', 'c', None], 'n': [1, 2, 1, 3, 9]})"
    )
    offline.ask(question)
    assert code in offline.ask(change).code


DESTROYS = [
    ("drop rows with missing values in gaps", "0 of 2 rows"),
    ("remove rooms with fewer than 1000 seats and at least 0 seats", ""),
    ("convert room to numbers", "that would lose data"),
    ("convert kind to dates", "that would lose data"),
    ("fill seats with 'many'", "turn all of it into text"),
    ("rename room to kind", "has a column `kind` already"),
    ("strip seats", "not text"),
]


@pytest.mark.parametrize(("question", "why"), DESTROYS)
def test_what_would_destroy_is_not_offered(rooms_shell: Any, question: str, why: str) -> None:
    reply = OfflineSession(rooms_shell).ask(question)
    assert why in reply.text
    if why:
        assert not reply.code, reply.text


def test_rows_before_and_after_and_what_changes_are_named(rooms_shell: Any) -> None:
    assert "**5 of 6 rows** stay" in OfflineSession(rooms_shell).ask("remove rooms without seats").text
    assert "**all 6 rows** stay" in OfflineSession(rooms_shell).ask("drop rooms without owner").text
    filled = OfflineSession(rooms_shell).ask("fill seats with 0").text
    assert "1 missing value before, **0** after" in filled
    stripped = OfflineSession(rooms_shell).ask("strip owner").text
    assert "**3 values** of 6 change" in stripped


def test_what_may_not_run_is_marked_untried_and_checked_by_what_is_known(rooms_shell: Any) -> None:
    tools = [tool for tool in TOOLS if tool.spec.name != "run_code"]
    offline = OfflineSession(rooms_shell, tools=tools)
    reply = offline.ask("fill seats with 0")
    assert "**Untried**" in reply.text
    assert "fillna(0)" in reply.code
    assert not offline.fresh().ask("drop rows with missing values in gaps").code
    assert not offline.fresh().ask("convert kind to numbers").code


REFUSED = {
    "drop rows where kind is office on solstices": "solstices",
    "fill seats with the mean per floor": "floor",
    "frobnicate the seats": "frobnicate",
    "drop the colour column": "colour",
    "rename colour to shade": "colour",
    "convert seats to furlongs": "furlongs",
    "strip owner except for Ann's cousin": "cousin",
}


@pytest.mark.parametrize(("question", "word"), REFUSED.items())
def test_a_word_of_a_change_that_nothing_took_is_named(rooms_shell: Any, question: str, word: str) -> None:
    reply = OfflineSession(rooms_shell).ask(question)
    assert not reply.code, reply.text
    assert f"`{word}`" in reply.text.partition("\n")[0]


def test_they_are_what_was_asked_about_before(rooms_shell: Any) -> None:
    offline = OfflineSession(rooms_shell)
    offline.ask("which rooms have more than 100 seats")
    reply = offline.ask("drop them")
    assert "**5 of 6 rows** stay" in reply.text


def test_a_column_of_a_secret_shows_no_value(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with(
        "import pandas as pd\nkeys = pd.DataFrame({'api_key': ['sk-1234567890abcdefABCD ', 'sk-0987654321fedcbaDCBA ']})"
    )
    assert "1234567890" not in offline.ask("strip api_key").text


def test_spellings_types_and_gaps_of_columns_are_known(rooms_shell: Any) -> None:
    offline = OfflineSession(rooms_shell)
    assert "' Ann'" in offline.ask("owner spelled differently?").text
    assert "category" in offline.fresh().ask("dtype of grade").text
    assert "**1 missing value**" in offline.fresh().ask("missing seats?").text
    assert "**2** of 4 rows" in offline.fresh().ask("how many trips are complete").text
    assert "repeat an earlier row in `kind`" in offline.fresh().ask("duplicates in kind?").text
