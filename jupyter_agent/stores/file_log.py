"""One conversation as a JSON-lines file: each line is a commit with its checksum; what follows a bad line is not read."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_agent.core.errors import VersionConflict
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
        identity: Which file that was, and its size and time when last read.
        valid: Bytes up to the end of the last good line.
        head: Where the newest head's line is; None for a file without a good line.
        turns: Turn id → (offset, length, parent).
    """

    path: Path
    identity: tuple[int, int, int] = (0, 0, 0)
    valid: int = 0
    head: tuple[int, int] | None = None
    turns: dict[str, tuple[int, int, str | None]] = field(default_factory=dict)
    _session: Session | None = None
    _text: str | None = None
    _stamp: Stamp | None = None

    def refresh(self) -> bool:
        """Read what was appended since; False if there is no such file.

        Raises:
            OSError: the file cannot be read.
        """
        try:
            if identity_of(self.path.stat()) == self.identity:
                return True
            file = self.path.open("rb", buffering=1 << 20)
        except FileNotFoundError:
            self._restart()
            return False
        with file:
            found = identity_of(os.fstat(file.fileno()))
            if found != self.identity:
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
                    self._take(line, turn_of(line))
                self.identity = found
        return True

    def session(self) -> Session | None:
        """The newest head; None in a file without a good line."""
        if self._session is None and self.head is not None:
            self._session = codec.decode_session(self._text or self._line(*self.head)["head"])
        return self._session

    def stamp(self) -> Stamp | None:
        """What the next commit must know of the newest head."""
        if self._stamp is None and (session := self.session()) is not None:
            self._stamp = stamp_of(session)
        return self._stamp

    def turn(self, turn_id: str) -> Turn | None:
        """One turn of any branch."""
        if turn_id not in self.turns:
            return None
        offset, length, _ = self.turns[turn_id]
        return codec.decode_turn(self._line(offset, length)["turn"])

    def path_to(self, turn_id: str, limit: int) -> list[str]:
        """Ids of the turn and its ancestors, at most `limit`, oldest first."""
        found: list[str] = []
        place: str | None = turn_id
        while place is not None and place in self.turns and len(found) < limit:
            found.append(place)
            place = self.turns[place][2]
        return found[::-1]

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
                self._set_rest_aside(file)
            try:
                write_all(file, line)
                sync(file)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(file, self.valid)
                raise
            self._take(line, turn_of(line))
            self._text, self._stamp = head, stamp
            self.identity = identity_of(os.fstat(file))

    def _line(self, offset: int, length: int) -> dict[str, Any]:
        with self.path.open("rb") as file:
            file.seek(offset)
            line = file.read(length)
        if not is_good(line):
            self._restart()
            raise codec.damaged()
        found: dict[str, Any] = json.loads(line)
        return found

    def _take(self, line: bytes, turn: tuple[str | None, str | None]) -> None:
        """Note a good line that follows what is valid."""
        turn_id, parent = turn
        if turn_id is not None:
            self.turns[turn_id] = (self.valid, len(line), parent)
        self.head = (self.valid, len(line))
        self._session = self._text = self._stamp = None
        self.valid += len(line)

    def _set_rest_aside(self, file: int) -> None:
        with self.path.open("rb") as reading:
            reading.seek(self.valid)
            rest = reading.read()
        if rest:
            write_new(self.path.with_suffix(f".corrupt-{time.time_ns()}"), rest)
            os.ftruncate(file, self.valid)

    def _restart(self) -> None:
        self.identity, self.valid, self.head, self.turns = (0, 0, 0), 0, None, {}
        self._session = self._text = self._stamp = None


def line_of(session: Session, turn: Turn | None) -> bytes:
    """One commit as a line: its checksum, the turn if there is one, the head."""
    return line_with(text_of(session), turn)


def stamp_of(session: Session) -> Stamp:
    """What the commit after this head must know of it."""
    return session.revision, session.created_at, session.owner, session.notebook_id, session.id


def text_of(session: Session) -> str:
    """A head as it stands in a line."""
    return codec.encode(session, ascii_only=False)


def line_with(head: str, turn: Turn | None) -> bytes:
    """The line of a commit with that head."""
    turn_id = json.dumps(None if turn is None else turn.id)
    parent = json.dumps(None if turn is None else turn.parent)
    text = "null" if turn is None else codec.encode(turn, ascii_only=False)
    body = f'"turn_id":{turn_id},"parent":{parent},"turn":{text},"head":{head}}}'.encode()
    return b'%s%08x",%s\n' % (_START, zlib.crc32(body), body)


def first_lines(session: Session, turns: Sequence[Turn]) -> bytes:
    """A new session's lines; each carries the head that is true up to it."""
    if len({turn.id for turn in turns}) < len(turns):
        raise VersionConflict("That turn is stored already.")
    parts = [line_of(replace(session, head=turn.id, depth=turn.depth), turn) for turn in turns[:-1]]
    return b"".join([*parts, line_of(session, turns[-1] if turns else None)])


def is_good(line: bytes) -> bool:
    """Whether a line is whole."""
    if not (line.startswith(_START) and line.endswith(b"}\n")):
        return False
    return line[len(_START) : _BODY] == b'%08x",' % zlib.crc32(memoryview(line)[_BODY:-1])


def turn_of(line: bytes) -> tuple[str | None, str | None]:
    """Id and parent of a good line's turn, without reading the whole line."""
    plain = _PLAIN.match(line, _BODY)
    if plain is not None:
        return plain[1].decode(), None if plain[2] is None else plain[2].decode()
    start = line[_BODY : _BODY + 4096].decode("utf-8", "ignore")
    turn_id, end = _DECODER.raw_decode(start, len('"turn_id":'))
    parent, _ = _DECODER.raw_decode(start, end + len(',"parent":'))
    return turn_id, parent


def any_head(path: Path) -> dict[str, Any] | None:
    """The head of whatever line is good, to say whose a damaged file is.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        for line in file:
            if is_good(line):
                head: dict[str, Any] = json.loads(line)["head"]
                return head
    return None


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
            write_all(file, content)
            sync(file)
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


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it, however often the system writes a part only.

    Raises:
        OSError: a part may have been written.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync(descriptor: int) -> None:
    """Make what was written durable, on macOS past the disk's own cache too."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        getattr(os, "fdatasync", os.fsync)(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a file's coming or going durable, where folders can be synced."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
