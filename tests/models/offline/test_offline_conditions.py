"""Conditions that are said in passing: a row's number, a column that is there, a part of a whole."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.offline_session import OfflineSession, new_shell

YARD = """
import {module} as lib
boats = lib.DataFrame({{
    'boat_id': [1, 2, 3, 4, 5, 6], 'boat': ['Gull', 'Tern', 'Skua', 'Rail', 'Knot', 'Coot'],
    'berths': [4, 2, 8, 6, 2, 4], 'built': [1998, 2005, 2012, 2005, 2018, 2021], 'insured': [True, False, True, True, False, True],
}})
repairs = lib.DataFrame({{
    'repair_no': [71, 72, 73, 74, 75], 'boat_id': [1, 3, 3, 6, 9], 'work': ['hull', 'mast', 'hull', 'sail', 'mast'],
    'hours': [5.0, 9.0, 2.5, 4.0, 1.0],
}})
"""


@pytest.fixture(scope="module", params=["pandas", "polars"])
def yard_shell(request: pytest.FixtureRequest) -> Any:
    return new_shell(YARD.format(module=request.param))


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("boat 3", "| 3 | `Skua` | 8 |"),
        ("boat #2", "| 2 | `Tern` | 2 |"),
        ("berths of boat 4", "| 6 |"),
        ("is boat 5 insured", "false"),
        ("is boat 4 insured", "true"),
        ("hours of repair 72", "| 9 |"),
        ("repair 74", "`sail`"),
        ("repairs of boat 3", "**2 rows**"),
        # The place of a row, and other numbers
        ("row 3 of boats", "Rail"),
        ("the work of row 0 of repairs", "hull"),
        ("first 2 boats", "| 2 | `Tern` |"),
        ("boats with more than 4 berths", "**2 rows**"),
    ],
)
def test_a_number_after_what_rows_are_called_is_the_one_that_they_have(
    yard_shell: Any, question: str, shown: str
) -> None:
    reply = OfflineSession(yard_shell).ask(question)
    assert shown in reply.text.replace("True", "true").replace("False", "false"), reply.text
    assert "counted from 0" not in reply.text or "row" in question


@pytest.mark.parametrize(
    "question", ["repairs in 2016", "boats 3", "row 70 of boats", "work 3", "compare repair 72 with repair 74"]
)
def test_a_number_that_rows_do_not_have_is_no_place(yard_shell: Any, question: str) -> None:
    reply = OfflineSession(yard_shell).ask(question)
    assert not reply.ran, reply.text
    assert reply.declined is not None


PORT = """
import {module} as lib
crews = lib.DataFrame({{
    'crew_id': [1, 2, 3, 4, 5, 6], 'sailor': ['Aino', 'Bent', 'Cleo', 'Dora', 'Emil', 'Fay'],
    'rank': ['mate', 'cook', 'mate', 'deck', 'cook', 'mate'], 'deck': ['low', 'low', 'top', 'top', 'top', 'low'],
    'licence': ['x1', None, 'x3', None, 'x5', None], 'email': ['a@s', None, None, 'd@s', 'e@s', 'f@s'],
    'bonus': [0.0, 50.0, 0.0, 20.0, 0.0, 0.0], 'trained': [True, True, False, True, False, True], 'pay': [30, 20, 40, 25, 22, 36],
    'vessel_id': [7, 8, 7, 99, 8, 7],
}})
vessels = lib.DataFrame({{'vessel_id': [7, 8, 9], 'vessel': ['Orca', 'Puffin', 'Skate'], 'fare': [500.0, 120.0, 80.0]}})
"""


@pytest.fixture(scope="module", params=["pandas", "polars"])
def port_shell(request: pytest.FixtureRequest) -> Any:
    return new_shell(PORT.format(module=request.param))


@pytest.mark.parametrize(
    ("questions", "shown"),
    [
        (["what percent of crews are trained", "only the top deck"], "**1** of 3 (33.3 %)"),
        (["share of trained crews", "by rank"], "cook"),
        (["what percentage of crews are mate", "and cook"], "**2** of 6 (33.3 %)"),
        (["what fraction of crews is trained", "which ones"], "**4 rows**"),
        (["what fraction of crews is trained", "how many"], "**4** of 6"),
        (["how many crews are trained", "as a percentage", "only mates"], "**2** of 3 (66.7 %)"),
        (["what percent of mates are trained"], "**2** of 3 (66.7 %)"),
        (["percentage of crews with pay over 28"], "**3** of 6 (50 %)"),
        (["what share of crews has a licence"], "**3** of 6 (50 %)"),
        (["share of crews per rank"], "mate"),
        (["share of pay per rank"], "mate"),
        (["share of trained crews", "and their mean pay"], "27.75"),
        (["share of trained crews", "by deck", "which is highest"], "has the highest share"),
    ],
)
def test_a_share_is_of_the_rows_that_are_spoken_of(port_shell: Any, questions: list[str], shown: str) -> None:
    session = OfflineSession(port_shell)
    reply = [session.ask(question) for question in questions][-1]
    assert shown in reply.text, reply.text
    assert "by rank" not in questions or "0.5" in reply.text


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("how many crews with licence", "**3** of 6"),
        ("how many crews have a licence", "**3** of 6"),
        ("crews with licence and pay over 28", "**2 rows**"),
        ("crews with a licence and an email", "**2 rows**"),
        ("which mates have an email", "**2 rows**"),
        ("mean pay of crews that have an email", "28.25"),
        ("number of crews with email by deck", "low"),
        # Other things that stand behind these words
        ("crews with pay over 28", "**3 rows**"),
        ("crews with rank mate", "**3 rows**"),
        ("crews without email", "**2 rows**"),
        ("correlation of pay with bonus", "-0."),
        ("which rank has the highest pay", "mate"),
        ("how many crews have no licence", "**3** of 6"),
    ],
)
def test_with_a_column_is_where_it_is_not_missing(port_shell: Any, question: str, shown: str) -> None:
    reply = OfflineSession(port_shell).ask(question)
    assert shown in reply.text, reply.text


@pytest.mark.parametrize(
    "question",
    [
        "crews of low deck with a bonus",
        "how many crews have a bonus",
        "mates with pay",
        "share of licence",
        "crews with a vessel",
    ],
)
def test_with_a_column_that_has_no_gaps_or_zeros_is_not_answered(port_shell: Any, question: str) -> None:
    reply = OfflineSession(port_shell).ask(question)
    assert not reply.ran, reply.text
    assert reply.declined is not None


@pytest.mark.parametrize(
    ("question", "shown", "says"),
    [
        ("how many crews have no vessel", "**1** of 6", "missing in 0 rows of `crews`"),
        ("crews whose vessel is unknown", "**1 row**", "in no row of `vessels`"),
        ("crews without a vessel", "**1 row**", "missing in 0 rows"),
        ("how many crews are missing vessel_id", "**0** of 6", ""),
        ("crews with missing licence", "**3 rows**", ""),
        ("vessels without crews", "**1 row**", ""),
        ("crews where licence is unknown", "**3 rows**", ""),
    ],
)
def test_what_is_unknown_may_be_a_key_that_is_not_there(port_shell: Any, question: str, shown: str, says: str) -> None:
    reply = OfflineSession(port_shell).ask(question)
    assert shown in reply.text, reply.text
    assert says in reply.text
    assert bool(says) == ("itself is missing" in reply.text)


@pytest.mark.parametrize("question", ["most expensive vessel of the trained crews", "vessel with the highest fare"])
def test_a_key_of_another_table_is_shown_with_its_name(port_shell: Any, question: str) -> None:
    assert "Orca" in OfflineSession(port_shell).ask(question).text


SERIES = """
import {module} as lib
ferries = lib.DataFrame({{
    'harbour': ['Kiel'] * 4 + ['Turku'] * 4, 'year': [2001, 2002, 2003, 2004] * 2,
    'total trips': [5, 7, 6, 9, 2, 3, 4, 3], 'fare': [9.0, 9.5, 9.9, 10.4, 7.0, 7.1, 7.3, 7.7],
}})
parcels = lib.DataFrame({{
    'parcel_id': [1, 2, 3, 4, 5, 6], 'kind': ['crate', 'tube', 'crate', 'bag', 'tube', 'crate'], 'mass': [2.0, 1.0, 4.0, 0.5, 1.5, 3.0],
    'total fee': [4.0, 3.0, 8.0, 1.0, 3.5, 6.0], 'toll': [1, 1, 2, 1, 3, 1],
}})
"""


@pytest.fixture(scope="module", params=["pandas", "polars"])
def series_shell(request: pytest.FixtureRequest) -> Any:
    return new_shell(SERIES.format(module=request.param))


@pytest.mark.parametrize(
    ("question", "shown", "is_not"),
    [
        ("plot the fare of Kiel", "`fare` against `year`", "hist("),
        ("line plot of fare of Turku", "`fare` against `year`", "hist("),
        ("draw total trips of Turku", "against `year`", "hist("),
        ("plot mass of crate", "plot.bar()|plt.bar(", "hist("),
        ("bar chart of mass for each parcel", "parcel_id", "kind"),
        ("plot mass per parcel", "parcel_id", "hist("),
        ("line plot of mass per parcel", "row by row", "hist("),
        # As it was
        ("histogram of fare of Kiel", "hist(", "against"),
        ("histogram of mass", "hist(", "bar("),
        ("plot mass", "hist(", "bar("),
        ("box plot of mass by kind", "boxplot(", "hist("),
        ("scatter of mass and toll", "scatter(", "hist("),
        ("bar chart of mean mass by kind", "bar(", "hist("),
    ],
)
def test_a_picture_runs_along_the_years_and_has_a_bar_for_each_row(
    series_shell: Any, question: str, shown: str, is_not: str
) -> None:
    reply = OfflineSession(series_shell).ask(question)
    assert any(text in reply.text for text in shown.split("|")), reply.text
    assert is_not not in reply.text


@pytest.mark.parametrize("question", ["box plot of mass per parcel", "histogram of mass for each parcel"])
def test_one_value_has_no_distribution(series_shell: Any, question: str) -> None:
    assert OfflineSession(series_shell).ask(question).declined is not None


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("total fee by kind", "Sum of `total fee`"),
        ("total fee per kind", "Sum of `total fee`"),
        ("total total fee by kind", "Sum of `total fee`"),
        ("total trips by harbour", "Sum of `total trips`"),
        ("total fee and mass by kind", "um of `total fee`"),
        ("mean total fee by kind", "Mean of `total fee`"),
        ("max total fee by kind", "Maximum of `total fee`"),
        ("fee by kind", "Mean of `total fee`"),
        ("mass by kind", "Mean of `mass`"),
    ],
)
def test_what_is_called_total_is_added_up(series_shell: Any, question: str, shown: str) -> None:
    reply = OfflineSession(series_shell).ask(question)
    assert shown in reply.text, reply.text


def test_an_article_is_no_value() -> None:
    shell = new_shell(
        "import pandas as pd\nbooks = pd.DataFrame({'book': ['Emma', 'Dune'], 'shelf': ['A', 'B'], 'price': [3, 4]})"
    )
    assert "where" not in OfflineSession(shell).ask("price of a book").text
    assert "Emma" in OfflineSession(shell).ask("books where shelf is A").text
    assert OfflineSession(shell).ask("title with price").text
