"""Texts of types, shapes, labels and elements, in one line and without secrets."""

from __future__ import annotations

from ..secrets import without_secrets
from ..wire import MAX_LINE, clip, line
from .reading import is_library_class, opaque
from .registry import one_line

#: Packages whose data types say their own names.
_LIBRARIES = (
    *("numpy", "pandas", "polars", "pyarrow", "geopandas", "xarray", "torch", "jax", "jaxlib", "ml_dtypes", "scipy"),
    *("tensorflow", "dask", "shapely"),
)


def type_text(thing: object) -> str:
    """A data type object (``dtype``) as text, if it is its library's own and not an imposter."""
    return clip(str(thing), MAX_LINE) if is_library_class(type(thing), *_LIBRARIES) else opaque(thing)


def shape_text(shape: tuple[int, ...]) -> str:
    """``3 × 4``."""
    return " × ".join(f"{size:,}" for size in shape) if shape else "scalar"


def element_text(value: object, limit: int = MAX_LINE) -> str:
    """A label, a key or an element of a column: a text as it is, other values in one line."""
    return plain_text(value, limit) if type(value) is str else one_line(value, min(limit, MAX_LINE))


def plain_text(text: str, limit: int = MAX_LINE) -> str:
    """A text as it is, in one line, cut, without secrets."""
    return line(without_secrets(text[: 4 * limit]), limit)


def quoted(text: str, limit: int = MAX_LINE) -> str:
    """A text as a Python literal, cut, without secrets."""
    head = without_secrets(text[: 4 * limit])
    cut = len(head) > limit or len(text) > 4 * limit
    return clip(repr(head[:limit]) + ("…" if cut else ""), limit + 3)
