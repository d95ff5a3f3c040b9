"""Fixtures: one empty place for sessions per kind of store; a test that takes `store` runs over all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.protocols import SessionStore
from tests.support.database_servers import PostgresServer, RedisServer
from tests.support.store_urls import KINDS, Place, url_of

SERVERS = {"postgresql": "postgres", "redis": "redis"}


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One for all tests that do not stop it."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One for all tests that do not stop it: as nobody does, it need not be safe against a power cut."""
    server = PostgresServer("-c fsync=off -c full_page_writes=off")
    yield server
    server.stop()


@pytest.fixture
def make_place(
    request: pytest.FixtureRequest, tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[Callable[[str], Place]]:
    """Makes an empty place of a kind."""
    made: list[Place] = []

    def make(kind: str) -> Place:
        made.append(Place(kind, url(kind)))
        return made[-1]

    def url(kind: str) -> str:
        server = request.getfixturevalue(f"{SERVERS[kind]}_server") if kind in SERVERS else None
        return server.empty_place() if server is not None else url_of(kind, tmp_path / f"place{len(made)}")

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
