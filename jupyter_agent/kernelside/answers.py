"""Answers the two questions of the wire from a tracker: the state since a version, and one variable in full."""

from __future__ import annotations

import time
from typing import Any

from .inspectors import builtin_types, pandas, polars  # noqa: F401 - all of them are needed
from .inspectors.plugins import own_words
from .inspectors.reading import qualified_name
from .inspectors.registry import CODE, Budget, Description, describe, meet_libraries
from .secrets import WITHHELD, is_secret_name
from .tracker.fingerprints import PLAIN_IDS, is_sampled
from .tracker.namespace import user_value
from .tracker.tracker import Run, Tracker
from .wire import (
    INSPECT_SECONDS,
    MAX_SOURCES,
    MAX_STATE_CHARACTERS,
    MAX_TEXT,
    MAX_VARIABLES,
    STATE_SECONDS,
    VARIABLE_SECONDS,
    line,
)

#: Characters of a run's source that are told when those of newer runs have used up the reply.
_TELL_SHORT = 200
_UNEVALUATED = Description("object", "", {"unevaluated": "the state's budget ended"})


class Answers:
    """Reads a tracker's shell for somebody who asks."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def state(self, epoch: str, since: int) -> dict[str, Any]:
        """What changed since a version of an epoch, as JSON data; everything for another epoch."""
        tracker = self._tracker
        items = tracker.refresh()
        ledger = tracker.ledger
        if epoch != tracker.epoch or not 0 <= since <= ledger.version:
            since = 0
        return {
            "epoch": tracker.epoch,
            "since": since,
            "version": ledger.version,
            "changed": self._variables(_most_telling(items, ledger.versions, since)),
            "deleted": [name for name, version in list(ledger.deleted.items()) if version > since] if since else [],
            "executions": _told_runs([run for run in tracker.runs if run.version > since or run.status == "running"]),
            "total": len(items),
            "status": "busy" if tracker.busy else "idle",
            "taken_at": time.time(),
        }

    def unchanged(self, epoch: str, since: int) -> dict[str, Any] | None:
        """The state of a kernel in which nothing ran since the last question; None where that is not sure."""
        tracker = self._tracker
        version = tracker.ledger.version
        if epoch != tracker.epoch or since != version or not tracker.is_unchanged:
            return None
        return {
            "epoch": epoch,
            "since": since,
            "version": version,
            "changed": [],
            "deleted": [],
            "executions": [],
            "total": tracker.total,
            "status": "busy" if tracker.busy else "idle",
            "taken_at": time.time(),
        }

    def _variables(self, changed: list[tuple[str, Any]]) -> list[dict[str, Any]]:
        """Descriptions of at most `MAX_VARIABLES`, data before code, within the state's time and size."""
        whole = Budget(STATE_SECONDS)
        each = Budget(VARIABLE_SECONDS)
        characters = 0
        told = []
        for name, value in changed:
            is_plain = id(type(value)) in PLAIN_IDS
            if is_plain:
                description = _described(name, value, each)
            elif whole.spent or characters > MAX_STATE_CHARACTERS:
                description = _UNEVALUATED
            else:
                each.renew()
                description = _described(name, value, each)
            told.append(self._told(name, value, description))
            characters += MAX_TEXT if is_plain else len(repr(description.facts))
        return told

    def inspect(self, name: str, column: str | None) -> dict[str, Any]:
        """One variable or one column in full; ``{"gone": True}`` where there is none."""
        tracker = self._tracker
        meet_libraries()
        try:
            value = user_value(tracker.shell, name)
        except KeyError:
            return {"gone": True}
        budget = Budget(INSPECT_SECONDS, detail=True)
        if column is None:
            return {"variable": self._told(name, value, _with_own_words(name, value, budget))}
        description = _column(value, column, budget)
        if description is None:
            return {"gone": True}
        return {"variable": {**self._told(name, value, description), "name": f'{name}["{line(column)}"]'}}

    def _told(self, name: str, value: object, description: Description) -> dict[str, Any]:
        ledger = self._tracker.ledger
        origin = ledger.origins.get(name)
        return {
            "name": name if len(name) < MAX_TEXT and name.isidentifier() else line(name, MAX_TEXT),
            "type": qualified_name(type(value)),
            "kind": description.kind,
            "summary": description.summary,
            "facts": description.facts,
            "version": ledger.versions.get(name, ledger.version),
            "cell_id": origin.cell_id if origin else None,
            "execution_count": origin.execution_count if origin else None,
        }


def _most_telling(items: list[tuple[str, Any]], versions: dict[str, int], since: int) -> list[tuple[str, Any]]:
    """What changed, data before functions, classes and modules; where there is too much, what changed last."""
    changed = [item for item in items if versions.get(item[0], 0) > since] if since else items
    data = [item for item in changed if id(type(item[1])) in PLAIN_IDS or not is_code(item[1])]
    if len(data) > MAX_VARIABLES:
        # What is of one version keeps its order; so does what is told.
        newest = sorted(range(len(data)), key=[versions.get(name, 0) for name, _ in data].__getitem__)
        return [data[at] for at in sorted(newest[-MAX_VARIABLES:])]
    if len(data) == len(changed):
        return data
    code = [item for item in changed if is_code(item[1])]
    return [*data, *code[: MAX_VARIABLES - len(data)]]


def is_code(value: object) -> bool:
    """Whether it is a function, a class or a module rather than data."""
    cls = type(value)
    return id(cls) in CODE or issubclass(cls, type)


def _column(value: Any, column: str, budget: Budget) -> Description | None:
    if is_secret_name(column):
        return Description("series", WITHHELD, {"withheld": True})
    if pandas.is_frame(value):
        return pandas.describe_column(value, column, budget)
    if polars.is_frame(value):
        return polars.describe_column(value, column, budget)
    return None


def _described(name: str, value: object, budget: Budget) -> Description:
    if is_secret_name(name) and not is_code(value):
        return withheld(value)
    description = describe(value, budget)
    if id(type(value)) not in PLAIN_IDS and is_sampled(value):
        description.facts["changes"] = "seen in samples only"
    return description


def _with_own_words(name: str, value: object, budget: Budget) -> Description:
    description = _described(name, value, budget)
    words = None if description.facts.get("withheld") else own_words(value)
    return description._replace(facts={**description.facts, "says": words}) if words else description


def withheld(value: object) -> Description:
    """Of what looks secret: its kind and its length."""
    description = describe(value, Budget(0.001))
    facts: dict[str, Any] = {"withheld": True}
    for name in ("length", "rows"):
        if name in description.facts:
            facts["length"] = description.facts[name]
    return Description(description.kind, WITHHELD, facts)


def _told_runs(runs: list[Run]) -> list[dict[str, Any]]:
    """Runs, oldest first; the older ones with the head of their source only."""
    budget = MAX_SOURCES
    told = []
    for run in reversed(runs):
        told.append(run.to_wire(max(_TELL_SHORT, budget)))
        budget -= len(told[-1]["source"])
    return told[::-1]
