"""The SQLite file itself: made for this user alone, recognised, migrated with a backup, copied when damaged."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from traitlets.log import get_logger

from jupyter_agent.core.errors import AgentError, SchemaNewer, StoreFull, StoreUnavailable
from jupyter_agent.stores import codec
from jupyter_agent.stores.file_lock import LOCKED, FileLock
from jupyter_agent.stores.sqlite_tables import transaction

APPLICATION_ID = 0x4A416773  # "JAgs"
# A log that is begun anew soon is overwritten in place, and syncs twice as fast as one that grows.
LOG_PAGES = 200
_LOCAL = {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs"}
_NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs")
_UNWRITABLE = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR_SHM")


class SqliteFile:
    """Opens connections to one file, once it is known to be ours and of this release.

    Args:
        path: The file.
        busy_seconds: How long connections wait while other processes write.
        steps: SQL that leads from each schema to the next.

    Attributes:
        path: The file.
        log: Its write-ahead log.
        lock: Held while the log is written, and copied back.
    """

    def __init__(self, path: Path, busy_seconds: float, steps: Sequence[str]) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._steps = steps
        self.lock = FileLock(path.with_name(path.name + ".lock"), busy_seconds)
        self.log = path.with_name(path.name + "-wal")
        self._alone = False
        # Exists once the file has held conversations: an empty file is then a loss, not a beginning.
        self._marker = path.with_name(path.name + ".known")

    def connect(self) -> sqlite3.Connection:
        """A connection without a transaction of its own.

        Raises:
            SchemaNewer: a later release wrote the file.
            StoreUnavailable: another program's file, or an empty one where conversations have been.
            sqlite3.Error, OSError: as SQLite and the file system say; `failure` puts it into words.
        """
        if not self.path.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._marker.unlink(missing_ok=True)  # a file that was removed on purpose starts anew
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        self._alone = is_local(self.path)
        try:
            return self._ready(self._opened(), self._migrate)
        except sqlite3.OperationalError as error:
            is_unwritable = getattr(error, "sqlite_errorname", "").startswith(_UNWRITABLE)
            if not is_unwritable or (self.log.exists() and self.log.stat().st_size > 0):
                raise
        # A log's index cannot be made on a full disk or where all may only be read; for an empty log none is needed.
        address = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
        return self._ready(sqlite3.connect(address, uri=True, isolation_level=None), self._schema)

    @contextlib.contextmanager
    def transaction(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        """Everything inside or nothing; writers wait for each other at the beginning, so that none fails at the end.

        A write-ahead log is written, and copied back into the file, under a lock of our own: SQLite before 3.51.3 may
        lose commits where one connection copies back while another begins the log anew.
        """
        with self.lock if self._alone else contextlib.nullcontext(), transaction(connection):
            if _pragma(connection, "user_version") > len(self._steps):  # a later release has migrated it meanwhile
                raise SchemaNewer(codec.NEWER)
            yield connection

    def fill(self, connection: sqlite3.Connection) -> None:
        """Copy the log back into the file and empty it: the file alone then holds everything, for who copies it."""
        if self._alone:
            with self.lock:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def set_aside(self, log: tuple[int, int] | None) -> None:
        """Keep the log of a file that is gone where SQLite does not take it for the log of the file that came instead."""
        if log is None or log != identity_of(self.log):
            return
        with self.lock:
            if log == identity_of(self.log):  # no other process was faster
                kept = f".stale-{time.time_ns()}"
                for file in (self.log, self.path.with_name(self.path.name + "-shm")):
                    with contextlib.suppress(FileNotFoundError):
                        file.rename(file.with_name(file.name + kept))

    def failure(self, error: Exception) -> AgentError:
        """What a failure of SQLite or of the file system means to a user."""
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE")):
            return StoreFull("There is no room left to keep the conversation. Free some disk space and try again.")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreUnavailable(LOCKED)
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            self._copy_damaged()
            return StoreUnavailable(
                "The file of conversations is damaged; a copy was kept next to it. Restore a backup, or move it away."
            )
        if name.startswith("SQLITE_READONLY") or isinstance(error, PermissionError):
            return StoreUnavailable("Conversations cannot be written: their file or folder is read-only.")
        return StoreUnavailable("The file of conversations cannot be opened. Check the folder and its permissions.")

    def _opened(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=self._busy_seconds, isolation_level=None)

    def _ready(
        self, connection: sqlite3.Connection, prepare: Callable[[sqlite3.Connection], object]
    ) -> sqlite3.Connection:
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
            prepare(connection)
        except BaseException:  # whatever it is, the connection is not left open
            connection.close()
            raise
        return connection

    def _choose_journal(self, connection: sqlite3.Connection) -> None:
        """A write-ahead log where all its writers are on this machine; elsewhere a rollback journal.

        The log takes one sync for a commit, the journal four. Its index is shared memory, which no network carries.
        """
        has_log = _pragma(connection, "journal_mode") == "wal"
        if has_log and not self._alone:
            connection.execute("PRAGMA journal_mode = DELETE")  # refused while others have it open
        if has_log or not self._alone:
            return
        with contextlib.suppress(PermissionError), self.lock:  # where nothing may be written, none is needed
            try:
                with contextlib.closing(self._opened()) as other:
                    other.execute("PRAGMA journal_mode = WAL")
                    with transaction(other):
                        pass
            except sqlite3.OperationalError as error:
                if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
                    return  # another process has it open; both journals are sound
                # The system has no shared memory for the log's index.
                with contextlib.closing(self._opened()) as other:
                    other.execute("PRAGMA locking_mode = EXCLUSIVE")  # needs no index
                    other.execute("PRAGMA journal_mode = DELETE")

    def _migrate(self, connection: sqlite3.Connection) -> None:
        current = self._schema(connection) == len(self._steps)
        self._choose_journal(connection)
        if current:
            return
        with self.transaction(connection):
            schema = self._schema(connection)  # another process may have been faster
            if 0 < schema < len(self._steps):
                copy = self.path.with_name(f"{self.path.name}.schema-{schema}")
                if not copy.exists():  # nobody else writes meanwhile
                    os.close(os.open(copy, os.O_RDWR | os.O_CREAT, 0o600))
                    with (
                        contextlib.closing(sqlite3.connect(self.path)) as source,
                        contextlib.closing(sqlite3.connect(copy)) as to,
                    ):
                        source.backup(to)
            for number, step in enumerate(self._steps[schema:], schema + 1):
                for statement in step.split(";\n"):
                    if statement.strip():
                        connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {number}")
        self._marker.touch(mode=0o600)

    def _schema(self, connection: sqlite3.Connection) -> int:
        """The file's schema, 0 for a new file."""
        known = self._marker.exists()  # asked first: another process may be making the file just now
        with contextlib.nullcontext() if connection.in_transaction else transaction(connection, "BEGIN"):
            empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
            application = _pragma(connection, "application_id")
            schema: int = _pragma(connection, "user_version")
        if application == APPLICATION_ID and schema > len(self._steps):
            raise SchemaNewer(codec.NEWER)
        if application != APPLICATION_ID and not empty:
            raise StoreUnavailable("The configured file of conversations belongs to another program. Choose another.")
        if empty and known:
            raise StoreUnavailable(
                "The file of conversations is empty although it held some. Restore a backup, or remove it to start anew."
            )
        return schema

    def _copy_damaged(self) -> None:
        """Keep copies of a damaged file and its log, once for each state."""
        changed_at = 0
        with contextlib.suppress(OSError):
            changed_at = int(self.path.stat().st_mtime)
        for end in ("", "-wal"):
            damaged = self.path.with_name(self.path.name + end)
            copy = self.path.with_name(f"{self.path.name}.corrupt-{changed_at}{end}")
            if damaged.exists() and not copy.exists():
                with contextlib.suppress(OSError):
                    shutil.copy2(damaged, copy)


def identity_of(path: Path) -> tuple[int, int] | None:
    """Which file the path names now; None if none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def is_local(path: Path, mounts: Path = Path("/proc/mounts")) -> bool:
    """Whether a file lies on a disk of this machine, as far as is known: no other place can share a log's index."""
    kinds: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
            _, folder, kind, *_ = line.split(" ")
            kinds[folder.replace("\\040", " ")] = kind
    whole = path.resolve()
    kind = next((kinds[str(folder)] for folder in (whole, *whole.parents) if str(folder) in kinds), "unknown")
    if kind.startswith(_NETWORK):
        get_logger().warning(
            "Conversations are kept on a network disk (%s); locks there may fail. A local path is safer.", kind
        )
    return kind in _LOCAL
