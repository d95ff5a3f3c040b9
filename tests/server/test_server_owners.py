"""Two people with a server and a token each, who keep their conversations in one place, as if each were alone."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.server import routes
from jupyter_agent.server.openapi.document import document
from jupyter_agent.server.openapi.validation import check_body
from tests.support.owner_walk import (
    CASES,
    MARKER,
    NOTEBOOK,
    SCRIPT,
    TITLE,
    ask_and_name,
    everything,
    fetch,
    find_nothing,
    records,
)
from tests.support.running_server import RunningServer
from tests.support.store_urls import DURABLE, Place

#: The smallest and the largest way of sharing a store.
_QUICK = ("postgresql",)
MAGIC = f"%load_ext jupyter_agent\n%agent /sessions {MARKER}"


class Pair:
    """Two servers in homes of their own on one store."""

    def __init__(self, folder: Path, store: str) -> None:
        self.environment = {"JUPYTER_AGENT_STORE": store, "JUPYTER_AGENT_MODEL": f"scripted:{folder / 'script.json'}"}
        (folder / "script.json").write_text(json.dumps(SCRIPT), encoding="utf-8")
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


def test_N11_every_route_has_a_case_that_gets_as_far_as_the_conversation() -> None:
    paths = document()["paths"]
    assert {*routes.ROUTES, *paths} == CASES.keys() - {"/metrics", "/api/agent/nothing-is-here"}
    for path, methods in paths.items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                check_body(path, method, json.loads(re.sub(r'"\{(\w+)\}"', r'"\1"', json.dumps(CASES[path]))))

    async def load() -> Any:
        raise NotImplementedError

    addresses = [re.sub(r"\{\w+\}", "x-x-x-x-x", path) for path in CASES]
    for pattern, *_ in routes.handlers(load):
        assert any(re.fullmatch(pattern, address) for address in addresses), pattern


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in _QUICK else pytest.mark.slow) for kind in DURABLE]
)
@pytest.mark.timeout(400)
async def test_N11_a_strangers_token_server_finds_nothing_on_any_route(
    kind: str, make_place: Callable[[str], Place], tmp_path: Path
) -> None:
    place = make_place(kind)
    pair = Pair(tmp_path, place.url)
    async with pair.running() as (ann, bob):
        before = await ask_and_name(ann)
        owner = "server:" + (ann.home / "data/jupyter-agent/owner").read_text(encoding="ascii").strip()
        stored = await records(place.open(), owner)
        await find_nothing(ann, ann.root, bob)
        assert [record for record in await records(place.open(), owner) if record[0].id != "ann3"] == stored
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
            bob, "jupyter_agent.cli", "export", "ann1", "--notebook", str(ann.root / NOTEBOOK)
        )
        await ann.end()
        ann.environment["HOSTNAME"] = "elsewhere"
        await ann.start()
        assert await everything(ann) == before
        assert (await fetch(ann, "POST", "api/agent/sessions/ann2/restore"))[0] == 200
