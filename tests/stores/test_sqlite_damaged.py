"""A SQLite file that is damaged, emptied, another program's, without its log, or put back from a backup."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_agent.core.errors import StoreUnavailable
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores.sqlite import SqliteStore

NEW = Session("k", "s", "ann", "a.ipynb", created_at=1.0, last_activity=1.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "sessions.db"


async def kept(path: Path) -> SqliteStore:
    """A store with one session of one turn."""
    store = SqliteStore(path, busy_seconds=0.2)
    await store.create(replace(NEW, head="t1", depth=1), (Turn("t1", None, 1, "why?", reply="because"),))
    return store


async def test_D20_after_a_rest_the_file_alone_holds_everything(path: Path) -> None:
    store = await kept(path)
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
    store = await kept(path)
    await store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreUnavailable):
        await store.path("k", "t1", 9)
    path.write_bytes(whole)
    assert len(await store.path("k", "t1", 9)) == 1
    await store.close()


async def test_D5_a_file_that_became_empty_is_a_loss_not_a_beginning(path: Path) -> None:
    await (await kept(path)).close()
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

    store = await kept(path)  # all of it is in the log only
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
    store = await kept(path)
    await store._worker.run(store._rest)
    backup = path.with_name("backup.db")
    backup.write_bytes(path.read_bytes())
    await store.delete("k")
    backup.replace(path)
    assert await store.read("k") is not None
    await store.close()


async def test_S15_D19_a_damaged_record_is_listed_as_such_among_the_others(path: Path) -> None:
    store = await kept(path)
    await store.create(replace(NEW, key="k2", id="s2", last_activity=0.5))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE sessions SET data = '{\"key\": 5}' WHERE key = 'k'")
    connection.commit()
    connection.close()
    listed = (await store.find("ann")).sessions
    assert [(session.id, session.metadata.get("unreadable", False)) for session in listed] == [
        ("s", True),
        ("s2", False),
    ]
    with pytest.raises(StoreUnavailable, match="damaged"):
        await store.read("k")
    assert await store.delete("k")
    await store.close()
