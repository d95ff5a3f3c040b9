"""`jupyter agent chat` through a pipe and in a real terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect

from tests.cli.conftest import Command


def test_lines_of_a_pipe_are_one_conversation(command: Command, notebook: Path) -> None:
    lines = "what columns does df have?\nand how many rows?\n\n/history\n/vars df\n/exit\nnever asked\n"
    ended = command("chat", "--notebook", str(notebook), "--execute", stdin=lines)
    assert ended.code == 0
    assert "`price`" in ended.out
    assert "2 rows" in ended.out
    assert "> what columns does df have?\n" in ended.out
    assert "> and how many rows?\n" in ended.out
    assert "`df`: DataFrame 2 × 2" in ended.out
    assert "never asked" not in ended.out


def test_commands_of_the_chat(command: Command, script: Callable[..., None]) -> None:
    script({"text": "Yes."})
    lines = "/help\n/histroy\nhello\n/model offline\n/model\n/vars\n/clear\n/clear\n/delete\n/history ²\n/history\n"
    ended = command("chat", stdin=lines)
    assert ended.code == 0
    assert "/exit" in ended.out
    assert "Did you mean /history?" in ended.err
    assert ended.out.count("- `offline` ← answers now") == 2
    assert "There is no kernel." in ended.out
    assert ended.out.count("A new conversation starts with the next question.") == 2
    assert "Nothing was deleted" not in ended.out
    assert ended.out.endswith("This conversation has no questions yet.\n")


def test_context_shows_what_would_be_sent_and_keeps_nothing(command: Command, notebook: Path) -> None:
    lines = "/context what is @df.price?\n/context\n/history\n"
    ended = command("chat", "--notebook", str(notebook), "--execute", stdin=lines)
    assert ended.code == 0
    assert ended.out.count("A question would send this to `offline`; nothing was sent now.") == 2
    assert "@df.price, which the question mentions:" in ended.out
    assert "| mentions | 0 |" in ended.out
    assert ended.out.endswith("This conversation has no questions yet.\n")


def test_the_doctor_of_the_chat(command: Command, notebook: Path) -> None:
    ended = command("chat", "--notebook", str(notebook), stdin="/doctor\n")
    assert (ended.code, ended.err) == (0, "")
    assert "have not been run." in ended.out
    assert "There is no notebook." in command("chat", stdin="/doctor\n").out


def test_a_chat_is_undone_branched_and_exported(command: Command, tmp_path: Path, script: Callable[..., None]) -> None:
    script({"text": "Answered."})
    lines = ["/undo", "alpha", "beta", "/undo", "/redo", "/undo", "/branch", "gamma", "/export talk.json", "/export x"]
    lines.append("/replay")
    ended = command("chat", stdin="\n".join([*lines, "/share", "/share off", "/sessions"]))
    assert ended.code == 0
    assert "has no questions yet" in ended.err
    for words in (
        "Undone",
        "Redone",
        "continues from here",
        "Usage: `/export`",
        "secrets revoked: 1",
        "same answers: 2",
    ):
        assert words in ended.out
    exported = json.loads((tmp_path / "talk.json").read_text(encoding="utf-8"))
    assert [turn["question"] for turn in exported["turns"]] == ["alpha", "gamma"]
    ids = [line.split("`")[1] for line in ended.out.splitlines() if line.startswith("- `")]
    assert len(ids) == 3
    again = command("chat", stdin=f"/use {ids[2]}\n/history\n/use nobody\n")
    assert "> alpha" in again.out
    assert "gamma" not in again.out
    assert "There is no such conversation." in again.err


def test_fix_sees_the_locals_of_the_frame_that_failed(command: Command, notebook: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))
    cells["cells"][1]["source"] = "def ratio(a, b):\n    part = a * 21\n    return part / b\nratio(2, 0)"
    notebook.write_text(json.dumps(cells), encoding="utf-8")
    ended = command("chat", "--notebook", str(notebook), "--execute", stdin="/fix\n/explain\n/explain df\n")
    assert ended.code == 0
    assert ended.out.count("`part` = `42`") == 2  # what is to be explained is the error, too
    assert "`df` is a pandas table" in ended.out


def test_an_error_does_not_end_the_conversation(command: Command, script: Callable[..., None]) -> None:
    script({"match": "alpha", "error": "upstream_auth", "message": "No key."}, {"match": "beta", "text": "Fine."})
    ended = command("chat", stdin="alpha\nbeta\n")
    assert (ended.code, ended.out) == (0, "Fine.\n")
    assert "No key." in ended.err


def test_in_a_terminal_ctrl_c_stops_the_answer_and_ctrl_d_ends(
    terminal: Callable[..., Any], script: Callable[..., None]
) -> None:
    script(
        {"match": "slowly", "text": "said " * 500, "chunks": 500, "delay": 0.1}, {"match": "quickly", "text": "Quick."}
    )
    child = terminal("chat")
    child.expect("agent>")
    child.send("talk slowly\r")
    child.expect("said said")
    child.sendintr()
    child.expect("Stopped")
    child.expect("agent>")
    child.send("talk quickly\r")
    child.expect("Quick.")
    child.expect("agent>")
    child.send("/his\t\r")
    child.expect("> talk slowly")
    child.expect("agent>")
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_in_a_terminal_code_is_shown_and_asked_about(
    terminal: Callable[..., Any], script: Callable[..., None], notebook: Path, tmp_path: Path
) -> None:
    code = "import pathlib; pathlib.Path('made.txt').write_text('x')"
    script({"calls": [{"name": "run_code", "arguments": {"code": code}}]}, {"text": "Well done."})
    child = terminal("ask", "make it", "-n", str(notebook), "--execute")
    child.expect_exact("· Run code")
    child.expect_exact("pathlib.Path('made.txt')")
    child.expect_exact("Run this? [y/N]")
    child.send("y\r")
    child.expect("Well done.")
    child.expect(pexpect.EOF)
    assert (tmp_path / "made.txt").exists()


def test_N24_what_is_typed_before_a_question_is_shown_does_not_answer_it(
    terminal: Callable[..., Any], script: Callable[..., None], notebook: Path, tmp_path: Path
) -> None:
    calls = [{"name": "run_code", "arguments": {"code": f"open('{name}.txt', 'w')"}} for name in ("one", "two")]
    script({"calls": calls}, {"text": "That was all."})
    child = terminal("chat", "-n", str(notebook), "--execute")
    child.expect("agent>")
    child.send("go\r")
    child.expect_exact("one.txt")
    child.expect_exact("Run this? [y/N]")
    child.send("y\ry\r")
    child.expect_exact("two.txt")
    child.expect_exact("Run this? [y/N]")
    child.send("n\r")
    child.expect("That was all.")
    assert ((tmp_path / "one.txt").exists(), (tmp_path / "two.txt").exists()) == (True, False)
