"""Detects whether any code of the user's can have run since a moment, without reading a single variable.

IPython's events report cells and of widgets' callbacks. Other code (a task on the event loop, a cell that has
not ended) runs on the main thread, and then that thread's processor time has grown: an idle kernel's stands still. A
thread that the user started could change anything at any time, so with one of those nothing is quiet.
"""

from __future__ import annotations

import threading
import time
import types
from collections.abc import Callable

from ..inspectors.reading import class_name, module_name

#: Packages whose threads run no code of the user's, except ipykernel's subshells.
_SERVICES = frozenset(["ipykernel", "IPython", "zmq", "debugpy", "pydevd", "_pydevd_bundle"])
_FUNCTIONS = (types.FunctionType, types.MethodType)
#: A cell's end is followed by its reply and its status, which take the main thread a moment: looks, and seconds between.
_TRIES = 3
_PAUSE = 0.0003


class IdleMonitor:
    """Takes marks; two equal ones mean that nothing of the user's ran between them."""

    def __init__(self) -> None:
        try:
            self._clock: int | None = time.pthread_getcpuclockid(threading.main_thread().ident or 0)
        except (AttributeError, OSError):
            self._clock = None

    def mark(self, events: int) -> object:
        """A mark of this moment; None where nothing is known."""
        if self._clock is None or has_user_threads():
            return None
        return (events, time.clock_gettime_ns(self._clock))

    def wait(self, events: Callable[[], int]) -> None:
        """Waits a moment until the main thread has put away what it ran last."""
        mark = self.mark(events())
        for _ in range(0 if mark is None else _TRIES):
            time.sleep(_PAUSE)
            later = self.mark(events())
            if later == mark:
                break
            mark = later


def has_user_threads() -> bool:
    """Whether a thread runs that the user, or a library of the user's, started."""
    main = threading.main_thread()
    return any(thread is not main and not _is_service(thread) for thread in threading.enumerate())


def _is_service(thread: threading.Thread) -> bool:
    cls = type(thread)
    if cls is not threading.Thread:
        return module_name(cls).partition(".")[0] in _SERVICES and class_name(cls) != "SubshellThread"
    target = thread.__dict__.get("_target")
    if not any(type(target) is kind for kind in _FUNCTIONS):
        return False
    return str(target.__module__).partition(".")[0] in _SERVICES
