"""What a question asks for, once its words are understood: the slots that skills answer from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.markdown import name as shown
from jupyter_agent.models.offline.mentions import Skeleton
from jupyter_agent.models.offline.names import NameMention
from jupyter_agent.models.offline.namespace import Column, Namespace, Table
from jupyter_agent.models.offline.words import joined

Operator = Literal[
    "==", "!=", ">", ">=", "<", "<=", "between", "during", "month", "isin", "notin", "missing", "present", "contains",
    "startswith", "endswith", "unmatched",
]  # fmt: skip
Function = Literal["mean", "median", "sum", "max", "min", "std", "var", "count", "nunique", "mode", "quantile"]
Period = Literal["year", "quarter", "month", "week", "day", "hour", "weekday"]

_NOUNS: Mapping[Function, str] = {
    "mean": "mean", "median": "median", "sum": "sum", "max": "maximum", "min": "minimum", "std": "standard deviation",
    "var": "variance", "count": "count", "nunique": "number of unique values", "mode": "most frequent value",
    "quantile": "quantile",
}  # fmt: skip


def noun(function: Function) -> str:
    """The function in words."""
    return _NOUNS[function]


def has_table(query: Query) -> bool:
    """Whether it is about a table."""
    has_frame = query.frame is not None or bool(query.candidates)
    return has_frame and (query.target is None or query.target.kind == "frame")


class Ask(Exception):
    """Raised where the question can be meant in several ways; its text asks back."""


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


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on the rows of a frame; values are plain Python values."""

    column: Column
    operator: Operator
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A question with its slots filled.

    Attributes:
        skeleton: The words, names replaced.
        namespace: The kernel's variables.
        skill: Name of the skill that answers, once chosen.
        target: The variable it is about, of whatever kind.
        frame: The table it is about.
        candidates: Tables it could be about, when that is not clear.
        other: A second table.
        columns: Columns that are not a key, not an order and not part of a condition.
        by: Keys of groups.
        period: Groups by time.
        function: How values are brought together.
        each: The same for each of the columns, where they differ.
        conditions: Which rows.
        order: Columns to sort by.
        descending: Direction, where said.
        limit: How many, where said.
        extreme: Whether the one with the most or least is asked for.
        wants_code: Whether code is asked for, not its result.
        continues: Whether it leans on what was said before.
    """

    skeleton: Skeleton
    namespace: Namespace
    skill: str = ""
    target: Variable | None = None
    frame: Table | None = None
    candidates: tuple[Table, ...] = ()
    other: Table | None = None
    columns: tuple[Column, ...] = ()
    by: tuple[Column, ...] = ()
    period: Period | None = None
    function: Function | None = None
    each: tuple[Function, ...] = ()
    conditions: tuple[Condition, ...] = ()
    order: tuple[Column, ...] = ()
    descending: bool | None = None
    limit: int | None = None
    extreme: bool = False
    wants_code: bool = False
    continues: bool = False
    previous: Query | None = field(default=None, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The skeleton's text."""
        return self.skeleton.text

    @property
    def mentions(self) -> Sequence[NameMention]:
        """All names that the question itself has."""
        return self.skeleton.mentions

    @property
    def column(self) -> Column | None:
        """The first column, if any."""
        return self.columns[0] if self.columns else None

    def the_frame(self) -> Table:
        """The table, for skills that need one.

        Raises:
            Ask: there is none, or it is not clear which.
        """
        if self.frame is not None:
            return self.frame
        if not self.candidates:
            raise Ask(no_frame(self.namespace))
        choices = joined([shown(candidate.name) for candidate in self.candidates[:6]], "or")
        raise Ask(f"Which table do you mean: {choices}?")


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
