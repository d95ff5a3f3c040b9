"""What a run displayed as nbformat's outputs, the first and the last of them within a limit, and its last pictures."""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_agent.core.messages import Picture
from jupyter_agent.kernels.head_tail import Ends

#: Outputs kept of the beginning and of the end, and characters of all of each.
_HEAD_OUTPUTS = _TAIL_OUTPUTS = 50
_HEAD_CHARACTERS = 1 << 21
_TAIL_CHARACTERS = 6 << 20
#: Characters of one representation of an output; a larger one is replaced by its name and size.
_MAX_DATA = 2 << 20
#: Pictures kept for models, and bytes of each.
_MAX_PICTURES = 4
_MAX_PICTURE = 1 << 20
_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")


class _Output:
    """One output: a stream that grows, or data that may be replaced later."""

    def __init__(self, content: dict[str, Any], display_id: str = "") -> None:
        self.display_id = display_id
        self._content = content
        self._stream = Ends() if content["output_type"] == "stream" else None
        self._size = _characters(content)

    @property
    def size(self) -> int:
        """Characters, roughly."""
        return self._size if self._stream is None else self._stream.length

    def continues(self, name: str) -> bool:
        """Whether text of this stream belongs to this output."""
        return self._stream is not None and self._content["name"] == name

    def write(self, text: str) -> None:
        """Some more text of a stream."""
        assert self._stream is not None
        self._stream.add(text)

    def replace(self, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Other data in the place of what was displayed."""
        if "data" in self._content:
            self._content.update(data=data, metadata=metadata)
            self._size = _characters(self._content)

    @property
    def content(self) -> dict[str, Any]:
        """The output as nbformat has it."""
        return dict(self._content) if self._stream is None else {**self._content, "text": self._stream.text}


class Displayed:
    """Takes output as it comes."""

    def __init__(self) -> None:
        self._head: list[_Output] = []
        self._tail: deque[_Output] = deque()
        self._left_out = 0
        self._clear = False

    def take(self, message_type: str, content: Mapping[str, Any]) -> None:
        """One message of the run's output."""
        if message_type == "clear_output":
            self._clear = True
            if not content.get("wait"):
                self._cleared()
            return
        self._cleared()
        if message_type == "stream":
            self._write(str(content.get("name", "stdout")), str(content.get("text", "")))
        elif message_type == "update_display_data":
            self._update(content)
        elif message_type in ("display_data", "execute_result"):
            self._display(message_type, content)
        elif message_type == "error":
            lines = content.get("traceback")
            told = {"ename": str(content.get("ename", "")), "evalue": str(content.get("evalue", ""))[:_MAX_DATA]}
            traceback = [str(one)[:_MAX_DATA] for one in lines] if isinstance(lines, list) else []
            self._add(_Output({"output_type": "error", **told, "traceback": traceback}))

    def _cleared(self) -> None:
        if self._clear:
            self._head, self._tail, self._left_out, self._clear = [], deque(), 0, False

    def _write(self, name: str, text: str) -> None:
        last = self._tail[-1] if self._tail else self._head[-1] if self._head else None
        if last is None or not last.continues(name):
            last = _Output({"output_type": "stream", "name": name})
            last.write(text)
            self._add(last)
        else:
            last.write(text)

    def _display(self, message_type: str, content: Mapping[str, Any]) -> None:
        data, metadata = _bundle(content)
        output: dict[str, Any] = {"output_type": message_type, "data": data, "metadata": metadata}
        if message_type == "execute_result":
            output["execution_count"] = content.get("execution_count")
        self._add(_Output(output, _display_id(content)))

    def _update(self, content: Mapping[str, Any]) -> None:
        display_id = _display_id(content)
        for output in self._outputs():
            if display_id and output.display_id == display_id:
                output.replace(*_bundle(content))

    def _add(self, output: _Output) -> None:
        room = len(self._head) < _HEAD_OUTPUTS and not self._tail
        if room and sum(one.size for one in self._head) + output.size <= _HEAD_CHARACTERS:
            self._head.append(output)
            return
        self._tail.append(output)
        while len(self._tail) > _TAIL_OUTPUTS or (
            len(self._tail) > 1 and sum(one.size for one in self._tail) > _TAIL_CHARACTERS
        ):
            self._tail.popleft()
            self._left_out += 1

    def _outputs(self) -> Iterator[_Output]:
        yield from self._head
        yield from self._tail

    @property
    def outputs(self) -> tuple[Mapping[str, Any], ...]:
        """All as nbformat has them; a note stands where some were left out."""
        note = {"output_type": "stream", "name": "stderr", "text": f"[… {self._left_out:,} outputs left out …]\n"}
        return (
            *(one.content for one in self._head),
            *([note] if self._left_out else []),
            *(one.content for one in self._tail),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The last pictures."""
        found = [picture for one in self._outputs() if (picture := _picture(one.content.get("data"))) is not None]
        return tuple(found[-_MAX_PICTURES:])


def _characters(data: object) -> int:
    """How large it is as JSON, roughly."""
    if isinstance(data, str):
        return len(data)
    if isinstance(data, Mapping):
        return sum(len(str(key)) + _characters(one) for key, one in data.items())
    return sum(map(_characters, data)) if isinstance(data, (list, tuple)) else 8


def _display_id(content: Mapping[str, Any]) -> str:
    transient = content.get("transient")
    return str(transient.get("display_id") or "") if isinstance(transient, Mapping) else ""


def _bundle(content: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Data and metadata; representations that are too large are named instead."""
    data, metadata = content.get("data"), content.get("metadata")
    kept: dict[str, Any] = {}
    large: list[str] = []
    for name, one in data.items() if isinstance(data, Mapping) else ():
        size = _characters(one)
        if size <= _MAX_DATA:
            kept[str(name)] = one
        else:
            large.append(f"[{name}, {size:,} characters, left out]")
    if large:
        kept["text/plain"] = "\n".join([*large, *([kept["text/plain"]] if "text/plain" in kept else [])])
    return kept, dict(metadata) if isinstance(metadata, Mapping) else {}


def _picture(data: object) -> Picture | None:
    """The picture among the representations of an output, if there is one that can be decoded and is not too large."""
    for name in _PICTURES:
        text = data.get(name) if isinstance(data, Mapping) else None
        if isinstance(text, str):
            encoded = "".join(text.split())
            try:
                size = len(base64.b64decode(encoded, validate=True))
            except (binascii.Error, ValueError):
                continue
            if 0 < size <= _MAX_PICTURE:
                return Picture(name, encoded)
    return None
