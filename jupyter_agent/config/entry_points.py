"""Entry points by group and name, loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any, cast

STORES = "jupyter_agent.stores"
MODELS = "jupyter_agent.models"
TOOLS = "jupyter_agent.tools"
#: Stores that need an optional package → the package, and the extra that installs it.
_NEEDED = {"redis": ("redis", "redis"), "rediss": ("redis", "redis"), "postgresql": ("psycopg", "postgresql")}


def names(group: str) -> tuple[str, ...]:
    """Names registered in a group, sorted, each once."""
    return tuple(sorted(_registered(group)))


def load(group: str, name: str) -> Callable[..., Any] | None:
    """The factory registered under a name; None if there is none."""
    entry_point = _registered(group).get(name)
    return None if entry_point is None else cast("Callable[..., Any]", entry_point.load())


def store_problem(url: str) -> str:
    """Why no store can be opened at a URL, for a user; empty where one can."""
    scheme = url.partition("://")[0]
    if scheme in _NEEDED and not _is_installed(package := _NEEDED[scheme][0]):
        install = f"pip install 'jupyter-notebook-agent[{_NEEDED[scheme][1]}]'"
        return f"The store '{scheme}://' needs the package {package}: {install}, then restart."
    if scheme in names(STORES):
        return ""
    known = ", ".join(f"{name}://" for name in names(STORES))
    return f"There is no store '{scheme}://'. Set c.JupyterAgent.store to one of: {known}."


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


@cache
def _registered(group: str) -> Mapping[str, EntryPoint]:
    """Looked up once: that reads the metadata of every installed package, 20 ms or more."""
    found: dict[str, EntryPoint] = {}
    for entry_point in entry_points(group=group):
        found.setdefault(entry_point.name, entry_point)
    return found
