"""What the extension adds to the start of a Jupyter server: alternating pairs of a bare server and one with it.

Measured from the start of the process to its first answer with status 200 at ``/api``: wall time, CPU time of the process
(user and system, all threads) and its peak of resident memory. What the extension loads in a thread once the server answers is
not part of it; the last line tells that by itself: CPU time until the extension is loaded, and the memory then. Linux only.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from jupyter_core.paths import jupyter_config_path
from jupyter_server.extension.config import ExtensionConfigManager

PAIRS = 15
TICKS = os.sysconf("SC_CLK_TCK")
READY_SECONDS = 60.0


@dataclass(frozen=True)
class Start:
    """One start: seconds, seconds of CPU, and MiB at most."""

    wall: float
    cpu: float
    memory: float


def main() -> None:
    """Pairs in turn, so that the load of the machine falls on both alike; one pair before them warms the caches."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode next to it
    bare: list[Start] = []
    ours: list[Start] = []
    loaded: list[Start] = []
    for number in range(pairs + 1):
        order = (False, True) if number % 2 else (True, False)
        for extension in order:
            started, after = _start(extension)
            if number:
                (ours if extension else bare).append(started)
                loaded += [after] if after is not None else []
    print(f"{pairs} pairs; medians of a bare server, of one with the extension, what is added, and the ratio")
    for name, unit in (("wall", "s"), ("cpu", "s"), ("memory", "MiB")):
        floor, value = (median(getattr(start, name) for start in starts) for starts in (bare, ours))
        added = median(getattr(a, name) - getattr(b, name) for a, b in zip(ours, bare, strict=True))
        print(f"{name:>7}: {floor:8.3f} {value:8.3f} {added:+8.3f} {unit:<4} {value / floor:6.3f}")
    cpu, memory = (
        median(getattr(after, name) - getattr(start, name) for after, start in zip(loaded, ours, strict=True))
        for name in ("cpu", "memory")
    )
    print(f"afterwards, in a thread, until its first answer: {cpu:.3f} s of CPU, {memory:.1f} MiB")


def _start(extension: bool) -> tuple[Start, Start | None]:
    """Start a server and end it."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {**os.environ, "HOME": home, "JUPYTER_DATA_DIR": f"{home}/data"}
        environment |= {"JUPYTER_CONFIG_DIR": f"{home}/config", "JUPYTER_RUNTIME_DIR": f"{home}/runtime"}
        manager: Any = ExtensionConfigManager(read_config_path=jupyter_config_path())
        known = manager.get_jpserver_extensions()
        enabled = {**dict.fromkeys(known, False), "jupyter_agent": extension}
        config = Path(home, "config", "jupyter_server_config.json")
        config.parent.mkdir()
        config.write_text(json.dumps({"ServerApp": {"jpserver_extensions": enabled}}), encoding="utf-8")
        command = [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", "--ip=127.0.0.1"]
        command += [f"--port={port}", f"--ServerApp.root_dir={home}", "--IdentityProvider.token=benchmark"]
        begin = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _get(port, "/api", process)
            started = Start(time.perf_counter() - begin, *_usage(process.pid))
            if not extension:
                return started, None
            _get(port, "/api/agent/health", process)
            return started, Start(time.perf_counter() - begin, *_usage(process.pid))
        finally:
            process.terminate()
            process.wait()


def _get(port: int, path: str, process: subprocess.Popen[bytes]) -> None:
    """Ask once the port takes connections; the answer comes when the server's loop runs."""
    until = time.monotonic() + READY_SECONDS
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=READY_SECONDS)
        try:
            connection.connect()
            break
        except ConnectionRefusedError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.002)
    try:
        connection.request("GET", path, headers={"Authorization": "token benchmark"})
        if (status := connection.getresponse().status) != 200:
            raise RuntimeError(f"{path} answered {status}")
    finally:
        connection.close()


def _usage(pid: int) -> tuple[float, float]:
    """Seconds of CPU so far, and the peak of resident memory in MiB."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return (int(fields[11]) + int(fields[12])) / TICKS, int(peak.split()[1]) / 1024


if __name__ == "__main__":
    main()
