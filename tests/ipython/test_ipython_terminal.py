"""`%agent` in a real IPython terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

SCRIPT = [
    {"match": "slowly", "text": "said " * 500, "chunks": 500, "delay": 0.1},
    {"match": "make it", "calls": [{"name": "run_code", "arguments": {"code": "made = 41 + 1"}}]},
    {"match": "make it", "text": "Well done."},
    {
        "match": "keep it",
        "calls": [
            {"name": "run_code", "arguments": {"code": "def keep():\n    open('kept', 'w')"}},
            {"name": "run_code", "arguments": {"code": "keep()"}},
        ],
    },
    {"match": "keep it", "text": "That was all."},
    {"match": "fail", "error": "upstream_auth", "message": "The key is not accepted."},
]
WAIT = 60


@pytest.fixture
def terminal(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    path = home / "script.json"
    path.write_text(json.dumps(SCRIPT), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_AGENT_MODEL", f"scripted:{path}")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor", "--no-confirm-exit"],
        env={**os.environ, "TERM": "dumb"},
        encoding="utf-8",
        timeout=WAIT,
        dimensions=(40, 200),
        echo=False,
    )
    child.expect(r"In \[1\]: ")
    child.sendline("%load_ext jupyter_agent")
    child.expect(r"In \[2\]: ")
    yield child
    child.close(force=True)


def test_a_conversation_in_a_terminal(terminal: Any) -> None:
    terminal.sendline("numbers = [3, 1, 2]")
    terminal.expect(r"In \[3\]: ")
    terminal.sendline("%agent -m offline what is numbers?")
    terminal.expect(r"In \[4\]: ")
    assert "3 items" in terminal.before
    assert "Markdown object" not in terminal.before

    terminal.sendline("%agent talk slowly")
    terminal.expect("said said")
    terminal.sendintr()
    terminal.expect("Stopped.")
    terminal.expect(r"In \[5\]: ")
    assert "Traceback" not in terminal.before

    terminal.sendline("%agent make it")
    terminal.expect_exact("made = 41 + 1")
    terminal.expect_exact("Run this code? [y/N] ")
    terminal.sendline("y")
    terminal.expect("Well done.")
    terminal.expect(r"In \[6\]: ")
    terminal.sendline("made")
    terminal.expect(r"Out\[6\]: 42")

    terminal.expect(r"In \[7\]: ")
    terminal.sendline("%agent fail")
    terminal.expect_exact("%agent: The key is not accepted.")
    terminal.expect(r"In \[8\]: ")
    assert "Traceback" not in terminal.before
    terminal.sendline("%agent /history 1")
    terminal.expect_exact("**You:** fail")
    terminal.expect(r"In \[9\]: ")
    terminal.sendline("%agent /context what is @made?")
    terminal.expect_exact("@made, which the question mentions:")
    terminal.expect(r"In \[10\]: ")
    terminal.sendline("exit")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


@pytest.mark.parametrize("first", ["y", "y\ny"])
def test_N20_N24_an_earlier_yes_is_no_answer_to_what_is_asked_anew_or_later(
    terminal: Any, home: Path, first: str
) -> None:
    terminal.sendline("%agent keep it")
    for answer in (first, "y", "n"):
        terminal.expect_exact("Run this code? [y/N] ")
        shown = terminal.before
        terminal.sendline(answer)
    assert "Needs approval every time:" in shown  # the third, which the first has made another one
    terminal.expect("That was all.")
    terminal.expect(r"In \[3\]: ")
    assert not (home / "kept").exists()
