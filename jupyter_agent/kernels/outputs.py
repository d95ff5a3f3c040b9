"""Outputs of executed code: as cleaned text within a limit, and as nbformat's outputs with the last pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_agent.core.kernel_state import ExecutionError, ExecutionResult
from jupyter_agent.core.pictures import MAX_SHOWN, of_output
from jupyter_agent.core.text import cleaned, head, without_first_word, without_last_word
from jupyter_agent.kernelside.head_tail import HeadTail

Status = Literal["ok", "error", "timeout", "died", "still_running", "unavailable"]
_OUTPUT_TYPES = frozenset({"stream", "display_data", "execute_result", "update_display_data", "error"})
#: Outputs kept of the beginning and of the end, and characters of all of each.
_HEAD_OUTPUTS = _TAIL_OUTPUTS = 50
_HEAD_CHARACTERS = 1 << 21
_TAIL_CHARACTERS = 6 << 20
#: Characters of one representation of an output; a larger one is replaced by its name and size.
_MAX_DATA = 2 << 20


class OutputCollector:
    """Collects iopub messages of one execution, bounded in memory whatever is printed.

    Attributes:
        images: Number of outputs with a picture.
        error: What was raised.
    """

    def __init__(self) -> None:
        self.images = 0
        self.error: ExecutionError | None = None
        self._text = HeadTail()
        self._head: list[_Output] = []
        self._tail: deque[_Output] = deque()
        self._left_out = 0
        self._clear_pending = False
        self._is_updated = False

    def add(self, message_type: str, content: Mapping[str, Any]) -> None:
        """Add one message; types that carry no output, and malformed content, are ignored."""
        if message_type == "clear_output":
            self._clear_pending = True
            if content.get("wait"):
                return
        elif message_type not in _OUTPUT_TYPES:
            return
        if self._clear_pending:
            self._head, self._tail, self._left_out, self._clear_pending = [], deque(), 0, False
            self._text = HeadTail()
        match message_type:
            case "stream":
                name, text = str(content.get("name", "stdout")), str(content.get("text", ""))
                left_out = content.get("left_out")
                left_out = left_out if isinstance(left_out, int) else 0
                self._text.add(text, left_out)
                last = self._tail[-1] if self._tail else self._head[-1] if self._head else None
                if last is not None and last.stream is not None and last.content["name"] == name:
                    last.stream.add(text, left_out)
                    last.size = last.stream.length
                else:
                    stream = HeadTail()
                    stream.add(text, left_out)
                    self._append(_Output({"output_type": "stream", "name": name}, stream.length, stream=stream))
            case "display_data" | "execute_result":
                self._add_display(message_type, content)
            case "update_display_data":
                data, metadata, display_id = _bundle(content)
                for output in (*self._head, *self._tail):
                    if display_id and output.display_id == display_id:
                        self._is_updated = True
                        output.content.update(data=data, metadata=metadata)
                        output.size = _characters(output.content)
                        if sum(kept.size for kept in (*self._head, *self._tail)) > _HEAD_CHARACTERS + _TAIL_CHARACTERS:
                            note = f"[an update of {output.size:,} characters, left out]"
                            output.content.update(data={"text/plain": note}, metadata={})
                            output.size = len(note)
            case "error":
                name, message = str(content.get("ename", "")), str(content.get("evalue", ""))
                self.error = ExecutionError(name=name[:200], message=cleaned(head(message, 2000)))
                lines = content.get("traceback")
                traceback = [str(line) for line in lines] if isinstance(lines, list) else []
                self._text.add("\n".join(traceback) + "\n" if isinstance(lines, list) else f"{name}: {message}\n")
                error: dict[str, Any] = {"output_type": "error", "ename": name, "evalue": message[:_MAX_DATA]}
                error["traceback"] = [line[:_MAX_DATA] for line in traceback]
                self._append(_Output(error, _characters(error)))

    def _add_display(self, message_type: str, content: Mapping[str, Any]) -> None:
        data, metadata, display_id = _bundle(content)
        output: dict[str, Any] = {"output_type": message_type, "data": data, "metadata": metadata}
        if message_type == "execute_result":
            output["execution_count"] = content.get("execution_count")
        self._append(_Output(output, _characters(output), display_id))
        all_data = content.get("data")
        if isinstance(all_data, Mapping):
            self.images += any(str(name).startswith("image/") for name in all_data)
            self._text.add(_displayed_text(all_data))

    def _append(self, output: _Output) -> None:
        has_room = len(self._head) < _HEAD_OUTPUTS and not self._tail
        if has_room and sum(kept.size for kept in self._head) + output.size <= _HEAD_CHARACTERS:
            self._head.append(output)
            return
        self._tail.append(output)
        while len(self._tail) > _TAIL_OUTPUTS or (
            len(self._tail) > 1 and sum(kept.size for kept in self._tail) > _TAIL_CHARACTERS
        ):
            self._tail.popleft()
            self._left_out += 1

    def add_dropped(self, count: int) -> None:
        """Note that outputs of this execution were dropped unread, after those that were added."""
        self._left_out += count
        self._text.add(f"\n[… {count:,} outputs left out: they came faster than they could be read …]\n")

    def result(self, status: Status, note: str = "", error: ExecutionError | None = None) -> ExecutionResult:
        """The execution's result with everything that was collected.

        Args:
            status: How the execution ended.
            note: Appended to the text.
            error: What was raised, where the kernel did not publish it.
        """
        if self._is_updated and not self._left_out:  # what was displayed is text as it is now
            self._text = HeadTail()
            for output in (*self._head, *self._tail):
                self._text.add(output.text)
        first, gap, last = self._text.parts()
        if gap:
            first, last = without_last_word(first), without_first_word(last)
        outputs = [
            dict(output.content)
            if output.stream is None
            else {**output.content, "text": "".join(output.stream.parts())}
            for output in (*self._head, *self._tail)
        ]
        pictures = [picture for output in outputs if (picture := of_output(output)) is not None]
        if self._left_out:
            left_out = f"[… {self._left_out:,} outputs left out …]\n"
            outputs.insert(len(self._head), {"output_type": "stream", "name": "stderr", "text": left_out})
        return ExecutionResult(
            status,
            cleaned(first) + gap + cleaned(last) + note,
            self.images,
            self.error or error,
            pictures=tuple(pictures[-MAX_SHOWN:]),
            outputs=tuple(outputs),
        )


@dataclass
class _Output:
    """One output: a stream that grows, or data that may be replaced later; `size` in characters, roughly."""

    content: dict[str, Any]
    size: int
    display_id: str = ""
    stream: HeadTail | None = None

    @property
    def text(self) -> str:
        """What it adds to the text."""
        if self.stream is not None:
            return "".join(self.stream.parts())
        if self.content["output_type"] == "error":
            return "\n".join(self.content["traceback"]) + "\n"
        return _displayed_text(self.content["data"])


def _displayed_text(data: Mapping[str, Any]) -> str:
    """What is displayed, as lines of text; of what has no text, its kinds."""
    text = data.get("text/plain", data.get("text/markdown"))
    if isinstance(text, list):
        text = "".join(str(part) for part in text)
    if not isinstance(text, str):
        text = f"[{', '.join(sorted(map(str, data)))[:200]}]"
    return text if text.endswith("\n") else text + "\n"


def _characters(data: object) -> int:
    """Size of the data as JSON, roughly."""
    if isinstance(data, str):
        return len(data)
    if isinstance(data, Mapping):
        return sum(len(str(key)) + _characters(value) for key, value in data.items())
    return sum(map(_characters, data)) if isinstance(data, (list, tuple)) else 8


def _bundle(content: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A display's data, metadata and id; representations that are too large are replaced by their name and size."""
    data, metadata, transient = content.get("data"), content.get("metadata"), content.get("transient")
    kept: dict[str, Any] = {}
    large: list[str] = []
    for name, value in data.items() if isinstance(data, Mapping) else ():
        size = _characters(value)
        if size <= _MAX_DATA:
            kept[str(name)] = value
        else:
            large.append(f"[{name}, {size:,} characters, left out]")
    if large:
        kept["text/plain"] = "\n".join([*large, *([kept["text/plain"]] if "text/plain" in kept else [])])
    display_id = str(transient.get("display_id") or "") if isinstance(transient, Mapping) else ""
    return kept, dict(metadata) if isinstance(metadata, Mapping) else {}, display_id
