"""What the tracker costs the user: a notebook of 100 cells in kernels with and without it, at 1,000 variables.

A third kernel has ipyflow, which follows cells too. All three are of one environment of their own, next to
the package (``.venv-cell-peers``, or wherever ``CELL_PEERS`` says one is): ours is not installed there, it travels.
They take every cell in turn, in an order that changes, so that a busy machine disturbs all alike. The ratio is that of
the summed medians of each cell over the rounds.

Run: ``python benchmarks/cell_overhead.py [rounds]``.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from uuid import uuid4

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.rpc import KernelRpc
from jupyter_agent.kernels.transport import ZmqTransport

VARIABLES = "globals().update({f'v{n}': [n, str(n), [n]][n % 3] for n in range(1_000)})"
KINDS = (
    "x{n} = v{n} * 2",
    "import pandas as pd\ndf{n} = pd.DataFrame({{'a': range(1000), 'b': range(1000)}})",
    "df = pd.DataFrame({{'k': [i % 7 for i in range(5000)], 'n': range(5000)}})\ndf.groupby('k').n.mean()",
    "def f{n}(a, b={n}):\n    return a + b\nf{n}(1)",
    "rows = [i * i for i in range(20_000)]\nrows.append({n})",
)


def cells() -> list[str]:
    """The notebook."""
    return [KINDS[1].format(n=0), *(KINDS[n % len(KINDS)].format(n=n) for n in range(99))]


class Measured:
    """A kernel and the times of its cells."""

    def __init__(self, manager: AsyncKernelManager, tracked: bool, extension: str = "") -> None:
        self._manager = manager
        self._rpc = KernelRpc(ZmqTransport(manager.client()))
        self._tracked = tracked
        self._extension = extension
        self.times: list[list[float]] = []

    async def begin(self) -> None:
        if self._tracked:
            kernel = RemoteKernel(ZmqTransport(self._manager.client()), uuid4().hex)
            assert not (await kernel.state(timeout=60)).stale
            await kernel.close()
        if self._extension:
            await self.run(f"%load_ext {self._extension}")
        await self.run(VARIABLES)
        await self.run(KINDS[1].format(n=0))

    async def run(self, code: str) -> float:
        started = time.perf_counter()
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        reply = await self._rpc.request("shell", "execute_request", content)
        taken: float = time.perf_counter() - started
        assert reply["status"] == "ok", reply
        return taken

    async def close(self) -> None:
        await self._rpc.close()
        await self._manager.shutdown_kernel(now=True)

    @property
    def seconds(self) -> float:
        """One notebook: each cell's median over the rounds, summed."""
        return float(sum(statistics.median(times) for times in zip(*self.times, strict=True)))


def python() -> Path:
    """The environment's interpreter; made when it is not there."""
    folder = Path(os.environ.get("CELL_PEERS", Path(__file__).parent.parent / ".venv-cell-peers"))
    found = folder / "bin" / "python"
    if not found.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([found, "-m", "pip", "install", "-qq", "ipykernel", "pandas", "ipyflow"], check=True)
    return found


async def started(folder: Path) -> AsyncKernelManager:
    """A kernel of the environment."""
    argv = [str(python()), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "peer").mkdir(exist_ok=True)
    (folder / "peer" / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "", "language": "python"}))
    specifications = KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)
    manager = AsyncKernelManager(kernel_name="peer", kernel_spec_manager=specifications)
    await manager.start_kernel()
    return manager


async def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kernels = {
            "without": Measured(await started(folder), tracked=False),
            "tracker": Measured(await started(folder), tracked=True),
            "ipyflow": Measured(await started(folder), tracked=False, extension="ipyflow"),
        }
        await compared(kernels, rounds)


async def compared(kernels: dict[str, Measured], rounds: int) -> None:
    for kernel in kernels.values():
        await kernel.begin()
    for number in range(rounds):
        for kernel in kernels.values():
            kernel.times.append([])
        for at, cell in enumerate(cells()):
            first = (number + at) % len(kernels)
            order = list(kernels.values())
            for kernel in [*order[first:], *order[:first]]:
                kernel.times[-1].append(await kernel.run(cell))
    floor = kernels["without"].seconds
    for name, kernel in kernels.items():
        print(f"{name:10} {kernel.seconds * 1000:9.1f} ms for 100 cells, ratio {kernel.seconds / floor:.3f}")
    for kernel in kernels.values():
        await kernel.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9))
