"""Whether any code of the user's can have run since a moment, told without looking at a single variable.

IPython's events tell of cells and of widgets' callbacks. What runs besides (a task on the event loop, a cell that has
not ended) runs on the main thread, and then that thread's processor time has grown: an idle kernel's stands still. A
thread that the user started could change anything at any time, so with one of those nothing is quiet.
"""

from __future__ import annotations

import threading
import time
import types
from collections.abc import Callable

from .reading import class_name

#: Threads of ipykernel and IPython, which run no code of the user's: by class and by name.
_SERVICES = frozenset(["Heartbeat", "ControlThread", "ShellChannelThread", "HistorySavingThread", "ParentPollerUnix"])
_FUNCTIONS = (types.FunctionType, types.MethodType)
_SERVICE_TARGETS = frozenset(["_watch_pipe_fd"])
_SERVICE_NAMES = frozenset(["IOPub", "Heartbeat", "Control", "Shell channel"])
#: A cell's end is followed by its reply and its status, which take the main thread a moment: looks, and seconds between.
_TRIES = 3
_PAUSE = 0.0003


class Quiet:
    """Takes marks; two equal ones mean that nothing of the user's ran between them."""

    def __init__(self) -> None:
        try:
            self._clock: int | None = time.pthread_getcpuclockid(threading.main_thread().ident or 0)
        except (AttributeError, OSError):
            self._clock = None

    def mark(self, events: int) -> object:
        """A mark of this moment; None where nothing can be said."""
        if self._clock is None or self._user_threads():
            return None
        return (events, time.clock_gettime_ns(self._clock))

    def settled(self, events: Callable[[], int], *, busy: bool) -> object:
        """A mark, taken when the main thread has put away what it ran last; while a cell runs that is not waited for."""
        mark = self.mark(events())
        for _ in range(0 if busy or mark is None else _TRIES):
            time.sleep(_PAUSE)
            later = self.mark(events())
            if later == mark:
                break
            mark = later
        return mark

    def _user_threads(self) -> bool:
        main = threading.main_thread()
        return any(thread is not main and not _is_service(thread) for thread in threading.enumerate())


def _is_service(thread: threading.Thread) -> bool:
    if type(thread) is not threading.Thread:
        return class_name(type(thread)) in _SERVICES
    target = thread.__dict__.get("_target")
    told_by_target = isinstance(target, _FUNCTIONS) and target.__name__ in _SERVICE_TARGETS
    return thread.name in _SERVICE_NAMES or told_by_target
