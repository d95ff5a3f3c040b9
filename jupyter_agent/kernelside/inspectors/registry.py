"""The registry of inspectors: by exact class along the MRO, each within a time budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from ..secrets import WITHHELD, is_secret_name
from ..wire import MAX_LINE, VARIABLE_SECONDS, clip, line, plain_text
from .reading import loaded, mro, opaque, qualified_name


class ValueDescription(NamedTuple):
    """An inspector's description of a value: its kind, one line, and facts as JSON data."""

    kind: str
    summary: str
    facts: dict[str, Any]


class TimeBudget:
    """Time for one description, whether it is wanted in full detail, and words of the values that are looked for."""

    def __init__(self, seconds: float = VARIABLE_SECONDS, *, detail: bool = False, values: Iterable[str] = ()) -> None:
        self.detail = detail
        self.values = frozenset(map(plain_text, values))
        self._end = time.perf_counter() + seconds

    @property
    def spent(self) -> bool:
        """Whether the time is over: leave the rest unevaluated."""
        return time.perf_counter() > self._end


Inspector = Callable[[Any, TimeBudget], ValueDescription]
#: One short line for a value inside another one, without the facts.
Summarizer = Callable[[Any], str]


class _Registration(NamedTuple):
    cls: type
    inspector: Inspector
    summarizer: Summarizer | None
    bases_too: bool


# By the class's identity: hashing a class may run its metaclass's code. The classes are kept alive by their entry, so
# that no identity is used twice; user classes never get one.
_registered: dict[int, _Registration] = {}
#: A module's name, names of classes in it, and what registers these.
_pending: list[tuple[str, list[str], Callable[[list[type]], None]]] = []
#: Identities of registered classes whose values are code rather than data: their names do not make them secrets.
CODE: set[int] = set()


def register(
    classes: Iterable[type], inspector: Inspector, summarizer: Summarizer | None = None, *, bases_too: bool = False
) -> None:
    """Registers an inspector for exact classes of the standard library.

    The summarizer describes a value in one line where it stands inside another; without it the summary does. An inspector
    that reads by the class's own slots may be given values of derived classes, too.
    """
    for cls in classes:
        _registered[id(cls)] = _Registration(cls, inspector, summarizer, bases_too)


def register_when_loaded(
    module: str, names: str, inspector: Inspector, summarizer: Summarizer | None = None, *, bases_too: bool = False
) -> None:
    """Registers an inspector for classes of a library, by the names under which its module offers them."""
    register_classes = partial(register, inspector=inspector, summarizer=summarizer, bases_too=bases_too)
    _pending.append((module, names.split(), register_classes))


def register_loaded() -> None:
    """Looks which awaited libraries the user has imported meanwhile."""
    for pending in tuple(_pending):
        module, names, register_classes = pending
        classes = [loaded(module, name) for name in names]
        found = [cls for cls in classes if cls is not None and issubclass(type(cls), type)]
        register_classes(found)
        if len(found) == len(names):
            _pending.remove(pending)


def text_inspector(kind: str, text: Callable[[Any], str]) -> Inspector:
    """An inspector of values of which a text says all."""

    def inspect(value: Any, _budget: TimeBudget) -> ValueDescription:
        found = text(value)
        return ValueDescription(kind, found, {"value": found})

    return inspect


_OPAQUE = _Registration(object, lambda value, _budget: ValueDescription("object", opaque(value), {}), opaque, True)


def _find_by_base(cls: type) -> _Registration:
    for base in mro(cls)[1:]:
        registration = _registered.get(id(base))
        if registration is not None and registration.bases_too:
            return registration
    return _OPAQUE


def describe(value: object, budget: TimeBudget) -> ValueDescription:
    """A value's description; whatever its class does, this returns and runs none of its code."""
    try:
        return (_registered.get(id(type(value))) or _find_by_base(type(value))).inspector(value, budget)
    except Exception as error:
        # A value can change under our hands while the user's code runs, and a library can be another release.
        return ValueDescription("object", opaque(value), {"unevaluated": qualified_name(type(error))})


def one_line(value: object, limit: int = MAX_LINE) -> str:
    """A value inside another one, in one line."""
    try:
        registration = _registered.get(id(type(value))) or _find_by_base(type(value))
        if registration.summarizer is not None:
            return clip(registration.summarizer(value), limit)
        return line(registration.inspector(value, TimeBudget(0.005)).summary, limit)
    except Exception:
        return clip(opaque(value), limit)


def named_line(name: str, value: object, limit: int = MAX_LINE) -> str:
    """A value in one line under the name of its key, field or local; withheld where the name looks secret."""
    if is_secret_name(name) and id(type(value)) not in CODE:
        return WITHHELD
    return one_line(value, limit)
