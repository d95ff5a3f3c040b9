"""Kernels whose messages are lost, late, doubled, swapped, forged or no messages at all on their way to us."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.transport import Channel, KernelMessage, Receiver, ZmqTransport

if TYPE_CHECKING:
    from .conftest import Kernels

#: What of a message arrives, and in which order.
Fault = Callable[[str, Mapping[str, Any]], list[Mapping[str, Any]]]


class FaultyTransport:
    """A kernel's own sockets with a fault on the way back."""

    def __init__(self, real: ZmqTransport, fault: Fault) -> None:
        self._real = real
        self._fault = fault
        self.receive: Receiver = lambda _channel, _message: None

    async def open(self, receive: Receiver) -> None:
        self.receive = receive
        await self._real.open(self._deliver)

    def _deliver(self, channel: str, message: KernelMessage) -> None:
        for delivered in self._fault(channel, message):
            self.receive(channel, delivered)

    def iopub(self) -> AbstractAsyncContextManager[None]:
        return self._real.iopub()

    async def send(self, channel: Channel, message_type: str, content: Mapping[str, Any]) -> str:
        return await self._real.send(channel, message_type, content)

    async def close(self) -> None:
        await self._real.close()


def kind(message: Mapping[str, Any]) -> str:
    name = str(message["header"]["msg_type"])
    return f"{name} {message['content'].get('execution_state')}" if name == "status" else name


def without(*kinds: str) -> Fault:
    return lambda channel, message: [] if kind(message) in kinds and channel != "control" else [message]


