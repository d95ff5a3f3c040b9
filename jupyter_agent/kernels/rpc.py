"""Pairs a kernel's answers with their requests, by the id of the parent message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_agent.core.errors import KernelUnavailable
from jupyter_agent.kernels.transport import Channel, KernelMessage, Transport

#: A request that every kernel answers at once, and that changes nothing: ``kernel_info_request`` makes IPython draw a
#: random tip, from the user's own random numbers.
SIGN_OF_LIFE = "comm_info_request"
NOTHING: Mapping[str, Any] = {"target_name": "jupyter_agent"}

Listener = Callable[[KernelMessage], None]


class Restarted(Exception):
    """The kernel that should have answered is no more."""


class Exchange:
    """Requests and answers of one kernel over one transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self._listener: Listener | None = None
        self._opened = False
        self._opening = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._opened

    async def open(self) -> None:
        """Connects, once, and again after the connection was lost."""
        async with self._opening:
            if not self._opened:
                await self._transport.open(self._receive)
                self._opened = True

    async def request(self, channel: Channel, message_type: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """Sends a request and waits for its answer; whoever calls sets the time limit.

        Returns:
            The answer's content.

        Raises:
            Restarted: the kernel was restarted meanwhile.
            KernelUnavailable: there is no way to the kernel.
        """
        identifier, answer = await self.send(channel, message_type, content)
        try:
            return await answer
        finally:
            self._waiting.pop(identifier, None)

    async def send(
        self, channel: Channel, message_type: str, content: Mapping[str, Any]
    ) -> tuple[str, asyncio.Future[Mapping[str, Any]]]:
        """Sends a request; the id of its message and its answer to come. `forget` it when done."""
        await self.open()
        try:
            identifier = await self._transport.send(channel, message_type, content)
        except KernelUnavailable:
            self._opened = False
            raise
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[identifier] = answer
        return identifier, answer

    def forget(self, identifier: str) -> None:
        """Nobody waits for this answer any more."""
        self._waiting.pop(identifier, None)

    async def listen(self, listener: Listener) -> None:
        """Gives everything that the kernel publishes to one listener."""
        await self.open()
        self._listener = listener
        await self._transport.open_iopub()

    async def stop_listening(self) -> None:
        """Ends `listen`."""
        self._listener = None
        await self._transport.close_iopub()

    def restarted(self) -> None:
        """Tells all who wait that their answer will never come."""
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(Restarted())
                answer.exception()

    async def close(self) -> None:
        """Disconnects."""
        self.restarted()
        await self._transport.close()

    def _receive(self, channel: str, message: KernelMessage) -> None:
        if channel == "iopub":
            if self._listener is not None:
                self._listener(message)
            return
        answer = self._waiting.get(text_of(message, "parent_header", "msg_id"))
        content = message.get("content")
        if answer is not None and not answer.done():
            answer.set_result(content if isinstance(content, Mapping) else {})


def text_of(message: KernelMessage, part: str, name: str) -> str:
    """A text in a part of a message; empty where a kernel has sent anything else."""
    held = message.get(part)
    found = held.get(name) if isinstance(held, Mapping) else None
    return found if isinstance(found, str) else ""
