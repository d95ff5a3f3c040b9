"""One conversation of one turn, as tests of what may happen to a store keep it there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from jupyter_agent.core.errors import StoreUnavailable
from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.core.session import Session, Turn
from jupyter_agent.stores.sqlite import SqliteStore

Store = TypeVar("Store", bound=SessionStore)
NEW = Session("k", "s", "ann", "a.ipynb", created_at=1.0, last_activity=1.0)
TURN = Turn("t1", None, 1, "why?", reply="because")
NEXT = replace(NEW, revision=2, head="t1", depth=1)


async def kept(store: Store) -> Store:
    """The store with the conversation and its turn."""
    await store.create(NEW)
    await store.commit(NEXT, TURN)
    return store


async def kept_in_file(path: Path) -> SqliteStore:
    """A file with the conversation and its turn."""
    store = SqliteStore(path, busy_seconds=0.2)
    await store.create(replace(NEW, head="t1", depth=1), (TURN,))
    return store


async def check_damaged(store: SessionStore) -> None:
    """The conversation, whose record is damaged, is listed as such after another one and cannot be read."""
    listed = (await store.find("ann")).sessions
    assert [(session.id, session.metadata.get("unreadable", False)) for session in listed] == [
        ("s", True),
        ("s2", False),
    ]
    with pytest.raises(StoreUnavailable, match="damaged"):
        await store.read("k")
