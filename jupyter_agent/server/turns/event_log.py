"""What a turn has told so far, by number: read from anywhere, by any number of readers, while it grows."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_right
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from jupyter_agent.core.messages import Event, TextDelta

#: What a turn may tell while nobody takes it in, in characters.
MAX_UNREAD = 1024 * 1024
_EVENT_SIZE = 500
_PIECES = 256


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The call that was told last waits for a tool of the reader's own."""

    event: ClassVar[str] = "handed_over"
    call_id: str


Told: TypeAlias = Event | HandedOver


@dataclass(slots=True)
class _Text:
    """A run of text: joined now and then, its pieces known by where they end."""

    first: int
    pieces: list[str] = field(default_factory=list)
    ends: array[int] = field(default_factory=lambda: array("Q"))

    @property
    def last(self) -> int:
        return self.first + len(self.ends) - 1

    def add(self, text: str) -> None:
        self.ends.append((self.ends[-1] if self.ends else 0) + len(text))
        self.pieces.append(text)
        if len(self.pieces) > _PIECES:
            self.pieces = ["".join(self.pieces)]

    def after(self, number: int) -> TextDelta:
        """What came after that number, in one piece."""
        missing = self.ends[-1] - (self.ends[number - self.first] if number >= self.first else 0)
        if missing == len(self.pieces[-1]):
            return TextDelta(self.pieces[-1])
        return TextDelta("".join(self.pieces)[-missing:] if missing else "")


@dataclass(frozen=True, slots=True)
class _Single:
    """An event that is no text."""

    first: int
    event: Told

    @property
    def last(self) -> int:
        return self.first

    def after(self, number: int) -> Told:
        return self.event


class EventLog:
    """The events of one turn, the first of them number 1.

    A reader that is behind gets the text that it has not seen in one piece, under its last number.
    """

    def __init__(self) -> None:
        self._kept: list[_Text | _Single] = []
        self._last = 0
        self._size = 0
        self._taken = 0
        self._closed = False
        self._failure: BaseException | None = None
        self._readers: set[asyncio.Future[None]] = set()
        self._writer: asyncio.Future[None] | None = None

    @property
    def size(self) -> int:
        """How much it is, in characters, about."""
        return self._size

    @property
    def text(self) -> str:
        """All text in it."""
        return "".join(piece for one in self._kept if isinstance(one, _Text) for piece in one.pieces)

    def append(self, event: Told) -> None:
        """Tell all readers."""
        self._last += 1
        if not isinstance(event, TextDelta):
            self._kept.append(_Single(self._last, event))
            self._size += _EVENT_SIZE
        else:
            if not self._kept or not isinstance(self._kept[-1], _Text):
                self._kept.append(_Text(self._last))
            self._kept[-1].add(event.text)  # type: ignore[union-attr]  # it was just looked at
            self._size += len(event.text)
        self._wake()

    def close(self, failure: BaseException | None = None) -> None:
        """No more comes; with a failure, it is raised for the readers."""
        self._closed, self._failure = True, failure
        self._wake()

    async def read(self, after: int = 0) -> AsyncGenerator[tuple[int, Told], None]:
        """The events after a number, with theirs, as they come; a number that there is not yet starts at the beginning.

        Raises:
            BaseException: what the log was closed with.
        """
        after = after if after <= self._last else 0
        place = max(0, bisect_right(self._kept, after, key=lambda one: one.first) - 1)
        while True:
            while place < len(self._kept):
                kept, size = self._kept[place], self._size
                if kept.last > after:
                    event, after = kept.after(after), kept.last
                    yield after, event
                if kept.last > after:
                    continue
                if place + 1 == len(self._kept):
                    self._took(size)
                    break
                place += 1
            if after >= self._last and self._closed:
                break
            if after >= self._last:
                await self._news()
        if self._failure is not None:
            raise self._failure

    async def room(self, seconds: float) -> bool:
        """Wait while much is unread, but not for longer; whether there is room now."""
        if self._size - self._taken > MAX_UNREAD:
            self._writer = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._writer], timeout=seconds)
            self._writer = None
        return self._size - self._taken <= MAX_UNREAD

    async def _news(self) -> None:
        reader = asyncio.get_running_loop().create_future()
        self._readers.add(reader)
        try:
            await reader
        finally:
            self._readers.discard(reader)

    def _wake(self) -> None:
        for reader in self._readers:
            if not reader.done():
                reader.set_result(None)

    def _took(self, size: int) -> None:
        """The fastest reader has read so far."""
        self._taken = max(self._taken, size)
        if self._writer is not None and not self._writer.done() and self._size - self._taken <= MAX_UNREAD:
            self._writer.set_result(None)
