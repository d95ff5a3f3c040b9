"""What questions about tables are made of: conditions, measures, periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from jupyter_agent.models.offline.markdown import name as shown
from jupyter_agent.models.offline.namespace import Column, Namespace
from jupyter_agent.models.offline.words import joined

Operator = Literal[
    "==", "!=", ">", ">=", "<", "<=", "between", "during", "month", "weekday", "isin", "notin", "missing", "present", "contains",
    "startswith", "endswith", "unmatched",
]  # fmt: skip
Function = Literal[
    "mean", "median", "sum", "max", "min", "std", "var", "skew", "kurt", "count", "nunique", "mode", "quantile"
]
Period = Literal["year", "quarter", "month", "week", "day", "hour", "weekday"]

_NOUNS: Mapping[Function, str] = {
    "mean": "mean", "median": "median", "sum": "sum", "max": "maximum", "min": "minimum", "std": "standard deviation",
    "var": "variance", "skew": "skewness", "kurt": "excess kurtosis", "count": "count", "nunique": "number of unique values", "mode": "most frequent value",
    "quantile": "quantile",
}  # fmt: skip


def noun(function: Function) -> str:
    """The function in words."""
    return _NOUNS[function]


#: Most tables or models of which a short question that names none is answered for each.
MOST_ANSWERED = 4


class Ask(Exception):
    """Raised where the question can be meant in several ways; its text asks back."""

    @classmethod
    def which_table(cls, names: Iterable[str]) -> Ask:
        """Ask back of which of several tables; the first six are named."""
        return cls(f"Which table do you mean: {joined([shown(name) for name in islice(names, 6)], 'or')}?")


@dataclass(frozen=True, slots=True)
class Measure:
    """A function of a column; of no column it counts rows. A quantile is at a part of the values."""

    function: Function
    column: Column | None = None
    at: float | None = None

    @property
    def noun(self) -> str:
        """The function in words."""
        return f"{self.at:.4g} quantile" if self.at is not None else noun(self.function)

    @property
    def is_of_numbers(self) -> bool:
        """Whether it needs numbers."""
        return self.function not in ("count", "nunique", "mode")

    def in_words(self, rows: str) -> str:
        """``mean of `price` ``; what the number of rows is called where it counts them."""
        return f"{self.noun} of {shown(self.column.name)}" if self.column is not None else rows


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on the rows of a frame; values are plain Python values."""

    column: Column
    operator: Operator
    values: tuple[Any, ...] = ()


def no_frame(namespace: Namespace) -> str:
    """That there is no table, and the cure."""
    if not namespace.reachable:
        return (
            "I cannot see the kernel's variables here, so I do not know which tables there are.\n\n"
            "Start the notebook's kernel, run the cell that loads the data, and ask again."
        )
    return "There is no dataframe in the kernel now. Run the cell that loads the data and ask again." + (
        f"\n\nVariables there are: {', '.join(shown(variable) for variable in list(namespace.variables)[:12])}."
        if namespace.variables
        else ""
    )
