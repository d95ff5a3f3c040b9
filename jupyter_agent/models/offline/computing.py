"""What was computed in words: why it was not run, and its conditions."""

from __future__ import annotations

from calendar import day_name, month_name
from collections.abc import Sequence

from jupyter_agent.models.offline.facts import Ran
from jupyter_agent.models.offline.markdown import name
from jupyter_agent.models.offline.namespace import Column, Table
from jupyter_agent.models.offline.query import Condition, Measure, noun
from jupyter_agent.models.offline.words import joined


def not_run(ran: Ran, title: str) -> Sequence[str]:
    """Why there is code and no result."""
    if ran.status == "failed":
        return [f"I tried to compute this ({title}), but it failed: {name(ran.last_line, 200)}", "The code was:"]
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
        case "weekday":
            return f"{column} is on a {joined([day_name[value] for value in condition.values], 'or')}"
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
