"""A SQLite file that is damaged, emptied, another program's, without its log, or put back from a backup."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_agent.core.errors import StoreUnavailable
from jupyter_agent.stores.sqlite import SqliteStore
from tests.support.stored_session import NEW, check_damaged, kept_in_file


async def test_D20_after_a_rest_the_file_alone_holds_everything(path: Path) -> None:
    store = await kept_in_file(path)
    await store._worker.run(store._rest)
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    copied = SqliteStore(copy)
    assert len(await copied.path("k", "t1", 9)) == 1
    await copied.close()
    await store.close()


@pytest.mark.parametrize("content", [b"garbage " * 1000, b"SQLite format 3\x00" + b"\xff" * 5000, b"\x00" * 4096])
async def test_D5_garbage_is_refused_and_a_copy_kept_once(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    store = SqliteStore(path)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await store.read("k")
    assert path.read_bytes() == content
    assert [file.read_bytes() for file in path.parent.glob("*.corrupt-*")] == [content]
    path.unlink()
    await store.create(NEW)
    assert await store.read("k") == NEW
    await store.close()


async def test_D5_a_truncated_file_is_refused_and_heals_when_restored(path: Path) -> None:
    store = await kept_in_file(path)
    await store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreUnavailable):
        await store.path("k", "t1", 9)
    path.write_bytes(whole)
    assert len(await store.path("k", "t1", 9)) == 1
    await store.close()


async def test_D5_a_file_that_became_empty_is_a_loss_not_a_beginning(path: Path) -> None:
    await (await kept_in_file(path)).close()
    path.write_bytes(b"")
    store = SqliteStore(path)
    for refused in (store.read("k"), store.create(NEW)):
        with pytest.raises(StoreUnavailable, match="empty although"):
            await refused
    path.unlink()
    await store.create(NEW)
    await store.close()


async def test_D5_a_file_whose_log_is_missing_is_a_loss_or_an_older_state(path: Path, tmp_path: Path) -> None:
    def without_log(name: str) -> SqliteStore:
        shutil.copytree(path.parent, tmp_path / name, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
        return SqliteStore(tmp_path / name / path.name)

    store = await kept_in_file(path)  # all of it is in the log only
    lost = without_log("lost")
    with pytest.raises(StoreUnavailable, match="empty although"):
        await lost.read("k")
    head = await store.read("k")
    assert head is not None
    await store._worker.run(store._rest)
    await store.commit(replace(head, revision=2, title="newer"))
    older = without_log("older")
    assert await older.read("k") == head
    await older.commit(replace(head, revision=2, title="goes on"))
    for opened in (store, lost, older):
        await opened.close()


async def test_D3_a_file_made_but_never_written_is_a_beginning(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    store = SqliteStore(path)
    await store.create(NEW)
    await store.close()


async def test_D5_another_programs_file_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    store = SqliteStore(path)
    with pytest.raises(StoreUnavailable, match="another program"):
        await store.create(NEW)
    assert path.read_bytes() == before
    await store.close()


async def test_D20_a_backup_restored_under_a_running_server_is_what_it_goes_on_with(path: Path) -> None:
    store = await kept_in_file(path)
    await store._worker.run(store._rest)
    backup = path.with_name("backup.db")
    backup.write_bytes(path.read_bytes())
    await store.delete("k")
    backup.replace(path)
    assert await store.read("k") is not None
    await store.close()


async def test_S15_D19_a_damaged_record_is_listed_as_such_among_the_others(path: Path) -> None:
    store = await kept_in_file(path)
    await store.create(replace(NEW, key="k2", id="s2", last_activity=0.5))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE sessions SET data = '{\"key\": 5}' WHERE key = 'k'")
    connection.commit()
    connection.close()
    await check_damaged(store)
    assert await store.delete("k")
    await store.close()
