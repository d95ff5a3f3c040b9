"""The kernels of this server, each with what is known of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jupyter_core.utils import ensure_async
from jupyter_server.utils import url_path_join

from jupyter_agent.core.errors import NotFound

if TYPE_CHECKING:
    import logging

    from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
    from jupyter_server.services.sessions.sessionmanager import SessionManager as KernelSessions

    from jupyter_agent.kernels.messaging import MessagingKernel

KERNEL_ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
#: Our own message types; a request of ours must not look like activity of the user's.
MESSAGE_TYPES = ("jupyter_agent_request", "jupyter_agent_reply")
UNKNOWN_KERNEL = (
    "There is no kernel of that id on this server. It was shut down or restarted under another id: start one, "
    "or leave kernel_id out to use the notebook's own."
)
_APPEAR_SECONDS = 10.0
_FIRST_READ_SECONDS = 30.0


class Kernels:
    """One `MessagingKernel` for each running kernel, here or behind a gateway, made when first asked for.

    Args:
        manager: Jupyter's kernels.
        sessions: Jupyter's ties between notebooks and kernels.
        log: Told at debug level of what fails in the background.
    """

    def __init__(
        self,
        manager: MappingKernelManager,
        sessions: KernelSessions,
        log: logging.Logger | logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._manager = manager
        self._sessions = sessions
        self._log = log
        self._known: dict[str, MessagingKernel] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def get(self, kernel_id: str) -> MessagingKernel:
        """The kernel of that id.

        Raises:
            NotFound: this server has none.
        """
        if kernel_id not in self._manager:
            self._known.pop(kernel_id, None)
            raise NotFound(UNKNOWN_KERNEL)
        if kernel_id not in self._known:
            self._known[kernel_id] = self._connect(kernel_id)
        return self._known[kernel_id]

    async def of_notebook(self, path: str) -> MessagingKernel | None:
        """The kernel that Jupyter has tied to a notebook, if any."""
        listed: Any = self._sessions.list_sessions()  # type: ignore[no-untyped-call]
        for session in await ensure_async(listed):
            if session["path"].strip("/") == path and session.get("kernel"):
                return self.get(session["kernel"]["id"])
        return None

    def untrack(self) -> None:
        """Keep our requests from counting as the user's activity, in the culler and in JupyterLab's indicator."""
        manager: Any = self._manager
        known = getattr(manager, "untracked_message_types", None)
        if known is not None:
            manager.untracked_message_types = [*known, *(one for one in MESSAGE_TYPES if one not in known)]

    def follow(self, events: Any) -> None:
        """Listen to kernels that start, restart and end."""
        events.add_listener(schema_id=KERNEL_ACTIONS, listener=self._on_action)

    def unfollow(self, events: Any) -> None:
        """Listen no more."""
        events.remove_listener(listener=self._on_action)

    def meet_running(self) -> None:
        """Get ready to read the kernels that run already."""
        for kernel_id in self._manager.list_kernel_ids():
            self._in_background(self._meet(kernel_id))

    async def settled(self) -> None:
        """Wait for what goes on in the background."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Let go of all kernels; they run on."""
        self._closed = True
        for task in tuple(self._tasks):
            task.cancel()
        await self.settled()
        for kernel_id in tuple(self._known):
            await self._forget(kernel_id)

    def _connect(self, kernel_id: str) -> MessagingKernel:
        from jupyter_server.gateway.managers import GatewayMappingKernelManager

        from jupyter_agent.kernels.gateway import GatewayKernel
        from jupyter_agent.kernels.remote import RemoteKernel

        manager: Any = self._manager

        async def is_alive() -> bool:
            return kernel_id in manager and bool(await ensure_async(manager.is_alive(kernel_id)))

        async def interrupt() -> None:
            await ensure_async(manager.interrupt_kernel(kernel_id))

        async def restart() -> None:
            await ensure_async(manager.restart_kernel(kernel_id))

        ways: Any = {"is_alive": is_alive, "interrupt": interrupt, "restart": restart}
        if isinstance(manager, GatewayMappingKernelManager):
            # No options: a kernel on another machine cannot find this server.
            url, connection = _behind_gateway(kernel_id)
            return GatewayKernel(url, kernel_id, connection=connection, **ways)
        client = manager.get_kernel(kernel_id).client()
        return RemoteKernel(client, kernel_id, options={"server": True, "kernel_id": kernel_id}, **ways)

    async def _on_action(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        kernel_id = data.get("kernel_id")
        if self._closed or data.get("status") != "success" or not isinstance(kernel_id, str):
            return
        action = data.get("action")
        if action == "restart" and kernel_id in self._known:
            self._known[kernel_id].notify_restarted()
        if action in ("start", "restart"):
            self._in_background(self._meet(kernel_id))
        elif action == "shutdown":
            self._in_background(self._forget(kernel_id))

    async def _meet(self, kernel_id: str) -> None:
        """Install what reads it, so that the first question need not wait for that."""
        async with asyncio.timeout(_APPEAR_SECONDS):
            # Jupyter lists a kernel a moment after the event, and tells nobody.
            while kernel_id not in self._manager:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await self.get(kernel_id).state(timeout=_FIRST_READ_SECONDS)

    async def _forget(self, kernel_id: str) -> None:
        kernel = self._known.pop(kernel_id, None)
        if kernel is not None:
            await kernel.close()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._noted)

    def _noted(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.debug("jupyter-agent: a kernel could not be met: %s", type(error).__name__)


def _behind_gateway(kernel_id: str) -> tuple[str, dict[str, Any]]:
    """Where the gateway has the kernel's channels, and how to be let in."""
    from jupyter_server.gateway.gateway_client import GatewayClient

    gateway: Any = GatewayClient.instance()
    url = url_path_join(gateway.ws_url, gateway.kernels_endpoint, quote(kernel_id, safe=""), "channels")
    return url, dict(gateway.load_connection_args())
