"""Errors that are only known by their code, as those of stored turns."""

from __future__ import annotations

import pytest

from jupyter_agent.core.errors import status_of


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("internal", 500),
        ("upstream_timeout", 504),
        ("store_full", 507),
        ("unknown_model", 400),
        (None, 500),
        ("x", 500),
    ],
)
def test_a_bug_of_ours_is_500_also_where_its_turn_is_asked_for_again(code: str | None, status: int) -> None:
    assert status_of(code) == status
