"""Cells, definitions, files and changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.offline_session import OfflineSession, write_notebook

CELLS: list[dict[str, Any]] = [
    {"cell_type": "markdown", "source": "# Housing prices\nSome text."},
    {"cell_type": "code", "source": "import pandas as pd\nimport numpy as np", "execution_count": 1},
    {"cell_type": "markdown", "source": "## Load"},
    {
        "cell_type": "code",
        "source": "houses = pd.DataFrame({'price': [1.0, 2.0], 'city': ['a', 'b']})\nlimit = 3",
        "execution_count": 2,
    },
    {
        "cell_type": "code",
        "source": "def clean(frame):\n    '''Leave out gaps.'''\n    return frame.dropna()",
        "execution_count": 3,
    },
    {
        "cell_type": "code",
        "source": "by_city = clean(houses).groupby('city')['price'].mean().sort_values('price')",
        "execution_count": 7,
    },
    {"cell_type": "code", "source": "%matplotlib inline\nfor city in houses['city']:\n    print(city)"},
]


@pytest.fixture
def offline_notebook(offline_with: Callable[[str], OfflineSession], tmp_path: Path) -> OfflineSession:
    offline = offline_with("pass")
    for place, cell in enumerate(CELLS):
        if cell.get("execution_count") in (1, 2, 3):
            offline.run_cell(str(cell["source"]), cell_id=f"c{place}")
    return offline.fresh(notebook=write_notebook(tmp_path / "n.ipynb", CELLS))


@pytest.mark.parametrize(
    "question",
    [
        "summarise this notebook",
        "what does this notebook do?",
        "give me an overview of the notebook",
        "outline of the notebook",
        "explain the notebook",
    ],
)
def test_the_notebook_is_summarised(offline_notebook: OfflineSession, question: str) -> None:
    text = offline_notebook.ask(question).text
    for fact in (
        "7 cells",
        "5 of them code",
        "`Housing prices`",
        "`Load`",
        "imports `pandas`, `numpy`",
        "defines `houses`, `limit`",
        "`In [7]`",
        "(not run)",
    ):
        assert fact in text, text


@pytest.mark.parametrize(
    "question",
    [
        "what does cell 7 do?",
        "explain cell 7",
        "what does In [7] do",
        "explain cell number 7",
        "describe the last cell",
    ],
)
def test_a_cell_is_found_by_its_execution_count(offline_notebook: OfflineSession, question: str) -> None:
    text = offline_notebook.ask(question).text
    assert "groups by `'city'`" in text, text
    assert "takes the mean" in text


def test_each_statement_of_a_cell_is_said(offline_notebook: OfflineSession) -> None:
    text = offline_notebook.ask("explain cell 3").text
    assert "Defines the function `clean(frame)`: `Leave out gaps.`" in text
    text = offline_notebook.ask("what does cell 2 do").text
    assert "builds a table" in text
    assert "Sets `limit`: the value `3`" in text


def test_a_cell_that_is_not_there_is_not_invented(offline_notebook: OfflineSession) -> None:
    assert "There is no such cell" in offline_notebook.ask("what does cell 99 do").text


def test_cells_are_counted(offline_notebook: OfflineSession) -> None:
    assert "**7 cells**: 5 code (4 run), 2 text" in offline_notebook.ask("how many cells are there?").text


@pytest.mark.parametrize(
    "question",
    ["where is houses defined?", "which cell created houses", "where does houses come from?", "where was houses set"],
)
def test_the_defining_cell_is_shown(offline_notebook: OfflineSession, question: str) -> None:
    reply = offline_notebook.ask(question)
    assert "`houses` was last set in `In [3]`, cell 4 from the top." in reply.text
    assert reply.code.startswith("houses = pd.DataFrame")


def test_uses_are_listed(offline_notebook: OfflineSession) -> None:
    text = offline_notebook.ask("where is houses used?").text
    assert "Yes, `houses` is used in 2 cells" in text
    assert "`In [7]`" in text


def test_a_function_is_shown_with_its_cell(offline_notebook: OfflineSession) -> None:
    reply = offline_notebook.ask("what does clean do")
    assert "Leave out gaps." in reply.text
    assert "return frame.dropna()" in reply.code


def test_what_changed_is_told_against_the_last_look(offline_notebook: OfflineSession) -> None:
    assert "I do not know the variables as they were before" in offline_notebook.ask("what changed?").text
    assert "Nothing changed" in offline_notebook.ask("what changed?").text
    offline_notebook.run_cell(
        "limit = 4\nfresh = 1\ndel by_city" if "by_city" in offline_notebook.shell.user_ns else "limit = 4\nfresh = 1"
    )
    text = offline_notebook.ask("what changed since?").text
    assert "New: `fresh`" in text
    assert "`limit`: `3` → `4`" in text


@pytest.fixture
def offline_files(
    offline_with: Callable[[str], OfflineSession], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> OfflineSession:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales 2024.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "towns.tsv").write_text("a\tb\n1\t2\n", encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")
    return offline_with("x = 1").fresh(notebook=write_notebook(tmp_path / "n.ipynb", []))


READ = [
    ("read the csv", "sales_2024"),
    ("load 'sales 2024.csv'", "sales_2024"),
    ("how do I read the sales file?", "sales_2024"),
    ("read towns.tsv", "towns"),
    ("read twons.tsv", "towns"),
    ("open the jsonl file", "rows"),
    ("read the csv with polars", "sales_2024"),
]


@pytest.mark.parametrize(("question", "variable"), READ, ids=[case[0] for case in READ])
def test_a_file_beside_the_notebook_is_read(offline_files: OfflineSession, question: str, variable: str) -> None:
    names = offline_files.executed(offline_files.ask(question))
    assert len(names[variable]) == 1
    assert "a" in names[variable].columns


def test_files_are_listed(offline_files: OfflineSession) -> None:
    text = offline_files.ask("which files are there?").text
    assert "5 files" in text
    assert "`towns.tsv`" in text
    assert "1 file" in offline_files.fresh().ask("list csv files").text


def test_several_files_are_asked_about(offline_files: OfflineSession) -> None:
    assert "Which file" in offline_files.ask("read the data").text


def test_a_read_does_not_hide_a_variable(offline_with: Callable[[str], OfflineSession], tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("a\n1\n", encoding="utf-8")
    offline = offline_with("sales = 5").fresh(notebook=write_notebook(tmp_path / "n.ipynb", []))
    assert "sales_data = pd.read_csv('sales.csv')" in offline.ask("read sales.csv").code


def test_without_a_notebook_it_says_so(offline_with: Callable[[str], OfflineSession]) -> None:
    assert "cannot read the notebook's cells" in offline_with("x = 1").ask("summarise this notebook").text


def test_a_magic_within_a_block_leaves_the_cell_readable(
    offline_with: Callable[[str], OfflineSession], tmp_path: Path
) -> None:
    cell = {"cell_type": "code", "source": "for n in [1]:\n    %time print(n)", "execution_count": 1}
    offline = offline_with("pass").fresh(notebook=write_notebook(tmp_path / "n.ipynb", [cell]))
    assert "For each `n` of `[1]`" in offline.ask("what does cell 1 do?").text
