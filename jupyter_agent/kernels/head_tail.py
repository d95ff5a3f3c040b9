"""Head and tail of a growing text, bounded in memory however much is added."""

from __future__ import annotations

#: Characters kept of the head and of the tail.
HEAD = TAIL = 32 * 1024


class HeadTail:
    """Keeps the head and the tail of a text that grows.

    Args:
        head: Characters kept of the beginning.
        tail: Characters kept of the end.
    """

    def __init__(self, head: int = HEAD, tail: int = TAIL) -> None:
        self._head_limit = head
        self._tail_limit = tail
        self.clear()

    def clear(self) -> None:
        """Start again with an empty text."""
        self._head = ""
        self._left_out = 0
        self._tail: list[str] = []
        self._tail_length = 0

    def add(self, text: str) -> None:
        """Append text."""
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += text[:room]
            text = text[room:]
        if len(text) > self._tail_limit:
            self._left_out += self._tail_length + len(text) - self._tail_limit
            self._tail, self._tail_length = [text[-self._tail_limit :]], self._tail_limit
        elif text:
            self._tail.append(text)
            self._tail_length += len(text)
            if self._tail_length > 4 * self._tail_limit:
                self._shorten()

    @property
    def length(self) -> int:
        """Characters that are kept now; of the tail up to four times its limit."""
        return len(self._head) + self._tail_length

    @property
    def text(self) -> str:
        """Head, note and tail."""
        return "".join(self.parts())

    def parts(self) -> tuple[str, str, str]:
        """Head, a note that stands for the middle, and tail; note and tail are empty while the head has all of the text."""
        self._shorten()
        note = f"\n[… {self._left_out:,} characters left out …]\n" if self._left_out else ""
        return self._head, note, self._tail[0]

    def _shorten(self) -> None:
        joined = "".join(self._tail)
        self._left_out += max(0, len(joined) - self._tail_limit)
        self._tail = [joined[-self._tail_limit :]]
        self._tail_length = len(self._tail[0])
