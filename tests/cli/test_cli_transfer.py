"""`jupyter agent export` and `jupyter agent import`, as processes."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from jupyter_agent.cli.arguments import EXPORT_EPILOG, IMPORT_EPILOG, parser
from tests.cli.conftest import Command, Ended

Process = Callable[..., Ended]


@pytest.fixture
def process(environment: dict[str, str]) -> Process:
    """Run `jupyter agent` in a process of its own."""

    def run(*arguments: str, stdin: str = "") -> Ended:
        ended = subprocess.run(
            [sys.executable, "-m", "jupyter_agent.cli", *arguments],
            env=environment,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def talk(command: Command, script: Callable[..., None], notebook: Path) -> str:
    """The id of a conversation of one question."""
    script({"text": "Über:\n\n```python\ndf.head()\n```\n"})
    assert command("ask", "what is it?", "-s", "s1", "--notebook", str(notebook)).code == 0
    return "s1"


def test_an_exported_conversation_is_imported_elsewhere(process: Process, talk: str, tmp_path: Path) -> None:
    exported = process("export", talk)
    assert (exported.code, exported.err) == (0, "")
    assert json.loads(exported.out)["turns"][0]["question"] == "what is it?"
    (tmp_path / "talk.json").write_text(exported.out, encoding="utf-8")
    again = process("import", "talk.json")
    assert (again.code, again.out) == (1, "")
    assert "with --session" in again.err
    made = process("import", "-", "--session", "s2", stdin=exported.out)
    assert (made.code, made.out) == (0, "s2\n")
    assert "1 question, about " in made.err
    listed = {session["session_id"]: session["turns"] for session in json.loads(process("sessions", "--json").out)}
    assert listed == {"s1": 1, "s2": 1}


def test_the_ending_of_the_file_says_the_format(process: Process, talk: str, tmp_path: Path, notebook: Path) -> None:
    written = process("export", talk, "-o", "talk.ipynb", "--notebook", str(notebook))
    assert (written.code, written.out) == (0, "")
    cells = nbformat.read(tmp_path / "talk.ipynb", as_version=4).cells  # type: ignore[no-untyped-call]
    assert [cell.source for cell in cells if cell.cell_type == "code"] == ["df.head()"]
    process("export", talk, "-o", "talk.txt", "--format", "md")
    assert "> what is it?" in (tmp_path / "talk.txt").read_text(encoding="utf-8")


def test_what_goes_wrong_is_said_in_words(process: Process, talk: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(b"\xff")
    for arguments, words in [
        (("export", "nobody"), "There is no such conversation."),
        (("export", talk, "-o", "nowhere/talk.md"), "cannot be written"),
        (("import", "nowhere.json"), "cannot be read"),
        (("import", "bad.json"), "not UTF-8"),
        (("import", "script.json"), "not an exported conversation"),
    ]:
        ended = process(*arguments)
        assert (ended.code, ended.out) == (1, "")
        assert words in ended.err
        assert "Traceback" not in ended.err
    assert process("export", talk, "--format", "pdf").code == 2


def test_the_examples_of_the_help_are_commands_that_exist(process: Process, notebook: Path) -> None:
    for name, text in (("export", EXPORT_EPILOG), ("import", IMPORT_EPILOG)):
        assert text in process(name, "--help").out
        examples = [line for line in text.splitlines() if line.startswith("  jupyter agent ")]
        assert len(examples) == 3
        for example in examples:
            words = shlex.split(example)[2:]
            cut = next((at for at, word in enumerate(words) if word in ("<", "|")), len(words))
            assert parser().parse_args(words[:cut]).command == name
