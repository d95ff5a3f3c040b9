"""Whether any code of the user's can have run since a moment, told without looking at a single variable.

IPython's events tell of cells and of widgets' callbacks. What runs besides (a task on the event loop, a cell that has
not ended) runs on the main thread, and then that thread's processor time has grown: an idle kernel's stands still. A
thread that the user started could change anything at any time, so with one of those nothing is quiet.
"""

from __future__ import annotations

import threading
import time
import types

from .reading import class_name

#: Threads of ipykernel and IPython, which run no code of the user's: by class and by name.
_SERVICES = frozenset(["Heartbeat", "ControlThread", "ShellChannelThread", "HistorySavingThread", "ParentPollerUnix"])
_FUNCTIONS = (types.FunctionType, types.MethodType)
_SERVICE_TARGETS = frozenset(["_watch_pipe_fd"])
_SERVICE_NAMES = frozenset(["IOPub", "Heartbeat", "Control", "Shell channel"])


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

    def _user_threads(self) -> bool:
        main = threading.main_thread()
        return any(thread is not main and not _is_service(thread) for thread in threading.enumerate())


def _is_service(thread: threading.Thread) -> bool:
    if type(thread) is not threading.Thread:
        return class_name(type(thread)) in _SERVICES
    target = thread.__dict__.get("_target")
    told_by_target = isinstance(target, _FUNCTIONS) and target.__name__ in _SERVICE_TARGETS
    return thread.name in _SERVICE_NAMES or told_by_target
