"""Detects whether any code of the user's can have run since a moment, without reading a single variable.

IPython's events report cells and of widgets' callbacks. Other code (a task on the event loop, a cell that has
not ended) runs on the main thread, and then that thread's processor time has grown: an idle kernel's stands still. A
thread that the user started could change anything at any time, so with one of those nothing is quiet.
"""

from __future__ import annotations

import os
import threading
import time
import types
from collections.abc import Callable
from typing import Any

from ..inspectors.reading import class_name, module_name

#: Packages whose threads run no code of the user's, except ipykernel's subshells.
_SERVICES = frozenset(["ipykernel", "IPython", "zmq", "debugpy", "pydevd", "_pydevd_bundle"])
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

    def mark(self, events: int) -> tuple[int, int] | None:
        """A mark of this moment, events and the main thread's processor time; None where nothing is known."""
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


def seen_from_outside(shell: Any) -> list[int]:
    """How many links the folder of the process's threads has, then the thread that takes in what is to be run, and its processor time.

    A kernel without such a thread takes it in on its main thread. Empty where the system tells nobody of its threads.
    """
    try:
        seen = [os.stat("/proc/self/task").st_nlink]
        thread = getattr(getattr(shell, "kernel", None), "shell_channel_thread", None)
        if thread is not None:
            seen += [thread.native_id, time.clock_gettime_ns(time.pthread_getcpuclockid(thread.ident))]
    except (AttributeError, OSError, TypeError):
        return []
    return seen


def has_user_threads() -> bool:
    """Whether a thread runs that the user, or a library of the user's, started."""
    main = threading.main_thread()
    for thread in threading.enumerate():
        cls = type(thread)
        module: object = ""
        if thread is main:
            continue
        if cls is not threading.Thread:
            module = module_name(cls) if class_name(cls) != "SubshellThread" else ""
        elif type(target := thread.__dict__.get("_target")) is types.FunctionType or type(target) is types.MethodType:
            module = target.__module__
        if type(module) is not str or module.partition(".")[0] not in _SERVICES:
            return True
    return False
