"""Two real kernels: one in which a notebook was worked on, and a fresh one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.transport import ZmqTransport
from tests.support.kernel_manager import kernel_manager


def started(loop: asyncio.AbstractEventLoop, folder: Path) -> Iterator[RemoteKernel]:
    manager = kernel_manager()
    loop.run_until_complete(manager.start_kernel(cwd=str(folder)))
    kernel = RemoteKernel(
        ZmqTransport(manager.client()), "kernel", interrupt=manager.interrupt_kernel, is_alive=manager.is_alive
    )
    yield kernel
    loop.run_until_complete(kernel.close())
    loop.run_until_complete(manager.shutdown_kernel(now=True))


@pytest.fixture
def worked_in(jp_asyncio_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> Iterator[RemoteKernel]:
    yield from started(jp_asyncio_loop, tmp_path)


@pytest.fixture
def fresh(jp_asyncio_loop: asyncio.AbstractEventLoop, tmp_path: Path) -> Iterator[RemoteKernel]:
    yield from started(jp_asyncio_loop, tmp_path)
