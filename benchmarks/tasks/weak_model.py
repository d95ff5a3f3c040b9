"""Forty-four questions about small tables, asked of a weak model with and without the assistant.

Besides right and wrong it counts calls that were shown raw, and numbers that nothing computed: of the assistant's answers those that stand
neither in what its code printed nor in what it was sent, and are not marked.

Run: ``python -m benchmarks.tasks.weak_model --model local:/path/to/model.gguf [--limit N] [--only ID] [--way agent|bare] [--answers FILE]``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.tasks.run import WAYS
from benchmarks.tasks.sets import Step, Task
from benchmarks.tasks.ways import Result, answer_task
from jupyter_agent.agent.assistant import Assistant
from jupyter_agent.config.options import JupyterAgent, read_config_files
from jupyter_agent.core.events import Event, ToolReturned
from jupyter_agent.core.messages import Message
from jupyter_agent.core.question import Question
from jupyter_agent.models.openai_compatible.code_blocks import NumberGate

RAW_CALL = re.compile(
    r"</?tool_call|\[TOOL_CALLS\]|<function=|\"(?:arguments|parameters)\"\s*:|\b(?:run_code|inspect_variable|list_variables)\("
)
MARK = "Not computed by code"


def tables() -> dict[str, Any]:
    """The tables, always the same."""
    import pandas as pd

    chance = random.Random(17)
    orders = [
        {
            "order_id": 1000 + number,
            "customer": chance.choice(["Ada", "Ben", "Cleo", "Dan", "Eva", "Finn"]),
            "product": chance.choice(["lamp", "desk", "chair", "shelf"]),
            "quantity": chance.randint(1, 9),
            "unit_price": round(chance.uniform(5, 250), 2),
            "date": f"2026-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}",
            "paid": chance.random() < 0.7,
            "discount": round(chance.choice([0.05, 0.1, 0.2]), 2) if chance.random() < 0.6 else None,
        }
        for number in range(120)
    ]
    staff = [
        {
            "name": f"P{number:02d}",
            "department": chance.choice(["Sales", "IT", "Legal", "sales "]),
            "salary": chance.randrange(28_000, 96_000, 500) if chance.random() < 0.93 else None,
            "age": chance.randint(19, 66),
            "city": chance.choice(["Bonn", "Ulm", "Hof"]),
            "years in job": chance.randint(0, 30),
        }
        for number in range(80)
    ]
    weather = [
        {
            "station": station,
            "day": day,
            "temp_c": round(8 + height / -200 + chance.gauss(6, 5), 1),
            "rain_mm": round(max(0.0, chance.gauss(1, 4)), 1),
            "wind_kmh": None if chance.random() < 0.08 else chance.randint(0, 70),
        }
        for station, height in (("North", 40), ("Hill", 900), ("Coast", 3))
        for day in range(1, 31)
    ]
    return {"orders": pd.DataFrame(orders), "staff": pd.DataFrame(staff), "weather": pd.DataFrame(weather)}


#: Table, question, and the expression (of `df` and `pd`) whose value is the answer; a tuple's values must all be said.
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("orders", "How many orders are there?", "len(df)"),
    ("orders", "What is the average quantity, rounded to two decimals?", "round(df.quantity.mean(), 2)"),
    ("orders", "Which customer has the most orders?", "df.customer.value_counts().idxmax()"),
    ("orders", "How many different products are there?", "df['product'].nunique()"),
    ("orders", "What is the highest unit price?", "df.unit_price.max()"),
    (
        "orders",
        "What is the total revenue (quantity times unit price) of all orders, rounded to two decimals?",
        "round((df.quantity * df.unit_price).sum(), 2)",
    ),
    ("orders", "How many orders are not paid?", "int((~df.paid).sum())"),
    ("orders", "How many orders have no discount value?", "int(df.discount.isna().sum())"),
    ("orders", "Which product has the highest total quantity?", "df.groupby('product').quantity.sum().idxmax()"),
    (
        "orders",
        "In which month (as a number) were the most orders?",
        "int(pd.to_datetime(df.date).dt.month.value_counts().idxmax())",
    ),
    (
        "orders",
        "What is the median unit price of desks, rounded to two decimals?",
        "round(df[df['product'] == 'desk'].unit_price.median(), 2)",
    ),
    (
        "orders",
        "How many orders did Ada make in the second half of 2026 (July to December)?",
        "int(((df.customer == 'Ada') & (pd.to_datetime(df.date).dt.month >= 7)).sum())",
    ),
    ("orders", "What percentage of the orders is paid, rounded to one decimal?", "round(df.paid.mean() * 100, 1)"),
    (
        "orders",
        "What is the order_id of the order with the highest revenue (quantity times unit price)?",
        "int(df.loc[(df.quantity * df.unit_price).idxmax(), 'order_id'])",
    ),
    (
        "orders",
        "What is the average discount of the orders that have one, rounded to three decimals?",
        "round(df.discount.mean(), 3)",
    ),
    (
        "orders",
        "Which customer spent the most (quantity times unit price), and how much, rounded to two decimals?",
        "(df.assign(r=df.quantity * df.unit_price).groupby('customer').r.sum().idxmax(), round(df.assign(r=df.quantity * df.unit_price).groupby('customer').r.sum().max(), 2))",
    ),
    (
        "orders",
        "How many orders have a quantity greater than 5 and a unit price below 100?",
        "int(((df.quantity > 5) & (df.unit_price < 100)).sum())",
    ),
    (
        "orders",
        "What is the standard deviation of unit_price, rounded to two decimals?",
        "round(df.unit_price.std(), 2)",
    ),
    ("orders", "On which date was the first order?", "df.date.min()"),
    (
        "orders",
        "What is the correlation between quantity and unit_price, rounded to three decimals?",
        "round(df.quantity.corr(df.unit_price), 3)",
    ),
    ("staff", "How many people earn more than 60000?", "int((df.salary > 60000).sum())"),
    ("staff", "What is the mean salary, rounded to the nearest whole number?", "round(df.salary.mean())"),
    ("staff", "How many salaries are missing?", "int(df.salary.isna().sum())"),
    ("staff", "Who is the oldest person? If there are several, name the first.", "df.loc[df.age.idxmax(), 'name']"),
    (
        "staff",
        "How many people work in Sales, whatever the spelling (spaces, capitals)?",
        "int((df.department.str.strip().str.lower() == 'sales').sum())",
    ),
    ("staff", "In which city is the highest average age?", "df.groupby('city').age.mean().idxmax()"),
    ("staff", "What is the median number of years in job?", "df['years in job'].median()"),
    ("staff", "How many people are between 30 and 40 years old, both included?", "int(df.age.between(30, 40).sum())"),
    (
        "staff",
        "What is the average salary in Bonn, rounded to the nearest whole number?",
        "round(df[df.city == 'Bonn'].salary.mean())",
    ),
    ("staff", "Which person has the highest salary?", "df.loc[df.salary.idxmax(), 'name']"),
    ("staff", "How many people in Ulm are older than 50?", "int(((df.city == 'Ulm') & (df.age > 50)).sum())"),
    ("staff", "What is the difference between the highest and the lowest salary?", "df.salary.max() - df.salary.min()"),
    ("staff", "What is the third highest age that occurs?", "int(sorted(df.age.unique())[-3])"),
    ("staff", "What is the 90th percentile of age, rounded to one decimal?", "round(df.age.quantile(0.9), 1)"),
    ("weather", "Which station had the highest temperature?", "df.loc[df.temp_c.idxmax(), 'station']"),
    (
        "weather",
        "What was the average temperature at the station Hill, rounded to two decimals?",
        "round(df[df.station == 'Hill'].temp_c.mean(), 2)",
    ),
    (
        "weather",
        "How many days without any rain (0 mm) did Coast have?",
        "int(((df.station == 'Coast') & (df.rain_mm == 0)).sum())",
    ),
    (
        "weather",
        "How much rain fell in total at each station? Give the total for North, rounded to one decimal.",
        "round(df[df.station == 'North'].rain_mm.sum(), 1)",
    ),
    (
        "weather",
        "On which day was the temperature at North lowest?",
        "int(df.loc[df[df.station == 'North'].temp_c.idxmin(), 'day'])",
    ),
    ("weather", "How many wind values are missing?", "int(df.wind_kmh.isna().sum())"),
    ("weather", "How many times was the wind above 50 km/h?", "int((df.wind_kmh > 50).sum())"),
    (
        "weather",
        "What was the highest temperature in degrees Fahrenheit, rounded to one decimal?",
        "round(df.temp_c.max() * 9 / 5 + 32, 1)",
    ),
    (
        "weather",
        "Which station has the largest difference between its highest and lowest temperature?",
        "df.groupby('station').temp_c.agg(lambda t: t.max() - t.min()).idxmax()",
    ),
    (
        "weather",
        "What is the average temperature on days 1 to 10 over all stations, rounded to two decimals?",
        "round(df[df.day <= 10].temp_c.mean(), 2)",
    ),
)


def tasks(folder: Path) -> list[Task]:
    """The questions, with the answers that pandas computes; the tables are written into the folder."""
    import pandas as pd

    made = tables()
    for name, frame in made.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    found: list[Task] = []
    for number, (table, question, expression) in enumerate(QUESTIONS):
        value = eval(expression, {"df": made[table], "pd": pd})
        values = value if isinstance(value, tuple) else (value,)
        answers = tuple(
            (f"value{at}", f"{each:g}" if isinstance(each, float) and each.is_integer() else str(each))
            for at, each in enumerate(values)
        )
        load = f"import pandas as pd\n\ndf = pd.read_csv('{table}.csv')"
        found.append(Task(str(number), folder / f"{table}.csv", (load,), (Step(question, answers),)))
    return found


class RecordingAssistant(Assistant):
    """Keeps what the model of its newest answer was sent, and what its code printed."""

    outputs: list[str]

    async def ask(self, question: Question) -> AsyncGenerator[Event, None]:
        """As the assistant does."""
        self.outputs = [message["content"] for message in (await self.preview(question))["messages"]]
        async with aclosing(super().ask(question)) as events:
            async for event in events:
                if isinstance(event, ToolReturned):
                    self.outputs.append(event.content)
                yield event


def uncomputed(task: Task, reply: str, outputs: Sequence[str]) -> list[str]:
    """Numbers of an answer that stand neither in the question nor in what was printed, and are not marked."""
    if MARK in reply:
        return []
    sources = [Message("user", task.steps[0].query), *(Message("tool", output) for output in outputs)]
    gate = NumberGate(sources)
    gate.feed(reply)
    return gate.missing()


def table_of(results: dict[str, list[Result]], made_up: int) -> str:
    """What came out, a line for each way."""
    lines = ["way     asked  right  wrong  declined  failed  raw calls  seconds"]
    for way, answered in results.items():
        counts = Counter(result.verdict for result in answered)
        raw = sum(RAW_CALL.search(result.reply) is not None for result in answered)
        seconds = sum(result.seconds for result in answered) / max(1, len(answered))
        lines.append(
            f"{way:7}{len(answered):6}{counts['right']:7}{counts['wrong']:7}{counts['declined']:10}{counts['failed']:8}{raw:11}{seconds:9.1f}"
        )
    lines.append(f"answers of the assistant with a number that nothing computed, and no mark: {made_up}")
    return "\n".join(lines)


async def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tasks.weak_model")
    parser.add_argument("--model", default="", help="provider:model; the configured one if missing")
    parser.add_argument("--way", action="append", choices=WAYS, help="only this way")
    parser.add_argument("--limit", type=int, help="only the first questions")
    parser.add_argument("--only", action="append", help="only the question of this number; again for more")
    parser.add_argument("--answers", type=Path, help="a file to which each answer is added as a JSON line")
    arguments = parser.parse_args(words)
    assistant = RecordingAssistant.from_config(JupyterAgent(config=read_config_files(), store="memory://"))
    model = arguments.model or assistant.default_model
    assert isinstance(assistant, RecordingAssistant)
    results: dict[str, list[Result]] = {way: [] for way in arguments.way or WAYS}
    made_up = 0
    with tempfile.TemporaryDirectory() as folder:
        asked = [task for task in tasks(Path(folder)) if not arguments.only or task.id in arguments.only]
        asked.sort(key=lambda task: int(task.id) * 17 % len(QUESTIONS))  # so that the first few are of all tables
        try:
            for task in asked[: arguments.limit]:
                for way, answered in results.items():
                    for result in await answer_task(task, way, assistant, model):
                        answered.append(result)
                        numbers = uncomputed(task, result.reply, assistant.outputs) if way == "agent" else []
                        made_up += bool(numbers)
                        wanted = ", ".join(value for _, value in task.steps[0].answers)
                        print(
                            f"{way:6}{task.id:>3} {result.verdict:9}{result.seconds:6.1f} s  {wanted} | {numbers or ''} {result.reply[-160:]!r}",
                            flush=True,
                        )
                        if arguments.answers is not None:
                            with arguments.answers.open("a", encoding="utf-8") as file:
                                file.write(json.dumps({"way": way, **asdict(result)}, ensure_ascii=False) + "\n")
        finally:
            await assistant.close()
    print(table_of(results, made_up))


if __name__ == "__main__":
    asyncio.run(main())
