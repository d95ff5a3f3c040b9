"""A conversation of a thousand messages: opened and gone on with as one of ten."""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.jupyter_process import JupyterProcess
from tests.support.sidebar_page import SidebarPage, write_notebook

#: How much more scripting a streamed word may take after a thousand messages than after ten.
_RATIO = 1.5
WORDS = 150


@pytest.fixture(scope="module")
def script() -> list[Any] | None:
    return [{"text": " ".join(f"word{number}" for number in range(WORDS)), "chunks": WORDS, "delay": 0.02}]


def store(jupyter: JupyterProcess, notebook: str, messages: int) -> None:
    """Put a conversation there, as an import does."""
    turns: list[dict[str, Any]] = [
        {
            "id": f"t{number}",
            "parent": f"t{number - 1}" if number else None,
            "depth": number + 1,
            "question": f"Question {number}?",
            "messages": [],
            "reply": f"Answer {number} with `code` and a list:\n\n- one\n- two\n\n```python\nprint({number})\n```",
            "status": "done",
            "digest": "",
            "error": None,
            "model": "scripted",
            "finish_reason": "stop",
            "usage": {"input_tokens": 1, "output_tokens": 1},
            "actions": [],
            "variables": [],
            "kernel": {},
            "started": 1000.0 + number,
            "seconds": 1.0,
        }
        for number in range(messages // 2)
    ]
    headers = {"Authorization": f"token {jupyter.token}", "Content-Type": "application/json"}

    def send(path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(jupyter.address + path, data, headers)
        with urllib.request.urlopen(asked, timeout=60) as response:
            return json.load(response)

    made = send("api/agent/quick", {"query": "x", "context": {"notebook_id": notebook}, "model": "offline"})
    exported = send(f"api/agent/sessions/{made['session_id']}/export?format=json", None)
    head = {"id": f"long{messages}", "head": turns[-1]["id"], "depth": len(turns)}
    exported["session"].update({name: value for name, value in head.items() if name in exported["session"]})
    exported["turns"] = turns
    send("api/agent/sessions/import", exported)


def per_word(sidebar: SidebarPage) -> tuple[float, float]:
    """Milliseconds that the page's scripts, and its layout and styles, take for a word of a streamed answer."""
    devtools = sidebar.page.context.new_cdp_session(sidebar.page)
    devtools.send("Performance.enable")

    def spent() -> tuple[float, float]:
        metrics = {metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]}
        return metrics["ScriptDuration"], metrics["LayoutDuration"] + metrics["RecalcStyleDuration"]

    before = spent()
    sidebar.ask("go on")
    expect(sidebar.wait_for_answer()).to_contain_text(f"word{WORDS - 1}")
    after = spent()
    return (after[0] - before[0]) * 1000 / WORDS, (after[1] - before[1]) * 1000 / WORDS


@pytest.mark.slow
def test_a_thousand_messages_are_opened_and_gone_on_with_as_ten(
    sidebar: SidebarPage, jupyter: JupyterProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    taken: dict[int, tuple[float, float]] = {}
    for messages in (10, 1000):
        name = f"long{messages}.ipynb"
        write_notebook(jupyter.root / name, "1")
        store(jupyter, name, messages)
        sidebar.go(name)
        sidebar.open()
        expect(sidebar.questions.last).to_contain_text(f"Question {messages // 2 - 1}?")
        while sidebar.button("Show earlier questions").count():
            sidebar.button("Show earlier questions").click()
            expect(sidebar.questions.first).to_contain_text("Question 0?")
        expect(sidebar.exchanges).to_have_count(messages // 2)
        taken[messages] = min(per_word(sidebar) for _ in range(3))
    (script, layout), (long_script, long_layout) = taken[10], taken[1000]
    with capsys.disabled():
        sys.stdout.write(
            f"\nscripting per streamed word: {script:.2f} ms after 10 messages, {long_script:.2f} ms after 1,000\n"
        )
        sys.stdout.write(
            f"ratio {long_script / script:.2f}; layout and styles: {layout:.2f} ms and {long_layout:.2f} ms\n"
        )
    assert long_script / script <= _RATIO
