"""All inspectors: importing this registers them."""

from __future__ import annotations

from . import (  # noqa: F401 - each registers its own
    inspectors_builtins,
    inspectors_code,
    inspectors_numpy,
    inspectors_objects,
    inspectors_pandas,
    inspectors_pictures,
    inspectors_polars,
    inspectors_science,
    inspectors_tables,
)
