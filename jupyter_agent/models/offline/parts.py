"""Parts of values: what is inside dictionaries, lists and objects, found by the words that name it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.kernelside.secrets import WITHHELD
from jupyter_agent.models.offline.lexicon import TELLING
from jupyter_agent.models.offline.namespace import in_code, texts, whole
from jupyter_agent.models.offline.words import forms, key, parts

#: Kinds of variables that have parts.
CONTAINERS = frozenset({"mapping", "sequence", "object"})
_ENDINGS = re.compile(r"(?:ers|er|ors|or|ings|ing|ied|ed|ies|es|s|y)$")


@dataclass(frozen=True, slots=True)
class Part:
    """A value, or a part of one.

    Attributes:
        code: The expression that yields it.
        steps: Keys, places and attributes on the way to it, as text; the variable's name first.
        kind: ``mapping``, ``sequence`` or ``object``; empty for what has no parts.
        text: One line of what it is.
        length: How many parts it has.
        parts: Those that are known.
    """

    code: str
    steps: tuple[str, ...]
    kind: str = ""
    text: str = ""
    length: int | None = None
    parts: tuple[Part, ...] = ()

    @property
    def key(self) -> str:
        """What it is called where it is."""
        return self.steps[-1]

    @property
    def value(self) -> Any:
        """The value, where it is plain and not cut; else None."""
        try:
            return ast.literal_eval(self.text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None

    @property
    def is_number(self) -> bool:
        """Whether it is a plain number."""
        return isinstance(self.value, (int, float)) and not isinstance(self.value, bool)

    @property
    def is_withheld(self) -> bool:
        """Whether it looks secret."""
        return WITHHELD in self.text

    def walk(self, above: tuple[Part, ...] = ()) -> Iterator[tuple[Part, ...]]:
        """Itself and all parts, each with those that it is in, outermost first."""
        yield (*above, self)
        for part in self.parts:
            yield from part.walk((*above, self))

    def code_in(self, outer: Part, named: str) -> str:
        """The expression that yields this part of an outer one, which has a name there."""
        return named + self.code.removeprefix(outer.code)


def part_of(variable: Variable) -> Part:
    """A variable with the parts that are known."""
    facts, code = variable.facts, in_code(variable.name)
    steps = (variable.name,)
    text = str(facts["value"]) if variable.kind != "text" and facts.get("value") is not None else variable.summary
    if variable.kind not in CONTAINERS or facts.get("withheld"):
        return Part(code, steps, text=WITHHELD if facts.get("withheld") else text)
    listed = facts.get("parts")
    inner: list[Any] = list(listed) if isinstance(listed, (list, tuple)) else []
    if not inner:
        held = facts.get("items") if variable.kind != "object" else facts.get("fields")
        inner = [list(pair) for pair in (held.items() if isinstance(held, Mapping) else enumerate(texts(held)))]
    length = whole(facts.get("length"))
    return Part(
        code,
        steps,
        variable.kind,
        text,
        len(inner) if length is None else length,
        _inner(code, steps, variable.kind, inner),
    )


def _inner(code: str, steps: tuple[str, ...], kind: str, wires: Sequence[Any]) -> tuple[Part, ...]:
    found = []
    for wire in wires:
        if not isinstance(wire, list) or len(wire) != 2:
            continue  # its key is no text that could be written
        name, content = wire
        own = f"{code}.{name}" if kind == "object" else f"{code}[{name!r}]"
        if kind == "object" and not str(name).isidentifier():
            continue
        below = (*steps, str(name))
        if isinstance(content, dict):
            own_kind = str(content.get("kind", ""))
            inner = _inner(own, below, own_kind, content.get("parts") or ())
            found.append(Part(own, below, own_kind, "", whole(content.get("length")), inner))
        else:
            found.append(Part(own, below, text=str(content)))
    return tuple(found)


def likeness(text: str, name: str) -> int:
    """How well a text names a part: 0 as it is, 1 as one of the words in its name, 2 shortened or inflected; -1 not at all."""
    if forms(text) & forms(name):
        return 0
    plain, own, count = key(text), key(name), len(text.split())
    if count == 1 and forms(text) & parts(name):
        return 1
    initials = text.lower().split()
    if count > 1 and "".join(word[0] for word in initials) == own and not TELLING.intersection(initials):
        return 2
    if count > 1 or len(own) < 3 or len(plain) < 3 or own.isdigit():
        return -1
    is_short = plain.startswith(own) or (len(plain) > 3 and own.endswith(plain))
    stem = _ENDINGS.sub("", plain)
    return 2 if is_short or (len(stem) > 2 and stem == _ENDINGS.sub("", own)) else -1
