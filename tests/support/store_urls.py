"""Where the sessions of a test are kept, by kind of store."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path

from jupyter_agent.core.protocols import SessionStore

KINDS = ("memory", "sqlite", "file", "postgresql", "redis")
DURABLE = tuple(kind for kind in KINDS if kind != "memory")


class Place:
    """Where sessions of one test are kept; `open` is another client of the same place."""

    def __init__(self, kind: str, url: str) -> None:
        self.kind = kind
        self.url = url
        self._opened: list[SessionStore] = []

    def open(self) -> SessionStore:
        if self.kind == "memory" and self._opened:
            return self._opened[0]
        store = open_store(self.url)
        self._opened.append(store)
        return store

    async def forget(self, store: SessionStore) -> None:
        """Let one client go; what it has not made durable is lost with it."""
        if self.kind != "memory" and store in self._opened:
            self._opened.remove(store)
            await store.close()

    async def close(self) -> None:
        for store in self._opened:
            await store.close()


def url_of(kind: str, folder: Path) -> str:
    """The URL of an empty place."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'sessions.db'}"
    if kind == "file":
        return f"file://{folder}"
    return "memory://"


def open_store(url: str) -> SessionStore:
    """A client made by the factory that the project registers for the URL's scheme."""
    store: SessionStore = _registered()[url.partition(":")[0]].load()(url)
    return store


@cache
def _registered() -> dict[str, EntryPoint]:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stores = project["entry-points"]["jupyter_agent.stores"]
    return {name: EntryPoint(name, value, "jupyter_agent.stores") for name, value in stores.items()}
