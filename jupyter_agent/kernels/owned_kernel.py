"""A kernel that we start and stop ourselves, for programs without a Jupyter server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.kernels.environment import kernel_environment
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.transport import ZmqTransport

#: Characters that the name of a socket may have, on every POSIX system.
_MAX_SOCKET = 100


async def start_kernel(
    cwd: str,
    kernel_name: str = "python3",
    *,
    options: Mapping[str, Any] | None = None,
    env_remove: Sequence[str] = (),
    env_add: Mapping[str, str] = MappingProxyType({}),
    launcher: Sequence[str] = (),
) -> tuple[RemoteKernel, Callable[[], Awaitable[None]]]:
    """Start a kernel; where possible it is reached over IPC sockets in a folder that only this user can read.

    Args:
        cwd: Its working folder.
        kernel_name: Name of an installed kernelspec.
        options: JSON data for the magic in the kernel.
        env_remove: Environment variables that it does not get, as of `kernel_environment`.
        env_add: Environment variables that it gets besides ours.
        launcher: A command that starts the kernel's command, given after ``--``; before that, ``--share`` and the folder of the
            kernel's sockets, where they have one.

    Returns:
        The kernel, and a function that stops it and closes the connection.

    Raises:
        KernelUnavailable: no such kernelspec, or its process cannot be started.
    """
    async with AsyncExitStack() as stack:
        manager = _LaunchedKernelManager(kernel_name=kernel_name)
        manager.launcher = launcher
        _use_ipc(manager, stack)
        try:
            await manager.start_kernel(cwd=cwd, env={**kernel_environment(os.environ, env_remove), **env_add})
        except (NoSuchKernel, OSError, RuntimeError) as error:
            raise KernelUnavailable(f"The kernel {kernel_name} cannot be started.") from error
        stack.push_async_callback(manager.shutdown_kernel, now=True)
        kernel = RemoteKernel(
            ZmqTransport(manager.client()),
            uuid4().hex,
            options=options,
            interrupt=manager.interrupt_kernel,
            is_alive=manager.is_alive,
            restart=partial(manager.restart_kernel, now=True),
        )
        stack.push_async_callback(kernel.close)
        return kernel, stack.pop_all().aclose


class _LaunchedKernelManager(AsyncKernelManager):
    """Starts its kernel by another command, where there is one."""

    launcher: Sequence[str] = ()

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        command: list[str] = super().format_kernel_cmd(extra_arguments)
        if not self.launcher:
            return command
        shared = ["--share", str(Path(self.ip).parent)] if self.transport == "ipc" else []
        return [*self.launcher, *shared, "--", *command]


def _use_ipc(manager: AsyncKernelManager, stack: AsyncExitStack) -> None:
    """Let an ipykernel use IPC sockets in a folder that the stack removes; not on Windows, and not other kernels.

    ipykernel warns of TCP, which every user of the machine can read.
    """
    try:
        argv = manager.kernel_spec.argv if manager.kernel_spec is not None else []
    except NoSuchKernel:
        return
    if os.name != "posix" or not any("ipykernel" in word for word in argv):
        return
    folder = Path(tempfile.mkdtemp(prefix="jupyter-agent-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    if len(os.fspath(folder)) <= _MAX_SOCKET:
        manager.transport = "ipc"
        manager.ip = os.fspath(folder / "k")
