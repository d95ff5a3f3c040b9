"""The registry of inspectors: by exact class along the MRO, each within a time budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..secrets import WITHHELD, is_secret_name, without_secrets
from ..wire import MAX_LINE, MAX_SAMPLE, VARIABLE_SECONDS, clip, line
from .reading import is_library_class, loaded, mro, opaque, qualified_name


class ValueDescription(NamedTuple):
    """An inspector's description of a value: its kind, one line, and facts as JSON data."""

    kind: str
    summary: str
    facts: dict[str, Any]


class TimeBudget:
    """Time for one description, and whether it is wanted in full detail."""

    def __init__(self, seconds: float = VARIABLE_SECONDS, *, detail: bool = False) -> None:
        self.detail = detail
        self._seconds = seconds
        self._end = time.perf_counter() + seconds

    def renew(self) -> None:
        """Begins anew, for the next description."""
        self._end = time.perf_counter() + self._seconds

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


class _PendingRegistration(NamedTuple):
    module: str
    names: tuple[str, ...]
    inspector: Inspector
    summarizer: Summarizer | None
    bases_too: bool


# By the class's identity: hashing a class may run its metaclass's code. The classes are kept alive by their entry, so
# that no identity is used twice; user classes never get one.
_registered: dict[int, _Registration] = {}
_pending: list[_PendingRegistration] = []
#: Identities of registered classes whose values are code rather than data: their names do not make them secrets.
CODE: set[int] = set()


def register(
    classes: Iterable[type], inspector: Inspector, summarizer: Summarizer | None = None, *, bases_too: bool = False
) -> None:
    """Registers an inspector for classes of the standard library.

    Args:
        classes: Exact classes.
        inspector: Describes a value.
        summarizer: Describes a value in one line where it stands inside another; the summary if None.
        bases_too: Whether the inspector reads by the class's own slots, so that it may be given values of
            derived classes, too.
    """
    for cls in classes:
        _registered[id(cls)] = _Registration(cls, inspector, summarizer, bases_too)


def register_when_loaded(
    module: str, names: str, inspector: Inspector, summarizer: Summarizer | None = None, *, bases_too: bool = False
) -> None:
    """Registers an inspector for classes of a library, by the names under which its module offers them."""
    _pending.append(_PendingRegistration(module, tuple(names.split()), inspector, summarizer, bases_too))


def register_loaded() -> None:
    """Looks which awaited libraries the user has imported meanwhile."""
    for pending in tuple(_pending):
        classes = [loaded(pending.module, name) for name in pending.names]
        found = [cls for cls in classes if cls is not None and issubclass(type(cls), type)]
        if not found:
            continue
        register(found, pending.inspector, pending.summarizer, bases_too=pending.bases_too)
        if len(found) == len(classes):
            _pending.remove(pending)


def _find(cls: type) -> _Registration | None:
    exact = _registered.get(id(cls))
    if exact is not None:
        return exact
    for base in mro(cls)[1:]:
        registration = _registered.get(id(base))
        if registration is not None and registration.bases_too:
            return registration
    return None


def describe(value: object, budget: TimeBudget) -> ValueDescription:
    """A value's description; whatever its class does, this returns and runs none of its code."""
    try:
        registration = _registered.get(id(type(value))) or _find(type(value))
        if registration is None:
            return ValueDescription("object", opaque(value), {})
        return registration.inspector(value, budget)
    except Exception as error:
        # A value can change under our hands while the user's code runs, and a library can be another release.
        return ValueDescription("object", opaque(value), {"unevaluated": qualified_name(type(error))})


def one_line(value: object, limit: int = MAX_LINE) -> str:
    """A value inside another one, in one line."""
    try:
        registration = _registered.get(id(type(value))) or _find(type(value))
        if registration is None:
            return clip(opaque(value), limit)
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


#: Packages whose data types say their own names.
_LIBRARIES = (
    *("numpy", "pandas", "polars", "pyarrow", "geopandas", "xarray", "torch", "jax", "jaxlib", "ml_dtypes", "scipy"),
    *("tensorflow", "dask", "shapely"),
)


def type_text(thing: object) -> str:
    """A data type object (``dtype``) as text, if it is its library's own and not an imposter."""
    return clip(str(thing), MAX_LINE) if is_library_class(type(thing), *_LIBRARIES) else opaque(thing)


def element_text(value: object, limit: int = MAX_SAMPLE) -> str:
    """An element of a column: a text as it is, other values in one line."""
    return plain_text(value, limit) if type(value) is str else one_line(value, min(limit, MAX_LINE))


def plain_text(text: str, limit: int = MAX_LINE) -> str:
    """A text as it is, in one line, cut, without secrets."""
    return line(without_secrets(text[: 4 * limit]), limit)


def quoted(text: str, limit: int = MAX_LINE) -> str:
    """A text as a Python literal, cut, without secrets."""
    head = without_secrets(text[: 4 * limit])
    cut = len(head) > limit or len(text) > 4 * limit
    return clip(repr(head[:limit]) + ("…" if cut else ""), limit + 3)
