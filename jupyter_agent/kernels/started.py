"""Starts a kernel of our own, for programs without a Jupyter server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from subprocess import DEVNULL
from typing import Any
from uuid import uuid4

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from jupyter_agent.errors import KernelUnavailable
from jupyter_agent.kernels.remote import RemoteKernel


async def start_kernel(
    cwd: str, kernel_name: str = "python3", *, options: Mapping[str, Any] | None = None
) -> tuple[RemoteKernel, Callable[[], Awaitable[None]]]:
    """Starts a kernel.

    Args:
        cwd: Its working folder.
        kernel_name: Name of an installed kernelspec.
        options: JSON data for the magic in the kernel.

    Returns:
        The kernel, and what ends it and closes the connection.

    Raises:
        KernelUnavailable: no such kernelspec, or its process cannot be started.
    """
    manager = AsyncKernelManager(kernel_name=kernel_name)
    try:
        await manager.start_kernel(
            cwd=cwd, stderr=DEVNULL
        )  # its log is not the reader's; what cells print comes otherwise
    except (NoSuchKernel, OSError, RuntimeError) as error:
        raise KernelUnavailable(f"The kernel {kernel_name} cannot be started.") from error

    async def restart() -> None:
        await manager.restart_kernel(now=True)

    kernel = RemoteKernel(
        manager.client(),
        uuid4().hex,
        options=options,
        interrupt=manager.interrupt_kernel,
        is_alive=manager.is_alive,
        restart=restart,
    )

    async def shutdown() -> None:
        await kernel.close()
        await manager.shutdown_kernel(now=True)

    return kernel, shutdown
