"""`AGENTS.md` of the working folder in IPython without a server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LINES = """\
%load_ext jupyter_agent
%agent alpha
%agent /instructions
%agent /instructions use 1
%agent /context alpha
"""


def test_what_a_folder_brings_along_is_said_shown_accepted_and_sent(home: Path) -> None:
    (home / "AGENTS.md").write_text("Answer in haiku.", encoding="utf-8")
    (home / "lines.ipy").write_text(LINES, encoding="utf-8")
    command = [sys.executable, "-m", "IPython", "--colors=nocolor", "lines.ipy"]
    ended = subprocess.run(command, cwd=home, capture_output=True, encoding="utf-8", check=True, timeout=120)
    asked, _, rest = ended.stdout.partition("waits for your answer")
    assert "`/instructions` shows them" in asked
    shown, _, sent = rest.partition("A question would send this")
    assert shown.count("Answer in haiku.") == 1
    assert "accepted by the user:\nAnswer in haiku." in sent
