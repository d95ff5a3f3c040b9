"""Answers that take a computation: run one expression, or give it where it cannot be run."""

from __future__ import annotations

from calendar import month_name
from collections.abc import Callable, Sequence

from jupyter_agent.models.offline.dialects.choice import Dialect, dialect
from jupyter_agent.models.offline.facts import Facts, Ran
from jupyter_agent.models.offline.markdown import name, python
from jupyter_agent.models.offline.namespace import Column, Table
from jupyter_agent.models.offline.query import Condition, Measure, Query, noun
from jupyter_agent.models.offline.results import Result, result
from jupyter_agent.models.offline.words import joined

Expression = Callable[[Dialect], str]
Sentence = Callable[[Result], str]


def full_frame(query: Query, facts: Facts) -> Table:
    """The query's table as inspection has it, else as the list has it."""
    frame = query.the_frame()
    variable = facts.inspected(frame.name)
    has_columns = variable is not None and variable.kind == "frame" and variable.facts.get("columns")
    return Table.of(variable) if variable is not None and has_columns else frame


def block(query: Query, frame: Table, expression: Expression) -> str:
    """The expression as a block of code to insert, with the imports that it needs."""
    language = dialect(frame, query.namespace)
    return python("\n".join([*language.imports, *([""] if language.imports else []), expression(language)]))


def computed(
    query: Query, facts: Facts, title: str, expression: Expression, describe: Sentence | None = None
) -> Sequence[str]:
    """What an expression over the query's table yields, said in words, and the code; only the code where it is asked for or cannot run.

    Args:
        query: What is asked.
        facts: Where the expression is run.
        title: What is computed, as a phrase.
        expression: The code in a dialect.
        describe: Puts the result into words; the title if None.
    """
    frame = query.the_frame()
    code = block(query, frame, expression)
    if query.wants_code:
        return [f"{title}:", code]
    ran = facts.run(expression(dialect(frame, query.namespace, runs=True)))
    if ran.status != "ok":
        return [*not_run(ran, title), code]
    found = result(ran.text, [column.name for column in frame.columns])
    if found.empty:
        return [f"{title}: **none**.", code]
    sentence = describe(found) if describe is not None else f"{title}:"
    return [sentence, *([] if found.number is not None and sentence else found.blocks()), code]


def not_run(ran: Ran, title: str) -> Sequence[str]:
    """Why there is code and no result."""
    if ran.status == "failed":
        last = ran.text.strip().splitlines()[-1] if ran.text.strip() else "no message"
        return [f"I tried to compute this ({title}), but it failed: {name(last, 200)}", "The code was:"]
    return [f"{ran.obstacle} {title}:"]


def where_clause(conditions: Sequence[Condition]) -> str:
    """Conditions in words: `` where `city` is `Berlin` ``; empty for none."""
    return f" where {joined([_in_words(condition) for condition in conditions])}" if conditions else ""


def _value_in_words(value: object) -> str:
    """A value, or what is computed of a column."""
    if isinstance(value, (Column, Table)):
        return name(value.name)
    return f"its {noun(value.function)}" if isinstance(value, Measure) else name(value)


def _in_words(condition: Condition) -> str:
    column, values = name(condition.column.name), [_value_in_words(value) for value in condition.values]
    match condition.operator:
        case "month":
            return f"{column} is in {joined([month_name[value] for value in condition.values], 'or')}"
        case "notin":
            return f"{column} is not {joined(values, 'or')}"
        case "unmatched":
            return f"{column} is not in {values[0]}"
        case "missing" | "present":
            return f"{column} is {'missing' if condition.operator == 'missing' else 'not missing'}"
        case "between":
            return f"{column} is between {values[0]} and {values[1]}"
        case "during":
            return f"{column} is from {values[0]} to before {values[1]}"
        case "isin" | "==":
            return f"{column} is {joined(values, 'or')}"
        case "!=":
            return f"{column} is not {values[0]}"
        case "contains":
            return f"{column} contains {values[0]}"
        case "startswith" | "endswith":
            return f"{column} {condition.operator.replace('with', ' with')} {values[0]}"
    return f"{column} {condition.operator} {values[0]}"
