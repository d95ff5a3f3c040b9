"""One conversation as a JSON-lines file: each line is a commit with its checksum; what follows a bad line is not read."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_agent.core.errors import StoreUnavailable
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores import codec

_START = b'{"crc":"'
_BODY = len(_START) + 8 + len(b'",')
_PLAIN = re.compile(rb'"turn_id":"([\w.:-]+)","parent":(?:null|"([\w.:-]+)"),')
_DECODER = json.JSONDecoder()
#: What a commit must know of the head before it: revision, created_at, owner, notebook, id.
Stamp = tuple[int, float, str, str, str]


@dataclass(slots=True)
class Log:
    """What is known of one file: where its turns are, and its newest head.

    Attributes:
        path: The file.
        identity: Which file that was, and its size and time when last read; zeros where there is none.
        valid: Bytes up to the end of the last good line.
        head: Where the newest head's line is; None for a file without a good line.
        turns: Turn id → (offset, length, parent).
        stamp: That of the newest head, where it was written here.
    """

    path: Path
    identity: tuple[int, int, int] = (0, 0, 0)
    valid: int = 0
    head: tuple[int, int] | None = None
    turns: dict[str, tuple[int, int, str | None]] = field(default_factory=dict)
    stamp: Stamp | None = None
    _session: Session | None = None
    _text: str | None = None

    def refresh(self) -> None:
        """Read what was appended since.

        Raises:
            OSError: the file cannot be read.
        """
        try:
            if identity_of(self.path.stat()) == self.identity:
                return
            file = self.path.open("rb", buffering=1 << 20)
        except FileNotFoundError:
            self._restart()
            return
        with file:
            found = identity_of(os.fstat(file.fileno()))
            if found == self.identity:
                return
            grown = found[0] == self.identity[0] and found[1] > self.identity[1] == self.valid
            if grown and self.head is not None:
                # The newest line is where it was: the file was added to, not written anew by other hands.
                file.seek(self.head[0])
                grown = is_good(file.read(self.head[1]))
            if not grown or self.head is None:
                self._restart()
            file.seek(self.valid)
            for line in file:
                if not is_good(line):
                    break
                self._take(line)
            self.identity = found

    def session(self) -> Session | None:
        """The newest head; None in a file without a good line."""
        if self._session is None and self.head is not None:
            self._session = codec.decode(Session, self._text or self._line(*self.head)["head"])
        return self._session

    def path_to(self, turn_id: str, limit: int) -> tuple[Turn, ...]:
        """The turn and its ancestors, at most `limit` of the newest, oldest first."""
        found: list[tuple[int, int]] = []
        place: str | None = turn_id
        while place is not None and place in self.turns and len(found) < limit:
            offset, length, place = self.turns[place]
            found.append((offset, length))
        return tuple(codec.decode(Turn, self._line(*line)["turn"]) for line in reversed(found))

    def append(self, line: bytes, head: str, stamp: Stamp) -> None:
        """Write at the end of what `refresh` found valid, durably; a bad rest is kept in a file of its own first.

        Args:
            line: The commit.
            head: The text of the head in it.
            stamp: That head's.

        Raises:
            OSError: nothing was added.
        """
        with opened(self.path, os.O_WRONLY | os.O_APPEND) as file:
            if self.identity[1] != self.valid:
                with self.path.open("rb") as reading:
                    reading.seek(self.valid)
                    rest = reading.read()
                if rest:
                    write_new(self.path.with_suffix(f".corrupt-{time.time_ns()}"), rest)
                    os.ftruncate(file, self.valid)
            try:
                write_durably(file, line)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(file, self.valid)
                raise
            self._take(line)
            self._text, self.stamp = head, stamp
            self.identity = identity_of(os.fstat(file))

    def _line(self, offset: int, length: int) -> dict[str, Any]:
        with self.path.open("rb") as file:
            file.seek(offset)
            line = file.read(length)
        if not is_good(line):
            self._restart()
            raise StoreUnavailable(codec.DAMAGED)
        found: dict[str, Any] = json.loads(line)
        return found

    def _take(self, line: bytes) -> None:
        """Note a good line that follows what is valid: its turn's id and parent, without reading the whole line."""
        plain = _PLAIN.match(line, _BODY)
        if plain is not None:
            turn_id, parent = plain[1].decode(), None if plain[2] is None else plain[2].decode()
        else:
            start = line[_BODY : _BODY + 4096].decode("utf-8", "ignore")
            turn_id, end = _DECODER.raw_decode(start, len('"turn_id":'))
            parent, _ = _DECODER.raw_decode(start, end + len(',"parent":'))
        if turn_id is not None:
            self.turns[turn_id] = (self.valid, len(line), parent)
        self.head = (self.valid, len(line))
        self._session = self._text = self.stamp = None
        self.valid += len(line)

    def _restart(self) -> None:
        self.identity, self.valid, self.head, self.turns = (0, 0, 0), 0, None, {}
        self._session = self._text = self.stamp = None


def stamp_of(session: Session) -> Stamp:
    """What the commit after this head must know of it."""
    return session.revision, session.created_at, session.owner, session.notebook_id, session.id


def line_of(head: Session | str, turn: Turn | None) -> bytes:
    """One commit as a line: its checksum, the turn if there is one, the head or its text."""
    head = codec.encode(head, ascii_only=False) if isinstance(head, Session) else head
    turn_id = json.dumps(None if turn is None else turn.id)
    parent = json.dumps(None if turn is None else turn.parent)
    text = "null" if turn is None else codec.encode(turn, ascii_only=False)
    body = f'"turn_id":{turn_id},"parent":{parent},"turn":{text},"head":{head}}}'.encode()
    return b'%s%08x",%s\n' % (_START, zlib.crc32(body), body)


def is_good(line: bytes) -> bool:
    """Whether a line is whole."""
    if not (line.startswith(_START) and line.endswith(b"}\n")):
        return False
    return line[len(_START) : _BODY] == b'%08x",' % zlib.crc32(memoryview(line)[_BODY:-1])


def any_head(path: Path) -> dict[str, Any] | None:
    """The head of whatever line is good, to say whose a damaged file is.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return next((json.loads(line)["head"] for line in file if is_good(line)), None)


def identity_of(found: os.stat_result) -> tuple[int, int, int]:
    """Inode, size and time of a file; another state of the file has another."""
    return found.st_ino, found.st_size, found.st_mtime_ns


def write_new(path: Path, content: bytes) -> None:
    """A new file for this user alone, whole and durable or not there.

    Raises:
        OSError: it was not written.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        with opened(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as file:
            write_durably(file, content)
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
    sync_folder(path.parent)


@contextlib.contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A file's descriptor; a new file is for this user alone.

    Raises:
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_durably(descriptor: int, content: bytes) -> None:
    """Write all of it, however often the system writes a part only, and sync it, on macOS past the disk's own cache too.

    Raises:
        OSError: a part may have been written.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        getattr(os, "fdatasync", os.fsync)(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a file's coming or going durable, where folders can be synced."""
    if sys.platform != "win32":
        with opened(folder, os.O_RDONLY) as descriptor:
            os.fsync(descriptor)
