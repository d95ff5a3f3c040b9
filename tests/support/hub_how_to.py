"""Follows docs/administrators.md literally, in mount, process and network namespaces of its own; needs root on Debian.

Started as `unshare … python hub_how_to.py install|run FOLDER`: what the commands write under `/etc`, `/opt`, `/home` and so on goes to FOLDER.
`run` prints what was seen as JSON.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOW_TO = Path(__file__).parents[2] / "docs" / "administrators.md"
#: Places that the commands, or the programs that they start, write to; `True` has a copy of what is there.
PLACES = {
    "/etc": True,
    "/home": False,
    "/opt": False,
    "/run": False,
    "/var/log": False,
    "/var/lib/postgresql": False,
    "/etc/postgresql": False,
}
#: Of root, after it has signed in: a Python that somebody has put elsewhere may be unreadable for other users.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
USERS = ("alice", "bob")
PASSWORD = "for-the-test-only"
HUB = "http://127.0.0.1:8000"


def blocks() -> list[str]:
    """The commands of the page, one text a block."""
    return re.findall(r"^```sh\n(.*?)^```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def shell(commands: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """What a person's shell does with them, line by line; the first that fails ends it."""
    shown: dict[str, Any] = {"stdout": sys.stderr} | options
    return subprocess.run(["bash", "-euc", commands], check=True, text=True, cwd=HOW_TO.parents[1], **shown)


def isolate(folder: Path) -> None:
    """Put folders of the test's in the places that are written to."""
    for place, is_copied in PLACES.items():
        own = folder / place.replace("/", "_")
        if not own.exists():
            shutil.copytree(place, own, symlinks=True) if is_copied else own.mkdir()
            if is_copied:
                for name in ("jupyter", "jupyterhub"):
                    shutil.rmtree(own / name, ignore_errors=True)
        subprocess.run(["mount", "--bind", own, place], check=True)
    os.environ["NPM_CONFIG_PREFIX"] = str(folder / "npm")
    os.environ["PATH"] = f"{folder / 'bin'}:{folder / 'npm' / 'bin'}:{SYSTEM_PATH}"
    os.environ.pop("PYTHONPATH", None)


def install(folder: Path) -> None:
    """The first two steps, which need the network. What apt-get would install is there."""
    apt = folder / "bin" / "apt-get"
    apt.parent.mkdir(exist_ok=True)
    apt.write_text("#!/bin/sh\n", encoding="utf-8")
    apt.chmod(0o755)
    for user in USERS:
        shell(f"useradd --create-home --shell /bin/bash {user} && echo {user}:{PASSWORD} | chpasswd")
    for commands in blocks()[:2]:
        shell(commands)


class Syslog(threading.Thread):
    """`/dev/log` of a machine, where journald or rsyslog would listen."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.lines: list[str] = []
        devices = folder / "dev"
        devices.mkdir(exist_ok=True)
        shell(f"mount -t tmpfs none {devices}; mkdir {devices}/pts {devices}/shm")
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            (devices / name).touch()
            shell(f"mount --bind /dev/{name} {devices}/{name}")
        for name in ("pts", "shm"):
            shell(f"mount --rbind /dev/{name} {devices}/{name}")
        shell(f"cd {devices}; ln -s pts/ptmx ptmx; ln -s /proc/self/fd fd; mount --rbind {devices} /dev")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("/dev/log")
        Path("/dev/log").chmod(0o666)
        self.start()

    def run(self) -> None:
        while True:
            self.lines.append(self._socket.recv(1 << 20).decode().rstrip("\0\n"))

    def events(self) -> list[dict[str, Any]]:
        """Ours, of all that was written."""
        texts = [line.partition("jupyter: ")[2] for line in self.lines if "jupyter: " in line]
        read = [json.loads(text) for text in texts]
        return [event for event in read if "/jupyter_agent/" in event["__schema__"]]


def start_hub(commands: str) -> None:
    """Step 8; returns when people can sign in."""
    hub = subprocess.Popen(["bash", "-euc", commands], stdout=sys.stderr, stderr=subprocess.PIPE, text=True)
    assert hub.stderr is not None
    for line in hub.stderr:
        sys.stderr.write(line)
        if "JupyterHub is now running" in line:
            break
    else:
        raise AssertionError("the hub did not start")
    threading.Thread(target=lambda: [sys.stderr.write(line) for line in hub.stderr or ()], daemon=True).start()


class User:
    """Somebody who signs in with a name and a password, as at the hub's page."""

    def __init__(self, name: str) -> None:
        import requests

        self.name = name
        self._web = requests.Session()
        self._web.get(f"{HUB}/hub/login")
        form = {"username": name, "password": PASSWORD, "_xsrf": self._web.cookies.get("_xsrf", path="/hub/")}
        assert self._web.post(f"{HUB}/hub/login", form, allow_redirects=False).status_code == 302
        headers = {"X-XSRFToken": str(self._web.cookies.get("_xsrf", path="/hub/"))}
        made = self._web.post(f"{HUB}/hub/api/users/{name}/tokens", json={}, headers=headers)
        assert made.status_code == 201, made.text
        self._web = requests.Session()
        self._web.headers["Authorization"] = f"token {made.json()['token']}"
        self.start()

    def start(self) -> None:
        """Have the hub start the user's server, and wait until it answers."""
        self._web.post(f"{HUB}/hub/api/users/{self.name}/server")
        self._until(lambda servers: bool(servers.get("", {}).get("ready")))

    def stop(self) -> None:
        """Have the hub stop it."""
        self._web.delete(f"{HUB}/hub/api/users/{self.name}/server")
        self._until(lambda servers: not servers)

    def _until(self, is_so: Callable[[dict[str, Any]], bool]) -> None:
        until = time.monotonic() + 120
        while not is_so(self._web.get(f"{HUB}/hub/api/users/{self.name}").json()["servers"]):
            assert time.monotonic() < until, "a server did not start or stop"
            time.sleep(0.2)  # the hub has no way to wait without a page

    def __call__(self, method: str, path: str, body: Any = None, of: str = "") -> tuple[int, Any]:
        """A request to the user's server, or to another's."""
        url = f"{HUB}/user/{of or self.name}/{path}"
        reply = self._web.request(method, url, json=body, allow_redirects=False)
        is_json = reply.headers.get("Content-Type", "").startswith("application/json")
        return reply.status_code, reply.json() if is_json else reply.text

    def terminal(self, commands: str) -> list[tuple[int, str]]:
        """The commands as in a terminal of the user's server: in its environment, as the user."""
        environment = server_environment(self.name)
        results = []
        for line in commands.splitlines():
            ran = subprocess.run(
                ["setpriv", "--reuid", self.name, "--regid", self.name, "--init-groups", "bash", "-c", line],
                env=environment,
                cwd=f"/home/{self.name}",
                capture_output=True,
                text=True,
                check=False,
            )
            results.append((ran.returncode, ran.stdout + ran.stderr))
        return results


