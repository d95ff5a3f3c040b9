"""`jupyter agent chat` in a terminal as a person sees it: five questions, Tab, undo, branch, export."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.support.terminal_screen import TerminalScreen, terminal_screen

PROMPT = "agent>"


def say(terminal: TerminalScreen, line: str, words: str) -> None:
    """Type the rest of a line, and wait for what it brings and for the next prompt."""
    terminal.type(line)
    terminal.wait_for(words)
    terminal.wait_for(PROMPT)


def test_a_conversation_of_five_turns_with_undo_branch_and_export(
    environment: dict[str, str], notebook: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "jupyter_agent.cli", "chat", "--notebook", notebook.name, "--execute"]
    with terminal_screen(tmp_path, environment, command) as terminal:
        terminal.wait_for("/help shows the commands")
        terminal.wait_for(PROMPT)
        terminal.type("what columns does @d", enter=False)
        terminal.press("Tab")
        say(terminal, " have?", "`region`")
        say(terminal, "/fix", "ZeroDivisionError")
        say(terminal, "and how many rows does df have?", "2 rows")
        say(terminal, "/undo", "Questions in this conversation: 2.")
        terminal.type("/bra", enter=False)
        terminal.press("Tab")
        say(terminal, "", "continues from here")
        say(terminal, "what is @df.price?", "int64")
        say(terminal, "which columns are there?", "`region`")
        say(terminal, "/export talk.json", "Written to")
        screen = terminal.screen()
        terminal.type("/exit")
        terminal.wait_for("(ended with 0)")
    exported = json.loads((tmp_path / "talk.json").read_text(encoding="utf-8"))
    assert exported["turns"][0]["question"] == "what columns does @df have?"
    assert [turn["question"] for turn in exported["turns"]][2:] == ["what is @df.price?", "which columns are there?"]
    assert screen.count(PROMPT) == 9
    assert not [words for words in ("Traceback", "WARNING", "\x1b") if words in screen]
