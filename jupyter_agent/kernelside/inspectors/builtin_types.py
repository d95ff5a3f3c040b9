"""All inspectors: importing this registers them."""

from __future__ import annotations

from . import (  # noqa: F401 - each registers its inspectors
    builtins,
    code,
    numpy,
    objects,
    pandas,
    pictures,
    polars,
    science,
    tables,
)
