"""Collects what a run displays: as text for a model, cleaned and within a limit, and as a notebook keeps it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from jupyter_agent.core.kernel_state import ExecutionError, ExecutionResult
from jupyter_agent.core.text import ANSI_ESCAPE, head, without_first_word, without_last_word
from jupyter_agent.kernels.displayed import Displayed
from jupyter_agent.kernels.head_tail import Ends

Status = Literal["ok", "error", "timeout", "died", "still_running", "unavailable"]
_CONTROLS = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f]")


def cleaned(text: str) -> str:
    """The text as a terminal would leave it: without escapes, progress bars in their last state."""
    text = ANSI_ESCAPE.sub("", text.encode("utf-8", "replace").decode("utf-8")).replace("\r\n", "\n")
    if "\b" in text:
        while "\b" in (shorter := re.sub(r"[^\b\n]\x08", "", text)) and shorter != text:
            text = shorter
        text = shorter.replace("\b", "")
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]
    return _CONTROLS.sub("", "\n".join(lines))


class Collected:
    """Output as it comes in, bounded in memory whatever is printed."""

    def __init__(self) -> None:
        self.images = 0
        self.error: ExecutionError | None = None
        self._text = Ends()
        self._displayed = Displayed()
        self._clear = False

    def take(self, message_type: str, content: Mapping[str, Any]) -> None:
        """One message of the run's output."""
        self._displayed.take(message_type, content)
        if message_type == "stream":
            self._add(str(content.get("text", "")))
        elif message_type in ("execute_result", "display_data"):
            self._add_rich(content.get("data"))
        elif message_type == "error":
            self._add_error(content)
        elif message_type == "clear_output":
            self._clear = True
            if not content.get("wait"):
                self._add("")

    def _add_rich(self, data: object) -> None:
        if not isinstance(data, Mapping):
            return
        pictures = [name for name in data if str(name).startswith("image/")]
        self.images += bool(pictures)
        text = data.get("text/plain", data.get("text/markdown"))
        if isinstance(text, list):
            text = "".join(str(part) for part in text)
        if not isinstance(text, str):
            text = f"[{', '.join(sorted(map(str, data)))[:200]}]"
        self._add(text if text.endswith("\n") else text + "\n")

    def _add_error(self, content: Mapping[str, Any]) -> None:
        name, message = str(content.get("ename", "")), str(content.get("evalue", ""))
        self.error = ExecutionError(name=name[:200], message=cleaned(head(message, 2000)))
        lines = content.get("traceback")
        self._add("\n".join(map(str, lines)) + "\n" if isinstance(lines, list) else f"{name}: {message}\n")

    def _add(self, text: str) -> None:
        if self._clear:
            self._clear = False
            self._text.clear()
        self._text.add(text)

    @property
    def text(self) -> str:
        """What was displayed; a note stands where the middle was left out."""
        begun, note, ended = self._text.head, self._text.note, self._text.tail
        if note:
            begun, ended = without_last_word(begun), without_first_word(ended)
        return cleaned(begun) + note + cleaned(ended)

    def result(self, status: Status, note: str = "", error: ExecutionError | None = None) -> ExecutionResult:
        """All that was collected as the run's result.

        Args:
            status: How the run ended.
            note: Stands after the text.
            error: What was raised, where the kernel did not display it.
        """
        return ExecutionResult(
            status,
            self.text + note,
            self.images,
            self.error or error,
            pictures=self._displayed.pictures,
            outputs=self._displayed.outputs,
        )
