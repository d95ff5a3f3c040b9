"""Keeps kernelside installed in one kernel: sent with the first question, and again when it is gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.core.kernel_state import KernelStatus
from jupyter_agent.kernels.install import EXPRESSION, bootstrap, source_hash
from jupyter_agent.kernels.rpc import Exchange, Restarted

REQUEST = "jupyter_agent_request"
FIRST_MET_BUSY = "The kernel is busy; its variables are known when the running cell ends."
#: Seconds before the installation is sent again, and how often that wait doubles.
_RESEND = 5.0
_RESENDS = 6


class Unreadable(Exception):
    """The kernel cannot be looked into now; the text says why, `status` what the kernel does."""

    def __init__(self, reason: str, status: KernelStatus) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Installation:
    """kernelside in one kernel.

    Args:
        exchange: The way to the kernel.
        options: JSON data for the magic in the kernel.
    """

    def __init__(self, exchange: Exchange, options: Mapping[str, Any]) -> None:
        self._exchange = exchange
        self._options = dict(options)
        self._task: asyncio.Task[None] | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is there, as far as we know."""
        task = self._task
        return task is not None and task.done() and not task.cancelled() and task.exception() is None

    async def ensured(self) -> None:
        """Waits until it is there; the installation itself goes on when the waiting ends.

        Raises:
            Unreadable: nothing of ours can run in this kernel.
            Restarted: the kernel was restarted meanwhile.
        """
        task = self._task
        failed = task is not None and task.done() and not self.is_done
        if task is None or failed:
            task = self._task = asyncio.create_task(self._install())
            task.add_done_callback(consume)
        await shared(task)

    def forget(self) -> None:
        """The kernel has lost it."""
        if self._task is not None:
            self._task.cancel()
        self._task = None

    async def close(self) -> None:
        """Ends what goes on in the background."""
        task = self._task
        if task is not None and not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Unreadable, Restarted, KernelUnavailable):
                await task

    async def _install(self) -> None:
        wait = _RESEND
        for _ in range(_RESENDS):
            if await self._send_source(wait):
                return
            wait *= 2
        raise Unreadable(FIRST_MET_BUSY, "busy")

    async def _send_source(self, wait: float) -> bool:
        content = {
            "code": "",
            "silent": True,
            "store_history": False,
            "user_expressions": {EXPRESSION: bootstrap(self._options)},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        try:
            async with asyncio.timeout(wait):
                reply = await self._exchange.request("shell", "execute_request", content)
        except TimeoutError:
            return await self._somebody_installed()
        if reply.get("status") == "aborted":
            return False
        told = (reply.get("user_expressions") or {}).get(EXPRESSION) or {}
        if told.get("status") != "ok":
            raise Unreadable(await self._why_not(told), "unknown")
        return True

    async def _why_not(self, told: Mapping[str, Any]) -> str:
        """Why the source could not be installed: another language, or what the kernel says."""
        info = await self._exchange.request("control", "kernel_info_request", {})
        implementation = str(info.get("implementation", ""))
        if implementation != "ipython":
            return _unsupported(info, implementation)
        return f"The kernel refused to be looked into: {str(told.get('evalue', ''))[:200]}"

    async def _somebody_installed(self) -> bool:
        """Whether another client of this kernel installed the same source meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                hello = await self._exchange.request("control", REQUEST, {"op": "hello"})
                return hello.get("source_hash") == source_hash()
        return False


def _unsupported(info: Mapping[str, Any], implementation: str) -> str:
    language = str((info.get("language_info") or {}).get("name", "")) or "unknown"
    return (
        f"Variables cannot be read in this kernel (language {language[:40]}, implementation {implementation[:40]}): "
        "only its cells and outputs are known."
    )


def consume(task: asyncio.Future[Any]) -> None:
    """Takes notice of a result that nobody may be left to wait for."""
    if not task.cancelled():
        task.exception()


async def shared(task: asyncio.Task[None]) -> None:
    """Waits for work that others wait for, too, and that goes on when the waiting ends.

    Raises:
        Restarted: the work was given up, because the kernel is another one now.
    """
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        own = asyncio.current_task()
        if task.cancelled() and not (own is not None and own.cancelling()):
            raise Restarted from None
        raise
