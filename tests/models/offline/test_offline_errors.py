"""The last error, why it came, and code that cures it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.models.offline.failure import CellError
from tests.support.offline_session import SALES, OfflineSession, new_shell, write_notebook

SETUP = """
import pandas as pd
import numpy as np
df = pd.DataFrame({'city': ['Berlin', 'Munich'], 'price': [1.0, 2.0], 'unit price': [3, 4]})
config = {'batch_size': 32}
scores = [3, 1, 4]
weights = np.arange(12.0).reshape(3, 4)
threshold = 0.75
def area_of(width, height=2.0):
    return width * height
"""


@pytest.fixture(scope="module")
def error_shell() -> Any:
    return new_shell(SETUP)


@pytest.fixture
def offline_error(error_shell: Any) -> OfflineSession:
    return OfflineSession(error_shell)


#: cell → facts of the answer; the value that the corrected cell yields
CURED: list[tuple[str, list[str], object]] = [
    ("threshhold + 1", ["NameError", "`threshold`"], 1.75),
    ("dff.shape", ["no `dff`", "`df`"], (2, 3)),
    ("pl.Series([1]).len()", ["not imported"], 1),
    ("json.dumps(1)", ["not imported", "import json"], "1"),
    ("prnt('x')", ["`print`"], None),
    ("df['prcie'].sum()", ["no column `prcie`", "`price`"], 3.0),
    ("df['unit_price'].sum()", ["`unit price`"], 7),
    ("df[['city', 'pricee']].shape", ["no column `pricee`"], (2, 2)),
    ("df.sort_values('pricee').shape", ["`price`"], (2, 3)),
    ("df.query('pirce > 1').shape", ["`price`"], (1, 3)),
    ("config['batchsize']", ["no key `batchsize`", "`batch_size`"], 32),
    ("config.batch_size", ["square brackets"], 32),
    ("df.pricee.sum()", ["no `pricee`"], 3.0),
    ("scores.add(3)", ["`append`"], None),
    ("area_of(3, hight=2)", ["unexpected keyword argument", "area_of(width, height=2.0)"], 6),
    ("import jsn", ["no module `jsn`", "`json`"], None),
    ("print('a' + 'b'", ["SyntaxError"], None),
    ("for i in range(2)\n    print(i)", ["ends with a colon"], None),
    ("if threshold = 1:\n    print(1)", ["to compare, write `==`"], None),
    ("print 'hello'", ["`print` is a function"], None),
    ("len(scores", ["SyntaxError"], 3),
    ("def f():\nreturn 1\n", ["indented"], None),
    ("df.iteritems()", ["`iteritems` was removed"], None),
]


@pytest.mark.parametrize(("cell", "facts", "value"), CURED, ids=[case[0] for case in CURED])
def test_the_corrected_cell_runs(offline_error: OfflineSession, cell: str, facts: list[str], value: object) -> None:
    assert not offline_error.run_cell(cell).success
    reply = offline_error.ask("what went wrong and how do I fix it?")
    for fact in facts:
        assert fact in reply.text, reply.text
    names = offline_error.executed(reply)
    if value is not None:
        assert names["_"] == value


EXPLAINED: list[tuple[str, list[str]]] = [
    ("import notapackage_xyz", ["not installed", "%pip install notapackage_xyz"]),
    ("import cv2", ["`opencv-python`", "%pip install opencv-python"]),
    ("from math import squirt", ["`math` has no `squirt`"]),
    ("np.zeros(3) + weights", ["same size", "(3, 4)"]),
    ("weights @ weights", ["(3, 4)", "b.T"]),
    ("df['new'] = [1, 2, 3]", ["2 rows", "one value for each row"]),
    ("if df['price'] > 1:\n    pass", ["Use `&`, `|`, `~`"]),
    ("df['city'].astype(int)", ["pd.to_numeric(column, errors='coerce')"]),
    ("int('abc')", ["errors='coerce'"]),
    ("pd.to_datetime('Berlin')", ["format='mixed'"]),
    ("df['city'].mean()", ["numeric_only=True"]),
    ("'a' + 1", ["Text and a number cannot be added"]),
    ("area_of()", ["missing 1 required positional argument", "area_of(width, height=2.0)"]),
    ("threshold()", ["called like a function", "`threshold` is a `float`"]),
    ("scores['a']", ["indexed by place", "`scores` is a `list`"]),
    ("scores[10]", ["`scores` has 3 items, places 0 to 2"]),
    ("df.iloc[50]", ["`df` has 2 items"]),
    ("1 / 0", ["divided by zero"]),
    ("def share(n):\n    whole = 0\n    return n / whole\nshare(3)", ["`whole` is 0 here", "`n` = `3`"]),
    ("def f():\n    y = threshold\n    threshold = 2\nf()", ["local name", "`global threshold`"]),
    ("nothing = None\nnothing.upper()", ["`nothing` is `None`"]),
    ("undefined_thing_xyz", ["no `undefined_thing_xyz`", "has not run"]),
    ("df.append(df)", ["pd.concat"]),
    ("{[]: 1}", ["tuple(value)"]),
    ("a, b = [1, 2, 3]", ["number of names on the left"]),
    ("assert threshold > 1", ["was not true", "assert threshold > 1"]),
    ("raise RuntimeError('boom')", ["RuntimeError", "boom", "know no fix"]),
    ("raise RecursionError('maximum recursion depth exceeded')", ["calls itself without end"]),
]


@pytest.mark.parametrize(("cell", "facts"), EXPLAINED, ids=[case[0] for case in EXPLAINED])
def test_the_cause_is_named(offline_error: OfflineSession, cell: str, facts: list[str]) -> None:
    assert not offline_error.run_cell(cell).success
    reply = offline_error.ask("why did this fail?")
    for fact in facts:
        assert fact in reply.text, reply.text


ASKED = [
    "what went wrong?",
    "fix it",
    "fix the error",
    "why does it not work",
    "explain the last error",
    "what does this error mean",
    "KeyError?",
    "debug this",
    "why did my cell crash",
    "what's wrong with my code",
    "it doesnt work",
]


@pytest.mark.parametrize("question", ASKED)
def test_many_words_ask_for_the_error(offline_error: OfflineSession, question: str) -> None:
    offline_error.run_cell("df['prcie']")
    assert "The nearest is `price`" in offline_error.ask(question).text


def test_no_error_is_said(offline_with: Callable[[str], OfflineSession]) -> None:
    assert "There is no error" in offline_with("x = 1").ask("what went wrong?").text


def test_a_missing_file_is_looked_for_beside_the_notebook(
    offline_error: OfflineSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales_2024.csv").write_text("a\n1\n", encoding="utf-8")
    notebook = write_notebook(tmp_path / "n.ipynb", [])
    offline_error.run_cell("pd.read_csv('sales_2042.csv').shape")
    reply = offline_error.fresh(notebook=notebook).ask("fix it")
    assert "`sales_2024.csv`" in reply.text
    assert offline_error.executed(reply)["_"] == (1, 1)


def test_the_cell_that_defines_a_missing_name_is_found(offline_error: OfflineSession, tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", [{"cell_type": "code", "source": "rate_of_interest = 0.03"}])
    offline_error.run_cell("rate_of_interest * 2")
    reply = offline_error.fresh(notebook=notebook).ask("what is wrong?")
    assert "it has not run in this kernel" in reply.text
    assert reply.code == "rate_of_interest = 0.03"


MISSPELLED = """why?

