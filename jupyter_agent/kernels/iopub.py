"""Captures what one thread publishes in this process; the output of all others goes where it went."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from jupyter_agent.kernels.outputs import OutputCollector


class _ThreadProxy:
    """An object with other methods, by name, for the thread that made the proxy; all others see the original."""

    def __init__(self, original: Any, methods: Mapping[str, Callable[..., Any]]) -> None:
        self._original = original
        self._methods = methods
        self._thread = threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        if name in self._methods and threading.get_ident() == self._thread:
            return self._methods[name]
        return getattr(self._original, name)


@contextmanager
def capture_thread_output(shell: Any) -> Generator[OutputCollector, None, None]:
    """Collect what the current thread prints, displays and raises in the block, instead of publishing it."""
    outputs = OutputCollector()

    def write(name: str, text: str) -> int:
        outputs.add("stream", {"name": name, "text": text})
        return len(text)

    def publish(data: Any, metadata: Any = None, **more: Any) -> None:
        message_type = "update_display_data" if more.get("update") else "display_data"
        content = {"data": data, "metadata": metadata or {}, "transient": more.get("transient") or {}}
        outputs.add(message_type, content)

    original = (sys.stdout, sys.stderr, shell.display_pub)
    stdout, stderr = (
        cast("Any", _ThreadProxy(stream, {"write": partial(write, name), "flush": lambda: None}))
        for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr))
    )
    sys.stdout, sys.stderr = stdout, stderr
    shell.display_pub = _ThreadProxy(
        shell.display_pub,
        {"publish": publish, "clear_output": lambda wait=False: outputs.add("clear_output", {"wait": wait})},
    )
    shell.__dict__["_showtraceback"] = lambda kind, message, lines: outputs.add(
        "error", {"ename": kind.__name__, "evalue": message, "traceback": lines}
    )
    try:
        yield outputs
    finally:
        del shell.__dict__["_showtraceback"]
        shell.display_pub = original[2]
        # Another thread may have replaced them meanwhile.
        sys.stdout = original[0] if sys.stdout is stdout else sys.stdout
        sys.stderr = original[1] if sys.stderr is stderr else sys.stderr
