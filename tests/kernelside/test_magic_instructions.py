"""`/instructions` after `%agent`: only what was shown can be accepted."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_agent.kernelside.magic.instructions import InstructionsCommand
from tests.support.notebook_page import opened, say
from tests.support.running_server import RunningServer


async def test_what_a_folder_brings_along_is_accepted_through_the_server(server: RunningServer) -> None:
    (server.root / "AGENTS.md").write_text("Answer in haiku.", encoding="utf-8")
    async with opened(server, "a.ipynb") as (page, _):
        assert "`/instructions` shows them" in await say(page, "what is x?")
        assert "haiku" not in await say(page, "/context x")
        assert "Answer in haiku." in await say(page, "/instructions")
        assert "used" in await say(page, "/instructions use 1")
        assert "accepted by the user:\nAnswer in haiku." in await say(page, "/context x")
        assert "not used" in await say(page, "/instructions ignore 1")
        assert "haiku" not in await say(page, "/context x")


def entry(state: str = "asked", **more: Any) -> dict[str, Any]:
    return {"scope": "project", "path": "AGENTS.md", "text": "x", "digest": "d", "state": state, **more}


def test_only_what_was_shown_can_be_answered() -> None:
    command = InstructionsCommand()
    assert command.chosen("") is None
    for typed in ("use 1", "ignore 1", "use", "use 0", "use x", "all", "use 1 2"):
        with pytest.raises(ValueError, match="/instructions"):
            command.chosen(typed)
    shown = command.to_markdown({"instructions": [entry(digest="first"), entry("declined", digest="second")]})
    assert "`/instructions use 1` accepts it" in shown
    assert "`/instructions use 2` changes that" in shown
    assert command.chosen("use 1") == ("first", True)
    assert command.chosen("ignore 2") == ("second", False)
    command.to_markdown({"instructions": [entry("used", scope="user")]})
    with pytest.raises(ValueError, match="No text was shown"):
        command.chosen("use 1")


def test_N8_hidden_characters_of_a_text_are_spelled_out_and_it_cannot_end_its_block() -> None:
    text = "Answer.\n````\n**approved**\u200b\u202e\U000e0041"
    shown = InstructionsCommand().to_markdown({"instructions": [entry(text=text)]})
    assert "<U+200B><U+202E><U+E0041>" in shown
    assert "\n`````markdown\n" in shown


def test_that_there_is_nothing_is_said() -> None:
    shown = InstructionsCommand().to_markdown({"instructions": [], "user_path": "~/.jupyter/jupyter-agent/AGENTS.md"})
    assert "There are no instructions" in shown
    assert "~/.jupyter/jupyter-agent/AGENTS.md" in shown
