"""`%agent` in a real IPython shell, as a client of a server that follows a script."""

from __future__ import annotations

import io
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import no_var_expand
from traitlets.config import Config

from jupyter_agent.kernelside.magic import magics
from jupyter_agent.kernelside.magic.reply import MarkdownReply
from tests.support.small_jupyter import TOKEN, WAIT, SmallJupyter, says, small_jupyter

Events = Iterator[tuple[str, dict[str, Any]]]
STARTED = ("turn", {"session_id": "s1", "turn_id": "t1", "model": "offline"})
DONE = ("done", {"session_id": "s1", "turn_id": "t1", "reply": "", "code": []})


@pytest.fixture
def server() -> Iterator[SmallJupyter]:
    with small_jupyter() as running:
        yield running


@pytest.fixture
def shell(server: SmallJupyter) -> Iterator[Any]:
    create: Any = InteractiveShell
    shell = create(config=Config({"HistoryManager": {"enabled": False}}))
    shell.run_line_magic("colors", "nocolor")
    magics.load(shell, {"url": server.url, "token": TOKEN, "kernel_id": "k1"})
    yield shell
    shell.restore_sys_module_state()


def test_an_answer_is_printed_as_it_comes(shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]) -> None:
    server.script = says("There are ", "891 rows.")
    assert shell.run_cell("%agent how many rows?").success
    assert capsys.readouterr().out == "There are 891 rows.\n"


