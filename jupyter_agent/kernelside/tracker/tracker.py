"""Follows the user's cells by IPython's own events: what ran, what it bound, changed and deleted, how it failed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ..magic.errors import OWN_ERRORS
from ..wire import MAX_BOUND, MAX_EXECUTIONS, MAX_SOURCE, clip, source_hash
from .idle import IdleMonitor
from .namespace import NameVersions, Origin, user_items

#: Variables that are compared when nobody waits.
_MAX_IDLE_REFRESH = 10_000
_EVENTS = ("pre_run_cell", "post_run_cell", "post_execute")


class CellRun:
    """One run of one cell. `version` is the state's version at which it last changed."""

    def __init__(self, source: str, cell_id: str | None, count: int) -> None:
        self.source = source
        self.cell_id = cell_id
        self.count = count
        self.status = "running"
        self.started = time.time()
        self.duration: float | None = None
        self.error: dict[str, Any] | None = None
        self.bound: set[str] = set()
        self.mutated: set[str] = set()
        self.deleted: set[str] = set()
        self.version = 0
        self.began = time.perf_counter()

    def to_wire(self, source_characters: int) -> dict[str, Any]:
        """The run as JSON data."""
        return {
            "count": self.count,
            "cell_id": self.cell_id,
            "source_hash": source_hash(self.source),
            "source": clip(self.source, min(MAX_SOURCE, source_characters)),
            "status": self.status,
            "started": self.started,
            "duration": self.duration,
            "bound": sorted(self.bound)[:MAX_BOUND],
            "mutated": sorted(self.mutated)[:MAX_BOUND],
            "deleted": sorted(self.deleted)[:MAX_BOUND],
            "error": self.error,
        }


