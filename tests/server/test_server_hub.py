"""Two users of a real JupyterHub, each with a server of their own, whose conversations are in one database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.hub import Hub, UsersServer, proxy_command
from tests.support.owner_walk import SCRIPT, TITLE, ask_and_name, everything, fetch, find_nothing
from tests.support.store_urls import Place

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not proxy_command(), reason="configurable-http-proxy needs node")]


def terminal_owner(folder: Path, user: str) -> str:
    """Whose conversations a terminal of a user's server has, in the environment that the hub gave the server."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            pairs = (process / "environ").read_text(encoding="utf-8").rstrip("\0").split("\0")
            environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
            if (environment.get("JUPYTERHUB_USER"), environment.get("HOME")) == (user, str(folder / user)):
                code = "import sys; from jupyter_agent.sessions.owner import process_owner; print(process_owner('', sys.argv[1]))"
                command = [sys.executable, "-c", code, environment["JUPYTER_AGENT_STORE"]]
                return subprocess.check_output(command, env=environment, encoding="utf-8", timeout=60).strip()
    raise AssertionError(f"{user} has no server")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", ["postgresql", "redis"])
async def test_N11_hub_users_find_nothing_of_each_other_and_all_of_their_own(
    kind: str, make_place: Callable[[str], Place], tmp_path: Path
) -> None:
    (tmp_path / "script.json").write_text(json.dumps(SCRIPT), encoding="utf-8")
    environment = {
        "JUPYTER_AGENT_STORE": make_place(kind).url,
        "JUPYTER_AGENT_MODEL": f"scripted:{tmp_path / 'script.json'}",
    }
    async with Hub(tmp_path, proxy_command(), environment) as hub:
        ann, bob, anns_second = await hub.start("ann"), await hub.start("bob"), await hub.start("ann", "second")
        before = await ask_and_name(ann)
        await find_nothing(ann, tmp_path / "ann", bob)
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
        owners = (terminal_owner(tmp_path, user) for user in ("ann", "bob"))
        assert list(owners) == ["ann", "bob"]
