"""What a kernel's state costs: ours against the floor of the control channel and against what others send, in one run.

The floor is a control-channel round trip that does nothing. Peers that give less, for they tell no columns, no elements
and no versions: debugpy's ``inspectVariables`` (JupyterLab's own variable list), ``%whos``, and the silent script with
``repr`` of every variable that assistants send (``naive``). Two released extensions' scripts are taken from
their wheels: ``mito-ai`` tells columns, dtypes and samples, but neither rows nor sizes nor missing values, so it gives
less, too; ``inspector``, JupyterLab's variable inspector, tells sizes, shapes and columns, and is the nearest to ours.
``script`` is nobody's: the same facts as ours of each variable as somebody would write them down, with pandas' own
methods. All see the same namespace, and the client's reading of the answer is counted for all. Ours tells 200 variables
at most, so ``script`` does, too; the others tell all.

``cold`` is what changed since the last question, and everything did; ``known`` is everything, told to somebody new.
Each column is the median of alternating rounds in milliseconds; the last ones are the ratios that the design promises.

Run: ``python benchmarks/kernel_state.py [rounds]``.
"""

from __future__ import annotations

import ast
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from jupyter_client.manager import AsyncKernelManager

from benchmarks.peers.kernel_state import Shipped, shipped
from jupyter_agent.core.kernel_state import KernelState, StateDelta
from jupyter_agent.kernels.install import EXPRESSION, bootstrap
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.rpc import KernelRpc
from jupyter_agent.kernels.transport import ZmqTransport
from jupyter_agent.kernelside.wire import REQUEST

SIZES = (10, 100, 1_000, 10_000)
ECHO = """
async def _echo(stream, ident, parent, kernel=get_ipython().kernel):
    kernel.session.send(stream, "echo_reply", {}, parent, ident)
get_ipython().kernel.control_handlers["echo_request"] = _echo
"""
FILL = """
%reset -f
import numpy, pandas
globals().update({{f'v{{n}}': [n + {more}, str(n + {more}), [n, {more}], {{'n': n}}, n / 7 + {more}][n % 5] for n in range({size})}})
{frames}
"""
FRAME = "frame = pandas.DataFrame({'a': numpy.arange(10**7), 'b': numpy.arange(10**7) / 7, 'c': numpy.zeros(10**7)})"
FRAMES = """
for n in range(20):
    globals()[f'df{n}'] = pandas.DataFrame({c: [c, None] * 500 if c < 'c' else numpy.arange(1000) for c in 'abcdefgh'})
"""
SCRIPT = """
def _tell():
    import inspect, json, types
    import numpy, pandas
    def facts(value):
        if isinstance(value, pandas.DataFrame):
            missing, head = value.isna().sum(), value.head(3)
            return {"rows": len(value), "memory_bytes": int(value.memory_usage(index=False).sum()), "columns": [
                {"name": str(c), "dtype": str(value.dtypes.iloc[at]), "missing": int(missing.iloc[at]),
                 "samples": [str(one)[:40] for one in head.iloc[:, at]]} for at, c in enumerate(value.columns[:50])]}
        if isinstance(value, numpy.ndarray):
            return {"shape": list(value.shape), "dtype": str(value.dtype)}
        if isinstance(value, dict):
            return {"length": len(value), "keys": [str(key)[:80] for key in list(value)[:50]],
                    "items": {str(key)[:80]: repr(one)[:80] for key, one in list(value.items())[:20]}}
        if isinstance(value, (list, tuple, set, frozenset)):
            head = list(value)[:10]
            return {"length": len(value), "items": [repr(one)[:80] for one in head],
                    "item_types": sorted({type(one).__name__ for one in head})}
        if isinstance(value, types.FunctionType):
            return {"signature": str(inspect.signature(value)), "doc": (inspect.getdoc(value) or "").split("\\n")[0]}
        return {"value": repr(value)[:200]}
    hidden = get_ipython().user_ns_hidden
    items = [(k, v) for k, v in list(get_ipython().user_ns.items()) if k[:1] != "_" and v is not hidden.get(k, hidden)]
    described = [{"name": k, "type": f"{type(v).__module__}.{type(v).__qualname__}", "facts": facts(v)}
            for k, v in [one for one in items if not isinstance(one[1], types.ModuleType)][-200:]]
    return json.dumps({"variables": described, "total": len(items)})
"""
NAIVE = (
    "__import__('json').dumps([[k, type(v).__name__, __import__('reprlib').repr(v)] "
    "for k, v in list(globals().items()) if not k.startswith('_')])"
)
Peer = Callable[[], Awaitable[Any]]


