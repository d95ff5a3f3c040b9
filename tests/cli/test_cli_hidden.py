"""What a model, a notebook or another user wrote commands no terminal, and is shown whole to whoever approves it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.cli.conftest import Command

HIDDEN = "\x1b[2K\x1b]52;c;cm0gLXJm\x07\r\u202e\x9b"
COMMANDS = frozenset("\x1b\x07\r\x9b\u202e")


@pytest.mark.parametrize("arguments", [("ask", "x"), ("ask", "x", "--json"), ("chat",)])
def test_N8_an_answer_commands_no_terminal(
    command: Command, script: Callable[..., None], arguments: tuple[str, ...]
) -> None:
    script({"text": f"An answer {HIDDEN} ends.\r\n"})
    ended = command(*arguments, stdin="x\n/history\n/export\n")
    assert ended.code == 0
    assert not COMMANDS & set(ended.out + ended.err)
    if "--json" in arguments:
        assert HIDDEN in json.loads(ended.out)["reply"]
    else:
        assert "An answer <U+001B>[2K<U+001B>]52;c;cm0gLXJm<U+0007><U+000D><U+202E><U+009B> ends.\n" in ended.out


def test_N8_titles_errors_and_cells_command_no_terminal(
    command: Command, script: Callable[..., None], notebook: Path
) -> None:
    script({"text": "Yes."})
    command("ask", f"title {HIDDEN} \u3164")
    listed = command("sessions")
    assert "<U+202E>" in listed.out
    assert "<U+3164>" in listed.out
    assert not COMMANDS & set(listed.out)
    assert not COMMANDS & set(command("sessions", "--json").out)
    script({"error": "upstream_auth", "message": f"no {HIDDEN}"})
    failed = command("ask", "x")
    assert "no <U+001B>" in failed.err
    assert not COMMANDS & set(failed.err)
    data = json.loads(notebook.read_text(encoding="utf-8"))
    data["cells"][0]["source"] = f"x{HIDDEN} = 1"
    notebook.write_text(json.dumps(data), encoding="utf-8")
    examined = command("doctor", str(notebook))
    assert not COMMANDS & set(examined.out + examined.err)


def test_N8_what_is_approved_is_spelled_out_and_the_words_of_a_denial_reach_the_model(
    terminal: Callable[..., Any], script: Callable[..., None], command: Command, notebook: Path, tmp_path: Path
) -> None:
    code = f"open('made.txt', 'w').write('''{HIDDEN} \u3164\U000e0100''')"
    script(
        {"calls": [{"name": "run_code", "arguments": {"code": code}}]},
        {"text": "As you like."},
    )
    child = terminal("ask", "make it", "-n", str(notebook), "--execute")
    child.expect_exact(
        "open('made.txt', 'w').write('''<U+001B>[2K<U+001B>]52;c;cm0gLXJm<U+0007><U+000D><U+202E><U+009B> <U+3164><U+E0100>"
    )
    child.expect_exact("Needs approval every time: ")
    child.expect(re.compile("file|write", re.IGNORECASE))
    child.expect_exact("Run this? [y/N] (n: and why, for the model)")
    child.send("n: use the copy\r")
    child.expect("As you like.")
    child.expect(pexpect.EOF)
    assert not (tmp_path / "made.txt").exists()
    listed = json.loads(command("sessions", "--json").out)
    assert "They say: use the copy" in command("export", listed[0]["session_id"]).out


def test_where_nobody_can_be_asked_it_is_said_why_the_mode_does_not_help(
    command: Command, script: Callable[..., None], notebook: Path
) -> None:
    script({"calls": [{"name": "run_code", "arguments": {"code": "open('made.txt', 'w')"}}]}, {"text": "As you like."})
    ended = command("ask", "make it", "-n", str(notebook), "--execute", "--approve", "auto")
    assert "needs approval every time" in ended.err
    assert "--approve auto" not in ended.err


def test_delete_asks_in_the_chat_and_restore_brings_it_back(
    terminal: Callable[..., Any], script: Callable[..., None], command: Command
) -> None:
    script({"text": "Yes."})
    assert "nobody can be asked here" in command("chat", stdin="keep this\n/delete\n/history\n").out
    child = terminal("chat")
    child.expect("agent>")
    child.send("delete this\r")
    child.expect("Yes.")
    child.expect("agent>")
    child.send("/delete\r")
    child.expect_exact("Delete 'delete this' (1 question)?")
    child.send("y\r")
    child.expect_exact("brings it back")
    child.expect("agent>")
    child.send("/history\r")
    child.expect("no questions yet")
    child.expect("agent>")
    child.send("/restore\r")
    child.expect("Restored, and continuing")
    child.expect("agent>")
    child.send("/history\r")
    child.expect("> delete this")
    child.expect("agent>")
    child.sendeof()
    child.expect(pexpect.EOF)
