"""Figures on Jupyter's own /metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Histogram

if TYPE_CHECKING:
    from jupyter_agent.core.messages import Event

_TURNS = Counter("jupyter_agent_turns", "Turns by how they ended.", ["status"])
_SECONDS = Histogram(
    "jupyter_agent_turn_seconds", "How long turns took.", buckets=(0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
)


def turn_ended(end: Event | BaseException | None, seconds: float) -> None:
    """Count a turn."""
    _TURNS.labels("refused" if end is None or isinstance(end, BaseException) else end.event).inc()
    _SECONDS.observe(seconds)
