"""The kernels of this server, each with what is known of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jupyter_core.utils import ensure_async
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.gateway.managers import GatewayMappingKernelManager
from jupyter_server.utils import url_path_join

from jupyter_agent.core.errors import NotFound
from jupyter_agent.kernels.gateway import WebSocketTransport
from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.transport import ZmqTransport
from jupyter_agent.server.metrics import KERNELS

if TYPE_CHECKING:
    import logging

    from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
    from jupyter_server.services.sessions.sessionmanager import SessionManager as KernelSessions

UNKNOWN_KERNEL = (
    "There is no kernel of that id on this server. It was shut down or restarted under another id: start one, "
    "or leave kernel_id out to use the notebook's own."
)
_APPEAR_SECONDS = 10.0
_FIRST_READ_SECONDS = 30.0


class Kernels:
    """One `RemoteKernel` for each running kernel, here or behind a gateway, made when first asked for.

    Args:
        manager: Jupyter's kernels.
        sessions: Jupyter's kernel sessions, which tie notebooks to kernels.
        log: Gets failures in the background, at debug level.
    """

    def __init__(
        self,
        manager: MappingKernelManager,
        sessions: KernelSessions,
        log: logging.Logger | logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._manager, self._sessions, self._log = manager, sessions, log
        self._connected: dict[str, RemoteKernel] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def get(self, kernel_id: str) -> RemoteKernel:
        """The kernel of that id.

        Raises:
            NotFound: this server has none.
        """
        if kernel_id not in self._manager:
            self._connected.pop(kernel_id, None)
            KERNELS.set(len(self._connected))
            raise NotFound(UNKNOWN_KERNEL)
        if kernel_id not in self._connected:
            self._connected[kernel_id] = self._connect(kernel_id)
            KERNELS.set(len(self._connected))
        return self._connected[kernel_id]

    async def for_notebook(self, path: str) -> RemoteKernel | None:
        """The kernel that Jupyter has tied to a notebook, if any."""
        listed: Any = self._sessions.list_sessions()  # type: ignore[no-untyped-call]
        for session in await ensure_async(listed):
            if session["path"].strip("/") == path and session.get("kernel"):
                return self.get(session["kernel"]["id"])
        return None

    async def on_action(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        """Listens to Jupyter's events of kernels that start, restart and end."""
        kernel_id = data.get("kernel_id")
        if self._closed or data.get("status") != "success" or not isinstance(kernel_id, str):
            return
        action = data.get("action")
        if action == "restart" and kernel_id in self._connected:
            self._connected[kernel_id].notify_restarted()
        if action in ("start", "restart"):
            self._in_background(self._prepare(kernel_id))
        elif action == "shutdown":
            self._in_background(self._disconnect(kernel_id))

    def prepare_running(self) -> None:
        """Install the tracker in the kernels that run already."""
        for kernel_id in self._manager.list_kernel_ids():
            self._in_background(self._prepare(kernel_id))

    async def idle(self) -> None:
        """Wait until nothing runs in the background."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Close the connections to all kernels; the kernels go on."""
        self._closed = True
        for task in tuple(self._tasks):
            task.cancel()
        await self.idle()
        for kernel_id in tuple(self._connected):
            await self._disconnect(kernel_id)

    def _connect(self, kernel_id: str) -> RemoteKernel:
        manager: Any = self._manager

        async def is_alive() -> bool:
            return kernel_id in manager and bool(await ensure_async(manager.is_alive(kernel_id)))

        operations: Any = {
            "is_alive": is_alive,
            "interrupt": lambda: ensure_async(manager.interrupt_kernel(kernel_id)),
            "restart": lambda: ensure_async(manager.restart_kernel(kernel_id)),
        }
        if isinstance(manager, GatewayMappingKernelManager):
            # No options: a kernel on another machine cannot find this server.
            gateway: Any = GatewayClient.instance()
            url = url_path_join(gateway.ws_url, gateway.kernels_endpoint, quote(kernel_id, safe=""), "channels")
            connection = dict(gateway.load_connection_args())
            return RemoteKernel(WebSocketTransport(url, connection), kernel_id, **operations)
        transport = ZmqTransport(manager.get_kernel(kernel_id).client())
        return RemoteKernel(transport, kernel_id, options={"server": True, "kernel_id": kernel_id}, **operations)

    async def _prepare(self, kernel_id: str) -> None:
        """Install the tracker, so that the first question need not wait for it."""
        async with asyncio.timeout(_APPEAR_SECONDS):
            # Jupyter lists a kernel a moment after the event, and tells nobody.
            while kernel_id not in self._manager:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await self.get(kernel_id).state(timeout=_FIRST_READ_SECONDS)

    async def _disconnect(self, kernel_id: str) -> None:
        kernel = self._connected.pop(kernel_id, None)
        KERNELS.set(len(self._connected))
        if kernel is not None:
            await kernel.close()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.debug("jupyter-agent: a kernel could not be prepared: %s", type(error).__name__)
