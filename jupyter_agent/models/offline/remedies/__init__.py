"""Cures for errors, one file per family of errors."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_agent.models.offline.failure import Cure
from jupyter_agent.models.offline.remedies import calls, files, imports, keys, names, syntax, values

_FAMILIES = (names, keys, imports, calls, values, files, syntax)
CURES: Mapping[str, Cure] = {error: cure for family in _FAMILIES for error, cure in family.CURES.items()}
