"""A kernel in another process, over ZeroMQ sockets of our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

from jupyter_agent.kernels.messaging import Act, IsAlive, MessagingKernel
from jupyter_agent.kernels.transport import ZmqTransport


class RemoteKernel(MessagingKernel):
    """A kernel behind ZeroMQ sockets, through a `jupyter_client` client whose channels were never started.

    The client's session gets an identity of its own; sockets are opened with the first question, on the running loop.

    Args:
        client: From ``kernel_manager.client()``, not started.
        kernel_id: Jupyter's id.
        options: JSON data for the magic in the kernel.
        interrupt: The kernel manager's way to interrupt.
        is_alive: The kernel manager's way to know whether the process lives.
        restart: The kernel manager's way to restart.
    """

    def __init__(
        self,
        client: AsyncKernelClient,
        kernel_id: str,
        *,
        options: Mapping[str, Any] | None = None,
        interrupt: Act | None = None,
        is_alive: IsAlive | None = None,
        restart: Act | None = None,
    ) -> None:
        super().__init__(
            ZmqTransport(client), kernel_id, options=options, interrupt=interrupt, is_alive=is_alive, restart=restart
        )
