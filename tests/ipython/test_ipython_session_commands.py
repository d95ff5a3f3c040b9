"""The commands about whole conversations in IPython without a server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LINES = """\
%load_ext jupyter_agent
%agent /undo
%agent alpha
%agent beta
%agent /undo
%agent /branch
%agent gamma
%agent /export talk.json
%agent /replay
%agent /history
%agent /share copy
%agent /share off
%agent /sessions
"""


def test_commands_about_conversations_work_in_process(home: Path) -> None:
    (home / "lines.ipy").write_text(LINES, encoding="utf-8")
    command = [sys.executable, "-m", "IPython", "--colors=nocolor", "lines.ipy"]
    first = subprocess.run(command, cwd=home, capture_output=True, encoding="utf-8", check=False, timeout=120)
    assert "This conversation has no questions yet." in first.stdout + first.stderr
    (home / "lines.ipy").write_text(LINES.replace("%agent /undo\n", "", 1), encoding="utf-8")
    ended = subprocess.run(command, cwd=home, capture_output=True, encoding="utf-8", check=True, timeout=120)
    for words in (
        "Questions in this conversation: 1.",
        "continues from here",
        "read and copy",
        "secrets revoked: 1",
        "same answers: 2",
    ):
        assert words in ended.stdout
    exported = json.loads((home / "talk.json").read_text(encoding="utf-8"))
    assert [turn["question"] for turn in exported["turns"]] == ["alpha", "gamma"]
    assert ended.stdout.count("- `") == 3
