"""Transport of messages to a kernel: the protocol, and ZeroMQ sockets opened through a `jupyter_client` client."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Literal, Protocol
from uuid import uuid4

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.session import DELIM

from jupyter_agent.kernels.large_messages import LARGE, outline

#: So many messages, or seconds, are read before everything else on the loop has its turn.
BATCH_MESSAGES = 16
_BATCH_SECONDS = 0.001
#: Messages that were read and wait to be decoded, and the bytes of their contents.
_MAX_BACKLOG = 5_000
_MAX_BACKLOG_BYTES = 16 << 20
#: What is read of iopub; the rest, such as widgets' messages with their buffers, is dropped as bytes.
_IOPUB_TYPES = frozenset(
    {"status", "execute_input", "stream", "display_data", "execute_result"}
    | {"update_display_data", "error", "clear_output"}
)

#: What is dropped of a backlog; replies, errors and the kernel's status are not.
_DROPPABLE = frozenset({"stream", "display_data", "execute_result", "update_display_data", "clear_output"})
#: The type of a message of our own: so many outputs before the next message were dropped, as they came too fast.
DROPPED = "jupyter_agent_dropped"

Channel = Literal["shell", "control"]
KernelMessage = Mapping[str, Any]
Receiver = Callable[[str, KernelMessage], None]
#: The channel of the last thing that is received where the other end closed the connection.
CLOSED = "closed"


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
        # Whoever awaits a message that is there already does not give way to others: a flood would hold the loop.
        backlog = _Backlog()
        decoding = asyncio.create_task(self._decode(channel, backlog))
        count, began = 0, time.monotonic()
        try:
            while True:
                parts = await socket.recv_multipart(copy=False)
                # A kernel may send anything.
                with contextlib.suppress(Exception):
                    self._sort_in(channel, parts, backlog)
                del parts
                count += 1
                if count >= BATCH_MESSAGES or time.monotonic() - began >= _BATCH_SECONDS:
                    await asyncio.sleep(0)
                    count, began = 0, time.monotonic()
        finally:
            decoding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await decoding

    def _sort_in(self, channel: str, parts: list[zmq.Frame], backlog: _Backlog) -> None:
        """Keep a message that somebody here waits for, which its bytes show already."""
        session = self._client.session
        delimiter = next(index for index, part in enumerate(parts) if part.bytes == DELIM)
        signature, header, parent, metadata = (part.bytes for part in parts[delimiter + 1 : delimiter + 5])
        content = parts[delimiter + 5].buffer
        kind = session.unpack(header)
        if channel == "iopub":
            if session.bsession not in parent:  # an answer to somebody else; that the kernel ends is for all
                if kind["msg_type"] != "status" or len(content) >= LARGE or not is_end(bytes(content)):
                    return
            elif kind["msg_type"] not in _IOPUB_TYPES:
                return
        backlog.add(_Waiting(kind, signature, [header, parent, metadata, content]))

    async def _decode(self, channel: str, backlog: _Backlog) -> None:
        began = time.monotonic()
        while True:
            waiting = await backlog.next()
            # It may be of another key, or no JSON.
            with contextlib.suppress(Exception):
                message = await self._decoded(channel, waiting)
                if message is not None:
                    if backlog.dropped:
                        header = {**waiting.header, "msg_type": DROPPED}
                        self._receive(channel, {**message, "header": header, "content": {"count": backlog.dropped}})
                        backlog.dropped = 0
                    self._receive(channel, message)
            del waiting
            if time.monotonic() - began >= _BATCH_SECONDS:
                await asyncio.sleep(0)
                began = time.monotonic()

    async def _decoded(self, channel: str, waiting: _Waiting) -> KernelMessage | None:
        """The message; None where it is not signed with the kernel's key."""
        session, header, content = self._client.session, waiting.header, waiting.signed[3]
        is_large = len(content) >= LARGE
        signing = session.sign
        expected = await asyncio.to_thread(signing, waiting.signed) if is_large else signing(waiting.signed)
        if not compare_digest(waiting.signature, expected):
            return None
        is_output = channel == "iopub" or header["msg_type"] == "execute_reply"
        read = outline(header["msg_type"], memoryview(content)) if is_large and is_output else None
        if read is None:
            read = session.unpack(bytes(content))
        return {"header": header, "parent_header": session.unpack(waiting.signed[1]), "metadata": {}, "content": read}


@dataclass(slots=True)
class _Waiting:
    """A message that is not decoded yet: its header, its signature, and the parts that are signed, the content last."""

    header: Mapping[str, Any]
    signature: bytes
    signed: list[bytes | memoryview]


class _Backlog:
    """Messages that wait to be decoded, bounded in number and bytes: past that the oldest outputs are dropped.

    Attributes:
        dropped: How many were, since that was passed on.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._messages: deque[_Waiting] = deque()
        self._bytes = 0
        self._is_filled = asyncio.Event()

    def add(self, waiting: _Waiting) -> None:
        self._messages.append(waiting)
        self._bytes += len(waiting.signed[3])
        self._is_filled.set()
        while len(self._messages) > 1 and (len(self._messages) > _MAX_BACKLOG or self._bytes > _MAX_BACKLOG_BYTES):
            droppable = (index for index, kept in enumerate(self._messages) if kept.header["msg_type"] in _DROPPABLE)
            index = next(droppable, None)
            if index is None:
                break
            self._bytes -= len(self._messages[index].signed[3])
            del self._messages[index]
            self.dropped += 1

    async def next(self) -> _Waiting:
        """The oldest message, once there is one."""
        while not self._messages:
            self._is_filled.clear()
            await self._is_filled.wait()
        waiting = self._messages.popleft()
        self._bytes -= len(waiting.signed[3])
        return waiting


def is_end(status: bytes) -> bool:
    """Whether a status message says that the kernel has ended or begins anew."""
    return b'"starting"' in status or b'"dead"' in status
