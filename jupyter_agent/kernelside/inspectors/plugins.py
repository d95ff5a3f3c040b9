"""Descriptions of types by their own libraries: inspectors by entry point, and objects with an ``_ai_repr_``.

An entry point of the group ``jupyter_agent.inspectors`` in the kernel's environment is named by the class it is for
(``package.module.Class``) and loads a function ``inspect(value, detail) -> (kind, summary, facts)``. It is loaded when
the first such value is described, never before, so that it imports nothing that the user does not use. Its answer is cut to
the same limits as everything else.

An object whose class defines ``_ai_repr_`` as a plain method has asked to be quoted: it is called when that variable is
inspected, never for a state, and for at most half a second.
"""

from __future__ import annotations

import _thread
import queue
import types
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from ..import_guard import imports_allowed
from ..secrets import without_secrets
from ..wire import MAX_LINE, MAX_NAME, MAX_TEXT_INSPECTED, clip, line
from .reading import class_attribute, opaque
from .registry import TimeBudget, ValueDescription, register_when_loaded

GROUP = "jupyter_agent.inspectors"
_MAX_DEPTH = 4
_MAX_ENTRIES = 50
_SECONDS = 0.5
_registered = False


def register_plugins() -> None:
    """Registers the environment's inspectors, once."""
    global _registered  # noqa: PLW0603 - once a process
    if _registered:
        return
    _registered = True
    with imports_allowed():  # only outside of Jupyter it is not loaded anyway
        from importlib import metadata

        found: Any = metadata.entry_points()
    for point in found.select(group=GROUP) if hasattr(found, "select") else found.get(GROUP, ()):
        module, _, name = point.name.rpartition(".")
        if module and name:
            inspector = partial(_describe_by_plugin, point.name, cache(partial(_load, point)))
            register_when_loaded(module, name, inspector, opaque)


def _load(point: Any) -> Any:
    """The inspector, or the name of what its import raised, which is not tried again."""
    try:
        return point.load()
    except (Exception, SystemExit) as error:
        return type(error).__name__


def _describe_by_plugin(name: str, load: Callable[[], Any], value: Any, budget: TimeBudget) -> ValueDescription:
    with imports_allowed():
        inspect = load()
        if type(inspect) is str:
            unevaluated = f"the inspector {name} cannot be loaded ({inspect})"
            return ValueDescription("object", opaque(value), {"unevaluated": line(unevaluated, MAX_LINE)})
        kind, summary, facts = inspect(value, budget.detail)
    return ValueDescription(line(str(kind), 20), line(str(summary), 2 * MAX_LINE), bounded(dict(facts)))


def bounded(data: Any, depth: int = 0) -> Any:
    """JSON data cut to the budgets; what is no JSON data is left out."""
    if type(data) is str:
        return clip(without_secrets(data[: 4 * MAX_TEXT_INSPECTED]), MAX_TEXT_INSPECTED)
    if data is None or type(data) is bool or type(data) is int:
        return data
    if type(data) is float:
        return data if data - data == 0 else str(data)
    if depth >= _MAX_DEPTH:
        return None
    if type(data) is list or type(data) is tuple:
        return [bounded(element, depth + 1) for element in data[:_MAX_ENTRIES]]
    if type(data) is dict:
        entries = [(key, element) for key, element in data.items() if type(key) is str][:_MAX_ENTRIES]
        return {line(key, MAX_NAME): bounded(element, depth + 1) for key, element in entries}
    return None


def ai_repr(value: object) -> str | None:
    """An object's own description of itself; None where its class has none, fails, or takes too long."""
    method = class_attribute(type(value), "_ai_repr_")
    if type(method) is not types.FunctionType:
        return None
    answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
    _thread.start_new_thread(_call_ai_repr, (method, value, answer))
    try:
        text = answer.get(timeout=_SECONDS)
    except queue.Empty:
        return None
    if type(text) is dict:
        text = text.get("text/plain")
    return bounded(text) if type(text) is str else None


def _call_ai_repr(method: Any, value: object, answer: queue.SimpleQueue[Any]) -> None:
    try:
        answer.put(method(value))
    except BaseException:
        answer.put(None)
