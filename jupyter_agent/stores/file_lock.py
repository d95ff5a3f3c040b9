"""A lock between processes, and between threads of one, on a file next to what is written."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

from jupyter_agent.core.errors import StoreUnavailable

LOCKED = "Another program keeps the conversations locked. Try again in a moment."
_RETRY_SECONDS = 0.002


class FileLock:
    """Held by one at a time, of all processes of this machine; it ends with its holder, however that dies.

    On Unix this is `flock` on a descriptor that stays open: the `filelock` package, which locks on Windows, takes 0.1 ms
    for an acquisition, a fifth of a commit; this takes 3 µs.

    Args:
        path: Made where there is none, with its folder, for this user alone; the file is only ever locked.
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
        if sys.platform == "win32":
            from filelock import FileLock as WindowsLock
            from filelock import Timeout

            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A new one each time: in a forked process, or after its file was removed, nothing of the old one is true.
            self._held = WindowsLock(self._path, timeout=self._busy_seconds, mode=0o600, poll_interval=_RETRY_SECONDS)
            try:
                self._held.acquire()
            except Timeout as error:
                raise StoreUnavailable(LOCKED) from error
        else:
            import fcntl

            if self._descriptor < 0 or os.fstat(self._descriptor).st_nlink == 0:  # removed, by other hands
                self.close()
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            until = time.monotonic() + self._busy_seconds
            while True:
                try:
                    return fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    if error.errno not in (errno.EACCES, errno.EAGAIN):
                        raise
                if time.monotonic() > until:
                    raise StoreUnavailable(LOCKED)
                time.sleep(_RETRY_SECONDS)

    def __exit__(self, *_: object) -> None:
        if sys.platform == "win32":
            self._held.release()
        else:
            import fcntl

            fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # not by closing: a forked process has the descriptor too

    def close(self) -> None:
        """Close the file, which stays open on Unix only; in a forked process, the parent's descriptor of it."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
