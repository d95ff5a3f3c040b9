"""`jupyter agent ask`, `sessions` and `models`, run as a user runs them."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from jupyter_agent.cli.arguments import EXAMPLES
from tests.cli.conftest import Command
from tests.support.environments import foreign_distribution


def test_ask_with_execute_knows_the_live_variables_and_leaves_the_file_alone(command: Command, notebook: Path) -> None:
    before = notebook.read_bytes()
    ended = command("ask", "what columns does df have?", "--notebook", str(notebook), "--execute")
    assert ended.code == 0, ended.err
    assert "`price`" in ended.out
    assert "`region`" in ended.out
    assert "Running cell 1 of 3: import pandas as pd" in ended.err
    assert "Cell 2 failed with ZeroDivisionError: division by zero; 1 cell after it did not run" in ended.err
    assert notebook.read_bytes() == before


def test_ask_without_a_kernel_answers_from_the_cells(command: Command, notebook: Path) -> None:
    written = json.loads(notebook.read_text(encoding="utf-8"))
    failed = {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division by zero", "traceback": []}
    written["cells"][1] |= {"outputs": [failed], "execution_count": 2}
    notebook.write_text(json.dumps(written), encoding="utf-8")
    ended = command("ask", "what does the error mean?", "-n", str(notebook))
    assert ended.code == 0, ended.err
    assert "ZeroDivisionError" in ended.out


def test_the_answer_is_on_stdout_and_everything_else_is_not(command: Command, script: Callable[..., None]) -> None:
    script({"text": "Forty-two.", "chunks": 3})
    ended = command("ask", "what is the answer?")
    assert (ended.code, ended.out) == (0, "Forty-two.\n")


@pytest.mark.parametrize("arguments", [("ask", "-"), ("ask",)])
def test_a_question_comes_through_a_pipe_and_the_whole_turn_goes_out_as_json(
    command: Command, script: Callable[..., None], arguments: tuple[str, ...]
) -> None:
    script({"text": "Grüße:\n```python\nx = 1\n```"})
    ended = command(*arguments, "--json", stdin="what\nis it?\n")
    done = json.loads(ended.out)
    assert done["messages"][0] == {"role": "user", "content": "what\nis it?"}
    assert done["code"] == [{"language": "python", "source": "x = 1"}]
    assert "Grüße" in ended.out


def test_what_a_pipe_brings_stands_below_the_question(command: Command, script: Callable[..., None]) -> None:
    script({"text": "Because."})
    ended = command("ask", "why?", "--json", stdin="ValueError: ```\n")
    assert ended.code == 0
    asked = json.loads(ended.out)["messages"][0]["content"]
    assert asked == "why?\n\n````text\nValueError: ```\n````"


def test_questions_about_a_notebook_go_on_with_its_conversation(command: Command, notebook: Path) -> None:
    for question in ("what columns does df have?", "and how many rows?"):
        assert command("ask", question, "-n", str(notebook)).code == 0
    listed = json.loads(command("sessions", "--notebook", str(notebook), "--json").out)
    assert [(session["turns"], session["turn_count"], session["notebook_id"]) for session in listed] == [
        (2, 4, str(notebook))
    ]


def test_a_notebook_below_a_running_servers_root_has_the_same_name_there(
    command: Command, notebook: Path, tmp_path: Path
) -> None:
    (tmp_path / "runtime").mkdir()
    record = {"url": "http://127.0.0.1:1/", "root_dir": str(tmp_path.parent)}
    (tmp_path / "runtime" / "jpserver-1.json").write_text(json.dumps(record), encoding="utf-8")
    command("ask", "hello", "-n", str(notebook))
    assert json.loads(command("sessions", "--json").out)[0]["notebook_id"] == f"{tmp_path.name}/sales.ipynb"


def test_a_named_session_is_gone_on_with(command: Command, script: Callable[..., None]) -> None:
    script({"text": "Yes."})
    command("ask", "one", "-s", "mine")
    command("ask", "two", "-s", "mine")
    command("ask", "three")
    listed = json.loads(command("sessions", "--json").out)
    assert sorted((session["turns"], session["title"]) for session in listed) == [(1, "three"), (2, "one")]
    assert sorted(re.findall(r"\d+ questions?  ", command("sessions").out)) == ["1 question  ", "2 questions  "]
    assert json.loads(command("sessions", "one", "--json").out)[0]["session_id"] == "mine"


def test_code_runs_only_when_somebody_allowed_it(
    command: Command, script: Callable[..., None], notebook: Path, tmp_path: Path
) -> None:
    def statuses(*options: str) -> list[str]:
        done = json.loads(command("ask", "make it", "-n", str(notebook), "--execute", "--json", *options).out)
        return [action["status"] for action in done["actions"]]

    script({"calls": [{"name": "run_code", "arguments": {"code": "made = 6 * 7"}}]}, {"text": "Done."})
    assert "--approve auto" in command("ask", "make it", "-n", str(notebook), "--execute").err
    assert statuses() == ["needs_approval"] or statuses() == ["denied"]
    assert statuses("--approve", "auto") == ["done"]
    script(
        {"calls": [{"name": "run_code", "arguments": {"code": "open('made.txt', 'w').write('x')"}}]}, {"text": "Done."}
    )
    assert statuses("--approve", "auto") == ["denied"]
    assert not (tmp_path / "made.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ask", "x", "--notebook", "missing.ipynb"), "there is no file missing.ipynb"),
        (("ask",), "there is no question"),
        (("ask", "x", "--approve", "yes"), "read-only"),
        (("frobnicate",), "invalid choice"),
        ((), "COMMAND"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_would_do(
    command: Command, arguments: tuple[str, ...], words: str
) -> None:
    ended = command(*arguments)
    assert ended.code == 2
    assert words in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("ask", "x", "-m", "nobody:x"), "There is no model 'nobody:x'"), (("ask", "x", "-s", "bad id"), "session_id")],
)
def test_an_error_ends_with_1_and_its_cure(command: Command, arguments: tuple[str, ...], words: str) -> None:
    ended = command(*arguments)
    assert (ended.code, ended.out) == (1, "")
    assert words in ended.err
    assert "Traceback" not in ended.err


def test_a_turn_that_fails_keeps_what_was_said_and_ends_with_1(command: Command, script: Callable[..., None]) -> None:
    script({"text": "The first half of it", "error": "upstream_auth", "message": "The key is not accepted."})
    ended = command("ask", "hello")
    assert ended.code == 1
    assert ended.out.startswith("The first half")
    assert "The key is not accepted." in ended.err


def test_ctrl_c_ends_with_130_and_keeps_what_was_said(
    command: Command, script: Callable[..., None], environment: dict[str, str]
) -> None:
    script({"text": "said " * 500, "chunks": 500, "delay": 0.1})
    asking = subprocess.Popen(
        [sys.executable, "-m", "jupyter_agent.cli", "ask", "talk", "-s", "s1"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    assert asking.stdout is not None
    assert asking.stdout.read(4) == b"said"
    asking.send_signal(signal.SIGINT)
    _, err = asking.communicate(timeout=30)
    assert asking.returncode == 130
    assert err == b"Stopped.\n"
    history = command("chat", "-s", "s1", stdin="/history\n").out
    assert history.startswith("> talk\n\nsaid")


def test_models_says_who_answers(command: Command) -> None:
    ended = command("models")
    assert ended.code == 0
    assert "offline (default): answers" in ended.out
    assert "ollama: does not answer: " in ended.out
    assert "For these set a key, in the environment or in the panel's settings: " in ended.out
    assert "groq (GROQ_API_KEY)" in ended.out


def test_models_ends_with_1_when_the_configured_one_does_not_answer(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_AGENT_MODEL", "openai:x")
    ended = command("models", "--json")
    assert ended.code == 1
    found = {model["id"]: model["reachable"] for model in json.loads(ended.out)}
    assert next(iter(found.items())) == ("openai:x", False)
    assert found["offline"] is True


def test_a_model_is_tried_out_by_a_question_that_is_forgotten(command: Command, script: Callable[..., None]) -> None:
    script({"text": "ready"})
    ended = command("models", "--test")
    assert ended.code == 0
    assert "tokens: ready" in ended.out
    assert command("sessions", "--json").out.strip() == "[]"
    script({"error": "upstream_auth", "message": "The key is not accepted."})
    refused = command("models", "--test")
    assert (refused.code, "does not answer: The key is not accepted." in refused.out) == (1, True)
    assert command("models", "--test", "nobody:x").code == 1


def test_lab_is_jupyterlab_with_the_rest_of_the_line(environment: dict[str, str]) -> None:
    words = [sys.executable, "-m", "jupyter_agent.cli", "lab", "-m", "offline", "--version"]
    ended = subprocess.run(words, env=environment, capture_output=True, encoding="utf-8", check=True, timeout=60)
    assert ended.stdout.split(".")[0] == "4"


def test_the_servers_configuration_file_holds_here_too(command: Command, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    text = "c.JupyterAgent.store = 'nowhere://'"
    (tmp_path / "config" / "jupyter_server_config.py").write_text(text, encoding="utf-8")
    for arguments, code in ((("ask", "x"), 0), (("sessions",), 1), (("export", "x"), 1), (("import", "-"), 1)):
        ended = command(*arguments)
        assert ended.code == code
        assert "There is no store 'nowhere://'" in ended.err


def test_a_distribution_whose_files_may_lie_over_ours_is_reported_once(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("models").err == ""
    monkeypatch.syspath_prepend(foreign_distribution(tmp_path))
    ended = command("models")
    assert ended.code == 0
    assert ended.err.count("pip uninstall jupyter-agent") == 1
    assert "pip install --force-reinstall jupyter-notebook-agent" in ended.err
    ended = command("doctor")
    assert ended.code == 1
    assert "pip uninstall jupyter-agent" in ended.out


def test_the_version_is_that_of_the_distribution(command: Command) -> None:
    assert command("--version").out == f"jupyter-notebook-agent {metadata.version('jupyter-notebook-agent')}\n"


def test_the_examples_of_the_help_are_commands_that_exist(
    command: Command, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_agent.cli.arguments import parser

    monkeypatch.chdir(notebook.parent)
    examples = [line for line in command("--help").out.splitlines() if line.startswith("  jupyter agent ")]
    assert len(examples) == EXAMPLES.count("  jupyter agent ") > 4
    for example in examples:
        words = shlex.split(example)[2:]
        cut = next((at for at, word in enumerate(words) if word in ("<", "|")), len(words))
        assert parser().parse_known_args(words[:cut])[0].command in (
            "lab",
            "ask",
            "chat",
            "doctor",
            "sessions",
            "models",
            "export",
        )
