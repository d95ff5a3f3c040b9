"""What a kernel's state costs: ours against the floor of the control channel and against what others send, in one run.

The floor is a control-channel round trip that does nothing. Peers: debugpy's ``inspectVariables`` (JupyterLab's own
variable list), ``%whos``, and the silent script with ``repr`` of every variable that assistants send. Each column is
the median of alternating rounds in milliseconds; the last ones are the ratios that the design promises.

Run: ``python benchmarks/kernel_state.py [rounds]``.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from jupyter_client.manager import AsyncKernelManager

from jupyter_agent.kernels.exchange import Exchange
from jupyter_agent.kernels.install import EXPRESSION, bootstrap
from jupyter_agent.kernels.remote import REQUEST, RemoteKernel
from jupyter_agent.kernels.transport import ZmqTransport

SIZES = (10, 100, 1_000, 10_000)
ECHO = """
async def _echo(stream, ident, parent, kernel=get_ipython().kernel):
    kernel.session.send(stream, "echo_reply", {}, parent, ident)
get_ipython().kernel.control_handlers["echo_request"] = _echo
"""
FILL = """
%reset -f
import numpy, pandas
globals().update({{f'v{{n}}': [n, str(n), [n], {{'n': n}}, n / 7][n % 5] for n in range({size})}})
{more}
"""
FRAME = "frame = pandas.DataFrame({'a': numpy.arange(10**7), 'b': numpy.arange(10**7) / 7, 'c': numpy.zeros(10**7)})"
NAIVE = (
    "__import__('json').dumps([[k, type(v).__name__, __import__('reprlib').repr(v)] "
    "for k, v in list(globals().items()) if not k.startswith('_')])"
)
Peer = Callable[[], Awaitable[Any]]


class Peers:
    """Every way to a kernel's variables, over sockets of the same kind."""

    def __init__(self, exchange: Exchange, kernel: RemoteKernel) -> None:
        self._exchange = exchange
        self._kernel = kernel
        self._flip = 0

    async def execute(self, code: str, *, silent: bool = True, expression: str = "1") -> None:
        content = {"code": code, "silent": silent, "store_history": False, "allow_stdin": False}
        reply = await self._exchange.request(
            "shell", "execute_request", {**content, "user_expressions": {"x": expression}}
        )
        assert reply["status"] == "ok", reply

    async def floor(self) -> None:
        await self._exchange.request("control", "echo_request", {})

    async def unchanged(self) -> None:
        await self._kernel.state()

    async def known(self) -> None:
        """Everything, asked by somebody new of a kernel that has been asked before."""
        reply = await self._exchange.request("control", REQUEST, {"op": "state", "epoch": "", "since": 0})
        assert reply["total"]

    async def cold(self) -> None:
        """Everything, and everything is new."""
        state = await self._kernel.state()
        assert not state.stale, state.stale

    async def one_changed(self) -> None:
        state = await self._kernel.state()
        assert not state.stale, state.stale

    async def change_one(self) -> None:
        self._flip += 1
        await self.execute(f"v1 = {self._flip}", silent=False)

    async def debugpy(self) -> None:
        content = {"type": "request", "seq": 1, "command": "inspectVariables", "arguments": {}}
        reply = await self._exchange.request("control", "debug_request", content)
        assert reply["success"], reply

    async def whos(self) -> None:
        await self.execute("%whos", silent=False)

    async def naive(self) -> None:
        await self.execute("", expression=NAIVE)


async def milliseconds(work: Peer) -> float:
    started = time.perf_counter()
    await work()
    return (time.perf_counter() - started) * 1000


async def measure(peers: Peers, rounds: int, refill: str) -> dict[str, float]:
    """Medians, the ways taken in turn, so that a busy machine disturbs all alike."""
    ways: dict[str, Peer] = {
        "floor": peers.floor,
        "unchanged": peers.unchanged,
        "known": peers.known,
        "debugpy": peers.debugpy,
        "naive": peers.naive,
        "whos": peers.whos,
    }
    taken: dict[str, list[float]] = {name: [] for name in [*ways, "one changed", "cold"]}
    for _ in range(rounds):
        await peers.execute(refill, silent=False)
        taken["cold"].append(await milliseconds(peers.cold))
        for name, way in ways.items():
            if name == "unchanged":
                # What the other ways did to the kernel is not this one's cost, nor what its main thread still puts away.
                await peers.unchanged()
                await peers.unchanged()
            taken[name].append(await milliseconds(way))
        await peers.change_one()
        taken["one changed"].append(await milliseconds(peers.one_changed))
    return {name: statistics.median(times) for name, times in taken.items()}


async def main(rounds: int) -> None:
    manager = AsyncKernelManager(kernel_name="python3")
    await manager.start_kernel()
    kernel = RemoteKernel(manager.client(), uuid4().hex)
    exchange = Exchange(ZmqTransport(manager.client()))
    peers = Peers(exchange, kernel)
    started = time.perf_counter()
    await kernel.state(timeout=30)
    print(f"first meeting of a starting kernel: {(time.perf_counter() - started) * 1000:.0f} ms")
    print(f"bootstrap message: {len(bootstrap({})) / 1024:.0f} KiB")
    started = time.perf_counter()
    await peers.execute("", expression=bootstrap({}))
    print(f"bootstrap again, nothing to install ({EXPRESSION}): {(time.perf_counter() - started) * 1000:.0f} ms")
    await peers.execute(ECHO)
    names = ["floor", "unchanged", "one changed", "cold", "known", "debugpy", "naive", "whos"]
    print(f"{'variables':>20} " + " ".join(f"{name:>11}" for name in names) + "   unchanged/floor  fastest peer/cold")
    for label, size, more in [*((f"{size:,}", size, "") for size in SIZES), ("100 and 10⁷ rows", 100, FRAME)]:
        told = await measure(peers, rounds, FILL.format(size=size, more=more))
        ratio = min(told["debugpy"], told["naive"], told["whos"]) / told["cold"]
        figures = " ".join(f"{told[name]:11.2f}" for name in names)
        print(f"{label:>20} {figures}   {told['unchanged'] / told['floor']:14.2f}× {ratio:17.1f}×", flush=True)
    await kernel.close()
    await exchange.close()
    await manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
