"""What may happen to a conversation's file: cut anywhere, bits flipped, full disks, other hands; and that it is readable."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import signal
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_agent.core.errors import BadRequest, SchemaNewer, StoreFull, StoreUnavailable
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores.file import FileStore
from tests.support.read_only_program import run_read_only

NEW = Session("k", "s", "ann", "a.ipynb", title="Wörter", created_at=1.0, last_activity=1.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "folder"


async def kept(folder: Path, turns: int = 3) -> tuple[FileStore, Session]:
    """A store with one session of some turns."""
    store = FileStore(folder, busy_seconds=0.2)
    head = NEW
    await store.create(head)
    for number in range(1, turns + 1):
        turn = Turn(f"t{number}", head.head, number, f"warum? {number}", reply="darum – 因为")
        head = replace(head, revision=head.revision + 1, head=turn.id, depth=number)
        await store.commit(head, turn)
    return store, head


async def test_a_file_is_lines_of_json_that_a_person_can_read(folder: Path) -> None:
    await kept(folder)
    text = (folder / "k.jsonl").read_text(encoding="utf-8")
    assert "warum? 2" in text
    assert "darum – 因为" in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["turn_id"] for line in lines] == [None, "t1", "t2", "t3"]
    assert lines[-1]["head"]["title"] == "Wörter"
    assert lines[-1]["turn"]["question"] == "warum? 3"


async def test_only_its_user_may_read_the_files(folder: Path) -> None:
    await kept(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


async def test_D4_a_file_cut_at_any_byte_keeps_every_whole_line(folder: Path) -> None:
    _, head = await kept(folder)
    path = folder / "k.jsonl"
    whole = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        store = FileStore(folder)
        lines = sum(end <= cut for end in ends)
        found = await store.read("k")
        listed = (await store.find("ann")).sessions
        await store.close()
        if lines == 0:
            assert found is None
            assert listed == ()
            continue
        assert found is not None
        assert (found.revision, found.depth) == (lines, lines - 1)
        assert listed == (found,)
    assert head.depth == 3


@pytest.mark.parametrize("cut_off", [1, 50, 400])
async def test_D4_the_next_turn_works_and_what_was_cut_is_kept_once(folder: Path, cut_off: int) -> None:
    await kept(folder)
    path = folder / "k.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut_off])
    store = FileStore(folder)
    found = await store.read("k")
    assert found is not None
    turn = Turn("new", found.head, 3, "again?")
    await store.commit(replace(found, revision=found.revision + 1, head="new", depth=3), turn)
    assert [turn.id for turn in await store.path("k", "new", 9)] == ["t1", "t2", "new"]
    (aside,) = folder.glob("k.corrupt-*")
    assert aside.read_bytes() == whole[:-cut_off][whole.rindex(b"\n", 0, -1) + 1 :]
    await store.close()


@pytest.mark.parametrize(
    "flips", [pytest.param(300, id="300"), pytest.param(10_000, id="10000", marks=pytest.mark.slow)]
)
@pytest.mark.timeout(600)
async def test_D4_flipped_bits_never_change_what_is_read(folder: Path, flips: int) -> None:
    await kept(folder)
    store = FileStore(folder)
    path = folder / "k.jsonl"
    whole = path.read_bytes()
    good = {turn.id: turn for turn in await store.path("k", "t3", 9)}
    chance = random.Random(flips)
    second = whole.index(b"\n") + 1
    frame = range(second, second + 24)  # what is around the text that the checksum is of
    for at in (*frame, *(chance.randrange(len(whole)) for _ in range(flips))):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        found = await store.read("k")
        lines = whole[:at].count(b"\n")
        assert (found.revision if found else 0) == lines
        for turn in await store.path("k", "t3" if found is None else str(found.head), 9):
            assert turn == good[turn.id]
        await store.find("ann")
    await store.close()


async def test_S15_a_file_whose_beginning_is_damaged_is_listed_and_can_be_cleared(folder: Path) -> None:
    store, _ = await kept(folder)
    await store.create(replace(NEW, key="k2", id="s2", last_activity=2.0))
    path = folder / "k.jsonl"
    path.write_bytes(b"x" + path.read_bytes())
    listed = (await store.find("ann")).sessions
    assert [(session.id, session.metadata.get("unreadable", False)) for session in listed] == [
        ("s2", False),
        ("s", True),
    ]
    assert await store.read("k") is None
    assert await store.delete("k")
    assert [session.id for session in (await store.find("ann")).sessions] == ["s2"]
    assert len(list(folder.glob("k.corrupt-*"))) == 1
    await store.create(NEW)
    await store.close()


async def test_D4_a_damaged_beginning_does_not_stand_in_the_way_of_a_new_conversation(folder: Path) -> None:
    folder.mkdir()
    (folder / "k.jsonl").write_bytes(b"garbage\n")
    store = FileStore(folder)
    await store.create(NEW)
    assert await store.read("k") == NEW
    (aside,) = folder.glob("k.corrupt-*")
    assert aside.read_bytes() == b"garbage\n"
    await store.close()


async def test_D6_a_newer_schema_is_refused_in_words(folder: Path) -> None:
    from jupyter_agent.stores import file_log

    store, head = await kept(folder)
    newer = file_log.line_of(replace(head, revision=head.revision + 1), None).replace(b'"schema":1', b'"schema":9')
    body = newer[file_log._BODY : -1]
    path = folder / "k.jsonl"
    path.write_bytes(path.read_bytes() + b'{"crc":"%08x",%s\n' % (zlib.crc32(body), body))
    with pytest.raises(SchemaNewer, match="newer release"):
        await store.read("k")
    with pytest.raises(SchemaNewer):
        await store.commit(replace(head, revision=head.revision + 2))
    assert [session.metadata.get("unreadable") for session in (await store.find("ann")).sessions] == [True]
    await store.close()


async def test_D1_a_full_disk_is_said_and_what_was_kept_stays(folder: Path) -> None:
    store, head = await kept(folder)
    path = folder / "k.jsonl"
    before = path.read_bytes()
    large = Turn("large", "t3", 4, "why?", reply="x" * 100_000)
    after = replace(head, revision=head.revision + 1, head="large", depth=4)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5_000, hard))
    try:
        with pytest.raises(StoreFull, match="disk space"):
            await store.commit(after, large)
        with pytest.raises(StoreFull):
            await store.create(replace(NEW, key="k2", id="s2"), (replace(large, parent=None),))
        assert await store.read("k") == head
        assert path.read_bytes() == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert await store.read("k2") is None
    await store.commit(after, large)
    assert await store.read("k") == after
    await store.close()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.EIO, StoreUnavailable),
        (errno.ESTALE, StoreUnavailable),
    ],
)
async def test_D1_D2_a_failing_sync_acknowledges_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[Exception]
) -> None:
    store, head = await kept(folder)

    def failing(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", failing)
        with pytest.raises(expected):
            await store.commit(replace(head, revision=head.revision + 1, title="lost"))
    assert await store.read("k") == head
    await store.commit(replace(head, revision=head.revision + 1, title="kept"))
    await store.close()


async def test_D2_what_may_only_be_read_is_read(folder: Path) -> None:
    await kept(folder)
    code = (
        "import asyncio, pathlib, sys\n"
        "from jupyter_agent.core.errors import StoreUnavailable\n"
        "from jupyter_agent.stores.file import FileStore\n"
        "async def main():\n"
        "    store = FileStore(pathlib.Path(sys.argv[1]).parent)\n"
        "    assert len(await store.path('k', 't3', 9)) == 3\n"
        "    assert len((await store.find('ann')).sessions) == 1\n"
        "    try:\n"
        "        await store.delete('k')\n"
        "    except StoreUnavailable as error:\n"
        "        print(error.message)\n"
        "asyncio.run(main())\n"
    )
    assert "may be written" in run_read_only(folder / "k.jsonl", code)


async def test_D7_a_folder_locked_by_another_is_waited_for_then_refused(folder: Path) -> None:
    import fcntl

    store, head = await kept(folder)
    with (folder / ".lock").open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert await store.read("k") == head
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.delete("k")
    assert await store.delete("k")
    await store.close()


@pytest.mark.parametrize("key", ["../x", "a/b", "", ".hidden", "a\x00b", "x" * 200, "é"])
async def test_S1_no_key_leads_out_of_the_folder(folder: Path, key: str) -> None:
    store = FileStore(folder)
    for refused in (store.read(key), store.create(replace(NEW, key=key)), store.delete(key)):
        with pytest.raises(BadRequest):
            await refused
    assert [file.name for file in folder.parent.rglob("*") if file.name not in ("folder", ".lock")] == []
    await store.close()


async def test_D20_files_put_back_under_a_running_server_are_what_it_goes_on_with(folder: Path) -> None:
    store, head = await kept(folder)
    path = folder / "k.jsonl"
    old = path.read_bytes()
    await store.commit(replace(head, revision=head.revision + 1, title="newer"))
    path.write_bytes(old)
    assert await store.read("k") == head
    assert (await store.find("ann")).sessions == (head,)
    await store.close()


@pytest.mark.parametrize("url", ["file://", "file:///", "file:/x", "file://."])
def test_a_url_without_a_folder_is_refused(url: str) -> None:
    with pytest.raises(BadRequest, match="file:///"):
        FileStore.from_url(url)


def test_nothing_is_made_before_it_is_used(folder: Path) -> None:
    FileStore.from_url(f"file://{folder}")
    assert not folder.exists()
