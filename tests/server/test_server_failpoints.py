"""A server killed at every named point of a turn or an undo: no tool runs twice, nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from tests.support.notebook_json import code, notebook, text_of
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


UNDO_POINTS = ["after-begin_undo", "before-restore", "after-restore", "before-end_undo", "after-end_undo"]
EDIT = [
    {"text": "", "calls": [{"name": "edit_cell", "arguments": {"cell_id": "c1", "source": "x = 2"}}]},
    {"text": "Done."},
]


async def _when_free(server: RunningServer, path: str, body: Any) -> Any:
    """The reply once the dead server's lease has expired."""
    for _ in range(40):
        _, reply = await server("POST", path, body)
        if reply.get("code") not in ("turn_in_progress", "undo_in_progress"):
            return reply
        await asyncio.sleep(0.25)  # another process's lease: nobody tells when it ends
    raise AssertionError("the conversation is still held by a server that is dead")


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
    heard = []
    async for name, data in server.stream(ASK):
        heard.append(name)
        if name == "approval":  # a file is written: always asked about
            answer = {"decision": "approve", "digest": data["digest"]}
            status, _ = await server("POST", f"api/agent/turns/t1/actions/{data['call_id']}", answer)
            assert status == 200
    assert await server.end() != 0, f"{point} was never reached: {heard}"

    again = RunningServer(tmp_path, {**environment, "TEST_FAILPOINT": "none-at-all"})
    await again.start()
    kernel_id = await again.open_notebook("a.ipynb")
    try:
        await _when_free(again, "api/agent/quick", {**ASK, "stream": False})
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


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("step", ["undo", "redo"])
@pytest.mark.parametrize("point", UNDO_POINTS)
async def test_T12_an_undo_whose_server_is_killed_is_finished_or_taken_back(
    point: str, step: str, tmp_path: Path
) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(EDIT), encoding="utf-8")
    path = tmp_path / "notebooks" / "a.ipynb"
    path.parent.mkdir()
    path.write_text(text_of(notebook(code("c1", "x = 1"))), encoding="utf-8")
    points = str(Path(__file__).parent / "failpoints")
    environment = {"JUPYTER_AGENT_MODEL": f"scripted:{script}", "PYTHONPATH": points, "TEST_FAILPOINT": point}

    def source() -> str:
        (stored,) = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return "".join(stored["source"])

    server = RunningServer(tmp_path, environment)
    await server.start()
    status, asked = await server("POST", "api/agent/quick", {**ASK, "stream": False})
    assert (status, source()) == (200, "x = 2"), asked
    with pytest.raises(HTTPClientError):
        await server("POST", "api/agent/sessions/s1/undo", {})
    assert await server.end() != 0

    again = RunningServer(tmp_path, {**environment, "TEST_FAILPOINT": "none-at-all"})
    await again.start()
    try:
        reply = await _when_free(again, f"api/agent/sessions/s1/{step}", {})
        is_undone = step == "undo"
        if point == "after-end_undo" and is_undone:
            assert reply["code"] == "conflict"  # it had been finished: there is nothing to undo any more
            _, reply = await again("GET", "api/agent/sessions/s1")
        assert (reply["head"], source()) == ((None, "x = 1") if is_undone else ("t1", "x = 2"))
        assert reply["pending_undo"] is None
    finally:
        await again.end()
