"""Captures what one thread publishes in this process; the output of all others goes where it went."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from jupyter_agent.kernels.outputs import OutputCollector


class _ThreadStream:
    """A standard stream that captures the text of the thread that made it."""

    def __init__(self, name: str, outputs: OutputCollector, original: Any) -> None:
        self._name = name
        self._outputs = outputs
        self._original = original
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        if threading.get_ident() != self._thread:
            written: int = self._original.write(text)
            return written
        self._outputs.add("stream", {"name": self._name, "text": text})
        return len(text)

    def flush(self) -> None:
        if threading.get_ident() != self._thread:
            self._original.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


class _ThreadDisplayPublisher:
    """A shell's display publisher that captures the displays of the thread that made it."""

    def __init__(self, outputs: OutputCollector, original: Any) -> None:
        self._outputs = outputs
        self._original = original
        self._thread = threading.get_ident()

    def publish(self, data: Any, metadata: Any = None, **more: Any) -> None:
        if threading.get_ident() != self._thread:
            self._original.publish(data, metadata, **more)
            return
        message_type = "update_display_data" if more.get("update") else "display_data"
        content = {"data": data, "metadata": metadata or {}, "transient": more.get("transient") or {}}
        self._outputs.add(message_type, content)

    def clear_output(self, wait: bool = False) -> None:
        if threading.get_ident() != self._thread:
            self._original.clear_output(wait)
            return
        self._outputs.add("clear_output", {"wait": wait})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


@contextmanager
def capture_thread_output(shell: Any) -> Generator[OutputCollector, None, None]:
    """Collect what the current thread prints, displays and raises in the block, instead of publishing it."""
    outputs = OutputCollector()

    def show_traceback(error_type: type, message: str, lines: list[str]) -> None:
        outputs.add("error", {"ename": error_type.__name__, "evalue": message, "traceback": lines})

    original = (sys.stdout, sys.stderr, shell.display_pub)
    streams = (_ThreadStream("stdout", outputs, original[0]), _ThreadStream("stderr", outputs, original[1]))
    shell.display_pub = _ThreadDisplayPublisher(outputs, original[2])
    sys.stdout, sys.stderr = cast("Any", streams)
    shell.__dict__["_showtraceback"] = show_traceback
    try:
        yield outputs
    finally:
        del shell.__dict__["_showtraceback"]
        shell.display_pub = original[2]
        # Another thread may have replaced them meanwhile.
        sys.stdout = original[0] if cast("Any", sys.stdout) is streams[0] else sys.stdout
        sys.stderr = original[1] if cast("Any", sys.stderr) is streams[1] else sys.stderr
