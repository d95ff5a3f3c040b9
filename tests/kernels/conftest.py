"""A real kernel for the tests, and any number of clients of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.manager import AsyncKernelManager

from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.transport import ZmqTransport
from tests.support.kernel_manager import kernel_manager


class Kernels:
    """One kernel process, and any number of our clients of it."""

    def __init__(self, manager: AsyncKernelManager) -> None:
        self.manager = manager
        self._clients: list[RemoteKernel] = []

    def client(self) -> RemoteKernel:
        """Another `RemoteKernel` of the same process."""
        kernel = RemoteKernel(
            ZmqTransport(self.manager.client()),
            "kernel-1",
            interrupt=self.manager.interrupt_kernel,
            is_alive=self.manager.is_alive,
            restart=self._restart,
        )
        self._clients.append(kernel)
        return kernel

    async def interrupt(self) -> None:
        await self.manager.interrupt_kernel()

    async def _restart(self) -> None:
        await self.manager.restart_kernel(now=True)

    async def close(self) -> None:
        for kernel in self._clients:
            await kernel.close()
        await self.manager.shutdown_kernel(now=True)


def _start(loop: asyncio.AbstractEventLoop, folder: Path) -> Iterator[Kernels]:
    manager = kernel_manager()
    loop.run_until_complete(manager.start_kernel(cwd=str(folder)))
    kernels = Kernels(manager)
    yield kernels
    loop.run_until_complete(kernels.close())


@pytest.fixture
def kernels(jp_asyncio_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> Iterator[Kernels]:
    yield from _start(jp_asyncio_loop, tmp_path)


@pytest.fixture
def more_kernels(jp_asyncio_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> Iterator[Kernels]:
    """Another process."""
    yield from _start(jp_asyncio_loop, tmp_path)


@pytest.fixture
def kernel(kernels: Kernels) -> RemoteKernel:
    return kernels.client()
