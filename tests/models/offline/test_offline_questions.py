"""How people ask about a table and a handful of values, and the facts that each answer must hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.offline_session import OfflineSession

LISTING = ["`df`", "`threshold`", "DataFrame 200 × 6", "`area_of`", "`pd`"]
COLUMNS = ["6 columns", "`city`", "`furnished`", "`datetime64"]
SHAPE = ["200 rows", "6 columns"]
OVERVIEW = ["200 rows × 6 columns", "| `price` |", "`Berlin`"]
MISSING = ["`price`", "3", "1.5 %"]
CITIES = ["4", "`Berlin`", "77", "`New York`"]
BY_CITY = ["`price`", "`city`", "| `Munich` | 312.76 |", "groupby('city')['price'].mean()"]
PRICE = ["194 unique values", "295.95", "480.62"]

FACTS: list[tuple[str, list[str]]] = [
    # what is there
    ("which variables are there?", LISTING),
    ("what vars do i have", LISTING),
    ("show me all variables", LISTING),
    ("list variables", LISTING),
    ("what's defined?", LISTING),
    ("whats in memory", LISTING),
    ("what do i have", LISTING),
    ("vars", LISTING),
    ("Which Objects exist in the namespace?", LISTING),
    ("list dataframes", ["1 table", "`df`"]),
    ("any dataframes?", ["1 table", "`df`"]),
    ("list functions", ["1 function", "`area_of"]),
    ("what libraries are imported", ["`pandas`", "`numpy`", "`math`"]),
    ("what modules did i import", ["3 imported modules", "`pandas`"]),
    ("list all dictionaries", ["`config`"]),
    # the table
    ("what is df", OVERVIEW),
    ("whats df", OVERVIEW),
    ("df", OVERVIEW),
    ("df?", OVERVIEW),
    ("tell me about df", OVERVIEW),
    ("describe the dataframe", OVERVIEW),
    ("give me an overview of the data", OVERVIEW),
    ("summary of df", OVERVIEW),
    ("summary statistics", OVERVIEW),
    ("describe df please", OVERVIEW),
    ("what columns does df have", COLUMNS),
    ("which columns are in the dataframe", COLUMNS),
    ("column names", COLUMNS),
    ("columns?", COLUMNS),
    ("colums of df", COLUMNS),
    ("df.columns", COLUMNS),
    ("how many rows does df have", SHAPE),
    ("how many rows?", SHAPE),
    ("number of rows", SHAPE),
    ("row count", SHAPE),
    ("shape of df", SHAPE),
    ("df.shape", SHAPE),
    ("how large is the dataset", SHAPE),
    ("how many columns are there", SHAPE),
    ("len(df)", SHAPE),
    ("dtypes", ["`price`", "`float64`", "`bool`"]),
    ("what are the data types", ["`price`", "`float64`", "`bool`"]),
    ("which columns are numeric", ["3 columns", "`price`, `area`, `rooms`"]),
    ("categorical columns", ["1 column", "`city`"]),
    ("what does the data look like", ["`Hamburg`", "373.71", "2023-01-03"]),
    ("df.head()", ["`Hamburg`", "373.71"]),
    ("show df", ["`Hamburg`", "373.71"]),
    ("first 3 rows", ["first 3 rows", "373.71", "421.2"]),
    ("last rows", ["317.31", "df.tail(5)"]),
    ("how big is df in memory?", ["KB", "memory"]),
    ("memory usage", ["KB", "memory"]),
    ("are there duplicates?", ["no duplicate rows", "df.duplicated()"]),
    ("any duplicates in city", ["196", "`city`"]),
    ("are there any nulls", MISSING),
    ("any nans in df?", MISSING),
    ("missing values per column", MISSING),
    ("which column has the most missing values", MISSING),
    ("is there missing data", MISSING),
    # one column
    ("does price have missing values", MISSING),
    ("null count for price", MISSING),
    ("is area complete", ["`area`", "no missing values"]),
    ("unique values of city", CITIES),
    ("distinct cities", CITIES),
    ("what cities are there", CITIES),
    ("list all cities", CITIES),
    ("how many unique cities", CITIES),
    ("value counts for city", [*CITIES, "38.5 %"]),
    ("how often does each city occur", [*CITIES, "38.5 %"]),
    ("how many rows per city", CITIES),
    ("percentage of rows per city", [*CITIES, "38.5 %"]),
    ("most common city", ["`Berlin`", "77 rows", "38.5 %"]),
    ("which city appears most often", ["`Berlin`", "77 rows"]),
    ("which city has the most rows?", ["`Berlin`", "77 rows"]),
    ("mean of price", ["295.95", "3 missing values left out"]),
    ("average price", ["295.95"]),
    ("avg pirce", ["There is no `pirce`", "`price`", "295.95"]),
    ("What's the Average PRICE?", ["295.95"]),
    ("mean of df['price']", ["295.95"]),
    ("df.price.mean()", ["295.95"]),
    ("@df.price average", ["295.95"]),
    ("what is the median area", ["**88**"]),
    ("max price", ["480.62"]),
    ("what is the highest price", ["480.62"]),
    ("lowest price", ["39.88"]),
    ("total area", ["17,992"]),
    ("standard deviation of price", ["77.52"]),
    ("range of price", ["39.88", "480.62"]),
    ("min and max of price", ["39.88", "480.62"]),
    ("date range", ["2023-01-03", "2024-08-22"]),
    ("when was the first sale", ["2023-01-03"]),
    ("latest sold_at", ["2024-08-22"]),
    ("describe price", PRICE),
    ("price stats", PRICE),
    ("what does price mean?", ["not written in the data", *PRICE]),
    ("type of price", ["`float64`"]),
    ("is sold_at a datetime", ["`datetime64"]),
    ("90th percentile of price", ["0.9 quantile", "393.44"]),
    ("outliers in price", ["39.88", "90.92"]),
    # other values
    ("what is threshold?", ["**`0.75`**", "`float`"]),
    ("value of threshold", ["0.75"]),
    ("print threshold", ["0.75"]),
    ("threshold", ["0.75"]),
    ("what is the type of threshold", ["`float`"]),
    ("what is name", ["Ada Lovelace", "12 characters"]),
    ("what's in config", ["3 keys", "`batch_size`", "`32`"]),
    ("keys of config", ["3 keys", "`batch_size`, `lr`, `layers`"]),
    ("config['lr']", ["0.001"]),
    ("what is the batch size in config", ["**`32`**"]),
    ("len(scores)", ["**5**"]),
    ("how many items in scores", ["5 items"]),
    ("what is in scores", ["`3`, `1`, `4`, `1`, `5`"]),
    ("shape of weights", ["(3, 4)", "12 values"]),
    ("mean of weights", ["5.5"]),
    ("what is flag", ["True"]),
    ("what is ages", ["`30`, `41`, `25`"]),
    ("what is api_key", ["withheld", "secret"]),
    ("how do I call area_of", ["area_of(width, height=2.0)", "Area of a rectangle."]),
    ("signature of area_of", ["area_of(width, height=2.0)"]),
    ("what arguments does area_of take", ["area_of(width, height=2.0)"]),
    # computed
    ("average price by city", BY_CITY),
    ("avg price per city", BY_CITY),
    ("mean price for each city", BY_CITY),
    ("mean price grouped by city", BY_CITY),
    ("group by city and take the mean of price", BY_CITY),
    ("df.groupby('city').price.mean()", BY_CITY),
    ("what is the average price in each city", BY_CITY),
    ("how does price differ by city", BY_CITY),
    ("compare price across cities", BY_CITY),
    ("city wise average price", BY_CITY),
    ("which city has the highest average price", ["**`Munich`** has the highest mean of `price`: **312.76**"]),
    ("which city has the lowest mean price", ["**`New York`** has the lowest", "282.84"]),
    ("what city is most expensive", ["**`Munich`**", "312.76"]),
    ("which city has the largest total area", ["**`Berlin`**", "6,795"]),
    ("top 3 cities by average price", ["`Munich`", "312.76", "head(3)"]),
    ("total area by city and rooms", ["groupby(['city', 'rooms'])['area'].sum()", "2042"]),
    ("average price in Berlin", ["296.69", "`Berlin`"]),
    ("mean price where city is berlin", ["296.69"]),
    ("average price in new york", ["282.84"]),
    ("average price of furnished", ["288.72"]),
    ("average price since March 2024", ["300.09"]),
    ("how many rows have price over 300", ["**92** of 200"]),
    ("how many rows with price greater than 300 and rooms at least 3", ["**51** of 200"]),
    ("count rows with city = Berlin", ["**77** of 200", "38.5 %"]),
    ("how many sales in Munich", ["**35** of 200"]),
    ("how many are in new york", ["**22** of 200"]),
    ("number of rows with rooms between 2 and 4", ["**122** of 200"]),
    ("how many rows in 2023", ["**121** of 200"]),
    ("how many furnished", ["**102** of 200"]),
    ("what percentage of rows are in Berlin", ["38.5 %"]),
    ("average price per month", ["2023-01-01", "357.14"]),
    ("monthly average price", ["2023-01-01", "357.14"]),
    ("price per year", ["293.91", "299.01"]),
    ("number of sales per month", ["2023-01-01", "10", ".size()"]),
    ("average price by weekday", ["`Friday`", "269.71"]),
    ("which month had the highest average price", ["**`2023-01-01`**", "357.14"]),
    ("correlation between price and area", ["-0.03811", "none to speak of"]),
    ("how are price and area related", ["-0.03811"]),
    ("correlation matrix", ["df.corr(numeric_only=True)"]),
    ("top 5 by price", ["480.62", "462.01", "450.32"]),
    ("5 cheapest", ["39.88"]),
    ("row with the highest price", ["480.62", "`Munich`"]),
    ("show rows where city is Berlin", ["368.94", "**77 rows**"]),
    ("what is the price of row 5", ["Row 5", "339.51"]),
    ("compare Berlin and Munich", ["`Berlin`", "`Munich`", "296.69", "312.76"]),
    ("mean price in Berlin and Munich", ["| `Munich` | 312.76 |", "| `Berlin` | 296.69 |"]),
    ("how many rows in Berlin and Munich", ["**112** of 200"]),
    ("what are the top cities", ["| `Berlin` | 77 | 38.5 % |"]),
    ("what is the average of scores", ["**2.8**"]),
    ("max of scores", ["**5**", "max(scores)"]),
    ("what version of pandas is installed", ["`pandas` is imported as `pd`"]),
    ("are there any outliers?", ["In which column?", "`price`"]),
    # what it does not know it says
    ("average price in tokyo", ["I do not understand `tokyo`"]),
    ("mean price by country", ["I do not understand `country`"]),
    ("average price per square meter", ["I do not understand `square`, `meter`"]),
    ("plot a sine wave", ["do not understand `sine`"]),
    # what it is and is not
    ("hello", ["offline assistant", "You can ask"]),
    ("what can you do?", ["no language model", "OPENAI_API_KEY"]),
    ("hello 👋", ["You can ask"]),
    ("what can you do? 🦉", ["no language model"]),
    (
        "write me a poem about the sea",
        ["do not understand `poem`", "OPENAI_API_KEY", "OPENAI_BASE_URL", "c.JupyterAgent.model"],
    ),
    ("what is foo_bar?", ["do not understand `foo_bar`"]),
    ("what is thresholdd", ["I take it as `threshold`", "0.75"]),
    ("delete column colour", ["do not understand `colour`"]),
]


@pytest.mark.parametrize(("question", "facts"), FACTS, ids=[fact for fact, _ in FACTS])
def test_the_answer_holds_the_facts(offline: OfflineSession, question: str, facts: list[str]) -> None:
    reply = offline.ask(question)
    for fact in facts:
        assert fact in reply.text, reply.text
    assert reply.text.strip()


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len({question for question, _ in FACTS}) >= 150


COMPUTED: list[tuple[str, Any]] = [
    ("average price by city", lambda df: df.groupby("city")["price"].mean().to_dict()),
    ("median area per rooms", lambda df: df.groupby("rooms")["area"].median().to_dict()),
    ("number of different rooms by city", lambda df: df.groupby("city")["rooms"].nunique().to_dict()),
    ("max price for each furnished", lambda df: df.groupby("furnished")["price"].max().to_dict()),
    ("top 2 cities by total area", lambda df: df.groupby("city")["area"].sum().nlargest(2).to_dict()),
    ("average price by city for furnished ones", None),
    ("sum of area by city where price > 300", lambda df: df[df.price > 300].groupby("city")["area"].sum().to_dict()),
]


@pytest.mark.parametrize(
    ("question", "expected"),
    [case for case in COMPUTED if case[1]],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_the_code_that_ran_computes_what_was_asked(offline: OfflineSession, question: str, expected: Any) -> None:
    reply = offline.ask(question)
    assert reply.ran, reply.text
    result = offline.executed(reply)["_"]
    assert result.to_dict() == pytest.approx(expected(offline.shell.user_ns["df"]))


def test_nothing_is_run_for_what_inspection_already_tells(offline: OfflineSession) -> None:
    for question in ("mean of price", "unique values of city", "describe df", "missing values", "how many rows?"):
        assert offline.fresh().ask(question).ran == []


def test_how_questions_give_code_and_run_nothing(offline: OfflineSession) -> None:
    reply = offline.ask("how do I compute the average price per city")
    assert reply.ran == []
    assert offline.executed(reply)["_"].idxmax() == "Munich"


def test_several_tables_are_asked_about_by_name(offline_with: Any) -> None:
    offline = offline_with(
        "import pandas as pd\norders = pd.DataFrame({'n': [1, 2]})\npeople = pd.DataFrame({'age': [3]})"
    )
    assert "`orders` has **2 rows**" in offline.ask("how many rows?").text
    assert "**2 rows**" in offline.ask("orders").text
    assert "**1 row**" in offline.ask("what about people?").text


def test_columns_of_two_tables_are_joined_first(offline_with: Any) -> None:
    offline = offline_with(
        "import pandas as pd\norders = pd.DataFrame({'customer': ['a', 'b', 'a'], 'amount': [1.0, 2.0, 5.0]})\n"
        "people = pd.DataFrame({'customer': ['a', 'b'], 'country': ['DE', 'FR']})"
    )
    reply = offline.ask("average amount by country")
    assert offline.executed(reply)["_"].to_dict() == {"DE": 3.0, "FR": 2.0}


def test_no_table_and_no_variable_are_said(offline_with: Any) -> None:
    empty = offline_with("pass")
    assert "no variables" in empty.ask("which variables are there?").text
    assert "do not understand `price`" in empty.ask("mean price by city").text
    assert "no dataframe" in empty.fresh().ask("how many rows?").text
