"""Many at once, on a real server: a hundred answers that stream, two hundred that wait, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_model_server import STREAM, chunk, event, running
from tests.support.running_server import RunningServer

STREAMS, WAITING, ROUNDS = 100, 200, 3
WORDS = [f"word{number} " for number in range(40)]
PAUSE = 0.02
MOST_KEPT = 40 * 1024
CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "run_code", "arguments": '{"code": "1"}'}}


async def asks_to_run_code(writer: asyncio.StreamWriter) -> None:
    writer.write((STREAM + chunk(tool_calls=[CALL]) + chunk("tool_calls") + event("[DONE]")).encode())
    await writer.drain()


async def speaks(writer: asyncio.StreamWriter) -> None:
    writer.write(STREAM.encode())
    for word in WORDS:
        writer.write(chunk(content=word).encode())
        await asyncio.sleep(PAUSE)
    writer.write((chunk("stop") + event("[DONE]")).encode())
    await writer.drain()


async def answered(server: RunningServer) -> str:
    """The reply of one stream, if the texts that came before say the same."""
    texts: list[str] = []
    body = {"query": "Tell me.", "stream": True, "context": {"session_id": uuid.uuid4().hex}}
    async with aclosing(server.stream(body)) as events:
        async for name, data in events:
            if name == "text":
                texts.append(data["text"])
            elif name == "done":
                return str(data["reply"]) if "".join(texts) == data["reply"] else f"not {texts}"
            elif name == "error":
                return str(data)
    return "broken off"


async def waiting(server: RunningServer) -> Any:
    """A stream that waits for an approval."""
    events = server.stream({"query": "Run it.", "stream": True})
    async for name, _ in events:
        if name == "approval":
            return events
    raise AssertionError("it did not ask")


def memory(server: RunningServer) -> int:
    """KiB that a server has in memory."""
    assert server._process is not None
    status = Path(f"/proc/{server._process.pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_hundred_streams_beside_two_hundred_that_wait_are_whole_and_leave_no_memory_behind(
    tmp_path: Path,
) -> None:
    async with running() as model:
        model.queue(*[asks_to_run_code] * WAITING, speaks)
        environment = {
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "sk-none",
            "JUPYTER_AGENT_MODEL": "openai:test",
            "JUPYTER_AGENT_MAX_RUNNING_TURNS": str(STREAMS + WAITING),
        }
        server = RunningServer(tmp_path, environment)
        await server.start()
        try:
            idle = [await waiting(server) for _ in range(WAITING)]
            kept = []
            for _ in range(ROUNDS):
                replies = await asyncio.gather(*(answered(server) for _ in range(STREAMS)))
                assert set(replies) == {"".join(WORDS)}
                kept.append(memory(server))
            assert kept[-1] - kept[0] < MOST_KEPT, json.dumps(kept)
            status, health = await server("GET", "api/agent/health/live")
            assert status == 200, health
            for events in idle:
                await events.aclose()
        finally:
            await server.end()
