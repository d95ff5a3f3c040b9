"""What a turn costs: a question through a real Jupyter server against the same question asked of the model's server.

One run, four more processes: a model's server that streams, a relay, a Jupyter server with ours, and a kernel with
frames in it. Each token carries the moment at which it was sent, on the machine's monotonic clock.

- ``first`` and ``total``: milliseconds until the first token and until the end, by the OpenAI SDK on each way, in turns;
  through us the context is built from the live kernel and the conversation is stored before and after. The ratio is what
  we add to the first token, in times of the SDK's own.
- ``ran``: the same where a cell has run before each question, so that the kernel has to be asked what has changed.
- ``floor``: milliseconds of what no first token can come without: one durable commit, and one round trip to the kernel
  where something has run, which go on at the same time, each measured alone.
- ``token``: milliseconds from the model's server to the reader, of 100 concurrent streams with 50 tokens a second each. The
  ratio is what we add at the 99th percentile, in times of the SDK's.
- The model is named like those that call tools as they should, which are passed on token by token. What others answer to a
  question for a value comes sentence by sentence, see `models/openai_compatible/code_blocks.py`.
- ``relay``: the same through what no server in Tornado is below: one that does nothing but hand each token on.
- ``lag``: milliseconds that a request which does nothing waits meanwhile, which no lag of the event loop can exceed.
- ``server``: milliseconds of processor time that our server took for each answer, which do not depend on what else the
  machine does, and its memory in MiB before and after the 100 streams.

Run: ``python benchmarks/turn.py [rounds] [streams]``.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from jupyter_client.asynchronous.client import AsyncKernelClient
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from jupyter_agent.core.session import Session
from jupyter_agent.kernels.rpc import KernelRpc
from jupyter_agent.kernels.transport import ZmqTransport
from jupyter_agent.kernelside.wire import REQUEST
from jupyter_agent.stores.sqlite import SqliteStore
from tests.support.front_end import FrontEnd
from tests.support.running_server import TOKEN, RunningServer

FILL = """
import numpy, pandas
for n in range(20):
    globals()[f'df{n}'] = pandas.DataFrame({c: numpy.arange(1000) for c in 'abcdefgh'})
"""
QUESTION = "How many rows does df3 have?"
TOKENS, PAUSE = 50, 0.002
MANY_TOKENS, MANY_PAUSE = 150, 0.02
SENT = re.compile(rb"\bt(\d{7,})")


# The model's server ------------------------------------------------------------------------------


async def serve_model() -> None:
    """Stream tokens: as many, and as fast, as the model's name says."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            size = int(re.search(r"content-length: (\d+)", head)[1]) if "content-length" in head else 0  # type: ignore[index]
            body = json.loads(await reader.readexactly(size)) if size else {"model": "gpt-5-1-0"}
            *_, tokens, pause = body["model"].split("-")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for number in range(int(tokens)):
                _chunk(writer, {"content": f"t{time.monotonic_ns() // 1000} "}, None)
                if number + 1 < int(tokens):
                    await asyncio.sleep(float(pause))
            _chunk(writer, {}, "stop")
            _write(writer, b"data: [DONE]\n\n")
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _chunk(writer: asyncio.StreamWriter, delta: dict[str, str], finish: str | None) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
    _write(writer, f"data: {json.dumps(chunk)}\n\n".encode())


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


