"""Kernels that send more than anybody reads: others have their turn, and what is kept is bounded."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import pytest
import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.session import Session

from jupyter_agent.kernels.gateway import WebSocketTransport
from jupyter_agent.kernels.large_messages import LARGE, outline
from jupyter_agent.kernels.outputs import OutputCollector
from jupyter_agent.kernels.transport import BATCH_MESSAGES, ZmqTransport
from jupyter_agent.kernelside.head_tail import LIMIT

if TYPE_CHECKING:
    from .conftest import Kernels

MESSAGES = 5_000
MIB = 1 << 20


class FullSocket:
    """A socket where the next message is always there already, until there is none left."""

    def __init__(self, messages: list[list[zmq.Frame]]) -> None:
        self._messages = messages
        self.read = 0
        self.is_empty = asyncio.Event()

    async def recv_multipart(self, *, copy: bool) -> list[zmq.Frame]:
        assert not copy
        if self.read == len(self._messages):
            self.is_empty.set()
            await asyncio.Event().wait()
        self.read += 1
        return self._messages[self.read - 1]

    def close(self, **_: Any) -> None: ...


class FullClient:
    """A client of a kernel whose iopub socket is full."""

    def __init__(self) -> None:
        self.session = Session(key=b"key")
        self.socket: FullSocket

    def connect_iopub(self) -> FullSocket:
        return self.socket

    def message(self, kind: str, content: Mapping[str, Any], *, session: str | None = None) -> list[zmq.Frame]:
        parent = {"header": {"msg_id": "m1", "session": session or self.session.session}}
        message = self.session.msg(kind, content=dict(content), parent=cast("Any", parent))
        return [zmq.Frame(part) for part in (b"topic", *self.session.serialize(message))]


async def read_all(client: FullClient, transport: ZmqTransport) -> tuple[list[Any], int]:
    """What the transport passes on of a full socket, and how often others had their turn meanwhile."""
    received: list[Any] = []
    transport._receive = lambda _channel, message: received.append(message)
    turns = 0
    async with transport.iopub():
        while not client.socket.is_empty.is_set():
            await asyncio.sleep(0)
            turns += 1
        for _ in range(client.socket.read):  # at least one of what waits is decoded each time
            await asyncio.sleep(0)
    return received, turns


def full_transport() -> tuple[FullClient, ZmqTransport]:
    client = FullClient()
    return client, ZmqTransport(cast("AsyncKernelClient", client))


async def test_N13_others_have_their_turn_while_a_flood_is_read() -> None:
    client, transport = full_transport()
    display = client.message("display_data", {"data": {"text/plain": "1"}, "metadata": {}})
    client.socket = FullSocket([display] * MESSAGES)
    received, turns = await read_all(client, transport)
    assert len(received) == MESSAGES  # as many as may wait: none is dropped
    assert turns >= MESSAGES / BATCH_MESSAGES
    assert received[0]["content"]["data"] == {"text/plain": "1"}


async def test_N13_of_what_waits_the_oldest_outputs_are_dropped_and_that_is_said() -> None:
    client, transport = full_transport()
    large = client.message("stream", {"name": "stdout", "text": "x" * 700_000})
    end = client.message("status", {"execution_state": "idle"})
    client.socket = FullSocket([*[large] * 100, end])
    received, _ = await read_all(client, transport)
    kinds = [message["header"]["msg_type"] for message in received]
    assert kinds[-1] == "status"
    dropped = sum(message["content"]["count"] for message in received if "count" in message["content"])
    assert dropped + kinds.count("stream") == 100
    assert dropped > 0
    outputs = OutputCollector()
    outputs.add_dropped(dropped)
    assert (
        outputs.result("ok").text == f"\n[… {dropped} outputs left out: they came faster than they could be read …]\n"
    )


async def test_N13_what_answers_somebody_else_is_dropped_as_bytes() -> None:
    client, transport = full_transport()
    theirs = client.message("display_data", {"data": {"text/plain": "1"}}, session="another")
    widget = client.message("comm_msg", {"data": {"value": 1}})
    dead = client.message("status", {"execution_state": "dead"}, session="another")
    busy = client.message("status", {"execution_state": "busy"}, session="another")
    forged = client.message("stream", {"name": "stdout", "text": "not signed with the key"})
    forged[-1] = zmq.Frame(b'{"name": "stdout", "text": "forged"}')
    client.socket = FullSocket([theirs, widget, busy, forged, dead, [zmq.Frame(b"no message at all")]])
    unpacked: list[bytes] = []
    unpack = client.session.unpack
    client.session.unpack = lambda data: unpacked.append(data) or unpack(data)  # type: ignore[func-returns-value]
    received, _ = await read_all(client, transport)
    assert [message["content"] for message in received] == [{"execution_state": "dead"}]
    contents = {bytes(message[-1].buffer) for message in (theirs, widget, busy, forged)}
    assert not contents & set(unpacked)


@pytest.mark.parametrize("text", ["x" * 99 + "\n", "1\n", "\\", '"\\n', "é\x1b[0m", "\U0001f600", "\0"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_N13_of_a_large_print_the_head_and_the_tail_are_read(text: str, ascii_only: bool) -> None:
    printed = text * (4 * MIB // len(text))
    content = json.dumps({"name": "stderr", "text": printed}, ensure_ascii=ascii_only).encode()
    read = outline("stream", memoryview(content))
    assert read is not None
    outputs = OutputCollector()
    outputs.add("stream", read)
    result = outputs.result("ok")
    shown = result.outputs[0]["text"]
    assert result.outputs[0]["name"] == "stderr"
    assert "characters left out" in shown
    head, _, rest = str(shown).partition("\n[…")
    tail = rest.partition("…]\n")[2]
    assert (head, tail) == (printed[: len(head)], printed[len(printed) - len(tail) :])
    assert len(head) == LIMIT
    assert len(tail) == LIMIT or text == "\\"  # where in a row of backslashes it begins cannot be known


def test_N13_an_output_past_the_cap_is_named_with_its_size() -> None:
    content = {"data": {"text/html": "x" * 100 * MIB, "text/plain": "<Page>"}, "metadata": {}, "transient": {}}
    data = memoryview(json.dumps(content).encode())
    tracemalloc.start()
    try:
        read = outline("display_data", data)
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()
    assert read is not None
    outputs = OutputCollector()
    outputs.add("display_data", read)
    result = outputs.result("ok")
    assert result.text == f"[display_data, {len(data):,} bytes, left out]\n<Page>\n"
    assert outline("display_data", memoryview(b"x" * LARGE)) is None


def test_N13_an_error_past_the_cap_keeps_its_name() -> None:
    content = {"ename": "ValueError", "evalue": "x" * 9 * MIB, "traceback": ["x" * 9 * MIB]}
    read = outline("error", memoryview(json.dumps(content).encode()))
    assert read is not None
    assert (read["status"], read["ename"], read["evalue"]) == ("error", "ValueError", "x" * 2000)


def test_N13_updates_of_displays_do_not_grow_past_the_cap() -> None:
    outputs = OutputCollector()
    for number in range(40):
        content = {"data": {"text/plain": "1"}, "transient": {"display_id": f"d{number}"}}
        outputs.add("display_data", content)
    for number in range(40):
        data = {f"text/{kind}": "x" * MIB for kind in ("plain", "html")}
        outputs.add("update_display_data", {"data": data, "transient": {"display_id": f"d{number}"}})
    kept = sum(len(text) for output in outputs.result("ok").outputs for text in output["data"].values())
    assert kept < 10 * MIB


async def test_N13_a_real_kernels_flood_is_read_to_its_end(kernels: Kernels) -> None:
    kernel = kernels.client()
    code = (
        "for n in range(3_000): display(n)\nprint('x' * 5_000_000)\ndisplay({'text/html': 'x' * 9_000_000}, raw=True)"
    )
    result = await kernel.execute(f"from IPython.display import display\n{code}\nprint('the end')", timeout=120)
    assert result.status == "ok"
    assert result.text.startswith("0\n1\n")
    assert "characters left out" in result.text
    assert "[display_data, 9,0" in result.text
    assert result.text.endswith("the end\n")
    assert any("outputs left out" in str(output.get("text")) for output in result.outputs)


class FullWebSocket:
    """A gateway's websocket that sends what it has, and is closed then."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = iter(texts)

    async def read_message(self) -> str | None:
        return next(self._texts, None)


async def test_N13_of_a_gateway_too_only_what_is_ours_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = WebSocketTransport("ws://127.0.0.1:1/")
    parsed: list[str] = []

    def loads(text: str) -> dict[str, str]:
        parsed.append(text)
        return {"channel": "x"}

    monkeypatch.setattr("jupyter_agent.kernels.gateway.json.loads", loads)

    def text(channel: str, session: str, content: str = "{}") -> str:
        return f'{{"parent_header": {{"session": "{session}"}}, "content": {content}, "channel": "{channel}"}}'

    ours = transport._session
    ended = text("iopub", "another", '{"execution_state": "dead"}')
    texts = [text("iopub", "another"), text("iopub", ours), ended, text("shell", ours)]
    received: list[str] = []
    socket: Any = FullWebSocket(texts)
    await transport._read(socket, lambda channel, _message: received.append(channel))
    assert parsed == [texts[3]]
    assert received[-1] == "closed"
    async with transport.iopub():
        socket = FullWebSocket(texts)
        with suppress(asyncio.CancelledError):
            await transport._read(socket, lambda _channel, _message: None)
    assert parsed == [texts[3], *texts[1:]]
