"""A kernel that we start and stop ourselves, for programs without a Jupyter server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.transport import ZmqTransport

#: Characters that the name of a socket may have, on every POSIX system.
_MAX_SOCKET = 100


async def start_kernel(
    cwd: str, kernel_name: str = "python3", *, options: Mapping[str, Any] | None = None
) -> tuple[RemoteKernel, Callable[[], Awaitable[None]]]:
    """Start a kernel; where possible it is reached over IPC sockets in a folder that only this user can read.

    Args:
        cwd: Its working folder.
        kernel_name: Name of an installed kernelspec.
        options: JSON data for the magic in the kernel.

    Returns:
        The kernel, and a function that stops it and closes the connection.

    Raises:
        KernelUnavailable: no such kernelspec, or its process cannot be started.
    """
    manager = AsyncKernelManager(kernel_name=kernel_name)
    folder = _use_ipc(manager)
    try:
        await manager.start_kernel(cwd=cwd)
    except (NoSuchKernel, OSError, RuntimeError) as error:
        _remove(folder)
        raise KernelUnavailable(f"The kernel {kernel_name} cannot be started.") from error

    async def restart() -> None:
        await manager.restart_kernel(now=True)

    kernel = RemoteKernel(
        ZmqTransport(manager.client()),
        uuid4().hex,
        options=options,
        interrupt=manager.interrupt_kernel,
        is_alive=manager.is_alive,
        restart=restart,
    )

    async def shutdown() -> None:
        await kernel.close()
        await manager.shutdown_kernel(now=True)
        _remove(folder)

    return kernel, shutdown


def _use_ipc(manager: AsyncKernelManager) -> Path | None:
    """Let an ipykernel use IPC sockets; their folder, None where TCP is used: on Windows, and for other kernels.

    ipykernel warns of TCP, which every user of the machine can read.
    """
    try:
        argv = manager.kernel_spec.argv if manager.kernel_spec is not None else []
    except NoSuchKernel:
        return None
    if os.name != "posix" or not any("ipykernel" in word for word in argv):
        return None
    folder = Path(tempfile.mkdtemp(prefix="jupyter-agent-"))
    if len(os.fspath(folder)) > _MAX_SOCKET:
        _remove(folder)
        return None
    manager.transport = "ipc"
    manager.ip = os.fspath(folder / "k")
    return folder


def _remove(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
