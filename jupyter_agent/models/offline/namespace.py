"""What the kernel holds, as questions see it: variables, frames with their columns, modules by real name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.kernelside.secrets import WITHHELD
from jupyter_agent.models.offline.markdown import names

Role = Literal["number", "time", "text", "truth", "other"]

_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("truth", re.compile(r"^bool", re.IGNORECASE)),
    ("time", re.compile(r"^(datetime|date\b|date$|timestamp|period)", re.IGNORECASE)),
    ("number", re.compile(r"^(u?int|float|double|decimal|complex|half)", re.IGNORECASE)),
    ("text", re.compile(r"^(object|str|string|utf8|category|categorical|enum|large_string)", re.IGNORECASE)),
)
#: Signs that a text was cut, brought into one line, or had a secret taken out on its way here.
_CHANGED = re.compile(rf"[⏎\ufffd…]|{re.escape(WITHHELD)}|\*\*\*")
_DATE_LIKE = re.compile(r"^['\"]?\d{4}-\d{1,2}(-\d{1,2})?([T ]\d|['\"]?$)")


def whole(value: object) -> int | None:
    """A count from JSON, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def real(value: object) -> float | int | None:
    """A number from JSON, or None."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def texts(value: object) -> tuple[str, ...]:
    """A list of texts from JSON."""
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a frame.

    Attributes:
        frame: Name of the frame's variable.
        name: The label as text.
        position: Counted from 0.
        facts: What is known: dtype, missing, samples and, after inspection, statistics.
        plain: Whether the label surely is this text (else code names it by position).
    """

    frame: str
    name: str
    position: int
    facts: Mapping[str, Any] = field(hash=False)
    plain: bool = True

    @property
    def dtype(self) -> str:
        """As the library calls it."""
        return str(self.facts.get("dtype", ""))

    @property
    def role(self) -> Role:
        """What can be done with it."""
        return next((role for role, pattern in _ROLES if pattern.search(self.dtype)), "other")

    @property
    def date_like(self) -> bool:
        """Whether its texts look like dates."""
        samples = texts(self.facts.get("samples"))
        return self.role == "text" and bool(samples) and all(_DATE_LIKE.match(sample) for sample in samples)

    @property
    def top(self) -> tuple[tuple[str, int], ...]:
        """The most frequent values as text, with how often they occur."""
        listed = self.facts.get("top")
        pairs = listed if isinstance(listed, (list, tuple)) else ()
        return tuple((str(pair[0]), pair[1]) for pair in pairs if isinstance(pair, (list, tuple)) and len(pair) == 2)

    @property
    def values(self) -> tuple[str, ...]:
        """Some values as text, the frequent ones first where known."""
        known = dict.fromkeys([*(value for value, _ in self.top), *texts(self.facts.get("found")), *self.samples])
        return tuple(value for value in known if not _CHANGED.search(value))

    @property
    def samples(self) -> tuple[str, ...]:
        """The first values as text."""
        return tuple(moment(unquoted(text)) for text in texts(self.facts.get("samples")))

    @property
    def label(self) -> str:
        """The label as Python code."""
        return repr(self.name) if self.plain else f"{in_code(self.frame)}.columns[{self.position}]"


def moment(text: str) -> str:
    """A day without its midnight."""
    return re.sub(r"^(\d{4}-\d\d-\d\d)[ T]00:00:00(?:\.0+)?$", r"\1", text)


