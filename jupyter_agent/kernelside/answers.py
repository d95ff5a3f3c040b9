"""Answers the two questions of the wire from a tracker: the state since a version, and one variable in full."""

from __future__ import annotations

import time
from typing import Any

from . import inspectors_pandas, inspectors_polars
from .describing import Budget, Description, callable_class, describe, meet_libraries
from .namespace import Entry, user_value
from .reading import qualified_name
from .tracker import Run, Tracker
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
from .withholding import WITHHELD, is_secret_name

#: Newest runs told to somebody who knows none.
_MAX_RUNS = 50
_TELL_SHORT = 200


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
        changed = [
            (name, value, ledger.entries[name]) for name, value in items if _is_newer(ledger.entries, name, since)
        ]
        return {
            "epoch": tracker.epoch,
            "since": since,
            "version": ledger.version,
            "changed": self._variables(changed),
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

    def _variables(self, changed: list[tuple[str, Any, Entry]]) -> list[dict[str, Any]]:
        """Descriptions of at most `MAX_VARIABLES`, data before code, within the state's time and size."""
        end = time.perf_counter() + STATE_SECONDS
        characters = 0
        told = []
        for name, value, entry in _most_telling(changed):
            short = time.perf_counter() > end or characters > MAX_STATE_CHARACTERS
            variable = _short(name, value, entry) if short else _variable(name, value, entry, Budget(VARIABLE_SECONDS))
            characters += len(repr(variable["facts"]))
            told.append(variable)
        return told

    def inspect(self, name: str, column: str | None) -> dict[str, Any]:
        """One variable or one column in full; ``{"gone": True}`` where there is none."""
        tracker = self._tracker
        meet_libraries()
        try:
            value = user_value(tracker.shell, name)
        except KeyError:
            return {"gone": True}
        entry = tracker.ledger.entries.get(name) or Entry(None, tracker.ledger.version, None)
        budget = Budget(INSPECT_SECONDS, detail=True)
        if column is None:
            return {"variable": _variable(name, value, entry, budget)}
        description = _column(value, column, budget)
        if description is None:
            return {"gone": True}
        told = _told(name, value, entry, description)
        return {"variable": {**told, "name": f'{name}["{line(column)}"]'}}


def _is_newer(entries: dict[str, Entry], name: str, since: int) -> bool:
    entry = entries.get(name)
    return entry is not None and entry.version > since


def _most_telling(changed: list[tuple[str, Any, Entry]]) -> list[tuple[str, Any, Entry]]:
    """Data before functions, classes and modules; where there are too many, those that changed last."""
    data = [one for one in changed if not is_code(one[1])]
    code = [one for one in changed if is_code(one[1])]
    if len(data) > MAX_VARIABLES:
        newest = sorted(range(len(data)), key=lambda at: (-data[at][2].version, -at))[:MAX_VARIABLES]
        data = [data[at] for at in sorted(newest)]
    return [*data, *code[: max(0, MAX_VARIABLES - len(data))]]


def is_code(value: object) -> bool:
    """Whether it is a function, a class or a module rather than data."""
    return callable_class(type(value)) or issubclass(type(value), type)


def _column(value: Any, column: str, budget: Budget) -> Description | None:
    if is_secret_name(column):
        return Description("series", WITHHELD, {"withheld": True})
    if inspectors_pandas.is_frame(value):
        return inspectors_pandas.describe_column(value, column, budget)
    if inspectors_polars.is_frame(value):
        return inspectors_polars.describe_column(value, column, budget)
    return None


def _variable(name: str, value: object, entry: Entry, budget: Budget) -> dict[str, Any]:
    if is_secret_name(name) and not is_code(value):
        return _told(name, value, entry, withheld(value))
    return _told(name, value, entry, describe(value, budget))


def withheld(value: object) -> Description:
    """Of what looks secret: its kind and its length."""
    description = describe(value, Budget(0.001))
    facts: dict[str, Any] = {"withheld": True}
    for name in ("length", "rows"):
        if name in description.facts:
            facts["length"] = description.facts[name]
    return Description(description.kind, WITHHELD, facts)


def _short(name: str, value: object, entry: Entry) -> dict[str, Any]:
    facts = {"unevaluated": "the state's budget ended"}
    return _told(name, value, entry, Description("object", "", facts))


def _told(name: str, value: object, entry: Entry, description: Description) -> dict[str, Any]:
    origin = entry.origin
    return {
        "name": line(name, MAX_TEXT),
        "type": qualified_name(type(value)),
        "kind": description.kind,
        "summary": description.summary,
        "facts": description.facts,
        "version": entry.version,
        "cell_id": origin.cell_id if origin else None,
        "execution_count": origin.execution_count if origin else None,
    }


def _told_runs(runs: list[Run]) -> list[dict[str, Any]]:
    """The newest runs, oldest first; the older ones with the head of their source only."""
    budget = MAX_SOURCES
    told = []
    for run in reversed(runs[-_MAX_RUNS:]):
        told.append(run.to_wire(max(_TELL_SHORT, budget)))
        budget -= len(told[-1]["source"])
    return told[::-1]