def test_why_no_answer_comes_yet_is_said_before_it(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(_: SmallJupyter) -> Events:
        yield STARTED
        yield "waiting", {"text": "Loading the model…"}
        yield "text", {"text": "Hello."}
        yield DONE

    server.script = script
    assert shell.run_cell("%agent hello").success
    assert capsys.readouterr().out == "· Loading the model…\nHello.\n"


def test_what_the_model_thinks_is_one_line_and_not_printed(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(_: SmallJupyter) -> Events:
        yield STARTED
        yield "thinking", {"text": "They say "}
        yield "thinking", {"text": "hello."}
        yield "text", {"text": "Hello."}
        yield DONE

    server.script = script
    assert shell.run_cell("%agent hello").success
    assert capsys.readouterr().out == "· Thinking…\nHello.\n"


def test_text_that_was_thinking_is_removed_from_a_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    reply = MarkdownReply()
    reply.text("First message.")
    reply.status("Looking…")
    reply.text("A draft.")
    reply.drop_text()
    reply.status("Thinking…")
    reply.text("\n\nThe answer.")
    assert reply._text == "First message.\n\nThe answer."
    capsys.readouterr()


def test_the_question_names_the_notebook_and_the_server_says_which_conversation_it_continues(
    shell: Any, server: SmallJupyter
) -> None:
    server.kernel_sessions = [
        {"type": "notebook", "path": "other.ipynb", "kernel": {"id": "k0"}},
        {"type": "notebook", "path": "a/b c.ipynb", "kernel": {"id": "k1"}},
    ]
    shell.run_cell("%agent --approve auto -m openai:x hello")
    assert server.asked == [
        {
            "query": "hello",
            "context": {
                "notebook_id": "a/b c.ipynb",
                "session_id": None,
                "continue_default": True,
                "kernel_id": "k1",
            },
            "model": "openai:x",
            "approval": "auto",
            "stream": True,
            "run": "client",
        }
    ]


def test_without_a_notebook_the_kernels_own_conversation_goes_on(shell: Any, server: SmallJupyter) -> None:
    shell.run_cell("%agent one\n%agent -s mine two\n%agent three")
    assert [asked["context"]["session_id"] for asked in server.asked] == [None, "mine", "s1"]


def test_code_of_an_answer_runs_in_the_users_namespace_in_plain_sight(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    results = []

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        yield "text", {"text": "Let me see."}
        yield "tool_call", {"call_id": "c1", "tool": "run_code", "effect": "execute", "arguments": {"code": "…"}}
        yield "run", {"call_id": "c1", "code": "answer = 6 * 7\nprint('printed')\nanswer"}
        results.append(server.next_answer())
        yield "text", {"text": "\n\nIt is 42."}
        yield DONE

    server.script = script
    count = shell.execution_count
    shell.run_cell("%agent --approve auto what is it?")
    assert shell.user_ns["answer"] == 42
    assert results[0]["result"]["status"] == "ok"
    assert results[0]["result"]["text"].startswith("printed\n")
    assert "42" in results[0]["result"]["text"]
    out = capsys.readouterr().out
    assert "Let me see.\n· run_code…\n```python\nanswer = 6 * 7\nprint('printed')\nanswer\n```\nprinted\n" in out
    assert out.endswith("It is 42.\n")
    assert shell.execution_count == count
    assert server.acted[0][0] == "/base/api/agent/turns/t1/actions/c1"


def test_code_that_fails_tells_the_model_why_and_the_turn_goes_on(shell: Any, server: SmallJupyter) -> None:
    results = []

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        yield "run", {"call_id": "c1", "code": "1 / 0"}
        results.append(server.next_answer())
        yield "run", {"call_id": "c2", "code": "print('x' * 100_000 + 'end')"}
        results.append(server.next_answer())
        yield DONE

    server.script = script
    assert shell.run_cell("%agent go on").success
    assert results[0]["result"]["status"] == "error"
    assert "ZeroDivisionError: division by zero" in results[0]["result"]["text"]
    assert "\x1b" not in results[0]["result"]["text"]
    assert results[1]["result"]["text"].rstrip().endswith("xend")
    assert len(results[1]["result"]["text"]) < 70_000


@pytest.mark.parametrize(("typed", "decision"), [("y", "approve"), ("", "deny"), ("n", "deny")])
def test_the_user_is_asked_with_the_exact_code(  # noqa: PLR0917
    shell: Any,
    server: SmallJupyter,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    decision: str,
) -> None:
    given = []

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        arguments = {"code": "import os; os.remove('x')"}
        yield "approval", {"call_id": "c1", "tool": "run_code", "arguments": arguments, "digest": "d1"}
        given.append(server.next_answer())
        yield DONE

    def answer(prompt: str) -> str:
        assert "import os; os.remove('x')" in capsys.readouterr().out
        assert prompt == "Run this code? [y/N] (n: and why, for the model) "
        return typed

    server.script = script
    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    shell.run_cell("%agent remove it")
    assert given == [{"decision": decision, "digest": "d1"}]


def test_where_nobody_can_be_asked_the_code_does_not_run_and_the_way_out_is_said(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    given = []

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        yield "approval", {"call_id": "c1", "tool": "run_code", "arguments": {"code": "1"}, "digest": "d1"}
        given.append(server.next_answer()["decision"])
        yield DONE

    server.script = script
    shell.run_cell("%agent run it")
    assert given == ["deny"]
    assert "--approve auto" in capsys.readouterr().out


class Watched(io.StringIO):
    """Text that tells when something was written to it."""

    def __init__(self, awaited: str) -> None:
        super().__init__()
        self._awaited = awaited
        self.written = threading.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        if self._awaited in self.getvalue():
            self.written.set()
        return written


def press_ctrl_c() -> None:
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


def test_ctrl_c_stops_at_once_and_keeps_what_was_said(
    shell: Any, server: SmallJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Watched("The first half")
    seconds = []

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        yield "text", {"text": "The first half"}
        assert out.written.wait(WAIT)
        pressed = time.monotonic()
        press_ctrl_c()
        server.cancelled.wait(WAIT)
        seconds.append(time.monotonic() - pressed)
        while not server.disconnected.is_set():
            yield "text", {"text": "never seen"}

    server.script = script
    monkeypatch.setattr("sys.stdout", out)
    result = shell.run_cell("%agent long question\nreached = True")
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert "reached" not in shell.user_ns
    assert server.disconnected.wait(WAIT)
    assert out.getvalue() == "The first half\nStopped.\n"
    assert ("/base/api/agent/turns/t1/cancel", None) in server.acted
    assert seconds[0] < 1.0


def test_interrupting_the_code_of_an_answer_ends_the_turn(
    shell: Any, server: SmallJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Watched("it runs")

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        yield "run", {"call_id": "c1", "code": "print('it', 'runs')\nwhile True: pass"}
        assert out.written.wait(WAIT)
        press_ctrl_c()
        server.cancelled.wait(WAIT)
        yield DONE

    server.script = script
    monkeypatch.setattr("sys.stdout", out)
    result = shell.run_cell("%agent --approve auto loop")
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert server.cancelled.is_set()
    assert [path for path, _ in server.acted] == ["/base/api/agent/turns/t1/cancel"]


def test_an_error_is_said_in_one_line_and_the_users_own_traceback_stays(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = lambda _: iter([STARTED, ("text", {"text": "So"}), ("error", {"message": "The model is away."})])
    shell.run_cell("1 / 0")
    capsys.readouterr()
    result = shell.run_cell("%agent fix it")
    assert type(result.error_in_exec).__name__ == "AgentFailed"
    out = capsys.readouterr().out
    assert out == "So\n%agent: The model is away.\n"
    assert sys.last_type is ZeroDivisionError


def test_a_stream_that_breaks_off_is_an_error(shell: Any, server: SmallJupyter) -> None:
    server.script = lambda _: iter([STARTED, ("text", {"text": "So"})])
    assert "broke off" in str(shell.run_cell("%agent hello").error_in_exec)


def test_T18_an_answers_code_that_asks_again_gets_an_error_and_no_deadlock(shell: Any, server: SmallJupyter) -> None:
    results = []

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        yield "run", {"call_id": "c1", "code": "%agent and what do you think?"}
        results.append(server.next_answer()["result"])
        yield DONE

    server.script = script
    assert shell.run_cell("%agent --approve auto ask yourself").success
    assert results[0]["status"] == "error"
    assert "cannot ask %agent again" in results[0]["text"]
    assert len(server.asked) == 1


def test_T18_a_thread_may_ask_but_its_code_does_not_run(shell: Any, server: SmallJupyter) -> None:
    results = []

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        yield "run", {"call_id": "c1", "code": "from_thread = 1"}
        results.append(server.next_answer()["result"])
        yield DONE

    server.script = script
    thread = threading.Thread(target=shell.run_line_magic, args=("agent", "from a thread"))
    thread.start()
    thread.join(WAIT)
    assert results[0]["status"] == "error"
    assert "thread" in results[0]["text"]
    assert "from_thread" not in shell.user_ns


def test_T18_questions_in_a_loop_are_asked_one_after_the_other(shell: Any, server: SmallJupyter) -> None:
    assert shell.run_cell("for n in range(3):\n    get_ipython().run_line_magic('agent', f'question {n}')").success
    assert [asked["query"] for asked in server.asked] == ["question 0", "question 1", "question 2"]


CODE = [{"language": "python", "source": "df.plot()"}, {"language": "bash", "source": "ls"}]


def test_only_the_code_is_printed_when_only_code_is_wanted(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = says("Try this:", code=CODE)
    shell.run_cell("%agent -f code plot it")
    assert capsys.readouterr().out == "df.plot()\n\nls\n"


def test_code_that_was_run_is_the_code_of_an_answer_that_has_none(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(_: SmallJupyter) -> Events:
        yield STARTED
        yield (
            "tool_call",
            {"call_id": "c1", "tool": "run_code", "effect": "execute", "arguments": {"code": "df.plot()"}},
        )
        yield "text", {"text": "Plotted."}
        yield DONE

    server.script = script
    shell.run_cell("%agent -f code --cell plot it")
    assert capsys.readouterr().out == "df.plot()\n"
    assert shell.rl_next_input == "df.plot()"


def test_the_whole_turn_is_printed_as_json(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = says("Übung", code=CODE, turn_count=2)
    shell.run_cell("%agent -f json plot it")
    done = json.loads(capsys.readouterr().out)
    assert (done["reply"], done["code"], done["turn_count"]) == ("Übung", CODE, 2)


def test_code_goes_into_the_next_cell(shell: Any, server: SmallJupyter) -> None:
    server.script = says("Try this:", code=CODE)
    shell.run_cell("%agent --cell plot it")
    assert shell.rl_next_input == "df.plot()"


def test_warnings_of_the_turn_are_shown_below_the_answer(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = says("Yes.", warnings=["The kernel was busy; its state is 3 s old."])
    shell.run_cell("%agent is it?")
    assert capsys.readouterr().out == "Yes.\nThe kernel was busy; its state is 3 s old.\n"


def test_commands_speak_of_the_conversation(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%agent first\n%agent /history 5\n%agent /clear\n%agent /model")
    out = capsys.readouterr().out
    assert "**You:** How many?\n\n891" in out
    assert "A new conversation starts with the next question. The one before is kept: `/use s1` continues it." in out
    assert "- `offline` ← answers now\n- `openai`\n" in out
    assert server.acted == []


def test_a_second_clear_keeps_everything_too(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%agent first\n%agent /clear\n%agent /clear\n%agent second")
    assert capsys.readouterr().out.count("starts with the next question") == 2
    assert server.acted == []
    assert server.asked[1]["context"]["session_id"] not in (None, "s1")


def test_delete_asks_once_and_says_how_it_is_taken_back(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "n" if len(asked) == 1 else "y"

    monkeypatch.setattr("builtins.input", answer)
    shell.run_cell("%agent first\n%agent /delete")
    assert "nobody can be asked here" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    shell.run_cell("%agent /delete")
    assert (len(asked), server.acted) == (1, [])
    assert asked[0].startswith("Delete '<U+202E>title' (1 question)?")
    shell.run_cell("%agent /delete\n%agent /delete\n%agent /restore")
    out = capsys.readouterr().out
    assert "Until 2026-12-29 `/restore s1` brings it back." in out
    assert "This conversation has no questions yet." in out
    assert "Restored, and continuing `s1`" in out
    assert len(asked) == 2
    assert server.acted == [
        ("/base/api/agent/sessions/s1", None),
        ("/base/api/agent/sessions/s1/restore", None),
    ]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("n: use the copy", "use the copy"),
        ("No, not on mine", "not on mine"),
        ("note it", "note it"),
        ("n", ""),
        ("", ""),
    ],
)
def test_the_words_of_a_denial_go_to_the_model(
    shell: Any, server: SmallJupyter, monkeypatch: pytest.MonkeyPatch, typed: str, words: str
) -> None:
    given = []

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        yield "approval", {"call_id": "c1", "tool": "run_code", "arguments": {"code": "1"}, "digest": "d1"}
        given.append(server.next_answer())
        yield DONE

    server.script = script
    monkeypatch.setattr("builtins.input", lambda _: typed)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    shell.run_cell("%agent run it")
    assert given == [{"decision": "deny", "digest": "d1", **({"words": words} if words else {})}]


HIDDEN = "\x1b[2K\x1b]52;c;cm0gLXJm\x07\r\u202e\u200b\u3164\uffa0\ufe0f\U000e0100\x9b"


def test_N8_what_is_approved_in_a_terminal_is_spelled_out_with_its_reasons(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"x = 1  # {HIDDEN}"
    reasons = [{"code": "files", "text": f"it deletes files: `rm{HIDDEN}`"}]

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        yield "tool_call", {"call_id": "c1", "tool": f"run{HIDDEN}", "arguments": {"name": HIDDEN}}
        yield "approval", {"call_id": "c1", "tool": "run_code", "arguments": {"code": code}, "reasons": reasons}
        server.next_answer()
        yield "approval", {"call_id": "c2", "tool": f"t{HIDDEN}", "arguments": {"a": HIDDEN}, "preview": ""}
        server.next_answer()
        yield "approval", {"call_id": "c3", "tool": "edit_cell", "arguments": {}, "preview": f"what {HIDDEN} is"}
        server.next_answer()
        yield "text", {"text": f"An answer {HIDDEN} 👩\u200d🔬 ❤\ufe0f.\r\n"}
        yield "error", {"message": f"no {HIDDEN}"}

    server.script = script
    monkeypatch.setattr("builtins.input", lambda _: "n")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    shell.run_cell("%agent do it")
    out = capsys.readouterr().out
    spelled = (
        "<U+001B>[2K<U+001B>]52;c;cm0gLXJm<U+0007><U+000D><U+202E><U+200B><U+3164><U+FFA0><U+FE0F><U+E0100><U+009B>"
    )
    assert f"x = 1  # {spelled}" in out
    assert f"Needs approval every time: it deletes files: `rm{spelled}`." in out
    assert f"what {spelled} is" in out
    assert "An answer <U+001B>[2K" in out
    assert "👩\u200d🔬 ❤\ufe0f.\n" in out  # an answer is no code: emoji stay
    assert not set("\x1b\x07\r\x9b\u202e") & set(out)


def test_N8_json_and_code_of_an_answer_command_no_terminal(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = says(HIDDEN, code=[{"language": "python", "source": f"'{HIDDEN}'"}])
    shell.run_cell("%agent -f json x")
    out = capsys.readouterr().out
    assert json.loads(out)["reply"] == HIDDEN
    assert not set("\x1b\x07\r\x9b\u202e") & set(out)
    shell.run_cell("%agent -f code x")
    assert not set("\x1b\x07\r\x9b\u202e") & set(capsys.readouterr().out)


def test_where_nobody_can_be_asked_the_model_is_to_give_the_code_and_the_run_goes_on(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    given = []

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        reasons = [{"code": "files", "text": "it deletes files"}]
        yield "approval", {"call_id": "c1", "tool": "run_code", "arguments": {"code": "1"}, "reasons": reasons}
        given.append(server.next_answer())
        yield "tool_result", {"call_id": "c1", "tool": "run_code", "status": "denied", "content": "denied"}
        yield "text", {"text": "Here it is."}
        yield DONE

    server.script = script
    assert shell.run_cell("%agent --run do it\nreached = 1").success
    assert shell.user_ns["reached"] == 1
    assert "Give me the code" in given[0]["words"]
    out = capsys.readouterr().out
    assert "it needs approval every time, and nobody can be asked here: it deletes files." in out
    assert "read-only" not in out


def test_N3_the_server_decides_whether_the_code_of_an_answer_runs(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "made = 41 + 1\nprint('ran')"
    block = {"language": "python", "source": code}

    def script(server: SmallJupyter) -> Events:
        yield STARTED
        yield "text", {"text": f"```python\n{code}\n```"}
        yield "tool_call", {"call_id": "answer_1", "tool": "run_code", "arguments": {"code": code}}
        yield "run", {"call_id": "answer_1", "code": code, "in_answer": True}
        assert server.next_answer()["result"] == {"status": "ok", "text": "ran\n"}
        yield "done", {**DONE[1], "reply": code, "code": [block]}

    server.script = script
    shell.run_cell("%agent --run make it")
    assert server.asked[0]["run_answer"] is True
    assert shell.user_ns["made"] == 42
    assert capsys.readouterr().out.count("print('ran')") == 1
    shell.run_cell("%agent --run -f code make it")
    assert capsys.readouterr().out == f"{code}\nran\n"
    server.script = says("It is:", code=[{"language": "python", "source": "unasked = 1"}])
    shell.run_cell("%agent --run make it")
    assert "unasked" not in shell.user_ns


def test_context_shows_what_would_be_sent_and_asks_nothing(
    shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%agent -m openai:x /context what is @df?")
    out = capsys.readouterr().out
    assert "nothing was sent now" in out
    assert "| system | 3 |\n| total | 12 |" in out
    assert "1 values that look secret were withheld" in out
    assert "````text\n```\ndf: DataFrame\n```\n````" in out
    ((_path, body),) = [command for command in server.acted if command[0].endswith("/context")]
    assert (body["query"], body["model"], "stream" in body) == ("what is @df?", "openai:x", False)
    assert server.asked == []


def test_a_chosen_model_answers_from_then_on(shell: Any, server: SmallJupyter) -> None:
    shell.run_cell("%agent /model openai:y\n%agent one\n%agent -m offline two\n%agent three")
    assert [asked["model"] for asked in server.asked] == ["openai:y", "offline", "openai:y"]


def test_help_shows_options_and_commands(shell: Any, server: SmallJupyter, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell("%agent")
    shell.run_cell("%agent /help")
    alone, command = capsys.readouterr().out.split("Ask about")[1:]
    assert alone == command
    assert all(word in alone for word in ("--cell", "--approve", "/history [N]", "/vars"))
    assert server.asked == []


def test_a_bad_option_is_said_before_anything_is_asked(shell: Any, server: SmallJupyter) -> None:
    assert "markdown, code, json" in str(shell.run_cell("%agent -f html q").error_in_exec)
    assert server.asked == []


def test_the_variables_are_listed_as_the_assistant_sees_them(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell("numbers = [1, 2, 3]\nname = 'Ada'")
    shell.run_cell("%agent /vars")
    assert "- `numbers`: " in capsys.readouterr().out
    shell.run_cell("%agent /vars name")
    assert "Ada" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("extension", "token", "message"),
    [(False, TOKEN, "%load_ext jupyter_agent"), (True, "wrong", "Restart the kernel")],
)
def test_without_a_way_in_the_way_out_is_said(extension: bool, token: str, message: str) -> None:
    create: Any = InteractiveShell
    shell = create(config=Config({"HistoryManager": {"enabled": False}}))
    with small_jupyter() as server:
        server.extension = extension
        magics.load(shell, {"url": server.url, "token": token})
        assert message in str(shell.run_cell("%agent hello").error_in_exec)


def test_a_server_that_is_gone_is_said_in_words() -> None:
    create: Any = InteractiveShell
    shell = create(config=Config({"HistoryManager": {"enabled": False}}))
    with small_jupyter() as server:
        magics.load(shell, {"url": server.url, "token": TOKEN})
        shell.run_cell("%agent hello")
    assert "does not answer" in str(shell.run_cell("%agent still there?").error_in_exec)


def test_somebody_elses_magic_of_that_name_is_not_taken_away_unasked(shell: Any, server: SmallJupyter) -> None:
    @no_var_expand
    def agent(line: str) -> str:
        return f"theirs: {line}"

    shell.register_magic_function(agent, "line", "agent")
    magics.load(shell, {"url": server.url, "token": TOKEN})
    assert shell.run_line_magic("agent", "x") == "theirs: x"
