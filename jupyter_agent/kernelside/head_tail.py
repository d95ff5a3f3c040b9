"""Head and tail of a growing text, bounded in memory however much is added."""

from __future__ import annotations

#: Characters kept of the head, and of the tail.
LIMIT = 32 * 1024
#: Stands for a middle that is left out.
LEFT_OUT = "… {:,} characters left out …"


class HeadTail:
    """Keeps the head and the tail of a text that grows.

    Args:
        note: Stands for the middle, with the number of its characters.
    """

    def __init__(self, note: str = f"\n[{LEFT_OUT}]\n") -> None:
        self._note = note
        self._head = ""
        self._left_out = 0
        self._tail: list[str] = []
        self._tail_length = 0

    def add(self, text: str, left_out: int = 0) -> None:
        """Append text, from whose middle so many characters were left out before."""
        self._left_out += left_out
        room = LIMIT - len(self._head)
        if room > 0:
            self._head += text[:room]
            text = text[room:]
        if len(text) > LIMIT:
            self._left_out += self._tail_length + len(text) - LIMIT
            self._tail, self._tail_length = [text[-LIMIT:]], LIMIT
        elif text:
            self._tail.append(text)
            self._tail_length += len(text)
            if self._tail_length > 4 * LIMIT:
                self.parts()  # which shortens the tail

    @property
    def length(self) -> int:
        """Characters that are kept now; of the tail up to four times its limit."""
        return len(self._head) + self._tail_length

    def parts(self) -> tuple[str, str, str]:
        """Head, note and tail; the note is empty where nothing is left out, the tail while the head has all of the text."""
        joined = "".join(self._tail)
        self._left_out += max(0, len(joined) - LIMIT)
        self._tail = [joined[-LIMIT:]]
        self._tail_length = len(self._tail[0])
        return self._head, self._note.format(self._left_out) if self._left_out else "", self._tail[0]