def without_iopub(channel: str, message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [] if channel == "iopub" else [message]


def doubled(channel: str, message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [message, message] if channel != "iopub" else [message]


def forged_too(channel: str, message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Before each message the same one for somebody else, and then one for nobody."""
    forged = {**message, "parent_header": {"msg_id": "another"}}
    if channel == "iopub":
        forged["content"] = {**message["content"], "text": "theirs\n", "execution_state": "idle"}
    return [forged, {**forged, "parent_header": {}}, message]


def malformed_too(channel: str, message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Before each message such as no kernel may send."""
    parent = message["parent_header"]
    broken: list[Mapping[str, Any]] = [
        {},
        {"parent_header": None, "header": None, "content": None},
        {"parent_header": ["x"], "header": 3, "content": "text"},
        {"parent_header": {"msg_id": {}}, "header": {"msg_type": []}, "content": []},
    ]
    if channel == "iopub":
        broken.append({"parent_header": parent, "header": {"msg_type": "stream"}, "content": None})
        broken.append({"parent_header": parent, "header": {"msg_type": "display_data"}, "content": {"data": 1}})
    return [*broken, message]


class OutOfOrder:
    """Holds the reply back until the run is idle, or idle until there is a reply."""

    def __init__(self, first: str) -> None:
        self._first = first
        self.transport: FaultyTransport | None = None

    def __call__(self, channel: str, message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        if channel == "iopub" and self._first == "reply" and kind(message) == "status idle":
            asyncio.get_running_loop().call_later(0.3, self._later, channel, message)
            return []
        if channel == "shell" and self._first == "idle":
            asyncio.get_running_loop().call_later(0.3, self._later, channel, message)
            return []
        return [message]

    def _later(self, channel: str, message: Mapping[str, Any]) -> None:
        assert self.transport is not None
        self.transport.receive(channel, message)


def faulty_kernel(kernels: Kernels, fault: Fault) -> RemoteKernel:
    transport = FaultyTransport(ZmqTransport(kernels.manager.client()), fault)
    if isinstance(fault, OutOfOrder):
        fault.transport = transport
    return RemoteKernel(transport, "k", interrupt=kernels.interrupt, is_alive=kernels.manager.is_alive)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (without("status idle"), ("ok", "mine\n")),
        (without("status busy", "status idle"), ("ok", "mine\n")),
        (without_iopub, ("ok", "")),
        (without("execute_reply"), ("error", "mine\nThe kernel ran the code but sent no reply")),
        (doubled, ("ok", "mine\n")),
        (forged_too, ("ok", "mine\n")),
        (malformed_too, ("ok", "mine\n")),
        (OutOfOrder("reply"), ("ok", "mine\n")),
        (OutOfOrder("idle"), ("ok", "mine\n")),
    ],
)
async def test_K16_whatever_becomes_of_the_messages_a_run_ends_with_its_own_output(
    kernels: Kernels, fault: Fault, expected: tuple[str, str]
) -> None:
    ready = kernels.client()
    await ready.execute("0", timeout=30)
    kernel = faulty_kernel(kernels, fault)
    started = time.monotonic()
    result = await kernel.execute("print('mine')", timeout=20)
    assert (result.status, result.text[: len(expected[1])]) == expected
    assert "theirs" not in result.text
    assert time.monotonic() - started < 15
    await kernel.close()


async def test_an_interrupt_that_costs_the_reply_is_an_interrupt(kernels: Kernels) -> None:
    """A second interrupt comes while the first one's traceback is written."""
    ready = kernels.client()
    await ready.execute("0", timeout=30)
    printed = asyncio.Event()

    def without_reply(channel: str, message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        if kind(message) == "stream":
            printed.set()
        return without("execute_reply")(channel, message)

    kernel = faulty_kernel(kernels, without_reply)
    run = asyncio.create_task(kernel.execute("print('mine', flush=True)\nwhile True: pass", timeout=20))
    await printed.wait()
    await kernel.interrupt()
    result = await run
    assert result.error is not None
    assert (result.status, result.error.name, result.text[:5]) == ("error", "KeyboardInterrupt", "mine\n")
    await kernel.close()


@pytest.mark.parametrize("fault", [doubled, forged_too, malformed_too])
async def test_K16_the_state_is_read_past_messages_of_others(kernels: Kernels, fault: Fault) -> None:
    await kernels.client().execute("a = 1", timeout=30)
    kernel = faulty_kernel(kernels, fault)
    state = await kernel.state(timeout=20)
    assert (state.stale, state.variables["a"].facts["value"]) == ("", "1")
    await kernel.close()


@pytest.mark.slow
async def test_K15_a_thousand_interleaved_runs_lose_and_cross_nothing(kernels: Kernels) -> None:
    clients = [kernels.client() for _ in range(4)]

    async def converse(mark: int) -> list[str]:
        return [(await clients[mark].execute(f"print({mark} * 1000 + {n})", timeout=60)).text for n in range(250)]

    texts = await asyncio.gather(*map(converse, range(4)))
    assert texts == [[f"{mark * 1000 + n}\n" for n in range(250)] for mark in range(4)]


async def test_K17_a_culled_kernel_is_dead_for_every_question(kernels: Kernels) -> None:
    kernel = kernels.client()
    await kernel.execute("a = 1", timeout=30)
    assert not (await kernel.state()).stale
    await kernels.manager.shutdown_kernel(now=True)
    state = await kernel.state(timeout=2)
    assert (state.status, state.stale, "a" in state.variables) == ("dead", "The kernel is dead; restart it.", True)
    assert (await kernel.execute("1", timeout=5)).status == "died"
    assert (await kernel.try_execute("1", timeout=5)).status in ("died", "unavailable")


async def test_K20_a_kernel_that_dies_while_it_is_met_is_met_again(kernels: Kernels) -> None:
    kernel = kernels.client()
    reading = asyncio.create_task(kernel.state(timeout=20))
    await kernels.manager.signal_kernel(signal.SIGKILL)
    await kernels.manager.restart_kernel(now=True)
    kernel.notify_restarted()
    await reading
    state = await kernel.state(timeout=30)
    assert (state.stale, dict(state.variables)) == ("", {})
    assert (await kernel.execute("print('there')", timeout=20)).text == "there\n"
