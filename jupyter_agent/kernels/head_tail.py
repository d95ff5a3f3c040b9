"""Head and tail of a growing text, bounded in memory however much is added."""

from __future__ import annotations

#: Characters kept of the head and of the tail.
HEAD = TAIL = 32 * 1024


class HeadTail:
    """Keeps the head and the tail of a text that grows.

    Args:
        head: Characters kept of the beginning.
        tail: Characters kept of the end.

    Attributes:
        head: The beginning.
        left_out: Characters between head and tail that are not kept.
    """

    def __init__(self, head: int = HEAD, tail: int = TAIL) -> None:
        self._head_limit = head
        self._tail_limit = tail
        self.clear()

    def clear(self) -> None:
        """Start again with an empty text."""
        self.head = ""
        self.left_out = 0
        self._tail: list[str] = []
        self._tail_length = 0

    def add(self, text: str) -> None:
        """Append text."""
        room = self._head_limit - len(self.head)
        if room > 0:
            self.head += text[:room]
            text = text[room:]
        if len(text) > self._tail_limit:
            self.left_out += self._tail_length + len(text) - self._tail_limit
            self._tail, self._tail_length = [text[-self._tail_limit :]], self._tail_limit
        elif text:
            self._tail.append(text)
            self._tail_length += len(text)
            if self._tail_length > 4 * self._tail_limit:
                self._shorten()

    @property
    def length(self) -> int:
        """Characters that are kept; until `tail` is read, up to four times the tail's limit."""
        return len(self.head) + self._tail_length

    @property
    def tail(self) -> str:
        """The end; empty while the head has all of the text."""
        self._shorten()
        return self._tail[0]

    @property
    def note(self) -> str:
        """What is shown in place of the middle; empty where nothing was left out."""
        self._shorten()
        return f"\n[… {self.left_out:,} characters left out …]\n" if self.left_out else ""

    @property
    def text(self) -> str:
        """Head, note and tail."""
        tail = self.tail
        return self.head + self.note + tail

    def _shorten(self) -> None:
        joined = "".join(self._tail)
        self.left_out += max(0, len(joined) - self._tail_limit)
        self._tail = [joined[-self._tail_limit :]]
        self._tail_length = len(self._tail[0])
