"""Hidden state: what is stale, what to run, and whether Restart & Run All would work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.offline_session import OfflineSession, write_notebook


@pytest.fixture
def offline_stale(offline_with: Callable[[str], OfflineSession], tmp_path: Path) -> OfflineSession:
    """`rate` was changed after `total` had been made from it; one cell never ran."""
    offline = offline_with("pass")
    offline.run_cell("rate = 1", cell_id="c0")
    offline.run_cell("total = rate * 10", cell_id="c1")
    offline.run_cell("rate = 2", cell_id="c0")
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "id": "c0", "source": "rate = 2", "execution_count": 4},
        {"cell_type": "code", "id": "c1", "source": "total = rate * 10", "execution_count": 3},
        {"cell_type": "code", "id": "c2", "source": "later = 1"},
    ]
    return offline.fresh(notebook=write_notebook(tmp_path / "n.ipynb", cells))


@pytest.mark.parametrize(
    "question",
    [
        "is anything stale?",
        "what is out of date?",
        "would restart and run all work?",
        "would Restart & Run All reproduce this notebook?",
        "is this notebook reproducible?",
        "does it still work if I restart the kernel and run all cells?",
        "which cells do I need to run?",
        "what cells should I rerun?",
    ],
)
def test_hidden_state_is_told(offline_stale: OfflineSession, question: str) -> None:
    reply = offline_stale.ask(question)
    assert "check_notebook" in reply.called
    assert "rate was changed by" in reply.text
    assert "To be fresh again, run" in reply.text
    assert reply.ran == []


def test_one_variable_is_told_first(offline_stale: OfflineSession) -> None:
    assert offline_stale.ask("is total stale?").text.startswith("`total` is stale.")
    assert offline_stale.ask("is rate up to date?").text.startswith("`rate` is not stale.")


def test_without_a_notebook_nothing_is_claimed(offline_with: Callable[[str], OfflineSession]) -> None:
    assert "no notebook that I can reach" in offline_with("x = 1").ask("is anything stale?").text