def unquoted(text: str) -> str:
    """A sample without the quotes of its repr."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def is_lazy(variable: Variable) -> bool:
    """Whether it is a frame that is computed only when it is asked for."""
    return "LazyFrame" in variable.type


@dataclass(frozen=True, slots=True)
class Table:
    """A table in the kernel, or one that an expression makes of such tables.

    Attributes:
        variable: The variable; of an expression, the one that its rows come from.
        columns: Its columns.
        expression: The code that makes it; empty for the variable itself. A table of Arrow computes nothing, so that pandas does.
    """

    variable: Variable
    columns: tuple[Column, ...]
    expression: str = ""

    @classmethod
    def of(cls, variable: Variable) -> Table:
        """Read a variable of kind ``frame``."""
        listed = variable.facts.get("columns")
        wires = [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, Sequence) else []
        labels = [str(wire.get("name", "")) for wire in wires]
        columns = tuple(
            Column(variable.name, label, place, wire, _plain(label, labels))
            for place, (label, wire) in enumerate(zip(labels, wires, strict=True))
        )
        is_arrow = variable.type.startswith("pyarrow.")
        return cls(variable, columns, f"{in_code(variable.name)}.to_pandas()" if is_arrow else "")

    @property
    def name(self) -> str:
        """The variable's name."""
        return self.variable.name

    @property
    def code(self) -> str:
        """The table in code."""
        return self.expression or in_code(self.name)

    @property
    def rows(self) -> int | None:
        """How many rows, where known."""
        return whole(self.variable.facts.get("rows"))

    @property
    def width(self) -> int:
        """How many columns, listed or not."""
        return whole(self.variable.facts.get("columns_total")) or len(self.columns)

    @property
    def library(self) -> str:
        """``pandas`` or ``polars``: whose code works on it."""
        return "polars" if self.variable.type.startswith("polars") else "pandas"

    def of_role(self, *roles: Role) -> tuple[Column, ...]:
        """Columns of some roles, in order."""
        return tuple(column for column in self.columns if column.role in roles)

    @property
    def time(self) -> Column | None:
        """The column that says when, real dates before texts that look like them."""
        real_times = self.of_role("time")
        return next(iter(real_times), None) or next((column for column in self.columns if column.date_like), None)


def _plain(label: str, labels: Sequence[str]) -> bool:
    """Whether the label can be written as a text: not cut, not twice, and not the text of a number or tuple."""
    if _CHANGED.search(label) or labels.count(label) > 1:
        return False
    return not re.fullmatch(r"-?[\d.]+|\(.*\)|nan|None|NaT|True|False|\d{4}-\d\d-\d\d.*", label)


def names_of(named: Iterable[Column | Table | Variable], limit: int = 12) -> str:
    """Names of columns, tables or variables as Markdown, with commas; beyond the limit only how many more."""
    return names([item.name for item in named], limit)


def in_code(name: str) -> str:
    """A variable as an expression, whatever its name is."""
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"globals()[{name!r}]"


@dataclass(frozen=True, slots=True)
class Namespace:
    """The variables of the kernel as one look at it found them.

    Attributes:
        variables: By name.
        total: How many there are, listed or not.
        status: The kernel's status.
        stale: Why this may be out of date; empty when it is fresh.
        age: Seconds since it was read.
        files: Files in the notebook's folder, where they are known.
        reachable: Whether the kernel could be asked at all.
    """

    variables: Mapping[str, Variable]
    total: int = 0
    status: str = "unknown"
    stale: str = ""
    age: float = 0.0
    files: tuple[str, ...] = ()
    reachable: bool = True

    @property
    def frames(self) -> tuple[Table, ...]:
        """All tables."""
        return tuple(Table.of(variable) for variable in self.variables.values() if variable.kind == "frame")

    @property
    def age_note(self) -> str:
        """That the state is not fresh, for the end of an answer; empty where it is."""
        if self.stale and self.reachable and self.variables:
            return f"*The kernel could not be asked just now; this was known {self.age:.0f} s ago.*"
        return ""

    def fresh(self, wanted: str) -> str:
        """A name that hides none of the user's: this one, or this one with a number."""
        return next(
            name
            for place in range(1, 1000)
            if (name := f"{wanted}_{place}" if place > 1 else wanted) not in self.variables
        )

    def alias(self, module: str) -> str | None:
        """The name under which a module was imported."""
        modules = (variable for variable in self.variables.values() if variable.kind == "module")
        return next((variable.name for variable in modules if variable.facts.get("module") == module), None)
