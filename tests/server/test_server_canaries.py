"""Fifty-three secrets in every place that a notebook has, and none of them in anything that leaves it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from jupyter_agent.core.messages import Message
from jupyter_agent.models.scripted import ScriptedModel
from jupyter_agent.server.services import Services
from jupyter_agent.sessions import export
from tests.support import canaries
from tests.support.agent_client import RestClient, Script
from tests.support.front_end import front_end

PROGRAM = str(Path(__file__).parents[1] / "support" / "mcp_program.py")
QUESTION = "Why does @error happen? Look at @frame.note, @cell:1, @file:notes.txt, load the csv.\n"
CALLS = [
    ("list_variables", {}),
    ("read_cells", {}),
    ("read_error", {}),
    ("list_files", {}),
    *(("inspect_variable", {"name": name}) for name in ("frame", "wide", "by_key", "by_name", "nested", "client")),
    ("inspect_variable", {"name": "frame", "column": "note"}),
    ("inspect_variable", {"name": "password"}),
]


@pytest.fixture(params=["sqlite", "file"])
def jp_server_config(
    request: pytest.FixtureRequest, script_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    for name, value in canaries.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "kept").mkdir()
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_agent": True}},
        "JupyterAgent": {
            "store": f"{request.param}:///{tmp_path}/kept/sessions",
            "model": f"scripted:{script_path}",
            "context_tokens": 60_000,
            "max_tool_calls": 50,
            "max_steps": 50,
            "mcp_servers": {
                "s": {
                    "command": [sys.executable, "-I", "-S", PROGRAM, "keep", str(tmp_path / "told")],
                    "env": {"CANARY": "${CANARY_TOKEN}"},
                    "trusted": ["say", "env"],
                }
            },
        },
    }


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Everything that is logged, by whomever, at the lowest level."""
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    kept = Kept(logging.DEBUG)
    loggers = [logging.getLogger(name) for name in ("", "ServerApp", "jupyter_agent", "tornado", "asyncio")]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.addHandler(kept)
        logger.setLevel(logging.DEBUG)
    yield lines
    for changed, level in before:
        changed.removeHandler(kept)
        changed.setLevel(level)


def steps() -> list[dict[str, Any]]:
    """A model that looks everywhere, runs code that prints secrets, and says them in small pieces."""
    printing = {"name": "run_code", "arguments": {"code": f"print({canaries.text()!r})"}}
    looking = [{"calls": [{"name": name, "arguments": arguments}]} for name, arguments in CALLS]
    return [
        *looking,
        {"calls": [printing]},
        {"text": "They are:\n" + canaries.text() + "\nThat is all.", "chunks": 400},
    ]


def notebook(folder: Path) -> None:
    cells = [
        {"cell_type": "code", "id": "c1", "source": canaries.code(), "execution_count": 1, "metadata": {}, "outputs": [
            {"output_type": "stream", "name": "stdout", "text": canaries.text()},
            {"output_type": "error", "ename": "ValueError", "evalue": canaries.text(), "traceback": []},
        ]},
        {"cell_type": "markdown", "id": "c2", "source": canaries.text(), "metadata": {}},
    ]  # fmt: skip
    notebook = {"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    (folder / "a.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "notes.txt").write_text(canaries.text(), encoding="utf-8")
    (folder / ".env").write_text(canaries.text(), encoding="utf-8")
    for secret in (canary for canary in canaries.anywhere() if "/" not in canary):
        (folder / f"{secret}.csv").write_text("a,b\n", encoding="utf-8")


def _heard(messages: Sequence[Message]) -> Iterator[Message]:
    """All but what the model itself has said since the last question: its own words go back to it as they are."""
    asked = max(place for place, message in enumerate(messages) if message.role == "user")
    return (message for place, message in enumerate(messages) if place <= asked or message.role != "assistant")


async def test_P1_P2_P3_P4_P5_P6_P7_no_canary_leaves_by_any_way_out(  # noqa: PLR0917 - fixtures
    rest: RestClient,
    services: Services,
    script: Script,
    jp_serverapp: Any,
    jp_root_dir: Path,
    tmp_path: Path,
    log: list[str],
) -> None:
    assert len(canaries.CORES) >= 40
    notebook(jp_root_dir)
    script(steps())
    sinks: dict[str, str | bytes] = {}
    context = {"notebook_id": "a.ipynb", "session_id": "s1"}
    query = QUESTION + canaries.text()
    asked = {"query": query, "context": context}
    async with front_end(jp_serverapp, rest) as (_, page):
        await page.run(canaries.code())
        with pytest.raises(AssertionError, match="ValueError"):
            await page.run("fail(plain[0], " + ", ".join(canaries.NAMED) + ")")
        sinks["context"] = (await rest("POST", "api/agent/context", asked)).text
        reply = await rest("POST", "api/agent/quick", {**asked, "approval": "auto"})
        assert reply.status == 200, reply.text
        assert len(reply.body["actions"]) == len(CALLS) + 1
        stream = rest.stream(query, context, approval="auto")
        events = await stream.all()
        assert events[-1][0] == "done"
        sinks["context of a second turn"] = (await rest("POST", "api/agent/context", asked)).text
    sinks["response"] = reply.text
    for name, data in events:
        sinks[f"event {name}"] = str(sinks.get(f"event {name}", "")) + json.dumps(data, ensure_ascii=False)
    sinks["streamed text"] = "".join(data["text"] for name, data in events if name == "text")
    model = services.assistant.model(None)
    assert isinstance(model, ScriptedModel)
    sinks["request"] = "\n".join(
        f"{message.content}\n{message.tool_calls}" for request in model.requests for message in _heard(request.messages)
    )
    for path in ("sessions", "sessions/s1", "sessions/s1/history"):
        sinks[path] = (await rest("GET", f"api/agent/{path}")).text
    found = (await rest("GET", "api/agent/sessions", q="They")).text
    sinks["search"] = found
    ((owner, _), *_) = services.turns._sessions
    session = await services.assistant.sessions.get(owner, "s1")
    turns = await services.assistant.sessions.tree.history(session, 10)
    assert len(turns) == 2
    for kind in export.MEDIA_TYPES:
        sinks[f"export as {kind}"] = export.export(session, turns, kind)
    sinks["metrics"] = (await rest("GET", "metrics")).text
    sinks["log"] = "\n".join(log)
    kept = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert kept
    sinks["store"] = b"\n".join(path.read_bytes() for path in kept)
    assert b"withheld" in sinks["store"]
    left = {name: sorted(set(canaries.leaks(text))) for name, text in sinks.items()}
    assert {name: found for name, found in left.items() if found} == {}


