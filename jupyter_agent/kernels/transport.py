"""Transport of messages to a kernel: the protocol, and ZeroMQ sockets opened through a `jupyter_client` client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol
from uuid import uuid4

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient

Channel = Literal["shell", "control"]
KernelMessage = Mapping[str, Any]
Receiver = Callable[[str, KernelMessage], None]


class Transport(Protocol):
    """Carries messages to one kernel and back."""

    async def open(self, receive: Receiver) -> None:
        """Connect shell and control; `receive(channel, message)` is called with whatever comes. Once."""

    def iopub(self) -> AbstractAsyncContextManager[None]:
        """Within it iopub messages are received, too."""

    async def send(self, channel: Channel, message_type: str, content: Mapping[str, Any]) -> str:
        """Send a request.

        Returns:
            The message's id, which replies have as their parent's.
        """

    async def close(self) -> None:
        """Close the connections."""


class ZmqTransport:
    """Sockets of our own to a kernel's ports, under an identity of our own.

    Args:
        client: A client whose channels were never started: only its addresses and keys are used. Its session gets an
            identity of its own, because a copied one would take another client's replies.
    """

    def __init__(self, client: AsyncKernelClient) -> None:
        self._client = client
        client.session.session = uuid4().hex
        self._sockets: dict[str, zmq.asyncio.Socket] = {}
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._receive: Receiver

    async def open(self, receive: Receiver) -> None:
        """Connect shell and control."""
        self._receive = receive
        # Shared by all: a context of our own that nobody closed would block whoever collects it, for ever.
        self._client.context = zmq.asyncio.Context.instance()
        identity = self._client.session.bsession
        self._start("shell", self._client.connect_shell(identity=identity))
        self._start("control", self._client.connect_control(identity=identity))

    @contextlib.asynccontextmanager
    async def iopub(self) -> AsyncGenerator[None, None]:
        """Subscribe to iopub; only as long as needed, so that messages that nobody needs are not decoded."""
        self._start("iopub", self._client.connect_iopub())
        try:
            yield
        finally:
            await self._stop("iopub")

    async def send(self, channel: Channel, message_type: str, content: Mapping[str, Any]) -> str:
        """Send a request."""
        session = self._client.session
        message = session.msg(message_type, dict(content))
        # Not `session.send`: it goes past the asyncio socket, which then may miss that an answer has come.
        await self._sockets[channel].send_multipart(session.serialize(message))
        return str(message["header"]["msg_id"])

    async def close(self) -> None:
        """Close all sockets."""
        for channel in list(self._sockets):
            await self._stop(channel)

    def _start(self, channel: str, socket: Any) -> None:
        # What waits for a dead kernel must not hold up whoever collects an object that nobody closed.
        socket.linger = 0
        self._sockets[channel] = socket
        self._readers[channel] = asyncio.create_task(self._read(channel, socket))

    async def _stop(self, channel: str) -> None:
        reader = self._readers.pop(channel, None)
        if reader is not None:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
        socket = self._sockets.pop(channel, None)
        if socket is not None:
            socket.close(linger=0)

    async def _read(self, channel: str, socket: zmq.asyncio.Socket) -> None:
        session = self._client.session
        while True:
            parts = await socket.recv_multipart()
            try:
                _, frames = session.feed_identities(parts)
                message = session.deserialize(frames)
            except Exception:  # noqa: BLE001, S112 - a kernel may send anything, such as a message of another key
                continue
            self._receive(channel, message)
