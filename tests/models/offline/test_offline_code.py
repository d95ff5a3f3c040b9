"""Code that answers give: it runs on the real data and does what was asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from jupyter_agent.tools.running import TryCode
from tests.support.offline_session import TOOLS, OfflineSession

Check = Callable[[Any, pd.DataFrame], bool]

#: question → what must hold of the last expression's value (or of ``df`` afterwards) and the frame as it was
FRAMES: list[tuple[str, Check]] = [
    ("sort by price", lambda new, old: bool(new.price.dropna().is_monotonic_increasing)),
    ("sort df by price desc", lambda new, old: bool(new.price.dropna().is_monotonic_decreasing)),
    ("order df by city and price", lambda new, old: list(new.city) == sorted(old.city)),
    ("how do I sort by price descending", lambda new, old: bool(new.price.dropna().is_monotonic_decreasing)),
    ("filter df for Berlin", lambda new, old: set(new.city) == {"Berlin"}),
    ("filter rows where price > 300", lambda new, old: len(new) == (old.price > 300).sum()),
    (
        "only rows where price is above 300 and city is Munich",
        lambda new, old: len(new) == ((old.price > 300) & (old.city == "Munich")).sum(),
    ),
    ("filter rows with price between 200 and 300", lambda new, old: len(new) == old.price.between(200, 300).sum()),
    ("keep rows where city is not Berlin", lambda new, old: "Berlin" not in set(new.city)),
    ("rows where price is missing", lambda new, old: len(new) == 3),
    ("filter rows where city starts with 'New'", lambda new, old: set(new.city) == {"New York"}),
    ("filter rows where city contains 'unic'", lambda new, old: set(new.city) == {"Munich"}),
    ("filter sold_at after 2024-01-01", lambda new, old: bool(new.sold_at.min() >= pd.Timestamp("2024-01-01"))),
    ("select city and price", lambda new, old: list(new.columns) == ["city", "price"]),
    ("keep only the columns city and price", lambda new, old: list(new.columns) == ["city", "price"]),
    ("drop the column area", lambda new, old: "area" not in new),
    ("remove price and area columns", lambda new, old: "price" not in new and "area" not in new),
    ("rename column price to cost", lambda new, old: list(new.columns)[1] == "cost"),
    ("rename sold_at to Date", lambda new, old: "Date" in new),
    ("convert price to int", lambda new, old: str(new.price.dtype) == "Int64"),
    ("convert city to category", lambda new, old: str(new.city.dtype) == "category"),
    ("convert rooms to string", lambda new, old: new.rooms.iloc[0] == str(old.rooms.iloc[0])),
    (
        "fill missing values in price",
        lambda new, old: new.price.isna().sum() == 0 and new.price[3] == old.price.median(),
    ),
    ("fill price with 0", lambda new, old: new.price[3] == 0),
    ("fill missing price with the mean", lambda new, old: new.price[3] == pytest.approx(old.price.mean())),
    ("drop rows with missing price", lambda new, old: len(new) == len(old) - 3),
    ("dropna", lambda new, old: len(new) == len(old) - 3),
    ("remove duplicate rows", lambda new, old: len(new) == len(old)),
    ("remove duplicates in city", lambda new, old: len(new) == 4),
    (
        "add a column with price per area",
        lambda new, old: bool((new.price_per_area.dropna() == (old.price / old.area).dropna()).all()),
    ),
    ("create a column ratio = price / area", lambda new, old: "ratio" in new),
    ("new column price times 2", lambda new, old: bool((new.price_times_2.dropna() == 2 * old.price.dropna()).all())),
    ("pivot table of mean price by city and furnished", lambda new, old: new.shape == (4, 2)),
    ("pivot price by city and rooms", lambda new, old: new.shape == (4, 5)),
    ("crosstab city and furnished", lambda new, old: new.to_numpy().sum() == 200),
    ("cumulative sum of price", lambda new, old: new.iloc[-1] == pytest.approx(old.price.sum())),
    ("7 day moving average of price", lambda new, old: len(new) == 200),
    ("code to group by city and sum area", lambda new, old: new.to_dict() == old.groupby("city").area.sum().to_dict()),
    ("resample price by week", lambda new, old: len(new) == 86),
]


@pytest.mark.parametrize(("question", "holds"), FRAMES, ids=[frame for frame, _ in FRAMES])
def test_the_code_does_what_was_asked(offline: OfflineSession, question: str, holds: Check) -> None:
    old = offline.shell.user_ns["df"]
    reply = offline.ask(question)
    names = offline.executed(reply)
    assert holds(names["_"] if "_" in names else names["df"], old), reply.text


PLOTS: list[tuple[str, str, int]] = [
    ("histogram of price", "price", 30),
    ("plot price", "price", 30),
    ("show me the distribution of price", "price", 30),
    ("plot price for Berlin only", "price", 30),
    ("bar chart of city", "city", 4),
    ("pie chart of cities", "", 4),
    ("plot average price by city as a bar chart", "city", 4),
    ("bar plot of mean price per city", "city", 4),
    ("plot price by city", "city", 4),
    ("horizontal bar chart of total area by city", "sum of area", 4),
    ("plot count of rows by city", "city", 4),
    ("plot total area by city and furnished", "city and furnished", 8),
    ("histogram of price by city", "price", 80),
    ("hist of price with 12 bins", "price", 12),
    ("plot mean price by city where rooms is 2", "city", 4),
    ("top 2 cities by total area as bars", "city", 2),
    ("stacked bars of rows per city and furnished", "city and furnished", 8),
    ("histogram of price and area", "value", 60),
    ("compare the distribution of price in Berlin and Munich", "price", 40),
    ("bars of rooms", "rooms", 5),
    ("horizontal bars of cities", "rows", 4),
]
LINES: list[tuple[str, str, str]] = [
    ("plot price over area", "area", "price"),
    ("scatter plot of area and price", "area", "price"),
    ("plot price against sold_at", "sold_at", "price"),
    ("line chart of price over time", "month", "mean of price"),
    ("plot monthly average price", "month", "mean of price"),
    ("plot number of sales per month", "month", "rows"),
    ("box plot of price", "", "price"),
    ("boxplot price by city", "city", "price"),
    ("visualize price by rooms", "rooms", "price"),
    ("plot weights", "", ""),
    ("plot scores", "", ""),
    ("plot df", "sold_at", "value"),
    ("scatter of price against area", "area", "price"),
    ("scatter price vs area for Berlin coloured by furnished", "area", "price"),
    ("plot price and area in one plot", "sold_at", "value"),
    ("line of total area per month for Berlin and Munich", "city and month", "sum of area"),
    ("heatmap of mean price by city and rooms", "rooms", "city"),
    ("boxes of price and area", "", "value"),
    ("plot area over time in Berlin titled 'Ours'", "month", "mean of area"),
    ("heatmap of correlations", "", ""),
]


@pytest.mark.parametrize(("question", "label", "patches"), PLOTS, ids=[plot[0] for plot in PLOTS])
def test_bars_are_drawn_from_the_data(offline: OfflineSession, question: str, label: str, patches: int) -> None:
    reply = offline.ask(question)
    assert reply.ran == [], "pictures are for the user to insert"
    offline.executed(reply)
    axes = plt.gca()
    assert axes.get_xlabel() == label
    assert len(axes.patches) == patches


@pytest.mark.parametrize(("question", "across", "up"), LINES, ids=[line[0] for line in LINES])
def test_lines_points_and_boxes_are_drawn_from_the_data(
    offline: OfflineSession, question: str, across: str, up: str
) -> None:
    reply = offline.ask(question)
    offline.executed(reply)
    axes = plt.gcf().axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == (across, up)
    assert axes.lines or axes.collections or axes.images or axes.patches


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("draw df as a treemap", "treemap"),
        ("plot price by city in magenta", "magenta"),
        ("plot price by city for Rome", "Rome"),
        ("histogram of prizes by town hall", "hall"),
    ],
)
def test_a_picture_of_which_a_word_is_not_understood_is_not_drawn(
    offline: OfflineSession, question: str, word: str
) -> None:
    reply = offline.ask(question)
    assert reply.declined is not None
    assert reply.code == ""
    assert word.lower() in reply.text.split("**There is**")[0].lower()


@pytest.mark.parametrize(
    "question", ["pie of price by city by month", "histogram of price and city", "scatter of city"]
)
def test_what_cannot_be_drawn_is_not_drawn(offline: OfflineSession, question: str) -> None:
    assert offline.ask(question).code == ""


def test_a_picture_is_tried_before_it_is_offered(offline: OfflineSession) -> None:
    trying = offline.fresh(tools=(*TOOLS, TryCode()))
    reply = trying.ask("plot mean price by city")
    assert "try_code" in reply.called
    assert "not tried" not in reply.text
    empty = trying.fresh(tools=trying.tools).ask("histogram of price where rooms is over 99")
    assert "**No rows** match" in empty.text
    assert "not tried" in offline.fresh().ask("plot mean price by city").text


def test_a_title_stands_above_the_picture(offline: OfflineSession) -> None:
    offline.executed(offline.ask("bars of cities titled 'Our $ towns'"))
    assert plt.gca().get_title() == r"Our \$ towns"


def test_a_plot_hides_none_of_the_users_names(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with(
        "import pandas as pd\ndf = pd.DataFrame({'a': ['x', 'y', 'x'], 'b': [1, 2, 3]})\ngroups = 'mine'\nplt = 'mine too'"
    )
    names = offline.executed(offline.ask("boxplot of b by a"))
    assert names["groups"] == "mine"


def test_the_library_is_used_under_the_name_it_was_imported_as(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with(
        "import pandas as panda\nframe = panda.DataFrame({'day': ['2024-01-02', '2024-02-03'], 'b': [1.0, 2.0]})"
    )
    reply = offline.ask("convert day to datetime")
    assert "panda.to_datetime" in reply.code
    assert str(offline.executed(reply)["frame"]["day"].dtype).startswith("datetime64")


def test_an_import_comes_with_the_code_where_it_is_missing(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with(
        "from pandas import DataFrame\nframe = DataFrame({'day': ['2024-01-02', '2024-02-03'], 'b': [1.0, 2.0]})"
    )
    reply = offline.ask("sum of b by month")
    assert reply.ran == [
        "frame.assign(month=lambda rows: __import__('pandas').to_datetime(rows['day']).dt.to_period('M')).groupby('month')['b'].sum()"
    ]
    assert reply.code.startswith("import pandas as pd\n")
    assert list(offline.executed(reply)["_"]) == [1.0, 2.0]


ORDERS = (
    "import pandas as pd\norders = pd.DataFrame({'order': [1, 2, 3], 'customer_id': [7, 8, 7], 'amount': [10.0, 20.0, 30.0]})\n"
    "customers = pd.DataFrame({'id': [7, 8], 'country': ['DE', 'FR']})"
)


@pytest.mark.parametrize(
    "question",
    ["merge orders and customers", "join customers to orders", "how do I combine the two tables?", "merge them"],
)
def test_tables_are_joined_on_the_key_that_refers_to_the_other(
    offline_with: Callable[[str], OfflineSession], question: str
) -> None:
    offline = offline_with(ORDERS)
    joined = offline.executed(offline.ask(question))["_"]
    assert {"amount", "country"} <= set(joined.columns)
    assert len(joined.dropna()) == 3


def test_tables_are_stacked(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with("import pandas as pd\na1 = pd.DataFrame({'x': [1]})\na2 = pd.DataFrame({'x': [2]})")
    assert list(offline.executed(offline.ask("concat a1 and a2"))["_"]["x"]) == [1, 2]


def test_a_table_is_saved_and_read_back(
    offline: OfflineSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for question, file in (
        ("save df to csv", "df.csv"),
        ("export df as 'my out.csv'", "my out.csv"),
        ("write df to json", "df.json"),
        ("save df as sales.tsv", "sales.tsv"),
    ):
        offline.executed(offline.fresh().ask(question))
        assert (tmp_path / file).exists(), question
    assert len(pd.read_csv("df.csv")) == 200
    assert pd.read_csv("sales.tsv", sep="\t").shape == (200, 6)


def test_dates_in_the_index_are_grouped_too(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with(
        "import pandas as pd\nts = pd.DataFrame({'v': range(90)}, index=pd.date_range('2024-01-01', periods=90))"
    )
    reply = offline.ask("mean v per month")
    assert list(offline.executed(reply)["_"]) == [15.0, 45.0, 74.5]
    assert len(offline.executed(offline.fresh().ask("mean v by weekday"))["_"]) == 7
