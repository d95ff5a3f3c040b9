"""A server killed at every named point of a turn: no tool runs twice, nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.support.running_server import RunningServer

POINTS = [
    *("before-begin", "after-begin", "event-turn", "event-text", "event-tool_call"),
    *("before-record", "after-record", "before-execute", "after-execute", "event-tool_result"),
    *("before-finish", "after-finish"),
]
SCRIPT = [
    {"text": "I run it. ", "calls": [{"name": "run_code", "arguments": {"code": "open('ran', 'a').write('x')"}}]},
    {"text": "Done."},
]
ASK = {
    "query": "Run it.",
    "stream": True,
    "turn_id": "t1",
    "approval": "auto",
    "context": {"notebook_id": "a.ipynb", "session_id": "s1"},
}


async def _ask_again(server: RunningServer) -> None:
    """The same turn once more, when the dead server's hold on it has run out."""
    for _ in range(40):
        _, reply = await server("POST", "api/agent/quick", {**ASK, "stream": False})
        if reply.get("code") != "turn_in_progress":
            return
        await asyncio.sleep(0.25)  # another process's lease: nobody tells when it ends
    raise AssertionError("the turn is still held by a server that is dead")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", POINTS)
async def test_T12_a_server_killed_at(point: str, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT), encoding="utf-8")
    points = str(Path(__file__).parent / "failpoints")
    environment = {"JUPYTER_AGENT_MODEL": f"scripted:{script}", "PYTHONPATH": points, "TEST_FAILPOINT": point}
    server = RunningServer(tmp_path, environment)
    await server.start()
    await server.open_notebook("a.ipynb")
    heard = [name async for name, _ in server.stream(ASK)]
    assert await server.end() != 0, f"{point} was never reached: {heard}"

    again = RunningServer(tmp_path, {**environment, "TEST_FAILPOINT": "none-at-all"})
    await again.start()
    kernel_id = await again.open_notebook("a.ipynb")
    try:
        await _ask_again(again)
        ran = tmp_path / "notebooks" / "ran"
        assert not ran.exists() or ran.read_text(encoding="utf-8") == "x"
        _, history = await again("GET", "api/sessions/s1/history")
        questions = [entry["content"] for entry in history["history"] if entry["role"] == "user"]
        assert questions == ["Run it."]
        answer = history["history"][1]
        assert answer["status"] == ("done" if point in ("before-begin", "after-finish") else "interrupted")
        if point == "after-finish":
            assert answer["content"].replace("\n", "").startswith("I run it.")
    finally:
        await again("DELETE", f"api/kernels/{kernel_id}")
        await again.end()
