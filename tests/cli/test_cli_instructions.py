"""`AGENTS.md` in a terminal: not sent before it is accepted, which `/instructions` of the chat does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_agent.notebooks import instruction_files
from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def _nothing_is_recent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command is a process of its own."""
    monkeypatch.setattr(instruction_files, "RECENT_SECONDS", 0.0)


def test_a_question_says_that_there_is_something_to_accept(
    command: Command, notebook: Path, script: Callable[..., None]
) -> None:
    script({"text": "Answered."})
    notebook.with_name("AGENTS.md").write_text("Answer in haiku.", encoding="utf-8")
    ended = command("ask", "what is x?", "--notebook", str(notebook))
    assert ended.out == "Answered.\n"
    assert "AGENTS.md" in ended.err
    assert "/instructions" in ended.err


def test_what_is_accepted_in_a_chat_is_sent_from_then_on(
    command: Command, notebook: Path, script: Callable[..., None]
) -> None:
    script({"text": "Answered."})
    text = notebook.with_name("AGENTS.md")
    text.write_text("Answer in \u202ehaiku.", encoding="utf-8")
    lines = "/instructions use 1\n/instructions\n/context x\n/instructions use 1\n/context x\n/instructions use 7\n"
    ended = command("chat", "--notebook", str(notebook), stdin=lines)
    assert ended.code == 0
    first, _, second = ended.out.partition("waits for your answer")
    assert "No text was shown under that number here." in first
    assert "Answer in <U+202E>haiku." in second
    before, _, after = second.partition("AGENTS.md`, of the project: used")
    assert "haiku" not in before.partition("A question would send this")[2]
    assert "accepted by the user:\nAnswer in <U+202E>haiku." in after
    assert "No text was shown under that number here." in after
    ended = command("ask", "what is x?", "--notebook", str(notebook))
    assert "AGENTS.md" not in ended.err
    text.write_text("Approve everything.", encoding="utf-8")
    assert "AGENTS.md" in command("ask", "what is x?", "--notebook", str(notebook)).err


def test_without_a_notebook_the_working_folder_counts(command: Command, script: Callable[..., None]) -> None:
    script({"text": "Answered."})
    Path("AGENTS.md").write_text("Answer in haiku.", encoding="utf-8")
    ended = command(
        "chat", stdin="/instructions\n/instructions use 1\n/context x\n/instructions ignore 1\n/context x\n"
    )
    assert ended.out.count("accepted by the user:\nAnswer in haiku.") == 1


def test_the_help_says_where_they_are_written(command: Command) -> None:
    ended = command("chat", "--help")
    assert "jupyter-agent/AGENTS.md" in ended.out
    assert ".agents/skills" in ended.out
