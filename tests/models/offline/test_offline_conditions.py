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


@pytest.mark.parametrize("question", ["repairs in 2016", "boats 3", "row 70 of boats", "work 3"])
def test_a_number_that_rows_do_not_have_is_no_place(yard_shell: Any, question: str) -> None:
    reply = OfflineSession(yard_shell).ask(question)
    assert not reply.ran, reply.text
    assert reply.declined is not None
