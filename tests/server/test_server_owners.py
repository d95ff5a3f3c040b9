"""Two people with a server and a token each, who keep their conversations in one place, as if each were alone."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.owner_walk import NOTEBOOK, REPLY, TITLE, ask_and_name, everything, fetch, find_nothing
from tests.support.running_server import RunningServer
from tests.support.store_urls import DURABLE, Place

MAGIC = "%load_ext jupyter_agent\n%agent /sessions anns"
pytestmark = pytest.mark.parametrize("kind", DURABLE)


class Pair:
    """Two servers in homes of their own on one store."""

    def __init__(self, folder: Path, store: str) -> None:
        self.environment = {"JUPYTER_AGENT_STORE": store, "JUPYTER_AGENT_MODEL": f"scripted:{folder / 'script.json'}"}
        (folder / "script.json").write_text(json.dumps([{"text": REPLY}]), encoding="utf-8")
        self.homes = [folder / name for name in ("ann", "bob")]
        for home in self.homes:
            home.mkdir()
        self.ann, self.bob = (RunningServer(home, self.environment) for home in self.homes)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[RunningServer, RunningServer]]:
        await asyncio.gather(self.ann.start(), self.bob.start())
        try:
            yield self.ann, self.bob
        finally:
            await asyncio.gather(self.ann.end(), self.bob.end())

    def command(self, server: RunningServer, *arguments: str) -> str:
        """What a program prints in a terminal of that server's user."""
        command = [sys.executable, "-m", *arguments]
        ended = subprocess.run(
            command, env=server.environment, capture_output=True, encoding="utf-8", check=False, timeout=60
        )
        return ended.stdout + ended.stderr


async def test_N11_a_strangers_token_server_finds_nothing_on_any_route(
    kind: str, make_place: Callable[[str], Place], tmp_path: Path
) -> None:
    pair = Pair(tmp_path, make_place(kind).url)
    async with pair.running() as (ann, bob):
        before = await ask_and_name(ann)
        await find_nothing(bob)
        for server in (ann, bob):
            (server.root / NOTEBOOK).write_text(
                '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', encoding="utf-8"
            )
        status, _ = await fetch(bob, "PATCH", f"api/contents/{NOTEBOOK}", {"path": "b.ipynb"})
        assert status == 200
        assert await everything(ann) == before

        assert TITLE in pair.command(ann, "jupyter_agent.cli", "sessions")
        assert TITLE not in pair.command(bob, "jupyter_agent.cli", "sessions")
        assert TITLE in pair.command(ann, "IPython", "-c", MAGIC)
        assert TITLE not in pair.command(bob, "IPython", "-c", MAGIC)
        assert "no such conversation" in pair.command(
            bob, "jupyter_agent.cli", "export", "s1", "--notebook", str(ann.root / NOTEBOOK)
        )
        await ann.end()
        ann.environment["HOSTNAME"] = "elsewhere"
        await ann.start()
        assert await everything(ann) == before
