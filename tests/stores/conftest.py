"""One place for sessions per kind of store; every test here runs over all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.protocols import SessionStore
from tests.stores.places import KINDS, Place, url_of


@pytest.fixture
def make_place(tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Callable[[str], Place]]:
    """Makes an empty place of a kind."""
    made: list[Place] = []

    def make(kind: str) -> Place:
        made.append(Place(kind, url_of(kind, tmp_path / f"place{len(made)}")))
        return made[-1]

    yield make
    for place in made:
        jp_asyncio_loop.run_until_complete(place.close())


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, make_place: Callable[[str], Place]) -> Place:
    """An empty place of each kind."""
    kind: Any = request.param
    return make_place(kind)


@pytest.fixture
def store(place: Place) -> SessionStore:
    """A client of an empty place of each kind."""
    return place.open()
