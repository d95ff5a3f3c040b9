"""Large messages of a kernel without reading all of them: the ends of what was printed, the names of what was shown or raised."""

from __future__ import annotations

import json
import re
from typing import Any

from jupyter_agent.kernelside.head_tail import LIMIT

#: Bytes of a content from which on it is not read on the event loop as it stands, and from which on it is not read at all.
LARGE = 1 << 20
_TOO_LARGE = 3 << 20
#: Bytes of its head and of its tail that are looked at: as many characters as are kept, were they all escaped.
_END = 12 * LIMIT + 64
_TEXT = re.compile(rb'"text"\s*:\s*"')
_AFTER_TEXT = re.compile(rb'"(?:\s*,\s*"name"\s*:\s*"\w*")?\s*\}\s*$')
_FIELD = re.compile(
    rb'"(name|status|ename|evalue|display_id|text/plain|execution_count)"\s*:\s*(?:"((?:[^"\\]|\\.){0,2000})|(\d+))'
)
_BROKEN_ESCAPE = re.compile(rb"(?<!\\)\\+[^\\]{0,5}$")


def outline(message_type: str, content: memoryview) -> dict[str, Any] | None:
    """What is kept of a message's content, as its content; None where it is to be read as it stands.

    Args:
        message_type: As its header says.
        content: At least `LARGE` bytes of JSON.
    """
    size = len(content)
    head, tail = bytes(content[:_END]), bytes(content[-_END:])
    fields = {
        name.decode(): int(number) if number else _decoded(text)
        for end in (tail, head)
        for name, text, number in reversed(_FIELD.findall(end))
    }
    if message_type == "stream" and (start := _TEXT.search(head)) is not None:
        first, last = head[start.end() :], _AFTER_TEXT.sub(b"", tail)
        if (broken := _BROKEN_ESCAPE.search(first)) is not None:
            first = first[: broken.start()]
        # The first backslash of a row begins an escape; without one, the tail may begin within an escape.
        escape = re.search(rb"[^\\]\\", last)
        last = last[escape.start() + 1 if escape else 6 :]
        left_out = size - start.end() - len(first) - len(last)
        text = _decoded(first) + _decoded(last)
        return {"name": fields.get("name", "stdout"), "text": text, "left_out": left_out}
    if size < _TOO_LARGE:
        return None
    note = f"[{message_type}, {size:,} bytes, left out]"
    shown = "\n".join([note, *([str(fields["text/plain"])] if "text/plain" in fields else [])])
    return {
        "status": fields.get("status", "error"),
        "ename": fields.get("ename", "Exception"),
        "evalue": fields.get("evalue", note),
        "traceback": [f"{fields.get('ename', 'Exception')}: {fields.get('evalue', note)}"],
        "data": {"text/plain": shown},
        "metadata": {},
        "transient": {"display_id": fields.get("display_id")},
        "execution_count": fields.get("execution_count"),
    }


def _decoded(text: bytes) -> str:
    """The part of a JSON string that the bytes are; empty where they are none."""
    try:
        decoded = str(json.loads('"' + text.decode("utf-8", "ignore") + '"', strict=False))
    except ValueError:
        return ""
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")  # without halves of pairs
