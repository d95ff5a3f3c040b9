"""A terminal of tmux: what is typed goes in, what is shown comes out, and the screen can be looked at."""

from __future__ import annotations

import os
import re
import select
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

WAIT = 60.0
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[=>()][A-Z0-9]?|\x1b\][^\x07]*\x07|[\r\x08]")


class TerminalScreen:
    """One program in a terminal of its own."""

    def __init__(self, socket: str, shown: int) -> None:
        self._socket = socket
        self._shown = shown
        self._unread = ""

    def type(self, text: str, *, enter: bool = True) -> None:
        """Type text as it is, and Enter."""
        self._tmux("send-keys", "-l", text)
        if enter:
            self.press("Enter")

    def press(self, key: str) -> None:
        """Press a key as tmux names it: ``Tab``, ``C-c``."""
        self._tmux("send-keys", key)

    def wait_for(self, words: str) -> str:
        """Wait until words are shown, after those that were waited for before; what was shown up to them."""
        ended = "(ended with"
        end = time.monotonic() + WAIT
        while words not in self._unread:
            if ended in self._unread:
                raise AssertionError(f"{words!r} was not shown; the screen is:\n{self.screen()}")
            if not select.select([self._shown], [], [], max(0.0, end - time.monotonic()))[0]:
                raise AssertionError(f"{words!r} was not shown; the screen is:\n{self.screen()}")
            more = os.read(self._shown, 65536)
            self._unread = _CONTROL.sub("", self._unread + more.decode("utf-8", "replace"))
        before, _, self._unread = self._unread.partition(words)
        return before

    def screen(self) -> str:
        """What stands on the screen and above it."""
        return self._tmux("capture-pane", "-p", "-S", "-500").rstrip()

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._socket, *arguments]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=WAIT).stdout


@contextmanager
def terminal_screen(
    folder: Path, environment: Mapping[str, str], command: Sequence[str], *, columns: int = 100, lines: int = 40
) -> Iterator[TerminalScreen]:
    """Run a command in a terminal for as long as the block runs; the screen stays when it ends."""
    pipe = folder / "shown"
    os.mkfifo(pipe)
    shown = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    held = os.open(pipe, os.O_WRONLY)  # so that the reading end sees no end
    socket = f"jupyter-agent-{os.getpid()}-{time.monotonic_ns()}"
    tmux = ["tmux", "-L", socket, "-f", "/dev/null"]
    size = ["-x", str(columns), "-y", str(lines)]
    started = [*tmux, "new-session", "-d", *size, "-c", str(folder), "cat"]
    shown_end = f'{shlex.join(command)}; echo "(ended with $?)"; read end'
    child = {**environment, "TERM": "xterm-256color"}
    try:
        subprocess.run(started, env=child, check=True, timeout=WAIT)
        subprocess.run([*tmux, "pipe-pane", "-o", f"cat > '{pipe}'"], check=True, timeout=WAIT)
        subprocess.run(
            [*tmux, "respawn-pane", "-k", "-c", str(folder), "sh", "-c", shown_end], check=True, timeout=WAIT
        )
        yield TerminalScreen(socket, shown)
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True, check=False, timeout=WAIT)
        os.close(held)
        os.close(shown)
