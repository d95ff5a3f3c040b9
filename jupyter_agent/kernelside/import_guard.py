"""Keeps a thread of ours from loading modules into the user's process while it reads the user's values."""

from __future__ import annotations

import _thread
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PACKAGE = __name__.rpartition(".")[0]
#: Guarded thread → whether its imports are refused just now.
_threads: dict[int, bool] = {}
_lock = _thread.allocate_lock()


class _RefusingFinder:
    """The first of `sys.meta_path` while any thread is guarded: the others import as always.

    It does not stay there: the user would see it, and a finder put before it would be asked, and run, in our thread.
    """

    original: Any = None  # the user's own list of finders, and what it held
    finders: tuple[Any, ...] = ()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Asked only for modules that are not loaded yet."""
        if _threads.get(_thread.get_ident()) and not name.startswith(_PACKAGE):
            raise ModuleNotFoundError(f"{name} is not loaded, and reading values loads nothing", name=name)


_finder = _RefusingFinder()


@contextmanager
def no_imports() -> Iterator[None]:
    """While it lasts, what this thread calls loads no module that is not loaded yet: libraries would, when first used.

    An import raises `ModuleNotFoundError`, as where an optional dependency is missing.
    """
    thread = _thread.get_ident()
    if thread in _threads:
        yield
        return
    # The list is replaced, never changed: a thread of the user's that imports meanwhile goes through it, and would pass over a
    # finder where one before it is removed. Afterwards the user's own list is back, which others may hold.
    # Finders are compared by identity: the user's may define ``==``.
    try:
        with _lock:
            _threads[thread] = True
            if not any(finder is _finder for finder in sys.meta_path):
                _finder.original, _finder.finders = sys.meta_path, tuple(sys.meta_path)
                sys.meta_path = [_finder, *_finder.finders]
        yield
    finally:
        with _lock:
            _threads.pop(thread, None)
            if not _threads:
                kept = [finder for finder in sys.meta_path if finder is not _finder]
                is_same = list(map(id, kept)) == list(map(id, _finder.finders))
                sys.meta_path = _finder.original if is_same else kept


@contextmanager
def imports_allowed() -> Iterator[None]:
    """Within `no_imports`: for what was registered in order to be loaded."""
    thread = _thread.get_ident()
    is_refused = _threads.get(thread)
    if is_refused:
        _threads[thread] = False
    try:
        yield
    finally:
        if is_refused:
            _threads[thread] = True
