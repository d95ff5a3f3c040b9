"""Requests to a kernel and their replies, matched by the id of the parent message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.kernels.transport import CLOSED, Channel, KernelMessage, Transport

#: A request that every kernel answers at once, and that changes nothing: ``kernel_info_request`` makes IPython draw a
#: random tip, from the user's own random numbers.
PROBE_TYPE = "comm_info_request"
PROBE_CONTENT: Mapping[str, Any] = {"target_name": "jupyter_agent"}
_LOST = "The connection to the kernel was lost. What was running may still run there."


class Restarted(Exception):
    """The kernel was restarted, so the reply never comes."""


class KernelRpc:
    """Requests and replies of one kernel over one transport.

    Args:
        transport: Connects to the kernel with the first request, and again after the connection was lost.

    Attributes:
        is_open: Whether there is a connection.
    """

    def __init__(self, transport: Transport) -> None:
        self.is_open = False
        self._transport = transport
        self._pending: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self._listener: Callable[[KernelMessage], None] | None = None
        self._opening = asyncio.Lock()

    async def request(self, channel: Channel, message_type: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a request and wait for its reply; the caller sets the time limit.

        Returns:
            The reply's content.

        Raises:
            Restarted: the kernel was restarted meanwhile.
            KernelUnavailable: the kernel cannot be reached.
        """
        async with self.sent(channel, message_type, content) as (_, reply):
            return await reply

    @asynccontextmanager
    async def sent(
        self, channel: Channel, message_type: str, content: Mapping[str, Any]
    ) -> AsyncGenerator[tuple[str, asyncio.Future[Mapping[str, Any]]], None]:
        """Send a request; within it, its message's id and the content of its reply to come."""
        await self._open()
        try:
            identifier = await self._transport.send(channel, message_type, content)
        except KernelUnavailable:
            self.is_open = False
            raise
        reply: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending[identifier] = reply
        try:
            yield identifier, reply
        finally:
            self._pending.pop(identifier, None)

    @asynccontextmanager
    async def subscribed(self, listener: Callable[[KernelMessage], None]) -> AsyncGenerator[None, None]:
        """Within it everything that the kernel publishes on iopub is passed to one listener."""
        await self._open()
        self._listener = listener
        try:
            async with self._transport.iopub():
                yield
        finally:
            self._listener = None

    def fail_pending(self, error: Exception | None = None) -> None:
        """Raise an error, by default `Restarted`, wherever a reply is waited for."""
        pending, self._pending = self._pending, {}
        for reply in pending.values():
            if not reply.done():
                reply.set_exception(error or Restarted())
                reply.exception()

    async def close(self) -> None:
        """Disconnect."""
        self.fail_pending()
        await self._transport.close()

    async def _open(self) -> None:
        async with self._opening:
            if not self.is_open:
                await self._transport.open(self._receive)
                self.is_open = True

    def _receive(self, channel: str, message: KernelMessage) -> None:
        if channel == CLOSED:
            self.is_open = False
            self.fail_pending(KernelUnavailable(_LOST))
            return
        if channel == "iopub":
            if self._listener is not None:
                self._listener(message)
            return
        reply = self._pending.get(text_field(message, "parent_header", "msg_id"))
        content = message.get("content")
        if reply is not None and not reply.done():
            reply.set_result(content if isinstance(content, Mapping) else {})


def execute_request(code: str, expressions: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Content of the request that runs code as a cell of the user's, or, with expressions to evaluate after it, unseen."""
    return {
        "code": code,
        "silent": expressions is not None,
        "store_history": expressions is None,
        "user_expressions": dict(expressions or {}),
        "allow_stdin": False,
        "stop_on_error": False,
    }


def text_field(message: KernelMessage, part: str, name: str) -> str:
    """A text field in a part of a message; empty where a kernel has sent anything else."""
    fields = message.get(part)
    value = fields.get(name) if isinstance(fields, Mapping) else None
    return value if isinstance(value, str) else ""
