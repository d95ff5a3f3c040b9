"""Cures for errors, one file per family of errors."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_agent.models.offline.failure import Cure
from jupyter_agent.models.offline.remedies import keys, names

CURES: Mapping[str, Cure] = {**names.CURES, **keys.CURES}
