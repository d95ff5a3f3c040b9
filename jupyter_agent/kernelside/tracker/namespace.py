"""The user's names as ``%who`` knows them, and at which version each of them last changed."""

from __future__ import annotations

from collections.abc import Iterable
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


class NameVersions:
    """Versions of names: each look that finds a change is the next version.

    Values are not kept, so that they can be freed; nor is an object for each name, so that a hundred thousand of them
    do not wake the garbage collector.
    """

    def __init__(self) -> None:
        self.version = 0
        self.marks: dict[str, Any] = {}
        self.versions: dict[str, int] = {}
        self.origins: dict[str, Origin] = {}
        self.deleted: dict[str, int] = {}

    def scan(self, items: list[tuple[str, Any]], version: int) -> tuple[list[str], list[str], list[str]]:
        """Compares the namespace with what is remembered.

        Args:
            items: Names and values now.
            version: The version that what changed belongs to.

        Returns:
            Names that were not there before, names whose value differs, and names that are gone.
        """
        new: list[str] = []
        differing: list[str] = []
        marks = self.marks
        for name, value in items:
            mark = fingerprint(value)
            old = marks.get(name, _NOWHERE)
            if old != mark:
                (new if old is _NOWHERE else differing).append(name)
                marks[name] = mark
        removed: list[str] = []
        if len(marks) != len(items):
            present = {name for name, _ in items}
            removed = [name for name in marks if name not in present]
        self.versions.update(dict.fromkeys([*new, *differing], version))
        if self.deleted:
            for name in new:
                self.deleted.pop(name, None)
        for name in removed:
            del marks[name], self.versions[name]
            self.origins.pop(name, None)
            self.deleted[name] = version
        while len(self.deleted) > _MAX_DELETED:
            del self.deleted[next(iter(self.deleted))]
        return new, differing, removed

    def record_origin(self, names: Iterable[str], origin: Origin, version: int) -> None:
        """Notes which run bound names; that alone is a change of their description."""
        origins = self.origins
        changed = [name for name in names if origins.get(name) != origin]
        origins.update(dict.fromkeys(changed, origin))
        self.versions.update(dict.fromkeys(changed, version))
