"""Entry points by group and name, loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

STORES = "jupyter_agent.stores"
MODELS = "jupyter_agent.models"
TOOLS = "jupyter_agent.tools"


def names(group: str) -> tuple[str, ...]:
    """Names registered in a group, sorted, each once."""
    return tuple(sorted({one.name for one in entry_points(group=group)}))


def load(group: str, name: str) -> Callable[..., Any] | None:
    """The factory registered under a name; None if there is none."""
    for one in entry_points(group=group, name=name):
        factory: Callable[..., Any] = one.load()
        return factory
    return None
