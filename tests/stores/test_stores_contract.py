"""Every built-in store keeps the contract that `jupyter_agent.testing` checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from jupyter_agent.core.protocols import SessionStore
from jupyter_agent.testing.store import StoreSuite
from tests.support.store_urls import Place, open_store


class OfKind(StoreSuite):
    """The suite over an empty place of one kind."""

    kind: ClassVar[str]

    @pytest.fixture(autouse=True)
    def empty_place(self, make_place: Callable[[str], Place]) -> None:
        self.url = make_place(self.kind).url
        self.memory = open_store(self.url) if self.kind == "memory" else None

    def open_store(self) -> SessionStore:
        return self.memory or open_store(self.url)


class TestMemory(OfKind):
    kind = "memory"


class TestSqlite(OfKind):
    kind = "sqlite"


class TestFile(OfKind):
    kind = "file"


class TestPostgresql(OfKind):
    kind, is_shared = "postgresql", True


class TestRedis(OfKind):
    kind, is_shared = "redis", True
