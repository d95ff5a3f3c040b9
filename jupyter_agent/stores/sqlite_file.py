"""The SQLite file itself: made for this user alone, recognised, migrated with a backup, copied when damaged."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from jupyter_agent.errors import AgentError, SchemaNewer, StoreFull, StoreUnavailable

APPLICATION_ID = 0x4A416773  # "JAgs"
# Before 3.51.3 a crash at the wrong moment could lose commits from a write-ahead log that several processes share.
WAL_IS_SAFE = sqlite3.sqlite_version_info >= (3, 51, 3)
_LOCAL = {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs"}
_NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs")
_log = logging.getLogger(__name__)

_FIRST = """
CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    notebook_id TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at REAL NOT NULL,
    last_activity REAL NOT NULL,
    searched TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE UNIQUE INDEX sessions_by_name ON sessions (owner, notebook_id, id);
CREATE INDEX sessions_by_activity ON sessions (owner, last_activity, key);
CREATE INDEX sessions_by_id ON sessions (owner, id);
CREATE TABLE turns (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    id TEXT NOT NULL,
    parent TEXT,
    searched TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE UNIQUE INDEX turns_by_id ON turns (key, id);
"""
#: What leads from each schema to the next; the file's `user_version` counts the steps taken.
STEPS: tuple[str, ...] = (_FIRST,)


class SqliteFile:
    """Opens connections to one file, once it is known to be ours and of this release.

    Args:
        path: The file.
        busy_seconds: How long connections wait while other processes write.
        steps: SQL that leads from each schema to the next.
    """

    def __init__(self, path: Path, busy_seconds: float, steps: Sequence[str]) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._steps = steps
        # Exists once the file has held conversations: an empty file is then a loss, not a beginning.
        self._marker = path.with_name(path.name + ".known")

    def connect(self) -> sqlite3.Connection:
        """A connection without a transaction of its own.

        Raises:
            SchemaNewer: a later release wrote the file.
            StoreUnavailable: another program's file, or an empty one where conversations have been.
            sqlite3.Error, OSError: as SQLite and the file system say; `failure` puts it into words.
        """
        self._make()
        connection = sqlite3.connect(self.path, timeout=self._busy_seconds, isolation_level=None)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            self._bring_up_to_date(connection)
        except BaseException:  # whatever it is, the connection is not left open
            connection.close()
            raise
        return connection

    def identity(self) -> tuple[int, int] | None:
        """Which file the path names now; None if none."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def failure(self, error: Exception) -> AgentError:
        """What a failure of SQLite or of the file system means to a user."""
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE")):
            return StoreFull("There is no room left to keep the conversation. Free some disk space and try again.")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreUnavailable("Another program keeps the conversations locked. Try again in a moment.")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            self._copy(f"corrupt-{self._changed()}")
            return StoreUnavailable(
                "The file of conversations is damaged; a copy was kept beside it. Restore a backup, or move it away."
            )
        if name.startswith("SQLITE_READONLY"):
            return StoreUnavailable("Conversations cannot be written: their file or folder is read-only.")
        return StoreUnavailable("The file of conversations cannot be opened. Check the folder and its permissions.")

    def _make(self) -> None:
        if not self.path.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._marker.unlink(missing_ok=True)  # a file that was removed on purpose starts anew
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        if self._schema(connection) < len(self._steps):
            if WAL_IS_SAFE and is_local(self.path):
                connection.execute("PRAGMA journal_mode = WAL")
            with transaction(connection):
                schema = self._schema(connection)  # another process may have been faster
                if 0 < schema < len(self._steps):
                    self._copy(f"schema-{schema}")
                for number in range(schema, len(self._steps)):
                    self._take_step(connection, number)
            self._marker.touch(mode=0o600)

    def _take_step(self, connection: sqlite3.Connection, number: int) -> None:
        for statement in self._steps[number].split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number + 1}")

    def _schema(self, connection: sqlite3.Connection) -> int:
        """The file's schema, 0 for a new file."""
        known = self._marker.exists()  # asked first: another process may be making the file just now
        with contextlib.nullcontext() if connection.in_transaction else transaction(connection, "BEGIN"):
            empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if application == APPLICATION_ID and schema > len(self._steps):
            raise SchemaNewer(
                "The conversations were written by a newer release of jupyter-agent. Upgrade to use them."
            )
        if application != APPLICATION_ID and not empty:
            raise StoreUnavailable("The configured file of conversations belongs to another program. Choose another.")
        if empty and known:
            raise StoreUnavailable(
                "The file of conversations is empty although it held some. Restore a backup, or remove it to start anew."
            )
        return schema

    def _copy(self, why: str) -> None:
        """Keep a copy beside the file, once for each reason; nobody else writes to the file meanwhile."""
        copy = self.path.with_name(f"{self.path.name}.{why}")
        if not copy.exists():
            with contextlib.suppress(OSError):
                shutil.copy2(self.path, copy)

    def _changed(self) -> int:
        with contextlib.suppress(OSError):
            return int(self.path.stat().st_mtime)
        return 0


def is_local(path: Path, mounts: Path = Path("/proc/mounts")) -> bool:
    """Whether a file lies on a disk of this machine, as far as can be told: no other place can share a log's index."""
    kinds: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
            _, folder, kind, *_ = line.split(" ")
            kinds[folder.replace("\\040", " ")] = kind
    whole = path.resolve()
    kind = next((kinds[str(one)] for one in (whole, *whole.parents) if str(one) in kinds), "unknown")
    if kind.startswith(_NETWORK):
        _log.warning(
            "Conversations are kept on a network disk (%s); locks there may fail. A local path is safer.", kind
        )
    return kind in _LOCAL


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """Everything inside or nothing; writers wait for each other at the beginning, so that none fails at the end."""
    connection.execute(begin)
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:  # whatever it is, half a transaction is not kept
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise
