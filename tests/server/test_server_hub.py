"""Two users of a real JupyterHub, each with a server of their own, whose conversations are in one database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hub import Hub, UsersServer, proxy_command
from tests.support.owner_walk import REPLY, TITLE, ask_and_name, everything, fetch, find_nothing
from tests.support.store_urls import Place

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not proxy_command(), reason="configurable-http-proxy needs node")]


@pytest.mark.parametrize("kind", ["postgresql", "redis"])
async def test_N11_hub_users_find_nothing_of_each_other_and_all_of_their_own(
    kind: str, make_place: Callable[[str], Place], tmp_path: Path
) -> None:
    (tmp_path / "script.json").write_text(json.dumps([{"text": REPLY}]), encoding="utf-8")
    environment = {
        "JUPYTER_AGENT_STORE": make_place(kind).url,
        "JUPYTER_AGENT_MODEL": f"scripted:{tmp_path / 'script.json'}",
    }
    async with Hub(tmp_path, proxy_command(), environment) as hub:
        ann, bob, anns_second = await hub.start("ann"), await hub.start("bob"), await hub.start("ann", "second")
        before = await ask_and_name(ann)
        await find_nothing(bob)
        assert (await fetch(UsersServer(ann.url, bob.token), "GET", "api/agent/sessions"))[0] == 403
        assert await everything(ann) == await everything(anns_second) == before
        for user, finds in (("ann", True), ("bob", False)):
            ended = subprocess.run(
                [sys.executable, "-m", "jupyter_agent.cli", "sessions"],
                env={
                    **environment,
                    "HOME": str(tmp_path / user),
                    "JUPYTERHUB_USER": user,
                    "PYTHONPATH": str(Path.cwd()),
                },
                capture_output=True,
                encoding="utf-8",
                check=True,
                timeout=60,
            )
            assert (TITLE in ended.stdout) is finds
