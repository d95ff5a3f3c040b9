"""What may happen to SQLite's file: network disks, locks, full disks, other releases, several first openers."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_agent.core.errors import BadRequest, SchemaNewer, StoreFull, StoreUnavailable
from jupyter_agent.core.session import Turn
from jupyter_agent.stores import sqlite_file
from jupyter_agent.stores.file_lock import FileLock
from jupyter_agent.stores.sqlite import SqliteStore
from jupyter_agent.stores.sqlite_tables import STEPS
from tests.support.read_only_program import run_read_only
from tests.support.stored_session import NEW, kept_in_file

ROOT = Path(__file__).parents[2]


async def test_only_its_user_may_read_the_file(path: Path) -> None:
    store = await kept_in_file(path)
    await store.close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_the_file_is_opened_with_care(path: Path) -> None:
    await (await kept_in_file(path)).close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone()[0] == 0x4A416773
    connection.close()


@pytest.mark.parametrize(
    ("kind", "local", "warned"),
    [("ext4", True, False), ("overlay", False, False), ("nfs4", False, True), ("cifs", False, True)],
)
def test_D8_only_a_local_disk_gets_a_write_ahead_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, local: bool, warned: bool
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"/dev/vda / ext4 rw 0 0\nserver:/x {str(tmp_path / 'a b').replace(' ', chr(92) + '040')} {kind} rw 0 0\n"
    )
    assert sqlite_file.is_local(tmp_path / "a b" / "c" / "sessions.db", mounts) is local
    assert ("network disk" in caplog.text) is warned
    assert sqlite_file.is_local(tmp_path / "sessions.db", mounts)
    assert not sqlite_file.is_local(tmp_path, tmp_path / "missing")


def journal_of(path: Path) -> str:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


@pytest.mark.parametrize(("before", "now", "expected"), [(True, False, "delete"), (False, True, "wal")])
async def test_D8_a_file_that_came_to_or_from_a_network_disk_gets_the_journal_that_is_safe_there(
    path: Path, monkeypatch: pytest.MonkeyPatch, before: bool, now: bool, expected: str
) -> None:
    monkeypatch.setattr(sqlite_file, "is_local", lambda path: before)
    await (await kept_in_file(path)).close()
    assert journal_of(path) != expected
    monkeypatch.setattr(sqlite_file, "is_local", lambda path: now)
    store = SqliteStore(path)
    assert await store.delete("k")
    await store.close()
    assert journal_of(path) == expected


async def test_D8_a_log_that_others_hold_open_is_not_used_from_a_network_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = await kept_in_file(path)
    monkeypatch.setattr(sqlite_file, "is_local", lambda path: False)
    remote = SqliteStore(path, busy_seconds=0.05)
    with pytest.raises(StoreUnavailable, match="locked"):
        await remote.read("k")
    await local.close()
    assert await remote.read("k") is not None
    await remote.close()


async def test_D8_where_no_log_can_be_begun_there_is_a_rollback_journal(path: Path) -> None:
    path.parent.mkdir()
    path.with_name(path.name + "-shm").mkdir()  # no index can be made
    store = await kept_in_file(path)
    assert len(await store.path("k", "t1", 9)) == 1
    await store.close()
    assert journal_of(path) == "delete"


async def test_D8_a_commit_is_durable_before_it_is_acknowledged(path: Path) -> None:
    store = await kept_in_file(path)
    assert await store._read("PRAGMA synchronous", {}) == [(2,)]
    await store.close()


async def test_D8_a_log_is_written_and_copied_back_by_one_at_a_time(path: Path) -> None:
    store = await kept_in_file(path)
    with FileLock(path.with_name(path.name + ".lock"), 0):
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.delete("k")
        with pytest.raises(StoreUnavailable, match="locked"):
            await store._run(store._file.fill)
        assert await store.read("k") is not None
    assert await store.delete("k")
    await store.close()


async def test_D6_a_newer_schema_is_refused_in_words(path: Path) -> None:
    await (await kept_in_file(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    store = SqliteStore(path)
    with pytest.raises(SchemaNewer, match="newer release"):
        await store.create(NEW)
    assert path.read_bytes() == before
    await store.close()


NEXT = (*STEPS, "ALTER TABLE sessions ADD COLUMN colour TEXT;\nUPDATE sessions SET colour = 'blue'")


async def test_D6_an_older_schema_is_migrated_with_a_backup(path: Path) -> None:
    older = await kept_in_file(path)
    assert await older.read("k") is not None  # and it is still open: what was kept last is in its log only
    store = SqliteStore(path, steps=NEXT)
    assert len(await store.path("k", "t1", 9)) == 1
    await store.close()
    await older.close()
    backup = path.with_name("sessions.db.schema-1")
    assert backup.stat().st_mode & 0o777 == 0o600
    before = SqliteStore(backup)
    assert len(await before.path("k", "t1", 9)) == 1
    await before.close()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT colour FROM sessions").fetchall() == [("blue",)]
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


async def test_D6_a_migration_that_fails_changes_nothing(path: Path) -> None:
    await (await kept_in_file(path)).close()
    before = path.read_bytes()
    store = SqliteStore(path, steps=(*STEPS, "ALTER TABLE sessions ADD COLUMN colour TEXT;\nUPDATE nothing SET x = 1"))
    with pytest.raises(StoreUnavailable):
        await store.read("k")
    await store.close()
    assert path.read_bytes() == before
    store = SqliteStore(path)
    assert await store.read("k") is not None
    await store.close()


@pytest.mark.parametrize("kills", [pytest.param(5, id="5"), pytest.param(200, id="200", marks=pytest.mark.slow)])
@pytest.mark.timeout(900)
async def test_D6_a_migration_killed_at_any_moment_is_done_or_not_begun(path: Path, kills: int) -> None:
    code = (
        "import asyncio, sys, os, pathlib\n"
        "from jupyter_agent.stores import sqlite_file, sqlite, sqlite_tables\n"
        "opened = sqlite_file.SqliteFile._opened\n"
        "def trace(statement):\n"
        "    if statement.startswith('PRAGMA user_version ='):\n"
        "        print('taken', flush=True)\n"
        "def traced(self):\n"
        "    connection = opened(self)\n"
        "    connection.set_trace_callback(trace)\n"
        "    return connection\n"
        "sqlite_file.SqliteFile._opened = traced\n"
        "steps = (*sqlite_tables.STEPS, *('ALTER TABLE sessions ADD COLUMN c%d TEXT' % n for n in range(300)))\n"
        "store = sqlite.SqliteStore(pathlib.Path(sys.argv[1]), steps=steps)\n"
        "asyncio.run(store.read('k'))\n"
        "print('whole', flush=True)\n"
    )
    for number in range(kills):
        for old in path.parent.glob("*"):
            old.unlink()
        await (await kept_in_file(path)).close()
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            printed = [process.stdout.readline() for _ in range(1 + number * 59 % 301)]
            process.kill()
        connection = sqlite3.connect(path)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        columns = len(connection.execute("SELECT * FROM sessions").description)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        assert (version, columns) == ((301, 309) if printed[-1] == "whole\n" or version > 1 else (1, 9))


async def test_D7_a_file_locked_by_another_is_waited_for_then_refused(path: Path) -> None:
    store = await kept_in_file(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert await store.read("k") is not None
    with pytest.raises(StoreUnavailable, match="locked"):
        await store.delete("k")
    other.execute("ROLLBACK")
    assert await store.delete("k")
    other.close()
    await store.close()


async def test_D7_many_first_openers_all_begin(tmp_path: Path) -> None:
    for number in range(4):
        path = tmp_path / f"f{number}" / "sessions.db"
        stores = [SqliteStore(path, busy_seconds=60) for _ in range(8)]
        await asyncio.gather(
            *(store.create(replace(NEW, key=f"k{at}", id=f"s{at}")) for at, store in enumerate(stores))
        )
        assert await stores[0].count("ann") == 8
        for store in stores:
            await store.close()


async def test_D1_a_full_disk_is_said_and_what_was_kept_stays(path: Path) -> None:
    store = await kept_in_file(path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    head = await store.read("k")
    assert head is not None
    large = Turn("t2", "t1", 2, "why?", reply="x" * 1_000_000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20_000, hard))
    try:
        with pytest.raises(StoreFull, match="disk space"):
            await store.commit(replace(head, revision=2, head="t2", depth=2), large)
        assert await store.read("k") == head
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    await store.commit(replace(head, revision=2, head="t2", depth=2), large)
    assert len(await store.path("k", "t2", 9)) == 2
    await store.close()


async def test_D2_what_may_only_be_read_is_read(path: Path) -> None:
    await (await kept_in_file(path)).close()
    code = (
        "import asyncio, pathlib, sys\n"
        "from jupyter_agent.core.errors import StoreUnavailable\n"
        "from jupyter_agent.stores.sqlite import SqliteStore\n"
        "async def main():\n"
        "    store = SqliteStore(pathlib.Path(sys.argv[1]))\n"
        "    assert len(await store.path('k', 't1', 9)) == 1\n"
        "    try:\n"
        "        await store.delete('k')\n"
        "    except StoreUnavailable as error:\n"
        "        print(error.message)\n"
        "    assert len(await store.path('k', 't1', 9)) == 1\n"
        "asyncio.run(main())\n"
    )
    printed = run_read_only(path, code)
    assert "read-only" in printed


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:relative"])
def test_a_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(BadRequest, match="sqlite:///"):
        SqliteStore.from_url(url)


def test_nothing_is_opened_or_made_before_it_is_used(path: Path) -> None:
    SqliteStore.from_url(f"sqlite:///{path}")
    assert not path.parent.exists()
