"""Entry points by group and name, loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any, cast

STORES = "jupyter_agent.stores"
MODELS = "jupyter_agent.models"
TOOLS = "jupyter_agent.tools"
INSPECTORS = "jupyter_agent.inspectors"
#: Stores that need an optional package → the package, and the extra that installs it.
_NEEDED = {"redis": ("redis", "redis"), "rediss": ("redis", "redis"), "postgresql": ("psycopg", "postgresql")}


def names(group: str) -> tuple[str, ...]:
    """Names registered in a group, sorted, each once."""
    return tuple(sorted(_registered(group)))


def load(group: str, name: str) -> Callable[..., Any] | None:
    """The factory registered under a name; None if there is none."""
    entry_point = _registered(group).get(name)
    return None if entry_point is None else cast("Callable[..., Any]", entry_point.load())


def broken(*groups: str, others_only: bool = False) -> list[str]:
    """Why what is registered in groups, or in all, cannot be used that cannot; loads all of it, or only what others have written."""
    problems: list[str] = []
    for group in groups or (STORES, MODELS, TOOLS, INSPECTORS):
        problems += overruled(group)
        for name in names(group):
            if others_only and _registered(group)[name].value.startswith("jupyter_agent."):
                continue
            try:
                load(group, name)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - what others wrote may fail in any way when it is imported
                problems.append(problem(group, name, error))
    return problems


def problem(group: str, name: str, error: BaseException) -> str:
    """Why what is registered under a name cannot be used, for a user and for whoever repairs it."""
    reason = f"{type(error).__name__}: {str(error)[:200]}".rstrip(": ")
    title = _title(group, _registered(group)[name])
    return f"{title} cannot be loaded and is left out ({reason}). Repair or uninstall it."


def overruled(group: str) -> list[str]:
    """Why each of a group is left out whose name another distribution, or this one, has registered too."""
    return [
        f"{_title(group, entry_point)} is left out: there is another of that name. Rename or uninstall one of them."
        for entry_point in _entry_points(group)
        if entry_point.value != _registered(group)[entry_point.name].value
    ]


def _title(group: str, entry_point: EntryPoint) -> str:
    kind = {STORES: "store", MODELS: "model provider", TOOLS: "tool", INSPECTORS: "inspector"}[group]
    owner = f" (of {entry_point.dist.name})" if entry_point.dist is not None else ""
    return f"The {kind} '{entry_point.name}'{owner}"


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
def _entry_points(group: str) -> Sequence[EntryPoint]:
    """Ours first, so that nobody takes their place; looked up once, which reads the metadata of every installed package."""
    return sorted(entry_points(group=group), key=lambda entry_point: not entry_point.value.startswith("jupyter_agent."))


@cache
def _registered(group: str) -> Mapping[str, EntryPoint]:
    return {entry_point.name: entry_point for entry_point in reversed(_entry_points(group))}
