"""Refuses what would change files outside of some folders, and programs, for as long as the process lives.

Python's audit events tell of them before they happen. Libraries that do without Python's functions, and what is sent over
the network, are not seen.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

#: How every refusal begins.
REFUSED = "The doctor does not allow this: "
#: Name of the file that keeps the first one.
REFUSALS = "refused"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: Event → the places of its paths, each with that of the descriptor of the folder that it is relative to.
_OF_FILES: dict[str, list[tuple[int, int | None]]] = {
    "os.chflags": [(0, None)],
    "os.chmod": [(0, 2)],
    "os.chown": [(0, 3)],
    "os.removexattr": [(0, None)],
    "os.setxattr": [(0, None)],
    "os.truncate": [(0, None)],
    "os.utime": [(0, 3)],
}
#: The same where a link stands for itself.
_OF_ENTRIES: dict[str, list[tuple[int, int | None]]] = {
    "os.link": [(0, 2), (1, 3)],
    "os.mkdir": [(0, 2)],
    "os.remove": [(0, 1)],
    "os.rename": [(0, 2), (1, 3)],
    "os.rmdir": [(0, 1)],
    "os.symlink": [(1, 2)],
}
_OF_PROGRAMS = frozenset(
    [
        *("_winapi.CreateProcess", "os.exec", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system"),
        *("pty.spawn", "subprocess.Popen", "webbrowser.open"),
    ]
)


def install(folders: Iterable[str]) -> None:
    """Refuse from now on what changes files outside of these folders, with a `PermissionError`; it cannot be undone.

    The first refusal is written to the file `REFUSALS` in the first folder: the user's code may catch it and go on.
    """
    guard = _WriteGuard(folders)
    sys.dont_write_bytecode = True
    with suppress(ImportError):  # without an event of its own: multiprocessing starts its processes by it
        import _posixsubprocess

        _posixsubprocess.fork_exec = guard.refuse_program
    sys.addaudithook(guard)


class _WriteGuard:
    def __init__(self, folders: Iterable[str]) -> None:
        self._folders = [os.path.realpath(folder) for folder in folders]

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Called by Python for every event; what it raises, the user's code raises."""
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITES and not isinstance(path, int):
                self._check(os.path.realpath(os.fsdecode(path)))
        elif event in _OF_FILES or event in _OF_ENTRIES:
            for path in _paths(event, arguments):
                self._check(path)
        elif event == "sqlite3.connect":
            name = os.fsdecode(arguments[0])
            if name not in ("", ":memory:") and not (
                name.startswith("file:") and ("mode=ro" in name or ":memory:" in name)
            ):
                self._check(os.path.realpath(name.removeprefix("file:").partition("?")[0]))
        elif event in _OF_PROGRAMS:
            self.refuse_program()

    def refuse_program(self, *_: Any) -> Any:
        self._refuse("no programs are started, since nothing would keep them from changing your files.")

    def _check(self, path: str) -> None:
        if any(path == folder or path.startswith(os.path.join(folder, "")) for folder in self._folders):
            return
        with suppress(OSError):
            if stat.S_ISCHR(os.stat(path).st_mode):  # /dev/null and the like
                return
        self._refuse(f"{path} is outside of the copy in which the notebook runs, and stays as it is.")

    def _refuse(self, reason: str) -> None:
        with suppress(OSError), open(os.path.join(self._folders[0], REFUSALS), "x", encoding="utf-8") as file:
            file.write(REFUSED + reason)
        raise PermissionError(REFUSED + reason)


def _paths(event: str, arguments: tuple[Any, ...]) -> Iterator[str]:
    """The real paths that an event changes."""
    for place, folder_place in _OF_FILES.get(event) or _OF_ENTRIES[event]:
        path = arguments[place]
        if isinstance(path, int):
            if event != "os.truncate":  # what can be truncated was opened for writing
                yield _path_of(path)
            continue
        path = os.fsdecode(path)
        folder = arguments[folder_place] if folder_place is not None else -1
        if folder not in (-1, None) and not os.path.isabs(path):
            path = os.path.join(_path_of(folder), path)
        if event in _OF_FILES:
            yield os.path.realpath(path)
        else:
            parent, name = os.path.split(path.rstrip(os.sep + (os.altsep or "")))
            is_entry = name not in ("", os.curdir, os.pardir)
            yield os.path.join(os.path.realpath(parent), name) if is_entry else os.path.realpath(path)


def _path_of(descriptor: int) -> str:
    """The path of what is open."""
    with suppress(OSError):
        return os.readlink(f"/proc/self/fd/{descriptor}")
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        found = fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024))  # type: ignore[attr-defined]
        return os.fsdecode(found.rstrip(b"\0"))
    return os.devnull
