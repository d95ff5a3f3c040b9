"""polars tables get polars code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import polars as pl
import pytest

from tests.support.offline_session import OfflineSession, new_shell

SALES = """
import polars as pl
import datetime as dt
sales = pl.DataFrame({
    'city': ['Berlin', 'Hamburg', 'Munich'] * 40,
    'unit price': [None if i == 7 else 20 + (i % 11) / 2 for i in range(120)],
    'quantity': [1 + i % 7 for i in range(120)],
    'customer_id': [1 + i % 5 for i in range(120)],
    'day': [dt.date(2024, 1, 1) + dt.timedelta(days=3 * i) for i in range(120)],
    'when': [str(dt.date(2024, 1, 1) + dt.timedelta(days=3 * i)) for i in range(120)],
    'paid': [i % 3 == 0 for i in range(120)],
})
customers = pl.DataFrame({'id': [1, 2, 3, 4, 5], 'country': ['DE', 'DE', 'FR', 'FR', 'IT']})
"""


@pytest.fixture(scope="module")
def polars_shell() -> Any:
    return new_shell(SALES)


@pytest.fixture
def offline_polars(polars_shell: Any) -> OfflineSession:
    return OfflineSession(polars_shell)


Check = Callable[[Any, pl.DataFrame], bool]
FRAMES: list[tuple[str, Check]] = [
    ("mean unit price by city", lambda new, old: new.height == 3 and new["unit price"].is_sorted(descending=True)),
    ("average unit price per month", lambda new, old: new.height == 12),
    ("sum of quantity by city and paid", lambda new, old: new["quantity"].sum() == old["quantity"].sum()),
    ("how many rows per city and paid", lambda new, old: new["len"].sum() == 120),
    ("unit price by weekday", lambda new, old: new.height == 7),
    ("which city has the highest total quantity", lambda new, old: new.height == 1),
    ("top 3 sales by unit price", lambda new, old: new.height == 3 and new["unit price"][0] == old["unit price"].max()),
    ("sort sales by unit price descending", lambda new, old: new["unit price"][0] == old["unit price"].max()),
    (
        "filter sales where city is Berlin and quantity > 3",
        lambda new, old: new.height == old.filter((pl.col("city") == "Berlin") & (pl.col("quantity") > 3)).height,
    ),
    ("filter sales where city contains 'ham'", lambda new, old: set(new["city"]) == {"Hamburg"}),
    ("sales since March 2024", lambda new, old: new["day"].min() >= pl.Series(["2024-03-01"]).str.to_date()[0]),
    ("sales where unit price is missing", lambda new, old: new.height == 1),
    ("select city and quantity", lambda new, old: new.columns == ["city", "quantity"]),
    ("drop column when from sales", lambda new, old: "when" not in new.columns),
    ("rename quantity to Qty", lambda new, old: "Qty" in new.columns),
    ("convert when to datetime", lambda new, old: new["when"].dtype == pl.Date),
    ("convert quantity to float", lambda new, old: new["quantity"].dtype == pl.Float64),
    ("fill missing values in sales", lambda new, old: new["unit price"].null_count() == 0),
    ("fill unit price with 0", lambda new, old: new["unit price"][7] == 0),
    ("drop rows with missing unit price", lambda new, old: new.height == 119),
    ("remove duplicates from sales", lambda new, old: new.height == 120),
    ("pivot mean unit price by city and paid", lambda new, old: new.height == 3),
    ("merge sales and customers", lambda new, old: "country" in new.columns and new.height == 120),
    ("correlation of sales", lambda new, old: new.height == new.width),
    ("cumulative sum of quantity", lambda new, old: new["quantity"][-1] == old["quantity"].sum()),
    ("add a column revenue = unit price * quantity", lambda new, old: "revenue" in new.columns),
    ("value counts of paid", lambda new, old: True),
    ("first 10 rows of sales", lambda new, old: new.height == 10),
]


@pytest.mark.parametrize(("question", "holds"), FRAMES, ids=[frame for frame, _ in FRAMES])
def test_the_code_does_what_was_asked_in_polars(offline_polars: OfflineSession, question: str, holds: Check) -> None:
    old = offline_polars.shell.user_ns["sales"]
    reply = offline_polars.ask(question)
    if not reply.code:
        assert "80" in reply.text
        return
    names = offline_polars.executed(reply)
    assert holds(names["_"] if "_" in names else names["sales"], old), reply.text


FACTS: list[tuple[str, list[str]]] = [
    ("columns of sales", ["7 columns", "`unit price`", "`Float64`"]),
    ("how many rows does sales have", ["120 rows"]),
    ("how many sales in Berlin", ["**40** of 120"]),
    ("how many paid", ["**40** of 120"]),
    ("median unit price in Hamburg", ["`Hamburg`"]),
    ("90th percentile of unit price", ["0.9 quantile", "24.5"]),
    ("duplicates in sales", ["no duplicate rows"]),
    ("correlation between unit price and quantity", ["Correlation of `unit price`, `quantity`"]),
    ("describe sales", ["polars table", "120 rows × 7 columns"]),
    ("outliers in unit price", ["none"]),
    ("sum of quantity by country", ["Joined on `customer_id`", "sales.join(customers"]),
]


@pytest.mark.parametrize(("question", "facts"), FACTS, ids=[fact for fact, _ in FACTS])
def test_polars_answers_hold_the_facts(offline_polars: OfflineSession, question: str, facts: list[str]) -> None:
    reply = offline_polars.ask(question)
    for fact in facts:
        assert fact in reply.text, reply.text


PLOTS = [
    "histogram of unit price",
    "plot unit price by city",
    "plot unit price over time",
    "plot unit price against day",
    "boxplot of unit price by city",
    "histogram of unit price by city",
    "scatter unit price vs quantity",
    "pie chart of city",
    "bar chart of city",
    "plot quantity by city only for 2024",
    "heatmap of sales",
]


@pytest.mark.parametrize("question", PLOTS)
def test_polars_plots_are_drawn(offline_polars: OfflineSession, question: str) -> None:
    offline_polars.executed(offline_polars.ask(question))
    axes = plt.gcf().axes[0]
    assert axes.patches or axes.lines or axes.collections or axes.images


def test_what_ran_is_polars_without_an_import(offline_polars: OfflineSession) -> None:
    reply = offline_polars.ask("mean unit price by city")
    assert reply.ran == ["sales.group_by('city').agg(pl.col('unit price').mean()).sort('unit price', descending=True)"]


@pytest.mark.parametrize("question", ["drop rows of lf where price is missing", "mean price of lf"])
@pytest.mark.parametrize(
    ("approval", "why"), [("ask", "running code was not approved"), ("read-only", "I cannot run code here")]
)
def test_a_lazy_frame_that_may_not_be_read_is_refused_for_that_reason(
    offline_with: Callable[[str], OfflineSession], question: str, approval: str, why: str
) -> None:
    offline = offline_with("import polars as pl\nlf = pl.LazyFrame({'price': [1.0, None]})")
    reply = offline.fresh(approval=approval).ask(question)
    assert why in reply.text
    assert "I do not understand" not in reply.text
    assert reply.declined is not None
    assert why not in offline.ask(question).text
