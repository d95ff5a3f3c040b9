"""What a question about an object is read in, and the answer that its query gives."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import figure, name, python
from jupyter_agent.models.offline.namespace import Namespace
from jupyter_agent.models.offline.parts import CONTAINERS, Part, part_of
from jupyter_agent.models.offline.results import result
from jupyter_agent.models.offline.words import forms

#: Kinds of values without parts.
SIMPLE = frozenset(words("number bool none text bytes path datetime"))
#: Variables whose parts are looked for by name alone.
_MOST_SEARCHED = 8
_IMPORTED = re.compile(r"__import__\('(?:importlib'\)\.import_module\(')?([\w.]+)'\)")


class ObjectQuery(ABC):
    """A question of which every word plays a part."""

    @abstractmethod
    def answer(self, facts: Facts) -> Sequence[str]:
        """Blocks of Markdown.

        Raises:
            Need: a tool has to be asked first.
            Ask: it can be meant in several ways, or cannot be answered.
        """


@dataclass(frozen=True, slots=True)
class ObjectContext:
    """Where a question is asked.

    Attributes:
        facts: What tools tell.
        namespace: What the kernel holds.
        previous: What the question before was about.
        only_named: Whether parts of values that the question does not name are left alone.
    """

    facts: Facts
    namespace: Namespace
    previous: ObjectQuery | None = None
    only_named: bool = False

    def named_variables(self, question: str) -> tuple[Variable, ...]:
        """Variables that a question names, as written or forgiving case, plural and underscores."""
        typed = re.findall(r"[^\W\d]\w*", question)
        pairs = [f"{first} {second}" for first, second in pairwise(typed)]
        exact = [variable for variable in self.namespace.variables.values() if variable.name in typed]
        columns = {column.name for table in self.namespace.frames for column in table.columns}
        key = frozenset[str]().union(*(forms(text) for text in (*typed, *pairs) if text not in columns))
        alike = [
            variable
            for variable in self.namespace.variables.values()
            if variable not in exact and len(variable.name) > 1 and forms(variable.name) & key
        ]
        return (*exact, *alike)

    def full(self, variable: Variable) -> Variable:
        """The variable as inspection has it, else as the list has it."""
        return self.facts.inspected(variable.name) or variable

    def roots(self, question: str) -> list[Part]:
        """The named values with their parts, else all that have some."""
        named = self.named_variables(question)
        plain = [variable for variable in named if variable.kind not in ("frame", "module", "array", "series", "index")]
        chosen = [variable for variable in plain if is_data(variable)]
        if not chosen and not self.only_named:
            every = self.namespace.variables.values()
            holders = [variable for variable in every if is_data(variable) and variable.kind in CONTAINERS]
            chosen = holders if len(holders) <= _MOST_SEARCHED else []
        return [part_of(full) for full in self.facts.inspected_all(chosen)]


@dataclass(frozen=True, slots=True)
class SeveralQuery(ObjectQuery):
    """The same question of each of a few things: no guess is made which is meant."""

    queries: Sequence[ObjectQuery]

    def answer(self, facts: Facts) -> Sequence[str]:
        """All answers, one after the other."""
        return [block for query in self.queries for block in query.answer(facts)]


def is_data(variable: Variable) -> bool:
    """Whether it is a value to be looked into: no code, no table, no array, no model."""
    if variable.kind == "object":
        return "fitted" not in variable.facts
    return variable.kind in SIMPLE or variable.kind in ("mapping", "sequence", "set")


def short_type(variable: Variable) -> str:
    """The class without its module."""
    return variable.type.rsplit(".", 1)[-1] or variable.kind


def shown_run(facts: Facts, code: str, title: str, describe: Callable[[str], str] | None = None) -> Sequence[str]:
    """What an expression yields, in words, and the code; only the code where it cannot run."""
    ran = facts.run(code)
    plain = _IMPORTED.sub(lambda match: match[1].rsplit(".", 1)[-1], code)
    modules = [module.rpartition(".") for module in dict.fromkeys(_IMPORTED.findall(code))]
    imports = [f"from {package} import {last}" if package else f"import {last}" for package, _, last in modules]
    offered = python("\n".join([*imports, *([""] if imports else []), plain]))
    if ran.status == "failed":
        return [f"{title} could not be computed: {name(ran.last_line, 200)}"]
    if ran.status != "ok":
        return [f"{ran.obstacle} {title}:", offered]
    found = result(ran.text)
    if describe is not None:
        return [describe(found.text), offered]
    if found.number is not None:
        return [f"{title}: **{figure(found.number)}**", offered]
    return [f"{title}:", *found.blocks(), offered]