class Peers:
    """Every way to a kernel's variables, over sockets of the same kind."""

    def __init__(self, rpc: KernelRpc, kernel: RemoteKernel) -> None:
        self._rpc = rpc
        self._kernel = kernel
        self._flip = 0

    async def execute(self, code: str, *, silent: bool = True, expression: str = "1") -> str:
        content = {"code": code, "silent": silent, "store_history": False, "allow_stdin": False}
        reply = await self._rpc.request("shell", "execute_request", {**content, "user_expressions": {"x": expression}})
        assert reply["status"] == "ok", reply
        text: str = reply["user_expressions"]["x"]["data"]["text/plain"]
        return text

    async def floor(self) -> None:
        await self._rpc.request("control", "echo_request", {})

    async def unchanged(self) -> None:
        await self._kernel.state()

    async def known(self) -> None:
        """Everything, asked by somebody new of a kernel that has been asked before."""
        reply = await self._rpc.request("control", REQUEST, {"op": "state", "epoch": "", "since": 0})
        assert KernelState("new").after(StateDelta.from_wire(reply)).total

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
        reply = await self._rpc.request("control", "debug_request", content)
        assert reply["success"], reply

    async def whos(self) -> None:
        await self.execute("%whos", silent=False)

    async def naive(self) -> None:
        assert json.loads(ast.literal_eval(await self.execute("", expression=NAIVE)))

    async def ask_peer(self, peer: Shipped) -> None:
        """As the extension asks; its answer is taken as a value, which costs it less than its own way over the output."""
        assert json.loads(ast.literal_eval(await self.execute(peer.each, expression=peer.expression)))

    async def script(self) -> None:
        """The script is sent each time, as it is to kernels that have nothing of whoever asks."""
        expression = f"(lambda n: (exec({SCRIPT!r}, globals(), n), n['_tell']())[1])({{}})"
        assert json.loads(ast.literal_eval(await self.execute("", expression=expression)))["total"]


def filled(number: int, *, size: int, frames: str) -> str:
    """A cell that makes a namespace in which no value is that of another number."""
    return FILL.format(size=size, more=number, frames=frames)


async def milliseconds(work: Peer) -> float:
    started = time.perf_counter()
    await work()
    return (time.perf_counter() - started) * 1000


async def measure(
    peers: Peers, others: Mapping[str, Shipped], rounds: int, refill: Callable[[int], str]
) -> dict[str, float]:
    """Medians, the ways taken in turn, so that a busy machine disturbs all alike."""
    ways: dict[str, Peer] = {
        "floor": peers.floor,
        "unchanged": peers.unchanged,
        "known": peers.known,
        "debugpy": peers.debugpy,
        "naive": peers.naive,
        "whos": peers.whos,
        "script": peers.script,
        **{name: partial(peers.ask_peer, peer) for name, peer in others.items()},
    }
    taken: dict[str, list[float]] = {name: [] for name in [*ways, "one changed", "cold"]}
    for number in range(rounds):
        await peers.execute(refill(number), silent=False)
        taken["cold"].append(await milliseconds(peers.cold))
        for peer in others.values():
            await peers.execute(peer.setup)
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
    kernel = RemoteKernel(ZmqTransport(manager.client()), uuid4().hex)
    rpc = KernelRpc(ZmqTransport(manager.client()))
    peers = Peers(rpc, kernel)
    started = time.perf_counter()
    await kernel.state(timeout=30)
    print(f"first meeting of a starting kernel: {(time.perf_counter() - started) * 1000:.0f} ms")
    print(f"bootstrap message: {len(bootstrap({})) / 1024:.0f} KiB")
    started = time.perf_counter()
    await peers.execute("", expression=bootstrap({}))
    print(f"bootstrap again, nothing to install ({EXPRESSION}): {(time.perf_counter() - started) * 1000:.0f} ms")
    await peers.execute(ECHO)
    others = shipped()
    names = ["floor", "unchanged", "one changed", "cold", "known", "debugpy", "naive", "whos", "script", *others]
    print(f"{'variables':>20} " + " ".join(f"{name:>11}" for name in names), end="")
    print("   unchanged/floor   inspector/cold   script/cold   fastest that gives less/cold")
    more = (("100 and 10⁷ rows", 100, FRAME), ("1,000 with 20 frames", 980, FRAMES))
    for label, size, frames in [*((f"{size:,}", size, "") for size in SIZES), *more]:
        medians = await measure(peers, others, rounds, partial(filled, size=size, frames=frames))
        figures = " ".join(f"{medians[name]:11.2f}" for name in names)
        less = min(medians[name] for name in ("debugpy", "naive", "whos", "mito-ai")) / medians["cold"]
        much = " ".join(f"{medians[name] / medians['cold']:13.1f}×" for name in ("inspector", "script"))
        ratios = f"{medians['unchanged'] / medians['floor']:14.2f}× {much} {less:12.1f}×"
        print(f"{label:>20} {figures}   {ratios}", flush=True)
    await kernel.close()
    await rpc.close()
    await manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
