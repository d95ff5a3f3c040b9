"""One process, and one thread of it, at a time: a lock on a file beside what is written."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

from jupyter_agent.core.errors import StoreUnavailable

_TRY_AGAIN_SECONDS = 0.002
#: Whether a lock holds between processes and within one, and ends with its holder, however that dies.
CAN_LOCK = sys.platform != "win32"


class FileLock:
    """Held by one at a time, of all processes of this machine; the file is only ever locked.

    Args:
        path: Made where there is none, with its folder, for this user alone.
        busy_seconds: How long to wait for others.
    """

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._descriptor = -1

    def __enter__(self) -> None:
        """Wait for the lock.

        Raises:
            StoreUnavailable: others hold it for longer.
            OSError: the file cannot be made.
        """
        if self._descriptor < 0 or os.fstat(self._descriptor).st_nlink == 0:  # removed, by other hands
            self.close()
            self._descriptor = self._opened()
        until = time.monotonic() + self._busy_seconds
        while not _try_lock(self._descriptor):
            if time.monotonic() > until:
                raise StoreUnavailable("Another program keeps the conversations locked. Try again in a moment.")
            time.sleep(_TRY_AGAIN_SECONDS)

    def __exit__(self, *_: object) -> None:
        _unlock(self._descriptor)  # not by closing: a process forked meanwhile has the descriptor too

    def close(self) -> None:
        """Let go of the file; in a forked process, of what is the parent's."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _opened(self) -> int:
        flags = os.O_RDWR | os.O_CREAT
        try:
            return os.open(self._path, flags, 0o600)
        except FileNotFoundError:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._path, flags, 0o600)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise
    return True


def _unlock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
