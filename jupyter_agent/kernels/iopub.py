"""Takes what one thread displays in this process, and lets all others display where they did."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from jupyter_agent.kernels.outputs import Collected


class _Stream:
    """A standard stream that takes this thread's text only."""

    def __init__(self, name: str, collected: Collected, usual: Any) -> None:
        self._name = name
        self._collected = collected
        self._usual = usual
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        if threading.get_ident() != self._thread:
            written: int = self._usual.write(text)
            return written
        self._collected.take("stream", {"name": self._name, "text": text})
        return len(text)

    def flush(self) -> None:
        if threading.get_ident() != self._thread:
            self._usual.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._usual, name)


class _Publisher:
    """A shell's display publisher that takes this thread's displays only."""

    def __init__(self, collected: Collected, usual: Any) -> None:
        self._collected = collected
        self._usual = usual
        self._thread = threading.get_ident()

    def publish(self, data: Any, metadata: Any = None, **more: Any) -> None:
        if threading.get_ident() != self._thread:
            self._usual.publish(data, metadata, **more)
            return
        kind = "update_display_data" if more.get("update") else "display_data"
        content = {"data": data, "metadata": metadata or {}, "transient": more.get("transient") or {}}
        self._collected.take(kind, content)

    def clear_output(self, wait: bool = False) -> None:
        if threading.get_ident() != self._thread:
            self._usual.clear_output(wait)
            return
        self._collected.take("clear_output", {"wait": wait})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._usual, name)


@contextmanager
def overheard(shell: Any) -> Generator[Collected, None, None]:
    """Collects what this thread prints, displays and raises while the context lasts."""
    collected = Collected()

    def show_traceback(error_type: type, message: str, lines: list[str]) -> None:
        collected.take("error", {"ename": error_type.__name__, "evalue": message, "traceback": lines})

    usual = (sys.stdout, sys.stderr, shell.display_pub)
    ours = (_Stream("stdout", collected, usual[0]), _Stream("stderr", collected, usual[1]))
    shell.display_pub = _Publisher(collected, usual[2])
    sys.stdout, sys.stderr = cast("Any", ours)
    shell.__dict__["_showtraceback"] = show_traceback
    try:
        yield collected
    finally:
        del shell.__dict__["_showtraceback"]
        shell.display_pub = usual[2]
        # Another thread may have put something of its own there meanwhile.
        sys.stdout = usual[0] if cast("Any", sys.stdout) is ours[0] else sys.stdout
        sys.stderr = usual[1] if cast("Any", sys.stderr) is ours[1] else sys.stderr
