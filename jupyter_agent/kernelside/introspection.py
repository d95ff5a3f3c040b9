"""Answers the two questions of the wire from a tracker: the state since a version, and one variable in full."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any

from . import wire
from .import_guard import no_imports
from .inspectors import builtin_types, pandas, polars  # noqa: F401 - all of them are needed
from .inspectors.plugins import ai_repr
from .inspectors.reading import PLAIN_IDS, qualified_name
from .inspectors.registry import CODE, TimeBudget, ValueDescription, describe, register_loaded
from .secrets import WITHHELD, is_secret_name
from .tracker.fingerprints import is_sampled
from .tracker.idle import seen_from_outside
from .tracker.namespace import user_value
from .tracker.tracker import Tracker

#: Characters of a run's source that are sent when those of newer runs have used up the reply.
_MIN_SOURCE = 200
_UNEVALUATED = ValueDescription("object", "", {"unevaluated": "the state's budget ended"})


class Introspector:
    """Reads a tracker's shell for whoever asks."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    @no_imports()
    def state(self, epoch: str, since: int) -> dict[str, Any]:
        """What changed since a version of an epoch, as JSON data; everything for another epoch."""
        tracker, seen = self._tracker, seen_from_outside(self._tracker.shell)
        items = tracker.refresh()
        names = tracker.name_versions
        if epoch != tracker.epoch or not 0 <= since <= names.version:
            since = 0
        runs: list[dict[str, Any]] = []
        characters = wire.MAX_SOURCES
        for run in reversed(tracker.runs):  # the older ones with the head of their source only
            if run.version > since or run.status == "running":
                runs.append(run.to_wire(max(_MIN_SOURCE, characters)))
                characters -= len(runs[-1]["source"])
        return {
            **self._frame(since, seen),
            "changed": self._variables(_select_changed(items, names.versions, since)),
            "deleted": [name for name, version in list(names.deleted.items()) if version > since] if since else [],
            "executions": runs[::-1],
            "total": len(items),
        }

    def unchanged(self, epoch: str, since: int) -> dict[str, Any] | None:
        """The state of a kernel in which nothing ran since the last question; None where that is not sure."""
        tracker, seen = self._tracker, seen_from_outside(self._tracker.shell)
        if epoch != tracker.epoch or since != tracker.name_versions.version or not tracker.is_unchanged:
            return None
        return self._frame(since, seen)

    def _frame(self, since: int, seen: list[int]) -> dict[str, Any]:
        """A state in which nothing changed; what is `seen` of the process was so before it was looked at."""
        tracker = self._tracker
        main = tracker.processor_time
        return {
            "epoch": tracker.epoch,
            "since": since,
            "version": tracker.name_versions.version,
            "changed": [],
            "deleted": [],
            "executions": [],
            "total": tracker.total,
            "status": "busy" if tracker.busy else "idle",
            "taken_at": time.time(),
            # As long as the process is found like this, it need not be asked again.
            "process": [seen[0], os.getpid(), main, *seen[1:]] if seen and main is not None else [],
        }

    def _variables(self, changed: list[tuple[str, Any]]) -> list[dict[str, Any]]:
        """Descriptions of at most `wire.MAX_VARIABLES`, data before code, within the state's time and size."""
        total_budget = TimeBudget(wire.STATE_SECONDS)
        characters = 0
        described = []
        for name, value in changed:
            is_plain = id(type(value)) in PLAIN_IDS
            if is_plain:
                description = _describe(name, value, total_budget)
            elif total_budget.spent or characters > wire.MAX_STATE_CHARACTERS:
                description = _UNEVALUATED
            else:
                description = _describe(name, value, TimeBudget(wire.VARIABLE_SECONDS))
            described.append(self._variable_to_json(name, value, description))
            characters += wire.MAX_TEXT if is_plain else len(repr(description.facts))
        return described

    @no_imports()
    def inspect(self, name: str, column: str | None, values: Iterable[str] = ()) -> dict[str, Any]:
        """One variable or one column in full, with the texts that have one of the words; ``{"gone": True}`` where there is none."""
        register_loaded()
        try:
            value = user_value(self._tracker.shell, name)
        except KeyError:
            return {"gone": True}
        budget = TimeBudget(wire.INSPECT_SECONDS, detail=True, values=values)
        if column is None:
            description = _describe(name, value, budget)
            text = None if description.facts.get("withheld") else ai_repr(value)
            if text:
                description = description._replace(facts={**description.facts, "says": text})
            return {"variable": self._variable_to_json(name, value, description)}
        if is_secret_name(column):
            found: ValueDescription | None = ValueDescription("series", WITHHELD, {"withheld": True})
        else:
            found = pandas.describe_column(value, column, budget) or polars.describe_column(value, column, budget)
        if found is None:
            return {"gone": True}
        return {"variable": {**self._variable_to_json(name, value, found), "name": f'{name}["{wire.line(column)}"]'}}

    def _variable_to_json(self, name: str, value: object, description: ValueDescription) -> dict[str, Any]:
        names = self._tracker.name_versions
        origin = names.origins.get(name)
        return {
            "name": name if len(name) < wire.MAX_TEXT and name.isidentifier() else wire.line(name, wire.MAX_TEXT),
            "type": qualified_name(type(value)),
            "kind": description.kind,
            "summary": description.summary,
            "facts": description.facts,
            "version": names.versions.get(name, names.version),
            "cell_id": origin.cell_id if origin else None,
            "execution_count": origin.execution_count if origin else None,
        }


def _select_changed(items: list[tuple[str, Any]], versions: dict[str, int], since: int) -> list[tuple[str, Any]]:
    """What changed, data before functions, classes and modules; where there is too much, what changed last."""
    changed = [item for item in items if versions.get(item[0], 0) > since] if since else items
    data = [item for item in changed if id(type(item[1])) in PLAIN_IDS or not is_code(item[1])]
    data = _newest(data, versions, wire.MAX_VARIABLES)
    if len(data) in (len(changed), wire.MAX_VARIABLES):
        return data
    return [*data, *_newest([item for item in changed if is_code(item[1])], versions, wire.MAX_VARIABLES - len(data))]


def _newest(items: list[tuple[str, Any]], versions: dict[str, int], most: int) -> list[tuple[str, Any]]:
    """Those that changed last, or, of one version, were bound last, in their order."""
    if len(items) <= most:
        return items
    newest = sorted(range(len(items)), key=[versions.get(name, 0) for name, _ in items].__getitem__)
    return [items[at] for at in sorted(newest[-most:])]


def is_code(value: object) -> bool:
    """Whether it is a function, a class or a module rather than data."""
    cls = type(value)
    return id(cls) in CODE or issubclass(cls, type)


def _describe(name: str, value: object, budget: TimeBudget) -> ValueDescription:
    """A variable's description; of what looks secret by its name only the kind and the length."""
    if is_secret_name(name) and not is_code(value):
        description = describe(value, TimeBudget(0.001))
        facts: dict[str, Any] = {"withheld": True}
        for fact in ("length", "rows"):
            if fact in description.facts:
                facts["length"] = description.facts[fact]
        return ValueDescription(description.kind, WITHHELD, facts)
    description = describe(value, budget)
    if id(type(value)) not in PLAIN_IDS and is_sampled(value):
        description.facts["changes"] = "seen in samples only"
    return description
