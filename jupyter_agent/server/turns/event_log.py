"""The numbered events of one turn: any number of readers, each from any number on, while it grows."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_right
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from jupyter_agent.core.events import Event, TextDelta, ThinkingDelta, ToolCalled
from jupyter_agent.core.messages import ToolCall

#: Backpressure: so many characters may be unread by the fastest reader.
MAX_UNREAD = 1024 * 1024
_EVENT_SIZE = 500
_PIECES = 256


@dataclass(frozen=True, slots=True)
class HandedOver:
    """These calls wait for tools of the reader's own."""

    event: ClassVar[str] = "handed_over"
    calls: tuple[ToolCall, ...]


TurnEvent: TypeAlias = Event | HandedOver


@dataclass(slots=True)
class _Text:
    """Consecutive text, or thinking: joined now and then, its pieces known by where they end."""

    kind: type[TextDelta | ThinkingDelta]
    first: int
    last: int = 0
    pieces: list[str] = field(default_factory=list)
    ends: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, number: int, text: str) -> None:
        self.last = number
        self.ends.append((self.ends[-1] if self.ends else 0) + len(text))
        self.pieces.append(text)
        if len(self.pieces) > _PIECES:
            self.pieces = ["".join(self.pieces)]

    def after(self, number: int) -> TextDelta | ThinkingDelta:
        """What came after that number, in one piece."""
        missing = self.ends[-1] - (self.ends[number - self.first] if number >= self.first else 0)
        if missing == len(self.pieces[-1]):
            return self.kind(self.pieces[-1])
        return self.kind("".join(self.pieces)[-missing:] if missing else "")


@dataclass(frozen=True, slots=True)
class _Single:
    """An event that is no text."""

    first: int
    last: int
    event: TurnEvent

    def after(self, number: int) -> TurnEvent:
        return self.event


class EventLog:
    """The events of one turn, the first of them number 1.

    A reader that is behind gets the text that it lacks in one piece, under its last number.

    Attributes:
        size: How much it is, in characters, about.
    """

    def __init__(self) -> None:
        self.size = 0
        self._entries: list[_Text | _Single] = []
        self._last = 0
        self._read = 0
        self._closed = False
        self._failure: BaseException | None = None
        self._readers: set[asyncio.Future[None]] = set()
        self._writer: asyncio.Future[None] | None = None

    @property
    def text(self) -> str:
        """All text in it, without thinking."""
        texts: list[str] = []
        message = 0  # where the newest begins
        for entry in self._entries:
            if isinstance(entry, _Text):
                texts += entry.pieces if entry.kind is TextDelta else ()
            elif isinstance(entry.event, ToolCalled):
                message = len(texts)
            elif isinstance(entry.event, ThinkingDelta):
                del texts[message:]
        return "".join(texts)

    def append(self, event: TurnEvent) -> None:
        """Add an event and wake all readers."""
        self._last += 1
        if not isinstance(event, (TextDelta, ThinkingDelta)) or getattr(event, "replaces_text", False):
            self._entries.append(_Single(self._last, self._last, event))
            self.size += _EVENT_SIZE
        else:
            entry = self._entries[-1] if self._entries else None
            if not isinstance(entry, _Text) or entry.kind is not type(event):
                entry = _Text(type(event), self._last)
                self._entries.append(entry)
            entry.add(self._last, event.text)
            self.size += len(event.text)
        self._wake()

    def close(self, failure: BaseException | None = None) -> None:
        """No more events; a failure is raised for the readers."""
        self._closed, self._failure = True, failure
        self._wake()

    async def read(self, after: int = 0) -> AsyncGenerator[tuple[int, TurnEvent], None]:
        """The events after a number, with theirs, as they come; a number that there is not yet starts at the beginning.

        Raises:
            BaseException: what the log was closed with.
        """
        after = after if after <= self._last else 0
        index = max(0, bisect_right(self._entries, after, key=lambda entry: entry.first) - 1)
        while True:
            while index < len(self._entries):
                entry, size = self._entries[index], self.size
                if entry.last > after:
                    event, after = entry.after(after), entry.last
                    yield after, event
                if entry.last > after:
                    continue
                if index + 1 == len(self._entries):
                    self._read = max(self._read, size)  # by the fastest reader
                    if self._writer is not None and not self._writer.done() and self.size - self._read <= MAX_UNREAD:
                        self._writer.set_result(None)
                    break
                index += 1
            if after >= self._last:
                if self._closed:
                    break
                reader = asyncio.get_running_loop().create_future()
                self._readers.add(reader)
                try:
                    await reader
                finally:
                    self._readers.discard(reader)
        if self._failure is not None:
            raise self._failure

    async def wait_for_capacity(self, seconds: float) -> bool:
        """Wait while too much is unread, at most so long; whether more may be written now."""
        if self.size - self._read > MAX_UNREAD:
            self._writer = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._writer], timeout=seconds)
            self._writer = None
        return self.size - self._read <= MAX_UNREAD

    def _wake(self) -> None:
        for reader in self._readers:
            if not reader.done():
                reader.set_result(None)
