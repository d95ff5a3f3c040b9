"""What a call under way has printed so far: whoever runs code says it, whoever waits reads it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """Of one call.

    Attributes:
        printed: What code printed so far, cleaned and within a limit; set by the kernel that runs it.
    """

    printed: Callable[[], str] = str


#: Of the call that is made in this context; None where nobody waits for it.
PROGRESS: ContextVar[Progress | None] = ContextVar("jupyter_agent_progress", default=None)