```text
Traceback (most recent call last):
  File "report.py", line 1, in <module>
    import pandsa
ModuleNotFoundError: No module named 'pandsa'
```"""


def test_a_traceback_in_the_question_is_explained_without_the_kernels_error(
    offline_with: Callable[[str], OfflineSession],
) -> None:
    reply = offline_with("x = 1").ask(MISSPELLED)
    assert "It failed at `import pandsa` with **`ModuleNotFoundError`**" in reply.text
    assert reply.code == "import pandas"
    assert "read_error" not in reply.called


def test_of_a_traceback_with_causes_the_last_error_counts() -> None:
    first = 'Traceback (most recent call last):\n  File "a.py", line 2, in load\n    open(path)\nOSError: no\n'
    second = (
        "\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n"
    )
    failure = CellError.pasted(
        f'{first}{second}  File "a.py", line 9, in main\n    load()\nmy.own.Trouble: it is late\n'
    )
    assert failure is not None
    assert (failure.name, failure.message, failure.source) == ("my.own.Trouble", "it is late", "load()")
    assert [place.function for place in failure.places] == ["load", "main"]
    assert CellError.pasted("Traceback (most recent call last) is a phrase") is None


@pytest.mark.parametrize(
    ("failing", "mended"),
    [
        ("df[df.price > 300 or df.area > 2]", "df[(df.price > 300) | (df.area > 2)]"),
        ("df[df.price > 300 and df.rooms == 3]", "df[(df.price > 300) & (df.rooms == 3)]"),
        ("df[not df.furnished]", "df[~df.furnished]"),
        ("df[100 < df.area < 120]", "df[(100 < df.area) & (df.area < 120)]"),
        ("big = df[df.area > 9 and not df.rooms > 3]  # kept", "big = df[(df.area > 9) & ~(df.rooms > 3)]  # kept"),
        ("if df.area > 3 and df.rooms > 1:\n    print(1)", None),
    ],
)
def test_a_truth_value_asked_of_a_whole_column_is_mended(
    offline_with: Callable[[str], OfflineSession], failing: str, mended: str | None
) -> None:
    session = offline_with(SALES)
    session.run_cell(failing)
    reply = session.ask("please correct my cell")
    assert (mended in reply.code) if mended is not None else not reply.code, reply.text
