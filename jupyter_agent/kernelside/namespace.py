"""The user's names as ``%who`` knows them, and at which version each of them last changed."""

from __future__ import annotations

from typing import Any, NamedTuple

from .fingerprints import fingerprint

_NOWHERE = object()
#: Names that are remembered as deleted.
_MAX_DELETED = 1000


def user_items(shell: Any) -> list[tuple[str, Any]]:
    """Names and values of the user's namespace, without IPython's own and those that begin with an underscore."""
    hidden = shell.user_ns_hidden
    return [
        (name, value)
        for name, value in list(shell.user_ns.items())
        if type(name) is str and name[:1] != "_" and value is not hidden.get(name, _NOWHERE)
    ]


def user_value(shell: Any, name: str) -> Any:
    """The value of one of the user's names.

    Raises:
        KeyError: there is no such name, or it is not the user's.
    """
    value = shell.user_ns[name]
    if name[:1] == "_" or value is shell.user_ns_hidden.get(name, _NOWHERE):
        raise KeyError(name)
    return value


class Origin(NamedTuple):
    """The run that bound a name."""

    cell_id: str | None
    execution_count: int | None


class Entry:
    """What is remembered of one name. The value itself is not kept, so that it can be freed."""

    __slots__ = ("mark", "origin", "version")

    def __init__(self, mark: Any, version: int, origin: Origin | None) -> None:
        self.mark = mark
        self.version = version
        self.origin = origin


class Ledger:
    """Versions of names: each scan that finds a change is the next version."""

    def __init__(self) -> None:
        self.version = 0
        self.entries: dict[str, Entry] = {}
        self.deleted: dict[str, int] = {}

    def scan(self, items: list[tuple[str, Any]], version: int) -> tuple[list[str], list[str]]:
        """Compares the namespace with what is remembered.

        Args:
            items: Names and values now.
            version: The version that what changed belongs to.

        Returns:
            Names that were not there before or differ, and names that are gone.
        """
        changed: list[tuple[str, Any]] = []
        entries = self.entries
        for name, value in items:
            mark = fingerprint(value)
            entry = entries.get(name)
            if entry is None or entry.mark != mark:
                changed.append((name, mark))
        gone = self._gone(items)
        self._record(changed, gone, version)
        return [name for name, _ in changed], gone

    def _gone(self, items: list[tuple[str, Any]]) -> list[str]:
        present = {name for name, _ in items}
        return [name for name in self.entries if name not in present]

    def _record(self, changed: list[tuple[str, Any]], gone: list[str], version: int) -> None:
        for name, mark in changed:
            entry = self.entries.get(name)
            self.deleted.pop(name, None)
            if entry is None:
                self.entries[name] = Entry(mark, version, None)
            else:
                entry.mark, entry.version = mark, version
        for name in gone:
            del self.entries[name]
            self.deleted[name] = version
        while len(self.deleted) > _MAX_DELETED:
            del self.deleted[next(iter(self.deleted))]

    def bound(self, name: str, origin: Origin, version: int) -> None:
        """Notes which run bound a name; that alone is a change of what is told of it."""
        entry = self.entries.get(name)
        if entry is not None and entry.origin != origin:
            entry.origin = origin
            entry.version = version