def server_environment(user: str) -> dict[str, str]:
    """Of the server that the hub has started for a user."""
    for process in Path("/proc").glob("[0-9]*"):
        command = (process / "cmdline").read_bytes()
        if b"jupyterhub-singleuser" in command and process.owner() == user:
            pairs = (process / "environ").read_text(encoding="utf-8").rstrip("\0").split("\0")
            return dict(pair.split("=", 1) for pair in pairs)
    raise AssertionError(f"{user} has no server")


def run(folder: Path) -> dict[str, Any]:
    """The other steps, then what two users see."""
    steps = blocks()
    shell("ip link set lo up")
    syslog = Syslog(folder)
    shell("install -d -o postgres -g postgres /run/postgresql /var/lib/postgresql /var/log/postgresql /etc/postgresql")
    shell("pg_createcluster $(ls /usr/lib/postgresql | tail -1) main --start")
    for commands in steps[2:-2]:
        shell(commands)
    start_hub(steps[-2])
    users = {name: User(name) for name in USERS}
    alice, bob = users["alice"], users["bob"]
    seen: dict[str, Any] = {"health": alice("GET", "api/agent/health"), "settings": alice("GET", "api/agent/settings")}
    ask = {"query": "WHATWASASKED", "model": "offline", "approval": "auto", "context": {"session_id": "s1"}}
    seen["asked"] = alice("POST", "api/agent/quick", ask)
    seen["o3"] = alice("POST", "api/agent/quick", {**ask, "model": "openai:o3"})
    seen["locked"] = alice("PUT", "api/agent/settings", {"settings": {"approval": "auto"}})
    seen["address"] = alice("PUT", "api/agent/settings", {"settings": {"base_url": "https://elsewhere.example/v1"}})
    seen["share"] = alice("POST", "api/agent/sessions/s1/share", {})
    seen["bobs"] = [bob("GET", "api/agent/sessions"), bob("GET", "api/agent/sessions/s1/history")]
    seen["guest"] = bob("GET", "api/agent/sessions", of="alice")[0]
    seen["terminals"] = {name: user.terminal(steps[-1]) for name, user in users.items()}
    seen["listed"] = alice("GET", "api/agent/sessions")
    seen["environment"] = server_environment("alice")["JUPYTER_AGENT_STORE"].partition(":")[0]
    query = "select count(*) from pg_tables where tableowner = 'agent'"
    seen["tables"] = int(shell(f'su - postgres -c "psql -Atc \\"{query}\\" agent"', stdout=subprocess.PIPE).stdout)
    seen["metrics"] = alice("GET", "metrics")
    seen["events"] = syslog.events()
    policy = Path("/etc/jupyter/jupyter_agent_policy.json")
    policy.write_text('{"force": ', encoding="utf-8")
    alice.stop()
    alice.start()
    seen["broken"] = [
        alice("GET", "api/agent/health"),
        alice("POST", "api/agent/quick", {**ask, "model": "openai:gpt-4o"}),
    ]
    return seen


if __name__ == "__main__":
    place = Path(sys.argv[2])
    isolate(place)
    if sys.argv[1] == "install":
        install(place)
    else:
        print(json.dumps(run(place)))  # noqa: T201 - it is a program
