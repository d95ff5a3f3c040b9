"""A store in another event loop, in a forked process, and where no file can be opened: nothing is shared that must not be."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.errors import StoreUnavailable
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Turn
from tests.support.store_urls import DURABLE, KINDS, Place
from tests.support.stored_session import NEW

ROOT = Path(__file__).parents[2]


def in_a_loop_of_its_own(call: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Run it in another thread, whose event loop is gone afterwards."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(call())
        except BaseException as error:  # noqa: BLE001 – told to the test
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert failed == []


async def commit(store: SessionStore, revision: int) -> None:
    turn = Turn(f"t{revision}", None, 1, "why?")
    await store.commit(replace(NEW, revision=revision, head=turn.id, depth=1), turn)


@pytest.mark.parametrize("kind", KINDS)
def test_D18_a_store_goes_on_in_another_event_loop(make_place: Callable[[str], Place], kind: str) -> None:
    store = make_place(kind).open()

    async def first() -> None:
        await store.create(NEW)
        await store.close()

    async def second() -> None:
        await commit(store, 2)
        found = await store.read("k")
        assert found is not None
        assert found.revision == 2
        await store.close()

    in_a_loop_of_its_own(first)
    in_a_loop_of_its_own(second)


FORKING = """
import asyncio, gc, os, sys
from dataclasses import replace
from pathlib import Path
from tests.support.store_urls import open_store

store = open_store(sys.argv[1])

async def titled(revision, title):
    head = await store.read("k")
    await store.commit(replace(head, revision=revision, title=title))

async def main():
    await titled(2, "of the parent")
    if os.fork() == 0:
        asyncio.events._set_running_loop(None)  # the loop that was forked along is the parent's
        asyncio.run(titled(3, "of the child"))
        gc.collect()  # nothing that is cleaned up here may be the parent's connection
        os._exit(0)
    assert os.wait()[1] == 0
    await titled(4, (await store.read("k")).title + ", then of the parent")

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", DURABLE)
async def test_D18_a_forked_process_and_its_parent_both_go_on(make_place: Callable[[str], Place], kind: str) -> None:
    place = make_place(kind)
    store = place.open()
    await store.create(NEW)
    subprocess.run([sys.executable, "-c", FORKING, place.url], cwd=ROOT, check=True)
    found = await store.read("k")
    assert found is not None
    assert (found.revision, found.title) == (4, "of the child, then of the parent")


OPENING = """
import asyncio, sys
from jupyter_agent.core.session import Session
from tests.support.store_urls import open_store

async def begin(number):
    store = open_store(sys.argv[1])
    await store.create(Session(f"k{number}", f"s{number}", "ann", "a.ipynb", created_at=1.0))
    await store.close()

async def main():
    sys.stdin.readline()
    await asyncio.gather(*(begin(f"{sys.argv[2]}-{number}") for number in range(3)))

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["sqlite", "file"])
async def test_D2_where_no_more_files_can_be_opened_it_is_said_and_heals(
    make_place: Callable[[str], Place], kind: str
) -> None:
    place = make_place(kind)
    await place.open().create(NEW)
    store = place.open()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(StoreUnavailable):
            await commit(store, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    await commit(store, 2)
    found = await store.read("k")
    assert found is not None
    assert found.revision == 2


@pytest.mark.parametrize("kind", DURABLE)
async def test_D7_many_first_openers_all_begin(make_place: Callable[[str], Place], kind: str) -> None:
    place = make_place(kind)
    openers = [
        subprocess.Popen([sys.executable, "-c", OPENING, place.url, str(number)], cwd=ROOT, stdin=subprocess.PIPE)
        for number in range(4)
    ]
    for process in openers:
        assert process.stdin is not None
        process.stdin.write(b"begin\n")
        process.stdin.close()
    for process in openers:
        process.wait(60)
    assert [process.returncode for process in openers] == [0] * 4
    assert await place.open().count("ann") == 12
