"""Fixes for errors, one file per family of errors."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_agent.models.offline.failure import Fix
from jupyter_agent.models.offline.fixes import calls, files, imports, keys, names, syntax, values

_FAMILIES = (names, keys, imports, calls, values, files, syntax)
FIXES: Mapping[str, Fix] = {error: fix for family in _FAMILIES for error, fix in family.FIXES.items()}
