"""The commands about whole conversations, after `%agent` in a kernel of a real Jupyter server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_agent.kernelside.magic import session_commands
from tests.support.notebook_page import opened, say
from tests.support.running_server import RunningServer


async def test_commands_about_conversations_go_through_the_server(server: RunningServer) -> None:
    async with opened(server, "a.ipynb") as (page, _):
        await say(page, "alpha")
        await say(page, "beta")
        assert "Questions in this conversation: 1." in await say(page, "/undo")
        assert "beta" not in await say(page, "/history")
        assert "Questions in this conversation: 2." in await say(page, "/redo")
        first = (await say(page, "/sessions")).split("`")[1]
        assert "continues from here" in await say(page, "/branch")
        await say(page, "gamma")
        assert "gamma" in await say(page, "/history")
        assert first in await say(page, f"/use {first}")
        assert "gamma" not in await say(page, "/history")
        assert len((await say(page, "/sessions")).splitlines()) == 2
        assert len((await say(page, "/sessions gamma")).splitlines()) == 1
        await say(page, "/use")
        assert "gamma" in await say(page, "/history")

        shared = (await say(page, "/share")).split("`")[1]
        assert (await server("GET", shared))[0] == 200
        assert "secrets revoked: 1" in await say(page, "/share off")
        assert (await server("GET", shared))[0] == 404

        assert "> alpha" in await say(page, "/export")
        assert "Written to" in await say(page, "/export talk.json")
        exported = json.loads((server.root / "talk.json").read_text(encoding="utf-8"))
        assert [turn["question"] for turn in exported["turns"]] == ["alpha", "beta", "gamma"]
        assert "already" in await say(page, "/export talk.json")


async def test_a_conversation_that_was_chosen_goes_on_until_another_is_newer(server: RunningServer) -> None:
    async with opened(server, "b.ipynb") as (page, _):
        await say(page, "alpha")
        assert "A new conversation" in await say(page, "/clear")
        await say(page, "beta")
        assert "same answers: 1" in await say(page, "/replay")
        assert "beta" in await say(page, "/history")
        assert len((await say(page, "/sessions")).splitlines()) == 3
        assert "A new conversation" in await say(page, "/clear")
        assert "has no questions yet" in await say(page, "/history")
        await say(page, "gamma")
        assert "beta" not in await say(page, "/history")
        body = {"query": "delta", "context": {"notebook_id": "b.ipynb", "session_id": "of-the-sidebar"}}
        assert (await server("POST", "api/agent/quick", body))[0] == 200
        assert "delta" in await say(page, "/history")


async def test_a_replay_compares_the_answers_of_two_models(server: RunningServer) -> None:
    async with opened(server, "c.ipynb") as (page, _):
        await say(page, "what is x?")
        markdown = await say(page, "/replay offline")
        assert "same answers: 0" in markdown
        assert "> what is x?" in markdown
        assert "Answered." in markdown
        assert "**Again, `offline`" in markdown
        shown = await page.run("%agent /replay nobody:x")
        assert "nobody" in str(shown.outputs[-1])


@pytest.mark.parametrize(
    ("name", "rest"), [("export", "talk.pdf"), ("export", "talk"), ("share", "all"), ("use", "../x"), ("use", "a b")]
)
def test_what_cannot_stand_behind_a_command_is_said(name: str, rest: str) -> None:
    assert session_commands.usage_error(name, rest)


def test_an_export_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    markdown = session_commands.to_markdown("export", str(tmp_path / "nowhere" / "talk.md"), {"text": "x"})
    assert "cannot be written" in markdown