async def serve_relay(port: int) -> None:
    """Hand each piece of an answer on, and nothing else: a handler of Tornado as bare as it can be."""

    class Relay(RequestHandler):
        async def post(self) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(self.request.body)}\r\n\r\n"
            writer.write(head.encode() + self.request.body)
            await reader.readuntil(b"\r\n\r\n")
            self.set_header("Content-Type", "text/event-stream")
            self.request.connection.stream.set_nodelay(True)  # type: ignore[union-attr]
            while size := int(await reader.readline(), 16):
                self.write((await reader.readexactly(size + 2))[:-2])
                self.flush()
            writer.close()

    server = HTTPServer(Application([("/v1/chat/completions", Relay)]))
    server.add_sockets(sockets := bind_sockets(0, "127.0.0.1"))
    print(sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


@asynccontextmanager
async def served(*arguments: str) -> AsyncIterator[str]:
    """Another process of this file, which prints its port; its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, *arguments), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        await process.wait()


# One after the other -----------------------------------------------------------------------------


async def one_turn(client: Any, model: str, extra: dict[str, Any]) -> tuple[float, float]:
    """Seconds until the first token, and until the end."""
    began, first = time.monotonic(), 0.0
    messages = [{"role": "user", "content": QUESTION}]
    stream = await client.chat.completions.create(model=model, messages=messages, stream=True, extra_body=extra)
    async for chunk in stream:
        if not first and chunk.choices and chunk.choices[0].delta.content:
            first = time.monotonic() - began
    return first, time.monotonic() - began


async def one_after_the_other(direct: Any, relay: Any, ours: Any, front_end: FrontEnd, rounds: int) -> None:
    model = f"gpt-5-{TOKENS}-{PAUSE}"
    found: dict[str, list[tuple[float, float]]] = {"direct": [], "relay": [], "ours": [], "ran": []}
    for number in range(rounds + 3):
        for name, client in (("direct", direct), ("relay", relay), ("ours", ours), ("ran", ours)):
            place = {"notebook_id": "analysis.ipynb", "session_id": uuid.uuid4().hex} if client is ours else {}
            if name == "ran":
                await front_end.run(f"number = {number}")
                await asyncio.sleep(0.02)
            measured = await one_turn(client, model, place)
            if number >= 3:
                found[name].append(measured)
    for at, what in enumerate(("first", "total")):
        medians = {name: 1000 * statistics.median(turn[at] for turn in turns) for name, turns in found.items()}
        print(f"{what:8}", *(f"{name} {median:7.1f} " for name, median in medians.items()), end="")
        for name in ("ours", "ran"):
            added = statistics.median(1000 * (b[at] - a[at]) for a, b in zip(found["direct"], found[name], strict=True))
            ratio = f", {added / medians['direct']:.1f} times" if what == "first" else ""
            print(f" {name} adds {added:6.1f} ms{ratio}", end=";" if name == "ours" else "\n")


async def floor(home: Path, kernel_id: str, rounds: int) -> None:
    """Commit to a store on the same disk, and ask the same kernel for what has changed, each alone."""
    store = SqliteStore(home / "floor.db")
    session = Session("key", "id", "owner", "a.ipynb", created_at=time.time())
    await store.create(session)
    commits: list[float] = []
    for revision in range(2, rounds + 2):
        began = time.monotonic()
        await store.commit(replace(session, revision=revision))
        commits.append(time.monotonic() - began)
    await store.close()
    client = AsyncKernelClient()
    client.load_connection_file(str(home / "runtime" / f"kernel-{kernel_id}.json"))
    rpc = KernelRpc(ZmqTransport(client))
    trips: list[float] = []
    for _ in range(rounds):
        began = time.monotonic()
        await rpc.request("control", REQUEST, {"op": "hello"})
        trips.append(time.monotonic() - began)
    await rpc.close()
    commit, trip = (1000 * statistics.median(times) for times in (commits, trips))
    print(f"floor    commit {commit:.1f} ms, round trip to the kernel {trip:.1f} ms median")


# Many at once ------------------------------------------------------------------------------------


async def read_tokens(url: str, path: str, token: str, body: dict[str, Any]) -> list[float]:
    """Milliseconds from sending to reading, of each token of one stream."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: token {token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + data)
    ages: list[float] = []
    while line := await reader.readline():
        if line.startswith(b"data: [DONE]"):
            break
        if line.startswith(b"data: ") and b"sessionId" not in line:  # the last one repeats the whole answer
            now = time.monotonic_ns() // 1000
            ages += [(now - int(sent)) / 1000 for sent in SENT.findall(line)]
    writer.close()
    return ages


async def pinged(server: RunningServer, stop: asyncio.Event) -> list[float]:
    """Milliseconds that a request which does nothing takes, again and again."""
    waits: list[float] = []
    while not stop.is_set():
        began = time.monotonic()
        await server("GET", "api/agent/health/live")
        waits.append(1000 * (time.monotonic() - began))
        await asyncio.sleep(0.05)
    return waits


async def many_at_once(streams: int, ask: Callable[[], Awaitable[list[float]]]) -> list[float]:
    async def later(number: int) -> list[float]:
        await asyncio.sleep(number * 0.01)
        return await ask()

    found = await asyncio.gather(*(later(number) for number in range(streams)))
    assert all(len(ages) == MANY_TOKENS for ages in found), sorted({len(ages) for ages in found})
    return [age for ages in found for age in ages]


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


async def many(base_url: str, relay_url: str, server: RunningServer, streams: int) -> None:
    body = {
        "model": f"gpt-5-{MANY_TOKENS}-{MANY_PAUSE}",
        "messages": [{"role": "user", "content": QUESTION}],
        "stream": True,
    }
    place = {"notebook_id": "analysis.ipynb"}
    path = "/api/agent/v1/chat/completions"
    plain = "/v1/chat/completions"
    direct, relay = [
        await many_at_once(streams, partial(read_tokens, url, plain, "x", body)) for url in (base_url, relay_url)
    ]
    stop = asyncio.Event()
    pinging = asyncio.ensure_future(pinged(server, stop))
    ours = await many_at_once(
        streams, lambda: read_tokens(server.url, path, TOKEN, {**body, **place, "session_id": uuid.uuid4().hex})
    )
    stop.set()
    waits = await pinging
    for percent in (50, 99):
        a, floor, b = (_percentile(ages, percent) for ages in (direct, relay, ours))
        added = f"added {b - a:6.1f} ms, {(b - a) / a:.1f} times (relay {(floor - a) / a:.1f})"
        print(f"token p{percent} direct {a:7.1f}  relay {floor:7.1f}  ours {b:7.1f}  {added}")
    print(f"lag      p50 {_percentile(waits, 50):.1f}  p99 {_percentile(waits, 99):.1f}  max {max(waits):.1f} ms")


class Usage:
    """Processor time and memory of a server since the last report."""

    def __init__(self, server: RunningServer) -> None:
        assert server._process is not None
        self._of = Path(f"/proc/{server._process.pid}")
        self._seconds, self._mebibytes = self._now()

    def report(self, answers: int, what: str) -> None:
        before, held = self._seconds, self._mebibytes
        self._seconds, self._mebibytes = self._now()
        each = 1000 * (self._seconds - before) / answers
        print(f"server   {each:.1f} ms for each {what}, memory {held} MiB before, {self._mebibytes} after")

    def _now(self) -> tuple[float, int]:
        fields = (self._of / "stat").read_text().rpartition(")")[2].split()
        pages = int((self._of / "statm").read_text().split()[1])
        ticks = int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") >> 20


async def main(rounds: int, streams: int) -> None:
    import openai

    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as home:
        async with served("--model-server") as base_url, served("--relay", base_url) as relay_url:
            environment = {
                "OPENAI_BASE_URL": base_url,
                "OPENAI_API_KEY": "sk-none",
                "JUPYTER_AGENT_MODEL": "openai:gpt-5-1-0",
                "JUPYTER_AGENT_MAX_RUNNING_TURNS": "1000",
                "PYTHONPATH": str(ROOT),
            }
            server = RunningServer(Path(home), environment, is_debugged=False)
            await server.start()
            kernel_id = await server.open_notebook("analysis.ipynb")
            ours = openai.AsyncOpenAI(base_url=f"{server.url}api/agent/v1", api_key=TOKEN, max_retries=0)
            direct, relay = (
                openai.AsyncOpenAI(base_url=url, api_key="x", max_retries=0) for url in (base_url, relay_url)
            )
            try:
                async with server.front_end(kernel_id) as front_end:
                    await front_end.run(FILL)
                    # The first question imports the SDK, which is no cost of a turn.
                    await one_turn(ours, "gpt-5-1-0", {"notebook_id": "analysis.ipynb"})
                    await asyncio.sleep(2)
                    await floor(Path(home), kernel_id, rounds)
                    usage = Usage(server)
                    await one_after_the_other(direct, relay, ours, front_end, rounds)
                    usage.report(2 * (rounds + 3), f"answer of {TOKENS} tokens")
                await many(base_url, relay_url, server, streams)
                usage.report(streams, f"stream of {MANY_TOKENS} tokens")
            finally:
                await asyncio.gather(ours.close(), relay.close(), direct.close())
                await server("DELETE", f"api/kernels/{kernel_id}")
                await server.end()


if __name__ == "__main__":
    if "--model-server" in sys.argv:
        asyncio.run(serve_model())
    elif "--relay" in sys.argv:
        asyncio.run(serve_relay(urlsplit(sys.argv[-1]).port or 0))
    else:
        given = [int(argument) for argument in sys.argv[1:]]
        asyncio.run(main(given[0] if given else 30, given[1] if len(given) > 1 else 100))