@pytest.mark.parametrize("jp_server_config", ["sqlite"], indirect=True)
async def test_P1_P2_P3_P4_P5_P6_P7_no_canary_leaves_by_the_ways_for_programs(  # noqa: PLR0917 - fixtures
    rest: RestClient,
    services: Services,
    script: Script,
    jp_serverapp: Any,
    jp_root_dir: Path,
    tmp_path: Path,
    log: list[str],
) -> None:
    notebook(jp_root_dir)
    foreign = [{"calls": [{"name": name, "arguments": {"text": canaries.text()}}]} for name in ("s_say", "s_env")]
    script([*foreign, *steps(), {"match": "<before>", "text": canaries.text()}])
    sinks: dict[str, str | bytes] = {}
    context = {"notebook_id": "a.ipynb", "session_id": "s1"}
    query = QUESTION + canaries.text()
    feed = rest.read("api/agent/events")
    async with front_end(jp_serverapp, rest) as (_, page):
        await page.run(canaries.code())
        with pytest.raises(AssertionError, match="ValueError"):
            await page.run("fail(plain[0], " + ", ".join(canaries.NAMED) + ")")
        asked = await rest.stream(query, context, approval="auto", turn_id="t1").all()
        assert asked[-1][0] == "done"
        assert [action["status"] for action in asked[-1][1]["actions"]][:2] == ["done", "done"]
        again = await rest.read("api/agent/turns/t1/events").all()
        assert again[-1][0] == "done"
        sinks["resumed"] = json.dumps([data for _, data in again], ensure_ascii=False)
        sinks["resumed text"] = "".join(data["text"] for name, data in again if name == "text")
        later = await rest.read("api/agent/turns/t1/events", None, {"Last-Event-ID": "40"}).all()
        sinks["resumed later"] = "".join(data["text"] for name, data in later if name == "text")
        message = {"messages": [{"role": "user", "content": query}], "notebook_id": "a.ipynb", "approval": "auto"}
        chat = await rest("POST", "api/agent/v1/chat/completions", {**message, "session_id": "s2"})
        assert chat.status == 200
        sinks["chat"] = chat.text
        streamed = rest.read("api/agent/v1/chat/completions", {**message, "stream": True})
        lines: list[str] = []
        texts: list[str] = []
        while (line := await streamed.lines.get()) is not None:
            lines.append(line)
            choices = json.loads(line[6:])["choices"] if line.startswith("data: {") else []
            texts += [choice["delta"].get("content") or "" for choice in choices]
        sinks["chat stream"], sinks["chat stream text"] = "\n".join(lines), "".join(texts)
        assert "withheld" in sinks["chat stream text"]
        sinks["models"] = (await rest("GET", "api/agent/v1/models")).text
        cursor = {"prefix": canaries.code() + "\nframe", "suffix": canaries.text(), "context": context}
        column = {**cursor, "prefix": 'wide["sk-'}
        for model, at in ((None, cursor), ("offline", cursor), ("offline", column)):
            completed = await rest("POST", "api/agent/complete", {**at, "model": model})
            assert completed.status == 200
            sinks["completions"] = str(sinks.get("completions", "")) + completed.text
        accept = {"Accept": "application/json, text/event-stream"}
        for name, arguments in (*CALLS, ("read_output", {"id": "c1"}), ("read_file", {"path": "notes.txt"})):
            params = {"name": name, "arguments": {**arguments, "notebook": "a.ipynb"}}
            calling = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            called = await rest("POST", "api/agent/mcp", calling, accept)
            assert called.status == 200
            sinks["MCP endpoint"] = str(sinks.get("MCP endpoint", "")) + called.text
        assert "withheld" in str(sinks["MCP endpoint"])
    model_of_turns = services.assistant.model(None)
    assert isinstance(model_of_turns, ScriptedModel)
    sinks["requests"] = "\n".join(
        f"{message.content}\n{message.tool_calls}"
        for request in model_of_turns.requests
        for message in _heard(request.messages)
    )
    services.session_events.close()
    sinks["session events"] = json.dumps(await feed.all())
    assert '"ended"' in str(sinks["session events"])
    sinks["told to an MCP server"] = (tmp_path / "told").read_text(encoding="utf-8")
    assert "withheld" in str(sinks["told to an MCP server"])
    sinks["log"] = "\n".join(log)
    left = {name: sorted(set(canaries.leaks(text))) for name, text in sinks.items()}
    assert {name: found for name, found in left.items() if found} == {}
