"""Runs the agent's code in the user's namespace in plain sight, and keeps a bounded copy of what came of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from .head_tail import LEFT_OUT, HeadTail
from .wire import ANSI_ESCAPE


def run(ip: Any, code: str) -> dict[str, str]:
    """Run code as if the user had typed it, without a number or a place in the history.

    Output is shown as always, and a copy is kept. An error is shown as text: an error message of its own would make
    nbclient and papermill take the user's cell for failed, although the model may well correct its code in the next step.

    Returns:
        ``{"status": "ok" | "error", "text": what it printed, displayed, returned or raised}``.

    Raises:
        KeyboardInterrupt: the user interrupted the code.
    """
    if threading.current_thread() is not threading.main_thread():
        return {
            "status": "error",
            "text": "The code was not run: %agent was called from a thread, code runs in the main one.",
        }
    output = HeadTail(f"\n{LEFT_OUT}\n")

    def show_and_copy(show: Callable[..., Any], data: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        picture = next((kind for kind in data if kind.startswith("image/")), "")
        output.add((f"[picture: {picture}]" if picture else str(data.get("text/plain", ""))) + "\n")
        return show(data, *args, **kwargs)

    replacements = [
        (sys, "stdout", _CopyingStream(sys.stdout, output.add)),
        (sys, "stderr", _CopyingStream(sys.stderr, output.add)),
        (ip, "_showtraceback", lambda _kind, _value, lines: print("\n".join(lines), file=sys.stderr, flush=True)),
    ]
    if getattr(ip, "kernel", None) is not None:  # elsewhere both write to stdout
        for owner, name in ((ip.displayhook, "write_format_data"), (ip.display_pub, "publish")):
            replacements.append((owner, name, partial(show_and_copy, getattr(owner, name))))
    with ExitStack() as restored:
        for owner, name, value in replacements:
            restored.enter_context(_replaced(owner, name, value))
        result = ip.run_cell(code, store_history=False, silent=False)
    if isinstance(result.error_in_exec, KeyboardInterrupt):
        raise KeyboardInterrupt
    return {"status": "ok" if result.success else "error", "text": ANSI_ESCAPE.sub("", "".join(output.parts()))}


class _CopyingStream:
    """A standard stream that also passes on what is written to it."""

    def __init__(self, stream: Any, write_copy: Callable[[str], None]) -> None:
        self._stream = stream
        self._write_copy = write_copy

    def write(self, text: str) -> Any:
        self._write_copy(text)
        return self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """An attribute with another value for a while; one that was the class's is the class's again."""
    own = vars(owner).get(name, of_class := object())
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own is of_class:
            delattr(owner, name)
        else:
            setattr(owner, name, own)