class Tracker:
    """Everything that is remembered of one shell between two questions.

    On the user's thread only the event handlers run, and they do next to nothing; comparing the namespace is left
    to the thread that answers a question (`refresh`).
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.epoch = os.urandom(16).hex()
        self.name_versions = NameVersions()
        self.runs: list[CellRun] = []
        self._open: list[CellRun] = []
        self._unattributed: list[CellRun] = []
        self._lock = threading.Lock()
        self._idle = IdleMonitor()
        self._compared_at: tuple[int, int] | None = None
        self.total = 0
        self.events = 0

    def register(self) -> None:
        """Listens to IPython's events."""
        for event in _EVENTS:
            self.shell.events.register(event, getattr(self, event))

    def unregister(self) -> None:
        """Stops listening."""
        for event in _EVENTS:
            with suppress(ValueError):
                self.shell.events.unregister(event, getattr(self, event))

    @property
    def busy(self) -> bool:
        """Whether a cell of the user runs."""
        return bool(self._open)

    def pre_run_cell(self, info: Any) -> None:
        """IPython is about to run a cell."""
        try:
            self.events += 1
            source = info.raw_cell if type(info.raw_cell) is str else ""
            cell_id = getattr(info, "cell_id", None)
            try:
                # IPython counts up before this event or after the run, depending on its release.
                count = len(self.shell.history_manager.input_hist_parsed)
            except (AttributeError, TypeError):
                count = int(self.shell.execution_count)
            run = CellRun(source, cell_id if type(cell_id) is str and cell_id else None, count)
            self._open.append(run)
            self.runs.append(run)
            if len(self.runs) > MAX_EXECUTIONS:
                # The oldest run whose cell ran again since: what ran last in each cell is kept as long as possible.
                last = {run.cell_id: at for at, run in enumerate(self.runs)}
                del self.runs[next((at for at, run in enumerate(self.runs) if last[run.cell_id] > at), 0)]
        except Exception:
            return

    def post_run_cell(self, result: Any) -> None:
        """IPython has run a cell."""
        try:
            self.events += 1
            if not self._open:
                return
            run = self._open.pop()
            run.duration = time.perf_counter() - run.began
            count = getattr(result, "execution_count", None)
            if type(count) is int:
                run.count = count
            error = getattr(result, "error_in_exec", None)
            if error is None:
                error = getattr(result, "error_before_exec", None)
            run.status = "ok" if result is not None and error is None else "error"
            self._unattributed.append(run)
            run.version = 0
            if error is not None and not any(type(error) is own for own in OWN_ERRORS):
                from .failures import describe_failure  # here, as below: nothing is loaded before it is needed

                run.error = describe_failure(self.shell, error)
                # Frames know the execution count of their cell; the runs know its id.
                cells = {run.count: run.cell_id for run in self.runs}
                for frame in run.error["frames"]:
                    frame["cell_id"] = cells.get(frame.pop("execution_count", None))
        except Exception:
            return

    def post_execute(self) -> None:
        """Code has run that is no cell of the user's: a widget's callback, a silent request."""
        self.events += 1

    def refresh(self) -> list[tuple[str, Any]]:
        """Compares the user's names and values, which it returns, with what is remembered; attributes changes to runs."""
        from ..import_guard import no_imports
        from ..inspectors.plugins import register_plugins
        from ..inspectors.registry import register_loaded

        with self._lock, no_imports():
            if self.is_unchanged:
                return user_items(self.shell)
            compared_at = self._idle.mark(self.events)
            register_plugins()
            register_loaded()
            runs, self._unattributed = self._unattributed, []
            items = user_items(self.shell)
            version = self.name_versions.version + 1
            new, differing, removed = self.name_versions.scan(items, version)
            self._attribute(runs, set(new), set(differing), removed, version)
            unsent = [run for run in self.runs if run.version == 0]
            for run in unsent:  # or not sent in their present state
                run.version = version
            if unsent or new or differing or removed:
                self.name_versions.version = version
            self.total = len(items)
            self._compared_at = compared_at
            return items

    def refresh_when_idle(self) -> None:
        """Compares once more after an answer, when nobody waits, so that the next question finds nothing to compare."""
        if self.busy or self._compared_at is None or self.total > _MAX_IDLE_REFRESH:
            return
        self._idle.wait(lambda: self.events)
        if not self.busy and not self.is_unchanged:
            self.refresh()

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing of the user's can have run since the last `refresh`: then there is nothing to compare."""
        return (
            self._compared_at is not None
            and not self._unattributed
            and self._compared_at == self._idle.mark(self.events)
        )

    @property
    def processor_time(self) -> int | None:
        """Of the main thread, in nanoseconds, when `refresh` last compared; None where others may run code of the user's."""
        return self._compared_at[1] if self._compared_at is not None else None

    def _attribute(
        self, runs: list[CellRun], new: set[str], differing: set[str], removed: list[str], version: int
    ) -> None:
        """Shares what changed out among the runs since the last question, by what their sources bind and mention."""
        from .sources import bound_names

        candidates = [*runs, *self._open]
        for run in candidates:
            names = bound_names(run.source)
            succeeded = run.status == "ok"
            bound_for_sure = {
                name
                for name, always in names.items()
                if name in self.name_versions.marks and ((succeeded and always) or name in new or name in differing)
            }
            run.bound |= bound_for_sure
            self.name_versions.record_origin(bound_for_sure, Origin(run.cell_id, run.count), version)
            new -= bound_for_sure
            differing -= bound_for_sure
        if candidates:
            # Names that changed but that no source binds: changed in place, or bound by a magic or ``exec``.
            for run, names_of_run in _by_mention(candidates, differing):
                run.mutated |= names_of_run
            for run, names_of_run in _by_mention(candidates, set(removed)):
                run.deleted |= names_of_run
            for run, names_of_run in _by_mention(candidates, new):
                run.bound |= names_of_run
                self.name_versions.record_origin(names_of_run, Origin(run.cell_id, run.count), version)
        for run in candidates:  # of a loop that binds a hundred thousand names not all are kept
            for kept in (run.bound, run.mutated, run.deleted):
                if len(kept) > MAX_BOUND:
                    kept.difference_update(sorted(kept)[MAX_BOUND:])


def _by_mention(runs: list[CellRun], names: set[str]) -> Iterator[tuple[CellRun, set[str]]]:
    """The names shared out among the runs: each to the newest whose source has it, else to the newest of all."""
    from .sources import words

    rest = names
    for run in reversed(runs):
        if not rest:
            return
        mentioned = rest & words(run.source)
        rest = rest - mentioned
        if mentioned:
            yield run, mentioned
    if rest:
        yield runs[-1], rest
