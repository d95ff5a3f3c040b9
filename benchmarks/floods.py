"""What a flood of outputs does to everybody else: a server with ours whose turns run it, compared with a bare one in the same run.

Three kernels at once: 10,000 displays each; then 1 GB printed by one, and one output of 100 MB. On the bare server the same code is
run by a client that listens to no output; the server itself reads all outputs of its kernels, to know when they were active.

- ``wait``: milliseconds that ``GET /api/status`` takes meanwhile, at worst and at the 99th percentile, and the ratio of the worst.
- ``memory``: MiB that the server has more at its peak than before the flood. Linux only.

Run: ``python benchmarks/floods.py [kernels]``.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from jupyter_client.asynchronous.client import AsyncKernelClient

from jupyter_agent.kernels.rpc import KernelRpc, execute_request
from jupyter_agent.kernels.transport import ZmqTransport
from tests.support.running_server import TOKEN, RunningServer

FLOODS = {
    "10,000 displays": (3, "from IPython.display import display\nfor n in range(10_000): display(n)"),
    "1 GB printed": (1, "for n in range(10_000): print('x' * 99_999)"),
    "a frame of 100 MB": (
        1,
        "from IPython.display import display\ndisplay({'text/html': 'x' * 100_000_000}, raw=True)",
    ),
}
PAUSE = 0.01
MEMORY_PAUSE = 0.02


@dataclass
class Cost:
    """Milliseconds of each request meanwhile, seconds of the flood, MiB at its peak, and what came back."""

    waits: list[float]
    seconds: float
    memory: float
    results: list[str]


class Watch:
    """Asks for the status again and again, in a thread of its own, and follows the server's memory in another."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._is_over = threading.Event()
        self.waits: list[float] = []
        self.before = self.peak = server.memory()
        self._threads = [threading.Thread(target=self._ask), threading.Thread(target=self._follow)]

    def __enter__(self) -> Watch:
        self.began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self.began
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        parts = urlsplit(self._server.url)
        connection = HTTPConnection(str(parts.hostname), parts.port, timeout=120)
        while not self._is_over.is_set():
            began = time.perf_counter()
            connection.request("GET", "/api/status", headers={"Authorization": f"token {TOKEN}"})
            connection.getresponse().read()
            self.waits.append((time.perf_counter() - began) * 1000)
            self._is_over.wait(PAUSE)
        connection.close()

    def _follow(self) -> None:
        while not self._is_over.wait(MEMORY_PAUSE):
            self.peak = max(self.peak, self._server.memory())


async def run_bare(server: RunningServer, kernel_id: str, code: str) -> str:
    """Run code without listening to its outputs."""
    client = AsyncKernelClient(connection_file=str(server.runtime / f"kernel-{kernel_id}.json"))
    client.load_connection_file()
    rpc = KernelRpc(ZmqTransport(client))
    reply = await rpc.request("shell", "execute_request", execute_request(code))
    await rpc.close()
    return str(reply["status"])


async def run_in_turn(server: RunningServer, notebook: str, question: str) -> str:
    """Run code by a turn of ours; what its tool returned, in short."""
    context = {"notebook_id": notebook}
    body = {"query": question, "approval": "auto", "stream": True, "context": context}
    shown = ""
    async for name, data in server.stream(body, silence=300):
        if name in ("tool_result", "error"):
            shown = json.dumps(data)
    return shown


async def measure(folder: Path, count: int, extension: bool) -> dict[str, Cost]:
    steps: list[dict[str, Any]] = [{"text": "Yes.", "match": "^Ready"}]
    for flood, (_, code) in FLOODS.items():
        call = {"name": "run_code", "arguments": {"code": code}}
        steps += [{"calls": [call], "match": re.escape(flood)}, {"text": "Done.", "match": re.escape(flood)}]
    script = folder / "script.json"
    await asyncio.to_thread(script.write_text, json.dumps(steps), encoding="utf-8")
    environment = {"JUPYTER_AGENT_MODEL": f"scripted:{script}"}
    server = RunningServer(folder, environment, extension=extension)
    await server.start()
    costs: dict[str, Cost] = {}
    try:
        kernels = {f"{n}.ipynb": await server.open_notebook(f"{n}.ipynb") for n in range(count)}
        for kernel_id in kernels.values():
            await run_bare(server, kernel_id, "0")
        if extension:  # what is loaded with the first turn is not the flood's
            await run_in_turn(server, "0.ipynb", "Ready?")
        for flood, (most, code) in FLOODS.items():
            runs: list[Coroutine[Any, Any, str]] = [
                run_in_turn(server, notebook, flood) if extension else run_bare(server, kernel_id, code)
                for notebook, kernel_id in list(kernels.items())[:most]
            ]
            with Watch(server) as watch:
                results = await asyncio.gather(*runs)
            print(f"{'ours' if extension else 'bare'}: {flood}, {watch.seconds:.1f} s", file=sys.stderr, flush=True)
            costs[flood] = Cost(watch.waits, watch.seconds, (watch.peak - watch.before) / 1024, results)
        for kernel_id in kernels.values():
            await server("DELETE", f"api/kernels/{kernel_id}")
    finally:
        await server.end()
    return costs


async def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder:
        bare = await measure(Path(folder), count, extension=False)
    with tempfile.TemporaryDirectory() as folder:
        ours = await measure(Path(folder), count, extension=True)
    print(f"{count} kernels; milliseconds at worst and at the 99th percentile, MiB at the peak, seconds of the flood")
    for flood in FLOODS:
        worst: list[float] = []
        for name, costs in (("bare", bare), ("ours", ours)):
            cost = costs[flood]
            waits = sorted(cost.waits)
            worst.append(waits[-1])
            tail = waits[int(len(waits) * 0.99)] if len(waits) > 1 else waits[-1]
            print(f"{flood:>18} {name}: {waits[-1]:9.1f} {tail:9.1f} {cost.memory:+8.1f} {cost.seconds:7.1f}")
        print(f"{flood:>18} ratio of the worst: {worst[1] / worst[0]:.2f}")
        for result in ours[flood].results[:1]:
            print(f"    {result[:150]} … {result[-300:]}")


if __name__ == "__main__":
    asyncio.run(main())
