"""Questions about sales: what is added up and what is averaged, over which groups, in pandas and in polars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.models.offline.conversation import Conversation
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.prompt import context
from tests.support.offline_session import OfflineSession, new_shell

DATA = """
import datetime as dt
import random
chance = random.Random(5)
rows = [
    {
        'day': dt.datetime(2026, 1, 1) + dt.timedelta(days=at // 2 + at // 60),
        'city': chance.choice(['Oslo', 'Prague', 'Vienna']),
        'product': chance.choice(['filter', 'espresso', 'bagel']),
        'price': chance.randint(100, 600) / 100,
        'quantity': chance.randint(1, 50),
    }
    for at in range(240)
]
for row in rows:
    row['revenue'] = row['price'] * row['quantity']
regions = ['north', 'south']
"""
LIBRARIES = {
    "pandas": "import pandas as pd\nsales = pd.DataFrame(rows)\ncosts = pd.DataFrame({'product': ['filter'], 'cost': [1.0]})",
    "polars": "import polars as pl\nsales = pl.DataFrame(rows)\ncosts = pl.DataFrame({'product': ['filter'], 'cost': [1.0]})",
}


@pytest.fixture(scope="module", params=LIBRARIES)
def shell(request: pytest.FixtureRequest) -> Any:
    return new_shell(f"{DATA}\n{LIBRARIES[request.param]}\ndel dt, random, chance, row")


@pytest.fixture
def offline_sales(shell: Any) -> OfflineSession:
    return OfflineSession(shell)


@pytest.fixture
def sales(shell: Any) -> pd.DataFrame:
    """The rows, whatever the library."""
    return pd.DataFrame(shell.user_ns["rows"])


def numbers(value: Any) -> list[float]:
    """What a table or a column holds in numbers, gaps left out, in its order."""
    table: Any = pd.DataFrame(value.to_dicts()) if hasattr(value, "to_dicts") else value
    table = table.to_frame() if hasattr(table, "to_frame") else table
    return [round(float(value), 6) for value in table.select_dtypes("number").to_numpy().ravel() if not pd.isna(value)]


def by_month(sales: pd.DataFrame, column: str) -> Any:
    days: Any = sales.set_index("day")
    return days[column].resample("MS").sum()


Expected = Callable[[pd.DataFrame], Any]
QUESTIONS: list[tuple[str, Expected]] = [
    ("which month sold the most?", lambda one: by_month(one, "quantity").nlargest(1)),
    ("which city sold the most?", lambda one: one.groupby("city")["quantity"].sum().nlargest(1)),
    ("what was the best selling product?", lambda one: one.groupby("product")["quantity"].sum().nlargest(1)),
    ("which product makes the most money?", lambda one: one.groupby("product")["revenue"].sum().nlargest(1)),
    ("which city has the highest revenue?", lambda one: one.groupby("city")["revenue"].sum().nlargest(1)),
    ("which city has the highest price?", lambda one: one.groupby("city")["price"].max().nlargest(1)),
    ("revenue by month", lambda one: by_month(one, "revenue")),
    ("price by city", lambda one: one.groupby("city")["price"].mean().sort_values(ascending=False)),
    ("compare cities by revenue", lambda one: one.groupby("city")["revenue"].sum().sort_values(ascending=False)),
    (
        "share of revenue per product",
        lambda one: (one.groupby("product")["revenue"].sum() / one["revenue"].sum()).sort_values(ascending=False),
    ),
    ("how did revenue change from month to month?", lambda one: by_month(one, "revenue").diff()),
    ("growth of revenue month over month", lambda one: by_month(one, "revenue").pct_change()),
    ("cumulative revenue by month", lambda one: by_month(one, "revenue").cumsum()),
    ("top 3 days by revenue", lambda one: one.groupby("day")["revenue"].sum().nlargest(3)),
    ("which day had the lowest revenue?", lambda one: one.groupby("day")["revenue"].sum().nsmallest(1)),
]


@pytest.mark.parametrize(("question", "expected"), QUESTIONS, ids=[question for question, _ in QUESTIONS])
def test_what_is_computed_is_what_was_meant(
    offline_sales: OfflineSession, sales: pd.DataFrame, question: str, expected: Expected
) -> None:
    reply = offline_sales.ask(question)
    assert numbers(offline_sales.executed(reply)["_"]) == pytest.approx(numbers(expected(sales)), rel=1e-6), reply.text


def test_a_table_of_groups_by_months_has_a_column_for_each_month(
    offline_sales: OfflineSession, sales: pd.DataFrame
) -> None:
    reply = offline_sales.ask("pivot revenue by city and month")
    table = offline_sales.executed(reply)["_"]
    assert sum(numbers(table)) == pytest.approx(sales["revenue"].sum(), rel=1e-6)
    assert "a row for each `city` and a column for each month" in reply.text


def test_a_value_that_is_also_a_word_of_the_trade_is_a_value(
    offline_sales: OfflineSession, sales: pd.DataFrame
) -> None:
    reply = offline_sales.ask("what is the average price of filter in Oslo?")
    chosen = sales[(sales["product"] == "filter") & (sales["city"] == "Oslo")]
    assert "where `product` is `filter` and `city` is `Oslo`" in reply.text
    assert offline_sales.executed(reply)["_"] == pytest.approx(chosen["price"].mean())


def test_what_was_sold_is_added_up(offline_sales: OfflineSession, sales: pd.DataFrame) -> None:
    reply = offline_sales.ask("how much did we sell in Prague?")
    assert offline_sales.executed(reply)["_"] == sales.loc[sales["city"] == "Prague", "quantity"].sum()


def test_a_part_of_the_rows_is_told_in_percent(offline_sales: OfflineSession, sales: pd.DataFrame) -> None:
    share = (sales["city"] == "Prague").mean()
    assert f"({100 * share:.1f} %)" in offline_sales.ask("percentage of sales from Prague").text


def test_a_key_that_is_no_column_is_a_reason_not_to_answer(offline_sales: OfflineSession) -> None:
    for word in ("region", "regions"):
        assert f"I do not understand what `{word}` belongs to" in offline_sales.ask(f"average price per {word}").text


def description(listing: str, context: str = "") -> Facts:
    """A second question, the first having listed the variables."""
    call = ToolCall("c1", "list_variables", "{}")
    block = f"\n\n<context-1>\n{context}\n</context-1>" if context else ""
    messages = [
        Message("user", "vars"),
        Message("assistant", "", (call,)),
        Message("tool", listing, tool_call_id="c1"),
        Message("assistant", "Some."),
        Message("user", f"what changed?{block}"),
    ]
    return Facts(Conversation.of(messages, ()))


def test_a_listing_that_was_shortened_is_not_taken_for_all_there_was() -> None:
    entry = '{"name": "x", "type": "int", "kind": "number", "summary": "int 1"}'
    assert description(f'{{"variables": [{entry}]}}').namespace_before() is not None
    assert description(f'{{"variables": [{entry}, … 400 characters …').namespace_before() is None


def test_what_a_run_displayed_keeps_brackets_at_its_end() -> None:
    call = ToolCall("1", "run_code", '{"code": "last"}')
    shown = Message("tool", "'took [3.0 s]'\n[0.1 s]", tool_call_id="1", note="[0.1 s]")
    found = Conversation.of([Message("user", "last?"), Message("assistant", "", (call,)), shown], ())
    assert list(found.results.values()) == ["'took [3.0 s]'"]
    assert Facts(replace(found, offered=frozenset({"run_code"}))).run("last").value == "took [3.0 s]"


def test_what_the_context_tells_of_changes_is_known() -> None:
    facts = description("{", "Kernel: idle.\nChanged since the last question: df, limit")
    assert facts.conversation.changed == ("df", "limit")
    assert description("{").conversation.changed == ()


def test_of_two_tables_the_one_that_has_dates_is_asked_for_its_range(
    offline_sales: OfflineSession, sales: pd.DataFrame
) -> None:
    text = offline_sales.ask("date range").text
    assert f"`{sales['day'].min():%Y-%m-%d}`" in text
    assert f"`{sales['day'].max():%Y-%m-%d}`" in text


def test_a_cell_that_failed_is_asked_about_its_error(offline_with: Callable[[str], OfflineSession]) -> None:
    offline = offline_with("import pandas as pd\ndf = pd.DataFrame({'price': [1]})")
    offline.run_cell("df['prize'].sum()")
    text = offline.ask("Why did the last cell fail?").text
    assert "`df` has no column `prize`" in text
    assert "price" in text


GROUPS: list[tuple[str, Expected]] = [
    (
        "mean price and total quantity by city",
        lambda one: one.groupby("city").agg({"price": "mean", "quantity": "sum"}),
    ),
    (
        "highest price and lowest quantity per city",
        lambda one: one.groupby("city").agg({"price": "max", "quantity": "min"}),
    ),
    ("total revenue in february", lambda one: one.loc[one["day"].dt.month == 2, "revenue"].sum()),
    (
        "total revenue between 2026-02-01 and 2026-03-15",
        lambda one: one.loc[one["day"].between("2026-02-01", "2026-03-15"), "revenue"].sum(),
    ),
]


@pytest.mark.parametrize(("question", "expected"), GROUPS, ids=[group for group, _ in GROUPS])
def test_each_column_has_its_function_and_each_month_its_days(
    offline_sales: OfflineSession, sales: pd.DataFrame, question: str, expected: Expected
) -> None:
    reply = offline_sales.ask(question)
    found, intended = offline_sales.executed(reply)["_"], expected(sales)
    both = (found, intended) if isinstance(intended, float) else (sorted(numbers(found)), sorted(numbers(intended)))
    assert both[0] == pytest.approx(both[1]), reply.text


def test_all_functions_that_are_named_are_told(offline_sales: OfflineSession, sales: pd.DataFrame) -> None:
    text = offline_sales.ask("min, max and mean of price").text
    assert f"The minimum of `price` in `sales` is **{sales['price'].min():.4g}**" in text
    assert f"The maximum of `price` in `sales` is **{sales['price'].max():.4g}**" in text
    assert f"The mean of `price` in `sales` is **{sales['price'].mean():.4g}**" in text


def test_what_it_does_not_understand_is_not_answered_with_something_else(offline_sales: OfflineSession) -> None:
    assert "I do not understand `solstices`" in offline_sales.ask("average price on solstices").text
    assert "The mean of" not in offline_sales.fresh().ask("price above average").text


def test_what_was_asked_before_does_not_change_what_is_sold(offline_sales: OfflineSession, sales: pd.DataFrame) -> None:
    offline_sales.ask("average price per city")
    reply = offline_sales.ask("which city sold the most?")
    assert numbers(offline_sales.executed(reply)["_"])[0] == sales.groupby("city")["quantity"].sum().max()


def test_a_correlation_with_what_is_not_there_says_so(offline_sales: OfflineSession) -> None:
    assert "I do not understand `weather`" in offline_sales.ask("correlation between weather and price").text


def test_of_a_table_and_a_part_of_it_the_table_is_asked_and_the_part_named(
    offline_with: Callable[[str], OfflineSession],
) -> None:
    offline = offline_with(
        "import pandas as pd\ndf = pd.DataFrame({'city': ['Oslo', 'Prague'], 'price': [1, 3]})\nbest = df.nlargest(1, 'price')"
    )
    text = offline.ask("which city has the highest mean price?").text
    assert text.startswith("*In `df`; `best` has these columns, too.*")
    assert "**`Prague`** has the highest mean of `price`: **3**" in text


def test_the_words_in_which_the_context_tells_changes_are_the_ones_that_are_read() -> None:
    description_of = context.build("what changed?", None, changed=("df", "limit"), count=len)
    messages = description_of.messages(
        "what changed?", [Message("user", "vars"), Message("assistant", "None.")], "context-1"
    )
    assert Conversation.of(messages, ()).changed == ("df", "limit")


def test_counts_of_groups_run_from_group_to_group_too(offline_sales: OfflineSession, sales: pd.DataFrame) -> None:
    days: Any = sales.set_index("day")
    reply = offline_sales.ask("how did the number of city change from month to month?")
    assert numbers(offline_sales.executed(reply)["_"])[-5:] == numbers(days["city"].resample("MS").size().diff())
