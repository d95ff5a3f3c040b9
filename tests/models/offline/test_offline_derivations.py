"""Where a column comes from, why it has gaps, why a table has fewer rows: what the notebook's code says plainly."""

from __future__ import annotations

import pytest

from tests.support.offline_session import OfflineSession, new_shell, write_notebook

SOURCES = (
    "import warnings\nwarnings.simplefilter('ignore')  # pandas is to lose inplace\nimport numpy as np\nimport pandas as pd\nimport polars as pl",
    """orders = pd.DataFrame({'order': [1, 2, 3, 4], 'net': [10.0, None, 30.0, 40.0], 'code': ['7', 'x', '9', '1'], 'shop': ['A', 'B', 'A', 'C']})
orders = orders.assign(gross=orders['net'] * 1.2)
orders['number'] = pd.to_numeric(orders['code'], errors='coerce')
orders['before'] = orders['net'].shift(1)
orders['class'] = orders['shop'].map({'A': 'large', 'B': 'small'})
orders['rate'] = orders['net'].fillna(0) / 7
orders['bonus'] = 1.0
orders.loc[orders['shop'] == 'C', 'bonus'] = np.nan
if True:
    orders['tax'] = orders.gross - orders.net""",
    """paid = orders[orders['net'] > 15]
stores = orders.drop_duplicates('shop')
rest = orders.copy()
rest.dropna(inplace=True)
sums = orders.groupby('shop')['net'].sum().reset_index()
walks = pl.DataFrame({'km': [1.0, None], 'h': [1.0, 2.0]}).with_columns((pl.col('km') / pl.col('h')).alias('speed'))
rides = pl.DataFrame({'day': [1, 2]}).with_columns(seats=pl.when(pl.col('day') == 2).then(None).otherwise(4))
prices = pd.DataFrame({'order': [1, 2], 'net': [1.0, 2.0]})
total = orders['net'].sum()""",
    "def helper(frame):\n    frame['tax'] = 5\n    return frame",
)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> OfflineSession:
    cells = [
        {"id": f"c{count}", "cell_type": "code", "source": source, "execution_count": count}
        for count, source in enumerate(SOURCES, 1)
    ]
    path = tmp_path_factory.mktemp("derivations") / "orders.ipynb"
    session = OfflineSession(new_shell(""), notebook=write_notebook(path, cells))
    session.shell.execution_count = 1
    for cell in cells:
        session.run_cell(str(cell["source"]), str(cell["id"]))
    return session


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("how is gross calculated", "orders.assign(gross=orders['net'] * 1.2)"),
        ("how is tax of orders computed", "orders['tax'] = orders.gross - orders.net"),
        ("where does number come from", "pd.to_numeric(orders['code']"),
        ("which cell makes before", "`In [2]`"),
        ("how was speed derived", "alias('speed')"),
        ("where does the column seats come from", "seats=pl.when"),
        ("how is total calculated", "total = orders['net'].sum()"),
    ],
)
def test_a_column_comes_from_the_statements_that_make_it(notebook: OfflineSession, question: str, code: str) -> None:
    text = notebook.fresh().ask(question).text
    assert code in text, text
    assert "frame['tax']" not in text or question.startswith("how is total"), text


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("why is gross missing for one row", "computed from `net` (1 missing value)"),
        ("why is tax empty", "computed from `net` (1 missing value) and `gross` (1 missing value)"),
        ("why does number have gaps", "cannot be converted"),
        ("why is before nan for some rows", "`shift(…)`"),
        ("why is class missing", "mapping does not have"),
        ("why is bonus missing for one row?", "in the rows `orders['shop'] == 'C'`"),
        ("why does speed of walks have missing values", "computed from `km`"),
        ("why is seats null", "condition holds"),
        ("why is rate missing", "**no missing values**"),
        ("why does paid have fewer rows than orders", "only the rows where `orders['net'] > 15`"),
        ("why is stores smaller than orders", "`drop_duplicates(…)` leaves out repeated rows"),
        ("why does rest have less rows than orders", "`dropna(…)` leaves out rows with a missing value"),
        ("why does sums have fewer rows than orders", "makes one row of each group"),
        ("why does orders have fewer rows than paid", "not fewer"),
    ],
)
def test_why_is_what_the_code_says(notebook: OfflineSession, question: str, reason: str) -> None:
    text = notebook.fresh().ask(question).text
    assert reason in text, text


@pytest.mark.parametrize(
    "question",
    [
        "why is gross missing for three rows",
        "why is net missing in orders",
        "why is gross so low",
        "why does prices have fewer rows than orders",
        "how is net calculated",
        "where do the shops come from",
    ],
)
def test_what_the_code_does_not_say_is_not_answered(notebook: OfflineSession, question: str) -> None:
    reply = notebook.fresh().ask(question)
    assert reply.declined is not None, reply.text
